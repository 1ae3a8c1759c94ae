//! The trading client as a module, "alpaca", and the check test_concurrent_safety. `zig build test` runs the tests; the
//! stand-in broker's addresses are in HS_TEST_BROKER and HS_TEST_BROKER_DATA (make test-trading-zig).
const std = @import("std");

pub fn build(b: *std.Build) void {
    const target = b.standardTargetOptions(.{});
    const optimize = b.standardOptimizeOption(.{});
    const sentinel = b.dependency("http_sentinel", .{ .target = target, .optimize = optimize }).module("http_sentinel");

    const alpaca = b.addModule("alpaca", .{
        .root_source_file = b.path("src/root.zig"),
        .target = target,
        .optimize = optimize,
        .imports = &.{.{ .name = "http_sentinel", .module = sentinel }},
    });
    const imports: []const std.Build.Module.Import = &.{
        .{ .name = "http_sentinel", .module = sentinel },
        .{ .name = "alpaca", .module = alpaca },
    };
    const Program = struct { []const u8, []const u8 };
    for ([_]Program{ .{ "test_concurrent_safety", "check/test_concurrent_safety.zig" }, .{ "one_order", "one_order.zig" } }) |program| {
        b.installArtifact(b.addExecutable(.{
            .name = program[0],
            .root_module = b.createModule(.{
                .root_source_file = b.path(program[1]),
                .target = target,
                .optimize = optimize,
                .imports = imports,
            }),
        }));
    }

    const step = b.step("test", "Run the tests");
    for ([_][]const u8{ "tests/json.zig", "tests/broker.zig" }) |file| {
        const run = b.addRunArtifact(b.addTest(.{ .name = file[6 .. file.len - 4], .root_module = b.createModule(.{
            .root_source_file = b.path(file),
            .target = target,
            .optimize = optimize,
            .imports = imports,
        }) }));
        run.setCwd(b.path("."));
        run.has_side_effects = true; // the broker is not an input that Zig could see
        step.dependOn(&run.step);
    }
    step.dependOn(&b.addRunArtifact(b.addTest(.{ .name = "own", .root_module = alpaca })).step);
}
