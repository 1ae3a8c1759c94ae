//! What the clients of an account share: one limiter, with a bucket for trading and one for market data. It learns from
//! what the broker says of its limits. A plain value for any number of threads: copy it freely, `deinit` it once, after
//! its clients.
//!
//!     const limits: AccountLimits = try .init(.{});
//!     var client = AlpacaClient.initWithOptions(allocator, key, secret, .paper, .{ .limits = .{ .shared = limits } });
const AccountLimits = @This();
const hs = @import("http_sentinel");

limiter: hs.RateLimiter,

pub const Options = struct {
    /// Requests in a period.
    limit: u32 = hs.c.HS_LIMIT_ALPACA,
    /// Of market data; 0: as `limit`.
    data_limit: u32 = 0,
    /// 0: a minute.
    period_ms: u64 = 0,
    /// How much longer than the period a request counts; 0: the library's.
    margin_ms: u64 = 0,
};

/// Where the limits of a client are.
pub const Choice = union(enum) {
    /// The client has its own.
    own: Options,
    /// It has those of other clients too.
    shared: AccountLimits,
    none,
};

pub fn init(options: Options) hs.Error!AccountLimits {
    const limiter: hs.RateLimiter = try .init(.{
        .limit = options.limit,
        .period_ms = options.period_ms,
        .window_margin_ms = options.margin_ms,
    });
    errdefer limiter.deinit();
    if (options.data_limit > 0) try limiter.setQuota("data", options.data_limit, options.period_ms, 0);
    return .{ .limiter = limiter };
}

pub fn deinit(limits: AccountLimits) void {
    limits.limiter.deinit();
}
