//! The C ABI: the only exports, and with the engine the only unsafe code. One file for each C type.
//!
//! The order of the modules is the order of the header.
#![allow(non_camel_case_types)]

mod fork;
mod guard;
mod handle;
mod options;
mod sized;
mod thread;

pub mod text;

pub mod version;

pub mod error;

pub mod owned_text;

pub mod cancel;

pub mod cookies;

pub mod auth;

pub mod address_rule;

pub mod dns;

pub mod network;
pub mod observe;

pub mod proxy;

pub mod tls;

pub mod hedge;

pub mod policies;

pub mod breaker;

pub mod worker;

pub mod request;

pub mod upload;

pub mod pipe;

pub mod form;

#[cfg(unix)]
pub mod download;

pub mod response;

pub mod attempt;
pub mod many;

pub mod stream;

pub mod metrics;

pub mod counters;

pub mod pool;

pub mod trace;

pub mod mock;

pub mod simulation;

pub mod retry;

pub mod budget;

pub mod bulkhead;

pub mod limiter;
