//! What there is to say about a call beyond the name of its error. It owns its texts, which have no secrets in them, and
//! is a plain value: copy it to keep it.
const Failure = @This();
const std = @import("std");
const hs = @import("http_sentinel");

/// What a call comes to when it does not succeed.
pub const Error = error{
    /// Refused before anything was sent.
    InvalidArgument,
    /// The client belongs to another thread; nothing was done.
    WrongThread,
    /// 401, and 403 that says nothing of the order.
    Unauthorized,
    /// The broker refused: buying power, quantity, malformed, not in this state.
    Rejected,
    /// It has an order of this `client_order_id` already: ask for that one.
    Duplicate,
    /// 404.
    NotFound,
    /// 429, or the limiter would have held it up beyond its time; nothing was done. See `retry_after_ms`.
    RateLimited,
    /// 500 or more, to what changes nothing.
    BrokerFailed,
    /// No answer, to what changes nothing; or to anything that was provably not sent.
    NetworkFailed,
    /// The answer was lost, and the broker was asked: it does not have the order. It may be submitted again, with the
    /// same `client_order_id`.
    NotPlaced,
    /// The answer was lost, and so it may have been done. Do not do it anew: ask.
    OutcomeUnknown,
    /// What came cannot be read, and it changed nothing.
    BadAnswer,
    /// There was no memory, and nothing was sent; or what was read could not be kept.
    OutOfMemory,
};

/// The error; null: the call succeeded, or there was none.
err: ?Error = null,
/// 0: no answer came.
http_status: u16 = 0,
/// The broker's, such as 40310000; 0: it gave none.
code: i64 = 0,
/// The library's; null where an answer came.
cause: ?hs.Error = null,
/// Whether the broker may have seen the request, the first one where it was asked about an order afterwards.
request_sent: hs.Diagnostics.RequestSent = .no,
attempts: u32 = 0,
/// How often it was sent again within an attempt, its connection having been dead.
resends: u32 = 0,
/// After how long another try makes sense; 0: not known.
retry_after_ms: u64 = 0,
message_text: Text(400) = .{},
client_order_id_text: Text(128) = .{},

fn Text(comptime capacity: usize) type {
    return struct {
        buffer: [capacity]u8 = undefined,
        len: usize = 0,
    };
}

/// What went wrong, in one line: the broker's words, or the library's.
pub fn message(failure: *const Failure) []const u8 {
    return failure.message_text.buffer[0..failure.message_text.len];
}

/// Of an order; empty where it was about none.
pub fn clientOrderId(failure: *const Failure) []const u8 {
    return failure.client_order_id_text.buffer[0..failure.client_order_id_text.len];
}

/// What is too long is cut off.
pub fn say(failure: *Failure, comptime template: []const u8, arguments: anytype) void {
    var buffer: [1500]u8 = undefined;
    var writer: std.Io.Writer = .fixed(&buffer);
    writer.print(template, arguments) catch {}; // as much as fits
    const text = writer.buffered();
    const len = @min(text.len, failure.message_text.buffer.len);
    @memcpy(failure.message_text.buffer[0..len], text[0..len]);
    failure.message_text.len = len;
}

pub fn turn(failure: *Failure, err: Error) Error {
    failure.err = err;
    return err;
}

pub fn is(failure: *const Failure, err: Error) bool {
    return if (failure.err) |own| own == err else false;
}

/// Whether it leaves open that the request was carried out.
pub fn isLost(failure: *const Failure) bool {
    return switch (failure.err orelse return false) {
        error.NetworkFailed => failure.request_sent != .no,
        error.BrokerFailed, error.BadAnswer => true,
        else => false,
    };
}

/// The library gave no response.
pub fn noResponse(failure: *Failure, err: hs.Error, diagnostics: *const hs.Diagnostics) Error {
    failure.cause = err;
    failure.http_status = 0;
    failure.code = 0;
    failure.request_sent = diagnostics.request_sent;
    failure.attempts = diagnostics.attempts;
    failure.resends = 0;
    failure.retry_after_ms = diagnostics.retry_after_ms;
    failure.say("{f}", .{diagnostics.*});
    return failure.turn(switch (err) {
        error.WrongThread => error.WrongThread,
        error.RateLimited => error.RateLimited,
        error.OutOfMemory => if (diagnostics.request_sent == .no) error.OutOfMemory else error.NetworkFailed,
        else => if (diagnostics.phase == .argument) error.InvalidArgument else error.NetworkFailed,
    });
}

/// An answer: a refusal is read, a success is none.
pub fn answered(failure: *Failure, response: hs.Response) void {
    const metrics = response.metrics();
    failure.http_status = @intFromEnum(response.status);
    failure.request_sent = .yes;
    failure.attempts = metrics.attempts;
    failure.resends = metrics.internal_resends;
    failure.retry_after_ms = metrics.retry_after_ms;
    failure.err = null;
    failure.cause = null;
    failure.code = 0;
    failure.message_text.len = 0;
    if (response.status.class() == .success) return;

    const Refusal = struct { code: i64 = 0, message: []const u8 = "" };
    var memory: [4096]u8 = undefined;
    var fixed: std.heap.FixedBufferAllocator = .init(&memory);
    const options: std.json.ParseOptions = .{ .ignore_unknown_fields = true };
    const refusal = std.json.parseFromSliceLeaky(Refusal, fixed.allocator(), response.body, options) catch Refusal{};
    failure.code = refusal.code;
    failure.say("{s}", .{if (refusal.message.len > 0) refusal.message else "no reason was given"});
    failure.err = switch (failure.http_status) {
        401 => error.Unauthorized,
        403 => if (refusal.code == 40310000) error.Rejected else error.Unauthorized,
        404 => error.NotFound,
        429 => error.RateLimited,
        else => |status| if (status >= 500) error.BrokerFailed else error.Rejected,
    };
}

/// For `{f}`: the error, the status, the code and the message.
pub fn format(failure: Failure, writer: *std.Io.Writer) std.Io.Writer.Error!void {
    const err = failure.err orelse return writer.writeAll("no error");
    try writer.print("{s} (HTTP {d}, code {d}, request sent: {s}, attempts: {d}): {s}", .{
        @errorName(err),
        failure.http_status,
        failure.code,
        std.enums.tagName(hs.Diagnostics.RequestSent, failure.request_sent) orelse "unknown",
        failure.attempts,
        failure.message(),
    });
}
