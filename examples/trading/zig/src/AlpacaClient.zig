//! A client of the broker's for one thread: that of its first call. On another one every call is `error.WrongThread`.
//!
//!     var client = AlpacaClient.init(allocator, api_key, api_secret, .paper);
//!     defer client.deinit();
//!     const response = try client.getAccount();
//!     defer response.deinit();
//!     if (!response.isSuccess()) std.log.err("{f}", .{response.context});
//!
//! A call returns what the broker answered, also where it refuses; errors say that there is no answer, or that it does
//! not tell what was done. `failure` has the rest. It must stay where it is while something of it is used.
const AlpacaClient = @This();
const std = @import("std");
const Failure = @import("Failure.zig");
const Session = @import("Session.zig");

pub const Options = Session.Options;
pub const Environment = Session.Environment;

session: Session,

/// Nothing is made before the first call, so that this cannot fail. Key and secret are borrowed until `deinit`.
pub fn init(allocator: std.mem.Allocator, api_key: []const u8, api_secret: []const u8, environment: Environment) AlpacaClient {
    return .initWithOptions(allocator, api_key, api_secret, environment, .{});
}

pub fn initWithOptions(
    allocator: std.mem.Allocator,
    api_key: []const u8,
    api_secret: []const u8,
    environment: Environment,
    options: Options,
) AlpacaClient {
    return .{ .session = .init(allocator, api_key, api_secret, environment, options) };
}

/// Answers live on.
pub fn deinit(client: *AlpacaClient) void {
    client.session.deinit();
}

/// What the last call came to. Not after `error.WrongThread`, which leaves it to the client's own thread.
pub fn failure(client: *const AlpacaClient) *const Failure {
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
