//! The circuit breaker's word, leases and windows: never more probes than permits, each permit back exactly once, one
//! transition however many threads want it.

#[path = "../../../src/resilience/breaker/gate.rs"]
mod gate;
#[path = "../../../src/resilience/breaker/window.rs"]
mod window;
#[path = "../../../src/resilience/breaker/word.rs"]
mod word;

mod sync {
    pub use loom::sync::atomic::{AtomicU64, Ordering};
}

use gate::{Change, Entry, Gate, Pass, Probe, ProbeEnd, Reason, Rules, Settled, Tally, Trip};
use loom::sync::Arc;
use loom::thread;
use window::{Place, Ring, TimeWindow, Window};
use word::State;

const LEASE: u64 = 60;
const RULES: Rules = Rules { probes: 2, failure_percent: 50, slow_percent: None, open_ns: 5, open_most_ns: 60 };
const NO_CHANCE: fn(u64) -> u64 = |_| 0;

fn enter(gate: &Gate, now: u64) -> (Entry, Option<Change>) {
    gate.enter(now, LEASE, &RULES, &NO_CHANCE)
}

fn probe(entry: Entry) -> Option<(u32, Probe)> {
    match entry {
        Entry::Pass(Pass { generation, probe }) => probe.map(|probe| (generation, probe)),
        _ => None,
    }
}

fn settle(gate: &Gate, (generation, probe): (u32, Probe), end: ProbeEnd, now: u64) -> (Settled, Option<Change>) {
    gate.settle(generation, probe, end, now, &RULES, &NO_CHANCE)
}

const GOOD: ProbeEnd = ProbeEnd::Result { failure: false, slow: false };
const BAD: ProbeEnd = ProbeEnd::Result { failure: true, slow: false };

/// A gate that was opened at 0 and may be half-open from 5 on.
fn opened() -> Gate {
    let gate = Gate::new();
    let change = gate.trip(0, Trip::Failures, Tally::default(), 0, &RULES, &NO_CHANCE).unwrap();
    assert_eq!((change.to, change.open_ns), (State::Open, 5));
    gate
}

/// The same in which both probes are out.
fn probed() -> (Gate, [(u32, Probe); 2]) {
    let gate = opened();
    let probes = [enter(&gate, 5), enter(&gate, 5)].map(|(entry, _)| probe(entry).unwrap());
    (gate, probes)
}

fn model(preemptions: usize, run: impl Fn() + Sync + Send + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(preemptions);
    model.check(run);
}

fn both<T: 'static>(first: impl FnOnce() -> T + 'static, second: impl FnOnce() -> T + 'static) -> [T; 2] {
    let other = thread::spawn(first);
    let second = second();
    [other.join().unwrap(), second]
}

#[test]
fn three_that_want_in_are_two_probes_and_one_transition() {
    model(3, || {
        let gate = Arc::new(opened());
        let ask = || {
            let gate = gate.clone();
            thread::spawn(move || enter(&gate, 5))
        };
        let (first, second) = (ask(), ask());
        let results = [enter(&gate, 5), first.join().unwrap(), second.join().unwrap()];
        let probes: Vec<_> = results.iter().filter_map(|(entry, _)| probe(*entry)).collect();
        assert_eq!(probes.len(), 2);
        assert_ne!(probes[0].1.slot, probes[1].1.slot);
        assert_eq!(results.iter().filter(|(_, change)| change.is_some()).count(), 1);
        // Both are whole: each can be told of, once.
        for probe in probes {
            assert_eq!(settle(&gate, probe, GOOD, 6).0, Settled::Counted);
            assert_ne!(settle(&gate, probe, GOOD, 6).0, Settled::Counted);
        }
        assert_eq!(gate.word().state(), State::Closed);
    });
}

#[test]
fn a_probe_that_is_told_of_twice_at_once_counts_once() {
    model(3, || {
        let (gate, [first, second]) = probed();
        let gate = Arc::new(gate);
        let other = gate.clone();
        let results = both(move || settle(&other, first, ProbeEnd::Returned, 6).0, {
            let gate = gate.clone();
            move || settle(&gate, first, GOOD, 6).0
        });
        assert_eq!(results.iter().filter(|result| **result == Settled::Counted).count(), 1);
        assert_eq!(gate.word().probes_out(), 1);
        assert!(gate.word().is_out(second.1.slot));
    });
}

#[test]
fn a_permit_that_is_given_back_goes_to_one_other_and_a_copy_of_it_to_none() {
    model(3, || {
        let (gate, [first, _]) = probed();
        let gate = Arc::new(gate);
        let other = gate.clone();
        let copy = thread::spawn(move || settle(&other, first, ProbeEnd::Returned, 6).0);
        let back = settle(&gate, first, ProbeEnd::Returned, 6).0;
        let next = [enter(&gate, 6), enter(&gate, 6)];
        let copied = copy.join().unwrap();
        let given: Vec<_> = next.iter().filter_map(|(entry, _)| probe(*entry)).collect();
        assert!((back == Settled::Counted) != (copied == Settled::Counted));
        assert!(given.len() <= 1, "one came back, so one goes out");
        assert_eq!(gate.word().probes_out(), 1 + given.len() as u32);
        for next in given {
            assert_eq!(settle(&gate, next, GOOD, 7).0, Settled::Counted);
        }
    });
}

#[test]
fn two_results_that_decide_are_one_transition() {
    for ends in [[GOOD, GOOD], [BAD, BAD], [GOOD, BAD]] {
        model(3, move || {
            let (gate, [first, second]) = probed();
            let gate = Arc::new(gate);
            let other = gate.clone();
            let results = both(move || settle(&other, first, ends[0], 6), {
                let gate = gate.clone();
                move || settle(&gate, second, ends[1], 6)
            });
            assert_eq!(results.iter().filter(|(_, change)| change.is_some()).count(), 1);
            let open = ends.contains(&BAD);
            assert_eq!(gate.word().state(), if open { State::Open } else { State::Closed });
            if open {
                assert_eq!(gate.open_until(), (gate.word(), Some(16)));
            }
            assert_eq!(gate.word().generation(), 3);
        });
    }
}

#[test]
fn a_lease_ends_once_or_the_result_comes_first() {
    model(3, || {
        let (gate, [first, second]) = probed();
        assert_eq!(settle(&gate, second, GOOD, 6), (Settled::Counted, None));
        let gate = Arc::new(gate);
        let other = gate.clone();
        let ends = 5 + LEASE;
        // One thread's clock is at the last moment, the other's at the next one.
        let (told, noticed) = {
            let told = thread::spawn(move || settle(&other, first, GOOD, ends - 1));
            let noticed = gate.expire_leases(ends, &RULES, &NO_CHANCE);
            (told.join().unwrap(), noticed)
        };
        let changes = [told.1, noticed].into_iter().flatten().count();
        assert_eq!(changes, 1);
        match told.0 {
            Settled::Counted => assert_eq!(gate.word().state(), State::Closed),
            _ => assert_eq!((gate.word().state(), noticed.unwrap().reason), (State::Open, Reason::LeaseEnded)),
        }
    });
}

#[test]
fn two_that_trip_it_are_one_transition() {
    model(3, || {
        let gate = Arc::new(Gate::new());
        let other = gate.clone();
        let trip = |gate: &Gate, now| gate.trip(0, Trip::Failures, Tally::default(), now, &RULES, &NO_CHANCE);
        let results = both(move || trip(&other, 1), {
            let gate = gate.clone();
            move || trip(&gate, 2)
        });
        assert_eq!(results.iter().flatten().count(), 1);
        assert_eq!((gate.word().generation(), gate.word().is_unset()), (1, false));
        let until = if results[0].is_some() { 6 } else { 7 };
        assert_eq!(gate.open_until().1, Some(until), "until when it is open is the winner's");
    });
}

#[test]
fn until_when_it_is_open_belongs_to_the_one_that_opened_it_last() {
    model(3, || {
        let gate = Arc::new(Gate::new());
        let other = gate.clone();
        let tripped = thread::spawn(move || other.trip(0, Trip::Failures, Tally::default(), 0, &RULES, &NO_CHANCE));
        let forced = gate.force(State::ForcedOpen, 1000, 0).unwrap();
        // It was opened by hand last, or the trip came too late.
        let (word, until) = gate.open_until();
        assert_eq!((word.state(), until), (State::ForcedOpen, Some(1000)));
        let tripped = tripped.join().unwrap();
        assert_eq!(forced.generation, 1 + u32::from(tripped.is_some()));
        let (word, until) = gate.open_until();
        assert_eq!((word.state(), word.is_unset(), until), (State::ForcedOpen, false, Some(1000)));
        assert_eq!(enter(&gate, 999), (Entry::Wait(Some(1)), None));
    });
}

#[test]
fn forced_states_beat_probes() {
    model(3, || {
        let (gate, [first, second]) = probed();
        assert_eq!(settle(&gate, second, GOOD, 6), (Settled::Counted, None));
        let gate = Arc::new(gate);
        let other = gate.clone();
        let told = thread::spawn(move || settle(&other, first, GOOD, 6));
        gate.force(State::ForcedOpen, gate::NEVER, 6).unwrap();
        let told = told.join().unwrap();
        assert_eq!(told.0 == Settled::Counted, told.1.is_some());
        assert_eq!((gate.word().state(), gate.open_until().1), (State::ForcedOpen, Some(gate::NEVER)));
        assert_eq!(enter(&gate, u64::MAX - 1), (Entry::Wait(None), None));
    });
}

/// A probe that is lost, one that comes back, and a third that takes its place while leases end.
#[test]
fn leases_end_while_permits_go_round() {
    model(2, || {
        let (gate, [lost, second]) = probed();
        // The second one's lease is longer.
        assert_eq!(settle(&gate, second, ProbeEnd::Returned, 6).0, Settled::Counted);
        let (entry, _) = gate.enter(6, 2 * LEASE, &RULES, &NO_CHANCE);
        let second = probe(entry).unwrap();
        let gate = Arc::new(gate);
        let ends = 5 + LEASE;
        let (other, copy) = (gate.clone(), gate.clone());
        let expired = thread::spawn(move || other.expire_leases(ends, &RULES, &NO_CHANCE));
        let copied = thread::spawn(move || settle(&copy, lost, ProbeEnd::Returned, ends - 1));
        let back = settle(&gate, second, ProbeEnd::Returned, ends - 1);
        let (next, entered) = enter(&gate, ends - 1);
        let (expired, copied) = (expired.join().unwrap(), copied.join().unwrap());
        let opened = [expired, entered, copied.1, back.1].into_iter().flatten().filter(|one| one.to == State::Open);
        assert!(opened.count() <= 1);
        if gate.word().state() == State::HalfOpen {
            let out = probe(next).is_some();
            assert_eq!(gate.word().probes_out(), u32::from(out), "what is out is exactly what was given");
            if let Some(next) = probe(next) {
                assert_ne!(settle(&gate, next, GOOD, ends - 1).0, Settled::Twice);
            }
        }
    });
}

/// With real windows: of two threads whose results make the share, the last one to judge sees both.
fn tripping(window: fn() -> Window) {
    model(3, move || {
        let shared = Arc::new((Gate::new(), window()));
        let record = |shared: &(Gate, Window)| {
            let (gate, window) = shared;
            let current = || gate.word().generation() == 0;
            window.add(0, 0, true, false, &current)?;
            let tally = window.tally(0, 0);
            assert!(tally.failures <= tally.calls && tally.calls <= 2);
            if tally.calls < 2 {
                return None;
            }
            let trip = RULES.verdict(tally.calls, tally.failures, tally.slow)?;
            gate.trip(0, trip, tally, 0, &RULES, &NO_CHANCE)
        };
        let other = shared.clone();
        let results = both(move || record(&other), {
            let shared = shared.clone();
            move || record(&shared)
        });
        assert_eq!(results.iter().flatten().count(), 1, "neither none nor two");
        assert_eq!(shared.0.word().state(), State::Open);
    });
}

#[test]
fn a_time_window_trips_with_the_last_result() {
    tripping(|| Window::Time(TimeWindow::new(10)));
}

#[test]
fn a_ring_trips_with_the_last_result() {
    tripping(|| Window::Count(Ring::new(2)));
}

/// A result of the generation before, however slowly it is written, is not in the window of the new one.
fn stale(window: fn() -> Window) {
    model(3, move || {
        let shared = Arc::new((Gate::new(), window()));
        let other = shared.clone();
        let late = thread::spawn(move || {
            let (gate, window) = &*other;
            window.add(0, 0, true, true, &|| gate.word().generation() == 0)
        });
        let (gate, window) = &*shared;
        gate.force(State::Closed, 0, 0).unwrap();
        assert_eq!(gate.word().generation(), 1);
        let place = window.add(1, 0, false, false, &|| gate.word().generation() == 1);
        assert!(place.is_some());
        late.join().unwrap();
        assert_eq!(window.tally(1, 0), Tally { calls: 1, failures: 0, slow: 0 });
    });
}

#[test]
fn a_late_result_is_not_in_a_new_time_window() {
    stale(|| Window::Time(TimeWindow::new(10)));
}

#[test]
fn a_late_result_is_not_in_a_new_ring() {
    stale(|| Window::Count(Ring::new(2)));
}

#[test]
fn a_ring_that_is_overrun_has_its_length() {
    model(2, || {
        let ring = Arc::new(Window::Count(Ring::new(1)));
        let other = ring.clone();
        let add = |ring: &Window| {
            let place = ring.add(0, 0, true, false, &|| true);
            ring.add(0, 0, false, false, &|| true);
            place
        };
        let [first, second] = both(move || add(&other), {
            let ring = ring.clone();
            move || add(&ring)
        });
        assert!(first.is_none_or(|Place(at)| at < 4) && (first.is_none() || first != second));
        let tally = ring.tally(0, 0);
        assert!(tally.calls <= 1 && tally.failures <= tally.calls);
    });
}
