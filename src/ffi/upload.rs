//! `hs_upload`: a request body that is read while it is sent.

use super::pipe::hs_pipe;
use super::sized::{self, Sized32};
use super::{handle, options};
use crate::body::multipart::OpenSource;
use crate::body::pipe::Pipe;
use crate::error::Error;
use crate::http::body::{Body, Source};
use crate::status::{HS_ERR_CALLBACK, HS_ERR_NULL_ARGUMENT, HS_PHASE_SEND};
use std::ffi::c_void;
use std::sync::Arc;
use std::task::{Context, Poll};

/// Gives the next bytes of a request body: writes at most `capacity` of them to `buffer` and their number to `*count`;
/// 0 is the end of the body. Returns 0 to go on; anything else ends the call with `HS_ERR_CALLBACK`. Called on the
/// worker's thread, inside `hs_request` (or `hs_response_read`, where the server answers before the body's end); the
/// worker is busy meanwhile. It may wait for its data, but then the whole worker waits: a body that another thread makes
/// goes through an `hs_pipe`. It must return: no longjmp, no C++ exception.
pub type hs_read_callback = Option<
    unsafe extern "C" fn(user_data: *mut c_void, buffer: *mut c_void, capacity: usize, count: *mut usize) -> i32,
>;

/// Makes `hs_read_callback` begin again with the first byte. Returns 0, or anything else where it cannot, which ends
/// the call with `HS_ERR_CALLBACK`. The rules of `hs_read_callback` hold.
pub type hs_rewind_callback = Option<unsafe extern "C" fn(user_data: *mut c_void) -> i32>;

/// A request body that is read while it is sent: from `read`, or from `pipe`. It and what it points to must live until
/// the call has ended, which for a request with `HS_STREAM` is when the response was freed. A pipe is a handle: it may be
/// freed as soon as it is closed.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hs_upload {
    /// `sizeof(hs_upload)`.
    pub struct_size: u32,
    /// Must be 0.
    pub flags: u32,
    /// How many bytes there are, which is kept to: what is missing ends the call with `HS_ERR_INVALID_BODY`, what is
    /// too much is not read. 0: not known; the body ends where `read` says so or the pipe is closed, and HTTP/1.1 sends it
    /// in chunks. (A body that is known to be empty needs no upload.)
    pub length: u64,
    /// Gives the bytes; NULL where `pipe` does.
    pub read: hs_read_callback,
    /// Begins again, for a redirect that repeats the request or a connection that died unused; may be NULL, and the call
    /// then ends with `HS_ERR_NOT_REPLAYABLE` where it would be needed. NULL with a pipe, which cannot.
    pub rewind: hs_rewind_callback,
    /// Handed to both.
    pub user_data: *mut c_void,
    /// What other threads write the body to; NULL where `read` gives it. It serves this request alone. Not for a part of a
    /// form.
    pub pipe: *mut hs_pipe,
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
    fn poll_read(&mut self, _: &mut Context<'_>, buffer: &mut [u8]) -> Poll<Result<usize, Error>> {
        let Some(read) = self.0.read else { return Poll::Ready(Ok(0)) };
        let mut count = 0;
        // SAFETY: the caller's function with the caller's data, and a buffer of that capacity.
        Poll::Ready(match unsafe { read(self.0.user_data, buffer.as_mut_ptr().cast(), buffer.len(), &mut count) } {
            0 if count <= buffer.len() => Ok(count),
            0 => Err(stopped(format!("the read callback gave {count} bytes for room of {}", buffer.len()))),
            reason => Err(stopped(format!("the read callback returned {reason} and stopped the call"))),
        })
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
    if given.pipe.is_null() {
        return Ok(Body::streamed(Box::new(Callbacks(given)), length));
    }
    Ok(Body::streamed(Box::new(handle::open::<Pipe>(given.pipe)?.reader()), length))
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
    if !given.pipe.is_null() {
        return Err(options::invalid("hs_upload.pipe is set: a form is sent any number of times, a pipe once".into()));
    }
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
    match (given.read, given.pipe.is_null()) {
        (None, true) => {
            return Err(Error::new(HS_ERR_NULL_ARGUMENT, "hs_upload.read is NULL, and so is hs_upload.pipe"));
        }
        (None, false) if given.rewind.is_some() => {
            return Err(options::invalid("hs_upload.rewind is set: a pipe cannot begin again".into()));
        }
        (Some(_), false) => {
            return Err(options::invalid("both hs_upload.read and hs_upload.pipe are set: choose one".into()));
        }
        _ => {}
    }
    Ok((given, (given.length != 0).then_some(given.length)))
}
