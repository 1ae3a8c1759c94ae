//! Text that the library made for the caller. Any thread.
const Text = @This();
const std = @import("std");
const raw = @import("c.zig");
const c = raw.c;

handle: *c.hs_text,

/// Once; any thread. What was read from it is gone.
pub fn deinit(text: Text) void {
    const status = c.hs_text_free(text.handle);
    if (std.debug.runtime_safety and status == c.HS_ERR_INVALID_HANDLE) @panic("Text.deinit: it was freed before");
}

/// Borrowed until `deinit`.
pub fn slice(text: Text) []const u8 {
    return raw.slice(c.hs_text_value(text.handle));
}
