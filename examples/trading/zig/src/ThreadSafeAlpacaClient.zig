//! A client with a name, that belongs to the thread that makes it: one a thread, nothing shared but the limits of the
//! account. On another thread every call is `error.WrongThread`, and does nothing. `AlpacaClientPool` makes them.
//!
//!     var client: ThreadSafeAlpacaClient = try .init(allocator, api_key, api_secret, .paper, "worker_1");
//!     defer client.deinit();
const ThreadSafeAlpacaClient = @This();
const std = @import("std");
const Failure = @import("Failure.zig");
const Session = @import("Session.zig");

pub const Options = Session.Options;
pub const Environment = Session.Environment;

session: Session,
/// Borrowed until `deinit`, as are key and secret.
name: []const u8,

pub fn init(
    allocator: std.mem.Allocator,
    api_key: []const u8,
    api_secret: []const u8,
    environment: Environment,
    name: []const u8,
) Failure.Error!ThreadSafeAlpacaClient {
    return initWithOptions(allocator, api_key, api_secret, environment, name, .{});
}

pub fn initWithOptions(
    allocator: std.mem.Allocator,
    api_key: []const u8,
    api_secret: []const u8,
    environment: Environment,
    name: []const u8,
    options: Options,
) Failure.Error!ThreadSafeAlpacaClient {
    var client: ThreadSafeAlpacaClient = .{
        .session = .init(allocator, api_key, api_secret, environment, options),
        .name = name,
    };
    errdefer client.session.deinit();
    try client.session.enter();
    return client;
}

/// On any thread: its own closes the connections at once, of another one they are closed when its own next uses the
/// library, or exits.
pub fn deinit(client: *ThreadSafeAlpacaClient) void {
    client.session.deinit();
}

/// What the last call came to. Not after `error.WrongThread`, which leaves it to the client's own thread.
pub fn failure(client: *const ThreadSafeAlpacaClient) *const Failure {
    return &client.session.failure;
}

const account = @import("account.zig").Operations(@This());
pub const getAccount = account.getAccount;
pub const getPortfolioHistory = account.getPortfolioHistory;
pub const getPositions = account.getPositions;
pub const getPosition = account.getPosition;
pub const closePosition = account.closePosition;
pub const closeAllPositions = account.closeAllPositions;

const orders = @import("orders.zig").Operations(@This());
pub const submitOrder = orders.submitOrder;
pub const replaceOrder = orders.replaceOrder;
pub const cancelOrder = orders.cancelOrder;
pub const cancelAllOrders = orders.cancelAllOrders;
pub const getOrder = orders.getOrder;
pub const getOrderByClientId = orders.getOrderByClientId;
pub const listOrders = orders.listOrders;
pub const newClientOrderId = orders.newClientOrderId;

const market = @import("market.zig").Operations(@This());
pub const getAssets = market.getAssets;
pub const getAsset = market.getAsset;
pub const getClock = market.getClock;
pub const getCalendar = market.getCalendar;
pub const getLatestQuote = market.getLatestQuote;
pub const getLatestTrade = market.getLatestTrade;
pub const getBars = market.getBars;
pub const bars = market.bars;
pub const getAllBars = market.getAllBars;
