//! `hs_pool_options`: how large a pool is, and what its workers are like.

use crate::error::Error;
use crate::ffi::options::{self, number};
use crate::ffi::sized::{self, Sized32};
use crate::ffi::worker::{self, hs_worker_options};
use crate::pool::PoolOptions;
use crate::pool::schedule::Caps;
use crate::worker::WorkerOptions;
use std::time::Duration;

/// Options of a pool. All zero but `struct_size` means defaults, and 0 means the default at each field. Durations are
/// milliseconds.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hs_pool_options {
    /// `sizeof(hs_pool_options)`.
    pub struct_size: u32,
    /// Must be 0.
    pub flags: u32,
    /// What the workers of its threads are like; NULL: all defaults. Policies, cookies and counts of events are one for
    /// all of them; an event callback is called on each of the threads, also on several at once. `record` and
    /// `simulation` cannot be set.
    pub worker: *const hs_worker_options,
    /// How many threads there are at most. Default: as many as the machine runs at once; at most 256.
    pub max_threads: u32,
    /// How many are kept when there is nothing to do. Default 1.
    pub min_threads: u32,
    /// How many requests are under way at most; the others wait in the queue. Over HTTP/1.1 each has a connection, and each
    /// connection a descriptor. Default 1,024; at most 1,000,000.
    pub max_in_flight: u32,
    /// The same for requests to one origin, by their URLs: what a slow one cannot take from the others. Default 256, or
    /// `max_in_flight` where that is less.
    pub max_in_flight_per_origin: u32,
    /// How many requests may wait, for their turn or for their `start_after_ms`. Together with those under way and with
    /// completions that nobody has taken there are never more than this and `max_in_flight`. Default 10,000; at most
    /// 10,000,000.
    pub max_queued: u32,
    /// How many idle connections are kept, on all threads together, each of which has its part; that of `worker` is not
    /// looked at. Default: `max_in_flight_per_origin`, or 100 where that is less.
    pub max_idle_connections: u32,
    /// How long `hs_pool_submit` waits for room where the pool is full. 0: not at all; `HS_INFINITE`: without limit. Of
    /// several that wait, who came first gets in first.
    pub submit_timeout_ms: u64,
    /// After how long without a request a thread ends, as long as more than `min_threads` are left. Default 30,000;
    /// `HS_INFINITE`: never.
    pub idle_thread_ms: u64,
}

// SAFETY: repr(C), integers and pointers alone.
unsafe impl Sized32 for hs_pool_options {
    const NAME: &'static str = "hs_pool_options";
    const SMALLEST: usize = 8;
}

const MOST_THREADS: u32 = 256;
const MOST_IN_FLIGHT: u32 = 1_000_000;
const MOST_QUEUED: u32 = 10_000_000;

/// # Safety
/// `pointer` is NULL or valid for as many bytes as its `struct_size` says, and so is what it points to.
pub unsafe fn chosen(pointer: *const hs_pool_options) -> Result<PoolOptions, Error> {
    // SAFETY: all-zero is a value of it.
    let mut given: hs_pool_options = unsafe { std::mem::zeroed() };
    if !pointer.is_null() {
        // SAFETY: as the caller promises.
        given = unsafe { sized::read(pointer) }?;
    }
    let mut worker = if given.worker.is_null() {
        WorkerOptions::default()
    } else {
        // SAFETY: as the caller promises.
        unsafe { worker::chosen(given.worker) }?
    };
    if worker.simulation.is_some() || worker.record.is_some() {
        let what = if worker.record.is_some() { "record" } else { "simulation" };
        return Err(options::invalid(format!("hs_pool_options.worker has {what}, which is for one worker alone")));
    }
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let caps = caps(
        &given,
        Caps { in_flight: 1_024, per_origin: 256, queued: 10_000, max_threads: cores.min(256), min_threads: 1 },
    )?;
    let idle = number(given.max_idle_connections as usize, caps.per_origin.max(100));
    worker.max_idle_connections = u32::try_from(idle.div_ceil(caps.max_threads)).unwrap_or(u32::MAX).min(65_536);
    Ok(PoolOptions {
        worker,
        caps,
        submit_timeout: match given.submit_timeout_ms {
            0 => Some(Duration::ZERO),
            wait => options::duration(wait, None),
        },
        idle_thread: options::duration(given.idle_thread_ms, Some(Duration::from_secs(30))),
    })
}

/// # Safety
/// `pointer` is valid for as many bytes as its `struct_size` says.
pub unsafe fn resized(pointer: *const hs_pool_options, now: Caps) -> Result<Caps, Error> {
    // SAFETY: as the caller promises.
    let given = unsafe { sized::read(pointer) }?;
    if !given.worker.is_null() {
        return Err(options::invalid("hs_pool_options.worker is set: the workers of a pool stay as they are".into()));
    }
    options::unused(given.submit_timeout_ms, "hs_pool_options.submit_timeout_ms of a pool that is resized")?;
    options::unused(given.idle_thread_ms, "hs_pool_options.idle_thread_ms of a pool that is resized")?;
    let idle = u64::from(given.max_idle_connections);
    options::unused(idle, "hs_pool_options.max_idle_connections of a pool that is resized")?;
    caps(&given, now)
}

fn caps(given: &hs_pool_options, default: Caps) -> Result<Caps, Error> {
    options::flags(given.flags, 0, "hs_pool_options")?;
    let bounded = |value: u32, most: u32, default: usize, what: &str| {
        if value > most {
            return Err(options::invalid(format!("hs_pool_options.{what} is {value}: at most {most}")));
        }
        Ok(number(value as usize, default))
    };
    let mut caps = Caps {
        max_threads: bounded(given.max_threads, MOST_THREADS, default.max_threads, "max_threads")?,
        min_threads: bounded(given.min_threads, MOST_THREADS, default.min_threads, "min_threads")?,
        in_flight: bounded(given.max_in_flight, MOST_IN_FLIGHT, default.in_flight, "max_in_flight")?,
        per_origin: bounded(
            given.max_in_flight_per_origin,
            MOST_IN_FLIGHT,
            default.per_origin,
            "max_in_flight_per_origin",
        )?,
        queued: bounded(given.max_queued, MOST_QUEUED, default.queued, "max_queued")?,
    };
    if caps.min_threads > caps.max_threads {
        if given.min_threads != 0 && given.max_threads != 0 {
            let (least, most) = (caps.min_threads, caps.max_threads);
            let message = format!("hs_pool_options.min_threads is {least}, and max_threads is {most}");
            return Err(options::invalid(message));
        }
        if given.min_threads != 0 {
            caps.max_threads = caps.min_threads;
        } else {
            caps.min_threads = caps.max_threads;
        }
    }
    caps.per_origin = caps.per_origin.min(caps.in_flight);
    Ok(caps)
}
