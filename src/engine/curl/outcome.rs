//! What a transfer came to: libcurl's codes and times in the library's words.

use super::resend::Blocked;
use super::resolve::Resolution;
use super::sys;
use super::tls;
use super::transfer::{HeadState, State, Transfer};
use crate::engine::{Progress, retryable};
use crate::error::{Error, Retryable, Sent};
use crate::http::body::Body;
use crate::http::metrics::{ExchangeMetrics, Phases, TlsVersion};
use crate::status::*;
use std::io;

impl Transfer {
    pub fn sent(&self, state: &State) -> Sent {
        if matches!(state.head_state, HeadState::Complete | HeadState::Taken) {
            Sent::Yes
        } else if state.sends == 0
            || (state.sends == state.rejections.count() && self.exchange.request.is_replay_safe())
        {
            Sent::No
        } else {
            Sent::Maybe
        }
    }

    pub fn progress(&self) -> Progress {
        let state = self.state.borrow();
        Progress { phase: self.phase(&state), sent: self.sent(&state) }
    }

    fn phase(&self, state: &State) -> hs_phase {
        if matches!(state.head_state, HeadState::Complete | HeadState::Taken) {
            return HS_PHASE_BODY;
        }
        if state.sends > 0 {
            let uploaded = self.off_t(sys::CURLINFO_SIZE_UPLOAD_T);
            let sending = match &self.exchange.request.body {
                Body::Bytes(bytes) => uploaded < bytes.len() as u64,
                Body::Streamed(body) => !body.progress().1,
            };
            return if sending { HS_PHASE_SEND } else { HS_PHASE_FIRST_BYTE };
        }
        if state.resolution.is_waiting() {
            HS_PHASE_DNS
        } else if self.is_with_proxy(state) {
            HS_PHASE_PROXY
        } else if state.handshaking {
            HS_PHASE_TLS
        } else if self.off_t(sys::CURLINFO_NAMELOOKUP_TIME_T) == 0 {
            if self.has_no_connection() { HS_PHASE_QUEUE } else { HS_PHASE_DNS }
        } else {
            HS_PHASE_CONNECT
        }
    }

    /// The error of a finished transfer that did not give what was waited for.
    pub fn error(&self, code: sys::CURLcode) -> Error {
        let state = self.state.borrow();
        let mut sent = self.sent(&state);
        if let Some(unresolved) = state.resolution.failure() {
            let again = retryable(sent, self.exchange.request.is_replay_safe());
            let code = unresolved.details().curl_code as sys::CURLcode;
            return self.with_facts(unresolved.clone(), code, sent, again);
        }
        if let Some(refused) = self.address_refused(state.attempts) {
            return self.with_facts(refused, code, sent, Retryable::No);
        }
        if let (Some(failure), false) = (&state.failure, state.refused_by_proxy) {
            return self.with_facts(failure.clone(), code, sent, Retryable::No);
        }
        let again = retryable(sent, self.exchange.request.is_replay_safe());
        if let Some(blocked) = state.blocked {
            return self.with_facts(blocked.error(state.rejections), code, sent, again);
        }
        let (status, phase) = match self.classify_with_proxy(code, &state) {
            Some(status) => (status, row(status).map_or(HS_PHASE_PROXY, |row| row.phase)),
            None => self.classify(code, &state),
        };
        if status == HS_ERR_TLS_CLIENT_CERTIFICATE_REQUIRED
            && sent == Sent::Maybe
            && state.handshake.as_ref().is_some_and(|notes| !notes.requested_late.get())
        {
            // The server was still in its handshake: what came after this side's end of it was not read.
            sent = Sent::No;
        }
        let what = row(status).map_or("", |row| row.message);
        let reason = if state.refused_by_proxy {
            String::from("it answered 407")
        } else if code == sys::CURLE_OK {
            String::from("the response head is incomplete")
        } else {
            let reason = self.easy.reason();
            if reason.is_empty() { sys::easy_message(code) } else { reason }
        };
        let mut error = Error::new(status, format!("{what}: {reason}{}", self.proxy_in_words(status)));
        if code == sys::CURLE_COULDNT_CONNECT
            && self.os_error() == 0
            && let Some(why) = no_descriptor()
        {
            error = Error::new(status, format!("{what}: {why}")).with_os_error(&why);
        }
        error.details_mut().phase = phase;
        let again = match status {
            HS_ERR_PROXY_AUTH | HS_ERR_OUT_OF_MEMORY | HS_ERR_INTERNAL => Retryable::No,
            _ if phase == HS_PHASE_TLS && is_lasting_in_tls(status) => Retryable::No,
            _ => again,
        };
        self.with_facts(error, code, sent, again)
    }

    fn with_facts(&self, mut error: Error, code: sys::CURLcode, sent: Sent, again: Retryable) -> Error {
        let details = error.details_mut();
        details.sent = sent;
        details.retryable = again;
        details.curl_code = code as i32;
        // Elsewhere it is left over from an address that was tried before.
        if matches!(
            details.status,
            HS_ERR_CONNECT | HS_ERR_LOCAL_ADDRESS | HS_ERR_PROXY_CONNECT | HS_ERR_SEND | HS_ERR_RECEIVE
        ) {
            match self.os_error() {
                0 => {}
                number => details.os_error = number,
            }
        }
        error
    }

    fn os_error(&self) -> i32 {
        // SAFETY: the live easy handle of this transfer.
        unsafe { sys::info_long(self.easy.raw(), sys::CURLINFO_OS_ERRNO) as i32 }
    }

    fn classify(&self, code: sys::CURLcode, state: &State) -> (hs_status, hs_phase) {
        let now = self.phase(state);
        // SAFETY: the live easy handle of this transfer and a long value.
        let verified = unsafe { sys::info_long(self.easy.raw(), sys::CURLINFO_SSL_VERIFYRESULT) };
        let handshake = state.handshake.as_deref().filter(|_| !state.answered);
        if let Some(status) = tls::status(code, verified, handshake) {
            return (status, HS_PHASE_TLS);
        }
        match code {
            sys::CURLE_COULDNT_RESOLVE_HOST => (HS_ERR_DNS, HS_PHASE_DNS),
            sys::CURLE_COULDNT_RESOLVE_PROXY => (HS_ERR_PROXY, HS_PHASE_PROXY),
            sys::CURLE_COULDNT_CONNECT => (HS_ERR_CONNECT, HS_PHASE_CONNECT),
            sys::CURLE_INTERFACE_FAILED => (HS_ERR_LOCAL_ADDRESS, HS_PHASE_CONNECT),
            // The engine gives libcurl no other time limit.
            sys::CURLE_OPERATION_TIMEDOUT => (HS_ERR_CONNECT_TIMEOUT, now),
            sys::CURLE_SSL_CERTPROBLEM | sys::CURLE_SSL_CACERT_BADFILE => (HS_ERR_CA_STORE, HS_PHASE_TLS),
            // Before the request was sent these can only come from the handshake.
            sys::CURLE_SEND_ERROR | sys::CURLE_RECV_ERROR if state.sends == 0 => (HS_ERR_CONNECT, now),
            sys::CURLE_SEND_ERROR | sys::CURLE_UPLOAD_FAILED => (HS_ERR_SEND, HS_PHASE_SEND),
            sys::CURLE_SEND_FAIL_REWIND => (HS_ERR_NOT_REPLAYABLE, HS_PHASE_SEND),
            sys::CURLE_GOT_NOTHING => (HS_ERR_CONNECTION_CLOSED, HS_PHASE_FIRST_BYTE),
            // libcurl has no code of its own for chunks that are none, but always says the word.
            sys::CURLE_RECV_ERROR if now == HS_PHASE_BODY && self.easy.reason().contains("chunk") => {
                (HS_ERR_PROTOCOL, HS_PHASE_PROTOCOL)
            }
            sys::CURLE_RECV_ERROR => (HS_ERR_RECEIVE, now),
            // It also calls so what ended one byte before its head did.
            sys::CURLE_PARTIAL_FILE if now != HS_PHASE_BODY => (HS_ERR_CONNECTION_CLOSED, HS_PHASE_FIRST_BYTE),
            sys::CURLE_PARTIAL_FILE => (HS_ERR_BODY_TRUNCATED, HS_PHASE_BODY),
            sys::CURLE_HTTP2 | sys::CURLE_HTTP2_STREAM => (HS_ERR_HTTP2, now),
            // "Weird server reply", and an HTTP/0.9 answer.
            sys::CURLE_FTP_WEIRD_SERVER_REPLY | sys::CURLE_UNSUPPORTED_PROTOCOL => (HS_ERR_PROTOCOL, HS_PHASE_PROTOCOL),
            // Content codings are not libcurl's here, so that this is a transfer coding that it does not know.
            sys::CURLE_BAD_CONTENT_ENCODING => (HS_ERR_PROTOCOL, HS_PHASE_PROTOCOL),
            sys::CURLE_TOO_LARGE if state.sends > 0 => (HS_ERR_HEADERS_TOO_LARGE, HS_PHASE_LIMIT),
            sys::CURLE_OUT_OF_MEMORY => (HS_ERR_OUT_OF_MEMORY, HS_PHASE_INTERNAL),
            // Finished well, but without the head that was waited for.
            sys::CURLE_OK => (HS_ERR_CONNECTION_CLOSED, HS_PHASE_FIRST_BYTE),
            _ => (HS_ERR_INTERNAL, now),
        }
    }

    /// Whether it has not even begun to connect; false where libcurl is too old to tell.
    fn has_no_connection(&self) -> bool {
        let mut id: i64 = 0;
        // SAFETY: the live easy handle of this transfer and an off_t value.
        unsafe { sys::curl_easy_getinfo(self.easy.raw(), sys::CURLINFO_CONN_ID, &mut id as *mut i64) };
        id < 0
    }

    pub fn off_t(&self, info: sys::CURLINFO) -> u64 {
        // SAFETY: the live easy handle of this transfer and an off_t value.
        unsafe { sys::info_off_t(self.easy.raw(), info) }.unwrap_or(0)
    }

    /// What is asked for several times once it has ended is measured once.
    pub fn metrics(&self) -> ExchangeMetrics {
        let over = self.state.borrow().finished.is_some();
        if over { self.measured.get_or_init(|| self.measure()).clone() } else { self.measure() }
    }

    fn measure(&self) -> ExchangeMetrics {
        let state = self.state.borrow();
        let easy = self.easy.raw();
        // SAFETY: the live easy handle of this transfer; each names a long.
        let (connects, request_bytes) = unsafe {
            (sys::info_long(easy, sys::CURLINFO_NUM_CONNECTS), sys::info_long(easy, sys::CURLINFO_REQUEST_SIZE))
        };
        let reused = state.sends > 0 && connects == 0;
        ExchangeMetrics {
            phases: self.phases(reused, &state.resolution),
            sent: state.sends > 0,
            // libcurl counts the body as well.
            request_header_bytes: u64::try_from(request_bytes)
                .unwrap_or(0)
                .saturating_sub(self.off_t(sys::CURLINFO_SIZE_UPLOAD_T)),
            request_body_bytes: self.body_bytes_sent(),
            response_header_bytes: state.head_bytes as u64,
            response_body_bytes: self.off_t(sys::CURLINFO_SIZE_DOWNLOAD_T),
            connection_id: self.connection_id(),
            connection_reused: reused,
            internal_resends: state.sends.saturating_sub(1),
            resend_blocked: state.blocked == Some(Blocked::Dead),
            peer: state.peer,
            local: state.local,
            tls: state.tls.version,
            tls_verified: self.verifies && state.tls.version != TlsVersion::None,
            tls_resumed: state.tls.resumed,
            certificates: state.tls.certificates.clone(),
            proxied: self.route.is_some(),
        }
    }

    fn body_bytes_sent(&self) -> u64 {
        match &self.exchange.request.body {
            // libcurl counts the chunks' own bytes as well.
            Body::Streamed(body) if body.length().is_none() => body.progress().0,
            _ => self.off_t(sys::CURLINFO_SIZE_UPLOAD_T),
        }
    }

    /// libcurl counts microseconds from the start of the transfer, which is where it had all addresses; a phase is the step
    /// from one mark to the next.
    fn phases(&self, reused: bool, resolution: &Resolution) -> Phases {
        let mut reached = 0;
        let mut step = |mark: u64| {
            let length = mark.saturating_sub(reached);
            reached = reached.max(mark);
            length * 1_000
        };
        let queue_ns = resolution.queued_us * 1_000 + step(self.off_t(sys::CURLINFO_QUEUE_TIME_T));
        let [dns_ns, connect_ns, tls_ns] = if reused {
            [0; 3]
        } else {
            [sys::CURLINFO_NAMELOOKUP_TIME_T, sys::CURLINFO_CONNECT_TIME_T, sys::CURLINFO_APPCONNECT_TIME_T]
                .map(|mark| step(self.off_t(mark)))
        };
        Phases {
            queue_ns,
            dns_ns: dns_ns + resolution.waited.as_nanos() as u64,
            connect_ns,
            tls_ns,
            send_ns: step(
                self.off_t(sys::CURLINFO_POSTTRANSFER_TIME_T).max(self.off_t(sys::CURLINFO_PRETRANSFER_TIME_T)),
            ),
            first_byte_ns: step(self.off_t(sys::CURLINFO_STARTTRANSFER_TIME_T)),
            body_ns: step(self.off_t(sys::CURLINFO_TOTAL_TIME_T)),
        }
    }
}

/// libcurl does not say why it got no socket. A process that has no descriptors left gets none here either.
fn no_descriptor() -> Option<io::Error> {
    #[cfg(unix)]
    return std::os::unix::net::UnixDatagram::unbound().err();
    #[cfg(not(unix))]
    None
}
