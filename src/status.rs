//! The status table: one row for each number that can cross the ABI. Numbers never change meaning.

/// What every fallible function returns: `HS_OK` or a negative `HS_ERR_…` number. Errors are grouped by class in
/// ranges; a number never changes its meaning.
#[allow(non_camel_case_types)]
pub type hs_status = i32;

/// Success.
pub const HS_OK: hs_status = 0;

/// The handle was freed, retired or forged, or belongs to an object of another kind.
pub const HS_ERR_INVALID_HANDLE: hs_status = -1;
/// The worker is alive but belongs to another thread; nothing was done.
pub const HS_ERR_WRONG_THREAD: hs_status = -2;
/// The worker is inside a call already: a callback of that call tried to use it.
pub const HS_ERR_BUSY: hs_status = -3;
/// The handle was made before `fork()` and is used in the child.
pub const HS_ERR_FORKED: hs_status = -4;
/// A required pointer was NULL.
pub const HS_ERR_NULL_ARGUMENT: hs_status = -5;
/// `struct_size` is zero, too small, or a larger struct has non-zero bytes that this library does not know.
pub const HS_ERR_STRUCT_SIZE: hs_status = -6;
/// A flag, number or length is out of its range, or options contradict each other.
pub const HS_ERR_INVALID_ARGUMENT: hs_status = -7;
/// There is no item at that index.
pub const HS_ERR_NOT_FOUND: hs_status = -8;
/// The thread is exiting and has closed its workers already.
pub const HS_ERR_THREAD_EXITING: hs_status = -9;
/// More objects are open than handles can name (about one million for each thread).
pub const HS_ERR_TOO_MANY_HANDLES: hs_status = -10;

/// The URL is malformed, empty, or has a NUL or control byte.
pub const HS_ERR_INVALID_URL: hs_status = -30;
/// The URL's scheme is not `http` or `https`.
pub const HS_ERR_UNSUPPORTED_SCHEME: hs_status = -31;
/// The method is not a token (RFC 9110, section 5.6.2), or cannot be sent by a client library (`CONNECT`).
pub const HS_ERR_INVALID_METHOD: hs_status = -32;
/// A header name is not a token, a value has a control byte, or the field contradicts the request's framing.
pub const HS_ERR_INVALID_HEADER: hs_status = -33;
/// The body cannot go with this method.
pub const HS_ERR_INVALID_BODY: hs_status = -34;
/// The CA certificates could not be read, or hold no certificate.
pub const HS_ERR_CA_STORE: hs_status = -35;
/// The client certificate or its key could not be read or do not fit each other, or the key's password is wrong.
pub const HS_ERR_CLIENT_CERTIFICATE: hs_status = -36;
/// A cookie, or a line of a text with cookies, is malformed, or not its origin's to set.
pub const HS_ERR_INVALID_COOKIE: hs_status = -37;
/// User, password or token cannot be sent in the scheme that was chosen.
pub const HS_ERR_INVALID_CREDENTIALS: hs_status = -38;

/// The host name could not be resolved.
pub const HS_ERR_DNS: hs_status = -100;

/// No connection could be made: refused, unreachable, or reset while connecting.
pub const HS_ERR_CONNECT: hs_status = -110;
/// No connection (DNS, TCP and TLS together) within the connect timeout.
pub const HS_ERR_CONNECT_TIMEOUT: hs_status = -111;
/// This end's address cannot be used: the interface is not there, or the local ports are taken.
pub const HS_ERR_LOCAL_ADDRESS: hs_status = -112;

/// The proxy broke the connection or the protocol before the request was sent.
pub const HS_ERR_PROXY: hs_status = -120;
/// The proxy could not be resolved or connected to, or its certificate was refused.
pub const HS_ERR_PROXY_CONNECT: hs_status = -121;
/// The proxy wants credentials, or other ones (status 407, or the same in SOCKS); the server has not seen the request.
pub const HS_ERR_PROXY_AUTH: hs_status = -122;
/// The proxy answered CONNECT with a status that is not 2xx or 407; the message has it.
pub const HS_ERR_PROXY_REFUSED: hs_status = -123;
/// The SOCKS proxy refused, or did not speak SOCKS.
pub const HS_ERR_PROXY_HANDSHAKE: hs_status = -124;

/// The TLS handshake failed.
pub const HS_ERR_TLS_HANDSHAKE: hs_status = -130;
/// The server's certificate was refused for a reason that has no status of its own.
pub const HS_ERR_TLS_CERTIFICATE: hs_status = -131;
/// A certificate of the server's has expired.
pub const HS_ERR_TLS_EXPIRED: hs_status = -132;
/// A certificate of the server's is not valid yet; perhaps this machine's clock is wrong.
pub const HS_ERR_TLS_NOT_YET_VALID: hs_status = -133;
/// The server's certificate is for another host.
pub const HS_ERR_TLS_HOSTNAME: hs_status = -134;
/// The server's certificate comes from no authority that is trusted, or the server left out one in between.
pub const HS_ERR_TLS_UNTRUSTED: hs_status = -135;
/// The server's certificate is signed by itself.
pub const HS_ERR_TLS_SELF_SIGNED: hs_status = -136;
/// A certificate of the server's was revoked.
pub const HS_ERR_TLS_REVOKED: hs_status = -137;
/// The server speaks no version of TLS that is allowed.
pub const HS_ERR_TLS_VERSION: hs_status = -138;
/// The server's key is none of the pinned ones.
pub const HS_ERR_TLS_PIN: hs_status = -139;
/// The server demands a client certificate, or refused the one that it got.
pub const HS_ERR_TLS_CLIENT_CERTIFICATE_REQUIRED: hs_status = -140;
/// A key or signature of the server's is too weak.
pub const HS_ERR_TLS_WEAK_KEY: hs_status = -141;

/// The request could not be sent completely.
pub const HS_ERR_SEND: hs_status = -150;

/// The connection closed before a complete response head arrived.
pub const HS_ERR_CONNECTION_CLOSED: hs_status = -160;
/// The connection failed while receiving.
pub const HS_ERR_RECEIVE: hs_status = -161;

/// The connection closed before the announced end of the body.
pub const HS_ERR_BODY_TRUNCATED: hs_status = -170;
/// A callback of the caller's asked to stop.
pub const HS_ERR_CALLBACK: hs_status = -171;

/// The body would have to be sent again, for a redirect or on another connection, and cannot be rewound.
pub const HS_ERR_NOT_REPLAYABLE: hs_status = -172;
/// A file could not be read or written.
pub const HS_ERR_FILE: hs_status = -173;
/// A download cannot go on where it stopped: the server has another version of the file, or sent another part.
pub const HS_ERR_RESUME: hs_status = -174;
/// The `hs_pipe` that the body comes from was aborted, or freed before it was closed.
pub const HS_ERR_PIPE_ABORTED: hs_status = -175;
/// Nothing more can be written: the `hs_pipe` was closed, or the request that it was for has ended.
pub const HS_ERR_PIPE_CLOSED: hs_status = -176;

/// The body's coding is broken.
pub const HS_ERR_DECODE: hs_status = -180;

/// The body is larger than the limit for this call.
pub const HS_ERR_BODY_TOO_LARGE: hs_status = -190;
/// The response head is larger, or has more fields, than the limit for this call.
pub const HS_ERR_HEADERS_TOO_LARGE: hs_status = -191;

/// A redirect leads where it must not be followed: from https to http, to another origin where only the same is
/// allowed, or to something that is not http.
pub const HS_ERR_REDIRECT_REFUSED: hs_status = -200;
/// More redirects than the limit for this call.
pub const HS_ERR_TOO_MANY_REDIRECTS: hs_status = -201;
/// The address rule of the worker forbids every address that the host has, or the one in the URL.
pub const HS_ERR_ADDRESS_REFUSED: hs_status = -202;

/// No rule of the mock is for the request; the message names the one that comes nearest.
pub const HS_ERR_MOCK: hs_status = -210;
/// A recording cannot be read, or is broken; the message names the line.
pub const HS_ERR_MOCK_FILE: hs_status = -211;

/// The server broke the rules of HTTP.
pub const HS_ERR_PROTOCOL: hs_status = -230;
/// HTTP/2 framing or stream error.
pub const HS_ERR_HTTP2: hs_status = -231;
/// The connection speaks an older version of HTTP than `min_http_version` asks for.
pub const HS_ERR_HTTP_VERSION: hs_status = -232;

/// The call was cancelled by its `hs_cancel`.
pub const HS_ERR_CANCELLED: hs_status = -250;

/// The whole call took longer than `timeout_ms`; the error names the phase.
pub const HS_ERR_TIMEOUT: hs_status = -260;
/// One attempt did not get a complete response head within `attempt_timeout_ms`.
pub const HS_ERR_ATTEMPT_TIMEOUT: hs_status = -261;
/// The body made no progress for `idle_timeout_ms`.
pub const HS_ERR_IDLE_TIMEOUT: hs_status = -262;

/// Nothing came within the `timeout_ms` of this read. The stream goes on: read again.
pub const HS_ERR_READ_TIMEOUT: hs_status = -263;
/// Not all of it went into the `hs_pipe` within the `timeout_ms` of this write; what did is not lost.
pub const HS_ERR_WRITE_TIMEOUT: hs_status = -264;

/// The circuit breaker is open: the request was not sent. The error says when the next one may try.
pub const HS_ERR_BREAKER_OPEN: hs_status = -270;
/// The rate limiter would let it through too late for the deadline, or has too many waiting already; it was not sent.
pub const HS_ERR_RATE_LIMITED: hs_status = -271;
/// It costs more than the rate limiter ever lets through at once.
pub const HS_ERR_RATE_NEVER_FITS: hs_status = -272;
/// The bulkhead has too many waiting already; it was not sent.
pub const HS_ERR_BULKHEAD_FULL: hs_status = -273;

/// The pool has as many requests as it takes; this one was not accepted. The message says what it has.
pub const HS_ERR_POOL_FULL: hs_status = -280;
/// The pool was drained and accepts nothing any more.
pub const HS_ERR_POOL_CLOSED: hs_status = -281;
/// The pool has no thread, and none could be started.
pub const HS_ERR_THREAD: hs_status = -282;
/// There is nothing now, and it would have to be waited for.
pub const HS_ERR_WOULD_BLOCK: hs_status = -283;

/// A fault inside the library; please report it.
pub const HS_ERR_INTERNAL: hs_status = -300;
/// A panic was caught at the ABI; the call did nothing more. Please report it.
pub const HS_ERR_PANIC: hs_status = -301;
/// Memory could not be allocated.
pub const HS_ERR_OUT_OF_MEMORY: hs_status = -302;
/// The libcurl underneath is too old or was built without what the library needs.
pub const HS_ERR_LIBCURL: hs_status = -303;

macro_rules! phases {
    ($($phase:ident)*) => {
        &[$(($phase, stringify!($phase))),*]
    };
}

/// The class of an error: in what the call was when it failed.
#[allow(non_camel_case_types)]
pub type hs_phase = i32;

/// No phase: there was no failure.
pub const HS_PHASE_NONE: hs_phase = 0;
/// The arguments were checked; nothing was started.
pub const HS_PHASE_ARGUMENT: hs_phase = 1;
/// Waiting for a place in a queue or for a connection to become free.
pub const HS_PHASE_QUEUE: hs_phase = 2;
/// Resolving the host name.
pub const HS_PHASE_DNS: hs_phase = 3;
/// Connecting.
pub const HS_PHASE_CONNECT: hs_phase = 4;
/// Talking to a proxy.
pub const HS_PHASE_PROXY: hs_phase = 5;
/// TLS handshake.
pub const HS_PHASE_TLS: hs_phase = 6;
/// Sending the request.
pub const HS_PHASE_SEND: hs_phase = 7;
/// The request was sent; waiting for the response head.
pub const HS_PHASE_FIRST_BYTE: hs_phase = 8;
/// Receiving the body.
pub const HS_PHASE_BODY: hs_phase = 9;
/// Decoding the body.
pub const HS_PHASE_DECODE: hs_phase = 10;
/// A limit of this library was reached.
pub const HS_PHASE_LIMIT: hs_phase = 11;
/// A policy (retry, breaker, limiter) decided.
pub const HS_PHASE_POLICY: hs_phase = 12;
/// The server broke the protocol.
pub const HS_PHASE_PROTOCOL: hs_phase = 13;
/// The caller cancelled.
pub const HS_PHASE_CANCEL: hs_phase = 14;
/// The library itself.
pub const HS_PHASE_INTERNAL: hs_phase = 15;

/// Every phase, in the order of its numbers, with the name of its constant.
pub const PHASES: &[(hs_phase, &str)] = phases! {
    HS_PHASE_NONE HS_PHASE_ARGUMENT HS_PHASE_QUEUE HS_PHASE_DNS HS_PHASE_CONNECT HS_PHASE_PROXY HS_PHASE_TLS
    HS_PHASE_SEND HS_PHASE_FIRST_BYTE HS_PHASE_BODY HS_PHASE_DECODE HS_PHASE_LIMIT HS_PHASE_POLICY HS_PHASE_PROTOCOL
    HS_PHASE_CANCEL HS_PHASE_INTERNAL
};

/// One row of the table.
#[derive(Debug)]
pub struct Row {
    pub status: hs_status,
    pub name: &'static str,
    /// The phase that an error of this status has unless the exchange knew better.
    pub phase: hs_phase,
    pub message: &'static str,
}

macro_rules! rows {
    ($($status:ident, $phase:ident, $message:literal;)*) => {
        &[$(Row { status: $status, name: stringify!($status), phase: $phase, message: $message }),*]
    };
}

/// Every status, in the order of the header.
pub const TABLE: &[Row] = rows! {
    HS_OK, HS_PHASE_NONE, "success";
    HS_ERR_INVALID_HANDLE, HS_PHASE_ARGUMENT, "the handle is freed, forged or of another kind";
    HS_ERR_WRONG_THREAD, HS_PHASE_ARGUMENT, "the worker belongs to another thread";
    HS_ERR_BUSY, HS_PHASE_ARGUMENT, "the worker is inside a call already";
    HS_ERR_FORKED, HS_PHASE_ARGUMENT, "the handle was made before fork()";
    HS_ERR_NULL_ARGUMENT, HS_PHASE_ARGUMENT, "a required pointer is NULL";
    HS_ERR_STRUCT_SIZE, HS_PHASE_ARGUMENT, "struct_size is wrong";
    HS_ERR_INVALID_ARGUMENT, HS_PHASE_ARGUMENT, "an argument is out of range";
    HS_ERR_NOT_FOUND, HS_PHASE_ARGUMENT, "there is no such item";
    HS_ERR_THREAD_EXITING, HS_PHASE_ARGUMENT, "the thread is exiting";
    HS_ERR_TOO_MANY_HANDLES, HS_PHASE_ARGUMENT, "too many objects are open";
    HS_ERR_INVALID_URL, HS_PHASE_ARGUMENT, "invalid URL";
    HS_ERR_UNSUPPORTED_SCHEME, HS_PHASE_ARGUMENT, "unsupported URL scheme";
    HS_ERR_INVALID_METHOD, HS_PHASE_ARGUMENT, "invalid method";
    HS_ERR_INVALID_HEADER, HS_PHASE_ARGUMENT, "invalid header";
    HS_ERR_INVALID_BODY, HS_PHASE_ARGUMENT, "invalid body";
    HS_ERR_CA_STORE, HS_PHASE_ARGUMENT, "the CA certificates could not be loaded";
    HS_ERR_CLIENT_CERTIFICATE, HS_PHASE_ARGUMENT, "the client certificate cannot be used";
    HS_ERR_INVALID_COOKIE, HS_PHASE_ARGUMENT, "invalid cookie";
    HS_ERR_INVALID_CREDENTIALS, HS_PHASE_ARGUMENT, "invalid credentials";
    HS_ERR_DNS, HS_PHASE_DNS, "the host name could not be resolved";
    HS_ERR_CONNECT, HS_PHASE_CONNECT, "could not connect";
    HS_ERR_CONNECT_TIMEOUT, HS_PHASE_CONNECT, "connect timeout";
    HS_ERR_LOCAL_ADDRESS, HS_PHASE_CONNECT, "the local address cannot be used";
    HS_ERR_PROXY, HS_PHASE_PROXY, "proxy failure";
    HS_ERR_PROXY_CONNECT, HS_PHASE_PROXY, "could not connect to the proxy";
    HS_ERR_PROXY_AUTH, HS_PHASE_PROXY, "the proxy wants other credentials";
    HS_ERR_PROXY_REFUSED, HS_PHASE_PROXY, "the proxy refused the tunnel";
    HS_ERR_PROXY_HANDSHAKE, HS_PHASE_PROXY, "the SOCKS handshake failed";
    HS_ERR_TLS_HANDSHAKE, HS_PHASE_TLS, "TLS handshake failed";
    HS_ERR_TLS_CERTIFICATE, HS_PHASE_TLS, "the server's certificate was refused";
    HS_ERR_TLS_EXPIRED, HS_PHASE_TLS, "the server's certificate has expired";
    HS_ERR_TLS_NOT_YET_VALID, HS_PHASE_TLS, "the server's certificate is not valid yet";
    HS_ERR_TLS_HOSTNAME, HS_PHASE_TLS, "the server's certificate is for another host";
    HS_ERR_TLS_UNTRUSTED, HS_PHASE_TLS, "the server's certificate comes from no trusted authority";
    HS_ERR_TLS_SELF_SIGNED, HS_PHASE_TLS, "the server's certificate is signed by itself";
    HS_ERR_TLS_REVOKED, HS_PHASE_TLS, "the server's certificate was revoked";
    HS_ERR_TLS_VERSION, HS_PHASE_TLS, "no common version of TLS";
    HS_ERR_TLS_PIN, HS_PHASE_TLS, "the server's key is not a pinned one";
    HS_ERR_TLS_CLIENT_CERTIFICATE_REQUIRED, HS_PHASE_TLS, "the server wants another client certificate";
    HS_ERR_TLS_WEAK_KEY, HS_PHASE_TLS, "a key of the server's is too weak";
    HS_ERR_SEND, HS_PHASE_SEND, "the request could not be sent";
    HS_ERR_CONNECTION_CLOSED, HS_PHASE_FIRST_BYTE, "the connection closed before an answer";
    HS_ERR_RECEIVE, HS_PHASE_FIRST_BYTE, "receiving failed";
    HS_ERR_BODY_TRUNCATED, HS_PHASE_BODY, "the body ended early";
    HS_ERR_CALLBACK, HS_PHASE_BODY, "a callback asked to stop";
    HS_ERR_NOT_REPLAYABLE, HS_PHASE_SEND, "the body cannot be sent again";
    HS_ERR_FILE, HS_PHASE_BODY, "a file could not be read or written";
    HS_ERR_RESUME, HS_PHASE_BODY, "the download cannot go on";
    HS_ERR_PIPE_ABORTED, HS_PHASE_SEND, "the pipe was aborted";
    HS_ERR_PIPE_CLOSED, HS_PHASE_SEND, "nothing more goes into the pipe";
    HS_ERR_DECODE, HS_PHASE_DECODE, "the body's coding is broken";
    HS_ERR_BODY_TOO_LARGE, HS_PHASE_LIMIT, "the body is too large";
    HS_ERR_HEADERS_TOO_LARGE, HS_PHASE_LIMIT, "the response head is too large";
    HS_ERR_REDIRECT_REFUSED, HS_PHASE_POLICY, "the redirect is not allowed";
    HS_ERR_TOO_MANY_REDIRECTS, HS_PHASE_POLICY, "too many redirects";
    HS_ERR_ADDRESS_REFUSED, HS_PHASE_POLICY, "the address is not allowed";
    HS_ERR_MOCK, HS_PHASE_POLICY, "no rule of the mock is for the request";
    HS_ERR_MOCK_FILE, HS_PHASE_ARGUMENT, "the recording is broken";
    HS_ERR_PROTOCOL, HS_PHASE_PROTOCOL, "the server broke the protocol";
    HS_ERR_HTTP2, HS_PHASE_PROTOCOL, "HTTP/2 failure";
    HS_ERR_HTTP_VERSION, HS_PHASE_PROTOCOL, "the version of HTTP is too old";
    HS_ERR_CANCELLED, HS_PHASE_CANCEL, "cancelled";
    HS_ERR_TIMEOUT, HS_PHASE_FIRST_BYTE, "timeout of the whole call";
    HS_ERR_ATTEMPT_TIMEOUT, HS_PHASE_FIRST_BYTE, "timeout of one attempt";
    HS_ERR_IDLE_TIMEOUT, HS_PHASE_BODY, "no progress";
    HS_ERR_READ_TIMEOUT, HS_PHASE_BODY, "nothing to read yet";
    HS_ERR_WRITE_TIMEOUT, HS_PHASE_SEND, "the pipe is full";
    HS_ERR_BREAKER_OPEN, HS_PHASE_POLICY, "the circuit breaker is open";
    HS_ERR_RATE_LIMITED, HS_PHASE_POLICY, "the rate limiter lets nothing more through in time";
    HS_ERR_RATE_NEVER_FITS, HS_PHASE_POLICY, "it costs more than the rate limiter ever lets through";
    HS_ERR_BULKHEAD_FULL, HS_PHASE_POLICY, "the bulkhead is full";
    HS_ERR_POOL_FULL, HS_PHASE_QUEUE, "the pool is full";
    HS_ERR_POOL_CLOSED, HS_PHASE_QUEUE, "the pool accepts nothing any more";
    HS_ERR_THREAD, HS_PHASE_INTERNAL, "no thread could be started";
    HS_ERR_WOULD_BLOCK, HS_PHASE_QUEUE, "it would have to be waited for";
    HS_ERR_INTERNAL, HS_PHASE_INTERNAL, "internal error";
    HS_ERR_PANIC, HS_PHASE_INTERNAL, "internal panic";
    HS_ERR_OUT_OF_MEMORY, HS_PHASE_INTERNAL, "out of memory";
    HS_ERR_LIBCURL, HS_PHASE_INTERNAL, "unsuitable libcurl";
};

/// The row of a status; `None` for a number that this library never returns.
pub fn row(status: hs_status) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.status == status)
}

/// Whether it is about what one side shows or accepts in TLS, which another try does not change.
pub fn is_lasting_in_tls(status: hs_status) -> bool {
    (HS_ERR_TLS_WEAK_KEY..HS_ERR_TLS_HANDSHAKE).contains(&status)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn declared(kind: &str) -> Vec<&'static str> {
        let source = include_str!("status.rs");
        let constants = source.lines().filter_map(|line| line.strip_prefix("pub const "));
        constants.filter_map(|line| line.split_once(kind)).map(|(name, _)| name).collect()
    }

    #[test]
    fn every_constant_of_this_file_has_its_row() {
        let declared = declared(": hs_status =");
        let listed: Vec<&str> = TABLE.iter().map(|row| row.name).collect();
        assert!(declared.len() > 30, "the scan of the source found only {declared:?}");
        assert_eq!(declared, listed);
    }

    #[test]
    fn phases_are_all_listed_and_count_up_from_zero() {
        let names: Vec<&str> = PHASES.iter().map(|(_, name)| *name).collect();
        assert_eq!(declared(": hs_phase ="), names);
        assert!(PHASES.iter().enumerate().all(|(index, (phase, _))| index as hs_phase == *phase));
    }

    #[test]
    fn numbers_are_unique_and_errors_negative() {
        let numbers: HashSet<_> = TABLE.iter().map(|row| row.status).collect();
        assert_eq!(numbers.len(), TABLE.len());
        assert!(TABLE.iter().skip(1).all(|row| row.status < 0));
    }

    #[test]
    fn an_unknown_number_has_no_row() {
        assert!(row(1).is_none());
        assert!(row(hs_status::MIN).is_none());
        assert_eq!(row(HS_ERR_BUSY).map(|row| row.name), Some("HS_ERR_BUSY"));
    }
}
