//! One bucket: what may be sent to one origin, or with one account.

use super::Take;
use super::learn::{self, Knowledge, Lesson, Source};
use super::quota::{Meter, Mode, Quota, Wanted, nanoseconds};
use super::table::{Event, EventKind, Shared};
use crate::http::headers::HeaderBlock;
use crate::resilience::hints::{self, Fields, Hints};
use crate::runtime::clock::{Clock, Instant};
use arc_swap::ArcSwap;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::*, fence};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;

/// Clones are the same bucket.
#[derive(Clone)]
pub struct Bucket(Arc<Inner>);

struct Inner {
    key: Arc<str>,
    shared: Arc<Shared>,
    meter: ArcSwap<Meter>,
    /// How many wait. While there are any, nobody passes by.
    waiting: AtomicU64,
    not_before: AtomicU64,
    /// How much was let through; what is let through has its number from here.
    sent: AtomicU64,
    /// The last number that what the server has said allows.
    ceiling: AtomicU64,
    /// It is, or is about to be, no longer in the table.
    retired: AtomicBool,
    state: Mutex<State>,
}

struct State {
    quota: Quota,
    /// By their arrival.
    queue: BTreeMap<u64, Waiter>,
    /// What all of them want.
    wanted: u64,
    knowledge: Knowledge,
    events: u64,
}

struct Waiter {
    cost: u64,
    waker: Option<Waker>,
}

/// What was let through: enough to give it back, and to know what was sent after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admission {
    pub number: u64,
    pub time: Instant,
    pub cost: u32,
}

/// A bucket at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Info {
    pub quota: Quota,
    /// Tokens that could be taken now.
    pub remaining: u64,
    pub waiting: u64,
    /// How long one more would have to wait.
    pub next: Duration,
    /// How long nothing may be sent, whatever tokens there are.
    pub hold: Duration,
    /// When the tightest quota that the server told of is whole again, and what is left of it.
    pub learned: Option<(Duration, u64)>,
    pub sent: u64,
}

/// Why nothing was let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Denied {
    Until(Instant),
    NeverFits,
}

enum Taken {
    Yes(Admission),
    Until(Instant),
    /// So many tokens were there, but they were too few, or what the server has said forbids to use them.
    InVain(u64),
}

impl Bucket {
    pub(super) fn new(key: Arc<str>, shared: Arc<Shared>) -> Bucket {
        let quota = shared.settings.quota;
        let (queue, knowledge) = (BTreeMap::new(), Knowledge::default());
        Bucket(Arc::new(Inner {
            key,
            meter: ArcSwap::from_pointee(quota.meter()),
            waiting: AtomicU64::new(0),
            not_before: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            ceiling: AtomicU64::new(u64::MAX),
            retired: AtomicBool::new(false),
            state: Mutex::new(State { quota, queue, wanted: 0, knowledge, events: 0 }),
            shared,
        }))
    }

    pub fn key(&self) -> &str {
        &self.0.key
    }

    pub fn now(&self) -> Instant {
        self.0.shared.clock.now()
    }

    pub fn clock(&self) -> &dyn Clock {
        &*self.0.shared.clock
    }

    /// What was let through by now.
    pub fn admitted(&self) -> u64 {
        self.0.sent.load(Acquire)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets through without waiting and without a lock, unless somebody waits or something is unusual.
    pub(super) fn pass(&self, now: Instant, cost: u32) -> Option<Admission> {
        if self.0.waiting.load(SeqCst) != 0 || self.0.not_before.load(Acquire) > now.0 || cost != 1 {
            return None;
        }
        match self.take(now, cost) {
            Taken::Yes(admission) => Some(admission),
            Taken::Until(_) => None,
            Taken::InVain(tokens) => {
                let first = {
                    let mut state = self.state();
                    self.put_back(&state, now, tokens, now);
                    first_waker(&mut state)
                };
                wake(first);
                None
            }
        }
    }

    /// The same for whoever arrived at that place, with the lock, so that it is neither passed nor passes anybody.
    pub(super) fn take_in_turn(&self, now: Instant, cost: u32, arrival: u64) -> Result<Admission, Denied> {
        let mut state = self.state();
        self.may_take(&mut state, now, cost, arrival)?;
        match self.take(now, cost) {
            Taken::Yes(admission) => Ok(admission),
            Taken::Until(until) => Err(Denied::Until(until)),
            Taken::InVain(tokens) => {
                self.put_back(&state, now, tokens, now);
                Err(Denied::Until(self.estimate(&state, now, u64::from(cost))))
            }
        }
    }

    /// Whether it would be let through, as far as can be seen without taking anything.
    pub(super) fn look(&self, now: Instant, cost: u32, arrival: u64) -> Result<(), Denied> {
        let mut state = self.state();
        self.may_take(&mut state, now, cost, arrival)?;
        let until = self.estimate(&state, now, u64::from(cost));
        if now < until { Err(Denied::Until(until)) } else { Ok(()) }
    }

    fn may_take(&self, state: &mut State, now: Instant, cost: u32, arrival: u64) -> Result<(), Denied> {
        let units = u64::from(cost);
        if units > self.0.meter.load().capacity() {
            return Err(Denied::NeverFits);
        }
        self.refresh(state, now);
        let ahead: u64 = state.queue.range(..arrival).map(|(_, waiter)| waiter.cost).sum();
        let held = self.0.not_before.load(Acquire) > now.0;
        let learned = state.knowledge.hold_until(self.0.sent.load(Acquire).saturating_add(units)).is_some();
        if ahead > 0 || held || learned {
            return Err(Denied::Until(self.estimate(state, now, ahead + units)));
        }
        Ok(())
    }

    /// A token, if it is there, with a number.
    fn take(&self, now: Instant, cost: u32) -> Taken {
        let units = u64::from(cost);
        let fits = |sent: u64| sent.checked_add(units).filter(|number| *number <= self.0.ceiling.load(Acquire));
        if fits(self.0.sent.load(Acquire)).is_none() {
            return Taken::Until(now);
        }
        loop {
            match self.0.meter.load().take(now.0, units) {
                Take::Until(until) => return Taken::Until(Instant(until)),
                Take::Part(tokens) => return Taken::InVain(tokens),
                // There will be another one in a moment.
                Take::Frozen => std::thread::yield_now(),
                Take::Got => break,
            }
        }
        match self.0.sent.fetch_update(AcqRel, Acquire, fits) {
            Ok(before) => Taken::Yes(Admission { number: before + units, time: now, cost }),
            Err(_) => Taken::InVain(units),
        }
    }

    fn put_back(&self, state: &State, taken_at: Instant, tokens: u64, now: Instant) {
        let meter = self.0.meter.load_full();
        if let Some(other) = state.quota.put_back(&meter, taken_at.0, tokens, now.0) {
            self.0.meter.store(Arc::new(other));
        }
    }

    /// When so many tokens in a row could have been taken.
    fn estimate(&self, state: &State, now: Instant, tokens: u64) -> Instant {
        let sent = self.0.sent.load(Acquire);
        let learned = state.knowledge.hold_until(sent.saturating_add(tokens)).unwrap_or(now);
        let from = now.max(learned).max(Instant(self.0.not_before.load(Acquire)));
        Instant(self.0.meter.load().estimate(from.0, tokens))
    }

    /// Forgets what was learned and is over.
    fn refresh(&self, state: &mut State, now: Instant) {
        state.knowledge.expire(now);
        self.0.ceiling.store(state.knowledge.ceiling(), Release);
    }

    // The queue.

    /// Puts somebody into the queue; false where it is full.
    pub(super) fn join(&self, arrival: u64, cost: u32, bounded: bool) -> bool {
        let mut state = self.state();
        if bounded && state.queue.len() >= self.0.shared.settings.max_waiting {
            return false;
        }
        if state.queue.insert(arrival, Waiter { cost: u64::from(cost), waker: None }).is_none() {
            state.wanted += u64::from(cost);
            self.0.waiting.fetch_add(1, SeqCst);
        }
        true
    }

    /// Takes somebody out of the queue; whoever is first then goes on.
    pub(super) fn leave(&self, arrival: u64) {
        let next = {
            let mut state = self.state();
            let was_first = state.queue.first_key_value().is_some_and(|(first, _)| *first == arrival);
            let Some(waiter) = state.queue.remove(&arrival) else { return };
            state.wanted -= waiter.cost;
            self.0.waiting.fetch_sub(1, SeqCst);
            if was_first { first_waker(&mut state) } else { None }
        };
        wake(next);
    }

    /// Whether it is the turn of that one; it is woken when it will be.
    pub(super) fn is_first(&self, arrival: u64, waker: &Waker) -> bool {
        let mut state = self.state();
        let first = state.queue.first_key_value().is_none_or(|(first, _)| *first >= arrival);
        if let Some(waiter) = state.queue.get_mut(&arrival)
            && !waiter.waker.as_ref().is_some_and(|known| known.will_wake(waker))
        {
            waiter.waker = Some(waker.clone());
        }
        first
    }

    fn wake_first(&self) {
        let first = first_waker(&mut self.state());
        wake(first);
    }

    // What changes it.

    /// Gives back what was let through and not sent.
    pub fn give_back(&self, admission: Admission) {
        let now = self.now();
        let first = {
            let mut state = self.state();
            self.put_back(&state, admission.time, u64::from(admission.cost), now);
            state.knowledge.give_back(admission.number, u64::from(admission.cost));
            self.refresh(&mut state, now);
            first_waker(&mut state)
        };
        wake(first);
    }

    /// Nothing is let through before that moment, nor before any other one that was said.
    pub fn hold_until(&self, until: Instant) {
        self.0.not_before.fetch_max(until.0, AcqRel);
        // It may be too late for whoever is first.
        self.wake_first();
    }

    /// No hold is left; what was learned of a quota stays.
    pub fn release(&self) {
        self.0.not_before.store(0, Release);
        self.wake_first();
    }

    /// Changes the quota; what was sent counts on. The margin stays unless it is given, and the mode: there is no way from one count to the other.
    pub fn set_quota(&self, wanted: Wanted) -> Result<Quota, String> {
        let now = self.now();
        let (quota, first) = {
            let mut state = self.state();
            let mode = wanted.mode.unwrap_or(state.quota.mode);
            if mode != state.quota.mode {
                return Err("mode differs from the bucket's: it cannot be changed".into());
            }
            let margin = wanted.margin.or((mode == Mode::SlidingLog).then_some(state.quota.margin));
            let quota = Wanted { mode: Some(mode), margin, ..wanted }.check()?;
            let before = self.0.meter.load_full();
            self.0.meter.store(Arc::new(quota.meter_after(&before, now.0)));
            state.quota = quota;
            (quota, first_waker(&mut state))
        };
        wake(first);
        Ok(quota)
    }

    /// What a response says that is of interest here.
    pub fn hints(&self, fields: &(impl Fields + ?Sized), received_wall: i64) -> Hints {
        match &self.0.shared.settings.learning {
            Some(learning) => hints::read(fields, received_wall, &learning.names),
            None => Hints::default(),
        }
    }

    /// Whether a response has something to learn from.
    pub fn hears(&self, status: u16, headers: &HeaderBlock) -> bool {
        let learning = self.0.shared.settings.learning.as_ref();
        learning.is_some_and(|learning| status == 429 || hints::are_there(headers, &learning.names))
    }

    /// Learns from a response. `number` is that of its admission, `None` for the last; `throttle` is how long a 429 holds
    /// that says nothing itself.
    pub fn learn(
        &self,
        now: Instant,
        number: Option<u64>,
        status: u16,
        hints: &Hints,
        throttle: Duration,
    ) -> Option<Lesson> {
        let learning = self.0.shared.settings.learning.as_ref()?;
        let nothing = hints.retry_after.is_none() && hints.windows.is_empty();
        if nothing && status != 429 {
            return None;
        }
        let chance = |moment: Instant| {
            let more = self.0.shared.chance.up_to(nanoseconds(learning.jitter));
            moment.saturating_add(Duration::from_nanos(more))
        };
        let (lesson, event, first) = {
            let mut state = self.state();
            let sent = self.0.sent.load(Acquire);
            let base = number.unwrap_or(sent).min(sent);
            let facts = (now, status, throttle);
            let lesson = learn::learn(&mut state.knowledge, learning, facts, hints, (base, sent), chance);
            self.refresh(&mut state, now);
            let lesson = lesson?;
            if let (Source::RetryAfter | Source::Throttled, Some(until)) = (lesson.source, lesson.hold_until) {
                self.0.not_before.fetch_max(until.0, AcqRel);
            }
            let wait = lesson.hold_until.map_or(Duration::ZERO, |until| until.since(now));
            let mut event = lesson.is_news.then(|| self.event(&mut state, EventKind::Learned, now, wait, 0)).flatten();
            if let Some(event) = &mut event {
                event.remaining = lesson.remaining;
            }
            (lesson, event, first_waker(&mut state))
        };
        wake(first);
        self.tell(event);
        Some(lesson)
    }

    // What can be seen of it.

    pub fn info(&self, now: Instant) -> Info {
        let mut state = self.state();
        self.refresh(&mut state, now);
        let meter = self.0.meter.load();
        let sent = self.0.sent.load(Acquire);
        let left = state.knowledge.tightest(sent);
        let hold = state.knowledge.hold_until(sent + 1).unwrap_or(now).max(Instant(self.0.not_before.load(Acquire)));
        let held = hold > now || !state.queue.is_empty();
        let tokens = meter.remaining(now.0).min(left.map_or(u64::MAX, |(_, left)| left));
        Info {
            quota: state.quota,
            remaining: if held { 0 } else { tokens },
            waiting: state.queue.len() as u64,
            next: self.estimate(&state, now, state.wanted + 1).since(now),
            hold: hold.since(now),
            learned: left.map(|(reset_at, left)| (reset_at.since(now), left)),
            sent,
        }
    }

    pub(super) fn report(&self, kind: EventKind, now: Instant, wait: Duration, cost: u32) {
        if self.0.shared.listener.is_some() {
            let event = self.event(&mut self.state(), kind, now, wait, cost);
            self.tell(event);
        }
    }

    fn event(&self, state: &mut State, kind: EventKind, now: Instant, wait: Duration, cost: u32) -> Option<Event> {
        self.0.shared.listener.as_ref()?;
        state.events += 1;
        let (key, sequence, waiting) = (self.0.key.clone(), state.events, state.queue.len() as u64);
        Some(Event { kind, key, sequence, time: now, wait_ns: nanoseconds(wait), waiting, cost, remaining: None })
    }

    fn tell(&self, event: Option<Event>) {
        if let (Some(event), Some(listener)) = (event, &self.0.shared.listener) {
            listener(&event);
        }
    }

    // Its life in the table.

    pub fn is_retired(&self) -> bool {
        // Pairs with the one in `retire`: either this one sees the mark, or the table sees this clone.
        fence(SeqCst);
        self.0.retired.load(SeqCst)
    }

    /// Marks it as no longer in use, if nobody but the table has it and a new one would be no different.
    pub(super) fn retire(&self, now: Instant) -> bool {
        let mut state = self.state();
        self.refresh(&mut state, now);
        let as_new = state.quota == self.0.shared.settings.quota
            && state.knowledge.ceiling() == u64::MAX
            && self.0.not_before.load(Acquire) <= now.0
            && self.0.meter.load().is_whole(now.0);
        if !as_new {
            return false;
        }
        self.0.retired.store(true, SeqCst);
        fence(SeqCst);
        let unused = Arc::strong_count(&self.0) == 1;
        if !unused {
            self.0.retired.store(false, SeqCst);
        }
        unused
    }
}

fn first_waker(state: &mut State) -> Option<Waker> {
    state.queue.first_entry().and_then(|first| first.get().waker.clone())
}

/// Never under the lock: whoever is woken may come at once.
fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}
