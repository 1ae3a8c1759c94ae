//! One client a thread, with retries: nothing is shared, and so nothing needs a lock.  workers URL [THREADS] [REQUESTS]
const std = @import("std");
const HttpClient = @import("http_sentinel").HttpClient;
const Response = @import("http_sentinel").Response;
const RetryEngine = @import("http_sentinel").RetryEngine;

const allocator = std.heap.smp_allocator;
var url: []const u8 = "";
var requests: usize = 100;
var succeeded: std.atomic.Value(usize) = .init(0);

fn worker_fn(id: usize) void {
    var client = HttpClient.init(allocator) catch return;
    defer client.deinit();

    var retry_engine = RetryEngine.init(allocator, .{
        .max_attempts = 3,
        .base_delay_ms = 100,
    });
    defer retry_engine.deinit();

    const Context = struct {
        client: *HttpClient,
        url: []const u8,

        fn doRequest(ctx: @This()) !Response {
            return ctx.client.get(ctx.url, &.{});
        }
    };

    for (0..requests) |_| {
        const response = retry_engine.execute(
            Response,
            Context{ .client = &client, .url = url },
            Context.doRequest,
            null, // the library's own rules
        ) catch |err| {
            std.debug.print("worker {d}: {s}\n", .{ id, @errorName(err) });
            continue;
        };
        defer response.deinit();
        if (response.status == .ok) _ = succeeded.fetchAdd(1, .monotonic);
    }
}

pub fn main(init: std.process.Init) !u8 {
    const args = try init.minimal.args.toSlice(init.arena.allocator());
    if (args.len < 2) {
        std.debug.print("usage: {s} URL [THREADS] [REQUESTS]\n", .{args[0]});
        return 2;
    }
    url = args[1];
    const count = if (args.len > 2) try std.fmt.parseInt(usize, args[2], 10) else 8;
    if (args.len > 3) requests = try std.fmt.parseInt(usize, args[3], 10);

    const threads = try init.arena.allocator().alloc(std.Thread, count);
    for (threads, 0..) |*thread, id| thread.* = try std.Thread.spawn(.{}, worker_fn, .{id});
    for (threads) |thread| thread.join();

    std.debug.print("{d} of {d} requests were answered with 200, by {d} threads\n", .{ succeeded.raw, count * requests, count });
    return if (succeeded.raw == count * requests) 0 else 1;
}
