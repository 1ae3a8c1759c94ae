//! A response whose body is read while it comes. The server is made to wait for who reads slowly, and no more of the body
//! is in memory than some 300 KiB. It belongs to the thread of its client and ends with it; one that came through a pool
//! may be read on any thread.
//!
//!     var stream = try client.stream(.GET, url, &.{}, "");
//!     defer stream.deinit();
//!     var buffer: [4096]u8 = undefined;
//!     var body = stream.reader(&buffer);
//!     while (try body.interface.takeDelimiter('\n')) |line| ...
const ResponseStream = @This();
const std = @import("std");
const raw = @import("c.zig");
const errors = @import("errors.zig");
const upload = @import("upload.zig");
const Diagnostics = @import("Diagnostics.zig");
const Headers = @import("Headers.zig");
const Response = @import("Response.zig");
const c = raw.c;

status: std.http.Status,
headers: Headers,
allocator: std.mem.Allocator,
handle: *c.hs_response,
/// What is still being sent.
sending: ?*upload.State,

/// Takes over a response of the C functions that was asked for with `HS_STREAM`.
pub fn fromHandle(allocator: std.mem.Allocator, handle: *c.hs_response, sending: ?*upload.State) ResponseStream {
    return .{
        .status = @enumFromInt(c.hs_response_status(handle)),
        .headers = .{ .handle = handle },
        .allocator = allocator,
        .handle = handle,
        .sending = sending,
    };
}

/// Frees it. Where the body was not read to its end, its connection is closed. Once, and before the client's `deinit`
/// if there is an upload.
pub fn deinit(stream: ResponseStream) void {
    const status = c.hs_response_free(stream.handle);
    if (std.debug.runtime_safety and status == c.HS_ERR_INVALID_HANDLE) @panic("ResponseStream.deinit: it was freed before");
    if (stream.sending) |state| stream.allocator.destroy(state);
}

/// The value of the first field of that name, whatever its case; null where there is none.
pub fn header(stream: ResponseStream, name: []const u8) ?[]const u8 {
    return stream.headers.get(name);
}

/// The URL that gave it, after redirects.
pub fn url(stream: ResponseStream) []const u8 {
    return raw.slice(c.hs_response_url(stream.handle));
}

/// As of the head, until the body was read to its end.
pub fn metrics(stream: ResponseStream) Response.Metrics {
    var facts = raw.sized(Response.Metrics);
    _ = c.hs_response_metrics(stream.handle, &facts);
    return facts;
}

/// The fields after the body; none before its end.
pub fn trailers(stream: ResponseStream) Headers {
    return .{ .handle = stream.handle, .part = .trailers };
}

/// Reads at least one byte, unless the body has ended: 0. Errors: those of a request while its body is received;
/// `ReadTimeout` where nothing came for `timeout_ms` (0: the call's own limits alone), after which it goes on.
pub fn read(stream: ResponseStream, buffer: []u8, timeout_ms: u64, diagnostics: ?*Diagnostics) errors.Error!usize {
    var count: usize = 0;
    var failure: ?*c.hs_error = null;
    const to = if (diagnostics == null) null else &failure;
    const status = c.hs_response_read(stream.handle, buffer.ptr, buffer.len, &count, timeout_ms, to);
    if (status != c.HS_OK) return Diagnostics.take(diagnostics, status, failure);
    return count;
}

/// The body as a `std.Io.Reader`, which is its `interface`; `buffer` may be empty for those who read into their own.
pub fn reader(stream: ResponseStream, buffer: []u8) Reader {
    return .{
        .stream = stream,
        .interface = .{ .vtable = &.{ .stream = Reader.streamTo }, .buffer = buffer, .seek = 0, .end = 0 },
    };
}

/// The body as a reader. It must stay where it is while it is read, and its stream must be there.
pub const Reader = struct {
    stream: ResponseStream,
    interface: std.Io.Reader,
    /// How long one read waits, in milliseconds; 0: the call's own limits alone.
    timeout_ms: u64 = 0,
    /// Why the interface said `error.ReadFailed`.
    err: ?errors.Error = null,
    /// Is told more of it.
    diagnostics: ?*Diagnostics = null,

    fn streamTo(interface: *std.Io.Reader, writer: *std.Io.Writer, limit: std.Io.Limit) std.Io.Reader.StreamError!usize {
        const from: *Reader = @alignCast(@fieldParentPtr("interface", interface));
        var scratch: [2048]u8 = undefined;
        const direct = writer.buffer.len > 0;
        const to = limit.slice(if (direct) try writer.writableSliceGreedy(1) else &scratch);
        if (to.len == 0) return 0;
        const count = from.stream.read(to, from.timeout_ms, from.diagnostics) catch |err| {
            from.err = err;
            return error.ReadFailed;
        };
        if (count == 0) return error.EndOfStream;
        if (direct) writer.advance(count) else try writer.writeAll(to[0..count]);
        return count;
    }
};
