//! What the phases of the check share.
const std = @import("std");
const hs = @import("http_sentinel");
const alpaca = @import("alpaca");

pub var allocator: std.mem.Allocator = undefined;
pub var broker_url: []const u8 = "";
pub var data_url: []const u8 = "";
pub var ca_file: []const u8 = "";

const most_reports = 30;
var complaints: std.atomic.Value(u64) = .init(0);

/// Says that something is wrong, and counts it. Any thread.
pub fn wrong(comptime template: []const u8, arguments: anytype) void {
    if (complaints.fetchAdd(1, .monotonic) < most_reports) std.debug.print(template ++ "\n", arguments);
}

pub fn wrongs() u64 {
    return complaints.load(.monotonic);
}

pub fn expect(where: std.builtin.SourceLocation, condition: bool) void {
    if (!condition) wrong("{s}:{d}: not so", .{ where.file, where.line });
}

/// What a call must give; null, and a complaint, where it gives an error.
pub fn value(where: std.builtin.SourceLocation, client: anytype, result: anytype) ?Taken(@TypeOf(result)) {
    const response = result catch |err| {
        wrong("{s}:{d}: {s}: {f}", .{ where.file, where.line, @errorName(err), client.failure().* });
        return null;
    };
    defer response.deinit();
    const parsed = response.value() catch |err| {
        wrong("{s}:{d}: {s}: {f}", .{ where.file, where.line, @errorName(err), response.context });
        return null;
    };
    return .{ .parsed = parsed, .value = parsed.value, .reconciled = response.reconciled };
}

fn Taken(comptime Result: type) type {
    const T = @typeInfo(Result).error_union.payload.Value;
    return struct {
        parsed: std.json.Parsed(T),
        value: T,
        reconciled: bool,

        pub fn deinit(taken: @This()) void {
            taken.parsed.deinit();
        }
    };
}

/// The error that a call must come to, with what there is to say of it.
pub fn fails(where: std.builtin.SourceLocation, wanted: alpaca.Error, client: anytype, result: anytype) alpaca.Failure {
    const failure = if (result) |response| blk: {
        defer response.deinit();
        break :blk response.context;
    } else |_| client.failure().*;
    if (!failure.is(wanted)) wrong("{s}:{d}: not {s}: {f}", .{ where.file, where.line, @errorName(wanted), failure });
    return failure;
}

pub fn same(a: ?[]const u8, b: []const u8) bool {
    return std.mem.eql(u8, a orelse return false, b);
}

pub fn amountsTo(decimal: ?alpaca.Decimal, comptime text: []const u8) bool {
    return (decimal orelse return false).eql(.of(text));
}

/// What the broker tells of an account.
pub const Seen = struct {
    requests: u64,
    throttled: u64,
    orders_received: u64,
    client_order_ids: u64,
    most_of_one: u64,
    duplicates_refused: u64,
    closes: u64,
    cash: []const u8,
    contradictions: []const []const u8,
    faults: std.json.Value,
};

pub fn seen(key: []const u8) std.json.Parsed(Seen) {
    const response = admin(.GET, key, "", "");
    defer response.deinit();
    return response.json(Seen) catch @panic("the broker tells something else");
}

/// How often it was asked for an order of that client_order_id.
pub fn received(key: []const u8, client_order_id: []const u8) u64 {
    var path: [200]u8 = undefined;
    const response = admin(.GET, key, std.fmt.bufPrint(&path, "/received/{s}", .{client_order_id}) catch unreachable, "");
    defer response.deinit();
    return std.fmt.parseInt(u64, std.mem.trim(u8, response.body, " \n"), 10) catch @panic("the broker tells no number");
}

pub fn put(key: []const u8, path: []const u8, body: []const u8) void {
    admin(.PUT, key, path, body).deinit();
}

/// The broker's side, with a client of its own. It must not fail.
pub fn admin(method: std.http.Method, key: []const u8, path: []const u8, body: []const u8) hs.Response {
    var buffer: [600]u8 = undefined;
    const url = std.fmt.bufPrint(&buffer, "{s}/admin/accounts/{s}{s}", .{ broker_url, key, path }) catch unreachable;
    var client = hs.HttpClient.initWithOptions(allocator, .{ .ca_file = ca_file }) catch @panic("no client for the broker's side");
    defer client.deinit();
    const response = client.request(method, url, &.{}, body) catch |err|
        std.debug.panic("{t} {s}: {s}", .{ method, url, @errorName(err) });
    if (response.status.class() != .success) std.debug.panic("{t} {s}: {d}", .{ method, url, @intFromEnum(response.status) });
    return response;
}

pub const secret = "a secret";

pub fn options() alpaca.Options {
    return .{ .base_url = broker_url, .data_url = data_url, .ca_file = ca_file };
}

pub fn newClient(key: []const u8) alpaca.AlpacaClient {
    return .initWithOptions(allocator, key, secret, .paper, options());
}
