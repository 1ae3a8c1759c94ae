//! `hs_response`: a response that owns its bytes.

use super::guard;
use super::handle::{self, Handled, Kind};
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

/// The body; `len == 0` where there is none. Borrowed from the response until it is freed; `data == NULL` for anything
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

/// Frees a response, and with it all that was read from it. NULL is fine.
///
/// Thread: any. Errors: `HS_ERR_INVALID_HANDLE` (also for a second free), `HS_ERR_FORKED`. Since 1.0.
#[unsafe(no_mangle)]
pub extern "C" fn hs_response_free(response: *mut hs_response) -> hs_status {
    guard::status(|| if response.is_null() { Ok(()) } else { handle::close::<Response>(response) })
}
