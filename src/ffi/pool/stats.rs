//! `hs_pool_stats`: what a pool does now and has done so far.

use super::hs_pool;
use crate::error::Error;
use crate::ffi::counters::{self, hs_counters, hs_histogram};
use crate::ffi::sized::{self, Sized32};
use crate::ffi::{guard, handle};
use crate::observe::histogram::Snapshot;
use crate::pool::Pool;
use crate::status::{HS_ERR_NULL_ARGUMENT, hs_status};
use std::sync::atomic::Ordering;

/// What a pool does now and has done so far. Set `struct_size` before the call.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hs_pool_counters {
    /// `sizeof(hs_pool_counters)`.
    pub struct_size: u32,
    /// Must be 0.
    pub reserved: u32,
    /// Requests that wait now, for their turn or their time.
    pub queued: u64,
    /// Requests that are under way now.
    pub in_flight: u64,
    /// Completions that nobody has taken yet.
    pub unreaped: u64,
    /// Threads that run now.
    pub threads: u64,
    /// Requests that were accepted; each has a completion by now, or is among `queued` or `in_flight`.
    pub accepted: u64,
    /// Requests that were refused although nothing was wrong with them: no room, no thread, or after `hs_pool_drain`.
    pub refused: u64,
    /// Completions that there were.
    pub completed: u64,
    /// Completions that were taken, those of the kind `HS_COMPLETION_READABLE` included, which `completed` does not count.
    pub reaped: u64,
    /// The most requests that were under way at once.
    pub most_in_flight: u64,
    /// Threads that were started after the first ones.
    pub threads_started: u64,
    /// Threads that could not be started, or were of no use.
    pub threads_failed: u64,
    /// Connections that are open now; 0 with a mock.
    pub connections: u64,
    /// Those of them that nobody uses.
    pub idle_connections: u64,
}

// SAFETY: repr(C), integers alone.
unsafe impl Sized32 for hs_pool_counters {
    const NAME: &'static str = "hs_pool_counters";
    const SMALLEST: usize = size_of::<hs_pool_counters>();
}

/// What a pool does now and has done so far. Each number is exact, but they are not all of the same moment.
/// `counters->struct_size` must be set; on failure nothing is written.
///
/// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`, `HS_ERR_STRUCT_SIZE`. Since 1.0.
///
/// # Safety
/// `counters` is NULL or valid for as many bytes as its `struct_size` says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_pool_stats(pool: *mut hs_pool, counters: *mut hs_pool_counters) -> hs_status {
    guard::status(|| {
        let pool = handle::open::<Pool>(pool)?;
        if counters.is_null() {
            return Err(Error::plain(HS_ERR_NULL_ARGUMENT));
        }
        let (gauges, tallies, books) = (pool.gauges(), pool.tallies(), pool.books());
        let facts = hs_pool_counters {
            struct_size: 0,
            reserved: 0,
            queued: gauges.queued as u64,
            in_flight: gauges.in_flight as u64,
            unreaped: gauges.unreaped as u64,
            threads: gauges.threads as u64,
            accepted: tallies.accepted.load(Ordering::Relaxed),
            refused: tallies.refused.load(Ordering::Relaxed),
            completed: tallies.completed.load(Ordering::Relaxed),
            reaped: tallies.reaped.load(Ordering::Relaxed),
            most_in_flight: tallies.most_in_flight.load(Ordering::Relaxed),
            threads_started: tallies.threads_started.load(Ordering::Relaxed),
            threads_failed: tallies.threads_failed.load(Ordering::Relaxed),
            connections: books.iter().map(|book| book.connections.open()).sum(),
            idle_connections: books.iter().map(|book| book.connections.idle()).sum(),
        };
        // SAFETY: as the caller promises.
        unsafe { sized::write(counters, &facts) }
    })
}

/// What the workers of a pool have done so far, all together and those that are gone included: as `hs_worker_counters`.
/// `counters->struct_size` must be set; on failure nothing is written.
///
/// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`, `HS_ERR_STRUCT_SIZE`. Since 1.0.
///
/// # Safety
/// `counters` is NULL or valid for as many bytes as its `struct_size` says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_pool_worker_counters(pool: *mut hs_pool, counters: *mut hs_counters) -> hs_status {
    guard::status(|| {
        let pool = handle::open::<Pool>(pool)?;
        if counters.is_null() {
            return Err(Error::plain(HS_ERR_NULL_ARGUMENT));
        }
        let books = pool.books();
        let sum = counters::sum(books.iter().map(|book| &*book.counters));
        // SAFETY: as the caller promises.
        unsafe { sized::write(counters, &sum) }
    })
}

/// A latency (`HS_LATENCY_…`) of a pool whose workers keep histograms (`HS_OBSERVE_HISTOGRAMS`), of all of them together: as
/// `hs_worker_histogram`, whose errors it has.
///
/// Thread: any. Errors: those of `hs_worker_histogram`. Since 1.0.
///
/// # Safety
/// `histogram` is NULL or valid for as many bytes as its `struct_size` says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_pool_histogram(
    pool: *mut hs_pool,
    latency: u32,
    histogram: *mut hs_histogram,
) -> hs_status {
    // SAFETY: as the caller promises.
    guard::status(|| unsafe { counters::write_histogram(histogram, &seen(pool, latency)?) })
}

/// How many values each bucket of such a latency has: as `hs_worker_histogram_counts`, whose errors it has.
///
/// Thread: any. Errors: those of `hs_worker_histogram_counts`. Since 1.0.
///
/// # Safety
/// `counts` is NULL or valid for `capacity` writes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_pool_histogram_counts(
    pool: *mut hs_pool,
    latency: u32,
    counts: *mut u64,
    capacity: usize,
) -> hs_status {
    // SAFETY: as the caller promises.
    guard::status(|| unsafe { counters::write_counts(counts, capacity, &seen(pool, latency)?) })
}

fn seen(pool: *mut hs_pool, latency: u32) -> Result<Snapshot, Error> {
    let books = handle::open::<Pool>(pool)?.books();
    counters::seen(&books.iter().map(|book| &*book.counters).collect::<Vec<_>>(), latency)
}
