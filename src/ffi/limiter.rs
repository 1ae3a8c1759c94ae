//! `hs_limiter`: how much may be sent in how much time.

mod bucket;
mod events;
mod options;

pub use bucket::hs_limiter_info;
pub use events::{
    HS_LIMITER_EVENT_LEARNED, HS_LIMITER_EVENT_REJECTED, HS_LIMITER_EVENT_WAIT, hs_limiter_callback, hs_limiter_event,
};
pub use options::*;

use super::cancel::hs_cancel;
use super::error::hs_error;
use super::guard;
use super::handle::{self, Handled, Kind};
use super::sized::{self, Sized32};
use super::text::{hs_header, hs_str};
use super::version::HS_INFINITE;
use crate::call::stops::{Stop, Stops};
use crate::cancel::Cancel;
use crate::engine::mock::MockEngine;
use crate::engine::mock::script::Mock;
use crate::error::{Error, quoted};
use crate::resilience::limiter::{
    Admission, Bucket, Limiter, Reason, Refused, Ticket, acquire, pass, pass_one, try_acquire,
};
use crate::runtime::Runtime;
use crate::runtime::clock::Instant;
use crate::runtime::simulation::Simulation;
use crate::status::*;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// Keeps what is sent within limits: a table of buckets, each with a key of the caller's (an account, an origin), tokens
/// that come with time, a queue, and what its server has said of its own limit. Any number of threads and workers may have
/// it at once; it stays with its workers when it is freed.
///
/// While nobody waits, a token is taken without a lock. Who has to wait does so in the order of arrival, over all threads,
/// and is refused at once where that would take too long. Nothing is reserved for who waits: giving up costs nobody
/// anything.
pub struct hs_limiter {
    _private: [u8; 0],
}

/// What stands behind the handle.
pub struct Shared {
    limiter: Limiter,
    simulation: Option<Arc<Simulation>>,
    throttle: Duration,
}

impl Handled for Shared {
    const KIND: Kind = Kind::Limiter;
    type C = hs_limiter;
}

/// A bucket of a limiter, and what a request takes from it.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hs_bucket {
    pub limiter: *mut hs_limiter,
    /// UTF-8, at most 1,024 bytes.
    pub key: hs_str,
    /// How many tokens. 0: one.
    pub cost: u32,
    /// Must be 0.
    pub reserved: u32,
}

/// What was let through, for `hs_limiter_refund` and `hs_limiter_learn`. A plain value: nothing is to be freed.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct hs_ticket {
    /// Counts what the bucket has let through, by cost.
    pub number: u64,
    /// When that was, by the limiter's clock.
    pub time_ns: u64,
    pub cost: u32,
    pub reserved: u32,
}

const LONGEST_KEY: usize = 1_024;
const MOST_BUCKETS: usize = 16;
const MOST_FIELDS: usize = 10_000;
const USUAL_TIMEOUT: Duration = Duration::from_secs(30);

/// Makes a limiter. `*limiter` is written on success only; free it with `hs_limiter_free`.
///
/// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT` (also for `options`: a limiter needs a limit), `HS_ERR_STRUCT_SIZE`,
/// `HS_ERR_INVALID_ARGUMENT`, `HS_ERR_INVALID_HEADER` (a name of a field), `HS_ERR_INVALID_HANDLE` (its simulation),
/// `HS_ERR_TOO_MANY_HANDLES`. Since 1.0.
///
/// # Safety
/// `options` is NULL or valid for as many bytes as its `struct_size` says, and so is what it points to; `limiter` and
/// `error` are NULL or valid for a write. `on_event` may be called with `user_data`, on any thread, until the limiter and
/// all that have it are gone.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_limiter_new(
    options: *const hs_limiter_options,
    limiter: *mut *mut hs_limiter,
    error: *mut *mut hs_error,
) -> hs_status {
    let body = || {
        if options.is_null() || limiter.is_null() {
            let what = if options.is_null() { "options is NULL: there is no limit" } else { "limiter is NULL" };
            return Err(Error::new(HS_ERR_NULL_ARGUMENT, what));
        }
        // SAFETY: as the caller promises.
        let made = unsafe { options::chosen(options) }?;
        let handle = handle::insert(made)?;
        // SAFETY: as the caller promises.
        unsafe { limiter.write(handle) };
        Ok(())
    };
    // SAFETY: as the caller promises.
    unsafe { guard::with_error(error, body) }
}

/// Frees a limiter; who waits goes on waiting, and workers keep what they have of it. NULL is fine.
///
/// Thread: any. Errors: `HS_ERR_INVALID_HANDLE` (also for a second free), `HS_ERR_FORKED`. Since 1.0.
#[unsafe(no_mangle)]
pub extern "C" fn hs_limiter_free(limiter: *mut hs_limiter) -> hs_status {
    guard::status(|| if limiter.is_null() { Ok(()) } else { handle::close::<Shared>(limiter) })
}

/// Takes `cost` tokens (0: one) from the bucket `key`, waiting for them in its queue for at most `timeout_ms`. 0 is 30
/// seconds, `HS_INFINITE` as long as it takes. Refused at once where it is clear that it would take longer, or where
/// too many wait. With a simulation the wait lets its time pass.
///
/// `ticket` may be NULL; it is written on success only.
///
/// Thread: any; it blocks the calling one. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`,
/// `HS_ERR_INVALID_ARGUMENT` (the key), `HS_ERR_RATE_LIMITED` (not within that time, and the message says how long it
/// would be), `HS_ERR_RATE_NEVER_FITS` (more than the bucket ever has), `HS_ERR_CANCELLED`. Since 1.0.
///
/// # Safety
/// `key` is valid; `ticket` and `error` are NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_limiter_acquire(
    limiter: *mut hs_limiter,
    key: hs_str,
    cost: u32,
    timeout_ms: u64,
    cancel: *mut hs_cancel,
    ticket: *mut hs_ticket,
    error: *mut *mut hs_error,
) -> hs_status {
    let body = || {
        // SAFETY: as the caller promises.
        let (shared, bucket) = unsafe { open(limiter, key) }?;
        let cancel = if cancel.is_null() { None } else { Some(handle::open::<Cancel>(cancel)?.clone()) };
        let cost = cost.max(1);
        let cancelled = cancel.as_ref().is_some_and(Cancel::is_triggered);
        if !cancelled && let Some(admission) = pass_one(&bucket, cost) {
            // SAFETY: as the caller promises.
            unsafe { give_one(&admission, ticket) };
            return Ok(());
        }
        let timeout = super::options::duration(timeout_ms, Some(USUAL_TIMEOUT));
        let got = wait(&shared, &[(bucket, cost)], cancel, timeout)?;
        // SAFETY: as the caller promises.
        unsafe { give(&got, ticket) };
        Ok(())
    };
    // SAFETY: as the caller promises.
    unsafe { guard::with_error(error, body) }
}

/// Takes from each of up to 16 buckets, of whatever limiters, or from none; each bucket at most once. `tickets` is NULL or
/// has room for one each. While it waits for one bucket it takes nothing from the others and keeps nobody from them, unless
/// that would keep it waiting for ever. Time is that of the first one's limiter.
///
/// Thread: any; it blocks the calling one. Errors: as `hs_limiter_acquire`. Since 1.0.
///
/// # Safety
/// `buckets` is NULL or points to `count` valid ones; `tickets` is NULL or valid for `count` writes, `error` is NULL or
/// valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_limiter_acquire_all(
    buckets: *const hs_bucket,
    count: usize,
    timeout_ms: u64,
    cancel: *mut hs_cancel,
    tickets: *mut hs_ticket,
    error: *mut *mut hs_error,
) -> hs_status {
    let body = || {
        // SAFETY: as the caller promises.
        let wanted = unsafe { all(buckets, count) }?;
        if wanted.is_empty() {
            return Ok(());
        }
        // SAFETY: there is at least one.
        let first = unsafe { buckets.read() };
        let shared = handle::open::<Shared>(first.limiter)?;
        let cancel = if cancel.is_null() { None } else { Some(handle::open::<Cancel>(cancel)?.clone()) };
        let got = wait(&shared, &wanted, cancel, super::options::duration(timeout_ms, Some(USUAL_TIMEOUT)))?;
        if !tickets.is_null() {
            for (at, (_, admission)) in got.admissions().iter().enumerate() {
                // SAFETY: as the caller promises.
                unsafe { tickets.add(at).write(ticket_of(admission)) };
            }
        }
        Ok(())
    };
    // SAFETY: as the caller promises.
    unsafe { guard::with_error(error, body) }
}

/// The same without waiting: the tokens are there and nobody waits for them, or it is refused.
///
/// Thread: any. Errors: as `hs_limiter_acquire`, but for `HS_ERR_CANCELLED`. Since 1.0.
///
/// # Safety
/// `key` is valid; `ticket` and `error` are NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_limiter_try_acquire(
    limiter: *mut hs_limiter,
    key: hs_str,
    cost: u32,
    ticket: *mut hs_ticket,
    error: *mut *mut hs_error,
) -> hs_status {
    let body = || {
        // SAFETY: as the caller promises.
        let (_, bucket) = unsafe { open(limiter, key) }?;
        let got = try_acquire(&[(bucket, cost.max(1))]).map_err(refused)?;
        // SAFETY: as the caller promises.
        unsafe { give(&got, ticket) };
        Ok(())
    };
    // SAFETY: as the caller promises.
    unsafe { guard::with_error(error, body) }
}

/// Gives back what was taken for a request that was not sent. The ticket is zero afterwards, so that doing it again does
/// nothing.
///
/// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`, `HS_ERR_INVALID_ARGUMENT` (the
/// key, or a ticket from the future). Since 1.0.
///
/// # Safety
/// `key` is valid; `ticket` is NULL or valid for reads and writes, `error` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_limiter_refund(
    limiter: *mut hs_limiter,
    key: hs_str,
    ticket: *mut hs_ticket,
    error: *mut *mut hs_error,
) -> hs_status {
    let body = || {
        if ticket.is_null() {
            return Err(Error::new(HS_ERR_NULL_ARGUMENT, "ticket is NULL"));
        }
        // SAFETY: as the caller promises.
        let (_, bucket) = unsafe { open(limiter, key) }?;
        // SAFETY: as the caller promises.
        let given = unsafe { ticket.read() };
        let admission = admission(&given, &bucket)?;
        if admission.cost > 0 {
            bucket.give_back(admission);
        }
        // SAFETY: as the caller promises.
        unsafe { ticket.write(hs_ticket::default()) };
        Ok(())
    };
    // SAFETY: as the caller promises.
    unsafe { guard::with_error(error, body) }
}

/// # Safety
/// `key` is valid.
unsafe fn open(limiter: *const hs_limiter, key: hs_str) -> Result<(handle::Pinned<Shared>, Bucket), Error> {
    if limiter.is_null() {
        return Err(Error::new(HS_ERR_NULL_ARGUMENT, "limiter is NULL"));
    }
    let shared = handle::open::<Shared>(limiter)?;
    // SAFETY: as the caller promises.
    let bytes = unsafe { key.bytes("key") }?;
    let text = std::str::from_utf8(bytes).ok().filter(|text| text.len() <= LONGEST_KEY);
    let text = text.ok_or_else(|| {
        super::options::invalid(format!("key is {}: not UTF-8 of at most {LONGEST_KEY} bytes", quoted(bytes)))
    })?;
    let bucket = shared.limiter.bucket(text);
    Ok((shared, bucket))
}

/// The buckets of one request.
///
/// # Safety
/// `buckets` is NULL or points to `count` valid ones.
pub unsafe fn all(buckets: *const hs_bucket, count: usize) -> Result<Vec<(Bucket, u32)>, Error> {
    // SAFETY: as the caller promises.
    let buckets = unsafe { super::options::array(buckets, count, MOST_BUCKETS, "buckets") }?;
    let one = |one: &hs_bucket| {
        super::options::unused(u64::from(one.reserved), "hs_bucket.reserved")?;
        // SAFETY: as the caller promises.
        Ok((unsafe { open(one.limiter, one.key) }?.1, one.cost.max(1)))
    };
    buckets.iter().map(one).collect()
}

/// The limiter that something is given.
pub fn given(limiter: *mut hs_limiter) -> Result<Limiter, Error> {
    if limiter.is_null() {
        return Err(Error::new(HS_ERR_NULL_ARGUMENT, "hs_bucket.limiter is NULL"));
    }
    Ok(handle::open::<Shared>(limiter)?.limiter.clone())
}

fn admission(ticket: &hs_ticket, bucket: &Bucket) -> Result<Admission, Error> {
    let admission = Admission { number: ticket.number, time: Instant(ticket.time_ns), cost: ticket.cost };
    if admission.time > bucket.now() || admission.number > bucket.admitted() {
        return Err(super::options::invalid("ticket is none of this bucket's".into()));
    }
    Ok(admission)
}

/// # Safety
/// `ticket` is NULL or valid for a write.
unsafe fn give(got: &Ticket, ticket: *mut hs_ticket) {
    if let Some((_, admission)) = got.admissions().first() {
        // SAFETY: as the caller promises.
        unsafe { give_one(admission, ticket) };
    }
}

/// # Safety
/// As for `give`.
unsafe fn give_one(admission: &Admission, ticket: *mut hs_ticket) {
    if !ticket.is_null() {
        // SAFETY: as the caller promises.
        unsafe { ticket.write(ticket_of(admission)) };
    }
}

fn ticket_of(admission: &Admission) -> hs_ticket {
    hs_ticket { number: admission.number, time_ns: admission.time.0, cost: admission.cost, reserved: 0 }
}

fn refused(refused: Refused) -> Error {
    let Refused { key, reason, wait } = refused;
    let key = quoted(key.as_bytes());
    let wait = wait.as_nanos().div_ceil(1_000_000);
    match reason {
        Reason::NeverFits => {
            Error::new(HS_ERR_RATE_NEVER_FITS, format!("more is wanted than the bucket {key} ever has"))
        }
        Reason::QueueFull => {
            Error::new(HS_ERR_RATE_LIMITED, format!("too many wait for the bucket {key} already; {wait} ms to go"))
        }
        Reason::NotNow | Reason::TooLate => {
            Error::new(HS_ERR_RATE_LIMITED, format!("the bucket {key} lets it through in {wait} ms"))
        }
    }
}

/// Waits on the calling thread.
fn wait(
    shared: &Shared,
    wanted: &[(Bucket, u32)],
    cancel: Option<Cancel>,
    timeout: Option<Duration>,
) -> Result<Ticket, Error> {
    if cancel.as_ref().is_some_and(Cancel::is_triggered) {
        return Err(Error::plain(HS_ERR_CANCELLED));
    }
    if let Some(ticket) = pass(wanted) {
        return Ok(ticket);
    }
    let clock = shared.limiter.clock().clone();
    let engine = match &shared.simulation {
        Some(simulation) => MockEngine::simulated(Mock::default(), simulation.clone()),
        None => MockEngine::new(Mock::default(), clock.clone()),
    };
    let mut runtime = Runtime::new(Rc::new(engine), clock);
    if let Some(simulation) = &shared.simulation {
        runtime.in_virtual_time(simulation.clone());
    }
    let timers = runtime.timers().clone();
    let deadline = timeout.map(|timeout| timers.now().saturating_add(timeout));
    let stops = Stops::new(timers.clone(), cancel.into(), deadline);
    match runtime.block_on(stops.guard(None, acquire(wanted, &timers, deadline))) {
        Ok(result) => result.map_err(refused),
        Err(Stop::Cancelled) => Err(Error::plain(HS_ERR_CANCELLED)),
        Err(Stop::Deadline | Stop::Limit) => Err(Error::plain(HS_ERR_RATE_LIMITED)),
        Err(Stop::DeadEnd) => {
            let message = "in virtual time nothing is left that could let it through";
            Err(Error::new(HS_ERR_RATE_LIMITED, message))
        }
    }
}
