//! The bundled OpenSSL: certificate stores are built once per process, and each connection gets a reference.
//!
//! A store is only read after it was built, and OpenSSL counts references to it, so workers on any thread share one.
//! Building the system's store costs some ten milliseconds and a megabyte: paid once, not once a worker.

use super::missing::X509_STORE_add_crl;
use crate::error::Error;
use crate::http::tls::{CaSource, Pem};
use crate::process;
use crate::status::HS_ERR_CA_STORE;
use foreign_types::ForeignType;
use openssl::x509::X509Crl;
use openssl_sys as ssl;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer};
use std::collections::HashMap;
use std::ffi::c_long;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

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

/// What a store is made from; equal ones are shared.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Ingredients {
    given: Vec<u8>,
    system: bool,
    crl: Vec<u8>,
}

/// Whom a worker trusts.
///
/// Without a store of its own it is the system's, built when the first TLS connection of the process needs it.
pub struct Stores(Option<Arc<Store>>);

impl Drop for Stores {
    fn drop(&mut self) {
        // With the last worker that trusts it, a store and its text go.
        if let Some(store) = self.0.take() {
            let _changing = process::lock();
            drop(store);
            stores().retain(|_, store| store.strong_count() > 0);
        }
    }
}

/// The stores in use, by what they were made from. To be changed under the process lock.
fn stores() -> MutexGuard<'static, HashMap<Ingredients, Weak<Store>>> {
    static STORES: LazyLock<Mutex<HashMap<Ingredients, Weak<Store>>>> = LazyLock::new(Mutex::default);
    STORES.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Stores {
    pub fn new(source: &CaSource, and_system: bool, crl: Option<&Pem>) -> Result<Stores, Error> {
        let (given, origin) = match source {
            CaSource::System if crl.is_none() => return Ok(Stores(None)),
            CaSource::System => (None, "the system"),
            CaSource::Pem { text, origin } => (Some(text.as_slice()), origin.as_str()),
        };
        let ingredients = Ingredients {
            given: given.unwrap_or_default().to_vec(),
            system: and_system || given.is_none(),
            crl: crl.map(|crl| crl.text.clone()).unwrap_or_default(),
        };
        let _changing = process::lock();
        let mut stores = stores();
        if let Some(store) = stores.get(&ingredients).and_then(Weak::upgrade) {
            return Ok(Stores(Some(store)));
        }
        let store = Arc::new(made(given, ingredients.system, origin, crl)?);
        stores.insert(ingredients, Arc::downgrade(&store));
        Ok(Stores(Some(store)))
    }

    pub fn raw(&self) -> *mut ssl::X509_STORE {
        self.0.as_deref().unwrap_or_else(|| system()).raw
    }
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

fn made(given: Option<&[u8]>, and_system: bool, origin: &str, crl: Option<&Pem>) -> Result<Store, Error> {
    let refuse = |why: String| Error::new(HS_ERR_CA_STORE, format!("CA certificates of {origin}: {why}"));
    let mut certificates: Vec<CertificateDer> = Vec::new();
    if let Some(given) = given {
        certificates = CertificateDer::pem_slice_iter(given)
            .collect::<Result<_, _>>()
            .map_err(|error| refuse(format!("not PEM: {error}")))?;
        if certificates.is_empty() {
            return Err(refuse("no certificate in it".into()));
        }
    }
    let own = certificates.len();
    if and_system {
        certificates.extend(rustls_native_certs::load_native_certs().certs);
    }
    let (store, refused) = build(certificates.iter().map(AsRef::as_ref));
    if let Some(index) = refused.filter(|index| *index < own) {
        return Err(refuse(format!("certificate number {} is not a valid X.509 certificate", index + 1)));
    }
    if let Some(crl) = crl {
        add_crls(&store, crl)?;
    }
    Ok(store)
}

/// From here on no certificate may be in a list, and the issuer of each must have one.
fn add_crls(store: &Store, crl: &Pem) -> Result<(), Error> {
    let refuse = |why: String| Error::new(HS_ERR_CA_STORE, format!("revocation lists of {}: {why}", crl.origin));
    let lists: Vec<CertificateRevocationListDer> = CertificateRevocationListDer::pem_slice_iter(&crl.text)
        .collect::<Result<_, _>>()
        .map_err(|error| refuse(format!("not PEM: {error}")))?;
    if lists.is_empty() {
        return Err(refuse("no revocation list in it".into()));
    }
    for (index, list) in lists.iter().enumerate() {
        let list = X509Crl::from_der(list)
            .map_err(|_| refuse(format!("list number {} is not a valid revocation list", index + 1)))?;
        // SAFETY: a store that nobody uses yet takes a reference of its own to a live list.
        unsafe { X509_STORE_add_crl(store.raw, list.as_ptr()) };
    }
    // SAFETY: as above.
    unsafe { ssl::X509_STORE_set_flags(store.raw, ssl::X509_V_FLAG_CRL_CHECK | ssl::X509_V_FLAG_CRL_CHECK_ALL) };
    Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_that_trust_the_same_share_one_store_and_the_last_one_takes_it_along() {
        let server = hs_test_server::TestServer::start().expect("the test server");
        let text = server.ca_pem().as_bytes();
        let source = CaSource::Pem { text: text.to_vec(), origin: "the test server".into() };
        let stores_of = |and_system| Stores::new(&source, and_system, None).unwrap();
        let (first, second, wider) = (stores_of(false), stores_of(false), stores_of(true));
        assert_eq!(first.raw(), second.raw());
        assert_ne!(first.raw(), wider.raw());
        let known = |system| stores().contains_key(&Ingredients { given: text.to_vec(), system, crl: Vec::new() });
        drop(first);
        assert!(known(false) && known(true));
        drop(second);
        assert!(!known(false) && known(true));
    }

    #[test]
    fn text_without_a_certificate_is_refused_and_named() {
        for text in ["", "no PEM at all", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            let source = CaSource::Pem { text: text.into(), origin: "the file \"x.pem\"".into() };
            let error = Stores::new(&source, false, None).map(|_| ()).unwrap_err();
            assert_eq!(error.status(), HS_ERR_CA_STORE);
            assert!(error.to_string().contains("x.pem"), "{error}");
            let crl = Pem { text: text.into(), origin: "the file \"x.crl\"".into() };
            let error = Stores::new(&CaSource::System, false, Some(&crl)).map(|_| ()).unwrap_err();
            assert_eq!(error.status(), HS_ERR_CA_STORE);
            assert!(error.to_string().contains("x.crl"), "{error}");
        }
    }
}
