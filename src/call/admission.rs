//! What an exchange needs before it begins: the breaker's leave to ask, tokens, a place, and the breaker's permit; and
//! what it tells them at its end. The breaker is asked first and last: a request that it refuses costs no token, and
//! one that waits keeps no permit from others.

use super::Call;
use super::policies::Policies;
use super::record::Track;
use super::stops::Stop;
use crate::error::{Error, Sent};
use crate::http::request::Request;
use crate::http::response::Head;
use crate::http::url::Url;
use crate::observe::Refusal;
use crate::resilience::breaker::{Circuit, Outcome, Permit, Refused as Shut};
use crate::resilience::bulkhead::{Refused as Full, Slot, Slots};
use crate::resilience::limiter::{self, Bucket, Reason, Refused as Limited, Ticket};
use crate::resilience::retry::budget::Account;
use crate::resilience::retry::verdict::{self, Effect, Ending};
use crate::resilience::stop::WaitReason;
use crate::runtime::clock::Instant;
use crate::status::*;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// How the first exchange of an attempt is admitted; those that follow it wait.
pub enum Admit {
    Waiting,
    /// It was already.
    Given(Admission),
}

/// The leave to send one request.
#[derive(Default)]
pub struct Admission {
    permit: Option<Permit>,
    ticket: Option<Ticket>,
    slot: Option<Slot>,
    began: Option<Instant>,
    /// What the breaker is told if nothing worse comes after the head.
    pending: Option<Outcome>,
}

/// Whom a request to some origin must ask.
pub struct Gates {
    pub account: Arc<Account>,
    circuit: Option<Circuit>,
    buckets: Vec<(Bucket, u32)>,
    slots: Option<Slots>,
}

/// The gates of the origin that was asked last: usually it is asked again.
#[derive(Default)]
pub struct LastGates(RefCell<Option<Kept>>);

struct Kept {
    policies: Arc<Policies>,
    origin: Box<str>,
    gates: Rc<Gates>,
}

impl LastGates {
    pub fn of(&self, policies: &Arc<Policies>, url: &Url, now: Instant) -> Rc<Gates> {
        let mut last = self.0.borrow_mut();
        if let Some(kept) = &*last
            && Arc::ptr_eq(&kept.policies, policies)
            && *kept.origin == *url.origin()
            && kept.gates.buckets.iter().all(|(bucket, _)| !bucket.is_retired())
        {
            return kept.gates.clone();
        }
        let gates = Rc::new(Gates::of(policies, url, now));
        *last = Some(Kept { policies: policies.clone(), origin: url.origin().into(), gates: gates.clone() });
        gates
    }
}

impl Gates {
    /// For how long the breaker keeps the origin shut: zero where it does not.
    pub fn shut_for(&self, now: Instant) -> Duration {
        let shut = self.circuit.as_ref().and_then(|circuit| circuit.peek(now).err());
        shut.map_or(Duration::ZERO, |shut| shut.retry_after.unwrap_or(Duration::MAX))
    }

    fn of(policies: &Policies, url: &Url, now: Instant) -> Gates {
        Gates {
            account: policies.budget.account(url.origin()),
            circuit: circuit(policies, url, now),
            buckets: policies
                .buckets
                .iter()
                .map(|wanted| (wanted.limiter.bucket(key(&wanted.key, url)), wanted.cost))
                .collect(),
            slots: policies.bulkhead.as_ref().map(|bulkhead| bulkhead.slots(key(&policies.bulkhead_key, url))),
        }
    }
}

impl Admission {
    /// Waits for leave.
    pub async fn wait(call: &Rc<Call>, request: &Request, track: &Track) -> Result<Admission, Error> {
        let policies = call.policies();
        if policies.admit_all() {
            return Ok(Admission::default());
        }
        let mut now = call.now();
        let gates = call.gates(&request.url, now);
        if let Some(circuit) = &gates.circuit {
            circuit.peek(now).map_err(|shut| breaker_refused(call, circuit, shut))?;
        }
        let mut admission = Admission::default();
        if !admission.take_at_once(&gates, now) {
            if let Err(error) = admission.take(call, &gates, track).await {
                admission.give_back();
                return Err(error);
            }
            now = call.now();
        }
        if let Err(shut) = admission.permitted(call, gates.circuit.as_ref(), now) {
            admission.give_back();
            let refused = gates.circuit.as_ref().map(|circuit| breaker_refused(call, circuit, shut));
            return Err(refused.unwrap_or_else(|| Error::plain(HS_ERR_BREAKER_OPEN)));
        }
        Ok(admission)
    }

    /// The usual case, in which nothing has to be waited for and time need not be asked for again. `take` does what this has
    /// left undone.
    fn take_at_once(&mut self, gates: &Gates, now: Instant) -> bool {
        if !gates.buckets.is_empty() {
            self.ticket = limiter::pass_at(&gates.buckets, now);
            if self.ticket.is_none() {
                return false;
            }
        }
        if let Some(slots) = &gates.slots {
            self.slot = slots.try_acquire();
            return self.slot.is_some();
        }
        true
    }

    /// Tokens and a place, as they come.
    async fn take(&mut self, call: &Call, gates: &Gates, track: &Track) -> Result<(), Error> {
        let deadline = call.stops.deadline();
        if let [(first, _), ..] = &gates.buckets[..]
            && self.ticket.is_none()
        {
            let wait = limiter::acquire(&gates.buckets, call.timers(), deadline);
            let ticket = match call.stops.guard(None, wait).await {
                Ok(ticket) => ticket.map_err(|refused| limiter_refused(call, refused))?,
                Err(stop) => return Err(held_up(stop, "the rate limiter")),
            };
            if !ticket.waited.is_zero() {
                track.waited(ticket.waited, WaitReason::Limiter);
                call.watch().waited(first.key(), WaitReason::Limiter, ticket.waited);
            }
            self.ticket = Some(ticket);
        }
        if let Some(slots) = &gates.slots {
            let from = call.now();
            let slot = match call.stops.guard(None, slots.acquire(call.timers(), deadline)).await {
                Ok(slot) => slot.map_err(|refused| bulkhead_refused(call, slots, refused))?,
                Err(stop) => return Err(held_up(stop, "the bulkhead")),
            };
            let waited = call.now().since(from);
            if !waited.is_zero() {
                track.waited(waited, WaitReason::Bulkhead);
                call.watch().waited(slots.key(), WaitReason::Bulkhead, waited);
            }
            self.slot = Some(slot);
        }
        Ok(())
    }

    /// The last step, which is one with the decision.
    fn permitted(&mut self, call: &Call, circuit: Option<&Circuit>, now: Instant) -> Result<(), Shut> {
        self.began = Some(now);
        if let Some(circuit) = circuit {
            let patience = call.limits().attempt_timeout.unwrap_or_default();
            let (permit, transition) = circuit.acquire_for(now, patience);
            call.watch().transition(transition);
            self.permit = Some(permit?);
        }
        Ok(())
    }

    /// Leave at once, or what speaks against it.
    pub fn now(call: &Call, request: &Request) -> Result<Admission, &'static str> {
        let policies = call.policies();
        if policies.admit_all() {
            return Ok(Admission::default());
        }
        let now = call.now();
        let gates = call.gates(&request.url, now);
        if gates.circuit.as_ref().is_some_and(|circuit| !circuit.is_closed(now)) {
            return Err("breaker");
        }
        let mut admission = Admission::default();
        if !gates.buckets.is_empty() {
            admission.ticket = Some(limiter::try_acquire(&gates.buckets).map_err(|_| "limiter")?);
        }
        if let Some(slots) = &gates.slots {
            admission.slot = slots.try_acquire();
            if admission.slot.is_none() {
                admission.give_back();
                return Err("bulkhead");
            }
        }
        if admission.permitted(call, gates.circuit.as_ref(), now).is_err() {
            admission.give_back();
            return Err("breaker");
        }
        Ok(admission)
    }

    /// Nothing was sent.
    pub fn give_back(mut self) {
        if let Some(ticket) = self.ticket.take() {
            ticket.refund();
        }
    }

    /// When it was given, where somebody looked at the time.
    pub fn began(&self) -> Option<Instant> {
        self.began
    }

    /// When it counts as slow, where that has not been said yet.
    pub fn slow_at(&self) -> Option<Instant> {
        self.permit.as_ref().and_then(Permit::slow_at)
    }

    pub fn is_slow(&mut self, call: &Call) {
        if let Some(permit) = &mut self.permit {
            let transition = permit.mark_slow(call.now());
            call.watch().transition(transition);
        }
    }

    /// The head has come. What a streaming caller does with the body is not the server's affair.
    pub fn head(&mut self, call: &Call, request: &Request, head: &Head) {
        if self.permit.is_none() && self.ticket.is_none() {
            return;
        }
        let now = call.now();
        self.learn(call, head, now);
        if self.permit.is_none() {
            return;
        }
        match self.outcome(call, request, Ending::Answer(head.status), Sent::Yes, now) {
            Outcome::Success if !call.limits().streams => self.pending = Some(Outcome::Success),
            outcome => self.record(call, outcome, now),
        }
    }

    /// The body has come whole, and the place is free.
    pub fn ended(&mut self, call: &Call) {
        if let Some(outcome) = self.pending.take() {
            self.record(call, outcome, call.now());
        }
        self.slot = None;
    }

    /// It has failed, and not because of the server.
    pub fn excused(&mut self, call: &Call) {
        self.pending = None;
        self.record(call, Outcome::Neutral, call.now());
    }

    pub fn failed(&mut self, call: &Call, request: &Request, error: &Error) {
        self.pending = None;
        if self.permit.is_some() {
            let now = call.now();
            let outcome = self.outcome(call, request, Ending::Failure(error.status()), error.details().sent, now);
            self.record(call, outcome, now);
        }
    }

    fn outcome(&self, call: &Call, request: &Request, ending: Ending, sent: Sent, now: Instant) -> Outcome {
        let ran = self.began.map_or(Duration::ZERO, |began| now.since(began));
        let outcome = verdict::Outcome { ending, sent, sent_a_key: request.has_key(), ran, retry_after: None };
        match verdict::decide(&outcome, &call.policies().retry).effect {
            Effect::Success => Outcome::Success,
            Effect::Failure => Outcome::Failure,
            Effect::Neutral => Outcome::Neutral,
        }
    }

    fn record(&mut self, call: &Call, outcome: Outcome, now: Instant) {
        if let Some(permit) = self.permit.take() {
            let transition = permit.record(now, outcome);
            call.watch().transition(transition);
        }
    }

    /// What the response says of the server's own limits.
    fn learn(&self, call: &Call, head: &Head, now: Instant) {
        let Some(ticket) = &self.ticket else { return };
        let throttle = call.policies().retry.backoff.throttle_base;
        for (bucket, admission) in ticket.admissions() {
            if !bucket.hears(head.status, &head.headers) {
                continue;
            }
            let hints = bucket.hints(&head.headers, call.wall());
            let lesson = bucket.learn(now, Some(admission.number), head.status, &hints, throttle);
            if let Some(lesson) = lesson.filter(|lesson| lesson.is_news) {
                let held = lesson.hold_until.map_or(Duration::ZERO, |until| until.since(now));
                call.watch().learned(bucket.key(), held);
            }
        }
    }
}

/// Where the breaker's table is full the origin has none.
fn circuit(policies: &Policies, url: &Url, now: Instant) -> Option<Circuit> {
    policies.breaker.as_ref()?.circuit(key(&policies.breaker_key, url), now).ok()
}

fn key<'a>(own: &'a Option<Arc<str>>, url: &'a Url) -> &'a str {
    own.as_deref().unwrap_or_else(|| url.origin())
}

fn breaker_refused(call: &Call, circuit: &Circuit, shut: Shut) -> Error {
    let mut error = Error::plain(HS_ERR_BREAKER_OPEN);
    let details = error.details_mut();
    details.retry_after = shut.retry_after;
    details.message = match shut.retry_after {
        Some(left) => format!("{} for \"{}\"; try again in {} ms", details.message, circuit.key(), left.as_millis()),
        None => format!("{} for \"{}\"", details.message, circuit.key()),
    };
    call.watch().refused(circuit.key(), Refusal::Breaker, shut.retry_after, &error);
    error
}

fn limiter_refused(call: &Call, refused: Limited) -> Error {
    let status = if refused.reason == Reason::NeverFits { HS_ERR_RATE_NEVER_FITS } else { HS_ERR_RATE_LIMITED };
    let mut error = Error::plain(status);
    let why = match refused.reason {
        Reason::NeverFits => String::new(),
        Reason::QueueFull => "; too many are waiting".to_owned(),
        Reason::TooLate | Reason::NotNow => format!("; it would be in {} ms", refused.wait.as_millis()),
    };
    let details = error.details_mut();
    details.message = format!("{} for \"{}\"{why}", details.message, refused.key);
    details.retry_after = (refused.reason != Reason::NeverFits).then_some(refused.wait);
    call.watch().refused(&refused.key, Refusal::Limiter, details.retry_after, &error);
    error
}

fn bulkhead_refused(call: &Call, slots: &Slots, refused: Full) -> Error {
    let error = match refused {
        Full::Full => {
            let mut error = Error::plain(HS_ERR_BULKHEAD_FULL);
            let details = error.details_mut();
            details.message = format!("{} for \"{}\": too many are waiting", details.message, slots.key());
            error
        }
        Full::TooLate => return held_up(Stop::Deadline, "the bulkhead"),
    };
    call.watch().refused(slots.key(), Refusal::Bulkhead, None, &error);
    error
}

fn held_up(stop: Stop, by: &str) -> Error {
    let (status, phase) = match stop {
        Stop::Cancelled => (HS_ERR_CANCELLED, HS_PHASE_CANCEL),
        Stop::DeadEnd => (HS_ERR_MOCK, HS_PHASE_POLICY),
        Stop::Deadline | Stop::Limit => (HS_ERR_TIMEOUT, HS_PHASE_QUEUE),
    };
    let mut error = Error::plain(status);
    error.details_mut().message = format!("{error} while waiting for {by}");
    error.details_mut().phase = phase;
    error
}
