//! CookieJar, Form, Mock, Simulation.
const std = @import("std");
const hs = @import("http_sentinel");
const server = @import("server.zig");
const testing = std.testing;
const HttpClient = hs.HttpClient;

test "a jar that two clients share" {
    const jar: hs.CookieJar = try .init();
    defer jar.deinit();
    var one = try HttpClient.initWithOptions(testing.allocator, .{ .cookie_jar = jar });
    defer one.deinit();
    var two = try HttpClient.initWithOptions(testing.allocator, .{ .cookie_jar = jar });
    defer two.deinit();
    const set = try one.get(server.http("/cookies/set?sid=31d4"), &.{});
    set.deinit();
    const response = try two.get(server.http("/headers"), &.{});
    defer response.deinit();
    try testing.expect(std.mem.indexOf(u8, response.body, "sid=31d4") != null);
    try testing.expectEqual(1, jar.count());

    try jar.set("https://a.example/", "k=v; Path=/", null);
    const header = try jar.get("https://a.example/x", null);
    defer header.deinit();
    try testing.expectEqualStrings("k=v", header.slice());
    const text = try jar.exportText(null);
    defer text.deinit();
    try jar.clear();
    try testing.expectEqual(0, jar.count());
    try jar.importText(text.slice(), null);
    try testing.expectEqual(2, jar.count());
    var diagnostics: hs.Diagnostics = .{};
    defer diagnostics.deinit();
    try testing.expectError(error.InvalidCookie, jar.set("https://a.example/", "", &diagnostics));
    try testing.expect(diagnostics.message.len > 0);
    try testing.expectError(error.InvalidUrl, jar.get("a", null));
    try testing.expectError(error.InvalidCookie, jar.importText("what is this", null));
}

test "a form" {
    var client = try HttpClient.init(testing.allocator);
    defer client.deinit();
    const form: hs.Form = try .init("line", null);
    defer form.deinit();
    try form.add(.{ .name = "symbol", .content = .{ .data = "AAPL" } }, null);
    try form.add(.{ .name = "ca", .content = .{ .file = server.caFile() }, .filename = "ca.pem", .content_type = "text/plain" }, null);
    for (0..2) |_| {
        const response = try client.send(.{ .url = server.http("/echo"), .options = .{ .form = form } });
        defer response.deinit();
        try testing.expectEqualStrings("multipart/form-data; boundary=\"line\"", response.header("content-type").?);
        try testing.expect(std.mem.indexOf(u8, response.body, "AAPL") != null);
        try testing.expect(std.mem.indexOf(u8, response.body, "BEGIN CERTIFICATE") != null);
    }
    try testing.expectError(error.InvalidArgument, form.add(.{ .name = "", .content = .{ .data = "" } }, null));
    try testing.expectError(error.InvalidArgument, hs.Form.init("\n", null));
}

test "no network and no time: a mock and a simulation" {
    const simulation: hs.Simulation = try .init(.{ .seed = 7 });
    defer simulation.deinit();
    const mock: hs.Mock = try .init();
    defer mock.deinit();
    try mock.add(.{ .url = "https://a.example/clock", .status = 503, .times = 2, .headers = &.{.{ .name = "Retry-After", .value = "30" }} }, null);
    try mock.add(.{ .method = "GET", .url = "/cl", .prefix = true, .body = "{\"open\":true}", .delay_ms = 20 }, null);
    try mock.add(.{ .url = "/closed", .failure = error.ConnectionClosed }, null);
    var client = try HttpClient.initWithOptions(testing.allocator, .{ .mock = mock, .simulation = simulation, .timeout_ms = hs.infinite });
    defer client.deinit();
    const response = try client.get("https://a.example/clock", &.{.{ .name = "X-A", .value = "1" }});
    defer response.deinit();
    try testing.expectEqual(3, response.attempts());
    const open = try response.json(struct { open: bool });
    defer open.deinit();
    try testing.expect(open.value.open);
    try testing.expect(simulation.now() >= 60 * std.time.ns_per_s);
    try testing.expectEqual(3, mock.calls());
    try testing.expectEqualStrings("1", mock.callHeader(0, "x-a", 0).?);
    try testing.expectEqualStrings("GET", hs.slice(mock.call(2).?.method));
    try testing.expectEqual(null, mock.call(3));
    try testing.expectEqual(1, mock.unused());

    var diagnostics: hs.Diagnostics = .{};
    defer diagnostics.deinit();
    try testing.expectError(error.ConnectionClosed, client.postWithOptions("https://a.example/closed", &.{}, "order", .{ .diagnostics = &diagnostics }));
    try testing.expectEqual(.maybe, diagnostics.request_sent);
    try testing.expectError(error.MockUnmatched, client.post("https://a.example/clock", &.{}, ""));
    try mock.clear();
    try testing.expectEqual(0, mock.calls());
    try testing.expectError(error.InvalidUrl, mock.add(.{ .url = "https://" }, null));
    const before = simulation.now();
    try simulation.advance(5);
    try simulation.setWall(1_000);
    try simulation.random(&.{ 1, 2 });
    try testing.expectEqual(before + 5, simulation.now());
}
