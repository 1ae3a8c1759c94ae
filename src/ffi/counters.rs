//! `hs_counters`, `hs_histogram`: what a worker has done so far, for any thread.

use super::sized::{self, Sized32};
use super::thread::WorkerLink;
use super::worker::hs_worker;
use super::{guard, handle, options};
use crate::error::Error;
use crate::observe::counters::{Counter, Counters, LATENCIES};
use crate::observe::histogram::{BUCKETS, Snapshot, upper_bound};
use crate::status::{
    HS_ERR_INVALID_ARGUMENT, HS_ERR_INVALID_HANDLE, HS_ERR_NOT_FOUND, HS_ERR_NULL_ARGUMENT, hs_status,
};

/// What a worker has done since it was made. Set `struct_size` before the call.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hs_counters {
    /// `sizeof(hs_counters)`.
    pub struct_size: u32,
    /// Must be 0.
    pub reserved: u32,
    /// Calls that began: their arguments were found to be right.
    pub calls_started: u64,
    /// Calls that gave a response, whatever its status.
    pub calls_succeeded: u64,
    /// Calls that gave an error.
    pub calls_failed: u64,
    /// Calls that are running (OpenTelemetry: `http.client.active_requests`).
    pub calls_in_flight: u64,
    /// Calls that failed, by `HS_PHASE_…` (OpenTelemetry: attribute `error.type`).
    pub errors_by_phase: [u64; 16],
    /// Responses by the first digit of their status; [0] for others.
    pub responses_by_class: [u64; 6],
    /// Exchanges: one request on the wire and what came of it; redirects and attempts are one each.
    pub exchanges: u64,
    /// Redirects that were followed.
    pub redirects: u64,
    /// Attempts beyond the first.
    pub retries: u64,
    /// Requests that were put on another connection within one attempt because a reused one turned out to be dead.
    pub internal_resends: u64,
    /// Exchanges that made a connection for themselves.
    pub connections_made: u64,
    /// Exchanges on a connection that had served before.
    pub connections_reused: u64,
    /// Bytes of request heads.
    pub request_header_bytes: u64,
    /// Bytes of request bodies (OpenTelemetry: `http.client.request.body.size`, its sum).
    pub request_body_bytes: u64,
    /// Bytes of response heads and trailers.
    pub response_header_bytes: u64,
    /// Bytes of response bodies as received (OpenTelemetry: `http.client.response.body.size`, its sum).
    pub response_body_bytes: u64,
    /// Attempts of calls, hedges not counted.
    pub attempts: u64,
    /// Calls whose outcome asked for another attempt, and which made none.
    pub retries_abandoned: u64,
    /// Requests that were sent beside others which took long.
    pub hedges: u64,
    /// Hedges that came first.
    pub hedges_won: u64,
    /// Requests that a circuit breaker refused.
    pub breaker_rejected: u64,
    /// Requests that a rate limiter held up.
    pub limiter_waits: u64,
    /// Requests that a rate limiter refused.
    pub limiter_rejected: u64,
    /// Requests that a bulkhead held up.
    pub bulkhead_waits: u64,
    /// Requests that a bulkhead refused.
    pub bulkhead_rejected: u64,
    /// Retries that the budget did not allow.
    pub budget_exhausted: u64,
}

// SAFETY: repr(C), integers alone.
unsafe impl Sized32 for hs_counters {
    const NAME: &'static str = "hs_counters";
    const SMALLEST: usize = size_of::<hs_counters>();
}

/// The latency of whole calls (OpenTelemetry: `http.client.request.duration`).
pub const HS_LATENCY_CALL: u32 = 0;
/// Waiting for a connection, of each exchange.
pub const HS_LATENCY_QUEUE: u32 = 1;
/// Resolving the host name, of each new connection (OpenTelemetry: `dns.lookup.duration`).
pub const HS_LATENCY_DNS: u32 = 2;
/// Connecting, of each new connection.
pub const HS_LATENCY_CONNECT: u32 = 3;
/// The TLS handshake, of each new connection that has one.
pub const HS_LATENCY_TLS: u32 = 4;
/// Sending the request, of each exchange.
pub const HS_LATENCY_SEND: u32 = 5;
/// From the request sent to the first byte of the response, of each exchange.
pub const HS_LATENCY_FIRST_BYTE: u32 = 6;
/// From the first byte of the response to its end, of each exchange.
pub const HS_LATENCY_BODY: u32 = 7;
/// Waiting in the queue of a pool, of each request that began.
pub const HS_LATENCY_POOL_QUEUE: u32 = 8;

/// How many buckets a histogram has. They are the same for all, so that those of several workers can be added up.
pub const HS_HISTOGRAM_BUCKETS: usize = 866;

const _: () = assert!(HS_HISTOGRAM_BUCKETS == BUCKETS);
const _: () = assert!(HS_LATENCY_POOL_QUEUE as usize == LATENCIES.len() - 1);

/// A latency, in nanoseconds. Set `struct_size` before the call. Percentiles are at most 1.6 % off between 1 µs and 137 s.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hs_histogram {
    /// `sizeof(hs_histogram)`.
    pub struct_size: u32,
    /// Must be 0.
    pub reserved: u32,
    /// How many values there are; where there is none, all else is 0.
    pub count: u64,
    pub sum_ns: u64,
    pub min_ns: u64,
    pub max_ns: u64,
    pub p50_ns: u64,
    pub p90_ns: u64,
    pub p99_ns: u64,
    pub p999_ns: u64,
}

// SAFETY: repr(C), integers alone.
unsafe impl Sized32 for hs_histogram {
    const NAME: &'static str = "hs_histogram";
    const SMALLEST: usize = size_of::<hs_histogram>();
}

/// What a worker has done so far. It waits for nobody and disturbs nobody; each number is exact, but a call that ends
/// meanwhile may be in some of them only. `counters->struct_size` must be set; on failure nothing is written.
///
/// Thread: any, also while the worker is in a call. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`,
/// `HS_ERR_FORKED`, `HS_ERR_STRUCT_SIZE`. Since 1.0.
///
/// # Safety
/// `counters` is NULL or valid for as many bytes as its `struct_size` says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_worker_counters(worker: *const hs_worker, counters: *mut hs_counters) -> hs_status {
    guard::status(|| {
        let link = link(worker)?;
        if counters.is_null() {
            return Err(Error::plain(HS_ERR_NULL_ARGUMENT));
        }
        // SAFETY: as the caller promises.
        unsafe { sized::write(counters, &facts(link.counters())) }
    })
}

/// What one worker has counted.
pub(super) fn facts(counters: &Counters) -> hs_counters {
    let all = |of: &[Counter]| of.iter().map(Counter::get).collect::<Vec<_>>();
    let (mut errors_by_phase, mut responses_by_class) = ([0; 16], [0; 6]);
    errors_by_phase.copy_from_slice(&all(&counters.errors_by_phase));
    responses_by_class.copy_from_slice(&all(&counters.responses_by_class));
    hs_counters {
        struct_size: 0,
        reserved: 0,
        calls_started: counters.calls_started.get(),
        calls_succeeded: counters.calls_succeeded.get(),
        calls_failed: counters.calls_failed.get(),
        calls_in_flight: counters.calls_in_flight.get(),
        errors_by_phase,
        responses_by_class,
        exchanges: counters.exchanges.get(),
        redirects: counters.redirects.get(),
        retries: counters.retries.get(),
        internal_resends: counters.internal_resends.get(),
        connections_made: counters.connections_made.get(),
        connections_reused: counters.connections_reused.get(),
        request_header_bytes: counters.request_header_bytes.get(),
        request_body_bytes: counters.request_body_bytes.get(),
        response_header_bytes: counters.response_header_bytes.get(),
        response_body_bytes: counters.response_body_bytes.get(),
        attempts: counters.attempts.get(),
        retries_abandoned: counters.retries_abandoned.get(),
        hedges: counters.hedges.get(),
        hedges_won: counters.hedges_won.get(),
        breaker_rejected: counters.breaker_rejected.get(),
        limiter_waits: counters.limiter_waits.get(),
        limiter_rejected: counters.limiter_rejected.get(),
        bulkhead_waits: counters.bulkhead_waits.get(),
        bulkhead_rejected: counters.bulkhead_rejected.get(),
        budget_exhausted: counters.budget_exhausted.get(),
    }
}

/// What several workers have counted together.
pub(super) fn sum<'a>(workers: impl Iterator<Item = &'a Counters>) -> hs_counters {
    let mut all = facts(&Counters::new(false));
    for one in workers.map(facts) {
        macro_rules! add {
            ($($field:ident)*) => { $(all.$field += one.$field;)* };
        }
        add! {
            calls_started calls_succeeded calls_failed calls_in_flight exchanges redirects retries internal_resends
            connections_made connections_reused request_header_bytes request_body_bytes response_header_bytes
            response_body_bytes attempts retries_abandoned hedges hedges_won breaker_rejected limiter_waits
            limiter_rejected bulkhead_waits bulkhead_rejected budget_exhausted
        }
        all.errors_by_phase.iter_mut().zip(one.errors_by_phase).for_each(|(all, one)| *all += one);
        all.responses_by_class.iter_mut().zip(one.responses_by_class).for_each(|(all, one)| *all += one);
    }
    all
}

fn link(worker: *const hs_worker) -> Result<impl std::ops::Deref<Target = WorkerLink>, Error> {
    let link = handle::open::<WorkerLink>(worker)?;
    if link.is_retired() { Err(Error::plain(HS_ERR_INVALID_HANDLE)) } else { Ok(link) }
}

fn snapshot(worker: *const hs_worker, latency: u32) -> Result<Snapshot, Error> {
    seen(&[link(worker)?.counters()], latency)
}

/// A latency of several workers, as if they were one.
pub(super) fn seen(workers: &[&Counters], latency: u32) -> Result<Snapshot, Error> {
    let what = usize::try_from(latency).ok().and_then(|index| LATENCIES.get(index)).copied();
    let what = what.ok_or_else(|| options::invalid(format!("latency is {latency}: not a HS_LATENCY_… constant")))?;
    if !workers.iter().any(|counters| counters.keeps_histograms()) {
        return Err(Error::plain(HS_ERR_NOT_FOUND));
    }
    let mut sum = Snapshot::default();
    for histogram in workers.iter().filter_map(|counters| counters.histogram(what)) {
        sum.add(&histogram.snapshot());
    }
    Ok(sum)
}

/// # Safety
/// `histogram` is NULL or valid for as many bytes as its `struct_size` says.
pub(super) unsafe fn write_histogram(histogram: *mut hs_histogram, seen: &Snapshot) -> Result<(), Error> {
    if histogram.is_null() {
        return Err(Error::plain(HS_ERR_NULL_ARGUMENT));
    }
    let facts = hs_histogram {
        struct_size: 0,
        reserved: 0,
        count: seen.count,
        sum_ns: seen.sum,
        min_ns: seen.min,
        max_ns: seen.max,
        p50_ns: seen.per_mille(500),
        p90_ns: seen.per_mille(900),
        p99_ns: seen.per_mille(990),
        p999_ns: seen.per_mille(999),
    };
    // SAFETY: as the caller promises.
    unsafe { sized::write(histogram, &facts) }
}

/// # Safety
/// `counts` is NULL or valid for `capacity` writes.
pub(super) unsafe fn write_counts(counts: *mut u64, capacity: usize, seen: &Snapshot) -> Result<(), Error> {
    if counts.is_null() {
        return Err(Error::plain(HS_ERR_NULL_ARGUMENT));
    }
    if capacity < BUCKETS {
        let message = format!("capacity is {capacity}: there are {BUCKETS} buckets");
        return Err(Error::new(HS_ERR_INVALID_ARGUMENT, message));
    }
    // SAFETY: as the caller promises; there is room for all.
    unsafe { std::ptr::copy_nonoverlapping(seen.counts.as_ptr(), counts, BUCKETS) };
    Ok(())
}

/// A latency (`HS_LATENCY_…`) of a worker that keeps histograms. `histogram->struct_size` must be set; on failure nothing
/// is written.
///
/// Thread: any, also while the worker is in a call. Errors: `HS_ERR_NOT_FOUND` (made without `HS_OBSERVE_HISTOGRAMS`),
/// `HS_ERR_INVALID_ARGUMENT`, `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`, `HS_ERR_STRUCT_SIZE`.
/// Since 1.0.
///
/// # Safety
/// `histogram` is NULL or valid for as many bytes as its `struct_size` says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_worker_histogram(
    worker: *const hs_worker,
    latency: u32,
    histogram: *mut hs_histogram,
) -> hs_status {
    // SAFETY: as the caller promises.
    guard::status(|| unsafe { write_histogram(histogram, &snapshot(worker, latency)?) })
}

/// How many values each bucket of a latency has. `counts` has room for `capacity` numbers, at least
/// `HS_HISTOGRAM_BUCKETS`; so many are written, on success only.
///
/// Thread: any, also while the worker is in a call. Errors: those of `hs_worker_histogram`;
/// `HS_ERR_INVALID_ARGUMENT` also where there is too little room. Since 1.0.
///
/// # Safety
/// `counts` is NULL or valid for `capacity` writes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_worker_histogram_counts(
    worker: *const hs_worker,
    latency: u32,
    counts: *mut u64,
    capacity: usize,
) -> hs_status {
    // SAFETY: as the caller promises.
    guard::status(|| unsafe { write_counts(counts, capacity, &snapshot(worker, latency)?) })
}

/// The first nanosecond that is no longer in a bucket; the largest number of all for the last one and any beyond. A
/// bucket begins where the one before it ends, the first at 0.
///
/// Thread: any. Errors: none. Since 1.0.
#[unsafe(no_mangle)]
pub extern "C" fn hs_histogram_bound_ns(bucket: usize) -> u64 {
    upper_bound(bucket)
}
