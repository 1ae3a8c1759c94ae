//! Tells what came of a block.
const std = @import("std");
const c = @import("c.zig");
const hs = c.hs;
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

pub fn text(tell: Teller, key: []const u8, value: hs.hs_str) !void {
    try tell.out.print("{s} ", .{key});
    try tell.encoded(c.slice(value));
    try tell.out.writeByte('\n');
}

pub fn number(tell: Teller, key: []const u8, value: anytype) !void {
    try tell.out.print("{s} {d}\n", .{ key, value });
}

pub fn status(tell: Teller, key: []const u8, value: hs.hs_status) !void {
    try tell.text(key, hs.hs_status_name(value));
}

pub fn failure(tell: Teller, err: ?*hs.hs_error) !void {
    var info = c.sized(hs.hs_error_info);
    try tell.status("error.details", hs.hs_error_details(err, &info));
    try tell.status("error.status", hs.hs_error_status(err));
    try tell.text("error.message", hs.hs_error_message(err));
    try tell.text("error.phase", hs.hs_phase_name(info.phase));
    inline for (.{ "request_sent", "retryable", "attempts", "curl_code", "os_error" }) |name| {
        try tell.number("error." ++ name, @field(info, name));
    }
    try tell.status("error.freed", hs.hs_error_free(err));
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

fn field(tell: Teller, key: []const u8, header: hs.hs_header) !void {
    try tell.out.print("{s} ", .{key});
    try tell.encoded(c.slice(header.name));
    try tell.text("", header.value);
}

/// Reads to the end, or until it fails, and once more: the end and a failure stay.
fn read(tell: Teller, call: *Call, answer: ?*hs.hs_response) !void {
    const buffer = try call.allocator.alloc(u8, call.read_capacity);
    var count: usize = 1;
    var err: ?*hs.hs_error = null;
    var result: hs.hs_status = hs.HS_OK;
    while (result == hs.HS_OK and count > 0) {
        result = hs.hs_response_read(answer, buffer.ptr, buffer.len, &count, 0, &err);
        if (result == hs.HS_OK) try call.body.appendSlice(call.allocator, buffer[0..count]);
    }
    try tell.status("read", result);
    if (result != hs.HS_OK) try tell.failure(err);
    try tell.status("read.again", hs.hs_response_read(answer, buffer.ptr, buffer.len, &count, 0, null));
}

/// What came through a pool is read by another thread.
fn readElsewhere(tell: Teller, call: *Call, answer: ?*hs.hs_response) !void {
    var result: anyerror!void = {};
    const reader = try std.Thread.spawn(.{}, struct {
        fn run(to: Teller, by: *Call, from: ?*hs.hs_response, end: *anyerror!void) void {
            end.* = to.read(by, from);
        }
    }.run, .{ tell, call, answer, &result });
    reader.join();
    return result;
}

/// The error or the response.
pub fn outcome(tell: Teller, call: *Call, what: Pool.Outcome, pooled: bool) !void {
    try tell.status("status", what.status);
    if (what.status == hs.HS_OK) try tell.response(call, what.response, pooled) else try tell.failure(what.err);
}

fn response(tell: Teller, call: *Call, answer: ?*hs.hs_response, pooled: bool) !void {
    try tell.number("http", hs.hs_response_status(answer));
    try tell.text("url", hs.hs_response_url(answer));
    const count = hs.hs_response_header_count(answer);
    var header: hs.hs_header = undefined;
    for (0..count) |index| {
        if (hs.hs_response_header_at(answer, index, &header) != hs.HS_OK) break;
        try tell.field("header", header);
    }
    try tell.status("header.end", hs.hs_response_header_at(answer, count, &header));

    var nth: usize = 0;
    while (hs.hs_response_interim_status(answer, nth) != 0) : (nth += 1) {
        try tell.number("interim", hs.hs_response_interim_status(answer, nth));
        var index: usize = 0;
        while (hs.hs_response_interim_header_at(answer, nth, index, &header) == hs.HS_OK) : (index += 1) {
            try tell.field("interim.header", header);
        }
    }

    if (call.read_capacity > 0) try if (pooled) tell.readElsewhere(call, answer) else tell.read(call, answer);
    const left = c.slice(hs.hs_response_body(answer));
    if (call.on_body.len == 0 and call.read_capacity == 0) {
        try tell.body(left);
    } else {
        try tell.body(call.body.items);
        try tell.number("body.left", left.len);
    }

    const trailers = hs.hs_response_trailer_count(answer);
    for (0..trailers) |index| {
        if (hs.hs_response_trailer_at(answer, index, &header) == hs.HS_OK) try tell.field("trailer", header);
    }
    try tell.number("trailers", trailers);

    try tell.metrics(answer);
    var redirect = c.sized(hs.hs_redirect);
    var hops: usize = 0;
    while (hs.hs_response_redirect_at(answer, hops, &redirect) == hs.HS_OK) : (hops += 1) {
        try tell.out.print("redirect {d}", .{redirect.status});
        try tell.text("", redirect.url);
    }
    try tell.status("redirect.end", hs.hs_response_redirect_at(answer, hops, &redirect));
    try tell.status("freed", hs.hs_response_free(answer));
}

fn metrics(tell: Teller, answer: ?*hs.hs_response) !void {
    var facts = c.sized(hs.hs_metrics);
    try tell.status("metrics", hs.hs_response_metrics(answer, &facts));
    inline for (metrics_fields) |name| try tell.number("metrics." ++ name, @field(facts, name));
    try tell.number("metrics.peer.family", facts.peer.family);
    try tell.number("metrics.local.family", facts.local.family);
}
