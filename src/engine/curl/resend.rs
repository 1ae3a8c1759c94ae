//! The resend guard, and which version of HTTP the request is about to go over. libcurl asks before each time that it
//! puts a request on a connection; on its own it would do so again, whatever the method, when a reused connection died
//! before a byte of an answer, and without asking anybody.
//!
//! What may be sent again: an idempotent request, once; and any request of which the server says that it was not
//! processed (RFC 9113, section 8.7), because it refused the stream or because the stream is beyond the last one of its
//! GOAWAY, or that it wants over HTTP/1.1 instead. libcurl tells those only in the words that it has for people.
//!
//! A server in the middle may say so without knowing: haproxy 2.6 does, of requests that its backend had. What must not
//! happen twice is therefore sent again only once on such a word, and the error after that does not rely on it.

use super::easy::Options;
use super::transfer::{Stale, State, Transfer, transfer};
use super::{sys, tls};
use crate::engine::HttpChoice;
use crate::error::Error;
use crate::http::metrics::Endpoint;
use crate::http::response::HttpVersion;
use crate::status::{HS_ERR_CONNECTION_CLOSED, HS_ERR_HTTP_VERSION, HS_ERR_HTTP2};
use std::ffi::{c_char, c_int, c_short, c_void};

const RESENDS_OF_SAFE_REQUESTS: u32 = 1;
const RESENDS_OF_REFUSED_REQUESTS: u32 = 3;
/// The same for what must not happen twice.
const RESENDS_OF_REFUSED_UNSAFE_REQUESTS: u32 = 1;
const RESENDS_OVER_HTTP11: u32 = 1;

/// What the server said of the request instead of answering it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// It was not and will not be processed.
    Refused,
    /// It is to be made over HTTP/1.1.
    Http11Required,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rejections {
    /// Of the last time that the request was sent.
    last: Option<Rejection>,
    refused: u32,
    http11: u32,
}

impl Rejections {
    fn add(&mut self, rejection: Rejection) {
        if self.last.replace(rejection).is_none() {
            match rejection {
                Rejection::Refused => self.refused += 1,
                Rejection::Http11Required => self.http11 += 1,
            }
        }
    }

    /// How many times the request was sent without being processed.
    pub fn count(&self) -> u32 {
        self.refused + self.http11
    }

    pub fn wants_http11(&self) -> bool {
        self.http11 > 0
    }

    /// What libcurl says of a stream that the server has reset.
    fn read(text: &[u8]) -> Option<Rejection> {
        let rest = text.strip_prefix(b"HTTP/2 stream ")?;
        let has = |part: &[u8]| rest.windows(part.len()).any(|window| window == part);
        if has(b" refused by server, ") {
            Some(Rejection::Refused)
        } else if has(b" reset by server (error 0xd HTTP_1_1_REQUIRED)") {
            Some(Rejection::Http11Required)
        } else {
            None
        }
    }
}

/// Why the request was not sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blocked {
    /// The connection died, and the server may have the request.
    Dead,
    /// The server refused it again and again.
    Refused,
    /// The server refused what it had begun to answer.
    Answered,
}

impl Blocked {
    pub fn error(self, rejections: Rejections) -> Error {
        match self {
            Blocked::Dead => Error::new(
                HS_ERR_CONNECTION_CLOSED,
                "the connection closed before an answer: a reused connection closed before an answer; \
                 the request was not sent a second time",
            ),
            Blocked::Refused => {
                let times = rejections.count();
                Error::new(HS_ERR_HTTP2, format!("HTTP/2 failure: the server refused the request {times} times"))
            }
            Blocked::Answered => {
                Error::new(HS_ERR_HTTP2, "HTTP/2 failure: the server refused a request that it had begun to answer")
            }
        }
    }
}

impl State {
    /// Whether the request may go out, for the first time or again.
    pub fn may_send(&mut self, replay_safe: bool) -> Result<(), Blocked> {
        let refusals = if replay_safe { RESENDS_OF_REFUSED_REQUESTS } else { RESENDS_OF_REFUSED_UNSAFE_REQUESTS };
        let rejections = &mut self.rejections;
        let last = rejections.last.take();
        if self.sends == 0 {
            return Ok(());
        }
        match last {
            Some(_) if self.answered => Err(Blocked::Answered),
            Some(Rejection::Refused) if rejections.refused <= refusals => Ok(()),
            Some(Rejection::Http11Required) if rejections.http11 <= RESENDS_OVER_HTTP11 => Ok(()),
            Some(_) => Err(Blocked::Refused),
            None if self.answered => Ok(()),
            None => {
                let resends = self.sends - rejections.count();
                if replay_safe && resends <= RESENDS_OF_SAFE_REQUESTS { Ok(()) } else { Err(Blocked::Dead) }
            }
        }
    }
}

impl Transfer {
    /// Whether the request may go on the connection that libcurl has ready.
    pub fn on_send(&self, peer: Option<Endpoint>, local: Option<Endpoint>) -> Result<bool, Error> {
        self.take_seat();
        let replay_safe = self.exchange.request.is_replay_safe();
        let version = self.version_to_send();
        let mut state = self.state.borrow_mut();
        if let Err(blocked) = state.may_send(replay_safe) {
            state.blocked = Some(blocked);
            return Ok(false);
        }
        if let Some(version) = version.filter(|&version| version < self.exchange.min_http) {
            // An older request may have made this connection, and a new one may come to more.
            if state.stale == Stale::No && self.easy.is_reused() {
                state.stale = Stale::Found;
                return Ok(false);
            }
            return Err(too_old(version, self.exchange.min_http));
        }
        // libcurl looks for closed connections once a second. For what must not be sent twice that is too seldom: on
        // such a connection it would come to nothing, and nobody could say whether it had arrived.
        let closed = || !replay_safe && self.peer_has_closed();
        if state.stale == Stale::No && (closed() || self.is_poisoned(version)) {
            state.stale = Stale::Found;
            return Ok(false);
        }
        state.sends += 1;
        state.answered = false;
        state.refused_by_proxy = false;
        (state.peer, state.local) = (peer, local);
        drop(state);
        if version == Some(HttpVersion::Http11) && waits(self) && !self.easy.is_reused() {
            self.alone.set(true);
        }
        if version.is_none_or(|version| version == HttpVersion::Http2) && may_be_http2(self) {
            // From here on libcurl says what becomes of the stream.
            Options::of(&self.easy).number(sys::CURLOPT_VERBOSE, 1)?;
        }
        Ok(true)
    }

    /// The version of HTTP on the connection that is ready; `None` where the TLS library does not tell. A server may
    /// still answer HTTP/1.1 with HTTP/1.0.
    fn version_to_send(&self) -> Option<HttpVersion> {
        let exchange = &self.exchange;
        let downgraded = self.state.borrow().rejections.http11 > 0;
        match exchange.http {
            HttpChoice::Http10 => Some(HttpVersion::Http10),
            HttpChoice::Http11 => Some(HttpVersion::Http11),
            _ if downgraded => Some(HttpVersion::Http11),
            HttpChoice::Http2PriorKnowledge => Some(HttpVersion::Http2),
            HttpChoice::Negotiated if !exchange.request.url.is_secure() => Some(HttpVersion::Http11),
            // SAFETY: the easy handle of this transfer, inside one of its callbacks.
            HttpChoice::Negotiated => unsafe { tls::negotiated(self.easy.raw()) },
        }
    }

    /// Whether the server has spoken on a reused connection on which it was not asked. Over HTTP/1.1 libcurl would take
    /// that for the response to this request.
    fn is_poisoned(&self, version: Option<HttpVersion>) -> bool {
        let speaks_when_it_likes = version.is_none_or(|version| version == HttpVersion::Http2);
        self.easy.is_reused() && !speaks_when_it_likes && self.peer_has_spoken()
    }

    /// Whether the server has closed its side of the connection.
    #[cfg(target_os = "linux")]
    fn peer_has_closed(&self) -> bool {
        // Unlike a look at the bytes, this also sees an end behind bytes that nobody has read, as TLS has them.
        self.socket_has(libc::POLLRDHUP)
    }

    #[cfg(not(target_os = "linux"))]
    fn peer_has_closed(&self) -> bool {
        false
    }

    /// Whether there is something to read on the connection: an end or bytes.
    fn peer_has_spoken(&self) -> bool {
        // SAFETY: a live handle.
        self.socket_has(libc::POLLIN) || unsafe { tls::has_unread(self.easy.raw()) }
    }

    fn socket_has(&self, events: c_short) -> bool {
        let Some(fd) = self.socket() else { return false };
        let mut look = libc::pollfd { fd, events, revents: 0 };
        // SAFETY: it reads and writes one pollfd.
        unsafe { libc::poll(&mut look, 1, 0) > 0 }
    }

    /// The head has come: whether its version will do.
    pub fn check_version(&self, version: HttpVersion) -> Result<(), Error> {
        if version < self.exchange.min_http { Err(too_old(version, self.exchange.min_http)) } else { Ok(()) }
    }

    fn on_text(&self, text: &[u8]) {
        if let Some(rejection) = Rejections::read(text) {
            self.state.borrow_mut().rejections.add(rejection);
        }
    }
}

fn too_old(version: HttpVersion, least: HttpVersion) -> Error {
    let message =
        format!("the server speaks {} on this connection: at least {} is asked for", version.name(), least.name());
    Error::new(HS_ERR_HTTP_VERSION, message)
}

fn may_be_http2(transfer: &Transfer) -> bool {
    match transfer.exchange.http {
        HttpChoice::Http10 | HttpChoice::Http11 => false,
        HttpChoice::Http2PriorKnowledge => true,
        HttpChoice::Negotiated => transfer.exchange.request.url.is_secure(),
    }
}

/// Of many requests that begin at once, one connects, and the others wait to share its connection. Not where nobody could
/// tell them that it cannot be shared.
fn waits(transfer: &Transfer) -> bool {
    may_be_http2(transfer) && cfg!(feature = "bundled-curl")
}

pub fn configure(transfer: &Transfer, options: &Options) -> Result<(), Error> {
    let traced = transfer.wants_trace();
    if may_be_http2(transfer) || traced {
        let callback: sys::DebugCallback = debug_callback;
        options.function(sys::CURLOPT_DEBUGFUNCTION, callback as *const c_void)?;
        options.data(sys::CURLOPT_DEBUGDATA, std::ptr::from_ref(transfer) as *mut c_void)?;
    }
    if traced {
        options.number(sys::CURLOPT_VERBOSE, 1)?;
    }
    if waits(transfer) {
        options.number(sys::CURLOPT_PIPEWAIT, 1)?;
    }
    Ok(())
}

extern "C" fn debug_callback(
    _easy: *mut sys::CURL,
    kind: c_int,
    text: *mut c_char,
    length: usize,
    data: *mut c_void,
) -> c_int {
    // SAFETY: libcurl hands back the data that `configure` set.
    let transfer = unsafe { transfer(data) };
    let is_text = kind == sys::CURLINFO_TEXT as c_int;
    if length > 0 && (is_text || transfer.wants_trace()) {
        // SAFETY: libcurl gives bytes of that length.
        let bytes = unsafe { std::slice::from_raw_parts(text.cast::<u8>().cast_const(), length) };
        transfer.guarded(|| {
            if is_text {
                transfer.on_text(bytes);
            }
            transfer.trace(kind, bytes);
            Ok(())
        });
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(state: &mut State, rejection: Option<Rejection>) {
        state.sends += 1;
        state.answered = false;
        if let Some(rejection) = rejection {
            state.rejections.add(rejection);
        }
    }

    #[test]
    fn libcurls_words_are_read_exactly() {
        for (text, rejection) in [
            (&b"HTTP/2 stream 3 refused by server, try again on a new connection"[..], Some(Rejection::Refused)),
            (b"HTTP/2 stream 1 reset by server (error 0xd HTTP_1_1_REQUIRED)", Some(Rejection::Http11Required)),
            (b"HTTP/2 stream 1 reset by server (error 0x8 CANCEL)", None),
            (b"HTTP/2 stream 1 reset by curl (error 0xd HTTP_1_1_REQUIRED)", None),
            (b"REFUSED_STREAM, retrying a fresh connect", None),
            (b"[HTTP/2] [1] [x: HTTP/2 stream 3 refused by server, ]", None),
        ] {
            assert_eq!(Rejections::read(text), rejection, "{}", text.escape_ascii());
        }
    }

    #[test]
    fn what_was_refused_is_sent_three_times_more_and_what_must_not_happen_twice_once() {
        for (replay_safe, times) in [(true, 4), (false, 2)] {
            let mut state = State::default();
            for _ in 0..times {
                assert_eq!(state.may_send(replay_safe), Ok(()));
                sent(&mut state, Some(Rejection::Refused));
            }
            assert_eq!(state.may_send(replay_safe), Err(Blocked::Refused));
            assert_eq!((state.sends, state.rejections.count()), (times, times));
        }
    }

    #[test]
    fn what_may_have_arrived_is_sent_again_once_where_it_does_no_harm() {
        for (replay_safe, again) in [(true, Ok(())), (false, Err(Blocked::Dead))] {
            let mut state = State::default();
            sent(&mut state, Some(Rejection::Refused));
            assert_eq!(state.may_send(replay_safe), Ok(()));
            sent(&mut state, None);
            assert_eq!(state.may_send(replay_safe), again);
            sent(&mut state, None);
            assert_eq!(state.may_send(replay_safe), Err(Blocked::Dead));
        }
    }

    #[test]
    fn http11_is_tried_once_and_never_after_an_answer_has_begun() {
        let mut state = State::default();
        sent(&mut state, Some(Rejection::Http11Required));
        assert_eq!(state.may_send(false), Ok(()));
        sent(&mut state, Some(Rejection::Http11Required));
        assert_eq!(state.may_send(false), Err(Blocked::Refused));
        for rejection in [Rejection::Refused, Rejection::Http11Required] {
            let mut state = State::default();
            sent(&mut state, Some(rejection));
            state.answered = true;
            assert_eq!(state.may_send(true), Err(Blocked::Answered));
        }
    }
}
