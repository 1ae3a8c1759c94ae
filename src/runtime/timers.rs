//! The timer queue of one thread.

use super::clock::{Clock, Instant};
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
}

impl Timers {
    pub fn new(clock: Arc<dyn Clock>) -> Rc<Timers> {
        Rc::new(Timers { clock, queue: RefCell::default(), next_id: Cell::new(0) })
    }

    pub fn now(&self) -> Instant {
        self.clock.now()
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
