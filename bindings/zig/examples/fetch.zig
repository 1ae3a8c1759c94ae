//! Many requests at once, each by a task that waits for nothing else:  fetch URL [TASKS]
const std = @import("std");
const hs = @import("http_sentinel");

fn status(pool: *hs.ClientPool, io: std.Io, url: []const u8) hs.Error!std.http.Status {
    const response = try pool.fetch(io, .{ .url = url });
    defer response.deinit();
    return response.status;
}

pub fn main(init: std.process.Init) !u8 {
    const io = init.io;
    const args = try init.minimal.args.toSlice(init.arena.allocator());
    if (args.len < 2) {
        std.debug.print("usage: {s} URL [TASKS]\n", .{args[0]});
        return 2;
    }
    const count = if (args.len > 2) try std.fmt.parseInt(usize, args[2], 10) else 100;
    var pool = try hs.ClientPool.init(init.gpa, .{});
    defer pool.deinit();

    const tasks = try init.arena.allocator().alloc(std.Io.Future(hs.Error!std.http.Status), count);
    for (tasks) |*task| task.* = io.async(status, .{ &pool, io, args[1] });
    var succeeded: usize = 0;
    for (tasks) |*task| {
        if (task.await(io)) |answered| {
            if (answered == .ok) succeeded += 1;
        } else |err| std.debug.print("{s}\n", .{@errorName(err)});
    }
    const stats = try pool.stats();
    std.debug.print("{d} of {d} tasks got a 200; at most {d} requests under way, on {d} thread(s) with {d} connection(s)\n", .{
        succeeded, count, stats.most_in_flight, stats.threads, stats.connections,
    });
    return if (succeeded == count) 0 else 1;
}
