//! What decides over the attempts of a call: the worker's policies, with what a request says over them.

use crate::resilience::breaker::Breaker;
use crate::resilience::bulkhead::Bulkhead;
use crate::resilience::hedge::{HedgeOptions, Latencies};
use crate::resilience::limiter::Limiter;
use crate::resilience::retry::budget::{Budget, BudgetOptions};
use crate::resilience::retry::options::RetryOptions;
use crate::runtime::chance::{Chance, SystemChance};
use crate::runtime::clock::{Clock, SystemClock};
use std::sync::Arc;

#[derive(Clone)]
pub struct Policies {
    pub retry: RetryOptions,
    pub budget: Budget,
    pub breaker: Option<Breaker>,
    /// `None`: the origin of each exchange.
    pub breaker_key: Option<Arc<str>>,
    pub buckets: Vec<Wanted>,
    pub bulkhead: Option<Bulkhead>,
    /// `None`: the origin of each exchange.
    pub bulkhead_key: Option<Arc<str>>,
    pub hedge: Option<HedgeOptions>,
    /// How long requests took, where a hedge goes by that.
    pub latencies: Arc<Latencies>,
    pub key: KeyPolicy,
    /// Of the clock that all of them go by.
    pub clock: usize,
    pub chance: Arc<dyn Chance>,
}

/// Whether a request that may not be repeated gets a key by which the server knows its repetitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum KeyPolicy {
    #[default]
    None,
    /// A string of a structured field, as the draft has it.
    Quoted,
    Bare,
}

/// What a request takes from a rate limiter.
#[derive(Clone)]
pub struct Wanted {
    pub limiter: Limiter,
    /// `None`: the origin of each exchange.
    pub key: Option<Arc<str>>,
    pub cost: u32,
}

impl Policies {
    /// Whether an exchange has to ask nobody.
    pub fn admit_all(&self) -> bool {
        self.breaker.is_none() && self.buckets.is_empty() && self.bulkhead.is_none()
    }
}

impl Default for Policies {
    fn default() -> Policies {
        Policies {
            retry: RetryOptions::default(),
            budget: Budget::new(BudgetOptions::default(), Arc::new(SystemClock)),
            breaker: None,
            breaker_key: None,
            buckets: Vec::new(),
            bulkhead: None,
            bulkhead_key: None,
            hedge: None,
            latencies: Arc::default(),
            key: KeyPolicy::None,
            clock: SystemClock.identity(),
            chance: Arc::new(SystemChance),
        }
    }
}
