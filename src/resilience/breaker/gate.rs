//! Who gets through: the one word of a circuit and what goes with it, without a lock. Every change of state is one
//! exchange of that word, so however many threads want one, one of them gets it; and a probe has its permit exactly while
//! its bit is in the word.
//!
//! Nothing here knows a clock, a key or a window: `tests/models` runs it in every order that threads can have.

use super::sync::{AtomicU64, Ordering::*};
use super::word::{MOST_PROBES, State, Word};

/// No probe's serial.
const NOBODY: u64 = 0;

/// A moment that never comes.
pub(super) const NEVER: u64 = u64::MAX;

/// What of the options counts here. Times are nanoseconds.
#[derive(Clone, Debug)]
pub struct Rules {
    pub probes: u32,
    pub failure_percent: u32,
    /// `None`: no call is slow.
    pub slow_percent: Option<u32>,
    pub open_ns: u64,
    pub open_most_ns: u64,
}

impl Rules {
    /// Why so many of so many would open it. Failures say more than slowness.
    pub fn verdict(&self, of: u64, failures: u64, slow: u64) -> Option<Trip> {
        let reached = |part: u64, percent: u32| part * 100 >= u64::from(percent) * of;
        if reached(failures, self.failure_percent) {
            Some(Trip::Failures)
        } else {
            self.slow_percent.filter(|&percent| reached(slow, percent)).map(|_| Trip::Slow)
        }
    }

    /// How long it stays open the k-th time in a row, chance aside.
    pub fn open_for(&self, opens: u32) -> u64 {
        let doubled = 1u64.checked_shl(opens.saturating_sub(1)).unwrap_or(u64::MAX);
        self.open_ns.saturating_mul(doubled).min(self.open_most_ns)
    }

    fn decide(&self, word: Word) -> Option<Trip> {
        self.verdict(u64::from(self.probes), u64::from(word.failures()), u64::from(word.slow()))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trip {
    Failures,
    Slow,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Failures, or slow calls, reached their share.
    Tripped(Trip),
    /// A probe did not come back within its lease.
    LeaseEnded,
    /// It was open for long enough.
    TimePassed,
    /// The probes came back, and too few of them failed or were slow.
    Recovered,
    ByHand,
}

/// One change of state that has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    pub from: State,
    pub to: State,
    /// The generation that begins with it.
    pub generation: u32,
    pub reason: Reason,
    pub tally: Tally,
    /// How long it will be open; `NEVER` for good, 0 where it is not open.
    pub open_ns: u64,
}

/// What the judgement was made on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub calls: u64,
    pub failures: u64,
    pub slow: u64,
}

impl Tally {
    fn of(word: Word) -> Tally {
        let [calls, failures, slow] = [word.results(), word.failures(), word.slow()].map(u64::from);
        Tally { calls, failures, slow }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pass {
    pub generation: u32,
    pub probe: Option<Probe>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    pub slot: u32,
    /// Tells it from all others that had the slot.
    pub serial: u64,
    /// When its lease ends.
    pub ends: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    Pass(Pass),
    /// Not now: again in so many nanoseconds, where that is known.
    Wait(Option<u64>),
    /// This circuit is no longer in the table.
    Gone,
}

/// What became of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    Counted,
    /// Of an older generation, or after its lease.
    Stale,
    /// The generation is right, but this probe has had its result.
    Twice,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbeEnd {
    Result {
        failure: bool,
        slow: bool,
    },
    /// It came to nothing: its permit goes to another one.
    Returned,
}

pub struct Gate {
    word: AtomicU64,
    /// Until when it is open. Belongs to the word's generation while that is open and not `unset`.
    until: AtomicU64,
    /// When the lease of each probe that is out ends.
    leases: [AtomicU64; MOST_PROBES as usize],
    /// Which probe has each slot that is out in the word: its serial, or nobody while it is coming or going.
    holders: [AtomicU64; MOST_PROBES as usize],
    serials: AtomicU64,
}

impl Gate {
    pub fn new() -> Gate {
        Gate {
            word: AtomicU64::new(Word::FIRST.bits()),
            until: AtomicU64::new(0),
            leases: std::array::from_fn(|_| AtomicU64::new(0)),
            holders: std::array::from_fn(|_| AtomicU64::new(0)),
            serials: AtomicU64::new(1),
        }
    }

    pub fn word(&self) -> Word {
        Word::from_bits(self.word.load(Acquire))
    }

    fn change(&self, from: Word, to: Word) -> bool {
        self.word.compare_exchange(from.bits(), to.bits(), AcqRel, Relaxed).is_ok()
    }

    /// The word, and until when it is open if it is.
    pub fn open_until(&self) -> (Word, Option<u64>) {
        loop {
            let word = self.word();
            if !matches!(word.state(), State::Open | State::ForcedOpen) || word.is_unset() {
                return (word, None);
            }
            let until = self.until.load(Acquire);
            if self.word() == word {
                return (word, Some(until));
            }
        }
    }

    /// Asks for a way through. What is open and has been for long enough becomes half-open, and its first permit is this
    /// caller's, in one step. `draw(most)` is chance.
    pub fn enter(&self, now: u64, lease_ns: u64, rules: &Rules, draw: &dyn Fn(u64) -> u64) -> (Entry, Option<Change>) {
        let mut change = None;
        loop {
            let (word, until) = self.open_until();
            let next = match word.state() {
                State::Evicted => return (Entry::Gone, change),
                state if state.admits() => {
                    return (Entry::Pass(Pass { generation: word.generation(), probe: None }), change);
                }
                State::HalfOpen => {
                    if self.overdue(word, now) != 0 {
                        change = self.expire_leases(now, rules, draw).or(change);
                        if self.word() != word {
                            continue;
                        }
                    }
                    if word.probes_out() + word.results() >= rules.probes {
                        return (Entry::Wait(None), change);
                    }
                    word
                }
                _ => {
                    let until = match until {
                        Some(until) => until,
                        None => return (Entry::Wait(Some(rules.open_for(word.opens()))), change),
                    };
                    if now < until {
                        return (Entry::Wait((until != NEVER).then(|| until - now)), change);
                    }
                    word.next(State::HalfOpen)
                }
            };
            let slot = next.free_slot();
            // Before the word: whoever sees the probe in it must find its lease. An older, slower thread that wanted the
            // same slot cannot make it shorter.
            let ends = now.saturating_add(lease_ns);
            self.leases[slot as usize].fetch_max(ends, AcqRel);
            // After the word was read: larger than those of all who had the slot before.
            let serial = self.serials.fetch_add(1, AcqRel);
            if self.change(word, next.take(slot)) {
                // Nobody has it until then. One of an older generation that comes late does not take it away.
                self.holders[slot as usize].fetch_max(serial, AcqRel);
                if next != word {
                    change = Some(told(word, next, Reason::TimePassed, Tally::default(), 0));
                }
                let probe = Some(Probe { slot, serial, ends });
                return (Entry::Pass(Pass { generation: next.generation(), probe }), change);
            }
        }
    }

    /// What `enter` would say, as far as that can be known without doing it.
    pub fn peek(&self, now: u64, rules: &Rules) -> Result<(), Option<u64>> {
        let (word, until) = self.open_until();
        match (word.state(), until) {
            (State::HalfOpen, _) if self.overdue(word, now) != 0 => Ok(()),
            (State::HalfOpen, _) if word.probes_out() + word.results() >= rules.probes => Err(None),
            (State::Open | State::ForcedOpen, None) => Err(Some(rules.open_for(word.opens()))),
            (_, Some(until)) if now < until => Err((until != NEVER).then(|| until - now)),
            _ => Ok(()),
        }
    }

    /// The result of a probe. After its lease a probe has failed, whatever it says.
    pub fn settle(
        &self,
        generation: u32,
        probe: Probe,
        end: ProbeEnd,
        now: u64,
        rules: &Rules,
        draw: &dyn Fn(u64) -> u64,
    ) -> (Settled, Option<Change>) {
        if self.word().generation() != generation {
            return (Settled::Stale, None);
        }
        let is_late = now >= probe.ends;
        if !self.claim(probe.slot, probe.serial) {
            return (if is_late { Settled::Stale } else { Settled::Twice }, None);
        }
        if is_late {
            return (Settled::Stale, self.fail(generation, 1 << probe.slot, now, rules, draw));
        }
        loop {
            let word = self.word();
            if word.generation() != generation {
                return (Settled::Stale, None);
            }
            let next = match end {
                ProbeEnd::Returned => word.give_back(probe.slot),
                ProbeEnd::Result { failure, slow } => {
                    let done = word.finish(probe.slot, failure);
                    if slow { done.more_slow() } else { done }
                }
            };
            if let Some(change) = self.judge(word, next, now, rules, draw) {
                return (Settled::Counted, change);
            }
        }
    }

    /// A probe that is still out has become slow. It keeps its permit: whether it fails is not known yet.
    pub fn mark_slow(
        &self,
        generation: u32,
        probe: Probe,
        now: u64,
        rules: &Rules,
        draw: &dyn Fn(u64) -> u64,
    ) -> (Settled, Option<Change>) {
        if now >= probe.ends {
            return (Settled::Stale, self.expire_leases(now, rules, draw));
        }
        loop {
            let word = self.word();
            if word.generation() != generation {
                return (Settled::Stale, None);
            }
            if self.holders[probe.slot as usize].load(Acquire) != probe.serial {
                return (Settled::Twice, None);
            }
            if let Some(change) = self.judge(word, word.more_slow(), now, rules, draw) {
                return (Settled::Counted, change);
            }
        }
    }

    /// Takes a slot from the probe that has it. Only who succeeds may take the slot out of the word, and must: so a probe
    /// ends once, and nobody ends the next one that has its slot.
    fn claim(&self, slot: u32, serial: u64) -> bool {
        self.holders[slot as usize].compare_exchange(serial, NOBODY, AcqRel, Relaxed).is_ok()
    }

    /// Puts `next` into the half-open word, or what it leads to. `None` if the word has become another one.
    fn judge(
        &self,
        word: Word,
        next: Word,
        now: u64,
        rules: &Rules,
        draw: &dyn Fn(u64) -> u64,
    ) -> Option<Option<Change>> {
        if let Some(trip) = rules.decide(next) {
            return self.open(word, Reason::Tripped(trip), Tally::of(next), now, rules, draw).map(Some);
        }
        if next.results() >= rules.probes {
            return self.close(word, Tally::of(next)).map(Some);
        }
        self.change(word, next).then_some(None)
    }

    /// The window has tripped. `None` if that is another thread's doing, or the generation is over.
    pub fn trip(
        &self,
        generation: u32,
        trip: Trip,
        tally: Tally,
        now: u64,
        rules: &Rules,
        draw: &dyn Fn(u64) -> u64,
    ) -> Option<Change> {
        let word = self.word();
        if word.generation() != generation {
            return None;
        }
        let reason = Reason::Tripped(trip);
        match word.state() {
            State::Closed => self.open(word, reason, tally, now, rules, draw),
            State::MetricsOnly => {
                let next = word.next(State::MetricsOnly);
                self.change(word, next).then(|| told(word, next, reason, tally, 0))
            }
            _ => None,
        }
    }

    /// The slots of probes whose lease is over.
    fn overdue(&self, word: Word, now: u64) -> u32 {
        if word.state() != State::HalfOpen {
            return 0;
        }
        let late = |slot: &u32| word.is_out(*slot) && now >= self.leases[*slot as usize].load(Acquire);
        (0..MOST_PROBES).filter(late).fold(0, |slots, slot| slots | 1 << slot)
    }

    /// Ends leases that are over, and what follows from it.
    pub fn expire_leases(&self, now: u64, rules: &Rules, draw: &dyn Fn(u64) -> u64) -> Option<Change> {
        // Before the word: what has another holder by the time when it is claimed is not what was seen to be late.
        let holders: [u64; MOST_PROBES as usize] = std::array::from_fn(|slot| self.holders[slot].load(Acquire));
        let word = self.word();
        let late = self.overdue(word, now);
        let claimed = |slot: &u32| {
            let holder = holders[*slot as usize];
            late & (1 << slot) != 0 && holder != NOBODY && self.claim(*slot, holder)
        };
        let slots = (0..MOST_PROBES).filter(claimed).fold(0, |slots, slot| slots | 1 << slot);
        if slots == 0 { None } else { self.fail(word.generation(), slots, now, rules, draw) }
    }

    /// The probes in those slots, which this thread has claimed, have failed by their leases. If that decides nothing and no
    /// other one is out that could, the circuit opens: nobody can say when the next result would come.
    fn fail(&self, generation: u32, slots: u32, now: u64, rules: &Rules, draw: &dyn Fn(u64) -> u64) -> Option<Change> {
        loop {
            let word = self.word();
            if word.generation() != generation {
                return None;
            }
            let slots = (0..MOST_PROBES).filter(|slot| slots & (1 << slot) != 0);
            let next = slots.fold(word, |word, slot| word.finish(slot, true));
            let has_tripped = rules.decide(next).is_some();
            let change = if !has_tripped && next.results() >= rules.probes {
                self.close(word, Tally::of(next))
            } else if !has_tripped && next.probes_out() > 0 {
                if self.change(word, next) {
                    return None;
                }
                None
            } else {
                self.open(word, Reason::LeaseEnded, Tally::of(next), now, rules, draw)
            };
            if change.is_some() {
                return change;
            }
        }
    }

    fn close(&self, word: Word, tally: Tally) -> Option<Change> {
        let next = word.next(State::Closed).with_opens(0);
        self.change(word, next).then(|| told(word, next, Reason::Recovered, tally, 0))
    }

    fn open(
        &self,
        word: Word,
        reason: Reason,
        tally: Tally,
        now: u64,
        rules: &Rules,
        draw: &dyn Fn(u64) -> u64,
    ) -> Option<Change> {
        let next = word.next(State::Open).with_opens(word.opens() + 1).unset();
        if !self.change(word, next) {
            return None;
        }
        let base = rules.open_for(next.opens());
        let open_ns = base.saturating_add(draw(base / 5));
        self.set_until(next, now.saturating_add(open_ns).min(NEVER - 1));
        Some(told(word, next, reason, tally, open_ns))
    }

    /// Writes down until when the generation that this thread has begun is open. A thread that was held up between its
    /// two steps, and whose generation is over, changes nothing.
    fn set_until(&self, word: Word, until: u64) {
        loop {
            let seen = self.until.load(Acquire);
            if self.word() != word {
                return;
            }
            if self.until.compare_exchange(seen, until, AcqRel, Relaxed).is_ok() {
                break;
            }
        }
        self.change(word, word.set());
    }

    /// By hand: that state, whatever the present one is. `until` is for `ForcedOpen`.
    pub fn force(&self, to: State, until: u64, now: u64) -> Option<Change> {
        loop {
            let word = self.word();
            if word.state() == State::Evicted {
                return None;
            }
            let next = match to {
                State::ForcedOpen => word.next(to).unset(),
                State::Closed => word.next(to).with_opens(0),
                _ => word.next(to),
            };
            if self.change(word, next) {
                let open_ns = match (to, until) {
                    (State::ForcedOpen, NEVER) => NEVER,
                    (State::ForcedOpen, _) => until.saturating_sub(now),
                    _ => 0,
                };
                if to == State::ForcedOpen {
                    self.set_until(next, until);
                }
                return Some(told(word, next, Reason::ByHand, Tally::default(), open_ns));
            }
        }
    }

    /// The word of a circuit that is open no longer, but has no probe out either.
    pub fn is_left_alone(&self, now: u64) -> Option<Word> {
        let (word, until) = self.open_until();
        let alone = match word.state() {
            State::HalfOpen => self.overdue(word, now).count_ones() == word.probes_out(),
            _ => until.is_some_and(|until| now >= until),
        };
        alone.then_some(word)
    }

    /// Takes it out of use, if it is still as it was seen.
    pub fn evict(&self, seen: Word) -> bool {
        self.change(seen, seen.next(State::Evicted))
    }
}

fn told(from: Word, to: Word, reason: Reason, tally: Tally, open_ns: u64) -> Change {
    Change { from: from.state(), to: to.state(), generation: to.generation(), reason, tally, open_ns }
}
