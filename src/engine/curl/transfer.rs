//! One transfer: what libcurl's callbacks see and fill while it runs.

use super::address::Attempts;
use super::easy::Easy;
use super::proxy::Route;
use super::resend::{Blocked, Rejections};
use super::resolve::Resolution;
use super::sockets::{Seat, Sockets};
use super::sys;
use super::tls::{self, Notes, Trust};
use super::upload::Uploads;
use crate::engine::{ExchangeId, ExchangeRequest, HttpChoice};
use crate::error::{Error, quoted};
use crate::http::address::AddressRule;
use crate::http::body::Body;
use crate::http::framing;
use crate::http::headers::HeaderBlock;
use crate::http::metrics::{Endpoint, ExchangeMetrics};
use crate::http::response::{Head, HttpVersion, Interim};
use crate::status::{HS_ERR_HEADERS_TOO_LARGE, HS_ERR_PANIC, HS_ERR_PROTOCOL, HS_ERR_PROXY_AUTH};
use std::cell::{Cell, OnceCell, RefCell};
use std::ffi::{CStr, c_char, c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

/// Bytes of a body that wait for their taker before the transfer is paused.
const HIGH_WATER: usize = 256 * 1024;

pub struct Transfer {
    pub easy: Easy,
    pub exchange: ExchangeRequest,
    pub rule: Option<Rc<AddressRule>>,
    /// The proxy that it goes through, if any.
    pub route: Option<Route>,
    /// The server's certificate is checked in full, wherever there is one.
    pub verifies: bool,
    /// Shared between the engine and the callbacks. Never borrowed across a call into libcurl.
    pub state: RefCell<State>,
    /// Once it has ended.
    pub measured: OnceCell<ExchangeMetrics>,
    /// Set by the write callback, read by the engine between two turns.
    pub paused: Cell<bool>,
    /// Set by the read callback where there is nothing to send yet.
    pub starved: Cell<bool>,
    /// Where to say that there is.
    pub uploads: Arc<Uploads>,
    /// Set when a new connection turns out not to be one that others can share.
    pub alone: Rc<Cell<bool>>,
    /// Its place in the engine.
    pub id: Cell<ExchangeId>,
    pub sockets: Rc<Sockets>,
    pub seat: Seat,
}

#[derive(Default)]
pub struct State {
    pub head: Head,
    pub head_state: HeadState,
    pub head_bytes: usize,
    pub incoming: Vec<u8>,
    pub trailers: HeaderBlock,
    /// How often libcurl was about to put the request on a connection.
    pub sends: u32,
    /// Whether any byte of an answer came since the last of them.
    pub answered: bool,
    /// What the server said instead of answering.
    pub rejections: Rejections,
    /// libcurl wanted to send again what must not be sent again.
    pub blocked: Option<Blocked>,
    /// A forwarding proxy wants credentials, and nothing was sent since.
    pub refused_by_proxy: bool,
    /// The connection that libcurl chose was closed by the server already, and nothing was sent on it.
    pub stale: Stale,
    pub attempts: Attempts,
    pub resolution: Resolution,
    pub peer: Option<Endpoint>,
    pub local: Option<Endpoint>,
    /// The TLS handshake with the server has begun.
    pub handshaking: bool,
    /// What was seen of the handshake, where this transfer made it.
    pub handshake: Option<Rc<Notes>>,
    pub tls: tls::Facts,
    /// Why a callback stopped the transfer.
    pub failure: Option<Error>,
    pub finished: Option<sys::CURLcode>,
    pub waker: Option<Waker>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stale {
    #[default]
    No,
    /// The transfer was stopped before it sent anything.
    Found,
    /// It goes over a connection of its own now.
    Replaced,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HeadState {
    #[default]
    Waiting,
    InBlock,
    Complete,
    Taken,
}

/// Owns a transfer whose address libcurl knows. A `Box` would claim that nobody else points into it.
pub struct PinnedTransfer(NonNull<Transfer>);

impl PinnedTransfer {
    pub fn new(transfer: Transfer) -> PinnedTransfer {
        PinnedTransfer(NonNull::from(Box::leak(Box::new(transfer))))
    }

    /// The transfer itself, once libcurl has forgotten its address.
    pub fn into_inner(self) -> Transfer {
        let this = std::mem::ManuallyDrop::new(self);
        // SAFETY: `new` made it from a box, and `drop` will not run.
        *unsafe { Box::from_raw(this.0.as_ptr()) }
    }
}

impl std::ops::Deref for PinnedTransfer {
    type Target = Transfer;

    fn deref(&self) -> &Transfer {
        // SAFETY: alive until `drop` or `into_inner`, and only ever shared meanwhile.
        unsafe { self.0.as_ref() }
    }
}

impl Drop for PinnedTransfer {
    fn drop(&mut self) {
        // SAFETY: `new` made it from a box.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}

impl Transfer {
    /// The ways that wait, as `curl_easy_pause` wants to hear it.
    pub fn pauses(&self) -> c_int {
        let receiving = if self.paused.get() { sys::CURLPAUSE_RECV } else { 0 };
        let sending = if self.starved.get() { sys::CURLPAUSE_SEND } else { 0 };
        receiving | sending
    }

    pub fn wake(&self) {
        let waker = self.state.borrow_mut().waker.take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// One line of a head as libcurl delivers it: status lines, fields, the empty line at the end, trailers.
    fn on_header(&self, line: &[u8]) -> Result<(), Error> {
        let mut state = self.state.borrow_mut();
        let state = &mut *state;
        state.answered = true;
        state.head_bytes += line.len();
        let limits = self.exchange.head_limits;
        if state.head_bytes > limits.bytes {
            let message = format!("the response head is longer than {} bytes", limits.bytes);
            return Err(Error::new(HS_ERR_HEADERS_TOO_LARGE, message));
        }
        match state.head_state {
            HeadState::Waiting | HeadState::InBlock if line.starts_with(b"HTTP/") => {
                state.head.headers.clear();
                (state.head.version, state.head.status) = status_line(line);
                if !self.may_speak(state.head.version) {
                    state.head.version = HttpVersion::Unknown;
                }
                state.head_state = HeadState::InBlock;
            }
            // Trailers of a refusal whose body nobody reads.
            HeadState::Waiting if state.refused_by_proxy => {}
            HeadState::Waiting => {
                let message = format!("the response begins with {}, which is no status line", quoted(line));
                return Err(Error::new(HS_ERR_PROTOCOL, message));
            }
            HeadState::InBlock if line == b"\r\n" || line == b"\n" => {
                if (100..200).contains(&state.head.status) && state.head.status != 101 {
                    let (status, headers) = (state.head.status, std::mem::take(&mut state.head.headers));
                    state.head.interim.push(Interim { status, headers });
                    state.head_state = HeadState::Waiting;
                } else if self.is_refused_by_proxy(state.head.status) {
                    state.head = Head { headers: HeaderBlock::default(), ..Head::default() };
                    state.head_state = HeadState::Waiting;
                    state.refused_by_proxy = true;
                    (state.sends, state.rejections) = (0, Rejections::default());
                } else {
                    let may_switch = self.exchange.request.headers.iter().any(|header| header.is("upgrade"));
                    framing::check(&state.head, may_switch)?;
                    state.head_state = HeadState::Complete;
                    self.check_version(state.head.version).inspect_err(|_| state.head_state = HeadState::Taken)?;
                }
            }
            // The connection was cut in the middle of this line: there is no head.
            HeadState::InBlock if !line.ends_with(b"\n") => {}
            HeadState::InBlock => state.head.headers.push_line(line, limits)?,
            HeadState::Complete | HeadState::Taken if line.contains(&b':') => state.trailers.push_line(line, limits)?,
            HeadState::Complete | HeadState::Taken => {}
        }
        Ok(())
    }

    /// Whether an answer can be in that version. libcurl believes what the status line says, whatever the connection.
    fn may_speak(&self, version: HttpVersion) -> bool {
        match version {
            HttpVersion::Http2 => match self.exchange.http {
                HttpChoice::Negotiated => self.exchange.request.url.is_secure(),
                HttpChoice::Http10 | HttpChoice::Http11 => false,
                HttpChoice::Http2PriorKnowledge => true,
            },
            HttpVersion::Http3 | HttpVersion::Unknown => false,
            HttpVersion::Http10 | HttpVersion::Http11 => true,
        }
    }

    fn on_body(&self, bytes: &[u8]) -> Result<bool, Error> {
        let mut state = self.state.borrow_mut();
        state.answered = true;
        if state.refused_by_proxy {
            // libcurl hands it on, so it will not try again.
            return Err(Error::plain(HS_ERR_PROXY_AUTH));
        }
        if state.incoming.len() >= HIGH_WATER {
            self.paused.set(true);
            return Ok(false);
        }
        state.incoming.extend_from_slice(bytes);
        Ok(true)
    }

    pub fn guarded(&self, body: impl FnOnce() -> Result<(), Error>) -> bool {
        let result = catch_unwind(AssertUnwindSafe(body));
        let failure = match result {
            Ok(Ok(())) => return true,
            Ok(Err(error)) => error,
            Err(_) => Error::new(HS_ERR_PANIC, "panic in a callback of libcurl"),
        };
        if let Ok(mut state) = self.state.try_borrow_mut() {
            state.failure.get_or_insert(failure);
        }
        false
    }
}

/// With whom a TLS handshake begins.
pub enum Handshake<'a> {
    Server,
    /// With the proxy; its own trust, if it has one.
    Proxy(
        #[cfg_attr(not(feature = "bundled-curl"), expect(dead_code, reason = "there libcurl keeps the two apart"))]
        Option<&'a Trust>,
    ),
}

/// Notes that a TLS handshake begins; for the callback that libcurl makes at that moment.
///
/// # Safety
/// `easy` is the handle of a transfer in a multi, which stays where it is for the lifetime of the result.
pub unsafe fn note_handshake<'a>(easy: *mut sys::CURL, notes: Rc<Notes>) -> Handshake<'a> {
    // SAFETY: as the caller promises.
    let transfer = unsafe { transfer(sys::private(easy)) };
    match &transfer.route {
        Some(route) if transfer.handshakes_with_proxy() => Handshake::Proxy(route.trust.as_deref()),
        _ => {
            let mut state = transfer.state.borrow_mut();
            state.handshaking = true;
            state.handshake = Some(notes);
            Handshake::Server
        }
    }
}

/// "HTTP/1.1 200 OK" → version and status.
fn status_line(line: &[u8]) -> (HttpVersion, u16) {
    let mut words = line.split(|byte| byte.is_ascii_whitespace());
    let version = match words.next() {
        Some(b"HTTP/1.0") => HttpVersion::Http10,
        Some(b"HTTP/1.1") => HttpVersion::Http11,
        Some(b"HTTP/2") => HttpVersion::Http2,
        Some(b"HTTP/3") => HttpVersion::Http3,
        _ => HttpVersion::Unknown,
    };
    let status = words.next().and_then(|word| std::str::from_utf8(word).ok()).and_then(|word| word.parse().ok());
    (version, status.unwrap_or(0))
}

/// # Safety
/// `data` is the transfer that `Easy::configure` was given, alive and not borrowed mutably.
pub unsafe fn transfer<'a>(data: *mut c_void) -> &'a Transfer {
    // SAFETY: as the caller promises.
    unsafe { &*data.cast::<Transfer>() }
}

/// # Safety
/// `bytes` points to `size * count` readable bytes.
unsafe fn slice<'a>(bytes: *mut c_char, size: usize, count: usize) -> &'a [u8] {
    if size * count == 0 {
        return &[];
    }
    // SAFETY: as the caller promises.
    unsafe { std::slice::from_raw_parts(bytes.cast::<u8>(), size * count) }
}

pub extern "C" fn header_callback(bytes: *mut c_char, size: usize, count: usize, data: *mut c_void) -> usize {
    // SAFETY: libcurl hands back the data that `Easy::configure` set, and readable bytes.
    let (transfer, line) = unsafe { (transfer(data), slice(bytes, size, count)) };
    let going_on = transfer.guarded(|| {
        transfer.on_header(line)?;
        let complete = transfer.state.borrow().head_state == HeadState::Complete;
        if complete {
            if transfer.exchange.request.url.is_secure() {
                // SAFETY: the easy handle of this transfer, inside one of its callbacks.
                let facts = unsafe { tls::facts(transfer.easy.raw()) };
                transfer.state.borrow_mut().tls = facts;
            }
            transfer.wake();
        }
        Ok(())
    });
    if going_on { line.len() } else { sys::WRITE_ERROR }
}

pub extern "C" fn write_callback(bytes: *mut c_char, size: usize, count: usize, data: *mut c_void) -> usize {
    // SAFETY: as in `header_callback`.
    let (transfer, bytes) = unsafe { (transfer(data), slice(bytes, size, count)) };
    let mut taken = true;
    let going_on = transfer.guarded(|| {
        taken = transfer.on_body(bytes)?;
        transfer.wake();
        Ok(())
    });
    match (going_on, taken) {
        (false, _) => sys::WRITE_ERROR,
        (true, false) => {
            transfer.leave_reading_to_others();
            sys::WRITE_PAUSE
        }
        (true, true) => bytes.len(),
    }
}

pub extern "C" fn read_callback(buffer: *mut c_char, size: usize, count: usize, data: *mut c_void) -> usize {
    // SAFETY: as in `header_callback`.
    let transfer = unsafe { transfer(data) };
    let mut filled = 0;
    let going_on = transfer.guarded(|| {
        // SAFETY: libcurl gives a buffer of that size, which nobody else uses during the callback.
        let buffer = unsafe { std::slice::from_raw_parts_mut(buffer.cast::<u8>(), size * count) };
        if let Body::Streamed(body) = &transfer.exchange.request.body {
            let waker = transfer.uploads.waker(transfer.id.get());
            let polled = body.poll_fill(&mut Context::from_waker(&waker), buffer);
            transfer.starved.set(polled.is_pending());
            filled = match polled {
                Poll::Ready(count) => count?,
                Poll::Pending => sys::READ_PAUSE,
            };
        }
        Ok(())
    });
    if going_on { filled } else { sys::READ_ABORT }
}

/// libcurl wants to send the body once more; it only ever asks for its start.
pub extern "C" fn seek_callback(data: *mut c_void, offset: sys::curl_off_t, origin: c_int) -> c_int {
    // SAFETY: as in `header_callback`.
    let transfer = unsafe { transfer(data) };
    let to_the_start = offset == 0 && origin == libc::SEEK_SET;
    if to_the_start && transfer.guarded(|| transfer.exchange.request.body.rewind()) {
        sys::CURL_SEEKFUNC_OK
    } else {
        sys::CURL_SEEKFUNC_FAIL
    }
}

pub extern "C" fn prereq_callback(
    data: *mut c_void,
    peer_ip: *mut c_char,
    local_ip: *mut c_char,
    peer_port: c_int,
    local_port: c_int,
) -> c_int {
    // SAFETY: as in `header_callback`.
    let transfer = unsafe { transfer(data) };
    let mut allowed = false;
    transfer.guarded(|| {
        // SAFETY: libcurl gives NUL-terminated text that is valid during the callback.
        let (peer, local) = unsafe { (endpoint(peer_ip, peer_port), endpoint(local_ip, local_port)) };
        allowed = transfer.on_send(peer, local)?;
        if allowed {
            transfer.tell_connection(true);
        }
        Ok(())
    });
    if allowed { sys::CURL_PREREQFUNC_OK } else { sys::CURL_PREREQFUNC_ABORT }
}

/// # Safety
/// `ip` is NULL or NUL-terminated text.
unsafe fn endpoint(ip: *const c_char, port: c_int) -> Option<Endpoint> {
    if ip.is_null() {
        return None;
    }
    // SAFETY: as the caller promises.
    let text = unsafe { CStr::from_ptr(ip) }.to_str().ok()?;
    Some(Endpoint { ip: text.parse().ok()?, port: u16::try_from(port).ok()? })
}
