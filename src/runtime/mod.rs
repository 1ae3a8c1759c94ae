//! Drives futures on one thread: ready tasks, then timers, then the engine. No async runtime is needed: a call
//! waits for its exchange, a timer, a permit or a cancel, and each of them wakes its task.

pub mod alone;
pub mod chance;
pub mod clock;
pub mod simulation;
mod tasks;
pub mod timers;
pub mod wake;

use crate::engine::Engine;
use crate::process::rest;
use clock::Clock;
use simulation::Simulation;
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use tasks::Tasks;
use timers::Timers;
use wake::{ReadyQueue, TaskWaker};

pub struct Runtime {
    engine: Rc<dyn Engine>,
    timers: Rc<Timers>,
    ready: Arc<ReadyQueue>,
    root: Arc<TaskWaker>,
    tasks: Tasks,
    around_turn: Option<Box<dyn Fn()>>,
    virtual_time: Option<Arc<Simulation>>,
}

/// The number of the future that `block_on` drives; spawned tasks have the others.
const ROOT: usize = usize::MAX;

/// So often it is polled in a row at most before the engine has a turn: other threads may wake it again and again.
const MOST_IN_A_ROW: usize = 64;

impl Runtime {
    pub fn new(engine: Rc<dyn Engine>, clock: Arc<dyn Clock>) -> Runtime {
        let ready = ReadyQueue::new(engine.unparker());
        let root = TaskWaker::new(ROOT, ready.clone());
        let tasks = Tasks::new(ready.clone());
        Runtime { engine, timers: Timers::new(clock), ready, root, tasks, around_turn: None, virtual_time: None }
    }

    pub fn timers(&self) -> &Rc<Timers> {
        &self.timers
    }

    /// What to do each time before the engine waits and after it has worked; nothing is in the middle of something then.
    pub fn around_each_turn(&mut self, then: impl Fn() + 'static) {
        self.around_turn = Some(Box::new(then));
    }

    /// Time only passes while all wait for it; that nothing is left to wait for is an end then.
    pub fn in_virtual_time(&mut self, simulation: Arc<Simulation>) {
        self.virtual_time = Some(simulation);
    }

    /// Adds a task; it runs whenever a future is driven.
    pub fn spawn(&self, future: impl Future<Output = ()> + 'static) {
        self.tasks.spawn(Box::pin(future));
    }

    /// Drops every task that has not ended.
    pub fn abandon_tasks(&self) {
        self.tasks.clear();
    }

    /// Drives `future` to its end, and every spawned task on the way.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        let waker = self.root.waker();
        let mut cx = Context::from_waker(&waker);
        let mut root_ready = true;
        let mut in_a_row = 0;
        loop {
            if root_ready {
                in_a_row += 1;
                self.root.arm();
                if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
                    return output;
                }
                root_ready = false;
            }
            while let Some(task) = self.ready.pop() {
                if task == ROOT {
                    root_ready = true;
                } else {
                    self.tasks.poll(task);
                }
            }
            self.timers.fire();
            if root_ready && in_a_row == MOST_IN_A_ROW {
                // It is next, and what is ready ends the engine's wait.
                root_ready = false;
                self.root.arm();
                waker.wake_by_ref();
            }
            if !root_ready {
                in_a_row = 0;
                self.turn();
            }
        }
    }

    fn turn(&self) {
        // What was queued since the last turn is not to wait with us.
        self.around_turn.iter().for_each(|then| then());
        let due = self.timers.next_due();
        let steps = self.virtual_time.as_ref().map(|simulation| simulation.steps());
        rest::let_forks_pass();
        self.ready.park(|| rest::while_waiting(|| self.engine.wait(due)));
        self.engine.advance();
        let stuck = due.is_none() && self.ready.is_empty();
        if stuck && steps.is_some() && steps == self.virtual_time.as_ref().map(|simulation| simulation.steps()) {
            assert!(self.timers.say_dead_end(), "in virtual time something is waited for that never comes");
        }
        self.around_turn.iter().for_each(|then| then());
    }
}

#[cfg(test)]
mod tests;
