//! The generic cell rate algorithm: one moment says how much of the rate has been used, and taking a token moves it by
//! one exchange. Times are nanoseconds. Nothing here knows a clock or a key: `tests/models` runs it in every order that
//! threads can have.

use super::Take;
use super::sync::{AtomicU64, Ordering::*};

pub struct Gcra {
    /// The time in which one token comes.
    step: u64,
    /// How many there are after a long rest.
    burst: u64,
    /// The theoretical arrival time: when all of them would be there again.
    full_at: AtomicU64,
}

const FROZEN: u64 = u64::MAX;

impl Gcra {
    pub fn new(step: u64, burst: u64, full_at: u64) -> Gcra {
        Gcra { step, burst, full_at: AtomicU64::new(full_at) }
    }

    pub fn capacity(&self) -> u64 {
        self.burst
    }

    pub fn take(&self, now: u64, cost: u64) -> Take {
        let mut full_at = self.full_at.load(Acquire);
        loop {
            if full_at == FROZEN {
                return Take::Frozen;
            }
            let due = self.due(full_at, now, cost);
            if now < due {
                return Take::Until(due);
            }
            let then = full_at.max(now).saturating_add(cost * self.step);
            match self.full_at.compare_exchange_weak(full_at, then, AcqRel, Acquire) {
                Ok(_) => return Take::Got,
                Err(other) => full_at = other,
            }
        }
    }

    /// When so many tokens can have been taken, none of them before `from`.
    fn due(&self, full_at: u64, from: u64, tokens: u64) -> u64 {
        let whole = full_at.max(from).saturating_add(tokens.saturating_mul(self.step));
        whole.saturating_sub(self.burst * self.step).max(from)
    }

    pub fn estimate(&self, from: u64, tokens: u64) -> u64 {
        self.due(self.full_at.load(Acquire), from, tokens)
    }

    /// Gives back what was taken at a moment and not used. Had it never been taken, up to as much time as has passed since
    /// would have gone by with all tokens there and none coming; so much is not given back, for it may have been used.
    pub fn put_back(&self, taken_at: u64, cost: u64, now: u64) {
        let unused = (cost * self.step).saturating_sub(now.saturating_sub(taken_at));
        let less = |full_at: u64| (full_at != FROZEN).then(|| full_at.saturating_sub(unused));
        let _ = self.full_at.fetch_update(AcqRel, Acquire, less);
    }

    pub fn remaining(&self, now: u64) -> u64 {
        let missing = self.full_at.load(Acquire).saturating_sub(now);
        (self.burst * self.step).saturating_sub(missing) / self.step
    }

    pub fn is_whole(&self, now: u64) -> bool {
        self.full_at.load(Acquire) <= now
    }

    /// Nothing is taken from it any more. Says how many tokens, rounded up, were missing.
    pub fn freeze(&self, now: u64) -> u64 {
        self.full_at.swap(FROZEN, AcqRel).saturating_sub(now).div_ceil(self.step)
    }
}
