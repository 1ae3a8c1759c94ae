//! The pool that takes the worker's place where a block says so: a request is submitted and its completion taken, when
//! the pool's descriptor says that there is one.
const std = @import("std");
const c = @import("c.zig");
const hs = c.hs;
const Teller = @import("Teller.zig");
const sentinel = c.sentinel;
const Pool = @This();

allocator: std.mem.Allocator,
pool: sentinel.ClientPool,
own_tag: u64 = own_tags,
/// Completions that came before they were asked for.
early: std.ArrayList(sentinel.ClientPool.Completion) = .empty,

/// Longer than anything takes.
const patience_ms = 120_000;

/// The tags of requests that are waited for at once: beyond those that cases use.
const own_tags: u64 = 1 << 63;

/// How many bodies were lent to it and released.
var releases: std.atomic.Value(u64) = .init(0);

/// What became of a request: a response, or an error with its details.
pub const Outcome = struct {
    response: ?sentinel.Response = null,
    diagnostics: sentinel.Diagnostics = .{},

    pub fn of(result: sentinel.Error!sentinel.Response, diagnostics: sentinel.Diagnostics) Outcome {
        const response = result catch return .{ .diagnostics = diagnostics };
        return .{ .response = response };
    }
};

pub fn init(allocator: std.mem.Allocator) Pool {
    return .{ .allocator = allocator, .pool = .{ .allocator = allocator, .handle = null, .secrets = .{} } };
}

pub fn isOpen(pool: *const Pool) bool {
    return pool.pool.handle != null;
}

pub fn open(pool: *Pool, options: *const hs.hs_pool_options, diagnostics: *sentinel.Diagnostics) sentinel.Error!void {
    releases.store(0, .seq_cst);
    pool.pool = try sentinel.ClientPool.initNative(pool.allocator, options, diagnostics);
}

/// Frees it, and the completions that nobody asked for.
pub fn close(pool: *Pool) void {
    for (pool.early.items) |left| left.discard();
    pool.early.clearAndFree(pool.allocator);
    pool.pool.deinit();
}

pub fn submit(pool: *Pool, options: *const hs.hs_request_options, tag: u64, diagnostics: *sentinel.Diagnostics) sentinel.Error!void {
    // What was refused is still ours.
    errdefer std.c.free(options.release_data);
    return pool.pool.submitNative(options, tag, diagnostics);
}

/// Waits for the completion with that tag.
pub fn take(pool: *Pool, tag: u64) !Outcome {
    var diagnostics: sentinel.Diagnostics = .{};
    while (true) {
        for (pool.early.items, 0..) |one, index| if (one.tag == tag) {
            _ = pool.early.orderedRemove(index);
            return .of(one.take(&diagnostics), diagnostics);
        };
        var buffer: [64]sentinel.ClientPool.Completion = undefined;
        for (pool.wait(&buffer)) |one| {
            if (one.kind != .done) c.fail("a completion of another", "kind");
            if (one.tag >= own_tags and one.tag != tag) c.fail("a completion of", "nobody's");
            try pool.early.append(pool.allocator, one);
        }
    }
}

fn wait(pool: *Pool, buffer: []sentinel.ClientPool.Completion) []sentinel.ClientPool.Completion {
    var polled = [_]std.posix.pollfd{.{ .fd = pool.pool.descriptor().?, .events = std.posix.POLL.IN, .revents = 0 }};
    const ready = std.posix.poll(&polled, patience_ms) catch 0;
    if (ready != 1) c.fail("no", "completion");
    const completions = pool.pool.next(buffer, 0) catch buffer[0..0];
    if (completions.len == 0) c.fail("readable without a", "completion");
    return completions;
}

/// Both, as a client does it.
pub fn request(pool: *Pool, options: *const hs.hs_request_options) !Outcome {
    const tag = pool.own_tag;
    pool.own_tag += 1;
    var diagnostics: sentinel.Diagnostics = .{};
    pool.submit(options, tag, &diagnostics) catch return .{ .diagnostics = diagnostics };
    return pool.take(tag);
}

/// Lends the body until it is released.
pub fn lend(options: *hs.hs_request_options) !void {
    const body = c.slice(options.body);
    const copy: [*]u8 = @ptrCast(std.c.malloc(body.len + 1) orelse return error.OutOfMemory);
    @memcpy(copy[0..body.len], body);
    options.body.data = copy;
    options.body_release = release;
    options.release_data = copy;
}

fn release(body: ?*anyopaque) callconv(.c) void {
    std.c.free(body);
    _ = releases.fetchAdd(1, .seq_cst);
}

/// Tells `pool OP RESULT`.
pub fn operation(pool: *Pool, allocator: std.mem.Allocator, tell: Teller, line: c.Line) !void {
    const first, const second = c.split(line.value);
    const key = try std.fmt.allocPrint(allocator, "pool {s}", .{line.key});
    switch (std.meta.stringToEnum(enum { cancel, drain, free, count, wait, released }, line.key) orelse
        c.fail("unknown pool operation", line.key)) {
        .cancel => try tell.status(key, pool.cancel(c.number(first))), // TAG
        .drain => try tell.result(key, pool.pool.drain(c.number(first))), // MS
        .free => {
            pool.close();
            try tell.status(key, hs.HS_OK);
        },
        .count => try tell.number(key, pool.counter(first)), // FIELD
        .wait => { // FIELD NUMBER
            for (0..patience_ms) |_| {
                if (pool.counter(first) == c.number(second)) break;
                pause();
            } else c.fail("waited in vain for", first);
            try tell.number(key, c.number(second));
        },
        .released => { // NUMBER
            for (0..patience_ms) |_| {
                if (releases.load(.seq_cst) == c.number(first)) break;
                pause();
            } else c.fail("waited in vain for", "a release");
            try tell.number(key, releases.load(.seq_cst));
        },
    }
}

fn pause() void {
    _ = std.c.nanosleep(&.{ .sec = 0, .nsec = std.time.ns_per_ms }, null);
}

fn cancel(pool: *Pool, tag: u64) hs.hs_status {
    const found = pool.pool.cancel(tag) catch |err| return sentinel.errors.toStatus(err).?;
    return if (found) hs.HS_OK else hs.HS_ERR_NOT_FOUND;
}

fn counter(pool: *Pool, name: []const u8) u64 {
    const counters = pool.pool.stats() catch c.fail("no counters for", name);
    inline for (@typeInfo(sentinel.ClientPool.Stats).@"struct".fields) |field| {
        if (std.mem.eql(u8, field.name, name)) return @field(counters, field.name);
    }
    c.fail("unknown field", name);
}
