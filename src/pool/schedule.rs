//! Who comes next, and on which thread: plain state behind one short lock, without threads or a clock of its own.
//!
//! A request waits in the queue of its origin. Origins take turns by deficit round robin (Shreedhar and Varghese, 1995),
//! so that neither many requests nor large ones to one of them keep others waiting, and none has more than its share
//! under way. A thread that has a connection to the origin gets the request, unless it has much more to do than others.

mod crew;
mod origins;

use crate::cancel::{Cancel, Watching};
use crate::runtime::clock::Instant;
pub use crew::Place;
use crew::{Choice, Crew};
use origins::{OriginKey, Origins};
use slab::Slab;
use smallvec::SmallVec;
use std::collections::{BTreeSet, HashMap};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caps {
    pub in_flight: usize,
    pub per_origin: usize,
    pub queued: usize,
    pub max_threads: usize,
    pub min_threads: usize,
}

/// A request that was accepted and has not ended. Never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id {
    slot: usize,
    serial: u64,
}

/// What must be known of a request to put it in its place.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    pub tag: u64,
    pub origin: &'a str,
    /// What it counts for in its origin's turn; 1 and more.
    pub cost: u32,
    /// Not before then.
    pub start: Option<Instant>,
    /// If it has not begun by then it need not.
    pub deadline: Option<Instant>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    Full,
    Closed,
    /// There is no thread, and none could be started.
    NoThread,
}

struct Entry<J> {
    serial: u64,
    tag: u64,
    /// Where among those with its tag.
    tagged: usize,
    origin: OriginKey,
    cost: u32,
    deadline: Option<Instant>,
    /// It is among the moments with this one.
    moment: Option<Instant>,
    cancel: Cancel,
    /// Of the caller's own cancel, while it waits.
    watching: Option<Watching>,
    state: State<J>,
}

enum State<J> {
    /// Its time has not come, or not its turn.
    Waiting(J),
    Running(usize),
}

/// What is to be done once the lock is released.
pub struct Turn<J, H> {
    /// Requests that begin, and where.
    pub hand: SmallVec<[(H, Handed<J>); 1]>,
    /// Threads to start; they may have been handed requests already.
    pub start: SmallVec<[Place<H>; 1]>,
    /// Requests that will never begin.
    pub waited: Vec<Waited<J>>,
}

impl<J, H> Default for Turn<J, H> {
    fn default() -> Self {
        Turn { hand: SmallVec::new(), start: SmallVec::new(), waited: Vec::new() }
    }
}

pub struct Handed<J> {
    pub id: Id,
    pub tag: u64,
    /// Ends it.
    pub cancel: Cancel,
    pub job: J,
}

/// A request that never began.
pub struct Waited<J> {
    pub tag: u64,
    pub job: J,
    pub why: Why,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    CalledOff,
    Late,
    NoThread,
}

/// What a request was doing when it was called off.
pub enum Withdrawn<J> {
    Waiting(Waited<J>),
    /// It ends by this.
    Running(Cancel),
    Ended,
}

pub struct Schedule<J, H> {
    caps: Caps,
    closed: bool,
    stopped: bool,
    entries: Slab<Entry<J>>,
    serial: u64,
    tags: HashMap<u64, SmallVec<[usize; 2]>, foldhash::fast::RandomState>,
    origins: Origins,
    crew: Crew<H>,
    /// When something happens to requests that wait: they get in line, or it is too late for them.
    moments: BTreeSet<(Instant, Id)>,
    in_flight: usize,
    waiting: usize,
    /// Those that will never begin, and for which that was not told yet.
    ending: usize,
}

impl<J, H: Clone + Default> Schedule<J, H> {
    pub fn new(caps: Caps) -> Schedule<J, H> {
        Schedule {
            caps,
            closed: false,
            stopped: false,
            entries: Slab::new(),
            serial: 0,
            tags: HashMap::default(),
            origins: Origins::default(),
            crew: Crew::new(),
            moments: BTreeSet::new(),
            in_flight: 0,
            waiting: 0,
            ending: 0,
        }
    }

    pub fn caps(&self) -> Caps {
        self.caps
    }

    /// Those that were accepted and have not ended: nobody was told so.
    pub fn open(&self) -> usize {
        self.entries.len() + self.ending
    }

    pub fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// Those that wait, for their time or their turn.
    pub fn waiting(&self) -> usize {
        self.waiting
    }

    pub fn crew(&self) -> &Crew<H> {
        &self.crew
    }

    /// A thread that is to be started, whether there is something to do or not.
    pub fn add_thread(&mut self) -> Place<H> {
        self.crew.add()
    }

    /// Nothing is accepted any more.
    pub fn close(&mut self) {
        self.closed = true;
    }

    /// Nothing begins any more either.
    pub fn stop(&mut self) {
        (self.closed, self.stopped) = (true, true);
    }

    /// So many of those that will never begin have been told so.
    pub fn told(&mut self, count: usize) {
        self.ending -= count;
    }

    /// Whether a request would be accepted, where so many have ended and were not taken away yet.
    pub fn room(&self, unreaped: usize, now: Instant) -> Result<(), Refused> {
        if self.closed {
            return Err(Refused::Closed);
        }
        if self.crew.is_hopeless(now) {
            return Err(Refused::NoThread);
        }
        let all = self.caps.in_flight.saturating_add(self.caps.queued);
        if self.waiting >= self.caps.queued || self.open().saturating_add(unreaped) >= all {
            return Err(Refused::Full);
        }
        Ok(())
    }

    /// Takes in a request for which there is room.
    pub fn accept(&mut self, facts: Facts<'_>, job: J, now: Instant) -> (Id, Turn<J, H>) {
        self.serial += 1;
        let (origin, serial) = (self.origins.of(facts.origin), self.serial);
        let tagged = self.tags.entry(facts.tag).or_default();
        let slot = self.entries.insert(Entry {
            serial,
            tag: facts.tag,
            tagged: tagged.len(),
            origin,
            cost: facts.cost.max(1),
            deadline: facts.deadline,
            moment: None,
            cancel: Cancel::default(),
            watching: None,
            state: State::Waiting(job),
        });
        tagged.push(slot);
        let id = Id { slot, serial };
        self.waiting += 1;
        let early = facts.start.filter(|start| *start > now);
        if early.is_none() {
            self.origins.wait(origin, id);
        }
        let turn = self.go_on(now);
        if self.entry(id).is_some_and(|entry| matches!(entry.state, State::Waiting(_))) {
            self.set_moment(id, early.or(facts.deadline));
        }
        (id, turn)
    }

    fn set_moment(&mut self, id: Id, moment: Option<Instant>) {
        let entry = &mut self.entries[id.slot];
        if let Some(before) = std::mem::replace(&mut entry.moment, moment) {
            self.moments.remove(&(before, id));
        }
        if let Some(moment) = moment {
            self.moments.insert((moment, id));
        }
    }

    fn entry(&self, id: Id) -> Option<&Entry<J>> {
        self.entries.get(id.slot).filter(|entry| entry.serial == id.serial)
    }

    /// Begins what may begin.
    fn go_on(&mut self, now: Instant) -> Turn<J, H> {
        let mut turn = Turn::default();
        if self.stopped {
            return turn;
        }
        while self.in_flight < self.caps.in_flight {
            let entries = &self.entries;
            let next = self.origins.next(self.caps.per_origin, |id| {
                entries.get(id.slot).filter(|entry| entry.serial == id.serial).map(|entry| entry.cost)
            });
            let Some((origin, id)) = next else { break };
            let place = match self.crew.choose(self.origins.get(origin), &self.caps, now) {
                Choice::There(key) => key,
                Choice::New(key) => {
                    turn.start.push(Place { key, handle: self.crew.handle(key).clone() });
                    key
                }
                Choice::Nowhere => {
                    self.origins.not_begun(origin);
                    turn.waited.extend(self.remove_waiting(id, Why::NoThread));
                    continue;
                }
            };
            self.set_moment(id, None);
            let handle = self.crew.began(place);
            self.origins.began(origin, place, now);
            let entry = &mut self.entries[id.slot];
            if let State::Waiting(job) = std::mem::replace(&mut entry.state, State::Running(place)) {
                entry.watching = None;
                turn.hand.push((handle, Handed { id, tag: entry.tag, cancel: entry.cancel.clone(), job }));
            }
            self.waiting -= 1;
            self.in_flight += 1;
        }
        if self.waiting > 0 && self.crew.active() == 0 {
            self.man(&mut turn, now);
        }
        turn
    }

    /// Somebody must look at the clock for those that wait; where there cannot be anybody, they wait for nothing.
    fn man(&mut self, turn: &mut Turn<J, H>, now: Instant) {
        if !self.crew.is_hopeless(now) {
            turn.start.push(self.crew.add());
            return;
        }
        for id in self.all() {
            if let Withdrawn::Waiting(waited) = self.withdraw(id, Why::NoThread) {
                turn.waited.push(waited);
            }
        }
    }

    fn remove(&mut self, id: Id) -> Entry<J> {
        self.set_moment(id, None);
        let entry = self.entries.remove(id.slot);
        if let Some(slots) = self.tags.get_mut(&entry.tag) {
            slots.swap_remove(entry.tagged);
            match slots.get(entry.tagged) {
                Some(moved) => self.entries[*moved].tagged = entry.tagged,
                None if slots.is_empty() => drop(self.tags.remove(&entry.tag)),
                None => {}
            }
        }
        self.origins.release(entry.origin);
        entry
    }

    fn remove_waiting(&mut self, id: Id, why: Why) -> Option<Waited<J>> {
        let entry = self.remove(id);
        self.waiting -= 1;
        self.ending += 1;
        match entry.state {
            State::Waiting(job) => Some(Waited { tag: entry.tag, job, why }),
            State::Running(_) => None,
        }
    }

    /// A request that was handed to a thread has ended; `multiplexed` where its connection told.
    pub fn finish(&mut self, id: Id, now: Instant, multiplexed: Option<bool>) -> Turn<J, H> {
        let Some(State::Running(thread)) = self.entry(id).map(|entry| &entry.state) else { return Turn::default() };
        let thread = *thread;
        self.in_flight -= 1;
        self.crew.ended(thread);
        self.origins.ended(self.entries[id.slot].origin, thread, now, multiplexed);
        self.remove(id);
        self.go_on(now)
    }

    /// Calls a request off.
    pub fn withdraw(&mut self, id: Id, why: Why) -> Withdrawn<J> {
        let Some(entry) = self.entry(id) else { return Withdrawn::Ended };
        if let State::Running(_) = entry.state {
            return Withdrawn::Running(entry.cancel.clone());
        }
        let origin = entry.origin;
        let waited = self.remove_waiting(id, why);
        let entries = &self.entries;
        self.origins.left(origin, |id| entries.get(id.slot).is_some_and(|entry| entry.serial == id.serial));
        waited.map_or(Withdrawn::Ended, Withdrawn::Waiting)
    }

    /// Holds on to what watches a request's cancel for as long as it waits.
    pub fn keep(&mut self, id: Id, watching: Watching) {
        if let Some(entry) = self.entries.get_mut(id.slot).filter(|entry| entry.serial == id.serial)
            && matches!(entry.state, State::Waiting(_))
        {
            entry.watching = Some(watching);
        }
    }

    /// The requests with that tag.
    pub fn tagged(&self, tag: u64) -> SmallVec<[Id; 2]> {
        let slots = self.tags.get(&tag).map_or(&[][..], |slots| &slots[..]);
        slots.iter().map(|&slot| Id { slot, serial: self.entries[slot].serial }).collect()
    }

    pub fn all(&self) -> Vec<Id> {
        self.entries.iter().map(|(slot, entry)| Id { slot, serial: entry.serial }).collect()
    }

    /// When `due` is to be asked next.
    pub fn next_due(&self) -> Option<Instant> {
        self.moments.first().map(|(at, _)| *at)
    }

    /// What happens because it is so late.
    pub fn due(&mut self, now: Instant) -> Turn<J, H> {
        let mut late = Vec::new();
        while let Some(&(at, id)) = self.moments.first() {
            if at > now {
                break;
            }
            let (origin, deadline) = (self.entries[id.slot].origin, self.entries[id.slot].deadline);
            if deadline.is_some_and(|deadline| deadline <= now) {
                if let Withdrawn::Waiting(waited) = self.withdraw(id, Why::Late) {
                    late.push(waited);
                }
            } else {
                // Its time has come, and from now on there is a limit to its waiting.
                self.set_moment(id, deadline);
                self.origins.wait(origin, id);
            }
        }
        let mut turn = self.go_on(now);
        turn.waited.extend(late);
        turn
    }

    /// A thread could not be started; what it was handed comes back.
    pub fn thread_failed(&mut self, key: usize, back: Vec<Handed<J>>, now: Instant) -> Turn<J, H> {
        self.crew.failed(key, now);
        let mut called_off = Vec::new();
        for Handed { id, job, .. } in back.into_iter().rev() {
            let Some(entry) = self.entries.get_mut(id.slot).filter(|entry| entry.serial == id.serial) else { continue };
            entry.state = State::Waiting(job);
            let (origin, deadline, is_over) = (entry.origin, entry.deadline, entry.cancel.is_triggered());
            self.crew.ended(key);
            self.origins.ended(origin, key, now, None);
            self.in_flight -= 1;
            self.waiting += 1;
            if is_over {
                called_off.extend(self.remove_waiting(id, Why::CalledOff));
            } else {
                self.set_moment(id, deadline);
                self.origins.wait_first(origin, id);
            }
        }
        self.thread_gone(key);
        let mut turn = self.go_on(now);
        turn.waited.extend(called_off);
        turn
    }

    /// A thread has nothing to do any more and is gone.
    pub fn thread_gone(&mut self, key: usize) {
        self.crew.remove(key);
        self.origins.forget_thread(key);
    }

    /// Takes a thread off the list, if it may go now.
    pub fn leave(&mut self, key: usize, idle: bool) -> bool {
        let may = self.crew.leave(key, idle, &self.caps);
        if may {
            self.origins.forget_thread(key);
        }
        may
    }

    /// Other bounds, from now on. Returns the threads that are to go as well.
    pub fn resize(&mut self, caps: Caps, now: Instant) -> (Turn<J, H>, Vec<H>) {
        self.caps = caps;
        let leaving = self.crew.resize(caps.max_threads);
        self.origins.enter_all();
        (self.go_on(now), leaving)
    }
}

#[cfg(test)]
mod tests;
