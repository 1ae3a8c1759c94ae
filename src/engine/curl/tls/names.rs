//! A server's certificate names it in its subjectAltName. Where there is none, libcurl takes the common name, which a
//! client must not do (RFC 9110, section 4.3.4).

use foreign_types::ForeignTypeRef;
use openssl::x509::X509Ref;
use openssl_sys as ssl;
use std::ffi::c_int;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// `X509_V_ERR_HOSTNAME_MISMATCH`.
const HOSTNAME_MISMATCH: c_int = 62;

/// Asked by OpenSSL for each certificate of a chain, with its own verdict.
pub extern "C" fn has_some(good: c_int, chain: *mut ssl::X509_STORE_CTX) -> c_int {
    let named = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: OpenSSL gives the chain that it verifies; its certificate is valid during the callback.
        unsafe {
            if ssl::X509_STORE_CTX_get_error_depth(chain) != 0 {
                return true;
            }
            let certificate = ssl::X509_STORE_CTX_get_current_cert(chain);
            !certificate.is_null() && has_name(X509Ref::from_ptr(certificate))
        }
    }));
    if good != 1 || matches!(named, Ok(true)) {
        return good;
    }
    // SAFETY: the same chain.
    unsafe { ssl::X509_STORE_CTX_set_error(chain, HOSTNAME_MISMATCH) };
    0
}

fn has_name(certificate: &X509Ref) -> bool {
    let names = certificate.subject_alt_names();
    names.is_some_and(|names| names.iter().any(|name| name.dnsname().is_some() || name.ipaddress().is_some()))
}
