//! Clients of one account for many threads. They share its limits and nothing else.
//!
//!     var pool = try AlpacaClientPool.init(allocator, api_key, api_secret, .paper);
//!     defer pool.deinit();
//!
//!     // In each thread:
//!     const client = try pool.createClient("worker_1");
//!     defer pool.destroyClient(client);
const AlpacaClientPool = @This();
const std = @import("std");
const hs = @import("http_sentinel");
const AccountLimits = @import("AccountLimits.zig");
const Client = @import("ThreadSafeAlpacaClient.zig");
const Failure = @import("Failure.zig");
const Secret = @import("Secret.zig");

/// It must allow for any number of threads at once.
allocator: std.mem.Allocator,
api_key: Secret,
api_secret: Secret,
environment: Client.Environment,
options: Client.Options,
/// The pool made the limits itself.
owns_limits: bool,
living: std.atomic.Value(usize) = .init(0),

/// Key and secret are borrowed until `deinit`.
pub fn init(
    allocator: std.mem.Allocator,
    api_key: []const u8,
    api_secret: []const u8,
    environment: Client.Environment,
) hs.Error!AlpacaClientPool {
    return initWithOptions(allocator, api_key, api_secret, environment, .{});
}

/// Its limits are those of all its clients together.
pub fn initWithOptions(
    allocator: std.mem.Allocator,
    api_key: []const u8,
    api_secret: []const u8,
    environment: Client.Environment,
    options: Client.Options,
) hs.Error!AlpacaClientPool {
    var shared = options;
    if (options.limits == .own) shared.limits = .{ .shared = try .init(options.limits.own) };
    return .{
        .allocator = allocator,
        .api_key = .of(api_key),
        .api_secret = .of(api_secret),
        .environment = environment,
        .options = shared,
        .owns_limits = options.limits == .own,
    };
}

/// After its clients: a client that is still there is a mistake that panics in safe builds.
pub fn deinit(pool: *AlpacaClientPool) void {
    if (std.debug.runtime_safety and pool.living.load(.acquire) > 0) @panic("AlpacaClientPool.deinit: it has clients");
    if (pool.owns_limits) pool.options.limits.shared.deinit();
    pool.owns_limits = false;
}

/// For the calling thread, under a name that is copied. Any thread.
pub fn createClient(pool: *AlpacaClientPool, name: []const u8) Failure.Error!*Client {
    const copy = try pool.allocator.dupe(u8, name);
    errdefer pool.allocator.free(copy);
    const client = try pool.allocator.create(Client);
    errdefer pool.allocator.destroy(client);
    client.* = try .initWithOptions(pool.allocator, pool.api_key.text(), pool.api_secret.text(), pool.environment, copy, pool.options);
    _ = pool.living.fetchAdd(1, .acq_rel);
    return client;
}

/// Any thread, as long as nobody uses the client.
pub fn destroyClient(pool: *AlpacaClientPool, client: *Client) void {
    client.deinit();
    pool.allocator.free(client.name);
    pool.allocator.destroy(client);
    _ = pool.living.fetchSub(1, .acq_rel);
}
