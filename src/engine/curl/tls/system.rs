//! The distribution's libcurl: its TLS library is unknown, so the trust store is libcurl's own business. libcurl keeps
//! one store for each worker and loads it at the first TLS connection. What only the bundled OpenSSL can do is refused.

use super::super::easy::refused;
use super::super::sys;
use super::super::transfer::note_handshake;
use super::common::Common;
use super::{Facts, Notes};
use crate::error::Error;
use crate::http::metrics::TlsVersion;
use crate::http::response::HttpVersion;
use crate::http::tls::{CaSource, Identity, TlsOptions};
use crate::status::{HS_ERR_CA_STORE, HS_ERR_CLIENT_CERTIFICATE, HS_ERR_INVALID_ARGUMENT, HS_ERR_LIBCURL};
use std::ffi::{CString, c_void};
use std::rc::Rc;

pub struct Trust {
    common: Common,
    given: Option<Vec<u8>>,
    identity: Option<Identity>,
    password: Option<CString>,
}

impl Trust {
    pub fn new(source: &CaSource, tls: &TlsOptions) -> Result<Trust, Error> {
        let bundled_alone = [
            (tls.and_system, "HS_TLS_ADD_CA"),
            (tls.server_name.is_some(), "server_name"),
            (tls.key_log.is_some(), "key_log_file"),
            (tls.crl.is_some(), "crl_file and crl_pem"),
            (tls.keep_certificates, "HS_TLS_KEEP_CERTIFICATES"),
        ];
        if let Some((_, what)) = bundled_alone.iter().find(|(wanted, _)| *wanted) {
            let message = format!("hs_tls_options: {what} needs the libcurl that the library brings along");
            return Err(Error::new(HS_ERR_LIBCURL, message));
        }
        let given = match source {
            CaSource::System => None,
            CaSource::Pem { text, origin } => {
                if !has(text, b"-----BEGIN CERTIFICATE-----") {
                    let message = format!("CA certificates of {origin}: no certificate in it");
                    return Err(Error::new(HS_ERR_CA_STORE, message));
                }
                Some(text.clone())
            }
        };
        if let Some(identity) = &tls.identity {
            // Whether they fit each other shows at the first connection.
            for (pem, mark) in
                [(&identity.chain, &b"-----BEGIN CERTIFICATE-----"[..]), (&identity.key, b"PRIVATE KEY-----")]
            {
                if !has(&pem.text, mark) {
                    let message =
                        format!("client certificate or key of {}: not PEM of the kind that is needed", pem.origin);
                    return Err(Error::new(HS_ERR_CLIENT_CERTIFICATE, message));
                }
            }
        }
        let password = tls.identity.as_ref().and_then(|identity| identity.password.clone()).map(CString::new);
        let has_nul = |_| Error::new(HS_ERR_INVALID_ARGUMENT, "key_password has a NUL");
        Ok(Trust {
            common: Common::new(tls)?,
            given,
            identity: tls.identity.clone(),
            password: password.transpose().map_err(has_nul)?,
        })
    }

    pub fn common(&self) -> &Common {
        &self.common
    }

    /// # Safety
    /// `easy` is a live easy handle and `self` outlives its transfers.
    pub unsafe fn configure(&self, easy: *mut sys::CURL) -> Result<(), Error> {
        let callback: extern "C" fn(*mut sys::CURL, *mut c_void, *mut c_void) -> sys::CURLcode = handshake_begins;
        // SAFETY: as the caller promises; the callback has the prototype of CURLOPT_SSL_CTX_FUNCTION. TLS libraries
        // that have no such moment refuse the option, and errors then say "connecting" for the handshake too.
        unsafe { sys::curl_easy_setopt(easy, sys::CURLOPT_SSL_CTX_FUNCTION, callback) };
        let blob = |option, text: &[u8]| {
            // SAFETY: as the caller promises.
            unsafe { give(easy, option, text) }.map_err(|code| refused(option, code))
        };
        if let Some(text) = &self.given {
            blob(sys::CURLOPT_CAINFO_BLOB, text)?;
        }
        if let Some(identity) = &self.identity {
            blob(sys::CURLOPT_SSLCERT_BLOB, &identity.chain.text)?;
            blob(sys::CURLOPT_SSLKEY_BLOB, &identity.key.text)?;
        }
        if let Some(password) = &self.password {
            // SAFETY: as the caller promises; libcurl copies the text.
            let code = unsafe { sys::curl_easy_setopt(easy, sys::CURLOPT_KEYPASSWD, password.as_ptr()) };
            if code != sys::CURLE_OK {
                return Err(refused(sys::CURLOPT_KEYPASSWD, code));
            }
        }
        Ok(())
    }
}

fn has(text: &[u8], mark: &[u8]) -> bool {
    text.windows(mark.len()).any(|window| window == mark)
}

pub fn init() {}

/// # Safety
/// `easy` is a live easy handle and `trust` outlives its transfers.
pub unsafe fn configure_proxy(easy: *mut sys::CURL, trust: &Trust) -> Result<(), sys::CURLcode> {
    let Some(text) = &trust.given else { return Ok(()) };
    // SAFETY: as the caller promises.
    unsafe { give(easy, sys::CURLOPT_PROXY_CAINFO_BLOB, text) }
}

/// # Safety
/// `easy` is a live easy handle, `option` takes a blob, and `text` outlives its transfers.
unsafe fn give(easy: *mut sys::CURL, option: sys::CURLoption, text: &[u8]) -> Result<(), sys::CURLcode> {
    let mut blob = sys::Blob { data: text.as_ptr() as *mut c_void, len: text.len(), flags: 0 };
    // SAFETY: as the caller promises; flags 0 means that libcurl refers to the bytes and never writes them.
    match unsafe { sys::curl_easy_setopt(easy, option, &mut blob as *mut sys::Blob) } {
        sys::CURLE_OK => Ok(()),
        code => Err(code),
    }
}

extern "C" fn handshake_begins(easy: *mut sys::CURL, _: *mut c_void, _: *mut c_void) -> sys::CURLcode {
    // SAFETY: libcurl gives the handle of the transfer that makes the connection.
    let noted = std::panic::catch_unwind(|| unsafe {
        note_handshake(easy, Rc::new(Notes::default()));
    });
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
/// `trust` is that of the transfer.
pub unsafe fn facts(_: *mut sys::CURL) -> Facts {
    Facts { version: TlsVersion::Unknown, ..Facts::default() }
}
