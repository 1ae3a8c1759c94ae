//! The policy loop: attempts until one is good enough, or no other is worth it. Each is one run of the hop loop; what
//! decides between them is `resilience::retry::course`.

use super::admission::Gates;
use super::record::Track;
use super::stops::Stop;
use super::{Call, Incoming, hedge};
use crate::error::{Error, Sent};
use crate::http::request::Request;
use crate::http::response::Response;
use crate::resilience::hints;
use crate::resilience::retry::course::{Course, Facts, Next};
use crate::resilience::retry::verdict::{self, Class, Ending, Outcome, Verdict};
use crate::resilience::stop::{StopReason, WaitReason};
use crate::runtime::clock::Instant;
use crate::status::*;
use std::future::pending;
use std::rc::Rc;
use std::time::Duration;

/// How long is waited for what is left of a response that is not returned, so that its connection can be used again.
const DRAINING: Duration = Duration::from_millis(250);

/// What is done with the response that is returned.
pub trait Finish {
    type Output;
    async fn finish(&mut self, response: Response, incoming: Incoming) -> Result<Self::Output, Error>;
    /// The caller has had bytes, which nobody can take back: there is no other attempt.
    fn is_committed(&self) -> bool;
}

struct Retries<'a> {
    call: &'a Rc<Call>,
    request: &'a Rc<Request>,
    course: Course,
    /// The most that any attempt may have done.
    sent: Sent,
}

pub async fn run<F: Finish>(call: &Rc<Call>, request: &Rc<Request>, mut finish: F) -> Result<F::Output, Error> {
    let course = Course::new(call.policies().retry, call.stops.deadline());
    let mut retries = Retries { call, request, course, sent: Sent::No };
    let result = retries.attempts(&mut finish).await;
    result.map_err(|error| retries.of_all_attempts(error))
}

impl Retries<'_> {
    async fn attempts<F: Finish>(&mut self, finish: &mut F) -> Result<F::Output, Error> {
        let (call, origin) = (self.call, self.request.url.origin());
        call.stops.check().inspect_err(|error| self.stops(reason_of(error)))?;
        let mut now = call.now();
        let gates = call.gates(&self.request.url, now);
        gates.account.original(now);
        let (mut waited, mut why) = (Duration::ZERO, WaitReason::None);
        loop {
            if let Err(reason) = self.course.begin(now)
                && self.course.attempts() > 0
            {
                self.stops(reason);
                return Err(out_of_time());
            }
            let number = call.next_attempt();
            let track = Track::new(call, now, (number, 0), waited, why);
            call.watch.attempt_starts(number, waited, why);
            let (track, head) = hedge::head(call, self.request, track, now).await;
            let mut ended = call.now();
            let error = match head {
                Ok((response, incoming)) => {
                    let status = response.head.status;
                    let (outcome, verdict) = self.of_response(track.ran(ended), &response, &incoming);
                    self.sent = self.sent.max(outcome.sent);
                    match self.next(&outcome, verdict, finish.is_committed(), &gates, ended) {
                        Next::Wait(wait, reason) => {
                            track.ended(call, ended, Ok(status), outcome.sent);
                            call.watch.retry(origin, Ok(status), wait, reason);
                            incoming.discard(&response.head, DRAINING.min(wait)).await;
                            now = self.rest(ended.saturating_add(wait)).await?;
                            (waited, why) = (wait, reason);
                            continue;
                        }
                        Next::Stop(_) | Next::Replay => match finish.finish(response, incoming).await {
                            Ok(output) => {
                                track.ended(call, call.now(), Ok(status), outcome.sent);
                                return Ok(output);
                            }
                            Err(error) => {
                                ended = call.now();
                                error
                            }
                        },
                    }
                }
                Err(error) => error,
            };
            let (outcome, verdict) = self.of_error(track.ran(ended), &error);
            self.sent = self.sent.max(outcome.sent);
            track.ended(call, ended, Err(&error), outcome.sent);
            match self.next(&outcome, verdict, finish.is_committed(), &gates, ended) {
                Next::Wait(wait, reason) => {
                    call.watch.retry(origin, Err(&error), wait, reason);
                    now = self.rest(ended.saturating_add(wait)).await?;
                    (waited, why) = (wait, reason);
                }
                Next::Stop(_) | Next::Replay => return Err(error),
            }
        }
    }

    /// What one attempt may have done is not undone by the next.
    fn of_all_attempts(&self, mut error: Error) -> Error {
        let details = error.details_mut();
        details.sent = details.sent.max(self.sent);
        error
    }

    fn of_response(&self, ran: Duration, response: &Response, incoming: &Incoming) -> (Outcome, Verdict) {
        let options = self.course.options();
        let outcome = Outcome {
            ending: Ending::Answer(response.head.status),
            sent: Sent::Yes,
            sent_a_key: self.request.has_key(),
            ran,
            // Of what is good enough it says something else.
            retry_after: (response.head.status >= 400)
                .then(|| hints::retry_after(&response.head.headers, self.call.wall()))
                .flatten(),
        };
        let mut verdict = verdict::decide(&outcome, options);
        let mut sent = verdict::sent_class(&outcome, options);
        if incoming.request().method != self.request.method {
            // What was asked for was carried out by an earlier hop.
            sent = Sent::Yes;
            if verdict.class == Class::RetryAnyMethod {
                verdict.class = Class::RetryIfReplaySafe;
            }
        }
        if verdict.transparent {
            // It was asked again already, on a connection of its own.
            (verdict.class, verdict.transparent) = (Class::Final, false);
        }
        (Outcome { sent, ..outcome }, verdict)
    }

    fn of_error(&self, ran: Duration, error: &Error) -> (Outcome, Verdict) {
        let details = error.details();
        let outcome = Outcome {
            ending: Ending::Failure(details.status),
            sent: details.sent,
            sent_a_key: self.request.has_key(),
            ran,
            retry_after: details.retry_after,
        };
        let verdict = verdict::decide(&outcome, self.course.options());
        (outcome, verdict)
    }

    /// Whether another attempt is worth it, and when. Whatever speaks against it is found out before the wait.
    fn next(&mut self, outcome: &Outcome, verdict: Verdict, committed: bool, gates: &Gates, now: Instant) -> Next {
        let call = self.call;
        let facts = Facts {
            replay_safe: self.request.is_idempotent(),
            body_is_there: self.request.body.is_replayable(),
            committed,
        };
        if verdict.class != Class::Final {
            self.course.is_shut_for(gates.shut_for(now));
        }
        let withdraw = || gates.account.withdraw(now);
        let next = self.course.follow(outcome, verdict, facts, now, &*call.policies().chance, withdraw);
        if let Next::Stop(reason) = next {
            self.stops(reason);
            if verdict.class != Class::Final {
                call.retry_after.set(outcome.retry_after);
            }
        }
        next
    }

    fn stops(&self, reason: StopReason) {
        self.call.stop.set(reason);
        let decided = !matches!(reason, StopReason::Ok | StopReason::Terminal | StopReason::Cancelled);
        if decided {
            self.call.watch.retry_abandoned(self.request.url.origin(), reason);
        }
    }

    /// Waits between two attempts, holding nothing.
    async fn rest(&self, until: Instant) -> Result<Instant, Error> {
        match self.call.stops.guard(Some(until), pending::<()>()).await {
            Err(Stop::Limit) | Ok(()) => Ok(self.call.now()),
            Err(Stop::Deadline | Stop::DeadEnd) => {
                self.stops(StopReason::Deadline);
                Err(out_of_time())
            }
            Err(Stop::Cancelled) => {
                self.stops(StopReason::Cancelled);
                Err(Error::new(HS_ERR_CANCELLED, "cancelled while waiting for the next attempt"))
            }
        }
    }
}

/// Why a body that the caller takes himself is not begun anew.
pub fn reason_for_stream(call: &Call, error: &Error) -> StopReason {
    let details = error.details();
    let (ending, sent, ran) = (Ending::Failure(details.status), details.sent, Duration::ZERO);
    let outcome = Outcome { ending, sent, sent_a_key: false, ran, retry_after: None };
    match verdict::decide(&outcome, &call.policies().retry).class {
        _ if matches!(details.status, HS_ERR_CANCELLED | HS_ERR_TIMEOUT) => reason_of(error),
        Class::Never => StopReason::Terminal,
        _ => StopReason::Committed,
    }
}

fn reason_of(error: &Error) -> StopReason {
    if error.status() == HS_ERR_CANCELLED { StopReason::Cancelled } else { StopReason::Deadline }
}

fn out_of_time() -> Error {
    let mut error = Error::new(HS_ERR_TIMEOUT, "timeout of the whole call while waiting for the next attempt");
    error.details_mut().phase = HS_PHASE_POLICY;
    error
}
