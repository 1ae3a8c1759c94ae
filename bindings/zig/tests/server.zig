//! Where the test server is.
const std = @import("std");

/// Of the plain port, with this path; valid for good.
pub fn http(comptime path: []const u8) []const u8 {
    return join("HS_TEST_HTTP", path);
}

pub fn https(comptime path: []const u8) []const u8 {
    return join("HS_TEST_HTTPS", path);
}

pub fn caFile() []const u8 {
    return variable("HS_TEST_CA");
}

fn variable(comptime name: [:0]const u8) []const u8 {
    const value = std.c.getenv(name) orelse @panic(name ++ " is not set: run the tests by make test-zig");
    return std.mem.span(value);
}

fn join(comptime name: [:0]const u8, path: []const u8) []const u8 {
    return std.mem.concat(std.heap.page_allocator, u8, &.{ variable(name), path }) catch @panic("out of memory");
}

/// Of the scripted port.
pub fn script(comptime path: []const u8) []const u8 {
    const json = variable("HS_TEST_SERVER_JSON");
    const key = "\"script\":\"";
    const begin = (std.mem.indexOf(u8, json, key) orelse @panic("the server has no scripted port")) + key.len;
    const end = std.mem.indexOfScalarPos(u8, json, begin, '"').?;
    return std.mem.concat(std.heap.page_allocator, u8, &.{ "http://", json[begin..end], path }) catch @panic("out of memory");
}
