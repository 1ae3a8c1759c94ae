//! The header through Zig's C translation: as a module made by addTranslateC (Zig 0.16 and 0.17), and, with
//! -Dcimport=true, by @cImport (0.16 only; 0.17 no longer has it). Building is the test; running it calls the library.
//!
//!     zig build -Dinclude-dir=DIR -Dlib-dir=DIR [-Dcimport=true]
const std = @import("std");

pub fn build(b: *std.Build) void {
    const include_dir: std.Build.LazyPath = .{ .cwd_relative = b.option([]const u8, "include-dir", "where http_sentinel.h is") orelse "../../../include" };
    const lib_dir: std.Build.LazyPath = .{ .cwd_relative = b.option([]const u8, "lib-dir", "where libhttp_sentinel.so is") orelse "../../../target/release" };
    const cimport = b.option(bool, "cimport", "use @cImport") orelse false;
    const target = b.standardTargetOptions(.{});
    const optimize = b.standardOptimizeOption(.{});

    const c = if (cimport) blk: {
        const module = b.createModule(.{
            .root_source_file = b.path("cimport.zig"),
            .target = target,
            .optimize = optimize,
            .link_libc = true,
        });
        module.addIncludePath(include_dir);
        break :blk module;
    } else blk: {
        const translate = b.addTranslateC(.{
            .root_source_file = include_dir.path(b, "http_sentinel.h"),
            .target = target,
            .optimize = optimize,
            .link_libc = true,
        });
        break :blk translate.createModule();
    };

    const exe = b.addExecutable(.{
        .name = "translate",
        .root_module = b.createModule(.{
            .root_source_file = b.path("main.zig"),
            .target = target,
            .optimize = optimize,
            .link_libc = true,
            .imports = &.{.{ .name = "c", .module = c }},
        }),
    });
    exe.root_module.addLibraryPath(lib_dir);
    exe.root_module.addRPath(lib_dir);
    exe.root_module.linkSystemLibrary("http_sentinel", .{ .use_pkg_config = .no });
    b.installArtifact(exe);
}
