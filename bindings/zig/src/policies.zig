//! What decides over the attempts of a call. 0 and null are the defaults everywhere.
const std = @import("std");
const raw = @import("c.zig");
const CircuitBreaker = @import("CircuitBreaker.zig");
const RateLimiter = @import("RateLimiter.zig");
const Budget = @import("Budget.zig");
const Bulkhead = @import("Bulkhead.zig");
const c = raw.c;

/// When an attempt is followed by another. Durations are milliseconds; 0 is the default at each.
pub const Retry = struct {
    /// The first one included; 1 is no retries. Default 3; at most 100.
    max_attempts: u32 = 0,
    /// The base of the back-off after a passing failure. Default 100.
    base_delay_ms: u64 = 0,
    /// The base where the server says that it is asked too much (429). Default 1,000.
    throttle_delay_ms: u64 = 0,
    /// No wait is longer, unless the server asks for it. Default 20,000.
    max_delay_ms: u64 = 0,
    /// The longest wait that a server may ask for (`Retry-After`). Default 60,000.
    retry_after_max_ms: u64 = 0,
    /// Statuses from 400 to 599 that are retried instead of 408, 425, 429, 500, 502, 503 and 504; at most 200.
    statuses: []const u16 = &.{},
    /// A server that asks to wait longer than `retry_after_max_ms` is waited for that long, instead of not at all.
    clamp_retry_after: bool = false,
    /// A 429 says that the request may have been carried out, so only what may be repeated is sent again.
    processed_429: bool = false,
    /// Where the circuit breaker is open its next probe is waited for.
    retry_on_open: bool = false,
    /// 520 to 524 are retried too.
    retry_520_to_524: bool = false,

    /// The C struct; it borrows.
    pub fn native(retry: Retry) c.hs_retry_options {
        var options = raw.sized(c.hs_retry_options);
        options.max_attempts = retry.max_attempts;
        options.base_delay_ms = retry.base_delay_ms;
        options.throttle_delay_ms = retry.throttle_delay_ms;
        options.max_delay_ms = retry.max_delay_ms;
        options.retry_after_max_ms = retry.retry_after_max_ms;
        options.statuses = if (retry.statuses.len == 0) null else retry.statuses.ptr;
        options.status_count = retry.statuses.len;
        if (retry.clamp_retry_after) options.flags |= c.HS_RETRY_CLAMP_RETRY_AFTER;
        if (retry.processed_429) options.flags |= c.HS_RETRY_429_PROCESSED;
        if (retry.retry_on_open) options.flags |= c.HS_RETRY_ON_OPEN;
        if (retry.retry_520_to_524) options.flags |= c.HS_RETRY_520_TO_524;
        return options;
    }
};

/// A second request beside one that takes long; see `hs_hedge_options` in the C header.
pub const Hedge = struct {
    /// How many beside the first. Default 1; at most 3.
    max_hedges: u32 = 0,
    /// After how long each is sent, in milliseconds. 0: what 95 of 100 requests to the origin take.
    delay_ms: u64 = 0,
};

/// What a request takes from a rate limiter.
pub const Bucket = struct {
    limiter: RateLimiter,
    /// UTF-8, at most 1,024 bytes. Empty: the origin of each exchange (of a client), "*" (of a retry engine).
    key: []const u8 = "",
    /// How many tokens; 0: one.
    cost: u32 = 0,
};

/// The most buckets that a call takes from.
pub const max_buckets = 16;

/// Of a client, what its calls go by; of a request, what it goes by instead, field by field.
pub const Policies = struct {
    retry: ?Retry = null,
    hedge: ?Hedge = null,
    /// How many retries there may be. Null: the client has one of its own.
    budget: ?Budget = null,
    circuit_breaker: ?CircuitBreaker = null,
    /// Empty: the origin of each exchange.
    circuit_breaker_key: []const u8 = "",
    /// At most `max_buckets`.
    rate_limits: []const Bucket = &.{},
    bulkhead: ?Bulkhead = null,
    /// Empty: the origin of each exchange.
    bulkhead_key: []const u8 = "",
    /// Of a request: without what the client has.
    without: Without = .{},

    /// What of the client's is left out.
    pub const Without = struct {
        hedge: bool = false,
        circuit_breaker: bool = false,
        rate_limits: bool = false,
        bulkhead: bool = false,
    };
};

/// The C structs of `Policies`, which point to each other.
pub const Native = struct {
    policies: c.hs_policies,
    retry: c.hs_retry_options,
    hedge: c.hs_hedge_options,
    buckets: [max_buckets]c.hs_bucket,

    /// Borrows what `from` points to; `native` must stay where it is. More than `max_buckets` are refused.
    pub fn fill(native: *Native, from: Policies) error{InvalidArgument}!void {
        native.policies = raw.sized(c.hs_policies);
        const policies = &native.policies;
        if (from.retry) |retry| {
            native.retry = retry.native();
            policies.retry = &native.retry;
        }
        if (from.hedge) |hedge| {
            native.hedge = raw.sized(c.hs_hedge_options);
            native.hedge.max_hedges = hedge.max_hedges;
            native.hedge.delay_ms = hedge.delay_ms;
            policies.hedge = &native.hedge;
        }
        policies.bucket_count = try fillBuckets(&native.buckets, from.rate_limits);
        policies.buckets = &native.buckets;
        if (from.budget) |budget| policies.budget = budget.handle;
        if (from.circuit_breaker) |breaker| policies.breaker = breaker.handle;
        policies.breaker_key = raw.str(from.circuit_breaker_key);
        if (from.bulkhead) |bulkhead| policies.bulkhead = bulkhead.handle;
        policies.bulkhead_key = raw.str(from.bulkhead_key);
        if (from.without.hedge) policies.flags |= c.HS_NO_HEDGE;
        if (from.without.circuit_breaker) policies.flags |= c.HS_NO_BREAKER;
        if (from.without.rate_limits) policies.flags |= c.HS_NO_LIMITER;
        if (from.without.bulkhead) policies.flags |= c.HS_NO_BULKHEAD;
    }
};

/// Borrows; says how many there are.
pub fn fillBuckets(to: *[max_buckets]c.hs_bucket, from: []const Bucket) error{InvalidArgument}!usize {
    if (from.len > max_buckets) return error.InvalidArgument;
    for (from, to[0..from.len]) |bucket, *native| {
        native.* = .{ .limiter = bucket.limiter.handle, .key = raw.str(bucket.key), .cost = bucket.cost, .reserved = 0 };
    }
    return from.len;
}
