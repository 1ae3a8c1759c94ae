//! Anything that one thread can do to a circuit, against a model that has no bits and no atomics.

use super::*;
use crate::runtime::chance::Chance;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::collections::BTreeMap;

#[derive(Clone, Copy, Debug)]
enum Step {
    Pass(u64),
    Acquire,
    /// Of the permits that are out, the one at that share of them.
    Record(u16, Outcome),
    Drop(u16),
    MarkSlow(u16),
    ForceOpen(Option<u64>),
    ForceClosed,
    MetricsOnly,
    Reset,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let outcome = prop_oneof![3 => Just(Outcome::Failure), 3 => Just(Outcome::Success), 1 => Just(Outcome::Neutral)];
    let step = prop_oneof![
        12 => prop_oneof![0..30u64, 50..300u64, Just(600), Just(1_000)].prop_map(Step::Pass),
        30 => Just(Step::Acquire),
        30 => (any::<u16>(), outcome).prop_map(|(which, outcome)| Step::Record(which, outcome)),
        3 => any::<u16>().prop_map(Step::Drop),
        8 => any::<u16>().prop_map(Step::MarkSlow),
        1 => prop_oneof![(1..500u64).prop_map(Some), Just(None)].prop_map(Step::ForceOpen),
        1 => Just(Step::ForceClosed),
        1 => Just(Step::MetricsOnly),
        2 => Just(Step::Reset),
    ];
    prop::collection::vec(step, 1..400)
}

const MIN_CALLS: usize = 4;
const FAILURES: usize = 50;
const SLOW_CALLS: usize = 60;
const PROBES: usize = 3;
const OPEN: u64 = 200;
const OPEN_MOST: u64 = 700;
const LEASE: u64 = 600;
const SLOW: u64 = 150;
const WINDOW: u64 = 1_000;
const RING: usize = 7;

/// Milliseconds throughout.
struct Model {
    ring: bool,
    now: u64,
    state: State,
    generation: u32,
    opens: u32,
    until: Option<u64>,
    /// Number of the call, when it was put in, whether it failed and was slow.
    window: Vec<(u64, u64, bool, bool)>,
    /// The numbers of probes that are out, and when their leases end.
    probes: BTreeMap<u64, u64>,
    results: usize,
    failures: usize,
    slow: usize,
}

struct Call {
    number: u64,
    generation: u32,
    start: u64,
    marked: bool,
    is_probe: bool,
}

impl Model {
    fn to(&mut self, state: State) {
        self.state = state;
        self.generation += 1;
        (self.results, self.failures, self.slow, self.until) = (0, 0, 0, None);
        self.window.clear();
        self.probes.clear();
    }

    fn open(&mut self) {
        self.opens += 1;
        self.to(State::Open);
        self.until = Some(self.now + (OPEN << (self.opens - 1).min(20)).min(OPEN_MOST));
    }

    fn tally(&self) -> (usize, usize, usize) {
        if self.state == State::HalfOpen {
            return (self.results, self.failures, self.slow);
        }
        let width = WINDOW / 10;
        let in_time = |at: u64| at / width + 10 > self.now / width;
        let skipped = if self.ring { self.window.len().saturating_sub(RING) } else { 0 };
        let there = self.window.iter().skip(skipped).filter(|(_, at, ..)| self.ring || in_time(*at));
        there.fold((0, 0, 0), |(calls, failures, slow), (_, _, failed, was_slow)| {
            (calls + 1, failures + usize::from(*failed), slow + usize::from(*was_slow))
        })
    }

    fn trips((of, failures, slow): (usize, usize, usize)) -> bool {
        failures * 100 >= FAILURES * of || slow * 100 >= SLOW_CALLS * of
    }

    fn judge(&mut self) {
        let tally = self.tally();
        if tally.0 >= MIN_CALLS && Model::trips(tally) {
            match self.state {
                State::Closed => self.open(),
                State::MetricsOnly => self.to(State::MetricsOnly),
                _ => {}
            }
        }
    }

    fn judge_probes(&mut self, by_lease: bool) {
        if Model::trips((PROBES, self.failures, self.slow)) {
            self.open();
        } else if self.results == PROBES {
            self.opens = 0;
            self.to(State::Closed);
        } else if by_lease && self.probes.is_empty() {
            self.open();
        }
    }

    fn expire(&mut self) {
        let before = self.probes.len();
        let now = self.now;
        self.probes.retain(|_, ends| *ends > now);
        let late = before - self.probes.len();
        if late > 0 {
            self.results += late;
            self.failures += late;
            self.judge_probes(true);
        }
    }

    fn acquire(&mut self, number: u64) -> Option<Call> {
        self.expire();
        let is_probe = match self.state {
            State::Open | State::ForcedOpen => {
                if self.until.is_none_or(|until| self.now < until) {
                    return None;
                }
                self.to(State::HalfOpen);
                true
            }
            State::HalfOpen => {
                if self.probes.len() + self.results == PROBES {
                    return None;
                }
                true
            }
            _ => false,
        };
        if is_probe {
            self.probes.insert(number, self.now + LEASE);
        }
        Some(Call { number, generation: self.generation, start: self.now, marked: false, is_probe })
    }

    /// Whether its result counts.
    fn is_live(&mut self, call: &Call) -> bool {
        if call.generation != self.generation {
            return false;
        }
        if call.is_probe && self.now >= call.start + LEASE {
            // Of the others only those go that the circuit itself would have seen to be late: it looks when it is asked.
            if self.probes.remove(&call.number).is_some() {
                self.results += 1;
                self.failures += 1;
                self.judge_probes(true);
            }
            return false;
        }
        true
    }

    fn record(&mut self, call: Call, outcome: Outcome) {
        if !self.is_live(&call) {
            return;
        }
        let (failure, slow) = (outcome == Outcome::Failure, !call.marked && self.now - call.start > SLOW);
        if call.is_probe {
            self.probes.remove(&call.number);
            if outcome != Outcome::Neutral || call.marked {
                self.results += 1;
                self.failures += usize::from(failure);
                self.slow += usize::from(slow && outcome != Outcome::Neutral);
                self.judge_probes(false);
            }
            return;
        }
        if call.marked {
            let place = self.window.iter_mut().find(|(number, ..)| *number == call.number).expect("it was put in");
            place.2 |= failure;
        } else if outcome != Outcome::Neutral {
            self.window.push((call.number, self.now, failure, slow));
        } else {
            return;
        }
        self.judge();
    }

    fn mark(&mut self, call: &mut Call) {
        if call.marked || self.now - call.start <= SLOW {
            return;
        }
        if call.is_probe && call.generation == self.generation && self.now >= call.start + LEASE {
            self.expire();
        } else if self.is_live(call) {
            call.marked = true;
            if call.is_probe {
                self.slow += 1;
                self.judge_probes(false);
            } else {
                self.window.push((call.number, self.now, false, true));
                self.judge();
            }
        }
    }
}

/// Chance that always adds nothing.
struct Least;

impl Chance for Least {
    fn up_to(&self, _most: u64) -> u64 {
        0
    }
}

fn run(span: Span, steps: &[Step]) {
    let time = Arc::new(Simulation::new(0));
    let options = Options {
        span,
        min_calls: MIN_CALLS as u32,
        failure_percent: FAILURES as u32,
        slow: Some((Duration::from_millis(SLOW), SLOW_CALLS as u32)),
        open: Duration::from_millis(OPEN),
        open_most: Duration::from_millis(OPEN_MOST),
        probes: PROBES as u32,
        lease: Duration::from_millis(LEASE),
        max_keys: 1,
    };
    let events: Arc<Mutex<Vec<u32>>> = Arc::default();
    let told = events.clone();
    let listener: Listener = Box::new(move |event| match event {
        Event::Transition(transition) => told.lock().unwrap().push(transition.generation),
        Event::TableFull(_) => unreachable!("there is one key"),
    });
    let breaker = Breaker::new(options, time.clone(), Arc::new(Least), Some(listener));
    let circuit = breaker.circuit("a", breaker.now()).unwrap();
    let mut model = Model {
        ring: matches!(span, Span::Count(_)),
        now: 0,
        state: State::Closed,
        generation: 0,
        opens: 0,
        until: None,
        window: Vec::new(),
        probes: BTreeMap::new(),
        results: 0,
        failures: 0,
        slow: 0,
    };
    let mut out: Vec<(Permit, Call)> = Vec::new();
    let (mut numbers, mut granted, mut settled) = (0, 0, 0u64);
    for step in steps {
        let now = breaker.now();
        let pick = |which: u16, len: usize| usize::from(which) * len / 65_536;
        match *step {
            Step::Pass(milliseconds) => {
                time.advance(Duration::from_millis(milliseconds));
                model.now += milliseconds;
            }
            Step::Acquire => {
                let (result, _) = circuit.acquire(now);
                numbers += 1;
                let expected = model.acquire(numbers);
                assert_eq!(result.is_ok(), expected.is_some(), "{step:?}");
                match (result, expected) {
                    (Ok(permit), Some(call)) => {
                        assert_eq!(permit.is_probe(), call.is_probe);
                        granted += 1;
                        out.push((permit, call));
                    }
                    (Err(refused), _) => {
                        let left = model.until.map(|until| Duration::from_millis(until - model.now));
                        assert_eq!(refused.retry_after, left);
                    }
                    _ => unreachable!(),
                }
            }
            Step::Record(..) | Step::Drop(_) | Step::MarkSlow(_) if out.is_empty() => {}
            Step::Record(which, outcome) => {
                let (permit, call) = out.swap_remove(pick(which, out.len()));
                permit.record(now, outcome);
                settled += 1;
                model.record(call, outcome);
            }
            Step::Drop(which) => {
                let (permit, call) = out.swap_remove(pick(which, out.len()));
                drop(permit);
                settled += 1;
                model.record(call, Outcome::Neutral);
            }
            Step::MarkSlow(which) => {
                let at = pick(which, out.len());
                out[at].0.mark_slow(now);
                model.mark(&mut out[at].1);
            }
            Step::ForceOpen(milliseconds) => {
                circuit.force_open(now, milliseconds.map(Duration::from_millis));
                model.to(State::ForcedOpen);
                model.until = milliseconds.map(|milliseconds| model.now + milliseconds);
            }
            Step::ForceClosed => {
                circuit.force_closed(now);
                model.to(State::ForcedClosed);
            }
            Step::MetricsOnly => {
                circuit.metrics_only(now);
                model.to(State::MetricsOnly);
            }
            Step::Reset => {
                circuit.reset(now);
                model.opens = 0;
                model.to(State::Closed);
            }
        }
        let (info, _) = circuit.info(breaker.now());
        model.expire();
        assert_eq!((info.state, info.generation), (model.state, model.generation), "{step:?}");
        let (calls, failures, slow) = model.tally();
        assert_eq!(info.tally, tally(calls as u64, failures as u64, slow as u64), "{step:?}");
        assert_eq!((info.probes_out as usize, info.opens_in_a_row), (model.probes.len(), model.opens));
        let totals = info.totals;
        assert_eq!(totals.successes + totals.failures + totals.neutral + totals.stale, settled);
        let numbers: Vec<u32> = (1..=info.generation).collect();
        assert_eq!(*events.lock().unwrap(), numbers, "every transition is told, once and in order");
    }
    assert_eq!(granted, settled + out.len() as u64);
}

/// The same steps each time: a failure is everybody's.
fn runner() -> TestRunner {
    let config = Config { cases: 150, failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

#[test]
fn a_circuit_with_a_time_window_does_as_its_model() {
    runner()
        .run(&steps(), |steps| {
            run(Span::Time(Duration::from_millis(WINDOW)), &steps);
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_circuit_with_a_ring_does_as_its_model() {
    runner()
        .run(&steps(), |steps| {
            run(Span::Count(RING as u32), &steps);
            Ok(())
        })
        .unwrap();
}
