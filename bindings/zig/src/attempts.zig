//! What each attempt of a call came to.
const std = @import("std");
const raw = @import("c.zig");
const errors = @import("errors.zig");
const RequestSent = @import("Diagnostics.zig").RequestSent;
const c = raw.c;

/// One attempt: its redirects included, the waits between attempts not. Times in nanoseconds.
pub const Attempt = struct {
    /// From 1. A hedge has the number of the attempt that it was sent beside.
    number: u32,
    /// 0 for the attempt itself, else which of its hedges.
    hedge: u32,
    /// What it failed with; null where there was a response.
    err: ?errors.Error,
    /// Of its response; null where there was none.
    status: ?std.http.Status,
    /// Whether the server may have seen it.
    request_sent: RequestSent,
    /// When it began, after the beginning of the call.
    started_ns: u64,
    /// How long it took.
    duration_ns: u64,
    /// How long it was held up before: back-off, rate limiter, bulkhead.
    wait_ns: u64,

    /// By one of the C functions that tell of attempts.
    pub fn read(comptime at: anytype, from: anytype, index: usize) ?Attempt {
        var attempt = raw.sized(c.hs_attempt);
        if (at(from, index, &attempt) != c.HS_OK) return null;
        return .{
            .number = attempt.number,
            .hedge = attempt.hedge,
            .err = if (attempt.status == c.HS_OK) null else errors.fromStatus(attempt.status),
            .status = if (attempt.http_status == 0) null else @enumFromInt(attempt.http_status),
            .request_sent = @enumFromInt(attempt.request_sent),
            .started_ns = attempt.started_ns,
            .duration_ns = attempt.duration_ns,
            .wait_ns = attempt.wait_ns,
        };
    }
};
