//! Builds the driver against a library:
//!
//!     zig build [-Dlib-dir=DIR] [--prefix DIR]
const std = @import("std");

pub fn build(b: *std.Build) void {
    const target = b.standardTargetOptions(.{});
    const optimize = b.standardOptimizeOption(.{});
    const chosen = b.option([]const u8, "lib-dir", "where libhttp_sentinel.so is");
    const sentinel = if (chosen) |lib_dir|
        b.dependency("http_sentinel", .{ .target = target, .optimize = optimize, .@"lib-dir" = lib_dir })
    else
        b.dependency("http_sentinel", .{ .target = target, .optimize = optimize });
    const exe = b.addExecutable(.{
        .name = "driver",
        .root_module = b.createModule(.{
            .root_source_file = b.path("main.zig"),
            .target = target,
            .optimize = optimize,
            .link_libc = true,
        }),
    });
    exe.root_module.addImport("http_sentinel", sentinel.module("http_sentinel"));
    b.installArtifact(exe);
}
