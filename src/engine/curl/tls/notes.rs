//! What was seen of one connection's handshake: what libcurl's codes do not tell.

use crate::http::tls::Certificate;
use std::cell::{Cell, OnceCell};
use std::ffi::c_long;
use std::sync::Arc;

#[derive(Default)]
#[cfg_attr(not(feature = "bundled-curl"), expect(dead_code, reason = "only the bundled OpenSSL can be watched"))]
pub struct Notes {
    /// The description of the fatal alert that the server sent (RFC 8446, section 6.2).
    pub alert: Cell<Option<u8>>,
    /// OpenSSL's reason for ending the handshake on this side.
    pub reason: Cell<i32>,
    /// What OpenSSL holds against the server's certificate; 0 where it is fine, or was not looked at. Inside a TLS
    /// proxy libcurl does not see it: the alert that is sent about it empties OpenSSL's queue of errors.
    pub verified: Cell<c_long>,
    pub certificate_requested: Cell<bool>,
    pub done: Cell<bool>,
    /// A certificate was requested once more, after the handshake.
    pub requested_late: Cell<bool>,
    /// What the server showed, for whoever asks first.
    pub certificates: OnceCell<Arc<[Certificate]>>,
}
