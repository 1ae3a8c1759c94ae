//! The one `multi` of a worker's life.

use super::sys;
use crate::error::Error;
use crate::runtime::wake::Unpark;
use crate::status::{HS_ERR_INTERNAL, HS_ERR_OUT_OF_MEMORY};
use std::ffi::{c_int, c_long};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

pub struct Multi {
    raw: *mut sys::CURLM,
    waker: Arc<MultiWaker>,
}

/// The one thing that other threads may do with a multi: wake it. Empty once the multi is gone.
pub struct MultiWaker(Mutex<Option<MultiPointer>>);

struct MultiPointer(*mut sys::CURLM);

// SAFETY: used for `curl_multi_wakeup` alone, which libcurl allows from any thread while the multi lives; the mutex
// around it and the emptying in `Multi::drop` see to the latter.
unsafe impl Send for MultiPointer {}

impl Unpark for MultiWaker {
    fn unpark(&self) {
        let multi = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(MultiPointer(raw)) = *multi {
            // SAFETY: see `MultiPointer`.
            unsafe { sys::curl_multi_wakeup(raw) };
        }
    }
}

/// A finished transfer.
pub struct Finished {
    pub easy: *mut sys::CURL,
    pub code: sys::CURLcode,
}

impl Multi {
    /// A multi that keeps at most `max_idle` connections open for reuse.
    pub fn new(max_idle: u32) -> Result<Multi, Error> {
        // SAFETY: libcurl is initialised.
        let raw = unsafe { sys::curl_multi_init() };
        if raw.is_null() {
            return Err(Error::plain(HS_ERR_OUT_OF_MEMORY));
        }
        let waker = Arc::new(MultiWaker(Mutex::new(Some(MultiPointer(raw)))));
        let multi = Multi { raw, waker };
        multi.set(sys::CURLMOPT_MAXCONNECTS, c_long::from(max_idle))?;
        Ok(multi)
    }

    fn set(&self, option: sys::CURLMoption, value: c_long) -> Result<(), Error> {
        // SAFETY: a live multi and an option that takes a long.
        check(unsafe { sys::curl_multi_setopt(self.raw, option, value) })
    }

    pub fn waker(&self) -> Arc<MultiWaker> {
        self.waker.clone()
    }

    /// # Safety
    /// `easy` is a live easy handle in no multi, and everything that its options point to lives until `remove`.
    pub unsafe fn add(&self, easy: *mut sys::CURL) -> Result<(), Error> {
        // SAFETY: as the caller promises.
        check(unsafe { sys::curl_multi_add_handle(self.raw, easy) })
    }

    /// # Safety
    /// `easy` is a live easy handle.
    pub unsafe fn remove(&self, easy: *mut sys::CURL) {
        // SAFETY: as the caller promises; it fails only for handles of other multis.
        unsafe { sys::curl_multi_remove_handle(self.raw, easy) };
    }

    pub fn poll(&self, timeout: Option<Duration>) {
        // Rounded up: a timer that is due in 0.3 ms must not be waited for with 0 ms over and over.
        let milliseconds = timeout.map_or(c_int::MAX, |timeout| {
            c_int::try_from(timeout.as_nanos().div_ceil(1_000_000)).unwrap_or(c_int::MAX)
        });
        // SAFETY: a live multi.
        unsafe { sys::curl_multi_poll(self.raw, std::ptr::null_mut(), 0, milliseconds, std::ptr::null_mut()) };
    }

    pub fn perform(&self) {
        let mut running: c_int = 0;
        // SAFETY: a live multi; the callbacks touch only their own transfer.
        unsafe { sys::curl_multi_perform(self.raw, &mut running) };
    }

    pub fn next_finished(&self) -> Option<Finished> {
        let mut left: c_int = 0;
        // SAFETY: a live multi; the message is copied before the next call on it.
        unsafe {
            loop {
                let message = sys::curl_multi_info_read(self.raw, &mut left);
                let message = message.as_ref()?;
                if message.msg == sys::CURLMSG_DONE {
                    // `data` is a union of a pointer and a CURLcode.
                    let code = message.data as usize as sys::CURLcode;
                    return Some(Finished { easy: message.easy_handle, code });
                }
            }
        }
    }
}

impl Drop for Multi {
    fn drop(&mut self) {
        *self.waker.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
        // SAFETY: the engine removed and freed every easy handle before; nobody can wake it any more.
        unsafe { sys::curl_multi_cleanup(self.raw) };
    }
}

fn check(code: sys::CURLMcode) -> Result<(), Error> {
    if code == sys::CURLM_OK {
        return Ok(());
    }
    // SAFETY: a static string for every number.
    let text = unsafe { std::ffi::CStr::from_ptr(sys::curl_multi_strerror(code)) }.to_string_lossy();
    let status = if code == sys::CURLM_OUT_OF_MEMORY { HS_ERR_OUT_OF_MEMORY } else { HS_ERR_INTERNAL };
    Err(Error::new(status, format!("libcurl: {text}")))
}
