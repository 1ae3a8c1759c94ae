//! The behaviour table's driver in Zig: requests as lines on stdin, what came of them as lines on stdout. The protocol
//! is told in tests/drivers/README.md. Options are found by the names of their fields.
const std = @import("std");
const c = @import("c.zig");
const hs = c.hs;
const sentinel = c.sentinel;
const Call = @import("Call.zig");
const Objects = @import("Objects.zig");
const Pool = @import("Pool.zig");
const Teller = @import("Teller.zig");

pub fn main(init: std.process.Init) !u8 {
    var input_buffer: [4096]u8 = undefined;
    var input = std.Io.File.stdin().readerStreaming(init.io, &input_buffer);
    var output_buffer: [65536]u8 = undefined;
    var output: std.Io.File.Writer = .initStreaming(.stdout(), init.io, &output_buffer);
    const tell: Teller = .{ .out = &output.interface };
    Objects.init(init.gpa, tell);

    var client: ?sentinel.HttpClient = null;
    var pool: Pool = .init(init.gpa); // takes its place where a block says so
    // What jar blocks work on, and clients with `jar` use.
    var jar: ?sentinel.CookieJar = null;
    var arena: std.heap.ArenaAllocator = .init(init.gpa);
    defer arena.deinit();
    while (try readBlock(arena.allocator(), &input.interface)) |block| {
        if (std.mem.eql(u8, block.verb, "open")) {
            close(&client, &pool);
            try tell.status("closed", hs.HS_OK);
            client = try open(arena.allocator(), init.gpa, tell, block.lines, jar, &pool);
        } else if (std.mem.eql(u8, block.verb, "jar")) {
            for (block.lines) |line| try keep(arena.allocator(), tell, &jar, line);
        } else if (std.mem.eql(u8, block.verb, "pool")) {
            for (block.lines) |line| try pool.operation(arena.allocator(), tell, line);
        } else if (std.mem.eql(u8, block.verb, "request")) {
            try send(arena.allocator(), tell, if (client) |*one| one else null, &pool, block.lines);
        } else if (std.mem.eql(u8, block.verb, "submit")) {
            try submit(arena.allocator(), tell, &pool, block.lines);
        } else if (std.mem.eql(u8, block.verb, "next")) {
            try takeCompletion(arena.allocator(), tell, &pool, block.lines);
        } else {
            const verb, const name = c.split(block.verb);
            if (!try Objects.scenario(verb, name, block.lines)) c.fail("unknown block", verb);
        }
        try output.interface.writeByte('\n');
        try output.interface.flush();
        _ = arena.reset(.retain_capacity);
    }
    if (jar) |one| one.deinit();
    close(&client, &pool);
    return 0;
}

fn close(client: *?sentinel.HttpClient, pool: *Pool) void {
    if (pool.isOpen()) pool.close();
    if (client.*) |*one| one.deinit();
    client.* = null;
}

const Block = struct { verb: []const u8, lines: []const c.Line };

/// Null at the end of the input.
fn readBlock(allocator: std.mem.Allocator, in: *std.Io.Reader) !?Block {
    var verb: ?[]const u8 = null;
    var lines: std.ArrayList(c.Line) = .empty;
    while (true) {
        var text: std.Io.Writer.Allocating = .init(allocator);
        _ = in.streamDelimiter(&text.writer, '\n') catch |err| switch (err) {
            error.EndOfStream => return null,
            else => return err,
        };
        in.toss(1);
        const line = text.written();
        if (verb == null) {
            verb = line;
        } else if (line.len == 0) {
            return .{ .verb = verb.?, .lines = lines.items };
        } else {
            const key, const value = c.split(line);
            try lines.append(allocator, .{ .key = key, .value = value });
        }
    }
}

fn open(
    allocator: std.mem.Allocator,
    gpa: std.mem.Allocator,
    tell: Teller,
    lines: []const c.Line,
    jar: ?sentinel.CookieJar,
    pool: *Pool,
) !?sentinel.HttpClient {
    var options = c.sized(hs.hs_worker_options);
    var around = c.sized(hs.hs_pool_options);
    around.worker = &options;
    var via_pool = false;
    for (lines) |line| {
        if (std.mem.eql(u8, line.key, "jar")) {
            options.cookies = if (jar) |one| one.handle else null;
        } else if (std.mem.eql(u8, line.key, "via")) {
            via_pool = std.mem.eql(u8, line.value, "pool");
        } else if (std.mem.startsWith(u8, line.key, "pool.")) {
            const field: c.Line = .{ .key = line.key["pool.".len..], .value = line.value };
            if (!try c.setField(allocator, &around, field, false)) c.fail("unknown pool option", line.key);
        } else if (!try c.setField(allocator, &options, line, false)) {
            c.fail("unknown worker option", line.key);
        }
    }
    var diagnostics: sentinel.Diagnostics = .{};
    var client: ?sentinel.HttpClient = null;
    if (via_pool) {
        pool.open(&around, &diagnostics) catch {};
    } else {
        client = sentinel.HttpClient.initNative(gpa, &options, &diagnostics) catch null;
    }
    try tell.status("status", diagnostics.status);
    if (diagnostics.err != null) try tell.failure(&diagnostics);
    return client;
}

/// Tells `jar OP RESULT`: a text or number where it has one, else the status.
fn keep(allocator: std.mem.Allocator, tell: Teller, jar: *?sentinel.CookieJar, line: c.Line) !void {
    const first, const second = c.split(line.value);
    const one = try c.decoded(allocator, first);
    const two = try c.decoded(allocator, second);
    const key = try std.fmt.allocPrint(allocator, "jar {s}", .{line.key});
    const operation = std.meta.stringToEnum(enum { new, set, get, @"export", import, clear, count }, line.key) orelse
        c.fail("unknown jar operation", line.key);
    if (operation == .new) {
        if (jar.*) |old| old.deinit();
        jar.* = try .init();
        return tell.status(key, hs.HS_OK);
    }
    const on = jar.* orelse c.fail("no jar for", line.key);
    var diagnostics: sentinel.Diagnostics = .{};
    switch (operation) {
        .new => unreachable,
        .count => try tell.number(key, on.count()),
        .clear => try tell.result(key, on.clear()),
        .set => try tell.result(key, on.set(one, two, &diagnostics)), // URL LINE
        .import => try tell.result(key, on.importText(one, &diagnostics)), // TEXT
        .get, .@"export" => { // URL
            const text = if (operation == .get) on.get(one, &diagnostics) else on.exportText(&diagnostics);
            if (text) |found| {
                try tell.text(key, found.slice());
                found.deinit();
            } else |_| try tell.status(key, diagnostics.status);
        },
    }
    if (diagnostics.err != null) try tell.failure(&diagnostics);
}

fn send(
    allocator: std.mem.Allocator,
    tell: Teller,
    client: ?*sentinel.HttpClient,
    pool: *Pool,
    lines: []const c.Line,
) !void {
    var call: Call = .{ .allocator = allocator };
    try call.read(lines);
    const canceller = try call.prepare(tell);

    const pooled = pool.isOpen();
    var diagnostics: sentinel.Diagnostics = .{};
    // A pool has neither a client nor a place for the response.
    const is_null = if (pooled) call.isNull("request") else call.null_argument.len > 0;
    var outcome: Pool.Outcome = if (is_null)
        sendNull(&call, client, pool)
    else if (pooled)
        try pool.request(&call.options)
    else
        .of(client.?.sendNative(&call.options, &diagnostics), diagnostics);

    if (canceller) |thread| thread.join();
    try tell.outcome(&call, &outcome, pooled);
    if (call.cancel) |cancel| {
        cancel.deinit();
        try tell.status("cancel.freed", hs.HS_OK);
    }
    if (call.form) |form| {
        form.deinit();
        try tell.status("form.freed", hs.HS_OK);
    }
}

/// With an argument that is NULL, which the package cannot say.
fn sendNull(call: *const Call, client: ?*sentinel.HttpClient, pool: *Pool) Pool.Outcome {
    const request: ?*const hs.hs_request_options = if (call.isNull("request")) null else &call.options;
    const worker = if (client) |one| one.handle else null;
    var response: ?*hs.hs_response = null;
    var failure: ?*hs.hs_error = null;
    const status = if (pool.isOpen())
        hs.hs_pool_submit(pool.pool.handle, request, 1, &failure)
    else
        hs.hs_request(if (call.isNull("worker")) null else worker, request, if (call.isNull("response")) null else &response, &failure);
    if (status == hs.HS_OK) c.fail("a success without", call.null_argument);
    var diagnostics: sentinel.Diagnostics = .{};
    return .of(sentinel.Diagnostics.take(&diagnostics, status, failure), diagnostics);
}

fn submit(allocator: std.mem.Allocator, tell: Teller, pool: *Pool, lines: []const c.Line) !void {
    var call: Call = .{ .allocator = allocator };
    try call.read(lines);
    var diagnostics: sentinel.Diagnostics = .{};
    pool.submit(&call.options, call.tag, &diagnostics) catch {};
    try tell.status("status", diagnostics.status);
    if (diagnostics.err != null) try tell.failure(&diagnostics);
}

fn takeCompletion(allocator: std.mem.Allocator, tell: Teller, pool: *Pool, lines: []const c.Line) !void {
    var call: Call = .{ .allocator = allocator };
    try call.read(lines);
    var outcome = try pool.take(call.tag);
    if (outcome.response) |response| {
        try tell.number("waited", @intFromBool(response.metrics().pool_queue_ns > 0));
    }
    try tell.outcome(&call, &outcome, true);
}
