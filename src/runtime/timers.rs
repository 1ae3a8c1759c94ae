//! The timer queue of one thread.

use super::clock::{Clock, Instant};
use slab::Slab;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

pub struct Timers {
    clock: Arc<dyn Clock>,
    queue: RefCell<BTreeMap<(Instant, u64), Waker>>,
    next_id: Cell<u64>,
    /// Of those who wait for something that no timer ends; woken where nothing can happen any more.
    endless: RefCell<Slab<Waker>>,
    dead_ends: Cell<u64>,
}

impl Timers {
    pub fn new(clock: Arc<dyn Clock>) -> Rc<Timers> {
        Rc::new(Timers {
            clock,
            queue: RefCell::default(),
            next_id: Cell::new(0),
            endless: RefCell::default(),
            dead_ends: Cell::new(0),
        })
    }

    /// A future that is ready where nothing can happen any more, which only is in virtual time.
    pub fn dead_end(self: &Rc<Self>) -> DeadEnd {
        DeadEnd { timers: self.clone(), from: self.dead_ends.get(), key: None }
    }

    /// Nothing can happen any more. False where nobody is there to hear it.
    pub fn say_dead_end(&self) -> bool {
        self.dead_ends.set(self.dead_ends.get() + 1);
        let waiting: Vec<Waker> = self.endless.borrow().iter().map(|(_, waker)| waker.clone()).collect();
        waiting.iter().for_each(Waker::wake_by_ref);
        !waiting.is_empty()
    }

    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    /// What the wall clock shows, in nanoseconds since 1970.
    pub fn wall(&self) -> i64 {
        self.clock.wall()
    }

    /// A future that is ready once the clock has reached `at`.
    pub fn at(self: &Rc<Self>, at: Instant) -> Sleep {
        Sleep { timers: self.clone(), at, id: None }
    }

    /// How long until the first timer is due; `None` where there is none.
    pub fn next_due(&self) -> Option<Duration> {
        let first = self.queue.borrow().first_key_value().map(|((at, _), _)| *at)?;
        Some(first.since(self.now()))
    }

    /// Wakes whoever waits for a moment that has come.
    pub fn fire(&self) {
        if self.queue.borrow().is_empty() {
            return;
        }
        let now = self.now();
        loop {
            let Some(waker) = self.pop_due(now) else { break };
            waker.wake();
        }
    }

    fn pop_due(&self, now: Instant) -> Option<Waker> {
        let mut queue = self.queue.borrow_mut();
        let entry = queue.first_entry()?;
        (entry.key().0 <= now).then(|| entry.remove())
    }
}

pub struct Sleep {
    timers: Rc<Timers>,
    at: Instant,
    id: Option<u64>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.timers.now() >= self.at {
            return Poll::Ready(());
        }
        let id = match self.id {
            Some(id) => id,
            None => {
                let id = self.timers.next_id.get();
                self.timers.next_id.set(id + 1);
                self.id = Some(id);
                id
            }
        };
        self.timers.queue.borrow_mut().insert((self.at, id), cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            self.timers.queue.borrow_mut().remove(&(self.at, id));
        }
    }
}

pub struct DeadEnd {
    timers: Rc<Timers>,
    from: u64,
    key: Option<usize>,
}

impl Future for DeadEnd {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.timers.dead_ends.get() != self.from {
            return Poll::Ready(());
        }
        match self.key {
            Some(key) => self.timers.endless.borrow_mut()[key].clone_from(cx.waker()),
            None => {
                let key = self.timers.endless.borrow_mut().insert(cx.waker().clone());
                self.key = Some(key);
            }
        }
        Poll::Pending
    }
}

impl Drop for DeadEnd {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            let waker = self.timers.endless.borrow_mut().remove(key);
            drop(waker);
        }
    }
}
