//! Watches over one call from its beginning to its end, which comes once, also where nobody waits for it any more.

use super::Observer;
use super::events::{Event, Kind};
use super::listener::{Listener, Place};
use super::redact::Secrets;
use super::trace::Trace;
use super::traceparent::{Context, TraceId};
use crate::call::Submitted;
use crate::error::Error;
use crate::http::metrics::ExchangeMetrics;
use crate::http::request::Request;
use crate::http::response::Head;
use crate::runtime::clock::Instant;
use crate::runtime::timers::Timers;
use crate::status::HS_ERR_CANCELLED;
use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::rc::Rc;

pub struct Watch {
    pub(super) observer: Rc<Observer>,
    timers: Rc<Timers>,
    started: Instant,
    context: Option<Context>,
    pub(super) listener: Option<Rc<Listener>>,
    ended: Cell<bool>,
    redirects: Cell<u32>,
    http_status: Cell<u16>,
    /// Sent and received by the exchanges that are over.
    bytes: Cell<(u64, u64)>,
}

impl Watch {
    /// A call begins; `traced` where its trace is wanted.
    pub fn new(
        observer: Rc<Observer>,
        timers: Rc<Timers>,
        request: &Request,
        traced: bool,
        submitted: Option<Submitted>,
    ) -> Watch {
        let started = submitted.map_or_else(|| timers.now(), |submitted| submitted.at);
        let number = observer.count();
        let context = Context::of(observer.context, request, random);
        let listener = (traced || observer.events.is_some()).then(|| {
            let secrets = Secrets::of(&request.headers);
            Rc::new(Listener {
                events: observer.events.clone(),
                redactor: observer.redactor.clone(),
                timers: timers.clone(),
                call: number,
                tag: submitted.map_or(0, |submitted| submitted.tag),
                started,
                trace_id: context.map(|context| context.id),
                trace: traced.then(|| RefCell::new(Trace::new(observer.redactor.clone(), secrets))),
                place: RefCell::new(Place {
                    attempt: 0,
                    hop: 0,
                    method: request.method.as_str().into(),
                    url: observer.redactor.known_url(request.url.as_str()).into(),
                    began: started,
                }),
            })
        });
        observer.counters.call_started();
        let watch = Watch {
            observer,
            timers,
            started,
            context,
            listener,
            ended: Cell::new(false),
            redirects: Cell::new(0),
            http_status: Cell::new(0),
            bytes: Cell::default(),
        };
        watch.tell(Kind::CallStart, |_| ());
        watch
    }

    pub fn trace_id(&self) -> Option<TraceId> {
        self.context.map(|context| context.id)
    }

    /// The trace so far; empty where none was asked for.
    pub fn trace(&self) -> String {
        let trace = self.listener.as_ref().and_then(|listener| listener.trace.as_ref());
        trace.map_or_else(String::new, |trace| trace.borrow().text().to_owned())
    }

    /// An exchange is about to begin: who listens to it, and the header that names it in its trace.
    pub fn exchange_begins(&self, attempt: u32, request: &Request) -> (Option<Rc<Listener>>, Option<String>) {
        if let Some(listener) = &self.listener {
            listener.turn_to(attempt, self.redirects.get(), request);
        }
        (self.listener.clone(), self.context.and_then(|context| context.header(|| random() as u64)))
    }

    pub fn head(&self, head: &Head) {
        self.http_status.set(head.status);
        self.tell(Kind::Head, |event| {
            (event.http_status, event.http_version) = (head.status, head.version);
        });
    }

    /// A redirect is followed.
    pub fn redirect(&self, status: u16, to: &Request) {
        self.observer.counters.redirects.add(1);
        self.tell(Kind::Redirect, |event| {
            event.http_status = status;
            event.message = self.observer.redactor.known_url(to.url.as_str());
        });
        if let Some(listener) = &self.listener {
            listener.say(&format!("redirect {status}"));
        }
        self.redirects.update(|hops| hops + 1);
    }

    /// The body has come whole.
    pub fn body_ended(&self, metrics: &ExchangeMetrics) {
        self.tell(Kind::BodyEnd, |event| {
            (event.connection_id, event.peer, event.tls) = (metrics.connection_id, metrics.peer, metrics.tls);
            (event.request_bytes, event.response_bytes) = bytes(metrics);
        });
    }

    /// An exchange is over, however that came.
    pub fn exchange_ended(&self, metrics: &ExchangeMetrics) {
        self.observer.counters.exchange_ended(metrics);
        let ((sent, received), (more_sent, more_received)) = (self.bytes.get(), bytes(metrics));
        self.bytes.set((sent + more_sent, received + more_received));
    }

    /// The call is over, for better or worse; only the first time counts. What is told of it is told before this
    /// returns.
    pub fn ended(&self, outcome: Result<(), &Error>) {
        self.end(outcome);
        self.observer.deliver();
    }

    fn end(&self, outcome: Result<(), &Error>) {
        if self.ended.replace(true) {
            return;
        }
        let elapsed_ns = self.timers.now().since(self.started).as_nanos() as u64;
        let status = self.http_status.get();
        let counted = outcome.map(|()| status).map_err(|error| error.details().phase);
        self.observer.counters.call_ended(counted, elapsed_ns);
        let Some(listener) = &self.listener else { return };
        match outcome {
            Ok(()) => listener.say("the call has succeeded"),
            Err(error) => listener.say(&format!("the call has failed: {error}")),
        }
        listener.event(Kind::CallEnd, |event| {
            event.http_status = status;
            (event.request_bytes, event.response_bytes) = self.bytes.get();
            if let Err(error) = outcome {
                (event.status, event.phase) = (error.status(), error.details().phase);
                event.message = self.redacted(&error.details().message);
            }
        });
    }

    /// Takes secrets out of the text of an error.
    pub fn redact(&self, error: &mut Error) {
        let message = &mut error.details_mut().message;
        if let Cow::Owned(shown) = self.observer.redactor.text(message) {
            *message = shown;
        }
    }

    pub(super) fn redacted(&self, text: &str) -> String {
        self.observer.redactor.text(text).into_owned()
    }

    pub(super) fn tell(&self, kind: Kind, fill: impl FnOnce(&mut Event)) {
        if let Some(listener) = &self.listener {
            listener.event(kind, fill);
            self.observer.deliver();
        }
    }
}

impl Drop for Watch {
    /// A call that was given up. Nobody is called back from here: it may be any moment.
    fn drop(&mut self) {
        if !self.ended.get() {
            self.end(Err(&Error::plain(HS_ERR_CANCELLED)));
        }
    }
}

fn bytes(metrics: &ExchangeMetrics) -> (u64, u64) {
    let sent = metrics.request_header_bytes + metrics.request_body_bytes;
    (sent, metrics.response_header_bytes + metrics.response_body_bytes)
}

/// Random enough that nobody else has the same.
fn random() -> u128 {
    let mut bytes = [0; 16];
    match getrandom::fill(&mut bytes) {
        Ok(()) => u128::from_ne_bytes(bytes),
        Err(_) => u128::from(RandomState::new().build_hasher().finish()),
    }
}
