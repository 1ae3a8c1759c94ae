//! At the end: all that threads were told is held against all that the broker has.
const std = @import("std");
const alpaca = @import("alpaca");
const check = @import("check.zig");
const Desk = @import("Desk.zig");
const start_cash = @import("reads.zig").start_cash;
const same = check.same;
const wrong = check.wrong;

const unit = alpaca.Decimal.whole(1).nano;
const Asked = std.StringHashMapUnmanaged(*Desk.Asked);

const Books = struct {
    cash: i64 = alpaca.Decimal.of(start_cash).nano,
    qty: [Desk.shares.len]i64 = @splat(0),
    closes: u64 = 0,
    known: u64 = 0,
};

pub fn compare(pool: *alpaca.AlpacaClientPool, desks: []Desk) void {
    var arena: std.heap.ArenaAllocator = .init(check.allocator);
    defer arena.deinit();
    var asked: Asked = .empty;
    var closes: u64 = 0;
    var closed: u64 = 0;
    for (desks) |*desk| {
        for (desk.orders.items) |*order| {
            const entry = asked.getOrPut(arena.allocator(), order.client_order_id) catch @panic("no memory");
            if (entry.found_existing) wrong("{s} was used twice", .{order.client_order_id});
            entry.value_ptr.* = order;
        }
        closes += desk.closes;
        closed += desk.closed;
    }
    const client = pool.createClient("books") catch |err| return wrong("no client: {s}", .{@errorName(err)});
    defer pool.destroyClient(client);
    var books: Books = .{};
    readAllOrders(client, &books, &asked);
    var each = asked.valueIterator();
    while (each.next()) |order| {
        if (order.*.verdict == .placed and !order.*.seen)
            wrong("order {s} is not there, and a thread was told that it is", .{order.*.client_order_id});
    }
    if (books.closes < closed or books.closes > closes)
        wrong("{d} orders that close, and {d} to {d} were asked for", .{ books.closes, closed, closes });
    std.debug.print("books: {d} orders of {d} that were asked for are there, and {d} that closed\n", .{ books.known, asked.count(), books.closes });
    compareCash(client, &books);
}

fn readAllOrders(client: *alpaca.ThreadSafeAlpacaClient, books: *Books, asked: *const Asked) void {
    var buffer: [64]u8 = undefined;
    var after: []const u8 = "2026-01-01T00:00:00Z";
    while (true) {
        const page: alpaca.OrderFilter = .{ .status = .all, .limit = 500, .direction = .asc, .after = after };
        const list = check.value(@src(), client, client.listOrders(page)) orelse return;
        defer list.deinit();
        for (list.value) |order| enter(books, order, asked);
        if (list.value.len < 500) return;
        const last = list.value[list.value.len - 1].submitted_at;
        @memcpy(buffer[0..last.len], last);
        after = buffer[0..last.len];
    }
}

fn enter(books: *Books, order: alpaca.Order, asked: *const Asked) void {
    const share = for (Desk.shares, 0..) |share, i| {
        if (same(order.symbol, share.symbol)) break i;
    } else return wrong("an order for {s}, for which nobody asked", .{order.symbol});
    const bought = same(order.side, "buy");
    if (order.filled_avg_price) |price| {
        const amount = @divTrunc(order.filled_qty.nano, unit) * price.nano;
        books.cash += if (bought) -amount else amount;
        books.qty[share] += if (bought) order.filled_qty.nano else -order.filled_qty.nano;
    }
    const own = asked.get(order.client_order_id) orelse {
        books.closes += 1;
        if (bought or !check.amountsTo(order.qty, "1")) wrong("order {s}, for which nobody asked", .{order.client_order_id});
        return;
    };
    books.known += 1;
    if (own.seen) wrong("order {s} is there twice", .{own.client_order_id});
    own.seen = true;
    if (own.verdict == .not_there) wrong("order {s} is there, and a thread was told that it is not", .{own.client_order_id});
    if (own.verdict == .placed and !same(order.id, own.id)) wrong("order {s} has the id {s}, not {s}", .{ own.client_order_id, order.id, own.id });
    const as_asked = same(order.symbol, own.symbol) and same(order.side, @tagName(own.side)) and
        if (order.qty) |qty| qty.eql(own.qty) else false;
    if (!as_asked) wrong("order {s} is not as it was asked for", .{own.client_order_id});
}

fn compareCash(client: *alpaca.ThreadSafeAlpacaClient, books: *const Books) void {
    if (check.value(@src(), client, client.getAccount())) |account| {
        defer account.deinit();
        const cash = account.value.cash;
        if (cash.nano != books.cash) wrong("cash is {f} and by the orders {f}", .{ cash, alpaca.Decimal{ .nano = books.cash } });
        check.expect(@src(), check.amountsTo(account.value.equity, start_cash));
    }
    const positions = check.value(@src(), client, client.getPositions()) orelse return;
    defer positions.deinit();
    var left = books.qty;
    for (positions.value) |position| {
        for (Desk.shares, &left) |share, *qty| {
            if (same(position.symbol, share.symbol)) qty.* -= position.qty.nano;
        }
    }
    for (Desk.shares, left) |share, qty| {
        if (qty != 0) wrong("of {s} there are {f} fewer than by the orders", .{ share.symbol, alpaca.Decimal{ .nano = qty } });
    }
}
