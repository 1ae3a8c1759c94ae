//! The one `multi` of a worker's life, and the two ways to wait for its sockets and to drive it.

#[cfg(any(target_os = "linux", target_os = "android"))]
pub mod events;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
#[path = "multi/no_events.rs"]
pub mod events;
mod poll;

use super::sys;
use crate::error::Error;
use crate::runtime::wake::Unpark;
use crate::status::{HS_ERR_INTERNAL, HS_ERR_OUT_OF_MEMORY};
use events::Events;
use poll::Bell;
use std::ffi::{c_int, c_long};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// The longest wait while there are transfers. libcurl can know that one has failed and yet wait for a socket on which
/// nothing will come: where the peer breaks the rules of HTTP/2 before it has the request.
const LONGEST_WAIT: Duration = Duration::from_millis(100);

pub struct Multi {
    raw: *mut sys::CURLM,
    way: Way,
}

enum Way {
    /// libcurl looks at each transfer and each socket, each time. It needs no descriptor of ours, and with few transfers
    /// nothing is faster.
    Poll(Arc<Bell>),
    /// The system says which sockets are ready, and libcurl looks at their transfers alone.
    Events(Rc<Events>),
}

/// A finished transfer.
pub struct Finished {
    pub easy: *mut sys::CURL,
    pub code: sys::CURLcode,
}

impl Multi {
    /// With `many`, a turn costs what happens in it and not what there is, where the system can do that.
    pub fn new(many: bool) -> Result<Multi, Error> {
        let events = if many { Events::new()? } else { None };
        // SAFETY: libcurl is initialised.
        let raw = unsafe { sys::curl_multi_init() };
        if raw.is_null() {
            return Err(Error::plain(HS_ERR_OUT_OF_MEMORY));
        }
        // What is made below is freed with it from here on.
        let way = events.map_or_else(|| Way::Poll(Bell::of(raw)), Way::Events);
        let multi = Multi { raw, way };
        if let Way::Events(events) = &multi.way {
            // SAFETY: a live multi; `drop` ends it before the events that it is told of.
            check(unsafe { events::listen(raw, events) })?;
        }
        Ok(multi)
    }

    pub fn set(&self, option: sys::CURLMoption, value: c_long) -> Result<(), Error> {
        // SAFETY: a live multi and an option that takes a long.
        check(unsafe { sys::curl_multi_setopt(self.raw, option, value) })
    }

    pub fn waker(&self) -> Arc<dyn Unpark> {
        match &self.way {
            Way::Poll(bell) => bell.clone(),
            Way::Events(events) => events.waker(),
        }
    }

    /// Who must be told of each socket that is opened and closed.
    pub fn events(&self) -> Option<Rc<Events>> {
        match &self.way {
            Way::Poll(_) => None,
            Way::Events(events) => Some(events.clone()),
        }
    }

    /// Makes an epoll of the caller's ready, as that number, whenever a wait would end by something that has happened.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub fn watch(&self, epoll: &rustix::fd::OwnedFd, number: u64) -> rustix::io::Result<()> {
        match &self.way {
            Way::Poll(_) => Err(rustix::io::Errno::NOSYS),
            Way::Events(events) => events.watch_by(epoll, number),
        }
    }

    /// When it is to run whatever happens; `busy`: there are transfers.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub fn due(&self, busy: bool) -> Option<crate::runtime::clock::Instant> {
        match &self.way {
            Way::Poll(_) => None,
            Way::Events(events) => events.until(busy),
        }
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

    /// Waits for something to do; `busy`: there are transfers.
    pub fn wait(&self, timeout: Option<Duration>, busy: bool) {
        match &self.way {
            Way::Poll(_) => {
                let most = busy.then_some(LONGEST_WAIT);
                // SAFETY: a live multi.
                unsafe { poll::wait(self.raw, timeout.into_iter().chain(most).min()) };
            }
            Way::Events(events) => events.wait(timeout, busy),
        }
    }

    /// Moves the transfers on; `dirty`: one of them was started, resumed or removed since the last time.
    pub fn run(&self, dirty: bool, busy: bool) {
        match &self.way {
            Way::Poll(_) => {
                let mut running: c_int = 0;
                // SAFETY: a live multi; the callbacks touch only their own transfer, and what belongs to the sockets.
                unsafe { sys::curl_multi_perform(self.raw, &mut running) };
            }
            // SAFETY: the live multi that it was made for.
            Way::Events(events) => unsafe { events.run(self.raw, dirty, busy) },
        }
    }

    /// Moves on the transfers whose connection has that socket, whatever there is to read.
    pub fn look_at(&self, socket: sys::curl_socket_t) {
        let mut running: c_int = 0;
        // SAFETY: a live multi, as in `run`. A socket that libcurl does not know any more is nothing to it.
        unsafe {
            match &self.way {
                Way::Poll(_) => sys::curl_multi_perform(self.raw, &mut running),
                Way::Events(_) => sys::curl_multi_socket_action(self.raw, socket, 0, &mut running),
            }
        };
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
        if let Way::Poll(bell) = &self.way {
            bell.silence();
        }
        // SAFETY: the engine removed and freed every easy handle before; nobody can wake it any more. It says of each
        // socket that it is closed, which what hears it outlives.
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
