//! Orders: what must not happen twice, and what to do when nobody says whether it has happened.
const std = @import("std");
const hs = @import("http_sentinel");
const account = @import("account.zig");
const Session = @import("Session.zig");
const Target = @import("Target.zig");
const Failure = @import("Failure.zig");
const response_zig = @import("response.zig");
const requests = @import("requests.zig");
const types = @import("types.zig");
const Response = response_zig.Response;
const Error = Failure.Error;
const Order = types.Order;

/// How often the broker is asked for an order that it does not have, and how long is waited between: the request may
/// still be on its way.
const asked_again = 3;
const first_wait_ms = 200;

pub fn Operations(comptime Client: type) type {
    return struct {
        /// Sent once. Where its answer is lost the broker is asked for the order by its `client_order_id`: it is found
        /// (`reconciled`), or it is `error.NotPlaced`, or `error.OutcomeUnknown` where the broker says nothing.
        pub fn submitOrder(client: *Client, request: requests.OrderRequest) Error!Response(Order) {
            const session = &client.session;
            try session.enter();
            if (request.symbol.len == 0 or !std.unicode.utf8ValidateSlice(request.symbol)) return session.refuse("an order has a symbol");
            if (request.qty == null and request.notional == null) return session.refuse("an order has a quantity or an amount");
            var named = request;
            named.client_order_id = try session.nameOrder(request.client_order_id);
            return place(session, .POST, null, named);
        }

        /// The new order, by the same rules.
        pub fn replaceOrder(client: *Client, id: []const u8, request: requests.ReplaceRequest) Error!Response(Order) {
            const session = &client.session;
            try session.enter();
            var named = request;
            named.client_order_id = try session.nameOrder(request.client_order_id);
            return place(session, .PATCH, id, named);
        }

        /// Succeeds where the order is cancelled afterwards, also where it was before.
        pub fn cancelOrder(client: *Client, id: []const u8) Error!Response(void) {
            return cancel(&client.session, id);
        }

        pub fn cancelAllOrders(client: *Client) Error!Response([]const types.CanceledOrder) {
            return cancelAll(&client.session);
        }

        pub fn getOrder(client: *Client, id: []const u8) Error!Response(Order) {
            return account.get(Order, &client.session, "/v2/orders", id, .{});
        }

        pub fn getOrderByClientId(client: *Client, client_order_id: []const u8) Error!Response(Order) {
            try client.session.enter();
            if (client_order_id.len == 0) return client.session.refuse("which order?");
            return find(&client.session, client_order_id, 0);
        }

        pub fn listOrders(client: *Client, filter: requests.OrderFilter) Error!Response([]const Order) {
            return account.get([]const Order, &client.session, "/v2/orders", null, filter);
        }

        /// A `client_order_id` that no other is like, for whoever wants to know it before.
        pub fn newClientOrderId(client: *Client, buffer: *[128]u8) Error![]const u8 {
            try client.session.enter();
            return client.session.newId(buffer);
        }
    };
}

fn find(session: *Session, client_order_id: []const u8, after_ms: u64) Error!Response(Order) {
    var target: Target = undefined;
    target.init(session.base_url, "/v2/orders:by_client_order_id");
    target.query(.{ .client_order_id = client_order_id });
    return .from(try session.ask(.{ .target = &target, .after_ms = after_ms }), session.failure);
}

/// POST or PATCH of an order that has its client_order_id.
fn place(session: *Session, method: std.http.Method, id: ?[]const u8, request: anytype) Error!Response(Order) {
    const failure = &session.failure;
    const options: std.json.Stringify.Options = .{ .emit_null_optional_fields = false };
    const body = std.json.Stringify.valueAlloc(session.allocator, request, options) catch return failure.turn(error.OutOfMemory);
    defer session.allocator.free(body);
    var target: Target = undefined;
    target.init(session.base_url, "/v2/orders");
    if (id) |text| target.segment(text);

    const asked: Session.Asked = .{ .method = method, .target = &target, .body = body, .effect = .changes };
    const response = session.ask(asked) catch |err| return if (failure.isLost()) reconcile(session) else err;
    if (failure.err == null and !isOrder(session, response.body)) {
        failure.say("an answer that is not this order", .{});
        failure.err = error.BadAnswer;
    }
    if (failure.isLost()) {
        response.deinit();
        return reconcile(session);
    }
    if (failure.http_status == 422 and std.mem.indexOf(u8, failure.message(), "client_order_id must be unique") != null)
        failure.err = error.Duplicate;
    return .from(response, failure.*);
}

/// Whether it is the order that was asked for.
fn isOrder(session: *Session, body: []const u8) bool {
    const order = response_zig.parse(Order, session.allocator, body) catch return false;
    defer order.deinit();
    return std.mem.eql(u8, order.value.client_order_id, session.failure.clientOrderId());
}

/// The answer was lost, as `session.failure` says: what became of it?
fn reconcile(session: *Session) Error!Response(Order) {
    const lost = session.failure;
    var wait: u64 = 0;
    for (0..asked_again) |_| {
        const found = find(session, lost.clientOrderId(), wait) catch break;
        if (found.isSuccess() and isOrder(session, found.body)) {
            var response = found;
            response.reconciled = true;
            return response;
        }
        found.deinit();
        if (!found.context.is(error.NotFound)) break;
        wait = if (wait == 0) first_wait_ms else wait * 2;
    } else {
        session.failure = lost;
        session.failure.say("the broker does not have the order; its answer was lost: {s}", .{lost.message()});
        return session.failure.turn(error.NotPlaced);
    }
    const asked = session.failure;
    session.failure = lost;
    session.failure.say("it may have been done: {s}; asking failed: {s}", .{ lost.message(), asked.message() });
    return session.failure.turn(error.OutcomeUnknown);
}

fn cancel(session: *Session, id: []const u8) Error!Response(void) {
    try session.enter();
    var target: Target = undefined;
    target.init(session.base_url, "/v2/orders");
    target.segment(id);
    const answer: ?hs.Response = session.ask(.{ .method = .DELETE, .target = &target, .effect = .cancels }) catch |err| blk: {
        if (!session.failure.isLost()) return err;
        break :blk null;
    };
    const first = session.failure;
    // A 422 to what was sent twice may come of the first time, whose answer was lost.
    const twice = first.attempts > 1 or first.resends > 0;
    const lost = first.isLost() or (first.http_status == 422 and twice);
    if (!lost and first.http_status != 422) return .from(answer.?, first);

    const status = statusOf(session, id);
    session.failure = first;
    if (status == .canceled) {
        if (answer) |response| response.deinit();
        return account.done(void, session, first, "null");
    }
    if (!lost) return .from(answer.?, first);
    if (answer) |response| response.deinit();
    if (status == .ended) {
        session.failure.say("the order has ended in another way", .{});
        return session.failure.turn(error.Rejected);
    }
    return session.failure.turn(error.OutcomeUnknown);
}

fn statusOf(session: *Session, id: []const u8) enum { canceled, ended, other } {
    const looked = account.get(Order, session, "/v2/orders", id, .{}) catch return .other;
    const order = looked.take() catch return .other;
    defer order.deinit();
    for ([_][]const u8{ "canceled", "pending_cancel" }) |status| {
        if (std.mem.eql(u8, order.value.status, status)) return .canceled;
    }
    for ([_][]const u8{ "filled", "replaced", "expired", "rejected" }) |status| {
        if (std.mem.eql(u8, order.value.status, status)) return .ended;
    }
    return .other;
}

fn cancelAll(session: *Session) Error!Response([]const types.CanceledOrder) {
    try session.enter();
    var target: Target = undefined;
    target.init(session.base_url, "/v2/orders");
    const response = session.ask(.{ .method = .DELETE, .target = &target, .effect = .cancels }) catch |err|
        return if (session.failure.isLost()) session.failure.turn(error.OutcomeUnknown) else err;
    if (session.failure.err == null) {
        if (response_zig.parse([]const types.CanceledOrder, session.allocator, response.body)) |parsed| parsed.deinit() else |_| {
            session.failure.say("an answer that cannot be read", .{});
            session.failure.err = error.BadAnswer;
        }
    }
    if (session.failure.isLost()) {
        response.deinit();
        return session.failure.turn(error.OutcomeUnknown);
    }
    return .from(response, session.failure);
}
