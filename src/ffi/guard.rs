//! Around the body of every export: a panic becomes `HS_ERR_PANIC`, and an error goes into the caller's `hs_error **`.

use super::error::hs_error;
use super::handle;
use crate::error::Error;
use crate::panics;
use crate::status::{HS_OK, hs_status};

/// Runs the body of an export that answers with a status alone.
pub fn status(body: impl FnOnce() -> Result<(), Error>) -> hs_status {
    panics::catch(body).map_or_else(|error| error.status(), |()| HS_OK)
}

/// Runs the body of an export that answers with a status and, where the caller wants it, an error object.
///
/// # Safety
/// `error` is NULL or valid for a write.
pub unsafe fn with_error(error: *mut *mut hs_error, body: impl FnOnce() -> Result<(), Error>) -> hs_status {
    let (status, object) = match panics::catch(body) {
        Ok(()) => (HS_OK, std::ptr::null_mut()),
        // Without room for the object the status still says what happened.
        Err(failure) if !error.is_null() => (failure.status(), handle::insert(failure).unwrap_or(std::ptr::null_mut())),
        Err(failure) => (failure.status(), std::ptr::null_mut()),
    };
    if !error.is_null() {
        // SAFETY: as the caller promises.
        unsafe { error.write(object) };
    }
    status
}

/// Runs the body of an export that answers with a value.
pub fn value<T>(otherwise: T, body: impl FnOnce() -> Option<T>) -> T {
    panics::catch(|| Ok(body())).ok().flatten().unwrap_or(otherwise)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ffi::error::hs_error_message;
    use crate::status::{HS_ERR_BUSY, HS_ERR_PANIC};

    #[test]
    fn a_panic_becomes_a_status_and_its_text_an_error() {
        assert_eq!(status(|| panic!("on purpose")), HS_ERR_PANIC);
        let mut error = std::ptr::null_mut();
        // SAFETY: a local to write to.
        assert_eq!(unsafe { with_error(&mut error, || panic!("number {}", 7)) }, HS_ERR_PANIC);
        assert_eq!(hs_error_message(error).as_test_text(), "internal panic: number 7");
        assert_eq!(value(5, || panic!("again")), 5);
    }

    #[test]
    fn success_clears_the_error_and_failure_sets_it() {
        let mut error = std::ptr::dangling_mut();
        // SAFETY: a local to write to.
        unsafe {
            assert_eq!(with_error(&mut error, || Ok(())), HS_OK);
            assert!(error.is_null());
            assert_eq!(with_error(&mut error, || Err(Error::plain(HS_ERR_BUSY))), HS_ERR_BUSY);
            assert!(!error.is_null());
            assert_eq!(with_error(std::ptr::null_mut(), || Err(Error::plain(HS_ERR_BUSY))), HS_ERR_BUSY);
        }
    }
}
