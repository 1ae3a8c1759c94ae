//! How a client is had, shared and used, at the stand-in broker. What becomes of orders is the check's matter.
const std = @import("std");
const hs = @import("http_sentinel");
const alpaca = @import("alpaca");
const AlpacaClient = alpaca.AlpacaClient;
const testing = std.testing;

fn variable(comptime name: [:0]const u8) []const u8 {
    return std.mem.span(std.c.getenv(name) orelse @panic(name ++ " is not set: run the tests by make test-trading-zig"));
}

fn options() alpaca.Options {
    return .{ .base_url = variable("HS_TEST_BROKER"), .data_url = variable("HS_TEST_BROKER_DATA") };
}

/// An account of its own under this key.
fn open(comptime key: []const u8, body: []const u8) !void {
    var client: hs.HttpClient = try .init(testing.allocator);
    defer client.deinit();
    const url = try std.mem.concat(testing.allocator, u8, &.{ variable("HS_TEST_BROKER"), "/admin/accounts/" ++ key });
    defer testing.allocator.free(url);
    const response = try client.put(url, &.{}, body);
    defer response.deinit();
    try testing.expectEqual(std.http.Status.Class.success, response.status.class());
}

test "environments" {
    var paper = AlpacaClient.init(testing.allocator, "k", "s", .paper);
    defer paper.deinit();
    try testing.expectEqualStrings("https://paper-api.alpaca.markets", paper.session.base_url);
    var live = AlpacaClient.init(testing.allocator, "k", "s", .live);
    defer live.deinit();
    try testing.expectEqualStrings("https://api.alpaca.markets", live.session.base_url);
    try testing.expectEqualStrings("https://data.alpaca.markets", live.session.data_url);
}

test "an answer as its own type, as another one, and as it came" {
    try open("PK-ZT-ANSWER", "{\"secret\": \"s\", \"cash\": \"1234.5\"}");
    var client: AlpacaClient = .initWithOptions(testing.allocator, "PK-ZT-ANSWER", "s", .paper, options());
    defer client.deinit();
    const response = try client.getAccount();
    defer response.deinit();
    try testing.expect(response.isSuccess() and response.status == .ok and !response.reconciled);
    try testing.expect(std.mem.startsWith(u8, response.body, "{"));
    try testing.expectEqual(hs.Diagnostics.RequestSent.yes, response.context.request_sent);
    const own = try response.json(struct { cash: alpaca.Decimal });
    defer own.deinit();
    try testing.expectEqual(alpaca.Decimal.of("1234.5"), own.value.cash);
    const account = try (try client.getAccount()).take();
    defer account.deinit();
    try testing.expectEqual(alpaca.Decimal.of("1234.5"), account.value.cash);
}

test "a refusal is an answer, and says why" {
    try open("PK-ZT-REFUSED", "{\"secret\": \"s\"}");
    var client: AlpacaClient = .initWithOptions(testing.allocator, "PK-ZT-REFUSED", "s", .paper, options());
    defer client.deinit();
    const response = try client.getPosition("AAPL");
    defer response.deinit();
    try testing.expect(!response.isSuccess());
    try testing.expectError(error.NotFound, response.value());
    var buffer: [300]u8 = undefined;
    const text = try std.fmt.bufPrint(&buffer, "{f}", .{response.context});
    try testing.expect(std.mem.startsWith(u8, text, "NotFound (HTTP 404, code 40410000, request sent: yes, attempts: 1): "));
}

test "a client belongs to the thread of its first call, a named one to the thread that made it" {
    try open("PK-ZT-THREADS", "{\"secret\": \"s\"}");
    const Elsewhere = struct {
        fn run(client: anytype, result: *?alpaca.Error) void {
            result.* = if (client.getClock()) |response| blk: {
                response.deinit();
                break :blk null;
            } else |err| err;
        }

        fn call(client: anytype) !?alpaca.Error {
            var result: ?alpaca.Error = error.BadAnswer;
            (try std.Thread.spawn(.{}, run, .{ client, &result })).join();
            return result;
        }
    };
    var moved: AlpacaClient = .initWithOptions(testing.allocator, "PK-ZT-THREADS", "s", .paper, options());
    defer moved.deinit();
    try testing.expectEqual(null, try Elsewhere.call(&moved));
    try testing.expectError(error.WrongThread, moved.getClock());
    try testing.expectError(error.WrongThread, moved.submitOrder(.{ .symbol = "F", .qty = .whole(1), .side = .buy }));

    var named: alpaca.ThreadSafeAlpacaClient = try .initWithOptions(testing.allocator, "PK-ZT-THREADS", "s", .paper, "here", options());
    defer named.deinit();
    try testing.expectEqualStrings("here", named.name);
    try testing.expectEqual(error.WrongThread, (try Elsewhere.call(&named)).?);
    (try named.getClock()).deinit();
}

test "the clients of a pool, and those of shared limits, have one bucket" {
    try open("PK-ZT-LIMITS", "{\"secret\": \"s\"}");
    const limits: alpaca.AccountLimits = try .init(.{ .limit = 100, .data_limit = 50 });
    defer limits.deinit();
    var shared = options();
    shared.limits = .{ .shared = limits };
    var pool = try alpaca.AlpacaClientPool.initWithOptions(testing.allocator, "PK-ZT-LIMITS", "s", .paper, shared);
    defer pool.deinit();
    const one = try pool.createClient("worker_1");
    defer pool.destroyClient(one);
    const two = try pool.createClient("worker_2");
    defer pool.destroyClient(two);
    var alone: AlpacaClient = .initWithOptions(testing.allocator, "PK-ZT-LIMITS", "s", .paper, shared);
    defer alone.deinit();
    (try one.getClock()).deinit();
    (try two.getClock()).deinit();
    (try alone.getClock()).deinit();
    (try one.getLatestTrade("F")).deinit();
    const trading = try limits.limiter.getRateLimitStatus("trading");
    const data = try limits.limiter.getRateLimitStatus("data");
    try testing.expectEqual(3, trading.admitted);
    try testing.expectEqual(1, data.admitted);
}

test "names of orders are new each time, and of every client" {
    try open("PK-ZT-NAMES", "{\"secret\": \"s\"}");
    var one: AlpacaClient = .initWithOptions(testing.allocator, "PK-ZT-NAMES", "s", .paper, options());
    defer one.deinit();
    var other: AlpacaClient = .initWithOptions(testing.allocator, "PK-ZT-NAMES", "s", .paper, options());
    defer other.deinit();
    var buffers: [3][128]u8 = undefined;
    const first = try one.newClientOrderId(&buffers[0]);
    const second = try one.newClientOrderId(&buffers[1]);
    const third = try other.newClientOrderId(&buffers[2]);
    try testing.expect(!std.mem.eql(u8, first, second) and !std.mem.eql(u8, first[0..32], third[0..32]));
    const long: [129]u8 = @splat('x');
    for ([_][]const u8{ &long, "", "\xff" }) |id|
        try testing.expectError(error.InvalidArgument, one.submitOrder(.{ .symbol = "F", .qty = .whole(1), .side = .buy, .client_order_id = id }));
    try testing.expectError(error.InvalidArgument, one.submitOrder(.{ .symbol = "\xff", .qty = .whole(1), .side = .buy }));
}

test "no memory, wherever it ends, is an error and leaks nothing" {
    try open("PK-ZT-MEMORY", "{\"secret\": \"s\", \"limit\": 100000}");
    try testing.checkAllAllocationFailures(testing.allocator, struct {
        fn run(allocator: std.mem.Allocator) !void {
            var client: AlpacaClient = .initWithOptions(allocator, "PK-ZT-MEMORY", "s", .paper, options());
            defer client.deinit();
            (try (try client.getAccount()).take()).deinit();
            const bars = try client.getAllBars("F", .{ .timeframe = "1Day", .start = "2026-02-02", .end = "2026-02-14", .limit = 6 });
            bars.deinit();
        }
    }.run, .{});
}

test "errors and diagnostics have no secrets" {
    var client: AlpacaClient = .initWithOptions(testing.allocator, "the-key", "the-secret", .paper, .{ .base_url = "http://127.0.0.1:1" });
    defer client.deinit();
    try testing.expectError(error.NetworkFailed, client.getAccount());
    try testing.expect(client.failure().message().len > 0 and client.failure().request_sent == .no);
    try testing.expect(std.mem.indexOf(u8, client.failure().message(), "the-") == null);
}

test "a client and a pool do not show their keys" {
    var client = AlpacaClient.init(testing.allocator, "AAAA", "BBBB", .paper);
    defer client.deinit();
    var pool = try alpaca.AlpacaClientPool.init(testing.allocator, "AAAA", "BBBB", .paper);
    defer pool.deinit();
    const shown = try std.fmt.allocPrint(testing.allocator, "{any} {any}", .{ client, pool });
    defer testing.allocator.free(shown);
    for ([_][]const u8{ "AAAA", "BBBB", "65, 65", "66, 66" }) |secret|
        try testing.expect(std.mem.indexOf(u8, shown, secret) == null);
}

test "nobody else gets the keys: redirects are not followed, whatever is asked" {
    const elsewhere = variable("HS_TEST_HTTP");
    const base = try std.mem.concat(testing.allocator, u8, &.{ elsewhere, "/redirect-to?url=/get%3Fcount_key=alpaca-zig&rest=" });
    defer testing.allocator.free(base);
    var client: AlpacaClient = .initWithOptions(testing.allocator, "k", "s", .paper, .{ .base_url = base, .data_url = base });
    defer client.deinit();
    const read = try client.getAccount();
    defer read.deinit();
    try testing.expectEqual(std.http.Status.Class.redirect, read.status.class());
    try testing.expectError(error.Rejected, read.value());
    const order = try client.submitOrder(.{ .symbol = "F", .qty = .whole(1), .side = .buy });
    defer order.deinit();
    try testing.expectError(error.Rejected, order.value());

    const url = try std.mem.concat(testing.allocator, u8, &.{ elsewhere, "/counters/alpaca-zig" });
    defer testing.allocator.free(url);
    var looking: hs.HttpClient = try .init(testing.allocator);
    defer looking.deinit();
    const count = try looking.get(url, &.{});
    defer count.deinit();
    try testing.expect(std.mem.indexOf(u8, count.body, "\"count\":0") != null);
}

test "pages that never end are no answer" {
    const page = "{\"symbol\":\"F\",\"bars\":[],\"next_page_token\":\"again\"}";
    const base = try std.mem.concat(testing.allocator, u8, &.{ variable("HS_TEST_HTTP"), "/response?body=" ++ page ++ "&rest=" });
    defer testing.allocator.free(base);
    const encoded = try std.mem.replaceOwned(u8, testing.allocator, base, "\"", "%22");
    defer testing.allocator.free(encoded);
    var client: AlpacaClient = .initWithOptions(testing.allocator, "k", "s", .paper, .{ .data_url = encoded });
    defer client.deinit();
    try testing.expectError(error.BadAnswer, client.getAllBars("F", .{ .timeframe = "1Day" }));
}

test "the program in the README is that of one_order.zig" {
    const io = testing.io;
    const readme = try std.Io.Dir.cwd().readFileAlloc(io, "../README.md", testing.allocator, .limited(1 << 20));
    defer testing.allocator.free(readme);
    const program = try std.Io.Dir.cwd().readFileAlloc(io, "one_order.zig", testing.allocator, .limited(1 << 20));
    defer testing.allocator.free(program);
    const begin = (std.mem.indexOf(u8, readme, "```zig\n") orelse return error.TestUnexpectedResult) + 7;
    const end = std.mem.indexOfPos(u8, readme, begin, "```\n").?;
    try testing.expect(std.mem.indexOf(u8, program, readme[begin..end]) != null);
}
