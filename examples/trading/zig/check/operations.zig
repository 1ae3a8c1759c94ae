//! Each operation once.
const std = @import("std");
const alpaca = @import("alpaca");
const check = @import("check.zig");
const AlpacaClient = alpaca.AlpacaClient;
const expect = check.expect;
const value = check.value;
const same = check.same;
const amountsTo = check.amountsTo;

const key = "PK-ZIG-OPERATIONS";

pub fn run() void {
    check.put(key, "", "{\"secret\": \"a secret\"}");
    keys();
    var client = check.newClient(key);
    defer client.deinit();
    accountAndHistory(&client);
    market(&client);
    data(&client);
    orders(&client);
    refusals(&client);
    if (std.Thread.spawn(.{}, useFromElsewhere, .{&client})) |other| other.join() else |_| check.wrong("no thread", .{});
    const seen = check.seen(key);
    defer seen.deinit();
    expect(@src(), seen.value.contradictions.len == 0 and same(seen.value.cash, "100000"));
}

fn keys() void {
    var client: AlpacaClient = .initWithOptions(check.allocator, key, "a wrong secret", .paper, check.options());
    defer client.deinit();
    const failure = check.fails(@src(), error.Unauthorized, &client, client.getAccount());
    expect(@src(), failure.http_status == 403 and failure.attempts == 1 and std.mem.indexOf(u8, failure.message(), "secret") == null);
    var nobody: AlpacaClient = .init(check.allocator, "", "", .paper);
    defer nobody.deinit();
    _ = check.fails(@src(), error.InvalidArgument, &nobody, nobody.getAccount());
}

fn accountAndHistory(client: *AlpacaClient) void {
    if (value(@src(), client, client.getAccount())) |account| {
        defer account.deinit();
        const a = account.value;
        expect(@src(), same(a.status, "ACTIVE") and same(a.currency, "USD") and same(a.multiplier, "1"));
        expect(@src(), amountsTo(a.cash, "100000") and amountsTo(a.buying_power, "100000"));
        expect(@src(), amountsTo(a.equity, "100000") and amountsTo(a.long_market_value, "0"));
        expect(@src(), !a.trading_blocked and !a.shorting_enabled and a.daytrade_count == 0);
    }
    if (value(@src(), client, client.getPortfolioHistory(.{ .period = "1W", .timeframe = "1D" }))) |history| {
        defer history.deinit();
        const h = history.value;
        expect(@src(), h.timestamp.len == 5 and h.base_value == 100000 and same(h.timeframe, "1D"));
        expect(@src(), h.equity[4].? == 100000 and h.profit_loss[4].? == 0 and h.timestamp[3] < h.timestamp[4]);
    }
}

fn market(client: *AlpacaClient) void {
    if (value(@src(), client, client.getAssets(.{ .status = "active", .asset_class = "us_equity" }))) |assets| {
        defer assets.deinit();
        expect(@src(), assets.value.len == 12 and same(assets.value[0].symbol, "AAPL") and same(assets.value[0].class, "us_equity"));
    }
    if (value(@src(), client, client.getAsset("BRK.B"))) |asset| {
        defer asset.deinit();
        expect(@src(), same(asset.value.exchange, "NYSE") and asset.value.tradable and asset.value.fractionable and !asset.value.shortable);
    }
    const failure = check.fails(@src(), error.NotFound, client, client.getAsset("ZZZ"));
    expect(@src(), failure.code == 40410000 and same(failure.message(), "asset not found for ZZZ") and failure.request_sent == .yes);
    if (value(@src(), client, client.getClock())) |clock| {
        defer clock.deinit();
        expect(@src(), clock.value.is_open and same(clock.value.next_close, "2026-03-02T16:00:00-05:00"));
    }
    if (value(@src(), client, client.getCalendar(.{ .start = "2026-03-06", .end = "2026-03-09" }))) |days| {
        defer days.deinit();
        const d = days.value;
        expect(@src(), d.len == 2 and same(d[1].date, "2026-03-09") and same(d[1].open, "09:30") and same(d[1].close, "16:00"));
    }
}

fn data(client: *AlpacaClient) void {
    if (value(@src(), client, client.getLatestQuote("AAPL"))) |latest| {
        defer latest.deinit();
        const q = latest.value.quote;
        expect(@src(), same(latest.value.symbol, "AAPL") and q.ap == 190.51 and q.bp == 190.49 and q.as == 3);
    }
    if (value(@src(), client, client.getLatestTrade("MSFT"))) |latest| {
        defer latest.deinit();
        expect(@src(), same(latest.value.symbol, "MSFT") and latest.value.trade.p == 415 and latest.value.trade.i == 55340);
    }
    _ = check.fails(@src(), error.NotFound, client, client.getLatestTrade("ZZZ"));
    var wanted: alpaca.BarRequest = .{ .timeframe = "1Day", .start = "2026-02-01", .end = "2026-02-28", .limit = 7 };
    if (value(@src(), client, client.getBars("AAPL", wanted))) |page| {
        defer page.deinit();
        const list = page.value.bars orelse &.{};
        expect(@src(), list.len == 7 and page.value.next_page_token != null and list[0].c == 190.5 and list[0].h >= list[0].o);
        if (client.getAllBars("AAPL", wanted)) |all| {
            defer all.deinit();
            expect(@src(), all.value.len == 19 and same(all.value[6].t, list[6].t) and all.value[6].v == list[6].v);
            for (all.value[1..], all.value[0 .. all.value.len - 1]) |later, earlier|
                expect(@src(), std.mem.lessThan(u8, earlier.t, later.t));
        } else |err| check.wrong("all bars: {s}: {f}", .{ @errorName(err), client.failure().* });
    }
    wanted.start = "2026-02-28"; // a Saturday
    var bars = client.bars("AAPL", wanted);
    defer bars.deinit();
    expect(@src(), if (bars.next()) |bar| bar == null else |_| false);
}

fn orders(client: *AlpacaClient) void {
    const bought = value(@src(), client, client.submitOrder(.{ .symbol = "AAPL", .qty = .whole(10), .side = .buy, .client_order_id = "mine & only?" })) orelse return;
    defer bought.deinit();
    const b = bought.value;
    expect(@src(), same(b.status, "pending_new") and same(b.client_order_id, "mine & only?") and !bought.reconciled);
    expect(@src(), amountsTo(b.qty, "10") and b.limit_price == null and b.filled_avg_price == null and b.filled_at == null);
    if (value(@src(), client, client.getOrderByClientId("mine & only?"))) |found| {
        defer found.deinit();
        const f = found.value;
        expect(@src(), same(f.id, b.id) and same(f.status, "filled") and amountsTo(f.filled_avg_price, "190.5"));
        expect(@src(), f.filled_at != null and same(f.type, "market") and same(f.time_in_force, "day"));
    }
    if (value(@src(), client, client.getPosition("AAPL"))) |position| {
        defer position.deinit();
        expect(@src(), amountsTo(position.value.qty, "10") and amountsTo(position.value.market_value, "1905") and same(position.value.side, "long"));
    }
    if (value(@src(), client, client.getPositions())) |positions| {
        defer positions.deinit();
        expect(@src(), positions.value.len == 1 and same(positions.value[0].symbol, "AAPL"));
    }
    _ = check.fails(@src(), error.NotFound, client, client.getPosition("MSFT"));
    replacingAndCancelling(client);
    closing(client);
}

const limit: alpaca.OrderRequest = .{
    .symbol = "MSFT",
    .qty = .whole(5),
    .side = .buy,
    .type = .limit,
    .limit_price = .of("100"),
    .time_in_force = .gtc,
};

fn replacingAndCancelling(client: *AlpacaClient) void {
    const order = value(@src(), client, client.submitOrder(limit)) orelse return;
    defer order.deinit();
    expect(@src(), order.value.client_order_id.len > 32);
    const replaced = value(@src(), client, client.replaceOrder(order.value.id, .{ .qty = .whole(7), .limit_price = .of("101.5") })) orelse return;
    defer replaced.deinit();
    expect(@src(), same(replaced.value.replaces, order.value.id) and amountsTo(replaced.value.qty, "7") and amountsTo(replaced.value.limit_price, "101.5"));
    if (value(@src(), client, client.getOrder(order.value.id))) |found| {
        defer found.deinit();
        expect(@src(), same(found.value.status, "replaced") and same(found.value.replaced_by, replaced.value.id));
    }
    const failure = check.fails(@src(), error.Rejected, client, client.cancelOrder(order.value.id));
    expect(@src(), failure.http_status == 422 and same(failure.message(), "order is already in \"replaced\" state"));
    if (value(@src(), client, client.listOrders(.{ .status = .open, .symbols = "MSFT", .limit = 10, .direction = .asc }))) |list| {
        defer list.deinit();
        expect(@src(), list.value.len == 1 and same(list.value[0].id, replaced.value.id) and same(list.value[0].status, "new"));
    }
    for (0..2) |_| { // the second time it is cancelled already
        const canceled = client.cancelOrder(replaced.value.id) catch |err| {
            check.wrong("cancel: {s}: {f}", .{ @errorName(err), client.failure().* });
            continue;
        };
        expect(@src(), canceled.isSuccess());
        canceled.deinit();
    }
    _ = check.fails(@src(), error.NotFound, client, client.cancelOrder("none"));

    for (0..2) |_| {
        const open = value(@src(), client, client.submitOrder(limit)) orelse return;
        open.deinit();
    }
    if (value(@src(), client, client.cancelAllOrders())) |parts| {
        defer parts.deinit();
        expect(@src(), parts.value.len == 2 and parts.value[0].status == 200 and parts.value[1].id.len == 36);
    }
}

fn closing(client: *AlpacaClient) void {
    if (value(@src(), client, client.closePosition("AAPL", .{ .qty = .whole(4) }))) |order| {
        defer order.deinit();
        const o = order.value.?;
        expect(@src(), amountsTo(o.qty, "4") and same(o.side, "sell") and same(o.symbol, "AAPL"));
    }
    if (value(@src(), client, client.closePosition("AAPL", .{ .percentage = .whole(50) }))) |order| {
        defer order.deinit();
        expect(@src(), amountsTo(order.value.?.qty, "3"));
    }
    if (value(@src(), client, client.closeAllPositions(true))) |parts| {
        defer parts.deinit();
        const p = parts.value;
        expect(@src(), p.len == 1 and same(p[0].symbol, "AAPL") and p[0].status == 200 and p[0].body.id != null);
    }
    _ = check.fails(@src(), error.NotFound, client, client.closePosition("AAPL", .{}));
}

fn refusals(client: *AlpacaClient) void {
    var request: alpaca.OrderRequest = .{ .symbol = "AAPL", .qty = .whole(1000), .side = .buy };
    var failure = check.fails(@src(), error.Rejected, client, client.submitOrder(request));
    expect(@src(), failure.http_status == 403 and failure.code == 40310000 and same(failure.message(), "insufficient buying power"));
    expect(@src(), failure.attempts == 1 and failure.cause == null and failure.clientOrderId().len > 0);
    request.side = .sell;
    _ = check.fails(@src(), error.Rejected, client, client.submitOrder(request));
    request.qty = .zero;
    failure = check.fails(@src(), error.Rejected, client, client.submitOrder(request));
    expect(@src(), failure.http_status == 422 and failure.code == 40010001);
    request.qty = null;
    _ = check.fails(@src(), error.InvalidArgument, client, client.submitOrder(request));
    request.qty = .whole(1);
    request.client_order_id = "";
    _ = check.fails(@src(), error.InvalidArgument, client, client.submitOrder(request));
    _ = check.fails(@src(), error.InvalidArgument, client, client.getAsset(""));
    _ = check.fails(@src(), error.InvalidArgument, client, client.closePosition("AAPL", .{ .qty = .whole(1), .percentage = .whole(1) }));
}

fn useFromElsewhere(client: *AlpacaClient) void {
    expect(@src(), if (client.getAccount()) |_| false else |err| err == error.WrongThread);
    expect(@src(), if (client.submitOrder(limit)) |_| false else |err| err == error.WrongThread);
}
