//! Origins and their queues, which take turns.

use super::Id;
use crate::runtime::clock::Instant;
use slab::Slab;
use smallvec::SmallVec;
use std::collections::{HashMap, VecDeque};
use std::time::Duration;

pub type OriginKey = usize;

/// What an origin may spend more each time its turn comes.
pub(super) const QUANTUM: u32 = 1;
/// Beyond so many, those with nothing to do are forgotten now and then.
pub(super) const MOST_IDLE: usize = if cfg!(test) { 4 } else { 1_024 };
/// A little less than connections are kept by default.
const WARM_FOR: Duration = Duration::from_secs(50);
/// Queues are cleaned of what has left them from so much on.
pub(super) const MOST_STALE: usize = 64;

#[derive(Default)]
pub struct Origins {
    pub(super) names: HashMap<Box<str>, OriginKey, foldhash::fast::RandomState>,
    pub(super) all: Slab<Origin>,
    /// Those that could go on, the next one first.
    pub(super) ring: VecDeque<OriginKey>,
    sweep_at: usize,
}

pub struct Origin {
    pub(super) name: Box<str>,
    /// Its requests that have not ended.
    open: usize,
    pub(super) queue: VecDeque<Id>,
    /// How many of the queue have left it without their turn.
    pub(super) stale: usize,
    pub(super) running: usize,
    pub(super) deficit: u32,
    /// Its turn has begun.
    served: bool,
    pub(super) in_ring: bool,
    /// Its connections carry many requests at once.
    multiplexed: bool,
    /// Which threads have connections to it.
    pub(super) warm: SmallVec<[Warm; 2]>,
}

/// Connections that a thread has, or had a short while ago.
#[derive(Clone, Copy)]
pub(super) struct Warm {
    pub(super) thread: usize,
    running: usize,
    /// As many as ran at once.
    connections: usize,
    last: Instant,
}

impl Origin {
    /// Whether a thread has a connection on which one more request could go out at once.
    pub fn is_warm_on(&self, thread: usize, now: Instant) -> bool {
        let Some(warm) = self.warm.iter().find(|warm| warm.thread == thread) else { return false };
        if self.multiplexed {
            return warm.running > 0 || now.since(warm.last) < WARM_FOR;
        }
        warm.running < warm.connections && now.since(warm.last) < WARM_FOR
    }
}

impl Origins {
    /// Of one more request; it is known for as long as any of them has not ended.
    pub fn of(&mut self, name: &str) -> OriginKey {
        if let Some(key) = self.names.get(name) {
            self.all[*key].open += 1;
            return *key;
        }
        if self.all.len() >= self.sweep_at.max(MOST_IDLE) {
            self.sweep();
        }
        let key = self.all.insert(Origin {
            name: name.into(),
            open: 1,
            queue: VecDeque::new(),
            stale: 0,
            running: 0,
            deficit: 0,
            served: false,
            in_ring: false,
            multiplexed: false,
            warm: SmallVec::new(),
        });
        self.names.insert(name.into(), key);
        key
    }

    /// Forgets all that have nothing to do, also those that wait in the ring with nothing in line any more.
    fn sweep(&mut self) {
        self.ring.retain(|key| self.all[*key].open > 0);
        let names = &mut self.names;
        self.all.retain(|_, origin| {
            if origin.open == 0 {
                names.remove(&origin.name);
            }
            origin.open > 0
        });
        self.sweep_at = 2 * self.all.len();
    }

    /// One of its requests has ended.
    pub fn release(&mut self, key: OriginKey) {
        self.all[key].open -= 1;
    }

    pub fn get(&self, key: OriginKey) -> &Origin {
        &self.all[key]
    }

    /// A request gets in line.
    pub fn wait(&mut self, key: OriginKey, id: Id) {
        self.all[key].queue.push_back(id);
        self.enter(key);
    }

    /// A request that had its turn gets it again.
    pub fn wait_first(&mut self, key: OriginKey, id: Id) {
        self.all[key].queue.push_front(id);
        self.enter(key);
    }

    fn enter(&mut self, key: OriginKey) {
        let origin = &mut self.all[key];
        if !origin.in_ring && !origin.queue.is_empty() {
            origin.in_ring = true;
            self.ring.push_back(key);
        }
    }

    /// Everything may have changed: each origin with something in line is looked at again.
    pub fn enter_all(&mut self) {
        let keys: Vec<OriginKey> = self.all.iter().map(|(key, _)| key).collect();
        keys.into_iter().for_each(|key| self.enter(key));
    }

    /// A request has left its line before its turn. `still_there` tells which have not.
    pub fn left(&mut self, key: OriginKey, still_there: impl Fn(Id) -> bool) {
        let origin = &mut self.all[key];
        origin.stale += 1;
        if origin.stale > MOST_STALE && origin.stale > origin.queue.len() / 2 {
            origin.queue.retain(|id| still_there(*id));
            origin.stale = 0;
        }
    }

    /// Whose turn it is. `cost` is what a request costs; `None` where it has left the line.
    pub fn next(&mut self, most: usize, cost: impl Fn(Id) -> Option<u32>) -> Option<(OriginKey, Id)> {
        loop {
            let key = *self.ring.front()?;
            let origin = &mut self.all[key];
            let head = loop {
                let Some(id) = origin.queue.front().copied() else { break None };
                match cost(id) {
                    Some(cost) => break Some((id, cost)),
                    None => {
                        origin.queue.pop_front();
                        origin.stale = origin.stale.saturating_sub(1);
                    }
                }
            };
            let Some((id, cost)) = head.filter(|_| origin.running < most) else {
                // Nothing in line, or enough under way: it comes back with the next request, or when one has ended.
                if head.is_none() {
                    origin.deficit = 0;
                }
                (origin.in_ring, origin.served) = (false, false);
                self.ring.pop_front();
                continue;
            };
            if !origin.served {
                (origin.served, origin.deficit) = (true, origin.deficit + QUANTUM);
            }
            if origin.deficit < cost {
                origin.served = false;
                self.ring.rotate_left(1);
                continue;
            }
            origin.deficit -= cost;
            origin.queue.pop_front();
            origin.running += 1;
            return Some((key, id));
        }
    }

    pub fn began(&mut self, key: OriginKey, thread: usize, now: Instant) {
        let warm = &mut self.all[key].warm;
        if let Some(warm) = warm.iter_mut().find(|warm| warm.thread == thread) {
            warm.running += 1;
            if now.since(warm.last) >= WARM_FOR && warm.running == 1 {
                warm.connections = 1;
            }
            warm.connections = warm.connections.max(warm.running);
            warm.last = now;
        } else {
            warm.push(Warm { thread, running: 1, connections: 1, last: now });
        }
    }

    /// The request whose turn it was does not begin.
    pub fn not_begun(&mut self, key: OriginKey) {
        self.all[key].running -= 1;
    }

    pub fn ended(&mut self, key: OriginKey, thread: usize, now: Instant, multiplexed: Option<bool>) {
        let origin = &mut self.all[key];
        origin.running -= 1;
        origin.multiplexed = multiplexed.unwrap_or(origin.multiplexed);
        if let Some(warm) = origin.warm.iter_mut().find(|warm| warm.thread == thread) {
            (warm.running, warm.last) = (warm.running - 1, now);
        }
        self.enter(key);
    }

    /// A thread is gone, and its connections with it.
    pub fn forget_thread(&mut self, thread: usize) {
        for (_, origin) in &mut self.all {
            origin.warm.retain(|warm| warm.thread != thread);
        }
    }
}
