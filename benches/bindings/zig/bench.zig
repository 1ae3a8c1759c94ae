//! What a small request takes through the Zig package, as ../c.c says it for C:  zig URL [REQUESTS]
const std = @import("std");
const hs = @import("http_sentinel");

fn microseconds(clock: std.c.clockid_t) f64 {
    var now: std.c.timespec = undefined;
    _ = std.c.clock_gettime(clock, &now);
    return @as(f64, @floatFromInt(now.sec)) * 1e6 + @as(f64, @floatFromInt(now.nsec)) / 1e3;
}

const Once = struct {
    client: *hs.HttpClient,
    url: []const u8,
    engine: ?*hs.RetryEngine = null,

    fn get(once: Once) hs.Error!hs.Response {
        return once.client.get(once.url, &.{});
    }

    /// One request as a program makes it: sent, its status and body looked at, freed.
    fn run(once: Once) !void {
        const response = if (once.engine) |engine|
            try engine.execute(hs.Response, once, get, null)
        else
            try once.get();
        defer response.deinit();
        if (response.status != .ok or response.body.len == 0) return error.NotTheAnswerThatWasExpected;
    }
};

fn measure(out: *std.Io.Writer, name: []const u8, once: Once, requests: usize) !void {
    for (0..requests / 10 + 1) |_| try once.run();
    const wall = microseconds(.MONOTONIC);
    const processor = microseconds(.PROCESS_CPUTIME_ID);
    for (0..requests) |_| try once.run();
    const count: f64 = @floatFromInt(requests);
    try out.print("{s}\t{d:.3}\t{d:.3}\n", .{
        name, (microseconds(.MONOTONIC) - wall) / count, (microseconds(.PROCESS_CPUTIME_ID) - processor) / count,
    });
}

pub fn main(init: std.process.Init) !u8 {
    const args = try init.minimal.args.toSlice(init.arena.allocator());
    if (args.len < 2) {
        std.debug.print("usage: {s} URL [REQUESTS]\n", .{args[0]});
        return 2;
    }
    const requests = if (args.len > 2) try std.fmt.parseInt(usize, args[2], 10) else 10_000;
    var buffer: [256]u8 = undefined;
    var stdout: std.Io.File.Writer = .initStreaming(.stdout(), init.io, &buffer);
    const out = &stdout.interface;
    {
        var client = try hs.HttpClient.init(std.heap.smp_allocator);
        defer client.deinit();
        try measure(out, "Zig", .{ .client = &client, .url = args[1] }, requests);
        var engine = hs.RetryEngine.init(std.heap.smp_allocator, .{});
        defer engine.deinit();
        try measure(out, "Zig, in a RetryEngine", .{ .client = &client, .url = args[1], .engine = &engine }, requests);
    }
    const mock: hs.Mock = try .init();
    defer mock.deinit();
    try mock.add(.{ .body = "hello" }, null);
    var client = try hs.HttpClient.initWithOptions(std.heap.smp_allocator, .{ .mock = mock });
    defer client.deinit();
    try measure(out, "Zig, mock", .{ .client = &client, .url = args[1] }, requests);
    try out.flush();
    return 0;
}
