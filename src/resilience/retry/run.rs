//! Any work under the same rules as a request: attempts, waits between them, and all who are asked before each.

use super::budget::{Account, Budget};
use super::course::{Course, Facts, Next};
use super::options::RetryOptions;
use super::verdict::{Class, Ending, Outcome, Verdict, decide};
use crate::cancel::Cancel;
use crate::error::{Error, Sent};
use crate::resilience::breaker::{Breaker, Circuit, Permit, Refused as Shut};
use crate::resilience::bulkhead::{Bulkhead, Refused, Slot, Slots};
use crate::resilience::limiter::{self, Bucket, Reason, Refused as Limited};
use crate::resilience::stop::{StopReason, WaitReason};
use crate::runtime::alone::{Alone, DeadEnd};
use crate::runtime::chance::Chance;
use crate::runtime::clock::{Clock, Instant, SystemClock};
use crate::runtime::simulation::Simulation;
use crate::status::*;
use std::cell::OnceCell;
use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::task::Poll;
use std::time::Duration;

/// How work is to be retried. Any number of threads may run it at once.
pub struct Retry {
    pub options: RetryOptions,
    /// All attempts and waits together.
    pub timeout: Option<Duration>,
    /// Doing the work twice does no harm.
    pub replay_safe: bool,
    /// It has a key by which the other side knows that it is the same.
    pub sends_a_key: bool,
    /// What budget, breaker and bulkhead are asked by.
    pub key: Box<str>,
    pub budget: Budget,
    pub breaker: Option<Breaker>,
    /// What each attempt takes from rate limiters.
    pub buckets: Vec<(Bucket, u32)>,
    pub bulkhead: Option<Bulkhead>,
    pub chance: Arc<dyn Chance>,
    pub simulation: Option<Arc<Simulation>>,
    /// What was found by the key, once it was.
    pub found: Found,
}

#[derive(Default)]
pub struct Found {
    circuit: OnceLock<Circuit>,
    account: OnceLock<Arc<Account>>,
}

/// What an attempt is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// From 1.
    pub number: u32,
    /// The same attempt once more.
    pub is_replay: bool,
    pub started: Duration,
    /// `None`: no limit.
    pub left: Option<Duration>,
    pub waited: Duration,
    pub why: WaitReason,
}

/// What an attempt came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Its number in the end: what `run` hands back of the last attempt.
    pub result: i32,
    pub outcome: Outcome,
    /// Instead of what the rules say of the outcome.
    pub verdict: Option<Verdict>,
    /// What it did cannot be done again.
    pub committed: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// What became of it in the end, and why there was nothing more.
    pub result: Result<Ended, Error>,
    pub stop: StopReason,
    pub attempts: u32,
    pub elapsed: Duration,
    /// Of that, between attempts and in queues.
    pub waited: Duration,
    /// What was asked for last.
    pub retry_after: Option<Duration>,
}

/// One run.
struct Run<'a> {
    retry: &'a Retry,
    cancel: Option<&'a Cancel>,
    /// What waits, made when there is something to wait for.
    alone: OnceCell<Alone>,
    began: Instant,
    /// The clock as it was read last: at the beginning, after each wait, after the work. All who are asked go by it.
    now: Instant,
    deadline: Option<Instant>,
    waited: Duration,
    /// What the next attempt is told of the waits before it.
    latest: (Duration, WaitReason),
    /// The longest of these waits, which gives the reason.
    longest: Duration,
    /// The budget was told of it: only what is let through counts.
    counted: bool,
}

/// Leave for one attempt.
struct Leave {
    permit: Option<Permit>,
    _slot: Option<Slot>,
}

/// Why a wait ended early.
enum Broken {
    Cancelled,
    Deadline,
}

impl Retry {
    /// Calls `work` until it is done or nothing more is to be done. No lock is held while it runs.
    pub fn run(&self, cancel: Option<&Cancel>, mut work: impl FnMut(&Attempt) -> Ended) -> Report {
        let began = self.read_clock();
        let (alone, now) = (OnceCell::new(), began);
        let deadline = self.timeout.map(|timeout| began.saturating_add(timeout));
        let latest = (Duration::ZERO, WaitReason::None);
        let waited = Duration::ZERO;
        let (longest, counted) = (Duration::ZERO, false);
        let mut run = Run { retry: self, cancel, alone, began, now, deadline, waited, latest, longest, counted };
        let mut course = Course::new(self.options, deadline);
        let (result, stop, retry_after) = run.attempts(&mut course, &mut work);
        let elapsed = run.now.since(began);
        Report { result, stop, attempts: course.attempts(), elapsed, waited: run.waited, retry_after }
    }

    fn circuit(&self, breaker: &Breaker, now: Instant) -> Option<&Circuit> {
        let found = &self.found.circuit;
        // Where the breaker has no room now, it may have some the next time.
        found.get().or_else(|| breaker.circuit(&self.key, now).ok().map(|circuit| found.get_or_init(|| circuit)))
    }

    fn account(&self) -> Arc<Account> {
        let found = &self.found.account;
        if let Some(account) = found.get() {
            return account.clone();
        }
        // The one for all who have none is not kept: there may be room the next time.
        let own = self.budget.own_account(&self.key).map(|own| found.get_or_init(|| own).clone());
        own.unwrap_or_else(|| self.budget.account(&self.key))
    }

    fn read_clock(&self) -> Instant {
        match &self.simulation {
            Some(simulation) => simulation.now(),
            None => SystemClock.now(),
        }
    }
}

/// Why an attempt was not let through, and when one may be.
type Refusal = (Error, Option<Duration>);

type Finished = (Result<Ended, Error>, StopReason, Option<Duration>);

impl Run<'_> {
    fn alone(&self) -> &Alone {
        self.alone.get_or_init(|| Alone::new(self.retry.simulation.clone()))
    }

    fn attempts(&mut self, course: &mut Course, work: &mut impl FnMut(&Attempt) -> Ended) -> Finished {
        let Retry { replay_safe, .. } = self.retry;
        let account = self.retry.account();
        let mut last: Option<Result<Ended, Error>> = None;
        let mut is_replay = false;
        loop {
            if self.cancel.is_some_and(Cancel::is_triggered) {
                return (Err(Error::plain(HS_ERR_CANCELLED)), StopReason::Cancelled, None);
            }
            if !is_replay && let Err(stop) = course.begin(self.now) {
                let result = last.unwrap_or_else(|| Err(Error::plain(HS_ERR_TIMEOUT)));
                return (result, stop, None);
            }
            let (result, outcome, verdict, committed) = match self.attempt(course.attempts(), is_replay, &account, work)
            {
                Ok((ended, verdict)) => (Ok(ended), ended.outcome, verdict, ended.committed),
                Err((error, retry_after)) => {
                    let ending = Ending::Failure(error.status());
                    let ran = Duration::ZERO;
                    let outcome = Outcome { ending, sent: Sent::No, sent_a_key: false, ran, retry_after };
                    let verdict = decide(&outcome, &self.retry.options);
                    (Err(error), outcome, verdict, false)
                }
            };
            let facts = Facts { replay_safe: *replay_safe, body_is_there: true, committed };
            let (now, chance) = (self.now, &*self.retry.chance);
            let withdraw = || account.withdraw(now);
            let next = course.follow(&outcome, verdict, facts, now, chance, withdraw);
            is_replay = next == Next::Replay;
            match next {
                Next::Replay => (self.latest, self.longest) = ((Duration::ZERO, WaitReason::None), Duration::ZERO),
                Next::Stop(stop) => return (result, stop, outcome.retry_after),
                Next::Wait(wait, why) => match self.rest(wait) {
                    Ok(()) => {
                        self.waited = self.waited.saturating_add(wait);
                        (self.latest, self.longest) = ((wait, why), wait);
                    }
                    Err(Broken::Deadline) => return (result, StopReason::Deadline, outcome.retry_after),
                    Err(Broken::Cancelled) => {
                        self.waited = self.waited.saturating_add(self.now.since(now));
                        let error = Error::plain(HS_ERR_CANCELLED);
                        return (Err(error), StopReason::Cancelled, outcome.retry_after);
                    }
                },
            }
            last = Some(result);
        }
    }

    /// One attempt, or why it was not let through and when it may be.
    fn attempt(
        &mut self,
        number: u32,
        is_replay: bool,
        account: &Account,
        work: &mut impl FnMut(&Attempt) -> Ended,
    ) -> Result<(Ended, Verdict), Refusal> {
        let leave = self.leave()?;
        if !std::mem::replace(&mut self.counted, true) {
            account.original(self.now);
        }
        let started = self.now;
        let left = self.deadline.map(|deadline| deadline.since(started));
        let (waited, why) = self.latest;
        let ended = work(&Attempt { number, is_replay, started: started.since(self.began), left, waited, why });
        self.now = self.retry.read_clock();
        let ran = self.now.since(started);
        let ended = Ended { outcome: Outcome { ran, ..ended.outcome }, ..ended };
        let verdict = ended.verdict.unwrap_or_else(|| decide(&ended.outcome, &self.retry.options));
        if let Some(permit) = leave.permit {
            permit.record(self.now, verdict.effect);
        }
        Ok((ended, verdict))
    }

    /// The breaker is asked first and last: what it refuses takes no token and no slot, and what waits keeps no permit.
    fn leave(&mut self) -> Result<Leave, Refusal> {
        let Retry { breaker, bulkhead, buckets, key, .. } = self.retry;
        let circuit = breaker.as_ref().and_then(|breaker| self.retry.circuit(breaker, self.now));
        let shut = |shut: Shut| (refused_by_breaker(key, shut), shut.retry_after);
        if let Some(circuit) = &circuit {
            circuit.peek(self.now).map_err(shut)?;
        }
        let ticket = if buckets.is_empty() { None } else { Some(self.tokens(buckets)?) };
        let mut enter = || {
            let slot = match bulkhead {
                Some(bulkhead) => Some(self.slot(bulkhead.slots(key)).map_err(|error| (error, None))?),
                None => None,
            };
            let permit = match &circuit {
                Some(circuit) => Some(circuit.acquire(self.now).0.map_err(shut)?),
                None => None,
            };
            Ok(Leave { permit, _slot: slot })
        };
        let entered = enter();
        if let (Err(_), Some(ticket)) = (&entered, ticket) {
            ticket.refund();
        }
        entered
    }

    fn tokens(&mut self, buckets: &[(Bucket, u32)]) -> Result<limiter::Ticket, Refusal> {
        if let Some(ticket) = limiter::pass_at(buckets, self.now) {
            return Ok(ticket);
        }
        let (from, timers) = (self.now, self.alone().timers().clone());
        let acquired = self.wait(limiter::acquire(buckets, &timers, self.deadline));
        self.held_up(self.now.since(from), WaitReason::Limiter);
        match acquired {
            Ok(Ok(ticket)) => Ok(ticket),
            Ok(Err(limited)) => Err(refused_by_limiter(&limited)),
            Err(Broken::Deadline) => Err((late(), None)),
            Err(Broken::Cancelled) => Err((Error::plain(HS_ERR_CANCELLED), None)),
        }
    }

    /// Before an attempt, in a queue.
    fn held_up(&mut self, waited: Duration, by: WaitReason) {
        self.waited = self.waited.saturating_add(waited);
        if waited > self.longest {
            (self.latest.1, self.longest) = (by, waited);
        }
        self.latest.0 = self.latest.0.saturating_add(waited);
    }

    fn slot(&mut self, slots: Slots) -> Result<Slot, Error> {
        if let Some(slot) = slots.try_acquire() {
            return Ok(slot);
        }
        let (from, timers) = (self.now, self.alone().timers().clone());
        let acquired = self.wait(slots.acquire(&timers, self.deadline));
        self.held_up(self.now.since(from), WaitReason::Bulkhead);
        match acquired {
            Ok(Ok(slot)) => Ok(slot),
            Ok(Err(Refused::Full)) => Err(Error::plain(HS_ERR_BULKHEAD_FULL)),
            Ok(Err(Refused::TooLate)) | Err(Broken::Deadline) => Err(late()),
            Err(Broken::Cancelled) => Err(Error::plain(HS_ERR_CANCELLED)),
        }
    }

    /// Waits for that time, holding nothing.
    fn rest(&mut self, wait: Duration) -> Result<(), Broken> {
        let sleep = self.alone().timers().at(self.now.saturating_add(wait));
        self.wait(sleep)
    }

    fn wait<F: Future>(&mut self, future: F) -> Result<F::Output, Broken> {
        let guarded = async {
            let mut future = pin!(future);
            let mut cancel = pin!(async {
                match self.cancel {
                    Some(cancel) => cancel.triggered().await,
                    None => pending().await,
                }
            });
            poll_fn(|cx| {
                if let Poll::Ready(output) = future.as_mut().poll(cx) {
                    return Poll::Ready(Ok(output));
                }
                cancel.as_mut().poll(cx).map(|()| Err(Broken::Cancelled))
            })
            .await
        };
        let result = self.alone().block_on(guarded).unwrap_or_else(|DeadEnd| Err(Broken::Deadline));
        self.now = self.retry.read_clock();
        result
    }
}

fn late() -> Error {
    let mut error = Error::plain(HS_ERR_TIMEOUT);
    error.details_mut().phase = HS_PHASE_QUEUE;
    error
}

fn refused_by_breaker(key: &str, shut: Shut) -> Error {
    let key = crate::error::quoted(key.as_bytes());
    let when = match shut.retry_after {
        Some(left) => format!("the next try may be made in {} ms", left.as_nanos().div_ceil(1_000_000)),
        None => "when is not known".to_owned(),
    };
    Error::new(HS_ERR_BREAKER_OPEN, format!("the circuit breaker is open for {key}: {when}"))
}

fn refused_by_limiter(limited: &Limited) -> Refusal {
    let (key, wait) = (crate::error::quoted(limited.key.as_bytes()), limited.wait.as_nanos().div_ceil(1_000_000));
    match limited.reason {
        Reason::NeverFits => {
            let message = format!("it takes more than the bucket {key} ever has");
            (Error::new(HS_ERR_RATE_NEVER_FITS, message), None)
        }
        Reason::TooLate | Reason::QueueFull | Reason::NotNow => {
            let message = format!("the bucket {key} would let it through in {wait} ms");
            (Error::new(HS_ERR_RATE_LIMITED, message), Some(limited.wait))
        }
    }
}

/// The verdict on a failure of which the library knows nothing but that it is one.
pub fn of_unknown() -> Verdict {
    let unknown = Outcome {
        ending: Ending::Failure(HS_ERR_RECEIVE),
        sent: Sent::Maybe,
        sent_a_key: false,
        ran: Duration::ZERO,
        retry_after: None,
    };
    Verdict { class: Class::RetryAnyMethod, ..decide(&unknown, &RetryOptions::default()) }
}

#[cfg(test)]
mod tests;
