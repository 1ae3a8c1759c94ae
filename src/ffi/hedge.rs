//! `hs_hedge_options`: a second request beside one that takes long.

use super::options;
use super::sized::{self, Sized32};
use crate::error::Error;
use crate::resilience::hedge::HedgeOptions;
use std::time::Duration;

/// A second request is sent beside one whose response head does not come, and whichever head comes first is taken; the
/// other is stopped, which over HTTP/1.1 costs its connection ("The Tail at Scale", Dean and Barroso, CACM 56/2, 2013).
/// Only for requests that may be repeated: idempotent methods, `HS_IDEMPOTENT`, an `Idempotency-Key`. A request that fails
/// in a passing way is hedged at once. A hedge is taken from the retry budget, and is skipped, never waited with, where
/// that is empty, the breaker is not closed, or limiter or bulkhead have nothing free. All zero but `struct_size` is one
/// hedge after what 95 of 100 requests to the origin take.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hs_hedge_options {
    /// `sizeof(hs_hedge_options)`.
    pub struct_size: u32,
    /// How many beside the first, one after the other. Default 1; at most 3.
    pub max_hedges: u32,
    /// After how long each is sent. 0: what 95 of the last 100 to 256 successful requests of this worker to the origin did
    /// not exceed, at least 1; with fewer than 100 known there is no hedge.
    pub delay_ms: u64,
}

// SAFETY: repr(C), integers alone.
unsafe impl Sized32 for hs_hedge_options {
    const NAME: &'static str = "hs_hedge_options";
    const SMALLEST: usize = 8;
}

const MOST_HEDGES: u32 = 3;

/// # Safety
/// `pointer` is valid for as many bytes as its `struct_size` says.
pub unsafe fn chosen(pointer: *const hs_hedge_options) -> Result<HedgeOptions, Error> {
    // SAFETY: as the caller promises.
    let given = unsafe { sized::read(pointer) }?;
    if given.max_hedges > MOST_HEDGES {
        let message = format!("hs_hedge_options.max_hedges is {}: at most {MOST_HEDGES}", given.max_hedges);
        return Err(options::invalid(message));
    }
    let Some(delay) = options::duration(given.delay_ms, Some(Duration::ZERO)) else {
        return Err(options::invalid("hs_hedge_options.delay_ms is HS_INFINITE: leave hedging out instead".into()));
    };
    Ok(HedgeOptions { delay: (!delay.is_zero()).then_some(delay), max_hedges: given.max_hedges.max(1) })
}
