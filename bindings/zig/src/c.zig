//! The C functions, as Zig sees them, and what is needed to call them. Everything that the package does goes through
//! here; what it has no name for is reached by `http_sentinel.c`.
const std = @import("std");
pub const c = @import("c");

/// As a duration: no limit.
pub const infinite: u64 = std.math.maxInt(u64);

/// Borrowed: the library reads it during the call only.
pub fn str(text: []const u8) c.hs_str {
    return .{ .data = text.ptr, .len = text.len };
}

/// Borrowed from the object that it was read from.
pub fn slice(text: c.hs_str) []const u8 {
    return optional(text) orelse "";
}

/// Null for what does not exist.
pub fn optional(text: c.hs_str) ?[]const u8 {
    if (text.data == null) return null;
    return text.data[0..text.len];
}

/// A struct of the library's: all zero, which is the default everywhere, but its size.
pub fn sized(comptime T: type) T {
    var value = std.mem.zeroes(T);
    value.struct_size = @sizeOf(T);
    return value;
}
