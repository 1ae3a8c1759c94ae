//! The certificate that the worker shows of itself: read and checked once, when the worker is made.

use crate::error::Error;
use crate::http::tls::{Identity, Pem};
use crate::status::HS_ERR_CLIENT_CERTIFICATE;
use foreign_types::ForeignType;
use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Private};
use openssl::x509::X509;
use openssl_sys as ssl;
use std::ffi::{c_int, c_long, c_void};

/// `SSL_CTRL_CHAIN_CERT` with a second argument of 1: the context takes a reference of its own.
const CHAIN_CERT: c_int = 89;

pub struct ClientCertificate {
    certificate: X509,
    between: Vec<X509>,
    key: PKey<Private>,
}

impl ClientCertificate {
    pub fn new(identity: &Identity) -> Result<ClientCertificate, Error> {
        let chain = X509::stack_from_pem(&identity.chain.text).map_err(|why| refuse(&identity.chain, reason(&why)))?;
        let mut chain = chain.into_iter();
        let certificate = chain.next().ok_or_else(|| refuse(&identity.chain, "no certificate in it".into()))?;
        let key = read_key(&identity.key, identity.password.as_deref())?;
        let public = certificate.public_key().map_err(|why| refuse(&identity.chain, reason(&why)))?;
        if !public.public_eq(&key) {
            let why = format!("it is not the key of the certificate of {}", identity.chain.origin);
            return Err(refuse(&identity.key, why));
        }
        Ok(ClientCertificate { certificate, between: chain.collect(), key })
    }

    /// # Safety
    /// `context` is a live SSL_CTX.
    pub unsafe fn apply(&self, context: *mut ssl::SSL_CTX) -> bool {
        // SAFETY: as the caller promises; the context takes references of its own to live objects.
        unsafe {
            ssl::SSL_CTX_use_certificate(context, self.certificate.as_ptr()) == 1
                && ssl::SSL_CTX_use_PrivateKey(context, self.key.as_ptr()) == 1
                && self.between.iter().all(|between| {
                    ssl::SSL_CTX_ctrl(context, CHAIN_CERT, 1 as c_long, between.as_ptr().cast::<c_void>()) == 1
                })
        }
    }
}

fn read_key(pem: &Pem, password: Option<&[u8]>) -> Result<PKey<Private>, Error> {
    let mut asked = false;
    // Without a callback OpenSSL would ask on the terminal.
    let key = PKey::private_key_from_pem_callback(&pem.text, |place| {
        asked = true;
        let password = password.unwrap_or_default();
        let fits = password.len() <= place.len() && !password.is_empty();
        if fits {
            place[..password.len()].copy_from_slice(password);
        }
        if fits { Ok(password.len()) } else { Err(ErrorStack::get()) }
    });
    key.map_err(|why| {
        let why = match (asked, password) {
            (true, None) => "the key is encrypted and there is no password".into(),
            (true, Some(_)) => "the key's password is wrong".into(),
            (false, _) => reason(&why),
        };
        refuse(pem, why)
    })
}

fn refuse(pem: &Pem, why: String) -> Error {
    Error::new(HS_ERR_CLIENT_CERTIFICATE, format!("client certificate or key of {}: {why}", pem.origin))
}

/// OpenSSL's words for what is wrong with a text that has no secret in what it says.
fn reason(why: &ErrorStack) -> String {
    why.errors().first().and_then(|error| error.reason()).unwrap_or("not PEM of the kind that is needed").to_owned()
}
