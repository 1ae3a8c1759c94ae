//! The seam below the call: an engine carries out exchanges, each exactly one HTTP request and its response. It knows
//! nothing of redirects, retries, cookies or decoding, so every engine shares all semantics above it.

pub mod curl;
pub mod dns;
#[cfg(feature = "fault-injection")]
pub mod fault;
pub mod mock;
pub mod signals;
#[cfg(test)]
pub mod testing;

use crate::error::{Error, Retryable, Sent};
use crate::http::headers::{HeadLimits, HeaderBlock};
use crate::http::metrics::ExchangeMetrics;
use crate::http::request::Request;
use crate::http::response::{Head, HttpVersion};
use crate::observe::Listener;
use crate::runtime::wake::Unpark;
use crate::status::{HS_PHASE_QUEUE, hs_phase};
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

/// One request as it goes on the wire.
#[derive(Clone)]
pub struct ExchangeRequest {
    pub request: Rc<Request>,
    pub user_agent: Rc<str>,
    /// DNS, TCP and TLS together; `None` for no limit of its own.
    pub connect_timeout: Option<Duration>,
    pub http: HttpChoice,
    /// Less is an error.
    pub min_http: HttpVersion,
    pub head_limits: HeadLimits,
    /// The value of the header `traceparent`, where the request has none of its own.
    pub traceparent: Option<String>,
    pub listener: Option<Rc<Listener>>,
    /// Only a new connection will do.
    pub fresh: bool,
}

/// Which versions of HTTP may be spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HttpChoice {
    /// HTTP/2 where TLS negotiates it, else HTTP/1.1.
    #[default]
    Negotiated,
    Http10,
    Http11,
    /// HTTP/2 without negotiation, also in clear.
    Http2PriorKnowledge,
}

/// How far an exchange has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    pub phase: hs_phase,
    pub sent: Sent,
}

impl Default for Progress {
    fn default() -> Self {
        Progress { phase: HS_PHASE_QUEUE, sent: Sent::No }
    }
}

/// Names a running exchange within its engine.
pub type ExchangeId = usize;

pub trait Engine {
    /// Begins an exchange; nothing blocks and nothing is sent before the next turn.
    fn start(&self, request: ExchangeRequest) -> Result<ExchangeId, Error>;
    /// The response head, once.
    fn poll_head(&self, id: ExchangeId, cx: &mut Context<'_>) -> Poll<Result<Head, Error>>;
    /// The next bytes of the body; `None` at its end. Bytes that nobody takes stop the transfer at a bound.
    fn poll_body(&self, id: ExchangeId, cx: &mut Context<'_>) -> Poll<Result<Option<Vec<u8>>, Error>>;
    fn progress(&self, id: ExchangeId) -> Progress;
    fn metrics(&self, id: ExchangeId) -> ExchangeMetrics;
    /// The fields that came after the body, once.
    fn trailers(&self, id: ExchangeId) -> HeaderBlock;
    /// Forgets an exchange; one that has not ended is aborted.
    fn release(&self, id: ExchangeId);
    /// Waits at most `timeout` (`None`: without limit) until `advance` has something to do.
    fn wait(&self, timeout: Option<Duration>);
    /// Moves every exchange on as far as it goes without waiting, and wakes those who wait for it.
    fn advance(&self);
    #[cfg(test)]
    /// How many exchanges it has.
    fn running(&self) -> usize;
    /// Closes the connections that have no exchange now, where there are such.
    fn close_idle(&self) -> Result<(), Error> {
        Ok(())
    }
    /// Ends a `wait` from any thread.
    fn unparker(&self) -> Arc<dyn Unpark>;
}

/// A running exchange; dropping it releases it.
pub struct Exchange {
    engine: Rc<dyn Engine>,
    id: ExchangeId,
}

impl Exchange {
    pub fn start(engine: &Rc<dyn Engine>, request: ExchangeRequest) -> Result<Exchange, Error> {
        let id = engine.start(request)?;
        Ok(Exchange { engine: engine.clone(), id })
    }

    pub async fn head(&self) -> Result<Head, Error> {
        poll_fn(|cx| self.engine.poll_head(self.id, cx)).await
    }

    pub async fn body(&self) -> Result<Option<Vec<u8>>, Error> {
        poll_fn(|cx| self.engine.poll_body(self.id, cx)).await
    }

    pub fn progress(&self) -> Progress {
        self.engine.progress(self.id)
    }

    pub fn metrics(&self) -> ExchangeMetrics {
        self.engine.metrics(self.id)
    }

    pub fn trailers(&self) -> HeaderBlock {
        self.engine.trailers(self.id)
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.engine.release(self.id);
    }
}

/// Whether a failed exchange may be tried again: yes when it was not sent or does no harm twice.
pub fn retryable(sent: Sent, replay_safe: bool) -> Retryable {
    match sent {
        Sent::No => Retryable::Safe,
        _ if replay_safe => Retryable::Safe,
        _ => Retryable::Unknown,
    }
}
