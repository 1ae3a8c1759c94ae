//! Builds the driver against a library:
//!
//!     zig build [-Dlib-dir=DIR] [--prefix DIR]
const std = @import("std");

pub fn build(b: *std.Build) void {
    const target = b.standardTargetOptions(.{});
    const optimize = b.standardOptimizeOption(.{});
    const chosen = b.option([]const u8, "lib-dir", "where libhttp_sentinel.so is");
    const lib_dir: std.Build.LazyPath = .{ .cwd_relative = chosen orelse b.pathFromRoot("../../../target/release") };

    const exe = b.addExecutable(.{
        .name = "driver",
        .root_module = b.createModule(.{
            .root_source_file = b.path("main.zig"),
            .target = target,
            .optimize = optimize,
            .link_libc = true,
        }),
    });
    exe.root_module.addIncludePath(b.path("../../../include"));
    exe.root_module.addLibraryPath(lib_dir);
    exe.root_module.addRPath(lib_dir);
    exe.root_module.linkSystemLibrary("http_sentinel", .{ .use_pkg_config = .no });
    b.installArtifact(exe);
}
