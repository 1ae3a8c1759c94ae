//! The test server tested: over raw sockets where bytes matter, over hyper's client where HTTP/2 does.

mod broker;
mod client;
mod endpoints;
mod frames;
mod http2;
mod ports;
mod program;
mod proxies;
mod scripts;
