//! A thread that waits for one future and has nothing else to do: for callers outside of any worker.

use super::clock::{Clock, SystemClock};
use super::simulation::Simulation;
use super::timers::Timers;
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

/// In virtual time: nothing can happen any more, and the future still waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeadEnd;

pub struct Alone {
    timers: Rc<Timers>,
    virtual_time: Option<Arc<Simulation>>,
}

struct Bell {
    thread: Thread,
    rung: AtomicBool,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.rung.store(true, Ordering::SeqCst);
        self.thread.unpark();
    }
}

impl Alone {
    /// In the machine's time, or in virtual time, which passes while this waits.
    pub fn new(virtual_time: Option<Arc<Simulation>>) -> Alone {
        let clock: Arc<dyn Clock> = match &virtual_time {
            Some(simulation) => simulation.clone(),
            None => Arc::new(SystemClock),
        };
        Alone { timers: Timers::new(clock), virtual_time }
    }

    pub fn timers(&self) -> &Rc<Timers> {
        &self.timers
    }

    /// Drives `future` to its end on the calling thread.
    pub fn block_on<F: Future>(&self, future: F) -> Result<F::Output, DeadEnd> {
        let bell = Arc::new(Bell { thread: thread::current(), rung: AtomicBool::new(false) });
        let waker = Waker::from(bell.clone());
        let mut future = pin!(future);
        loop {
            if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                return Ok(output);
            }
            while !bell.rung.swap(false, Ordering::SeqCst) {
                self.wait(&bell)?;
                self.timers.fire();
            }
        }
    }

    /// Until a timer is due or the bell rings, or for no reason.
    fn wait(&self, bell: &Bell) -> Result<(), DeadEnd> {
        let due = self.timers.next_due();
        let Some(simulation) = &self.virtual_time else {
            match due {
                Some(due) => thread::park_timeout(due),
                None => thread::park(),
            }
            return Ok(());
        };
        let steps = simulation.steps();
        simulation.pass(due);
        let stuck = due.is_none() && simulation.steps() == steps && !bell.rung.load(Ordering::SeqCst);
        if stuck { Err(DeadEnd) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cancel::Cancel;
    use crate::runtime::clock::Instant;
    use std::time::Duration;

    #[test]
    fn virtual_time_passes_while_it_waits() {
        let simulation = Arc::new(Simulation::new(0));
        let alone = Alone::new(Some(simulation.clone()));
        let hour = Instant(3_600_000_000_000);
        assert_eq!(alone.block_on(alone.timers().at(hour)), Ok(()));
        assert_eq!(simulation.now(), hour);
    }

    #[test]
    fn plans_end_a_wait_and_without_any_it_is_a_dead_end() {
        let simulation = Arc::new(Simulation::new(0));
        let alone = Alone::new(Some(simulation.clone()));
        let cancel = Cancel::default();
        assert_eq!(alone.block_on(cancel.triggered()), Err(DeadEnd));
        let switch = cancel.clone();
        simulation.at(Instant(7), move || switch.trigger());
        assert_eq!(alone.block_on(cancel.triggered()), Ok(()));
        assert_eq!(simulation.now(), Instant(7));
    }

    #[test]
    fn another_thread_ends_a_wait_in_real_time() {
        let (alone, cancel) = (Alone::new(None), Cancel::default());
        let switch = cancel.clone();
        let thread = thread::spawn(move || switch.trigger());
        assert_eq!(alone.block_on(cancel.triggered()), Ok(()));
        thread.join().unwrap();
        let before = alone.timers().now();
        assert_eq!(alone.block_on(alone.timers().at(before.saturating_add(Duration::from_millis(3)))), Ok(()));
        assert!(alone.timers().now().since(before) >= Duration::from_millis(3));
    }
}
