//! Many threads, each with a client of one pool and requests of all kinds, each answer held against what was asked; then
//! the books.
const std = @import("std");
const alpaca = @import("alpaca");
const check = @import("check.zig");
const books = @import("books.zig");
const Desk = @import("Desk.zig");
const reads = @import("reads.zig");

pub const Tally = struct { succeeded: u64 = 0, failed: u64 = 0, crashes: u64 = 0, duplicates: u64 = 0, throttled: u64 = 0 };

const key = "PK-ZIG-THREADS";

const kinds = [_]*const fn (*Desk) void{
    Desk.buy,        reads.account,     reads.lastOrder, Desk.limitOrder, reads.positions, Desk.replace,
    reads.quote,     Desk.sell,         reads.orders,    Desk.cancel,     reads.bars,      reads.position,
    Desk.closeShare, reads.marketClock, reads.trade,     reads.asset,     reads.calendar,  reads.history,
};

pub fn run(threads: u32, requests: u32, faults: u32) Tally {
    check.put(key, "", "{\"secret\": \"a secret\", \"cash\": \"10000000\", \"limit\": 10000000, \"data_limit\": 10000000}");
    if (faults > 0) {
        var buffer: [300]u8 = undefined;
        check.put(key, "/faults", std.fmt.bufPrint(&buffer,
            \\{{"seed": {d}, "reset_before": 0.02, "reset_after": 0.02, "reset_midway": 0.02, "error_before": 0.02,
            \\"error_after": 0.02, "delay": 0.05, "delay_ms": 10}}
        , .{faults}) catch unreachable);
    }
    var options = check.options();
    options.limits = .{ .own = .{ .limit = 10_000_000 } };
    var pool = alpaca.AlpacaClientPool.initWithOptions(check.allocator, key, check.secret, .paper, options) catch @panic("no pool");
    defer pool.deinit();

    const desks = check.allocator.alloc(Desk, threads) catch @panic("no memory");
    defer check.allocator.free(desks);
    defer for (desks) |*desk| desk.arena.deinit();
    const running = check.allocator.alloc(std.Thread, threads) catch @panic("no memory");
    defer check.allocator.free(running);
    for (desks, running, 0..) |*desk, *thread, number| {
        desk.* = .{ .number = number, .arena = .init(check.allocator), .has_faults = faults > 0 };
        thread.* = std.Thread.spawn(.{}, work, .{ desk, &pool, requests }) catch @panic("no thread");
    }
    var tally: Tally = .{};
    for (desks, running) |*desk, thread| {
        thread.join();
        tally.succeeded += desk.succeeded;
        tally.failed += desk.failed;
        if (desk.done != requests) tally.crashes += 1;
    }
    // Without faults from here on; what was injected stays told.
    if (faults > 0) check.put(key, "/faults", "{\"methods\": [\"none\"]}");
    books.compare(&pool, desks);

    const seen = check.seen(key);
    defer seen.deinit();
    for (seen.value.contradictions) |text| check.wrong("broker: {s}", .{text});
    tally.duplicates = seen.value.duplicates_refused + seen.value.orders_received - seen.value.client_order_ids;
    tally.throttled = seen.value.throttled;
    if (seen.value.most_of_one > 1) check.wrong("one order was received {d} times", .{seen.value.most_of_one});
    std.debug.print("threads: {d} requests at the broker, faults {f}\n", .{ seen.value.requests, std.json.fmt(seen.value.faults, .{}) });
    return tally;
}

fn work(desk: *Desk, pool: *alpaca.AlpacaClientPool, requests: u32) void {
    var name: [32]u8 = undefined;
    desk.client = pool.createClient(std.fmt.bufPrint(&name, "worker_{d}", .{desk.number + 1}) catch unreachable) catch |err|
        return check.wrong("no client: {s}", .{@errorName(err)});
    defer pool.destroyClient(desk.client);
    while (desk.done < requests) : (desk.done += 1) kinds[(desk.number + desk.done) % kinds.len](desk);
}
