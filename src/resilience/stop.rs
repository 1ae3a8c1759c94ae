//! Why a call ended, and what it waited for before an attempt.

/// Why there was no further attempt. The numbers cross the ABI as `HS_STOP_…`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[repr(u32)]
pub enum StopReason {
    /// It has an answer that no other attempt would better, whatever its status.
    #[default]
    Ok = 0,
    /// It failed, and another attempt would fail the same way.
    Terminal = 1,
    /// `max_attempts` were made.
    Attempts = 2,
    /// The deadline passed, or the next attempt could not begin before it.
    Deadline = 3,
    Cancelled = 4,
    /// The retry budget is spent.
    Budget = 5,
    /// The server asks to wait longer than is allowed, or than there is time.
    RetryAfterTooLong = 6,
    /// It may have been carried out, and repeating it is not known to be safe.
    NotIdempotent = 7,
    /// The body cannot be sent again.
    NotReplayable = 8,
    /// The caller has seen a part of the response's body.
    Committed = 9,
    BreakerOpen = 10,
    /// The rate limiter refused.
    Limited = 11,
    BulkheadFull = 12,
}

/// What the time before an attempt was spent on. The numbers cross the ABI as `HS_WAIT_…`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[repr(u32)]
pub enum WaitReason {
    #[default]
    None = 0,
    Backoff = 1,
    /// The server asked for it.
    RetryAfter = 2,
    Limiter = 3,
    Bulkhead = 4,
    /// The delay before a hedge.
    Hedge = 5,
}
