use super::*;
use crate::resilience::breaker::Options;
use crate::resilience::bulkhead::BulkheadOptions;
use crate::resilience::retry::budget::BudgetOptions;
use crate::runtime::clock::Clock;
use crate::runtime::simulation::WHOLE;
use std::cell::RefCell;

fn retry() -> (Arc<Simulation>, Retry) {
    let simulation = Arc::new(Simulation::new(0));
    simulation.script(&[WHOLE; 100]);
    let retry = Retry {
        options: RetryOptions::default(),
        timeout: Some(Duration::from_secs(30)),
        replay_safe: true,
        sends_a_key: false,
        key: "a".into(),
        budget: Budget::new(BudgetOptions::default(), simulation.clone()),
        breaker: None,
        buckets: Vec::new(),
        bulkhead: None,
        chance: simulation.clone(),
        simulation: Some(simulation.clone()),
        found: Found::default(),
    };
    (simulation, retry)
}

fn ended(ending: Ending) -> Ended {
    let outcome = Outcome { ending, sent: Sent::Maybe, sent_a_key: false, ran: Duration::ZERO, retry_after: None };
    let result = if let Ending::Failure(status) = ending { status } else { 0 };
    Ended { result, outcome, verdict: None, committed: false }
}

const FAILED: Ending = Ending::Failure(HS_ERR_RECEIVE);

fn milliseconds(attempt: &Attempt) -> u128 {
    attempt.started.as_millis()
}

#[test]
fn it_is_tried_until_it_is_done() {
    let (simulation, retry) = retry();
    let seen = RefCell::new(Vec::new());
    let report = retry.run(None, |attempt| {
        seen.borrow_mut().push((attempt.number, milliseconds(attempt), attempt.waited.as_millis(), attempt.why));
        simulation.advance(Duration::from_millis(5));
        ended(if attempt.number < 3 { FAILED } else { Ending::Failure(HS_OK) })
    });
    let expected =
        [(1, 0, 0, WaitReason::None), (2, 105, 100, WaitReason::Backoff), (3, 310, 200, WaitReason::Backoff)];
    assert_eq!(*seen.borrow(), expected);
    assert_eq!((report.stop, report.attempts, report.result.unwrap().result), (StopReason::Ok, 3, HS_OK));
    assert_eq!((report.elapsed.as_millis(), report.waited.as_millis()), (315, 300));
    let state = retry.budget.state("a", simulation.now());
    assert_eq!((state.originals, state.withdrawn), (1, 2));
}

#[test]
fn a_cancel_ends_a_wait_where_it_is() {
    let (simulation, mut retry) = retry();
    retry.options.backoff.base = Duration::from_secs(10);
    let cancel = Cancel::default();
    let switch = cancel.clone();
    simulation.at(Instant(3_000_000_000), move || switch.trigger());
    let report = retry.run(Some(&cancel), |_| ended(FAILED));
    assert_eq!((report.stop, report.attempts, report.elapsed), (StopReason::Cancelled, 1, Duration::from_secs(3)));
    assert_eq!(report.result.unwrap_err().status(), HS_ERR_CANCELLED);
    let report = retry.run(Some(&cancel), |_| panic!("it does not begin"));
    assert_eq!((report.stop, report.attempts), (StopReason::Cancelled, 0));
}

#[test]
fn what_is_done_is_not_masked_by_a_cancel() {
    let (_, retry) = retry();
    let cancel = Cancel::default();
    let report = retry.run(Some(&cancel), |_| {
        cancel.trigger();
        ended(Ending::Failure(HS_OK))
    });
    assert_eq!((report.stop, report.result.unwrap().result), (StopReason::Ok, HS_OK));
}

#[test]
fn the_deadline_bounds_attempts_and_waits() {
    let (simulation, mut retry) = retry();
    retry.timeout = Some(Duration::from_millis(250));
    let report = retry.run(None, |attempt| {
        assert_eq!(attempt.left, Some(Duration::from_millis(250) - attempt.started));
        simulation.advance(Duration::from_millis(20));
        ended(FAILED)
    });
    assert_eq!((report.stop, report.attempts, report.elapsed.as_millis()), (StopReason::Deadline, 2, 140));
    assert_eq!(report.result.unwrap().result, HS_ERR_RECEIVE);
}

#[test]
fn the_server_may_say_when() {
    let (_, retry) = retry();
    let report = retry.run(None, |attempt| {
        assert_eq!(milliseconds(attempt), if attempt.number == 1 { 0 } else { 2_200 });
        let mut ended = ended(Ending::Answer(if attempt.number == 1 { 429 } else { 200 }));
        ended.outcome.retry_after = (attempt.number == 1).then_some(Duration::from_secs(2));
        ended
    });
    assert_eq!((report.stop, report.attempts), (StopReason::Ok, 2));
    let report = retry.run(None, |_| {
        let mut ended = ended(Ending::Answer(429));
        ended.outcome.retry_after = Some(Duration::from_secs(3_600));
        ended
    });
    let hour = Some(Duration::from_secs(3_600));
    assert_eq!((report.stop, report.attempts, report.retry_after), (StopReason::RetryAfterTooLong, 1, hour));
}

#[test]
fn what_was_misdirected_is_done_again_within_its_attempt() {
    let (simulation, retry) = retry();
    let replays = RefCell::new(Vec::new());
    let report = retry.run(None, |attempt| {
        replays.borrow_mut().push((attempt.number, attempt.is_replay));
        ended(Ending::Answer(421))
    });
    assert_eq!(*replays.borrow(), [(1, false), (1, true)]);
    assert_eq!((report.attempts, simulation.now()), (1, Instant(0)));
}

#[test]
fn the_breaker_hears_of_each_attempt_and_stops_them() {
    let (simulation, mut retry) = retry();
    let options = Options { min_calls: 2, ..Options::default() };
    let breaker = Breaker::new(options, simulation.clone(), simulation.clone(), None);
    retry.breaker = Some(breaker);
    let report = retry.run(None, |_| ended(FAILED));
    assert_eq!((report.stop, report.attempts), (StopReason::BreakerOpen, 3));
    let error = report.result.unwrap_err();
    assert_eq!(error.status(), HS_ERR_BREAKER_OPEN);
    assert!(error.to_string().contains("open for \"a\": the next try may be made in"), "{error}");
    assert!(report.retry_after.is_some());
    let report = retry.run(None, |_| panic!("it is not let through"));
    assert_eq!(report.stop, StopReason::BreakerOpen);
    assert_eq!(retry.budget.state("a", simulation.now()).originals, 1);
    // It is waited for where that is asked for, and what comes through then closes nothing by itself.
    retry.options.retry_on_open = true;
    let report = retry.run(None, |_| ended(Ending::Failure(HS_OK)));
    assert_eq!((report.stop, report.attempts), (StopReason::Ok, 2));
}

#[test]
fn slots_are_waited_for_and_given_back_before_a_wait() {
    let (simulation, mut retry) = retry();
    let options = BulkheadOptions { capacity: 1, queue: 1, ..BulkheadOptions::default() };
    let bulkhead = Bulkhead::new(options, simulation.clone(), None);
    retry.bulkhead = Some(bulkhead.clone());
    let held = std::sync::Mutex::new(bulkhead.slots("a").try_acquire());
    simulation.at(Instant(7_000_000), move || drop(held.lock().unwrap().take()));
    let free = bulkhead.clone();
    simulation.at(Instant(50_000_000), move || assert_eq!(free.state("a").in_use, 0, "nothing is held in a wait"));
    let report = retry.run(None, |attempt| {
        let expected = if attempt.number == 1 { (7, WaitReason::Bulkhead) } else { (100, WaitReason::Backoff) };
        assert_eq!((attempt.waited.as_millis(), attempt.why), expected);
        assert_eq!(bulkhead.state("a").in_use, 1);
        ended(if attempt.number == 1 { FAILED } else { Ending::Failure(HS_OK) })
    });
    assert_eq!((report.stop, report.attempts, report.waited.as_millis()), (StopReason::Ok, 2, 107));
    assert_eq!(bulkhead.state("a").in_use, 0);
    let _held = bulkhead.slots("a").try_acquire();
    let report = retry.run(None, |_| panic!("there is no slot"));
    assert_eq!((report.stop, report.elapsed), (StopReason::Deadline, Duration::from_secs(30)));
}

#[test]
fn an_empty_budget_ends_it_with_what_there_is() {
    let (_, mut retry) = retry();
    let budget = BudgetOptions { floor: 1, ..BudgetOptions::default() };
    retry.budget = Budget::new(budget, Arc::new(Simulation::new(0)));
    let report = retry.run(None, |_| ended(FAILED));
    assert_eq!((report.stop, report.attempts, report.elapsed.as_millis()), (StopReason::Budget, 2, 100));
}

#[test]
fn what_may_not_be_repeated_is_not() {
    let (_, mut retry) = retry();
    retry.replay_safe = false;
    assert_eq!(retry.run(None, |_| ended(FAILED)).stop, StopReason::NotIdempotent);
    let unknown = || Ended { verdict: Some(of_unknown()), ..ended(Ending::Failure(77)) };
    let report = retry.run(None, |_| unknown());
    assert_eq!((report.stop, report.attempts, report.result.unwrap().result), (StopReason::Attempts, 3, 77));
    let report = retry.run(None, |_| Ended { committed: true, ..unknown() });
    assert_eq!((report.stop, report.attempts), (StopReason::Committed, 1));
}

#[test]
fn tokens_are_waited_for_and_given_back_where_nothing_comes_of_it() {
    use crate::resilience::limiter::{Limiter, Mode, Settings, Wanted};
    let (simulation, mut retry) = retry();
    let period = Duration::from_secs(1);
    let wanted = Wanted { mode: Some(Mode::Gcra), limit: 10, period: Some(period), burst: Some(1), margin: None };
    let quota = wanted.check().unwrap();
    let settings = Settings { quota, max_waiting: 10, max_keys: 10, learning: None };
    let limiter = Limiter::new(settings, simulation.clone(), simulation.clone(), None);
    retry.buckets = vec![(limiter.bucket("a"), 1)];
    retry.options.backoff.base = Duration::from_millis(30);
    let seen = RefCell::new(Vec::new());
    let report = retry.run(None, |attempt| {
        seen.borrow_mut().push((milliseconds(attempt), attempt.waited.as_millis(), attempt.why));
        ended(if attempt.number == 1 { FAILED } else { Ending::Failure(HS_OK) })
    });
    assert_eq!(*seen.borrow(), [(0, 0, WaitReason::None), (100, 100, WaitReason::Limiter)]);
    assert_eq!((report.stop, report.waited.as_millis()), (StopReason::Ok, 100));
    // No slot is to be had: the token is there for somebody else.
    simulation.advance(period);
    let options = BulkheadOptions { capacity: 1, queue: 0, ..BulkheadOptions::default() };
    let bulkhead = Bulkhead::new(options, simulation.clone(), None);
    let held = bulkhead.slots("a").try_acquire();
    retry.bulkhead = Some(bulkhead);
    assert_eq!(retry.run(None, |_| panic!("there is no slot")).stop, StopReason::BulkheadFull);
    drop(held);
    let report = retry.run(None, |_| ended(Ending::Failure(HS_OK)));
    assert_eq!((report.stop, report.waited), (StopReason::Ok, Duration::ZERO));
    // More than there can ever be, and later than there is time.
    retry.buckets = vec![(limiter.bucket("a"), 2)];
    let report = retry.run(None, |_| panic!("it never fits"));
    assert_eq!((report.stop, report.result.unwrap_err().status()), (StopReason::Limited, HS_ERR_RATE_NEVER_FITS));
    (retry.buckets, retry.timeout) = (vec![(limiter.bucket("a"), 1)], Some(Duration::from_millis(50)));
    let report = retry.run(None, |_| panic!("it would be too late"));
    assert_eq!((report.stop, report.elapsed), (StopReason::Limited, Duration::ZERO));
    assert_eq!(report.retry_after, Some(Duration::from_millis(100)));
}
