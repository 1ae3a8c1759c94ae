//! Every `HS_ERR_…` of the C header as a member of one error set.
const std = @import("std");
const c = @import("c.zig").c;

/// What can go wrong. An HTTP status is never among it: a 503 is a response. What there is to say beyond the name
/// (phase, whether the request was sent, the message) is in `Diagnostics`.
pub const Error = error{
    // Use of the library
    InvalidHandle,
    WrongThread,
    Busy,
    Forked,
    NullArgument,
    StructSize,
    InvalidArgument,
    NotFound,
    ThreadExiting,
    TooManyHandles,
    // The request, or the client's options
    InvalidUrl,
    UnsupportedScheme,
    InvalidMethod,
    InvalidHeader,
    InvalidBody,
    CaStoreInvalid,
    ClientCertificateInvalid,
    InvalidCookie,
    InvalidCredentials,
    // Making a connection: the request was not sent
    DnsFailure,
    ConnectFailed,
    ConnectTimeout,
    LocalAddressUnavailable,
    ProxyFailed,
    ProxyConnectFailed,
    ProxyAuthRequired,
    ProxyRefused,
    ProxyHandshakeFailed,
    TlsFailed,
    TlsCertificateRefused,
    TlsCertificateExpired,
    TlsCertificateNotYetValid,
    TlsHostnameMismatch,
    TlsUntrusted,
    TlsSelfSigned,
    TlsCertificateRevoked,
    TlsVersionUnsupported,
    TlsPinMismatch,
    TlsClientCertificateRequired,
    TlsWeakKey,
    // The exchange: see `Diagnostics.request_sent`
    SendFailed,
    ConnectionClosed,
    ReceiveFailed,
    BodyTruncated,
    CallbackStopped,
    NotReplayable,
    FileFailed,
    ResumeFailed,
    PipeAborted,
    PipeClosed,
    DecodeFailed,
    ProtocolFailed,
    Http2Failed,
    HttpVersionTooOld,
    // Limits and rules
    BodyTooLarge,
    HeadersTooLarge,
    RedirectRefused,
    TooManyRedirects,
    AddressRefused,
    MockUnmatched,
    MockFileInvalid,
    // Ended from outside, or too late
    Canceled,
    Timeout,
    AttemptTimeout,
    IdleTimeout,
    ReadTimeout,
    WriteTimeout,
    // Policies and pools
    BreakerOpen,
    RateLimited,
    RateNeverFits,
    BulkheadFull,
    PoolFull,
    PoolClosed,
    ThreadUnavailable,
    WouldBlock,
    // The library itself
    InternalFault,
    PanicCaught,
    OutOfMemory,
    LibcurlUnsuitable,
    /// A status that this package does not know: the library is newer.
    UnknownStatus,
};

const Row = struct { c.hs_status, Error };

pub const table = [_]Row{
    .{ c.HS_ERR_INVALID_HANDLE, error.InvalidHandle },
    .{ c.HS_ERR_WRONG_THREAD, error.WrongThread },
    .{ c.HS_ERR_BUSY, error.Busy },
    .{ c.HS_ERR_FORKED, error.Forked },
    .{ c.HS_ERR_NULL_ARGUMENT, error.NullArgument },
    .{ c.HS_ERR_STRUCT_SIZE, error.StructSize },
    .{ c.HS_ERR_INVALID_ARGUMENT, error.InvalidArgument },
    .{ c.HS_ERR_NOT_FOUND, error.NotFound },
    .{ c.HS_ERR_THREAD_EXITING, error.ThreadExiting },
    .{ c.HS_ERR_TOO_MANY_HANDLES, error.TooManyHandles },
    .{ c.HS_ERR_INVALID_URL, error.InvalidUrl },
    .{ c.HS_ERR_UNSUPPORTED_SCHEME, error.UnsupportedScheme },
    .{ c.HS_ERR_INVALID_METHOD, error.InvalidMethod },
    .{ c.HS_ERR_INVALID_HEADER, error.InvalidHeader },
    .{ c.HS_ERR_INVALID_BODY, error.InvalidBody },
    .{ c.HS_ERR_CA_STORE, error.CaStoreInvalid },
    .{ c.HS_ERR_CLIENT_CERTIFICATE, error.ClientCertificateInvalid },
    .{ c.HS_ERR_INVALID_COOKIE, error.InvalidCookie },
    .{ c.HS_ERR_INVALID_CREDENTIALS, error.InvalidCredentials },
    .{ c.HS_ERR_DNS, error.DnsFailure },
    .{ c.HS_ERR_CONNECT, error.ConnectFailed },
    .{ c.HS_ERR_CONNECT_TIMEOUT, error.ConnectTimeout },
    .{ c.HS_ERR_LOCAL_ADDRESS, error.LocalAddressUnavailable },
    .{ c.HS_ERR_PROXY, error.ProxyFailed },
    .{ c.HS_ERR_PROXY_CONNECT, error.ProxyConnectFailed },
    .{ c.HS_ERR_PROXY_AUTH, error.ProxyAuthRequired },
    .{ c.HS_ERR_PROXY_REFUSED, error.ProxyRefused },
    .{ c.HS_ERR_PROXY_HANDSHAKE, error.ProxyHandshakeFailed },
    .{ c.HS_ERR_TLS_HANDSHAKE, error.TlsFailed },
    .{ c.HS_ERR_TLS_CERTIFICATE, error.TlsCertificateRefused },
    .{ c.HS_ERR_TLS_EXPIRED, error.TlsCertificateExpired },
    .{ c.HS_ERR_TLS_NOT_YET_VALID, error.TlsCertificateNotYetValid },
    .{ c.HS_ERR_TLS_HOSTNAME, error.TlsHostnameMismatch },
    .{ c.HS_ERR_TLS_UNTRUSTED, error.TlsUntrusted },
    .{ c.HS_ERR_TLS_SELF_SIGNED, error.TlsSelfSigned },
    .{ c.HS_ERR_TLS_REVOKED, error.TlsCertificateRevoked },
    .{ c.HS_ERR_TLS_VERSION, error.TlsVersionUnsupported },
    .{ c.HS_ERR_TLS_PIN, error.TlsPinMismatch },
    .{ c.HS_ERR_TLS_CLIENT_CERTIFICATE_REQUIRED, error.TlsClientCertificateRequired },
    .{ c.HS_ERR_TLS_WEAK_KEY, error.TlsWeakKey },
    .{ c.HS_ERR_SEND, error.SendFailed },
    .{ c.HS_ERR_CONNECTION_CLOSED, error.ConnectionClosed },
    .{ c.HS_ERR_RECEIVE, error.ReceiveFailed },
    .{ c.HS_ERR_BODY_TRUNCATED, error.BodyTruncated },
    .{ c.HS_ERR_CALLBACK, error.CallbackStopped },
    .{ c.HS_ERR_NOT_REPLAYABLE, error.NotReplayable },
    .{ c.HS_ERR_FILE, error.FileFailed },
    .{ c.HS_ERR_RESUME, error.ResumeFailed },
    .{ c.HS_ERR_PIPE_ABORTED, error.PipeAborted },
    .{ c.HS_ERR_PIPE_CLOSED, error.PipeClosed },
    .{ c.HS_ERR_DECODE, error.DecodeFailed },
    .{ c.HS_ERR_BODY_TOO_LARGE, error.BodyTooLarge },
    .{ c.HS_ERR_HEADERS_TOO_LARGE, error.HeadersTooLarge },
    .{ c.HS_ERR_REDIRECT_REFUSED, error.RedirectRefused },
    .{ c.HS_ERR_TOO_MANY_REDIRECTS, error.TooManyRedirects },
    .{ c.HS_ERR_ADDRESS_REFUSED, error.AddressRefused },
    .{ c.HS_ERR_MOCK, error.MockUnmatched },
    .{ c.HS_ERR_MOCK_FILE, error.MockFileInvalid },
    .{ c.HS_ERR_PROTOCOL, error.ProtocolFailed },
    .{ c.HS_ERR_HTTP2, error.Http2Failed },
    .{ c.HS_ERR_HTTP_VERSION, error.HttpVersionTooOld },
    .{ c.HS_ERR_CANCELLED, error.Canceled },
    .{ c.HS_ERR_TIMEOUT, error.Timeout },
    .{ c.HS_ERR_ATTEMPT_TIMEOUT, error.AttemptTimeout },
    .{ c.HS_ERR_IDLE_TIMEOUT, error.IdleTimeout },
    .{ c.HS_ERR_READ_TIMEOUT, error.ReadTimeout },
    .{ c.HS_ERR_WRITE_TIMEOUT, error.WriteTimeout },
    .{ c.HS_ERR_BREAKER_OPEN, error.BreakerOpen },
    .{ c.HS_ERR_RATE_LIMITED, error.RateLimited },
    .{ c.HS_ERR_RATE_NEVER_FITS, error.RateNeverFits },
    .{ c.HS_ERR_BULKHEAD_FULL, error.BulkheadFull },
    .{ c.HS_ERR_POOL_FULL, error.PoolFull },
    .{ c.HS_ERR_POOL_CLOSED, error.PoolClosed },
    .{ c.HS_ERR_THREAD, error.ThreadUnavailable },
    .{ c.HS_ERR_WOULD_BLOCK, error.WouldBlock },
    .{ c.HS_ERR_INTERNAL, error.InternalFault },
    .{ c.HS_ERR_PANIC, error.PanicCaught },
    .{ c.HS_ERR_OUT_OF_MEMORY, error.OutOfMemory },
    .{ c.HS_ERR_LIBCURL, error.LibcurlUnsuitable },
};

/// The error that a status stands for. `HS_OK` is none: asking for it is a mistake.
pub fn fromStatus(status: c.hs_status) Error {
    std.debug.assert(status != c.HS_OK);
    inline for (table) |row| {
        if (row[0] == status) return row[1];
    }
    return error.UnknownStatus;
}

/// Nothing where it is `HS_OK`, else the error that it stands for.
pub fn check(status: c.hs_status) Error!void {
    if (status != c.HS_OK) return fromStatus(status);
}

/// The status that an error stands for; null for errors of others.
pub fn toStatus(err: anyerror) ?c.hs_status {
    for (table) |row| {
        if (row[1] == err) return row[0];
    }
    return null;
}

test "every HS_ERR_ constant of the header has an error of its own, and every error its status" {
    const names = comptime blk: {
        @setEvalBranchQuota(100_000);
        const info = @typeInfo(c).@"struct";
        if (@hasField(@TypeOf(info), "decl_names")) break :blk info.decl_names; // Zig 0.17
        var list: [info.decls.len][:0]const u8 = undefined;
        for (info.decls, &list) |decl, *name| name.* = decl.name;
        const all = list;
        break :blk &all;
    };
    @setEvalBranchQuota(1_000_000);
    var constants: usize = 0;
    inline for (names) |name| {
        if (comptime std.mem.startsWith(u8, name, "HS_ERR_")) {
            constants += 1;
            const err = fromStatus(@field(c, name));
            if (err == error.UnknownStatus) {
                std.debug.print("{s} has no error in errors.zig\n", .{name});
                return error.TestUnexpectedResult;
            }
            try std.testing.expectEqual(@as(c.hs_status, @field(c, name)), toStatus(err).?);
        }
    }
    try std.testing.expectEqual(table.len, constants);
    for (std.meta.tags(Error)) |err| {
        if (err != error.UnknownStatus) try std.testing.expectEqual(err, fromStatus(toStatus(err).?));
    }
    try std.testing.expectEqual(error.UnknownStatus, fromStatus(-9999));
    try std.testing.expectEqual(null, toStatus(error.SomeoneElses));
}
