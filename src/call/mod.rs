//! A call: the policy loop over hops over exchanges, under one deadline and one cancel.
//!
//! A call is a future. `Worker::request` drives one to its end; whoever drives many uses the same code.

mod admission;
mod attempt;
pub mod download;
mod hedge;
mod incoming;
pub mod policies;
mod record;
mod retry;
pub mod stops;

use crate::body::Sink;
use crate::cancel::Cancels;
use crate::cookies::Jar;
use crate::engine::{Engine, HttpChoice};
use crate::error::Error;
use crate::hop::auth::Keyring;
use crate::hop::redirect::Policy;
use crate::http::attempt::Attempt;
use crate::http::headers::HeadLimits;
use crate::http::request::Request;
use crate::http::response::{HttpVersion, Response};
use crate::http::url::Url;
use crate::observe::counters::Latency;
use crate::observe::{Observer, Watch};
use crate::resilience::stop::StopReason;
use crate::runtime::clock::Instant;
use crate::runtime::timers::{Sleep, Timers};
use crate::status::{HS_ERR_CANCELLED, HS_ERR_TIMEOUT, HS_PHASE_QUEUE};
pub use admission::{Admission, Admit};
use admission::{Gates, LastGates};
pub use attempt::{Patience, Running};
pub use incoming::Incoming;
use policies::Policies;
pub use record::Track;
use retry::Finish;
use std::cell::{Cell, RefCell};
use std::future::pending;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use stops::{Stop, Stops};

/// What a call may use and take. `None` is no limit.
#[derive(Clone)]
pub struct Limits {
    /// How long is waited before it begins; nothing of the following counts before that.
    pub start_after: Duration,
    /// Of a request that came through a pool: when, and as what.
    pub submitted: Option<Submitted>,
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
    /// Less is an error; `Unknown` takes any.
    pub min_http: HttpVersion,
    pub redirects: Policy,
    /// Codings are not asked for and not taken off.
    pub raw_body: bool,
    /// The trace of the call is kept.
    pub trace: bool,
    /// The body is taken piece by piece, by whoever wants it and when he wants it.
    pub streams: bool,
    pub policies: Arc<Policies>,
}

/// How a request came into a pool. Its time counts from then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Submitted {
    pub at: Instant,
    pub tag: u64,
}

/// What a call stands on; the worker's, and the same for all its calls.
#[derive(Clone)]
pub struct Ground {
    pub engine: Rc<dyn Engine>,
    pub timers: Rc<Timers>,
    pub user_agent: Rc<str>,
    pub cookies: Option<Jar>,
    pub keyring: Rc<Keyring>,
    pub observer: Rc<Observer>,
    pub gates: Rc<LastGates>,
}

/// One running call, as the layers below see it.
pub struct Call {
    ground: Ground,
    limits: Limits,
    stops: Stops,
    started: Instant,
    /// How long it waited in the pool's queue.
    queued: Duration,
    attempts: Cell<u32>,
    records: RefCell<Vec<Attempt>>,
    stop: Cell<StopReason>,
    retry_after: Cell<Option<Duration>>,
    auth_exchanges: Cell<u32>,
    watch: Watch,
}

impl Call {
    fn new(ground: Ground, limits: Limits, cancels: Cancels, request: &Request) -> Rc<Call> {
        let now = ground.timers.now();
        let started = limits.submitted.map_or(now, |submitted| submitted.at);
        let deadline = limits.timeout.map(|limit| started.saturating_add(limit));
        let stops = Stops::new(ground.timers.clone(), cancels, deadline);
        let watch = Watch::new(ground.observer.clone(), ground.timers.clone(), request, limits.trace, limits.submitted);
        if limits.submitted.is_some() {
            ground.observer.counters.took(Latency::PoolQueue, now.since(started).as_nanos() as u64);
        }
        Rc::new(Call {
            ground,
            limits,
            stops,
            started,
            queued: now.since(started),
            attempts: Cell::new(0),
            records: RefCell::default(),
            stop: Cell::default(),
            retry_after: Cell::default(),
            auth_exchanges: Cell::new(0),
            watch,
        })
    }

    /// Writes into an error what the call has cost so far, and takes out what is not to be read.
    pub fn account<T>(&self, result: Result<T, Error>) -> Result<T, Error> {
        result.map_err(|mut error| {
            let details = error.details_mut();
            (details.elapsed_ns, details.attempts) = (self.elapsed_ns(), self.attempts.get());
            (details.history, details.stop) = (self.records.borrow().clone(), self.stop.get());
            details.retry_after = details.retry_after.or(self.retry_after.get());
            self.watch.redact(&mut error);
            (error.details_mut().trace, error.details_mut().trace_id) = (self.watch.trace(), self.watch.trace_id());
            error
        })
    }

    /// The call is over, for better or worse; only the first time counts.
    pub fn over<T>(&self, result: Result<T, Error>) -> Result<T, Error> {
        if result.as_ref().is_err_and(|error| error.status() == HS_ERR_TIMEOUT) {
            self.watch.deadline_exceeded();
        }
        let result = self.account(result);
        self.watch.ended(result.as_ref().map(|_| ()));
        result.map_err(|mut error| {
            error.details_mut().trace = self.watch.trace();
            error
        })
    }

    fn elapsed_ns(&self) -> u64 {
        self.now().since(self.started).as_nanos() as u64
    }

    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    pub fn cookies(&self) -> Option<&Jar> {
        self.ground.cookies.as_ref()
    }

    pub fn keyring(&self) -> &Keyring {
        &self.ground.keyring
    }

    /// An exchange was only a question for credentials.
    pub fn count_auth_exchange(&self) {
        self.auth_exchanges.set(self.auth_exchanges.get() + 1);
    }

    /// Each attempt so far.
    fn history(&self) -> Vec<Attempt> {
        self.records.borrow().clone()
    }

    /// The number of the attempt that begins, from 1.
    fn next_attempt(&self) -> u32 {
        self.attempts.update(|attempts| attempts + 1);
        self.attempts.get()
    }

    /// Whom a request to that origin must ask.
    fn gates(&self, url: &Url, now: Instant) -> Rc<Gates> {
        self.ground.gates.of(&self.limits.policies, url, now)
    }

    pub fn policies(&self) -> &Policies {
        &self.limits.policies
    }

    pub fn timers(&self) -> &Rc<Timers> {
        &self.ground.timers
    }

    pub fn at(&self, then: Instant) -> Sleep {
        self.ground.timers.at(then)
    }

    /// What the wall clock shows, in nanoseconds since 1970.
    pub fn wall(&self) -> i64 {
        self.ground.timers.wall()
    }

    pub fn watch(&self) -> &Watch {
        &self.watch
    }

    pub fn now(&self) -> Instant {
        self.ground.timers.now()
    }
}

/// Waits until a call is to begin; its cancel ends that.
async fn wait_for_start(ground: &Ground, limits: &Limits, cancels: &Cancels) -> Result<(), Error> {
    if limits.start_after.is_zero() {
        return Ok(());
    }
    let start = ground.timers.now().saturating_add(limits.start_after);
    let stops = Stops::new(ground.timers.clone(), cancels.clone(), None);
    match stops.guard(Some(start), pending::<()>()).await {
        Err(Stop::Cancelled) => {
            let mut error = Error::new(HS_ERR_CANCELLED, "cancelled before it began");
            error.details_mut().phase = HS_PHASE_QUEUE;
            Err(error)
        }
        _ => Ok(()),
    }
}

/// Carries out a request and takes in its body. The error says how many attempts were made and how long it took,
/// whatever went wrong.
pub async fn run(
    ground: Ground,
    limits: Limits,
    cancels: Cancels,
    request: &Rc<Request>,
    sink: Sink<'_>,
) -> Result<Response, Error> {
    wait_for_start(&ground, &limits, &cancels).await?;
    let call = Call::new(ground, limits, cancels, request);
    let result = retry::run(&call, request, Whole { sink }).await;
    let mut response = call.over(result)?;
    (response.trace, response.attempts) = (call.watch.trace(), call.history());
    Ok(response)
}

/// Carries out a request as far as the head of its response; the body is taken from the other half.
pub async fn open(
    ground: Ground,
    limits: Limits,
    cancels: Cancels,
    request: &Rc<Request>,
) -> Result<(Response, Incoming), Error> {
    wait_for_start(&ground, &limits, &cancels).await?;
    let call = Call::new(ground, limits, cancels, request);
    let (mut response, incoming) = match retry::run(&call, request, HeadOnly).await {
        Ok(opened) => opened,
        Err(error) => return call.over(Err(error)),
    };
    (response.trace, response.attempts) = (call.watch.trace(), call.history());
    Ok((response, incoming))
}

/// The whole body, into a sink.
struct Whole<'a> {
    sink: Sink<'a>,
}

impl Finish for Whole<'_> {
    type Output = Response;

    async fn finish(&mut self, mut response: Response, mut incoming: Incoming) -> Result<Response, Error> {
        self.sink.begin();
        while let Some(bytes) = incoming.next().await? {
            incoming.received(self.sink.take(bytes))?;
        }
        response.body = self.sink.take_body();
        incoming.complete(&mut response);
        Ok(response)
    }

    fn is_committed(&self) -> bool {
        self.sink.is_committed()
    }
}

/// The caller takes the body, and once he has the head there is no way back.
struct HeadOnly;

impl Finish for HeadOnly {
    type Output = (Response, Incoming);

    async fn finish(&mut self, mut response: Response, incoming: Incoming) -> Result<(Response, Incoming), Error> {
        response.metrics = incoming.metrics();
        Ok((response, incoming))
    }

    fn is_committed(&self) -> bool {
        false
    }
}
