//! A retry budget for any number of keys: in any ten seconds each gets as many retries as a share of the requests that
//! are none, so that in an outage three attempts are not three times the load. Any thread. A plain value: copy it
//! freely, `deinit` it once.
const Budget = @This();
const std = @import("std");
const raw = @import("c.zig");
const errors = @import("errors.zig");
const Diagnostics = @import("Diagnostics.zig");
const c = raw.c;

handle: *c.hs_budget,

/// 0 is the default at each field.
pub const Options = struct {
    /// Retries for a hundred requests. Default 20; at most 100.
    percent: u32 = 0,
    /// So many in ten seconds in any case. Default 10.
    min_retries: u32 = 0,
    /// No retries beyond `percent`, however few requests there are.
    no_minimum: bool = false,
    /// How many keys have a budget of their own. Default 1,024.
    max_keys: u32 = 0,
    diagnostics: ?*Diagnostics = null,
};

/// What there was in the last ten seconds, and how many retries there may be.
pub const Status = struct { originals: u64, withdrawn: u64, allowed: u64 };

/// Errors: `InvalidArgument`, `TooManyHandles`.
pub fn init(options: Options) errors.Error!Budget {
    var native = raw.sized(c.hs_budget_options);
    inline for (.{ "percent", "min_retries", "max_keys" }) |name| @field(native, name) = @field(options, name);
    native.flags = if (options.no_minimum) c.HS_BUDGET_NO_MINIMUM else 0;
    return fromNative(&native, options.diagnostics);
}

/// The same from the C struct, for what `Options` has no field for.
pub fn fromNative(native: *const c.hs_budget_options, diagnostics: ?*Diagnostics) errors.Error!Budget {
    var handle: ?*c.hs_budget = null;
    var failure: ?*c.hs_error = null;
    const status = c.hs_budget_new(native, &handle, &failure);
    if (status != c.HS_OK) return Diagnostics.take(diagnostics, status, failure);
    return .{ .handle = handle.? };
}

/// Any thread. Clients that have it keep it.
pub fn deinit(budget: Budget) void {
    const status = c.hs_budget_free(budget.handle);
    if (std.debug.runtime_safety and status == c.HS_ERR_INVALID_HANDLE) @panic("Budget.deinit: it was freed before");
}

/// Says that a request is made for a key that is no retry. Clients say it by themselves.
pub fn original(budget: Budget, key: []const u8) errors.Error!void {
    try errors.check(c.hs_budget_original(budget.handle, raw.str(key)));
}

/// Takes one retry for a key; false where there may be none now.
pub fn withdraw(budget: Budget, key: []const u8) errors.Error!bool {
    var granted: u32 = 0;
    try errors.check(c.hs_budget_withdraw(budget.handle, raw.str(key), &granted));
    return granted != 0;
}

/// How a key stands.
pub fn getStatus(budget: Budget, key: []const u8) errors.Error!Status {
    var info = raw.sized(c.hs_budget_info);
    try errors.check(c.hs_budget_state(budget.handle, raw.str(key), &info));
    return .{ .originals = info.originals, .withdrawn = info.withdrawn, .allowed = info.allowed };
}
