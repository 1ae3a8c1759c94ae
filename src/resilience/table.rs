//! Objects by name: what is there is found without a lock, and there are never more than a given number.

use foldhash::quality::RandomState;
use papaya::HashMap;
use std::hash::BuildHasher;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// How names are hashed: fast, and seeded anew in each process. A table is never large, so names that were chosen to
/// collide do little.
pub type Hasher = RandomState;

/// What goes with numbers that a caller keeps, so that memory that never was any is told from them.
pub fn seal(numbers: &[u64]) -> u64 {
    static SECRET: OnceLock<Hasher> = OnceLock::new();
    SECRET.get_or_init(Hasher::default).hash_one(numbers)
}

pub struct Table<V> {
    entries: HashMap<Box<str>, Arc<V>, Hasher>,
    most: usize,
    /// Held while one is added, so that two threads do not both see the last place.
    adding: Mutex<()>,
}

impl<V> Table<V> {
    pub fn new(most: usize) -> Table<V> {
        Table { entries: HashMap::with_hasher(Hasher::default()), most, adding: Mutex::new(()) }
    }

    pub fn get(&self, key: &str) -> Option<Arc<V>> {
        self.entries.pin().get(key).cloned()
    }

    /// The one of that name. Where it has to be made and there is no room, one that nobody holds and that is `idle` makes
    /// room; where there is none such, there is no new one.
    pub fn get_or_add(&self, key: &str, make: impl FnOnce() -> V, idle: impl Fn(&V) -> bool) -> Option<Arc<V>> {
        if let Some(found) = self.get(key) {
            return Some(found);
        }
        let _adding = self.adding.lock().unwrap_or_else(PoisonError::into_inner);
        let entries = self.entries.pin();
        if let Some(found) = entries.get(key) {
            return Some(found.clone());
        }
        if entries.len() >= self.most {
            let spare = entries.iter().find(|(_, value)| Arc::strong_count(value) == 1 && idle(value));
            entries.remove(spare?.0);
        }
        let made = Arc::new(make());
        entries.insert(key.into(), made.clone());
        Some(made)
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.entries.pin().len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_a_name_and_no_more_than_fit() {
        let table = Table::new(2);
        let a = table.get_or_add("a", || 1, |_| true).unwrap();
        assert_eq!(*table.get_or_add("a", || 2, |_| true).unwrap(), 1);
        assert!(table.get("b").is_none());
        drop(table.get_or_add("b", || 2, |_| true));
        // "a" is held, "b" is not but may be busy.
        assert!(table.get_or_add("c", || 3, |_| false).is_none());
        assert_eq!(*table.get_or_add("c", || 3, |_| true).unwrap(), 3);
        assert!(table.get("b").is_none() && Arc::ptr_eq(&a, &table.get("a").unwrap()));
        assert_eq!(table.len(), 2);
    }

    #[test]
    fn threads_that_come_at_once_get_the_same_one_and_never_too_many() {
        let table = Table::new(8);
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let table = &table;
                scope.spawn(move || {
                    for round in 0..500 {
                        let key = ((round * 7 + thread) % 20).to_string();
                        if let Some(found) = table.get_or_add(&key, || key.clone(), |_| round % 2 == 0) {
                            assert_eq!(*found, key);
                        }
                        assert!(table.len() <= 8);
                    }
                });
            }
        });
    }
}
