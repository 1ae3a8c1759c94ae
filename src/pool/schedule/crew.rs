//! The threads: who of them gets the next request, when there should be one more, and which may go.

use super::Caps;
use super::origins::Origin;
use crate::runtime::clock::Instant;
use slab::Slab;
use std::time::Duration;

/// From so many requests on a thread on, another one is started if there may be one.
const SPREAD: usize = 16;
/// A thread that could not be started is not tried again at once.
const NEXT_TRY: Duration = Duration::from_secs(1);

pub struct Crew<H> {
    pub(super) members: Slab<Member<H>>,
    active: usize,
    not_before: Option<Instant>,
}

pub(super) struct Member<H> {
    handle: H,
    pub(super) running: usize,
    /// It ends what it has and gets no more.
    retiring: bool,
}

/// A thread of the pool. Its number is used again when it is gone.
#[derive(Clone)]
pub struct Place<H> {
    pub key: usize,
    pub handle: H,
}

/// Where a request goes.
pub enum Choice {
    There(usize),
    /// To a thread that is to be started for it.
    New(usize),
    Nowhere,
}

impl<H: Clone + Default> Crew<H> {
    pub fn new() -> Crew<H> {
        Crew { members: Slab::new(), active: 0, not_before: None }
    }

    /// All that run, those that are about to go included.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Those that get requests.
    pub fn active(&self) -> usize {
        self.active
    }

    pub fn handles(&self) -> impl Iterator<Item = &H> {
        self.members.iter().map(|(_, member)| &member.handle)
    }

    pub fn handle(&self, key: usize) -> &H {
        &self.members[key].handle
    }

    /// Whether nobody is there, and nobody could be started a short while ago.
    pub fn is_hopeless(&self, now: Instant) -> bool {
        self.active == 0 && self.not_before.is_some_and(|then| now < then)
    }

    /// A thread more, which is to be started.
    pub fn add(&mut self) -> Place<H> {
        let handle = H::default();
        let key = self.members.insert(Member { handle: handle.clone(), running: 0, retiring: false });
        self.active += 1;
        Place { key, handle }
    }

    /// Prefers a thread with a connection, as long as it has not much more to do than the one that has least.
    pub fn choose(&mut self, origin: &Origin, caps: &Caps, now: Instant) -> Choice {
        let active = self.members.iter().filter(|(_, member)| !member.retiring);
        let Some((least, load)) =
            active.clone().map(|(key, member)| (key, member.running)).min_by_key(|(_, load)| *load)
        else {
            return if self.is_hopeless(now) { Choice::Nowhere } else { Choice::New(self.add().key) };
        };
        let warm = active.filter(|(key, _)| origin.is_warm_on(*key, now)).min_by_key(|(_, member)| member.running);
        if let Some((key, _)) = warm.filter(|(_, member)| member.running <= 2 * load + SPREAD) {
            return Choice::There(key);
        }
        if load >= SPREAD && self.active < caps.max_threads && self.not_before.is_none_or(|then| now >= then) {
            return Choice::New(self.add().key);
        }
        Choice::There(least)
    }

    pub fn began(&mut self, key: usize) -> H {
        self.members[key].running += 1;
        self.members[key].handle.clone()
    }

    pub fn ended(&mut self, key: usize) {
        self.members[key].running -= 1;
    }

    /// It could not be started: it gets nothing more, and no other one is tried for a while.
    pub fn failed(&mut self, key: usize, now: Instant) {
        self.not_before = Some(now.saturating_add(NEXT_TRY));
        self.retire(key);
    }

    fn retire(&mut self, key: usize) {
        let member = &mut self.members[key];
        if !std::mem::replace(&mut member.retiring, true) {
            self.active -= 1;
        }
    }

    /// Takes a thread off the list, if it may go now: it has nothing to do, and it is to go, or is `idle` and not needed.
    pub fn leave(&mut self, key: usize, idle: bool, caps: &Caps) -> bool {
        let member = &self.members[key];
        let may = member.running == 0 && (member.retiring || idle && self.active > caps.min_threads.max(1));
        if may {
            self.remove(key);
        }
        may
    }

    pub fn remove(&mut self, key: usize) {
        self.retire(key);
        self.members.remove(key);
    }

    /// As many as there may be now; returns those that are to go.
    pub fn resize(&mut self, most: usize) -> Vec<H> {
        let mut by_load: Vec<(usize, usize)> = self.members.iter().map(|(key, member)| (member.running, key)).collect();
        by_load.retain(|(_, key)| !self.members[*key].retiring);
        by_load.sort_unstable();
        let surplus = by_load.len().saturating_sub(most);
        by_load.truncate(surplus);
        by_load
            .into_iter()
            .map(|(_, key)| {
                self.retire(key);
                self.members[key].handle.clone()
            })
            .collect()
    }
}
