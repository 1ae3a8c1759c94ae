//! What can be traded, when, and for how much.
const std = @import("std");
const account = @import("account.zig");
const Session = @import("Session.zig");
const Target = @import("Target.zig");
const Failure = @import("Failure.zig");
const Response = @import("response.zig").Response;
const requests = @import("requests.zig");
const types = @import("types.zig");
const Error = Failure.Error;

pub fn Operations(comptime Client: type) type {
    return struct {
        pub fn getAssets(client: *Client, filter: requests.AssetFilter) Error!Response([]const types.Asset) {
            return account.get([]const types.Asset, &client.session, "/v2/assets", null, filter);
        }

        pub fn getAsset(client: *Client, symbol: []const u8) Error!Response(types.Asset) {
            return account.get(types.Asset, &client.session, "/v2/assets", symbol, .{});
        }

        pub fn getClock(client: *Client) Error!Response(types.Clock) {
            return account.get(types.Clock, &client.session, "/v2/clock", null, .{});
        }

        pub fn getCalendar(client: *Client, range: requests.CalendarRange) Error!Response([]const types.CalendarDay) {
            return account.get([]const types.CalendarDay, &client.session, "/v2/calendar", null, range);
        }

        pub fn getLatestQuote(client: *Client, symbol: []const u8) Error!Response(types.LatestQuote) {
            return data(types.LatestQuote, &client.session, symbol, "/quotes/latest", .{});
        }

        pub fn getLatestTrade(client: *Client, symbol: []const u8) Error!Response(types.LatestTrade) {
            return data(types.LatestTrade, &client.session, symbol, "/trades/latest", .{});
        }

        /// One page.
        pub fn getBars(client: *Client, symbol: []const u8, request: requests.BarRequest) Error!Response(types.Bars) {
            return data(types.Bars, &client.session, symbol, "/bars", request);
        }

        /// All of them, page by page as they are needed.
        ///
        ///     var bars = client.bars("AAPL", .{ .timeframe = "1Day", .start = "2026-01-01" });
        ///     defer bars.deinit();
        ///     while (try bars.next()) |bar| …
        pub fn bars(client: *Client, symbol: []const u8, request: requests.BarRequest) BarIterator {
            return .{ .session = &client.session, .symbol = symbol, .request = request };
        }

        /// All of them at once.
        pub fn getAllBars(client: *Client, symbol: []const u8, request: requests.BarRequest) Error!std.json.Parsed([]const types.Bar) {
            return all(&client.session, symbol, request);
        }
    };
}

fn data(comptime T: type, session: *Session, symbol: []const u8, what: []const u8, query: anytype) Error!Response(T) {
    try session.enter();
    var target: Target = undefined;
    target.init(session.data_url, "/v2/stocks");
    target.segment(symbol);
    target.append(what);
    target.query(query);
    return .from(try session.ask(.{ .target = &target, .data = true }), session.failure);
}

/// Belongs to the client's thread. It borrows symbol and request.
pub const BarIterator = struct {
    session: *Session,
    symbol: []const u8,
    request: requests.BarRequest,
    page: ?std.json.Parsed(types.Bars) = null,
    at: usize = 0,

    pub fn deinit(iterator: *BarIterator) void {
        if (iterator.page) |page| page.deinit();
        iterator.page = null;
    }

    /// Null at the end. A bar's text is there until the next call. After an error the same page is asked for again.
    pub fn next(iterator: *BarIterator) Error!?types.Bar {
        while (true) {
            if (iterator.page) |page| {
                const list = page.value.bars orelse &.{};
                if (iterator.at < list.len) {
                    iterator.at += 1;
                    return list[iterator.at - 1];
                }
                if (page.value.next_page_token == null) return null;
            }
            try iterator.turn();
        }
    }

    fn turn(iterator: *BarIterator) Error!void {
        var request = iterator.request;
        if (iterator.page) |page| request.page_token = page.value.next_page_token;
        const page = try (try data(types.Bars, iterator.session, iterator.symbol, "/bars", request)).take();
        errdefer page.deinit();
        if (page.value.next_page_token) |token| { // the same again would never end
            if (request.page_token) |last| if (std.mem.eql(u8, token, last)) return error.BadAnswer;
        }
        iterator.deinit();
        iterator.page = page;
        iterator.at = 0;
    }
};

fn all(session: *Session, symbol: []const u8, request: requests.BarRequest) Error!std.json.Parsed([]const types.Bar) {
    const arena = try session.allocator.create(std.heap.ArenaAllocator);
    arena.* = .init(session.allocator);
    errdefer {
        arena.deinit();
        session.allocator.destroy(arena);
    }
    var list: std.ArrayList(types.Bar) = .empty;
    var iterator: BarIterator = .{ .session = session, .symbol = symbol, .request = request };
    defer iterator.deinit();
    while (try iterator.next()) |bar| {
        try list.append(arena.allocator(), bar);
        list.items[list.items.len - 1].t = try arena.allocator().dupe(u8, bar.t);
    }
    return .{ .arena = arena, .value = list.items };
}
