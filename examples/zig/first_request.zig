//! One GET request, and what came of it:  first_request URL [CA_FILE]
const std = @import("std");
const hs = @cImport(@cInclude("http_sentinel.h"));

fn str(text: []const u8) hs.hs_str {
    return .{ .data = text.ptr, .len = text.len };
}

/// A struct of the library's: all zero but what is given and its size.
fn options(comptime T: type, given: anytype) T {
    var value = std.mem.zeroInit(T, given);
    value.struct_size = @sizeOf(T);
    return value;
}

pub fn main(init: std.process.Init) !u8 {
    const args = try init.minimal.args.toSlice(init.arena.allocator());
    if (args.len < 2) {
        std.debug.print("usage: {s} URL [CA_FILE]\n", .{args[0]});
        return 2;
    }
    var err: ?*hs.hs_error = null;
    defer _ = hs.hs_error_free(err); // freeing null is fine

    const settings = options(hs.hs_worker_options, .{ .ca_file = str(if (args.len > 2) args[2] else "") });
    var worker: ?*hs.hs_worker = null;
    var status = hs.hs_worker_new(&settings, &worker, &err);
    if (status != hs.HS_OK) return failed(status, err);
    defer _ = hs.hs_worker_free(worker);

    const request = options(hs.hs_request_options, .{ .url = str(args[1]) });
    var response: ?*hs.hs_response = null;
    status = hs.hs_request(worker, &request, &response, &err);
    if (status != hs.HS_OK) return failed(status, err);
    defer _ = hs.hs_response_free(response);

    var buffer: [512]u8 = undefined;
    var stdout: std.Io.File.Writer = .initStreaming(.stdout(), init.io, &buffer);
    try print(&stdout.interface, response);
    try stdout.interface.flush();
    return 0;
}

fn print(out: *std.Io.Writer, response: ?*const hs.hs_response) !void {
    const body = slice(hs.hs_response_body(response));
    var m = options(hs.hs_metrics, .{});
    _ = hs.hs_response_metrics(response, &m);
    try out.print("{d} bytes: {s}\n", .{ body.len, body[0..@min(body.len, 60)] });
    try out.print("status {d} in {d:.2} ms: ", .{ hs.hs_response_status(response), ms(m.total_ns) });
    try out.print("dns {d:.2}, connect {d:.2}, tls {d:.2}, ", .{ ms(m.dns_ns), ms(m.connect_ns), ms(m.tls_ns) });
    try out.print("send {d:.2}, first byte {d:.2}, body {d:.2}; ", .{ ms(m.send_ns), ms(m.first_byte_ns), ms(m.body_ns) });
    try out.print("HTTP/{d}.{d}\n", .{ m.http_version / 10, m.http_version % 10 });
}

fn slice(text: hs.hs_str) []const u8 {
    return if (text.data == null) "" else text.data[0..text.len];
}

fn ms(ns: u64) f64 {
    return @as(f64, @floatFromInt(ns)) / 1e6;
}

fn failed(status: hs.hs_status, err: ?*const hs.hs_error) u8 {
    var info = options(hs.hs_error_info, .{});
    _ = hs.hs_error_details(err, &info);
    const sent = switch (info.request_sent) {
        hs.HS_SENT_NO => "no",
        hs.HS_SENT_YES => "yes",
        else => "maybe",
    };
    std.debug.print("{s}: {s} ({s}, request sent: {s})\n", .{
        slice(hs.hs_status_name(status)), slice(hs.hs_error_message(err)), slice(hs.hs_phase_name(info.phase)), sent,
    });
    return 1;
}
