//! A circuit breaker for any number of keys: origins, or whatever may fail together. It may be used on any thread and by
//! any number of clients and retry engines at once, which keep it when it is freed. A plain value: copy it freely,
//! `deinit` it once.
const CircuitBreaker = @This();
const std = @import("std");
const raw = @import("c.zig");
const errors = @import("errors.zig");
const Diagnostics = @import("Diagnostics.zig");
const c = raw.c;

handle: *c.hs_breaker,

/// 0 is the default at each field. Durations are milliseconds.
pub const Options = struct {
    /// By how old results a circuit is judged: 100 to 3,600,000. Default 30,000.
    window_ms: u64 = 0,
    /// Instead: by how many; at most 10,000.
    window_calls: u32 = 0,
    /// Fewer results are no reason to open. Default 20.
    min_calls: u32 = 0,
    /// The share of failures that opens it, 1 to 100. Default 50.
    failure_percent: u32 = 0,
    /// The share of slow calls that opens it, 1 to 100; only with `slow_ms`. Default 50.
    slow_percent: u32 = 0,
    /// What takes longer is slow. Default: nothing is.
    slow_ms: u64 = 0,
    /// How long it is open the first time. Default 5,000.
    open_ms: u64 = 0,
    /// How long it is open at most. Default 60,000, or `open_ms` if that is more.
    open_max_ms: u64 = 0,
    /// How many probes it has when it is half-open, at most 10. Default 3.
    half_open_permits: u32 = 0,
    /// How many keys it has at most, up to 65,536. Default 1,024.
    max_keys: u32 = 0,
    /// How long a probe may take. Default 60,000.
    probe_lease_ms: u64 = 0,
    diagnostics: ?*Diagnostics = null,
};

/// Closed: all gets through. Open: nothing does. Half-open: a few probes do. The others were set by hand.
pub const State = enum(u32) {
    closed = c.HS_BREAKER_CLOSED,
    open = c.HS_BREAKER_OPEN,
    half_open = c.HS_BREAKER_HALF_OPEN,
    forced_open = c.HS_BREAKER_FORCED_OPEN,
    forced_closed = c.HS_BREAKER_FORCED_CLOSED,
    metrics_only = c.HS_BREAKER_METRICS_ONLY,
    _,
};

/// A circuit at a moment.
pub const Status = struct {
    state: State = .closed,
    /// Results in its window, and how many of them were failures and slow.
    calls: u64 = 0,
    failures: u64 = 0,
    slow: u64 = 0,
    /// In percent of `calls`, rounded down.
    failure_percent: u32 = 0,
    slow_percent: u32 = 0,
    /// If it is open: when the next call may try, in milliseconds. `infinite`: not before it is closed by hand.
    retry_after_ms: u64 = 0,
    /// How often it opened, and how many calls it refused, since it is there.
    opened: u64 = 0,
    rejected: u64 = 0,
    total_successes: u64 = 0,
    total_failures: u64 = 0,
};

/// What came of the work that a permit was for.
pub const Outcome = enum(u32) {
    success = c.HS_OUTCOME_SUCCESS,
    failure = c.HS_OUTCOME_FAILURE,
    /// It says nothing: cancelled, or never got so far.
    neutral = c.HS_OUTCOME_NEUTRAL,
};

/// Leave for one piece of work. Do not copy it: tell its outcome once.
pub const Permit = c.hs_permit;

/// Errors: `InvalidArgument`, `TooManyHandles`.
pub fn init(options: Options) errors.Error!CircuitBreaker {
    var native = raw.sized(c.hs_breaker_options);
    inline for (.{
        "window_ms", "window_calls", "min_calls", "failure_percent",   "slow_percent",   "slow_ms",
        "open_ms",   "open_max_ms",  "max_keys",  "half_open_permits", "probe_lease_ms",
    }) |name| @field(native, name) = @field(options, name);
    return fromNative(&native, options.diagnostics);
}

/// The same from the C struct, for what `Options` has no field for.
pub fn fromNative(native: *const c.hs_breaker_options, diagnostics: ?*Diagnostics) errors.Error!CircuitBreaker {
    var handle: ?*c.hs_breaker = null;
    var failure: ?*c.hs_error = null;
    const status = c.hs_breaker_new(native, &handle, &failure);
    if (status != c.HS_OK) return Diagnostics.take(diagnostics, status, failure);
    return .{ .handle = handle.? };
}

/// Any thread. Clients that have it keep it.
pub fn deinit(breaker: CircuitBreaker) void {
    const status = c.hs_breaker_free(breaker.handle);
    if (std.debug.runtime_safety and status == c.HS_ERR_INVALID_HANDLE) @panic("CircuitBreaker.deinit: it was freed before");
}

/// Asks whether a piece of work for a key (UTF-8, 1 to 1,024 bytes) may begin; what came of it must be told with
/// `record`. Errors: `BreakerOpen`, `InvalidArgument`.
pub fn acquire(breaker: CircuitBreaker, key: []const u8) errors.Error!Permit {
    var permit = std.mem.zeroes(Permit);
    try errors.check(c.hs_breaker_acquire(breaker.handle, raw.str(key), &permit, null));
    return permit;
}

/// Tells what came of it. Errors: `InvalidArgument` where that was told before.
pub fn record(breaker: CircuitBreaker, permit: *Permit, outcome: Outcome) errors.Error!void {
    try errors.check(c.hs_breaker_record(breaker.handle, permit, @intFromEnum(outcome), null));
}

/// What the circuit of a key is like; one that was never used is closed and empty. Errors: `InvalidArgument`.
pub fn getCircuitBreakerStatus(breaker: CircuitBreaker, key: []const u8) errors.Error!Status {
    var info = raw.sized(c.hs_breaker_info);
    const status = c.hs_breaker_state(breaker.handle, raw.str(key), &info);
    if (status == c.HS_ERR_NOT_FOUND) return .{};
    try errors.check(status);
    return .{
        .state = @enumFromInt(info.state),
        .calls = info.calls,
        .failures = info.failures,
        .slow = info.slow,
        .failure_percent = info.failure_pct,
        .slow_percent = info.slow_pct,
        .retry_after_ms = info.retry_after_ms,
        .opened = info.opened,
        .rejected = info.rejected,
        .total_successes = info.total_successes,
        .total_failures = info.total_failures,
    };
}

/// Opens a circuit by hand, for so long; `infinite`: until it is reset.
pub fn forceOpen(breaker: CircuitBreaker, key: []const u8, duration_ms: u64) errors.Error!void {
    try errors.check(c.hs_breaker_force_open(breaker.handle, raw.str(key), duration_ms));
}

/// Closes a circuit by hand: results are counted and open it no more.
pub fn forceClosed(breaker: CircuitBreaker, key: []const u8) errors.Error!void {
    try errors.check(c.hs_breaker_force_closed(breaker.handle, raw.str(key)));
}

/// Lets everything through for a key, and only tells when it would have opened.
pub fn metricsOnly(breaker: CircuitBreaker, key: []const u8) errors.Error!void {
    try errors.check(c.hs_breaker_metrics_only(breaker.handle, raw.str(key)));
}

/// Ends what was done by hand: the circuit is closed and empty.
pub fn reset(breaker: CircuitBreaker, key: []const u8) errors.Error!void {
    try errors.check(c.hs_breaker_reset(breaker.handle, raw.str(key)));
}
