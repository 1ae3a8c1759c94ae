//! A call: the policy loop over hops over exchanges, under one deadline and one cancel.
//!
//! A call is a future. `Worker::request` drives one to its end; whoever drives many uses the same code.

mod attempt;
mod stops;

use crate::body::Sink;
use crate::cancel::Cancel;
use crate::engine::{Engine, HttpChoice};
use crate::error::Error;
use crate::hop;
use crate::hop::redirect::Policy;
use crate::http::headers::HeadLimits;
use crate::http::metrics::Metrics;
use crate::http::request::Request;
use crate::http::response::Response;
use crate::runtime::clock::Instant;
use crate::runtime::timers::Timers;
pub use attempt::Running;
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;
use stops::Stops;

/// What a call may use and take. `None` is no limit.
#[derive(Clone, Debug)]
pub struct Limits {
    pub timeout: Option<Duration>,
    /// `timeout` for a call whose body is not buffered.
    pub stream_timeout: Option<Duration>,
    pub attempt_timeout: Option<Duration>,
    pub idle_timeout: Option<Duration>,
    pub connect_timeout: Option<Duration>,
    pub max_body_bytes: u64,
    /// `max_body_bytes` for a call whose body is not buffered.
    pub max_stream_bytes: u64,
    pub head: HeadLimits,
    pub http: HttpChoice,
    pub redirects: Policy,
    /// Codings are not asked for and not taken off.
    pub raw_body: bool,
}

/// What a call stands on; the worker's, and the same for all its calls.
#[derive(Clone)]
pub struct Ground {
    pub engine: Rc<dyn Engine>,
    pub timers: Rc<Timers>,
    pub user_agent: Rc<str>,
}

/// One running call, as the layers below see it.
pub struct Call {
    ground: Ground,
    limits: Limits,
    stops: Stops,
    attempts: Cell<u32>,
}

impl Call {
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    pub fn now(&self) -> Instant {
        self.ground.timers.now()
    }
}

/// Carries out a request. The error says how many attempts were made and how long it took, whatever went wrong.
pub async fn run(
    ground: Ground,
    limits: Limits,
    cancel: Option<Cancel>,
    request: &Rc<Request>,
    sink: Sink<'_>,
) -> Result<Response, Error> {
    let started = ground.timers.now();
    let stops = Stops::new(ground.timers.clone(), cancel, limits.timeout.map(|limit| started.saturating_add(limit)));
    let call = Call { ground, limits, stops, attempts: Cell::new(0) };
    let result = policy_loop(&call, request, sink).await;
    let total_ns = call.ground.timers.now().since(started).as_nanos() as u64;
    match result {
        Ok(mut response) => {
            let metrics = &mut response.metrics;
            (metrics.total_ns, metrics.attempts) = (total_ns, call.attempts.get());
            Ok(response)
        }
        Err(mut error) => {
            let details = error.details_mut();
            (details.elapsed_ns, details.attempts) = (total_ns, call.attempts.get());
            Err(error)
        }
    }
}

/// One attempt. Retries, breaker, limiter and hedging go here: each attempt is one run of the hop loop.
async fn policy_loop(call: &Call, request: &Rc<Request>, sink: Sink<'_>) -> Result<Response, Error> {
    call.stops.check()?;
    call.attempts.set(call.attempts.get() + 1);
    #[cfg(feature = "fault-injection")]
    assert!(request.method.as_str() != "X-PANIC", "injected fault");
    let landing = hop::run(call, request, sink).await?;
    Ok(Response {
        head: landing.head,
        body: landing.body,
        url: landing.url,
        metrics: Metrics { decoded: landing.decoded, exchange: landing.exchange, ..Metrics::default() },
        hops: landing.hops,
    })
}
