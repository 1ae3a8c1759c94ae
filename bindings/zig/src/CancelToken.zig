//! A switch that any thread may throw, and that ends the calls that were given it (`RequestOptions.cancel`) with
//! `error.Canceled` within milliseconds. A plain value: copy it freely, `deinit` it once.
const CancelToken = @This();
const std = @import("std");
const errors = @import("errors.zig");
const c = @import("c.zig").c;

handle: *c.hs_cancel,

/// Errors: `TooManyHandles`.
pub fn init() errors.Error!CancelToken {
    var handle: ?*c.hs_cancel = null;
    try errors.check(c.hs_cancel_new(&handle));
    return .{ .handle = handle.? };
}

/// Calls that have it go on, and can no longer be cancelled. Any thread.
pub fn deinit(token: CancelToken) void {
    const status = c.hs_cancel_free(token.handle);
    if (std.debug.runtime_safety and status == c.HS_ERR_INVALID_HANDLE) @panic("CancelToken.deinit: it was freed before");
}

/// Throws it, for good: later calls that have it do not begin. Any thread; doing it again is fine.
pub fn trigger(token: CancelToken) void {
    _ = c.hs_cancel_trigger(token.handle);
}
