//! What the bundled OpenSSL tells of the connection that a transfer uses.

use super::super::sys;
use super::missing::SSL_has_pending;
use super::{Facts, certificates, watch};
use crate::http::metrics::TlsVersion;
use crate::http::response::HttpVersion;
use openssl_sys as ssl;
use std::ptr::NonNull;

/// # Safety
/// `easy` is a live easy handle.
pub unsafe fn facts(easy: *mut sys::CURL) -> Facts {
    // SAFETY: as the caller promises.
    let Some(session) = (unsafe { session(easy) }) else { return Facts::default() };
    // SAFETY: the SSL of the connection in use.
    unsafe {
        let version = match ssl::SSL_version(session.as_ptr()) {
            0x0301 => TlsVersion::Tls10,
            0x0302 => TlsVersion::Tls11,
            0x0303 => TlsVersion::Tls12,
            0x0304 => TlsVersion::Tls13,
            _ => TlsVersion::Unknown,
        };
        let resumed = ssl::SSL_session_reused(session.as_ptr()) == 1;
        let mut facts = Facts { version, resumed, ..Facts::default() };
        if let Some(watch) = watch::of(session.as_ptr()).filter(|watch| watch.keep_certificates) {
            let shown = watch.notes.certificates.get_or_init(|| certificates::shown_by(session.as_ptr()).into());
            facts.certificates = shown.clone();
        }
        facts
    }
}

/// The version of HTTP that was negotiated (ALPN, RFC 7301) on the connection that `easy` uses just now; `None` where
/// that is not known.
///
/// # Safety
/// `easy` is a live easy handle.
pub unsafe fn negotiated(easy: *mut sys::CURL) -> Option<HttpVersion> {
    // SAFETY: as the caller promises.
    let session = unsafe { session(easy) }?;
    let (mut name, mut len) = (std::ptr::null(), 0);
    // SAFETY: the SSL of the connection in use; what it writes are readable bytes of its own, or NULL and 0.
    let http2 = unsafe {
        ssl::SSL_get0_alpn_selected(session.as_ptr(), &mut name, &mut len);
        !name.is_null() && std::slice::from_raw_parts(name, len as usize) == b"h2"
    };
    Some(if http2 { HttpVersion::Http2 } else { HttpVersion::Http11 })
}

/// Whether TLS has bytes of the connection that `easy` uses just now, which nobody has asked it for.
///
/// # Safety
/// `easy` is a live easy handle.
pub unsafe fn has_unread(easy: *mut sys::CURL) -> bool {
    // SAFETY: as the caller promises, and the SSL of the connection in use.
    unsafe { session(easy).is_some_and(|session| SSL_has_pending(session.as_ptr()) != 0) }
}

/// # Safety
/// `easy` is a live easy handle.
unsafe fn session(easy: *mut sys::CURL) -> Option<NonNull<ssl::SSL>> {
    let mut info: *mut sys::TlsSessionInfo = std::ptr::null_mut();
    // SAFETY: as the caller promises; libcurl writes a pointer that is valid while the transfer is.
    let info = unsafe {
        sys::curl_easy_getinfo(easy, sys::CURLINFO_TLS_SSL_PTR, &mut info as *mut *mut sys::TlsSessionInfo);
        info.as_ref()
    };
    // For this backend the pointer is the SSL of the connection in use.
    info.filter(|info| info.backend == sys::CURLSSLBACKEND_OPENSSL).and_then(|info| NonNull::new(info.internals.cast()))
}
