//! One exchange under its time limits: to the end of the head, then from one piece of the body to the next.

use super::Call;
use super::admission::Admission;
use super::record::Track;
use super::stops::Stop;
use crate::engine::{Exchange, ExchangeRequest, Progress, retryable};
use crate::error::{Error, Retryable, Sent};
use crate::http::body::{Body, Streamed};
use crate::http::headers::HeaderBlock;
use crate::http::headers::decimal;
use crate::http::metrics::ExchangeMetrics;
use crate::http::request::Request;
use crate::http::response::Head;
use crate::runtime::clock::Instant;
use crate::status::*;
use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

/// An exchange that was begun.
pub struct Running {
    exchange: Exchange,
    counted: Cell<bool>,
    call: Rc<Call>,
    request: Rc<Request>,
    track: Rc<Track>,
    admission: RefCell<Admission>,
}

/// How long a body has been waited for in vain.
#[derive(Clone, Copy, Debug, Default)]
pub struct Patience {
    waited: Duration,
}

/// How much of a body that nobody wants is received to keep its connection.
const WORTH_DRAINING: u64 = 64 * 1024;

impl Running {
    /// Sends a request; on a new connection if that is asked for.
    pub fn start(
        call: &Rc<Call>,
        request: &Rc<Request>,
        track: &Rc<Track>,
        admission: Admission,
        fresh: bool,
    ) -> Result<Running, Error> {
        request.body.rewind()?;
        track.exchange_begins(admission.began().unwrap_or_else(|| call.now()));
        let exchange = Exchange::start(&call.ground.engine, wire(call, request, track.number, fresh))?;
        let (call, request, track) = (call.clone(), request.clone(), track.clone());
        Ok(Running { exchange, counted: Cell::new(false), call, request, track, admission: RefCell::new(admission) })
    }

    pub fn call(&self) -> &Rc<Call> {
        &self.call
    }

    pub fn request(&self) -> &Request {
        &self.request
    }

    pub async fn head(&self) -> Result<Head, Error> {
        let head = self.answer().await;
        let mut admission = self.admission.borrow_mut();
        match &head {
            Ok(head) => admission.head(&self.call, &self.request, head),
            Err(error) if error.status() == HS_ERR_IDLE_TIMEOUT && self.is_starved() => admission.excused(&self.call),
            Err(error) => admission.failed(&self.call, &self.request, error),
        }
        drop(admission);
        head
    }

    /// Whether the caller is waited for, who writes the body too slowly.
    fn is_starved(&self) -> bool {
        matches!(&self.request.body, Body::Streamed(body) if body.is_starved())
    }

    async fn answer(&self) -> Result<Head, Error> {
        let early = match &self.request.body {
            Body::Streamed(body) => self.upload(body).await?,
            Body::Bytes(_) => None,
        };
        let limit = self.call.limits.attempt_timeout;
        let head = match early {
            Some(head) => head,
            None => {
                let until = limit.map(|limit| self.call.now().saturating_add(limit));
                let head = self.watched(until, || self.exchange.head()).await;
                head.unwrap_or_else(|stop| Err(self.stopped(stop, limit, HS_ERR_ATTEMPT_TIMEOUT)))?
            }
        };
        self.call.watch.head(&head);
        Ok(head)
    }

    /// Waits until a streamed body is sent, which takes the time that it takes, as long as it goes on; the head where the
    /// server answers before that.
    async fn upload(&self, body: &Streamed) -> Result<Option<Head>, Error> {
        const LOOKS: u32 = 8;
        let stops = &self.call.stops;
        let patience = self.call.limits.idle_timeout;
        let (mut seen, mut since) = (body.progress(), stops.now());
        while !seen.1 {
            // Looked at now and then: nobody is woken by each piece that goes out.
            let look = patience.map(|limit| stops.now().saturating_add(limit / LOOKS));
            let mut head = pin!(self.exchange.head());
            let step = poll_fn(|cx| match head.as_mut().poll(cx) {
                Poll::Ready(head) => Poll::Ready(Some(head)),
                Poll::Pending => body.poll_end(cx).map(|()| None),
            });
            match stops.guard(look, step).await {
                Ok(Some(head)) => return head.map(Some),
                Ok(None) | Err(Stop::Limit) => {}
                Err(stop) => return Err(self.stopped(stop, None, HS_ERR_IDLE_TIMEOUT)),
            }
            let progress = body.progress();
            if progress != seen {
                (seen, since) = (progress, stops.now());
            } else if patience.is_some_and(|limit| stops.now().since(since) >= limit) {
                return Err(self.stopped(Stop::Limit, patience, HS_ERR_IDLE_TIMEOUT));
            }
        }
        Ok(None)
    }

    /// Receives a body that nobody wants, where it is short enough; else its connection is closed.
    pub async fn discard(self, head: &Head) -> Result<(), Error> {
        if self.announced_length(head).is_some_and(|length| length > WORTH_DRAINING) {
            self.admission.borrow_mut().ended(&self.call);
            return Ok(());
        }
        let mut received = 0;
        while let Some(bytes) = self.next_piece(&mut Patience::default(), None).await? {
            received += bytes.len() as u64;
            if received > WORTH_DRAINING {
                break;
            }
        }
        self.admission.borrow_mut().ended(&self.call);
        Ok(())
    }

    /// The same for at most so long; that it fails does not matter any more.
    pub async fn drain(self, head: &Head, within: Duration) {
        let call = self.call.clone();
        let until = call.now().saturating_add(within);
        let _given_up = call.stops.guard(Some(until), self.discard(head)).await;
    }

    /// The length that the head announces for the body that follows it.
    pub fn announced_length(&self, head: &Head) -> Option<u64> {
        if self.request.method.is_head() || matches!(head.status, 204 | 304) {
            return None;
        }
        decimal(head.headers.get(b"content-length", 0)?)
    }

    pub fn trailers(&self) -> HeaderBlock {
        self.exchange.trailers()
    }

    pub fn metrics(&self) -> ExchangeMetrics {
        self.exchange.metrics()
    }

    /// The body has come whole.
    pub fn completed(&self) {
        self.admission.borrow_mut().ended(&self.call);
        self.call.watch.body_ended(&self.count());
    }

    /// Adds to the counters what the exchange has cost.
    pub fn count(&self) -> ExchangeMetrics {
        let metrics = self.exchange.metrics();
        if !self.counted.replace(true) {
            self.call.watch.exchange_ended(&metrics);
            self.track.exchange_ended(&metrics);
            if metrics.resend_blocked {
                self.call.watch.resend_blocked();
            }
        }
        metrics
    }

    /// The next bytes of the body as received; `None` at its end.
    ///
    /// Who waits in turns, each at most `wait` long, keeps his patience between them: only time that was waited counts.
    pub async fn piece(&self, patience: &mut Patience, wait: Option<Duration>) -> Result<Option<Vec<u8>>, Error> {
        let piece = self.next_piece(patience, wait).await;
        if let Err(error) = &piece
            && !error.is_passing()
        {
            self.admission.borrow_mut().failed(&self.call, &self.request, error);
        }
        piece
    }

    async fn next_piece(&self, patience: &mut Patience, wait: Option<Duration>) -> Result<Option<Vec<u8>>, Error> {
        let stops = &self.call.stops;
        let idle = self.call.limits.idle_timeout;
        let left = idle.map(|idle| idle.saturating_sub(patience.waited));
        let (limit, passing) = match (wait, left) {
            (Some(wait), Some(left)) => (Some(wait.min(left)), wait < left),
            (Some(wait), None) => (Some(wait), true),
            (None, left) => (left, false),
        };
        let from = stops.now();
        match self.watched(limit.map(|limit| from.saturating_add(limit)), || self.exchange.body()).await {
            Ok(piece) => {
                patience.waited = Duration::ZERO;
                piece
            }
            Err(Stop::Limit) if passing => {
                patience.waited += stops.now().since(from);
                self.received(Err(Error::plain(HS_ERR_READ_TIMEOUT)))
            }
            Err(stop) => Err(self.stopped(stop, idle, HS_ERR_IDLE_TIMEOUT)),
        }
    }

    /// What goes wrong with a response: the server has answered.
    pub fn received<T>(&self, result: Result<T, Error>) -> Result<T, Error> {
        result.map_err(|mut error| {
            error.details_mut().sent = Sent::Yes;
            error
        })
    }

    /// Waits for the exchange's next step, and sees to it that one that takes too long is known to be slow while it does.
    async fn watched<T, F: Future<Output = T>>(&self, until: Option<Instant>, step: impl Fn() -> F) -> Result<T, Stop> {
        let stops = &self.call.stops;
        let slow_at = self.admission.borrow().slow_at();
        if let Some(slow_at) = slow_at.filter(|&at| until.is_none_or(|until| at < until)) {
            match stops.guard(Some(slow_at), step()).await {
                Err(Stop::Limit) => self.admission.borrow_mut().is_slow(&self.call),
                ended => return ended,
            }
        }
        stops.guard(until, step()).await
    }

    pub async fn meanwhile<F: Future>(&self, wait: F) -> Result<F::Output, Error> {
        self.call.stops.guard(None, wait).await.map_err(|stop| self.stopped(stop, None, HS_ERR_IDLE_TIMEOUT))
    }

    fn stopped(&self, stop: Stop, limit: Option<Duration>, status: hs_status) -> Error {
        let Progress { phase, sent } = self.exchange.progress();
        let (status, limit) = match stop {
            Stop::Cancelled => (HS_ERR_CANCELLED, None),
            Stop::Deadline => (HS_ERR_TIMEOUT, self.call.limits.timeout),
            Stop::Limit => (status, limit),
            Stop::DeadEnd => (HS_ERR_MOCK, None),
        };
        let mut error = Error::plain(status);
        let details = error.details_mut();
        if stop == Stop::DeadEnd {
            details.message = String::from("in virtual time nothing is left that could end the wait");
        }
        if let Some(limit) = limit {
            details.message = format!("{} of {} ms while {}", details.message, limit.as_millis(), doing(phase));
        } else {
            details.message = format!("{} while {}", details.message, doing(phase));
        }
        details.sent = sent;
        if matches!(stop, Stop::Cancelled | Stop::DeadEnd) {
            details.retryable = Retryable::No;
        } else {
            details.phase = phase;
            details.retryable = retryable(sent, self.request.is_replay_safe());
        }
        error
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.counted.get() {
            self.count();
        }
        self.request.body.leave();
    }
}

fn wire(call: &Call, request: &Rc<Request>, attempt: u32, fresh: bool) -> ExchangeRequest {
    let (listener, traceparent) = call.watch.exchange_begins(attempt, request);
    ExchangeRequest {
        request: request.clone(),
        user_agent: call.ground.user_agent.clone(),
        connect_timeout: call.limits.connect_timeout,
        http: call.limits.http,
        min_http: call.limits.min_http,
        head_limits: call.limits.head,
        traceparent,
        listener,
        fresh,
    }
}

fn doing(phase: hs_phase) -> &'static str {
    match phase {
        HS_PHASE_DNS => "resolving the host name",
        HS_PHASE_CONNECT => "connecting",
        HS_PHASE_PROXY => "talking to the proxy",
        HS_PHASE_TLS => "in the TLS handshake",
        HS_PHASE_SEND => "sending the request",
        HS_PHASE_FIRST_BYTE => "waiting for the response head",
        HS_PHASE_BODY => "receiving the body",
        _ => "waiting for a connection",
    }
}
