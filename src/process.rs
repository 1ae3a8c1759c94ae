//! The process as a whole: what must not be half done when it forks, and how often it did.

pub mod rest;

use std::cell::RefCell;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

static FORKS: AtomicU32 = AtomicU32::new(0);
static LOCK: Mutex<()> = Mutex::new(());

thread_local! {
    /// Held by a forking thread from before the fork until after it, on both sides.
    static HELD: RefCell<Option<(rest::Held, MutexGuard<'static, ()>)>> = const { RefCell::new(None) };
}

/// How many forks lie between the first process and this one. Objects remember it: one from before a fork belongs to
/// the parent.
pub fn generation() -> u32 {
    FORKS.load(Ordering::Relaxed)
}

/// Held around every change of process-wide state, so that a fork never copies one that is half done.
pub fn lock() -> MutexGuard<'static, ()> {
    LOCK.lock().unwrap_or_else(PoisonError::into_inner)
}

pub fn before_fork() {
    // In this order: a thread that is not at rest yet may want to change something.
    let resting = rest::before_fork();
    let guard = lock();
    let _ = HELD.try_with(|held| *held.borrow_mut() = Some((resting, guard)));
}

pub fn after_fork_in_parent() {
    after_fork(false);
}

pub fn after_fork_in_child() {
    FORKS.fetch_add(1, Ordering::Relaxed);
    after_fork(true);
}

fn after_fork(in_child: bool) {
    if let Ok(Some((resting, guard))) = HELD.try_with(|held| held.borrow_mut().take()) {
        drop(guard);
        rest::after_fork(resting, in_child);
    }
}
