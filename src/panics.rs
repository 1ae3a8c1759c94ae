//! A panic inside the library is an error of whoever asked for what panicked, and of nobody else.

use crate::error::Error;
use crate::status::HS_ERR_PANIC;
use std::any::Any;
use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Once;
use std::task::Poll;

thread_local! {
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// Runs it; a panic is its error.
pub fn catch<T>(body: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    silence();
    let depth = DEPTH.get();
    DEPTH.set(depth + 1);
    let result = catch_unwind(AssertUnwindSafe(body));
    DEPTH.set(depth);
    result.unwrap_or_else(|panic| Err(of(panic)))
}

/// The same for one of many calls, whose box spares moving what may be large.
pub fn caught<T, F: Future<Output = Result<T, Error>>>(
    mut call: Pin<Box<F>>,
) -> impl Future<Output = Result<T, Error>> {
    poll_fn(move |cx| {
        catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(cx))).unwrap_or_else(|panic| Poll::Ready(Err(of(panic))))
    })
}

/// Whether the export that asks was entered from a callback of the library's.
pub fn in_callback() -> bool {
    DEPTH.get() > 1
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

/// The library writes to nobody's stderr: a panic inside of it is reported by its status, not printed.
fn silence() {
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
