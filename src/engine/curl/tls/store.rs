//! The bundled OpenSSL: certificate stores are built once per process, and each connection gets a reference.
//!
//! A store is only read after it was built, and OpenSSL counts references to it, so workers on any thread share one.
//! Building the system's store costs some ten milliseconds and a megabyte: paid once, not once a worker.

use super::super::sys;
use super::super::transfer::{Handshake, note_handshake};
use super::CaSource;
use crate::error::Error;
use crate::http::metrics::TlsVersion;
use crate::http::response::HttpVersion;
use crate::process;
use crate::status::HS_ERR_CA_STORE;
use openssl_sys as ssl;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use std::collections::HashMap;
use std::ffi::{c_int, c_long, c_void};
use std::ptr::NonNull;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

/// `SSL_CTRL_SET_VERIFY_CERT_STORE` with a second argument of 1: the context takes a reference of its own.
const SET_VERIFY_CERT_STORE: c_int = 106;

/// A certificate store that nobody changes any more.
pub struct Store {
    raw: *mut ssl::X509_STORE,
}

// SAFETY: after `build` the store is only read; OpenSSL locks what it caches in it and counts references atomically.
unsafe impl Send for Store {}
// SAFETY: as above.
unsafe impl Sync for Store {}

impl Drop for Store {
    fn drop(&mut self) {
        // SAFETY: gives back the one reference that `build` made.
        unsafe { ssl::X509_STORE_free(self.raw) };
    }
}

/// Whom a worker trusts; what the TLS callback is given.
///
/// Without a store of its own it is the system's, built when the first TLS connection of the process needs it.
pub struct Trust(Option<Arc<Store>>);

impl Drop for Trust {
    fn drop(&mut self) {
        // With the last worker that trusts it, a store and its text go.
        if let Some(store) = self.0.take() {
            let _changing = process::lock();
            drop(store);
            stores().retain(|_, store| store.strong_count() > 0);
        }
    }
}

/// The stores in use, by the text that they were made from. To be changed under the process lock.
fn stores() -> MutexGuard<'static, HashMap<Vec<u8>, Weak<Store>>> {
    static STORES: LazyLock<Mutex<HashMap<Vec<u8>, Weak<Store>>>> = LazyLock::new(Mutex::default);
    STORES.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Trust {
    pub fn new(source: &CaSource) -> Result<Trust, Error> {
        match source {
            CaSource::System => Ok(Trust(None)),
            CaSource::Pem { text, origin } => given(text, origin).map(|store| Trust(Some(store))),
        }
    }

    fn store(&self) -> &Store {
        self.0.as_deref().unwrap_or_else(|| system())
    }
}

/// Without an exit handler: threads of the host may still be in a request when `exit` runs.
pub fn init() {
    ssl::init();
}

fn system() -> &'static Store {
    static SYSTEM: OnceLock<Store> = OnceLock::new();
    if let Some(store) = SYSTEM.get() {
        return store;
    }
    let _building = process::lock();
    SYSTEM.get_or_init(|| {
        // What cannot be read is left out: a server that needed it is then refused, which names the cause.
        let found = rustls_native_certs::load_native_certs().certs;
        build(found.iter().map(AsRef::as_ref)).0
    })
}

/// One store for each distinct set of certificates, however many workers name it.
fn given(text: &[u8], origin: &str) -> Result<Arc<Store>, Error> {
    let _changing = process::lock();
    let mut stores = stores();
    if let Some(store) = stores.get(text).and_then(Weak::upgrade) {
        return Ok(store);
    }
    let refuse = |why: String| Error::new(HS_ERR_CA_STORE, format!("CA certificates of {origin}: {why}"));
    let certificates: Vec<CertificateDer> = CertificateDer::pem_slice_iter(text)
        .collect::<Result<_, _>>()
        .map_err(|error| refuse(format!("not PEM: {error}")))?;
    if certificates.is_empty() {
        return Err(refuse("no certificate in it".into()));
    }
    let (store, refused) = build(certificates.iter().map(AsRef::as_ref));
    if let Some(index) = refused {
        return Err(refuse(format!("certificate number {} is not a valid X.509 certificate", index + 1)));
    }
    let store = Arc::new(store);
    stores.insert(text.to_vec(), Arc::downgrade(&store));
    Ok(store)
}

/// A store of those certificates that are valid DER, and the index of the first that is not.
fn build<'a>(certificates: impl Iterator<Item = &'a [u8]>) -> (Store, Option<usize>) {
    let mut refused = None;
    // SAFETY: each pointer is checked or accepted as NULL by OpenSSL; the store takes its own references.
    unsafe {
        let raw = ssl::X509_STORE_new();
        for (index, der) in certificates.enumerate() {
            let mut at = der.as_ptr();
            let certificate = ssl::d2i_X509(std::ptr::null_mut(), &mut at, der.len() as c_long);
            if certificate.is_null() {
                refused.get_or_insert(index);
                continue;
            }
            ssl::X509_STORE_add_cert(raw, certificate);
            ssl::X509_free(certificate);
        }
        // As libcurl does: an intermediate that is in the store is an anchor of its own.
        ssl::X509_STORE_set_flags(raw, ssl::X509_V_FLAG_TRUSTED_FIRST | ssl::X509_V_FLAG_PARTIAL_CHAIN);
        // A refused certificate leaves its reason on this thread's error queue, where it would confuse the next user.
        ssl::ERR_clear_error();
        (Store { raw }, refused)
    }
}

/// # Safety
/// `easy` is a live easy handle and `trust` outlives its transfers.
pub unsafe fn configure(easy: *mut sys::CURL, trust: &Trust) -> Result<(), sys::CURLcode> {
    let callback: extern "C" fn(*mut sys::CURL, *mut c_void, *mut c_void) -> sys::CURLcode = give_store;
    // SAFETY: as the caller promises; the callback has the prototype of CURLOPT_SSL_CTX_FUNCTION.
    let codes = unsafe {
        [
            sys::curl_easy_setopt(easy, sys::CURLOPT_SSL_CTX_FUNCTION, callback),
            sys::curl_easy_setopt(easy, sys::CURLOPT_SSL_CTX_DATA, trust as *const Trust),
        ]
    };
    codes.into_iter().find(|&code| code != sys::CURLE_OK).map_or(Ok(()), Err)
}

/// Nothing: the callback is called for the proxy's handshake too, and knows which one it is.
///
/// # Safety
/// None; the signature is that of the other half.
pub unsafe fn configure_proxy(_: *mut sys::CURL, _: &Trust) -> Result<(), sys::CURLcode> {
    Ok(())
}

extern "C" fn give_store(easy: *mut sys::CURL, context: *mut c_void, data: *mut c_void) -> sys::CURLcode {
    let given = std::panic::catch_unwind(|| {
        // SAFETY: libcurl gives the handle of the transfer that makes the connection.
        let with = unsafe { note_handshake(easy) };
        let store = match with {
            Handshake::Proxy(Some(trust)) => trust.store(),
            // SAFETY: `configure` set it, and the engine keeps it for as long as it has transfers.
            Handshake::Server | Handshake::Proxy(None) => unsafe { &*data.cast::<Trust>() }.store(),
        };
        // SAFETY: libcurl gives the SSL_CTX of the connection that it is about to make.
        unsafe { ssl::SSL_CTX_ctrl(context.cast(), SET_VERIFY_CERT_STORE, 1, store.raw.cast()) == 1 }
    });
    if matches!(given, Ok(true)) { sys::CURLE_OK } else { sys::CURLE_SSL_CERTPROBLEM }
}

/// The TLS version of the connection that `easy` uses just now.
///
/// # Safety
/// `easy` is a live easy handle.
pub unsafe fn version(easy: *mut sys::CURL) -> TlsVersion {
    // SAFETY: as the caller promises.
    let Some(session) = (unsafe { session(easy) }) else { return TlsVersion::None };
    // SAFETY: the SSL of the connection in use.
    match unsafe { ssl::SSL_version(session.as_ptr()) } {
        0x0301 => TlsVersion::Tls10,
        0x0302 => TlsVersion::Tls11,
        0x0303 => TlsVersion::Tls12,
        0x0304 => TlsVersion::Tls13,
        _ => TlsVersion::Unknown,
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
    unsafe extern "C" {
        fn SSL_has_pending(session: *const ssl::SSL) -> c_int;
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_that_trust_the_same_share_one_store_and_the_last_one_takes_it_along() {
        let server = hs_test_server::TestServer::start().expect("the test server");
        let text = server.ca_pem().as_bytes();
        let source = CaSource::Pem { text: text.to_vec(), origin: "the test server".into() };
        let (first, second) = (Trust::new(&source).unwrap(), Trust::new(&source).unwrap());
        assert_eq!(first.store().raw, second.store().raw);
        drop(first);
        assert!(stores().contains_key(text));
        drop(second);
        assert!(!stores().contains_key(text));
    }

    #[test]
    fn text_without_a_certificate_is_refused_and_named() {
        for text in ["", "no PEM at all", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            let error = given(text.as_bytes(), "the file \"x.pem\"").map(|_| ()).unwrap_err();
            assert_eq!(error.status(), HS_ERR_CA_STORE);
            assert!(error.to_string().contains("x.pem"), "{error}");
        }
    }
}
