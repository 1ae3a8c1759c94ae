//! What threads ask that changes nothing.
const std = @import("std");
const alpaca = @import("alpaca");
const check = @import("check.zig");
const Desk = @import("Desk.zig");
const same = check.same;

pub const start_cash = "10000000";
const unit = alpaca.Decimal.whole(1).nano;

pub fn account(desk: *Desk) void {
    const parsed = desk.value("account", desk.client.getAccount()) orelse return;
    defer parsed.deinit();
    const a = parsed.value;
    desk.expect(@src(), check.amountsTo(a.equity, start_cash) and check.amountsTo(a.portfolio_value, start_cash));
    desk.expect(@src(), a.cash.nano + a.long_market_value.nano == a.equity.nano and a.buying_power.nano <= a.cash.nano);
}

pub fn lastOrder(desk: *Desk) void {
    const asked = desk.orders.items[desk.last orelse return account(desk)];
    const order = desk.value("order", if (desk.done % 2 == 0)
        desk.client.getOrder(asked.id)
    else
        desk.client.getOrderByClientId(asked.client_order_id)) orelse return;
    defer order.deinit();
    desk.expectOrder(order.value, asked);
}

fn isWorth(given: alpaca.Position, share: Desk.Share) bool {
    return given.current_price.eql(share.price) and @rem(given.qty.nano, unit) == 0 and
        given.market_value.nano == @divExact(given.qty.nano, unit) * share.price.nano;
}

pub fn position(desk: *Desk) void {
    if (desk.held == 0) return desk.buy();
    const parsed = desk.value("position", desk.client.getPosition(desk.share().symbol)) orelse return;
    defer parsed.deinit();
    const p = parsed.value;
    desk.expect(@src(), same(p.symbol, desk.share().symbol) and isWorth(p, desk.share()));
    desk.expect(@src(), p.qty.nano >= desk.held * unit and p.qty_available.nano <= p.qty.nano);
}

pub fn positions(desk: *Desk) void {
    const list = desk.value("positions", desk.client.getPositions()) orelse return;
    defer list.deinit();
    desk.expect(@src(), list.value.len <= Desk.shares.len);
    for (list.value) |one| {
        for (Desk.shares) |share| {
            if (same(one.symbol, share.symbol)) break desk.expect(@src(), isWorth(one, share));
        } else desk.expect(@src(), false);
    }
}

/// Moments are written with as many digits as they need.
fn isEarlier(a: []const u8, b: []const u8) bool {
    return std.mem.lessThan(u8, std.mem.trimEnd(u8, a, "Z"), std.mem.trimEnd(u8, b, "Z"));
}

pub fn orders(desk: *Desk) void {
    const list = desk.value("orders", desk.client.listOrders(.{ .status = .open, .symbols = desk.share().symbol, .limit = 20 })) orelse return;
    defer list.deinit();
    desk.expect(@src(), list.value.len <= 20);
    for (list.value, 0..) |order, i| {
        desk.expect(@src(), same(order.symbol, desk.share().symbol) and same(order.status, "new") and same(order.type, "limit"));
        if (i > 0) desk.expect(@src(), isEarlier(order.submitted_at, list.value[i - 1].submitted_at));
    }
}

fn price(desk: *Desk) f64 {
    return @as(f64, @floatFromInt(desk.share().price.nano)) / @as(f64, @floatFromInt(unit));
}

pub fn quote(desk: *Desk) void {
    const latest = desk.value("quote", desk.client.getLatestQuote(desk.share().symbol)) orelse return;
    defer latest.deinit();
    desk.expect(@src(), same(latest.value.symbol, desk.share().symbol) and latest.value.quote.bp < latest.value.quote.ap);
}

pub fn trade(desk: *Desk) void {
    const latest = desk.value("trade", desk.client.getLatestTrade(desk.share().symbol)) orelse return;
    defer latest.deinit();
    desk.expect(@src(), same(latest.value.symbol, desk.share().symbol) and latest.value.trade.p == price(desk));
}

/// Two pages.
pub fn bars(desk: *Desk) void {
    const wanted: alpaca.BarRequest = .{ .timeframe = "1Day", .start = "2026-02-02", .end = "2026-02-14", .limit = 6 };
    var iterator = desk.client.bars(desk.share().symbol, wanted);
    defer iterator.deinit();
    var count: usize = 0;
    while (iterator.next() catch |err| {
        var failure = desk.client.failure().*;
        failure.err = err;
        return desk.excuse("bars", failure);
    }) |bar| : (count += 1) desk.expect(@src(), bar.c == price(desk));
    desk.expect(@src(), count == 10);
    desk.succeeded += 1;
}

pub fn marketClock(desk: *Desk) void {
    const clock = desk.value("clock", desk.client.getClock()) orelse return;
    defer clock.deinit();
    desk.expect(@src(), std.mem.startsWith(u8, clock.value.timestamp, "2026-03-02T"));
}

pub fn asset(desk: *Desk) void {
    const found = desk.value("asset", desk.client.getAsset(desk.share().symbol)) orelse return;
    defer found.deinit();
    desk.expect(@src(), same(found.value.symbol, desk.share().symbol) and found.value.tradable);
}

pub fn calendar(desk: *Desk) void {
    const days = desk.value("calendar", desk.client.getCalendar(.{ .start = "2026-07-01", .end = "2026-07-07" })) orelse return;
    defer days.deinit();
    desk.expect(@src(), days.value.len == 4 and same(days.value[2].date, "2026-07-06"));
}

pub fn history(desk: *Desk) void {
    const parsed = desk.value("history", desk.client.getPortfolioHistory(.{ .period = "1M", .timeframe = "1D" })) orelse return;
    defer parsed.deinit();
    const h = parsed.value;
    desk.expect(@src(), h.equity.len == 21 and h.equity[20].? == 10_000_000 and h.profit_loss[20].? == 0);
}
