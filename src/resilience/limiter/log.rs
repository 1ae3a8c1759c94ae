//! The sliding log: as many slots as there may be requests in a window, each with the moment from which it may be taken
//! again. Taking one is one exchange of its value for a moment a whole window later, so between two requests of one slot
//! there is always a window, and in no window of that length are more requests than slots, whatever threads do.
//!
//! The head says which slot is the oldest. It is moved on by whoever comes, and the lowest bit of a slot, which is that of
//! the round in which it was taken last, says whether its turn in this round is over. Times are nanoseconds. Nothing here
//! knows a clock or a key: `tests/models` runs it in every order that threads can have.

use super::Take;
use super::sync::{AtomicU64, Ordering::*};

pub struct Log {
    window: u64,
    slots: Box<[AtomicU64]>,
    /// The number of the slot that is next, counted on over all rounds.
    head: AtomicU64,
}

const FROZEN: u64 = u64::MAX;

fn slot(free_at: u64, round: u64) -> u64 {
    free_at << 1 | (round & 1)
}

fn free_at(value: u64) -> u64 {
    value >> 1
}

impl Log {
    /// `taken`: when requests were sent by then, in ascending order and no more than `limit`.
    pub fn new(limit: usize, window: u64, taken: &[u64]) -> Log {
        let empty = (taken.len()..limit).map(|_| 0);
        let filled = taken.iter().map(|at| slot(at + window, 0));
        let slots = empty.chain(filled).map(AtomicU64::new).collect();
        // The first round has the number 1, for the slots begin as if taken in round 0.
        Log { window, slots, head: AtomicU64::new(limit as u64) }
    }

    pub fn capacity(&self) -> u64 {
        self.slots.len() as u64
    }

    /// More than one are taken one after the other: the caller sees to it that nobody else does so at the same time.
    pub fn take(&self, now: u64, cost: u64) -> Take {
        if cost == 1 {
            return self.take_one(now);
        }
        let due = self.estimate(now, cost);
        if now < due {
            return Take::Until(due);
        }
        for taken in 0..cost {
            match self.take_one(now) {
                Take::Got => {}
                // Others took meanwhile what was there.
                Take::Until(_) if taken > 0 => return Take::Part(taken),
                other => return other,
            }
        }
        Take::Got
    }

    fn take_one(&self, now: u64) -> Take {
        loop {
            let number = self.head.load(Acquire);
            let place = &self.slots[(number % self.capacity()) as usize];
            let value = place.load(Acquire);
            if value == FROZEN {
                return Take::Frozen;
            }
            // What was read is of this round or the one before, since a later one begins with a later head.
            if self.head.load(Acquire) != number {
                continue;
            }
            let round = number / self.capacity();
            if value & 1 != round & 1 {
                if now < free_at(value) {
                    return Take::Until(free_at(value));
                }
                let taken = slot(now + self.window, round);
                if place.compare_exchange(value, taken, AcqRel, Acquire).is_err() {
                    continue;
                }
                self.move_on(number);
                return Take::Got;
            }
            self.move_on(number);
        }
    }

    fn move_on(&self, number: u64) {
        let _ = self.head.compare_exchange(number, number + 1, AcqRel, Acquire);
    }

    /// When so many can have been taken, none of them before `from`.
    pub fn estimate(&self, from: u64, tokens: u64) -> u64 {
        let last = tokens.saturating_sub(1);
        let (rounds, last) = (last / self.capacity(), last % self.capacity());
        let place = ((self.head.load(Acquire) + last) % self.capacity()) as usize;
        let first = free_at(self.slots[place].load(Acquire)).max(from);
        first.saturating_add(rounds.saturating_mul(self.window))
    }

    pub fn remaining(&self, now: u64) -> u64 {
        self.slots.iter().filter(|place| free_at(place.load(Acquire)) <= now).count() as u64
    }

    pub fn is_whole(&self, now: u64) -> bool {
        self.slots.iter().all(|place| free_at(place.load(Acquire)) <= now)
    }

    /// Nothing is taken from it any more. Says when its slots were taken, in ascending order; another log goes on from
    /// there. That is also how something is given back, since every slot has its place in the order.
    pub fn freeze(&self) -> Vec<u64> {
        let values = self.slots.iter().map(|place| free_at(place.swap(FROZEN, AcqRel)));
        let mut taken: Vec<u64> = values.filter_map(|free_at| free_at.checked_sub(self.window)).collect();
        taken.sort_unstable();
        taken
    }
}
