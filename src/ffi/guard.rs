//! Around the body of every export: a panic becomes `HS_ERR_PANIC`, and an error goes into the caller's `hs_error **`.

use super::error::hs_error;
use super::handle;
use crate::error::Error;
use crate::status::{HS_ERR_PANIC, HS_OK, hs_status};
use std::any::Any;
use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;
use std::task::Poll;

thread_local! {
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// Runs the body of an export that answers with a status alone.
pub fn status(body: impl FnOnce() -> Result<(), Error>) -> hs_status {
    run(body).map_or_else(|error| error.status(), |()| HS_OK)
}

/// Runs the body of an export that answers with a status and, where the caller wants it, an error object.
///
/// # Safety
/// `error` is NULL or valid for a write.
pub unsafe fn with_error(error: *mut *mut hs_error, body: impl FnOnce() -> Result<(), Error>) -> hs_status {
    let (status, object) = match run(body) {
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
    run(|| Ok(body())).ok().flatten().unwrap_or(otherwise)
}

fn run<T>(body: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    silence_panics();
    let depth = DEPTH.get();
    DEPTH.set(depth + 1);
    let result = catch_unwind(AssertUnwindSafe(body));
    DEPTH.set(depth);
    result.unwrap_or_else(|panic| Err(of(panic)))
}

/// The same for one of many calls: its panic is its own error.
pub async fn caught<T>(call: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let mut call = Box::pin(call);
    poll_fn(|cx| {
        catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(cx))).unwrap_or_else(|panic| Poll::Ready(Err(of(panic))))
    })
    .await
}

fn of(panic: Box<dyn Any + Send>) -> Error {
    Error::new(HS_ERR_PANIC, format!("internal panic: {}", message(panic)))
}

fn message(panic: Box<dyn Any + Send>) -> String {
    let other = match panic.downcast::<String>() {
        Ok(text) => return *text,
        Err(other) => other,
    };
    match other.downcast::<&str>() {
        Ok(text) => (*text).to_owned(),
        Err(other) => {
            // It may be anything, and its destructor may panic in turn.
            std::mem::forget(other);
            "no message".to_owned()
        }
    }
}

/// The library writes to nobody's stderr: a panic inside an export is reported by its status, not printed.
fn silence_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if DEPTH.get() == 0 {
                previous(info);
            }
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ffi::error::hs_error_message;
    use crate::status::HS_ERR_BUSY;

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
