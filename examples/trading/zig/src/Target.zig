//! A URL, put together of what must be percent-encoded.
const Target = @This();
const std = @import("std");
const Decimal = @import("Decimal.zig");

buffer: [2500]u8 = undefined,
len: usize = 0,
has_query: bool = false,
/// It does not fit, or lacks a part: asking for it is an error.
refused: bool = false,

pub fn init(target: *Target, base: []const u8, path: []const u8) void {
    target.* = .{};
    target.put(base);
    target.put(path);
}

pub fn url(target: *const Target) []const u8 {
    return target.buffer[0..target.len];
}

pub fn segment(target: *Target, text: []const u8) void {
    // An empty one would ask for something else, and "." and ".." are taken out of URLs: for all that there are.
    if (std.mem.trim(u8, text, ".").len == 0) target.refused = true;
    target.put("/");
    target.encode(text);
}

/// Each field of a struct that is not null.
pub fn query(target: *Target, fields: anytype) void {
    inline for (comptime std.meta.fieldNames(@TypeOf(fields))) |name| target.parameter(name, @field(fields, name));
}

fn parameter(target: *Target, name: []const u8, value: anytype) void {
    var buffer: [40]u8 = undefined;
    const text: []const u8 = switch (@TypeOf(value)) {
        []const u8 => value,
        bool => if (value) "true" else "false",
        u32 => std.fmt.bufPrint(&buffer, "{d}", .{value}) catch unreachable,
        Decimal => std.fmt.bufPrint(&buffer, "{f}", .{value}) catch unreachable,
        else => |T| switch (@typeInfo(T)) {
            .optional => return if (value) |given| target.parameter(name, given),
            .@"enum" => @tagName(value),
            else => @compileError("no query of " ++ @typeName(T)),
        },
    };
    target.put(if (target.has_query) "&" else "?");
    target.has_query = true;
    target.encode(name);
    target.put("=");
    target.encode(text);
}

/// As it is.
pub fn append(target: *Target, text: []const u8) void {
    target.put(text);
}

fn encode(target: *Target, text: []const u8) void {
    for (text) |byte| switch (byte) {
        'A'...'Z', 'a'...'z', '0'...'9', '-', '.', '_', '~' => target.put(&.{byte}),
        else => target.put(&.{ '%', "0123456789ABCDEF"[byte >> 4], "0123456789ABCDEF"[byte & 15] }),
    };
}

fn put(target: *Target, text: []const u8) void {
    if (target.refused or text.len > target.buffer.len - target.len) {
        target.refused = true;
        return;
    }
    @memcpy(target.buffer[target.len..][0..text.len], text);
    target.len += text.len;
}

test "everything that is given is encoded, and nothing is cut off" {
    var target: Target = undefined;
    target.init("http://b", "/v2/orders");
    target.segment("BRK/B ü?");
    const nothing: ?[]const u8 = null;
    const many: ?u32 = 50;
    const text: []const u8 = "a&b=1";
    target.query(.{ .none = nothing, .limit = many, .symbols = text, .qty = Decimal.of("1.50"), .cancel_orders = true });
    try std.testing.expectEqualStrings(
        "http://b/v2/orders/BRK%2FB%20%C3%BC%3F?limit=50&symbols=a%26b%3D1&qty=1.5&cancel_orders=true",
        target.url(),
    );
    try std.testing.expect(!target.refused);
    const long: [2500]u8 = @splat('x');
    target.segment(&long);
    try std.testing.expect(target.refused);
    for ([_][]const u8{ "", ".", "..", "..." }) |name| {
        target.init("http://b", "/v2/orders");
        target.segment(name);
        try std.testing.expect(target.refused);
    }
}
