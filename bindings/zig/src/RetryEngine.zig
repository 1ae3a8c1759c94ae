//! Retries any Zig function that returns an error union, by the rules that the library retries requests by: attempts,
//! back-off with full jitter, `Retry-After`, a retry budget, and whoever else is asked (circuit breaker, rate limiters,
//! bulkhead). Any number of threads may use one engine at once.
//!
//!     var engine = RetryEngine.init(allocator, .{ .max_attempts = 3, .base_delay_ms = 100 });
//!     defer engine.deinit();
//!     const response = try engine.execute(Response, &client, getClock, null);
//!     defer response.deinit();
//!
//!     fn getClock(client: *HttpClient) !Response {
//!         return client.get("https://api.example/v1/clock", &.{});
//!     }
//!
//! What is tried again, unless a predicate decides: errors of this package and statuses of responses as the library does
//! it for requests; errors of others, always; `error.Canceled`, never. Within an attempt a client makes one attempt of
//! its own, unless its request names `max_attempts`. An attempt that has sent a request which must not happen twice (a
//! POST that may have arrived) is the last one, unless the engine's or the request's options say `.idempotent`.
const RetryEngine = @This();
const std = @import("std");
const raw = @import("c.zig");
const errors = @import("errors.zig");
const policies = @import("policies.zig");
const tracking = @import("tracking.zig");
const Budget = @import("Budget.zig");
const Bulkhead = @import("Bulkhead.zig");
const CancelToken = @import("CancelToken.zig");
const CircuitBreaker = @import("CircuitBreaker.zig");
const Diagnostics = @import("Diagnostics.zig");
const RateLimiter = @import("RateLimiter.zig");
const Response = @import("Response.zig");
const c = raw.c;

allocator: std.mem.Allocator,
handle: ?*c.hs_retry,
/// Why there is no handle.
broken: ?errors.Error,
key: []const u8,
circuit_breaker: ?CircuitBreaker,
rate_limiter: ?RateLimiter,
rate_limit_key: []const u8,
processed_429: bool,
idempotent: bool,

/// 0 is the default at each field. Durations are milliseconds.
pub const Options = struct {
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
    /// All attempts and waits together. Default 30,000; `infinite` is no limit. It does not interrupt an attempt.
    timeout_ms: u64 = 0,
    /// Statuses from 400 to 599 that are retried instead of 408, 425, 429, 500, 502, 503 and 504; at most 200.
    statuses: []const u16 = &.{},
    clamp_retry_after: bool = false,
    processed_429: bool = false,
    retry_on_open: bool = false,
    retry_520_to_524: bool = false,
    /// Doing the work twice does no harm, whatever it sends.
    idempotent: bool = false,
    /// What budget, breaker and bulkhead are asked by: UTF-8, at most 1,024 bytes. Empty: "*".
    key: []const u8 = "",
    /// Null: one of its own.
    budget: ?Budget = null,
    circuit_breaker: ?CircuitBreaker = null,
    /// What each attempt takes from, all or nothing; at most 16.
    rate_limits: []const policies.Bucket = &.{},
    bulkhead: ?Bulkhead = null,
    /// Is told why `execute` fails with what `init` could not say.
    diagnostics: ?*Diagnostics = null,
};

/// What a function with a second parameter of this type is told.
pub const Attempt = struct {
    /// From 1.
    number: u32,
    /// How long it may take, in milliseconds; `infinite`: no limit. For the timeouts of what it calls.
    left_ms: u64,
    /// How long was waited before it.
    waited_ns: u64,
};

/// What became of a run.
pub const Report = struct {
    /// How many attempts there were; one that was not let through is one, too.
    attempts: u32 = 0,
    /// Why there was no further one.
    stop_reason: Diagnostics.StopReason = .ok,
    elapsed_ns: u64 = 0,
    /// How much of that was waits.
    waited_ns: u64 = 0,
};

/// Of one run.
pub const ExecuteOptions = struct {
    /// Ends a wait within 5 ms, with `error.Canceled`; it does not interrupt an attempt.
    cancel: ?CancelToken = null,
    /// Is filled whatever comes of it.
    report: ?*Report = null,
    /// Is told of errors of the engine itself (`BreakerOpen`, `RateLimited`, …), and left alone otherwise.
    diagnostics: ?*Diagnostics = null,
};

/// Decides whether to try again after an attempt that failed, or whose response has a status of 400 or more, as far as
/// attempts, time and budget go. The response is borrowed.
pub fn Predicate(comptime ReturnType: type) type {
    return *const fn (result: anyerror!ReturnType) bool;
}

/// Options that are wrong show in `execute`. Nothing of them is needed afterwards, but what they name must not be freed
/// before it.
pub fn init(allocator: std.mem.Allocator, options: Options) RetryEngine {
    var engine: RetryEngine = .{
        .allocator = allocator,
        .handle = null,
        .broken = null,
        .key = "",
        .circuit_breaker = options.circuit_breaker,
        .rate_limiter = if (options.rate_limits.len > 0) options.rate_limits[0].limiter else null,
        .rate_limit_key = "",
        .processed_429 = options.processed_429,
        .idempotent = options.idempotent,
    };
    engine.make(options) catch |err| {
        engine.broken = err;
    };
    return engine;
}

/// Runs that are under way go on. What it holds of Zig's memory are copies of keys.
pub fn deinit(engine: *RetryEngine) void {
    _ = c.hs_retry_free(engine.handle);
    engine.allocator.free(engine.key);
    engine.allocator.free(engine.rate_limit_key);
    engine.handle = null;
    engine.key = "";
    engine.rate_limit_key = "";
    engine.broken = error.InvalidHandle;
}

fn make(engine: *RetryEngine, options: Options) errors.Error!void {
    const diagnostics = options.diagnostics;
    const retry: policies.Retry = .{
        .max_attempts = options.max_attempts,
        .base_delay_ms = options.base_delay_ms,
        .throttle_delay_ms = options.throttle_delay_ms,
        .max_delay_ms = options.max_delay_ms,
        .retry_after_max_ms = options.retry_after_max_ms,
        .statuses = options.statuses,
        .clamp_retry_after = options.clamp_retry_after,
        .processed_429 = options.processed_429,
        .retry_on_open = options.retry_on_open,
        .retry_520_to_524 = options.retry_520_to_524,
    };
    const native = retry.native();
    var around = raw.sized(c.hs_retry_policies);
    // What may not be repeated is stopped attempt by attempt: see `execute`.
    around.flags = c.HS_IDEMPOTENT;
    around.key = raw.str(options.key);
    around.timeout_ms = options.timeout_ms;
    if (options.budget) |budget| around.budget = budget.handle;
    if (options.circuit_breaker) |breaker| around.breaker = breaker.handle;
    if (options.bulkhead) |bulkhead| around.bulkhead = bulkhead.handle;
    var buckets: [policies.max_buckets]c.hs_bucket = undefined;
    around.bucket_count = policies.fillBuckets(&buckets, options.rate_limits) catch |err|
        return Diagnostics.put(diagnostics, err, "rate_limits has more than 16 buckets");
    for (buckets[0..around.bucket_count]) |*bucket| {
        if (bucket.key.len == 0) bucket.key = raw.str("*");
    }
    around.buckets = &buckets;
    engine.key = try engine.allocator.dupe(u8, options.key);
    if (options.rate_limits.len > 0) {
        engine.rate_limit_key = try engine.allocator.dupe(u8, options.rate_limits[0].key);
    }
    var failure: ?*c.hs_error = null;
    const status = c.hs_retry_new(&native, &around, &engine.handle, &failure);
    if (status != c.HS_OK) return Diagnostics.take(diagnostics, status, failure);
}

/// Calls `func(context)` until it succeeds or nothing more is to be done, with waits in between, and returns what it
/// returned last. It blocks the calling thread. `func` may have a second parameter, an `Attempt`.
///
/// Where `ReturnType` is `Response`, its status and `Retry-After` count; the responses of attempts that are followed by
/// another are freed, and the last one is returned, a 503 too. `predicate` null is the default.
///
/// Errors: those of `func`; `Canceled`, `Timeout`, `BreakerOpen`, `RateLimited`, `RateNeverFits`, `BulkheadFull` of the
/// engine; `InvalidArgument` and the like where its options were wrong.
pub fn execute(
    engine: *RetryEngine,
    comptime ReturnType: type,
    context: anytype,
    comptime func: anytype,
    predicate: ?Predicate(ReturnType),
) (errors.Error || ErrorsOf(func))!ReturnType {
    return engine.executeWithOptions(ReturnType, context, func, predicate, .{});
}

/// The same, with a cancel, a report of the run, and details of the engine's own errors.
pub fn executeWithOptions(
    engine: *RetryEngine,
    comptime ReturnType: type,
    context: anytype,
    comptime func: anytype,
    predicate: ?Predicate(ReturnType),
    options: ExecuteOptions,
) (errors.Error || ErrorsOf(func))!ReturnType {
    if (engine.broken) |err| return err;
    const Frame = FrameOf(ReturnType, func);
    var frame: Frame = .{ .engine = engine, .context = context, .predicate = predicate };
    var report = raw.sized(c.hs_retry_report);
    var failure: ?*c.hs_error = null;
    defer _ = c.hs_error_free(failure);
    const cancel = if (options.cancel) |token| token.handle else null;
    const decide = if (predicate == null) null else &Frame.decide;
    const status = c.hs_retry_run(engine.handle, Frame.attempt, &frame, decide, cancel, &report, &failure);
    if (options.report) |to| to.* = .{
        .attempts = report.attempts,
        .stop_reason = if (frame.spent and report.stop_reason == c.HS_STOP_COMMITTED) .not_idempotent else @enumFromInt(report.stop_reason),
        .elapsed_ns = report.elapsed_ns,
        .waited_ns = report.waited_ns,
    };
    if (frame.result) |result| {
        if (frame.code == status) return result;
        frame.discard();
    }
    const own = failure;
    failure = null;
    return Diagnostics.take(options.diagnostics, status, own);
}

/// The circuit of its key; null where it has no breaker.
pub fn getCircuitBreakerStatus(engine: *const RetryEngine) errors.Error!?CircuitBreaker.Status {
    const breaker = engine.circuit_breaker orelse return null;
    return try breaker.getCircuitBreakerStatus(if (engine.key.len == 0) "*" else engine.key);
}

/// The first of its buckets; null where it has none.
pub fn getRateLimitStatus(engine: *const RetryEngine) errors.Error!?RateLimiter.Status {
    const limiter = engine.rate_limiter orelse return null;
    return try limiter.getRateLimitStatus(if (engine.rate_limit_key.len == 0) "*" else engine.rate_limit_key);
}

fn ErrorsOf(comptime func: anytype) type {
    return @typeInfo(@typeInfo(@TypeOf(func)).@"fn".return_type.?).error_union.error_set;
}

/// The code that stands for an error of others: a failure that another attempt may mend.
const of_others = 1;

/// One run, as the C function sees it.
fn FrameOf(comptime T: type, comptime func: anytype) type {
    const Arguments = std.meta.ArgsTuple(@TypeOf(func));
    const Context = @TypeOf(@as(Arguments, undefined)[0]);
    return struct {
        engine: *const RetryEngine,
        context: Context,
        predicate: ?Predicate(T),
        /// Of the last attempt, and what was said of it.
        result: ?(ErrorsOf(func)!T) = null,
        code: i32 = 0,
        spent: bool = false,

        const Frame = @This();

        fn attempt(user_data: ?*anyopaque, native: [*c]c.hs_attempt_context) callconv(.c) i32 {
            const frame: *Frame = @ptrCast(@alignCast(user_data.?));
            frame.discard();
            var tracker: tracking.Tracker = .{ .processed_429 = frame.engine.processed_429 };
            tracker.begin();
            const result = frame.run(native);
            tracker.end();
            frame.result = result;
            frame.spent = tracker.spent and !frame.engine.idempotent;
            if (frame.spent) native.*.flags |= c.HS_ATTEMPT_COMMITTED;
            frame.code = if (result) |value| answered(native, value) else |err| failed(native, err, &tracker);
            return frame.code;
        }

        fn run(frame: *Frame, native: [*c]c.hs_attempt_context) ErrorsOf(func)!T {
            if (@as(Arguments, undefined).len == 1) return func(frame.context);
            const attempt_: Attempt = .{
                .number = native.*.number,
                .left_ms = native.*.left_ms,
                .waited_ns = native.*.waited_ns,
            };
            return func(frame.context, attempt_);
        }

        fn answered(native: [*c]c.hs_attempt_context, value: T) i32 {
            if (T != Response) return c.HS_OK;
            const asked = value.metrics().retry_after_ms;
            native.*.http_status = @intFromEnum(value.status);
            native.*.request_sent = c.HS_SENT_YES;
            if (asked != 0) native.*.retry_after_ms = asked;
            return c.HS_OK;
        }

        fn failed(native: [*c]c.hs_attempt_context, err: anyerror, tracker: *const tracking.Tracker) i32 {
            if (err == error.Canceled) return c.HS_ERR_CANCELLED;
            const known = tracker.err orelse return of_others;
            if (known != err) return of_others;
            native.*.request_sent = tracker.request_sent;
            native.*.retry_after_ms = tracker.retry_after_ms;
            return tracker.status;
        }

        fn decide(user_data: ?*anyopaque, _: i32, _: [*c]const c.hs_attempt_context) callconv(.c) i32 {
            const frame: *Frame = @ptrCast(@alignCast(user_data.?));
            const result: anyerror!T = if (frame.result.?) |value| value else |err| err;
            return @intFromBool(frame.predicate.?(result));
        }

        /// Frees the response that nobody gets.
        fn discard(frame: *Frame) void {
            const result = frame.result orelse return;
            frame.result = null;
            if (T == Response) {
                const response = result catch return;
                response.deinit();
            }
        }
    };
}
