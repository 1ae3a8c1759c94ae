//! How many idle connections are kept. libcurl's own limit is for all connections, those in use too: with more exchanges
//! than that at once it closes each connection that comes free. So it is told a limit that moves with the exchanges. It
//! looks at its limit when an exchange ends, and then closes one connection at most: what many exchanges that end together
//! leave too many is closed once there are none.

use super::CurlEngine;
use super::easy::Options;
use super::multi::Multi;
use super::sys;
use crate::error::Error;
use std::cell::Cell;
use std::ffi::{c_long, c_void};

/// The limit moves in steps of so many exchanges.
const STEP: usize = 32;

pub struct Keep {
    most_idle: Cell<usize>,
    told: Cell<usize>,
    /// There were several exchanges at once since there was none.
    several: Cell<bool>,
}

impl Keep {
    pub fn new(most_idle: u32, multi: &Multi) -> Result<Keep, Error> {
        let keep =
            Keep { most_idle: Cell::new(most_idle as usize), told: Cell::new(usize::MAX), several: Cell::new(false) };
        keep.tell(multi, 0)?;
        Ok(keep)
    }

    pub fn most_idle(&self) -> usize {
        self.most_idle.get()
    }

    /// Holds from the next exchange on.
    pub fn set_most_idle(&self, most_idle: usize) {
        self.most_idle.set(most_idle);
    }

    fn tell(&self, multi: &Multi, exchanges: usize) -> Result<(), Error> {
        // The connection of the one that ends is counted as an idle one already.
        let in_use = if exchanges <= 1 { 0 } else { exchanges.next_multiple_of(STEP) };
        // 0 would be a default of libcurl's own.
        let limit = self.most_idle.get().saturating_add(in_use).max(1);
        if self.told.replace(limit) != limit {
            multi.set(sys::CURLMOPT_MAXCONNECTS, c_long::try_from(limit).unwrap_or(c_long::MAX))?;
        }
        Ok(())
    }
}

impl CurlEngine {
    /// There is one exchange more or less than before: so many.
    pub fn keep_idle(&self, exchanges: usize) {
        // What was refused once leaves the old limit, which does no harm.
        let _ = self.keep.tell(&self.multi, exchanges);
        if exchanges > 1 {
            self.keep.several.set(true);
        } else if exchanges == 0 && self.keep.several.replace(false) && self.sockets.open() > self.keep.most_idle() {
            let _ = self.close_all_but(self.keep.most_idle());
        }
    }

    /// Closes the connections that have no exchange now, or none any more when libcurl gets to it.
    pub fn close_idle_connections(&self) -> Result<(), Error> {
        let mut before = usize::MAX;
        while self.sockets.open() > 0 {
            self.close_all_but(0)?;
            // An old libcurl closes one at a time.
            let left = self.sockets.idle();
            if left == 0 || std::mem::replace(&mut before, left) <= left {
                break;
            }
        }
        // Exchanges that were about to make a connection may wait now for one to end, as if there were still a limit.
        for _ in 0..self.exchanges() {
            self.stop_waiting();
        }
        Ok(())
    }

    /// libcurl closes as many idle connections as it takes, the oldest first, where another one would be one too many.
    /// Nothing else makes it do so. So it is told of such a limit, and that it is to make one, which then is not made.
    fn close_all_but(&self, most: usize) -> Result<(), Error> {
        let easy = self.spare.take()?;
        let options = Options::of(&easy);
        options.text(sys::CURLOPT_URL, c"http://127.0.0.1/")?;
        options.text(sys::CURLOPT_PROXY, c"")?;
        options.number(sys::CURLOPT_NOSIGNAL, 1)?;
        options.number(sys::CURLOPT_FRESH_CONNECT, 1)?;
        let callback: sys::curl_opensocket_callback = no_socket;
        options.function(sys::CURLOPT_OPENSOCKETFUNCTION, callback as *const c_void)?;
        let room_for_one_more = c_long::try_from(most).unwrap_or(c_long::MAX - 1).saturating_add(1);
        self.multi.set(sys::CURLMOPT_MAX_TOTAL_CONNECTIONS, room_for_one_more)?;
        // SAFETY: a live handle in no multi that refers to nothing.
        unsafe {
            if self.multi.add(easy.raw()).is_ok() {
                self.multi.run(true, self.busy());
                self.multi.remove(easy.raw());
            }
        }
        self.spare.put(easy, self.exchanges());
        self.multi.set(sys::CURLMOPT_MAX_TOTAL_CONNECTIONS, 0)
    }
}

extern "C" fn no_socket(_: *mut c_void, _: sys::curlsocktype, _: *mut sys::curl_sockaddr) -> sys::curl_socket_t {
    sys::CURL_SOCKET_BAD
}
