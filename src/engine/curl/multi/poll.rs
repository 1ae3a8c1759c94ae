//! Waiting by libcurl's own means: `curl_multi_poll`, and `curl_multi_wakeup` to end it.

use super::sys;
use crate::runtime::wake::Unpark;
use std::ffi::c_int;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The one thing that other threads may do with a multi: wake it. Empty once the multi is gone.
pub struct Bell(Mutex<Option<MultiPointer>>);

struct MultiPointer(*mut sys::CURLM);

// SAFETY: used for `curl_multi_wakeup` alone, which libcurl allows from any thread while the multi lives; the mutex
// around it and the emptying in `Multi::drop` see to the latter.
unsafe impl Send for MultiPointer {}

impl Bell {
    pub fn of(multi: *mut sys::CURLM) -> Arc<Bell> {
        Arc::new(Bell(Mutex::new(Some(MultiPointer(multi)))))
    }

    /// From now on it wakes nobody.
    pub fn silence(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Unpark for Bell {
    fn unpark(&self) {
        let multi = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(MultiPointer(raw)) = *multi {
            // SAFETY: see `MultiPointer`.
            unsafe { sys::curl_multi_wakeup(raw) };
        }
    }
}

/// # Safety
/// `multi` is a live multi.
pub unsafe fn wait(multi: *mut sys::CURLM, timeout: Option<Duration>) {
    // Rounded up: a timer that is due in 0.3 ms must not be waited for with 0 ms over and over.
    let milliseconds = timeout
        .map_or(c_int::MAX, |timeout| c_int::try_from(timeout.as_nanos().div_ceil(1_000_000)).unwrap_or(c_int::MAX));
    // SAFETY: as the caller promises.
    unsafe { sys::curl_multi_poll(multi, std::ptr::null_mut(), 0, milliseconds, std::ptr::null_mut()) };
}
