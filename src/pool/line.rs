//! Who came first gets in first. Only the first in line looks whether it may go in; the others wait for their turn to look,
//! and are not woken before that.

use super::sync::{Arc, AtomicU64, Condvar, Mutex, MutexGuard, Ordering, PoisonError};
use std::collections::VecDeque;
use std::time::Instant;

pub struct Line {
    /// Each has a bell of its own.
    places: Mutex<VecDeque<Arc<Condvar>>>,
    length: AtomicU64,
}

/// A place in the line, given up when it is dropped.
pub struct Place<'a> {
    line: &'a Line,
    bell: Arc<Condvar>,
}

impl Line {
    pub fn new() -> Line {
        Line { places: Mutex::new(VecDeque::new()), length: AtomicU64::new(0) }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn len(&self) -> u64 {
        self.length.load(Ordering::SeqCst)
    }

    /// Gets in line, and returns as its first, or when the time is over.
    pub fn first(&self, until: Option<Instant>) -> Place<'_> {
        let place = Place { line: self, bell: Arc::new(Condvar::new()) };
        let mut places = self.places();
        places.push_back(place.bell.clone());
        self.length.fetch_add(1, Ordering::SeqCst);
        while !places.front().is_some_and(|first| Arc::ptr_eq(first, &place.bell)) {
            places = match until.map(|until| until.saturating_duration_since(Instant::now())) {
                Some(left) if left.is_zero() => break,
                Some(left) => place.bell.wait_timeout(places, left).unwrap_or_else(PoisonError::into_inner).0,
                None => place.bell.wait(places).unwrap_or_else(PoisonError::into_inner),
            };
        }
        // Before the place, which takes this lock where it is dropped.
        drop(places);
        place
    }

    fn places(&self) -> MutexGuard<'_, VecDeque<Arc<Condvar>>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut places = self.line.places();
        let was_first = places.front().is_some_and(|first| Arc::ptr_eq(first, &self.bell));
        places.retain(|other| !Arc::ptr_eq(other, &self.bell));
        self.line.length.fetch_sub(1, Ordering::SeqCst);
        let next = places.front().filter(|_| was_first).cloned();
        drop(places);
        if let Some(next) = next {
            next.notify_one();
        }
    }
}
