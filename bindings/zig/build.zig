//! The package http_sentinel, for Zig 0.16 and 0.17. As a dependency it offers the module "http_sentinel":
//!
//!     const sentinel = b.dependency("http_sentinel", .{ .target = target, .optimize = optimize });
//!     exe.root_module.addImport("http_sentinel", sentinel.module("http_sentinel"));
//!
//! By itself `zig build test` runs its tests, which need the repository's test server (see README.md).
const std = @import("std");

pub fn build(b: *std.Build) void {
    const target = b.standardTargetOptions(.{});
    const optimize = b.standardOptimizeOption(.{});
    const linkage = b.option(std.builtin.LinkMode, "linkage", "static or dynamic (default)") orelse .dynamic;
    const system = b.option(bool, "system", "the installed library, found by pkg-config") orelse false;
    const lib_dir = directory(b, "lib-dir", "where the library is (default: target/release of the repository)", "../../target/release");
    const include_dir = directory(b, "include-dir", "where http_sentinel.h is (default: include of the repository)", "../../include");

    const c = b.addTranslateC(.{
        .root_source_file = b.path("src/c.h"),
        .target = target,
        .optimize = optimize,
        .link_libc = true,
    });
    if (system) c.linkSystemLibrary("http_sentinel", .{}) else c.addIncludePath(include_dir);

    const module = b.addModule("http_sentinel", .{
        .root_source_file = b.path("src/root.zig"),
        .target = target,
        .optimize = optimize,
        .link_libc = true,
        .imports = &.{.{ .name = "c", .module = c.createModule() }},
    });
    if (system) {
        module.linkSystemLibrary("http_sentinel", .{ .preferred_link_mode = linkage });
    } else switch (linkage) {
        .dynamic => {
            module.addLibraryPath(lib_dir);
            module.addRPath(lib_dir);
            module.linkSystemLibrary("http_sentinel", .{ .use_pkg_config = .no });
        },
        .static => module.addObjectFile(lib_dir.path(b, "libhttp_sentinel.a")),
    }
    // Rust's part of it unwinds with the C compiler's runtime.
    if (linkage == .static) module.linkSystemLibrary("gcc_s", .{ .use_pkg_config = .no });

    const filters = b.option([]const []const u8, "test-filter", "only tests with this in their name") orelse &.{};
    const step = b.step("test", "Run the tests; the test server's addresses are in HS_TEST_HTTP, HS_TEST_HTTPS, HS_TEST_CA");
    const own = b.addTest(.{ .name = "own", .root_module = module, .filters = filters });
    const server = b.addTest(.{
        .name = "server",
        .filters = filters,
        .root_module = b.createModule(.{
            .root_source_file = b.path("tests/all.zig"),
            .target = target,
            .optimize = optimize,
            .link_libc = true,
            .imports = &.{.{ .name = "http_sentinel", .module = module }},
        }),
    });
    for ([_]*std.Build.Step.Compile{ own, server }) |tests| {
        const run = b.addRunArtifact(tests);
        run.has_side_effects = true; // what it talks to is not an input that Zig could see
        step.dependOn(&run.step);
    }

    const programs = b.step("programs", "Build tests/flat.zig, which looks whether memory and threads stay as they are");
    const flat = b.addExecutable(.{
        .name = "flat",
        .root_module = b.createModule(.{
            .root_source_file = b.path("tests/flat.zig"),
            .target = target,
            .optimize = optimize,
            .link_libc = true,
            .imports = &.{.{ .name = "http_sentinel", .module = module }},
        }),
    });
    programs.dependOn(&b.addInstallArtifact(flat, .{}).step);
}

/// Absolute: programs remember where the library is, and are started in other directories.
fn directory(b: *std.Build, name: []const u8, description: []const u8, otherwise: []const u8) std.Build.LazyPath {
    const root = if (@hasField(std.Build, "build_root")) b.build_root.handle else b.root.root_dir.handle; // Zig 0.16, 0.17
    const given = b.option([]const u8, name, description);
    const from = if (given == null) root else std.Io.Dir.cwd();
    var buffer: [std.fs.max_path_bytes]u8 = undefined;
    const length = from.realPathFile(b.graph.io, ".", &buffer) catch |err| std.debug.panic("{s}: {s}", .{ name, @errorName(err) });
    const path = std.fs.path.resolve(b.allocator, &.{ buffer[0..length], given orelse otherwise }) catch @panic("OOM");
    return .{ .cwd_relative = path };
}
