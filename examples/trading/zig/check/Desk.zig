//! What a thread has ordered, and what it was told. It knows how many shares there must be, at least.
const Desk = @This();
const std = @import("std");
const alpaca = @import("alpaca");
const check = @import("check.zig");
const same = check.same;
const Decimal = alpaca.Decimal;

pub const Share = struct { symbol: []const u8, price: Decimal };
pub const shares = [_]Share{
    .{ .symbol = "AAPL", .price = .of("190.5") },
    .{ .symbol = "F", .price = .of("12.05") },
    .{ .symbol = "MSFT", .price = .of("415") },
    .{ .symbol = "SPY", .price = .of("512.75") },
    .{ .symbol = "TSLA", .price = .of("175.4") },
};

/// An order that was asked for, and what was said of it.
pub const Asked = struct {
    client_order_id: []const u8,
    /// Where it was placed.
    id: []const u8 = "",
    symbol: []const u8,
    side: alpaca.Side,
    qty: Decimal,
    verdict: enum { placed, not_there, nobody_knows },
    seen: bool = false,
};

number: usize,
client: *alpaca.ThreadSafeAlpacaClient = undefined,
arena: std.heap.ArenaAllocator,
has_faults: bool,
done: usize = 0,
succeeded: u64 = 0,
failed: u64 = 0,
/// Shares whose closing was asked for, and was confirmed.
closes: u64 = 0,
closed: u64 = 0,
orders: std.ArrayList(Asked) = .empty,
/// The last that is known to be there.
last: ?usize = null,
/// The open one's id.
open: ?[]const u8 = null,
/// Shares that are surely there to be sold.
held: i32 = 0,

pub fn share(desk: *const Desk) Share {
    return shares[desk.number % shares.len];
}

pub fn expect(desk: *const Desk, where: std.builtin.SourceLocation, condition: bool) void {
    if (!condition) check.wrong("{s}: {s}:{d}: not so", .{ desk.client.name, where.file, where.line });
}

/// What came of a call: its value, or null after an error, which only faults excuse.
pub fn value(desk: *Desk, what: []const u8, result: anytype) ?std.json.Parsed(@typeInfo(@TypeOf(result)).error_union.payload.Value) {
    const response = result catch {
        desk.excuse(what, desk.client.failure().*);
        return null;
    };
    defer response.deinit();
    const parsed = response.value() catch |err| {
        var failure = response.context;
        failure.err = err;
        desk.excuse(what, failure);
        return null;
    };
    desk.succeeded += 1;
    return parsed;
}

/// A failure, which is wrong unless a fault can have made it.
pub fn excuse(desk: *Desk, what: []const u8, failure: alpaca.Failure) void {
    desk.failed += 1;
    const excused = desk.has_faults and (failure.is(error.NetworkFailed) or failure.is(error.BrokerFailed) or
        failure.is(error.NotPlaced) or failure.is(error.OutcomeUnknown));
    if (!excused) check.wrong("{s}: {s}: {f}", .{ desk.client.name, what, failure });
}

fn copy(desk: *Desk, text: []const u8) []const u8 {
    return desk.arena.allocator().dupe(u8, text) catch @panic("no memory");
}

/// Remembers an order, and holds the answer against it.
fn note(desk: *Desk, side: alpaca.Side, qty: Decimal, answer: ?std.json.Parsed(alpaca.Order)) void {
    const failure = desk.client.failure();
    var asked: Asked = .{
        .client_order_id = desk.copy(if (answer) |order| order.value.client_order_id else failure.clientOrderId()),
        .symbol = desk.share().symbol,
        .side = side,
        .qty = qty,
        .verdict = if (answer != null) .placed else if (failure.is(error.OutcomeUnknown)) .nobody_knows else .not_there,
    };
    if (asked.client_order_id.len == 0) return desk.expect(@src(), false);
    if (answer) |order| {
        asked.id = desk.copy(order.value.id);
        desk.last = desk.orders.items.len;
        desk.expect(@src(), same(failure.clientOrderId(), order.value.client_order_id));
        desk.expectOrder(order.value, asked);
    }
    desk.orders.append(desk.arena.allocator(), asked) catch @panic("no memory");
}

pub fn expectOrder(desk: *const Desk, order: alpaca.Order, asked: Asked) void {
    desk.expect(@src(), same(order.id, asked.id) and same(order.client_order_id, asked.client_order_id));
    desk.expect(@src(), same(order.symbol, asked.symbol) and same(order.side, @tagName(asked.side)));
    desk.expect(@src(), if (order.qty) |qty| qty.eql(asked.qty) else false);
}

fn market(desk: *Desk, side: alpaca.Side, qty: i32) bool {
    const order = desk.value(@tagName(side), desk.client.submitOrder(.{ .symbol = desk.share().symbol, .qty = .whole(qty), .side = side }));
    desk.note(side, .whole(qty), order);
    if (order) |parsed| parsed.deinit();
    return order != null;
}

pub fn buy(desk: *Desk) void {
    if (desk.market(.buy, 2)) desk.held += 2;
}

pub fn sell(desk: *Desk) void {
    if (desk.held == 0) return desk.buy();
    desk.held -= 1; // whatever comes of it
    _ = desk.market(.sell, 1);
}

pub fn limitOrder(desk: *Desk) void {
    const order = desk.value("limit order", desk.client.submitOrder(.{
        .symbol = desk.share().symbol,
        .qty = .whole(1),
        .side = .buy,
        .type = .limit,
        .limit_price = .of("5.25"),
        .time_in_force = .gtc,
    }));
    desk.note(.buy, .whole(1), order);
    desk.open = null;
    const parsed = order orelse return;
    defer parsed.deinit();
    desk.open = desk.copy(parsed.value.id);
    desk.expect(@src(), same(parsed.value.type, "limit") and check.amountsTo(parsed.value.limit_price, "5.25"));
    desk.expect(@src(), same(parsed.value.time_in_force, "gtc"));
}

pub fn replace(desk: *Desk) void {
    const old = desk.open orelse return desk.limitOrder();
    const order = desk.value("replace", desk.client.replaceOrder(old, .{ .qty = .whole(3), .limit_price = .of("5.5") }));
    desk.note(.buy, .whole(3), order);
    if (order) |parsed| {
        defer parsed.deinit();
        desk.expect(@src(), same(parsed.value.replaces, old) and check.amountsTo(parsed.value.limit_price, "5.5"));
        desk.open = desk.copy(parsed.value.id);
    } else if (desk.client.failure().is(error.OutcomeUnknown)) desk.open = null; // it may have another id now
}

pub fn cancel(desk: *Desk) void {
    const order = desk.open orelse return desk.limitOrder();
    desk.open = null;
    const response = desk.client.cancelOrder(order) catch return desk.excuse("cancel", desk.client.failure().*);
    defer response.deinit();
    if (response.isSuccess()) desk.succeeded += 1 else desk.excuse("cancel", response.context);
}

pub fn closeShare(desk: *Desk) void {
    if (desk.held == 0) return desk.buy();
    desk.held -= 1;
    desk.closes += 1;
    const order = desk.value("close", desk.client.closePosition(desk.share().symbol, .{ .qty = .whole(1) })) orelse return;
    defer order.deinit();
    desk.closed += 1;
    const sold = order.value orelse return desk.expect(@src(), false);
    desk.expect(@src(), same(sold.symbol, desk.share().symbol) and same(sold.side, "sell") and check.amountsTo(sold.qty, "1"));
}
