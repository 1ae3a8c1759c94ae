//! What the broker answers, by the names that it has in its documentation. Times and identifiers are texts; what is
//! optional may be null. A field that is missing, or of another kind, makes the answer unreadable.
const std = @import("std");
const Decimal = @import("Decimal.zig");

pub const Account = struct {
    id: []const u8,
    account_number: []const u8,
    status: []const u8,
    currency: []const u8,
    cash: Decimal,
    buying_power: Decimal,
    equity: Decimal,
    last_equity: Decimal,
    portfolio_value: Decimal,
    long_market_value: Decimal,
    short_market_value: Decimal,
    initial_margin: Decimal,
    maintenance_margin: Decimal,
    multiplier: []const u8,
    pattern_day_trader: bool,
    trading_blocked: bool,
    transfers_blocked: bool,
    account_blocked: bool,
    shorting_enabled: bool,
    daytrade_count: i64,
};

pub const Position = struct {
    asset_id: []const u8,
    symbol: []const u8,
    exchange: []const u8,
    asset_class: []const u8,
    /// "long" or "short".
    side: []const u8,
    qty: Decimal,
    /// Without what open orders sell.
    qty_available: Decimal,
    avg_entry_price: Decimal,
    market_value: Decimal,
    cost_basis: Decimal,
    unrealized_pl: Decimal,
    unrealized_plpc: Decimal,
    current_price: Decimal,
    lastday_price: Decimal,
    change_today: Decimal,
};

pub const Order = struct {
    id: []const u8,
    client_order_id: []const u8,
    symbol: []const u8,
    asset_id: []const u8,
    asset_class: []const u8,
    side: []const u8,
    type: []const u8,
    time_in_force: []const u8,
    /// "new", "partially_filled", "filled", "canceled", "replaced", "rejected", …: there may be more some day.
    status: []const u8,
    qty: ?Decimal,
    notional: ?Decimal,
    filled_qty: Decimal,
    filled_avg_price: ?Decimal,
    limit_price: ?Decimal,
    stop_price: ?Decimal,
    created_at: []const u8,
    updated_at: []const u8,
    submitted_at: []const u8,
    filled_at: ?[]const u8,
    canceled_at: ?[]const u8,
    expired_at: ?[]const u8,
    failed_at: ?[]const u8,
    replaced_at: ?[]const u8,
    replaced_by: ?[]const u8,
    replaces: ?[]const u8,
    extended_hours: bool,
};

/// Of `cancelAllOrders`: what became of each order.
pub const CanceledOrder = struct { id: []const u8, status: u16 };

/// Of `closeAllPositions`: what became of each position.
pub const ClosedPosition = struct {
    symbol: []const u8,
    status: u16,
    /// The order that sells it, or why there is none.
    body: struct { id: ?[]const u8 = null, code: ?i64 = null, message: ?[]const u8 = null },
};

pub const Asset = struct {
    id: []const u8,
    symbol: []const u8,
    name: []const u8,
    class: []const u8,
    exchange: []const u8,
    status: []const u8,
    tradable: bool,
    marginable: bool,
    shortable: bool,
    easy_to_borrow: bool,
    fractionable: bool,
};

pub const Clock = struct {
    timestamp: []const u8,
    is_open: bool,
    next_open: []const u8,
    next_close: []const u8,
};

/// A day of trading: "2026-03-02", "09:30", "16:00".
pub const CalendarDay = struct { date: []const u8, open: []const u8, close: []const u8 };

/// Columns, all of one length.
pub const PortfolioHistory = struct {
    /// Seconds since 1970.
    timestamp: []const i64,
    equity: []const ?f64,
    profit_loss: []const ?f64,
    profit_loss_pct: []const ?f64,
    base_value: f64,
    timeframe: []const u8,

    pub fn isWhole(history: PortfolioHistory) bool {
        const count = history.timestamp.len;
        return history.equity.len == count and history.profit_loss.len == count and history.profit_loss_pct.len == count;
    }
};

/// Bid and ask: price, size, exchange.
pub const Quote = struct { t: []const u8, ap: f64, as: f64, ax: []const u8, bp: f64, bs: f64, bx: []const u8 };
pub const LatestQuote = struct { symbol: []const u8, quote: Quote };

/// Price, size, exchange, number.
pub const Trade = struct { t: []const u8, p: f64, s: f64, x: []const u8, i: i64 };
pub const LatestTrade = struct { symbol: []const u8, trade: Trade };

/// Open, high, low, close, volume, number of trades, volume-weighted average price.
pub const Bar = struct { t: []const u8, o: f64, h: f64, l: f64, c: f64, v: f64, n: f64, vw: f64 };

/// A page of bars; without `next_page_token` it is the last one.
pub const Bars = struct { symbol: []const u8, bars: ?[]const Bar, next_page_token: ?[]const u8 };
