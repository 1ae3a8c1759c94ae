//! A bulkhead: so many requests at once for one key, so that what hangs in one place does not take up all there is. Those
//! that come when all slots are taken wait in the order of their arrival, up to a number, and no longer than their deadline.

mod places;
mod sync;

use crate::resilience::table::Table;
use crate::runtime::clock::{Clock, Instant};
use crate::runtime::timers::Timers;
use places::{Entry, Places};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BulkheadOptions {
    /// Slots of each key.
    pub capacity: u32,
    /// How many may wait for one.
    pub queue: u32,
    /// For so many keys; those beyond share the slots of one.
    pub max_keys: usize,
}

impl Default for BulkheadOptions {
    fn default() -> BulkheadOptions {
        BulkheadOptions { capacity: 100, queue: 1_000, max_keys: 1_024 }
    }
}

const MOST_SLOTS: u32 = 1_000_000;
const MOST_WAITING: u32 = 65_536;
const MOST_KEYS: usize = 1 << 20;

impl BulkheadOptions {
    /// What makes no sense, by field and value.
    pub fn validate(&self) -> Result<(), String> {
        if !(1..=MOST_SLOTS).contains(&self.capacity) {
            return Err(format!("capacity is {}: 1 to {MOST_SLOTS}", self.capacity));
        }
        if self.queue > MOST_WAITING {
            return Err(format!("queue is {}: at most {MOST_WAITING}", self.queue));
        }
        if !(1..=MOST_KEYS).contains(&self.max_keys) {
            return Err(format!("max_keys is {}: 1 to {MOST_KEYS}", self.max_keys));
        }
        Ok(())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// So many wait already.
    Full,
    /// No slot became free before the deadline.
    TooLate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum EventKind {
    /// All slots are taken: it waits.
    Waits = 1,
    Rejected = 2,
    TimedOut = 3,
}

/// Something that happened to a key, with how it stood right after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event<'a> {
    pub kind: EventKind,
    pub key: &'a str,
    /// Counts the events of this key, from 1.
    pub sequence: u64,
    pub time: Instant,
    pub in_use: u32,
    pub waiting: u32,
}

/// Called when no lock is held, on the thread to which it happens.
pub type Listener = Box<dyn Fn(&Event) + Send + Sync>;

/// A bulkhead for any number of workers on any threads; copies share it.
#[derive(Clone)]
pub struct Bulkhead(Arc<Inner>);

struct Inner {
    options: BulkheadOptions,
    common: Arc<Common>,
    keys: Table<Key>,
    overflow: Arc<Key>,
}

struct Common {
    clock: Arc<dyn Clock>,
    listener: Option<Listener>,
}

struct Key {
    name: Box<str>,
    places: Places<Waker>,
    common: Arc<Common>,
    events: AtomicU64,
    rejected: AtomicU64,
    timed_out: AtomicU64,
}

/// How a key stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct BulkheadState {
    pub in_use: u32,
    pub waiting: u32,
    pub rejected: u64,
    pub timed_out: u64,
}

/// What keys beyond the most are called.
const OVERFLOW: &str = "*";

impl Key {
    fn new(name: &str, options: &BulkheadOptions, common: &Arc<Common>) -> Key {
        Key {
            name: name.into(),
            places: Places::new(options.capacity, options.queue),
            common: common.clone(),
            events: AtomicU64::new(0),
            rejected: AtomicU64::new(0),
            timed_out: AtomicU64::new(0),
        }
    }

    fn is_idle(&self) -> bool {
        self.places.counts() == (0, 0)
    }

    fn state(&self) -> BulkheadState {
        let (in_use, waiting) = self.places.counts();
        let (rejected, timed_out) = (self.rejected.load(Ordering::Relaxed), self.timed_out.load(Ordering::Relaxed));
        BulkheadState { in_use, waiting, rejected, timed_out }
    }

    fn happened(&self, kind: EventKind) {
        let Some(listener) = &self.common.listener else { return };
        let sequence = self.events.fetch_add(1, Ordering::Relaxed) + 1;
        let (in_use, waiting) = self.places.counts();
        listener(&Event { kind, key: &self.name, sequence, time: self.common.clock.now(), in_use, waiting });
    }

    fn refuse(&self, why: Refused) -> Refused {
        let (count, kind) = match why {
            Refused::Full => (&self.rejected, EventKind::Rejected),
            Refused::TooLate => (&self.timed_out, EventKind::TimedOut),
        };
        count.fetch_add(1, Ordering::Relaxed);
        self.happened(kind);
        why
    }
}

impl Bulkhead {
    /// The options are valid.
    pub fn new(options: BulkheadOptions, clock: Arc<dyn Clock>, listener: Option<Listener>) -> Bulkhead {
        let common = Arc::new(Common { clock, listener });
        let overflow = Arc::new(Key::new(OVERFLOW, &options, &common));
        Bulkhead(Arc::new(Inner { options, common, keys: Table::new(options.max_keys), overflow }))
    }

    /// The slots of a key, to be kept by whoever asks for them often.
    pub fn clock(&self) -> &dyn Clock {
        &*self.0.common.clock
    }

    pub fn slots(&self, key: &str) -> Slots {
        let Inner { options, common, keys, overflow } = &*self.0;
        let found = keys.get_or_add(key, || Key::new(key, options, common), Key::is_idle);
        Slots(found.unwrap_or_else(|| overflow.clone()))
    }

    /// How a key stands; one that was never asked for has nothing to tell.
    pub fn state(&self, key: &str) -> BulkheadState {
        self.0.keys.get(key).map_or_else(BulkheadState::default, |key| key.state())
    }

    pub fn options(&self) -> &BulkheadOptions {
        &self.0.options
    }
}

/// The slots of one key.
#[derive(Clone)]
pub struct Slots(Arc<Key>);

/// Leave for one request, until it is dropped.
#[must_use]
pub struct Slot(Arc<Key>);

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(waker) = self.0.places.give_back() {
            waker.wake();
        }
    }
}

impl Slots {
    pub fn key(&self) -> &str {
        &self.0.name
    }

    pub fn state(&self) -> BulkheadState {
        self.0.state()
    }

    /// A slot, if one is free and nobody waits for it.
    pub fn try_acquire(&self) -> Option<Slot> {
        self.0.places.try_take().then(|| Slot(self.0.clone()))
    }

    /// A slot, as soon as one is free and all who came before have got theirs. Whoever drops this waits no longer.
    pub async fn acquire(&self, timers: &Rc<Timers>, deadline: Option<Instant>) -> Result<Slot, Refused> {
        if let Some(slot) = self.try_acquire() {
            return Ok(slot);
        }
        if deadline.is_some_and(|deadline| timers.now() >= deadline) {
            return Err(self.0.refuse(Refused::TooLate));
        }
        let mut waiting = Waiting { key: &self.0, number: None };
        let mut timer = pin!(deadline.map(|at| timers.at(at)));
        poll_fn(|cx| {
            if let Poll::Ready(result) = waiting.poll(cx) {
                return Poll::Ready(result);
            }
            let late = timer.as_mut().as_pin_mut().is_some_and(|timer| timer.poll(cx).is_ready());
            if late { Poll::Ready(waiting.leave()) } else { Poll::Pending }
        })
        .await
    }
}

/// One that waits. Dropped, it is out of the queue, or gives back what it got meanwhile.
struct Waiting<'a> {
    key: &'a Arc<Key>,
    number: Option<u64>,
}

impl Waiting<'_> {
    fn slot(&mut self) -> Slot {
        self.number = None;
        Slot(self.key.clone())
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Slot, Refused>> {
        match self.number {
            Some(number) => {
                let is_there = self.key.places.look(number, |waker| waker.clone_from(cx.waker()));
                if is_there { Poll::Ready(Ok(self.slot())) } else { Poll::Pending }
            }
            None => match self.key.places.enter(|| cx.waker().clone()) {
                Entry::Given => Poll::Ready(Ok(self.slot())),
                Entry::Full => Poll::Ready(Err(self.key.refuse(Refused::Full))),
                Entry::Queued(number) => {
                    self.number = Some(number);
                    self.key.happened(EventKind::Waits);
                    Poll::Pending
                }
            },
        }
    }

    /// The deadline has come; what was given in the same moment is taken.
    fn leave(&mut self) -> Result<Slot, Refused> {
        match self.number.take() {
            Some(number) if self.key.places.leave(number) => Err(self.key.refuse(Refused::TooLate)),
            _ => Ok(self.slot()),
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(number) = self.number
            && !self.key.places.leave(number)
        {
            drop(self.slot());
        }
    }
}

#[cfg(test)]
mod tests;
