//! `hs_observe_options`: what of a worker can be seen, and by whom; `hs_event`.

use super::error::sent;
use super::metrics::{address, hs_address, http_version, tls_version};
use super::options;
use super::sized::{self, Sized32};
use super::text::hs_str;
use crate::error::Error;
use crate::observe::counters::Counters;
use crate::observe::events::{ALL_KINDS, Event, Kind};
use crate::observe::redact::Redactor;
use crate::observe::traceparent::Mode;
use crate::observe::{Audience, ObserveOptions};
use crate::status::{hs_phase, hs_status};
use std::ffi::c_void;
use std::sync::Arc;

/// A call begins. Its arguments were found to be right: what was refused before has no events.
pub const HS_EVENT_CALL_START: u32 = 1;
/// A new connection is wanted and its host name is resolved. Not told of hosts that are addresses.
pub const HS_EVENT_RESOLVED: u32 = 2;
/// A new connection is made.
pub const HS_EVENT_CONNECTED: u32 = 4;
/// The TLS handshake of a new connection is done.
pub const HS_EVENT_TLS_DONE: u32 = 8;
/// A connection that is open already is used again.
pub const HS_EVENT_REUSED: u32 = 16;
/// The request is about to be put on a connection. Twice in one exchange where a reused one turned out to be dead.
pub const HS_EVENT_SENDING: u32 = 32;
/// A response head has come; interim ones (1xx) are not told.
pub const HS_EVENT_HEAD: u32 = 64;
/// A redirect is followed; `message` is where it leads.
pub const HS_EVENT_REDIRECT: u32 = 128;
/// The same is tried again; `status`, `phase` and `message` say why.
pub const HS_EVENT_RETRY: u32 = 256;
/// The body has come whole.
pub const HS_EVENT_BODY_END: u32 = 512;
/// The call is over; the last event of every call that began.
pub const HS_EVENT_CALL_END: u32 = 1024;

/// An attempt begins; `wait_ns` and `wait_reason` say what it waited for.
pub const HS_EVENT_ATTEMPT_START: u32 = 1 << 11;
/// An attempt is over: `status` or `http_status`, and `request_sent`.
pub const HS_EVENT_ATTEMPT_END: u32 = 1 << 12;
/// There is no further attempt, although the outcome asked for one: `stop_reason`.
pub const HS_EVENT_RETRY_ABANDONED: u32 = 1 << 13;
/// A hedge is sent beside a request that takes long.
pub const HS_EVENT_HEDGE_STARTED: u32 = 1 << 14;
/// Of several requests at once this one (`hedge`; 0 is the first) gave the response.
pub const HS_EVENT_HEDGE_WON: u32 = 1 << 15;
/// This one was stopped, since another one came first.
pub const HS_EVENT_HEDGE_LOST: u32 = 1 << 16;
/// A hedge was due and is not sent; `message` says what spoke against it: "breaker", "limiter", "bulkhead", "budget".
pub const HS_EVENT_HEDGE_SKIPPED: u32 = 1 << 17;
/// A circuit breaker went from one state to another because of this call: `from_state`, `to_state`.
pub const HS_EVENT_BREAKER_TRANSITION: u32 = 1 << 18;
/// A circuit breaker refused the request; `wait_ns` is how long it stays open.
pub const HS_EVENT_BREAKER_REJECTED: u32 = 1 << 19;
/// The request was held up by a rate limiter, for `wait_ns`.
pub const HS_EVENT_LIMITER_WAIT: u32 = 1 << 20;
/// A rate limiter refused the request.
pub const HS_EVENT_LIMITER_REJECTED: u32 = 1 << 21;
/// A rate limiter holds its bucket for `wait_ns` because of what the server said of its own limit.
pub const HS_EVENT_LIMITER_LEARNED: u32 = 1 << 22;
/// The request was held up by a bulkhead, for `wait_ns`.
pub const HS_EVENT_BULKHEAD_WAIT: u32 = 1 << 23;
/// A bulkhead refused the request.
pub const HS_EVENT_BULKHEAD_REJECTED: u32 = 1 << 24;
/// The retry budget of the origin is used up.
pub const HS_EVENT_BUDGET_EXHAUSTED: u32 = 1 << 25;
/// The time of the whole call is up.
pub const HS_EVENT_DEADLINE_EXCEEDED: u32 = 1 << 26;
/// A reused connection died, and the request was not sent a second time, since it might be done twice.
pub const HS_EVENT_RESEND_BLOCKED: u32 = 1 << 27;

const _: () = assert!(HS_EVENT_CALL_END == Kind::CallEnd as u32);
const _: () = assert!(HS_EVENT_RESEND_BLOCKED == Kind::ResendBlocked as u32);
const _: () = assert!(ALL_KINDS == 2 * HS_EVENT_RESEND_BLOCKED - 1);

/// Nothing is added to requests.
pub const HS_TRACE_CONTEXT_OFF: u32 = 0;
/// A request without a `traceparent` header gets one (W3C Trace Context, version 00) with a random trace-id and the flag
/// "sampled", so that servers record their part. Redirects and further attempts of a call stay in its trace, each with a
/// parent-id of its own, on whatever origin. A header of the caller's is sent as it is.
pub const HS_TRACE_CONTEXT_SAMPLED: u32 = 1;
/// The same without the flag "sampled": ids to find a request by, which servers need not record.
pub const HS_TRACE_CONTEXT_UNSAMPLED: u32 = 2;

/// In the flags of `hs_observe_options`: histograms of latencies are kept, for `hs_worker_histogram`. Each takes 7 KiB
/// from its first value on, which is 56 KiB for a worker that has measured everything.
pub const HS_OBSERVE_HISTOGRAMS: u32 = 1;

/// What has happened. Texts are without secrets and valid during the callback.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hs_event {
    /// `sizeof(hs_event)` as the library knows it: fields behind it are not there.
    pub struct_size: u32,
    /// `HS_EVENT_…`
    pub kind: u32,
    /// When it happened, in nanoseconds of the clock that deadlines go by: CLOCK_BOOTTIME on Linux. The callback may
    /// come a little later.
    pub time_ns: u64,
    /// How long after the beginning of the call that was.
    pub elapsed_ns: u64,
    /// The call's number; unique within its worker, or its pool.
    pub call: u64,
    /// The attempt, from 1; 0 before the first.
    pub attempt: u32,
    /// How many redirects were followed by then.
    pub hop: u32,
    /// Of `HS_EVENT_CALL_END`: what the call has come to. Of `HS_EVENT_RETRY`: what is tried again.
    pub status: hs_status,
    /// In what the call was when it failed: `HS_PHASE_…`.
    pub phase: hs_phase,
    /// The HTTP status, of a head, a redirect and the end of a call; else 0.
    pub http_status: u32,
    /// `HS_HTTP_…`, of a head.
    pub http_version: u32,
    /// `HS_TLS_…`, from the connection on.
    pub tls_version: u32,
    /// The server's end of the connection, from the connection on.
    pub peer: hs_address,
    /// The connection's number; unique within its worker, of a pool within the thread.
    pub connection_id: u64,
    /// Bytes of head and body that were sent: at the end of a body by its exchange, at the end of a call by all.
    pub request_bytes: u64,
    /// Bytes of head and body that were received.
    pub response_bytes: u64,
    /// The method of the exchange.
    pub method: hs_str,
    /// The URL of the exchange, secrets blanked.
    pub url: hs_str,
    /// What there is to say; empty for most kinds.
    pub message: hs_str,
    /// The trace-id that the call belongs to, 32 hexadecimal digits; `data == NULL` where there is none.
    pub trace_id: hs_str,
    /// 0 for the attempt itself, else which of its hedges.
    pub hedge: u32,
    /// `HS_SENT_…`, at the end of an attempt.
    pub request_sent: u32,
    /// `HS_STOP_…`, where a retry is abandoned.
    pub stop_reason: u32,
    /// `HS_WAIT_…`: what `wait_ns` is for.
    pub wait_reason: u32,
    /// Of a transition: `HS_BREAKER_…`, before.
    pub from_state: u32,
    /// Of a transition: `HS_BREAKER_…`, after.
    pub to_state: u32,
    /// In nanoseconds; what for is said at each kind.
    pub wait_ns: u64,
    /// Of the kinds that a policy decides: what it goes by, an origin or the caller's own key; else empty.
    pub key: hs_str,
    /// The number of the event among those of its key, from 1; of a breaker's transition among all that the breaker had
    /// for the key. 0 where there is no key. A worker remembers 1,024 keys, and begins anew with all of them beyond that.
    pub sequence: u64,
    /// Of a pool's request: the tag that it was submitted with.
    pub tag: u64,
}

/// Is told what happens. Called on the worker's thread, inside a call of the library; the worker is busy meanwhile
/// (`HS_ERR_BUSY`), other workers of the thread are not. What it does changes nothing of the call but its time. It must
/// return: no longjmp, no C++ exception.
pub type hs_event_callback = Option<unsafe extern "C" fn(user_data: *mut c_void, event: *const hs_event)>;

/// What of a worker can be seen. All zero but `struct_size` is what a worker has without it: counters, and nothing else.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hs_observe_options {
    /// `sizeof(hs_observe_options)`.
    pub struct_size: u32,
    /// `HS_OBSERVE_HISTOGRAMS`, or 0.
    pub flags: u32,
    /// Is told events; may be NULL, and then they cost nothing.
    pub on_event: hs_event_callback,
    /// Handed to `on_event`; must be valid until the worker is closed.
    pub user_data: *mut c_void,
    /// Which kinds are told: `HS_EVENT_…` bits. 0: all. Those that are not cost nothing.
    pub event_mask: u32,
    /// `HS_TRACE_CONTEXT_…`
    pub trace_context: u32,
    /// Query keys whose values are secrets, besides the known ones: `token`, `key`, `code`, `auth`, `session`, `sid`, `pwd`
    /// and the like, and all names with a word like `password`, `secret`, `token`, `signature`, `sig`, `credential` or
    /// `api_key` in them. Compared without case, `-` and `_`. In errors, events and traces their values are `***`;
    /// `hs_response_url` and `hs_redirect` tell the truth, since a program goes by them.
    pub redact_query_keys: *const hs_str,
    /// How many there are; at most 1,000.
    pub redact_query_key_count: usize,
}

// SAFETY: repr(C): integers, pointers and an optional function, for which all-zero is None.
unsafe impl Sized32 for hs_observe_options {
    const NAME: &'static str = "hs_observe_options";
    const SMALLEST: usize = 8;
}

const MOST_KEYS: usize = 1_000;

/// # Safety
/// `pointer` is NULL or valid for as many bytes as its `struct_size` says, and so is all that it points to.
pub unsafe fn chosen(pointer: *const hs_observe_options) -> Result<ObserveOptions, Error> {
    if pointer.is_null() {
        return Ok(ObserveOptions::default());
    }
    // SAFETY: as the caller promises.
    let given = unsafe { sized::read(pointer) }?;
    options::unused(u64::from(given.flags & !HS_OBSERVE_HISTOGRAMS), "unknown bits of hs_observe_options.flags")?;
    options::unused(u64::from(given.event_mask & !ALL_KINDS), "unknown bits of hs_observe_options.event_mask")?;
    let context = match given.trace_context {
        HS_TRACE_CONTEXT_OFF => Mode::Off,
        HS_TRACE_CONTEXT_SAMPLED => Mode::Generate { sampled: true },
        HS_TRACE_CONTEXT_UNSAMPLED => Mode::Generate { sampled: false },
        other => {
            let what = "hs_observe_options.trace_context";
            return Err(options::invalid(format!("{what} is {other}: not a HS_TRACE_CONTEXT_… constant")));
        }
    };
    // SAFETY: as the caller promises.
    let keys = unsafe {
        let (keys, count) = (given.redact_query_keys, given.redact_query_key_count);
        let keys = options::array(keys, count, MOST_KEYS, "redact_query_keys")?;
        keys.iter().map(|key| key.bytes("redact_query_keys")).collect::<Result<Vec<_>, _>>()?
    };
    if keys.iter().any(|key| !key.iter().any(u8::is_ascii_alphanumeric)) {
        return Err(options::invalid("an entry of redact_query_keys has no letter and no digit".into()));
    }
    let mask = options::number(given.event_mask, ALL_KINDS);
    let audience = given.on_event.map(|callback| -> Audience {
        let listener = Listening { callback, user_data: given.user_data };
        (mask, Arc::new(move |event| listener.tell(event)))
    });
    Ok(ObserveOptions {
        counters: Arc::new(Counters::new(given.flags & HS_OBSERVE_HISTOGRAMS != 0)),
        audience,
        redactor: Arc::new(Redactor::new(keys)),
        context,
        calls: Arc::default(),
    })
}

/// The caller's function with the caller's data.
struct Listening {
    callback: unsafe extern "C" fn(*mut c_void, *const hs_event),
    user_data: *mut c_void,
}

// SAFETY: the caller promises that his callback may run on the thread of the worker, or on those of the pool.
unsafe impl Send for Listening {}
// SAFETY: as above.
unsafe impl Sync for Listening {}

impl Listening {
    fn tell(&self, event: &Event) {
        let event = facts(event);
        // SAFETY: the caller's function with the caller's data.
        unsafe { (self.callback)(self.user_data, &event) }
    }
}

fn facts(event: &Event) -> hs_event {
    hs_event {
        struct_size: size_of::<hs_event>() as u32,
        kind: event.kind as u32,
        time_ns: event.time.0,
        elapsed_ns: event.elapsed_ns,
        call: event.call,
        attempt: event.attempt,
        hop: event.hop,
        status: event.status,
        phase: event.phase,
        http_status: u32::from(event.http_status),
        http_version: http_version(event.http_version),
        tls_version: tls_version(event.tls),
        peer: address(event.peer),
        connection_id: event.connection_id,
        request_bytes: event.request_bytes,
        response_bytes: event.response_bytes,
        method: hs_str::borrowed(event.method.as_bytes()),
        url: hs_str::borrowed(event.url.as_bytes()),
        message: hs_str::borrowed(event.message.as_bytes()),
        trace_id: event.trace.as_ref().map_or(hs_str::NONE, |id| hs_str::borrowed(id.as_str().as_bytes())),
        hedge: event.hedge,
        request_sent: sent(event.sent),
        stop_reason: event.stop as u32,
        wait_reason: event.wait_reason as u32,
        from_state: event.states.0,
        to_state: event.states.1,
        wait_ns: u64::try_from(event.wait.as_nanos()).unwrap_or(u64::MAX),
        key: hs_str::borrowed(event.key.as_bytes()),
        sequence: event.sequence,
        tag: event.tag,
    }
}
