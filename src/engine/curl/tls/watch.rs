//! Watches the handshakes of the bundled OpenSSL: alerts and reasons that libcurl keeps to itself, the name that is
//! sent, and the secrets where they are asked for.

use super::Notes;
use super::missing::{ERR_peek_error, SSL_CTX_set_info_callback, SSL_get_state};
use crate::process;
use openssl_sys as ssl;
use std::ffi::{CStr, CString, c_char, c_int, c_long, c_void};
use std::fs::File;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::OnceLock;

/// What the callbacks of one connection need. Owned by its SSL_CTX, which lives and dies on the worker's thread.
pub struct Watch {
    pub notes: Rc<Notes>,
    pub server_name: Option<Rc<CString>>,
    pub key_log: Option<Rc<File>>,
    pub keep_certificates: bool,
}

const LOOP: c_int = 0x01;
const EXIT: c_int = 0x02;
const HANDSHAKE_START: c_int = 0x10;
const HANDSHAKE_DONE: c_int = 0x20;
const READ_ALERT: c_int = 0x4004;
/// `TLS_ST_CR_CERT_REQ`: a request for a certificate was read.
const STATE_CERTIFICATE_REQUEST: c_int = 8;
const FATAL: c_int = 2;

/// The place of a watch in an SSL_CTX; negative where OpenSSL has none left.
fn place() -> c_int {
    static PLACE: OnceLock<c_int> = OnceLock::new();
    if let Some(place) = PLACE.get() {
        return *place;
    }
    let _making = process::lock();
    // SAFETY: class 1 is SSL_CTX; the function has the prototype of CRYPTO_EX_free.
    *PLACE.get_or_init(|| unsafe { ssl::CRYPTO_get_ex_new_index(1, 0, std::ptr::null_mut(), None, None, Some(forget)) })
}

/// Begins to watch the connections of `context`; false where OpenSSL has no memory for it.
///
/// # Safety
/// `context` is a live SSL_CTX that is used and freed on this thread alone.
pub unsafe fn begin(context: *mut ssl::SSL_CTX, watch: Watch) -> bool {
    let place = place();
    if place < 0 {
        return false;
    }
    let logs = watch.key_log.is_some();
    let watch = Rc::into_raw(Rc::new(watch));
    // SAFETY: as the caller promises; `forget` takes the reference back when the context is freed.
    unsafe {
        if ssl::SSL_CTX_set_ex_data(context, place, watch as *mut c_void) != 1 {
            drop(Rc::from_raw(watch));
            return false;
        }
        SSL_CTX_set_info_callback(context, Some(happened));
        // None takes away libcurl's own, which an environment variable switches on.
        ssl::SSL_CTX_set_keylog_callback(context, if logs { Some(secret) } else { None });
    }
    true
}

/// # Safety
/// `ssl` is a live SSL.
pub unsafe fn of(ssl: *const ssl::SSL) -> Option<Rc<Watch>> {
    // SAFETY: as the caller promises; what is at our place is ours, and alive while its context is.
    unsafe {
        let watch = ssl::SSL_CTX_get_ex_data(ssl::SSL_get_SSL_CTX(ssl), place()).cast_const().cast::<Watch>();
        if watch.is_null() {
            return None;
        }
        Rc::increment_strong_count(watch);
        Some(Rc::from_raw(watch))
    }
}

unsafe extern "C" fn forget(
    _: *mut c_void,
    watch: *mut c_void,
    _: *mut ssl::CRYPTO_EX_DATA,
    _: c_int,
    _: c_long,
    _: *mut c_void,
) {
    if !watch.is_null() {
        // SAFETY: `begin` put it there, and OpenSSL calls this once for each context.
        let _ = catch_unwind(AssertUnwindSafe(|| unsafe { drop(Rc::from_raw(watch.cast_const().cast::<Watch>())) }));
    }
}

unsafe extern "C" fn happened(ssl: *const ssl::SSL, what: c_int, value: c_int) {
    let _ = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: OpenSSL gives the SSL whose handshake it is in.
        let Some(watch) = (unsafe { of(ssl) }) else { return };
        let notes = &watch.notes;
        if what == HANDSHAKE_START && !notes.done.get() {
            if let Some(name) = &watch.server_name {
                // SAFETY: the same SSL, which has not written its first message; the name is copied.
                unsafe { ssl::SSL_set_tlsext_host_name(ssl.cast_mut(), name.as_ptr().cast_mut()) };
            }
        } else if what == HANDSHAKE_DONE {
            notes.done.set(true);
        } else if what == READ_ALERT && value >> 8 == FATAL {
            notes.alert.set(Some((value & 0xFF) as u8));
        } else if what & EXIT != 0 && value <= 0 {
            // SAFETY: looks at this thread's queue.
            let reason = ssl::ERR_GET_REASON(unsafe { ERR_peek_error() });
            if reason != 0 && notes.reason.get() == 0 {
                notes.reason.set(reason);
            }
            // SAFETY: the same SSL.
            if unsafe { ssl::SSL_get_verify_mode(ssl) } & ssl::SSL_VERIFY_PEER != 0 {
                // SAFETY: the same SSL.
                notes.verified.set(unsafe { ssl::SSL_get_verify_result(ssl) });
            }
        // SAFETY: the same SSL.
        } else if what & LOOP != 0 && unsafe { SSL_get_state(ssl) } == STATE_CERTIFICATE_REQUEST {
            notes.certificate_requested.set(true);
            notes.requested_late.set(notes.done.get());
        }
    }));
}

unsafe extern "C" fn secret(ssl: *const ssl::SSL, line: *const c_char) {
    let _ = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: OpenSSL gives the SSL and NUL-terminated text.
        let (watch, line) = unsafe { (of(ssl), CStr::from_ptr(line)) };
        if let Some(file) = watch.and_then(|watch| watch.key_log.clone()) {
            // One write for each line: workers of other threads may write to the same file.
            let mut line = line.to_bytes().to_vec();
            line.push(b'\n');
            let _ = (&*file).write_all(&line);
        }
    }));
}
