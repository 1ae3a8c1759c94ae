//! `hs_upload`: a request body that is read while it is sent.

use super::options;
use super::sized::{self, Sized32};
use crate::body::multipart::OpenSource;
use crate::error::Error;
use crate::http::body::{Body, Source};
use crate::status::{HS_ERR_CALLBACK, HS_ERR_NULL_ARGUMENT, HS_PHASE_SEND};
use std::ffi::c_void;
use std::sync::Arc;

/// Gives the next bytes of a request body: writes at most `capacity` of them to `buffer` and their number to `*count`;
/// 0 is the end of the body. Returns 0 to go on; anything else ends the call with `HS_ERR_CALLBACK`. Called on the
/// worker's thread, inside `hs_request` (or `hs_response_read`, where the server answers before the body's end); the
/// worker is busy meanwhile. It may wait for its data, but then the whole worker waits. It must return: no longjmp, no
/// C++ exception.
pub type hs_read_callback = Option<
    unsafe extern "C" fn(user_data: *mut c_void, buffer: *mut c_void, capacity: usize, count: *mut usize) -> i32,
>;

/// Makes `hs_read_callback` begin again with the first byte. Returns 0, or anything else where it cannot, which ends
/// the call with `HS_ERR_CALLBACK`. The rules of `hs_read_callback` hold.
pub type hs_rewind_callback = Option<unsafe extern "C" fn(user_data: *mut c_void) -> i32>;

/// A request body that is read while it is sent. It and what it points to must live until the call has ended, which for
/// a request with `HS_STREAM` is when the response was freed.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hs_upload {
    /// `sizeof(hs_upload)`.
    pub struct_size: u32,
    /// Must be 0.
    pub flags: u32,
    /// How many bytes there are, which is kept to: what is missing ends the call with `HS_ERR_INVALID_BODY`, what is
    /// too much is not read. 0: not known; the body ends where `read` says so, and HTTP/1.1 sends it in chunks. (A body
    /// that is known to be empty needs no upload.)
    pub length: u64,
    /// Gives the bytes; required.
    pub read: hs_read_callback,
    /// Begins again, for a redirect that repeats the request or a connection that died unused; may be NULL, and the call
    /// then ends with `HS_ERR_NOT_REPLAYABLE` where it would be needed.
    pub rewind: hs_rewind_callback,
    /// Handed to both.
    pub user_data: *mut c_void,
}

// SAFETY: repr(C): integers, pointers and optional functions, for which all-zero is None.
unsafe impl Sized32 for hs_upload {
    const NAME: &'static str = "hs_upload";
    const SMALLEST: usize = std::mem::offset_of!(hs_upload, rewind);
}

struct Callbacks(hs_upload);

impl Callbacks {
    fn again(&self) -> Callbacks {
        Callbacks(self.0)
    }
}

impl Source for Callbacks {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        let Some(read) = self.0.read else { return Ok(0) };
        let mut count = 0;
        // SAFETY: the caller's function with the caller's data, and a buffer of that capacity.
        match unsafe { read(self.0.user_data, buffer.as_mut_ptr().cast(), buffer.len(), &mut count) } {
            0 if count <= buffer.len() => Ok(count),
            0 => Err(stopped(format!("the read callback gave {count} bytes for room of {}", buffer.len()))),
            reason => Err(stopped(format!("the read callback returned {reason} and stopped the call"))),
        }
    }

    fn can_rewind(&self) -> bool {
        self.0.rewind.is_some()
    }

    fn rewind(&mut self) -> Result<(), Error> {
        let Some(rewind) = self.0.rewind else { return Ok(()) };
        // SAFETY: the caller's function with the caller's data.
        match unsafe { rewind(self.0.user_data) } {
            0 => Ok(()),
            reason => Err(stopped(format!("the rewind callback returned {reason} and stopped the call"))),
        }
    }
}

fn stopped(message: String) -> Error {
    let mut error = Error::new(HS_ERR_CALLBACK, message);
    error.details_mut().phase = HS_PHASE_SEND;
    error
}

/// # Safety
/// `pointer` is valid for as many bytes as its `struct_size` says, and what it points to until the call has ended.
pub unsafe fn body(pointer: *const hs_upload) -> Result<Body, Error> {
    // SAFETY: as the caller promises.
    let (given, length) = unsafe { checked(pointer) }?;
    Ok(Body::streamed(Box::new(Callbacks(given)), length))
}

// SAFETY: the caller promises that his callbacks may run on the thread of any worker that sends the form.
unsafe impl Send for Callbacks {}
// SAFETY: as above; a shared one is only copied.
unsafe impl Sync for Callbacks {}

/// What makes the source of a form's part, and how long that is.
///
/// # Safety
/// `pointer` is valid for as many bytes as its `struct_size` says, and what it points to as long as the result.
pub unsafe fn opener(pointer: *const hs_upload) -> Result<(Arc<OpenSource>, Option<u64>), Error> {
    // SAFETY: as the caller promises.
    let (given, length) = unsafe { checked(pointer) }?;
    let callbacks = Callbacks(given);
    let open = move || -> Box<dyn Source> { Box::new(callbacks.again()) };
    Ok((Arc::new(open), length))
}

/// # Safety
/// `pointer` is valid for as many bytes as its `struct_size` says.
unsafe fn checked(pointer: *const hs_upload) -> Result<(hs_upload, Option<u64>), Error> {
    // SAFETY: as the caller promises.
    let given = unsafe { sized::read(pointer) }?;
    options::unused(u64::from(given.flags), "hs_upload.flags")?;
    if given.read.is_none() {
        return Err(Error::new(HS_ERR_NULL_ARGUMENT, "hs_upload.read is NULL"));
    }
    Ok((given, (given.length != 0).then_some(given.length)))
}
