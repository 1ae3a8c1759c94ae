//! What was handed out to callers as numbers: each is taken back once.

use crate::resilience::table::{Hasher, seal};
use papaya::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

pub const NONE: [u64; 2] = [0; 2];

pub struct Permits<T> {
    out: HashMap<u64, Mutex<Option<T>>, Hasher>,
}

impl<T> Default for Permits<T> {
    fn default() -> Permits<T> {
        Permits { out: HashMap::with_hasher(Hasher::default()) }
    }
}

impl<T> Permits<T> {
    pub fn keep(&self, object: T) -> [u64; 2] {
        // Of all permits of the process, so that one of another object is not mistaken for one of this.
        static LAST: AtomicU64 = AtomicU64::new(0);
        let number = LAST.fetch_add(1, Ordering::Relaxed) + 1;
        self.out.pin().insert(number, Mutex::new(Some(object)));
        [number, seal(&[number])]
    }

    /// The object again; `None` for what was taken back already or never handed out.
    pub fn take(&self, [number, sealed]: [u64; 2]) -> Option<T> {
        if number == 0 || sealed != seal(&[number]) {
            return None;
        }
        // Whoever takes it out of the map has it alone, but the map frees it later: what is in it must go now.
        let out = self.out.pin();
        out.remove(&number)?.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl<T> Drop for Permits<T> {
    fn drop(&mut self) {
        let out = self.out.pin();
        for (_, object) in &out {
            drop(object.lock().unwrap_or_else(PoisonError::into_inner).take());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn each_is_taken_back_once_and_what_is_left_goes_with_the_whole() {
        let (permits, others) = (Permits::default(), Permits::default());
        let object = Arc::new(());
        let (first, second) = (permits.keep(object.clone()), permits.keep(object.clone()));
        others.keep(Arc::new(()));
        assert!(others.take(first).is_none() && permits.take(NONE).is_none());
        assert!(permits.take([first[0], first[1] ^ 1]).is_none() && permits.take([first[0], second[1]]).is_none());
        assert_eq!(Arc::strong_count(&object), 3);
        assert!(permits.take(first).is_some());
        assert!(permits.take(first).is_none());
        assert_eq!(Arc::strong_count(&object), 2);
        drop(permits);
        assert_eq!(Arc::strong_count(&object), 1);
    }
}
