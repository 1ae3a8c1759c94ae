//! A request, and what goes with it that is no option.
const std = @import("std");
const c = @import("c.zig");
const hs = c.hs;
const sentinel = c.sentinel;
const Pool = @import("Pool.zig");
const Teller = @import("Teller.zig");
const Call = @This();

allocator: std.mem.Allocator,
options: hs.hs_request_options = c.sized(hs.hs_request_options),
tag: u64 = 0,
/// The body, until it is released.
lends: bool = false,
headers: std.ArrayList(hs.hs_header) = .empty,
parts: std.ArrayList(hs.hs_part) = .empty,
boundary: []const u8 = "",
form: ?sentinel.Form = null,
null_argument: []const u8 = "",
cancel_mode: []const u8 = "",
cancel_after: ?[:0]const u8 = null,
cancel: ?sentinel.CancelToken = null,
on_body: []const u8 = "",
/// The capacity of each hs_response_read, 0 for none.
read_capacity: usize = 0,
/// What is uploaded.
upload: []const u8 = "",
uploaded: usize = 0,
upload_piece: usize = std.math.maxInt(usize),
upload_stops: bool = false,
/// What the callback received, or was read.
body: std.ArrayList(u8) = .empty,

pub fn read(call: *Call, lines: []const c.Line) !void {
    var nts = false;
    for (lines) |line| {
        if (std.mem.eql(u8, line.key, "header")) {
            try call.addHeader(line.value);
        } else if (std.mem.eql(u8, line.key, "part.add")) {
            try call.parts.append(call.allocator, c.sized(hs.hs_part));
        } else if (std.mem.startsWith(u8, line.key, "part.")) {
            const part = &call.parts.items[call.parts.items.len - 1];
            const field: c.Line = .{ .key = line.key["part.".len..], .value = line.value };
            if (!try c.setField(call.allocator, part, field, nts)) c.fail("unknown option of a", line.key);
        } else if (std.mem.eql(u8, line.key, "boundary")) {
            call.boundary = try c.decoded(call.allocator, line.value);
        } else if (std.mem.eql(u8, line.key, "body_repeat")) {
            const body = try call.repeated(line.value);
            call.options.body = .{ .data = body.ptr, .len = body.len };
        } else if (std.mem.eql(u8, line.key, "upload_repeat")) {
            call.upload = try call.repeated(line.value);
            (try call.uploadOptions()).read = readUpload;
        } else if (std.mem.eql(u8, line.key, "upload_piece")) {
            call.upload_piece = c.number(line.value);
        } else if (std.mem.eql(u8, line.key, "upload_stop")) {
            call.upload_stops = true;
        } else if (std.mem.eql(u8, line.key, "upload_rewind")) {
            (try call.uploadOptions()).rewind = rewindUpload;
        } else if (std.mem.eql(u8, line.key, "read")) {
            call.read_capacity = c.number(line.value);
        } else if (std.mem.eql(u8, line.key, "tag")) {
            call.tag = c.number(line.value);
        } else if (std.mem.eql(u8, line.key, "lend")) {
            call.lends = true;
        } else if (std.mem.eql(u8, line.key, "nts")) {
            nts = true;
        } else if (std.mem.eql(u8, line.key, "null")) {
            call.null_argument = try c.decoded(call.allocator, line.value);
        } else if (std.mem.eql(u8, line.key, "on_body")) {
            call.on_body = try c.decoded(call.allocator, line.value);
        } else if (std.mem.eql(u8, line.key, "cancel") and std.mem.eql(u8, line.value, "before")) {
            call.cancel_mode = try c.decoded(call.allocator, line.value);
        } else if (std.mem.eql(u8, line.key, "cancel_after")) {
            call.cancel_after = try c.decoded(call.allocator, line.value);
        } else if (!try c.setField(call.allocator, &call.options, line, nts)) {
            c.fail("unknown request option", line.key);
        }
    }
    if (call.on_body.len > 0) {
        call.options.on_body = receive;
        call.options.user_data = call;
    }
    if (call.lends) try Pool.lend(&call.options);
    call.options.headers = call.headers.items.ptr;
    call.options.header_count = call.headers.items.len;
}

/// FLAGS NAME VALUE
fn addHeader(call: *Call, text: []const u8) !void {
    const flags, const field = c.split(text);
    const name, const value = c.split(field);
    try call.headers.append(call.allocator, .{
        .name = c.str(try c.decoded(call.allocator, name)),
        .value = c.str(try c.decoded(call.allocator, value)),
        .flags = @intCast(c.number(flags)),
    });
}

/// SIZE TEXT
fn repeated(call: *Call, text: []const u8) ![]const u8 {
    const size, const encoded = c.split(text);
    const pattern = try c.decoded(call.allocator, encoded);
    const whole = try call.allocator.alloc(u8, c.number(size));
    for (whole, 0..) |*byte, i| byte.* = pattern[i % pattern.len];
    return whole;
}

fn uploadOptions(call: *Call) !*hs.hs_upload {
    const upload = try c.made(call.allocator, hs.hs_upload, &call.options.upload);
    upload.user_data = call;
    return upload;
}

pub fn isNull(call: *const Call, argument: []const u8) bool {
    return std.mem.eql(u8, call.null_argument, argument);
}

/// Makes what cancels the call, and starts who waits to do it.
pub fn prepare(call: *Call, tell: Teller) !?std.Thread {
    if (call.parts.items.len > 0) try call.makeForm(tell);
    const from_body = std.mem.eql(u8, call.on_body, "cancel");
    if (call.cancel_mode.len > 0 or call.cancel_after != null or from_body) {
        call.cancel = try .init();
        try tell.status("cancel.new", hs.HS_OK);
        call.options.cancel = call.cancel.?.handle;
    }
    if (std.mem.eql(u8, call.cancel_mode, "before")) {
        call.cancel.?.trigger();
        try tell.status("cancel.triggered", hs.HS_OK);
    }
    const url = call.cancel_after orelse return null;
    return try std.Thread.spawn(.{}, cancelWhenAnswered, .{ url, call.cancel.? });
}

fn makeForm(call: *Call, tell: Teller) !void {
    var diagnostics: sentinel.Diagnostics = .{};
    const form = sentinel.Form.init(call.boundary, &diagnostics);
    try tell.status("form.new", diagnostics.status);
    if (diagnostics.err != null) try tell.failure(&diagnostics);
    for (call.parts.items) |*part| {
        // Also to none: the library says so.
        const added = if (form) |made| made.addNative(part, &diagnostics) else |_| addToNone(part, &diagnostics);
        try tell.result("form.add", added);
        if (diagnostics.err != null) try tell.failure(&diagnostics);
    }
    call.form = form catch return;
    call.options.form = call.form.?.handle;
}

fn addToNone(part: *const hs.hs_part, diagnostics: *sentinel.Diagnostics) sentinel.Error!void {
    var failure: ?*hs.hs_error = null;
    return sentinel.Diagnostics.take(diagnostics, hs.hs_form_add(null, part, &failure), failure);
}

/// Waits until a URL answers, and throws the switch.
fn cancelWhenAnswered(url: [:0]const u8, cancel: sentinel.CancelToken) void {
    var client = sentinel.HttpClient.init(std.heap.c_allocator) catch c.fail("no client for", url);
    defer client.deinit();
    const response = client.get(url, &.{}) catch c.fail("cannot wait for", url);
    cancel.trigger();
    response.deinit();
}

fn receive(user_data: ?*anyopaque, data: ?*const anyopaque, length: usize) callconv(.c) i32 {
    const call: *Call = @ptrCast(@alignCast(user_data));
    if (std.mem.eql(u8, call.on_body, "stop")) return 7;
    if (std.mem.eql(u8, call.on_body, "cancel")) call.cancel.?.trigger();
    const bytes: [*]const u8 = @ptrCast(data);
    call.body.appendSlice(call.allocator, bytes[0..length]) catch return 1;
    return 0;
}

fn readUpload(user_data: ?*anyopaque, buffer: ?*anyopaque, capacity: usize, count: [*c]usize) callconv(.c) i32 {
    const call: *Call = @ptrCast(@alignCast(user_data));
    if (call.upload_stops) return 9;
    const left = call.upload[call.uploaded..];
    const piece = left[0..@min(left.len, capacity, call.upload_piece)];
    const bytes: [*]u8 = @ptrCast(buffer);
    @memcpy(bytes[0..piece.len], piece);
    call.uploaded += piece.len;
    count.* = piece.len;
    return 0;
}

fn rewindUpload(user_data: ?*anyopaque) callconv(.c) i32 {
    const call: *Call = @ptrCast(@alignCast(user_data));
    call.uploaded = 0;
    return 0;
}
