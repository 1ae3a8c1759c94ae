//! The worker: owns one engine and one runtime, and stays on the thread that made it.

use crate::body::Sink;
use crate::call::download::{self, Plan, Target};
use crate::call::{self, Ground, Limits};
use crate::cancel::Cancel;
use crate::cookies::Jar;
use crate::dns;
use crate::engine::Engine;
#[cfg(any(target_os = "linux", target_os = "android"))]
use crate::engine::curl::lanes::Lanes;
use crate::engine::curl::{ConnectionAges, CurlEngine, CurlOptions};
use crate::engine::mock::MockEngine;
use crate::engine::mock::record::Recorder;
use crate::engine::mock::script::Mock;
use crate::error::Error;
use crate::hop::auth::{Bound, Keyring};
use crate::http::address::AddressRule;
use crate::http::headers::HeadLimits;
use crate::http::network::Network;
use crate::http::proxy::Proxies;
use crate::http::request::Request;
use crate::http::response::Response;
use crate::http::tls::{CaSource, TlsOptions};
use crate::http::url::{ParsedUrl, UrlCache};
use crate::observe::counters::Counters;
use crate::observe::gauge::ConnectionGauge;
use crate::observe::{ObserveOptions, Observer};
use crate::runtime::Runtime;
use crate::runtime::clock::{Clock, SystemClock};
use crate::runtime::simulation::Simulation;
use crate::status::{HS_ERR_BUSY, HS_ERR_INVALID_HANDLE};
pub use many::{Errand, OwnedOnBody};
use std::cell::Cell;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use streams::Streams;
pub use streams::{Abandoned, Read, StreamKey, Tail};

#[derive(Clone)]
pub struct WorkerOptions {
    pub limits: Limits,
    pub user_agent: String,
    pub ca: CaSource,
    pub proxies: Proxies,
    pub proxy_ca: Option<CaSource>,
    pub tls: TlsOptions,
    pub idle_connection: Duration,
    pub connection_life: Duration,
    pub max_idle_connections: u32,
    pub network: Network,
    pub addresses: AddressRule,
    pub cookies: Option<Jar>,
    pub auth: Option<Bound>,
    pub dns: dns::Options,
    pub observe: ObserveOptions,
    /// Answers instead of the network.
    pub mock: Option<Mock>,
    /// Virtual time and chance; only with a mock.
    pub simulation: Option<Arc<Simulation>>,
    /// Where all exchanges are written down.
    pub record: Option<PathBuf>,
    /// It is to have hundreds or thousands of exchanges at once.
    pub many: bool,
    /// Where it says how many connections it has.
    pub connections: Option<Arc<ConnectionGauge>>,
}

/// A pool makes its workers from them, on threads of its own, and hands requests over to these.
const _: fn() = || {
    fn is_send<T: Send>() {}
    is_send::<(WorkerOptions, Request, Limits, Cancel, Response, Error)>();
};

impl Default for WorkerOptions {
    fn default() -> Self {
        WorkerOptions {
            limits: Limits {
                start_after: Duration::ZERO,
                submitted: None,
                timeout: Some(Duration::from_secs(30)),
                stream_timeout: None,
                attempt_timeout: Some(Duration::from_secs(10)),
                idle_timeout: Some(Duration::from_secs(10)),
                connect_timeout: Some(Duration::from_secs(5)),
                max_body_bytes: 64 << 20,
                max_stream_bytes: u64::MAX,
                head: HeadLimits { bytes: 64 << 10, fields: 200 },
                http: Default::default(),
                min_http: Default::default(),
                redirects: Default::default(),
                raw_body: false,
                trace: false,
                streams: false,
                policies: Default::default(),
            },
            user_agent: concat!("http-sentinel/", env!("CARGO_PKG_VERSION")).to_owned(),
            ca: CaSource::System,
            proxies: Proxies::default(),
            proxy_ca: None,
            tls: TlsOptions::default(),
            idle_connection: Duration::from_secs(55),
            connection_life: Duration::from_secs(300),
            max_idle_connections: 100,
            network: Network::default(),
            addresses: AddressRule::default(),
            cookies: None,
            auth: None,
            dns: dns::Options::default(),
            observe: ObserveOptions::default(),
            mock: None,
            simulation: None,
            record: None,
            many: false,
            connections: None,
        }
    }
}

pub struct Worker {
    // Streams go before the runtime that drives them.
    streams: Streams,
    runtime: Runtime,
    ground: Ground,
    limits: Limits,
    busy: Cell<bool>,
    urls: UrlCache,
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn curl(options: CurlOptions) -> Result<Rc<dyn Engine>, Error> {
    Ok(if options.many { Rc::new(Lanes::new(options)?) } else { Rc::new(CurlEngine::new(&options)?) })
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn curl(options: CurlOptions) -> Result<Rc<dyn Engine>, Error> {
    Ok(Rc::new(CurlEngine::new(&options)?))
}

impl Worker {
    pub fn new(options: WorkerOptions) -> Result<Worker, Error> {
        let simulation = options.simulation;
        let mut engine: Rc<dyn Engine> = match (options.mock, &simulation) {
            (Some(mock), Some(simulation)) => Rc::new(MockEngine::simulated(mock, simulation.clone())),
            (Some(mock), None) => Rc::new(MockEngine::new(mock, Arc::new(SystemClock))),
            (None, _) => curl(CurlOptions {
                ca: options.ca,
                proxies: options.proxies,
                proxy_ca: options.proxy_ca,
                tls: options.tls,
                ages: ConnectionAges { idle: options.idle_connection, life: options.connection_life },
                max_idle_connections: options.max_idle_connections,
                network: options.network,
                addresses: options.addresses,
                dns: options.dns,
                lane: 0,
                many: options.many,
                connections: options.connections,
            })?,
        };
        if let Some(path) = options.record {
            engine = Rc::new(Recorder::new(engine, &path, options.observe.redactor.clone())?);
        }
        let clock: Arc<dyn Clock> = match &simulation {
            Some(simulation) => simulation.clone(),
            None => Arc::new(SystemClock),
        };
        let mut runtime = Runtime::new(engine.clone(), clock);
        if let Some(simulation) = simulation {
            runtime.in_virtual_time(simulation);
        }
        let observer = Rc::new(Observer::new(options.observe));
        if let Some(events) = observer.events.clone() {
            runtime.around_each_turn(move || events.deliver());
        }
        let ground = Ground {
            engine,
            timers: runtime.timers().clone(),
            user_agent: options.user_agent.into(),
            cookies: options.cookies,
            keyring: Rc::new(Keyring::new(options.auth)),
            observer,
            gates: Rc::default(),
        };
        Ok(Worker {
            streams: Streams::default(),
            runtime,
            ground,
            limits: options.limits,
            busy: Cell::new(false),
            urls: UrlCache::default(),
        })
    }

    /// What a request of this worker gets unless it says otherwise.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    pub fn parse_url(&self, text: &[u8]) -> Result<ParsedUrl, Error> {
        self.urls.parse(text, &self.ground.observer.redactor)
    }

    pub fn counters(&self) -> &Arc<Counters> {
        &self.ground.observer.counters
    }

    pub fn is_busy(&self) -> bool {
        self.busy.get()
    }

    /// Carries out one request; returns when it has ended.
    pub fn request(
        &self,
        request: &Rc<Request>,
        limits: Limits,
        cancel: Option<Cancel>,
        sink: Sink<'_>,
    ) -> Result<Response, Error> {
        let _busy = self.enter()?;
        self.runtime.block_on(call::run(self.ground.clone(), limits, cancel.into(), request, sink))
    }

    /// Carries out one request as far as the head of its response; the body is read from the stream.
    pub fn open(
        &self,
        request: &Rc<Request>,
        limits: Limits,
        cancel: Option<Cancel>,
    ) -> Result<(Response, StreamKey), Error> {
        let _busy = self.enter()?;
        let (response, incoming) =
            self.runtime.block_on(call::open(self.ground.clone(), limits, cancel.into(), request))?;
        Ok((response, self.streams.add(incoming)))
    }

    /// Carries out one request whose body goes to a file.
    pub fn download(
        &self,
        request: &Rc<Request>,
        limits: Limits,
        cancel: Option<Cancel>,
        plan: Plan,
        target: &mut dyn Target,
    ) -> Result<Response, Error> {
        let _busy = self.enter()?;
        self.runtime.block_on(download::download(self.ground.clone(), limits, cancel.into(), request, plan, target))
    }

    /// Closes the connections that nothing uses now.
    pub fn close_idle(&self) -> Result<(), Error> {
        let _busy = self.enter()?;
        self.ground.engine.close_idle()
    }

    /// Reads from a stream; `HS_ERR_INVALID_HANDLE` where it was closed.
    pub fn read(&self, key: StreamKey, buffer: &mut [u8], wait: Option<Duration>) -> Result<Read, Error> {
        let _busy = self.enter()?;
        let mut reading = self.streams.take(key).ok_or_else(|| Error::plain(HS_ERR_INVALID_HANDLE))?;
        let read = self.runtime.block_on(reading.read(buffer, wait));
        self.streams.give_back(key, reading);
        read
    }

    /// Where the keys of unwanted streams go, from any thread; they are closed at the worker's next call.
    pub fn abandoned(&self) -> &Abandoned {
        self.streams.abandoned()
    }

    /// Closes the streams that nobody wants any more, unless the worker is busy.
    pub fn sweep(&self) {
        if !self.busy.get() {
            self.streams.sweep();
        }
    }

    fn enter(&self) -> Result<Busy<'_>, Error> {
        if self.busy.replace(true) {
            return Err(Error::plain(HS_ERR_BUSY));
        }
        self.streams.sweep();
        Ok(Busy(&self.busy))
    }
}

/// The worker is inside a call for as long as this lives, also when the call panics.
struct Busy<'a>(&'a Cell<bool>);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

mod many;
mod streams;

#[cfg(test)]
mod tests;
