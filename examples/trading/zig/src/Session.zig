//! What a client is made of: keys, an `HttpClient` that the first call makes, and what the last call came to.
const Session = @This();
const std = @import("std");
const hs = @import("http_sentinel");
const AccountLimits = @import("AccountLimits.zig");
const Failure = @import("Failure.zig");
const Secret = @import("Secret.zig");
const Target = @import("Target.zig");
const Error = Failure.Error;

pub const Environment = enum {
    paper,
    live,

    pub fn baseUrl(environment: Environment) []const u8 {
        return switch (environment) {
            .paper => "https://paper-api.alpaca.markets",
            .live => "https://api.alpaca.markets",
        };
    }
};

/// Of a client. Borrowed until its `deinit`.
pub const Options = struct {
    /// Empty: the environment's.
    base_url: []const u8 = "",
    /// Empty: https://data.alpaca.markets.
    data_url: []const u8 = "",
    /// A PEM file; empty: the system's certificates.
    ca_file: []const u8 = "",
    /// Of a whole call, with its attempts and the limiter's queue; 0: the library's 30 seconds.
    timeout_ms: u64 = 0,
    /// Until the head of an answer; 0: the library's 10 seconds.
    attempt_timeout_ms: u64 = 0,
    limits: AccountLimits.Choice = .{ .own = .{} },
};

allocator: std.mem.Allocator,
key: Secret,
secret: Secret,
base_url: []const u8,
data_url: []const u8,
options: Options,
/// Of the thread that it belongs to; 0 before the first call.
thread: std.atomic.Value(std.Thread.Id) = .init(0),
http: ?hs.HttpClient = null,
limits: ?AccountLimits = null,
/// What its client_order_ids begin with, and how many it has made.
prefix: [32]u8 = undefined,
ids: u64 = 0,
/// What the last call came to.
failure: Failure = .{},

/// Nothing is made yet, so that nothing can fail.
pub fn init(allocator: std.mem.Allocator, key: []const u8, secret: []const u8, environment: Environment, options: Options) Session {
    return .{
        .allocator = allocator,
        .key = .of(key),
        .secret = .of(secret),
        .base_url = if (options.base_url.len > 0) options.base_url else environment.baseUrl(),
        .data_url = if (options.data_url.len > 0) options.data_url else "https://data.alpaca.markets",
        .options = options,
    };
}

pub fn deinit(session: *Session) void {
    if (session.http) |*http| http.deinit();
    session.http = null;
    if (session.options.limits == .own) {
        if (session.limits) |limits| limits.deinit();
    }
    session.limits = null;
}

/// Each call begins here: on the session's own thread, which is that of the first call. Elsewhere nothing is touched.
pub fn enter(session: *Session) Error!void {
    const here = std.Thread.getCurrentId();
    if (session.thread.cmpxchgStrong(0, here, .monotonic, .monotonic)) |owner| {
        if (owner != here) return error.WrongThread;
    }
    session.failure = .{};
    if (session.http == null) try session.open();
}

fn open(session: *Session) Error!void {
    if (session.key.len == 0 or session.secret.len == 0) return session.refuse("key and secret are needed");
    var random: [16]u8 = undefined;
    if (getentropy(&random, random.len) != 0) return session.refuse("the system has no random numbers");
    session.prefix = std.fmt.bytesToHex(random, .lower);
    if (session.limits == null) session.limits = switch (session.options.limits) {
        .own => |options| AccountLimits.init(options) catch |err| return session.refuse(@errorName(err)),
        .shared => |limits| limits,
        .none => null,
    };
    var diagnostics: hs.Diagnostics = .{};
    defer diagnostics.deinit();
    session.http = hs.HttpClient.initWithOptions(session.allocator, .{
        .ca_file = session.options.ca_file,
        .timeout_ms = session.options.timeout_ms,
        .attempt_timeout_ms = session.options.attempt_timeout_ms,
        .redirects = .@"return", // nobody else gets the keys
        .user_agent = "http-sentinel-trading-example",
        .sensitive_headers = &.{ "APCA-API-KEY-ID", "APCA-API-SECRET-KEY" },
        .diagnostics = &diagnostics,
    }) catch |err| {
        session.failure.cause = err;
        session.failure.say("{f}", .{diagnostics});
        return session.failure.turn(if (err == error.OutOfMemory) error.OutOfMemory else error.InvalidArgument);
    };
}

extern "c" fn getentropy(buffer: [*]u8, len: usize) c_int;

pub fn refuse(session: *Session, why: []const u8) Error {
    session.failure.say("{s}", .{why});
    return session.failure.turn(error.InvalidArgument);
}

/// The caller's client_order_id or a new one, which the failure has from now on.
pub fn nameOrder(session: *Session, given: ?[]const u8) Error![]const u8 {
    const to = &session.failure.client_order_id_text;
    if (given) |id| {
        if (id.len == 0 or id.len > to.buffer.len or !std.unicode.utf8ValidateSlice(id))
            return session.refuse("a client_order_id has 1 to 128 bytes of UTF-8");
        @memcpy(to.buffer[0..id.len], id);
        to.len = id.len;
    } else {
        to.len = session.newId(&to.buffer).len;
    }
    return session.failure.clientOrderId();
}

/// One that no other is like.
pub fn newId(session: *Session, buffer: *[128]u8) []const u8 {
    session.ids += 1;
    return std.fmt.bufPrint(buffer, "{s}-{d}", .{ &session.prefix, session.ids }) catch unreachable;
}

/// What a request does at the broker, which is what may be done with it when it goes wrong.
pub const Effect = enum {
    reads,
    /// Twice is as good as once.
    cancels,
    /// Once, or nothing is certain.
    changes,
};

pub const Asked = struct {
    method: std.http.Method = .GET,
    target: *const Target,
    body: []const u8 = "",
    effect: Effect = .reads,
    data: bool = false,
    /// It waits so long before it asks.
    after_ms: u64 = 0,
};

/// Any status is a response; `failure` says in any case what it came to. Only after `enter`.
pub fn ask(session: *Session, asked: Asked) Error!hs.Response {
    if (asked.target.refused) return session.refuse("an argument is empty or too long");
    var base = hs.sized(hs.c.hs_request_options);
    base.start_after_ms = asked.after_ms;
    var diagnostics: hs.Diagnostics = .{};
    defer diagnostics.deinit();
    const json = "application/json";
    const headers = [_]std.http.Header{
        .{ .name = "APCA-API-KEY-ID", .value = session.key.text() },
        .{ .name = "APCA-API-SECRET-KEY", .value = session.secret.text() },
        .{ .name = "Accept", .value = json },
        .{ .name = "Content-Type", .value = json },
    };
    var bucket: [1]hs.Bucket = undefined;
    var policies: hs.Policies = .{};
    if (session.limits) |limits| {
        bucket[0] = .{ .limiter = limits.limiter, .key = if (asked.data) "data" else "trading" };
        policies.rate_limits = &bucket;
    }
    // What changes something is sent again only where it was provably never sent.
    if (asked.effect == .changes) policies.retry = .{ .processed_429 = true };
    const response = session.http.?.send(.{
        .method = asked.method,
        .url = asked.target.url(),
        .headers = headers[0 .. headers.len - @intFromBool(asked.body.len == 0)],
        .body = asked.body,
        .options = .{
            .not_idempotent = asked.effect == .changes,
            .policies = policies,
            .diagnostics = &diagnostics,
            .base = &base,
        },
    }) catch |err| return session.failure.noResponse(err, &diagnostics);
    session.failure.answered(response);
    return response;
}
