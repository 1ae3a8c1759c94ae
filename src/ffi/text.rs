//! Text and bytes that cross the ABI.

use crate::error::Error;
use crate::status::{HS_ERR_INVALID_ARGUMENT, HS_ERR_NULL_ARGUMENT};
use std::ffi::{CStr, c_char};

/// As a length: "up to the NUL". For C string literals.
pub const HS_NTS: usize = 0xFFFF_FFFF_FFFF_FFFF;

/// Text or bytes: a pointer and a length, never NUL-terminated by assumption.
///
/// Given by the caller: `data == NULL` with `len == 0` is empty; `len == HS_NTS` means "up to the NUL". The library
/// reads it during the call only.
///
/// Returned by the library: borrowed from the object that it was read from and valid until that object is freed. What
/// does not exist is `data == NULL`; what is empty has a pointer and `len == 0`. Do not expect a NUL at the end.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hs_str {
    pub data: *const c_char,
    pub len: usize,
}

/// The value of this header is a secret: it never appears in an error, and it is never sent to another origin than
/// the one that was asked for. `Authorization`, `Cookie` and `Proxy-Authorization` are secrets without the flag.
pub const HS_HEADER_SENSITIVE: u32 = 1;

/// A header field: of a request, as the caller wants it sent, or of a response, as it was received.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hs_header {
    /// A token (RFC 9110, section 5.6.2). Sent as written over HTTP/1.1; HTTP/2 makes it lower case.
    pub name: hs_str,
    /// Any bytes but control characters (tabs are fine); blanks around it are not part of it.
    pub value: hs_str,
    /// `HS_HEADER_…` or 0. Always 0 in responses.
    pub flags: u32,
}

impl hs_str {
    pub const NONE: hs_str = hs_str { data: std::ptr::null(), len: 0 };

    pub fn borrowed(bytes: &[u8]) -> hs_str {
        hs_str { data: bytes.as_ptr().cast(), len: bytes.len() }
    }

    /// The caller's bytes; `what` names them in an error.
    ///
    /// # Safety
    /// `data` is NULL or points to `len` bytes (to a NUL where `len` is `HS_NTS`) that live as long as the result.
    pub unsafe fn bytes<'a>(self, what: &str) -> Result<&'a [u8], Error> {
        if self.data.is_null() {
            if self.len == 0 {
                return Ok(&[]);
            }
            let message = format!("{what}.data is NULL but its length is not 0");
            return Err(Error::new(HS_ERR_NULL_ARGUMENT, message));
        }
        if self.len == HS_NTS {
            // SAFETY: as the caller promises.
            return Ok(unsafe { CStr::from_ptr(self.data) }.to_bytes());
        }
        if self.len > isize::MAX as usize {
            let message = format!("{what}.len is {}: longer than memory", self.len);
            return Err(Error::new(HS_ERR_INVALID_ARGUMENT, message));
        }
        // SAFETY: as the caller promises.
        Ok(unsafe { std::slice::from_raw_parts(self.data.cast(), self.len) })
    }

    #[cfg(test)]
    pub fn as_test_text(self) -> String {
        // SAFETY: only for what the library returned, while its object lives.
        String::from_utf8_lossy(unsafe { self.bytes("text") }.unwrap()).into_owned()
    }
}
