//! From `hs_breaker_options` to a breaker.

use super::{facts, hs_breaker_callback, hs_breaker_options};
use crate::error::Error;
use crate::ffi::options::{self, number};
use crate::ffi::{simulation, sized};
use crate::resilience::breaker::{Breaker, Listener, MOST_PROBES, Options, Span};
use std::ffi::c_void;
use std::time::Duration;

const MOST_KEYS: u32 = 65_536;
const MOST_CALLS: u32 = 10_000;
const MOST_MIN_CALLS: u32 = 1_000_000;
const SHORTEST_WINDOW: u64 = 100;
const LONGEST_WINDOW: u64 = 3_600_000;

/// # Safety
/// `pointer` is NULL or valid for as many bytes as its `struct_size` says.
pub unsafe fn made(pointer: *const hs_breaker_options) -> Result<Breaker, Error> {
    let (mut chosen, mut listener, mut simulation) = (Options::default(), None, std::ptr::null_mut());
    if !pointer.is_null() {
        // SAFETY: as the caller promises.
        let given = unsafe { sized::read(pointer) }?;
        chosen = checked(&given)?;
        listener = told(given.on_transition, given.user_data);
        simulation = given.simulation;
    }
    let (clock, chance) = simulation::clock_and_chance(simulation)?;
    Ok(Breaker::new(chosen, clock, chance, listener))
}

fn checked(given: &hs_breaker_options) -> Result<Options, Error> {
    const NAME: &str = "hs_breaker_options";
    let defaults = Options::default();
    let within = |field: &str, value: u64, least: u64, most: u64| {
        if value == 0 || (least..=most).contains(&value) {
            Ok(())
        } else {
            Err(options::invalid(format!("{NAME}.{field} is {value}: {least} to {most}")))
        }
    };
    options::flags(given.flags, 0, NAME)?;
    within("window_ms", given.window_ms, SHORTEST_WINDOW, LONGEST_WINDOW)?;
    within("window_calls", given.window_calls.into(), 1, MOST_CALLS.into())?;
    within("min_calls", given.min_calls.into(), 1, MOST_MIN_CALLS.into())?;
    within("failure_percent", given.failure_percent.into(), 1, 100)?;
    within("slow_percent", given.slow_percent.into(), 1, 100)?;
    within("half_open_permits", given.half_open_permits.into(), 1, MOST_PROBES.into())?;
    within("max_keys", given.max_keys.into(), 1, MOST_KEYS.into())?;
    const LONGEST: u64 = 31 * 24 * 3_600_000;
    within("slow_ms", given.slow_ms, 1, LONGEST)?;
    within("open_ms", given.open_ms, 1, LONGEST)?;
    within("open_max_ms", given.open_max_ms, 1, LONGEST)?;
    within("probe_lease_ms", given.probe_lease_ms, 1, LONGEST)?;
    if given.window_ms != 0 && given.window_calls != 0 {
        let (time, calls) = (given.window_ms, given.window_calls);
        let message = format!("{NAME}.window_ms is {time} and window_calls is {calls}: choose one");
        return Err(options::invalid(message));
    }
    if given.slow_percent != 0 && given.slow_ms == 0 {
        let percent = given.slow_percent;
        return Err(options::invalid(format!("{NAME}.slow_percent is {percent} without slow_ms: nothing is slow")));
    }
    let open = options::duration(given.open_ms, Some(defaults.open)).unwrap_or(defaults.open);
    let open_most = match given.open_max_ms {
        0 => defaults.open_most.max(open),
        most => Duration::from_millis(most),
    };
    if open > open_most {
        let (open, most) = (open.as_millis(), given.open_max_ms);
        return Err(options::invalid(format!("{NAME}.open_max_ms is {most}: less than open_ms, which is {open}")));
    }
    let span = match (given.window_ms, given.window_calls) {
        (0, 0) => defaults.span,
        (0, calls) => Span::Count(calls),
        (time, _) => Span::Time(Duration::from_millis(time)),
    };
    let slow = (given.slow_ms != 0).then(|| (Duration::from_millis(given.slow_ms), number(given.slow_percent, 50)));
    Ok(Options {
        span,
        min_calls: number(given.min_calls, defaults.min_calls),
        failure_percent: number(given.failure_percent, defaults.failure_percent),
        slow,
        open,
        open_most,
        probes: number(given.half_open_permits, defaults.probes),
        lease: options::duration(given.probe_lease_ms, None).unwrap_or(defaults.lease),
        max_keys: number(given.max_keys as usize, defaults.max_keys),
    })
}

/// The caller's, who says that it may be used on any thread.
struct UserData(*mut c_void);
// SAFETY: the contract of `hs_breaker_options.user_data`.
unsafe impl Send for UserData {}
// SAFETY: as above.
unsafe impl Sync for UserData {}

impl UserData {
    /// Closures take the whole of what they use a method of, and so this rather than the bare pointer.
    fn get(&self) -> *mut c_void {
        self.0
    }
}

fn told(callback: hs_breaker_callback, user_data: *mut c_void) -> Option<Listener> {
    let (callback, user_data) = (callback?, UserData(user_data));
    Some(Box::new(move |event| {
        let event = facts::of_event(event);
        // SAFETY: the caller's function with the caller's data.
        unsafe { callback(user_data.get(), &event) }
    }))
}
