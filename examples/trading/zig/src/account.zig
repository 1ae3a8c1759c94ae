//! The account and its positions.
const std = @import("std");
const Session = @import("Session.zig");
const Target = @import("Target.zig");
const Failure = @import("Failure.zig");
const response_zig = @import("response.zig");
const requests = @import("requests.zig");
const types = @import("types.zig");
const Response = response_zig.Response;
const Error = Failure.Error;

pub fn Operations(comptime Client: type) type {
    return struct {
        pub fn getAccount(client: *Client) Error!Response(types.Account) {
            return get(types.Account, &client.session, "/v2/account", null, .{});
        }

        pub fn getPortfolioHistory(client: *Client, range: requests.HistoryRange) Error!Response(types.PortfolioHistory) {
            return get(types.PortfolioHistory, &client.session, "/v2/account/portfolio/history", null, range);
        }

        pub fn getPositions(client: *Client) Error!Response([]const types.Position) {
            return get([]const types.Position, &client.session, "/v2/positions", null, .{});
        }

        pub fn getPosition(client: *Client, symbol: []const u8) Error!Response(types.Position) {
            return get(types.Position, &client.session, "/v2/positions", symbol, .{});
        }

        /// Sells it, or a part of it. Nobody can ask for this order by an id of ours: where the answer to a close of
        /// the whole position is lost, and it is gone, the order is null and `reconciled` true; else it is
        /// `error.OutcomeUnknown`. Who needs certainty sells with `submitOrder`.
        pub fn closePosition(client: *Client, symbol: []const u8, request: requests.CloseRequest) Error!Response(?types.Order) {
            return close(&client.session, symbol, request);
        }

        /// Where the answer is lost and no position is left, the list is empty and `reconciled` true.
        pub fn closeAllPositions(client: *Client, cancel_orders: bool) Error!Response([]const types.ClosedPosition) {
            return closeAll(&client.session, cancel_orders);
        }
    };
}

/// What only reads, in one go.
pub fn get(comptime T: type, session: *Session, path: []const u8, segment: ?[]const u8, query: anytype) Error!Response(T) {
    try session.enter();
    var target: Target = undefined;
    target.init(session.base_url, path);
    if (segment) |text| target.segment(text);
    target.query(query);
    return .from(try session.ask(.{ .target = &target }), session.failure);
}

/// What must not be done twice, and cannot be asked for: null where the answer was lost.
fn change(comptime T: type, session: *Session, target: *const Target) Error!?Response(T) {
    const response = session.ask(.{ .method = .DELETE, .target = target, .effect = .changes }) catch |err|
        return if (session.failure.isLost()) null else err;
    errdefer response.deinit();
    if (session.failure.err == null) {
        if (response_zig.parse(T, session.allocator, response.body)) |parsed| parsed.deinit() else |_| {
            session.failure.say("an answer that cannot be read", .{});
            session.failure.err = error.BadAnswer;
        }
    }
    if (session.failure.isLost()) {
        response.deinit();
        return null;
    }
    return .from(response, session.failure);
}

fn close(session: *Session, symbol: []const u8, request: requests.CloseRequest) Error!Response(?types.Order) {
    try session.enter();
    if (request.qty != null and request.percentage != null) return session.refuse("a quantity, or a percentage");
    var target: Target = undefined;
    target.init(session.base_url, "/v2/positions");
    target.segment(symbol);
    target.query(request);
    if (try change(?types.Order, session, &target)) |response| return response;
    if (request.qty != null or request.percentage != null) return session.failure.turn(error.OutcomeUnknown);

    const lost = session.failure;
    const looked = get(types.Position, session, "/v2/positions", symbol, .{}) catch return unknown(session, lost);
    defer looked.deinit();
    if (!looked.context.is(error.NotFound)) return unknown(session, lost);
    return done(?types.Order, session, lost, "null");
}

fn closeAll(session: *Session, cancel_orders: bool) Error!Response([]const types.ClosedPosition) {
    try session.enter();
    var target: Target = undefined;
    target.init(session.base_url, "/v2/positions");
    target.query(.{ .cancel_orders = cancel_orders });
    if (try change([]const types.ClosedPosition, session, &target)) |response| return response;

    const lost = session.failure;
    const looked = get([]const types.Position, session, "/v2/positions", null, .{}) catch return unknown(session, lost);
    const left = looked.take() catch return unknown(session, lost);
    defer left.deinit();
    if (left.value.len > 0) return unknown(session, lost);
    return done([]const types.ClosedPosition, session, lost, "[]");
}

/// It is as it was after the first answer was lost: nobody knows.
pub fn unknown(session: *Session, lost: Failure) Error {
    session.failure = lost;
    return session.failure.turn(error.OutcomeUnknown);
}

/// Asking showed that it was done.
pub fn done(comptime T: type, session: *Session, lost: Failure, body: []const u8) Response(T) {
    session.failure = lost;
    session.failure.err = null;
    return .done(session.allocator, session.failure, body);
}
