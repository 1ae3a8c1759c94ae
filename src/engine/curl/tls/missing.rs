//! What `openssl-sys` does not declare, as OpenSSL's own headers do.

use openssl_sys as ssl;
use std::ffi::{c_int, c_ulong};

pub type InfoCallback = unsafe extern "C" fn(ssl: *const ssl::SSL, what: c_int, value: c_int);

unsafe extern "C" {
    pub fn X509_STORE_up_ref(store: *mut ssl::X509_STORE) -> c_int;
    pub fn X509_STORE_add_crl(store: *mut ssl::X509_STORE, list: *mut ssl::X509_CRL) -> c_int;
    pub fn SSL_CTX_set_info_callback(context: *mut ssl::SSL_CTX, callback: Option<InfoCallback>);
    pub fn SSL_get_state(ssl: *const ssl::SSL) -> c_int;
    pub fn SSL_has_pending(ssl: *const ssl::SSL) -> c_int;
    pub fn ERR_peek_error() -> c_ulong;
}
