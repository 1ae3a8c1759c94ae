//! Tells what came of a block.
const std = @import("std");
const c = @import("c.zig");
const hs = c.hs;
const sentinel = c.sentinel;
const Call = @import("Call.zig");
const Pool = @import("Pool.zig");
const Teller = @This();

out: *std.Io.Writer,

/// A longer body is told by its length and hash alone.
const told_bytes = 65536;

/// Facts that do not differ from run to run.
const metrics_fields = .{
    "attempts",
    "redirects",
    "internal_resends",
    "request_header_bytes",
    "request_body_bytes",
    "response_header_bytes",
    "response_body_bytes",
    "connection_reused",
    "http_version",
    "tls_version",
    "decoded",
    "proxied",
    "auth_exchanges",
};

pub fn encoded(tell: Teller, bytes: []const u8) !void {
    for (bytes) |byte| switch (byte) {
        '!'...'$', '&'...'~' => try tell.out.writeByte(byte),
        else => try tell.out.print("%{X:0>2}", .{byte}),
    };
}

pub fn text(tell: Teller, key: []const u8, value: []const u8) !void {
    try tell.out.print("{s} ", .{key});
    try tell.encoded(value);
    try tell.out.writeByte('\n');
}

pub fn number(tell: Teller, key: []const u8, value: anytype) !void {
    try tell.out.print("{s} {d}\n", .{ key, value });
}

pub fn status(tell: Teller, key: []const u8, value: hs.hs_status) !void {
    try tell.text(key, c.slice(hs.hs_status_name(value)));
}

/// What a function of the package says: nothing, or an error of its own.
pub fn result(tell: Teller, key: []const u8, value: sentinel.Error!void) !void {
    return tell.status(key, if (value) hs.HS_OK else |err| sentinel.errors.toStatus(err).?);
}

/// Frees it.
pub fn failure(tell: Teller, diagnostics: *sentinel.Diagnostics) !void {
    try tell.status("error.details", hs.HS_OK);
    try tell.status("error.status", diagnostics.status);
    try tell.text("error.message", diagnostics.message);
    try tell.text("error.phase", c.slice(hs.hs_phase_name(@intFromEnum(diagnostics.phase))));
    inline for (.{ "request_sent", "retryable" }) |name| {
        try tell.number("error." ++ name, @intFromEnum(@field(diagnostics, name)));
    }
    inline for (.{ "attempts", "curl_code", "os_error" }) |name| try tell.number("error." ++ name, @field(diagnostics, name));
    diagnostics.deinit();
    try tell.status("error.freed", hs.HS_OK);
}

fn body(tell: Teller, bytes: []const u8) !void {
    try tell.number("body.length", bytes.len);
    try tell.out.print("body.hash {x:0>16}\n", .{std.hash.Fnv1a_64.hash(bytes)});
    if (bytes.len <= told_bytes) {
        try tell.out.writeAll("body ");
        try tell.encoded(bytes);
        try tell.out.writeByte('\n');
    }
}

fn field(tell: Teller, key: []const u8, header: std.http.Header) !void {
    try tell.out.print("{s} ", .{key});
    try tell.encoded(header.name);
    try tell.text("", header.value);
}

/// Reads to the end, or until it fails, and once more: the end and a failure stay.
fn read(tell: Teller, call: *Call, stream: sentinel.ResponseStream) !void {
    const buffer = try call.allocator.alloc(u8, call.read_capacity);
    var diagnostics: sentinel.Diagnostics = .{};
    const end: sentinel.Error!void = while (true) {
        const count = stream.read(buffer, 0, &diagnostics) catch |err| break err;
        if (count == 0) break {};
        try call.body.appendSlice(call.allocator, buffer[0..count]);
    };
    try tell.result("read", end);
    end catch try tell.failure(&diagnostics);
    try tell.result("read.again", if (stream.read(buffer, 0, null)) |_| {} else |err| err);
}

/// What came through a pool is read by another thread.
fn readElsewhere(tell: Teller, call: *Call, stream: sentinel.ResponseStream) !void {
    var ended: anyerror!void = {};
    const reader = try std.Thread.spawn(.{}, struct {
        fn run(to: Teller, by: *Call, from: sentinel.ResponseStream, end: *anyerror!void) void {
            end.* = to.read(by, from);
        }
    }.run, .{ tell, call, stream, &ended });
    reader.join();
    return ended;
}

/// The error or the response; frees it.
pub fn outcome(tell: Teller, call: *Call, what: *Pool.Outcome, pooled: bool) !void {
    try tell.status("status", what.diagnostics.status);
    if (what.response) |answer| try tell.response(call, answer, pooled) else try tell.failure(&what.diagnostics);
}

fn response(tell: Teller, call: *Call, answer: sentinel.Response, pooled: bool) !void {
    try tell.number("http", @intFromEnum(answer.status));
    try tell.text("url", answer.url());
    var fields = answer.headers.iterator();
    while (fields.next()) |header| try tell.field("header", header);
    try tell.status("header.end", if (answer.headers.at(answer.headers.count()) == null) hs.HS_ERR_NOT_FOUND else hs.HS_OK);

    var nth: usize = 0;
    while (answer.interim(nth)) |status_before| : (nth += 1) {
        try tell.number("interim", @intFromEnum(status_before));
        var index: usize = 0;
        while (answer.interimHeader(nth, index)) |header| : (index += 1) try tell.field("interim.header", header);
    }

    if (call.read_capacity > 0) {
        const stream: sentinel.ResponseStream = .fromHandle(call.allocator, answer.handle, null);
        try if (pooled) tell.readElsewhere(call, stream) else tell.read(call, stream);
    }
    if (call.on_body.len == 0 and call.read_capacity == 0) {
        try tell.body(answer.body);
    } else {
        try tell.body(call.body.items);
        try tell.number("body.left", answer.body.len);
    }

    var trailers = answer.trailers().iterator();
    while (trailers.next()) |trailer| try tell.field("trailer", trailer);
    try tell.number("trailers", answer.trailers().count());

    const facts = answer.metrics();
    try tell.status("metrics", hs.HS_OK);
    inline for (metrics_fields) |name| try tell.number("metrics." ++ name, @field(facts, name));
    try tell.number("metrics.peer.family", facts.peer.family);
    try tell.number("metrics.local.family", facts.local.family);
    var hops: usize = 0;
    while (answer.redirect(hops)) |redirect| : (hops += 1) {
        try tell.out.print("redirect {d}", .{@intFromEnum(redirect.status)});
        try tell.text("", redirect.url);
    }
    try tell.status("redirect.end", hs.HS_ERR_NOT_FOUND);
    answer.deinit();
    try tell.status("freed", hs.HS_OK);
}
