//! Whole calls in virtual time: a script of outcomes, and when which attempt began.

use super::*;
use crate::runtime::clock::Clock;
use crate::runtime::simulation::{Simulation, WHOLE};

const GET: Facts = Facts { replay_safe: true, body_is_there: true, committed: false };
const POST: Facts = Facts { replay_safe: false, ..GET };
const PLENTY: fn() -> bool = || true;

fn answer(status: u16) -> Outcome {
    let ran = Duration::ZERO;
    Outcome { ending: Ending::Answer(status), sent: Sent::Yes, sent_a_key: false, ran, retry_after: None }
}

fn asking(status: u16, seconds: u64) -> Outcome {
    Outcome { retry_after: Some(Duration::from_secs(seconds)), ..answer(status) }
}

fn failure(status: hs_status, sent: Sent) -> Outcome {
    Outcome { ending: Ending::Failure(status), sent, ..answer(0) }
}

const TIMED_OUT: hs_status = HS_ERR_ATTEMPT_TIMEOUT;

struct Run {
    simulation: Simulation,
    course: Course,
    facts: Facts,
    debits: u32,
}

impl Run {
    fn new(facts: Facts, deadline_ms: u64) -> Run {
        let deadline = Some(Instant(deadline_ms * 1_000_000));
        let course = Course::new(RetryOptions::default(), deadline);
        Run { simulation: Simulation::new(0), course, facts, debits: 0 }
    }

    fn drawing(self, millionths: u32) -> Run {
        self.simulation.script(&[millionths; 64]);
        self
    }

    /// Attempts of these outcomes, each after that many milliseconds: when each began, and why the call ended when.
    fn of(&mut self, outcomes: &[(u64, Outcome)]) -> (Vec<u64>, StopReason, u64) {
        let mut begun = Vec::new();
        let milliseconds = |at: Instant| at.0 / 1_000_000;
        for (ran_ms, outcome) in outcomes {
            begun.push(milliseconds(self.simulation.now()));
            if let Err(reason) = self.course.begin(self.simulation.now()) {
                begun.pop();
                return (begun, reason, milliseconds(self.simulation.now()));
            }
            self.simulation.advance(Duration::from_millis(*ran_ms));
            let now = self.simulation.now();
            let debit = || {
                self.debits += 1;
                true
            };
            match self.course.after(outcome, self.facts, now, &self.simulation, debit) {
                Next::Stop(reason) => return (begun, reason, milliseconds(now)),
                Next::Wait(delay, _) => self.simulation.advance(delay),
                Next::Replay => {}
            }
        }
        panic!("the call goes on after {begun:?}");
    }
}

#[test]
fn a_refused_connection_is_tried_again_for_any_method_and_costs_no_budget() {
    let refused = (1, failure(HS_ERR_CONNECT, Sent::No));
    let mut run = Run::new(POST, 30_000).drawing(WHOLE);
    assert_eq!(run.of(&[refused; 3]), (vec![0, 101, 302], StopReason::Attempts, 303));
    assert_eq!(run.debits, 0);
}

#[test]
fn what_may_have_arrived_is_repeated_only_where_that_is_safe() {
    let late = (10_000, failure(TIMED_OUT, Sent::Maybe));
    let mut run = Run::new(POST, 60_000);
    assert_eq!(run.of(&[late]), (vec![0], StopReason::NotIdempotent, 10_000));
    let mut run = Run::new(GET, 60_000).drawing(0);
    assert_eq!(run.of(&[late; 3]), (vec![0, 10_010, 20_020], StopReason::Attempts, 30_020));
    assert_eq!(run.debits, 2);
}

#[test]
fn with_a_key_a_conflict_is_waited_for() {
    let keyed = |status| Outcome { sent_a_key: true, ..answer(status) };
    let mut run = Run::new(GET, 30_000).drawing(WHOLE);
    let answers = [(0, keyed(503)), (0, keyed(409)), (0, keyed(201))];
    assert_eq!(run.of(&answers), (vec![0, 100, 300], StopReason::Ok, 300));
}

#[test]
fn an_order_that_was_taken_before_ends_with_what_the_server_says() {
    let mut run = Run::new(GET, 30_000).drawing(0);
    let course = [(10_000, failure(TIMED_OUT, Sent::Maybe)), (1, answer(422))];
    assert_eq!(run.of(&course), (vec![0, 10_010], StopReason::Ok, 10_011));
}

#[test]
fn a_wait_that_was_asked_for_is_never_shorter() {
    let answers = [(0, asking(429, 2)), (0, answer(200))];
    for (millionths, expected) in [(0, 2_000), (WHOLE, 2_200), (WHOLE / 2, 2_100)] {
        let mut run = Run::new(POST, 30_000).drawing(millionths);
        assert_eq!(run.of(&answers), (vec![0, expected], StopReason::Ok, expected));
    }
    for seed in 0..200 {
        let mut run = Run::new(POST, 30_000);
        run.simulation = Simulation::new(seed);
        let (begun, ..) = run.of(&answers);
        assert!((2_000..=2_200).contains(&begun[1]), "{begun:?}");
    }
}

#[test]
fn nothing_to_wait_for_is_the_throttle_delay() {
    let mut run = Run::new(POST, 30_000).drawing(WHOLE / 2);
    assert_eq!(run.of(&[(0, asking(429, 0)), (0, answer(200))]), (vec![0, 500], StopReason::Ok, 500));
}

#[test]
fn too_long_a_wait_ends_the_call_at_once() {
    let mut run = Run::new(POST, 7_200_000);
    assert_eq!(run.of(&[(0, asking(429, 3_600))]), (vec![0], StopReason::RetryAfterTooLong, 0));
    let mut run = Run::new(POST, 15_000);
    assert_eq!(run.of(&[(0, asking(429, 20))]), (vec![0], StopReason::RetryAfterTooLong, 0));
    assert_eq!(run.debits, 0);
}

#[test]
fn too_long_a_wait_can_be_clamped() {
    let mut run = Run::new(POST, 7_200_000).drawing(0);
    run.course.options.clamp_retry_after = true;
    assert_eq!(run.of(&[(0, asking(429, u64::MAX)), (0, answer(200))]), (vec![0, 60_000], StopReason::Ok, 60_000));
}

#[test]
fn a_wish_beside_an_answer_that_is_final_means_nothing() {
    for status in [200, 404] {
        assert_eq!(Run::new(GET, 60_000).of(&[(0, asking(status, 30))]), (vec![0], StopReason::Ok, 0));
    }
}

#[test]
fn a_wait_that_was_asked_for_begins_the_back_off_anew() {
    let mut run = Run::new(GET, 120_000).drawing(WHOLE);
    run.course.options.max_attempts = 6;
    let answers = [(0, answer(503)), (0, answer(503)), (0, asking(503, 30)), (0, answer(503)), (0, answer(200))];
    assert_eq!(run.of(&answers).0, [0, 100, 300, 31_300, 31_400]);
}

#[test]
fn the_last_answer_is_the_result_when_the_attempts_are_used_up() {
    let mut run = Run::new(GET, 30_000).drawing(WHOLE);
    assert_eq!(run.of(&[(0, answer(503)); 3]), (vec![0, 100, 300], StopReason::Attempts, 300));
    assert_eq!(run.of(&[(0, answer(503))]).1, StopReason::Attempts);
}

#[test]
fn what_an_error_of_the_server_means_depends_on_the_method() {
    assert_eq!(Run::new(POST, 30_000).of(&[(0, answer(500))]), (vec![0], StopReason::NotIdempotent, 0));
    for status in [501, 505] {
        assert_eq!(Run::new(GET, 30_000).of(&[(0, answer(status))]), (vec![0], StopReason::Ok, 0));
    }
    let mut run = Run::new(POST, 30_000).drawing(0);
    assert_eq!(run.of(&[(0, answer(429)), (0, answer(200))]), (vec![0, 10], StopReason::Ok, 10));
    assert_eq!(Run::new(POST, 30_000).of(&[(0, asking(503, 1))]), (vec![0], StopReason::NotIdempotent, 0));
}

#[test]
fn attempts_and_waits_share_the_deadline() {
    let late = |ran_ms| (ran_ms, failure(TIMED_OUT, Sent::Maybe));
    let mut run = Run::new(GET, 2_500);
    run.simulation.script(&[WHOLE, WHOLE / 2]);
    let last = (300, failure(HS_ERR_TIMEOUT, Sent::Maybe));
    assert_eq!(run.of(&[late(1_000), late(1_000), last]), (vec![0, 1_100, 2_200], StopReason::Deadline, 2_500));
}

#[test]
fn no_attempt_begins_with_less_than_10_ms() {
    let mut course = Course::new(RetryOptions::default(), Some(Instant(10_000_000)));
    assert_eq!(course.begin(Instant(0)), Ok(1));
    let simulation = Simulation::new(0);
    simulation.script(&[0; 2]);
    assert_eq!(course.begin(Instant(1)), Err(StopReason::Deadline));
    assert_eq!(course.attempts(), 1);
    let mut course = Course::new(RetryOptions::default(), Some(Instant(20_000_001)));
    let next = course.after(&answer(503), GET, Instant(0), &simulation, PLENTY);
    assert_eq!(next, Next::Wait(Duration::from_millis(10), WaitReason::Backoff));
    let mut course = Course::new(RetryOptions::default(), Some(Instant(20_000_000)));
    let next = course.after(&answer(503), GET, Instant(0), &simulation, PLENTY);
    assert_eq!(next, Next::Stop(StopReason::Deadline));
}

#[test]
fn an_empty_budget_is_noticed_before_the_wait() {
    let mut course = Course::new(RetryOptions::default(), None);
    let simulation = Simulation::new(0);
    course.begin(simulation.now()).unwrap();
    let next = course.after(&answer(503), GET, simulation.now(), &simulation, || false);
    assert_eq!(next, Next::Stop(StopReason::Budget));
    // What never was the server's work is free.
    let refused = failure(HS_ERR_CONNECT, Sent::No);
    let next = course.after(&refused, GET, simulation.now(), &simulation, || panic!("not asked"));
    assert!(matches!(next, Next::Wait(_, WaitReason::Backoff)));
}

#[test]
fn a_body_that_is_gone_and_one_that_was_seen_end_the_call() {
    let gone = Facts { body_is_there: false, ..GET };
    let lost = (0, failure(HS_ERR_CONNECTION_CLOSED, Sent::Maybe));
    assert_eq!(Run::new(gone, 30_000).of(&[lost]), (vec![0], StopReason::NotReplayable, 0));
    let seen = Facts { committed: true, ..GET };
    let cut = (0, failure(HS_ERR_BODY_TRUNCATED, Sent::Yes));
    assert_eq!(Run::new(seen, 30_000).of(&[cut]), (vec![0], StopReason::Committed, 0));
    assert!(matches!(Run::new(GET, 30_000).drawing(0).of(&[cut; 3]).1, StopReason::Attempts));
    // Nothing was sent, so nothing of it is gone.
    let refused = (0, failure(HS_ERR_CONNECT, Sent::No));
    let mut run = Run::new(POST, 30_000).drawing(0);
    assert_eq!(run.of(&[refused, (0, answer(200))]).0.len(), 2);
}

#[test]
fn a_misdirected_request_is_sent_once_more_at_once() {
    let mut run = Run::new(POST, 30_000);
    let simulation = Simulation::new(0);
    assert_eq!(run.course.begin(Instant(0)), Ok(1));
    let free = || panic!("not asked");
    assert_eq!(run.course.after(&answer(421), POST, Instant(0), &simulation, free), Next::Replay);
    let next = run.course.after(&answer(421), POST, Instant(0), &simulation, PLENTY);
    assert_eq!((next, run.course.attempts()), (Next::Stop(StopReason::Ok), 1));
}

#[test]
fn local_refusals_say_which() {
    for (status, reason) in [
        (HS_ERR_BREAKER_OPEN, StopReason::BreakerOpen),
        (HS_ERR_RATE_LIMITED, StopReason::Limited),
        (HS_ERR_RATE_NEVER_FITS, StopReason::Limited),
        (HS_ERR_BULKHEAD_FULL, StopReason::BulkheadFull),
        (HS_ERR_CANCELLED, StopReason::Cancelled),
        (HS_ERR_TLS_EXPIRED, StopReason::Terminal),
        (HS_ERR_NOT_REPLAYABLE, StopReason::NotReplayable),
    ] {
        assert_eq!(Run::new(GET, 30_000).of(&[(0, failure(status, Sent::No))]), (vec![0], reason, 0));
    }
}

#[test]
fn an_open_breaker_can_be_waited_for() {
    let open = |seconds| {
        let retry_after = Some(Duration::from_secs(seconds));
        (0, Outcome { retry_after, ..failure(HS_ERR_BREAKER_OPEN, Sent::No) })
    };
    let mut run = Run::new(GET, 300_000).drawing(0);
    run.course.options.retry_on_open = true;
    assert_eq!(run.of(&[open(5), (0, answer(200))]), (vec![0, 5_000], StopReason::Ok, 5_000));
    let mut run = Run::new(GET, 300_000).drawing(0);
    run.course.options.retry_on_open = true;
    assert_eq!(run.of(&[open(61)]), (vec![0], StopReason::BreakerOpen, 0));
}
