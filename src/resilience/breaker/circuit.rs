//! The circuit of one key, and the permits that it gives.

use super::gate::{Change, Entry, Gate, NEVER, Pass, Probe, ProbeEnd, Reason, Rules, Settled, Tally};
use super::table::{Breaker, Event, Shared, Table};
use super::window::{Place, Window};
use super::word::State;
use super::{Outcome, nanoseconds};
use crate::runtime::clock::Instant;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Weak};
use std::time::Duration;

/// A change of state that has happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    pub key: Arc<str>,
    pub from: State,
    pub to: State,
    /// The generation that begins: every transition of a key begins one, so this numbers them too.
    pub generation: u32,
    pub reason: Reason,
    /// What it was judged on, and the shares of it.
    pub tally: Tally,
    pub failure_percent: u32,
    pub slow_percent: u32,
    /// How long it is open now; `Duration::MAX` for good, zero where it is not open.
    pub open: Duration,
}

/// The breaker lets nothing through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// `None` where that is not known: while the probes are out, and where it was opened by hand for good.
    pub retry_after: Option<Duration>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    pub successes: u64,
    pub failures: u64,
    pub neutral: u64,
    pub slow: u64,
    /// Results of an older generation.
    pub stale: u64,
    pub rejected: u64,
    /// How often it has opened, by hand too.
    pub opened: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Info {
    pub state: State,
    pub generation: u32,
    /// Of the window, or of the probes where it is half-open.
    pub tally: Tally,
    /// How long it is still open; `None` for good and where it is not open.
    pub left: Option<Duration>,
    pub probes_out: u32,
    pub opens_in_a_row: u32,
    pub totals: Totals,
}

#[derive(Default)]
struct Counters {
    successes: AtomicU64,
    failures: AtomicU64,
    neutral: AtomicU64,
    slow: AtomicU64,
    stale: AtomicU64,
    rejected: AtomicU64,
    opened: AtomicU64,
}

/// A permit as plain numbers, for those who cannot keep an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loan {
    pub circuit: u64,
    pub pass: Pass,
    pub start: Instant,
    pub marked: Option<Place>,
}

pub struct Core {
    pub key: Arc<str>,
    pub id: u64,
    pub gate: Gate,
    window: Window,
    rules: Rules,
    shared: Arc<Shared>,
    counters: Counters,
    /// How many newcomers there had been when it was used last.
    last_used: AtomicU64,
    /// How many loans are out, and since when the last one is.
    loans: AtomicU64,
    last_loan: AtomicU64,
}

impl Core {
    pub fn new(key: Arc<str>, id: u64, shared: Arc<Shared>) -> Core {
        let last_used = AtomicU64::new(shared.newcomers.load(Relaxed));
        Core {
            key,
            id,
            gate: Gate::new(),
            window: shared.options.window(),
            rules: shared.options.rules(),
            shared,
            counters: Counters::default(),
            last_used,
            loans: AtomicU64::new(0),
            last_loan: AtomicU64::new(0),
        }
    }

    fn draw(&self) -> impl Fn(u64) -> u64 + '_ {
        |most| self.shared.chance.up_to(most)
    }

    fn slow_ns(&self) -> Option<u64> {
        self.shared.options.slow.map(|(slow, _)| nanoseconds(slow))
    }

    fn is_slow(&self, start: Instant, now: Instant) -> bool {
        self.slow_ns().is_some_and(|slow| now.0.saturating_sub(start.0) > slow)
    }

    /// Tells the listener of a change. Whoever calls this holds nothing.
    pub fn tell(&self, change: Change) -> Transition {
        if matches!(change.to, State::Open | State::ForcedOpen) {
            self.counters.opened.fetch_add(1, Relaxed);
        }
        let percent = |part: u64| (part * 100).checked_div(change.tally.calls).map_or(0, |share| share as u32);
        let transition = Transition {
            key: self.key.clone(),
            from: change.from,
            to: change.to,
            generation: change.generation,
            reason: change.reason,
            tally: change.tally,
            failure_percent: percent(change.tally.failures),
            slow_percent: percent(change.tally.slow),
            open: if change.open_ns == NEVER { Duration::MAX } else { Duration::from_nanos(change.open_ns) },
        };
        self.shared.tell(&Event::Transition(&transition));
        transition
    }

    /// Judges the window, after each result.
    fn judge(&self, generation: u32, now: Instant) -> Option<Change> {
        let word = self.gate.word();
        if word.generation() != generation || !matches!(word.state(), State::Closed | State::MetricsOnly) {
            return None;
        }
        let tally = self.window.tally(generation, now.0);
        if tally.calls < self.shared.options.least_calls() {
            return None;
        }
        let trip = self.rules.verdict(tally.calls, tally.failures, tally.slow)?;
        self.gate.trip(generation, trip, tally, now.0, &self.rules, &self.draw())
    }

    fn settle(&self, loan: &Loan, now: Instant, outcome: Outcome) -> (Settled, Option<Change>) {
        let Loan { pass: Pass { generation, probe }, start, marked, .. } = *loan;
        let failure = outcome == Outcome::Failure;
        let slow = outcome != Outcome::Neutral && marked.is_none() && self.is_slow(start, now);
        let (settled, change) = match probe {
            Some(probe) => {
                // One that was slow has had a result, whatever comes of it.
                let end = match (outcome, marked) {
                    (Outcome::Neutral, None) => ProbeEnd::Returned,
                    _ => ProbeEnd::Result { failure, slow },
                };
                self.gate.settle(generation, probe, end, now.0, &self.rules, &self.draw())
            }
            None if self.put(generation, now, outcome, slow, marked) => (Settled::Counted, self.judge(generation, now)),
            None => (Settled::Stale, None),
        };
        let counter = match (settled, outcome) {
            (Settled::Twice, _) => return (settled, change),
            (Settled::Stale, _) => &self.counters.stale,
            (_, Outcome::Success) => &self.counters.successes,
            (_, Outcome::Failure) => &self.counters.failures,
            (_, Outcome::Neutral) => &self.counters.neutral,
        };
        counter.fetch_add(1, Relaxed);
        if slow && settled == Settled::Counted {
            self.counters.slow.fetch_add(1, Relaxed);
        }
        (settled, change)
    }

    /// Puts a result into the window; not if its generation is over.
    fn put(&self, generation: u32, now: Instant, outcome: Outcome, slow: bool, marked: Option<Place>) -> bool {
        let current = || self.gate.word().generation() == generation;
        let failure = outcome == Outcome::Failure;
        match marked {
            _ if !current() => false,
            Some(place) => {
                if failure {
                    self.window.fail(generation, place, &current);
                }
                true
            }
            None if outcome == Outcome::Neutral => true,
            None => self.window.add(generation, now.0, failure, slow, &current).is_some(),
        }
    }

    fn mark(&self, loan: &mut Loan, now: Instant) -> Option<Change> {
        if loan.marked.is_some() || !self.is_slow(loan.start, now) {
            return None;
        }
        let Pass { generation, probe } = loan.pass;
        let change = match probe {
            Some(probe) => {
                let (settled, change) = self.gate.mark_slow(generation, probe, now.0, &self.rules, &self.draw());
                if settled != Settled::Counted {
                    return change;
                }
                loan.marked = Some(Place(0));
                change
            }
            None => {
                let current = || self.gate.word().generation() == generation;
                if !current() {
                    return None;
                }
                loan.marked = Some(self.window.add(generation, now.0, false, true, &current)?);
                self.judge(generation, now)
            }
        };
        self.counters.slow.fetch_add(1, Relaxed);
        change
    }

    /// A loan where everybody gets one and nothing changes by it, which is the usual way; `None` where it takes more.
    pub fn lend(&self, now: Instant) -> Option<Loan> {
        let word = self.gate.word();
        if !word.state().admits() {
            return None;
        }
        self.use_it();
        self.lent(now);
        let pass = Pass { generation: word.generation(), probe: None };
        Some(Loan { circuit: self.id, pass, start: now, marked: None })
    }

    fn lent(&self, now: Instant) {
        self.loans.fetch_add(1, Relaxed);
        // A time that is a little older than another thread's does no harm: it is a bound of many seconds.
        self.last_loan.store(now.0, Relaxed);
    }

    /// Nobody is told yet.
    pub fn redeem(&self, loan: &Loan, now: Instant, outcome: Outcome) -> (Settled, Option<Change>) {
        let (settled, change) = self.settle(loan, now, outcome);
        if settled != Settled::Twice {
            let _ = self.loans.fetch_update(Relaxed, Relaxed, |loans| loans.checked_sub(1));
        }
        (settled, change)
    }

    pub fn mark_loan(&self, loan: &mut Loan, now: Instant, keep: impl FnOnce(&Loan)) -> Option<Transition> {
        let change = self.mark(loan, now);
        keep(loan);
        change.map(|change| self.tell(change))
    }

    /// Whether a closed circuit may go: no call is under way that would tell it something. Loans that were never told of
    /// count no longer than a lease.
    pub fn is_idle(self: &Arc<Core>, now: Instant) -> bool {
        let lent = self.loans.load(Relaxed) != 0
            && now.0.saturating_sub(self.last_loan.load(Relaxed)) < nanoseconds(self.shared.options.lease);
        Arc::strong_count(self) == 1 && !lent
    }

    pub fn last_used(&self) -> u64 {
        self.last_used.load(Relaxed)
    }

    /// Written only when there are newcomers, so that those who use it do not take it from each other's caches.
    fn use_it(&self) {
        let newcomers = self.shared.newcomers.load(Relaxed);
        if self.last_used.load(Relaxed) != newcomers {
            self.last_used.store(newcomers, Relaxed);
        }
    }
}

pub struct Shelf {
    pub core: Arc<Core>,
    pub table: Weak<Table>,
}

/// The circuit of one key. Cheap to clone, and good for as long as one likes: when the table has given up the key
/// meanwhile, it is looked up again.
#[derive(Clone)]
pub struct Circuit(pub(super) Arc<Shelf>);

impl Circuit {
    pub fn key(&self) -> &Arc<str> {
        &self.0.core.key
    }

    /// Whether a call has a chance; takes nothing and changes nothing.
    pub fn peek(&self, now: Instant) -> Result<(), Refused> {
        let core = &self.0.core;
        core.gate.peek(now.0, &core.rules).map_err(|left| core.refuse(left))
    }

    /// Whether it lets everything through.
    pub fn is_closed(&self, now: Instant) -> bool {
        self.peek(now).is_ok() && !matches!(self.0.core.gate.word().state(), State::Open | State::HalfOpen)
    }

    pub fn acquire(&self, now: Instant) -> (Result<Permit, Refused>, Option<Transition>) {
        self.acquire_for(now, Duration::ZERO)
    }

    /// For an attempt that may take that long: as a probe it has at least that much time.
    pub fn acquire_for(&self, now: Instant, attempt: Duration) -> (Result<Permit, Refused>, Option<Transition>) {
        let core = &self.0.core;
        let lease = nanoseconds(core.shared.options.lease.max(attempt));
        let (entry, change) = core.gate.enter(now.0, lease, &core.rules, &core.draw());
        let result = match entry {
            Entry::Pass(pass) => {
                core.use_it();
                let loan = Loan { circuit: core.id, pass, start: now, marked: None };
                Ok(Permit { core: Some(core.clone()), loan })
            }
            Entry::Wait(left) => Err(core.refuse(left)),
            Entry::Gone => return self.again(now, attempt),
        };
        (result, change.map(|change| core.tell(change)))
    }

    /// The table gave up this key; perhaps it has room for it again.
    fn again(&self, now: Instant, attempt: Duration) -> (Result<Permit, Refused>, Option<Transition>) {
        let found = self.0.table.upgrade().and_then(|table| Breaker(table).circuit(self.key(), now).ok());
        match found {
            Some(circuit) => circuit.acquire_for(now, attempt),
            None => (Ok(Permit::free(now)), None),
        }
    }

    pub fn info(&self, now: Instant) -> (Info, Option<Transition>) {
        let core = &self.0.core;
        let change = core.gate.expire_leases(now.0, &core.rules, &core.draw());
        let (word, until) = core.gate.open_until();
        let tally = match word.state() {
            State::HalfOpen => {
                Tally { calls: word.results().into(), failures: word.failures().into(), slow: word.slow().into() }
            }
            state if state.admits() => core.window.tally(word.generation(), now.0),
            _ => Tally::default(),
        };
        let get = |counter: &AtomicU64| counter.load(Relaxed);
        let info = Info {
            state: word.state(),
            generation: word.generation(),
            tally,
            left: until.filter(|&until| until != NEVER).map(|until| Duration::from_nanos(until.saturating_sub(now.0))),
            probes_out: word.probes_out(),
            opens_in_a_row: word.opens(),
            totals: Totals {
                successes: get(&core.counters.successes),
                failures: get(&core.counters.failures),
                neutral: get(&core.counters.neutral),
                slow: get(&core.counters.slow),
                stale: get(&core.counters.stale),
                rejected: get(&core.counters.rejected),
                opened: get(&core.counters.opened),
            },
        };
        (info, change.map(|change| core.tell(change)))
    }

    /// Opens it by hand: for so long, after which it is half-open, or for good. `None`: the table has given it up.
    pub fn force_open(&self, now: Instant, for_: Option<Duration>) -> Option<Transition> {
        let until = for_.map_or(NEVER, |for_| now.saturating_add(for_).0.min(NEVER - 1));
        self.force(State::ForcedOpen, until, now)
    }

    /// Closes it by hand: results are counted, and never trip it.
    pub fn force_closed(&self, now: Instant) -> Option<Transition> {
        self.force(State::ForcedClosed, 0, now)
    }

    /// Everything gets through; what would have tripped it is told, and the count begins anew.
    pub fn metrics_only(&self, now: Instant) -> Option<Transition> {
        self.force(State::MetricsOnly, 0, now)
    }

    /// Ends what was done by hand, and begins anew: closed, with an empty window.
    pub fn reset(&self, now: Instant) -> Option<Transition> {
        self.force(State::Closed, 0, now)
    }

    fn force(&self, to: State, until: u64, now: Instant) -> Option<Transition> {
        let change = self.0.core.gate.force(to, until, now.0)?;
        Some(self.0.core.tell(change))
    }
}

impl Core {
    fn refuse(&self, left: Option<u64>) -> Refused {
        self.counters.rejected.fetch_add(1, Relaxed);
        Refused { retry_after: left.map(Duration::from_nanos) }
    }
}

/// A way through. It is given back exactly once: with its result, or as neutral where it is dropped.
pub struct Permit {
    /// `None`: there is no breaker for the key.
    core: Option<Arc<Core>>,
    loan: Loan,
}

impl Permit {
    /// The circuit of a loan without one.
    pub(super) const NO_CIRCUIT: u64 = u64::MAX;

    /// Where there is no breaker.
    pub fn free(now: Instant) -> Permit {
        let pass = Pass { generation: 0, probe: None };
        Permit { core: None, loan: Loan { circuit: Permit::NO_CIRCUIT, pass, start: now, marked: None } }
    }

    pub fn is_probe(&self) -> bool {
        self.loan.pass.probe.is_some()
    }

    pub fn generation(&self) -> u32 {
        self.loan.pass.generation
    }

    /// When it is to be told to `mark_slow` if it is still out then.
    pub fn slow_at(&self) -> Option<Instant> {
        let slow = self.core.as_ref().filter(|_| self.loan.marked.is_none())?.slow_ns()?;
        self.loan.start.0.checked_add(slow)?.checked_add(1).map(Instant)
    }

    /// Counts a call that is still under way as slow, if it is. Its result then says only whether it failed.
    pub fn mark_slow(&mut self, now: Instant) -> Option<Transition> {
        let core = self.core.as_ref()?;
        core.mark(&mut self.loan, now).map(|change| core.tell(change))
    }

    pub fn record(mut self, now: Instant, outcome: Outcome) -> Option<Transition> {
        let core = self.core.take()?;
        let (_, change) = core.settle(&self.loan, now, outcome);
        change.map(|change| core.tell(change))
    }

    /// The permit as numbers. From here on its owner must see to it that it is told of; a probe's lease is the bound.
    pub fn lend(mut self) -> Loan {
        if let Some(core) = self.core.take() {
            core.lent(self.loan.start);
        }
        self.loan
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(core) = self.core.take() {
            let now = if self.is_probe() { core.shared.clock.now() } else { self.loan.start };
            if let (_, Some(change)) = core.settle(&self.loan, now, Outcome::Neutral) {
                core.tell(change);
            }
        }
    }
}

impl Loan {
    /// What `circuit` and so on were when it was lent; a serial of 0: no probe.
    pub fn new(circuit: u64, generation: u32, probe: Probe, start: Instant, marked: Option<u64>) -> Loan {
        let probe = (probe.serial != 0).then_some(probe);
        Loan { circuit, pass: Pass { generation, probe }, start, marked: marked.map(Place) }
    }
}
