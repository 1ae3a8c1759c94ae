//! Header fields on their way to the library.
const std = @import("std");
const raw = @import("c.zig");
const c = raw.c;

/// Borrows names and values. Those that either list names, whatever their case, are marked as secrets.
pub fn copy(
    to: []c.hs_header,
    from: []const std.http.Header,
    secrets: []const []const u8,
    more_secrets: []const []const u8,
) void {
    for (to, from) |*native, field| {
        const secret = isNamed(secrets, field.name) or isNamed(more_secrets, field.name);
        native.* = .{
            .name = raw.str(field.name),
            .value = raw.str(field.value),
            .flags = if (secret) c.HS_HEADER_SENSITIVE else 0,
        };
    }
}

fn isNamed(names: []const []const u8, name: []const u8) bool {
    for (names) |one| {
        if (std.ascii.eqlIgnoreCase(one, name)) return true;
    }
    return false;
}
