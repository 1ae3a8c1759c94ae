//! In virtual time, over the runtime that workers have.

mod learning;
mod schedules;
mod several;
mod waiting;

use super::*;
use crate::engine::testing::IdleEngine;
use crate::runtime::Runtime;
use crate::runtime::clock::{Clock, Instant};
use crate::runtime::simulation::Simulation;
use crate::runtime::timers::Timers;
use crate::runtime::wake::Unpark;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const MS: u64 = 1_000_000;
const SECOND: u64 = 1_000 * MS;

struct NoUnpark;
impl Unpark for NoUnpark {
    fn unpark(&self) {}
}

/// A limiter in virtual time, and a thread's runtime beside it.
struct World {
    simulation: Arc<Simulation>,
    limiter: Limiter,
    runtime: Runtime,
    events: Arc<Mutex<Vec<Event>>>,
    /// When what was let through, by name.
    log: Rc<RefCell<Vec<(u64, String)>>>,
}

fn quota(mode: Mode, limit: u32, burst: Option<u32>) -> Wanted {
    Wanted { mode: Some(mode), limit, burst, ..Wanted::default() }
}

fn log(limit: u32) -> Wanted {
    quota(Mode::SlidingLog, limit, None)
}

fn gcra(limit: u32, burst: u32) -> Wanted {
    quota(Mode::Gcra, limit, Some(burst))
}

impl World {
    fn new(wanted: Wanted) -> World {
        World::with(wanted, |_| {})
    }

    fn with(wanted: Wanted, change: impl Fn(&mut Settings)) -> World {
        let simulation = Arc::new(Simulation::new(0));
        let quota = wanted.check().unwrap();
        let learning = Some(Learning::default());
        let mut settings = Settings { quota, max_waiting: 1_000, max_keys: 1_024, learning };
        change(&mut settings);
        let events = Arc::<Mutex<Vec<Event>>>::default();
        let told = events.clone();
        let listener = Box::new(move |event: &Event| told.lock().unwrap().push(event.clone()));
        let limiter = Limiter::new(settings, simulation.clone(), simulation.clone(), Some(listener));
        let passing = simulation.clone();
        let engine = IdleEngine::new(Arc::new(NoUnpark), move |wait: Option<Duration>| {
            passing.advance(wait.expect("there is nothing to wait for"));
        });
        let runtime = Runtime::new(Rc::new(engine), simulation.clone());
        World { simulation, limiter, runtime, events, log: Rc::default() }
    }

    fn bucket(&self) -> Bucket {
        self.limiter.bucket("a")
    }

    fn now(&self) -> Instant {
        self.simulation.now()
    }

    fn timers(&self) -> Rc<Timers> {
        self.runtime.timers().clone()
    }

    /// Now or not at all.
    fn take(&self, cost: u32) -> Option<Ticket> {
        try_acquire(&[(self.bucket(), cost)]).ok()
    }

    fn take_all(&self) -> usize {
        std::iter::from_fn(|| self.take(1)).count()
    }

    /// Asks in a task of its own, which writes down when it was let through.
    fn spawn(&self, name: &str, wanted: Vec<(Bucket, u32)>, deadline: Option<Instant>) {
        let (timers, log, name) = (self.timers(), self.log.clone(), name.to_owned());
        self.runtime.spawn(async move {
            let result = acquire(&wanted, &timers, deadline).await;
            let word = match result {
                Ok(_) => name,
                Err(refused) => format!("{name}: {:?} {}", refused.reason, refused.wait.as_millis()),
            };
            log.borrow_mut().push((timers.now().0 / MS, word));
        });
    }

    fn run_until(&self, nanoseconds: u64) {
        let timers = self.timers();
        self.runtime.block_on(async move { timers.at(Instant(nanoseconds)).await });
    }

    fn times(&self) -> Vec<u64> {
        self.log.borrow().iter().map(|(at, _)| *at).collect()
    }

    fn said(&self) -> Vec<(u64, String)> {
        self.log.borrow().clone()
    }
}
