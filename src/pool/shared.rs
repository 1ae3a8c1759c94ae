//! What the pool's face and its threads have between them: every step is one of the schedule under its lock, and then, without
//! it, what that step asks for.

use super::order::{Done, Order, Outcome};
use super::schedule::{Facts, Id, Place, Refused, Turn, Waited, Why, Withdrawn};
use super::thread::{self, Desk};
use super::{Book, Crew, Shared, Step, one_more};
use crate::call::Submitted;
use crate::cancel::Cancel;
use crate::error::{Error, Retryable};
use crate::http::body::Notifier;
use crate::http::url::Url;
use crate::observe::counters::Counters;
use crate::runtime::clock::{Clock, Instant, SystemClock};
use crate::status::*;
use crate::worker::WorkerOptions;
use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::task::{Wake, Waker};
use std::thread::JoinHandle;
use std::time::Duration;

/// Calls off a request that waits, when the caller's own cancel is thrown.
struct CallsOff {
    shared: Arc<Shared>,
    id: Id,
}

impl Wake for CallsOff {
    fn wake(self: Arc<Self>) {
        self.shared.call_off(self.id);
    }
}

impl Shared {
    pub(super) fn schedule(&self) -> MutexGuard<'_, Crew> {
        self.schedule.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn submit(self: &Arc<Self>, mut order: Order, tag: u64) -> Result<(), Error> {
        let wait = if thread::is_one_of(self) { Some(Duration::ZERO) } else { self.options.submit_timeout };
        let (origin, cost, cancel) = (origin_of(&order.request.url), cost(&order), order.cancel.clone());
        let mut told = None;
        // A request that is refused has claimed nothing.
        let claimed = |schedule| {
            order.request.body.claim()?;
            told = order.request.body.set_notifier(|| self.tells_of_room(tag));
            Ok(schedule)
        };
        let mut schedule = match self.wait_for_room(wait).and_then(claimed) {
            Ok(schedule) => schedule,
            Err(error) => {
                order.refused.iter().for_each(|refused| refused.store(true, Ordering::SeqCst));
                return Err(error);
            }
        };
        let now = SystemClock.now();
        let start = now.saturating_add(std::mem::take(&mut order.limits.start_after));
        order.limits.submitted = Some(Submitted { at: start, tag });
        let facts = Facts {
            tag,
            origin: &origin,
            cost,
            start: Some(start),
            deadline: order.limits.timeout.map(|timeout| start.saturating_add(timeout)),
        };
        one_more(&self.tallies.accepted);
        let (id, turn) = schedule.accept(facts, Box::new(order), now);
        let waits = !turn.hand.iter().any(|(_, handed)| handed.id == id);
        self.act(schedule, turn);
        if let (true, Some(cancel)) = (waits, cancel) {
            self.end_with(id, &cancel);
        }
        if let Some(tell) = told {
            tell();
        }
        Ok(())
    }

    /// For the writers of a request's body.
    fn tells_of_room(self: &Arc<Self>, tag: u64) -> Notifier {
        let shared = Arc::downgrade(self);
        Arc::new(move || {
            if let Some(shared) = shared.upgrade() {
                shared.completions.push(Done { tag, outcome: Outcome::Writable });
            }
        })
    }

    /// The caller's own cancel ends the waiting of a request.
    pub(super) fn end_with(self: &Arc<Self>, id: Id, cancel: &Cancel) {
        let waker = Waker::from(Arc::new(CallsOff { shared: self.clone(), id }));
        let watching = cancel.watch(waker);
        if cancel.is_triggered() {
            self.call_off(id);
        }
        self.schedule().keep(id, watching);
    }

    /// The schedule, once there is room in it.
    pub(super) fn wait_for_room(&self, wait: Option<Duration>) -> Result<MutexGuard<'_, Crew>, Error> {
        let look = |schedule: &Crew| match schedule.room(self.completions.len(), SystemClock.now()) {
            _ if self.is_stopped() => Some(Err(Refused::Closed)),
            Err(Refused::Full) => None,
            answer => Some(answer),
        };
        let Some((schedule, answer)) = self.room.find(&self.schedule, wait, look) else {
            let unreaped = self.completions.len();
            return Err(full(format!("the pool is full as before, {unreaped} completions were not taken")));
        };
        match answer {
            Some(Ok(())) => Ok(schedule),
            Some(Err(Refused::Closed)) => Err(Error::plain(HS_ERR_POOL_CLOSED)),
            Some(Err(Refused::NoThread)) => {
                drop(schedule);
                Err(self.no_thread())
            }
            Some(Err(Refused::Full)) | None => {
                let (waiting, open, unreaped) = (schedule.waiting(), schedule.open(), self.completions.len());
                let message = format!("the pool is full: {waiting} requests wait, {} are under way", open - waiting);
                Err(full(format!("{message}, {unreaped} completions were not taken")))
            }
        }
    }

    pub(super) fn there_may_be_room(&self) {
        self.room.ring(&self.schedule);
    }

    /// Does what a step of the schedule asks for, and lets go of its lock.
    pub(super) fn act(self: &Arc<Self>, schedule: MutexGuard<'_, Crew>, mut turn: Step) {
        let mut schedule = schedule;
        let (mut failed, mut again) = (Vec::<Place<Arc<Desk>>>::new(), Vec::new());
        loop {
            let mut wake: smallvec::SmallVec<[Arc<Desk>; 2]> = smallvec::SmallVec::new();
            for (desk, handed) in turn.hand.drain(..) {
                desk.inbox.push(handed);
                if !wake.iter().any(|other| Arc::ptr_eq(other, &desk)) {
                    wake.push(desk);
                }
            }
            let due = schedule.next_due().map_or(u64::MAX, |at| at.0);
            let sooner = due < self.due.swap(due, Ordering::SeqCst);
            if sooner
                && let Some(desk) = schedule.crew().handles().next()
                && wake.is_empty()
            {
                wake.push(desk.clone());
            }
            let in_flight = schedule.in_flight() as u64;
            self.tallies.most_in_flight.fetch_max(in_flight, Ordering::Relaxed);
            let over = (schedule.open() == 0 || schedule.crew().len() == 0) && self.ended.is_awaited();
            drop(schedule);
            wake.iter().for_each(|desk| desk.wake());
            if over {
                self.ended.ring(&self.schedule);
            }
            self.never_began(std::mem::take(&mut turn.waited));
            for place in std::mem::take(&mut turn.start) {
                one_more(&self.tallies.threads_started);
                if let Err(error) = thread::start(self, place.clone(), None) {
                    self.note_failure(no_thread(&error));
                    failed.push(place);
                }
            }
            let Some(place) = failed.pop() else { break };
            schedule = self.schedule();
            let back;
            (turn, back) = self.take_back(&mut schedule, &place);
            again.extend(back);
        }
        again.iter().for_each(|(id, cancel)| self.end_with(*id, cancel));
    }

    /// Tells of requests that they will never begin. They are open until then.
    pub(super) fn never_began(&self, all: Vec<Waited<Box<Order>>>) {
        let count = all.len();
        if count == 0 {
            return;
        }
        all.into_iter().for_each(|waited| self.one_never_began(waited));
        let mut schedule = self.schedule();
        schedule.told(count);
        let over = schedule.open() == 0;
        drop(schedule);
        if over {
            self.ended.ring(&self.schedule);
        }
        self.there_may_be_room();
    }

    pub(super) fn one_never_began(&self, waited: Waited<Box<Order>>) {
        let Waited { tag, job: order, why } = waited;
        let now = SystemClock.now();
        let mut error = match why {
            Why::CalledOff => Error::new(HS_ERR_CANCELLED, "cancelled while waiting in the pool's queue"),
            Why::Late => {
                let limit = order.limits.timeout.unwrap_or_default().as_millis();
                Error::new(HS_ERR_TIMEOUT, format!("timeout of {limit} ms while waiting in the pool's queue"))
            }
            Why::NoThread => self.no_thread(),
        };
        let details = error.details_mut();
        details.phase = HS_PHASE_QUEUE;
        // Nothing was sent.
        details.retryable = if why == Why::CalledOff { Retryable::No } else { Retryable::Safe };
        details.elapsed_ns = order.limits.submitted.map_or(0, |submitted| now.since(submitted.at).as_nanos() as u64);
        drop(order);
        self.completed(Done { tag, outcome: Outcome::Failed(error) });
    }

    pub(super) fn no_thread(&self) -> Error {
        let why = self.why_no_thread.lock().unwrap_or_else(PoisonError::into_inner).clone();
        why.unwrap_or_else(|| Error::plain(HS_ERR_THREAD))
    }

    /// Calls off a request; false where it has ended.
    pub(super) fn call_off(self: &Arc<Self>, id: Id) -> bool {
        let mut schedule = self.schedule();
        let withdrawn = schedule.withdraw(id, Why::CalledOff);
        match withdrawn {
            Withdrawn::Ended => false,
            Withdrawn::Running(cancel) => {
                drop(schedule);
                cancel.trigger();
                true
            }
            Withdrawn::Waiting(waited) => {
                let turn = Turn { waited: vec![waited], ..Turn::default() };
                self.act(schedule, turn);
                true
            }
        }
    }

    pub(super) fn call_off_all(self: &Arc<Self>) {
        let all = self.schedule().all();
        for id in all {
            self.call_off(id);
        }
    }

    pub(super) fn wait_for_the_end(&self, wait: Option<Duration>) -> bool {
        let look = |schedule: &Crew| (schedule.open() == 0).then_some(());
        self.ended.wait(&self.schedule, wait, look).1.is_some()
    }

    pub(super) fn stop(self: &Arc<Self>) {
        let mut schedule = self.schedule();
        schedule.stop();
        // A thread that sees this has all on its desk that it will ever get.
        self.stopped.store(true, Ordering::SeqCst);
        let desks: Vec<Arc<Desk>> = schedule.crew().handles().cloned().collect();
        drop(schedule);
        self.there_may_be_room();
        self.call_off_all();
        desks.iter().for_each(|desk| desk.wake());
        // Also those that somebody is about to start.
        drop(self.ended.wait(&self.schedule, None, |schedule| (schedule.crew().len() == 0).then_some(())));
        loop {
            let thread = self.threads.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let Some(thread) = thread else { break };
            // Its panics were told to those whose requests it had.
            let _ = thread.join();
        }
        self.completions.close();
    }

    pub(super) fn completed(&self, done: Done) {
        one_more(&self.tallies.completed);
        self.completions.push(done);
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }

    // What its threads ask for.

    pub(super) fn clearings(&self) -> u64 {
        self.clearings.load(Ordering::SeqCst)
    }

    pub(super) fn finished(self: &Arc<Self>, id: Id, multiplexed: Option<bool>) {
        let mut schedule = self.schedule();
        let turn = schedule.finish(id, SystemClock.now(), multiplexed);
        self.act(schedule, turn);
        self.there_may_be_room();
    }

    pub(super) fn next_due(&self) -> Option<Instant> {
        let due = self.due.load(Ordering::SeqCst);
        (due != u64::MAX).then_some(Instant(due))
    }

    pub(super) fn do_what_is_due(self: &Arc<Self>) {
        let mut schedule = self.schedule();
        let turn = schedule.due(SystemClock.now());
        self.act(schedule, turn);
        // What has begun does not wait any more.
        self.there_may_be_room();
    }

    pub(super) fn may_leave(&self, key: usize, idle: bool) -> bool {
        let mut schedule = self.schedule();
        let may = schedule.leave(key, idle);
        let other = if may { schedule.crew().handles().next().cloned() } else { None };
        drop(schedule);
        // What is due may have been this one's to see to.
        if let Some(desk) = other {
            desk.wake();
        }
        if may {
            self.ended.ring(&self.schedule);
        }
        may
    }

    pub(super) fn idle_thread(&self) -> Option<Duration> {
        self.options.idle_thread
    }

    pub(super) fn worker_options(&self, key: usize) -> WorkerOptions {
        let mut options = self.options.worker.clone();
        let mut books = self.books.lock().unwrap_or_else(PoisonError::into_inner);
        while books.len() <= key {
            let counters = Arc::new(Counters::new(options.observe.counters.keeps_histograms()));
            books.push(Book { counters, connections: Arc::default() });
        }
        options.many = true;
        options.observe.counters = books[key].counters.clone();
        // The thread that had the number before may still be closing its connections.
        books[key].connections = Arc::default();
        options.connections = Some(books[key].connections.clone());
        options
    }

    /// Who waits for all threads to end finds each that was on the list of the schedule: it is started under this lock.
    pub(super) fn start(&self, thread: impl FnOnce() -> std::io::Result<JoinHandle<()>>) -> std::io::Result<()> {
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        threads.retain(|thread| !thread.is_finished());
        #[cfg(test)]
        self.faults.at_start()?;
        threads.push(thread()?);
        Ok(())
    }

    /// A thread ends that is still on the list, with nothing on its desk.
    pub(super) fn thread_gone(&self, key: usize) {
        self.schedule().thread_gone(key);
        self.ended.ring(&self.schedule);
    }

    /// A thread is of no use any more. What it was handed and has not begun goes to others.
    pub(super) fn thread_failed(self: &Arc<Self>, place: &Place<Arc<Desk>>, why: &Error) {
        let mut error = Error::new(HS_ERR_THREAD, format!("a thread of the pool is of no use: {why}"));
        error.details_mut().os_error = why.details().os_error;
        self.note_failure(error);
        let mut schedule = self.schedule();
        let (turn, again) = self.take_back(&mut schedule, place);
        self.act(schedule, turn);
        again.iter().for_each(|(id, cancel)| self.end_with(*id, cancel));
    }

    pub(super) fn note_failure(&self, error: Error) {
        one_more(&self.tallies.threads_failed);
        *self.why_no_thread.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }

    /// What lies on the desk of a thread that is of no use waits again, and by its caller's own cancel as well.
    pub(super) fn take_back(&self, schedule: &mut Crew, place: &Place<Arc<Desk>>) -> (Step, Vec<(Id, Cancel)>) {
        let back: Vec<_> = std::iter::from_fn(|| place.handle.inbox.pop()).collect();
        let cancels = back.iter().filter_map(|handed| Some((handed.id, handed.job.cancel.clone()?))).collect();
        // It may have been the one that was to look at the clock.
        self.due.store(u64::MAX, Ordering::SeqCst);
        (schedule.thread_failed(place.key, back, SystemClock.now()), cancels)
    }
}

fn full(message: String) -> Error {
    let mut error = Error::new(HS_ERR_POOL_FULL, message);
    error.details_mut().retryable = Retryable::Safe;
    error
}

pub(super) fn no_thread(error: &std::io::Error) -> Error {
    Error::new(HS_ERR_THREAD, format!("no thread could be started: {error}")).with_os_error(error)
}

fn origin_of(url: &Url) -> String {
    url.origin().to_owned()
}

/// Requests with large bodies take more of their origin's turn.
fn cost(order: &Order) -> u32 {
    const UNIT: u64 = 16 * 1024;
    const MOST: u64 = 64;
    let length = order.request.body.length().unwrap_or(UNIT * MOST);
    1 + (length / UNIT).min(MOST - 1) as u32
}
