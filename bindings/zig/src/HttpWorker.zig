//! A client with a name: what one thread of a program has. It is an `HttpClient` and its rules hold; its counters may be
//! read on any thread, so that whoever watches the workers needs no lock either.
//!
//!     var worker = try HttpWorker.init(allocator, "quotes-3", .{});
//!     defer worker.deinit();
//!     const response = try worker.get(url, &.{});
const HttpWorker = @This();
const std = @import("std");
const errors = @import("errors.zig");
const requests = @import("request.zig");
const HttpClient = @import("HttpClient.zig");
const Response = @import("Response.zig");
const Header = std.http.Header;
const Error = errors.Error;

/// Copied.
name: []const u8,
/// The thread that it belongs to.
thread: std.Thread.Id,
client: HttpClient,

/// Belongs to the calling thread. Errors: those of `HttpClient.initWithOptions`.
pub fn init(allocator: std.mem.Allocator, name: []const u8, options: HttpClient.Options) Error!HttpWorker {
    const copy = try allocator.dupe(u8, name);
    errdefer allocator.free(copy);
    const client = try HttpClient.initWithOptions(allocator, options);
    return .{ .name = copy, .thread = std.Thread.getCurrentId(), .client = client };
}

/// As `HttpClient.deinit`: on its own thread it is closed, on another one given up.
pub fn deinit(worker: *HttpWorker) void {
    const allocator = worker.client.allocator;
    worker.client.deinit();
    allocator.free(worker.name);
    worker.name = "";
}

/// Whether the calling thread may send with it.
pub fn isHere(worker: *const HttpWorker) bool {
    return worker.thread == std.Thread.getCurrentId();
}

/// GET; as `HttpClient.get`.
pub fn get(worker: *HttpWorker, url: []const u8, headers: []const Header) Error!Response {
    return worker.client.get(url, headers);
}

/// POST; as `HttpClient.post`.
pub fn post(worker: *HttpWorker, url: []const u8, headers: []const Header, body: []const u8) Error!Response {
    return worker.client.post(url, headers, body);
}

/// Any method; `client` has all the others.
pub fn request(worker: *HttpWorker, method: std.http.Method, url: []const u8, headers: []const Header, body: ?[]const u8) Error!Response {
    return worker.client.request(method, url, headers, body);
}

/// The same with options, in one value.
pub fn send(worker: *HttpWorker, parts: requests.Parts) Error!Response {
    return worker.client.send(parts);
}

/// What it has done so far. Any thread, also while it is in a call.
pub fn counters(worker: *const HttpWorker) Error!HttpClient.Counters {
    return worker.client.counters();
}
