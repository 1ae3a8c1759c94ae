//! `hs_pipe`: a request body that other threads write while it is sent.

use super::error::hs_error;
use super::handle::{self, Handled, Kind};
use super::version::HS_INFINITE;
use super::{guard, options};
use crate::body::pipe::Pipe;
use crate::error::Error;
use crate::panics;
use crate::status::{HS_ERR_BUSY, HS_ERR_NULL_ARGUMENT, hs_status};
use std::ffi::c_void;
use std::time::Duration;

/// A request body that other threads write while it is sent: name it in `hs_upload.pipe`, write to it, close it. It holds
/// so many bytes and no more: who writes faster than the server reads waits. It serves one request, and nothing of what
/// that has taken is kept: where the body would have to be sent again (a redirect, a retry, credentials), the call ends with
/// `HS_ERR_NOT_REPLAYABLE` or with what made it necessary, unless nothing was taken yet.
///
/// It may be used on any thread, by several at once. What is written before the request begins waits for it, and a pipe
/// that is closed by then is a body like any other.
pub struct hs_pipe {
    _private: [u8; 0],
}

impl Handled for Pipe {
    const KIND: Kind = Kind::Pipe;
    type C = hs_pipe;
}

const DEFAULT_CAPACITY: usize = 256 * 1024;
const LARGEST_CAPACITY: usize = 64 * 1024 * 1024;

/// Makes a pipe that holds at most `capacity` bytes; 0: 256 KiB, at most 64 MiB. `*pipe` is written on success only; free
/// it with `hs_pipe_free`.
///
/// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_ARGUMENT`, `HS_ERR_OUT_OF_MEMORY`,
/// `HS_ERR_TOO_MANY_HANDLES`. Since 1.0.
///
/// # Safety
/// `pipe` and `error` are NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_pipe_new(capacity: usize, pipe: *mut *mut hs_pipe, error: *mut *mut hs_error) -> hs_status {
    let body = || {
        if pipe.is_null() {
            return Err(Error::new(HS_ERR_NULL_ARGUMENT, "pipe is NULL: there is nowhere to put it"));
        }
        if capacity > LARGEST_CAPACITY {
            return Err(options::invalid(format!("capacity is {capacity}: at most {LARGEST_CAPACITY}")));
        }
        let handle = handle::insert(Pipe::new(options::number(capacity, DEFAULT_CAPACITY))?)?;
        // SAFETY: as the caller promises.
        unsafe { pipe.write(handle) };
        Ok(())
    };
    // SAFETY: as the caller promises.
    unsafe { guard::with_error(error, body) }
}

/// Copies `len` bytes into the pipe, and waits for room where there is too little. `HS_OK` says that all of them are in.
/// Whatever else it says, the first `*written` of them are in and the others are not: to go on, write from `data + *written`.
/// `written` may be NULL; it is written unless the arguments were refused.
///
/// `timeout_ms` is how long it waits, by the machine's clock: afterwards `HS_ERR_WRITE_TIMEOUT`. 0 puts in what fits and
/// does not wait: `HS_ERR_WOULD_BLOCK` where that was not all. `HS_INFINITE` waits as long as it takes. Each wait also ends
/// with the request: `HS_ERR_PIPE_CLOSED` says that nobody will read this any more, and the request says why (it failed, or
/// the server answered without reading all of it). The same comes of a write after `hs_pipe_close`; `HS_ERR_PIPE_ABORTED`
/// of one that meets `hs_pipe_abort` or `hs_pipe_free`. That bytes are in does not say that they were sent.
///
/// What several threads write at once goes in one write after the other. In a callback of the library's only a
/// `timeout_ms` of 0 is allowed (`HS_ERR_BUSY`): the wait could be for the very worker that calls.
///
/// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`, `HS_ERR_INVALID_ARGUMENT` (`len`
/// is larger than any object), `HS_ERR_BUSY`, `HS_ERR_WRITE_TIMEOUT`, `HS_ERR_WOULD_BLOCK`, `HS_ERR_PIPE_CLOSED`,
/// `HS_ERR_PIPE_ABORTED`. Since 1.0.
///
/// # Safety
/// `data` is valid for `len` bytes, or NULL where `len` is 0; `written` and `error` are NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_pipe_write(
    pipe: *mut hs_pipe,
    data: *const c_void,
    len: usize,
    written: *mut usize,
    timeout_ms: u64,
    error: *mut *mut hs_error,
) -> hs_status {
    let body = || {
        let pipe = handle::open::<Pipe>(pipe)?;
        // SAFETY: as the caller promises.
        let bytes = unsafe { options::array(data.cast::<u8>(), len, isize::MAX as usize, "data") }?;
        if timeout_ms != 0 && panics::in_callback() {
            let message = "hs_pipe_write in a callback may not wait: timeout_ms must be 0 there";
            return Err(Error::new(HS_ERR_BUSY, message));
        }
        let patience = (timeout_ms != HS_INFINITE).then(|| Duration::from_millis(timeout_ms));
        let (count, result) = pipe.write(bytes, patience);
        if !written.is_null() {
            // SAFETY: as the caller promises.
            unsafe { written.write(count) };
        }
        result
    };
    // SAFETY: as the caller promises.
    unsafe { guard::with_error(error, body) }
}

/// The same, and never waits: `HS_ERR_WOULD_BLOCK` where not all of it fits now. Of a request that goes through a pool the
/// caller is told then when there is room again, or when nobody will read this any more: by one completion with
/// `HS_COMPLETION_WRITABLE` and the tag of the request, however many such writes there were. It also comes for what was tried
/// before the request was submitted, but not where that was refused, and it may come after the request's own completion and
/// after the pipe was freed. Of a worker's request there is no such word.
///
/// Thread: any; also from a callback. Errors: `HS_ERR_WOULD_BLOCK`, `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`,
/// `HS_ERR_FORKED`, `HS_ERR_INVALID_ARGUMENT` (`len` is larger than any object), `HS_ERR_PIPE_CLOSED`, `HS_ERR_PIPE_ABORTED`.
/// Since 1.0.
///
/// # Safety
/// As for `hs_pipe_write`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_pipe_try_write(
    pipe: *mut hs_pipe,
    data: *const c_void,
    len: usize,
    written: *mut usize,
    error: *mut *mut hs_error,
) -> hs_status {
    let body = || {
        let pipe = handle::open::<Pipe>(pipe)?;
        // SAFETY: as the caller promises.
        let bytes = unsafe { options::array(data.cast::<u8>(), len, isize::MAX as usize, "data") }?;
        let (count, result) = pipe.try_write(bytes);
        if !written.is_null() {
            // SAFETY: as the caller promises.
            unsafe { written.write(count) };
        }
        result
    };
    // SAFETY: as the caller promises.
    unsafe { guard::with_error(error, body) }
}

/// Says that the body is complete; what is in the pipe is still sent. The pipe may be freed then. Of this and
/// `hs_pipe_abort` the first counts; the second, and doing it again, does nothing.
///
/// Thread: any; also from a callback. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`. Since 1.0.
#[unsafe(no_mangle)]
pub extern "C" fn hs_pipe_close(pipe: *mut hs_pipe) -> hs_status {
    guard::status(|| {
        handle::open::<Pipe>(pipe)?.close();
        Ok(())
    })
}

/// Says that the body will never be complete: the request ends with `HS_ERR_PIPE_ABORTED` and is not made again, and so
/// does every write that waits. The server sees a request that breaks off.
///
/// Thread: any; also from a callback. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`. Since 1.0.
#[unsafe(no_mangle)]
pub extern "C" fn hs_pipe_abort(pipe: *mut hs_pipe) -> hs_status {
    guard::status(|| {
        handle::open::<Pipe>(pipe)?.abort();
        Ok(())
    })
}

/// Frees a pipe. One that was not closed is aborted; a request goes on with what one that was closed still holds. Writes
/// that wait are ended. NULL is fine.
///
/// Thread: any; also from a callback. Errors: `HS_ERR_INVALID_HANDLE` (also for a second free), `HS_ERR_FORKED`. Since 1.0.
#[unsafe(no_mangle)]
pub extern "C" fn hs_pipe_free(pipe: *mut hs_pipe) -> hs_status {
    guard::status(|| {
        if pipe.is_null() {
            return Ok(());
        }
        // Those who wait to write hold it, and would never see the end of it.
        handle::open::<Pipe>(pipe)?.abort();
        handle::close::<Pipe>(pipe)
    })
}
