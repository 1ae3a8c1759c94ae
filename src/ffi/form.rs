//! `hs_form`: `multipart/form-data`.

use super::error::hs_error;
use super::handle::{self, Handled, Kind};
use super::sized::{self, Sized32};
use super::text::hs_str;
use super::upload::{self, hs_upload};
use super::{guard, options};
use crate::body::multipart::{Content, Form, Part};
use crate::error::Error;
use crate::status::{HS_ERR_NULL_ARGUMENT, hs_status};
use bytes::Bytes;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// A form (RFC 7578): fields and files, in order. Filled once, it may be the body of any number of requests, also at the
/// same time and on different threads.
pub struct hs_form {
    _private: [u8; 0],
}

pub struct SharedForm(Mutex<Form>);

impl Handled for SharedForm {
    const KIND: Kind = Kind::Form;
    type C = hs_form;
}

impl SharedForm {
    pub fn with<R>(&self, look: impl FnOnce(&mut Form) -> R) -> R {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A field or a file of a form: exactly one of `data`, `file` and `upload` is its content.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hs_part {
    /// `sizeof(hs_part)`.
    pub struct_size: u32,
    /// Must be 0.
    pub flags: u32,
    /// The field's name; required. Quotes and line ends in it and in `filename` are escaped as browsers do.
    pub name: hs_str,
    /// The content, copied. An empty one where neither `file` nor `upload` is set.
    pub data: hs_str,
    /// The path of a file whose content is sent; it is opened anew, and its length taken, for each request.
    pub file: hs_str,
    /// Gives the content while it is sent; the struct is copied. What it points to must live as long as the form and the
    /// requests that use it; without `rewind` the form can be sent once.
    pub upload: *const hs_upload,
    /// The file name that the server is told; `data == NULL`: none, and of a `file` the last part of its path.
    pub filename: hs_str,
    /// The media type. Empty: none for a field, "application/octet-stream" where there is a file name.
    pub content_type: hs_str,
}

// SAFETY: repr(C), integers and pointers alone.
unsafe impl Sized32 for hs_part {
    const NAME: &'static str = "hs_part";
    const SMALLEST: usize = std::mem::offset_of!(hs_part, file);
}

/// Makes an empty form. `boundary` is the line between its parts; empty: a random one. `*form` is written on success
/// only; free it with `hs_form_free`.
///
/// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_ARGUMENT` (boundary), `HS_ERR_TOO_MANY_HANDLES`.
/// Since 1.0.
///
/// # Safety
/// `boundary` is valid as `hs_str` says; `form` and `error` are NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_form_new(
    boundary: hs_str,
    form: *mut *mut hs_form,
    error: *mut *mut hs_error,
) -> hs_status {
    let body = || {
        if form.is_null() {
            return Err(Error::new(HS_ERR_NULL_ARGUMENT, "form is NULL: there is nowhere to put the new form"));
        }
        // SAFETY: as the caller promises.
        let boundary = unsafe { boundary.bytes("boundary") }?;
        let handle = handle::insert(SharedForm(Mutex::new(Form::new(boundary)?)))?;
        // SAFETY: as the caller promises.
        unsafe { form.write(handle) };
        Ok(())
    };
    // SAFETY: as the caller promises.
    unsafe { guard::with_error(error, body) }
}

/// Adds a part to the end of a form. Requests that were begun before do not have it.
///
/// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_STRUCT_SIZE`, `HS_ERR_INVALID_ARGUMENT` (no name, more than one
/// content, more than 10,000 parts), `HS_ERR_INVALID_HEADER` (content type), `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`.
/// Since 1.0.
///
/// # Safety
/// `part` is NULL or valid for as many bytes as its `struct_size` says, and so is all that it points to; `error` is NULL
/// or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_form_add(form: *mut hs_form, part: *const hs_part, error: *mut *mut hs_error) -> hs_status {
    let body = || {
        let form = handle::open::<SharedForm>(form)?;
        if part.is_null() {
            return Err(Error::new(HS_ERR_NULL_ARGUMENT, "part is NULL"));
        }
        // SAFETY: as the caller promises.
        let part = unsafe { checked(&sized::read(part)?) }?;
        form.with(|form| form.add(part))
    };
    // SAFETY: as the caller promises.
    unsafe { guard::with_error(error, body) }
}

/// # Safety
/// All that `given` points to is valid.
unsafe fn checked(given: &hs_part) -> Result<Part, Error> {
    options::unused(u64::from(given.flags), "hs_part.flags")?;
    // SAFETY: as the caller promises.
    unsafe {
        let (name, data, file) = (given.name.bytes("name")?, given.data.bytes("data")?, given.file.bytes("file")?);
        let filename = given.filename.bytes("filename")?;
        let contents = [!data.is_empty(), !file.is_empty(), !given.upload.is_null()];
        if contents.iter().filter(|there| **there).count() > 1 {
            return Err(options::invalid("more than one of data, file and upload is set: choose one".into()));
        }
        let (content, usual_name) = if !file.is_empty() {
            let path = std::str::from_utf8(file).map_err(|_| options::invalid("file: the path is not UTF-8".into()))?;
            let path = PathBuf::from(path);
            let last = path.file_name().map(|name| name.as_encoded_bytes().to_vec());
            (Content::File(path), last)
        } else if !given.upload.is_null() {
            let (open, length) = upload::opener(given.upload)?;
            (Content::Streamed { open, length }, None)
        } else {
            (Content::Bytes(Bytes::copy_from_slice(data)), None)
        };
        let filename = if given.filename.data.is_null() { usual_name } else { Some(filename.to_vec()) };
        Part::new(name, filename.as_deref(), given.content_type.bytes("content_type")?, content)
    }
}

/// Frees a form; requests that use it go on. NULL is fine.
///
/// Thread: any. Errors: `HS_ERR_INVALID_HANDLE` (also for a second free), `HS_ERR_FORKED`. Since 1.0.
#[unsafe(no_mangle)]
pub extern "C" fn hs_form_free(form: *mut hs_form) -> hs_status {
    guard::status(|| if form.is_null() { Ok(()) } else { handle::close::<SharedForm>(form) })
}
