//! What is told of one call while it runs. It is there only where somebody listens.

use super::events::{Event, Events, Kind};
use super::redact::{Redactor, Secrets};
use super::trace::{Trace, Voice};
use super::traceparent::TraceId;
use crate::http::metrics::{Endpoint, TlsVersion};
use crate::http::request::Request;
use crate::runtime::clock::Instant;
use crate::runtime::timers::Timers;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

pub struct Listener {
    pub(super) events: Option<Rc<Events>>,
    pub(super) redactor: Arc<Redactor>,
    pub(super) timers: Rc<Timers>,
    pub(super) call: u64,
    pub(super) tag: u64,
    pub(super) started: Instant,
    pub(super) trace_id: Option<TraceId>,
    pub(super) trace: Option<RefCell<Trace>>,
    pub(super) place: RefCell<Place>,
}

/// Where a call is: in which exchange.
#[derive(Clone)]
pub(super) struct Place {
    pub attempt: u32,
    pub hop: u32,
    pub method: Rc<str>,
    pub url: Rc<str>,
    pub began: Instant,
}

/// The connection that a request is about to be put on, with how long after the beginning of the exchange each step was
/// done that was needed for it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Connection {
    pub id: u64,
    pub reused: bool,
    pub peer: Option<Endpoint>,
    pub tls: TlsVersion,
    pub resolved: Option<Duration>,
    pub connected: Option<Duration>,
    pub tls_done: Option<Duration>,
}

impl Listener {
    pub fn wants_trace(&self) -> bool {
        self.trace.is_some()
    }

    /// A new exchange begins.
    pub(super) fn turn_to(&self, attempt: u32, hop: u32, request: &Request) {
        *self.place.borrow_mut() = Place {
            attempt,
            hop,
            method: request.method.as_str().into(),
            url: self.redactor.known_url(request.url.as_str()).into(),
            began: self.timers.now(),
        };
        if let Some(trace) = &self.trace {
            trace.borrow_mut().set_secrets(Secrets::of(&request.headers));
            let place = self.place.borrow();
            self.say(&format!("{} {} (attempt {attempt}, hop {hop})", place.method, place.url));
        }
    }

    /// The request is about to be put on a connection; or could not be, as far as it came.
    pub fn connection(&self, connection: &Connection, sending: bool) {
        let began = self.place.borrow().began;
        let steps = [
            (Kind::Resolved, connection.resolved),
            (Kind::Connected, connection.connected),
            (Kind::TlsDone, connection.tls_done),
        ];
        let fill = |event: &mut Event| {
            (event.connection_id, event.peer, event.tls) = (connection.id, connection.peer, connection.tls);
        };
        for (kind, after) in steps {
            if let Some(after) = after {
                let time = began.saturating_add(after).min(self.timers.now());
                self.event_at(kind, time, fill);
            }
        }
        if sending {
            if connection.reused {
                self.event(Kind::Reused, fill);
            }
            self.event(Kind::Sending, fill);
        }
    }

    pub(super) fn event(&self, kind: Kind, fill: impl FnOnce(&mut Event)) {
        self.event_at(kind, self.timers.now(), fill);
    }

    fn event_at(&self, kind: Kind, time: Instant, fill: impl FnOnce(&mut Event)) {
        let Some(events) = self.events.as_ref().filter(|events| events.wants(kind)) else { return };
        let place = self.place.borrow().clone();
        let mut event = Event::new(kind, time, self.call);
        event.tag = self.tag;
        event.elapsed_ns = time.since(self.started).as_nanos() as u64;
        (event.attempt, event.hop, event.trace) = (place.attempt, place.hop, self.trace_id);
        (event.method, event.url) = (place.method, place.url);
        fill(&mut event);
        events.queue(event);
    }

    /// A line of the library's own in the trace.
    pub(super) fn say(&self, words: &str) {
        self.traced(|trace, elapsed| trace.say(elapsed, Voice::Own, words.as_bytes()));
    }

    /// What libcurl says.
    pub fn engine_says(&self, words: &[u8]) {
        self.traced(|trace, elapsed| trace.say(elapsed, Voice::Engine, words));
    }

    /// Bytes of a head on the wire.
    pub fn head_bytes(&self, received: bool, bytes: &[u8]) {
        let voice = if received { Voice::Received } else { Voice::Sent };
        self.traced(|trace, elapsed| trace.head(elapsed, voice, bytes));
    }

    fn traced(&self, tell: impl FnOnce(&mut Trace, u64)) {
        if let Some(trace) = &self.trace {
            tell(&mut trace.borrow_mut(), self.timers.now().since(self.started).as_nanos() as u64);
        }
    }
}
