//! `hs_attempt`: what became of each attempt of a call.

use super::error::{hs_error, sent};
use super::guard;
use super::handle;
use super::response::{Answer, hs_response};
use super::sized::{self, Sized32};
use crate::error::Error;
use crate::http::attempt::Attempt;
use crate::status::{HS_ERR_NOT_FOUND, HS_ERR_NULL_ARGUMENT, hs_status};

/// One attempt of a call: its redirects and answers to challenges included, the waits between attempts not. Set
/// `struct_size` before the call. Durations are nanoseconds.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hs_attempt {
    /// `sizeof(hs_attempt)`.
    pub struct_size: u32,
    /// From 1. A hedge has the number of the attempt that it was sent beside.
    pub number: u32,
    /// 0 for the attempt itself, else which of its hedges, from 1.
    pub hedge: u32,
    /// What it failed with; `HS_OK` where there was a response. `HS_ERR_CANCELLED` of a hedge, or of what was hedged: the
    /// other one came first.
    pub status: hs_status,
    /// Of its response; 0 where there was none.
    pub http_status: u32,
    /// Whether the server may have seen it: `HS_SENT_…`. A server that says "not processed" (429, 421) has not.
    pub request_sent: u32,
    /// How often it was put on another connection within the attempt.
    pub internal_resends: u32,
    /// What most of `wait_ns` was for: `HS_WAIT_…`.
    pub wait_reason: u32,
    /// When its first exchange began, after the beginning of the call.
    pub started_ns: u64,
    /// How long it took from then on; for a buffered body to its end, else to the end of the head.
    pub duration_ns: u64,
    /// How long it was held up before that: back-off, rate limiter, bulkhead.
    pub wait_ns: u64,
}

// SAFETY: repr(C), integers alone.
unsafe impl Sized32 for hs_attempt {
    const NAME: &'static str = "hs_attempt";
    const SMALLEST: usize = size_of::<hs_attempt>();
}

fn facts(attempt: &Attempt) -> hs_attempt {
    hs_attempt {
        struct_size: 0,
        number: attempt.number,
        hedge: attempt.hedge,
        status: attempt.status,
        http_status: u32::from(attempt.http_status),
        request_sent: sent(attempt.sent),
        internal_resends: attempt.internal_resends,
        wait_reason: attempt.wait_reason as u32,
        started_ns: attempt.started_ns,
        duration_ns: attempt.duration_ns,
        wait_ns: attempt.wait_ns,
    }
}

/// # Safety
/// `place` is NULL or valid for as many bytes as its `struct_size` says.
unsafe fn write(attempts: &[Attempt], index: usize, place: *mut hs_attempt) -> Result<(), Error> {
    if place.is_null() {
        return Err(Error::plain(HS_ERR_NULL_ARGUMENT));
    }
    let attempt = attempts.get(index).ok_or_else(|| Error::plain(HS_ERR_NOT_FOUND))?;
    // SAFETY: as the caller promises.
    unsafe { sized::write(place, &facts(attempt)) }
}

/// How many attempts gave this response, hedges included; 0 for anything that is not a live response. Of one with
/// `HS_STREAM`: as of its head.
///
/// Thread: any. Since 1.0.
#[unsafe(no_mangle)]
pub extern "C" fn hs_response_attempt_count(response: *const hs_response) -> usize {
    guard::value(0, || Some(handle::open::<Answer>(response).ok()?.attempts.len()))
}

/// The attempt at an index below `hs_response_attempt_count`, first to last. `attempt->struct_size` must be set; on
/// failure nothing is written.
///
/// Thread: any. Errors: `HS_ERR_NOT_FOUND`, `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`,
/// `HS_ERR_STRUCT_SIZE`. Since 1.0.
///
/// # Safety
/// `attempt` is NULL or valid for as many bytes as its `struct_size` says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_response_attempt_at(
    response: *const hs_response,
    index: usize,
    attempt: *mut hs_attempt,
) -> hs_status {
    guard::status(|| {
        let response = handle::open::<Answer>(response)?;
        // SAFETY: as the caller promises.
        unsafe { write(&response.attempts, index, attempt) }
    })
}

/// How many attempts ended in this error, hedges included; 0 for anything that is not a live error, and where nothing was
/// attempted.
///
/// Thread: any. Since 1.0.
#[unsafe(no_mangle)]
pub extern "C" fn hs_error_attempt_count(error: *const hs_error) -> usize {
    guard::value(0, || Some(handle::open::<Error>(error).ok()?.details().history.len()))
}

/// The attempt at an index below `hs_error_attempt_count`, first to last. `attempt->struct_size` must be set; on failure
/// nothing is written.
///
/// Thread: any. Errors: `HS_ERR_NOT_FOUND`, `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_STRUCT_SIZE`.
/// Since 1.0.
///
/// # Safety
/// `attempt` is NULL or valid for as many bytes as its `struct_size` says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_error_attempt_at(
    error: *const hs_error,
    index: usize,
    attempt: *mut hs_attempt,
) -> hs_status {
    guard::status(|| {
        let error = handle::open::<Error>(error)?;
        // SAFETY: as the caller promises.
        unsafe { write(&error.details().history, index, attempt) }
    })
}

/// Milliseconds, rounded up; 0 for none.
pub fn milliseconds(duration: Option<std::time::Duration>) -> u64 {
    duration.map_or(0, |duration| u64::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX))
}
