//! `hs_response_read`: a body piece by piece.

use super::error::hs_error;
use super::response::{Answer, hs_response};
use super::{guard, handle, options, thread};
use crate::error::Error;
use crate::status::*;
use crate::worker::{Abandoned, StreamKey};

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
/// Thread: the worker's own for a response that was asked for with `HS_STREAM`, any for others. Errors: those of
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
        let buffer = unsafe { std::slice::from_raw_parts_mut(buffer.cast::<u8>(), capacity) };
        let read = match &answer.stream {
            None => answer.read_buffered(buffer),
            Some(link) => {
                let worker = thread::worker_of(link.worker).map_err(|error| match error.status() {
                    HS_ERR_INVALID_HANDLE => Error::new(
                        HS_ERR_INVALID_HANDLE,
                        "the worker of this response was closed before the body's end",
                    ),
                    _ => error,
                })?;
                let read = worker.read(link.key, buffer, options::duration(timeout_ms, None))?;
                if let Some(tail) = read.tail {
                    // Only the one thread that reads gets here, once.
                    let _ = answer.tail.set(tail);
                }
                read.count
            }
        };
        // SAFETY: as the caller promises.
        unsafe { count.write(read) };
        Ok(())
    };
    // SAFETY: as the caller promises.
    unsafe { guard::with_error(error, body) }
}
