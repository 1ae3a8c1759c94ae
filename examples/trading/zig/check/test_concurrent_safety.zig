//! The check of the trading client: what it does is in ../../README.md.
//!
//!     test_concurrent_safety [--broker URL] [--data URL] [--ca FILE] [--threads 50] [--requests 100] [--faults SEED]
//!
//! Without URLs those in HS_TEST_BROKER and HS_TEST_BROKER_DATA are taken.
const std = @import("std");
const check = @import("check.zig");
const threads_phase = @import("threads.zig");

const Arguments = struct { threads: u32 = 50, requests: u32 = 100, faults: u32 = 0 };

pub fn main(init: std.process.Init) !u8 {
    const args = try init.minimal.args.toSlice(init.arena.allocator());
    check.broker_url = init.environ_map.get("HS_TEST_BROKER") orelse "";
    check.data_url = init.environ_map.get("HS_TEST_BROKER_DATA") orelse "";
    const arguments = read(args) orelse {
        std.debug.print("usage: {s} --broker URL --data URL [--ca FILE] [--threads 50] [--requests 100] [--faults SEED]\n", .{args[0]});
        return 2;
    };

    var debug: std.heap.DebugAllocator(.{}) = .init;
    check.allocator = debug.allocator();
    phase("operations", @import("operations.zig").run);
    phase("lost answers", @import("lost.zig").run);
    phase("limit", @import("limit.zig").run);
    const tally = threads_phase.run(arguments.threads, arguments.requests, arguments.faults);
    if (debug.deinit() != .ok) check.wrong("memory was not freed", .{});

    var seed: [40]u8 = undefined;
    const faults = if (arguments.faults == 0) "" else try std.fmt.bufPrint(&seed, ", faults seed {d}", .{arguments.faults});
    var buffer: [300]u8 = undefined;
    var out = std.Io.File.stdout().writerStreaming(init.io, &buffer);
    try out.interface.print(
        "trading_safety (zig): {d} threads x {d} requests{s}: {d} succeeded, {d} failed; {d} crashes, {d} wrong answers, " ++
            "{d} duplicate orders, {d} throttled\n",
        .{
            arguments.threads, arguments.requests, faults,           tally.succeeded, tally.failed,
            tally.crashes,     check.wrongs(),     tally.duplicates, tally.throttled,
        },
    );
    try out.interface.flush();
    return if (tally.crashes + check.wrongs() + tally.duplicates + tally.throttled == 0) 0 else 1;
}

fn read(args: []const [:0]const u8) ?Arguments {
    var arguments: Arguments = .{};
    var i: usize = 1;
    while (i + 1 < args.len) : (i += 2) {
        const given = args[i + 1];
        if (std.mem.eql(u8, args[i], "--broker")) {
            check.broker_url = given;
        } else if (std.mem.eql(u8, args[i], "--data")) {
            check.data_url = given;
        } else if (std.mem.eql(u8, args[i], "--ca")) {
            check.ca_file = given;
        } else inline for (comptime std.meta.fieldNames(Arguments)) |name| {
            if (std.mem.eql(u8, args[i], "--" ++ name)) {
                @field(arguments, name) = std.fmt.parseInt(u32, given, 10) catch return null;
                break;
            }
        } else return null;
    }
    const known = i == args.len and check.broker_url.len > 0 and check.data_url.len > 0 and check.broker_url.len < 200;
    const sane = arguments.threads >= 1 and arguments.threads <= 1000 and arguments.requests >= 1 and arguments.requests <= 100_000;
    return if (known and sane) arguments else null;
}

fn phase(name: []const u8, run: *const fn () void) void {
    const before = check.wrongs();
    run();
    std.debug.print("{s}: {d} wrong\n", .{ name, check.wrongs() - before });
}
