//! Policies: what is decided before, between and after the attempts of a call. Plain state machines over a clock and a
//! source of chance, usable without HTTP. Nothing here knows libcurl, the ABI or a request.

pub mod breaker;
pub mod bulkhead;
pub mod hedge;
pub mod hints;
pub mod limiter;
pub mod retry;
pub mod stop;
pub mod table;
