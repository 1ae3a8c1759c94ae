//! The bound on what a proxy answers to CONNECT. libcurl reads and drops the body of a refusal in one go for as long as
//! bytes come, and looks at no time limit meanwhile: a proxy that never stops would keep the worker for ever.

use super::easy::Options;
use super::sys;
use super::transfer::{Transfer, transfer};
use crate::error::Error;
use crate::status::HS_ERR_PROXY;
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::rc::Rc;

/// libcurl reports progress for each byte of such an answer. Nothing else reports nearly as often within one turn.
const MOST_REPORTS: u32 = 256 * 1024;

/// The number of the engine's turn: how often it has called into libcurl.
pub type Turn = Rc<Cell<u64>>;

/// Counts reports within one turn.
pub struct Guard {
    turn: Turn,
    seen: Cell<(u64, u32)>,
}

impl Guard {
    pub fn new(turn: &Turn) -> Guard {
        Guard { turn: turn.clone(), seen: Cell::default() }
    }

    /// One more report; false where there were too many in this turn.
    fn report(&self) -> bool {
        let (turn, count) = self.seen.get();
        let count = if turn == self.turn.get() { count + 1 } else { 1 };
        self.seen.set((self.turn.get(), count));
        count <= MOST_REPORTS
    }
}

/// Has libcurl report the progress of a transfer through a tunnel.
pub fn configure(options: &Options, transfer: &Transfer) -> Result<(), Error> {
    let this: *const Transfer = transfer;
    let callback: sys::ProgressCallback = progress_callback;
    options.function(sys::CURLOPT_XFERINFOFUNCTION, callback as *const c_void)?;
    options.data(sys::CURLOPT_PROGRESSDATA, this as *mut c_void)?;
    options.number(sys::CURLOPT_NOPROGRESS, 0)
}

extern "C" fn progress_callback(
    data: *mut c_void,
    _: sys::curl_off_t,
    _: sys::curl_off_t,
    _: sys::curl_off_t,
    _: sys::curl_off_t,
) -> c_int {
    // SAFETY: libcurl hands back the data that `configure` set.
    let transfer = unsafe { transfer(data) };
    let going_on = transfer.guarded(|| match &transfer.route {
        Some(route) if !route.guard.report() => {
            Err(Error::new(HS_ERR_PROXY, "the proxy's answer to CONNECT is too long, or has no end"))
        }
        _ => Ok(()),
    });
    c_int::from(!going_on)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_reports_are_those_of_one_turn() {
        let turn = Turn::default();
        let guard = Guard::new(&turn);
        for _ in 0..3 {
            turn.update(|turn| turn + 1);
            assert!((0..MOST_REPORTS).all(|_| guard.report()));
        }
        assert!(!guard.report());
    }
}
