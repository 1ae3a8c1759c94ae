//! Whether memory and threads stay as they are, however many requests there are:  flat URL [REQUESTS]
//!
//! Each way is warmed up with a tenth of the requests. Afterwards the process may not have grown by more than 2 MiB, and
//! must have no more threads, descriptors and bytes of Zig's allocator than before. What grows once, because more came
//! together than before, is no loss: what is lost is lost again the next time.
const std = @import("std");
const hs = @import("http_sentinel");

var url: []const u8 = "";
var gpa: std.mem.Allocator = undefined;

fn sequence(_: std.Io, requests: usize) !void {
    var client = try hs.HttpClient.init(gpa);
    defer client.deinit();
    for (0..requests) |_| {
        const response = try client.post(url, &.{.{ .name = "X-A", .value = "1" }}, "a body");
        defer response.deinit();
        if (response.status != .ok) return error.NotOk;
    }
}

fn streams(_: std.Io, requests: usize) !void {
    var client = try hs.HttpClient.init(gpa);
    defer client.deinit();
    for (0..requests) |_| {
        const stream = try client.stream(.GET, url, &.{}, "");
        defer stream.deinit();
        var body = stream.reader(&.{});
        if (try body.interface.discardRemaining() == 0) return error.NotOk;
    }
}

fn failures(_: std.Io, requests: usize) !void {
    var client = try hs.HttpClient.init(gpa);
    defer client.deinit();
    var diagnostics: hs.Diagnostics = .{};
    defer diagnostics.deinit();
    for (0..requests) |_| {
        const options: hs.RequestOptions = .{ .diagnostics = &diagnostics, .max_attempts = 1 };
        if (client.getWithOptions("http://127.0.0.1:1/", &.{}, options)) |_| return error.NotRefused else |err| {
            if (err != error.ConnectFailed) return err;
        }
    }
}

const Get = struct {
    client: *hs.HttpClient,

    fn run(get: Get) !hs.Response {
        return get.client.get(url, &.{});
    }
};

fn worker(requests: usize, bad: *std.atomic.Value(bool)) void {
    retried(requests) catch bad.store(true, .monotonic);
}

fn retried(requests: usize) !void {
    var client = try hs.HttpClient.init(gpa);
    defer client.deinit();
    var engine = hs.RetryEngine.init(gpa, .{ .max_attempts = 3, .base_delay_ms = 1 });
    defer engine.deinit();
    for (0..requests) |_| {
        const response = try engine.execute(hs.Response, Get{ .client = &client }, Get.run, null);
        response.deinit();
    }
}

/// Threads that come and go, each with a client of its own.
fn workers(_: std.Io, requests: usize) !void {
    var bad: std.atomic.Value(bool) = .init(false);
    var left = requests;
    while (left > 0) {
        var threads: [8]std.Thread = undefined;
        for (&threads) |*thread| thread.* = try std.Thread.spawn(.{}, worker, .{ 50, &bad });
        for (&threads) |thread| thread.join();
        left -|= threads.len * 50;
    }
    if (bad.raw) return error.WorkerFailed;
}

fn task(pool: *hs.ClientPool, io: std.Io, requests: usize) hs.Error!void {
    for (0..requests) |_| {
        const response = try pool.fetch(io, .{ .url = url });
        response.deinit();
    }
}

fn tasks(io: std.Io, requests: usize) !void {
    var pool = try hs.ClientPool.init(gpa, .{ .max_threads = 2 });
    defer pool.deinit();
    var futures: [16]std.Io.Future(hs.Error!void) = undefined;
    for (&futures) |*future| future.* = try io.concurrent(task, .{ &pool, io, requests / futures.len });
    var result: hs.Error!void = {};
    for (&futures) |*future| future.await(io) catch |err| {
        result = err;
    };
    try result;
}

const State = struct { kilobytes: usize, threads: usize, descriptors: usize };

fn state(io: std.Io) !State {
    var buffer: [4096]u8 = undefined;
    const text = try std.Io.Dir.cwd().readFile(io, "/proc/self/status", &buffer);
    var descriptors: usize = 0;
    for (0..1024) |fd| {
        if (std.c.fcntl(@intCast(fd), std.c.F.GETFD) != -1) descriptors += 1;
    }
    return .{ .kilobytes = try number(text, "VmRSS:"), .threads = try number(text, "Threads:"), .descriptors = descriptors };
}

fn number(text: []const u8, name: []const u8) !usize {
    const begin = (std.mem.indexOf(u8, text, name) orelse return error.NotThere) + name.len;
    var words = std.mem.tokenizeAny(u8, text[begin..], " \t\n");
    return std.fmt.parseInt(usize, words.next().?, 10);
}

pub fn main(init: std.process.Init) !u8 {
    const args = try init.minimal.args.toSlice(init.arena.allocator());
    if (args.len < 2) {
        std.debug.print("usage: {s} URL [REQUESTS]\n", .{args[0]});
        return 2;
    }
    url = args[1];
    gpa = init.gpa;
    const requests = if (args.len > 2) try std.fmt.parseInt(usize, args[2], 10) else 5000;
    var failed = false;
    const Way = struct { []const u8, *const fn (std.Io, usize) anyerror!void };
    for ([_]Way{
        .{ "one client", sequence },
        .{ "streams", streams },
        .{ "failures with diagnostics", failures },
        .{ "threads with clients and retry engines", workers },
        .{ "tasks of std.Io on a pool", tasks },
    }) |way| {
        try way[1](init.io, requests / 10 + 800);
        var before = try state(init.io);
        for (0..5) |_| {
            try way[1](init.io, requests);
            const after = try state(init.io);
            const grown = after.kilobytes -| before.kilobytes;
            const flat = grown <= 2048 and after.threads <= before.threads and after.descriptors <= before.descriptors;
            std.debug.print("{s} {s}: {d} requests, {d} KiB before and {d} after, threads {d} and {d}, descriptors {d} and {d}\n", .{
                if (flat) "ok   " else "grows", way[0],        requests,           before.kilobytes,  after.kilobytes,
                before.threads,                 after.threads, before.descriptors, after.descriptors,
            });
            if (flat) break;
            before = after;
        } else failed = true;
    }
    return if (failed) 1 else 0;
}
