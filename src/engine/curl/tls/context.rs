//! The bundled OpenSSL: what a worker wants of TLS, written into the SSL_CTX of each connection that libcurl makes.

use super::super::easy::refused;
use super::super::sys;
use super::super::transfer::{Handshake, note_handshake};
use super::Notes;
use super::common::Common;
use super::identity::ClientCertificate;
use super::missing::X509_STORE_up_ref;
use super::names;
use super::store::Stores;
use super::watch::{self, Watch};
use crate::error::{Error, quoted};
use crate::http::tls::{CaSource, TlsOptions, Verification};
use crate::status::{HS_ERR_CLIENT_CERTIFICATE, HS_ERR_INVALID_ARGUMENT, HS_ERR_OUT_OF_MEMORY};
use openssl::error::ErrorStack;
use openssl_sys as ssl;
use std::ffi::{CString, c_int, c_uint, c_void};
use std::fs::File;
use std::rc::Rc;

/// `SSL_CTRL_SET_VERIFY_CERT_STORE` with a second argument of 1: the context takes a reference of its own.
const SET_VERIFY_CERT_STORE: c_int = 106;
/// `X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS`, as libcurl compares names: a star is a whole label. And
/// `X509_CHECK_FLAG_NEVER_CHECK_SUBJECT`.
const WHOLE_LABELS_OF_NAMES: c_uint = 0x4 | 0x20;

/// What the TLS callback is given.
pub struct Trust {
    common: Common,
    stores: Stores,
    identity: Option<ClientCertificate>,
    check_peer: bool,
    /// Whether the certificate must be for `server_name`, or else the URL's host.
    check_name: bool,
    server_name: Option<Rc<CString>>,
    key_log: Option<Rc<File>>,
    stapling: bool,
    keep_certificates: bool,
}

impl Trust {
    pub fn new(source: &CaSource, tls: &TlsOptions) -> Result<Trust, Error> {
        let invalid = |message| Error::new(HS_ERR_INVALID_ARGUMENT, message);
        let server_name = tls.server_name.as_deref().map(CString::new).transpose();
        let key_log = tls.key_log.as_ref().map(|path| {
            let opened = File::options().append(true).create(true).open(path);
            opened.map_err(|why| invalid(format!("key log {}: {why}", quoted(path.as_os_str().as_encoded_bytes()))))
        });
        let trust = Trust {
            common: Common::new(tls)?,
            stores: Stores::new(source, tls.and_system, tls.crl.as_ref())?,
            identity: tls.identity.as_ref().map(ClientCertificate::new).transpose()?,
            check_peer: tls.verification != Verification::Skip,
            check_name: tls.verification == Verification::Full,
            server_name: server_name.map_err(|_| invalid("server_name has a NUL".into()))?.map(Rc::new),
            key_log: key_log.transpose()?.map(Rc::new),
            stapling: tls.stapling,
            keep_certificates: tls.keep_certificates,
        };
        trust.try_out()?;
        Ok(trust)
    }

    pub fn common(&self) -> &Common {
        &self.common
    }

    /// What OpenSSL would refuse at the first connection is refused here.
    fn try_out(&self) -> Result<(), Error> {
        let lists = self.common.lists();
        if self.identity.is_none() && lists.iter().all(|(_, list)| list.is_none()) {
            return Ok(());
        }
        // SAFETY: a context of our own, freed at the end; the texts are NUL-terminated.
        unsafe {
            let context = ssl::SSL_CTX_new(ssl::TLS_client_method());
            if context.is_null() {
                return Err(Error::plain(HS_ERR_OUT_OF_MEMORY));
            }
            let mut fault = None;
            for (name, list) in lists {
                let Some(list) = list else { continue };
                let taken = match name {
                    "ciphers" => i64::from(ssl::SSL_CTX_set_cipher_list(context, list.as_ptr())),
                    "ciphersuites" => i64::from(ssl::SSL_CTX_set_ciphersuites(context, list.as_ptr())),
                    _ => ssl::SSL_CTX_set1_groups_list(context, list.as_ptr()) as i64,
                };
                if taken != 1 {
                    let message =
                        format!("hs_tls_options.{name} is {}: OpenSSL does not know it", quoted(list.as_bytes()));
                    fault.get_or_insert(Error::new(HS_ERR_INVALID_ARGUMENT, message));
                }
            }
            if let Some(identity) = &self.identity
                && fault.is_none()
                && !identity.apply(context)
            {
                let errors = ErrorStack::get();
                let why = errors.errors().first().and_then(|error| error.reason()).unwrap_or("OpenSSL refuses it");
                fault = Some(Error::new(HS_ERR_CLIENT_CERTIFICATE, format!("client certificate: {why}")));
            }
            ssl::SSL_CTX_free(context);
            ssl::ERR_clear_error();
            fault.map_or(Ok(()), Err)
        }
    }

    /// # Safety
    /// `easy` is a live easy handle and `self` outlives its transfers.
    pub unsafe fn configure(&self, easy: *mut sys::CURL) -> Result<(), Error> {
        let callback: extern "C" fn(*mut sys::CURL, *mut c_void, *mut c_void) -> sys::CURLcode = set_up;
        // SAFETY: as the caller promises; the callback has the prototype of CURLOPT_SSL_CTX_FUNCTION.
        let codes = unsafe {
            [
                sys::curl_easy_setopt(easy, sys::CURLOPT_SSL_CTX_FUNCTION, callback),
                sys::curl_easy_setopt(easy, sys::CURLOPT_SSL_CTX_DATA, self as *const Trust),
            ]
        };
        let failed = codes.into_iter().find(|&code| code != sys::CURLE_OK);
        failed.map_or(Ok(()), |code| Err(refused(sys::CURLOPT_SSL_CTX_FUNCTION, code)))
    }

    /// # Safety
    /// `context` is the live SSL_CTX of a connection of this worker's.
    unsafe fn apply(&self, context: *mut ssl::SSL_CTX, notes: Rc<Notes>) -> bool {
        let watch = Watch {
            notes,
            server_name: self.server_name.clone(),
            key_log: self.key_log.clone(),
            keep_certificates: self.keep_certificates,
        };
        let store = self.stores.raw();
        // SAFETY: as the caller promises; the store lives as long as the worker, the context takes references.
        unsafe {
            if !watch::begin(context, watch)
                || ssl::SSL_CTX_ctrl(context, SET_VERIFY_CERT_STORE, 1, store.cast()) != 1
                || self.identity.as_ref().is_some_and(|identity| !identity.apply(context))
            {
                return false;
            }
            if self.stapling {
                // libcurl takes the authorities for stapled answers from here.
                X509_STORE_up_ref(store);
                ssl::SSL_CTX_set_cert_store(context, store);
            }
            if self.check_peer {
                // The handshake fails by itself, before a client certificate is shown; libcurl would look afterwards.
                ssl::SSL_CTX_set_verify(context, ssl::SSL_VERIFY_PEER, self.check_name.then_some(names::has_some as _));
            }
            if let Some(name) = self.server_name.as_ref().filter(|_| self.check_name) {
                let parameters = ssl::SSL_CTX_get0_param(context);
                ssl::X509_VERIFY_PARAM_set_hostflags(parameters, WHOLE_LABELS_OF_NAMES);
                if ssl::X509_VERIFY_PARAM_set1_host(parameters, name.as_ptr(), name.as_bytes().len()) != 1 {
                    return false;
                }
            }
            if self.identity.is_none() {
                // Nobody can then ask for a certificate after the handshake, when a request may have been read.
                ssl::SSL_CTX_set_post_handshake_auth(context, 0);
            }
        }
        true
    }

    /// A proxy is trusted as a server is; what else is wanted of servers is not its business.
    ///
    /// # Safety
    /// `context` is the live SSL_CTX of a connection of this worker's.
    unsafe fn apply_for_proxy(&self, context: *mut ssl::SSL_CTX) -> bool {
        // SAFETY: as for `apply`. None takes away libcurl's own logging, which an environment variable switches on.
        unsafe {
            ssl::SSL_CTX_set_keylog_callback(context, None);
            ssl::SSL_CTX_ctrl(context, SET_VERIFY_CERT_STORE, 1, self.stores.raw().cast()) == 1
        }
    }
}

/// Nothing: the callback is called for the proxy's handshake too, and knows which one it is.
///
/// # Safety
/// None; the signature is that of the other half.
pub unsafe fn configure_proxy(_: *mut sys::CURL, _: &Trust) -> Result<(), sys::CURLcode> {
    Ok(())
}

/// Without an exit handler: threads of the host may still be in a request when `exit` runs.
pub fn init() {
    ssl::init();
}

extern "C" fn set_up(easy: *mut sys::CURL, context: *mut c_void, data: *mut c_void) -> sys::CURLcode {
    let done = std::panic::catch_unwind(|| {
        let notes = Rc::new(Notes::default());
        // SAFETY: libcurl gives the handle of the transfer that makes the connection, and the connection's SSL_CTX;
        // `configure` set the data, and the engine keeps it for as long as it has transfers.
        unsafe {
            let trust = &*data.cast::<Trust>();
            match note_handshake(easy, notes.clone()) {
                Handshake::Server => trust.apply(context.cast(), notes),
                Handshake::Proxy(own) => own.unwrap_or(trust).apply_for_proxy(context.cast()),
            }
        }
    });
    if matches!(done, Ok(true)) { sys::CURLE_OK } else { sys::CURLE_SSL_CERTPROBLEM }
}
