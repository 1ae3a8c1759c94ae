//! `hs_retry_options`: when an attempt is followed by another.

use super::options;
use super::sized::{self, Sized32};
use crate::error::Error;
use crate::resilience::retry::options::{RetryOptions, StatusSet};
use std::time::Duration;

pub mod run;

/// Why there was no further attempt: there is an answer that no other attempt would better, whatever its status.
pub const HS_STOP_OK: u32 = 0;
/// It failed, and another attempt would fail the same way.
pub const HS_STOP_TERMINAL: u32 = 1;
/// `max_attempts` were made.
pub const HS_STOP_ATTEMPTS: u32 = 2;
/// The deadline passed, or the next attempt could not have begun 10 ms before it.
pub const HS_STOP_DEADLINE: u32 = 3;
/// It was cancelled.
pub const HS_STOP_CANCELLED: u32 = 4;
/// The retry budget is spent.
pub const HS_STOP_BUDGET: u32 = 5;
/// The server asks to wait longer than `retry_after_max_ms`, or than there is time.
pub const HS_STOP_RETRY_AFTER_TOO_LONG: u32 = 6;
/// It may have been carried out, and repeating it is not known to be safe.
pub const HS_STOP_NOT_IDEMPOTENT: u32 = 7;
/// The body cannot be sent again.
pub const HS_STOP_NOT_REPLAYABLE: u32 = 8;
/// The caller has seen a part of the response's body.
pub const HS_STOP_COMMITTED: u32 = 9;
/// The circuit breaker is open.
pub const HS_STOP_BREAKER_OPEN: u32 = 10;
/// The rate limiter refused.
pub const HS_STOP_LIMITED: u32 = 11;
/// The bulkhead refused.
pub const HS_STOP_BULKHEAD_FULL: u32 = 12;

/// What the time before an attempt was spent on: nothing.
pub const HS_WAIT_NONE: u32 = 0;
/// The back-off between two attempts.
pub const HS_WAIT_BACKOFF: u32 = 1;
/// The server asked for it.
pub const HS_WAIT_RETRY_AFTER: u32 = 2;
/// The rate limiter.
pub const HS_WAIT_LIMITER: u32 = 3;
/// The bulkhead.
pub const HS_WAIT_BULKHEAD: u32 = 4;
/// The delay before a hedge.
pub const HS_WAIT_HEDGE: u32 = 5;

/// In `hs_retry_options.flags`: where a server asks to wait longer than `retry_after_max_ms`, that long is waited. Off, the
/// call ends at once with the response that asks for it.
pub const HS_RETRY_CLAMP_RETRY_AFTER: u32 = 1;
/// In `hs_retry_options.flags`: a request that got a 429 may have been carried out, so only what may be repeated is sent
/// again. Off, a 429 is sent again whatever its method.
pub const HS_RETRY_429_PROCESSED: u32 = 2;
/// In `hs_retry_options.flags`: where the circuit breaker is open, its next probe is waited for, which is an attempt. Off,
/// the call ends.
pub const HS_RETRY_ON_OPEN: u32 = 4;
/// In `hs_retry_options.flags`: 520 to 524, by which some networks of proxies say that the server behind them does not
/// answer, are retried too.
pub const HS_RETRY_520_TO_524: u32 = 8;

/// When an attempt is followed by another. All zero but `struct_size` is three attempts with the waits below; 0 means the
/// default at each field. The `n`-th wait is anything from 10 ms to `min(max_delay_ms, base * 2^(n-1))`, each as likely
/// (full jitter). Where the server names a time (`Retry-After`), it is never shorter than that, and begins the series anew.
///
/// Sent again are failures to connect and 429 (any method), and, where the request may be repeated, what broke or took too
/// long after it was sent, 408, 425, 500, 502, 503 and 504, and 409 where the request had an `Idempotency-Key`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hs_retry_options {
    /// `sizeof(hs_retry_options)`.
    pub struct_size: u32,
    /// `HS_RETRY_…` or 0.
    pub flags: u32,
    /// The first one included; 1 is no retries. Default 3; at most 100.
    pub max_attempts: u32,
    /// Must be 0.
    pub reserved: u32,
    /// The base after a passing failure. Default 100, or `max_delay_ms` where that is less.
    pub base_delay_ms: u64,
    /// The base where the server says that it is asked too much: 429, or any retried status with a `Retry-After`.
    /// Default 1,000, or `max_delay_ms` where that is less.
    pub throttle_delay_ms: u64,
    /// No wait is longer, unless the server asks for it. Default 20,000.
    pub max_delay_ms: u64,
    /// The longest wait that a server may ask for. Default 60,000; `HS_INFINITE` for any that the deadline allows.
    pub retry_after_max_ms: u64,
    /// Statuses from 400 to 599 that are retried instead of those above. 421, which is sent again once at once, and 409
    /// with a key stay. NULL for those above.
    pub statuses: *const u16,
    /// At most 200.
    pub status_count: usize,
}

// SAFETY: repr(C), integers and pointers alone.
unsafe impl Sized32 for hs_retry_options {
    const NAME: &'static str = "hs_retry_options";
    const SMALLEST: usize = 8;
}

const KNOWN: u32 = HS_RETRY_CLAMP_RETRY_AFTER | HS_RETRY_429_PROCESSED | HS_RETRY_ON_OPEN | HS_RETRY_520_TO_524;
const MOST_STATUSES: usize = 200;

/// # Safety
/// `pointer` is NULL or valid for as many bytes as its `struct_size` says, and so is what it points to.
pub unsafe fn chosen(pointer: *const hs_retry_options) -> Result<RetryOptions, Error> {
    let mut chosen = RetryOptions::default();
    if pointer.is_null() {
        return Ok(chosen);
    }
    // SAFETY: as the caller promises.
    let given = unsafe { sized::read(pointer) }?;
    options::flags(given.flags, KNOWN, "hs_retry_options")?;
    options::unused(given.reserved.into(), "hs_retry_options.reserved")?;
    let delay = |name: &str, given: u64, default: Duration| match options::duration(given, Some(default)) {
        Some(delay) => Ok(delay),
        None => Err(options::invalid(format!("hs_retry_options.{name} is HS_INFINITE: that would never end"))),
    };
    let backoff = &mut chosen.backoff;
    backoff.cap = delay("max_delay_ms", given.max_delay_ms, backoff.cap)?;
    backoff.base = delay("base_delay_ms", given.base_delay_ms, backoff.base.min(backoff.cap))?;
    backoff.throttle_base =
        delay("throttle_delay_ms", given.throttle_delay_ms, backoff.throttle_base.min(backoff.cap))?;
    chosen.max_attempts = options::number(given.max_attempts, chosen.max_attempts);
    chosen.retry_after_max =
        options::duration(given.retry_after_max_ms, Some(chosen.retry_after_max)).unwrap_or(Duration::MAX);
    chosen.clamp_retry_after = given.flags & HS_RETRY_CLAMP_RETRY_AFTER != 0;
    chosen.unprocessed_429 = given.flags & HS_RETRY_429_PROCESSED == 0;
    chosen.retry_on_open = given.flags & HS_RETRY_ON_OPEN != 0;
    // SAFETY: as the caller promises.
    let statuses =
        unsafe { options::array(given.statuses, given.status_count, MOST_STATUSES, "hs_retry_options.statuses") }?;
    if !statuses.is_empty() {
        chosen.statuses = StatusSet::empty();
    }
    for (at, &status) in statuses.iter().enumerate() {
        let added = chosen.statuses.insert(status);
        added.map_err(|why| options::invalid(format!("hs_retry_options.statuses[{at}] is {why}")))?;
    }
    if given.flags & HS_RETRY_520_TO_524 != 0 {
        chosen.statuses.insert_proxy_failures();
    }
    chosen.validate().map_err(|why| options::invalid(format!("hs_retry_options.{why}")))?;
    Ok(chosen)
}

#[cfg(test)]
mod tests;
