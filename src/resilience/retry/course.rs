//! The course of one call through its attempts: after each one, whether there is another and when.

use super::options::RetryOptions;
use super::verdict::{Class, Ending, Outcome, Verdict};
use crate::error::Sent;
use crate::resilience::stop::{StopReason, WaitReason};
use crate::runtime::chance::Chance;
use crate::runtime::clock::Instant;
use crate::status::*;
use std::time::Duration;

/// With less time than this left no attempt begins.
pub const SHORTEST_ATTEMPT: Duration = Duration::from_millis(10);
/// The most that is added to what a server asks for, so that its clients do not come back all at once.
const MOST_SPREAD: Duration = Duration::from_secs(1);

/// What the rules need to know of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The method is idempotent, or the caller says that it may be repeated, or it has an `Idempotency-Key`.
    pub replay_safe: bool,
    /// The whole body can be sent once more: it is in memory, can be rewound, or was not touched.
    pub body_is_there: bool,
    /// The caller has seen a part of the response's body.
    pub committed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The last outcome is the result.
    Stop(StopReason),
    /// The same attempt once more, at once, on a new connection.
    Replay,
    /// Another attempt after that time.
    Wait(Duration, WaitReason),
}

#[derive(Clone, Debug)]
pub struct Course {
    options: RetryOptions,
    deadline: Option<Instant>,
    attempts: u32,
    /// Which back-off is next, counted from 1.
    step: u32,
    /// The attempt was replayed already.
    replayed: bool,
    /// For how long nothing is let through anyway.
    shut: Duration,
}

impl Course {
    pub fn new(options: RetryOptions, deadline: Option<Instant>) -> Course {
        Course { options, deadline, attempts: 0, step: 1, replayed: false, shut: Duration::ZERO }
    }

    /// The number of the attempt that begins now, from 1; or there is no time for it.
    pub fn begin(&mut self, now: Instant) -> Result<u32, StopReason> {
        if self.deadline.is_some_and(|deadline| now.saturating_add(SHORTEST_ATTEMPT) > deadline) {
            return Err(StopReason::Deadline);
        }
        self.attempts += 1;
        self.replayed = false;
        Ok(self.attempts)
    }

    /// A breaker lets nothing through for so long: a shorter wait would be for nothing.
    pub fn is_shut_for(&mut self, left: Duration) {
        self.shut = left;
    }

    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    pub fn options(&self) -> &RetryOptions {
        &self.options
    }

    #[cfg(test)]
    /// What follows an attempt. `withdraw` takes one retry from the budget, and is asked last, when all else is for
    /// another attempt, and before the wait.
    pub fn after(
        &mut self,
        outcome: &Outcome,
        facts: Facts,
        now: Instant,
        chance: &dyn Chance,
        withdraw: impl FnOnce() -> bool,
    ) -> Next {
        self.follow(outcome, super::verdict::decide(outcome, &self.options), facts, now, chance, withdraw)
    }

    /// The same for a verdict that somebody else has reached.
    pub fn follow(
        &mut self,
        outcome: &Outcome,
        verdict: Verdict,
        facts: Facts,
        now: Instant,
        chance: &dyn Chance,
        withdraw: impl FnOnce() -> bool,
    ) -> Next {
        if let Some(reason) = self.against(outcome, &verdict, facts) {
            return Next::Stop(reason);
        }
        if verdict.transparent {
            self.replayed = true;
            return Next::Replay;
        }
        if self.attempts >= self.options.max_attempts {
            return Next::Stop(StopReason::Attempts);
        }
        let too_long = match outcome.ending {
            Ending::Failure(HS_ERR_BREAKER_OPEN) => StopReason::BreakerOpen,
            _ => StopReason::RetryAfterTooLong,
        };
        let most = self.options.retry_after_max;
        let asked = match outcome.retry_after {
            Some(asked) if asked > most && !self.options.clamp_retry_after => return Next::Stop(too_long),
            Some(asked) => asked.min(most),
            None => Duration::ZERO,
        };
        let delay = self.options.backoff.delay(self.step, verdict.throttled, chance);
        let spread = if asked.is_zero() { 0 } else { chance.up_to((asked / 10).min(MOST_SPREAD).as_nanos() as u64) };
        let asked = asked.saturating_add(Duration::from_nanos(spread));
        let (wait, reason) = if asked > delay { (asked, WaitReason::RetryAfter) } else { (delay, WaitReason::Backoff) };
        if self.deadline.is_some_and(|deadline| now.saturating_add(wait).saturating_add(SHORTEST_ATTEMPT) >= deadline) {
            let asked = reason == WaitReason::RetryAfter;
            return Next::Stop(if asked { too_long } else { StopReason::Deadline });
        }
        if self.shut > wait && !self.options.retry_on_open {
            return Next::Stop(StopReason::BreakerOpen);
        }
        if verdict.debited && !withdraw() {
            return Next::Stop(StopReason::Budget);
        }
        self.step = if reason == WaitReason::RetryAfter { 1 } else { self.step.saturating_add(1) };
        Next::Wait(wait, reason)
    }

    /// What speaks against any further attempt, whenever it would be.
    fn against(&self, outcome: &Outcome, verdict: &Verdict, facts: Facts) -> Option<StopReason> {
        let safe = facts.replay_safe || outcome.sent == Sent::No;
        match verdict.class {
            Class::Final => Some(StopReason::Ok),
            Class::Never => Some(of_failure(outcome.ending)),
            // On a new connection it says the same.
            _ if verdict.transparent && self.replayed => Some(StopReason::Ok),
            _ if facts.committed => Some(StopReason::Committed),
            Class::RetryIfReplaySafe if !safe => Some(StopReason::NotIdempotent),
            _ if !facts.body_is_there => Some(StopReason::NotReplayable),
            Class::RetryAnyMethod | Class::RetryIfReplaySafe => None,
        }
    }
}

fn of_failure(ending: Ending) -> StopReason {
    match ending {
        Ending::Failure(HS_ERR_CANCELLED) => StopReason::Cancelled,
        Ending::Failure(HS_ERR_TIMEOUT) => StopReason::Deadline,
        Ending::Failure(HS_ERR_NOT_REPLAYABLE) => StopReason::NotReplayable,
        Ending::Failure(HS_ERR_BREAKER_OPEN) => StopReason::BreakerOpen,
        Ending::Failure(HS_ERR_RATE_LIMITED | HS_ERR_RATE_NEVER_FITS) => StopReason::Limited,
        Ending::Failure(HS_ERR_BULKHEAD_FULL) => StopReason::BulkheadFull,
        _ => StopReason::Terminal,
    }
}

#[cfg(test)]
mod tests;
