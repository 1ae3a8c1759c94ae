//! Answers that are lost, one at a time, and what must come of it.
const std = @import("std");
const alpaca = @import("alpaca");
const check = @import("check.zig");
const AlpacaClient = alpaca.AlpacaClient;
const expect = check.expect;
const value = check.value;
const same = check.same;
const amountsTo = check.amountsTo;

const key = "PK-ZIG-LOST";

pub fn run() void {
    check.put(key, "", "{\"secret\": \"a secret\", \"limit\": 100000}");
    inline for (.{ "reset_after", "reset_midway", "error_after", "late" }) |fault| submitIsDone(fault);
    inline for (.{ "reset_before", "error_before", "reset_unread" }) |fault| submitIsNotDone(fault);
    nobodyKnows();
    replacing();
    cancelling();
    closing();
    reading();
    nobodyThere();
    throttled();
    const seen = check.seen(key);
    defer seen.deinit();
    expect(@src(), seen.value.contradictions.len == 0 and seen.value.throttled == 0);
}

/// A client of its own for each: its first connection is kept, so that what follows goes over one that was used before.
fn begin(client: *AlpacaClient, faults: []const u8) void {
    check.put(key, "/faults", "{}");
    client.* = check.newClient(key);
    if (value(@src(), client, client.getClock())) |clock| clock.deinit();
    check.put(key, "/faults", faults);
}

fn end(client: *AlpacaClient) void {
    client.deinit();
    check.put(key, "/faults", "{}");
}

fn buy(id: []const u8) alpaca.OrderRequest {
    return .{ .symbol = "F", .qty = .whole(3), .side = .buy, .client_order_id = id };
}

fn submitIsDone(comptime fault: []const u8) void {
    var client: AlpacaClient = undefined;
    begin(&client, "{\"methods\": [\"POST\"], \"next\": [\"" ++ fault ++ "\"]}");
    defer end(&client);
    const id = "done-" ++ fault;
    if (value(@src(), &client, client.submitOrder(buy(id)))) |order| {
        defer order.deinit();
        expect(@src(), order.reconciled and same(order.value.client_order_id, id));
        expect(@src(), amountsTo(order.value.qty, "3") and same(order.value.symbol, "F"));
    }
    expect(@src(), check.received(key, id) == 1);
}

fn submitIsNotDone(comptime fault: []const u8) void {
    var client: AlpacaClient = undefined;
    begin(&client, "{\"methods\": [\"POST\"], \"next\": [\"" ++ fault ++ "\"]}");
    defer end(&client);
    const id = "not-done-" ++ fault;
    const unread: u64 = comptime @intFromBool(std.mem.eql(u8, fault, "reset_unread")); // and so not counted
    var failure = check.fails(@src(), error.NotPlaced, &client, client.submitOrder(buy(id)));
    expect(@src(), same(failure.clientOrderId(), id) and check.received(key, id) == 1 - unread);
    if (value(@src(), &client, client.submitOrder(buy(id)))) |order| {
        defer order.deinit();
        expect(@src(), !order.reconciled);
    }
    failure = check.fails(@src(), error.Duplicate, &client, client.submitOrder(buy(id)));
    expect(@src(), failure.http_status == 422 and failure.code == 40010001 and check.received(key, id) == 3 - unread);
}

fn nobodyKnows() void {
    var client: AlpacaClient = undefined;
    begin(&client, "{\"methods\": [\"POST\", \"GET\"], \"next\": [\"reset_after\", \"error_before\", \"error_before\", \"error_before\"]}");
    defer end(&client);
    const failure = check.fails(@src(), error.OutcomeUnknown, &client, client.submitOrder(buy("unknown")));
    expect(@src(), failure.request_sent == .maybe and failure.http_status == 0 and failure.cause != null);
    if (value(@src(), &client, client.getOrderByClientId("unknown"))) |order| {
        defer order.deinit();
        expect(@src(), same(order.value.status, "filled") and check.received(key, "unknown") == 1);
    }
}

const open: alpaca.OrderRequest = .{ .symbol = "F", .qty = .whole(1), .side = .buy, .type = .limit, .limit_price = .whole(5) };

fn expectStatus(where: std.builtin.SourceLocation, client: *AlpacaClient, id: []const u8, status: []const u8) void {
    const order = value(where, client, client.getOrder(id)) orelse return;
    defer order.deinit();
    expect(where, same(order.value.status, status));
}

fn replacing() void {
    var client: AlpacaClient = undefined;
    begin(&client, "{\"methods\": [\"PATCH\"], \"next\": [\"reset_after\", \"reset_before\"]}");
    defer end(&client);
    const order = value(@src(), &client, client.submitOrder(open)) orelse return;
    defer order.deinit();
    const replaced = value(@src(), &client, client.replaceOrder(order.value.id, .{ .qty = .whole(2), .client_order_id = "replacing" })) orelse return;
    defer replaced.deinit();
    expect(@src(), replaced.reconciled and same(replaced.value.replaces, order.value.id) and amountsTo(replaced.value.qty, "2"));
    const again: alpaca.ReplaceRequest = .{ .qty = .whole(4), .client_order_id = "not-replacing" };
    _ = check.fails(@src(), error.NotPlaced, &client, client.replaceOrder(replaced.value.id, again));
    expectStatus(@src(), &client, replaced.value.id, "new");
    expect(@src(), check.received(key, "replacing") == 1 and check.received(key, "not-replacing") == 1);
}

fn cancelling() void {
    var client: AlpacaClient = undefined;
    begin(&client, "{\"methods\": [\"DELETE\"], \"next\": [\"error_before\", \"error_before\", \"error_before\", \"reset_after\"]}");
    defer end(&client);
    const order = value(@src(), &client, client.submitOrder(open)) orelse return;
    defer order.deinit();
    const failure = check.fails(@src(), error.OutcomeUnknown, &client, client.cancelOrder(order.value.id));
    expect(@src(), failure.attempts == 3);
    expectStatus(@src(), &client, order.value.id, "new");
    if (client.cancelOrder(order.value.id)) |response| {
        defer response.deinit();
        expect(@src(), response.isSuccess());
    } else |err| check.wrong("cancel: {s}: {f}", .{ @errorName(err), client.failure().* });
    expectStatus(@src(), &client, order.value.id, "canceled");
}

fn closes() u64 {
    const seen = check.seen(key);
    defer seen.deinit();
    return seen.value.closes;
}

fn closing() void {
    const before = closes();
    var client: AlpacaClient = undefined;
    begin(&client, "{\"methods\": [\"DELETE\"], \"next\": [\"reset_after\", \"reset_after\", \"reset_after\"]}");
    defer end(&client);
    const failure = check.fails(@src(), error.OutcomeUnknown, &client, client.closePosition("F", .{ .qty = .whole(1) }));
    expect(@src(), failure.request_sent == .maybe and closes() == before + 1);
    if (value(@src(), &client, client.closePosition("F", .{}))) |order| {
        defer order.deinit();
        expect(@src(), order.reconciled and order.value == null);
    }
    expect(@src(), closes() == before + 2);
    if (value(@src(), &client, client.submitOrder(buy("to-be-closed")))) |order| order.deinit();
    if (value(@src(), &client, client.closeAllPositions(false))) |parts| {
        defer parts.deinit();
        expect(@src(), parts.reconciled and parts.value.len == 0);
    }
    expect(@src(), closes() == before + 3);
}

fn reading() void {
    var client: AlpacaClient = undefined;
    begin(&client, "{\"next\": [\"reset_after\", \"reset_midway\"]}");
    if (value(@src(), &client, client.getAccount())) |account| account.deinit();
    end(&client);
    begin(&client, "{\"error_before\": 1, \"statuses\": [503]}");
    defer end(&client);
    const failure = check.fails(@src(), error.BrokerFailed, &client, client.getAccount());
    expect(@src(), failure.attempts == 3 and failure.http_status == 503 and failure.code == 50010000);
}

fn nobodyThere() void {
    var client: AlpacaClient = .initWithOptions(check.allocator, key, check.secret, .paper, .{ .base_url = "http://127.0.0.1:1" });
    defer client.deinit();
    const failure = check.fails(@src(), error.NetworkFailed, &client, client.submitOrder(buy("nobody-there")));
    expect(@src(), failure.request_sent == .no and failure.attempts == 3 and failure.cause.? == error.ConnectFailed);
}

fn throttled() void {
    const none = "PK-ZIG-NONE";
    check.put(none, "", "{\"secret\": \"a secret\", \"limit\": 0}");
    var client = check.newClient(none);
    defer client.deinit();
    const failure = check.fails(@src(), error.RateLimited, &client, client.submitOrder(buy("throttled")));
    expect(@src(), failure.http_status == 429 and failure.code == 42910000 and failure.attempts == 1);
    check.admin(.DELETE, none, "", "").deinit();
}
