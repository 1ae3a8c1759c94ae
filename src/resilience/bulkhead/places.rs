//! So many places, and a queue in the order of arrival for those who want one when all are taken.
//!
//! One word counts the places that are taken and those who wait. While nobody waits, taking and giving back are one
//! exchange of that word. Who waits is changed under the queue's lock alone, and a place that is given back while somebody
//! waits goes to the first of them without being free in between, so that nobody overtakes. What is to be woken is handed
//! out, for the caller to wake when he holds no lock.

use super::sync::{AtomicU64, Mutex, MutexGuard, Ordering, PoisonError};
use std::collections::BTreeMap;

pub struct Places<W> {
    most: u32,
    most_waiting: u32,
    /// How many wait, and below that how many places are taken.
    word: AtomicU64,
    queue: Mutex<Queue<W>>,
}

struct Queue<W> {
    /// By the number that they drew. Whoever is not here any more has got a place.
    waiting: BTreeMap<u64, W>,
    drawn: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    Given,
    /// Wait: it will be woken. The number is for `look` and `leave`.
    Queued(u64),
    Full,
}

const WAITER: u64 = 1 << 32;
const TAKEN: u64 = WAITER - 1;

impl<W> Places<W> {
    pub fn new(most: u32, most_waiting: u32) -> Places<W> {
        let queue = Queue { waiting: BTreeMap::new(), drawn: 0 };
        Places { most, most_waiting, word: AtomicU64::new(0), queue: Mutex::new(queue) }
    }

    /// A place, if one is free and nobody waits for it.
    pub fn try_take(&self) -> bool {
        let mut word = self.word.load(Ordering::Relaxed);
        while word < u64::from(self.most) {
            match self.word.compare_exchange_weak(word, word + 1, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(changed) => word = changed,
            }
        }
        false
    }

    /// A place, or one in the queue.
    pub fn enter(&self, waker: impl FnOnce() -> W) -> Entry {
        if self.try_take() {
            return Entry::Given;
        }
        let mut queue = self.queue();
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            let (new, given) = match word {
                _ if word < u64::from(self.most) => (word + 1, true),
                _ if word / WAITER >= u64::from(self.most_waiting) => return Entry::Full,
                _ => (word + WAITER, false),
            };
            match self.word.compare_exchange_weak(word, new, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) if given => return Entry::Given,
                Ok(_) => break,
                Err(changed) => word = changed,
            }
        }
        queue.drawn += 1;
        let number = queue.drawn;
        queue.waiting.insert(number, waker());
        Entry::Queued(number)
    }

    /// Whether the place is there; `renew` is for what is to be woken where it is not.
    pub fn look(&self, number: u64, renew: impl FnOnce(&mut W)) -> bool {
        match self.queue().waiting.get_mut(&number) {
            Some(waker) => {
                renew(waker);
                false
            }
            None => true,
        }
    }

    /// Waits no longer. False where the place was given meanwhile: it is the caller's, to use or to give back.
    pub fn leave(&self, number: u64) -> bool {
        let mut queue = self.queue();
        let waker = queue.waiting.remove(&number);
        if waker.is_some() {
            self.word.fetch_sub(WAITER, Ordering::Relaxed);
        }
        drop(queue);
        waker.is_some()
    }

    /// Gives a place back; returns who has it now and must be woken.
    pub fn give_back(&self) -> Option<W> {
        let mut word = self.word.load(Ordering::Relaxed);
        while word < WAITER {
            match self.word.compare_exchange_weak(word, word - 1, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return None,
                Err(changed) => word = changed,
            }
        }
        let mut queue = self.queue();
        match queue.waiting.pop_first() {
            Some((_, waker)) => {
                self.word.fetch_sub(WAITER, Ordering::Relaxed);
                Some(waker)
            }
            // They have all left meanwhile, and nobody joins while the lock is held.
            None => {
                self.word.fetch_sub(1, Ordering::Release);
                None
            }
        }
    }

    /// How many places are taken, and how many wait.
    pub fn counts(&self) -> (u32, u32) {
        let word = self.word.load(Ordering::Relaxed);
        ((word & TAKEN) as u32, (word / WAITER) as u32)
    }

    fn queue(&self) -> MutexGuard<'_, Queue<W>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
