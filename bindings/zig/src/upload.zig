//! A request body that comes from a reader or a pipe.
const std = @import("std");
const raw = @import("c.zig");
const options = @import("options.zig");
const c = raw.c;

/// What the library reads from, while the call lasts; it must stay where it is.
pub const State = struct {
    native: c.hs_upload,
    reader: *std.Io.Reader,
    again: ?*const fn (*std.Io.Reader) bool,

    /// Borrows the reader or the pipe.
    pub fn fill(state: *State, from: options.Upload) void {
        state.native = raw.sized(c.hs_upload);
        state.native.length = from.length;
        switch (from.from) {
            .pipe => |pipe| state.native.pipe = pipe.handle,
            .reader => |reader| {
                state.reader = reader;
                state.again = from.rewind;
                state.native.user_data = state;
                state.native.read = read;
                if (from.rewind != null) state.native.rewind = rewind;
            },
        }
    }

    fn read(user_data: ?*anyopaque, buffer: ?*anyopaque, capacity: usize, count: [*c]usize) callconv(.c) i32 {
        const state: *State = @ptrCast(@alignCast(user_data.?));
        const to = @as([*]u8, @ptrCast(buffer.?))[0..capacity];
        count.* = 0;
        // What is there now, and not more than that: none is no end yet.
        while (count.* == 0) {
            var pieces: [1][]u8 = .{to};
            count.* = state.reader.readVec(&pieces) catch |err| switch (err) {
                error.EndOfStream => return 0,
                error.ReadFailed => return 1,
            };
        }
        return 0;
    }

    fn rewind(user_data: ?*anyopaque) callconv(.c) i32 {
        const state: *State = @ptrCast(@alignCast(user_data.?));
        return if (state.again.?(state.reader)) 0 else 1;
    }
};
