//! How a retry engine gets to know of the requests that were sent in an attempt: what they return is a Zig error, which
//! cannot say whether the request was sent. An attempt runs on one thread, and so this is one note a thread.
const std = @import("std");
const raw = @import("c.zig");
const errors = @import("errors.zig");
const c = raw.c;

/// Of the attempt that runs on this thread; null: none does.
pub threadlocal var current: ?*Tracker = null;

/// What was sent in one attempt.
pub const Tracker = struct {
    outer: ?*Tracker = null,
    /// The last request that failed in this attempt, and how.
    err: ?errors.Error = null,
    status: c.hs_status = c.HS_OK,
    request_sent: u32 = c.HS_SENT_MAYBE,
    retry_after_ms: u64 = raw.infinite,
    /// Something that must not happen twice may have happened.
    spent: bool = false,
    /// A 429 says nothing about whether the request was carried out.
    processed_429: bool = false,

    /// From here on requests of this thread are noted here.
    pub fn begin(tracker: *Tracker) void {
        tracker.outer = current;
        current = tracker;
    }

    /// Whoever is around this attempt has sent what it has sent.
    pub fn end(tracker: *Tracker) void {
        current = tracker.outer;
        const outer = tracker.outer orelse return;
        outer.spent = outer.spent or tracker.spent;
        if (tracker.err == null) return;
        outer.err = tracker.err;
        outer.status = tracker.status;
        outer.request_sent = tracker.request_sent;
        outer.retry_after_ms = tracker.retry_after_ms;
    }

    /// One request: whether it may be sent twice, and what became of it.
    pub fn note(
        tracker: *Tracker,
        repeatable: bool,
        status: c.hs_status,
        response: ?*const c.hs_response,
        failure: ?*const c.hs_error,
    ) void {
        if (status == c.HS_OK) {
            const unprocessed = switch (c.hs_response_status(response)) {
                421 => true,
                429 => !tracker.processed_429,
                else => false,
            };
            if (!repeatable and !unprocessed) tracker.spent = true;
            return;
        }
        var info = raw.sized(c.hs_error_info);
        info.request_sent = c.HS_SENT_MAYBE;
        _ = c.hs_error_details(failure, &info);
        tracker.err = errors.fromStatus(status);
        tracker.status = status;
        tracker.request_sent = info.request_sent;
        tracker.retry_after_ms = if (info.retry_after_ms == 0) raw.infinite else info.retry_after_ms;
        if (!repeatable and info.request_sent != c.HS_SENT_NO) tracker.spent = true;
    }
};
