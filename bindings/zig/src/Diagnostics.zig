//! What there is to say about a failure beyond its name. Passed by pointer in the options of a call, which fills it:
//!
//!     var diagnostics: Diagnostics = .{};
//!     defer diagnostics.deinit();
//!     const response = client.getWithOptions(url, &.{}, .{ .diagnostics = &diagnostics }) catch |err| {
//!         if (diagnostics.request_sent == .maybe) ... // ask the server before it is sent again
//!         std.log.err("{f}", .{diagnostics});
//!         return err;
//!     };
//!
//! A call that succeeds leaves it empty. It may be used for any number of calls, one at a time, on any thread. It owns
//! its text, which has no secrets in it.
const Diagnostics = @This();
const std = @import("std");
const raw = @import("c.zig");
const errors = @import("errors.zig");
const Attempt = @import("attempts.zig").Attempt;
const c = raw.c;

/// The error that the call returned; null: it succeeded, or there was none.
err: ?errors.Error = null,
/// `HS_ERR_…` or `HS_OK`.
status: c.hs_status = c.HS_OK,
/// In what the call was when it failed.
phase: Phase = .none,
/// Whether the server may have seen the request. `.maybe`: ask it before you repeat what must not happen twice.
request_sent: RequestSent = .no,
/// Whether the same request may be sent again.
retryable: Retryable = .no,
/// How many attempts were made.
attempts: u32 = 0,
/// When the next try may be let through, in milliseconds from the failure; 0: not known.
retry_after_ms: u64 = 0,
/// Why there was no further attempt.
stop_reason: StopReason = .ok,
/// How long the call took.
elapsed_ns: u64 = 0,
/// libcurl's own code, 0 where it had no part in it.
curl_code: i32 = 0,
/// The operating system's error number, 0 where there is none.
os_error: i32 = 0,
/// What went wrong, in one line of English. Valid until the next call that this is given to, or `deinit`.
message: []const u8 = "",
/// Owns the message.
handle: ?*c.hs_error = null,

/// In what a call can be when it fails.
pub const Phase = enum(i32) {
    none = c.HS_PHASE_NONE,
    argument = c.HS_PHASE_ARGUMENT,
    queue = c.HS_PHASE_QUEUE,
    dns = c.HS_PHASE_DNS,
    connect = c.HS_PHASE_CONNECT,
    proxy = c.HS_PHASE_PROXY,
    tls = c.HS_PHASE_TLS,
    send = c.HS_PHASE_SEND,
    first_byte = c.HS_PHASE_FIRST_BYTE,
    body = c.HS_PHASE_BODY,
    decode = c.HS_PHASE_DECODE,
    limit = c.HS_PHASE_LIMIT,
    policy = c.HS_PHASE_POLICY,
    protocol = c.HS_PHASE_PROTOCOL,
    cancel = c.HS_PHASE_CANCEL,
    internal = c.HS_PHASE_INTERNAL,
    _,
};

/// Whether the server may have seen a request.
pub const RequestSent = enum(u32) {
    /// Not one byte of it was put on a connection.
    no = c.HS_SENT_NO,
    /// It may have arrived, in part or as a whole.
    maybe = c.HS_SENT_MAYBE,
    /// The server answered it.
    yes = c.HS_SENT_YES,
    _,
};

/// Whether the same request may be sent again.
pub const Retryable = enum(u32) {
    /// It would fail the same way.
    no = c.HS_RETRYABLE_NO,
    /// It was not sent, or its method is idempotent.
    safe = c.HS_RETRYABLE_SAFE,
    /// It may have been carried out, and its method is not idempotent.
    unknown = c.HS_RETRYABLE_UNKNOWN,
    _,
};

/// Why there was no further attempt.
pub const StopReason = enum(u32) {
    ok = c.HS_STOP_OK,
    terminal = c.HS_STOP_TERMINAL,
    attempts = c.HS_STOP_ATTEMPTS,
    deadline = c.HS_STOP_DEADLINE,
    canceled = c.HS_STOP_CANCELLED,
    budget = c.HS_STOP_BUDGET,
    retry_after_too_long = c.HS_STOP_RETRY_AFTER_TOO_LONG,
    not_idempotent = c.HS_STOP_NOT_IDEMPOTENT,
    not_replayable = c.HS_STOP_NOT_REPLAYABLE,
    committed = c.HS_STOP_COMMITTED,
    breaker_open = c.HS_STOP_BREAKER_OPEN,
    limited = c.HS_STOP_LIMITED,
    bulkhead_full = c.HS_STOP_BULKHEAD_FULL,
    _,
};

/// Frees the text; it is empty afterwards, and doing it again is fine.
pub fn deinit(diagnostics: *Diagnostics) void {
    diagnostics.reset();
}

/// The same, said of one that is used again.
pub fn reset(diagnostics: *Diagnostics) void {
    _ = c.hs_error_free(diagnostics.handle);
    diagnostics.* = .{};
}

/// The attempt at an index below the number of those that were made, hedges included; null beyond.
pub fn attempt(diagnostics: *const Diagnostics, index: usize) ?Attempt {
    return Attempt.read(c.hs_error_attempt_at, diagnostics.handle, index);
}

/// What happened in the call, line by line, where its options had `.trace`; else empty. Borrowed as `message` is.
pub fn trace(diagnostics: *const Diagnostics) []const u8 {
    return raw.slice(c.hs_error_trace(diagnostics.handle));
}

/// For `{f}`: the status, the message, the phase, and whether the request was sent.
pub fn format(diagnostics: Diagnostics, writer: *std.Io.Writer) std.Io.Writer.Error!void {
    if (diagnostics.err == null) return writer.writeAll("no error");
    const name = raw.optional(c.hs_status_name(diagnostics.status)) orelse @errorName(diagnostics.err.?);
    try writer.print("{s}: {s} (phase: {s}, request sent: {s}, attempts: {d})", .{
        name,
        diagnostics.message,
        std.enums.tagName(Phase, diagnostics.phase) orelse "unknown",
        std.enums.tagName(RequestSent, diagnostics.request_sent) orelse "unknown",
        diagnostics.attempts,
    });
}

/// Takes over what a C function left behind: the error object is freed, or kept by `diagnostics` where there are any.
pub fn take(diagnostics: ?*Diagnostics, status: c.hs_status, handle: ?*c.hs_error) errors.Error {
    const err = errors.fromStatus(status);
    const to = diagnostics orelse {
        _ = c.hs_error_free(handle);
        return err;
    };
    to.reset();
    to.* = .{ .err = err, .status = status, .handle = handle };
    to.message = raw.slice(c.hs_error_message(handle));
    var info = raw.sized(c.hs_error_info);
    if (c.hs_error_details(handle, &info) != c.HS_OK) return err;
    to.phase = @enumFromInt(info.phase);
    to.request_sent = @enumFromInt(info.request_sent);
    to.retryable = @enumFromInt(info.retryable);
    to.stop_reason = @enumFromInt(info.stop_reason);
    to.attempts = info.attempts;
    to.retry_after_ms = info.retry_after_ms;
    to.elapsed_ns = info.elapsed_ns;
    to.curl_code = info.curl_code;
    to.os_error = info.os_error;
    return err;
}

/// A failure of the package's own, before the library was asked. `message` is kept for good.
pub fn put(diagnostics: ?*Diagnostics, err: errors.Error, message: []const u8) errors.Error {
    if (diagnostics) |to| {
        to.reset();
        to.* = .{ .err = err, .status = errors.toStatus(err) orelse 0, .phase = .argument, .message = message };
    }
    return err;
}

test "an empty one has nothing to free, and says so" {
    var diagnostics: Diagnostics = .{};
    var buffer: [32]u8 = undefined;
    try std.testing.expectEqualStrings("no error", try std.fmt.bufPrint(&buffer, "{f}", .{diagnostics}));
    diagnostics.deinit();
    diagnostics.deinit();
}

test "it owns what the library said" {
    var worker: ?*c.hs_worker = null;
    var handle: ?*c.hs_error = null;
    var options = raw.sized(c.hs_worker_options);
    options.max_redirects = 4000;
    const status = c.hs_worker_new(&options, &worker, &handle);
    var diagnostics: Diagnostics = .{};
    defer diagnostics.deinit();
    try std.testing.expectEqual(error.InvalidArgument, take(&diagnostics, status, handle));
    try std.testing.expectEqual(Phase.argument, diagnostics.phase);
    try std.testing.expectEqual(RequestSent.no, diagnostics.request_sent);
    try std.testing.expect(std.mem.indexOf(u8, diagnostics.message, "max_redirects") != null);
    var buffer: [512]u8 = undefined;
    const text = try std.fmt.bufPrint(&buffer, "{f}", .{diagnostics});
    try std.testing.expect(std.mem.startsWith(u8, text, "HS_ERR_INVALID_ARGUMENT: "));
    try std.testing.expect(std.mem.endsWith(u8, text, "(phase: argument, request sent: no, attempts: 0)"));
}
