//! Scenarios: objects by their names, what is done with them, and a log of all that happens, each line with the virtual
//! time.
const std = @import("std");
const c = @import("c.zig");
const hs = c.hs;
const Call = @import("Call.zig");
const Teller = @import("Teller.zig");

/// One of the library's. Callbacks are given it, so it stays until the scenario is over.
pub const Object = struct {
    kind: []const u8,
    name: []const u8,
    pointer: ?*anyopaque = null,
    free: *const fn (?*anyopaque) hs.hs_status,
};

var gpa: std.mem.Allocator = undefined;
var tell: Teller = undefined;
/// Oldest first.
var objects: std.ArrayList(*Object) = .empty;
/// Of the callbacks of the object that is being made.
pub var user_data: ?*anyopaque = null;
/// Whose clock the log goes by.
var simulation: ?*hs.hs_simulation = null;

pub fn init(allocator: std.mem.Allocator, teller: Teller) void {
    gpa = allocator;
    tell = teller;
}

pub fn find(kind: []const u8, name: []const u8) *Object {
    var left = objects.items.len;
    while (left > 0) : (left -= 1) {
        const one = objects.items[left - 1];
        if (one.pointer != null and std.mem.eql(u8, one.kind, kind) and std.mem.eql(u8, one.name, name)) return one;
    }
    c.fail("unknown object", name);
}

fn the(comptime T: type, name: []const u8) *T {
    return @ptrCast(find(c.kindOf(T), name).pointer.?);
}

fn release(object: *Object) hs.hs_status {
    const pointer = object.pointer;
    object.pointer = null;
    if (@as(?*anyopaque, @ptrCast(simulation)) == pointer) simulation = null;
    return object.free(pointer);
}

// ---- the log

fn begin(what: []const u8, name: []const u8) !void {
    try tell.out.print("@{d} {s} {s}", .{ hs.hs_simulation_now(simulation), what, name });
}

fn end() !void {
    try tell.out.writeByte('\n');
}

fn word(key: []const u8, text: hs.hs_str) !void {
    try tell.out.print(" {s}=", .{key});
    try tell.encoded(c.slice(text));
}

fn count(key: []const u8, value: anytype) !void {
    try tell.out.print(" {s}={d}", .{ key, value });
}

fn words(status: hs.hs_status, err: ?*hs.hs_error) !void {
    try word("status", hs.hs_status_name(status));
    if (err != null) try word("message", hs.hs_error_message(err));
    _ = hs.hs_error_free(err);
}

/// Every number that is not zero and every text that is not empty.
fn putFields(facts: anytype) !void {
    inline for (@typeInfo(@TypeOf(facts)).@"struct".fields) |field| {
        const value = @field(facts, field.name);
        if (comptime std.mem.eql(u8, field.name, "struct_size")) continue;
        switch (field.type) {
            u32, i32, u64, i64, usize => if (value != 0) try count(field.name, value),
            hs.hs_str => if (value.len != 0) try word(field.name, value),
            else => {},
        }
    }
}

/// The driver's function for callbacks of a type: all that are told a struct.
pub fn callback(comptime F: type, value: []const u8) F {
    if (std.mem.eql(u8, value, "null")) return null;
    const parameters = @typeInfo(c.Pointee(F).?).@"fn".params;
    if (parameters.len != 2) c.fail("no function for", @typeName(F));
    const Told = parameters[1].type.?;
    const Facts = c.Pointee(Told).?;
    if (@typeInfo(Facts) != .@"struct") c.fail("no function for", @typeName(F));
    const function = struct {
        fn told(data: ?*anyopaque, facts: Told) callconv(.c) void {
            const object: *const Object = @ptrCast(@alignCast(data.?));
            begin(comptime kindOfEvent(Facts), object.name) catch unreachable;
            putFields(@as(*const Facts, @ptrCast(facts)).*) catch unreachable;
            end() catch unreachable;
        }
    };
    return function.told;
}

/// "event" of hs_event, "breaker" of hs_breaker_event.
fn kindOfEvent(comptime Facts: type) []const u8 {
    const kind = c.kindOf(Facts);
    return if (std.mem.endsWith(u8, kind, "_event")) kind[0 .. kind.len - "_event".len] else kind;
}

// ---- making them

fn fill(allocator: std.mem.Allocator, options: anytype, lines: []const c.Line) !void {
    for (lines) |line| {
        if (!try c.setField(allocator, options, line, false)) c.fail("unknown option", line.key);
    }
}

/// All kinds of objects; those with options are made with them.
const Kinds = .{ hs.hs_simulation, hs.hs_mock, hs.hs_cancel, hs.hs_worker, hs.hs_breaker, hs.hs_limiter, hs.hs_bulkhead, hs.hs_budget };

fn make(allocator: std.mem.Allocator, kind: []const u8, name: []const u8, lines: []const c.Line) !void {
    inline for (Kinds) |T| {
        const its_kind = comptime c.kindOf(T);
        if (std.mem.eql(u8, its_kind, kind)) return makeOne(T, its_kind, allocator, name, lines);
    }
    c.fail("unknown kind of object", kind);
}

fn makeOne(
    comptime T: type,
    comptime kind: []const u8,
    allocator: std.mem.Allocator,
    name: []const u8,
    lines: []const c.Line,
) !void {
    const one = try gpa.create(Object);
    one.* = .{ .kind = kind, .name = try gpa.dupe(u8, name), .free = struct {
        fn free(pointer: ?*anyopaque) hs.hs_status {
            return @field(hs, "hs_" ++ kind ++ "_free")(@ptrCast(pointer));
        }
    }.free };
    try objects.append(gpa, one);
    user_data = one;
    const new = @field(hs, "hs_" ++ kind ++ "_new");
    var made: ?*T = null;
    var err: ?*hs.hs_error = null;
    const status = if (@hasDecl(hs, "hs_" ++ kind ++ "_options")) blk: {
        var options = c.sized(@field(hs, "hs_" ++ kind ++ "_options"));
        try fill(allocator, &options, lines);
        break :blk new(&options, &made, &err);
    } else new(&made);
    one.pointer = @ptrCast(made);
    if (T == hs.hs_simulation and status == hs.HS_OK) simulation = made;
    if (status == hs.HS_OK) return;
    try begin(kind ++ ".new", name);
    try words(status, err);
    try end();
}

fn reset() !void {
    while (objects.pop()) |one| {
        const status = if (one.pointer == null) hs.HS_OK else release(one);
        if (status != hs.HS_OK) {
            try begin("free", one.name);
            try words(status, null);
            try end();
        }
        gpa.free(one.name);
        gpa.destroy(one);
    }
    objects.clearAndFree(gpa);
    for (plans.items) |plan| forget(plan);
    plans.clearAndFree(gpa);
}

// ---- what is done with them

fn valueOf(lines: []const c.Line, key: []const u8) ?[]const u8 {
    for (lines) |line| {
        if (std.mem.eql(u8, line.key, key)) return line.value;
    }
    return null;
}

fn numberOf(lines: []const c.Line, key: []const u8) u64 {
    return c.number(valueOf(lines, key) orelse "0");
}

fn putAttempts(name: []const u8, length: usize, from: anytype, comptime attemptAt: anytype) !void {
    for (0..length) |index| {
        var attempt = c.sized(hs.hs_attempt);
        if (attemptAt(from, index, &attempt) != hs.HS_OK) c.fail("no attempt of", name);
        try begin("attempt", name);
        try putFields(attempt);
        try end();
    }
}

/// What has become of a request; frees it.
fn putResult(name: []const u8, tag: u64, status: hs.hs_status, response: ?*hs.hs_response, err: ?*hs.hs_error) !void {
    try begin("result", name);
    if (tag != 0) try count("tag", tag);
    try word("status", hs.hs_status_name(status));
    if (response != null) {
        var metrics = c.sized(hs.hs_metrics);
        try count("http", hs.hs_response_status(response));
        try word("body", hs.hs_response_body(response));
        _ = hs.hs_response_metrics(response, &metrics);
        try putFields(metrics);
    }
    if (err != null) {
        var info = c.sized(hs.hs_error_info);
        try word("message", hs.hs_error_message(err));
        _ = hs.hs_error_details(err, &info);
        info.status = 0; // It is told by its name.
        try putFields(info);
    }
    try end();
    try putAttempts(name, hs.hs_response_attempt_count(response), response, hs.hs_response_attempt_at);
    try putAttempts(name, hs.hs_error_attempt_count(err), err, hs.hs_error_attempt_at);
    _ = hs.hs_response_free(response);
    _ = hs.hs_error_free(err);
}

fn sendOne(allocator: std.mem.Allocator, name: []const u8, lines: []const c.Line) !void {
    var call: Call = .{ .allocator = allocator };
    try call.read(lines);
    var response: ?*hs.hs_response = null;
    var err: ?*hs.hs_error = null;
    const status = hs.hs_request(the(hs.hs_worker, name), &call.options, &response, &err);
    try putResult(name, 0, status, response, err);
}

/// `add N` begins a request that is there N times.
fn sendMany(allocator: std.mem.Allocator, name: []const u8, lines: []const c.Line) !void {
    var requests: std.ArrayList([*c]const hs.hs_request_options) = .empty;
    var from: usize = 0;
    while (from < lines.len) {
        var to = from + 1;
        while (to < lines.len and !std.mem.eql(u8, lines[to].key, "add")) to += 1;
        const call = try allocator.create(Call);
        call.* = .{ .allocator = allocator };
        try call.read(lines[from + 1 .. to]);
        try requests.appendNTimes(allocator, &call.options, c.number(lines[from].value));
        from = to;
    }
    const completions = try allocator.alloc(hs.hs_completion, requests.items.len);
    var err: ?*hs.hs_error = null;
    const worker = the(hs.hs_worker, name);
    const status = hs.hs_request_many(worker, requests.items.ptr, requests.items.len, completions.ptr, &err);
    try begin("many", name);
    try words(status, err);
    try end();
    if (status != hs.HS_OK) return;
    for (completions) |one| try putResult(name, one.tag, one.status, one.response, one.@"error");
}

fn simulate(allocator: std.mem.Allocator, what: []const u8, name: []const u8, lines: []const c.Line) !bool {
    const on = the(hs.hs_simulation, name);
    const status = if (std.mem.eql(u8, what, "advance"))
        hs.hs_simulation_advance(on, numberOf(lines, "ns"))
    else if (std.mem.eql(u8, what, "wall"))
        hs.hs_simulation_set_wall(on, @bitCast(numberOf(lines, "ns")))
    else if (std.mem.eql(u8, what, "random")) blk: {
        const millionths = try allocator.alloc(u32, lines.len);
        for (millionths, lines) |*one, line| one.* = @truncate(c.number(line.value));
        break :blk hs.hs_simulation_random(on, millionths.ptr, millionths.len);
    } else return false;
    if (status == hs.HS_OK) return true;
    try tell.out.print("@{d} simulation.{s} {s}", .{ hs.hs_simulation_now(simulation), what, name });
    try words(status, null);
    try end();
    return true;
}

fn answer(allocator: std.mem.Allocator, what: []const u8, name: []const u8, lines: []const c.Line) !bool {
    const on = the(hs.hs_mock, name);
    switch (std.meta.stringToEnum(enum { add, clear, calls, call }, what) orelse return false) {
        .add => {
            var rule = c.sized(hs.hs_mock_rule);
            try fill(allocator, &rule, lines);
            var err: ?*hs.hs_error = null;
            const status = hs.hs_mock_add(on, &rule, &err);
            if (status == hs.HS_OK) return true;
            try begin("mock.add", name);
            try words(status, err);
        },
        .clear => {
            try begin("mock.clear", name);
            try words(hs.hs_mock_clear(on), null);
        },
        .calls => {
            try begin("mock.calls", name);
            try count("calls", hs.hs_mock_calls(on));
            try count("unused", hs.hs_mock_unused(on));
        },
        .call => {
            var call = c.sized(hs.hs_mock_call);
            const index = numberOf(lines, "index");
            try begin("mock.call", name);
            try words(hs.hs_mock_call_at(on, index, &call), null);
            try putFields(call);
            if (valueOf(lines, "header")) |header| {
                const field = c.str(try c.decoded(allocator, header));
                try word("value", hs.hs_mock_call_header(on, index, field, 0));
            }
        },
    }
    try end();
    return true;
}

// ---- what is done with policies

/// What the library wants back, by its name.
fn held(comptime T: type, lines: []const c.Line) !*T {
    const all = struct {
        var map: std.StringHashMapUnmanaged(T) = .empty;
    };
    const name = valueOf(lines, "permit") orelse "";
    if (all.map.getPtr(name)) |known| return known;
    const permits = std.heap.c_allocator; // until the program ends
    try all.map.put(permits, try permits.dupe(u8, name), std.mem.zeroes(T));
    return all.map.getPtr(name).?;
}

/// The arguments of a call, and what it has found out.
const Arguments = struct {
    allocator: std.mem.Allocator,
    lines: []const c.Line,
    key: hs.hs_str,
    err: ?*hs.hs_error = null,
    granted: u32 = 0,

    fn number(a: *const Arguments, name: []const u8) u64 {
        return numberOf(a.lines, name);
    }
    fn narrow(a: *const Arguments, name: []const u8) u32 {
        return @truncate(numberOf(a.lines, name));
    }
    fn cancel(a: *const Arguments) ?*hs.hs_cancel {
        return the(hs.hs_cancel, valueOf(a.lines, "cancel") orelse return null);
    }
};

/// Tells `VERB NAME status=…`, and what the call has found out; false where the verb is none.
fn police(
    comptime T: type,
    comptime call: anytype,
    allocator: std.mem.Allocator,
    verb: []const u8,
    what: []const u8,
    name: []const u8,
    lines: []const c.Line,
) !bool {
    const on = the(T, name);
    const kind = comptime c.kindOf(T);
    const key = if (valueOf(lines, "key")) |text| c.str(try c.decoded(allocator, text)) else std.mem.zeroes(hs.hs_str);
    if (std.mem.eql(u8, what, "state")) {
        var info = c.sized(@field(hs, "hs_" ++ kind ++ "_info"));
        const status = @field(hs, "hs_" ++ kind ++ "_state")(on, key, &info);
        try begin(verb, name);
        try words(status, null);
        try putFields(info);
        try end();
        return true;
    }
    if (T == hs.hs_breaker and std.mem.eql(u8, what, "count")) {
        try begin(verb, name);
        try count("count", hs.hs_breaker_count(on));
        try end();
        return true;
    }
    var arguments: Arguments = .{ .allocator = allocator, .lines = lines, .key = key };
    const status = try call(on, what, &arguments) orelse return false;
    try begin(verb, name);
    try words(status, arguments.err);
    if (arguments.granted != 0) try count("granted", arguments.granted);
    try end();
    return true;
}

fn breaker(on: *hs.hs_breaker, what: []const u8, a: *Arguments) !?hs.hs_status {
    const Verb = enum { acquire, record, mark_slow, force_open, force_closed, metrics_only, reset };
    return switch (std.meta.stringToEnum(Verb, what) orelse return null) {
        .acquire => hs.hs_breaker_acquire(on, a.key, try held(hs.hs_permit, a.lines), &a.err),
        .record => hs.hs_breaker_record(on, try held(hs.hs_permit, a.lines), a.narrow("outcome"), &a.err),
        .mark_slow => hs.hs_breaker_mark_slow(on, try held(hs.hs_permit, a.lines), &a.err),
        .force_open => hs.hs_breaker_force_open(on, a.key, a.number("ms")),
        .force_closed => hs.hs_breaker_force_closed(on, a.key),
        .metrics_only => hs.hs_breaker_metrics_only(on, a.key),
        .reset => hs.hs_breaker_reset(on, a.key),
    };
}

fn limiter(on: *hs.hs_limiter, what: []const u8, a: *Arguments) !?hs.hs_status {
    const ticket = try held(hs.hs_ticket, a.lines);
    const cost = a.narrow("cost");
    const Verb = enum { acquire, try_acquire, refund, set_quota, hold, learn };
    return switch (std.meta.stringToEnum(Verb, what) orelse return null) {
        .acquire => hs.hs_limiter_acquire(on, a.key, cost, a.number("timeout_ms"), a.cancel(), ticket, &a.err),
        .try_acquire => hs.hs_limiter_try_acquire(on, a.key, cost, ticket, &a.err),
        .refund => hs.hs_limiter_refund(on, a.key, ticket, &a.err),
        .set_quota => blk: {
            const limit = a.narrow("limit");
            break :blk hs.hs_limiter_set_quota(on, a.key, limit, a.number("period_ms"), a.narrow("burst"), &a.err);
        },
        .hold => hs.hs_limiter_hold(on, a.key, a.number("ms")),
        .learn => try learn(on, a),
    };
}

/// `header FLAGS NAME VALUE` of every field.
fn learn(on: *hs.hs_limiter, a: *Arguments) !hs.hs_status {
    var headers: std.ArrayList(hs.hs_header) = .empty;
    for (a.lines) |line| {
        if (!std.mem.eql(u8, line.key, "header")) continue;
        const name, const text = c.split(c.split(line.value)[1]);
        try headers.append(a.allocator, .{
            .name = c.str(try c.decoded(a.allocator, name)),
            .value = c.str(try c.decoded(a.allocator, text)),
            .flags = 0,
        });
    }
    const ticket: ?*hs.hs_ticket = if (valueOf(a.lines, "permit") != null) try held(hs.hs_ticket, a.lines) else null;
    const fields = headers.items;
    return hs.hs_limiter_learn(on, a.key, ticket, a.narrow("status"), fields.ptr, fields.len, &a.err);
}

fn bulkhead(on: *hs.hs_bulkhead, what: []const u8, a: *Arguments) !?hs.hs_status {
    const permit = try held(hs.hs_bulkhead_permit, a.lines);
    return switch (std.meta.stringToEnum(enum { acquire, try_acquire, release }, what) orelse return null) {
        .acquire => hs.hs_bulkhead_acquire(on, a.key, a.number("timeout_ms"), a.cancel(), permit, &a.err),
        .try_acquire => hs.hs_bulkhead_try_acquire(on, a.key, permit),
        .release => hs.hs_bulkhead_release(on, permit),
    };
}

fn budget(on: *hs.hs_budget, what: []const u8, a: *Arguments) !?hs.hs_status {
    return switch (std.meta.stringToEnum(enum { original, withdraw }, what) orelse return null) {
        .original => hs.hs_budget_original(on, a.key),
        .withdraw => hs.hs_budget_withdraw(on, a.key, &a.granted),
    };
}

fn carryOut(allocator: std.mem.Allocator, verb: []const u8, name: []const u8, lines: []const c.Line) anyerror!bool {
    const dot = std.mem.indexOfScalar(u8, verb, '.') orelse verb.len;
    const kind = verb[0..dot];
    const what = verb[@min(dot + 1, verb.len)..];
    if (std.mem.eql(u8, verb, "reset")) {
        try reset();
    } else if (std.mem.eql(u8, what, "new")) {
        try make(allocator, kind, name, lines);
    } else if (std.mem.eql(u8, what, "free")) {
        const status = release(find(kind, name));
        try begin(verb, name);
        try words(status, null);
        try end();
    } else if (std.mem.eql(u8, verb, "send")) {
        try sendOne(allocator, name, lines);
    } else if (std.mem.eql(u8, verb, "many")) {
        try sendMany(allocator, name, lines);
    } else if (std.mem.eql(u8, verb, "cancel.trigger")) {
        _ = hs.hs_cancel_trigger(the(hs.hs_cancel, name));
    } else if (std.mem.eql(u8, kind, "simulation")) {
        return simulate(allocator, what, name, lines);
    } else if (std.mem.eql(u8, kind, "mock")) {
        return answer(allocator, what, name, lines);
    } else if (std.mem.eql(u8, kind, "breaker")) {
        return police(hs.hs_breaker, breaker, allocator, verb, what, name, lines);
    } else if (std.mem.eql(u8, kind, "limiter")) {
        return police(hs.hs_limiter, limiter, allocator, verb, what, name, lines);
    } else if (std.mem.eql(u8, kind, "bulkhead")) {
        return police(hs.hs_bulkhead, bulkhead, allocator, verb, what, name, lines);
    } else if (std.mem.eql(u8, kind, "budget")) {
        return police(hs.hs_budget, budget, allocator, verb, what, name, lines);
    } else {
        return false;
    }
    return true;
}

// ---- plans

/// A block with `at_ns` that waits for its moment; it owns its memory, and is there until the scenario is over.
const Plan = struct {
    arena: std.heap.ArenaAllocator,
    verb: []const u8,
    name: []const u8,
    lines: []const c.Line,
};

var plans: std.ArrayList(*Plan) = .empty;

fn forget(plan: *Plan) void {
    plan.arena.deinit();
    gpa.destroy(plan);
}

fn carryOutPlan(data: ?*anyopaque) callconv(.c) void {
    const plan: *Plan = @ptrCast(@alignCast(data.?));
    begin("plan", plan.verb) catch unreachable;
    tell.out.print(" {s}\n", .{plan.name}) catch unreachable;
    const known = carryOut(plan.arena.allocator(), plan.verb, plan.name, plan.lines) catch unreachable;
    if (!known) c.fail("unknown verb", plan.verb);
}

/// Does a block; false where the verb is none.
pub fn scenario(verb: []const u8, name: []const u8, lines: []const c.Line) !bool {
    const plan = try gpa.create(Plan);
    plan.arena = .init(gpa);
    const allocator = plan.arena.allocator();
    const at = valueOf(lines, "at_ns") orelse {
        defer forget(plan);
        return carryOut(allocator, verb, name, lines);
    };
    try plans.append(gpa, plan);
    var copies: std.ArrayList(c.Line) = .empty;
    for (lines) |line| {
        if (std.mem.eql(u8, line.key, "at_ns")) continue;
        const copy: c.Line = .{ .key = try allocator.dupe(u8, line.key), .value = try allocator.dupe(u8, line.value) };
        try copies.append(allocator, copy);
    }
    plan.verb = try allocator.dupe(u8, verb);
    plan.name = try allocator.dupe(u8, name);
    plan.lines = copies.items;
    if (hs.hs_simulation_at(simulation, c.number(at), carryOutPlan, plan) != hs.HS_OK) c.fail("no plan for", verb);
    return true;
}
