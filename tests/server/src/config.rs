//! What a caller may choose, and what it is told back.

use std::net::{IpAddr, Ipv4Addr};

use serde::Serialize;

/// How to run a [`TestServer`](crate::TestServer).
#[derive(Debug, Clone)]
pub struct Config {
    /// The address that every listener binds to, each on a port the kernel picks.
    pub ip: IpAddr,
    /// Also bind `[::1]` on the same port numbers, where the machine has IPv6.
    pub dual_stack: bool,
    /// Threads that serve requests.
    pub workers: usize,
}

impl Default for Config {
    fn default() -> Self {
        Config { ip: IpAddr::V4(Ipv4Addr::LOCALHOST), dual_stack: false, workers: 2 }
    }
}

/// The line that the program prints once it is ready: where everything is.
#[derive(Debug, Clone, Serialize)]
pub struct Addresses {
    pub http: String,
    pub https: String,
    pub https_h1: String,
    pub h2c: String,
    pub untrusted: String,
    pub expired: String,
    pub not_yet_valid: String,
    pub wrong_host: String,
    pub self_signed: String,
    pub tls12: String,
    pub tls13: String,
    pub mtls: String,
    pub script: String,
    pub script_tls: String,
    pub stall_connect: String,
    pub stall_tls: String,
    pub closed: String,
    pub unix_socket: String,
    pub abstract_socket: String,
    pub proxy: String,
    pub proxy_basic: String,
    pub proxy_digest: String,
    pub proxy_tls: String,
    pub proxy_stranger: String,
    pub socks: String,
    pub socks_auth: String,
    pub broker: String,
    pub broker_data: String,
    pub broker_tls: String,
    pub ca_file: String,
    pub stranger_ca_file: String,
    pub client_cert_file: String,
    pub client_key_file: String,
    pub server_cert_file: String,
    pub server_key_file: String,
    pub pid: u32,
}
