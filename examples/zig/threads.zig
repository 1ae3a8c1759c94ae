//! Many threads, each with a worker of its own:  threads URL [THREADS] [REQUESTS]   (REQUESTS is for each thread)
const std = @import("std");
const hs = @cImport(@cInclude("http_sentinel.h"));

/// What one thread does, and what came of it. A worker is made, used and freed on one thread; nothing of it is shared.
const Job = struct {
    url: []const u8,
    requests: usize,
    failures: usize = 0,

    fn run(job: *Job) void {
        var worker: ?*hs.hs_worker = null;
        var err: ?*hs.hs_error = null;
        const made = hs.hs_worker_new(null, &worker, &err);
        if (made != hs.HS_OK) return job.failed(made, err, job.requests);
        defer _ = hs.hs_worker_free(worker);

        var request = std.mem.zeroes(hs.hs_request_options);
        request.struct_size = @sizeOf(hs.hs_request_options);
        request.url = .{ .data = job.url.ptr, .len = job.url.len };
        for (0..job.requests) |_| {
            var response: ?*hs.hs_response = null;
            const status = hs.hs_request(worker, &request, &response, &err);
            if (status != hs.HS_OK) job.failed(status, err, 1);
            _ = hs.hs_response_free(response); // freeing null is fine
        }
    }

    /// Counts a failure, and prints the thread's first.
    fn failed(job: *Job, status: hs.hs_status, err: ?*hs.hs_error, count: usize) void {
        const name = slice(hs.hs_status_name(status));
        if (job.failures == 0) std.debug.print("{s}: {s}\n", .{ name, slice(hs.hs_error_message(err)) });
        job.failures += count;
        _ = hs.hs_error_free(err);
    }
};

fn slice(text: hs.hs_str) []const u8 {
    return if (text.data == null) "" else text.data[0..text.len];
}

pub fn main(init: std.process.Init) !u8 {
    const arena = init.arena.allocator();
    const args = try init.minimal.args.toSlice(arena);
    if (args.len < 2) {
        std.debug.print("usage: {s} URL [THREADS] [REQUESTS]\n", .{args[0]});
        return 2;
    }
    const jobs = try arena.alloc(Job, if (args.len > 2) try std.fmt.parseInt(u16, args[2], 10) else 8);
    const requests = if (args.len > 3) try std.fmt.parseInt(u32, args[3], 10) else 100;
    const threads = try arena.alloc(std.Thread, jobs.len);

    const started = std.Io.Timestamp.now(init.io, .awake);
    for (threads, jobs) |*thread, *job| {
        job.* = .{ .url = args[1], .requests = requests };
        thread.* = try std.Thread.spawn(.{}, Job.run, .{job});
    }
    var failures: usize = 0;
    for (threads, jobs) |thread, *job| {
        thread.join();
        failures += job.failures;
    }
    const seconds = @as(f64, @floatFromInt(started.untilNow(init.io, .awake).nanoseconds)) / 1e9;

    const all = jobs.len * requests;
    var buffer: [256]u8 = undefined;
    var stdout: std.Io.File.Writer = .initStreaming(.stdout(), init.io, &buffer);
    try stdout.interface.print("{d} threads, {d} requests, {d} failures, {d:.0} requests/s\n", .{
        jobs.len, all, failures, @as(f64, @floatFromInt(all - failures)) / seconds,
    });
    try stdout.interface.flush();
    return if (failures == 0) 0 else 1;
}
