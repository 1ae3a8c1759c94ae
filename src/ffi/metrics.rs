//! `hs_metrics`: what a call cost and where it went.

use super::attempt::milliseconds;
use super::response::{Answer, hs_response};
use super::sized::{self, Sized32};
use super::version::*;
use super::{guard, handle};
use crate::error::Error;
use crate::http::metrics::{Endpoint, TlsVersion};
use crate::http::response::HttpVersion;
use crate::status::{HS_ERR_NULL_ARGUMENT, hs_status};
use std::net::IpAddr;

/// One end of a connection. All zero where it is not known.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct hs_address {
    /// The address in network byte order: the first 4 bytes for IPv4, all 16 for IPv6.
    pub ip: [u8; 16],
    /// 4, 6, or 0 where the address is not known.
    pub family: u16,
    pub port: u16,
}

/// Facts of a call. Set `struct_size` before the call. Durations are nanoseconds; the phases come one after the other,
/// are those of the exchange that gave the response, and are measured in whole microseconds.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hs_metrics {
    /// `sizeof(hs_metrics)`.
    pub struct_size: u32,
    /// How many attempts the call made; 1 where the first gave the response.
    pub attempts: u32,
    /// How many redirects were followed.
    pub redirects: u32,
    /// How often the request was put on another connection within one attempt: of an idempotent method because a reused
    /// one turned out to be dead, of any method because the server provably did not process it (HTTP/2).
    pub internal_resends: u32,
    /// The whole call.
    pub total_ns: u64,
    /// Waiting for a connection.
    pub queue_ns: u64,
    /// Resolving the host name; 0 on a reused connection, as are the next two.
    pub dns_ns: u64,
    /// Connecting.
    pub connect_ns: u64,
    /// The TLS handshake.
    pub tls_ns: u64,
    /// Sending the request.
    pub send_ns: u64,
    /// From the request sent to the first byte of the response.
    pub first_byte_ns: u64,
    /// From the first byte of the response to its end.
    pub body_ns: u64,
    /// Bytes of the request's head, as libcurl counts them.
    pub request_header_bytes: u64,
    /// Bytes of the request's body that were sent.
    pub request_body_bytes: u64,
    /// Bytes of the response's heads and trailers.
    pub response_header_bytes: u64,
    /// Bytes of the response's body as received.
    pub response_body_bytes: u64,
    /// The connection's number; unique within its worker.
    pub connection_id: u64,
    /// 1 where the connection had served a request before, else 0.
    pub connection_reused: u32,
    /// `HS_HTTP_…`
    pub http_version: u32,
    /// `HS_TLS_…`
    pub tls_version: u32,
    /// The server's end of the connection, or the proxy's.
    pub peer: hs_address,
    /// This end.
    pub local: hs_address,
    /// How many codings (gzip, deflate, br, zstd) were taken off the body.
    pub decoded: u32,
    /// 1 where the exchange went through a proxy, else 0.
    pub proxied: u32,
    /// How many exchanges were answered with a challenge (401) and followed by another with the answer. They are neither
    /// redirects nor attempts.
    pub auth_exchanges: u32,
    /// Of `hs_download`: how many bytes the file has now.
    pub file_bytes: u64,
    /// 1 where the server's certificate was checked in full, its name included; 0 in clear text, and where an
    /// `HS_TLS_INSECURE_…` flag left a check out: the peer may then be anybody.
    pub tls_verified: u32,
    /// 1 where the TLS session of an earlier connection was resumed, else 0.
    pub tls_resumed: u32,
    /// When the server wants to see the request again, in milliseconds, where it said so with the response that is
    /// returned; 0 where it did not.
    pub retry_after_ms: u64,
    /// Why there was no further attempt: `HS_STOP_…`; `HS_STOP_OK` where none was wanted.
    pub stop_reason: u32,
    /// 0.
    pub reserved: u32,
    /// Of the whole call: waiting in the queue of a pool.
    pub pool_queue_ns: u64,
}

// SAFETY: repr(C), integers alone.
unsafe impl Sized32 for hs_metrics {
    const NAME: &'static str = "hs_metrics";
    const SMALLEST: usize = size_of::<hs_metrics>();
}

/// The facts of the call that gave this response; of one with `HS_STREAM` as of its head, until its body was read to the
/// end. `metrics->struct_size` must be set; on failure nothing is written.
///
/// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`, `HS_ERR_STRUCT_SIZE`.
/// Since 1.0.
///
/// # Safety
/// `metrics` is NULL or valid for as many bytes as its `struct_size` says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_response_metrics(response: *const hs_response, metrics: *mut hs_metrics) -> hs_status {
    guard::status(|| {
        let response = handle::open::<Answer>(response)?;
        if metrics.is_null() {
            return Err(Error::plain(HS_ERR_NULL_ARGUMENT));
        }
        // SAFETY: as the caller promises.
        unsafe { sized::write(metrics, &facts(&response)) }
    })
}

fn facts(response: &Answer) -> hs_metrics {
    let metrics = response.metrics();
    let exchange = &metrics.exchange;
    let phases = &exchange.phases;
    hs_metrics {
        struct_size: 0,
        attempts: metrics.attempts,
        redirects: response.hops.len() as u32,
        internal_resends: exchange.internal_resends,
        total_ns: metrics.total_ns,
        queue_ns: phases.queue_ns,
        dns_ns: phases.dns_ns,
        connect_ns: phases.connect_ns,
        tls_ns: phases.tls_ns,
        send_ns: phases.send_ns,
        first_byte_ns: phases.first_byte_ns,
        body_ns: phases.body_ns,
        request_header_bytes: exchange.request_header_bytes,
        request_body_bytes: exchange.request_body_bytes,
        response_header_bytes: exchange.response_header_bytes,
        response_body_bytes: exchange.response_body_bytes,
        connection_id: exchange.connection_id,
        connection_reused: u32::from(exchange.connection_reused),
        http_version: http_version(response.head.version),
        tls_version: tls_version(exchange.tls),
        peer: address(exchange.peer),
        local: address(exchange.local),
        decoded: metrics.decoded,
        proxied: u32::from(exchange.proxied),
        auth_exchanges: metrics.auth_exchanges,
        file_bytes: metrics.file_bytes,
        tls_verified: u32::from(exchange.tls_verified),
        tls_resumed: u32::from(exchange.tls_resumed),
        retry_after_ms: milliseconds(metrics.retry_after),
        stop_reason: metrics.stop as u32,
        reserved: 0,
        pool_queue_ns: metrics.queued_ns,
    }
}

pub fn http_version(version: HttpVersion) -> u32 {
    match version {
        HttpVersion::Unknown => HS_HTTP_DEFAULT,
        HttpVersion::Http10 => HS_HTTP_1_0,
        HttpVersion::Http11 => HS_HTTP_1_1,
        HttpVersion::Http2 => HS_HTTP_2,
        HttpVersion::Http3 => HS_HTTP_3,
    }
}

pub fn tls_version(version: TlsVersion) -> u32 {
    match version {
        TlsVersion::None => HS_TLS_NONE,
        TlsVersion::Unknown => HS_TLS_UNKNOWN,
        TlsVersion::Tls10 => HS_TLS_1_0,
        TlsVersion::Tls11 => HS_TLS_1_1,
        TlsVersion::Tls12 => HS_TLS_1_2,
        TlsVersion::Tls13 => HS_TLS_1_3,
    }
}

pub fn address(endpoint: Option<Endpoint>) -> hs_address {
    let Some(Endpoint { ip, port }) = endpoint else { return hs_address::default() };
    let mut bytes = [0; 16];
    let family = match ip {
        IpAddr::V4(ip) => {
            bytes[..4].copy_from_slice(&ip.octets());
            4
        }
        IpAddr::V6(ip) => {
            bytes.copy_from_slice(&ip.octets());
            6
        }
    };
    hs_address { ip: bytes, family, port }
}
