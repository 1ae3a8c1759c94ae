//! What decides over the attempts of a call: the worker's policies, with what a request says over them.

use crate::resilience::hedge::{HedgeOptions, Latencies};
use crate::resilience::retry::budget::{Budget, BudgetOptions};
use crate::resilience::retry::options::RetryOptions;
use crate::runtime::chance::{Chance, SystemChance};
use crate::runtime::clock::SystemClock;
use std::rc::Rc;
use std::sync::Arc;

#[derive(Clone)]
pub struct Policies {
    pub retry: RetryOptions,
    pub budget: Budget,
    pub hedge: Option<HedgeOptions>,
    /// How long requests took, where a hedge goes by that.
    pub latencies: Rc<Latencies>,
    pub key: KeyPolicy,
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

impl Default for Policies {
    fn default() -> Policies {
        Policies {
            retry: RetryOptions::default(),
            budget: Budget::new(BudgetOptions::default(), Arc::new(SystemClock)),
            hedge: None,
            latencies: Rc::default(),
            key: KeyPolicy::None,
            chance: Arc::new(SystemChance),
        }
    }
}
