//! Waiting for what is so under a lock, also where a part of it is changed without that lock.

use super::sync::{AtomicU64, Condvar, Mutex, MutexGuard, Ordering, PoisonError};
use std::time::{Duration, Instant};

pub struct Bell {
    bell: Condvar,
    waiting: AtomicU64,
}

impl Bell {
    pub fn new() -> Bell {
        Bell { bell: Condvar::new(), waiting: AtomicU64::new(0) }
    }

    /// Looks until it finds something, or the time is over: at once with `Some(ZERO)`, never with `None`. Gives back the
    /// lock under which it was found.
    pub fn wait<'a, T, R>(
        &self,
        lock: &'a Mutex<T>,
        wait: Option<Duration>,
        mut look: impl FnMut(&T) -> Option<R>,
    ) -> (MutexGuard<'a, T>, Option<R>) {
        let mut state = lock.lock().unwrap_or_else(PoisonError::into_inner);
        let found = look(&state);
        if found.is_some() || wait == Some(Duration::ZERO) {
            return (state, found);
        }
        let until = wait.and_then(|wait| Instant::now().checked_add(wait));
        // Whoever changes something without the lock sees afterwards whether anybody waits. The look before the wait must
        // therefore come after having said so.
        let _waiting = Waiting::new(&self.waiting);
        loop {
            let found = look(&state);
            if found.is_some() {
                return (state, found);
            }
            state = match until.map(|until| until.saturating_duration_since(Instant::now())) {
                Some(Duration::ZERO) => return (state, None),
                Some(left) => self.bell.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0,
                None => self.bell.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    /// Something has changed, with the lock or without; it is not held now. To ring for nobody would be a system call all
    /// the same.
    pub fn ring<T>(&self, lock: &Mutex<T>) {
        if self.is_awaited() {
            // Who is about to wait has looked under the lock, and is in its wait before this gets it.
            drop(lock.lock().unwrap_or_else(PoisonError::into_inner));
            self.bell.notify_all();
        }
    }

    /// Asked under the lock, it is exact for what is changed under it.
    pub fn is_awaited(&self) -> bool {
        self.waiting.load(Ordering::SeqCst) > 0
    }
}

impl Default for Bell {
    fn default() -> Bell {
        Bell::new()
    }
}

/// There is somebody to ring for.
struct Waiting<'a>(&'a AtomicU64);

impl Waiting<'_> {
    fn new(count: &AtomicU64) -> Waiting<'_> {
        count.fetch_add(1, Ordering::SeqCst);
        Waiting(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
