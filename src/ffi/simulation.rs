//! `hs_simulation`: virtual time and scripted chance, for tests that are to come out the same every time.

use super::error::hs_error;
use super::guard;
use super::handle::{self, Handled, Kind};
use super::options;
use super::sized::{self, Sized32};
use crate::error::Error;
use crate::runtime::chance::{Chance, SystemChance};
use crate::runtime::clock::{Clock, Instant, SystemClock};
use crate::runtime::simulation::{Simulation, WHOLE};
use crate::status::{HS_ERR_NULL_ARGUMENT, hs_status};
use std::ffi::c_void;
use std::sync::Arc;
use std::time::Duration;

/// A clock that only moves when it is told to, or when a worker that has it could do nothing but wait, and chance that
/// comes from a seed or a script. What is given it (`hs_worker_options.simulation`, and the field of that name in the
/// options of shared objects) goes by it alone, so that the same program gives the same events at the same times, in any
/// language and on any machine.
///
/// It may be used on any thread, and stays with those that have it when it is freed.
pub struct hs_simulation {
    _private: [u8; 0],
}

pub struct Shared(Arc<Simulation>);

impl Handled for Shared {
    const KIND: Kind = Kind::Simulation;
    type C = hs_simulation;
}

impl Drop for Shared {
    /// Plans point to what is the caller's.
    fn drop(&mut self) {
        self.0.give_up_plans();
    }
}

/// Options of a simulation. All zero but `struct_size` is the seed 0, and a wall clock that shows 1970 at the moment 0.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hs_simulation_options {
    /// `sizeof(hs_simulation_options)`.
    pub struct_size: u32,
    /// Must be 0.
    pub flags: u32,
    /// What chance comes from when its script (`hs_simulation_random`) is used up. The same seed gives the same numbers
    /// with the same version of the library.
    pub seed: u64,
    /// What the wall clock shows at the moment 0, in nanoseconds since 1970.
    pub wall_ns: i64,
}

// SAFETY: repr(C), integers alone.
unsafe impl Sized32 for hs_simulation_options {
    const NAME: &'static str = "hs_simulation_options";
    const SMALLEST: usize = 8;
}

const MOST_AT_ONCE: usize = 1_000_000;

/// Makes a simulation whose clock shows 0. `options` may be NULL. `*simulation` is written on success only; free it with
/// `hs_simulation_free`.
///
/// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_STRUCT_SIZE`, `HS_ERR_INVALID_ARGUMENT`,
/// `HS_ERR_TOO_MANY_HANDLES`. Since 1.0.
///
/// # Safety
/// `options` is NULL or valid for as many bytes as its `struct_size` says; `simulation` and `error` are NULL or valid for
/// a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_simulation_new(
    options: *const hs_simulation_options,
    simulation: *mut *mut hs_simulation,
    error: *mut *mut hs_error,
) -> hs_status {
    let body = || {
        if simulation.is_null() {
            let message = "simulation is NULL: there is nowhere to put the new simulation";
            return Err(Error::new(HS_ERR_NULL_ARGUMENT, message));
        }
        let (mut seed, mut wall) = (0, 0);
        if !options.is_null() {
            // SAFETY: as the caller promises.
            let given = unsafe { sized::read(options) }?;
            options::flags(given.flags, 0, "hs_simulation_options")?;
            (seed, wall) = (given.seed, given.wall_ns);
        }
        let made = Simulation::new(seed);
        made.set_wall(wall);
        let handle = handle::insert(Shared(Arc::new(made)))?;
        // SAFETY: as the caller promises.
        unsafe { simulation.write(handle) };
        Ok(())
    };
    // SAFETY: as the caller promises.
    unsafe { guard::with_error(error, body) }
}

/// Frees a simulation; what was given it keeps its clock. What was planned with `hs_simulation_at` is forgotten. NULL is
/// fine.
///
/// Thread: any. Errors: `HS_ERR_INVALID_HANDLE` (also for a second free), `HS_ERR_FORKED`. Since 1.0.
#[unsafe(no_mangle)]
pub extern "C" fn hs_simulation_free(simulation: *mut hs_simulation) -> hs_status {
    guard::status(|| if simulation.is_null() { Ok(()) } else { handle::close::<Shared>(simulation) })
}

/// Lets time pass, with all that was planned for it. Workers notice at their next call; one that is inside a call, when
/// that has next to wait.
///
/// Thread: any; also from a callback. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`.
/// Since 1.0.
#[unsafe(no_mangle)]
pub extern "C" fn hs_simulation_advance(simulation: *mut hs_simulation, nanoseconds: u64) -> hs_status {
    guard::status(|| {
        open(simulation)?.advance(Duration::from_nanos(nanoseconds));
        Ok(())
    })
}

/// What the clock shows, in nanoseconds; 0 for anything that is not a live simulation.
///
/// Thread: any. Since 1.0.
#[unsafe(no_mangle)]
pub extern "C" fn hs_simulation_now(simulation: *const hs_simulation) -> u64 {
    guard::value(0, || Some(open(simulation).ok()?.now().0))
}

/// Sets the wall clock, by which only HTTP dates are read; it goes along with the clock from there. Nothing else changes.
///
/// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`. Since 1.0.
#[unsafe(no_mangle)]
pub extern "C" fn hs_simulation_set_wall(simulation: *mut hs_simulation, unix_nanoseconds: i64) -> hs_status {
    guard::status(|| {
        open(simulation)?.set_wall(unix_nanoseconds);
        Ok(())
    })
}

/// Adds to the script of chance: what is drawn next, each number once, as millionths of the range that is drawn from. 0 is
/// its lower end and 1,000,000 its upper one. When the script is used up the seed goes on.
///
/// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`, `HS_ERR_INVALID_ARGUMENT` (a
/// number above 1,000,000, or more than a million of them; none is added then). Since 1.0.
///
/// # Safety
/// `millionths` is NULL or points to `count` numbers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_simulation_random(
    simulation: *mut hs_simulation,
    millionths: *const u32,
    count: usize,
) -> hs_status {
    guard::status(|| {
        let simulation = open(simulation)?;
        // SAFETY: as the caller promises.
        let numbers = unsafe { options::array(millionths, count, MOST_AT_ONCE, "millionths") }?;
        if let Some(beyond) = numbers.iter().find(|number| **number > WHOLE) {
            return Err(options::invalid(format!("one of millionths is {beyond}: at most {WHOLE}")));
        }
        simulation.script(numbers);
        Ok(())
    })
}

/// Is called when the moment of a plan has come. It may do what it likes but with the worker that waits, which is busy,
/// and must return: no longjmp, no C++ exception.
pub type hs_simulation_callback = Option<unsafe extern "C" fn(user_data: *mut c_void)>;

/// Plans something: `callback` is called once, when the clock reaches `nanoseconds`, and before anything else that is due
/// then. Whoever moves the clock calls it, on his thread: `hs_simulation_advance`, or a worker that waits. Plans for the same moment
/// are carried out in their order, and one for a moment that has passed at the next occasion. `hs_simulation_free`
/// forgets those that are left.
///
/// Thread: any; also from a callback. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`. Since 1.0.
///
/// # Safety
/// `callback` may be called with `user_data`, on any thread that moves the clock, until the simulation is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_simulation_at(
    simulation: *mut hs_simulation,
    nanoseconds: u64,
    callback: hs_simulation_callback,
    user_data: *mut c_void,
) -> hs_status {
    guard::status(|| {
        let simulation = open(simulation)?;
        let callback = callback.ok_or_else(|| Error::new(HS_ERR_NULL_ARGUMENT, "callback is NULL"))?;
        let user_data = user_data.expose_provenance();
        // SAFETY: as the caller promises.
        let plan = move || unsafe { callback(std::ptr::with_exposed_provenance_mut(user_data)) };
        simulation.at(Instant(nanoseconds), plan);
        Ok(())
    })
}

fn open(simulation: *const hs_simulation) -> Result<Arc<Simulation>, Error> {
    if simulation.is_null() {
        return Err(Error::new(HS_ERR_NULL_ARGUMENT, "simulation is NULL"));
    }
    Ok(handle::open::<Shared>(simulation)?.0.clone())
}

/// The simulation that something is given, `None` for NULL.
pub fn given(simulation: *mut hs_simulation) -> Result<Option<Arc<Simulation>>, Error> {
    if simulation.is_null() { Ok(None) } else { Ok(Some(open(simulation)?)) }
}

/// What an object goes by.
pub type ClockAndChance = (Arc<dyn Clock>, Arc<dyn Chance>);

/// The clock and the chance that a shared object goes by; the machine's for NULL.
pub fn clock_and_chance(simulation: *mut hs_simulation) -> Result<ClockAndChance, Error> {
    Ok(match given(simulation)? {
        Some(simulation) => (simulation.clone(), simulation),
        None => (Arc::new(SystemClock), Arc::new(SystemChance)),
    })
}
