//! Easy handles that wait for the next exchange: as many as were in use together of late, so that many exchanges at once
//! do not make and free one each, and a burst is not remembered for ever.

use super::easy::Easy;
use crate::error::Error;
use crate::runtime::clock::{Clock, Instant, SystemClock};
use std::cell::{Cell, RefCell};
use std::time::Duration;

/// So many are kept whatever happens.
const LEAST: usize = 8;
/// And never more than these.
const MOST: usize = 1024;
/// How long a number of exchanges is remembered, and at most twice that.
const MEMORY: Duration = Duration::from_secs(10);

pub struct Spare<H = Easy> {
    handles: RefCell<Vec<H>>,
    /// The most that were in use, and that in the period before.
    most: Cell<usize>,
    most_before: Cell<usize>,
    since: Cell<Option<Instant>>,
}

impl<H> Default for Spare<H> {
    fn default() -> Self {
        let zero = || Cell::new(0);
        Spare { handles: RefCell::default(), most: zero(), most_before: zero(), since: Cell::new(None) }
    }
}

impl Spare<Easy> {
    pub fn take(&self) -> Result<Easy, Error> {
        let spare = self.pop();
        spare.map_or_else(Easy::new, Ok)
    }

    /// Gives back a handle that is in no multi; so many others are still in use.
    pub fn put(&self, mut easy: Easy, in_use: usize) {
        easy.reset();
        self.keep(easy, in_use, || SystemClock.now());
    }
}

impl<H> Spare<H> {
    fn pop(&self) -> Option<H> {
        self.handles.borrow_mut().pop()
    }

    fn keep(&self, handle: H, in_use: usize, now: impl FnOnce() -> Instant) {
        let handles = &mut *self.handles.borrow_mut();
        self.most.set(self.most.get().max(in_use + 1));
        if handles.len() >= LEAST {
            // With fewer there is nothing to forget.
            let now = now();
            let since = self.since.get().unwrap_or(now);
            self.since.set(Some(since));
            if now.since(since) >= MEMORY {
                self.most_before.set(self.most.replace(in_use + 1));
                self.since.set(Some(now));
            }
        }
        let of_late = self.most.get().max(self.most_before.get()).clamp(LEAST, MOST);
        handles.truncate(of_late.saturating_sub(in_use).max(LEAST));
        if handles.len() < LEAST || handles.len() + in_use < of_late {
            handles.push(handle);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> impl FnOnce() -> Instant {
        move || Instant(seconds * 1_000_000_000)
    }

    /// So many are taken, and then given back.
    fn burst(spare: &Spare<()>, size: usize, second: u64) -> usize {
        let made = (0..size).filter(|_| spare.pop().is_none()).count();
        (0..size).rev().for_each(|in_use| spare.keep((), in_use, at(second)));
        made
    }

    #[test]
    fn as_many_are_kept_as_are_used_together_again_and_again() {
        let spare = Spare::default();
        assert_eq!(burst(&spare, 300, 0), 300);
        for second in 1..100 {
            assert_eq!(burst(&spare, 300, second), 0);
        }
        assert_eq!(spare.handles.borrow().len(), 300);
    }

    #[test]
    fn a_burst_is_forgotten_and_a_huge_one_is_not_kept_whole() {
        let spare = Spare::default();
        burst(&spare, 5000, 0);
        assert_eq!(spare.handles.borrow().len(), MOST);
        for second in 1..40 {
            burst(&spare, 20, second);
        }
        assert_eq!(spare.handles.borrow().len(), 20);
        for second in 40..80 {
            burst(&spare, 1, second);
        }
        assert_eq!(spare.handles.borrow().len(), LEAST);
    }
}
