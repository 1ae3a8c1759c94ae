//! ClientPool with tags, and HttpWorker.
const std = @import("std");
const hs = @import("http_sentinel");
const server = @import("server.zig");
const testing = std.testing;
const ClientPool = hs.ClientPool;

test "each request has its completion, with its tag" {
    var pool = try ClientPool.init(testing.allocator, .{ .max_threads = 2 });
    defer pool.deinit();
    const count = 50;
    for (0..count) |tag| try pool.submit(.{ .method = .POST, .url = server.http("/echo"), .body = "text" }, tag);
    var seen: [count]bool = @splat(false);
    var taken: usize = 0;
    while (taken < count) {
        var buffer: [7]ClientPool.Completion = undefined;
        for (try pool.next(&buffer, hs.infinite)) |completion| {
            const response = try completion.take(null);
            defer response.deinit();
            try testing.expectEqualStrings("text", response.body);
            try testing.expectEqual(.done, completion.kind);
            try testing.expect(!seen[completion.tag]);
            seen[completion.tag] = true;
            taken += 1;
        }
    }
    try testing.expectEqual(count, (try pool.stats()).completed);
    try testing.expectEqual(count, (try pool.counters()).calls_succeeded);
    var buffer: [1]ClientPool.Completion = undefined;
    try testing.expectEqual(0, (try pool.next(&buffer, 0)).len);
}

test "cancelling by tag, errors with their details, the descriptor" {
    var pool = try ClientPool.init(testing.allocator, .{});
    defer pool.deinit();
    var diagnostics: hs.Diagnostics = .{};
    defer diagnostics.deinit();
    try testing.expect(!try pool.cancel(1));
    try pool.submit(.{ .url = server.http("/stall/head") }, 1);
    try testing.expect(try pool.cancel(1));
    var polled: [1]std.posix.pollfd = .{.{ .fd = pool.descriptor().?, .events = std.posix.POLL.IN, .revents = 0 }};
    _ = try std.posix.poll(&polled, -1);
    var buffer: [8]ClientPool.Completion = undefined;
    const ended = try pool.next(&buffer, 0);
    try testing.expectEqual(1, ended.len);
    try testing.expectError(error.Canceled, ended[0].take(&diagnostics));
    try testing.expectEqual(.cancel, diagnostics.phase);

    try testing.expectError(error.InvalidUrl, pool.submit(.{ .url = "http://", .options = .{ .diagnostics = &diagnostics } }, 2));
    try testing.expectEqual(error.InvalidUrl, diagnostics.err.?);
    var reader: std.Io.Reader = .fixed("x");
    try testing.expectError(error.InvalidArgument, pool.submit(.{
        .method = .POST,
        .url = server.http("/echo"),
        .options = .{ .upload = .{ .from = .{ .reader = &reader } } },
    }, 3));
    try testing.expectError(error.Busy, pool.fetch(testing.io, .{ .url = server.http("/get") }));
}

test "a pool that is full, woken, drained" {
    var pool = try ClientPool.init(testing.allocator, .{ .max_in_flight = 1, .max_queued = 1 });
    defer pool.deinit();
    const stalls: ClientPool.Request = .{ .url = server.http("/stall/head") };
    try pool.submit(stalls, 1);
    try pool.submit(stalls, 2);
    try testing.expectError(error.PoolFull, pool.submit(stalls, 3));
    pool.wake();
    var buffer: [8]ClientPool.Completion = undefined;
    try testing.expectEqual(0, (try pool.next(&buffer, hs.infinite)).len);
    try testing.expectError(error.Timeout, pool.drain(0));
    try testing.expectError(error.PoolClosed, pool.submit(stalls, 4));
    const ended = try pool.next(&buffer, 0);
    try testing.expectEqual(2, ended.len);
    for (ended) |completion| completion.discard();
}

test "connections that nothing uses are closed" {
    var pool = try ClientPool.init(testing.allocator, .{});
    defer pool.deinit();
    var client = try hs.HttpClient.init(testing.allocator);
    defer client.deinit();
    var buffer: [1]ClientPool.Completion = undefined;
    for (0..3) |_| {
        try pool.submit(.{ .url = server.http("/get") }, 1);
        const ended = try pool.next(&buffer, hs.infinite);
        const pooled = try ended[0].take(null);
        defer pooled.deinit();
        try testing.expectEqual(0, pooled.metrics().connection_reused);
        pool.closeIdle();
        const own = try client.get(server.http("/get"), &.{});
        defer own.deinit();
        try testing.expectEqual(0, own.metrics().connection_reused);
        try client.closeIdle();
    }
}

test "a stream through a pool, read elsewhere" {
    var pool = try ClientPool.init(testing.allocator, .{});
    defer pool.deinit();
    try pool.submitStream(.{ .url = server.http("/big/3000000") }, 9);
    var buffer: [1]ClientPool.Completion = undefined;
    const ended = try pool.next(&buffer, hs.infinite);
    const stream = try ended[0].takeStream(null);
    defer stream.deinit();
    const Other = struct {
        fn read(from: hs.ResponseStream, length: *usize) void {
            var body = from.reader(&.{});
            length.* = body.interface.discardRemaining() catch 0;
        }
    };
    var length: usize = 0;
    const other = try std.Thread.spawn(.{}, Other.read, .{ stream, &length });
    other.join();
    try testing.expectEqual(3_000_000, length);
}

test "options that are wrong" {
    var diagnostics: hs.Diagnostics = .{};
    defer diagnostics.deinit();
    try testing.expectError(error.InvalidArgument, ClientPool.init(testing.allocator, .{ .max_threads = 1000, .diagnostics = &diagnostics }));
    try testing.expect(std.mem.indexOf(u8, diagnostics.message, "max_threads") != null);
}

test "a worker knows its name, its thread and its counters" {
    var worker = try hs.HttpWorker.init(testing.allocator, "quotes-1", .{});
    defer worker.deinit();
    try testing.expectEqualStrings("quotes-1", worker.name);
    try testing.expect(worker.isHere());
    const got = try worker.get(server.http("/get"), &.{});
    got.deinit();
    const posted = try worker.post(server.http("/echo"), &.{}, "x");
    posted.deinit();
    const sent = try worker.send(.{ .method = .PUT, .url = server.http("/echo"), .body = "y" });
    sent.deinit();
    const asked = try worker.request(.OPTIONS, server.http("/anything"), &.{}, "");
    asked.deinit();
    const Other = struct {
        fn look(of_another: *hs.HttpWorker, calls: *u64, refused: *bool) void {
            calls.* = (of_another.counters() catch unreachable).calls_succeeded;
            if (of_another.get(server.http("/get"), &.{})) |response| response.deinit() else |err| refused.* = err == error.WrongThread;
            refused.* = refused.* and !of_another.isHere();
        }
    };
    var calls: u64 = 0;
    var refused = false;
    const other = try std.Thread.spawn(.{}, Other.look, .{ &worker, &calls, &refused });
    other.join();
    try testing.expectEqual(4, calls);
    try testing.expect(refused);
}
