//! `hs_response`: a response that owns its bytes.

use super::guard;
use super::handle::{self, Handled, Kind};
use super::sized::{self, Sized32};
use super::text::{hs_header, hs_str};
use crate::error::Error;
use crate::http::response::Response;
use crate::status::{HS_ERR_NOT_FOUND, HS_ERR_NULL_ARGUMENT, hs_status};

/// A response. It belongs to the caller, outlives its worker, may be read on any thread, and is freed with
/// `hs_response_free`. What is read from it is borrowed until then: free it when nobody reads it any more.
pub struct hs_response {
    _private: [u8; 0],
}

impl Handled for Response {
    const KIND: Kind = Kind::Response;
    type C = hs_response;
}

fn look<T>(response: *const hs_response, otherwise: T, read: impl FnOnce(&Response) -> T) -> T {
    guard::value(otherwise, || handle::open::<Response>(response).ok().map(|response| read(&response)))
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
    guard::status(|| {
        let response = handle::open::<Response>(response)?;
        if header.is_null() {
            return Err(Error::plain(HS_ERR_NULL_ARGUMENT));
        }
        let (name, value) = response.head.headers.at(index).ok_or_else(|| Error::plain(HS_ERR_NOT_FOUND))?;
        let field = hs_header { name: hs_str::borrowed(name), value: hs_str::borrowed(value), flags: 0 };
        // SAFETY: as the caller promises.
        unsafe { header.write(field) };
        Ok(())
    })
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
        let response = handle::open::<Response>(response)?;
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

/// Frees a response, and with it all that was read from it. NULL is fine.
///
/// Thread: any. Errors: `HS_ERR_INVALID_HANDLE` (also for a second free), `HS_ERR_FORKED`. Since 1.0.
#[unsafe(no_mangle)]
pub extern "C" fn hs_response_free(response: *mut hs_response) -> hs_status {
    guard::status(|| if response.is_null() { Ok(()) } else { handle::close::<Response>(response) })
}
