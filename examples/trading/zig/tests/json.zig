//! The types against the samples of the broker's documentation, with all that those have beyond what is read here.
const std = @import("std");
const alpaca = @import("alpaca");
const testing = std.testing;

const order_text =
    \\{"id":"61e69015-8549-4bfd-b9c3-01e75843f47d","client_order_id":"eb9e2aaa-f71a-4f51-b5b4-52a6c565dad4",
    \\"created_at":"2021-03-16T18:38:01.942282Z","updated_at":"2021-03-16T18:38:01.942282Z","submitted_at":"2021-03-16T18:38:01.937734Z",
    \\"filled_at":null,"expired_at":null,"canceled_at":null,"failed_at":null,"replaced_at":null,"replaced_by":null,"replaces":null,
    \\"asset_id":"b0b6dd9d-8b9b-48a9-ba46-b9d54906e415","symbol":"AAPL","asset_class":"us_equity","notional":"500","qty":null,
    \\"filled_qty":"0","filled_avg_price":null,"order_class":"","order_type":"market","type":"market","side":"buy",
    \\"time_in_force":"day","limit_price":null,"stop_price":null,"status":"accepted","extended_hours":false,"legs":null,
    \\"trail_percent":null,"trail_price":null,"hwm":null,"commission":"1.25"}
;
const account_text =
    \\{"account_blocked":false,"account_number":"010203ABCD","buying_power":"262113.632","cash":"-23140.2",
    \\"created_at":"2019-06-12T22:47:07.99658Z","currency":"USD","crypto_status":"ACTIVE","non_marginable_buying_power":"7386.56",
    \\"accrued_fees":"0","pending_transfer_in":"0","pending_transfer_out":"0","daytrade_count":0,"daytrading_buying_power":"262113.632",
    \\"equity":"103820.56","id":"e6fe16f3-64a4-4921-8928-cadf02f92f98","initial_margin":"63480.38","last_equity":"103529.24",
    \\"last_maintenance_margin":"38000.832","long_market_value":"126960.76","maintenance_margin":"38088.228","multiplier":"4",
    \\"pattern_day_trader":false,"portfolio_value":"103820.56","regt_buying_power":"80680.36","short_market_value":"0",
    \\"shorting_enabled":true,"sma":"0","status":"ACTIVE","trade_suspended_by_user":false,"trading_blocked":false,"transfers_blocked":false}
;
const position_text =
    \\{"asset_id":"904837e3-3b76-47ec-b432-046db621571b","symbol":"AAPL","exchange":"NASDAQ","asset_class":"us_equity",
    \\"avg_entry_price":"100.0","qty":"5","qty_available":"4","side":"long","market_value":"600.0","cost_basis":"500.0",
    \\"unrealized_pl":"100.0","unrealized_plpc":"0.20","unrealized_intraday_pl":"10.0","unrealized_intraday_plpc":"0.0084",
    \\"current_price":"120.0","lastday_price":"119.0","change_today":"0.0084","asset_marginable":false}
;
const asset_text =
    \\{"id":"b0b6dd9d-8b9b-48a9-ba46-b9d54906e415","class":"us_equity","exchange":"NASDAQ","symbol":"AAPL",
    \\"name":"Apple Inc. Common Stock","status":"active","tradable":true,"marginable":true,"shortable":true,"easy_to_borrow":true,
    \\"fractionable":true,"min_order_size":"0.0001"}
;
const clock_text =
    \\{"timestamp":"2018-04-01T12:00:00.000-04:00","is_open":true,"next_open":"2018-04-02T09:30:00-04:00",
    \\"next_close":"2018-04-01T16:00:00-04:00"}
;
const day_text =
    \\{"date":"2018-04-02","open":"09:30","close":"16:00","session_open":"0700"}
;
const history_text =
    \\{"timestamp":[1580826600,1580827500],"equity":[27423.73,null],"profit_loss":[11.8,8.07],
    \\"profit_loss_pct":[0.000430515,null],"base_value":27411.93,"timeframe":"15Min"}
;
const quote_text =
    \\{"t":"2021-02-06T13:35:08.946977536Z","ax":"C","ap":387.7,"as":1,"bx":"N","bp":387.67,"bs":1,"c":["R"]}
;
const trade_text =
    \\{"t":"2021-02-06T13:04:56.334320128Z","x":"C","p":387.62,"s":100,"c":[" ","T"],"i":52983525029461,"z":"B"}
;
const bar_text =
    \\{"t":"2021-02-01T16:01:00Z","o":133.32,"h":133.74,"l":133.31,"c":133.5,"v":9876,"n":300,"vw":133.5}
;
const canceled_text =
    \\{"id":"61e69015-8549-4bfd-b9c3-01e75843f47d","status":200}
;
const bars_text =
    \\{"symbol":"AAPL","bars":null,"next_page_token":null}
;

/// As a response with this body reads it.
fn read(comptime T: type, text: []const u8) alpaca.Error!std.json.Parsed(T) {
    return alpaca.Response(T).done(testing.allocator, .{}, text).value();
}

test "an order" {
    const parsed = try read(alpaca.Order, order_text);
    defer parsed.deinit();
    const order = parsed.value;
    try testing.expectEqualStrings("61e69015-8549-4bfd-b9c3-01e75843f47d", order.id);
    try testing.expectEqualStrings("2021-03-16T18:38:01.937734Z", order.submitted_at);
    try testing.expectEqual(alpaca.Decimal.whole(500), order.notional.?);
    try testing.expectEqual(alpaca.Decimal.zero, order.filled_qty);
    try testing.expect(order.qty == null and order.filled_avg_price == null and order.filled_at == null and order.replaces == null);
}

test "an account and a position" {
    const account = try read(alpaca.Account, account_text);
    defer account.deinit();
    try testing.expectEqual(alpaca.Decimal.of("-23140.2"), account.value.cash);
    try testing.expectEqualStrings("4", account.value.multiplier);
    try testing.expect(account.value.shorting_enabled and !account.value.trading_blocked);
    const positions = try read([]const alpaca.Position, "[" ++ position_text ++ "]");
    defer positions.deinit();
    try testing.expectEqual(alpaca.Decimal.of("0.2"), positions.value[0].unrealized_plpc);
    try testing.expectEqual(alpaca.Decimal.whole(4), positions.value[0].qty_available);
}

test "a history, a quote, a trade and a bar" {
    const history = try read(alpaca.PortfolioHistory, history_text);
    defer history.deinit();
    try testing.expectEqual(27423.73, history.value.equity[0].?);
    try testing.expectEqual(null, history.value.profit_loss_pct[1]);
    try testing.expectEqual(1580827500, history.value.timestamp[1]);
    const quote = try read(alpaca.Quote, quote_text);
    defer quote.deinit();
    try testing.expectEqual(387.7, quote.value.ap);
    const trade = try read(alpaca.Trade, trade_text);
    defer trade.deinit();
    try testing.expectEqual(52983525029461, trade.value.i);
    const bar = try read(alpaca.Bar, bar_text);
    defer bar.deinit();
    try testing.expectEqual(9876, bar.value.v);
}

test "columns of different lengths cannot be read" {
    const changed = try change(history_text, "equity", "[1.5]");
    defer testing.allocator.free(changed);
    try testing.expectError(error.BadAnswer, read(alpaca.PortfolioHistory, changed));
}

test "closed positions: an order, or a refusal" {
    const parsed = try read([]const alpaca.ClosedPosition, "[{\"symbol\":\"F\",\"status\":200,\"body\":" ++ order_text ++
        "},{\"symbol\":\"T\",\"status\":403,\"body\":{\"code\":40310000,\"message\":\"no\"}}]");
    defer parsed.deinit();
    try testing.expectEqualStrings("61e69015-8549-4bfd-b9c3-01e75843f47d", parsed.value[0].body.id.?);
    try testing.expectEqual(40310000, parsed.value[1].body.code.?);
}

/// The same object with another value of a field; without it where there is none.
fn change(text: []const u8, name: []const u8, instead: ?[]const u8) ![]u8 {
    var arena: std.heap.ArenaAllocator = .init(testing.allocator);
    defer arena.deinit();
    var value = try std.json.parseFromSliceLeaky(std.json.Value, arena.allocator(), text, .{});
    try testing.expect(value.object.orderedRemove(name));
    if (instead) |other| {
        const parsed = try std.json.parseFromSliceLeaky(std.json.Value, arena.allocator(), other, .{});
        try value.object.put(arena.allocator(), name, parsed);
    }
    return std.json.Stringify.valueAlloc(testing.allocator, value, .{});
}

fn expectUnreadable(comptime T: type, text: []const u8, name: []const u8, instead: ?[]const u8) !void {
    const changed = try change(text, name, instead);
    defer testing.allocator.free(changed);
    if (read(T, changed)) |parsed| {
        parsed.deinit();
        std.debug.print("{s}.{s}: {s} is read\n", .{ @typeName(T), name, instead orelse "nothing" });
        return error.TestUnexpectedResult;
    } else |err| try testing.expectEqual(error.BadAnswer, err);
}

test "each field of each type: what is missing, null or of another kind cannot be read" {
    inline for (.{
        .{ alpaca.Order, order_text }, .{ alpaca.Account, account_text },          .{ alpaca.Position, position_text },
        .{ alpaca.Asset, asset_text }, .{ alpaca.Clock, clock_text },              .{ alpaca.CalendarDay, day_text },
        .{ alpaca.Quote, quote_text }, .{ alpaca.PortfolioHistory, history_text }, .{ alpaca.Trade, trade_text },
        .{ alpaca.Bar, bar_text },     .{ alpaca.CanceledOrder, canceled_text },   .{ alpaca.Bars, bars_text },
    }) |row| {
        inline for (comptime std.meta.fieldNames(row[0])) |name| {
            try expectUnreadable(row[0], row[1], name, null);
            try expectUnreadable(row[0], row[1], name, "{\"of\": \"another kind\"}");
            if (@typeInfo(@FieldType(row[0], name)) == .optional) {
                const changed = try change(row[1], name, "null");
                defer testing.allocator.free(changed);
                (try read(row[0], changed)).deinit();
            } else try expectUnreadable(row[0], row[1], name, "null");
        }
    }
    for ([_][]const u8{ "", "null", "{}", "\"text\"", "[null]", "[1]", "[" ++ bar_text, "[" ++ bar_text ++ "] []" }) |text|
        try testing.expectError(error.BadAnswer, read([]const alpaca.Bar, text));
}

test "no memory, wherever it ends, is an error and leaks nothing" {
    try testing.checkAllAllocationFailures(testing.allocator, struct {
        fn run(allocator: std.mem.Allocator) !void {
            const parsed = try alpaca.Response(alpaca.Order).done(allocator, .{}, order_text).value();
            parsed.deinit();
        }
    }.run, .{});
}
