//! One exchange under its time limits: to the end of the head, then from one piece of the body to the next.

use super::Call;
use super::stops::Stop;
use crate::engine::{Exchange, ExchangeRequest, Progress, retryable};
use crate::error::{Error, Retryable, Sent};
use crate::http::metrics::ExchangeMetrics;
use crate::http::request::Request;
use crate::http::response::Head;
use crate::status::*;
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

/// An exchange that was begun.
pub struct Running {
    exchange: Exchange,
    call: Rc<Call>,
    request: Rc<Request>,
}

/// How much of a body that nobody wants is received to keep its connection.
const WORTH_DRAINING: u64 = 64 * 1024;

impl Running {
    /// Sends a request.
    pub fn start(call: &Rc<Call>, request: &Rc<Request>) -> Result<Running, Error> {
        let exchange = Exchange::start(&call.ground.engine, wire(call, request))?;
        Ok(Running { exchange, call: call.clone(), request: request.clone() })
    }

    pub fn call(&self) -> &Rc<Call> {
        &self.call
    }

    pub fn request(&self) -> &Request {
        &self.request
    }

    pub async fn head(&self) -> Result<Head, Error> {
        self.within(self.call.limits.attempt_timeout, HS_ERR_ATTEMPT_TIMEOUT, self.exchange.head()).await
    }

    /// Receives a body that nobody wants, where it is short enough; else its connection is closed.
    pub async fn discard(self, head: &Head) -> Result<(), Error> {
        if self.announced_length(head).is_some_and(|length| length > WORTH_DRAINING) {
            return Ok(());
        }
        let mut received = 0;
        while let Some(bytes) = self.piece().await? {
            received += bytes.len() as u64;
            if received > WORTH_DRAINING {
                break;
            }
        }
        Ok(())
    }

    /// The length that the head announces for the body that follows it.
    pub fn announced_length(&self, head: &Head) -> Option<u64> {
        if self.request.method.is_head() || matches!(head.status, 204 | 304) {
            return None;
        }
        std::str::from_utf8(head.headers.get(b"content-length", 0)?).ok()?.parse().ok()
    }

    pub fn metrics(&self) -> ExchangeMetrics {
        self.exchange.metrics()
    }

    /// The next bytes of the body as received; `None` at its end.
    pub async fn piece(&self) -> Result<Option<Vec<u8>>, Error> {
        self.within(self.call.limits.idle_timeout, HS_ERR_IDLE_TIMEOUT, self.exchange.body()).await
    }

    /// What goes wrong with a response: the server has answered.
    pub fn received<T>(&self, result: Result<T, Error>) -> Result<T, Error> {
        result.map_err(|mut error| {
            error.details_mut().sent = Sent::Yes;
            error
        })
    }

    async fn within<T>(
        &self,
        limit: Option<Duration>,
        status: hs_status,
        step: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let stops = &self.call.stops;
        let until = limit.map(|limit| stops.now().saturating_add(limit));
        stops.guard(until, step).await.unwrap_or_else(|stop| Err(self.stopped(stop, limit, status)))
    }

    fn stopped(&self, stop: Stop, limit: Option<Duration>, status: hs_status) -> Error {
        let Progress { phase, sent } = self.exchange.progress();
        let (status, limit) = match stop {
            Stop::Cancelled => (HS_ERR_CANCELLED, None),
            Stop::Deadline => (HS_ERR_TIMEOUT, self.call.limits.timeout),
            Stop::Limit => (status, limit),
        };
        let mut error = Error::plain(status);
        let details = error.details_mut();
        if let Some(limit) = limit {
            details.message = format!("{} of {} ms while {}", details.message, limit.as_millis(), doing(phase));
        } else {
            details.message = format!("{} while {}", details.message, doing(phase));
        }
        details.sent = sent;
        if stop == Stop::Cancelled {
            details.retryable = Retryable::No;
        } else {
            details.phase = phase;
            details.retryable = retryable(sent, self.request.is_replay_safe());
        }
        error
    }
}

fn wire(call: &Call, request: &Rc<Request>) -> ExchangeRequest {
    ExchangeRequest {
        request: request.clone(),
        user_agent: call.ground.user_agent.clone(),
        connect_timeout: call.limits.connect_timeout,
        http: call.limits.http,
        head_limits: call.limits.head,
    }
}

fn doing(phase: hs_phase) -> &'static str {
    match phase {
        HS_PHASE_DNS => "resolving the host name",
        HS_PHASE_CONNECT => "connecting",
        HS_PHASE_TLS => "in the TLS handshake",
        HS_PHASE_SEND => "sending the request",
        HS_PHASE_FIRST_BYTE => "waiting for the response head",
        HS_PHASE_BODY => "receiving the body",
        _ => "waiting for a connection",
    }
}
