//! `hs_error`: what went wrong, for machines and for people.

use super::attempt::milliseconds;
use super::guard;
use super::handle::{self, Handled, Kind};
use super::sized::{self, Sized32};
use super::text::hs_str;
use crate::error::{Error, Retryable, Sent};
use crate::status::{HS_ERR_NULL_ARGUMENT, hs_phase, hs_status};

/// An error object. It belongs to the caller, holds no secret, may be used on any thread, and is freed with
/// `hs_error_free`.
pub struct hs_error {
    _private: [u8; 0],
}

impl Handled for Error {
    const KIND: Kind = Kind::Error;
    type C = hs_error;
}

/// Not one byte of the request was put on a connection.
pub const HS_SENT_NO: u32 = 0;
/// The request may have arrived, in part or as a whole: ask the server before you repeat what must not happen twice.
pub const HS_SENT_MAYBE: u32 = 1;
/// The server answered the request: a complete response head came.
pub const HS_SENT_YES: u32 = 2;

/// The same request would fail the same way, or the caller asked to stop.
pub const HS_RETRYABLE_NO: u32 = 0;
/// The request was not sent, or its method is idempotent (RFC 9110, section 9.2.2): it may be sent again.
pub const HS_RETRYABLE_SAFE: u32 = 1;
/// The request may have been carried out, and its method is not idempotent.
pub const HS_RETRYABLE_UNKNOWN: u32 = 2;

/// Facts of an error. Set `struct_size` before the call.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hs_error_info {
    /// `sizeof(hs_error_info)`.
    pub struct_size: u32,
    /// What the call returned.
    pub status: hs_status,
    /// In what the call was when it failed: `HS_PHASE_…`.
    pub phase: hs_phase,
    /// Whether the server may have seen the request: `HS_SENT_…`.
    pub request_sent: u32,
    /// Whether the same request may be sent again: `HS_RETRYABLE_…`.
    pub retryable: u32,
    /// How many attempts were made.
    pub attempts: u32,
    /// libcurl's own code (`CURLcode`), 0 where it had no part in it.
    pub curl_code: i32,
    /// The operating system's error number (`errno`), 0 where there is none.
    pub os_error: i32,
    /// How long the call took, in nanoseconds.
    pub elapsed_ns: u64,
    /// Of `hs_download`: how many bytes of the file are written, those that were there before included.
    pub file_bytes: u64,
    /// When the next try may be let through, in milliseconds from the error: what the server asked for, or how long the
    /// circuit breaker stays open; 0 where it is not known.
    pub retry_after_ms: u64,
    /// Why there was no further attempt: `HS_STOP_…`.
    pub stop_reason: u32,
    /// 0.
    pub reserved: u32,
}

// SAFETY: repr(C), integers alone.
unsafe impl Sized32 for hs_error_info {
    const NAME: &'static str = "hs_error_info";
    const SMALLEST: usize = size_of::<hs_error_info>();
}

pub fn sent(sent: Sent) -> u32 {
    match sent {
        Sent::No => HS_SENT_NO,
        Sent::Maybe => HS_SENT_MAYBE,
        Sent::Yes => HS_SENT_YES,
    }
}

/// What the call that made this error returned.
///
/// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`. Since 1.0.
#[unsafe(no_mangle)]
pub extern "C" fn hs_error_status(error: *const hs_error) -> hs_status {
    match handle::open::<Error>(error) {
        Ok(error) => error.status(),
        Err(refused) => refused.status(),
    }
}

/// What went wrong, in one line of English without secrets. Borrowed from the error until it is freed; empty
/// (`data == NULL`) for anything that is not a live error.
///
/// Thread: any. Since 1.0.
#[unsafe(no_mangle)]
pub extern "C" fn hs_error_message(error: *const hs_error) -> hs_str {
    guard::value(hs_str::NONE, || {
        let error = handle::open::<Error>(error).ok()?;
        Some(hs_str::borrowed(error.details().message.as_bytes()))
    })
}

/// The version of the file whose first bytes a failed `hs_download` has written: what its next call needs as `validator`.
/// Borrowed from the error until it is freed; `data == NULL` where there is none, and the file cannot be gone on with.
///
/// Thread: any. Since 1.0.
#[unsafe(no_mangle)]
pub extern "C" fn hs_error_validator(error: *const hs_error) -> hs_str {
    guard::value(hs_str::NONE, || {
        let error = handle::open::<Error>(error).ok()?;
        let validator = error.details().resume.as_ref()?.validator.as_ref()?;
        Some(hs_str::borrowed(validator.as_bytes()))
    })
}

/// The facts of an error. `info->struct_size` must be set; on failure nothing is written.
///
/// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_STRUCT_SIZE`. Since 1.0.
///
/// # Safety
/// `info` is NULL or valid for as many bytes as its `struct_size` says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_error_details(error: *const hs_error, info: *mut hs_error_info) -> hs_status {
    guard::status(|| {
        let error = handle::open::<Error>(error)?;
        if info.is_null() {
            return Err(Error::plain(HS_ERR_NULL_ARGUMENT));
        }
        let details = error.details();
        let facts = hs_error_info {
            struct_size: 0,
            status: details.status,
            phase: details.phase,
            request_sent: sent(details.sent),
            retryable: match details.retryable {
                Retryable::No => HS_RETRYABLE_NO,
                Retryable::Safe => HS_RETRYABLE_SAFE,
                Retryable::Unknown => HS_RETRYABLE_UNKNOWN,
            },
            attempts: details.attempts,
            curl_code: details.curl_code,
            os_error: details.os_error,
            elapsed_ns: details.elapsed_ns,
            file_bytes: details.resume.as_ref().map_or(0, |resume| resume.bytes),
            retry_after_ms: milliseconds(details.retry_after),
            stop_reason: details.stop as u32,
            reserved: 0,
        };
        // SAFETY: as the caller promises.
        unsafe { sized::write(info, &facts) }
    })
}

/// Frees an error, and with it the texts that were read from it. NULL is fine.
///
/// Thread: any. Errors: `HS_ERR_INVALID_HANDLE` (also for a second free). Since 1.0.
#[unsafe(no_mangle)]
pub extern "C" fn hs_error_free(error: *mut hs_error) -> hs_status {
    guard::status(|| if error.is_null() { Ok(()) } else { handle::close::<Error>(error) })
}
