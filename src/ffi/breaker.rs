//! `hs_breaker`: calls that would fail anyway are not made.

use super::error::hs_error;
use super::guard;
use super::handle::{self, Handled, Kind};
use super::options;
use super::simulation::hs_simulation;
use super::sized::{self, Sized32};
use super::text::hs_str;
use super::version::HS_INFINITE;
use crate::error::{Error, quoted};
use crate::resilience::breaker::{Breaker, Circuit, Outcome, Settled, Transition};
use crate::runtime::clock::Instant;
use crate::status::*;
use std::ffi::c_void;
use std::time::Duration;

mod chosen;
mod facts;
mod permit;

use permit::{NO_PERMIT, packed, unpacked};

/// A circuit breaker for any number of keys: origins, or whatever the caller calls what may fail together. Each key has a
/// circuit of its own, which begins closed.
///
/// A circuit is judged with each result, by the results of the last `window_ms` (or the last `window_calls`). Once there
/// are `min_calls` of them and `failure_percent` of them have failed (or `slow_percent` of them were slow), it opens: for
/// `open_ms` nothing gets through, the second time in a row twice as long, up to `open_max_ms`, each time and up to a fifth
/// of it longer, by chance. Then it is half-open: the next `half_open_permits` calls are probes. When enough of them fail
/// that the share can be reached it opens again at once; when all have come back and the share was not reached it closes,
/// with an empty window. A neutral result of a probe gives its permit to another one; a probe that takes longer than
/// `probe_lease_ms` has failed. Each change begins a new generation, and results of calls from an older one change nothing.
///
/// It may be used on any thread and by any number of workers; asking a closed circuit and telling it takes no lock. It
/// stays with those that have it when it is freed.
pub struct hs_breaker {
    _private: [u8; 0],
}

impl Handled for Breaker {
    const KIND: Kind = Kind::Breaker;
    type C = hs_breaker;
}

/// Everything gets through.
pub const HS_BREAKER_CLOSED: u32 = 0;
/// Nothing gets through.
pub const HS_BREAKER_OPEN: u32 = 1;
/// A few probes get through.
pub const HS_BREAKER_HALF_OPEN: u32 = 2;
/// Opened by `hs_breaker_force_open`.
pub const HS_BREAKER_FORCED_OPEN: u32 = 3;
/// Closed by `hs_breaker_force_closed`: results are counted and never open it.
pub const HS_BREAKER_FORCED_CLOSED: u32 = 4;
/// By `hs_breaker_metrics_only`: everything gets through, and what would open it is only told.
pub const HS_BREAKER_METRICS_ONLY: u32 = 5;

/// Failures reached their share: of the window, or of the probes.
pub const HS_BREAKER_REASON_FAILURES: u32 = 1;
/// Slow calls reached theirs.
pub const HS_BREAKER_REASON_SLOW_CALLS: u32 = 2;
/// A probe did not come back within `probe_lease_ms`.
pub const HS_BREAKER_REASON_LEASE_ENDED: u32 = 3;
/// It was open for long enough.
pub const HS_BREAKER_REASON_TIME_PASSED: u32 = 4;
/// The probes came back and were good enough.
pub const HS_BREAKER_REASON_RECOVERED: u32 = 5;
/// `hs_breaker_force_open`, `hs_breaker_force_closed`, `hs_breaker_metrics_only` or `hs_breaker_reset`.
pub const HS_BREAKER_REASON_MANUAL: u32 = 6;
/// No transition: there are `max_keys` circuits that cannot go, and this key has none. Told once, until there is room again.
pub const HS_BREAKER_REASON_TABLE_FULL: u32 = 7;

/// What was asked for works, whatever it answered.
pub const HS_OUTCOME_SUCCESS: u32 = 1;
/// It does not work.
pub const HS_OUTCOME_FAILURE: u32 = 2;
/// It says nothing: it was cancelled, or never got so far.
pub const HS_OUTCOME_NEUTRAL: u32 = 3;

/// What has happened to a circuit.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hs_breaker_event {
    /// `sizeof(hs_breaker_event)` as the library knows it: fields behind it are not there.
    pub struct_size: u32,
    /// `HS_BREAKER_REASON_…`
    pub reason: u32,
    /// `HS_BREAKER_…`: what it was.
    pub from: u32,
    /// What it is now. In `HS_BREAKER_METRICS_ONLY` the same as before: it would have opened.
    pub to: u32,
    /// Valid during the callback.
    pub key: hs_str,
    /// The generation that begins.
    pub generation: u64,
    /// The number of this event among those of its key, from 1, so that they can be put in order when they come on several
    /// threads. 0 for `HS_BREAKER_REASON_TABLE_FULL`.
    pub sequence: u64,
    /// How many results it was judged by, and how many percent of them were failures and slow, rounded down.
    pub calls: u64,
    /// See `calls`.
    pub failure_pct: u32,
    /// See `calls`.
    pub slow_pct: u32,
    /// For how long it is open now; `HS_INFINITE` for good, 0 if it is not open.
    pub open_ms: u64,
    /// 1 if it was done by hand.
    pub manual: u32,
}

/// Is told of transitions, on the thread that caused them, inside its call; no lock is held, and it may use the breaker,
/// free it too. It must return: no longjmp, no C++ exception.
pub type hs_breaker_callback = Option<unsafe extern "C" fn(user_data: *mut c_void, event: *const hs_breaker_event)>;

/// Options of a breaker. All zero but `struct_size` is the default everywhere.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hs_breaker_options {
    /// `sizeof(hs_breaker_options)`.
    pub struct_size: u32,
    /// Must be 0.
    pub flags: u32,
    /// By how old results a circuit is judged, in tenths: at least 100, at most 3,600,000. Default 30,000.
    pub window_ms: u64,
    /// Instead: by how many, however old; at most 10,000.
    pub window_calls: u32,
    /// Fewer results are no reason to open; at most 1,000,000. Default 20. No more than `window_calls` are waited for.
    pub min_calls: u32,
    /// The share of failures that opens it, 1 to 100. Default 50.
    pub failure_percent: u32,
    /// The share of slow calls that opens it, 1 to 100; only with `slow_ms`. Default 50.
    pub slow_percent: u32,
    /// What takes longer is slow: it counts as such at that moment, while it is under way. Default: nothing is slow.
    pub slow_ms: u64,
    /// How long it is open the first time. Default 5,000.
    pub open_ms: u64,
    /// How long it is open at most, chance aside; not less than `open_ms`. Default 60,000, or `open_ms` if that is more.
    pub open_max_ms: u64,
    /// How many probes it has when it is half-open, at most 10. Default 3.
    pub half_open_permits: u32,
    /// How many keys it has at most, up to 65,536. Default 1,024. For a further one a circuit goes that is closed and has
    /// nothing under way, else one that has been open for long enough; if there is none, the key goes without a breaker.
    pub max_keys: u32,
    /// How long a probe may take. Default 60,000. A worker's attempts have at least their own timeout.
    pub probe_lease_ms: u64,
    /// Is told of transitions; may be NULL.
    pub on_transition: hs_breaker_callback,
    /// Handed to `on_transition`; must be valid, and usable on any thread, until the breaker is freed and the last worker
    /// that has it is closed.
    pub user_data: *mut c_void,
    /// The clock and the chance that it goes by. NULL: the machine's.
    pub simulation: *mut hs_simulation,
}

// SAFETY: repr(C): integers, pointers and an optional function, for which all-zero is None.
unsafe impl Sized32 for hs_breaker_options {
    const NAME: &'static str = "hs_breaker_options";
    const SMALLEST: usize = 8;
}

/// A permit: which breaker gave it for which circuit and generation, and when. It is the caller's own and owns nothing; what
/// is in it is the library's affair. Do not copy it: whoever records two copies counts a call twice.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hs_permit {
    /// All zero: no permit.
    pub opaque: [u64; 8],
}

/// A circuit as it is. Set `struct_size` before the call.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hs_breaker_info {
    /// `sizeof(hs_breaker_info)`.
    pub struct_size: u32,
    /// `HS_BREAKER_…`
    pub state: u32,
    /// How many transitions there were.
    pub generation: u64,
    /// How many results are in its window; those of the probes when it is half-open.
    pub calls: u64,
    /// How many of them are failures.
    pub failures: u64,
    /// How many of them were slow.
    pub slow: u64,
    /// In percent of `calls`, rounded down.
    pub failure_pct: u32,
    /// In percent of `calls`, rounded down.
    pub slow_pct: u32,
    /// If it is open: when the next call may try. `HS_INFINITE`: never, unless it is closed by hand.
    pub retry_after_ms: u64,
    /// Probes that are under way.
    pub probes_out: u32,
    /// How often it has opened since it was closed.
    pub opens_in_a_row: u32,
    /// 1 if its state was set by hand.
    pub manual: u32,
    /// Not used.
    pub reserved: u32,
    /// Since the circuit is there: successes.
    pub total_successes: u64,
    /// Failures.
    pub total_failures: u64,
    /// Neutral results.
    pub total_neutral: u64,
    /// Slow calls.
    pub total_slow: u64,
    /// Results of calls from an older generation, which changed nothing.
    pub stale_results: u64,
    /// Calls that did not get through.
    pub rejected: u64,
    /// How often it opened.
    pub opened: u64,
}

// SAFETY: repr(C), integers alone.
unsafe impl Sized32 for hs_breaker_info {
    const NAME: &'static str = "hs_breaker_info";
    const SMALLEST: usize = size_of::<hs_breaker_info>();
}

const LONGEST_KEY: usize = 1024;

/// Makes a breaker. `options` may be NULL. `*breaker` is written on success only; free it with `hs_breaker_free`.
///
/// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_STRUCT_SIZE`, `HS_ERR_INVALID_ARGUMENT`, `HS_ERR_INVALID_HANDLE` and
/// `HS_ERR_FORKED` (the simulation), `HS_ERR_TOO_MANY_HANDLES`. Since 1.0.
///
/// # Safety
/// `options` is NULL or valid for as many bytes as its `struct_size` says; `breaker` and `error` are NULL or valid for a
/// write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_breaker_new(
    options: *const hs_breaker_options,
    breaker: *mut *mut hs_breaker,
    error: *mut *mut hs_error,
) -> hs_status {
    let body = || {
        if breaker.is_null() {
            return Err(Error::new(HS_ERR_NULL_ARGUMENT, "breaker is NULL: there is nowhere to put the breaker"));
        }
        // SAFETY: as the caller promises.
        let handle = handle::insert(unsafe { chosen::made(options) }?)?;
        // SAFETY: as the caller promises.
        unsafe { breaker.write(handle) };
        Ok(())
    };
    // SAFETY: as the caller promises.
    unsafe { guard::with_error(error, body) }
}

/// Frees a breaker; workers that have it keep it. Permits of it that are out need not be recorded. NULL is fine.
///
/// Thread: any. Errors: `HS_ERR_INVALID_HANDLE` (also for a second free), `HS_ERR_FORKED`. Since 1.0.
#[unsafe(no_mangle)]
pub extern "C" fn hs_breaker_free(breaker: *mut hs_breaker) -> hs_status {
    guard::status(|| if breaker.is_null() { Ok(()) } else { handle::close::<Breaker>(breaker) })
}

/// Asks whether a piece of work for a key may begin: UTF-8, 1 to 1,024 bytes. On success `*permit` is written, and what came
/// of the work must be told once, with `hs_breaker_record`. A probe of which that is not told has failed after
/// `probe_lease_ms`; for other permits nothing waits.
///
/// Thread: any. Errors: `HS_ERR_BREAKER_OPEN` (`hs_error_info.retry_after_ms` says when the next try may be made,
/// 0 where that is not known: while the probes are under way, and where it was opened by hand for good),
/// `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`, `HS_ERR_INVALID_ARGUMENT` (the key). Since 1.0.
///
/// # Safety
/// `key` is valid as `hs_str` says; `permit` and `error` are NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_breaker_acquire(
    breaker: *mut hs_breaker,
    key: hs_str,
    permit: *mut hs_permit,
    error: *mut *mut hs_error,
) -> hs_status {
    let body = || {
        let breaker = open(breaker)?;
        // SAFETY: as the caller promises.
        let key = unsafe { key_text(&key) }?;
        if permit.is_null() {
            return Err(Error::new(HS_ERR_NULL_ARGUMENT, "permit is NULL: there is nowhere to put the permit"));
        }
        let (result, _) = breaker.lend(key, breaker.now());
        let loan = result.map_err(|refused| facts::refusal(key, &refused))?;
        // SAFETY: as the caller promises.
        unsafe { permit.write(packed(&breaker, &loan)) };
        Ok(())
    };
    // SAFETY: as the caller promises.
    unsafe { guard::with_error(error, body) }
}

/// Tells what came of the work that a permit was for: `HS_OUTCOME_…`. How long it took counts from `hs_breaker_acquire` on.
/// `*permit` is all zero afterwards, whatever this returns but for errors of the other arguments.
///
/// Thread: any, but one at a time for one permit. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`,
/// `HS_ERR_INVALID_ARGUMENT` (the outcome is none; the permit was recorded already, or is not this breaker's). Since 1.0.
///
/// # Safety
/// `permit` is NULL or valid for reads and writes; `error` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_breaker_record(
    breaker: *mut hs_breaker,
    permit: *mut hs_permit,
    outcome: u32,
    error: *mut *mut hs_error,
) -> hs_status {
    let body = || {
        let breaker = open(breaker)?;
        let outcome = match outcome {
            HS_OUTCOME_SUCCESS => Outcome::Success,
            HS_OUTCOME_FAILURE => Outcome::Failure,
            HS_OUTCOME_NEUTRAL => Outcome::Neutral,
            other => return Err(options::invalid(format!("outcome is {other}: not a HS_OUTCOME_… constant"))),
        };
        // SAFETY: as the caller promises.
        let loan = unsafe { unpacked(&breaker, permit) }?;
        // Before anybody is told: a callback may see the permit.
        // SAFETY: as the caller promises, and not NULL.
        unsafe { permit.write(NO_PERMIT) };
        match breaker.redeem(&loan, breaker.now(), outcome) {
            (Settled::Counted | Settled::Stale, _) => Ok(()),
            (Settled::Twice, _) => Err(options::invalid("permit: another copy of it was recorded already".into())),
        }
    };
    // SAFETY: as the caller promises.
    unsafe { guard::with_error(error, body) }
}

/// Says that the work which a permit is for is still under way: if it has passed `slow_ms` by now it counts as a slow call,
/// once, and its result will only say whether it has failed. For those who watch over work that may hang; workers do it
/// by themselves. Without this a call is found to be slow when it is recorded.
///
/// Thread: any, but one at a time for one permit. Errors: as `hs_breaker_record`. Since 1.0.
///
/// # Safety
/// `permit` is NULL or valid for reads and writes; `error` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_breaker_mark_slow(
    breaker: *mut hs_breaker,
    permit: *mut hs_permit,
    error: *mut *mut hs_error,
) -> hs_status {
    let body = || {
        let breaker = open(breaker)?;
        // SAFETY: as the caller promises.
        let loan = unsafe { unpacked(&breaker, permit) }?;
        breaker.mark_slow(loan, breaker.now(), |marked| {
            // SAFETY: as the caller promises, and not NULL.
            unsafe { permit.write(packed(&breaker, marked)) };
        });
        Ok(())
    };
    // SAFETY: as the caller promises.
    unsafe { guard::with_error(error, body) }
}

/// What the circuit of a key is like. `info->struct_size` must be set; `*info` is written on success only.
///
/// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`, `HS_ERR_STRUCT_SIZE`,
/// `HS_ERR_INVALID_ARGUMENT` (the key), `HS_ERR_NOT_FOUND` (the key has no circuit: it was not used, or not for long).
/// Since 1.0.
///
/// # Safety
/// `key` is valid as `hs_str` says; `info` is NULL or valid for reads and writes of as many bytes as its `struct_size` says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_breaker_state(
    breaker: *mut hs_breaker,
    key: hs_str,
    info: *mut hs_breaker_info,
) -> hs_status {
    guard::status(|| {
        let breaker = open(breaker)?;
        // SAFETY: as the caller promises.
        let key = unsafe { key_text(&key) }?;
        if info.is_null() {
            return Err(Error::plain(HS_ERR_NULL_ARGUMENT));
        }
        let circuit = breaker.find(key).ok_or_else(|| Error::plain(HS_ERR_NOT_FOUND))?;
        let (found, _) = circuit.info(breaker.now());
        // SAFETY: as the caller promises.
        unsafe { sized::write(info, &facts::of(&found)) }
    })
}

/// Opens the circuit of a key by hand, whatever its state is and whether the key was used before: for `ms`, after which it is
/// half-open, or for good with `HS_INFINITE`. No result and no time changes what was set by hand.
///
/// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`, `HS_ERR_INVALID_ARGUMENT` (the key,
/// or `ms` is 0), `HS_ERR_NOT_FOUND` (there is no room for a new key). Since 1.0.
///
/// # Safety
/// `key` is valid as `hs_str` says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_breaker_force_open(breaker: *mut hs_breaker, key: hs_str, ms: u64) -> hs_status {
    let for_ = (ms != HS_INFINITE).then(|| Duration::from_millis(ms));
    let open = |circuit: &Circuit, now| circuit.force_open(now, for_);
    // SAFETY: as the caller promises.
    guard::status(|| {
        if ms == 0 {
            return Err(options::invalid("ms is 0".into()));
        }
        // SAFETY: as the caller promises.
        unsafe { by_hand(breaker, &key, open) }
    })
}

/// Closes the circuit of a key by hand: results are counted, and open it no more.
///
/// Thread: any. Errors: as `hs_breaker_force_open`. Since 1.0.
///
/// # Safety
/// `key` is valid as `hs_str` says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_breaker_force_closed(breaker: *mut hs_breaker, key: hs_str) -> hs_status {
    // SAFETY: as the caller promises.
    guard::status(|| unsafe { by_hand(breaker, &key, |circuit, now| circuit.force_closed(now)) })
}

/// Lets everything through for a key, and tells `on_transition` each time when it would have opened; the window begins anew
/// then. For trying options out.
///
/// Thread: any. Errors: as `hs_breaker_force_open`. Since 1.0.
///
/// # Safety
/// `key` is valid as `hs_str` says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_breaker_metrics_only(breaker: *mut hs_breaker, key: hs_str) -> hs_status {
    // SAFETY: as the caller promises.
    guard::status(|| unsafe { by_hand(breaker, &key, |circuit, now| circuit.metrics_only(now)) })
}

/// Ends what was done by hand: the circuit of a key is closed, its window empty, and it has never been open.
///
/// Thread: any. Errors: as `hs_breaker_force_open`. Since 1.0.
///
/// # Safety
/// `key` is valid as `hs_str` says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_breaker_reset(breaker: *mut hs_breaker, key: hs_str) -> hs_status {
    // SAFETY: as the caller promises.
    guard::status(|| unsafe { by_hand(breaker, &key, |circuit, now| circuit.reset(now)) })
}

/// How many keys have a circuit; 0 for anything that is not a live breaker.
///
/// Thread: any. Since 1.0.
#[unsafe(no_mangle)]
pub extern "C" fn hs_breaker_count(breaker: *const hs_breaker) -> usize {
    guard::value(0, || Some(handle::open::<Breaker>(breaker).ok()?.count()))
}

/// It stays while it is looked at, also when a callback frees it.
fn open(breaker: *mut hs_breaker) -> Result<handle::Pinned<Breaker>, Error> {
    if breaker.is_null() {
        return Err(Error::new(HS_ERR_NULL_ARGUMENT, "breaker is NULL"));
    }
    handle::open(breaker)
}

/// The breaker that something is given, `None` for NULL.
pub fn given(breaker: *mut hs_breaker) -> Result<Option<Breaker>, Error> {
    if breaker.is_null() { Ok(None) } else { Ok(Some(open(breaker)?.clone())) }
}

/// # Safety
/// `key` is valid as `hs_str` says.
unsafe fn key_text(key: &hs_str) -> Result<&str, Error> {
    // SAFETY: as the caller promises.
    let bytes = unsafe { key.bytes("key") }?;
    match std::str::from_utf8(bytes) {
        Ok("") => Err(options::invalid("key is empty".into())),
        Ok(_) if bytes.len() > LONGEST_KEY => {
            Err(options::invalid(format!("key has {} bytes: at most {LONGEST_KEY}", bytes.len())))
        }
        Ok(key) => Ok(key),
        Err(_) => Err(options::invalid(format!("key is {}: not UTF-8", quoted(bytes)))),
    }
}

/// # Safety
/// `key` is valid as `hs_str` says.
unsafe fn by_hand(
    breaker: *mut hs_breaker,
    key: &hs_str,
    change: impl Fn(&Circuit, Instant) -> Option<Transition>,
) -> Result<(), Error> {
    let breaker = open(breaker)?;
    // SAFETY: as the caller promises.
    let key = unsafe { key_text(key) }?;
    let now = breaker.now();
    loop {
        let circuit = breaker.circuit(key, now).map_err(|_| Error::plain(HS_ERR_NOT_FOUND))?;
        // It may lose its place in the table just now; then there is another one.
        if change(&circuit, now).is_some() {
            return Ok(());
        }
    }
}
