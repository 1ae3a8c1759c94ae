//! A body of any size in bounded memory:  stream URL
const std = @import("std");
const hs = @import("http_sentinel");

pub fn main(init: std.process.Init) !u8 {
    const args = try init.minimal.args.toSlice(init.arena.allocator());
    if (args.len < 2) {
        std.debug.print("usage: {s} URL\n", .{args[0]});
        return 2;
    }
    var client = try hs.HttpClient.init(init.gpa);
    defer client.deinit();
    const stream = try client.stream(.GET, args[1], &.{}, "");
    defer stream.deinit();

    var buffer: [16 * 1024]u8 = undefined;
    var body = stream.reader(&buffer);
    var digest: std.Io.Writer.Hashing(std.crypto.hash.sha2.Sha256) = .init(&.{});
    const length = body.interface.streamRemaining(&digest.writer) catch |err| {
        std.debug.print("{s}\n", .{@errorName(body.err orelse err)}); // what went wrong behind error.ReadFailed
        return 1;
    };
    std.debug.print("{d}: {d} bytes, SHA-256 {x}\n", .{ @intFromEnum(stream.status), length, &digest.hasher.finalResult() });
    return 0;
}
