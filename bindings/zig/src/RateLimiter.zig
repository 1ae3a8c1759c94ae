//! Keeps what is sent within limits: a table of buckets, each with a key (an account, an origin), a queue, and what its
//! server has said of its own limit. It may be used on any thread and by any number of clients and retry engines at
//! once, which keep it when it is freed. A plain value: copy it freely, `deinit` it once.
//!
//!     const limiter: RateLimiter = try .init(.{ .limit = 200 }); // 200 a minute: Alpaca's trading API
//!     var client = try HttpClient.initWithOptions(allocator, .{
//!         .policies = .{ .rate_limits = &.{.{ .limiter = limiter, .key = "account" }} },
//!     });
const RateLimiter = @This();
const std = @import("std");
const raw = @import("c.zig");
const errors = @import("errors.zig");
const CancelToken = @import("CancelToken.zig");
const Diagnostics = @import("Diagnostics.zig");
const fields = @import("fields.zig");
const c = raw.c;

handle: *c.hs_limiter,

/// What each bucket begins with. 0 is the default at each field but `limit`. Durations are milliseconds.
pub const Options = struct {
    /// How many tokens come in a period. At least 1.
    limit: u32,
    /// Default 60,000.
    period_ms: u64 = 0,
    mode: Mode = .default,
    /// How much longer than the period a sliding log remembers. Default 50.
    window_margin_ms: u64 = 0,
    /// How many tokens there are after a rest. Default 10, or a hundredth of `limit`; not for a sliding log.
    burst: u32 = 0,
    /// How many may wait for one bucket. Default 1,000.
    max_waiting: u32 = 0,
    /// How many buckets there may be. Default 1,024.
    max_keys: u32 = 0,
    /// What servers say of their limits changes nothing.
    deaf: bool = false,
    /// How `reset_header` is written.
    reset_format: ResetFormat = .auto,
    /// In place of `X-RateLimit-Limit`, `X-RateLimit-Remaining` and `X-RateLimit-Reset`.
    limit_header: []const u8 = "",
    remaining_header: []const u8 = "",
    reset_header: []const u8 = "",
    /// For how long a 429 holds a bucket that does not say for how long. Default 1,000.
    throttle_ms: u64 = 0,
    diagnostics: ?*Diagnostics = null,
};

/// How it counts.
pub const Mode = enum(u32) {
    /// A sliding log up to a limit of 10,000 and without `burst`, else `.window_safe`.
    default = c.HS_LIMITER_DEFAULT,
    /// Tokens that come evenly, `burst` of them at once after a rest.
    gcra = c.HS_LIMITER_GCRA,
    /// The same, lower by so much that no period has more than `limit`.
    window_safe = c.HS_LIMITER_WINDOW_SAFE,
    /// The whole limit in any period of that length, and never more.
    sliding_log = c.HS_LIMITER_SLIDING_LOG,
};

/// How servers write when a limit is whole again.
pub const ResetFormat = enum(u32) {
    auto = c.HS_RESET_AUTO,
    epoch_seconds = c.HS_RESET_EPOCH_SECONDS,
    epoch_milliseconds = c.HS_RESET_EPOCH_MILLISECONDS,
    delta_seconds = c.HS_RESET_DELTA_SECONDS,
    delta_milliseconds = c.HS_RESET_DELTA_MILLISECONDS,
    timestamp = c.HS_RESET_TIMESTAMP,
};

/// A bucket at a moment. Durations are milliseconds.
pub const Status = struct {
    /// Its quota's limit.
    limit: u32,
    /// How many tokens could be taken now; 0 while somebody waits or it is held.
    remaining: u64,
    /// How many wait.
    waiting: u64,
    /// How long one more would wait.
    next_ms: u64,
    /// How long nothing may be sent at all; `infinite` for a hold without end.
    hold_ms: u64,
    /// In how much time the quota that the server told of is whole again; 0 where it told of none.
    learned_reset_ms: u64,
    /// What is left of that; null where it told of none.
    learned_remaining: ?u64,
    /// What was let through by now, by cost.
    admitted: u64,
};

/// What was let through, for `refund` and `learn`. A plain value.
pub const Ticket = c.hs_ticket;

/// Of a wait for a token.
pub const AcquireOptions = struct {
    /// How many tokens; 0: one.
    cost: u32 = 0,
    /// 0 is 30 seconds, `infinite` as long as it takes.
    timeout_ms: u64 = 0,
    cancel: ?CancelToken = null,
    diagnostics: ?*Diagnostics = null,
};

/// Errors: `InvalidArgument`, `InvalidHeader`, `TooManyHandles`.
pub fn init(options: Options) errors.Error!RateLimiter {
    var native = raw.sized(c.hs_limiter_options);
    inline for (.{
        "limit", "period_ms", "window_margin_ms", "burst", "max_waiting", "max_keys", "throttle_ms",
    }) |name| @field(native, name) = @field(options, name);
    native.mode = @intFromEnum(options.mode);
    native.reset_format = @intFromEnum(options.reset_format);
    native.flags = if (options.deaf) c.HS_LIMITER_DEAF else 0;
    native.limit_header = raw.str(options.limit_header);
    native.remaining_header = raw.str(options.remaining_header);
    native.reset_header = raw.str(options.reset_header);
    return fromNative(&native, options.diagnostics);
}

/// The same from the C struct, for what `Options` has no field for.
pub fn fromNative(native: *const c.hs_limiter_options, diagnostics: ?*Diagnostics) errors.Error!RateLimiter {
    var handle: ?*c.hs_limiter = null;
    var failure: ?*c.hs_error = null;
    const status = c.hs_limiter_new(native, &handle, &failure);
    if (status != c.HS_OK) return Diagnostics.take(diagnostics, status, failure);
    return .{ .handle = handle.? };
}

/// Any thread. Clients that have it keep it.
pub fn deinit(limiter: RateLimiter) void {
    const status = c.hs_limiter_free(limiter.handle);
    if (std.debug.runtime_safety and status == c.HS_ERR_INVALID_HANDLE) @panic("RateLimiter.deinit: it was freed before");
}

/// Takes from the bucket `key` (UTF-8, 1 to 1,024 bytes), waiting in its queue: it blocks the calling thread. Errors:
/// `RateLimited` (it would take too long), `RateNeverFits`, `Canceled`, `InvalidArgument`.
pub fn acquire(limiter: RateLimiter, key: []const u8, options: AcquireOptions) errors.Error!Ticket {
    var ticket = std.mem.zeroes(Ticket);
    var failure: ?*c.hs_error = null;
    const cancel = if (options.cancel) |cancel| cancel.handle else null;
    const to = raw.str(key);
    const status = c.hs_limiter_acquire(limiter.handle, to, options.cost, options.timeout_ms, cancel, &ticket, &failure);
    if (status != c.HS_OK) return Diagnostics.take(options.diagnostics, status, failure);
    return ticket;
}

/// The same without waiting: the tokens are there and nobody waits for them, or it is refused.
pub fn tryAcquire(limiter: RateLimiter, key: []const u8, cost: u32) errors.Error!Ticket {
    var ticket = std.mem.zeroes(Ticket);
    try errors.check(c.hs_limiter_try_acquire(limiter.handle, raw.str(key), cost, &ticket, null));
    return ticket;
}

/// Gives back what was taken for a request that was not sent.
pub fn refund(limiter: RateLimiter, key: []const u8, ticket: *Ticket) errors.Error!void {
    try errors.check(c.hs_limiter_refund(limiter.handle, raw.str(key), ticket, null));
}

/// Changes the quota of one bucket. 0 is the default at `period_ms` and `burst`.
pub fn setQuota(limiter: RateLimiter, key: []const u8, limit: u32, period_ms: u64, burst: u32) errors.Error!void {
    try errors.check(c.hs_limiter_set_quota(limiter.handle, raw.str(key), limit, period_ms, burst, null));
}

/// Lets nothing through for so long; `infinite`: until it is released. 0 releases every hold.
pub fn hold(limiter: RateLimiter, key: []const u8, duration_ms: u64) errors.Error!void {
    try errors.check(c.hs_limiter_hold(limiter.handle, raw.str(key), duration_ms));
}

/// Tells a bucket of a response that came on another way than through a client that has it. At most 100 fields are
/// looked at.
pub fn learn(
    limiter: RateLimiter,
    key: []const u8,
    ticket: ?*const Ticket,
    status: std.http.Status,
    headers: []const std.http.Header,
) errors.Error!void {
    var native: [100]c.hs_header = undefined;
    const seen = headers[0..@min(headers.len, native.len)];
    fields.copy(native[0..seen.len], seen, &.{}, &.{});
    const number: u32 = @intFromEnum(status);
    try errors.check(c.hs_limiter_learn(limiter.handle, raw.str(key), ticket, number, &native, seen.len, null));
}

/// What a bucket is like at this moment. Errors: `InvalidArgument` (the key).
pub fn getRateLimitStatus(limiter: RateLimiter, key: []const u8) errors.Error!Status {
    var info = raw.sized(c.hs_limiter_info);
    try errors.check(c.hs_limiter_state(limiter.handle, raw.str(key), &info));
    return .{
        .limit = info.limit,
        .remaining = info.remaining,
        .waiting = info.waiting,
        .next_ms = info.next_ms,
        .hold_ms = info.hold_ms,
        .learned_reset_ms = info.learned_reset_ms,
        .learned_remaining = if (info.learned_remaining == raw.infinite) null else info.learned_remaining,
        .admitted = info.admitted,
    };
}
