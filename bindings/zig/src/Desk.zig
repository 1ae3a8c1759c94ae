//! Where tasks wait for their completions. What blocks is one thread, the bell: it takes completions from the pool, puts
//! them onto a stack, and writes a byte into a pipe when that was empty. Of the tasks that wait, one leads: it reads the
//! pipe through its `Io`, as it would read anything else, and hands out what is on the stack. The others wait for their
//! events. Who leads and is done makes another one lead.
//!
//! So no task blocks the thread that it runs on, no `Io` is called from a thread that it does not know, and nothing is
//! left running when nobody waits.
const Desk = @This();
const std = @import("std");
const raw = @import("c.zig");
const c = raw.c;

state: std.atomic.Value(State) = .init(.closed),
opening: std.Io.Mutex = .init,
bell: std.Thread = undefined,
pipe: [2]std.posix.fd_t = undefined,
/// What the bell has put down.
stack: std.atomic.Value(?*Waiter) = .init(null),
/// Around what follows, and the roles of all waiters.
mutex: std.Io.Mutex = .init,
has_leader: bool = false,
followers: std.DoublyLinkedList = .{},

const State = enum(u8) { closed, open };

/// One task, on its stack. Its address is the tag of its request.
pub const Waiter = struct {
    io: std.Io,
    completion: c.hs_completion = undefined,
    event: std.Io.Event = .unset,
    role: Role = .none,
    below: ?*Waiter = null,
    node: std.DoublyLinkedList.Node = .{},

    const Role = enum { none, follows, leads, done };
};

/// Begins, with the first task.
pub fn open(desk: *Desk, pool: ?*c.hs_pool, io: std.Io) error{ThreadUnavailable}!void {
    if (desk.state.load(.acquire) == .open) return;
    desk.opening.lockUncancelable(io);
    defer desk.opening.unlock(io);
    if (desk.state.load(.acquire) == .open) return;
    if (std.c.pipe2(&desk.pipe, .{ .CLOEXEC = true }) != 0) return error.ThreadUnavailable;
    desk.bell = std.Thread.spawn(.{}, ring, .{ desk, pool }) catch {
        for (desk.pipe) |end| _ = std.c.close(end);
        return error.ThreadUnavailable;
    };
    desk.state.store(.open, .release);
}

/// Ends; the pool has been freed, which ends the bell.
pub fn close(desk: *Desk) void {
    if (desk.state.load(.acquire) != .open) return;
    desk.bell.join();
    for (desk.pipe) |end| _ = std.c.close(end);
    desk.state.store(.closed, .release);
}

fn ring(desk: *Desk, pool: ?*c.hs_pool) void {
    while (true) {
        var batch: [64]c.hs_completion = undefined;
        var count: usize = 0;
        switch (c.hs_pool_next(pool, &batch, batch.len, &count, raw.infinite)) {
            c.HS_OK => {},
            c.HS_ERR_TOO_MANY_HANDLES => std.Thread.yield() catch {}, // nothing was taken; somebody may free some
            else => return,
        }
        for (batch[0..count]) |completion| {
            const waiter: *Waiter = @ptrFromInt(completion.tag);
            waiter.completion = completion;
            desk.putDown(waiter);
        }
    }
}

fn putDown(desk: *Desk, waiter: *Waiter) void {
    var top = desk.stack.load(.monotonic);
    while (true) {
        waiter.below = top;
        top = desk.stack.cmpxchgWeak(top, waiter, .release, .monotonic) orelse break;
    }
    // There are never more than two bytes in the pipe, so this does not wait.
    if (top == null) while (std.c.write(desk.pipe[1], "!", 1) != 1) {};
}

/// Waits until the request of `waiter` has ended. True where the task was canceled meanwhile: then its request was
/// cancelled too.
pub fn wait(desk: *Desk, pool: ?*c.hs_pool, waiter: *Waiter) bool {
    const io = waiter.io;
    var protection: ?std.Io.CancelProtection = null;
    defer if (protection) |before| {
        _ = io.swapCancelProtection(before);
    };
    var role = desk.enter(waiter);
    while (role != .done) {
        const result = if (role == .leads) desk.listen(waiter) else waiter.event.wait(io);
        // Who follows looks at its role when its event is set, and not before: until then somebody else is at it.
        if (result) role = waiter.role else |_| {
            // From here on nothing but the end of the request is waited for.
            protection = io.swapCancelProtection(.blocked);
            _ = c.hs_pool_cancel(pool, @intFromPtr(waiter));
        }
    }
    return protection != null;
}

fn enter(desk: *Desk, waiter: *Waiter) Waiter.Role {
    desk.mutex.lockUncancelable(waiter.io);
    defer desk.mutex.unlock(waiter.io);
    if (waiter.role == .done) return .done;
    waiter.role = if (desk.has_leader) .follows else .leads;
    desk.has_leader = true;
    if (waiter.role == .follows) desk.followers.append(&waiter.node);
    return waiter.role;
}

/// Waits for the bell, and hands out what has come. Once the leader's own is among it, another one leads: afterwards,
/// since that one's may be among it too, and who leads waits for the bell alone.
fn listen(desk: *Desk, leader: *Waiter) std.Io.Cancelable!void {
    const io = leader.io;
    const end: std.Io.File = .{ .handle = desk.pipe[0], .flags = .{ .nonblocking = false } };
    var bytes: [8]u8 = undefined;
    _ = end.readStreaming(io, &.{&bytes}) catch |err| switch (err) {
        error.Canceled => return error.Canceled,
        else => return, // interrupted, or out of resources: the caller comes again
    };
    var top = desk.stack.swap(null, .acquire);
    while (top) |waiter| {
        top = waiter.below; // it may be gone after this
        desk.finish(io, waiter);
    }
    if (leader.role == .done) desk.passOn(io);
}

fn finish(desk: *Desk, io: std.Io, waiter: *Waiter) void {
    desk.mutex.lockUncancelable(io);
    const follows = waiter.role == .follows;
    waiter.role = .done;
    if (follows) desk.followers.remove(&waiter.node);
    desk.mutex.unlock(io);
    // The leader sees for itself, and so does who has not begun to wait.
    if (follows) waiter.event.set(io);
}

fn passOn(desk: *Desk, io: std.Io) void {
    desk.mutex.lockUncancelable(io);
    const node = desk.followers.popFirst();
    desk.has_leader = node != null;
    const successor: ?*Waiter = if (node) |found| @alignCast(@fieldParentPtr("node", found)) else null;
    if (successor) |one| one.role = .leads;
    desk.mutex.unlock(io);
    if (successor) |one| one.event.set(io);
}
