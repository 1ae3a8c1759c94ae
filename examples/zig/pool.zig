//! Many requests at once, a few threads:  pool URL [REQUESTS] [AT_ONCE]
const std = @import("std");
const hs = @cImport(@cInclude("http_sentinel.h"));

fn slice(text: hs.hs_str) []const u8 {
    return if (text.data == null) "" else text.data[0..text.len];
}

fn check(status: hs.hs_status, err: ?*hs.hs_error) !void {
    if (status == hs.HS_OK) return;
    defer _ = hs.hs_error_free(err);
    std.debug.print("{s}: {s}\n", .{ slice(hs.hs_status_name(status)), slice(hs.hs_error_message(err)) });
    return error.HttpSentinel;
}

fn argument(args: []const [:0]const u8, place: usize, otherwise: u32) !u32 {
    return if (args.len > place) std.fmt.parseInt(u32, args[place], 10) else otherwise;
}

/// Waits until the pool has something to take, as an event loop does: its descriptor is readable just then.
fn wait(pool: ?*hs.hs_pool) !void {
    var polled = [_]std.posix.pollfd{.{ .fd = hs.hs_pool_fd(pool), .events = std.posix.POLL.IN, .revents = 0 }};
    _ = try std.posix.poll(&polled, -1);
}

pub fn main(init: std.process.Init) !u8 {
    const args = try init.minimal.args.toSlice(init.arena.allocator());
    const requests = try argument(args, 2, 1000);
    const at_once = try argument(args, 3, 100);
    if (args.len < 2 or requests < 1 or at_once < 1 or at_once > 10000) {
        std.debug.print("usage: {s} URL [REQUESTS] [AT_ONCE]\n", .{args[0]});
        return 2;
    }
    var options = std.mem.zeroes(hs.hs_pool_options);
    options.struct_size = @sizeOf(hs.hs_pool_options);
    options.max_in_flight = at_once;
    options.max_in_flight_per_origin = at_once;
    options.submit_timeout_ms = hs.HS_INFINITE;
    var pool: ?*hs.hs_pool = null;
    var err: ?*hs.hs_error = null;
    try check(hs.hs_pool_new(&options, &pool, &err), err);
    defer _ = hs.hs_pool_free(pool);

    var request = std.mem.zeroes(hs.hs_request_options);
    request.struct_size = @sizeOf(hs.hs_request_options);
    request.url = .{ .data = args[1].ptr, .len = args[1].len };
    var submitted: u32 = 0;
    var ended: u32 = 0;
    var failures: u32 = 0;
    while (ended < requests) {
        while (submitted < requests and submitted - ended < 2 * at_once) : (submitted += 1) {
            try check(hs.hs_pool_submit(pool, &request, submitted, &err), err);
        }
        try wait(pool);
        var completions: [64]hs.hs_completion = undefined;
        var count: usize = 0;
        try check(hs.hs_pool_next(pool, &completions, completions.len, &count, 0), null);
        for (completions[0..count]) |completion| {
            if (completion.status != hs.HS_OK) {
                if (failures == 0) check(completion.status, completion.@"error") catch {} else _ = hs.hs_error_free(completion.@"error");
                failures += 1;
            }
            _ = hs.hs_response_free(completion.response); // freeing null is fine
        }
        ended += @intCast(count);
    }
    var counters = std.mem.zeroes(hs.hs_pool_counters);
    counters.struct_size = @sizeOf(hs.hs_pool_counters);
    _ = hs.hs_pool_stats(pool, &counters);
    var buffer: [256]u8 = undefined;
    var stdout: std.Io.File.Writer = .initStreaming(.stdout(), init.io, &buffer);
    try stdout.interface.print("{d} requests, {d} failures, at most {d} under way, on {d} threads with {d} connections\n", .{
        requests, failures, counters.most_in_flight, counters.threads, counters.connections,
    });
    try stdout.interface.flush();
    return if (failures == 0) 0 else 1;
}
