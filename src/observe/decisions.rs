//! What is told of the policies' decisions.

use super::Watch;
use super::events::{Event, Kind};
use crate::error::Error;
use crate::http::attempt::Attempt;
use crate::resilience::breaker::Transition;
use crate::resilience::stop::{StopReason, WaitReason};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

/// Numbers the events of each key, of as many keys as are in use at once.
#[derive(Default)]
pub struct Sequences(RefCell<HashMap<Rc<str>, u64>>);

const MOST_KEYS: usize = 1_024;

impl Sequences {
    fn next(&self, key: &str) -> (Rc<str>, u64) {
        let mut keys = self.0.borrow_mut();
        if let Some((key, count)) = keys.get_key_value(key).map(|(key, count)| (key.clone(), *count)) {
            keys.insert(key.clone(), count + 1);
            return (key, count + 1);
        }
        if keys.len() >= MOST_KEYS {
            keys.clear();
        }
        let key: Rc<str> = key.into();
        keys.insert(key.clone(), 1);
        (key, 1)
    }
}

/// What refuses a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    Breaker,
    Limiter,
    Bulkhead,
}

/// What becomes of a hedge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HedgeEvent {
    Started,
    Won,
    Lost,
    Skipped,
}

impl Watch {
    pub fn attempt_starts(&self, number: u32, wait: Duration, why: WaitReason) {
        self.observer.counters.attempts.add(1);
        self.tell(Kind::AttemptStart, |event| {
            (event.attempt, event.wait, event.wait_reason) = (number, wait, why);
        });
    }

    pub fn attempt_ends(&self, attempt: &Attempt) {
        self.tell(Kind::AttemptEnd, |event| {
            (event.attempt, event.hedge, event.sent) = (attempt.number, attempt.hedge, attempt.sent);
            (event.status, event.http_status) = (attempt.status, attempt.http_status);
            (event.wait, event.wait_reason) = (Duration::from_nanos(attempt.wait_ns), attempt.wait_reason);
        });
    }

    /// Another attempt is made after a wait, because of an error or a status.
    pub fn retry(&self, key: &str, why: Result<u16, &Error>, wait: Duration, reason: WaitReason) {
        self.observer.counters.retries.add(1);
        self.tell_of(Kind::Retry, key, |event| {
            match why {
                Ok(status) => event.http_status = status,
                Err(error) => {
                    (event.status, event.phase) = (error.status(), error.details().phase);
                    event.message = self.redacted(&error.details().message);
                }
            }
            (event.wait, event.wait_reason) = (wait, reason);
        });
        if let Some(listener) = &self.listener {
            listener.say(&format!("the next attempt follows in {} ms", wait.as_millis()));
        }
    }

    pub fn retry_abandoned(&self, key: &str, reason: StopReason) {
        self.observer.counters.retries_abandoned.add(1);
        self.tell_of(Kind::RetryAbandoned, key, |event| event.stop = reason);
        if reason == StopReason::Budget {
            self.observer.counters.budget_exhausted.add(1);
            self.tell_of(Kind::BudgetExhausted, key, |_| ());
        }
        if let Some(listener) = &self.listener {
            listener.say(&format!("no further attempt: {reason:?}"));
        }
    }

    pub fn deadline_exceeded(&self) {
        self.tell(Kind::DeadlineExceeded, |_| ());
    }

    /// A reused connection died, and the request was not sent a second time.
    pub fn resend_blocked(&self) {
        self.tell(Kind::ResendBlocked, |_| ());
    }

    pub fn hedge(&self, key: &str, what: HedgeEvent, hedge: u32, why: &str) {
        let counters = &self.observer.counters;
        let kind = match what {
            HedgeEvent::Started => {
                counters.hedges.add(1);
                Kind::HedgeStarted
            }
            HedgeEvent::Won => {
                if hedge > 0 {
                    counters.hedges_won.add(1);
                }
                Kind::HedgeWon
            }
            HedgeEvent::Lost => Kind::HedgeLost,
            HedgeEvent::Skipped => Kind::HedgeSkipped,
        };
        self.tell_of(kind, key, |event| (event.hedge, event.message) = (hedge, why.to_owned()));
    }

    /// It was held up by a limiter or a bulkhead.
    pub fn waited(&self, key: &str, why: WaitReason, wait: Duration) {
        let counters = &self.observer.counters;
        let kind = if why == WaitReason::Bulkhead {
            counters.bulkhead_waits.add(1);
            Kind::BulkheadWait
        } else {
            counters.limiter_waits.add(1);
            Kind::LimiterWait
        };
        self.tell_of(kind, key, |event| (event.wait, event.wait_reason) = (wait, why));
    }

    /// A policy did not let it through; `left` is how long that lasts, where it is known.
    pub fn refused(&self, key: &str, by: Refusal, left: Option<Duration>, why: &Error) {
        let counters = &self.observer.counters;
        let (counter, kind) = match by {
            Refusal::Breaker => (&counters.breaker_rejected, Kind::BreakerRejected),
            Refusal::Limiter => (&counters.limiter_rejected, Kind::LimiterRejected),
            Refusal::Bulkhead => (&counters.bulkhead_rejected, Kind::BulkheadRejected),
        };
        counter.add(1);
        self.tell_of(kind, key, |event| {
            (event.status, event.phase) = (why.status(), why.details().phase);
            event.wait = left.unwrap_or_default();
        });
    }

    /// A limiter has learned from a response how long to hold back.
    pub fn learned(&self, key: &str, held: Duration) {
        self.tell_of(Kind::LimiterLearned, key, |event| (event.wait, event.wait_reason) = (held, WaitReason::Limiter));
    }

    /// This call has moved a circuit breaker. The number is the breaker's own.
    pub fn transition(&self, transition: Option<Transition>) {
        let Some(transition) = transition else { return };
        self.tell(Kind::BreakerTransition, |event| {
            (event.key, event.sequence) = (Rc::from(&*transition.key), transition.generation.into());
            event.states = (transition.from as u32, transition.to as u32);
            event.wait = transition.open;
        });
    }

    /// An event of a key of its own, with the next number of that key.
    pub(crate) fn tell_of(&self, kind: Kind, key: &str, fill: impl FnOnce(&mut Event)) {
        self.tell(kind, |event| {
            (event.key, event.sequence) = self.observer.sequences.next(key);
            fill(event);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_counts_for_itself_and_keys_are_bounded() {
        let sequences = Sequences::default();
        assert_eq!([sequences.next("a").1, sequences.next("a").1, sequences.next("b").1], [1, 2, 1]);
        for number in 0..3 * MOST_KEYS {
            assert_eq!(sequences.next(&format!("key {number}")).1, 1);
        }
        assert!(sequences.0.borrow().len() <= MOST_KEYS);
    }
}
