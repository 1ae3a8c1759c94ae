//! What is asked of the broker. Null is what the broker takes for it. Texts are borrowed during the call.
const Decimal = @import("Decimal.zig");

pub const Side = enum { buy, sell };
pub const OrderType = enum { market, limit, stop, stop_limit };
pub const TimeInForce = enum { day, gtc, opg, cls, ioc, fok };
pub const Direction = enum { asc, desc };

/// `qty` or `notional` is needed.
pub const OrderRequest = struct {
    symbol: []const u8,
    qty: ?Decimal = null,
    notional: ?Decimal = null,
    side: Side,
    type: OrderType = .market,
    time_in_force: TimeInForce = .day,
    limit_price: ?Decimal = null,
    stop_price: ?Decimal = null,
    extended_hours: bool = false,
    /// 1 to 128 bytes, different for each order of the account; null: a new one is made, which the answer has, and
    /// after a failure `failure.clientOrderId()`.
    client_order_id: ?[]const u8 = null,
};

/// Null stays as it was.
pub const ReplaceRequest = struct {
    qty: ?Decimal = null,
    limit_price: ?Decimal = null,
    stop_price: ?Decimal = null,
    time_in_force: ?TimeInForce = null,
    /// Of the new order, as in `OrderRequest`.
    client_order_id: ?[]const u8 = null,
};

/// How much of a position is closed: neither is all of it, and both are refused.
pub const CloseRequest = struct { qty: ?Decimal = null, percentage: ?Decimal = null };

pub const OrderFilter = struct {
    status: ?enum { open, closed, all } = null,
    limit: ?u32 = null,
    after: ?[]const u8 = null,
    until: ?[]const u8 = null,
    direction: ?Direction = null,
    /// With commas between.
    symbols: ?[]const u8 = null,
};

pub const AssetFilter = struct { status: ?[]const u8 = null, asset_class: ?[]const u8 = null };
/// Dates: "2026-03-02".
pub const CalendarRange = struct { start: ?[]const u8 = null, end: ?[]const u8 = null };
/// "1D", "1W", "1M", "3M", "1A"; "1D", "1H", …
pub const HistoryRange = struct { period: ?[]const u8 = null, timeframe: ?[]const u8 = null };

pub const BarRequest = struct {
    /// "1Min", "1Hour", "1Day".
    timeframe: []const u8,
    /// RFC 3339, or a date.
    start: ?[]const u8 = null,
    end: ?[]const u8 = null,
    /// Of a page.
    limit: ?u32 = null,
    /// Where the page before ended.
    page_token: ?[]const u8 = null,
};
