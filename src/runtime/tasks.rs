//! The slab of spawned tasks.

use super::wake::{ReadyQueue, TaskWaker};
use slab::Slab;
use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};

type BoxFuture = Pin<Box<dyn Future<Output = ()>>>;

struct Task {
    /// Absent while it is being polled.
    future: Option<BoxFuture>,
    scheduled: Arc<TaskWaker>,
    waker: Waker,
}

pub struct Tasks {
    slab: RefCell<Slab<Task>>,
    ready: Arc<ReadyQueue>,
}

impl Tasks {
    pub fn new(ready: Arc<ReadyQueue>) -> Tasks {
        Tasks { slab: RefCell::default(), ready }
    }

    pub fn spawn(&self, future: BoxFuture) {
        let mut slab = self.slab.borrow_mut();
        let entry = slab.vacant_entry();
        let scheduled = TaskWaker::new(entry.key(), self.ready.clone());
        entry.insert(Task { future: Some(future), waker: scheduled.waker(), scheduled: scheduled.clone() });
        scheduled.wake_by_ref();
    }

    /// Polls a task that was made ready. A late wake-up of a finished task may name its successor in the slot, which
    /// then is polled once for nothing.
    pub fn poll(&self, key: usize) {
        let Some((mut future, waker)) = self.take(key) else { return };
        if future.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
            let finished = self.slab.borrow_mut().remove(key);
            drop(finished);
        } else if let Some(task) = self.slab.borrow_mut().get_mut(key) {
            task.future = Some(future);
        }
    }

    /// Drops all of them; none is in the middle of being polled.
    pub fn clear(&self) {
        let all = self.slab.take();
        drop(all);
    }

    fn take(&self, key: usize) -> Option<(BoxFuture, Waker)> {
        let mut slab = self.slab.borrow_mut();
        let task = slab.get_mut(key)?;
        let future = task.future.take()?;
        task.scheduled.arm();
        Some((future, task.waker.clone()))
    }
}
