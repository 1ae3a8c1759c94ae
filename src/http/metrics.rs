//! What one call cost and where it went.

use super::tls::Certificate;
use crate::resilience::stop::StopReason;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// One end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoint {
    pub ip: IpAddr,
    pub port: u16,
}

/// Durations of the phases of one exchange, in nanoseconds, one after the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Phases {
    pub queue_ns: u64,
    pub dns_ns: u64,
    pub connect_ns: u64,
    pub tls_ns: u64,
    pub send_ns: u64,
    pub first_byte_ns: u64,
    pub body_ns: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum TlsVersion {
    #[default]
    None,
    Tls10,
    Tls11,
    Tls12,
    Tls13,
    /// Encrypted, but the TLS library underneath does not tell the version.
    Unknown,
}

/// Facts of one exchange.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExchangeMetrics {
    /// The request was put on a connection.
    pub sent: bool,
    pub phases: Phases,
    pub request_header_bytes: u64,
    pub request_body_bytes: u64,
    pub response_header_bytes: u64,
    pub response_body_bytes: u64,
    pub connection_id: u64,
    pub connection_reused: bool,
    /// How often libcurl put the request on another connection by itself because a reused one was dead.
    pub internal_resends: u32,
    /// A reused one was dead, and the request was not sent on another.
    pub resend_blocked: bool,
    pub peer: Option<Endpoint>,
    pub local: Option<Endpoint>,
    pub tls: TlsVersion,
    pub proxied: bool,
    /// The server's certificate was checked in full, name included.
    pub tls_verified: bool,
    /// The TLS session was resumed.
    pub tls_resumed: bool,
    /// What the server showed, its own certificate first; empty unless asked for.
    pub certificates: Arc<[Certificate]>,
}

/// Facts of a whole call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metrics {
    pub total_ns: u64,
    /// Of that, in the queue of a pool.
    pub queued_ns: u64,
    pub attempts: u32,
    /// Why there was no further one.
    pub stop: StopReason,
    /// When the server wants to see it again, where it said so and that was not waited for.
    pub retry_after: Option<Duration>,
    /// How many codings were taken off the body.
    pub decoded: u32,
    /// How many exchanges were only questions for credentials.
    pub auth_exchanges: u32,
    /// How much of a file a download has written, and found there.
    pub file_bytes: u64,
    /// The exchange that gave the response.
    pub exchange: ExchangeMetrics,
}
