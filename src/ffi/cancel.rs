//! `hs_cancel`: ends calls from another thread.

use super::guard;
use super::handle::{self, Handled, Kind};
use crate::cancel::Cancel;
use crate::error::Error;
use crate::status::{HS_ERR_NULL_ARGUMENT, hs_status};

/// A switch that ends the calls that were given it. It may be used on any thread, by any number of calls at once, and
/// be freed while calls still have it.
pub struct hs_cancel {
    _private: [u8; 0],
}

impl Handled for Cancel {
    const KIND: Kind = Kind::Cancel;
    type C = hs_cancel;
}

/// Makes a switch. `*cancel` is written on success only; free it with `hs_cancel_free`.
///
/// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_TOO_MANY_HANDLES`. Since 1.0.
///
/// # Safety
/// `cancel` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_cancel_new(cancel: *mut *mut hs_cancel) -> hs_status {
    guard::status(|| {
        if cancel.is_null() {
            return Err(Error::plain(HS_ERR_NULL_ARGUMENT));
        }
        let handle = handle::insert(Cancel::default())?;
        // SAFETY: as the caller promises.
        unsafe { cancel.write(handle) };
        Ok(())
    })
}

/// Throws the switch, for good: calls that have it end with `HS_ERR_CANCELLED` within milliseconds, whatever they wait
/// for, and later ones do not begin. A call that has its whole response by then still succeeds. Doing it again is fine.
///
/// Thread: any; also from a callback. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`.
/// Since 1.0.
#[unsafe(no_mangle)]
pub extern "C" fn hs_cancel_trigger(cancel: *mut hs_cancel) -> hs_status {
    guard::status(|| {
        handle::open::<Cancel>(cancel)?.trigger();
        Ok(())
    })
}

/// Frees a switch; calls that have it go on and can no longer be cancelled. NULL is fine.
///
/// Thread: any. Errors: `HS_ERR_INVALID_HANDLE` (also for a second free), `HS_ERR_FORKED`. Since 1.0.
#[unsafe(no_mangle)]
pub extern "C" fn hs_cancel_free(cancel: *mut hs_cancel) -> hs_status {
    guard::status(|| if cancel.is_null() { Ok(()) } else { handle::close::<Cancel>(cancel) })
}
