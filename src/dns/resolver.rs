//! The resolver: look-ups of one name are one, a few threads carry them out, answers are kept for a while.

use super::cache::Cache;
use super::{Addresses, Answer, Failure, Query};
use crate::runtime::clock::Instant;
use crate::runtime::wake::Unpark;
use slab::Slab;
use std::collections::{HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

/// As many look-ups run at once; others wait for their turn.
const MOST_THREADS: usize = 8;

/// What the resolver needs of the machine.
pub trait System: Send + Sync + 'static {
    /// Asks the system's resolver; blocks for as long as that takes.
    fn look_up(&self, query: &Query) -> Result<Addresses, Failure>;
    fn now(&self) -> Instant;
    /// Starts a thread; false where there can be no more.
    fn start_thread(&self, run: Box<dyn FnOnce() + Send>) -> bool;
    /// How long a thread that has nothing to do stays.
    fn patience(&self) -> Duration;
}

pub struct Resolver<S: System>(Arc<Shared<S>>);

impl<S: System> Clone for Resolver<S> {
    fn clone(&self) -> Self {
        Resolver(self.0.clone())
    }
}

struct Shared<S> {
    system: S,
    state: Mutex<State>,
    work: Condvar,
}

#[derive(Default)]
struct State {
    cache: Cache,
    /// Look-ups that whoever asks for the same joins: those in the queue and those under way.
    open: HashMap<Query, Arc<LookUp>>,
    queue: VecDeque<Arc<LookUp>>,
    threads: usize,
    idle: usize,
}

struct LookUp {
    query: Query,
    answer: OnceLock<Answer>,
    /// Locked inside of `state` or alone.
    waiting: Mutex<Slab<Arc<dyn Unpark>>>,
}

/// The answer to a question, now or later.
pub enum Asked<S: System> {
    Known(Answer),
    Wait(Ticket<S>),
}

/// A place in a look-up. Who drops it no longer waits; a look-up that nobody waits for is not begun.
pub struct Ticket<S: System> {
    shared: Arc<Shared<S>>,
    look_up: Arc<LookUp>,
    key: usize,
}

impl<S: System> Resolver<S> {
    pub fn new(system: S) -> Resolver<S> {
        Resolver(Arc::new(Shared { system, state: Mutex::default(), work: Condvar::new() }))
    }

    /// Asks for the addresses of a name; an answer of the cache may be `max_age` old. `unpark` is told when there is
    /// an answer.
    pub fn ask(&self, query: Query, max_age: Duration, unpark: Arc<dyn Unpark>) -> Asked<S> {
        let mut state = self.0.lock();
        if let Some(addresses) = state.cache.get(&query, self.0.system.now(), max_age) {
            return Asked::Known(Ok(addresses));
        }
        let look_up = match state.open.get(&query) {
            Some(look_up) => look_up.clone(),
            None => {
                let look_up = Arc::new(LookUp { query, answer: OnceLock::new(), waiting: Mutex::default() });
                state.queue.push_back(look_up.clone());
                if !self.0.clone().see_to_it(&mut state) {
                    state.queue.pop_back();
                    let reason = String::from("no thread could be started for the look-up");
                    return Asked::Known(Err(Failure { reason, os_error: 0 }));
                }
                state.open.insert(look_up.query.clone(), look_up.clone());
                look_up
            }
        };
        let key = look_up.waiting().insert(unpark);
        Asked::Wait(Ticket { shared: self.0.clone(), look_up, key })
    }

    /// Forgets all answers, also those of look-ups that are under way: whoever asks from now on gets a new one.
    pub fn flush(&self) {
        let mut state = self.0.lock();
        state.cache.clear();
        state.open.clear();
    }
}

impl<S: System> Shared<S> {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sees to it that a thread takes what was put into the queue; false where there is none at all.
    fn see_to_it(self: Arc<Self>, state: &mut State) -> bool {
        if state.queue.len() <= state.idle {
            self.work.notify_one();
        } else if state.threads < MOST_THREADS {
            let shared = self.clone();
            let started = self.system.start_thread(Box::new(move || shared.serve()));
            state.threads += usize::from(started);
        }
        state.threads > 0
    }

    /// What each thread does.
    fn serve(&self) {
        let mut state = self.lock();
        loop {
            if let Some(look_up) = state.queue.pop_front() {
                drop(state);
                self.carry_out(&look_up);
                state = self.lock();
                continue;
            }
            state.idle += 1;
            let waited = self.work.wait_timeout(state, self.system.patience());
            let (back, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            state = back;
            state.idle -= 1;
            if timeout.timed_out() && state.queue.is_empty() {
                state.threads -= 1;
                return;
            }
        }
    }

    fn carry_out(&self, look_up: &Arc<LookUp>) {
        let found = catch_unwind(AssertUnwindSafe(|| self.system.look_up(&look_up.query)));
        let broken = || Err(Failure { reason: String::from("the look-up panicked"), os_error: 0 });
        let answer = found.unwrap_or_else(|_| broken()).map(Arc::new);
        let mut state = self.lock();
        if state.open.get(&look_up.query).is_some_and(|open| Arc::ptr_eq(open, look_up)) {
            state.open.remove(&look_up.query);
            if let Ok(addresses) = &answer {
                state.cache.insert(look_up.query.clone(), addresses.clone(), self.system.now());
            }
        }
        drop(state);
        let _ = look_up.answer.set(answer);
        for unpark in std::mem::take(&mut *look_up.waiting()).iter().map(|(_, unpark)| unpark) {
            unpark.unpark();
        }
    }
}

impl LookUp {
    fn waiting(&self) -> MutexGuard<'_, Slab<Arc<dyn Unpark>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: System> Ticket<S> {
    pub fn answer(&self) -> Option<&Answer> {
        self.look_up.answer.get()
    }
}

impl<S: System> Drop for Ticket<S> {
    fn drop(&mut self) {
        if self.answer().is_some() {
            return;
        }
        let mut state = self.shared.lock();
        let nobody_waits = {
            let mut waiting = self.look_up.waiting();
            waiting.try_remove(self.key);
            waiting.is_empty()
        };
        let is_this = |other: &Arc<LookUp>| Arc::ptr_eq(other, &self.look_up);
        if nobody_waits && let Some(at) = state.queue.iter().position(is_this) {
            state.queue.remove(at);
            if state.open.get(&self.look_up.query).is_some_and(is_this) {
                state.open.remove(&self.look_up.query);
            }
        }
    }
}

#[cfg(test)]
mod tests;
