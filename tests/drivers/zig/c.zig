//! The library's C types, and how lines become options.
const std = @import("std");
pub const hs = @cImport(@cInclude("http_sentinel.h"));

/// A key and a value that is still encoded.
pub const Line = struct { key: []const u8, value: []const u8 };

pub fn fail(what: []const u8, which: []const u8) noreturn {
    std.debug.print("driver: {s} {s}\n", .{ what, which });
    std.process.exit(2);
}

/// What stands before the first blank and behind it.
pub fn split(line: []const u8) struct { []const u8, []const u8 } {
    const blank = std.mem.indexOfScalar(u8, line, ' ') orelse return .{ line, "" };
    return .{ line[0..blank], line[blank + 1 ..] };
}

pub fn number(text: []const u8) u64 {
    return std.fmt.parseInt(u64, text, 10) catch fail("no number:", text);
}

/// A copy without percent signs, with a NUL behind it.
pub fn decoded(allocator: std.mem.Allocator, text: []const u8) ![:0]const u8 {
    const copy = try allocator.dupe(u8, text);
    return allocator.dupeZ(u8, std.Uri.percentDecodeInPlace(copy));
}

pub fn str(text: [:0]const u8) hs.hs_str {
    return .{ .data = text.ptr, .len = text.len };
}

pub fn slice(text: hs.hs_str) []const u8 {
    return if (text.data == null) "" else text.data[0..text.len];
}

/// A struct of the library's: all zero but its size.
pub fn sized(comptime T: type) T {
    var value = std.mem.zeroes(T);
    value.struct_size = @sizeOf(T);
    return value;
}

/// Sets the field that the line names; false where the struct has none. With `nts` a text's length is HS_NTS.
pub fn setField(allocator: std.mem.Allocator, options: anytype, line: Line, nts: bool) !bool {
    inline for (@typeInfo(@TypeOf(options.*)).@"struct".fields) |field| {
        const at = &@field(options, field.name);
        if (std.mem.eql(u8, field.name, line.key)) switch (field.type) {
            u32, u64 => {
                at.* = @truncate(number(line.value));
                return true;
            },
            hs.hs_str => {
                at.* = str(try decoded(allocator, line.value));
                if (nts) at.len = hs.HS_NTS;
                return true;
            },
            else => return false,
        };
    }
    return false;
}
