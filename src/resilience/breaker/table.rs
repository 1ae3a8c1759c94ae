//! The circuits of a breaker, by their keys. Those that are there are found without a lock; a new one is put in under one.

use super::Options;
use super::circuit::{Circuit, Core, Loan, Permit, Shelf, Transition};
use super::gate::Settled;
use super::outcome::Outcome;
use super::word::State;
use crate::resilience::table::Hasher;
use crate::runtime::chance::Chance;
use crate::runtime::clock::{Clock, Instant};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

/// What a listener is told.
#[derive(Debug)]
pub enum Event<'a> {
    Transition(&'a Transition),
    /// The table is full of circuits that are in use or open: this key, and further ones, have no breaker.
    TableFull(&'a str),
}

pub type Listener = Box<dyn Fn(&Event) + Send + Sync>;

/// There is no room for another circuit: the call goes without a breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableFull {
    /// It was not so before.
    pub is_news: bool,
}

pub struct Shared {
    pub options: Options,
    pub clock: Arc<dyn Clock>,
    pub chance: Arc<dyn Chance>,
    listener: Option<Listener>,
    /// How many keys came that were new: the clock by which circuits age.
    pub newcomers: AtomicU64,
}

impl Shared {
    pub fn tell(&self, event: &Event) {
        if let Some(listener) = &self.listener {
            listener(event);
        }
    }
}

pub struct Table {
    shared: Arc<Shared>,
    id: u64,
    by_key: papaya::HashMap<Arc<str>, Circuit, Hasher>,
    by_id: papaya::HashMap<u64, Circuit, Hasher>,
    places: Mutex<Places>,
}

#[derive(Default)]
struct Places {
    circuits: Vec<Circuit>,
    /// Where the next search for room begins.
    hand: usize,
    is_told: bool,
}

/// Circuits by their keys. A clone is the same breaker.
#[derive(Clone)]
pub struct Breaker(pub(super) Arc<Table>);

fn new_id() -> u64 {
    static IDS: AtomicU64 = AtomicU64::new(1);
    IDS.fetch_add(1, Relaxed)
}

impl Breaker {
    pub fn new(
        options: Options,
        clock: Arc<dyn Clock>,
        chance: Arc<dyn Chance>,
        listener: Option<Listener>,
    ) -> Breaker {
        Breaker(Arc::new(Table {
            shared: Arc::new(Shared { options, clock, chance, listener, newcomers: AtomicU64::new(0) }),
            id: new_id(),
            by_key: papaya::HashMap::with_hasher(Hasher::default()),
            by_id: papaya::HashMap::with_hasher(Hasher::default()),
            places: Mutex::default(),
        }))
    }

    pub fn options(&self) -> &Options {
        &self.0.shared.options
    }

    pub fn clock(&self) -> &dyn Clock {
        &*self.0.shared.clock
    }

    pub fn now(&self) -> Instant {
        self.0.shared.clock.now()
    }

    /// Tells this breaker from all others of the process.
    pub fn id(&self) -> u64 {
        self.0.id
    }

    pub fn count(&self) -> usize {
        self.0.by_key.len()
    }

    /// The circuit of a key that has one.
    pub fn find(&self, key: &str) -> Option<Circuit> {
        let found = self.0.by_key.pin().get(key).cloned();
        // One that has just lost its place is in the map for a moment more.
        found.filter(|circuit| circuit.0.core.gate.word().state() != State::Evicted)
    }

    /// The circuit of a key; a new one is closed.
    pub fn circuit(&self, key: &str, now: Instant) -> Result<Circuit, TableFull> {
        match self.find(key) {
            Some(circuit) => Ok(circuit),
            None => self.make(key, now),
        }
    }

    fn make(&self, key: &str, now: Instant) -> Result<Circuit, TableFull> {
        let table = &self.0;
        let mut places = table.places.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(circuit) = self.find(key) {
            return Ok(circuit);
        }
        let room = if places.circuits.len() < table.shared.options.max_keys {
            None
        } else {
            places.make_room(table.shared.newcomers.load(Relaxed), now)
        };
        if places.circuits.len() >= table.shared.options.max_keys && room.is_none() {
            let is_news = !std::mem::replace(&mut places.is_told, true);
            drop(places);
            if is_news {
                table.shared.tell(&Event::TableFull(key));
            }
            return Err(TableFull { is_news });
        }
        places.is_told = false;
        table.shared.newcomers.fetch_add(1, Relaxed);
        let core = Arc::new(Core::new(key.into(), new_id(), table.shared.clone()));
        let circuit = Circuit(Arc::new(Shelf { core, table: Arc::downgrade(table) }));
        match room {
            Some(place) => {
                let old = std::mem::replace(&mut places.circuits[place], circuit.clone());
                table.by_key.pin().remove(&old.0.core.key);
                table.by_id.pin().remove(&old.0.core.id);
            }
            None => places.circuits.push(circuit.clone()),
        }
        table.by_key.pin().insert(circuit.key().clone(), circuit.clone());
        table.by_id.pin().insert(circuit.0.core.id, circuit.clone());
        Ok(circuit)
    }

    /// Asks for a permit for a key.
    pub fn acquire(&self, key: &str, now: Instant) -> (Result<Permit, super::Refused>, Option<Transition>) {
        match self.circuit(key, now) {
            Ok(circuit) => circuit.acquire(now),
            Err(TableFull { .. }) => (Ok(Permit::free(now)), None),
        }
    }

    /// Asks for a permit for a key, as numbers.
    pub fn lend(&self, key: &str, now: Instant) -> (Result<Loan, super::Refused>, Option<Transition>) {
        let usual = self.0.by_key.pin().get(key).and_then(|circuit| circuit.0.core.lend(now));
        match usual {
            Some(loan) => (Ok(loan), None),
            None => {
                let (result, transition) = self.acquire(key, now);
                (result.map(super::Permit::lend), transition)
            }
        }
    }

    /// The result of what was lent. Without a circuit, or when that is no longer in the table, it counts nowhere.
    pub fn redeem(&self, loan: &Loan, now: Instant, outcome: Outcome) -> (Settled, Option<Transition>) {
        let (settled, told) = {
            let by_id = self.0.by_id.pin();
            let Some(circuit) = by_id.get(&loan.circuit) else { return (Settled::Stale, None) };
            let (settled, change) = circuit.0.core.redeem(loan, now, outcome);
            (settled, change.map(|change| (circuit.clone(), change)))
        };
        (settled, told.map(|(circuit, change)| circuit.0.core.tell(change)))
    }

    /// What was lent is still under way: counts it as slow if it is. `keep` gets what is lent from then on, before anybody
    /// is told.
    pub fn mark_slow(&self, mut loan: Loan, now: Instant, keep: impl FnOnce(&Loan)) -> Option<Transition> {
        let circuit = self.0.by_id.pin().get(&loan.circuit).cloned()?;
        circuit.0.core.mark_loan(&mut loan, now, keep)
    }
}

impl Places {
    /// The place of a circuit that can go, which then is out of use: a closed one that has nothing under way, and was not used
    /// since as many newcomers as there are places, or for the longest time; else one that could be half-open by now, if
    /// anybody had asked.
    fn make_room(&mut self, newcomers: u64, now: Instant) -> Option<usize> {
        let count = self.circuits.len();
        let mut oldest = None;
        for _ in 0..count {
            let (place, core) = self.next();
            let word = core.gate.word();
            if word.state() != State::Closed || !core.is_idle(now) {
                continue;
            }
            let last_used = core.last_used();
            if newcomers.saturating_sub(last_used) >= count as u64 && core.gate.evict(word) {
                return Some(place);
            }
            if oldest.is_none_or(|(_, _, other)| last_used < other) {
                oldest = Some((place, word, last_used));
            }
        }
        if let Some((place, word, _)) = oldest
            && self.circuits[place].0.core.gate.evict(word)
        {
            return Some(place);
        }
        for _ in 0..count {
            let (place, core) = self.next();
            if core.gate.is_left_alone(now.0).is_some_and(|word| core.gate.evict(word)) {
                return Some(place);
            }
        }
        None
    }

    fn next(&mut self) -> (usize, &Arc<Core>) {
        let place = self.hand % self.circuits.len();
        self.hand = place + 1;
        (place, &self.circuits[place].0.core)
    }
}
