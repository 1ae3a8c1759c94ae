//! `hs_retry`: work of the caller's own, retried by the rules that requests are retried by.

use super::{chosen, hs_retry_options};
use crate::cancel::Cancel;
use crate::error::{Error, Sent};
use crate::ffi::breaker::{self, hs_breaker};
use crate::ffi::budget::{self, hs_budget};
use crate::ffi::bulkhead::{self, hs_bulkhead};
use crate::ffi::cancel::hs_cancel;
use crate::ffi::error::{HS_SENT_MAYBE, HS_SENT_NO, HS_SENT_YES, hs_error};
use crate::ffi::handle::{self, Handled, Kind};
use crate::ffi::limiter::{self, hs_bucket};
use crate::ffi::policies::{HS_IDEMPOTENCY_KEY, HS_IDEMPOTENT};
use crate::ffi::simulation::{self, hs_simulation};
use crate::ffi::sized::{self, Sized32};
use crate::ffi::text::hs_str;
use crate::ffi::version::HS_INFINITE;
use crate::ffi::{guard, options};
use crate::resilience::retry::budget::{Budget, BudgetOptions};
use crate::resilience::retry::run::{Attempt, Ended, Report, Retry, of_unknown};
use crate::resilience::retry::verdict::{Class, Ending, Outcome, decide};
use crate::resilience::stop::StopReason;
use crate::runtime::chance::{Chance, SystemChance};
use crate::runtime::clock::{Clock, SystemClock};
use crate::status::*;
use std::cell::Cell;
use std::ffi::c_void;
use std::sync::Arc;
use std::time::Duration;

/// How to retry work of the caller's own: attempts, waits and all who are asked before each, by the rules that requests are
/// retried by. It does not change, and any number of threads may run it at once.
pub struct hs_retry {
    _private: [u8; 0],
}

impl Handled for Retry {
    const KIND: Kind = Kind::Retry;
    type C = hs_retry;
}

/// Who is asked before each attempt of `hs_retry_run`, and how long it may take. All zero but `struct_size`: 30 seconds, a
/// retry budget of its own, and nobody else. In this order: the time and the cancel; the breaker's leave to ask; the rate
/// limiters, whose tokens are given back if nothing comes of it; a slot of the bulkhead; the breaker's permit. Nothing is held
/// in the waits between attempts.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hs_retry_policies {
    /// `sizeof(hs_retry_policies)`.
    pub struct_size: u32,
    /// `HS_IDEMPOTENT`: doing the work twice does no harm, so that what may have been done is tried again.
    /// `HS_IDEMPOTENCY_KEY`: the same, because the work sends a key of its own, the same each time; a 409 is tried again too.
    pub flags: u32,
    /// What budget, breaker and bulkhead are asked by: UTF-8, at most 1,024 bytes. Empty: "*".
    pub key: hs_str,
    /// All attempts and waits together. Default 30,000; `HS_INFINITE` is no limit. It ends waits and begins no attempt, and
    /// is told to the work, which it cannot interrupt.
    pub timeout_ms: u64,
    /// NULL: a budget of its own, with its defaults.
    pub budget: *mut hs_budget,
    /// NULL: none.
    pub breaker: *mut hs_breaker,
    /// What each attempt takes from rate limiters, all or nothing; NULL: none.
    pub buckets: *const hs_bucket,
    /// How many there are.
    pub bucket_count: usize,
    /// NULL: none.
    pub bulkhead: *mut hs_bulkhead,
    /// The clock and the chance that it goes by; waits let virtual time pass. NULL: the machine's. All that is named above
    /// must have been made with the same one.
    pub simulation: *mut hs_simulation,
}

// SAFETY: repr(C), integers and pointers alone.
unsafe impl Sized32 for hs_retry_policies {
    const NAME: &'static str = "hs_retry_policies";
    const SMALLEST: usize = 8;
}

/// In `hs_attempt_context.flags`: this is the same attempt once more, since the work said 421.
pub const HS_ATTEMPT_REPLAY: u32 = 1;
/// In `hs_attempt_context.flags`, set by the work: what it did cannot be done again, so this attempt is the last one.
pub const HS_ATTEMPT_COMMITTED: u32 = 2;

/// What an attempt is told, and what it may tell. The library makes it for each attempt; it is valid during the callback.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hs_attempt_context {
    /// `sizeof(hs_attempt_context)` as the library knows it: fields behind it are not there.
    pub struct_size: u32,
    /// From 1.
    pub number: u32,
    /// How long after the beginning this attempt begins, in nanoseconds.
    pub started_ns: u64,
    /// How long it may take; `HS_INFINITE`: no limit. To be handed on to what the work waits for.
    pub left_ms: u64,
    /// How long was waited before it, in nanoseconds.
    pub waited_ns: u64,
    /// What most of that was for: `HS_WAIT_…`.
    pub wait_reason: u32,
    /// `HS_ATTEMPT_REPLAY` or 0; the work may add `HS_ATTEMPT_COMMITTED`.
    pub flags: u32,
    /// To be set where there is one: the HTTP status of an answer, 100 to 599. 0: none.
    pub http_status: u32,
    /// May be set: whether the other side may have seen it, `HS_SENT_…`. `HS_SENT_MAYBE` to begin with.
    pub request_sent: u32,
    /// May be set: how long the other side asks to wait; 0: for a time of the library's choice, but a longer one.
    /// `HS_INFINITE` to begin with: it asks for nothing.
    pub retry_after_ms: u64,
}

/// The work: 0 is success, an `hs_status` what it says there, any other number a failure that another attempt may mend.
/// Called on the thread of `hs_retry_run`, while no lock is held; it may use whatever it likes, `hs_retry_run` too. It must
/// return: no longjmp, no C++ exception. What it asks of a worker or a pool is one attempt each, since it is repeated as a
/// whole, unless the request has `max_attempts` or `hs_policies.retry`.
pub type hs_retry_function =
    Option<unsafe extern "C" fn(context: *mut c_void, attempt: *mut hs_attempt_context) -> i32>;

/// Whether to try again after an attempt that is no success, which is when `result` is not 0 or `attempt->http_status` is
/// 400 or more: 0 is no, anything else yes, as far as attempts, time and budget go. Called like `hs_retry_function`.
pub type hs_retry_predicate =
    Option<unsafe extern "C" fn(context: *mut c_void, result: i32, attempt: *const hs_attempt_context) -> i32>;

/// What became of a run. Set `struct_size` before the call.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hs_retry_report {
    /// `sizeof(hs_retry_report)`.
    pub struct_size: u32,
    /// Why there was no further attempt: `HS_STOP_…`.
    pub stop_reason: u32,
    /// How many attempts there were; one that was not let through is one, too.
    pub attempts: u32,
    /// What `hs_retry_run` returned.
    pub result: i32,
    /// Of the answer that the last attempt came to; 0: none.
    pub http_status: u32,
    /// Not used.
    pub reserved: u32,
    /// How long it took, in nanoseconds.
    pub elapsed_ns: u64,
    /// How much of that was waits: between attempts and in queues.
    pub waited_ns: u64,
    /// What the other side, or the breaker, asked for last; `HS_INFINITE`: nothing.
    pub retry_after_ms: u64,
}

// SAFETY: repr(C), integers alone.
unsafe impl Sized32 for hs_retry_report {
    const NAME: &'static str = "hs_retry_report";
    const SMALLEST: usize = 16;
}

/// Makes an object by which work is retried. `options` and `policies` may be NULL: all defaults. What the policies name may
/// be freed after it. `*retry` is written on success only; free it with `hs_retry_free`.
///
/// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_STRUCT_SIZE`, `HS_ERR_INVALID_ARGUMENT`, `HS_ERR_INVALID_HANDLE` and
/// `HS_ERR_FORKED` (what the policies name), `HS_ERR_TOO_MANY_HANDLES`. Since 1.0.
///
/// # Safety
/// `options` and `policies` are NULL or valid for as many bytes as their `struct_size` says, and so is what they point to;
/// `retry` and `error` are NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_retry_new(
    options: *const hs_retry_options,
    policies: *const hs_retry_policies,
    retry: *mut *mut hs_retry,
    error: *mut *mut hs_error,
) -> hs_status {
    let body = || {
        if retry.is_null() {
            return Err(Error::new(HS_ERR_NULL_ARGUMENT, "retry is NULL: there is nowhere to put it"));
        }
        // SAFETY: as the caller promises.
        let made = unsafe { made(options, policies) }?;
        let handle = handle::insert(made)?;
        // SAFETY: as the caller promises.
        unsafe { retry.write(handle) };
        Ok(())
    };
    // SAFETY: as the caller promises.
    unsafe { guard::with_error(error, body) }
}

/// Frees it; runs that are under way go on. NULL is fine.
///
/// Thread: any; also from a callback. Errors: `HS_ERR_INVALID_HANDLE` (also for a second free), `HS_ERR_FORKED`. Since 1.0.
#[unsafe(no_mangle)]
pub extern "C" fn hs_retry_free(retry: *mut hs_retry) -> hs_status {
    guard::status(|| if retry.is_null() { Ok(()) } else { handle::close::<Retry>(retry) })
}

/// Calls `function` with `context` until it succeeds or nothing more is to be done, with waits in between, and returns what
/// it returned last. `predicate` decides after each attempt; NULL: the rules for requests decide about `http_status` and each
/// `hs_status`, and other numbers are tried again. `cancel` (may be NULL) ends a wait within 5 ms; it does not interrupt the
/// work, and does not mask what that has done. `report` may be NULL; it is filled whatever comes of it, unless the arguments
/// are refused.
///
/// Thread: any; the calling one waits. Errors: what `function` returned; `HS_ERR_CANCELLED` (in a wait), `HS_ERR_TIMEOUT`
/// (in a queue, or too late for any attempt), `HS_ERR_BREAKER_OPEN`, `HS_ERR_RATE_LIMITED`,
/// `HS_ERR_RATE_NEVER_FITS`, `HS_ERR_BULKHEAD_FULL`; `HS_ERR_NULL_ARGUMENT`,
/// `HS_ERR_STRUCT_SIZE` (report), `HS_ERR_INVALID_ARGUMENT` (what the work put into its context), `HS_ERR_INVALID_HANDLE`,
/// `HS_ERR_FORKED`. Since 1.0.
///
/// # Safety
/// `function` and `predicate` may be called with `context`; `report` is NULL or valid for as many bytes as its
/// `struct_size` says; `error` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_retry_run(
    retry: *mut hs_retry,
    function: hs_retry_function,
    context: *mut c_void,
    predicate: hs_retry_predicate,
    cancel: *mut hs_cancel,
    report: *mut hs_retry_report,
    error: *mut *mut hs_error,
) -> hs_status {
    let body = || {
        if retry.is_null() {
            return Err(Error::new(HS_ERR_NULL_ARGUMENT, "retry is NULL"));
        }
        let retry = handle::open::<Retry>(retry)?;
        let function = function.ok_or_else(|| Error::new(HS_ERR_NULL_ARGUMENT, "function is NULL"))?;
        let cancel = if cancel.is_null() { None } else { Some(handle::open::<Cancel>(cancel)?.clone()) };
        if !report.is_null() {
            // SAFETY: as the caller promises. Refused before anything is done.
            unsafe { sized::write(report, &NOTHING) }?;
        }
        let mut wrong = None;
        let done = retry.run(cancel.as_ref(), |attempt| {
            let mut told = told(attempt);
            let under_way = UnderWay::begin();
            // SAFETY: the caller's function with the caller's context.
            let result = unsafe { function(context, &mut told) };
            drop(under_way);
            let ended = ended(result, &told, &retry).map(|ended| {
                let Some(predicate) = predicate.filter(|_| result != HS_OK || told.http_status >= 400) else {
                    return ended;
                };
                // SAFETY: the caller's function with the caller's context.
                let again = unsafe { predicate(context, result, &told) } != 0;
                let mut verdict = ended.verdict.unwrap_or_else(|| decide(&ended.outcome, &retry.options));
                verdict.class = if again { Class::RetryAnyMethod } else { Class::Never };
                verdict.transparent = false;
                Ended { verdict: Some(verdict), ..ended }
            });
            ended.unwrap_or_else(|error| {
                let result = error.status();
                wrong = Some(error);
                let outcome = Outcome { ending: Ending::Failure(result), ..unsaid() };
                Ended { result, outcome, verdict: None, committed: true }
            })
        });
        let told = facts(&done);
        if !report.is_null() {
            // SAFETY: as the caller promises; its size was looked at before.
            unsafe { sized::write(report, &told) }?;
        }
        match wrong {
            Some(error) => Err(error),
            None => result(done, told.result),
        }
    };
    // SAFETY: as the caller promises.
    unsafe { guard::with_error(error, body) }
}

thread_local! {
    static UNDER_WAY: Cell<u32> = const { Cell::new(0) };
}

/// An attempt, on the calling thread.
struct UnderWay;

impl UnderWay {
    fn begin() -> UnderWay {
        UNDER_WAY.set(UNDER_WAY.get() + 1);
        UnderWay
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        UNDER_WAY.set(UNDER_WAY.get() - 1);
    }
}

/// Whether the calling thread is inside of an attempt.
pub fn is_under_way() -> bool {
    UNDER_WAY.get() > 0
}

const NOTHING: hs_retry_report = hs_retry_report {
    struct_size: 0,
    stop_reason: 0,
    attempts: 0,
    result: 0,
    http_status: 0,
    reserved: 0,
    elapsed_ns: 0,
    waited_ns: 0,
    retry_after_ms: HS_INFINITE,
};

fn unsaid() -> Outcome {
    let ending = Ending::Failure(HS_OK);
    Outcome { ending, sent: Sent::Maybe, sent_a_key: false, ran: Duration::ZERO, retry_after: None }
}

fn told(attempt: &Attempt) -> hs_attempt_context {
    hs_attempt_context {
        struct_size: size_of::<hs_attempt_context>() as u32,
        number: attempt.number,
        started_ns: nanoseconds(attempt.started),
        left_ms: attempt.left.map_or(HS_INFINITE, milliseconds),
        waited_ns: nanoseconds(attempt.waited),
        wait_reason: attempt.why as u32,
        flags: if attempt.is_replay { HS_ATTEMPT_REPLAY } else { 0 },
        http_status: 0,
        request_sent: HS_SENT_MAYBE,
        retry_after_ms: HS_INFINITE,
    }
}

/// What the work says of itself. A status of the library's counts before the status of an answer, since it may have come
/// after that, and that before a number of which nothing is known.
fn ended(result: i32, told: &hs_attempt_context, retry: &Retry) -> Result<Ended, Error> {
    let http_status = match u16::try_from(told.http_status) {
        Ok(status @ (0 | 100..=599)) => status,
        _ => {
            let message = format!("hs_attempt_context.http_status is {}: 100 to 599", told.http_status);
            return Err(options::invalid(message));
        }
    };
    let sent = match told.request_sent {
        HS_SENT_NO => Sent::No,
        HS_SENT_MAYBE => Sent::Maybe,
        HS_SENT_YES => Sent::Yes,
        other => {
            let message = format!("hs_attempt_context.request_sent is {other}: not a HS_SENT_… constant");
            return Err(options::invalid(message));
        }
    };
    options::flags(told.flags, HS_ATTEMPT_REPLAY | HS_ATTEMPT_COMMITTED, "hs_attempt_context")?;
    let is_known = result != HS_OK && row(result).is_some();
    let (ending, verdict) = match (http_status, is_known) {
        (0, false) if result == HS_OK => (Ending::Failure(HS_OK), None),
        (0, false) => (Ending::Failure(result), Some(of_unknown())),
        (_, true) => (Ending::Failure(result), None),
        (status, false) => (Ending::Answer(status), None),
    };
    let retry_after = (told.retry_after_ms != HS_INFINITE).then(|| Duration::from_millis(told.retry_after_ms));
    let outcome = Outcome { ending, sent, sent_a_key: retry.sends_a_key, retry_after, ..unsaid() };
    let verdict = verdict.map(|mut verdict| {
        verdict.throttled = retry_after.is_some();
        verdict
    });
    Ok(Ended { result, outcome, verdict, committed: told.flags & HS_ATTEMPT_COMMITTED != 0 })
}

fn facts(done: &Report) -> hs_retry_report {
    let (result, http_status) = match &done.result {
        Ok(ended) => (
            ended.result,
            match ended.outcome.ending {
                Ending::Answer(status) => status.into(),
                Ending::Failure(_) => 0,
            },
        ),
        Err(error) => (error.status(), 0),
    };
    // The rules call an answer that is final a good end; the work may know better.
    let stop = if result != HS_OK && done.stop == StopReason::Ok { StopReason::Terminal } else { done.stop };
    hs_retry_report {
        struct_size: 0,
        stop_reason: stop as u32,
        attempts: done.attempts,
        result,
        http_status,
        reserved: 0,
        elapsed_ns: nanoseconds(done.elapsed),
        waited_ns: nanoseconds(done.waited),
        retry_after_ms: done.retry_after.map_or(HS_INFINITE, milliseconds),
    }
}

fn result(done: Report, result: i32) -> Result<(), Error> {
    let mut error = match done.result {
        Ok(_) if result == HS_OK => return Ok(()),
        Ok(_) => {
            let what = row(result).map_or("", |row| row.message);
            let separator = if what.is_empty() { "" } else { ": " };
            Error::new(result, format!("the function returned {result}{separator}{what}"))
        }
        Err(error) => error,
    };
    let details = error.details_mut();
    (details.attempts, details.elapsed_ns) = (done.attempts, nanoseconds(done.elapsed));
    (details.stop, details.retry_after) = (done.stop, done.retry_after);
    if done.stop == StopReason::Ok {
        details.stop = StopReason::Terminal;
    }
    Err(error)
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Rounded up: who waits that long does not come too early.
fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(HS_INFINITE)
}

/// # Safety
/// Both are NULL or valid for as many bytes as their `struct_size` says, and so is what they point to.
unsafe fn made(given: *const hs_retry_options, policies: *const hs_retry_policies) -> Result<Retry, Error> {
    const NAME: &str = "hs_retry_policies";
    let all_zero = std::mem::MaybeUninit::<hs_retry_policies>::zeroed();
    // SAFETY: as the caller promises; all-zero is a valid value.
    let (options, policies) = unsafe {
        let policies = if policies.is_null() { all_zero.assume_init() } else { sized::read(policies)? };
        (chosen(given)?, policies)
    };
    options::flags(policies.flags, HS_IDEMPOTENT | HS_IDEMPOTENCY_KEY, NAME)?;
    let key = match policies.key.len {
        0 => "*",
        // SAFETY: as the caller promises.
        _ => unsafe { options::key(policies.key, "hs_retry_policies.key") }?,
    };
    let simulation = simulation::given(policies.simulation)?;
    let (clock, chance): (Arc<dyn Clock>, Arc<dyn Chance>) = match &simulation {
        Some(simulation) => (simulation.clone(), simulation.clone()),
        None => (Arc::new(SystemClock), Arc::new(SystemChance)),
    };
    let budget = budget::given(policies.budget)?;
    let breaker = breaker::given(policies.breaker)?;
    // SAFETY: as the caller promises.
    let buckets = unsafe { limiter::all(policies.buckets, policies.bucket_count) }?;
    let bulkhead = bulkhead::given(policies.bulkhead)?;
    let clocks = [
        ("budget", budget.as_ref().map(|budget| budget.clock())),
        ("breaker", breaker.as_ref().map(|breaker| breaker.clock())),
        ("bulkhead", bulkhead.as_ref().map(|bulkhead| bulkhead.clock())),
    ];
    let clocks = clocks.into_iter().filter_map(|(what, its)| its.map(|its| (what, its)));
    // One reading of the clock is for all of them.
    for (what, its) in clocks.chain(buckets.iter().map(|(bucket, _)| ("buckets", bucket.clock()))) {
        if its.identity() != clock.identity() {
            return Err(options::invalid(format!("{NAME}.{what} was made with another simulation")));
        }
    }
    Ok(Retry {
        options,
        timeout: options::duration(policies.timeout_ms, Some(Duration::from_secs(30))),
        replay_safe: policies.flags != 0,
        sends_a_key: policies.flags & HS_IDEMPOTENCY_KEY != 0,
        key: key.into(),
        budget: budget.unwrap_or_else(|| Budget::new(BudgetOptions::default(), clock)),
        breaker,
        buckets,
        bulkhead,
        chance,
        simulation,
        found: Default::default(),
    })
}
