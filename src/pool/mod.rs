//! The pool: requests from any thread, carried out by threads that have a worker each, and their completions on a queue.
//! What is between those who submit and reap and the threads that drive the calls is one lock around the schedule, held
//! for moments and never while anything of the caller's runs.

mod bell;
pub mod channel;
pub mod completions;
mod descriptor;
mod line;
pub mod order;
mod room;
pub mod schedule;
mod shared;
mod stream;
mod sync;
mod thread;

use crate::error::Error;
use crate::observe::counters::Counters;
use crate::observe::gauge::ConnectionGauge;
use crate::runtime::clock::{Clock, SystemClock};
use crate::status::*;
use crate::worker::WorkerOptions;
use bell::Bell;
use completions::{Completions, Popped};
use order::{Done, Order};
use room::Room;
use schedule::{Caps, Schedule, Turn};
use shared::no_thread;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, PoisonError};
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
    room: Room,
    /// Rung for those who wait for the end of all.
    ended: Bell,
    completions: Completions<Done>,
    /// When something is due for those that wait, in the clock's nanoseconds; MAX: never.
    due: AtomicU64,
    stopped: AtomicBool,
    /// How often the connections were to be closed that nothing uses.
    clearings: AtomicU64,
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
            room: Room::new(),
            ended: Bell::default(),
            completions: Completions::new(),
            due: AtomicU64::new(u64::MAX),
            stopped: AtomicBool::new(false),
            clearings: AtomicU64::new(0),
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
        self.shared.there_may_be_room();
        if self.shared.wait_for_the_end(wait) {
            return Ok(true);
        }
        self.shared.call_off_all();
        self.shared.wait_for_the_end(None);
        Ok(false)
    }

    /// Each thread closes the connections that nothing uses when it looks next, and before it begins what is submitted
    /// afterwards.
    pub fn close_idle(&self) {
        self.shared.clearings.fetch_add(1, Ordering::SeqCst);
        // A thread that comes later has none from before.
        let desks: Vec<Arc<Desk>> = self.shared.schedule().crew().handles().cloned().collect();
        desks.iter().for_each(|desk| desk.wake());
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

#[cfg(test)]
mod tests;
