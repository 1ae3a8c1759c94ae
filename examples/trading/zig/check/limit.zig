//! The limit is kept by all clients of an account together, and learnt where it is lower than was thought.
const std = @import("std");
const alpaca = @import("alpaca");
const check = @import("check.zig");

const Work = struct { pool: *alpaca.AlpacaClientPool, requests: usize, may_fail: bool };

pub fn run() void {
    const key = "PK-ZIG-LIMIT";
    const second: alpaca.AccountLimits.Options = .{ .limit = 200, .period_ms = 1000, .margin_ms = 1000 };
    // The broker has room for one more of each client: what was on its way while it did nothing, in the window in which it goes on.
    var refused = throttled(key, "{\"secret\": \"a secret\", \"limit\": 210, \"window_ms\": 1000}", .{ .own = second }, 10, 30, false);
    check.expect(@src(), refused == 0);

    refused = throttled("PK-ZIG-UNLIMITED", "{\"secret\": \"a secret\", \"limit\": 200, \"window_ms\": 86400000}", .none, 10, 50, true);
    check.expect(@src(), refused > 0);

    const hopeful: alpaca.AccountLimits.Options = .{ .limit = 1000, .period_ms = 1000 };
    refused = throttled("PK-ZIG-LEARNS", "{\"secret\": \"a secret\", \"limit\": 20, \"window_ms\": 1000}", .{ .own = hopeful }, 1, 50, false);
    check.expect(@src(), refused == 0);
}

/// How many 429 the broker has answered.
fn throttled(
    key: []const u8,
    opening: []const u8,
    limits: alpaca.AccountLimits.Choice,
    comptime clients: usize,
    requests: usize,
    may_fail: bool,
) u64 {
    check.put(key, "", opening);
    var options = check.options();
    options.limits = limits;
    var pool = alpaca.AlpacaClientPool.initWithOptions(check.allocator, key, check.secret, .paper, options) catch @panic("no pool");
    defer pool.deinit();
    const work: Work = .{ .pool = &pool, .requests = requests, .may_fail = may_fail };
    var threads: [clients]std.Thread = undefined;
    for (&threads) |*thread| thread.* = std.Thread.spawn(.{}, askForClocks, .{work}) catch @panic("no thread");
    for (threads) |thread| thread.join();
    const seen = check.seen(key);
    defer seen.deinit();
    if (!may_fail) check.expect(@src(), seen.value.requests == clients * requests);
    return seen.value.throttled;
}

fn askForClocks(work: Work) void {
    const client = work.pool.createClient("worker") catch |err| return check.wrong("a client: {s}", .{@errorName(err)});
    defer work.pool.destroyClient(client);
    for (0..work.requests) |_| {
        if (work.may_fail) {
            const response = client.getClock() catch |err|
                return check.expect(@src(), err == error.RateLimited);
            defer response.deinit();
            if (response.isSuccess()) continue;
            return check.expect(@src(), response.context.is(error.RateLimited));
        }
        const clock = check.value(@src(), client, client.getClock()) orelse return;
        clock.deinit();
    }
}
