//! The examples, as a program of anybody's uses the package:
//!
//!     zig build [-Dlinkage=static] [-Doptimize=ReleaseSafe] [--prefix DIR]
const std = @import("std");

pub fn build(b: *std.Build) void {
    const target = b.standardTargetOptions(.{});
    const optimize = b.standardOptimizeOption(.{});
    const linkage = b.option(std.builtin.LinkMode, "linkage", "static or dynamic (default)") orelse .dynamic;
    const sentinel = b.dependency("http_sentinel", .{ .target = target, .optimize = optimize, .linkage = linkage });

    for ([_][]const u8{ "get", "workers", "fetch", "stream" }) |name| {
        const exe = b.addExecutable(.{
            .name = name,
            .root_module = b.createModule(.{
                .root_source_file = b.path(b.fmt("{s}.zig", .{name})),
                .target = target,
                .optimize = optimize,
            }),
        });
        exe.root_module.addImport("http_sentinel", sentinel.module("http_sentinel"));
        b.installArtifact(exe);
    }
}
