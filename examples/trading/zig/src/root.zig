//! A trading client over HTTP Sentinel: Alpaca's Trading API v2 and Market Data API v2. Its rules are in ../../README.md.
const std = @import("std");

pub const AlpacaClient = @import("AlpacaClient.zig");
pub const ThreadSafeAlpacaClient = @import("ThreadSafeAlpacaClient.zig");
pub const AlpacaClientPool = @import("AlpacaClientPool.zig");
pub const AccountLimits = @import("AccountLimits.zig");
pub const Environment = Session.Environment;
pub const Options = Session.Options;

pub const Response = @import("response.zig").Response;
pub const BarIterator = @import("market.zig").BarIterator;
pub const Failure = @import("Failure.zig");
pub const Error = Failure.Error;
pub const Decimal = @import("Decimal.zig");

pub const Account = types.Account;
pub const Position = types.Position;
pub const ClosedPosition = types.ClosedPosition;
pub const Order = types.Order;
pub const CanceledOrder = types.CanceledOrder;
pub const Asset = types.Asset;
pub const Clock = types.Clock;
pub const CalendarDay = types.CalendarDay;
pub const PortfolioHistory = types.PortfolioHistory;
pub const Quote = types.Quote;
pub const LatestQuote = types.LatestQuote;
pub const Trade = types.Trade;
pub const LatestTrade = types.LatestTrade;
pub const Bar = types.Bar;
pub const Bars = types.Bars;

pub const Side = requests.Side;
pub const OrderType = requests.OrderType;
pub const TimeInForce = requests.TimeInForce;
pub const OrderRequest = requests.OrderRequest;
pub const ReplaceRequest = requests.ReplaceRequest;
pub const CloseRequest = requests.CloseRequest;
pub const OrderFilter = requests.OrderFilter;
pub const AssetFilter = requests.AssetFilter;
pub const CalendarRange = requests.CalendarRange;
pub const HistoryRange = requests.HistoryRange;
pub const BarRequest = requests.BarRequest;

const requests = @import("requests.zig");
const Session = @import("Session.zig");
const types = @import("types.zig");

test {
    std.testing.refAllDecls(@This());
    _ = @import("Secret.zig");
    _ = @import("Target.zig");
}
