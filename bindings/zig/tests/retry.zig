//! RetryEngine, CircuitBreaker, RateLimiter, Budget, Bulkhead.
const std = @import("std");
const hs = @import("http_sentinel");
const server = @import("server.zig");
const testing = std.testing;
const HttpClient = hs.HttpClient;
const Response = hs.Response;
const RetryEngine = hs.RetryEngine;

const quick: RetryEngine.Options = .{ .max_attempts = 3, .base_delay_ms = 1, .max_delay_ms = 10 };

const Get = struct {
    client: *HttpClient,
    url: []const u8,

    fn doRequest(get: @This()) !Response {
        return get.client.get(get.url, &.{});
    }
};

const Post = struct {
    client: *HttpClient,
    url: []const u8,
    options: hs.RequestOptions = .{},

    fn doRequest(post: @This()) !Response {
        return post.client.postWithOptions(post.url, &.{}, "order", post.options);
    }
};

test "a 503 is tried again, and the last response is the caller's" {
    var client = try HttpClient.initWithOptions(testing.allocator, .{ .max_attempts = 1 });
    defer client.deinit();
    var engine = RetryEngine.init(testing.allocator, quick);
    defer engine.deinit();
    var report: RetryEngine.Report = .{};
    const healed: Get = .{ .client = &client, .url = server.http("/flaky/zig-healed?fail=2&status=503") };
    const response = try engine.executeWithOptions(Response, healed, Get.doRequest, null, .{ .report = &report });
    defer response.deinit();
    try testing.expectEqual(.ok, response.status);
    try testing.expectEqual(3, report.attempts);

    const broken: Get = .{ .client = &client, .url = server.http("/status/503") };
    const last = try engine.execute(Response, broken, Get.doRequest, null);
    defer last.deinit();
    try testing.expectEqual(.service_unavailable, last.status);
    const missing: Get = .{ .client = &client, .url = server.http("/status/404") };
    const final = try engine.executeWithOptions(Response, missing, Get.doRequest, null, .{ .report = &report });
    defer final.deinit();
    try testing.expectEqual(1, report.attempts);
}

test "errors of a client: what cannot work is not tried again, what might is" {
    var client = try HttpClient.initWithOptions(testing.allocator, .{ .max_attempts = 1 });
    defer client.deinit();
    var engine = RetryEngine.init(testing.allocator, quick);
    defer engine.deinit();
    var report: RetryEngine.Report = .{};
    const refused: Get = .{ .client = &client, .url = "http://127.0.0.1:1/" };
    try testing.expectError(error.ConnectFailed, engine.executeWithOptions(Response, refused, Get.doRequest, null, .{ .report = &report }));
    try testing.expectEqual(3, report.attempts);
    try testing.expectEqual(.attempts, report.stop_reason);
    const malformed: Get = .{ .client = &client, .url = "http://" };
    try testing.expectError(error.InvalidUrl, engine.executeWithOptions(Response, malformed, Get.doRequest, null, .{ .report = &report }));
    try testing.expectEqual(1, report.attempts);
    try testing.expectEqual(.terminal, report.stop_reason);
}

fn requestsOf(client: *HttpClient, comptime key: []const u8) !u64 {
    const response = try client.get(server.http("/counters/" ++ key), &.{});
    defer response.deinit();
    const parsed = try response.json(struct { count: u64 });
    defer parsed.deinit();
    return parsed.value.count;
}

test "what may have been done is not done again, unless that does no harm" {
    var client = try HttpClient.initWithOptions(testing.allocator, .{ .max_attempts = 1 });
    defer client.deinit();
    var engine = RetryEngine.init(testing.allocator, quick);
    defer engine.deinit();
    var report: RetryEngine.Report = .{};
    var diagnostics: hs.Diagnostics = .{};
    defer diagnostics.deinit();

    var order: Post = .{ .client = &client, .url = server.script("/close-after-request?key=zig-order"), .options = .{ .diagnostics = &diagnostics } };
    try testing.expectError(error.ConnectionClosed, engine.executeWithOptions(Response, order, Post.doRequest, null, .{ .report = &report }));
    try testing.expectEqual(1, report.attempts);
    try testing.expectEqual(.not_idempotent, report.stop_reason);
    try testing.expectEqual(.maybe, diagnostics.request_sent);
    try testing.expectEqual(1, try requestsOf(&client, "zig-order"));

    order.url = server.script("/close-after-request?key=zig-order-twice");
    order.options.idempotent = true;
    try testing.expectError(error.ConnectionClosed, engine.executeWithOptions(Response, order, Post.doRequest, null, .{ .report = &report }));
    try testing.expectEqual(3, report.attempts);
    try testing.expectEqual(3, try requestsOf(&client, "zig-order-twice"));

    // Nor after an answer that does not say that it was not done, whatever the function makes of it.
    const Later = struct {
        client: *HttpClient,
        fn run(later: @This()) !u8 {
            const response = try later.client.post(server.http("/count/zig-later"), &.{}, "order");
            response.deinit();
            return error.NotWhatWasExpected;
        }
    };
    try testing.expectError(error.NotWhatWasExpected, engine.execute(u8, Later{ .client = &client }, Later.run, null));
    try testing.expectEqual(1, try requestsOf(&client, "zig-later"));
    var harmless = RetryEngine.init(testing.allocator, .{ .max_attempts = 2, .base_delay_ms = 1, .idempotent = true });
    defer harmless.deinit();
    try testing.expectError(error.NotWhatWasExpected, harmless.execute(u8, Later{ .client = &client }, Later.run, null));
    try testing.expectEqual(3, try requestsOf(&client, "zig-later"));
}

test "a POST that was refused with 429 is sent again" {
    var client = try HttpClient.initWithOptions(testing.allocator, .{ .max_attempts = 1 });
    defer client.deinit();
    var engine = RetryEngine.init(testing.allocator, .{ .max_attempts = 2, .throttle_delay_ms = 1, .max_delay_ms = 10 });
    defer engine.deinit();
    const order: Post = .{ .client = &client, .url = server.http("/flaky/zig-429?fail=1&status=429"), .options = .{ .max_attempts = 1 } };
    const response = try engine.execute(Response, order, Post.doRequest, null);
    defer response.deinit();
    try testing.expectEqual(.ok, response.status);
}

test "a DELETE that must not be done twice, and a client's own attempts" {
    var client = try HttpClient.init(testing.allocator);
    defer client.deinit();
    var engine = RetryEngine.init(testing.allocator, quick);
    defer engine.deinit();
    const Sell = struct {
        client: *HttpClient,
        url: []const u8,
        twice: bool,
        fn run(sell: @This()) !Response {
            return sell.client.deleteWithOptions(sell.url, &.{}, .{ .not_idempotent = !sell.twice });
        }
    };
    const once: Sell = .{ .client = &client, .url = server.script("/close-after-request?key=zig-sell"), .twice = false };
    try testing.expectError(error.ConnectionClosed, engine.execute(Response, once, Sell.run, null));
    try testing.expectEqual(1, try requestsOf(&client, "zig-sell"));
    // Attempts are not multiplied: in one of the engine's a client makes one.
    const again: Sell = .{ .client = &client, .url = server.script("/close-after-request?key=zig-sell-more"), .twice = true };
    try testing.expectError(error.ConnectionClosed, engine.execute(Response, again, Sell.run, null));
    try testing.expectEqual(3, try requestsOf(&client, "zig-sell-more"));
}

test "any function: errors of others are tried again, values are returned, the second parameter is the attempt" {
    var engine = RetryEngine.init(testing.allocator, quick);
    defer engine.deinit();
    const Work = struct {
        var calls: u32 = 0;
        fn thirdTime(limit: u32, attempt: RetryEngine.Attempt) error{NotYet}!u32 {
            calls += 1;
            std.debug.assert(attempt.number == calls and attempt.left_ms <= 30_000);
            return if (attempt.number < limit) error.NotYet else attempt.number;
        }
        fn stopped(_: void) !void {
            calls += 1;
            return error.Canceled;
        }
    };
    try testing.expectEqual(3, try engine.execute(u32, 3, Work.thirdTime, null));
    Work.calls = 0;
    try testing.expectError(error.NotYet, engine.execute(u32, 4, Work.thirdTime, null));
    Work.calls = 0;
    try testing.expectError(error.Canceled, engine.execute(void, {}, Work.stopped, null));
    try testing.expectEqual(1, Work.calls);
}

test "a predicate decides instead, for errors and for statuses" {
    var client = try HttpClient.init(testing.allocator);
    defer client.deinit();
    var engine = RetryEngine.init(testing.allocator, quick);
    defer engine.deinit();
    var report: RetryEngine.Report = .{};
    const Decide = struct {
        fn never(_: anyerror!Response) bool {
            return false;
        }
        fn missing(result: anyerror!Response) bool {
            const response = result catch return false;
            return response.status == .not_found;
        }
        fn refused(result: anyerror!Response) bool {
            _ = result catch |err| return err == error.InvalidUrl;
            return false;
        }
    };
    const broken: Get = .{ .client = &client, .url = server.http("/status/503") };
    const first = try engine.executeWithOptions(Response, broken, Get.doRequest, Decide.never, .{ .report = &report });
    first.deinit();
    try testing.expectEqual(1, report.attempts);
    const missing: Get = .{ .client = &client, .url = server.http("/status/404") };
    const third = try engine.executeWithOptions(Response, missing, Get.doRequest, Decide.missing, .{ .report = &report });
    third.deinit();
    try testing.expectEqual(3, report.attempts);
    const malformed: Get = .{ .client = &client, .url = "http://" };
    try testing.expectError(error.InvalidUrl, engine.executeWithOptions(Response, malformed, Get.doRequest, Decide.refused, .{ .report = &report }));
    try testing.expectEqual(3, report.attempts);
}

test "wrong options show in execute" {
    var diagnostics: hs.Diagnostics = .{};
    defer diagnostics.deinit();
    var engine = RetryEngine.init(testing.allocator, .{ .max_attempts = 1000, .diagnostics = &diagnostics });
    defer engine.deinit();
    const Work = struct {
        fn nothing(_: void) error{Never}!void {}
    };
    try testing.expectError(error.InvalidArgument, engine.execute(void, {}, Work.nothing, null));
    try testing.expect(std.mem.indexOf(u8, diagnostics.message, "max_attempts") != null);
}

test "the engine asks its breaker and its limiter" {
    const breaker: hs.CircuitBreaker = try .init(.{ .min_calls = 2, .window_calls = 10, .open_ms = 60_000 });
    defer breaker.deinit();
    const limiter: hs.RateLimiter = try .init(.{ .limit = 100 });
    defer limiter.deinit();
    var engine = RetryEngine.init(testing.allocator, .{
        .max_attempts = 1,
        .key = "broker",
        .circuit_breaker = breaker,
        .rate_limits = &.{.{ .limiter = limiter, .key = "account" }},
    });
    defer engine.deinit();
    const Work = struct {
        fn fail(_: void) error{Down}!void {
            return error.Down;
        }
    };
    try testing.expectEqual(.closed, (try engine.getCircuitBreakerStatus()).?.state);
    for (0..2) |_| try testing.expectError(error.Down, engine.execute(void, {}, Work.fail, null));
    var diagnostics: hs.Diagnostics = .{};
    defer diagnostics.deinit();
    try testing.expectError(error.BreakerOpen, engine.executeWithOptions(void, {}, Work.fail, null, .{ .diagnostics = &diagnostics }));
    try testing.expect(diagnostics.retry_after_ms > 0);
    const circuit = (try engine.getCircuitBreakerStatus()).?;
    try testing.expectEqual(.open, circuit.state);
    try testing.expectEqual(1, circuit.opened);
    const bucket = (try engine.getRateLimitStatus()).?;
    try testing.expectEqual(100, bucket.limit);
    try testing.expectEqual(98, bucket.remaining);
    try breaker.reset("broker");
    try testing.expectEqual(.closed, (try breaker.getCircuitBreakerStatus("broker")).state);

    var alone = RetryEngine.init(testing.allocator, .{});
    defer alone.deinit();
    try testing.expectEqual(null, try alone.getCircuitBreakerStatus());
    try testing.expectEqual(null, try alone.getRateLimitStatus());
}

test "an engine that may not try again says so, and frees the response that nobody gets" {
    var client = try HttpClient.init(testing.allocator);
    defer client.deinit();
    const breaker: hs.CircuitBreaker = try .init(.{ .min_calls = 1, .window_calls = 1, .open_ms = 60_000 });
    defer breaker.deinit();
    var engine = RetryEngine.init(testing.allocator, .{ .max_attempts = 3, .base_delay_ms = 1, .max_delay_ms = 10, .circuit_breaker = breaker });
    defer engine.deinit();
    var report: RetryEngine.Report = .{};
    const broken: Get = .{ .client = &client, .url = server.http("/status/503") };
    try testing.expectError(error.BreakerOpen, engine.executeWithOptions(Response, broken, Get.doRequest, null, .{ .report = &report }));
    try testing.expectEqual(.breaker_open, report.stop_reason);

    const token: hs.CancelToken = try .init();
    defer token.deinit();
    token.trigger();
    var canceled = RetryEngine.init(testing.allocator, quick);
    defer canceled.deinit();
    try testing.expectError(error.Canceled, canceled.executeWithOptions(Response, broken, Get.doRequest, null, .{ .cancel = token }));
}

test "a breaker by itself" {
    const breaker: hs.CircuitBreaker = try .init(.{ .min_calls = 1, .window_calls = 1 });
    defer breaker.deinit();
    try testing.expectEqual(.closed, (try breaker.getCircuitBreakerStatus("k")).state);
    var permit = try breaker.acquire("k");
    try breaker.record(&permit, .failure);
    try testing.expectError(error.BreakerOpen, breaker.acquire("k"));
    try breaker.forceClosed("k");
    var forced = try breaker.acquire("k");
    try breaker.record(&forced, .success);
    try testing.expectEqual(.forced_closed, (try breaker.getCircuitBreakerStatus("k")).state);
    try breaker.forceOpen("k", hs.infinite);
    try testing.expectEqual(hs.infinite, (try breaker.getCircuitBreakerStatus("k")).retry_after_ms);
    try breaker.metricsOnly("k");
    try testing.expectEqual(.metrics_only, (try breaker.getCircuitBreakerStatus("k")).state);
    try testing.expectError(error.InvalidArgument, breaker.acquire(""));
    try testing.expectError(error.InvalidArgument, hs.CircuitBreaker.init(.{ .failure_percent = 101 }));
}

test "a limiter by itself" {
    const limiter: hs.RateLimiter = try .init(.{ .limit = 2 });
    defer limiter.deinit();
    var ticket = try limiter.acquire("k", .{});
    _ = try limiter.tryAcquire("k", 0);
    try testing.expectError(error.RateLimited, limiter.tryAcquire("k", 1));
    var diagnostics: hs.Diagnostics = .{};
    defer diagnostics.deinit();
    try testing.expectError(error.RateLimited, limiter.acquire("k", .{ .timeout_ms = 1, .diagnostics = &diagnostics }));
    try testing.expect(diagnostics.message.len > 0);
    try testing.expectError(error.RateNeverFits, limiter.acquire("k", .{ .cost = 3 }));
    try limiter.refund("k", &ticket);
    try testing.expectEqual(1, (try limiter.getRateLimitStatus("k")).remaining);
    try limiter.setQuota("k", 10, 0, 0);
    try testing.expectEqual(10, (try limiter.getRateLimitStatus("k")).limit);
    try limiter.hold("k", hs.infinite);
    try testing.expectEqual(hs.infinite, (try limiter.getRateLimitStatus("k")).hold_ms);
    try limiter.hold("k", 0);
    try limiter.learn("k", null, .too_many_requests, &.{.{ .name = "Retry-After", .value = "30" }});
    const status = try limiter.getRateLimitStatus("k");
    try testing.expect(status.hold_ms > 20_000 and status.hold_ms <= 31_000);
    try testing.expectError(error.InvalidArgument, hs.RateLimiter.init(.{ .limit = 0 }));
}

test "a budget and a bulkhead by themselves" {
    const budget: hs.Budget = try .init(.{ .percent = 50, .no_minimum = true });
    defer budget.deinit();
    try budget.original("k");
    try budget.original("k");
    try testing.expect(try budget.withdraw("k"));
    try testing.expect(!try budget.withdraw("k"));
    try testing.expectEqual(hs.Budget.Status{ .originals = 2, .withdrawn = 1, .allowed = 1 }, try budget.getStatus("k"));

    const bulkhead: hs.Bulkhead = try .init(.{ .capacity = 1 });
    defer bulkhead.deinit();
    var permit = try bulkhead.acquire("k", 0, null);
    try testing.expectError(error.BulkheadFull, bulkhead.tryAcquire("k"));
    try testing.expectError(error.Timeout, bulkhead.acquire("k", 1, null));
    try testing.expectEqual(1, (try bulkhead.getStatus("k")).in_use);
    try bulkhead.release(&permit);
    try testing.expectError(error.InvalidArgument, bulkhead.release(&permit));
}

test "a client with all policies" {
    const breaker: hs.CircuitBreaker = try .init(.{ .min_calls = 1, .window_calls = 1 });
    defer breaker.deinit();
    const limiter: hs.RateLimiter = try .init(.{ .limit = 50 });
    defer limiter.deinit();
    const bulkhead: hs.Bulkhead = try .init(.{});
    defer bulkhead.deinit();
    const budget: hs.Budget = try .init(.{});
    defer budget.deinit();
    var client = try HttpClient.initWithOptions(testing.allocator, .{ .policies = .{
        .retry = .{ .max_attempts = 2, .base_delay_ms = 1 },
        .hedge = .{ .delay_ms = 5_000 },
        .budget = budget,
        .circuit_breaker = breaker,
        .circuit_breaker_key = "b",
        .rate_limits = &.{.{ .limiter = limiter, .key = "l" }},
        .bulkhead = bulkhead,
        .bulkhead_key = "s",
    } });
    defer client.deinit();
    const response = try client.get(server.http("/get"), &.{});
    response.deinit();
    try testing.expectEqual(49, (try limiter.getRateLimitStatus("l")).remaining);
    const broken = try client.getWithOptions(server.http("/status/500"), &.{}, .{ .max_attempts = 1 });
    broken.deinit();
    try testing.expectError(error.BreakerOpen, client.get(server.http("/get"), &.{}));
    const without: hs.RequestOptions = .{ .policies = .{ .without = .{ .circuit_breaker = true, .rate_limits = true } } };
    const passed = try client.getWithOptions(server.http("/get"), &.{}, without);
    passed.deinit();
    try testing.expectEqual(48, (try limiter.getRateLimitStatus("l")).remaining);
    const many: [17]hs.Bucket = @splat(.{ .limiter = limiter, .key = "x" });
    try testing.expectError(error.InvalidArgument, client.getWithOptions(server.http("/get"), &.{}, .{ .policies = .{ .rate_limits = &many } }));
}
