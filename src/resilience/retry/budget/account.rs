//! One server's account: ten buckets of a second, counted without a lock.
//!
//! What was withdrawn is in one number, `spent`, so that two threads cannot both take the last one; the buckets only say
//! when it leaves the window. Each withdrawal is in a bucket once, and whoever takes it out of there takes it off `spent`.
//! One that comes between the two may be refused, as if it had come before them.

use super::sync::{AtomicU64, Ordering};
use super::{BudgetState, Instant};

const BUCKETS: usize = 10;
const NANOSECONDS: u64 = 1_000_000_000;

pub struct Account {
    percent: u64,
    floor: u64,
    originals: [Bucket; BUCKETS],
    withdrawn: [Bucket; BUCKETS],
    /// What the buckets of `withdrawn` hold, and what is about to be put there.
    spent: AtomicU64,
}

/// The second that it counts, and above that the count.
#[derive(Default)]
struct Bucket(AtomicU64);

const SECOND_BITS: u32 = 40;
const SECONDS: u64 = (1 << SECOND_BITS) - 1;
const MOST: u64 = (1 << (64 - SECOND_BITS)) - 1;

impl Bucket {
    fn load(&self) -> (u64, u64) {
        let word = self.0.load(Ordering::Acquire);
        (word & SECONDS, word >> SECOND_BITS)
    }

    /// Counts one in that second. What the bucket held of an earlier one is returned; where it is at a later one already,
    /// or full, there is an error.
    fn count(&self, second: u64) -> Result<u64, ()> {
        let mut word = self.0.load(Ordering::Acquire);
        loop {
            let (at, count) = (word & SECONDS, word >> SECOND_BITS);
            let (new, old) = match at.cmp(&second) {
                std::cmp::Ordering::Equal if count < MOST => (count + 1, 0),
                std::cmp::Ordering::Less => (1, count),
                _ => return Err(()),
            };
            let new = new << SECOND_BITS | second;
            match self.0.compare_exchange_weak(word, new, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return Ok(old),
                Err(changed) => word = changed,
            }
        }
    }

    /// Empties the bucket if what it holds has left the window; returns what that was.
    fn expire(&self, second: u64) -> u64 {
        let word = self.0.load(Ordering::Acquire);
        let (at, count) = (word & SECONDS, word >> SECOND_BITS);
        if count == 0 || at + BUCKETS as u64 > second {
            return 0;
        }
        // Somebody else has: then he takes it off.
        self.0.compare_exchange(word, at, Ordering::AcqRel, Ordering::Acquire).map_or(0, |_| count)
    }
}

fn second(now: Instant) -> u64 {
    (now.0 / NANOSECONDS) & SECONDS
}

impl Account {
    pub fn new(percent: u32, floor: u32) -> Account {
        Account {
            percent: percent.into(),
            floor: floor.into(),
            originals: Default::default(),
            withdrawn: Default::default(),
            spent: AtomicU64::new(0),
        }
    }

    pub fn original(&self, now: Instant) {
        let second = second(now);
        // Whoever comes ten seconds late, or as the sixteen-millionth of a second, is not needed for the sum.
        let _ = self.originals[(second % BUCKETS as u64) as usize].count(second);
    }

    /// Takes one retry or hedge, if there may be one now.
    pub fn withdraw(&self, now: Instant) -> bool {
        let second = second(now);
        self.expire(second);
        let allowed = self.allowed(second);
        let mut spent = self.spent.load(Ordering::Acquire);
        loop {
            if spent >= allowed {
                return false;
            }
            match self.spent.compare_exchange_weak(spent, spent + 1, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => break,
                Err(changed) => spent = changed,
            }
        }
        match self.withdrawn[(second % BUCKETS as u64) as usize].count(second) {
            Ok(0) => {}
            Ok(left) => self.take_off(left),
            // Its second is out of the window already.
            Err(()) => self.take_off(1),
        }
        true
    }

    fn expire(&self, second: u64) {
        let left: u64 = self.withdrawn.iter().map(|bucket| bucket.expire(second)).sum();
        if left != 0 {
            self.take_off(left);
        }
    }

    fn take_off(&self, count: u64) {
        self.spent.fetch_sub(count, Ordering::AcqRel);
    }

    fn originals(&self, second: u64) -> u64 {
        let inside = |bucket: &Bucket| match bucket.load() {
            (at, count) if at + BUCKETS as u64 > second => count,
            _ => 0,
        };
        self.originals.iter().map(inside).sum()
    }

    fn allowed(&self, second: u64) -> u64 {
        self.floor.max(self.originals(second) * self.percent / 100)
    }

    pub fn state(&self, now: Instant) -> BudgetState {
        let second = second(now);
        self.expire(second);
        let (originals, withdrawn) = (self.originals(second), self.spent.load(Ordering::Acquire));
        BudgetState { originals, withdrawn, allowed: self.allowed(second) }
    }

    /// Nothing of the last ten seconds is in it, so that a new one would do as well.
    pub fn is_idle(&self, now: Instant) -> bool {
        let state = self.state(now);
        state.originals == 0 && state.withdrawn == 0
    }
}
