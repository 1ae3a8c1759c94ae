//! `hs_worker`: one HTTP client, bound to the thread that made it.

use super::address_rule::{self, hs_address_rule};
use super::auth::{self, hs_auth};
use super::cookies::{self, hs_cookie_jar};
use super::dns::{self, hs_dns_options};
use super::error::hs_error;
use super::mock::{self, hs_mock};
use super::network::{self, hs_network_options};
use super::observe::{self, hs_observe_options};
use super::policies::{self, hs_policies};
use super::proxy::{self, hs_proxy_options};
use super::simulation::{self, hs_simulation};
use super::sized::{self, Sized32};
use super::text::hs_str;
use super::thread::WorkerLink;
use super::tls::{self, hs_tls_options};
use super::version::{HS_ALLOW_DOWNGRADE, HS_COOKIES, HS_RAW_BODY, HS_TRACE};
use super::{guard, handle, options, thread};
use crate::cookies::Jar;
use crate::error::Error;
use crate::http::headers::HeadLimits;
use crate::resilience::retry::options::check_attempt_timeout;
use crate::status::*;
use crate::worker::{Worker, WorkerOptions};

/// An HTTP client that owns its connections and stays on the thread that made it. On another thread every use is
/// refused with `HS_ERR_WRONG_THREAD` and does nothing. A worker that is open when its thread exits is closed then.
pub struct hs_worker {
    _private: [u8; 0],
}

/// Options of a worker. All zero but `struct_size` means defaults, and 0 means the default at each field. Durations
/// are milliseconds; `HS_INFINITE` is no limit.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hs_worker_options {
    /// `sizeof(hs_worker_options)`.
    pub struct_size: u32,
    /// `HS_ALLOW_DOWNGRADE`, `HS_RAW_BODY`, `HS_COOKIES` and `HS_TRACE`, or 0.
    pub flags: u32,
    /// A whole call: queue, DNS, connect, TLS, sending, receiving, and every retry and redirect. Default 30,000; none
    /// for a call whose body goes to a callback.
    pub timeout_ms: u64,
    /// One attempt, to the end of the response head. Default 10,000.
    pub attempt_timeout_ms: u64,
    /// DNS, TCP and TLS of a new connection together. Default 5,000.
    pub connect_timeout_ms: u64,
    /// The longest time without progress while the body is received. Default 10,000.
    pub idle_timeout_ms: u64,
    /// The largest body that is accepted, in bytes. Default 64 MiB; unlimited for a call whose body goes to a callback.
    pub max_body_bytes: u64,
    /// The longest response head that is accepted, in bytes, interim responses and trailers included. Default 65,536;
    /// at most 307,200.
    pub max_header_bytes: u32,
    /// The most fields of a response head that are accepted. Default 200; at most 5,000.
    pub max_header_count: u32,
    /// How long a connection may idle and still be used again; rounded up to seconds. Default 55,000.
    pub idle_connection_ms: u64,
    /// How long after it was made a connection may be used again; rounded up to seconds. Default 300,000.
    pub connection_life_ms: u64,
    /// How many idle connections are kept. Default 100; at most 65,536.
    pub max_idle_connections: u32,
    /// `HS_HTTP_DEFAULT`, `HS_HTTP_1_0`, `HS_HTTP_1_1`, `HS_HTTP_2` or `HS_HTTP_2_PRIOR_KNOWLEDGE`.
    pub http_version: u32,
    /// Value of the `User-Agent` header. Default "http-sentinel/VERSION". A request's own one is sent in its place, and none
    /// where that is empty.
    pub user_agent: hs_str,
    /// A PEM file with the CA certificates to trust instead of the system's.
    pub ca_file: hs_str,
    /// The same as text in memory; at most one of the two.
    pub ca_pem: hs_str,
    /// `HS_REDIRECT_…`
    pub redirects: u32,
    /// How many redirects one call follows. Default 10; at most 1,000.
    pub max_redirects: u32,
    /// To which addresses connections may be made; NULL for any.
    pub addresses: *const hs_address_rule,
    /// Where and how connections are made; NULL for defaults.
    pub network: *const hs_network_options,
    /// A jar whose cookies are sent and which gets those that responses set; NULL for none, unless `HS_COOKIES` is set.
    pub cookies: *mut hs_cookie_jar,
    /// Proxies; NULL is none, and then the environment is not read either.
    pub proxy: *const hs_proxy_options,
    /// The oldest version of HTTP that will do: `HS_HTTP_1_1` or `HS_HTTP_2`; 0 or `HS_HTTP_1_0`: any. A server that speaks
    /// less gives `HS_ERR_HTTP_VERSION`, before the request is sent where the TLS handshake tells.
    pub min_http_version: u32,
    /// How many attempts a call makes at most, the first one included: 1 is no retries. The same as
    /// `hs_retry_options.max_attempts`, and more than that where both are set. 0: that, or 3; at most 100.
    pub max_attempts: u32,
    /// Credentials for one origin; NULL for none.
    pub auth: *const hs_auth,
    /// How names become addresses; NULL for the defaults.
    pub dns: *const hs_dns_options,
    /// What can be seen: events, histograms, trace context, redaction. NULL: the counters alone.
    pub observe: *const hs_observe_options,
    /// Answers instead of the network; NULL for the network.
    pub mock: *mut hs_mock,
    /// A file in which every exchange is written down, for `hs_mock_load`; empty is none. It is made anew, for its owner
    /// alone. Secrets in fields and URLs are blanked; bodies are not, and more than 1 MiB of one is cut off. Two workers
    /// need two files.
    pub record: hs_str,
    /// Whom to trust, what to show and what to accept in TLS; NULL: all defaults.
    pub tls: *const hs_tls_options,
    /// Virtual time and scripted chance, only together with `mock`; NULL for the machine's. Whenever all that the worker
    /// could do is wait, the simulation's clock is moved on to what comes next: timeouts and the mock's delays take no
    /// time. A call with nothing left to wait for ends with `HS_ERR_MOCK`. Workers that share a simulation are to be on one
    /// thread, else what happens depends on which is faster.
    pub simulation: *mut hs_simulation,
    /// Retries, hedging, circuit breaker, rate limiter, bulkhead; NULL: three attempts and nothing else.
    pub policies: *const hs_policies,
}

// SAFETY: repr(C), integers and pointers alone.
unsafe impl Sized32 for hs_worker_options {
    const NAME: &'static str = "hs_worker_options";
    const SMALLEST: usize = 8;
}

/// libcurl's own bounds, beyond which it gives up by itself.
const MOST_HEADER_BYTES: u32 = 300 * 1024;
const MOST_HEADERS: u32 = 5_000;
const MOST_IDLE_CONNECTIONS: u32 = 65_536;

/// Makes a worker that belongs to the calling thread. `options` may be NULL: all defaults. Nothing of it is needed
/// after the call. `*worker` is written on success only; close it with `hs_worker_free`.
///
/// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_STRUCT_SIZE`, `HS_ERR_INVALID_ARGUMENT`,
/// `HS_ERR_INVALID_HANDLE` (cookies, mock, simulation), `HS_ERR_FORKED` (the same), `HS_ERR_INVALID_HEADER` (user agent, headers for
/// proxies), `HS_ERR_INVALID_CREDENTIALS`, `HS_ERR_INVALID_URL` (proxies, origin of credentials),
/// `HS_ERR_UNSUPPORTED_SCHEME` (the same), `HS_ERR_CA_STORE`, `HS_ERR_CLIENT_CERTIFICATE`, `HS_ERR_FILE` (record),
/// `HS_ERR_LIBCURL`, `HS_ERR_TOO_MANY_HANDLES`, `HS_ERR_THREAD_EXITING`, `HS_ERR_OUT_OF_MEMORY`. Since 1.0.
///
/// # Safety
/// `options` and the structs that it points to are NULL or valid for as many bytes as their `struct_size` says;
/// `worker` and `error` are NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_worker_new(
    options: *const hs_worker_options,
    worker: *mut *mut hs_worker,
    error: *mut *mut hs_error,
) -> hs_status {
    let body = || {
        if worker.is_null() {
            return Err(Error::new(HS_ERR_NULL_ARGUMENT, "worker is NULL: there is nowhere to put the new worker"));
        }
        thread::sweep_retired()?;
        // SAFETY: as the caller promises.
        let options = if options.is_null() { WorkerOptions::default() } else { unsafe { chosen(options) }? };
        let place = handle::Reservation::new()?;
        let handle = thread::adopt(Worker::new(options)?, place)?;
        // SAFETY: as the caller promises.
        unsafe { worker.write(handle) };
        Ok(())
    };
    // SAFETY: as the caller promises.
    unsafe { guard::with_error(error, body) }
}

/// # Safety
/// `pointer` and what it points to are valid for as many bytes as their `struct_size` says.
pub(super) unsafe fn chosen(pointer: *const hs_worker_options) -> Result<WorkerOptions, Error> {
    // SAFETY: as the caller promises.
    let given = unsafe { sized::read(pointer) }?;
    let bounded = |value: u32, most: u32, what: &str| {
        if value <= most { Ok(()) } else { Err(options::invalid(format!("{what} is {value}: at most {most}"))) }
    };
    bounded(given.max_header_bytes, MOST_HEADER_BYTES, "max_header_bytes")?;
    bounded(given.max_header_count, MOST_HEADERS, "max_header_count")?;
    bounded(given.max_idle_connections, MOST_IDLE_CONNECTIONS, "max_idle_connections")?;

    options::flags(given.flags, HS_ALLOW_DOWNGRADE | HS_RAW_BODY | HS_COOKIES | HS_TRACE, "hs_worker_options")?;

    let mut chosen = WorkerOptions::default();
    let limits = &mut chosen.limits;
    limits.timeout = options::duration(given.timeout_ms, limits.timeout);
    limits.stream_timeout = options::duration(given.timeout_ms, limits.stream_timeout);
    limits.attempt_timeout = options::duration(given.attempt_timeout_ms, limits.attempt_timeout);
    if given.timeout_ms != 0 && given.attempt_timeout_ms != 0 {
        let checked = check_attempt_timeout(limits.attempt_timeout, limits.timeout);
        checked.map_err(|why| options::invalid(format!("hs_worker_options.{why}")))?;
    }
    limits.connect_timeout = options::duration(given.connect_timeout_ms, limits.connect_timeout);
    limits.idle_timeout = options::duration(given.idle_timeout_ms, limits.idle_timeout);
    limits.max_body_bytes = options::number(given.max_body_bytes, limits.max_body_bytes);
    limits.max_stream_bytes = options::number(given.max_body_bytes, limits.max_stream_bytes);
    limits.head = HeadLimits {
        bytes: options::number(given.max_header_bytes as usize, limits.head.bytes),
        fields: options::number(given.max_header_count as usize, limits.head.fields),
    };
    limits.http = options::http(given.http_version, limits.http, "hs_worker_options.http_version")?;
    limits.min_http = options::min_http(given.min_http_version, limits.min_http, limits.http, "hs_worker_options")?;
    limits.redirects =
        options::redirects(given.redirects, given.max_redirects, given.flags, limits.redirects, "hs_worker_options")?;
    limits.raw_body = given.flags & HS_RAW_BODY != 0;
    limits.trace = given.flags & HS_TRACE != 0;
    chosen.idle_connection = options::seconds(given.idle_connection_ms, chosen.idle_connection);
    chosen.connection_life = options::seconds(given.connection_life_ms, chosen.connection_life);
    // SAFETY: as the caller promises.
    chosen.observe = unsafe { observe::chosen(given.observe) }?;
    chosen.max_idle_connections = options::number(given.max_idle_connections, chosen.max_idle_connections);
    // SAFETY: as the caller promises.
    unsafe {
        chosen.user_agent = options::user_agent(given.user_agent, &chosen.user_agent)?;
        (chosen.ca, chosen.tls) = tls::chosen(given.tls, given.ca_file, given.ca_pem)?;
        chosen.addresses = address_rule::chosen(given.addresses)?;
        chosen.dns = dns::chosen(given.dns)?;
        chosen.network = network::chosen(given.network)?;
        chosen.auth = auth::of_worker(given.auth)?;
        (chosen.proxies, chosen.proxy_ca) = proxy::chosen(given.proxy)?;
    }
    if chosen.network.socket.is_some() && (chosen.proxies.http.is_some() || chosen.proxies.https.is_some()) {
        return Err(options::invalid("both a Unix socket (network) and a proxy are set: choose one".into()));
    }
    chosen.mock = mock::given(given.mock)?;
    chosen.simulation = simulation::given(given.simulation)?;
    if chosen.simulation.is_some() && chosen.mock.is_none() {
        let message = "simulation is set without mock: a network knows no virtual time";
        return Err(options::invalid(message.into()));
    }
    // SAFETY: as the caller promises.
    chosen.limits.policies =
        unsafe { policies::of_worker(given.policies, given.max_attempts, chosen.simulation.as_ref()) }?;
    // SAFETY: as the caller promises.
    let record = unsafe { given.record.bytes("record") }?;
    chosen.record = (!record.is_empty()).then(|| mock::path(record, "record")).transpose()?;
    chosen.cookies = cookies::given(given.cookies)?;
    if given.flags & HS_COOKIES != 0 && chosen.cookies.replace(Jar::default()).is_some() {
        return Err(options::invalid("both cookies and HS_COOKIES are set: choose one".into()));
    }
    Ok(chosen)
}

/// Closes the connections of a worker that nothing uses now, before it returns. Streams that are open go on undisturbed.
///
/// Thread: the worker's own. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_WRONG_THREAD`, `HS_ERR_BUSY`
/// (from a callback of its own call), `HS_ERR_FORKED`, `HS_ERR_OUT_OF_MEMORY`, `HS_ERR_INTERNAL` (libcurl refuses). Since 1.0.
#[unsafe(no_mangle)]
pub extern "C" fn hs_worker_close_idle(worker: *mut hs_worker) -> hs_status {
    guard::status(|| thread::worker(worker)?.close_idle())
}

/// Closes a worker and its connections. NULL is fine.
///
/// Thread: the worker's own. Errors: `HS_ERR_WRONG_THREAD` (the worker lives on), `HS_ERR_BUSY` (from a callback of
/// its own call; the worker lives on), `HS_ERR_INVALID_HANDLE` (also for a second free), `HS_ERR_FORKED`. Since 1.0.
#[unsafe(no_mangle)]
pub extern "C" fn hs_worker_free(worker: *mut hs_worker) -> hs_status {
    guard::status(|| {
        if worker.is_null() {
            return Ok(());
        }
        if thread::worker(worker)?.is_busy() {
            return Err(Error::plain(HS_ERR_BUSY));
        }
        let _closed = thread::release(worker)?;
        Ok(())
    })
}

/// Gives a worker up from any thread, for finalizers: the handle is invalid from now on, and its owner closes the
/// worker at the next call of the library that it makes, or when it exits. A call that is running ends undisturbed.
/// NULL is fine.
///
/// Thread: any. Errors: `HS_ERR_INVALID_HANDLE` (also where it was retired or freed before), `HS_ERR_FORKED`. Since 1.0.
#[unsafe(no_mangle)]
pub extern "C" fn hs_worker_retire(worker: *mut hs_worker) -> hs_status {
    guard::status(|| {
        if worker.is_null() {
            return Ok(());
        }
        let first = handle::open::<WorkerLink>(worker)?.retire();
        if !first {
            return Err(Error::plain(HS_ERR_INVALID_HANDLE));
        }
        thread::sweep_retired()
    })
}
