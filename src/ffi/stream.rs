//! `hs_response_read`: a body piece by piece.

use super::error::hs_error;
use super::handle::Pinned;
use super::response::{Answer, Remaining, hs_response};
use super::{guard, handle, options, thread};
use crate::error::Error;
use crate::pool;
use crate::pool::channel::{End, Read};
use crate::status::*;
use crate::worker::{Abandoned, StreamKey, Tail};
use std::time::Duration;

/// Where the rest of a response is: in its worker.
pub struct StreamLink {
    worker: handle::Token,
    key: StreamKey,
    abandoned: Abandoned,
}

impl StreamLink {
    pub fn new(worker: handle::Token, key: StreamKey, abandoned: Abandoned) -> StreamLink {
        StreamLink { worker, key, abandoned }
    }
}

impl Drop for StreamLink {
    fn drop(&mut self) {
        self.abandoned.push(self.key);
        // At once where this is the worker's thread and it is free; else the worker does it at its next call.
        if let Ok(worker) = thread::worker_of(self.worker) {
            worker.sweep();
        }
    }
}

/// Reads the next bytes of the body into `buffer`: at least one unless the body has ended, which is `*count == 0`. Of a
/// response that was asked for with `HS_STREAM` they are received now; of any other, what is in `hs_response_body` is
/// handed out bit by bit. Decoded unless `HS_RAW_BODY` says otherwise. Nothing is read ahead but what libcurl holds (at
/// most some 300 KiB and what that decodes to): a server that sends faster than this is called is made to wait.
///
/// `timeout_ms` is how long to wait for the first byte: afterwards `HS_ERR_READ_TIMEOUT`, and the stream goes on. 0 or
/// `HS_INFINITE`: until the call's own limits (`idle_timeout_ms`, `timeout_ms`) end it. After any other error the stream
/// is over and each further read gives that error again.
///
/// The worker is free between two reads: other requests and streams may use it.
///
/// A body that comes through a pool is read the same way; some 256 KiB of it wait in between, and while nobody reads it
/// `idle_timeout_ms` does not count.
///
/// Thread: the worker's own for a response that was asked for with `HS_STREAM`, any for others, and for those that came
/// through a pool, one at a time (`HS_ERR_BUSY`). Errors: those of
/// `hs_request` while a body is received (`HS_ERR_BODY_TRUNCATED`, `HS_ERR_RECEIVE`, `HS_ERR_IDLE_TIMEOUT`,
/// `HS_ERR_TIMEOUT`, `HS_ERR_CANCELLED`, `HS_ERR_DECODE`, `HS_ERR_BODY_TOO_LARGE`, …), `HS_ERR_READ_TIMEOUT`,
/// `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_ARGUMENT` (capacity 0), `HS_ERR_WRONG_THREAD`, `HS_ERR_BUSY`,
/// `HS_ERR_INVALID_HANDLE` (also where the worker was freed before the end of the body), `HS_ERR_FORKED`. Since 1.0.
///
/// # Safety
/// `buffer` is NULL or valid for `capacity` bytes; `count` and `error` are NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_response_read(
    response: *mut hs_response,
    buffer: *mut std::ffi::c_void,
    capacity: usize,
    count: *mut usize,
    timeout_ms: u64,
    error: *mut *mut hs_error,
) -> hs_status {
    let body = || {
        // SAFETY: as the caller promises.
        let (answer, buffer) = unsafe { arguments(response, buffer, capacity, count) }?;
        let wait = options::duration(timeout_ms, None);
        let read = match &answer.remaining {
            Remaining::Nothing => answer.read_buffered(buffer),
            Remaining::OfWorker(link) => link.read(&answer, buffer, wait)?,
            Remaining::OfPool(_) if pool::is_a_pools() => return Err(from_inside()),
            Remaining::OfPool(reader) => piped(&answer, reader.read(buffer, wait), HS_ERR_READ_TIMEOUT)?,
        };
        // SAFETY: as the caller promises.
        unsafe { count.write(read) };
        Ok(())
    };
    // SAFETY: as the caller promises.
    unsafe { guard::with_error(error, body) }
}

/// The same, and never waits: `HS_ERR_WOULD_BLOCK` where nothing is there now. Of a response that came through a pool the
/// caller is told then when there is something: by one completion with `HS_COMPLETION_READABLE` and the tag of its
/// request, which may also come when the body has ended or failed, and after this response was freed. Of a worker's there
/// is no such word.
///
/// Thread: as for `hs_response_read`. Errors: `HS_ERR_WOULD_BLOCK`, and those of `hs_response_read`. Since 1.0.
///
/// # Safety
/// `buffer` is NULL or valid for `capacity` bytes; `count` and `error` are NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_response_try_read(
    response: *mut hs_response,
    buffer: *mut std::ffi::c_void,
    capacity: usize,
    count: *mut usize,
    error: *mut *mut hs_error,
) -> hs_status {
    let body = || {
        // SAFETY: as the caller promises.
        let (answer, buffer) = unsafe { arguments(response, buffer, capacity, count) }?;
        let read = match &answer.remaining {
            Remaining::Nothing => answer.read_buffered(buffer),
            Remaining::OfWorker(link) => {
                let read = link.read(&answer, buffer, Some(Duration::ZERO));
                read.map_err(|error| if error.is_passing() { Error::plain(HS_ERR_WOULD_BLOCK) } else { error })?
            }
            Remaining::OfPool(reader) => piped(&answer, reader.try_read(buffer), HS_ERR_WOULD_BLOCK)?,
        };
        // SAFETY: as the caller promises.
        unsafe { count.write(read) };
        Ok(())
    };
    // SAFETY: as the caller promises.
    unsafe { guard::with_error(error, body) }
}

/// # Safety
/// As for `hs_response_read`.
unsafe fn arguments<'a>(
    response: *mut hs_response,
    buffer: *mut std::ffi::c_void,
    capacity: usize,
    count: *mut usize,
) -> Result<(Pinned<Answer>, &'a mut [u8]), Error> {
    let answer = handle::open::<Answer>(response)?;
    if buffer.is_null() || count.is_null() {
        let which = if buffer.is_null() { "buffer" } else { "count" };
        return Err(Error::new(HS_ERR_NULL_ARGUMENT, format!("{which} is NULL")));
    }
    if capacity == 0 {
        return Err(options::invalid("capacity is 0: nothing could be read".into()));
    }
    // libcurl's pieces are far smaller; more would only be initialised in vain.
    let capacity = capacity.min(isize::MAX as usize);
    // SAFETY: as the caller promises; plain bytes, which are only written.
    Ok((answer, unsafe { std::slice::from_raw_parts_mut(buffer.cast::<u8>(), capacity) }))
}

impl StreamLink {
    fn read(&self, answer: &Answer, buffer: &mut [u8], wait: Option<Duration>) -> Result<usize, Error> {
        let worker = thread::worker_of(self.worker).map_err(|error| match error.status() {
            HS_ERR_INVALID_HANDLE => {
                Error::new(HS_ERR_INVALID_HANDLE, "the worker of this response was closed before the body's end")
            }
            _ => error,
        })?;
        let read = worker.read(self.key, buffer, wait)?;
        if let Some(tail) = read.tail {
            // Only the one thread that reads gets here, once.
            let _ = answer.tail.set(tail);
        }
        Ok(read.count)
    }
}

/// What a read of a body gave that a pool sends.
fn piped(answer: &Answer, read: Read<Result<Tail, Error>>, nothing: hs_status) -> Result<usize, Error> {
    match read {
        Read::Bytes(count) => Ok(count),
        Read::TimedOut => Err(Error::plain(nothing)),
        Read::Busy => Err(Error::new(HS_ERR_BUSY, "another thread is reading this body")),
        Read::End(end) => match &*end {
            End::Finished(Ok(tail)) => {
                answer.tail.get_or_init(|| tail.clone());
                Ok(0)
            }
            End::Finished(Err(error)) => Err(error.clone()),
            End::Aborted => Err(Error::new(HS_ERR_CANCELLED, "the pool was freed before the body's end")),
        },
    }
}

/// A thread of a pool that waits for a body holds up others, and perhaps that body.
fn from_inside() -> Error {
    Error::new(HS_ERR_BUSY, "inside a callback of a pool, which must not wait for a body")
}
