//! The behaviour table's driver in Zig: requests as lines on stdin, what came of them as lines on stdout. The protocol
//! is told in tests/drivers/README.md. Options are found by the names of their fields.
const std = @import("std");
const c = @import("c.zig");
const hs = c.hs;
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

    var worker: ?*hs.hs_worker = null;
    var pool: Pool = .{ .allocator = init.gpa }; // takes its place where a block says so
    // What jar blocks work on, and workers with `jar` use.
    var jar: ?*hs.hs_cookie_jar = null;
    var arena: std.heap.ArenaAllocator = .init(init.gpa);
    defer arena.deinit();
    while (try readBlock(arena.allocator(), &input.interface)) |block| {
        if (std.mem.eql(u8, block.verb, "open")) {
            try tell.status("closed", close(worker, &pool));
            worker = try open(arena.allocator(), tell, block.lines, jar, &pool);
        } else if (std.mem.eql(u8, block.verb, "jar")) {
            for (block.lines) |line| try keep(arena.allocator(), tell, &jar, line);
        } else if (std.mem.eql(u8, block.verb, "pool")) {
            for (block.lines) |line| try pool.operation(arena.allocator(), tell, line);
        } else if (std.mem.eql(u8, block.verb, "request")) {
            try send(arena.allocator(), tell, worker, &pool, block.lines);
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
    return if (hs.hs_cookie_jar_free(jar) == hs.HS_OK and close(worker, &pool) == hs.HS_OK) 0 else 1;
}

fn close(worker: ?*hs.hs_worker, pool: *Pool) hs.hs_status {
    return if (pool.handle != null) pool.close() else hs.hs_worker_free(worker);
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
    tell: Teller,
    lines: []const c.Line,
    jar: ?*hs.hs_cookie_jar,
    pool: *Pool,
) !?*hs.hs_worker {
    var options = c.sized(hs.hs_worker_options);
    var around = c.sized(hs.hs_pool_options);
    around.worker = &options;
    var via_pool = false;
    for (lines) |line| {
        if (std.mem.eql(u8, line.key, "jar")) {
            options.cookies = jar;
        } else if (std.mem.eql(u8, line.key, "via")) {
            via_pool = std.mem.eql(u8, line.value, "pool");
        } else if (std.mem.startsWith(u8, line.key, "pool.")) {
            const field: c.Line = .{ .key = line.key["pool.".len..], .value = line.value };
            if (!try c.setField(allocator, &around, field, false)) c.fail("unknown pool option", line.key);
        } else if (!try c.setField(allocator, &options, line, false)) {
            c.fail("unknown worker option", line.key);
        }
    }
    var worker: ?*hs.hs_worker = null;
    var outcome: Pool.Outcome = .{ .status = hs.HS_OK };
    if (via_pool) {
        outcome = pool.open(&around);
    } else {
        outcome.status = hs.hs_worker_new(&options, &worker, &outcome.err);
    }
    try tell.status("status", outcome.status);
    if (outcome.status != hs.HS_OK) try tell.failure(outcome.err);
    return worker;
}

/// Tells `jar OP RESULT`: a text or number where it has one, else the status.
fn keep(allocator: std.mem.Allocator, tell: Teller, jar: *?*hs.hs_cookie_jar, line: c.Line) !void {
    const first, const second = c.split(line.value);
    const one = c.str(try c.decoded(allocator, first));
    const two = c.str(try c.decoded(allocator, second));
    var err: ?*hs.hs_error = null;
    var text: ?*hs.hs_text = null;
    defer _ = hs.hs_text_free(text);
    const status = switch (std.meta.stringToEnum(enum { new, set, get, @"export", import, clear, count }, line.key) orelse
        c.fail("unknown jar operation", line.key)) {
        .new => blk: {
            _ = hs.hs_cookie_jar_free(jar.*);
            break :blk hs.hs_cookie_jar_new(jar);
        },
        .set => hs.hs_cookie_jar_set(jar.*, one, two, &err), // URL LINE
        .get => hs.hs_cookie_jar_get(jar.*, one, &text, &err), // URL
        .@"export" => hs.hs_cookie_jar_export(jar.*, &text, &err),
        .import => hs.hs_cookie_jar_import(jar.*, one, &err), // TEXT
        .clear => hs.hs_cookie_jar_clear(jar.*),
        .count => return tell.number("jar count", hs.hs_cookie_jar_count(jar.*)),
    };
    const key = try std.fmt.allocPrint(allocator, "jar {s}", .{line.key});
    if (text != null) try tell.text(key, hs.hs_text_value(text)) else try tell.status(key, status);
    if (err != null) try tell.failure(err);
}

fn send(
    allocator: std.mem.Allocator,
    tell: Teller,
    worker: ?*hs.hs_worker,
    pool: *Pool,
    lines: []const c.Line,
) !void {
    var call: Call = .{ .allocator = allocator };
    try call.read(lines);
    const canceller = try call.prepare(tell);

    const request: ?*const hs.hs_request_options = if (call.isNull("request")) null else &call.options;
    const pooled = pool.handle != null;
    var outcome: Pool.Outcome = .{ .status = hs.HS_OK };
    if (pooled) {
        outcome = try pool.request(request);
    } else {
        const on = if (call.isNull("worker")) null else worker;
        const place = if (call.isNull("response")) null else &outcome.response;
        outcome.status = hs.hs_request(on, request, place, &outcome.err);
    }

    if (canceller) |thread| thread.join();
    try tell.outcome(&call, outcome, pooled);
    if (call.cancel != null) try tell.status("cancel.freed", hs.hs_cancel_free(call.cancel));
    if (call.form != null) try tell.status("form.freed", hs.hs_form_free(call.form));
}

fn submit(allocator: std.mem.Allocator, tell: Teller, pool: *Pool, lines: []const c.Line) !void {
    var call: Call = .{ .allocator = allocator };
    try call.read(lines);
    const outcome = pool.submit(&call.options, call.tag);
    try tell.status("status", outcome.status);
    if (outcome.status != hs.HS_OK) try tell.failure(outcome.err);
}

fn takeCompletion(allocator: std.mem.Allocator, tell: Teller, pool: *Pool, lines: []const c.Line) !void {
    var call: Call = .{ .allocator = allocator };
    try call.read(lines);
    const outcome = try pool.take(call.tag);
    if (outcome.status == hs.HS_OK) {
        var metrics = c.sized(hs.hs_metrics);
        _ = hs.hs_response_metrics(outcome.response, &metrics);
        try tell.number("waited", @intFromBool(metrics.pool_queue_ns > 0));
    }
    try tell.outcome(&call, outcome, true);
}
