//! `hs_bulkhead`: so many at once, and the others wait in their order.

use super::cancel::hs_cancel;
use super::error::hs_error;
use super::guard;
use super::handle::{self, Handled, Kind};
use super::options;
use super::simulation::{self, hs_simulation};
use super::sized::{self, Sized32};
use super::text::hs_str;
use crate::cancel::Cancel;
use crate::error::Error;
use crate::resilience::bulkhead::{Bulkhead, BulkheadOptions, Event, Listener, Refused, Slot};
use crate::runtime::alone::Alone;
use crate::runtime::clock::{Clock, SystemClock};
use crate::runtime::simulation::Simulation;
use crate::status::*;
use permits::Permits;
use std::ffi::c_void;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

mod permits;

/// Slots for any number of keys: origins, or whatever the caller calls what may hang together. Each key has `capacity` of
/// them; who comes when all are taken waits, in the order of arrival, so that what hangs in one place does not take up all
/// there is.
///
/// It may be used on any thread and by any number of workers. Taking and giving back a slot takes no lock while nobody
/// waits. It stays with the workers that have it when it is freed.
pub struct hs_bulkhead {
    _private: [u8; 0],
}

pub struct Shared {
    bulkhead: Bulkhead,
    simulation: Option<Arc<Simulation>>,
    /// Of the slots that were taken through the ABI; what is left of them goes when the bulkhead is freed.
    permits: Permits<Slot>,
}

impl Handled for Shared {
    const KIND: Kind = Kind::Bulkhead;
    type C = hs_bulkhead;
}

/// In `hs_bulkhead_options.flags`: nobody waits; who comes when all slots are taken is refused.
pub const HS_BULKHEAD_NO_QUEUE: u32 = 1;

/// All slots are taken: it waits.
pub const HS_BULKHEAD_WAITS: u32 = 1;
/// All slots are taken, and so many wait already: it was refused.
pub const HS_BULKHEAD_REJECTED: u32 = 2;
/// No slot became free in its time.
pub const HS_BULKHEAD_TIMED_OUT: u32 = 3;

/// What has happened to a key.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hs_bulkhead_event {
    /// `sizeof(hs_bulkhead_event)` as the library knows it: fields behind it are not there.
    pub struct_size: u32,
    /// `HS_BULKHEAD_…`
    pub kind: u32,
    /// When it happened, in nanoseconds of the clock that it goes by.
    pub time_ns: u64,
    /// The number of this event among those of its key, from 1, so that they can be put in order when they come on several
    /// threads.
    pub sequence: u64,
    /// Valid during the callback; "*" for the slots that keys beyond `max_keys` share.
    pub key: hs_str,
    /// How many slots are taken, about.
    pub in_use: u32,
    /// How many wait, about.
    pub waiting: u32,
}

/// Is told what happens, on the thread to which it happens; no lock is held, and it may use the bulkhead, free it too. It
/// must return: no longjmp, no C++ exception.
pub type hs_bulkhead_callback = Option<unsafe extern "C" fn(user_data: *mut c_void, event: *const hs_bulkhead_event)>;

/// Options of a bulkhead. All zero but `struct_size` is the default everywhere.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hs_bulkhead_options {
    /// `sizeof(hs_bulkhead_options)`.
    pub struct_size: u32,
    /// `HS_BULKHEAD_NO_QUEUE` or 0.
    pub flags: u32,
    /// How many slots each key has. Default 100; at most 1,000,000.
    pub capacity: u32,
    /// How many may wait for one. Default 1,000; at most 65,536.
    pub queue: u32,
    /// How many keys have slots of their own. Default 1,024; at most 1,048,576. A further one takes the place of one that has
    /// no slot taken and nobody waiting; if there is none, it shares the slots of one key with the others beyond.
    pub max_keys: u32,
    /// Must be 0.
    pub reserved: u32,
    /// Is told what happens; may be NULL.
    pub on_event: hs_bulkhead_callback,
    /// Handed to `on_event`; must be valid, and usable on any thread, until the bulkhead is freed and the last worker that
    /// has it is closed.
    pub user_data: *mut c_void,
    /// The clock that it goes by. NULL: the machine's.
    pub simulation: *mut hs_simulation,
}

// SAFETY: repr(C): integers, pointers and an optional function, for which all-zero is None.
unsafe impl Sized32 for hs_bulkhead_options {
    const NAME: &'static str = "hs_bulkhead_options";
    const SMALLEST: usize = 8;
}

/// A slot that is taken, as numbers that the caller keeps. It may be copied and given back on any thread; it is given back
/// once.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hs_bulkhead_permit {
    /// All zero: no slot.
    pub opaque: [u64; 2],
}

/// How a key stands. Set `struct_size` before the call.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hs_bulkhead_info {
    /// `sizeof(hs_bulkhead_info)`.
    pub struct_size: u32,
    /// How many slots it has.
    pub capacity: u32,
    /// How many of them are taken.
    pub in_use: u32,
    /// How many wait.
    pub waiting: u32,
    /// How many were refused because so many waited.
    pub rejected: u64,
    /// How many waited in vain.
    pub timed_out: u64,
}

// SAFETY: repr(C), integers alone.
unsafe impl Sized32 for hs_bulkhead_info {
    const NAME: &'static str = "hs_bulkhead_info";
    const SMALLEST: usize = 16;
}

/// Makes a bulkhead. `options` may be NULL. `*bulkhead` is written on success only; free it with `hs_bulkhead_free`.
///
/// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_STRUCT_SIZE`, `HS_ERR_INVALID_ARGUMENT`, `HS_ERR_INVALID_HANDLE` and
/// `HS_ERR_FORKED` (the simulation), `HS_ERR_TOO_MANY_HANDLES`. Since 1.0.
///
/// # Safety
/// `options` is NULL or valid for as many bytes as its `struct_size` says, and its callback may be called with its
/// `user_data` as it says there; `bulkhead` and `error` are NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_bulkhead_new(
    options: *const hs_bulkhead_options,
    bulkhead: *mut *mut hs_bulkhead,
    error: *mut *mut hs_error,
) -> hs_status {
    let body = || {
        if bulkhead.is_null() {
            return Err(Error::new(HS_ERR_NULL_ARGUMENT, "bulkhead is NULL: there is nowhere to put the bulkhead"));
        }
        // SAFETY: as the caller promises.
        let made = unsafe { made(options) }?;
        let handle = handle::insert(made)?;
        // SAFETY: as the caller promises.
        unsafe { bulkhead.write(handle) };
        Ok(())
    };
    // SAFETY: as the caller promises.
    unsafe { guard::with_error(error, body) }
}

/// Frees a bulkhead; workers that have it keep it. Slots that were taken with `hs_bulkhead_acquire` are given back. NULL is
/// fine.
///
/// Thread: any. Errors: `HS_ERR_INVALID_HANDLE` (also for a second free), `HS_ERR_FORKED`. Since 1.0.
#[unsafe(no_mangle)]
pub extern "C" fn hs_bulkhead_free(bulkhead: *mut hs_bulkhead) -> hs_status {
    guard::status(|| if bulkhead.is_null() { Ok(()) } else { handle::close::<Shared>(bulkhead) })
}

/// Takes a slot of a key (UTF-8, 1 to 1,024 bytes), and waits for one where all are taken: in the order of arrival, at most
/// `timeout_ms` (0: 30,000; `HS_INFINITE`: for as long as it takes), and until `cancel` (may be NULL) is triggered. `*permit`
/// is written on success only; give it back with `hs_bulkhead_release`. With a simulation the wait is virtual, too.
///
/// Thread: any; the calling one waits. Errors: `HS_ERR_BULKHEAD_FULL` (so many wait already), `HS_ERR_TIMEOUT`,
/// `HS_ERR_CANCELLED`, `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_ARGUMENT` (key), `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`.
/// Since 1.0.
///
/// # Safety
/// `key` is valid as `hs_str` says; `permit` and `error` are NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_bulkhead_acquire(
    bulkhead: *mut hs_bulkhead,
    key: hs_str,
    timeout_ms: u64,
    cancel: *mut hs_cancel,
    permit: *mut hs_bulkhead_permit,
    error: *mut *mut hs_error,
) -> hs_status {
    let body = || {
        let shared = open(bulkhead)?;
        // SAFETY: as the caller promises.
        let key = unsafe { options::key(key, "key") }?;
        let cancel = if cancel.is_null() { None } else { Some(handle::open::<Cancel>(cancel)?.clone()) };
        if permit.is_null() {
            return Err(Error::new(HS_ERR_NULL_ARGUMENT, "permit is NULL: there is nowhere to put it"));
        }
        let patience = options::duration(timeout_ms, Some(Duration::from_secs(30)));
        let slots = shared.bulkhead.slots(key);
        let slot = match slots.try_acquire() {
            Some(slot) => slot,
            None => {
                let alone = Alone::new(shared.simulation.clone());
                let deadline = patience.map(|patience| alone.timers().now().saturating_add(patience));
                let waiting = unless_cancelled(cancel, slots.acquire(alone.timers(), deadline));
                match alone.block_on(waiting) {
                    Ok(Some(Ok(slot))) => slot,
                    Ok(Some(Err(refused))) => return Err(refusal(&shared.bulkhead, slots.key(), refused)),
                    Ok(None) => return Err(Error::plain(HS_ERR_CANCELLED)),
                    Err(_) => {
                        let message = "in virtual time nothing is left that could give a slot back";
                        return Err(Error::new(HS_ERR_TIMEOUT, message));
                    }
                }
            }
        };
        // SAFETY: as the caller promises.
        unsafe { permit.write(hs_bulkhead_permit { opaque: shared.permits.keep(slot) }) };
        Ok(())
    };
    // SAFETY: as the caller promises.
    unsafe { guard::with_error(error, body) }
}

/// Takes a slot of a key if one is free and nobody waits for it. `*permit` is written on success only; give it back with
/// `hs_bulkhead_release`.
///
/// Thread: any. Errors: `HS_ERR_BULKHEAD_FULL`, `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_ARGUMENT` (key),
/// `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`. Since 1.0.
///
/// # Safety
/// `key` is valid as `hs_str` says; `permit` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_bulkhead_try_acquire(
    bulkhead: *mut hs_bulkhead,
    key: hs_str,
    permit: *mut hs_bulkhead_permit,
) -> hs_status {
    guard::status(|| {
        let shared = open(bulkhead)?;
        // SAFETY: as the caller promises.
        let key = unsafe { options::key(key, "key") }?;
        if permit.is_null() {
            return Err(Error::plain(HS_ERR_NULL_ARGUMENT));
        }
        let slot = shared.bulkhead.slots(key).try_acquire().ok_or_else(|| Error::plain(HS_ERR_BULKHEAD_FULL))?;
        // SAFETY: as the caller promises.
        unsafe { permit.write(hs_bulkhead_permit { opaque: shared.permits.keep(slot) }) };
        Ok(())
    })
}

/// Gives a slot back: the first who waits has it now. `*permit` is all zero then.
///
/// Thread: any. Errors: `HS_ERR_INVALID_ARGUMENT` (given back already, none of this bulkhead's, or no permit; nothing
/// happens), `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`. Since 1.0.
///
/// # Safety
/// `permit` is NULL or valid for reads and writes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_bulkhead_release(bulkhead: *mut hs_bulkhead, permit: *mut hs_bulkhead_permit) -> hs_status {
    guard::status(|| {
        let shared = open(bulkhead)?;
        if permit.is_null() {
            return Err(Error::plain(HS_ERR_NULL_ARGUMENT));
        }
        // SAFETY: as the caller promises.
        let slot = shared.permits.take(unsafe { permit.read() }.opaque);
        drop(slot.ok_or_else(|| Error::plain(HS_ERR_INVALID_ARGUMENT))?);
        // SAFETY: as the caller promises.
        unsafe { permit.write(hs_bulkhead_permit { opaque: permits::NONE }) };
        Ok(())
    })
}

/// How a key stands; one that was never asked for has nothing taken.
///
/// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_STRUCT_SIZE`, `HS_ERR_INVALID_ARGUMENT` (key),
/// `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`. Since 1.0.
///
/// # Safety
/// `key` is valid as `hs_str` says; `info` is NULL or valid for as many bytes as its `struct_size` says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_bulkhead_state(
    bulkhead: *mut hs_bulkhead,
    key: hs_str,
    info: *mut hs_bulkhead_info,
) -> hs_status {
    guard::status(|| {
        let shared = open(bulkhead)?;
        // SAFETY: as the caller promises.
        let key = unsafe { options::key(key, "key") }?;
        if info.is_null() {
            return Err(Error::plain(HS_ERR_NULL_ARGUMENT));
        }
        let state = shared.bulkhead.state(key);
        let facts = hs_bulkhead_info {
            struct_size: 0,
            capacity: shared.bulkhead.options().capacity,
            in_use: state.in_use,
            waiting: state.waiting,
            rejected: state.rejected,
            timed_out: state.timed_out,
        };
        // SAFETY: as the caller promises.
        unsafe { sized::write(info, &facts) }
    })
}

/// The bulkhead that something is given, `None` for NULL.
pub fn given(bulkhead: *mut hs_bulkhead) -> Result<Option<Bulkhead>, Error> {
    if bulkhead.is_null() { Ok(None) } else { Ok(Some(open(bulkhead)?.bulkhead.clone())) }
}

/// Why there is no slot, in words.
pub fn refusal(bulkhead: &Bulkhead, key: &str, refused: Refused) -> Error {
    let BulkheadOptions { capacity, queue, .. } = bulkhead.options();
    let key = crate::error::quoted(key.as_bytes());
    match refused {
        Refused::Full => {
            let message = format!("the bulkhead is full: {capacity} slots of {key} are taken and {queue} wait");
            Error::new(HS_ERR_BULKHEAD_FULL, message)
        }
        Refused::TooLate => {
            let mut error =
                Error::new(HS_ERR_TIMEOUT, format!("none of {capacity} slots of {key} became free in time"));
            error.details_mut().phase = HS_PHASE_QUEUE;
            error
        }
    }
}

fn open(bulkhead: *mut hs_bulkhead) -> Result<handle::Pinned<Shared>, Error> {
    if bulkhead.is_null() {
        return Err(Error::new(HS_ERR_NULL_ARGUMENT, "bulkhead is NULL"));
    }
    handle::open(bulkhead)
}

/// What comes of it, or `None` when it is cancelled first; what is there already is taken.
pub async fn unless_cancelled<F: Future>(cancel: Option<Cancel>, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut cancel = pin!(cancel.as_ref().map(Cancel::triggered));
    poll_fn(|cx| {
        if let Poll::Ready(output) = future.as_mut().poll(cx) {
            return Poll::Ready(Some(output));
        }
        let cancelled = cancel.as_mut().as_pin_mut().is_some_and(|cancel| cancel.poll(cx).is_ready());
        if cancelled { Poll::Ready(None) } else { Poll::Pending }
    })
    .await
}

/// # Safety
/// `pointer` is NULL or valid for as many bytes as its `struct_size` says.
unsafe fn made(pointer: *const hs_bulkhead_options) -> Result<Shared, Error> {
    let (mut chosen, mut listener, mut simulation) = (BulkheadOptions::default(), None, None);
    if !pointer.is_null() {
        // SAFETY: as the caller promises.
        let given = unsafe { sized::read(pointer) }?;
        options::flags(given.flags, HS_BULKHEAD_NO_QUEUE, "hs_bulkhead_options")?;
        options::unused(given.reserved.into(), "hs_bulkhead_options.reserved")?;
        chosen.capacity = options::number(given.capacity, chosen.capacity);
        chosen.queue = options::number(given.queue, chosen.queue);
        if given.flags & HS_BULKHEAD_NO_QUEUE != 0 {
            if given.queue != 0 {
                let message = format!("hs_bulkhead_options.queue is {} with HS_BULKHEAD_NO_QUEUE", given.queue);
                return Err(options::invalid(message));
            }
            chosen.queue = 0;
        }
        chosen.max_keys = options::number(given.max_keys as usize, chosen.max_keys);
        chosen.validate().map_err(|why| options::invalid(format!("hs_bulkhead_options.{why}")))?;
        listener = told(given.on_event, given.user_data);
        simulation = simulation::given(given.simulation)?;
    }
    let clock: Arc<dyn Clock> = match &simulation {
        Some(simulation) => simulation.clone(),
        None => Arc::new(SystemClock),
    };
    let bulkhead = Bulkhead::new(chosen, clock, listener);
    Ok(Shared { bulkhead, simulation, permits: Permits::default() })
}

fn told(callback: hs_bulkhead_callback, user_data: *mut c_void) -> Option<Listener> {
    let callback = callback?;
    let user_data = user_data.expose_provenance();
    Some(Box::new(move |event| {
        let event = facts(event);
        // SAFETY: the caller's function with the caller's data, as `hs_bulkhead_options` says.
        unsafe { callback(std::ptr::with_exposed_provenance_mut(user_data), &event) }
    }))
}

fn facts(event: &Event) -> hs_bulkhead_event {
    hs_bulkhead_event {
        struct_size: size_of::<hs_bulkhead_event>() as u32,
        kind: event.kind as u32,
        time_ns: event.time.0,
        sequence: event.sequence,
        key: hs_str::borrowed(event.key.as_bytes()),
        in_use: event.in_use,
        waiting: event.waiting,
    }
}
