//! The pool: requests from any thread, carried out by threads that have a worker each, and their completions on a queue.
//! What is between those who submit and reap and the threads that drive the calls is one lock around the schedule, held
//! for moments and never while anything of the caller's runs.

mod bell;
pub mod channel;
pub mod completions;
mod descriptor;
pub mod order;
pub mod schedule;
mod stream;
mod sync;
mod thread;

use crate::call::Submitted;
use crate::cancel::Cancel;
use crate::error::{Error, Retryable};
use crate::http::url::Url;
use crate::observe::counters::Counters;
use crate::observe::gauge::ConnectionGauge;
use crate::runtime::clock::{Clock, Instant, SystemClock};
use crate::status::*;
use crate::worker::WorkerOptions;
use bell::Bell;
use completions::{Completions, Popped};
use order::{Done, Order, Outcome};
use schedule::{Caps, Facts, Id, Place, Refused, Schedule, Turn, Waited, Why, Withdrawn};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};
use std::thread::JoinHandle;
use std::time::Duration;
use thread::Desk;

pub use thread::is_a_pools;

pub struct PoolOptions {
    /// What the workers of its threads are like.
    pub worker: WorkerOptions,
    pub caps: Caps,
    /// How long who submits waits for room; `None`: without limit.
    pub submit_timeout: Option<Duration>,
    /// After how long without anything to do a thread ends that is not needed; `None`: never.
    pub idle_thread: Option<Duration>,
}

/// Thread-safe; requests that are open when it is dropped are cancelled, and completions that nobody took are dropped.
pub struct Pool {
    shared: Arc<Shared>,
}

/// Orders are large, and go through several hands.
type Crew = Schedule<Box<Order>, Arc<Desk>>;
type Step = Turn<Box<Order>, Arc<Desk>>;

pub struct Shared {
    options: PoolOptions,
    schedule: Mutex<Crew>,
    /// Rung for those who wait for room, and for those who wait for the end of all.
    room: Bell,
    ended: Bell,
    completions: Completions<Done>,
    /// When something is due for those that wait, in the clock's nanoseconds; MAX: never.
    due: AtomicU64,
    stopped: AtomicBool,
    pub tallies: Tallies,
    /// What the workers count, by the numbers of their threads: who gets a number goes on with its counters.
    books: Mutex<Vec<Book>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// What went wrong with the last thread that was of no use.
    why_no_thread: Mutex<Option<Error>>,
    #[cfg(test)]
    faults: tests::Faults,
}

/// What one thread writes and others read.
#[derive(Clone)]
pub struct Book {
    pub counters: Arc<Counters>,
    pub connections: Arc<ConnectionGauge>,
}

/// What has happened so far.
#[derive(Default)]
pub struct Tallies {
    pub accepted: AtomicU64,
    pub refused: AtomicU64,
    pub completed: AtomicU64,
    pub reaped: AtomicU64,
    pub threads_started: AtomicU64,
    pub threads_failed: AtomicU64,
    pub most_in_flight: AtomicU64,
}

/// What is so now.
#[derive(Clone, Copy, Debug, Default)]
pub struct Gauges {
    pub queued: usize,
    pub in_flight: usize,
    pub unreaped: usize,
    pub threads: usize,
}

fn one_more(tally: &AtomicU64) {
    tally.fetch_add(1, Ordering::Relaxed);
}

impl Pool {
    /// Starts its first thread, so that options which no worker can be made of are refused here.
    pub fn new(options: PoolOptions) -> Result<Pool, Error> {
        let schedule = Schedule::new(options.caps);
        let first = options.caps.min_threads.max(1);
        let shared = Arc::new(Shared {
            options,
            schedule: Mutex::new(schedule),
            room: Bell::default(),
            ended: Bell::default(),
            completions: Completions::new(),
            due: AtomicU64::new(u64::MAX),
            stopped: AtomicBool::new(false),
            tallies: Tallies::default(),
            books: Mutex::default(),
            threads: Mutex::default(),
            why_no_thread: Mutex::default(),
            #[cfg(test)]
            faults: Default::default(),
        });
        let pool = Pool { shared };
        for _ in 0..first {
            let (told, ready) = sync_channel(1);
            let place = pool.shared.schedule().add_thread();
            let key = place.key;
            thread::start(&pool.shared, place, Some(told)).map_err(|error| {
                pool.shared.schedule().thread_gone(key);
                no_thread(&error)
            })?;
            ready.recv().unwrap_or_else(|_| Err(Error::plain(HS_ERR_INTERNAL)))?;
        }
        Ok(pool)
    }

    pub fn options(&self) -> &PoolOptions {
        &self.shared.options
    }

    pub fn caps(&self) -> Caps {
        self.shared.schedule().caps()
    }

    /// Takes over a request, or refuses it and everything stays as it was.
    pub fn submit(&self, order: Order, tag: u64) -> Result<(), Error> {
        self.shared.submit(order, tag).inspect_err(|_| one_more(&self.shared.tallies.refused))
    }

    /// Takes completions, at most so many; waits for the first.
    pub fn next(&self, most: usize, out: &mut Vec<Done>, wait: Option<Duration>) -> Result<Popped, Error> {
        if wait != Some(Duration::ZERO) {
            self.not_from_inside()?;
        }
        let popped = self.shared.completions.pop(most, out, wait);
        if let Popped::Taken(count) = popped {
            self.shared.tallies.reaped.fetch_add(count as u64, Ordering::Relaxed);
            self.shared.there_may_be_room();
        }
        Ok(popped)
    }

    /// Puts one back that could not be delivered.
    pub fn put_back(&self, done: Done) {
        self.shared.tallies.reaped.fetch_sub(1, Ordering::Relaxed);
        self.shared.completions.unpop(done);
    }

    pub fn wake(&self) {
        self.shared.completions.wake();
    }

    pub fn fd(&self) -> Option<i32> {
        self.shared.completions.fd()
    }

    /// Calls off every request with that tag; how many there were.
    pub fn cancel(&self, tag: u64) -> usize {
        let ids = self.shared.schedule().tagged(tag);
        ids.iter().filter(|id| self.shared.call_off(**id)).count()
    }

    /// Accepts nothing any more and waits until all have ended. False where that takes longer: the rest were cancelled.
    pub fn drain(&self, wait: Option<Duration>) -> Result<bool, Error> {
        self.not_from_inside()?;
        self.shared.schedule().close();
        self.shared.room.ring(&self.shared.schedule);
        if self.shared.wait_for_the_end(wait) {
            return Ok(true);
        }
        self.shared.call_off_all();
        self.shared.wait_for_the_end(None);
        Ok(false)
    }

    /// Other bounds, from now on.
    pub fn resize(&self, caps: Caps) {
        let mut schedule = self.shared.schedule();
        let (turn, leaving) = schedule.resize(caps, SystemClock.now());
        self.shared.act(schedule, turn);
        leaving.iter().for_each(|desk| desk.wake());
        self.shared.there_may_be_room();
    }

    pub fn gauges(&self) -> Gauges {
        let schedule = self.shared.schedule();
        Gauges {
            queued: schedule.waiting(),
            in_flight: schedule.in_flight(),
            threads: schedule.crew().len(),
            unreaped: self.shared.completions.len(),
        }
    }

    pub fn tallies(&self) -> &Tallies {
        &self.shared.tallies
    }

    /// Of each thread that there is or was.
    pub fn books(&self) -> Vec<Book> {
        self.shared.books.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Cancels what is open, ends the threads, and lets nobody wait any more. What has ended can still be taken.
    pub fn stop(&self) -> Result<(), Error> {
        self.not_from_inside()?;
        self.shared.stop();
        Ok(())
    }

    /// A callback would wait for itself.
    pub fn not_from_inside(&self) -> Result<(), Error> {
        if thread::is_one_of(&self.shared) {
            let message = "from inside a callback of the pool's own, which would wait for itself";
            return Err(Error::new(HS_ERR_BUSY, message));
        }
        Ok(())
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.stop();
    }
}

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
    fn schedule(&self) -> MutexGuard<'_, Crew> {
        self.schedule.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn submit(self: &Arc<Self>, mut order: Order, tag: u64) -> Result<(), Error> {
        let wait = if thread::is_one_of(self) { Some(Duration::ZERO) } else { self.options.submit_timeout };
        let (origin, cost, cancel) = (origin_of(&order.request.url), cost(&order), order.cancel.clone());
        // A request that is refused has claimed nothing.
        let claimed = |schedule| order.request.body.claim().map(|()| schedule);
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
        Ok(())
    }

    /// The caller's own cancel ends the waiting of a request.
    fn end_with(self: &Arc<Self>, id: Id, cancel: &Cancel) {
        let waker = Waker::from(Arc::new(CallsOff { shared: self.clone(), id }));
        let watching = cancel.watch(waker);
        if cancel.is_triggered() {
            self.call_off(id);
        }
        self.schedule().keep(id, watching);
    }

    /// The schedule, once there is room in it.
    fn wait_for_room(&self, wait: Option<Duration>) -> Result<MutexGuard<'_, Crew>, Error> {
        let look = |schedule: &Crew| match schedule.room(self.completions.len(), SystemClock.now()) {
            _ if self.is_stopped() => Some(Err(Refused::Closed)),
            Err(Refused::Full) => None,
            answer => Some(answer),
        };
        let (schedule, answer) = self.room.wait(&self.schedule, wait, look);
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
                let mut error =
                    Error::new(HS_ERR_POOL_FULL, format!("{message}, {unreaped} completions were not taken"));
                error.details_mut().retryable = Retryable::Safe;
                Err(error)
            }
        }
    }

    fn there_may_be_room(&self) {
        self.room.ring(&self.schedule);
    }

    /// Does what a step of the schedule asks for, and lets go of its lock.
    fn act(self: &Arc<Self>, schedule: MutexGuard<'_, Crew>, mut turn: Step) {
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
    fn never_began(&self, all: Vec<Waited<Box<Order>>>) {
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

    fn one_never_began(&self, waited: Waited<Box<Order>>) {
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

    fn no_thread(&self) -> Error {
        let why = self.why_no_thread.lock().unwrap_or_else(PoisonError::into_inner).clone();
        why.unwrap_or_else(|| Error::plain(HS_ERR_THREAD))
    }

    /// Calls off a request; false where it has ended.
    fn call_off(self: &Arc<Self>, id: Id) -> bool {
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

    fn call_off_all(self: &Arc<Self>) {
        let all = self.schedule().all();
        for id in all {
            self.call_off(id);
        }
    }

    fn wait_for_the_end(&self, wait: Option<Duration>) -> bool {
        let look = |schedule: &Crew| (schedule.open() == 0).then_some(());
        self.ended.wait(&self.schedule, wait, look).1.is_some()
    }

    fn stop(self: &Arc<Self>) {
        let mut schedule = self.schedule();
        schedule.stop();
        // A thread that sees this has all on its desk that it will ever get.
        self.stopped.store(true, Ordering::SeqCst);
        let desks: Vec<Arc<Desk>> = schedule.crew().handles().cloned().collect();
        drop(schedule);
        self.room.ring(&self.schedule);
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

    pub(self) fn completed(&self, done: Done) {
        one_more(&self.tallies.completed);
        self.completions.push(done);
    }

    pub(self) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }

    // What its threads ask for.

    fn finished(self: &Arc<Self>, id: Id, multiplexed: Option<bool>) {
        let mut schedule = self.schedule();
        let turn = schedule.finish(id, SystemClock.now(), multiplexed);
        self.act(schedule, turn);
        self.there_may_be_room();
    }

    fn next_due(&self) -> Option<Instant> {
        let due = self.due.load(Ordering::SeqCst);
        (due != u64::MAX).then_some(Instant(due))
    }

    fn do_what_is_due(self: &Arc<Self>) {
        let mut schedule = self.schedule();
        let turn = schedule.due(SystemClock.now());
        self.act(schedule, turn);
    }

    fn may_leave(&self, key: usize, idle: bool) -> bool {
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

    fn idle_thread(&self) -> Option<Duration> {
        self.options.idle_thread
    }

    fn worker_options(&self, key: usize) -> WorkerOptions {
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
    fn start(&self, thread: impl FnOnce() -> std::io::Result<JoinHandle<()>>) -> std::io::Result<()> {
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        threads.retain(|thread| !thread.is_finished());
        #[cfg(test)]
        self.faults.at_start()?;
        threads.push(thread()?);
        Ok(())
    }

    /// A thread ends that is still on the list, with nothing on its desk.
    fn thread_gone(&self, key: usize) {
        self.schedule().thread_gone(key);
        self.ended.ring(&self.schedule);
    }

    /// A thread is of no use any more. What it was handed and has not begun goes to others.
    fn thread_failed(self: &Arc<Self>, place: &Place<Arc<Desk>>, why: &Error) {
        let mut error = Error::new(HS_ERR_THREAD, format!("a thread of the pool is of no use: {why}"));
        error.details_mut().os_error = why.details().os_error;
        self.note_failure(error);
        let mut schedule = self.schedule();
        let (turn, again) = self.take_back(&mut schedule, place);
        self.act(schedule, turn);
        again.iter().for_each(|(id, cancel)| self.end_with(*id, cancel));
    }

    fn note_failure(&self, error: Error) {
        one_more(&self.tallies.threads_failed);
        *self.why_no_thread.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }

    /// What lies on the desk of a thread that is of no use waits again, and by its caller's own cancel as well.
    fn take_back(&self, schedule: &mut Crew, place: &Place<Arc<Desk>>) -> (Step, Vec<(Id, Cancel)>) {
        let back: Vec<_> = std::iter::from_fn(|| place.handle.inbox.pop()).collect();
        let cancels = back.iter().filter_map(|handed| Some((handed.id, handed.job.cancel.clone()?))).collect();
        // It may have been the one that was to look at the clock.
        self.due.store(u64::MAX, Ordering::SeqCst);
        (schedule.thread_failed(place.key, back, SystemClock.now()), cancels)
    }
}

fn no_thread(error: &std::io::Error) -> Error {
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

#[cfg(test)]
mod tests;
