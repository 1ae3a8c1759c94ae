//! Waking a worker's thread: which tasks are ready, and whether the thread must be fetched out of its wait.

use crossbeam_queue::SegQueue;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::task::{Wake, Waker};

/// Fetches the thread out of the engine's wait; callable from any thread.
pub trait Unpark: Send + Sync {
    fn unpark(&self);
}

/// The tasks that are ready to go on.
pub struct ReadyQueue {
    ready: SegQueue<usize>,
    parked: AtomicBool,
    unpark: Arc<dyn Unpark>,
}

impl ReadyQueue {
    pub fn new(unpark: Arc<dyn Unpark>) -> Arc<ReadyQueue> {
        Arc::new(ReadyQueue { ready: SegQueue::new(), parked: AtomicBool::new(false), unpark })
    }

    pub fn pop(&self) -> Option<usize> {
        self.ready.pop()
    }

    pub fn is_empty(&self) -> bool {
        self.ready.is_empty()
    }

    fn push(&self, task: usize) {
        self.ready.push(task);
        // Pairs with the fence in `park`: either this thread sees `parked`, or the parking thread sees the task.
        fence(Ordering::SeqCst);
        if self.parked.load(Ordering::Relaxed) {
            self.unpark.unpark();
        }
    }

    /// Runs `wait` unless something is ready already. While it runs, whoever makes a task ready ends the wait.
    pub fn park(&self, wait: impl FnOnce()) {
        self.parked.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        if self.ready.is_empty() {
            wait();
        }
        self.parked.store(false, Ordering::Relaxed);
    }
}

/// The waker of one task. Waking it any number of times before it is polled makes it ready once.
pub struct TaskWaker {
    task: usize,
    scheduled: AtomicBool,
    queue: Arc<ReadyQueue>,
}

impl TaskWaker {
    pub fn new(task: usize, queue: Arc<ReadyQueue>) -> Arc<TaskWaker> {
        Arc::new(TaskWaker { task, scheduled: AtomicBool::new(false), queue })
    }

    /// To be called before the task is polled, so that a wake-up from then on counts again.
    pub fn arm(&self) {
        self.scheduled.store(false, Ordering::SeqCst);
    }

    pub fn waker(self: &Arc<Self>) -> Waker {
        Waker::from(self.clone())
    }
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.scheduled.swap(true, Ordering::SeqCst) {
            self.queue.push(self.task);
        }
    }
}
