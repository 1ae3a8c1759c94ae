//! The pool that takes the worker's place where a block says so: a request is submitted and its completion taken, when
//! the pool's descriptor says that there is one.
const std = @import("std");
const c = @import("c.zig");
const hs = c.hs;
const Teller = @import("Teller.zig");
const Pool = @This();

allocator: std.mem.Allocator,
handle: ?*hs.hs_pool = null,
own_tag: u64 = own_tags,
/// Completions that came before they were asked for.
early: std.ArrayList(hs.hs_completion) = .empty,

/// Longer than anything takes.
const patience_ms = 60_000;

/// The tags of requests that are waited for at once: beyond those that cases use.
const own_tags: u64 = 1 << 63;

/// How many bodies were lent to it and released.
var releases: std.atomic.Value(u64) = .init(0);

pub const Outcome = struct {
    status: hs.hs_status,
    response: ?*hs.hs_response = null,
    err: ?*hs.hs_error = null,
};

pub fn open(pool: *Pool, options: *const hs.hs_pool_options) Outcome {
    releases.store(0, .seq_cst);
    var outcome: Outcome = .{ .status = hs.HS_OK };
    outcome.status = hs.hs_pool_new(options, &pool.handle, &outcome.err);
    return outcome;
}

/// Frees it, and the completions that nobody asked for.
pub fn close(pool: *Pool) hs.hs_status {
    for (pool.early.items) |left| {
        _ = hs.hs_response_free(left.response);
        _ = hs.hs_error_free(left.@"error");
    }
    pool.early.clearAndFree(pool.allocator);
    defer pool.handle = null;
    return hs.hs_pool_free(pool.handle);
}

pub fn submit(pool: *Pool, options: ?*const hs.hs_request_options, tag: u64) Outcome {
    var outcome: Outcome = .{ .status = hs.HS_OK };
    outcome.status = hs.hs_pool_submit(pool.handle, options, tag, &outcome.err);
    // What was refused is still ours.
    if (outcome.status != hs.HS_OK) if (options) |refused| std.c.free(refused.release_data);
    return outcome;
}

/// Waits for the completion with that tag.
pub fn take(pool: *Pool, tag: u64) !Outcome {
    while (true) {
        for (pool.early.items, 0..) |one, index| if (one.tag == tag) {
            _ = pool.early.orderedRemove(index);
            return .{ .status = one.status, .response = one.response, .err = one.@"error" };
        };
        var arrived: [64]hs.hs_completion = undefined;
        for (pool.wait(&arrived)) |one| {
            if (one.kind != hs.HS_COMPLETION_DONE) c.fail("a completion of another", "kind");
            if (one.tag >= own_tags and one.tag != tag) c.fail("a completion of", "nobody's");
            try pool.early.append(pool.allocator, one);
        }
    }
}

fn wait(pool: *Pool, completions: []hs.hs_completion) []const hs.hs_completion {
    var polled = [_]std.posix.pollfd{.{ .fd = hs.hs_pool_fd(pool.handle), .events = std.posix.POLL.IN, .revents = 0 }};
    const ready = std.posix.poll(&polled, patience_ms) catch 0;
    if (ready != 1) c.fail("no", "completion");
    var count: usize = 0;
    const status = hs.hs_pool_next(pool.handle, completions.ptr, completions.len, &count, 0);
    if (status != hs.HS_OK or count == 0) c.fail("readable without a", "completion");
    return completions[0..count];
}

/// Both, as hs_request.
pub fn request(pool: *Pool, options: ?*const hs.hs_request_options) !Outcome {
    const tag = pool.own_tag;
    pool.own_tag += 1;
    const outcome = pool.submit(options, tag);
    return if (outcome.status == hs.HS_OK) try pool.take(tag) else outcome;
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
        .cancel => try tell.status(key, hs.hs_pool_cancel(pool.handle, c.number(first))), // TAG
        .drain => try tell.status(key, hs.hs_pool_drain(pool.handle, c.number(first))), // MS
        .free => try tell.status(key, pool.close()),
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

fn counter(pool: *Pool, name: []const u8) u64 {
    var counters = c.sized(hs.hs_pool_counters);
    if (hs.hs_pool_stats(pool.handle, &counters) != hs.HS_OK) c.fail("no counters for", name);
    inline for (@typeInfo(hs.hs_pool_counters).@"struct".fields) |field| {
        if (std.mem.eql(u8, field.name, name)) return @field(counters, field.name);
    }
    c.fail("unknown field", name);
}
