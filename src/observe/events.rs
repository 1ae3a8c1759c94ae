//! Events: what a worker tells a callback of. They are queued where they happen, which may be inside of libcurl, and
//! delivered when nothing is in the middle of something.

use super::traceparent::TraceId;
use crate::error::Sent;
use crate::http::metrics::{Endpoint, TlsVersion};
use crate::http::response::HttpVersion;
use crate::resilience::stop::{StopReason, WaitReason};
use crate::runtime::clock::Instant;
use crate::status::{HS_OK, HS_PHASE_NONE, hs_phase, hs_status};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

/// A bit of a mask each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Kind {
    CallStart = 1,
    Resolved = 1 << 1,
    Connected = 1 << 2,
    TlsDone = 1 << 3,
    Reused = 1 << 4,
    Sending = 1 << 5,
    Head = 1 << 6,
    Redirect = 1 << 7,
    Retry = 1 << 8,
    BodyEnd = 1 << 9,
    CallEnd = 1 << 10,
    AttemptStart = 1 << 11,
    AttemptEnd = 1 << 12,
    RetryAbandoned = 1 << 13,
    HedgeStarted = 1 << 14,
    HedgeWon = 1 << 15,
    HedgeLost = 1 << 16,
    HedgeSkipped = 1 << 17,
    BreakerTransition = 1 << 18,
    BreakerRejected = 1 << 19,
    LimiterWait = 1 << 20,
    LimiterRejected = 1 << 21,
    LimiterLearned = 1 << 22,
    BulkheadWait = 1 << 23,
    BulkheadRejected = 1 << 24,
    BudgetExhausted = 1 << 25,
    DeadlineExceeded = 1 << 26,
    ResendBlocked = 1 << 27,
}

pub(crate) const ALL_KINDS: u32 = (1 << 28) - 1;

#[derive(Clone, Debug)]
pub struct Event {
    pub kind: Kind,
    pub time: Instant,
    pub call: u64,
    /// Of a pool's request.
    pub tag: u64,
    pub elapsed_ns: u64,
    pub attempt: u32,
    pub hop: u32,
    pub status: hs_status,
    pub phase: hs_phase,
    pub http_status: u16,
    pub http_version: HttpVersion,
    pub tls: TlsVersion,
    pub connection_id: u64,
    pub request_bytes: u64,
    pub response_bytes: u64,
    pub peer: Option<Endpoint>,
    pub method: Rc<str>,
    /// Without secrets.
    pub url: Rc<str>,
    /// Without secrets.
    pub message: String,
    pub trace: Option<TraceId>,
    /// 0 for the attempt itself, else which of its hedges.
    pub hedge: u32,
    /// What a policy goes by: an origin, or the caller's own key.
    pub key: Rc<str>,
    /// Which of the events of that key.
    pub sequence: u64,
    pub wait: Duration,
    pub wait_reason: WaitReason,
    pub stop: StopReason,
    pub sent: Sent,
    /// The states of a breaker, before and after, by their numbers.
    pub states: (u32, u32),
}

impl Event {
    pub fn new(kind: Kind, time: Instant, call: u64) -> Event {
        let nothing: Rc<str> = Rc::from("");
        Event {
            kind,
            time,
            call,
            tag: 0,
            elapsed_ns: 0,
            attempt: 0,
            hop: 0,
            status: HS_OK,
            phase: HS_PHASE_NONE,
            http_status: 0,
            http_version: HttpVersion::Unknown,
            tls: TlsVersion::None,
            connection_id: 0,
            request_bytes: 0,
            response_bytes: 0,
            peer: None,
            method: nothing.clone(),
            url: nothing,
            message: String::new(),
            trace: None,
            hedge: 0,
            key: Rc::from(""),
            sequence: 0,
            wait: Duration::ZERO,
            wait_reason: WaitReason::None,
            stop: StopReason::Ok,
            sent: Sent::No,
            states: (0, 0),
        }
    }
}

/// Who listens, and what has not been told yet.
pub struct Events {
    mask: u32,
    listener: Box<dyn Fn(&Event)>,
    queue: RefCell<VecDeque<Event>>,
    delivering: Cell<bool>,
}

impl Events {
    pub fn new(mask: u32, listener: impl Fn(&Event) + 'static) -> Events {
        Events { mask, listener: Box::new(listener), queue: RefCell::default(), delivering: Cell::new(false) }
    }

    pub fn wants(&self, kind: Kind) -> bool {
        self.mask & kind as u32 != 0
    }

    pub fn queue(&self, event: Event) {
        self.queue.borrow_mut().push_back(event);
    }

    /// Tells what is queued, in its order. Nothing is borrowed while the listener runs.
    pub fn deliver(&self) {
        if self.delivering.replace(true) {
            return;
        }
        loop {
            let next = self.queue.borrow_mut().pop_front();
            let Some(event) = next else { break };
            (self.listener)(&event);
        }
        self.delivering.set(false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_in_order_also_those_that_a_listener_causes() {
        let (told, events) = (Rc::new(RefCell::new(Vec::new())), Rc::new(std::cell::OnceCell::<Rc<Events>>::new()));
        let (log, within) = (told.clone(), events.clone());
        let made = Rc::new(Events::new(Kind::Head as u32, move |event| {
            log.borrow_mut().push(event.call);
            if event.call == 1 {
                let events = within.get().unwrap();
                events.queue(Event::new(Kind::Head, Instant(0), 3));
                events.deliver();
                log.borrow_mut().push(100);
            }
        }));
        let _ = events.set(made.clone());
        assert!(made.wants(Kind::Head) && !made.wants(Kind::Sending));
        made.queue(Event::new(Kind::Head, Instant(0), 1));
        made.queue(Event::new(Kind::Head, Instant(0), 2));
        assert!(told.borrow().is_empty());
        made.deliver();
        assert_eq!(*told.borrow(), [1, 100, 2, 3]);
    }
}
