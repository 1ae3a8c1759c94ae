//! The distribution's libcurl: its TLS library is unknown, so the trust store is libcurl's own business. libcurl keeps
//! one store for each worker and loads it at the first TLS connection.

use super::super::sys;
use super::super::transfer::note_handshake;
use super::CaSource;
use crate::error::Error;
use crate::http::metrics::TlsVersion;
use crate::http::response::HttpVersion;
use crate::status::HS_ERR_CA_STORE;
use std::ffi::c_void;

pub enum Trust {
    System,
    Given(Vec<u8>),
}

impl Trust {
    pub fn new(source: &CaSource) -> Result<Trust, Error> {
        match source {
            CaSource::System => Ok(Trust::System),
            CaSource::Pem { text, origin } => {
                const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
                if !text.windows(BEGIN.len()).any(|window| window == BEGIN) {
                    let message = format!("CA certificates of {origin}: no certificate in it");
                    return Err(Error::new(HS_ERR_CA_STORE, message));
                }
                Ok(Trust::Given(text.clone()))
            }
        }
    }
}

pub fn init() {}

/// # Safety
/// `easy` is a live easy handle and `trust` outlives its transfers.
pub unsafe fn configure(easy: *mut sys::CURL, trust: &Trust) -> Result<(), sys::CURLcode> {
    let callback: extern "C" fn(*mut sys::CURL, *mut c_void, *mut c_void) -> sys::CURLcode = handshake_begins;
    // SAFETY: as the caller promises; the callback has the prototype of CURLOPT_SSL_CTX_FUNCTION. TLS libraries that
    // have no such moment refuse the option, and errors then say "connecting" for the handshake too.
    unsafe { sys::curl_easy_setopt(easy, sys::CURLOPT_SSL_CTX_FUNCTION, callback) };
    // SAFETY: as the caller promises.
    unsafe { give(easy, sys::CURLOPT_CAINFO_BLOB, trust) }
}

/// # Safety
/// `easy` is a live easy handle and `trust` outlives its transfers.
pub unsafe fn configure_proxy(easy: *mut sys::CURL, trust: &Trust) -> Result<(), sys::CURLcode> {
    // SAFETY: as the caller promises.
    unsafe { give(easy, sys::CURLOPT_PROXY_CAINFO_BLOB, trust) }
}

/// # Safety
/// As for `configure`; `option` takes a blob of certificates.
unsafe fn give(easy: *mut sys::CURL, option: sys::CURLoption, trust: &Trust) -> Result<(), sys::CURLcode> {
    let Trust::Given(text) = trust else { return Ok(()) };
    let mut blob = sys::Blob { data: text.as_ptr() as *mut c_void, len: text.len(), flags: 0 };
    // SAFETY: as the caller promises; flags 0 means that libcurl refers to the bytes and never writes them.
    match unsafe { sys::curl_easy_setopt(easy, option, &mut blob as *mut sys::Blob) } {
        sys::CURLE_OK => Ok(()),
        code => Err(code),
    }
}

extern "C" fn handshake_begins(easy: *mut sys::CURL, _: *mut c_void, _: *mut c_void) -> sys::CURLcode {
    // SAFETY: libcurl gives the handle of the transfer that makes the connection.
    let noted = std::panic::catch_unwind(|| unsafe { note_handshake(easy) });
    if noted.is_ok() { sys::CURLE_OK } else { sys::CURLE_SSL_CERTPROBLEM }
}

/// Which protocol was negotiated cannot be asked of every TLS library that libcurl may have.
///
/// # Safety
/// None; the signature is that of the other half.
pub unsafe fn negotiated(_: *mut sys::CURL) -> Option<HttpVersion> {
    None
}

/// # Safety
/// None; the signature is that of the other half.
pub unsafe fn has_unread(_: *mut sys::CURL) -> bool {
    false
}

/// # Safety
/// None; the signature is that of the other half.
pub unsafe fn version(_: *mut sys::CURL) -> TlsVersion {
    TlsVersion::Unknown
}
