//! A borrowed text that `{any}` does not show, of this or of whatever it is in.
const Secret = @This();
const std = @import("std");

ptr: [*]const u8,
len: usize,

pub fn of(borrowed: []const u8) Secret {
    return .{ .ptr = borrowed.ptr, .len = borrowed.len };
}

pub fn text(secret: Secret) []const u8 {
    return secret.ptr[0..secret.len];
}

test "it is not shown" {
    var buffer: [200]u8 = undefined;
    const shown = try std.fmt.bufPrint(&buffer, "{any}", .{of("AAA")});
    try std.testing.expect(std.mem.indexOf(u8, shown, "AAA") == null and std.mem.indexOf(u8, shown, "65") == null);
}
