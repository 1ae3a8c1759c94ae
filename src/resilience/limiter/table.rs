//! The buckets by their keys.

use super::bucket::Bucket;
use super::learn::Learning;
use super::quota::Quota;
use crate::resilience::table::Hasher;
use crate::runtime::chance::Chance;
use crate::runtime::clock::{Clock, Instant};
use papaya::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// What all buckets of a limiter have in common.
pub struct Settings {
    /// What a new bucket begins with.
    pub quota: Quota,
    pub max_waiting: usize,
    pub max_keys: usize,
    /// `None`: what servers say changes nothing.
    pub learning: Option<Learning>,
}

/// Something that happened to a bucket, in the order of its numbers.
#[derive(Clone, Debug)]
pub struct Event {
    pub kind: EventKind,
    pub key: Arc<str>,
    /// Counts the events of the key, from 1.
    pub sequence: u64,
    pub time: Instant,
    /// How long a wait will be, would have been, or a hold is.
    pub wait_ns: u64,
    /// How many waited then.
    pub waiting: u64,
    /// What was asked for; 0 where nothing was.
    pub cost: u32,
    /// Of what was learned: what is left in the server's eyes.
    pub remaining: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    Wait,
    Rejected,
    Learned,
}

pub type Listener = Box<dyn Fn(&Event) + Send + Sync>;

pub(super) struct Shared {
    pub settings: Settings,
    pub clock: Arc<dyn Clock>,
    pub chance: Arc<dyn Chance>,
    pub listener: Option<Listener>,
}

/// Any number of buckets. Clones are the same limiter.
#[derive(Clone)]
pub struct Limiter(Arc<Table>);

struct Table {
    shared: Arc<Shared>,
    buckets: HashMap<Arc<str>, Bucket, Hasher>,
    /// Held while a bucket is added or taken away.
    changing: Mutex<()>,
    /// For keys beyond the most that there may be: they share one, which is too little rather than too much.
    overflow: Bucket,
}

impl Limiter {
    pub fn new(
        settings: Settings,
        clock: Arc<dyn Clock>,
        chance: Arc<dyn Chance>,
        listener: Option<Listener>,
    ) -> Limiter {
        let shared = Arc::new(Shared { settings, clock, chance, listener });
        let overflow = Bucket::new("".into(), shared.clone());
        Limiter(Arc::new(Table {
            shared,
            buckets: HashMap::with_hasher(Hasher::default()),
            changing: Mutex::new(()),
            overflow,
        }))
    }

    pub fn now(&self) -> Instant {
        self.0.shared.clock.now()
    }

    pub fn wall(&self) -> i64 {
        self.0.shared.clock.wall()
    }

    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.0.shared.clock
    }

    pub fn settings(&self) -> &Settings {
        &self.0.shared.settings
    }

    /// The bucket of a key, made where there is none. To be kept by whoever uses it often.
    pub fn bucket(&self, key: &str) -> Bucket {
        self.find(key).unwrap_or_else(|| self.make(key))
    }

    /// The bucket of a key, where there is one.
    pub fn find(&self, key: &str) -> Option<Bucket> {
        let found = self.0.buckets.pin().get(key).cloned();
        found.filter(|bucket| !bucket.is_retired())
    }

    pub fn len(&self) -> usize {
        self.0.buckets.len()
    }

    fn make(&self, key: &str) -> Bucket {
        let _changing = self.0.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let buckets = self.0.buckets.pin();
        if let Some(found) = buckets.get(key) {
            return found.clone();
        }
        if buckets.len() >= self.0.shared.settings.max_keys {
            // As good as new, and nobody has them: what comes in their place is the same.
            let now = self.now();
            let idle: Vec<Arc<str>> =
                buckets.iter().filter(|(_, bucket)| bucket.retire(now)).map(|(key, _)| key.clone()).collect();
            idle.iter().for_each(|key| {
                buckets.remove(key);
            });
        }
        if buckets.len() >= self.0.shared.settings.max_keys {
            return self.0.overflow.clone();
        }
        let key: Arc<str> = key.into();
        let bucket = Bucket::new(key.clone(), self.0.shared.clone());
        buckets.insert(key, bucket.clone());
        bucket
    }
}
