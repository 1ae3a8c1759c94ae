//! `hs_response`: a response that owns its bytes.

use super::guard;
use super::handle::{self, Handled, Kind};
use super::sized::{self, Sized32};
use super::stream::StreamLink;
use super::text::{hs_header, hs_str};
use crate::error::Error;
use crate::http::headers::HeaderBlock;
use crate::http::metrics::Metrics;
use crate::http::response::Response;
use crate::pool::order::BodyReader;
use crate::status::{HS_ERR_NOT_FOUND, HS_ERR_NULL_ARGUMENT, hs_status};
use crate::worker::Tail;
use std::ops::Deref;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A response. It belongs to the caller, outlives its worker, may be read on any thread, and is freed with
/// `hs_response_free`. What is read from it is borrowed until then: free it when nobody reads it any more.
pub struct hs_response {
    _private: [u8; 0],
}

/// What is behind a response's handle.
pub struct Answer {
    response: Response,
    /// Where the body is still to be had.
    pub remaining: Remaining,
    /// What came after a streamed body.
    pub tail: OnceLock<Tail>,
    /// How much of a buffered body was read.
    read: AtomicUsize,
}

/// What is still to be had of a body.
pub enum Remaining {
    /// It is all here.
    Nothing,
    /// The worker has it, and its thread alone may ask for it.
    OfWorker(StreamLink),
    /// A thread of a pool sends it.
    OfPool(BodyReader),
}

impl Handled for Answer {
    const KIND: Kind = Kind::Response;
    type C = hs_response;
}

impl Deref for Answer {
    type Target = Response;

    fn deref(&self) -> &Response {
        &self.response
    }
}

impl Answer {
    pub fn whole(response: Response) -> Answer {
        Answer { response, remaining: Remaining::Nothing, tail: OnceLock::new(), read: AtomicUsize::new(0) }
    }

    pub fn streaming(response: Response, stream: StreamLink) -> Answer {
        Answer { remaining: Remaining::OfWorker(stream), ..Answer::whole(response) }
    }

    pub fn piped(response: Response, reader: BodyReader) -> Answer {
        Answer { remaining: Remaining::OfPool(reader), ..Answer::whole(response) }
    }

    /// What the call has cost, as far as it is known.
    pub fn metrics(&self) -> &Metrics {
        self.tail.get().map_or(&self.response.metrics, |tail| &tail.metrics)
    }

    pub fn trace(&self) -> &str {
        self.tail.get().map_or(&self.response.trace, |tail| &tail.trace)
    }

    fn trailers(&self) -> &HeaderBlock {
        self.tail.get().map_or(&self.response.trailers, |tail| &tail.trailers)
    }

    /// The next bytes of a body that is all here.
    pub fn read_buffered(&self, buffer: &mut [u8]) -> usize {
        let body = &self.response.body;
        let mut count = 0;
        // Threads that read at once get bytes of their own each.
        let _ = self.read.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |read| {
            count = buffer.len().min(body.len() - read);
            buffer[..count].copy_from_slice(&body[read..read + count]);
            Some(read + count)
        });
        count
    }
}

fn look<T>(response: *const hs_response, otherwise: T, read: impl FnOnce(&Answer) -> T) -> T {
    guard::value(otherwise, || handle::open::<Answer>(response).ok().map(|response| read(&response)))
}

/// The HTTP status, for instance 200; 0 for anything that is not a live response.
///
/// Thread: any. Since 1.0.
#[unsafe(no_mangle)]
pub extern "C" fn hs_response_status(response: *const hs_response) -> u16 {
    look(response, 0, |response| response.head.status)
}

/// The body, decoded unless `HS_RAW_BODY` says otherwise; `len == 0` where there is none. The header fields are those
/// that came: `Content-Encoding` and `Content-Length` speak of the coded body. Borrowed from the response until it is freed; `data == NULL` for anything
/// that is not a live response.
///
/// Thread: any. Since 1.0.
#[unsafe(no_mangle)]
pub extern "C" fn hs_response_body(response: *const hs_response) -> hs_str {
    look(response, hs_str::NONE, |response| hs_str::borrowed(&response.body))
}

/// The value of the nth header field of that name (0 is the first), names compared without case; `data == NULL` where
/// there is none. Borrowed from the response until it is freed.
///
/// Thread: any. Since 1.0.
///
/// # Safety
/// `name` is valid as `hs_str` says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_response_header(response: *const hs_response, name: hs_str, nth: usize) -> hs_str {
    // SAFETY: as the caller promises.
    let Ok(name) = (unsafe { name.bytes("name") }) else { return hs_str::NONE };
    look(response, hs_str::NONE, |response| response.head.headers.get(name, nth).map_or(hs_str::NONE, hs_str::borrowed))
}

/// How many header fields the response has; 0 for anything that is not a live response.
///
/// Thread: any. Since 1.0.
#[unsafe(no_mangle)]
pub extern "C" fn hs_response_header_count(response: *const hs_response) -> usize {
    look(response, 0, |response| response.head.headers.len())
}

/// The header field at an index below `hs_response_header_count`, in the order received. `*header` is written on
/// success only; its texts are borrowed from the response until it is freed.
///
/// Thread: any. Errors: `HS_ERR_NOT_FOUND`, `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`.
/// Since 1.0.
///
/// # Safety
/// `header` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_response_header_at(
    response: *const hs_response,
    index: usize,
    header: *mut hs_header,
) -> hs_status {
    // SAFETY: as the caller promises.
    guard::status(|| unsafe { write_field(header, response, |answer| answer.head.headers.at(index)) })
}

/// # Safety
/// `header` is NULL or valid for a write.
unsafe fn write_field(
    header: *mut hs_header,
    response: *const hs_response,
    find: impl for<'a> FnOnce(&'a Answer) -> Option<(&'a [u8], &'a [u8])>,
) -> Result<(), Error> {
    let answer = handle::open::<Answer>(response)?;
    if header.is_null() {
        return Err(Error::plain(HS_ERR_NULL_ARGUMENT));
    }
    let (name, value) = find(&answer).ok_or_else(|| Error::plain(HS_ERR_NOT_FOUND))?;
    let field = hs_header { name: hs_str::borrowed(name), value: hs_str::borrowed(value), flags: 0 };
    // SAFETY: as the caller promises.
    unsafe { header.write(field) };
    Ok(())
}

/// How many trailer fields (RFC 9110, section 6.5) came after the body; of a response with `HS_STREAM` known at the end
/// of the body, 0 before. 0 for anything that is not a live response. Never believe a trailer what a header must say.
///
/// Thread: any. Since 1.0.
#[unsafe(no_mangle)]
pub extern "C" fn hs_response_trailer_count(response: *const hs_response) -> usize {
    look(response, 0, |answer| answer.trailers().len())
}

/// The trailer field at an index below `hs_response_trailer_count`, in the order received. `*trailer` is written on
/// success only; its texts are borrowed from the response until it is freed.
///
/// Thread: any. Errors: `HS_ERR_NOT_FOUND`, `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`.
/// Since 1.0.
///
/// # Safety
/// `trailer` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_response_trailer_at(
    response: *const hs_response,
    index: usize,
    trailer: *mut hs_header,
) -> hs_status {
    // SAFETY: as the caller promises.
    guard::status(|| unsafe { write_field(trailer, response, |answer| answer.trailers().at(index)) })
}

/// The status of the nth interim response (1xx: RFC 9110, section 15.2) that came before this one, for instance 103; 0
/// where there are not so many.
///
/// Thread: any. Since 1.0.
#[unsafe(no_mangle)]
pub extern "C" fn hs_response_interim_status(response: *const hs_response, nth: usize) -> u16 {
    look(response, 0, |answer| answer.head.interim.get(nth).map_or(0, |interim| interim.status))
}

/// The header field at an index, from 0, of the nth interim response. `*header` is written on success only; its texts
/// are borrowed from the response until it is freed.
///
/// Thread: any. Errors: `HS_ERR_NOT_FOUND`, `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`.
/// Since 1.0.
///
/// # Safety
/// `header` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_response_interim_header_at(
    response: *const hs_response,
    nth: usize,
    index: usize,
    header: *mut hs_header,
) -> hs_status {
    // SAFETY: as the caller promises.
    guard::status(|| unsafe { write_field(header, response, |answer| answer.head.interim.get(nth)?.headers.at(index)) })
}

/// The URL that gave this response, without user, password and fragment. Borrowed from the response until it is freed;
/// `data == NULL` for anything that is not a live response.
///
/// Thread: any. Since 1.0.
#[unsafe(no_mangle)]
pub extern "C" fn hs_response_url(response: *const hs_response) -> hs_str {
    look(response, hs_str::NONE, |response| hs_str::borrowed(response.url.as_bytes()))
}

/// A redirect that was followed on the way to a response. Set `struct_size` before the call.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hs_redirect {
    /// `sizeof(hs_redirect)`.
    pub struct_size: u32,
    /// Its HTTP status: 301, 302, 303, 307 or 308.
    pub status: u32,
    /// The URL that gave it. Borrowed from the response until it is freed.
    pub url: hs_str,
    /// How long it took, in nanoseconds.
    pub elapsed_ns: u64,
}

// SAFETY: repr(C), integers and pointers alone.
unsafe impl Sized32 for hs_redirect {
    const NAME: &'static str = "hs_redirect";
    const SMALLEST: usize = size_of::<hs_redirect>();
}

/// The redirect at an index below `redirects` of `hs_metrics`, first to last. `redirect->struct_size` must be set; on
/// failure nothing is written.
///
/// Thread: any. Errors: `HS_ERR_NOT_FOUND`, `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`,
/// `HS_ERR_STRUCT_SIZE`. Since 1.0.
///
/// # Safety
/// `redirect` is NULL or valid for as many bytes as its `struct_size` says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_response_redirect_at(
    response: *const hs_response,
    index: usize,
    redirect: *mut hs_redirect,
) -> hs_status {
    guard::status(|| {
        let response = handle::open::<Answer>(response)?;
        if redirect.is_null() {
            return Err(Error::plain(HS_ERR_NULL_ARGUMENT));
        }
        let hop = response.hops.get(index).ok_or_else(|| Error::plain(HS_ERR_NOT_FOUND))?;
        let facts = hs_redirect {
            struct_size: 0,
            status: u32::from(hop.status),
            url: hs_str::borrowed(hop.url.as_bytes()),
            elapsed_ns: hop.elapsed_ns,
        };
        // SAFETY: as the caller promises.
        unsafe { sized::write(redirect, &facts) }
    })
}

/// Frees a response, and with it all that was read from it. NULL is fine. One whose body was not read to its end is
/// aborted: its connection is closed, at once on the worker's own thread, else at the worker's next call; by a pool's thread
/// as soon as it gets to it.
///
/// Thread: any. Errors: `HS_ERR_INVALID_HANDLE` (also for a second free), `HS_ERR_FORKED`. Since 1.0.
#[unsafe(no_mangle)]
pub extern "C" fn hs_response_free(response: *mut hs_response) -> hs_status {
    guard::status(|| if response.is_null() { Ok(()) } else { handle::close::<Answer>(response) })
}
