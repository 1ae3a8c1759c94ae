//! zig build --prefix DIR, which puts the program at DIR/bin/zig.
const std = @import("std");

pub fn build(b: *std.Build) void {
    const target = b.standardTargetOptions(.{});
    const optimize = b.standardOptimizeOption(.{});
    const sentinel = b.dependency("http_sentinel", .{ .target = target, .optimize = optimize });
    const exe = b.addExecutable(.{
        .name = "zig",
        .root_module = b.createModule(.{ .root_source_file = b.path("bench.zig"), .target = target, .optimize = optimize }),
    });
    exe.root_module.addImport("http_sentinel", sentinel.module("http_sentinel"));
    b.installArtifact(exe);
}
