//! `hs_budget`: how many retries a server gets on top of what it is asked anyway.

use super::error::hs_error;
use super::guard;
use super::handle::{self, Handled, Kind};
use super::options;
use super::simulation::{self, hs_simulation};
use super::sized::{self, Sized32};
use super::text::hs_str;
use crate::error::Error;
use crate::resilience::retry::budget::{Budget, BudgetOptions};
use crate::status::*;

/// A retry budget for any number of keys: origins, or whatever the caller calls what may fail together. In any ten seconds
/// each key gets as many retries and hedges as `percent` of the requests that are neither, and `min_retries` in any case.
/// So in an outage three attempts are not three times the load, but a fifth more.
///
/// It may be used on any thread and by any number of workers, which then share it; it takes no lock. Every worker has one
/// of its own where it is given none. It stays with the workers that have it when it is freed.
pub struct hs_budget {
    _private: [u8; 0],
}

impl Handled for Budget {
    const KIND: Kind = Kind::Budget;
    type C = hs_budget;
}

/// In `hs_budget_options.flags`: no retries beyond `percent`, however few requests there are.
pub const HS_BUDGET_NO_MINIMUM: u32 = 1;

/// Options of a retry budget. All zero but `struct_size` is the default everywhere.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hs_budget_options {
    /// `sizeof(hs_budget_options)`.
    pub struct_size: u32,
    /// `HS_BUDGET_NO_MINIMUM` or 0.
    pub flags: u32,
    /// Retries and hedges for a hundred requests, rounded down. Default 20; at most 100.
    pub percent: u32,
    /// So many in ten seconds in any case. Default 10.
    pub min_retries: u32,
    /// How many keys have a budget of their own. Default 1,024; at most 1,048,576. A further one takes the place of one of
    /// which nothing was heard for ten seconds; if there is none, it shares one budget with the others beyond.
    pub max_keys: u32,
    /// Must be 0.
    pub reserved: u32,
    /// The clock that it goes by. NULL: the machine's.
    pub simulation: *mut hs_simulation,
}

// SAFETY: repr(C), integers and pointers alone.
unsafe impl Sized32 for hs_budget_options {
    const NAME: &'static str = "hs_budget_options";
    const SMALLEST: usize = 8;
}

/// How a key stands: what there was in the last ten seconds. Set `struct_size` before the call.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hs_budget_info {
    /// `sizeof(hs_budget_info)`.
    pub struct_size: u32,
    /// Not used.
    pub reserved: u32,
    /// Requests that are no retries and no hedges.
    pub originals: u64,
    /// Retries and hedges.
    pub withdrawn: u64,
    /// How many retries and hedges there may be.
    pub allowed: u64,
}

// SAFETY: repr(C), integers alone.
unsafe impl Sized32 for hs_budget_info {
    const NAME: &'static str = "hs_budget_info";
    const SMALLEST: usize = 8;
}

/// Makes a retry budget. `options` may be NULL. `*budget` is written on success only; free it with `hs_budget_free`.
///
/// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_STRUCT_SIZE`, `HS_ERR_INVALID_ARGUMENT`, `HS_ERR_INVALID_HANDLE` and
/// `HS_ERR_FORKED` (the simulation), `HS_ERR_TOO_MANY_HANDLES`. Since 1.0.
///
/// # Safety
/// `options` is NULL or valid for as many bytes as its `struct_size` says; `budget` and `error` are NULL or valid for a
/// write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_budget_new(
    options: *const hs_budget_options,
    budget: *mut *mut hs_budget,
    error: *mut *mut hs_error,
) -> hs_status {
    let body = || {
        if budget.is_null() {
            return Err(Error::new(HS_ERR_NULL_ARGUMENT, "budget is NULL: there is nowhere to put the budget"));
        }
        // SAFETY: as the caller promises.
        let made = unsafe { made(options) }?;
        let handle = handle::insert(made)?;
        // SAFETY: as the caller promises.
        unsafe { budget.write(handle) };
        Ok(())
    };
    // SAFETY: as the caller promises.
    unsafe { guard::with_error(error, body) }
}

/// Frees a retry budget; workers that have it keep it. NULL is fine.
///
/// Thread: any. Errors: `HS_ERR_INVALID_HANDLE` (also for a second free), `HS_ERR_FORKED`. Since 1.0.
#[unsafe(no_mangle)]
pub extern "C" fn hs_budget_free(budget: *mut hs_budget) -> hs_status {
    guard::status(|| if budget.is_null() { Ok(()) } else { handle::close::<Budget>(budget) })
}

/// Says that a request is made for a key (UTF-8, 1 to 1,024 bytes) that is no retry and no hedge. Workers say it by
/// themselves; this is for work of the caller's own.
///
/// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_ARGUMENT` (key), `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`.
/// Since 1.0.
///
/// # Safety
/// `key` is valid as `hs_str` says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_budget_original(budget: *mut hs_budget, key: hs_str) -> hs_status {
    guard::status(|| {
        let budget = handle::open::<Budget>(budget)?;
        // SAFETY: as the caller promises.
        budget.original(unsafe { options::key(key, "key") }?, budget.now());
        Ok(())
    })
}

/// Takes one retry for a key: `*granted` is 1 where there may be one now, else 0, and then nothing is taken.
///
/// Thread: any. Errors: as `hs_budget_original`. Since 1.0.
///
/// # Safety
/// `key` is valid as `hs_str` says; `granted` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_budget_withdraw(budget: *mut hs_budget, key: hs_str, granted: *mut u32) -> hs_status {
    guard::status(|| {
        let budget = handle::open::<Budget>(budget)?;
        // SAFETY: as the caller promises.
        let key = unsafe { options::key(key, "key") }?;
        if granted.is_null() {
            return Err(Error::plain(HS_ERR_NULL_ARGUMENT));
        }
        // SAFETY: as the caller promises.
        unsafe { granted.write(budget.withdraw(key, budget.now()).into()) };
        Ok(())
    })
}

/// How a key stands; one that was never asked for is like a new one.
///
/// Thread: any. Errors: as `hs_budget_original`, and `HS_ERR_STRUCT_SIZE`. Since 1.0.
///
/// # Safety
/// `key` is valid as `hs_str` says; `info` is NULL or valid for as many bytes as its `struct_size` says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_budget_state(budget: *mut hs_budget, key: hs_str, info: *mut hs_budget_info) -> hs_status {
    guard::status(|| {
        let budget = handle::open::<Budget>(budget)?;
        // SAFETY: as the caller promises.
        let key = unsafe { options::key(key, "key") }?;
        if info.is_null() {
            return Err(Error::plain(HS_ERR_NULL_ARGUMENT));
        }
        let state = budget.state(key, budget.now());
        let (originals, withdrawn, allowed) = (state.originals, state.withdrawn, state.allowed);
        // SAFETY: as the caller promises.
        unsafe { sized::write(info, &hs_budget_info { struct_size: 0, reserved: 0, originals, withdrawn, allowed }) }
    })
}

/// The budget that something is given, `None` for NULL.
pub fn given(budget: *mut hs_budget) -> Result<Option<Budget>, Error> {
    if budget.is_null() { Ok(None) } else { Ok(Some(handle::open::<Budget>(budget)?.clone())) }
}

/// # Safety
/// `pointer` is NULL or valid for as many bytes as its `struct_size` says.
unsafe fn made(pointer: *const hs_budget_options) -> Result<Budget, Error> {
    let (mut chosen, mut simulation) = (BudgetOptions::default(), std::ptr::null_mut());
    if !pointer.is_null() {
        // SAFETY: as the caller promises.
        let given = unsafe { sized::read(pointer) }?;
        options::flags(given.flags, HS_BUDGET_NO_MINIMUM, "hs_budget_options")?;
        options::unused(given.reserved.into(), "hs_budget_options.reserved")?;
        chosen.percent = options::number(given.percent, chosen.percent);
        chosen.floor = options::number(given.min_retries, chosen.floor);
        if given.flags & HS_BUDGET_NO_MINIMUM != 0 {
            if given.min_retries != 0 {
                let least = given.min_retries;
                let message = format!("hs_budget_options.min_retries is {least} with HS_BUDGET_NO_MINIMUM");
                return Err(options::invalid(message));
            }
            chosen.floor = 0;
        }
        chosen.max_keys = options::number(given.max_keys as usize, chosen.max_keys);
        chosen.validate().map_err(|why| options::invalid(format!("hs_budget_options.{why}")))?;
        simulation = given.simulation;
    }
    let (clock, _) = simulation::clock_and_chance(simulation)?;
    Ok(Budget::new(chosen, clock))
}
