//! HttpClient, Response, Diagnostics.
const std = @import("std");
const hs = @import("http_sentinel");
const server = @import("server.zig");
const testing = std.testing;
const HttpClient = hs.HttpClient;

/// What `/anything` answers: the request as it came.
const Echo = struct {
    method: []const u8,
    url: []const u8,
    headers: []const [2][]const u8,
    body: []const u8,

    fn header(echo: Echo, name: []const u8) ?[]const u8 {
        for (echo.headers) |field| {
            if (std.ascii.eqlIgnoreCase(field[0], name)) return field[1];
        }
        return null;
    }
};

test "each method, with header fields and a body" {
    var client = try HttpClient.init(testing.allocator);
    defer client.deinit();
    const url = server.http("/anything/a?b=c");
    const headers: []const std.http.Header = &.{ .{ .name = "X-One", .value = "1" }, .{ .name = "X-Two", .value = "two" } };
    inline for (.{ "get", "delete" }) |name| {
        const response = try @field(HttpClient, name)(&client, url, headers);
        defer response.deinit();
        const echo = try response.json(Echo);
        defer echo.deinit();
        try testing.expect(std.ascii.eqlIgnoreCase(name, echo.value.method));
        try testing.expectEqualStrings("two", echo.value.header("x-two").?);
    }
    inline for (.{ "post", "put", "patch" }) |name| {
        const response = try @field(HttpClient, name)(&client, url, headers, "the body");
        defer response.deinit();
        const echo = try response.json(Echo);
        defer echo.deinit();
        try testing.expect(std.ascii.eqlIgnoreCase(name, echo.value.method));
        try testing.expectEqualStrings("the body", echo.value.body);
        try testing.expectEqualStrings("1", echo.value.header("x-one").?);
    }
    const head = try client.head(url, headers);
    defer head.deinit();
    try testing.expectEqual(.ok, head.status);
    try testing.expectEqual(0, head.body.len);

    const other = try client.requestWithOptions(.GET, url, &.{}, "", .{ .method = "PURGE" });
    defer other.deinit();
    const echo = try other.json(Echo);
    defer echo.deinit();
    try testing.expectEqualStrings("PURGE", echo.value.method);
}

test "more header fields than fit on the stack" {
    var client = try HttpClient.init(testing.allocator);
    defer client.deinit();
    var headers: [60]std.http.Header = undefined;
    for (&headers) |*header| header.* = .{ .name = "X-Many", .value = "v" };
    const response = try client.get(server.http("/headers"), &headers);
    defer response.deinit();
    try testing.expectEqual(60, std.mem.count(u8, response.body, "X-Many"));
}

test "header fields of a response" {
    var client = try HttpClient.init(testing.allocator);
    defer client.deinit();
    const response = try client.get(server.http("/response?status=203&header=X-A:1&header=X-B:2&header=x-a:3&body=hello"), &.{});
    defer response.deinit();
    try testing.expectEqual(203, @intFromEnum(response.status));
    try testing.expectEqualStrings("hello", response.body);
    try testing.expectEqualStrings("1", response.header("x-A").?);
    try testing.expectEqualStrings("3", response.headers.getNth("X-A", 1).?);
    try testing.expectEqual(null, response.header("X-C"));
    var seen: usize = 0;
    var fields = response.headers.iterator();
    while (fields.next()) |field| {
        if (std.mem.eql(u8, field.name, "X-B")) try testing.expectEqualStrings("2", field.value);
        seen += 1;
    }
    try testing.expectEqual(response.headers.count(), seen);
    try testing.expectEqual(null, response.headers.at(seen));
}

test "trailers, redirects, metrics" {
    var client = try HttpClient.init(testing.allocator);
    defer client.deinit();
    const ended = try client.get(server.http("/trailers?body=x&trailer=X-Sum:12"), &.{});
    defer ended.deinit();
    try testing.expectEqualStrings("12", ended.trailers().get("x-sum").?);
    try testing.expectEqual(null, ended.trailers().getNth("x-sum", 1));

    const hinted = try client.get(server.http("/early-hints?count=1"), &.{});
    defer hinted.deinit();
    try testing.expectEqual(103, @intFromEnum(hinted.interim(0).?));
    try testing.expect(hinted.interimHeader(0, 0) != null);
    try testing.expectEqual(null, hinted.interimHeader(0, 100));
    try testing.expectEqual(null, hinted.interim(1));

    const response = try client.get(server.http("/redirect/2"), &.{});
    defer response.deinit();
    try testing.expectEqualStrings(server.http("/get"), response.url());
    const metrics = response.metrics();
    try testing.expectEqual(2, metrics.redirects);
    try testing.expect(metrics.total_ns > 0);
    try testing.expectEqual(.found, response.redirect(0).?.status);
    try testing.expectEqual(null, response.redirect(2));
    try testing.expectEqual(.ok, response.attempt(0).?.status.?);
    try testing.expectEqual(null, response.attempt(1));
}

test "json outlives its response, skips what the type lacks, and says where it does not fit" {
    var client = try HttpClient.init(testing.allocator);
    defer client.deinit();
    const url = server.http("/response?body=%7B%22name%22%3A%22a%5Cnb%22%2C%22more%22%3A%5B1%5D%7D");
    const parsed = blk: {
        const response = try client.get(url, &.{});
        defer response.deinit();
        break :blk try response.json(struct { name: []const u8 });
    };
    defer parsed.deinit();
    try testing.expectEqualStrings("a\nb", parsed.value.name);

    const response = try client.get(url, &.{});
    defer response.deinit();
    try testing.expectError(error.MissingField, response.json(struct { other: u8 }));
    try testing.expectError(error.UnknownField, response.jsonWithOptions(struct { name: []const u8 }, .{}));
}

test "a response outlives its client, and any thread may read and free it" {
    const response = blk: {
        var client = try HttpClient.init(testing.allocator);
        defer client.deinit();
        break :blk try client.post(server.http("/echo"), &.{}, "still here");
    };
    const other = try std.Thread.spawn(.{}, struct {
        fn read(of_another: hs.Response) void {
            defer of_another.deinit();
            if (!std.mem.eql(u8, "still here", of_another.body)) @panic("not the body");
        }
    }.read, .{response});
    other.join();
}

test "on another thread a client is refused and lives on; deinit there gives it up" {
    var client = try HttpClient.init(testing.allocator);
    try std.testing.expectEqual(0, (try client.counters()).calls_started);
    const Other = struct {
        fn get(of_another: *HttpClient, out: *?hs.Error, diagnostics: *hs.Diagnostics) void {
            const options: hs.RequestOptions = .{ .diagnostics = diagnostics };
            const response = of_another.getWithOptions(server.http("/get"), &.{}, options) catch |err| {
                out.* = err;
                return;
            };
            response.deinit();
        }
    };
    var diagnostics: hs.Diagnostics = .{};
    defer diagnostics.deinit();
    var seen: ?hs.Error = null;
    const getting = try std.Thread.spawn(.{}, Other.get, .{ &client, &seen, &diagnostics });
    getting.join();
    try testing.expectEqual(error.WrongThread, seen.?);
    try testing.expectEqual(.no, diagnostics.request_sent);
    const response = try client.get(server.http("/get"), &.{});
    response.deinit();

    const handle = client.handle;
    const closing = try std.Thread.spawn(.{}, HttpClient.deinit, .{&client});
    closing.join();
    try testing.expectEqual(hs.c.HS_ERR_INVALID_HANDLE, hs.c.hs_worker_free(handle)); // its thread has closed it
}

test "counters may be read on any thread" {
    var client = try HttpClient.init(testing.allocator);
    defer client.deinit();
    const response = try client.get(server.http("/get"), &.{});
    response.deinit();
    const Other = struct {
        fn count(of_another: *const HttpClient, calls: *u64) void {
            calls.* = (of_another.counters() catch unreachable).calls_succeeded;
        }
    };
    var calls: u64 = 0;
    const other = try std.Thread.spawn(.{}, Other.count, .{ &client, &calls });
    other.join();
    try testing.expectEqual(1, calls);
}

test "a request without a body" {
    var client = try HttpClient.init(testing.allocator);
    defer client.deinit();
    const bodies: [2]?[]const u8 = .{ null, "" };
    for (bodies) |none| {
        const bodiless = try client.request(.OPTIONS, server.http("/anything"), &.{}, none);
        defer bodiless.deinit();
        try testing.expectEqual(.ok, bodiless.status);
    }
    const nothing = try client.requestWithOptions(.DELETE, server.http("/anything"), &.{}, null, .{});
    defer nothing.deinit();
    try testing.expectEqual(.ok, nothing.status);
}

test "what goes wrong before anything is sent" {
    var client = try HttpClient.init(testing.allocator);
    defer client.deinit();
    try testing.expectError(error.InvalidUrl, client.get("http://", &.{}));
    try testing.expectError(error.UnsupportedScheme, client.get("ftp://example.com/", &.{}));
    const split: []const std.http.Header = &.{.{ .name = "X", .value = "a\r\nB: c" }};
    try testing.expectError(error.InvalidHeader, client.get(server.http("/get"), split));
    try testing.expectError(error.InvalidMethod, client.request(.CONNECT, server.http("/get"), &.{}, ""));
    try testing.expectError(error.InvalidArgument, HttpClient.initWithOptions(testing.allocator, .{ .max_redirects = 4000 }));
    try testing.expectError(error.CaStoreInvalid, HttpClient.initWithOptions(testing.allocator, .{ .ca_pem = "nothing", .sensitive_headers = &.{"a"} }));
}

test "diagnostics: phase, whether it was sent, whether it may be sent again" {
    var client = try HttpClient.init(testing.allocator);
    defer client.deinit();
    var diagnostics: hs.Diagnostics = .{};
    defer diagnostics.deinit();
    const options: hs.RequestOptions = .{ .diagnostics = &diagnostics, .max_attempts = 1 };

    try testing.expectError(error.ConnectFailed, client.getWithOptions("http://127.0.0.1:1/", &.{}, options));
    try testing.expectEqual(error.ConnectFailed, diagnostics.err.?);
    try testing.expectEqual(.connect, diagnostics.phase);
    try testing.expectEqual(.no, diagnostics.request_sent);
    try testing.expectEqual(.safe, diagnostics.retryable);
    try testing.expectEqual(1, diagnostics.attempts);
    try testing.expectEqual(error.ConnectFailed, diagnostics.attempt(0).?.err.?);
    try testing.expectEqual(null, diagnostics.attempt(1));

    try testing.expectError(error.ConnectionClosed, client.postWithOptions(server.script("/close-after-request"), &.{}, "order", options));
    try testing.expectEqual(.maybe, diagnostics.request_sent);
    try testing.expectEqual(.unknown, diagnostics.retryable);

    const response = try client.getWithOptions(server.http("/get"), &.{}, options);
    response.deinit();
    try testing.expectEqual(null, diagnostics.err);
    try testing.expectEqualStrings("", diagnostics.message);
}

test "timeouts" {
    var client = try HttpClient.initWithOptions(testing.allocator, .{ .timeout_ms = 50 });
    defer client.deinit();
    try testing.expectError(error.Timeout, client.get(server.http("/stall/head"), &.{}));
    const once: hs.RequestOptions = .{ .timeout_ms = hs.infinite, .attempt_timeout_ms = 50, .max_attempts = 1 };
    try testing.expectError(error.AttemptTimeout, client.getWithOptions(server.http("/stall/head"), &.{}, once));
    const idle: hs.RequestOptions = .{ .timeout_ms = hs.infinite, .idle_timeout_ms = 50, .max_attempts = 1 };
    try testing.expectError(error.IdleTimeout, client.getWithOptions(server.http("/stall/body?bytes=10"), &.{}, idle));
}

test "cancelling from another thread" {
    var client = try HttpClient.init(testing.allocator);
    defer client.deinit();
    const token: hs.CancelToken = try .init();
    defer token.deinit();
    const Other = struct {
        fn cancel(cancels: hs.CancelToken) void {
            var own = HttpClient.init(testing.allocator) catch unreachable;
            defer own.deinit();
            const waited = own.get(server.http("/wait/zig-cancel?at_least=1"), &.{}) catch unreachable;
            waited.deinit();
            cancels.trigger();
        }
    };
    const other = try std.Thread.spawn(.{}, Other.cancel, .{token});
    const options: hs.RequestOptions = .{ .cancel = token };
    try testing.expectError(error.Canceled, client.getWithOptions(server.http("/stall/head?count_key=zig-cancel"), &.{}, options));
    other.join();
    try testing.expectError(error.Canceled, client.getWithOptions(server.http("/get"), &.{}, options));
}

test "secrets stay at home, and out of texts" {
    const secret = "s3cret-value";
    var client = try HttpClient.initWithOptions(testing.allocator, .{ .sensitive_headers = &.{"APCA-API-SECRET-KEY"}, .trace = true });
    defer client.deinit();
    const elsewhere = std.mem.replaceOwned(u8, testing.allocator, server.http("/anything"), "127.0.0.1", "localhost") catch unreachable;
    defer testing.allocator.free(elsewhere);
    const url = try std.mem.concat(testing.allocator, u8, &.{ server.http("/redirect-to?url="), elsewhere });
    defer testing.allocator.free(url);
    const response = try client.getWithOptions(url, &.{
        .{ .name = "apca-api-secret-key", .value = secret },
        .{ .name = "X-Signature", .value = secret },
        .{ .name = "X-Open", .value = "open" },
    }, .{ .sensitive_headers = &.{"x-signature"} });
    defer response.deinit();
    const echo = try response.json(Echo);
    defer echo.deinit();
    try testing.expectEqualStrings("open", echo.value.header("x-open").?);
    try testing.expectEqual(null, std.mem.indexOf(u8, response.body, secret));
    try testing.expect(response.trace().len > 0);
    try testing.expectEqual(null, std.mem.indexOf(u8, response.trace(), secret));

    var diagnostics: hs.Diagnostics = .{};
    defer diagnostics.deinit();
    const broken: []const std.http.Header = &.{.{ .name = "APCA-API-SECRET-KEY", .value = secret ++ "\n" }};
    try testing.expectError(error.InvalidHeader, client.getWithOptions(server.http("/get"), broken, .{ .diagnostics = &diagnostics }));
    try testing.expect(diagnostics.message.len > 0);
    try testing.expectEqual(null, std.mem.indexOf(u8, diagnostics.message, secret));
}

test "TLS, with the authority that is trusted" {
    var stranger = try HttpClient.init(testing.allocator);
    defer stranger.deinit();
    try testing.expectError(error.TlsUntrusted, stranger.get(server.https("/get"), &.{}));
    var client = try HttpClient.initWithOptions(testing.allocator, .{ .ca_file = server.caFile() });
    defer client.deinit();
    const response = try client.get(server.https("/get"), &.{});
    defer response.deinit();
    try testing.expectEqual(.ok, response.status);
    try testing.expectEqual(1, response.metrics().tls_verified);
}

test "credentials, cookies and what has no field" {
    var base = hs.sized(hs.c.hs_worker_options);
    base.user_agent = hs.str("from the base");
    var client = try HttpClient.initWithOptions(testing.allocator, .{ .cookies = true, .base = &base });
    defer client.deinit();
    const basic: hs.RequestOptions = .{ .auth = .{ .basic = .{ .user = "u", .password = "p" } } };
    const answered = try client.getWithOptions(server.http("/basic-auth/u/p"), &.{}, basic);
    answered.deinit();
    try testing.expectEqual(.ok, answered.status);
    const bearer = try client.getWithOptions(server.http("/bearer/tok"), &.{}, .{ .auth = .{ .bearer = "tok" } });
    bearer.deinit();
    try testing.expectEqual(.ok, bearer.status);
    const digest: hs.RequestOptions = .{ .auth = .{ .digest = .{ .user = "u", .password = "p" } } };
    const proved = try client.getWithOptions(server.http("/digest-auth/u/p"), &.{}, digest);
    proved.deinit();
    try testing.expectEqual(.ok, proved.status);

    const set = try client.get(server.http("/cookies/set?a=1"), &.{});
    set.deinit();
    const response = try client.get(server.http("/anything"), &.{});
    defer response.deinit();
    const echo = try response.json(Echo);
    defer echo.deinit();
    try testing.expectEqualStrings("a=1", echo.value.header("cookie").?);
    try testing.expectEqualStrings("from the base", echo.value.header("user-agent").?);
}

test "closing twice, and freeing twice, is found out" {
    // What they go by: a handle that the library does not know any more.
    var client = try HttpClient.init(testing.allocator);
    const response = try client.get(server.http("/get"), &.{});
    response.deinit();
    try testing.expectEqual(hs.c.HS_ERR_INVALID_HANDLE, hs.c.hs_response_free(response.handle));
    client.deinit();
    try testing.expectEqual(null, client.handle);
    try testing.expectError(error.NullArgument, client.get(server.http("/get"), &.{}));
}
