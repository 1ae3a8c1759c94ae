//! Bodies that are read and sent piece by piece.
const std = @import("std");
const hs = @import("http_sentinel");
const server = @import("server.zig");
const testing = std.testing;
const HttpClient = hs.HttpClient;

test "a body of many megabytes through a small buffer" {
    var client = try HttpClient.init(testing.allocator);
    defer client.deinit();
    const stream = try client.stream(.GET, server.http("/big/20000000"), &.{}, "");
    defer stream.deinit();
    try testing.expectEqual(.ok, stream.status);
    var buffer: [4096]u8 = undefined;
    var body = stream.reader(&buffer);
    var discarding: std.Io.Writer.Discarding = .init(&.{});
    try testing.expectEqual(20_000_000, try body.interface.streamRemaining(&discarding.writer));
    try testing.expectEqual(20_000_000, stream.metrics().response_body_bytes);
}

test "line by line, without a buffer, and all at once" {
    var client = try HttpClient.init(testing.allocator);
    defer client.deinit();
    const url = server.http("/response?body=one%0Atwo%0Athree");
    {
        const stream = try client.stream(.GET, url, &.{}, "");
        defer stream.deinit();
        var buffer: [16]u8 = undefined;
        var body = stream.reader(&buffer);
        for ([_][]const u8{ "one", "two", "three" }) |line| {
            try testing.expectEqualStrings(line, (try body.interface.takeDelimiter('\n')).?);
        }
        try testing.expectEqual(null, try body.interface.takeDelimiter('\n'));
    }
    const stream = try client.stream(.GET, url, &.{}, "");
    defer stream.deinit();
    try testing.expectEqualStrings(url, stream.url());
    try testing.expect(stream.header("content-length") != null);
    var body = stream.reader(&.{});
    const all = try body.interface.allocRemaining(testing.allocator, .limited(1000));
    defer testing.allocator.free(all);
    try testing.expectEqualStrings("one\ntwo\nthree", all);
    try testing.expectEqual(0, try stream.read(all, 0, null));
}

test "a body that ends too early, and one that does not come" {
    var client = try HttpClient.init(testing.allocator);
    defer client.deinit();
    var diagnostics: hs.Diagnostics = .{};
    defer diagnostics.deinit();
    {
        const stream = try client.stream(.GET, server.http("/short?bytes=100&missing=10"), &.{}, "");
        defer stream.deinit();
        var body = stream.reader(&.{});
        body.diagnostics = &diagnostics;
        var discarding: std.Io.Writer.Discarding = .init(&.{});
        try testing.expectError(error.ReadFailed, body.interface.streamRemaining(&discarding.writer));
        try testing.expectEqual(error.BodyTruncated, body.err.?);
        try testing.expectEqual(.yes, diagnostics.request_sent);
        try testing.expectEqual(.body, diagnostics.phase);
    }
    const stream = try client.stream(.GET, server.http("/stall/body?bytes=5"), &.{}, "");
    defer stream.deinit();
    var buffer: [5]u8 = undefined;
    var filled: usize = 0;
    while (filled < buffer.len) filled += try stream.read(buffer[filled..], 0, null);
    try testing.expectError(error.ReadTimeout, stream.read(&buffer, 1, null));
    try testing.expectError(error.ReadTimeout, stream.read(&buffer, 1, &diagnostics));
}

test "trailers come with the end" {
    var client = try HttpClient.init(testing.allocator);
    defer client.deinit();
    const stream = try client.stream(.GET, server.http("/trailers?body=x&trailer=X-Sum:12"), &.{}, "");
    defer stream.deinit();
    try testing.expectEqual(0, stream.trailers().count());
    var body = stream.reader(&.{});
    _ = try body.interface.discardRemaining();
    try testing.expectEqualStrings("12", stream.trailers().get("X-Sum").?);
}

test "an upload from a reader: length known, unknown, and while the answer is streamed" {
    var client = try HttpClient.init(testing.allocator);
    defer client.deinit();
    const text: []const u8 = &@as([100_000]u8, @splat('x'));
    for ([_]u64{ text.len, 0 }) |length| {
        var reader: std.Io.Reader = .fixed(text);
        const response = try client.postWithOptions(server.http("/echo"), &.{}, "", .{
            .upload = .{ .from = .{ .reader = &reader }, .length = length },
        });
        defer response.deinit();
        try testing.expectEqualStrings(text, response.body);
    }
    var reader: std.Io.Reader = .fixed(text);
    const stream = try client.streamWithOptions(.POST, server.http("/echo"), &.{}, "", .{
        .upload = .{ .from = .{ .reader = &reader } },
    });
    defer stream.deinit();
    var body = stream.reader(&.{});
    const all = try body.interface.allocRemaining(testing.allocator, .unlimited);
    defer testing.allocator.free(all);
    try testing.expectEqualStrings(text, all);
}

test "an upload again: only where its reader can begin anew" {
    var client = try HttpClient.init(testing.allocator);
    defer client.deinit();
    const Again = struct {
        fn rewind(reader: *std.Io.Reader) bool {
            reader.seek = 0;
            return true;
        }
        fn cannot(_: *std.Io.Reader) bool {
            return false;
        }
    };
    const url = server.http("/redirect-to?status=307&url=/echo");
    var reader: std.Io.Reader = .fixed("once more");
    const response = try client.putWithOptions(url, &.{}, "", .{
        .upload = .{ .from = .{ .reader = &reader }, .rewind = Again.rewind },
    });
    defer response.deinit();
    try testing.expectEqualStrings("once more", response.body);
    reader.seek = 0;
    try testing.expectError(error.NotReplayable, client.putWithOptions(url, &.{}, "", .{ .upload = .{ .from = .{ .reader = &reader } } }));
    reader.seek = 0;
    try testing.expectError(error.CallbackStopped, client.putWithOptions(url, &.{}, "", .{
        .upload = .{ .from = .{ .reader = &reader }, .rewind = Again.cannot },
    }));
}

test "a reader that fails ends the request" {
    var client = try HttpClient.init(testing.allocator);
    defer client.deinit();
    var failing: std.Io.Reader = .failing;
    try testing.expectError(error.CallbackStopped, client.postWithOptions(server.http("/echo"), &.{}, "", .{
        .upload = .{ .from = .{ .reader = &failing }, .length = 5 },
    }));
}

test "a body that another thread writes" {
    var client = try HttpClient.init(testing.allocator);
    defer client.deinit();
    const pipe: hs.Pipe = try .init(16);
    defer pipe.deinit();
    const Other = struct {
        fn write(to: hs.Pipe) void {
            for (0..100) |_| to.write("some text; ", hs.infinite) catch unreachable;
            to.close();
        }
    };
    const other = try std.Thread.spawn(.{}, Other.write, .{pipe});
    const response = try client.postWithOptions(server.http("/echo"), &.{}, "", .{ .upload = .{ .from = .{ .pipe = pipe } } });
    defer response.deinit();
    other.join();
    try testing.expectEqual(1100, response.body.len);
    try testing.expectError(error.PipeClosed, pipe.write("x", 0));

    const aborted: hs.Pipe = try .init(0);
    defer aborted.deinit();
    aborted.abort();
    try testing.expectError(error.PipeAborted, client.postWithOptions(server.http("/echo"), &.{}, "", .{ .upload = .{ .from = .{ .pipe = aborted } } }));
}
