//! Builds the examples against the library in target/release (cargo build --release, or make build):
//!
//!     zig build [-Dlib-dir=DIR] [-Doptimize=ReleaseSafe] [--prefix DIR]
const std = @import("std");

pub fn build(b: *std.Build) void {
    const target = b.standardTargetOptions(.{});
    const optimize = b.standardOptimizeOption(.{});
    const chosen = b.option([]const u8, "lib-dir", "where libhttp_sentinel.so is");
    const lib_dir: std.Build.LazyPath = .{ .cwd_relative = chosen orelse b.pathFromRoot("../../target/release") };

    for ([_][]const u8{ "first_request", "threads", "pool" }) |name| {
        const exe = b.addExecutable(.{
            .name = name,
            .root_module = b.createModule(.{
                .root_source_file = b.path(b.fmt("{s}.zig", .{name})),
                .target = target,
                .optimize = optimize,
                .link_libc = true,
            }),
        });
        exe.root_module.addIncludePath(b.path("../../include"));
        exe.root_module.addLibraryPath(lib_dir);
        exe.root_module.addRPath(lib_dir);
        exe.root_module.linkSystemLibrary("http_sentinel", .{ .use_pkg_config = .no });
        b.installArtifact(exe);
    }
}
