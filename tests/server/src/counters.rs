//! Named counters shared by all ports, spread over shards so that busy tests do not queue on one lock.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;

const SHARDS: usize = 64;

#[derive(Default)]
pub struct Counter {
    value: AtomicU64,
    changed: Notify,
}

impl Counter {
    pub fn add_one(&self) -> u64 {
        let value = self.value.fetch_add(1, Ordering::AcqRel) + 1;
        self.changed.notify_waiters();
        value
    }

    pub fn get(&self) -> u64 {
        self.value.load(Ordering::Acquire)
    }

    /// Returns once the counter has reached `at_least`.
    pub async fn reached(&self, at_least: u64) -> u64 {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let value = self.get();
            if value >= at_least {
                return value;
            }
            changed.await;
        }
    }
}

pub struct Counters {
    hasher: RandomState,
    shards: Vec<Mutex<HashMap<String, Arc<Counter>>>>,
}

impl Default for Counters {
    fn default() -> Self {
        Counters { hasher: RandomState::new(), shards: (0..SHARDS).map(|_| Mutex::default()).collect() }
    }
}

impl Counters {
    fn shard(&self, key: &str) -> &Mutex<HashMap<String, Arc<Counter>>> {
        &self.shards[self.hasher.hash_one(key) as usize % SHARDS]
    }

    /// The counter of that name, made at zero when it is new.
    pub fn entry(&self, key: &str) -> Arc<Counter> {
        let mut shard = self.shard(key).lock().unwrap();
        if let Some(counter) = shard.get(key) {
            return counter.clone();
        }
        shard.entry(key.to_owned()).or_default().clone()
    }

    pub fn add_one(&self, key: &str) -> u64 {
        self.entry(key).add_one()
    }

    pub fn get(&self, key: &str) -> u64 {
        self.shard(key).lock().unwrap().get(key).map_or(0, |counter| counter.get())
    }

    /// Sets the counter to zero and returns what it was. Its waiters keep waiting.
    pub fn reset(&self, key: &str) -> u64 {
        self.shard(key).lock().unwrap().get(key).map_or(0, |counter| counter.value.swap(0, Ordering::AcqRel))
    }

    pub fn all(&self) -> BTreeMap<String, u64> {
        let mut all = BTreeMap::new();
        for shard in &self.shards {
            all.extend(shard.lock().unwrap().iter().map(|(key, counter)| (key.clone(), counter.get())));
        }
        all
    }
}
