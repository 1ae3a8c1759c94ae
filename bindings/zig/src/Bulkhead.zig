//! Slots for any number of keys, so that what hangs in one place does not take up all there is. Any thread. A plain
//! value: copy it freely, `deinit` it once.
const Bulkhead = @This();
const std = @import("std");
const raw = @import("c.zig");
const errors = @import("errors.zig");
const Diagnostics = @import("Diagnostics.zig");
const CancelToken = @import("CancelToken.zig");
const c = raw.c;

handle: *c.hs_bulkhead,

/// 0 is the default at each field.
pub const Options = struct {
    /// How many slots each key has. Default 100.
    capacity: u32 = 0,
    /// How many may wait for one. Default 1,000.
    queue: u32 = 0,
    /// Nobody waits; who comes when all slots are taken is refused.
    no_queue: bool = false,
    /// How many keys have slots of their own. Default 1,024.
    max_keys: u32 = 0,
    diagnostics: ?*Diagnostics = null,
};

/// A slot that is taken.
pub const Permit = c.hs_bulkhead_permit;

/// How a key stands: slots, how many are taken, how many wait, and how many waited or came in vain so far.
pub const Status = struct { capacity: u32, in_use: u32, waiting: u32, rejected: u64, timed_out: u64 };

/// Errors: `InvalidArgument`, `TooManyHandles`.
pub fn init(options: Options) errors.Error!Bulkhead {
    var native = raw.sized(c.hs_bulkhead_options);
    inline for (.{ "capacity", "queue", "max_keys" }) |name| @field(native, name) = @field(options, name);
    native.flags = if (options.no_queue) c.HS_BULKHEAD_NO_QUEUE else 0;
    return fromNative(&native, options.diagnostics);
}

/// The same from the C struct, for what `Options` has no field for.
pub fn fromNative(native: *const c.hs_bulkhead_options, diagnostics: ?*Diagnostics) errors.Error!Bulkhead {
    var handle: ?*c.hs_bulkhead = null;
    var failure: ?*c.hs_error = null;
    const status = c.hs_bulkhead_new(native, &handle, &failure);
    if (status != c.HS_OK) return Diagnostics.take(diagnostics, status, failure);
    return .{ .handle = handle.? };
}

/// Any thread. Clients that have it keep it; slots that were taken with `acquire` are given back.
pub fn deinit(bulkhead: Bulkhead) void {
    const status = c.hs_bulkhead_free(bulkhead.handle);
    if (std.debug.runtime_safety and status == c.HS_ERR_INVALID_HANDLE) @panic("Bulkhead.deinit: it was freed before");
}

/// Takes a slot of a key, waiting in order of arrival for at most `timeout_ms` (0: 30,000): it blocks the calling
/// thread. Give it back with `release`. Errors: `BulkheadFull`, `Timeout`, `Canceled`, `InvalidArgument`.
pub fn acquire(bulkhead: Bulkhead, key: []const u8, timeout_ms: u64, cancel: ?CancelToken) errors.Error!Permit {
    var permit = std.mem.zeroes(Permit);
    const token = if (cancel) |token| token.handle else null;
    try errors.check(c.hs_bulkhead_acquire(bulkhead.handle, raw.str(key), timeout_ms, token, &permit, null));
    return permit;
}

/// Takes a slot if one is free and nobody waits for it. Errors: `BulkheadFull`, `InvalidArgument`.
pub fn tryAcquire(bulkhead: Bulkhead, key: []const u8) errors.Error!Permit {
    var permit = std.mem.zeroes(Permit);
    try errors.check(c.hs_bulkhead_try_acquire(bulkhead.handle, raw.str(key), &permit));
    return permit;
}

/// Gives a slot back; once, on any thread.
pub fn release(bulkhead: Bulkhead, permit: *Permit) errors.Error!void {
    try errors.check(c.hs_bulkhead_release(bulkhead.handle, permit));
}

/// How a key stands.
pub fn getStatus(bulkhead: Bulkhead, key: []const u8) errors.Error!Status {
    var info = raw.sized(c.hs_bulkhead_info);
    try errors.check(c.hs_bulkhead_state(bulkhead.handle, raw.str(key), &info));
    return .{
        .capacity = info.capacity,
        .in_use = info.in_use,
        .waiting = info.waiting,
        .rejected = info.rejected,
        .timed_out = info.timed_out,
    };
}
