//! The record of an attempt while it runs.

use super::Call;
use crate::error::{Error, Sent};
use crate::http::attempt::Attempt;
use crate::http::metrics::ExchangeMetrics;
use crate::resilience::stop::WaitReason;
use crate::runtime::clock::Instant;
use crate::status::HS_OK;
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

/// One attempt, as its exchanges see it.
pub struct Track {
    pub number: u32,
    pub hedge: u32,
    wait: Cell<(Duration, WaitReason)>,
    longest: Cell<Duration>,
    began: Cell<Option<Instant>>,
    resends: Cell<u32>,
    over: Cell<bool>,
    place: usize,
}

impl Track {
    /// A new attempt of a call, which has waited already.
    pub fn new(call: &Call, now: Instant, (number, hedge): (u32, u32), waited: Duration, why: WaitReason) -> Rc<Track> {
        let mut records = call.records.borrow_mut();
        let place = records.len();
        let started_ns = now.since(call.started).as_nanos() as u64;
        records.push(Attempt {
            number,
            hedge,
            status: HS_OK,
            http_status: 0,
            sent: Sent::No,
            internal_resends: 0,
            started_ns,
            duration_ns: 0,
            wait_ns: waited.as_nanos() as u64,
            wait_reason: why,
        });
        let (wait, longest) = (Cell::new((waited, why)), Cell::new(waited));
        let (began, resends, over) = (Cell::default(), Cell::new(0), Cell::new(false));
        Rc::new(Track { number, hedge, wait, longest, began, resends, over, place })
    }

    /// How long its exchanges have taken so far.
    pub fn ran(&self, now: Instant) -> Duration {
        self.began.get().map_or(Duration::ZERO, |began| now.since(began))
    }

    /// The attempt was held up before its first exchange.
    pub fn waited(&self, how_long: Duration, why: WaitReason) {
        if self.began.get().is_some() || how_long.is_zero() {
            return;
        }
        let (waited, known) = self.wait.get();
        let why = if how_long > self.longest.get() { why } else { known };
        self.longest.set(self.longest.get().max(how_long));
        self.wait.set((waited + how_long, why));
    }

    /// An exchange begins.
    pub fn exchange_begins(&self, now: Instant) {
        if self.began.get().is_none() {
            self.began.set(Some(now));
        }
    }

    pub fn exchange_ended(&self, metrics: &ExchangeMetrics) {
        self.resends.set(self.resends.get() + metrics.internal_resends);
    }

    /// The attempt is over, unless it was already: one that failed may still be the best of a race.
    pub fn ended(&self, call: &Call, now: Instant, outcome: Result<u16, &Error>, sent: Sent) {
        if !self.over.get() {
            self.note(call, now, outcome, sent);
            self.tell_end(call);
        }
    }

    /// It is over with what was noted last.
    pub fn tell_end(&self, call: &Call) {
        if !self.over.replace(true) {
            let record = call.records.borrow()[self.place];
            call.watch.attempt_ends(&record);
        }
    }

    /// What it has come to so far.
    pub fn note(&self, call: &Call, now: Instant, outcome: Result<u16, &Error>, sent: Sent) {
        let mut records = call.records.borrow_mut();
        let record = &mut records[self.place];
        match outcome {
            Ok(status) => (record.status, record.http_status) = (HS_OK, status),
            Err(error) => record.status = error.status(),
        }
        record.sent = sent;
        record.internal_resends = self.resends.get();
        let (waited, why) = self.wait.get();
        (record.wait_ns, record.wait_reason) = (waited.as_nanos() as u64, why);
        if let Some(began) = self.began.get() {
            record.started_ns = began.since(call.started).as_nanos() as u64;
        }
        record.duration_ns = now.since(call.started).as_nanos() as u64 - record.started_ns;
    }
}
