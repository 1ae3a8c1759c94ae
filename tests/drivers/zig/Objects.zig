//! Scenarios: objects by their names, what is done with them, and a log of all that happens, each line with the virtual
//! time.
const std = @import("std");
const c = @import("c.zig");
const hs = c.hs;
const sentinel = c.sentinel;
const Call = @import("Call.zig");
const Teller = @import("Teller.zig");

/// One of the package's. Callbacks are given it, so it stays until the scenario is over.
pub const Object = struct {
    kind: []const u8,
    name: []const u8,
    made: ?Made = null,

    /// What options of others name it by.
    pub fn handle(object: *const Object) *anyopaque {
        return switch (object.made.?) {
            .worker => |*client| @ptrCast(client.handle.?),
            inline else => |one| @ptrCast(one.handle),
        };
    }
};

/// The kinds of objects, by their names in C.
const Made = union(enum) {
    simulation: sentinel.Simulation,
    mock: sentinel.Mock,
    cancel: sentinel.CancelToken,
    worker: sentinel.HttpClient,
    breaker: sentinel.CircuitBreaker,
    limiter: sentinel.RateLimiter,
    bulkhead: sentinel.Bulkhead,
    budget: sentinel.Budget,
};

var gpa: std.mem.Allocator = undefined;
var tell: Teller = undefined;
/// Oldest first.
var objects: std.ArrayList(*Object) = .empty;
/// Of the callbacks of the object that is being made.
pub var user_data: ?*anyopaque = null;
/// Whose clock the log goes by.
var simulation: ?sentinel.Simulation = null;

pub fn init(allocator: std.mem.Allocator, teller: Teller) void {
    gpa = allocator;
    tell = teller;
}

pub fn find(kind: []const u8, name: []const u8) *Object {
    var left = objects.items.len;
    while (left > 0) : (left -= 1) {
        const one = objects.items[left - 1];
        if (one.made != null and std.mem.eql(u8, one.kind, kind) and std.mem.eql(u8, one.name, name)) return one;
    }
    c.fail("unknown object", name);
}

fn the(comptime T: type, name: []const u8) *T {
    return @ptrCast(find(c.kindOf(T), name).handle());
}

/// The object of the package itself.
fn made(comptime kind: std.meta.Tag(Made), name: []const u8) *@FieldType(Made, @tagName(kind)) {
    return &@field(find(@tagName(kind), name).made.?, @tagName(kind));
}

fn release(object: *Object) void {
    if (simulation) |one| if (object.handle() == @as(*anyopaque, @ptrCast(one.handle))) {
        simulation = null;
    };
    switch (object.made.?) {
        inline else => |*one| one.deinit(),
    }
    object.made = null;
}

fn moment() u64 {
    return if (simulation) |one| one.now() else 0;
}

// ---- the log

fn begin(what: []const u8, name: []const u8) !void {
    try tell.out.print("@{d} {s} {s}", .{ moment(), what, name });
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

/// What a function of the package says; frees it.
fn said(diagnostics: *sentinel.Diagnostics) !void {
    try word("status", hs.hs_status_name(diagnostics.status));
    if (diagnostics.handle != null) try word("message", sentinel.str(diagnostics.message));
    diagnostics.deinit();
}

fn statusOf(result: sentinel.Error!void) hs.hs_status {
    return if (result) hs.HS_OK else |err| sentinel.errors.toStatus(err).?;
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

fn make(allocator: std.mem.Allocator, kind: []const u8, name: []const u8, lines: []const c.Line) !void {
    const its_kind = std.meta.stringToEnum(std.meta.Tag(Made), kind) orelse c.fail("unknown kind of object", kind);
    const one = try gpa.create(Object);
    one.* = .{ .kind = @tagName(its_kind), .name = try gpa.dupe(u8, name) };
    try objects.append(gpa, one);
    user_data = one;
    var diagnostics: sentinel.Diagnostics = .{};
    if (makeOne(its_kind, allocator, lines, &diagnostics)) |object| {
        one.made = object;
        if (its_kind == .simulation) simulation = object.simulation;
        return;
    } else |err| diagnostics.status = sentinel.errors.toStatus(err) orelse return err;
    try begin(try std.fmt.allocPrint(allocator, "{s}.new", .{kind}), name);
    try said(&diagnostics);
    try end();
}

fn makeOne(
    kind: std.meta.Tag(Made),
    allocator: std.mem.Allocator,
    lines: []const c.Line,
    diagnostics: *sentinel.Diagnostics,
) (sentinel.Error || std.mem.Allocator.Error)!Made {
    switch (kind) {
        .simulation => {
            var options = c.sized(hs.hs_simulation_options);
            try fill(allocator, &options, lines);
            return .{ .simulation = try .fromNative(&options, diagnostics) };
        },
        .mock => return .{ .mock = try .init() },
        .cancel => return .{ .cancel = try .init() },
        .worker => {
            var options = c.sized(hs.hs_worker_options);
            try fill(allocator, &options, lines);
            return .{ .worker = try .initNative(gpa, &options, diagnostics) };
        },
        .breaker => {
            var options = c.sized(hs.hs_breaker_options);
            try fill(allocator, &options, lines);
            return .{ .breaker = try .fromNative(&options, diagnostics) };
        },
        .limiter => {
            var options = c.sized(hs.hs_limiter_options);
            try fill(allocator, &options, lines);
            return .{ .limiter = try .fromNative(&options, diagnostics) };
        },
        .bulkhead => {
            var options = c.sized(hs.hs_bulkhead_options);
            try fill(allocator, &options, lines);
            return .{ .bulkhead = try .fromNative(&options, diagnostics) };
        },
        .budget => {
            var options = c.sized(hs.hs_budget_options);
            try fill(allocator, &options, lines);
            return .{ .budget = try .fromNative(&options, diagnostics) };
        },
    }
}

fn reset() !void {
    while (objects.pop()) |one| {
        if (one.made != null) release(one);
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

/// What has become of a request; frees it. An attempt is told field by field, as C has it.
fn putResult(name: []const u8, tag: u64, result: sentinel.Error!sentinel.Response, diagnostics: *sentinel.Diagnostics) !void {
    try begin("result", name);
    if (tag != 0) try count("tag", tag);
    try word("status", hs.hs_status_name(diagnostics.status));
    if (result) |response| {
        defer response.deinit();
        try count("http", @intFromEnum(response.status));
        try word("body", sentinel.str(response.body));
        try putFields(response.metrics());
        try end();
        try putAttempts(name, hs.hs_response_attempt_count(response.handle), response.handle, hs.hs_response_attempt_at);
    } else |_| {
        defer diagnostics.deinit();
        var info = c.sized(hs.hs_error_info);
        if (diagnostics.handle != null) try word("message", sentinel.str(diagnostics.message));
        _ = hs.hs_error_details(diagnostics.handle, &info);
        info.status = 0; // It is told by its name.
        try putFields(info);
        try end();
        try putAttempts(name, hs.hs_error_attempt_count(diagnostics.handle), diagnostics.handle, hs.hs_error_attempt_at);
    }
}

fn sendOne(allocator: std.mem.Allocator, name: []const u8, lines: []const c.Line) !void {
    var call: Call = .{ .allocator = allocator };
    try call.read(lines);
    var diagnostics: sentinel.Diagnostics = .{};
    try putResult(name, 0, made(.worker, name).sendNative(&call.options, &diagnostics), &diagnostics);
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
    for (completions) |native| {
        const one: sentinel.ClientPool.Completion = .{ .tag = native.tag, .kind = .done, .allocator = gpa, .native = native };
        var diagnostics: sentinel.Diagnostics = .{};
        try putResult(name, one.tag, one.take(&diagnostics), &diagnostics);
    }
}

fn simulate(allocator: std.mem.Allocator, what: []const u8, name: []const u8, lines: []const c.Line) !bool {
    const on = made(.simulation, name);
    const result = switch (std.meta.stringToEnum(enum { advance, wall, random }, what) orelse return false) {
        .advance => on.advance(numberOf(lines, "ns")),
        .wall => on.setWall(@bitCast(numberOf(lines, "ns"))),
        .random => blk: {
            const millionths = try allocator.alloc(u32, lines.len);
            for (millionths, lines) |*one, line| one.* = @truncate(c.number(line.value));
            break :blk on.random(millionths);
        },
    };
    result catch {
        try tell.out.print("@{d} simulation.{s} {s}", .{ moment(), what, name });
        try words(statusOf(result), null);
        try end();
    };
    return true;
}

fn answer(allocator: std.mem.Allocator, what: []const u8, name: []const u8, lines: []const c.Line) !bool {
    const on = made(.mock, name);
    switch (std.meta.stringToEnum(enum { add, clear, calls, call }, what) orelse return false) {
        .add => {
            var rule = c.sized(hs.hs_mock_rule);
            try fill(allocator, &rule, lines);
            var diagnostics: sentinel.Diagnostics = .{};
            if (on.addNative(&rule, &diagnostics)) |_| return true else |_| {}
            try begin("mock.add", name);
            try said(&diagnostics);
        },
        .clear => {
            try begin("mock.clear", name);
            try words(statusOf(on.clear()), null);
        },
        .calls => {
            try begin("mock.calls", name);
            try count("calls", on.calls());
            try count("unused", on.unused());
        },
        .call => {
            const index = numberOf(lines, "index");
            const call = on.call(index);
            try begin("mock.call", name);
            try words(if (call == null) hs.HS_ERR_NOT_FOUND else hs.HS_OK, null);
            if (call) |one| try putFields(one);
            if (valueOf(lines, "header")) |header| {
                const value = on.callHeader(index, try c.decoded(allocator, header), 0);
                try word("value", if (value) |found| sentinel.str(found) else std.mem.zeroes(hs.hs_str));
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
        release(find(kind, name));
        try begin(verb, name);
        try words(hs.HS_OK, null);
        try end();
    } else if (std.mem.eql(u8, verb, "send")) {
        try sendOne(allocator, name, lines);
    } else if (std.mem.eql(u8, verb, "many")) {
        try sendMany(allocator, name, lines);
    } else if (std.mem.eql(u8, verb, "cancel.trigger")) {
        made(.cancel, name).trigger();
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
    simulation.?.at(c.number(at), carryOutPlan, plan) catch c.fail("no plan for", verb);
    return true;
}
