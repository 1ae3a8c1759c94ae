//! Requests that have ended, on their way to whoever reaps them.
//!
//! A lock around a queue, and no lock-free one, because of the descriptor: it is readable exactly while the queue is not
//! empty, also while several threads put in and take out, and that only holds where both are changed as one. Under the lock
//! nothing of the caller's is run or dropped, and the descriptor is written at the transitions from and to empty alone.
//! The queue has no bound of its own: there is never more in it than the pool has accepted.

use super::descriptor::{Descriptor, RawFd};
use super::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::collections::VecDeque;
use std::mem;
use std::time::{Duration, Instant};

pub struct Completions<T> {
    state: Mutex<State<T>>,
    bell: Condvar,
}

struct State<T> {
    items: VecDeque<T>,
    /// Threads inside of `pop`'s wait, also those that have been called and did not get the lock yet.
    waiting: usize,
    /// How often all who waited have been called.
    calls: u64,
    /// A call that nobody heard: for the next one who would wait.
    unheard: bool,
    closed: bool,
    /// Once somebody has asked for it.
    descriptor: Option<Descriptor>,
}

/// How a `pop` ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Popped {
    /// So many, at least one.
    Taken(usize),
    TimedOut,
    /// By `wake`.
    Woken,
    /// And empty.
    Closed,
}

impl<T> Default for Completions<T> {
    fn default() -> Completions<T> {
        Completions::new()
    }
}

impl<T> Completions<T> {
    pub fn new() -> Completions<T> {
        let state =
            State { items: VecDeque::new(), waiting: 0, calls: 0, unheard: false, closed: false, descriptor: None };
        Completions { state: Mutex::new(state), bell: Condvar::new() }
    }

    pub fn push(&self, item: T) {
        self.add(1, |items| items.push_back(item));
    }

    #[cfg(test)]
    pub fn push_all(&self, items: impl IntoIterator<Item = T>) {
        // The iterator is somebody else's code.
        let mut new: VecDeque<T> = items.into_iter().collect();
        self.add(new.len(), |items| items.append(&mut new));
    }

    /// Puts back, as the next one to be taken, what could not be delivered.
    pub fn unpop(&self, item: T) {
        self.add(1, |items| items.push_front(item));
    }

    fn add(&self, count: usize, put: impl FnOnce(&mut VecDeque<T>)) {
        let mut state = self.lock();
        let was_empty = state.items.is_empty();
        put(&mut state.items);
        if was_empty && count > 0 {
            state.descriptor.iter().for_each(Descriptor::set);
        }
        let callable = state.waiting.min(count);
        drop(state);
        // Whoever is called looks again under the lock, so one call too many does no harm. One for each item is enough: a
        // thread that comes meanwhile takes without having waited, and then there is nothing left to be called for.
        for _ in 0..callable {
            self.bell.notify_one();
        }
    }

    /// Takes the oldest, at most so many, and appends them to `out`. Where there are none it waits: not at all with
    /// `Some(ZERO)`, without end with `None`.
    pub fn pop(&self, most: usize, out: &mut Vec<T>, wait: Option<Duration>) -> Popped {
        if most == 0 {
            return Popped::TimedOut;
        }
        let mut state = self.lock();
        if let Some(popped) = state.take(most, out) {
            return popped;
        }
        if wait == Some(Duration::ZERO) {
            return Popped::TimedOut;
        }
        if mem::take(&mut state.unheard) {
            return Popped::Woken;
        }
        let until = wait.and_then(|wait| Instant::now().checked_add(wait));
        let calls = state.calls;
        state.waiting += 1;
        let popped = loop {
            state = match until.map(|until| until.saturating_duration_since(Instant::now())) {
                Some(Duration::ZERO) => break Popped::TimedOut,
                Some(left) => self.bell.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0,
                None => self.bell.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
            // First what is there: the call that ended the wait may have been for it.
            if let Some(popped) = state.take(most, out) {
                break popped;
            }
            if state.calls != calls {
                break Popped::Woken;
            }
        };
        state.waiting -= 1;
        popped
    }

    /// Ends the wait of all who wait now, and if nobody does, the next one before it begins. Any number of calls that
    /// nobody heard are one.
    pub fn wake(&self) {
        let mut state = self.lock();
        if state.waiting == 0 {
            state.unheard = true;
            return;
        }
        state.calls += 1;
        drop(state);
        self.bell.notify_all();
    }

    /// From now on nobody waits. What is in the queue, and what is still put in, can be taken as before.
    pub fn close(&self) {
        self.lock().closed = true;
        self.bell.notify_all();
    }

    /// From now on readable exactly while the queue is not empty; not to be read from, and closed with the queue. `None`
    /// where there is no such thing, or none could be had.
    pub fn fd(&self) -> Option<RawFd> {
        let mut state = self.lock();
        if state.descriptor.is_none() {
            let descriptor = Descriptor::new()?;
            if !state.items.is_empty() {
                descriptor.set();
            }
            state.descriptor = Some(descriptor);
        }
        state.descriptor.as_ref().map(Descriptor::raw)
    }

    pub fn len(&self) -> usize {
        self.lock().items.len()
    }

    /// Whether the descriptor says what is so. Nothing changes meanwhile.
    #[cfg(test)]
    pub fn is_exact(&self) -> bool {
        let state = self.lock();
        state.descriptor.as_ref().is_none_or(|descriptor| descriptor.is_set() != state.items.is_empty())
    }

    #[cfg(test)]
    pub fn with_descriptor<R>(&self, look: impl FnOnce(&Descriptor) -> R) -> Option<R> {
        self.lock().descriptor.as_ref().map(look)
    }

    #[cfg(test)]
    pub fn waiting(&self) -> usize {
        self.lock().waiting
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> State<T> {
    fn take(&mut self, most: usize, out: &mut Vec<T>) -> Option<Popped> {
        let count = most.min(self.items.len());
        if count == 0 {
            return self.closed.then_some(Popped::Closed);
        }
        out.extend(self.items.drain(..count));
        if self.items.is_empty() {
            self.descriptor.iter().for_each(Descriptor::clear);
        }
        Some(Popped::Taken(count))
    }
}
