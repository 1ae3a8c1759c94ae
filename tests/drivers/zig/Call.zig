//! A request, and what goes with it that is no option.
const std = @import("std");
const c = @import("c.zig");
const hs = c.hs;
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
boundary: hs.hs_str = .{ .data = null, .len = 0 },
form: ?*hs.hs_form = null,
null_argument: []const u8 = "",
cancel_mode: []const u8 = "",
cancel_after: ?[:0]const u8 = null,
cancel: ?*hs.hs_cancel = null,
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
            call.boundary = c.str(try c.decoded(call.allocator, line.value));
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
        try tell.status("cancel.new", hs.hs_cancel_new(&call.cancel));
        call.options.cancel = call.cancel;
    }
    if (std.mem.eql(u8, call.cancel_mode, "before")) {
        try tell.status("cancel.triggered", hs.hs_cancel_trigger(call.cancel));
    }
    const url = call.cancel_after orelse return null;
    return try std.Thread.spawn(.{}, cancelWhenAnswered, .{ url, call.cancel });
}

fn makeForm(call: *Call, tell: Teller) !void {
    var err: ?*hs.hs_error = null;
    try tell.status("form.new", hs.hs_form_new(call.boundary, &call.form, &err));
    if (err != null) try tell.failure(err);
    for (call.parts.items) |*part| {
        try tell.status("form.add", hs.hs_form_add(call.form, part, &err));
        if (err != null) try tell.failure(err);
    }
    call.options.form = call.form;
}

/// Waits until a URL answers, and throws the switch.
fn cancelWhenAnswered(url: [:0]const u8, cancel: ?*hs.hs_cancel) void {
    var worker: ?*hs.hs_worker = null;
    var response: ?*hs.hs_response = null;
    var request = c.sized(hs.hs_request_options);
    request.url = c.str(url);
    if (hs.hs_worker_new(null, &worker, null) != hs.HS_OK) c.fail("no worker for", url);
    defer _ = hs.hs_worker_free(worker);
    if (hs.hs_request(worker, &request, &response, null) != hs.HS_OK) c.fail("cannot wait for", url);
    _ = hs.hs_cancel_trigger(cancel);
    _ = hs.hs_response_free(response);
}

fn receive(user_data: ?*anyopaque, data: ?*const anyopaque, length: usize) callconv(.c) i32 {
    const call: *Call = @ptrCast(@alignCast(user_data));
    if (std.mem.eql(u8, call.on_body, "stop")) return 7;
    if (std.mem.eql(u8, call.on_body, "cancel")) _ = hs.hs_cancel_trigger(call.cancel);
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
