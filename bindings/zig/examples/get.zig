//! One request, and what came of it:  get URL [CA_FILE]
const std = @import("std");
const hs = @import("http_sentinel");

pub fn main(init: std.process.Init) !u8 {
    const args = try init.minimal.args.toSlice(init.arena.allocator());
    if (args.len < 2) {
        std.debug.print("usage: {s} URL [CA_FILE]\n", .{args[0]});
        return 2;
    }
    var client = try hs.HttpClient.initWithOptions(init.gpa, .{ .ca_file = if (args.len > 2) args[2] else "" });
    defer client.deinit();

    var diagnostics: hs.Diagnostics = .{};
    defer diagnostics.deinit();
    const response = client.getWithOptions(args[1], &.{}, .{ .diagnostics = &diagnostics }) catch {
        std.debug.print("{f}\n", .{diagnostics});
        return 1;
    };
    defer response.deinit();

    std.debug.print("{d} {s}, {d} bytes, {s}, after {d} attempt(s)\n", .{
        @intFromEnum(response.status),
        response.status.phrase() orelse "",
        response.body.len,
        response.header("content-type") orelse "of no type",
        response.attempts(),
    });
    return 0;
}
