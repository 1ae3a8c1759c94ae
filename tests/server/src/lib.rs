//! The server that the tests talk to: an httpbin-like set of endpoints over HTTP/1.1, HTTP/2 and TLS, ports that stall
//! or refuse, and a port that plays scripted bytes. See `README.md` for every endpoint and script step.

mod broker;
mod certs;
mod config;
mod counters;
mod endpoints;
mod framing;
mod listen;
pub mod proxy;
mod query;
mod reply;
mod script;
mod serve;
mod server;
mod sockets;
mod state;
mod unix;
mod wire;

pub use config::{Addresses, Config};
pub use server::TestServer;
