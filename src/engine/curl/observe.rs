//! What libcurl knows of a transfer, told to whoever listens to its call. Nothing here calls anybody back.

use super::sys;
use super::transfer::Transfer;
use crate::observe::Connection;
use std::ffi::c_int;
use std::time::Duration;

impl Transfer {
    /// The request is about to be put on a connection; or the transfer has ended before.
    pub fn tell_connection(&self, sending: bool) {
        let Some(listener) = &self.exchange.listener else { return };
        // SAFETY: the live easy handle of this transfer; a long.
        let connects = unsafe { sys::info_long(self.easy.raw(), sys::CURLINFO_NUM_CONNECTS) };
        let reused = sending && connects == 0;
        let step = |mark| {
            let after = self.off_t(mark);
            (after > 0 && !reused).then(|| Duration::from_micros(after))
        };
        let named = self.exchange.request.url.has_host_name();
        listener.connection(
            &Connection {
                id: self.connection_id(),
                reused,
                peer: self.state.borrow().peer,
                tls: self.tls_version(sending),
                resolved: named.then(|| step(sys::CURLINFO_NAMELOOKUP_TIME_T)).flatten(),
                connected: step(sys::CURLINFO_CONNECT_TIME_T),
                tls_done: step(sys::CURLINFO_APPCONNECT_TIME_T),
            },
            sending,
        );
    }

    fn tls_version(&self, connected: bool) -> crate::http::metrics::TlsVersion {
        if connected && self.exchange.request.url.is_secure() {
            // SAFETY: the live easy handle of this transfer.
            unsafe { super::tls::facts(self.easy.raw()).version }
        } else {
            Default::default()
        }
    }

    pub fn wants_trace(&self) -> bool {
        self.exchange.listener.as_ref().is_some_and(|listener| listener.wants_trace())
    }

    /// What libcurl says, and the heads that it sends and receives.
    pub fn trace(&self, kind: c_int, bytes: &[u8]) {
        let Some(listener) = &self.exchange.listener else { return };
        match kind as sys::curl_infotype {
            sys::CURLINFO_TEXT => listener.engine_says(bytes),
            sys::CURLINFO_HEADER_OUT => listener.head_bytes(false, bytes),
            sys::CURLINFO_HEADER_IN => listener.head_bytes(true, bytes),
            _ => {}
        }
    }
}
