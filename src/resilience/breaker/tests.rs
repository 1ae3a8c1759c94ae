//! What the breaker promises, in virtual time.

use super::gate::Tally;
use super::*;
use crate::error::Sent;
use crate::resilience::retry::options::RetryOptions;
use crate::resilience::retry::verdict;
use crate::runtime::clock::Instant;
use crate::runtime::simulation::{Simulation, WHOLE};
use crate::status::{HS_ERR_CANCELLED, HS_ERR_TIMEOUT};
use std::sync::{Arc, Barrier, Mutex};

mod keys;
mod model;
mod window;

const SECOND: Duration = Duration::from_secs(1);
const NANOSECOND: Duration = Duration::from_nanos(1);

/// What happened: the key, from, to and why; `None` where the table was full.
type Told = Arc<Mutex<Vec<(String, Option<(State, State, Reason)>)>>>;

struct Lab {
    time: Arc<Simulation>,
    breaker: Breaker,
    told: Told,
}

impl Lab {
    fn new(options: Options) -> Lab {
        let (time, told) = (Arc::new(Simulation::new(0)), Told::default());
        let listener: Listener = {
            let told = told.clone();
            Box::new(move |event| {
                let what = match event {
                    Event::Transition(one) => (one.key.to_string(), Some((one.from, one.to, one.reason))),
                    Event::TableFull(key) => (key.to_string(), None),
                };
                told.lock().unwrap().push(what);
            })
        };
        Lab { breaker: Breaker::new(options, time.clone(), time.clone(), Some(listener)), time, told }
    }

    fn now(&self) -> Instant {
        self.breaker.now()
    }

    fn pass(&self, by: Duration) {
        self.time.advance(by);
    }

    fn circuit(&self, key: &str) -> Circuit {
        self.breaker.circuit(key, self.now()).unwrap()
    }

    fn acquire(&self) -> Permit {
        self.breaker.acquire("a", self.now()).0.unwrap()
    }

    fn refused(&self) -> Option<Duration> {
        self.breaker.acquire("a", self.now()).0.err().expect("it is refused").retry_after
    }

    fn run(&self, times: usize, outcome: Outcome) -> Option<Transition> {
        let mut last = None;
        for _ in 0..times {
            last = self.acquire().record(self.now(), outcome);
        }
        last
    }

    fn info(&self) -> Info {
        self.circuit("a").info(self.now()).0
    }

    fn state(&self) -> State {
        self.info().state
    }

    fn told(&self) -> Vec<(State, State, Reason)> {
        self.told.lock().unwrap().iter().filter_map(|(_, what)| *what).collect()
    }

    /// Opens it by failures; the next draws of chance are the least.
    fn open(&self) {
        self.time.script(&[0]);
        self.run(20, Outcome::Failure);
        assert_eq!(self.state(), State::Open);
    }

    /// Opens it and waits until it may be half-open.
    fn opened(&self) {
        self.open();
        self.pass(5 * SECOND);
    }
}

fn lab() -> Lab {
    Lab::new(Options::default())
}

fn tally(calls: u64, failures: u64, slow: u64) -> Tally {
    Tally { calls, failures, slow }
}

#[test]
fn the_twentieth_failure_opens_it() {
    let lab = lab();
    assert_eq!((lab.run(19, Outcome::Failure), lab.state()), (None, State::Closed));
    lab.time.script(&[WHOLE / 2]);
    let transition = lab.run(1, Outcome::Failure).unwrap();
    assert_eq!(transition.reason, Reason::Tripped(Trip::Failures));
    assert_eq!((transition.from, transition.to, transition.generation), (State::Closed, State::Open, 1));
    assert_eq!((transition.tally, transition.failure_percent, transition.slow_percent), (tally(20, 20, 0), 100, 0));
    assert_eq!((transition.open, &*transition.key), (Duration::from_millis(5500), "a"));
    assert_eq!(lab.told().len(), 1);
}

#[test]
fn it_is_judged_with_each_result_and_by_whole_numbers() {
    for (failures, successes, opens) in [(10, 9, true), (9, 10, false)] {
        let lab = lab();
        lab.run(failures, Outcome::Failure);
        assert_eq!(lab.run(successes, Outcome::Success), None);
        let transition = lab.run(1, Outcome::Success);
        assert_eq!(transition.is_some(), opens, "{failures} of 20");
        assert_eq!(lab.state() == State::Open, opens);
    }
    // A third is less than 34 percent and more than 33.
    for (percent, opens) in [(33, true), (34, false)] {
        let lab = Lab::new(Options { failure_percent: percent, min_calls: 3, ..Options::default() });
        lab.run(2, Outcome::Success);
        assert_eq!(lab.run(1, Outcome::Failure).is_some(), opens);
    }
}

#[test]
fn what_is_older_than_the_window_does_not_count() {
    let lab = lab();
    lab.run(19, Outcome::Failure);
    lab.pass(29 * SECOND + 999 * SECOND / 1000);
    assert_eq!(lab.info().tally, tally(19, 19, 0));
    lab.pass(SECOND / 1000);
    assert_eq!(lab.info().tally, tally(0, 0, 0));
    assert_eq!(lab.run(19, Outcome::Failure), None);
    let lab = Lab::new(Options { span: Span::Count(10), ..Options::default() });
    lab.run(9, Outcome::Success);
    assert_eq!(lab.run(4, Outcome::Failure), None);
    lab.pass(24 * 3600 * SECOND);
    assert_eq!(lab.info().tally, tally(10, 4, 0));
    assert!(lab.run(1, Outcome::Failure).is_some(), "no more than the ring has are waited for");
}

#[test]
fn the_wall_clock_has_no_part_in_it() {
    let lab = lab();
    lab.run(10, Outcome::Failure);
    for hour in [3_600, -3_600] {
        lab.time.set_wall(hour * 1_000_000_000);
        assert_eq!(lab.info().tally, tally(10, 10, 0));
    }
    lab.time.script(&[0]);
    lab.run(10, Outcome::Failure);
    for hour in [3_600, -3_600] {
        lab.time.set_wall(hour * 1_000_000_000);
        assert_eq!((lab.state(), lab.refused()), (State::Open, Some(5 * SECOND)));
    }
}

#[test]
fn open_ends_at_its_nanosecond() {
    let lab = lab();
    lab.pass(NANOSECOND);
    lab.open();
    lab.pass(5 * SECOND - NANOSECOND);
    assert_eq!(lab.refused(), Some(NANOSECOND));
    assert!(lab.circuit("a").peek(lab.now()).is_err());
    lab.pass(NANOSECOND);
    assert_eq!((lab.circuit("a").peek(lab.now()), lab.state()), (Ok(()), State::Open));
    let (permit, transition) = lab.breaker.acquire("a", lab.now());
    assert!(permit.unwrap().is_probe());
    let transition = transition.unwrap();
    assert_eq!((transition.from, transition.to, transition.generation), (State::Open, State::HalfOpen, 2));
    assert_eq!(transition.reason, Reason::TimePassed);
}

#[test]
fn of_64_threads_three_get_through() {
    for round in 0..20 {
        let lab = lab();
        lab.opened();
        let (barrier, circuit) = (Barrier::new(64), lab.circuit("a"));
        let results: Vec<_> = std::thread::scope(|scope| {
            let ask = || {
                barrier.wait();
                circuit.acquire(lab.now())
            };
            let threads: Vec<_> = (0..64).map(|_| scope.spawn(ask)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(results.iter().filter(|(permit, _)| permit.is_ok()).count(), 3, "round {round}");
        assert_eq!(results.iter().filter(|(_, transition)| transition.is_some()).count(), 1);
        assert_eq!(lab.told().len(), 2);
        assert_eq!(lab.info().totals.rejected, 61);
    }
}

#[test]
fn an_older_result_changes_nothing() {
    for outcome in [Outcome::Success, Outcome::Failure, Outcome::Neutral] {
        let lab = lab();
        let old: Vec<Permit> = (0..5).map(|_| lab.acquire()).collect();
        lab.opened();
        let probe = lab.acquire();
        for permit in old {
            assert_eq!(permit.record(lab.now(), outcome), None);
        }
        let info = lab.info();
        assert_eq!((info.state, info.probes_out, info.totals.stale), (State::HalfOpen, 1, 5));
        assert_eq!((info.tally, info.totals.successes), (tally(0, 0, 0), 0));
        let others = [lab.acquire(), lab.acquire()];
        assert_eq!(lab.refused(), None, "three permits, not four");
        for probe in [probe].into_iter().chain(others) {
            probe.record(lab.now(), Outcome::Success);
        }
        assert_eq!((lab.state(), lab.info().tally), (State::Closed, tally(0, 0, 0)));
    }
}

#[test]
fn a_cancelled_probe_gives_its_permit_back() {
    let lab = lab();
    lab.opened();
    for _ in 0..100 {
        let probe = lab.acquire();
        assert_eq!(probe.record(lab.now(), Outcome::Neutral), None);
        drop(lab.acquire());
    }
    assert_eq!((lab.state(), lab.info().probes_out), (State::HalfOpen, 0));
    let _probes = [lab.acquire(), lab.acquire(), lab.acquire()];
    assert_eq!(lab.refused(), None);
}

#[test]
fn permits_of_half_open_are_three_in_all() {
    let lab = lab();
    lab.opened();
    for _ in 0..2 {
        assert_eq!(lab.run(1, Outcome::Success), None);
    }
    let last = lab.acquire();
    assert_eq!(lab.refused(), None);
    let transition = last.record(lab.now(), Outcome::Failure).unwrap();
    assert_eq!((transition.to, transition.reason), (State::Closed, Reason::Recovered));
    assert_eq!((transition.tally, transition.failure_percent), (tally(3, 1, 0), 33));
}

#[test]
fn half_open_opens_as_soon_as_the_share_is_reached() {
    let lab = lab();
    lab.opened();
    let (first, second, third) = (lab.acquire(), lab.acquire(), lab.acquire());
    assert_eq!(first.record(lab.now(), Outcome::Failure), None);
    lab.time.script(&[0]);
    let transition = second.record(lab.now(), Outcome::Failure).unwrap();
    assert_eq!((transition.to, transition.reason), (State::Open, Reason::Tripped(Trip::Failures)));
    assert_eq!(third.record(lab.now(), Outcome::Success), None);
    assert_eq!(lab.info().totals.stale, 1);
}

#[test]
fn each_time_in_a_row_it_is_open_for_longer() {
    let lab = lab();
    let mut expected = vec![5, 10, 20, 40, 60, 60];
    lab.time.script(&[0; 6]);
    lab.run(20, Outcome::Failure);
    for seconds in expected.drain(..) {
        assert_eq!(lab.refused(), Some(seconds * SECOND));
        lab.pass(seconds * SECOND);
        let _third = lab.acquire();
        lab.run(2, Outcome::Failure);
    }
    let lab = self::lab();
    lab.opened();
    lab.run(3, Outcome::Success);
    lab.time.script(&[WHOLE]);
    lab.run(20, Outcome::Failure);
    assert_eq!(lab.refused(), Some(6 * SECOND), "closed, it begins anew; and chance adds a fifth at most");
}

#[test]
fn a_probe_that_does_not_come_back_has_failed_when_its_lease_ends() {
    let lab = lab();
    lab.opened();
    let lost = lab.acquire();
    lab.pass(60 * SECOND - NANOSECOND);
    assert_eq!(lab.state(), State::HalfOpen);
    lab.pass(NANOSECOND);
    assert_eq!(lab.circuit("a").peek(lab.now()), Ok(()), "who asks must come so far as to end it");
    lab.time.script(&[0]);
    let (refused, transition) = lab.breaker.acquire("a", lab.now());
    assert_eq!(refused.err(), Some(Refused { retry_after: Some(10 * SECOND) }));
    assert_eq!(transition.map(|one| (one.to, one.reason)), Some((State::Open, Reason::LeaseEnded)));
    assert_eq!((lost.record(lab.now(), Outcome::Success), lab.state()), (None, State::Open));

    // Nobody asked: its own late result ends it.
    lab.pass(10 * SECOND);
    let (late, other) = (lab.acquire(), lab.acquire());
    assert_eq!(other.record(lab.now(), Outcome::Success), None);
    lab.pass(60 * SECOND);
    let transition = late.record(lab.now(), Outcome::Success).unwrap();
    assert_eq!((transition.to, transition.reason, transition.tally), (State::Open, Reason::LeaseEnded, tally(2, 1, 0)));
    assert_eq!(lab.info().totals.stale, 2);
}

#[test]
fn the_other_probes_can_outvote_one_that_does_not_come_back() {
    let lab = lab();
    lab.opened();
    let _lost = lab.acquire();
    lab.run(2, Outcome::Success);
    lab.pass(60 * SECOND);
    assert_eq!(lab.state(), State::Closed);
    // While another one is out that could decide, it is waited for.
    lab.opened();
    let _lost = lab.acquire();
    lab.pass(30 * SECOND);
    let other = lab.acquire();
    lab.pass(30 * SECOND);
    let info = lab.info();
    assert_eq!((info.state, info.probes_out, info.tally), (State::HalfOpen, 1, tally(1, 1, 0)));
    assert!(other.record(lab.now(), Outcome::Failure).is_some());
    assert_eq!(lab.state(), State::Open);
}

#[test]
fn a_longer_attempt_has_a_longer_lease() {
    let lab = lab();
    lab.opened();
    let (probe, _) = lab.circuit("a").acquire_for(lab.now(), 90 * SECOND);
    lab.pass(90 * SECOND - NANOSECOND);
    assert_eq!(lab.state(), State::HalfOpen);
    lab.pass(NANOSECOND);
    assert_eq!(lab.state(), State::Open);
    drop(probe);
}

#[test]
fn what_statuses_say() {
    let lab = lab();
    let options = RetryOptions::default();
    let of = |status| verdict::of_response(status, false, &options).effect;
    lab.run(100, of(429));
    assert_eq!((lab.state(), lab.info().tally), (State::Closed, tally(0, 0, 0)));
    lab.run(100, of(404));
    assert_eq!((lab.state(), lab.info().tally), (State::Closed, tally(100, 0, 0)));
    lab.run(100, of(503));
    assert_eq!((lab.state(), lab.info().totals.failures), (State::Open, 100));
}

#[test]
fn cancels_and_tight_deadlines_blame_nobody() {
    let options = RetryOptions::default();
    let of = |status, milliseconds| {
        let ran = Duration::from_millis(milliseconds);
        verdict::of_error(status, Sent::Maybe, ran, &options).effect
    };
    let lab = lab();
    lab.run(100, of(HS_ERR_CANCELLED, 50));
    lab.run(100, of(HS_ERR_TIMEOUT, 999));
    assert_eq!((lab.state(), lab.info().tally), (State::Closed, tally(0, 0, 0)));
    assert_eq!(lab.info().totals.neutral, 200);
    lab.run(20, of(HS_ERR_TIMEOUT, 1500));
    assert_eq!(lab.state(), State::Open);
}

#[test]
fn slow_is_longer_than_the_limit() {
    let slow = Some((SECOND, 50));
    let lab = Lab::new(Options { slow, ..Options::default() });
    for (extra, expected) in [(0, 0), (1, 1), (1000, 2)] {
        let permit = lab.acquire();
        assert_eq!(permit.slow_at(), Some(lab.now().saturating_add(SECOND + NANOSECOND)));
        lab.pass(SECOND + extra * NANOSECOND);
        permit.record(lab.now(), Outcome::Success);
        assert_eq!(lab.info().tally.slow, expected);
    }
    assert_eq!(self::lab().acquire().slow_at(), None);
}

#[test]
fn hanging_calls_open_it_while_they_hang() {
    let lab = Lab::new(Options { slow: Some((2 * SECOND, 50)), ..Options::default() });
    let mut hanging: Vec<Permit> = (0..20).map(|_| lab.acquire()).collect();
    lab.pass(2 * SECOND);
    assert!(hanging.iter_mut().all(|permit| permit.mark_slow(lab.now()).is_none()));
    assert_eq!(lab.info().tally, tally(0, 0, 0));
    lab.pass(NANOSECOND);
    let told: Vec<_> = hanging.iter_mut().filter_map(|permit| permit.mark_slow(lab.now())).collect();
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].reason, told[0].tally), (Reason::Tripped(Trip::Slow), tally(20, 0, 20)));
    assert!(hanging.iter().all(|permit| permit.slow_at().is_none()));
    for permit in hanging {
        assert_eq!(permit.record(lab.now(), Outcome::Failure), None);
    }
    assert_eq!((lab.state(), lab.info().totals.stale, lab.info().totals.slow), (State::Open, 20, 20));
}

#[test]
fn a_slow_call_is_counted_once_and_can_still_fail() {
    for span in [Span::Time(30 * SECOND), Span::Count(50)] {
        let lab = Lab::new(Options { slow: Some((SECOND, 100)), span, ..Options::default() });
        let mut calls: Vec<Permit> = (0..3).map(|_| lab.acquire()).collect();
        lab.pass(2 * SECOND);
        for call in &mut calls {
            call.mark_slow(lab.now());
            call.mark_slow(lab.now());
        }
        assert_eq!(lab.info().tally, tally(3, 0, 3));
        for (call, outcome) in calls.into_iter().zip([Outcome::Success, Outcome::Failure, Outcome::Neutral]) {
            call.record(lab.now(), outcome);
        }
        assert_eq!(lab.info().tally, tally(3, 1, 3));
        assert_eq!(lab.info().totals.slow, 3);
    }
}

#[test]
fn slow_probes_open_it_again() {
    let lab = Lab::new(Options { slow: Some((SECOND, 50)), ..Options::default() });
    lab.opened();
    let (mut first, second) = (lab.acquire(), lab.acquire());
    lab.pass(2 * SECOND);
    assert_eq!(first.mark_slow(lab.now()), None);
    assert_eq!((lab.info().tally, lab.info().probes_out), (tally(0, 0, 1), 2), "it is still out");
    let transition = second.record(lab.now(), Outcome::Success).unwrap();
    assert_eq!((transition.to, transition.reason), (State::Open, Reason::Tripped(Trip::Slow)));
    drop(first);
    // One that was slow and is then cancelled has had its result.
    lab.pass(12 * SECOND);
    let mut slow = lab.acquire();
    lab.pass(2 * SECOND);
    slow.mark_slow(lab.now());
    drop(slow);
    assert_eq!((lab.info().tally, lab.info().probes_out), (tally(1, 0, 1), 0));
}

#[test]
fn forced_open_stays_open() {
    let lab = lab();
    lab.opened();
    let probe = lab.acquire();
    let transition = lab.circuit("a").force_open(lab.now(), None).unwrap();
    assert_eq!((transition.to, transition.reason, transition.open), (State::ForcedOpen, Reason::ByHand, Duration::MAX));
    assert_eq!(probe.record(lab.now(), Outcome::Success), None);
    lab.pass(600 * SECOND);
    assert_eq!((lab.refused(), lab.state(), lab.info().left), (None, State::ForcedOpen, None));

    lab.circuit("a").force_open(lab.now(), Some(7 * SECOND));
    assert_eq!(lab.refused(), Some(7 * SECOND));
    lab.pass(7 * SECOND);
    let probes = [lab.acquire(), lab.acquire(), lab.acquire()];
    assert_eq!((lab.state(), lab.refused()), (State::HalfOpen, None));
    for probe in probes {
        probe.record(lab.now(), Outcome::Success);
    }
    assert_eq!(lab.state(), State::Closed);
}

#[test]
fn forced_closed_counts_and_does_not_trip() {
    let lab = lab();
    lab.open();
    lab.circuit("a").force_closed(lab.now());
    lab.run(100, Outcome::Failure);
    assert_eq!((lab.state(), lab.info().tally), (State::ForcedClosed, tally(100, 100, 0)));
    let transition = lab.circuit("a").reset(lab.now()).unwrap();
    assert_eq!((transition.from, transition.to), (State::ForcedClosed, State::Closed));
    assert_eq!((lab.info().tally, lab.info().opens_in_a_row), (tally(0, 0, 0), 0));
}

#[test]
fn metrics_only_tells_what_would_have_been() {
    let lab = lab();
    lab.circuit("a").metrics_only(lab.now());
    lab.run(60, Outcome::Failure);
    let would = (State::MetricsOnly, State::MetricsOnly, Reason::Tripped(Trip::Failures));
    assert_eq!(lab.told()[1..], [would; 3]);
    assert_eq!((lab.state(), lab.info().totals.opened), (State::MetricsOnly, 0));
}

#[test]
fn a_listener_may_use_the_breaker() {
    let own: Arc<Mutex<Option<Breaker>>> = Arc::default();
    let (time, inside) = (Arc::new(Simulation::new(0)), own.clone());
    let listener: Listener = Box::new(move |event| {
        let breaker = inside.lock().unwrap().take();
        if let (Some(breaker), Event::Transition(transition)) = (breaker, event) {
            let circuit = breaker.circuit(&transition.key, breaker.now()).unwrap();
            assert_eq!(circuit.info(breaker.now()).0.state, State::Open);
            circuit.reset(breaker.now());
        }
    });
    let breaker =
        Breaker::new(Options { span: Span::Count(1), ..Options::default() }, time.clone(), time, Some(listener));
    *own.lock().unwrap() = Some(breaker.clone());
    let (permit, _) = breaker.acquire("a", breaker.now());
    assert_eq!(permit.unwrap().record(breaker.now(), Outcome::Failure).map(|one| one.to), Some(State::Open));
    assert_eq!(breaker.find("a").unwrap().info(breaker.now()).0.state, State::Closed);
}
