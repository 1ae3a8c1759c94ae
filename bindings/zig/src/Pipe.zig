//! A request body that other threads write while it is sent: `RequestOptions.upload = .{ .from = .{ .pipe = pipe } }`.
//! It holds so many bytes and no more: who writes faster than the server reads waits. It serves one request. Any thread.
//! A plain value: copy it freely, `deinit` it once.
const Pipe = @This();
const std = @import("std");
const errors = @import("errors.zig");
const Diagnostics = @import("Diagnostics.zig");
const c = @import("c.zig").c;

handle: *c.hs_pipe,

/// `capacity` in bytes; 0: 256 KiB, at most 64 MiB. Errors: `InvalidArgument`, `OutOfMemory`, `TooManyHandles`.
pub fn init(capacity: usize) errors.Error!Pipe {
    var handle: ?*c.hs_pipe = null;
    try errors.check(c.hs_pipe_new(capacity, &handle, null));
    return .{ .handle = handle.? };
}

/// One that was not closed is aborted; the request goes on with what one that was closed still holds.
pub fn deinit(pipe: Pipe) void {
    const status = c.hs_pipe_free(pipe.handle);
    if (std.debug.runtime_safety and status == c.HS_ERR_INVALID_HANDLE) @panic("Pipe.deinit: it was freed before");
}

/// Copies all of it in, waiting for room for at most `timeout_ms` (`infinite`: as long as it takes). Errors: `PipeClosed`
/// (nobody will read it any more), `PipeAborted`, `WriteTimeout`, `WouldBlock` (with 0).
pub fn write(pipe: Pipe, bytes: []const u8, timeout_ms: u64) errors.Error!void {
    var written: usize = 0;
    return pipe.writePart(bytes, timeout_ms, &written);
}

/// The same; of an error `written` says how many of the bytes are in.
pub fn writePart(pipe: Pipe, bytes: []const u8, timeout_ms: u64, written: *usize) errors.Error!void {
    written.* = 0;
    try errors.check(c.hs_pipe_write(pipe.handle, bytes.ptr, bytes.len, written, timeout_ms, null));
}

/// Copies in what fits, without waiting; `WouldBlock`: not all, and `written` says how many. Of a request that goes through a
/// pool, a completion of the kind `writable` says when there is room again.
pub fn tryWrite(pipe: Pipe, bytes: []const u8, written: *usize) errors.Error!void {
    written.* = 0;
    try errors.check(c.hs_pipe_try_write(pipe.handle, bytes.ptr, bytes.len, written, null));
}

/// The body is complete; what is in the pipe is still sent.
pub fn close(pipe: Pipe) void {
    _ = c.hs_pipe_close(pipe.handle);
}

/// The body will never be complete: the request ends with `error.PipeAborted`.
pub fn abort(pipe: Pipe) void {
    _ = c.hs_pipe_abort(pipe.handle);
}
