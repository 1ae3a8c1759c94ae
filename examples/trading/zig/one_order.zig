//! One order, and what came of it: APCA_API_KEY_ID=… APCA_API_SECRET_KEY=… one_order SYMBOL QTY LIMIT [BASE_URL [CA_FILE]]
//!
//! Without BASE_URL it goes to the paper account. A key of an account with real money needs no other program: be careful.
const std = @import("std");
const AlpacaClient = @import("alpaca").AlpacaClient;

pub fn main(init: std.process.Init) !u8 {
    const args = try init.minimal.args.toSlice(init.arena.allocator());
    if (args.len < 4 or args.len > 6) {
        std.debug.print("usage: {s} SYMBOL QTY LIMIT [BASE_URL [CA_FILE]]\n", .{args[0]});
        return 2;
    }
    const api_key = init.environ_map.get("APCA_API_KEY_ID") orelse "";
    const api_secret = init.environ_map.get("APCA_API_SECRET_KEY") orelse "";
    var buffer: [500]u8 = undefined;
    var stdout = std.Io.File.stdout().writerStreaming(init.io, &buffer);
    const out = &stdout.interface;

    var client = AlpacaClient.initWithOptions(init.gpa, api_key, api_secret, .paper, .{
        .base_url = if (args.len > 4) args[4] else "",
        .ca_file = if (args.len > 5) args[5] else "",
    });
    defer client.deinit();

    var status: u8 = 1;
    if (client.submitOrder(.{
        .symbol = args[1],
        .qty = try .parse(args[2]),
        .side = .buy,
        .type = .limit,
        .limit_price = try .parse(args[3]),
        .time_in_force = .gtc,
    })) |response| {
        defer response.deinit();
        if (response.value()) |order| { // it is there, also where its own answer was lost
            defer order.deinit();
            try out.print("{s} of {s}: {s}\n", .{ order.value.id, order.value.symbol, order.value.status });
            status = 0;
        } else |_| try out.print("refused: {f}\n", .{response.context});
    } else |err| switch (err) {
        // It may be there: ask later, by this id, and do not send another one.
        error.OutcomeUnknown => try out.print("nobody knows; ask for {s}\n", .{client.failure().clientOrderId()}),
        // It is not there; to try again, take the same id.
        error.NotPlaced => try out.print("not placed; again with {s}\n", .{client.failure().clientOrderId()}),
        else => try out.print("never sent: {f}\n", .{client.failure().*}),
    }
    try out.flush();
    return status;
}
