//! ClientPool.fetch under `std.Io`: by threads. The event loop of Linux (`std.Io.Evented`) compiles in neither 0.16.0 nor
//! 0.17.1.
const std = @import("std");
const hs = @import("http_sentinel");
const server = @import("server.zig");
const testing = std.testing;
const ClientPool = hs.ClientPool;

fn get(pool: *ClientPool, io: std.Io, url: []const u8) hs.Error!hs.Response {
    return pool.fetch(io, .{ .url = url });
}

fn many(io: std.Io) !void {
    var pool = try ClientPool.init(testing.allocator, .{ .max_threads = 2 });
    defer pool.deinit();
    const Task = struct {
        fn run(of: *ClientPool, its_io: std.Io, good: *std.atomic.Value(u32)) void {
            for (0..20) |_| {
                const response = of.fetch(its_io, .{ .method = .POST, .url = server.http("/echo"), .body = "hello" }) catch return;
                defer response.deinit();
                if (std.mem.eql(u8, response.body, "hello")) _ = good.fetchAdd(1, .monotonic);
            }
        }
    };
    var good: std.atomic.Value(u32) = .init(0);
    var group: std.Io.Group = .init;
    for (0..40) |_| group.async(io, Task.run, .{ &pool, io, &good });
    try group.await(io);
    try testing.expectEqual(40 * 20, good.raw);
    try testing.expectError(error.InvalidUrl, get(&pool, io, "http://"));
    try testing.expectError(error.ConnectFailed, get(&pool, io, "http://127.0.0.1:1/"));
    try testing.expectError(error.Busy, pool.submit(.{ .url = server.http("/get") }, 1));
}

/// One waits for ever and leads, others come and go meanwhile; then each kind is canceled.
fn canceling(io: std.Io, comptime key: []const u8) !void {
    var pool = try ClientPool.init(testing.allocator, .{ .client = .{ .max_attempts = 1 } });
    defer pool.deinit();
    var diagnostics: [3]hs.Diagnostics = @splat(.{});
    defer for (&diagnostics) |*one| one.deinit();
    const Stall = struct {
        fn run(of: *ClientPool, its_io: std.Io, to: *hs.Diagnostics) hs.Error!hs.Response {
            return of.fetch(its_io, .{ .method = .POST, .url = server.http("/stall/head?count_key=" ++ key), .body = "order", .options = .{ .diagnostics = to } });
        }
    };
    var stalls: [3]std.Io.Future(hs.Error!hs.Response) = undefined;
    for (&stalls, &diagnostics) |*one, *to| one.* = try io.concurrent(Stall.run, .{ &pool, io, to });
    const arrived = try get(&pool, io, server.http("/wait/" ++ key ++ "?at_least=3"));
    arrived.deinit();
    for (&stalls, &diagnostics) |*one, *to| {
        try testing.expectError(error.Canceled, one.cancel(io));
        try testing.expectEqual(.maybe, to.request_sent);
        try testing.expectEqual(error.Canceled, to.err.?);
        const response = try get(&pool, io, server.http("/get"));
        response.deinit();
    }
    const stats = try pool.stats();
    try testing.expectEqual(stats.accepted, stats.reaped);
}

/// Cancels at whatever moment it is: nothing is lost, nothing is left.
fn storm(io: std.Io) !void {
    var pool = try ClientPool.init(testing.allocator, .{ .max_threads = 2 });
    defer pool.deinit();
    for (0..30) |round| {
        var tasks: [8]std.Io.Future(hs.Error!hs.Response) = undefined;
        for (&tasks) |*one| one.* = try io.concurrent(get, .{ &pool, io, server.http("/delay/2") });
        if (round % 3 != 0) io.sleep(.fromMicroseconds(@intCast(round * 100)), .awake) catch {};
        for (&tasks, 0..) |*one, index| {
            const result = if ((index + round) % 2 == 0) one.cancel(io) else one.await(io);
            if (result) |response| response.deinit() else |err| try testing.expectEqual(error.Canceled, err);
        }
    }
    const stats = try pool.stats();
    try testing.expectEqual(stats.accepted, stats.reaped);
}

test "many tasks at once" {
    try many(testing.io);
}

test "tasks of an Io that has no threads" {
    var threaded: std.Io.Threaded = .init_single_threaded;
    try many(threaded.io());
}

test "a task that is canceled" {
    try canceling(testing.io, "zig-fetch");
}

test "cancels at any moment" {
    try storm(testing.io);
}

test "with a retry engine around it" {
    var pool = try ClientPool.init(testing.allocator, .{});
    defer pool.deinit();
    var engine = hs.RetryEngine.init(testing.allocator, .{ .max_attempts = 3, .base_delay_ms = 1 });
    defer engine.deinit();
    const Context = struct {
        pool: *ClientPool,
        fn run(context: @This()) !hs.Response {
            return get(context.pool, testing.io, server.http("/flaky/zig-fetch-retry?fail=2&status=503"));
        }
    };
    var report: hs.RetryEngine.Report = .{};
    const response = try engine.executeWithOptions(hs.Response, Context{ .pool = &pool }, Context.run, null, .{ .report = &report });
    defer response.deinit();
    try testing.expectEqual(.ok, response.status);
    try testing.expectEqual(3, report.attempts);
}

test "an upload from a pipe, and none from a reader" {
    var pool = try ClientPool.init(testing.allocator, .{});
    defer pool.deinit();
    const pipe: hs.Pipe = try .init(0);
    defer pipe.deinit();
    try pipe.write("from afar", 0);
    pipe.close();
    const response = try pool.fetch(testing.io, .{ .method = .POST, .url = server.http("/echo"), .options = .{ .upload = .{ .from = .{ .pipe = pipe } } } });
    defer response.deinit();
    try testing.expectEqualStrings("from afar", response.body);
    var reader: std.Io.Reader = .fixed("x");
    try testing.expectError(error.InvalidArgument, pool.fetch(testing.io, .{ .method = .POST, .url = server.http("/echo"), .options = .{ .upload = .{ .from = .{ .reader = &reader } } } }));
}
