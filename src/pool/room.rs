//! Waiting for room, under the lock of those that make it: who waits gets it in the order of coming.

use super::bell::Bell;
use super::line::Line;
use super::sync::{AtomicU64, Mutex, MutexGuard, Ordering};
use std::time::{Duration, Instant};

pub struct Room {
    /// The first in line waits for it.
    bell: Bell,
    line: Line,
    /// How often something has happened that could have made room, and how often it had when there was none, from before
    /// that look: equal where nothing has happened since.
    changes: AtomicU64,
    full_at: AtomicU64,
}

impl Room {
    pub fn new() -> Room {
        Room { bell: Bell::new(), line: Line::new(), changes: AtomicU64::new(0), full_at: AtomicU64::new(u64::MAX) }
    }

    /// Looks until it finds room, or the time is over: at once with `Some(ZERO)`, never with `None`. Gives back the lock
    /// under which it looked last. `None`: there is none, as the last look has found, and nothing has happened since.
    pub fn find<'a, T, R>(
        &self,
        lock: &'a Mutex<T>,
        wait: Option<Duration>,
        look: impl Fn(&T) -> Option<R>,
    ) -> Option<(MutexGuard<'a, T>, Option<R>)> {
        if wait == Some(Duration::ZERO) {
            return self.find_at_once(lock, look);
        }
        if self.line.is_empty() {
            let (state, found) = self.bell.wait(lock, Some(Duration::ZERO), &look);
            if found.is_some() {
                return Some((state, found));
            }
        }
        let until = wait.and_then(|wait| Instant::now().checked_add(wait));
        let _place = self.line.first(until);
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        Some(self.bell.wait(lock, left, look))
    }

    fn find_at_once<'a, T, R>(
        &self,
        lock: &'a Mutex<T>,
        look: impl Fn(&T) -> Option<R>,
    ) -> Option<(MutexGuard<'a, T>, Option<R>)> {
        let changes = self.changes.load(Ordering::SeqCst);
        // Many who ask again and again would keep the lock from those who make room.
        if self.full_at.load(Ordering::SeqCst) == changes {
            return None;
        }
        let (state, found) = self.bell.wait(lock, Some(Duration::ZERO), look);
        if found.is_none() {
            self.full_at.store(changes, Ordering::SeqCst);
        }
        Some((state, found))
    }

    /// Something has changed, with the lock or without; it is not held now.
    pub fn ring<T>(&self, lock: &Mutex<T>) {
        self.changes.fetch_add(1, Ordering::SeqCst);
        self.bell.ring(lock);
    }

    /// How many are in line.
    #[cfg(test)]
    pub fn waiting(&self) -> u64 {
        self.line.len()
    }
}
