//! The retry budget: in any ten seconds a server gets so many retries and hedges for what it is asked anyway, so that an
//! outage is not made worse by those who wait for its end.

mod account;
mod sync;

use crate::resilience::table::Table;
use crate::runtime::clock::{Clock, Instant};
pub use account::Account;
use std::sync::Arc;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BudgetOptions {
    /// Retries and hedges for a hundred requests.
    pub percent: u32,
    /// So many in ten seconds in any case.
    pub floor: u32,
    /// For so many keys; those beyond share one account.
    pub max_keys: usize,
}

impl Default for BudgetOptions {
    fn default() -> BudgetOptions {
        BudgetOptions { percent: 20, floor: 10, max_keys: 1_024 }
    }
}

const MOST_KEYS: usize = 1 << 20;

impl BudgetOptions {
    /// What makes no sense, by field and value.
    pub fn validate(&self) -> Result<(), String> {
        if !(1..=100).contains(&self.percent) {
            return Err(format!("percent is {}: 1 to 100", self.percent));
        }
        if !(1..=MOST_KEYS).contains(&self.max_keys) {
            return Err(format!("max_keys is {}: 1 to {MOST_KEYS}", self.max_keys));
        }
        Ok(())
    }
}

/// A budget for any number of workers on any threads; copies share it.
#[derive(Clone)]
pub struct Budget(Arc<Inner>);

struct Inner {
    options: BudgetOptions,
    clock: Arc<dyn Clock>,
    accounts: Table<Account>,
    overflow: Arc<Account>,
}

/// What an account has seen in the last ten seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct BudgetState {
    pub originals: u64,
    pub withdrawn: u64,
    /// How many there may be for so many originals.
    pub allowed: u64,
}

impl Budget {
    /// The options are valid.
    pub fn new(options: BudgetOptions, clock: Arc<dyn Clock>) -> Budget {
        let account = || Account::new(options.percent, options.floor);
        let (accounts, overflow) = (Table::new(options.max_keys), Arc::new(account()));
        Budget(Arc::new(Inner { options, clock, accounts, overflow }))
    }

    pub fn clock(&self) -> &dyn Clock {
        &*self.0.clock
    }

    pub fn now(&self) -> Instant {
        self.0.clock.now()
    }

    /// The account of a key, to be kept by whoever asks for it often.
    pub fn account(&self, key: &str) -> Arc<Account> {
        self.own_account(key).unwrap_or_else(|| self.0.overflow.clone())
    }

    /// The account of a key; `None` where there is no room for one.
    pub fn own_account(&self, key: &str) -> Option<Arc<Account>> {
        let Inner { options, accounts, .. } = &*self.0;
        let make = || Account::new(options.percent, options.floor);
        accounts.get_or_add(key, make, |account: &Account| account.is_idle(self.now()))
    }

    /// A request that is no retry and no hedge is sent.
    pub fn original(&self, key: &str, now: Instant) {
        self.account(key).original(now);
    }

    /// Takes one retry or hedge, if there may be one now.
    pub fn withdraw(&self, key: &str, now: Instant) -> bool {
        self.account(key).withdraw(now)
    }

    pub fn state(&self, key: &str, now: Instant) -> BudgetState {
        self.0.accounts.get(key).map_or_else(
            || Account::new(self.0.options.percent, self.0.options.floor).state(now),
            |account| account.state(now),
        )
    }
}

#[cfg(test)]
mod tests;
