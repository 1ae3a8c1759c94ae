//! Versions, capabilities, and the names of numbers.

use super::guard;
use super::text::hs_str;
use crate::engine::curl::global;
use crate::status::{PHASES, hs_phase, hs_status, row};

/// The ABI's major version: the number in the soname. It changes when a program must be compiled again.
pub const HS_ABI_MAJOR: u32 = 1;
/// The ABI's minor version: it grows when something is added.
pub const HS_ABI_MINOR: u32 = 0;

/// As a duration: no limit.
pub const HS_INFINITE: u64 = 0xFFFF_FFFF_FFFF_FFFF;

/// As a wish: HTTP/2 where TLS negotiates it (ALPN), else HTTP/1.1. As a fact: unknown.
pub const HS_HTTP_DEFAULT: u32 = 0;
/// HTTP/1.0 (RFC 1945). As a wish: nothing else.
pub const HS_HTTP_1_0: u32 = 10;
/// HTTP/1.1 (RFC 9112). As a wish: nothing else.
pub const HS_HTTP_1_1: u32 = 11;
/// HTTP/2 (RFC 9113). As a wish: where TLS negotiates it (ALPN), else HTTP/1.1.
pub const HS_HTTP_2: u32 = 20;
/// As a wish: HTTP/2 without negotiation (RFC 9113, section 3.3), also in clear.
pub const HS_HTTP_2_PRIOR_KNOWLEDGE: u32 = 21;
/// HTTP/3 (RFC 9114). A fact only.
pub const HS_HTTP_3: u32 = 30;

/// As a wish for redirects: the worker's setting; of a worker: `HS_REDIRECT_FOLLOW`.
pub const HS_REDIRECT_DEFAULT: u32 = 0;
/// Redirects are followed (RFC 9110, section 15.4): 301 and 302 turn POST into GET, 303 turns all but HEAD into GET,
/// 307 and 308 repeat the request. What is secret is dropped on the way to another origin (scheme, host and port) and
/// stays dropped.
pub const HS_REDIRECT_FOLLOW: u32 = 1;
/// A redirect is the response.
pub const HS_REDIRECT_RETURN: u32 = 2;
/// As `HS_REDIRECT_FOLLOW` within one origin; `HS_ERR_REDIRECT_REFUSED` where it leads elsewhere.
pub const HS_REDIRECT_SAME_ORIGIN: u32 = 3;

/// In the flags of a worker or a request: redirects from https to http are followed too. Off, they give
/// `HS_ERR_REDIRECT_REFUSED`.
pub const HS_ALLOW_DOWNGRADE: u32 = 1;

/// In the flags of a worker or a request: the body comes as it was sent. Off, gzip, deflate, br and zstd are asked for
/// and taken off the body, unless the request has an `Accept-Encoding` or `Range` header of its own.
pub const HS_RAW_BODY: u32 = 2;

/// In the flags of a request: the call ends with the response head, and the body is read with `hs_response_read`.
pub const HS_STREAM: u32 = 4;

/// In the flags of a worker: it has a cookie jar of its own.
pub const HS_COOKIES: u32 = 16;

/// In the flags of `hs_network_options`: the system does not probe silent connections.
pub const HS_NO_KEEP_ALIVE: u32 = 1;
/// In the flags of `hs_network_options`: small pieces wait for more before they are sent (Nagle's algorithm), which costs
/// latency. Off, `TCP_NODELAY` is set.
pub const HS_SEND_DELAY: u32 = 2;
/// In the flags of a worker or a request: the trace of each call is kept, for `hs_response_trace` and `hs_error_trace`.
/// For looking into things: it costs time and memory.
pub const HS_TRACE: u32 = 256;

/// Not encrypted.
pub const HS_TLS_NONE: u32 = 0;
/// Encrypted; the TLS library underneath does not tell the version.
pub const HS_TLS_UNKNOWN: u32 = 1;
/// TLS 1.0 (RFC 2246).
pub const HS_TLS_1_0: u32 = 10;
/// TLS 1.1 (RFC 4346).
pub const HS_TLS_1_1: u32 = 11;
/// TLS 1.2 (RFC 5246).
pub const HS_TLS_1_2: u32 = 12;
/// TLS 1.3 (RFC 8446).
pub const HS_TLS_1_3: u32 = 13;

/// Capability: HTTP/2.
pub const HS_CAPABILITY_HTTP2: u64 = 1;
/// Capability: libcurl and its TLS library are linked in, not the distribution's.
pub const HS_CAPABILITY_BUNDLED_CURL: u64 = 2;

/// The version of the ABI that the loaded library has: `HS_ABI_MAJOR << 16 | HS_ABI_MINOR`.
///
/// Thread: any. Errors: none. Since 1.0.
#[unsafe(no_mangle)]
pub extern "C" fn hs_abi_version() -> u32 {
    HS_ABI_MAJOR << 16 | HS_ABI_MINOR
}

/// The version of the library, as text: "MAJOR.MINOR.PATCH". Valid for good.
///
/// Thread: any. Errors: none. Since 1.0.
#[unsafe(no_mangle)]
pub extern "C" fn hs_library_version() -> hs_str {
    hs_str::borrowed(env!("CARGO_PKG_VERSION").as_bytes())
}

/// What this build can do: `HS_CAPABILITY_…` bits. 0 when the libcurl underneath is unsuitable; `hs_worker_new` then
/// says why.
///
/// Thread: any. Errors: none. Since 1.0.
#[unsafe(no_mangle)]
pub extern "C" fn hs_capabilities() -> u64 {
    guard::value(0, || {
        let found = global::init().ok()?;
        let http2 = if found.http2 { HS_CAPABILITY_HTTP2 } else { 0 };
        let bundled = if cfg!(feature = "bundled-curl") { HS_CAPABILITY_BUNDLED_CURL } else { 0 };
        Some(http2 | bundled)
    })
}

/// The name of a status as it is written in this header, for instance "HS_ERR_WRONG_THREAD"; `data == NULL` for a
/// number that the library never returns. Valid for good.
///
/// Thread: any. Errors: none. Since 1.0.
#[unsafe(no_mangle)]
pub extern "C" fn hs_status_name(status: hs_status) -> hs_str {
    row(status).map_or(hs_str::NONE, |row| hs_str::borrowed(row.name.as_bytes()))
}

/// The name of a phase as it is written in this header, for instance "HS_PHASE_TLS"; `data == NULL` for any other
/// number. Valid for good.
///
/// Thread: any. Errors: none. Since 1.0.
#[unsafe(no_mangle)]
pub extern "C" fn hs_phase_name(phase: hs_phase) -> hs_str {
    let found = usize::try_from(phase).ok().and_then(|index| PHASES.get(index));
    found.map_or(hs_str::NONE, |(_, name)| hs_str::borrowed(name.as_bytes()))
}
