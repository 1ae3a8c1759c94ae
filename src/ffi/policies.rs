//! `hs_policies`: what decides over the attempts of a call, of a worker or of one request.

use super::breaker::{self, hs_breaker};
use super::budget::{self, hs_budget};
use super::bulkhead::{self, hs_bulkhead};
use super::hedge::{self, hs_hedge_options};
use super::limiter::{self, hs_bucket};
use super::options;
use super::retry::{self, hs_retry_options};
use super::sized::{self, Sized32};
use super::text::hs_str;
use crate::call::policies::{KeyPolicy, Policies, Wanted};
use crate::error::Error;
use crate::http::headers::Header;
use crate::http::request::{IDEMPOTENCY_KEY, Request};
use crate::resilience::retry::budget::{Budget, BudgetOptions};
use crate::runtime::clock::Clock;
use crate::runtime::simulation::Simulation;
use crate::status::HS_ERR_INVALID_ARGUMENT;
use std::sync::Arc;

/// In `hs_policies.flags`: doing the request twice does no harm, whatever its method (RFC 9110, section 9.2.2).
pub const HS_IDEMPOTENT: u32 = 1;
/// In `hs_policies.flags`: a request whose method is not idempotent and that has no `Idempotency-Key` gets one: a random
/// UUID, the same for all attempts and hedges of the call (draft-ietf-httpapi-idempotency-key-header). It may then be
/// repeated, and a 409, which says that its first sending is still being carried out, is retried. Only for servers that
/// honour such keys.
pub const HS_IDEMPOTENCY_KEY: u32 = 2;
/// In `hs_policies.flags`, together with `HS_IDEMPOTENCY_KEY`: the key that is made is written bare, not in the quotes that the draft demands.
pub const HS_IDEMPOTENCY_KEY_BARE: u32 = 4;
/// In `hs_policies.flags` of a request: doing it twice does harm, whatever its method. For servers that do more for each DELETE
/// or PUT, as a broker who sells a part of a position for it. Not together with `HS_IDEMPOTENT` and `HS_IDEMPOTENCY_KEY`.
pub const HS_NOT_IDEMPOTENT: u32 = 8;
/// In `hs_policies.flags` of a request: without the worker's hedging.
pub const HS_NO_HEDGE: u32 = 16;
/// In `hs_policies.flags` of a request: without the worker's circuit breaker, which is neither asked nor told.
pub const HS_NO_BREAKER: u32 = 32;
/// In `hs_policies.flags` of a request: without the worker's rate limiters.
pub const HS_NO_LIMITER: u32 = 64;
/// In `hs_policies.flags` of a request: without the worker's bulkhead.
pub const HS_NO_BULKHEAD: u32 = 128;

const MOST_BUCKETS: usize = 16;

/// What decides over the attempts of a call. All zero but `struct_size` is what a worker has without it: three attempts,
/// a retry budget of its own, and none of the others. Of a request: NULL and 0 mean the worker's, and what is given
/// replaces the worker's as a whole.
///
/// The order is: deadline and cancel; retries; hedging; then for each exchange, redirects included, the circuit breaker's
/// leave to ask, the rate limiter, the bulkhead, and the breaker's permit last. Nothing is held during a back-off.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hs_policies {
    /// `sizeof(hs_policies)`.
    pub struct_size: u32,
    /// `HS_IDEMPOTENCY_KEY` and `HS_IDEMPOTENCY_KEY_BARE`; of a request alone `HS_IDEMPOTENT`,
    /// `HS_NOT_IDEMPOTENT` and `HS_NO_…`; or 0.
    pub flags: u32,
    /// When an attempt is followed by another.
    pub retry: *const hs_retry_options,
    /// A second request beside one that takes long; NULL: none.
    pub hedge: *const hs_hedge_options,
    /// How many retries and hedges there may be for the requests that are neither; NULL: the worker has one of its own.
    pub budget: *mut hs_budget,
    /// Refuses requests to what has failed too often; NULL: none. It is kept for as long as it is needed, as are the
    /// following.
    pub breaker: *mut hs_breaker,
    /// What its circuit goes by; empty: the origin of each exchange.
    pub breaker_key: hs_str,
    /// Rate limiters: each exchange waits until all of them let it through. An empty key is the origin of each exchange.
    pub buckets: *const hs_bucket,
    /// How many there are; at most 16.
    pub bucket_count: usize,
    /// Lets so many requests at once be under way, from their sending until their bodies are read; NULL: any number.
    pub bulkhead: *mut hs_bulkhead,
    /// What they are counted by; empty: the origin of each exchange.
    pub bulkhead_key: hs_str,
}

// SAFETY: repr(C), integers and pointers alone.
unsafe impl Sized32 for hs_policies {
    const NAME: &'static str = "hs_policies";
    const SMALLEST: usize = 8;
}

/// What the worker has, with what is given over it.
///
/// # Safety
/// `pointer` is NULL or valid for as many bytes as its `struct_size` says, and so is what it points to.
unsafe fn over(base: &Policies, pointer: *const hs_policies, max_attempts: u32, known: u32) -> Result<Policies, Error> {
    let mut policies = base.clone();
    if !pointer.is_null() {
        // SAFETY: as the caller promises.
        unsafe { take(&mut policies, pointer, known) }?;
    }
    if max_attempts != 0 {
        policies.retry.max_attempts = max_attempts;
        policies.retry.validate().map_err(options::invalid)?;
    }
    Ok(policies)
}

/// # Safety
/// `pointer` is valid for as many bytes as its `struct_size` says, and so is what it points to.
unsafe fn take(policies: &mut Policies, pointer: *const hs_policies, known: u32) -> Result<(), Error> {
    // SAFETY: as the caller promises.
    let given = unsafe { sized::read(pointer) }?;
    options::flags(given.flags, known, "hs_policies")?;
    if given.flags & HS_IDEMPOTENCY_KEY != 0 {
        let bare = given.flags & HS_IDEMPOTENCY_KEY_BARE != 0;
        policies.key = if bare { KeyPolicy::Bare } else { KeyPolicy::Quoted };
    } else if given.flags & HS_IDEMPOTENCY_KEY_BARE != 0 {
        let message = "hs_policies.flags has HS_IDEMPOTENCY_KEY_BARE without HS_IDEMPOTENCY_KEY";
        return Err(options::invalid(message.into()));
    }
    if given.flags & HS_NO_HEDGE != 0 {
        policies.hedge = None;
    }
    if given.flags & HS_NO_BREAKER != 0 {
        policies.breaker = None;
    }
    if given.flags & HS_NO_LIMITER != 0 {
        policies.buckets.clear();
    }
    if given.flags & HS_NO_BULKHEAD != 0 {
        policies.bulkhead = None;
    }
    // SAFETY: as the caller promises.
    unsafe {
        if !given.retry.is_null() {
            policies.retry = retry::chosen(given.retry)?;
        }
        if !given.hedge.is_null() {
            policies.hedge = Some(hedge::chosen(given.hedge)?);
        }
        if let Some(budget) = budget::given(given.budget)? {
            same_time(policies, budget.clock(), "budget")?;
            policies.budget = budget;
        }
        if given.bucket_count > 0 {
            let buckets = options::array(given.buckets, given.bucket_count, MOST_BUCKETS, "hs_policies.buckets")?;
            policies.buckets = buckets.iter().map(|bucket| wanted(policies, bucket)).collect::<Result<_, _>>()?;
        }
        let own_key = key(given.bulkhead_key, "hs_policies.bulkhead_key")?;
        if let Some(bulkhead) = bulkhead::given(given.bulkhead)? {
            same_time(policies, bulkhead.clock(), "bulkhead")?;
            (policies.bulkhead, policies.bulkhead_key) = (Some(bulkhead), own_key);
        } else if own_key.is_some() {
            policies.bulkhead_key = own_key;
        }
        let own_key = key(given.breaker_key, "hs_policies.breaker_key")?;
        if let Some(breaker) = breaker::given(given.breaker)? {
            same_time(policies, breaker.clock(), "breaker")?;
            (policies.breaker, policies.breaker_key) = (Some(breaker), own_key);
        } else if own_key.is_some() {
            policies.breaker_key = own_key;
        }
    }
    Ok(())
}

/// What goes by another clock than the worker would wait for moments that never come.
fn same_time(policies: &Policies, clock: &dyn Clock, what: &str) -> Result<(), Error> {
    if clock.identity() == policies.clock {
        return Ok(());
    }
    Err(options::invalid(format!("hs_policies.{what} was made with another simulation than the worker")))
}

/// # Safety
/// The bucket's key is valid as `hs_str` says.
unsafe fn wanted(policies: &Policies, bucket: &hs_bucket) -> Result<Wanted, Error> {
    options::unused(u64::from(bucket.reserved), "hs_bucket.reserved")?;
    let limiter = limiter::given(bucket.limiter)?;
    same_time(policies, &**limiter.clock(), "buckets")?;
    // SAFETY: as the caller promises.
    let key = unsafe { key(bucket.key, "hs_bucket.key") }?;
    Ok(Wanted { limiter, key, cost: bucket.cost.max(1) })
}

/// A key of the caller's; `None` where it is empty.
///
/// # Safety
/// As for `hs_str::bytes`.
unsafe fn key(text: hs_str, what: &str) -> Result<Option<Arc<str>>, Error> {
    // SAFETY: as the caller promises.
    let bytes = unsafe { text.bytes(what) }?;
    if bytes.is_empty() {
        return Ok(None);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| options::invalid(format!("{what} is not UTF-8")))?;
    Ok(Some(text.into()))
}

/// What a worker has.
///
/// # Safety
/// As for `over`.
pub unsafe fn of_worker(
    pointer: *const hs_policies,
    max_attempts: u32,
    simulation: Option<&Arc<Simulation>>,
) -> Result<Arc<Policies>, Error> {
    let mut base = Policies::default();
    if let Some(simulation) = simulation {
        base.chance = simulation.clone();
        base.clock = simulation.identity();
        base.budget = Budget::new(BudgetOptions::default(), simulation.clone());
    }
    // SAFETY: as the caller promises.
    unsafe { over(&base, pointer, max_attempts, HS_IDEMPOTENCY_KEY | HS_IDEMPOTENCY_KEY_BARE) }.map(Arc::new)
}

/// What a request has, where that is not what its worker has.
///
/// # Safety
/// As for `over`.
pub unsafe fn of_request(
    pointer: *const hs_policies,
    max_attempts: u32,
    worker: &Arc<Policies>,
) -> Result<Arc<Policies>, Error> {
    // SAFETY: as the caller promises.
    let max_attempts = if unsafe { is_repeated_by_a_run(pointer, max_attempts) }? { 1 } else { max_attempts };
    if pointer.is_null() && (max_attempts == 0 || max_attempts == worker.retry.max_attempts) {
        return Ok(worker.clone());
    }
    let known = HS_IDEMPOTENT
        | HS_NOT_IDEMPOTENT
        | HS_IDEMPOTENCY_KEY
        | HS_IDEMPOTENCY_KEY_BARE
        | HS_NO_HEDGE
        | HS_NO_BREAKER
        | HS_NO_LIMITER
        | HS_NO_BULKHEAD;
    // SAFETY: as the caller promises.
    unsafe { over(worker, pointer, max_attempts, known) }.map(Arc::new)
}

/// Whether the request is part of an attempt of `hs_retry_run` and says nothing of attempts of its own: those of the one would
/// be multiplied by those of the other.
///
/// # Safety
/// As for `over`.
unsafe fn is_repeated_by_a_run(pointer: *const hs_policies, max_attempts: u32) -> Result<bool, Error> {
    if max_attempts != 0 || !retry::run::is_under_way() {
        return Ok(false);
    }
    // SAFETY: as the caller promises.
    Ok(pointer.is_null() || unsafe { sized::read(pointer) }?.retry.is_null())
}

/// Says of a request what the policies say of its repetition.
///
/// # Safety
/// `pointer` is NULL or valid for as many bytes as its `struct_size` says.
pub unsafe fn prepare(pointer: *const hs_policies, policies: &Policies, request: &mut Request) -> Result<(), Error> {
    if !pointer.is_null() {
        // SAFETY: as the caller promises.
        let given = unsafe { sized::read(pointer) }?;
        let says = |flag| given.flags & flag != 0;
        if says(HS_NOT_IDEMPOTENT) && says(HS_IDEMPOTENT | HS_IDEMPOTENCY_KEY) {
            let message = "hs_policies.flags: HS_NOT_IDEMPOTENT contradicts HS_IDEMPOTENT and HS_IDEMPOTENCY_KEY";
            return Err(Error::new(HS_ERR_INVALID_ARGUMENT, message));
        }
        request.idempotent = says(HS_IDEMPOTENT | HS_NOT_IDEMPOTENT).then(|| says(HS_IDEMPOTENT));
    }
    let harmful = request.idempotent == Some(false);
    if policies.key != KeyPolicy::None && !harmful && !request.method.is_idempotent() && !request.has_key() {
        let key = uuid::Builder::from_random_bytes(policies.chance.bytes()).into_uuid();
        let value = if policies.key == KeyPolicy::Bare { key.to_string() } else { format!("\"{key}\"") };
        request.headers.push(Header { name: IDEMPOTENCY_KEY.into(), value: value.into_bytes(), sensitive: false });
    }
    Ok(())
}
