//! Virtual time and scripted chance, for tests: what has it goes by it alone, so that waits take no time and the same
//! program gives the same events. With clients only together with a mock. Any thread. A plain value: copy it freely,
//! `deinit` it once.
const Simulation = @This();
const std = @import("std");
const raw = @import("c.zig");
const errors = @import("errors.zig");
const Diagnostics = @import("Diagnostics.zig");
const c = raw.c;

handle: *c.hs_simulation,

/// All zero: the seed 0, and a wall clock that shows 1970 at the moment 0.
pub const Options = struct {
    /// What chance comes from when its script is used up.
    seed: u64 = 0,
    /// What the wall clock shows at the moment 0, in nanoseconds since 1970.
    wall_ns: i64 = 0,
};

/// Errors: `TooManyHandles`.
pub fn init(options: Options) errors.Error!Simulation {
    var native = raw.sized(c.hs_simulation_options);
    native.seed = options.seed;
    native.wall_ns = options.wall_ns;
    return fromNative(&native, null);
}

/// The same from the C struct.
pub fn fromNative(native: *const c.hs_simulation_options, diagnostics: ?*Diagnostics) errors.Error!Simulation {
    var handle: ?*c.hs_simulation = null;
    var failure: ?*c.hs_error = null;
    const status = c.hs_simulation_new(native, &handle, &failure);
    if (status != c.HS_OK) return Diagnostics.take(diagnostics, status, failure);
    return .{ .handle = handle.? };
}

/// What has it keeps it.
pub fn deinit(simulation: Simulation) void {
    const status = c.hs_simulation_free(simulation.handle);
    if (std.debug.runtime_safety and status == c.HS_ERR_INVALID_HANDLE) @panic("Simulation.deinit: it was freed before");
}

/// Its moment, in nanoseconds from its beginning.
pub fn now(simulation: Simulation) u64 {
    return c.hs_simulation_now(simulation.handle);
}

/// Moves its clock on.
pub fn advance(simulation: Simulation, nanoseconds: u64) errors.Error!void {
    try errors.check(c.hs_simulation_advance(simulation.handle, nanoseconds));
}

/// What the wall clock shows now, in nanoseconds since 1970.
pub fn setWall(simulation: Simulation, nanoseconds: i64) errors.Error!void {
    try errors.check(c.hs_simulation_set_wall(simulation.handle, nanoseconds));
}

/// The next numbers of chance, in millionths below 1,000,000.
pub fn random(simulation: Simulation, millionths: []const u32) errors.Error!void {
    try errors.check(c.hs_simulation_random(simulation.handle, millionths.ptr, millionths.len));
}

/// Calls a function when its clock gets to a moment.
pub fn at(
    simulation: Simulation,
    nanoseconds: u64,
    callback: *const fn (user_data: ?*anyopaque) callconv(.c) void,
    user_data: ?*anyopaque,
) errors.Error!void {
    try errors.check(c.hs_simulation_at(simulation.handle, nanoseconds, callback, user_data));
}
