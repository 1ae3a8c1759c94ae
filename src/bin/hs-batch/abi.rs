//! The library, by its C functions alone: the only unsafe code of the program. What it hands over is freed by `Drop`.
#![allow(unsafe_code)]

use http_sentinel::ffi::cancel::{hs_cancel, hs_cancel_free, hs_cancel_new, hs_cancel_trigger};
use http_sentinel::ffi::error::*;
use http_sentinel::ffi::limiter::*;
use http_sentinel::ffi::many::hs_completion;
use http_sentinel::ffi::metrics::{hs_metrics, hs_response_metrics};
use http_sentinel::ffi::pool::*;
use http_sentinel::ffi::request::hs_request_options;
use http_sentinel::ffi::response::*;
use http_sentinel::ffi::text::{hs_header, hs_str};
use http_sentinel::ffi::version::{HS_INFINITE, hs_library_version, hs_status_name};
use http_sentinel::ffi::worker::hs_worker_options;
use http_sentinel::status::{HS_ERR_CANCELLED, HS_ERR_INVALID_ARGUMENT, HS_ERR_POOL_CLOSED, HS_OK, hs_status};
use std::mem::zeroed;
use std::ptr::null_mut;

/// One of the library's option structs: all zero but its size and what is given.
macro_rules! options {
    ($name:ident { $($field:ident: $value:expr),* $(,)? }) => {{
        // SAFETY: repr(C) of integers, pointers and optional functions, for which all zero is valid.
        let mut options: $name = unsafe { zeroed() };
        options.struct_size = size_of::<$name>() as u32;
        $(options.$field = $value;)*
        options
    }};
}

fn str(bytes: &[u8]) -> hs_str {
    hs_str { data: bytes.as_ptr().cast(), len: bytes.len() }
}

/// # Safety
/// What the text was read from lives as long as the result.
unsafe fn bytes<'a>(text: hs_str) -> &'a [u8] {
    if text.data.is_null() {
        return &[];
    }
    // SAFETY: the library says so of what it returns.
    unsafe { std::slice::from_raw_parts(text.data.cast(), text.len) }
}

fn name_of(status: hs_status) -> String {
    // SAFETY: the names of statuses live for ever.
    String::from_utf8_lossy(unsafe { bytes(hs_status_name(status)) }).into_owned()
}

pub fn library_version() -> &'static str {
    // SAFETY: the version's text lives for ever.
    std::str::from_utf8(unsafe { bytes(hs_library_version()) }).unwrap_or("?")
}

/// Why there is no response.
#[derive(Clone, Debug)]
pub struct Failure {
    pub status: hs_status,
    /// `HS_ERR_…`
    pub name: String,
    pub message: String,
    pub request_sent: &'static str,
    pub retryable: &'static str,
    pub attempts: u32,
    pub elapsed_ns: u64,
}

impl Failure {
    /// A line of the manifest that is none.
    pub fn of_manifest(message: String) -> Failure {
        Failure { message, ..Failure::plain(HS_ERR_INVALID_ARGUMENT) }
    }

    fn plain(status: hs_status) -> Failure {
        let name = name_of(status);
        let message = name.clone();
        Failure { status, name, message, request_sent: "no", retryable: "no", attempts: 0, elapsed_ns: 0 }
    }

    /// It was cancelled, or came too late: the pool takes nothing more.
    pub fn is_stopped(&self) -> bool {
        matches!(self.status, HS_ERR_CANCELLED | HS_ERR_POOL_CLOSED)
    }

    /// Reads and frees what a failed call left.
    fn taken(status: hs_status, error: *mut hs_error) -> Failure {
        let mut failure = Failure::plain(status);
        if error.is_null() {
            return failure;
        }
        let mut info = options!(hs_error_info {});
        // SAFETY: the error is live until it is freed below; the info is ours to write.
        unsafe {
            failure.message = String::from_utf8_lossy(bytes(hs_error_message(error))).into_owned();
            if hs_error_details(error, &mut info) == HS_OK {
                failure.request_sent = match info.request_sent {
                    HS_SENT_NO => "no",
                    HS_SENT_YES => "yes",
                    _ => "maybe",
                };
                failure.retryable = match info.retryable {
                    HS_RETRYABLE_NO => "no",
                    HS_RETRYABLE_SAFE => "safe",
                    _ => "unknown",
                };
                (failure.attempts, failure.elapsed_ns) = (info.attempts, info.elapsed_ns);
            }
        }
        hs_error_free(error);
        failure
    }
}

fn checked(status: hs_status, error: *mut hs_error) -> Result<(), Failure> {
    if status == HS_OK { Ok(()) } else { Err(Failure::taken(status, error)) }
}

pub struct Settings {
    pub threads: u32,
    pub in_flight: u32,
    pub per_origin: u32,
    /// No submission waits: there are never more than this many requests in the pool.
    pub window: u32,
    pub timeout_ms: u64,
    pub max_attempts: u32,
    pub max_body_bytes: u64,
    pub ca_file: Option<String>,
}

/// A request as it is submitted; the pool keeps what it needs of it.
pub struct Request<'a> {
    pub method: &'a str,
    pub url: &'a str,
    pub headers: &'a [(&'a str, &'a str)],
    pub body: &'a [u8],
    pub timeout_ms: u64,
    pub max_attempts: u32,
}

pub type Outcome = Result<Response, Failure>;

pub struct Pool(*mut hs_pool);

// SAFETY: any thread may call the pool's functions at any time; the pointer is a token that is never followed.
unsafe impl Send for Pool {}
// SAFETY: as above.
unsafe impl Sync for Pool {}

impl Pool {
    pub fn new(settings: &Settings) -> Result<Pool, Failure> {
        let ca_file = settings.ca_file.as_deref().unwrap_or_default();
        let worker = options!(hs_worker_options {
            timeout_ms: settings.timeout_ms,
            max_attempts: settings.max_attempts,
            max_body_bytes: settings.max_body_bytes,
            ca_file: str(ca_file.as_bytes()),
        });
        let options = options!(hs_pool_options {
            worker: &worker,
            max_threads: settings.threads,
            max_in_flight: settings.in_flight,
            max_in_flight_per_origin: settings.per_origin,
            max_queued: settings.window,
            max_idle_connections: settings.in_flight,
        });
        let (mut pool, mut error) = (null_mut(), null_mut());
        // SAFETY: the options and all that they point to live until the call returns.
        let status = unsafe { hs_pool_new(&options, &mut pool, &mut error) };
        checked(status, error).map(|()| Pool(pool))
    }

    pub fn submit(&self, request: &Request, tag: u64) -> Result<(), Failure> {
        let field = |(name, value): &(&str, &str)| hs_header {
            name: str(name.as_bytes()),
            value: str(value.as_bytes()),
            flags: 0,
        };
        let headers: Vec<hs_header> = request.headers.iter().map(field).collect();
        let options = options!(hs_request_options {
            method: str(request.method.as_bytes()),
            url: str(request.url.as_bytes()),
            headers: headers.as_ptr(),
            header_count: headers.len(),
            body: str(request.body),
            timeout_ms: request.timeout_ms,
            max_attempts: request.max_attempts,
        });
        let mut error = null_mut();
        // SAFETY: the options and all that they point to live until the call returns; the pool copies what it keeps.
        let status = unsafe { hs_pool_submit(self.0, &options, tag, &mut error) };
        checked(status, error)
    }

    /// Appends what has ended, after waiting for it if need be; nothing where the time is over or somebody woke it.
    pub fn next(&self, timeout_ms: u64, ended: &mut Vec<(u64, Outcome)>) -> Result<(), Failure> {
        // SAFETY: integers and pointers, for which all zero is valid.
        let mut events: [hs_completion; 128] = unsafe { zeroed() };
        let mut count = 0;
        // SAFETY: there is room for as many events as are said.
        let status = unsafe { hs_pool_next(self.0, events.as_mut_ptr(), events.len(), &mut count, timeout_ms) };
        checked(status, null_mut())?;
        for event in &events[..count] {
            let outcome = match event.status {
                HS_OK => Ok(Response(event.response)),
                status => Err(Failure::taken(status, event.error)),
            };
            ended.push((event.tag, outcome));
        }
        Ok(())
    }

    pub fn wake(&self) {
        hs_pool_wake(self.0);
    }

    /// Takes nothing more, lets what is in the pool end, and cancels it when the time is over.
    pub fn drain(&self, timeout_ms: u64) {
        hs_pool_drain(self.0, timeout_ms);
    }

    /// Closes it for all who have it: what they do then is refused.
    pub fn free(&self) {
        hs_pool_free(self.0);
    }
}

pub struct Response(*mut hs_response);

impl Drop for Response {
    fn drop(&mut self) {
        hs_response_free(self.0);
    }
}

impl Response {
    pub fn status(&self) -> u16 {
        hs_response_status(self.0)
    }

    pub fn body(&self) -> &[u8] {
        // SAFETY: borrowed from the response, which lives as long as `self`.
        unsafe { bytes(hs_response_body(self.0)) }
    }

    pub fn headers(&self) -> Vec<(&[u8], &[u8])> {
        let at = |index| {
            // SAFETY: integers and pointers, for which all zero is valid.
            let mut header: hs_header = unsafe { zeroed() };
            // SAFETY: the header is ours to write; its texts live as long as the response.
            unsafe {
                let found = hs_response_header_at(self.0, index, &mut header) == HS_OK;
                found.then(|| (bytes(header.name), bytes(header.value)))
            }
        };
        (0..hs_response_header_count(self.0)).filter_map(at).collect()
    }

    pub fn metrics(&self) -> hs_metrics {
        let mut metrics = options!(hs_metrics {});
        // SAFETY: the metrics are ours to write.
        unsafe { hs_response_metrics(self.0, &mut metrics) };
        metrics
    }
}

/// Lets requests begin at a rate.
pub struct Pace {
    limiter: *mut hs_limiter,
    cancel: *mut hs_cancel,
}

// SAFETY: any thread may use limiters and cancels; the pointers are tokens that are never followed.
unsafe impl Send for Pace {}
// SAFETY: as above.
unsafe impl Sync for Pace {}

impl Pace {
    pub fn new(limit: u32, period_ms: u64) -> Result<Pace, Failure> {
        let options = options!(hs_limiter_options {
            flags: HS_LIMITER_DEAF,
            limit: limit,
            mode: HS_LIMITER_GCRA,
            period_ms: period_ms,
            // Evenly, but what a timer oversleeps at a high rate is made up for.
            burst: (limit / 100).max(1),
        });
        let (mut limiter, mut cancel, mut error) = (null_mut(), null_mut(), null_mut());
        // SAFETY: the options live until the call returns; the rest is ours to write.
        let status = unsafe { hs_limiter_new(&options, &mut limiter, &mut error) };
        checked(status, error)?;
        // SAFETY: the pointer is ours to write.
        let status = unsafe { hs_cancel_new(&mut cancel) };
        let pace = Pace { limiter, cancel };
        checked(status, null_mut()).map(|()| pace)
    }

    /// Waits for the next turn.
    pub fn wait(&self) -> Result<(), Failure> {
        let mut error = null_mut();
        // SAFETY: the key lives for ever, the error is ours to write.
        let status = unsafe {
            hs_limiter_acquire(self.limiter, str(b"batch"), 1, HS_INFINITE, self.cancel, null_mut(), &mut error)
        };
        checked(status, error)
    }

    /// Nobody waits any longer.
    pub fn stop(&self) {
        hs_cancel_trigger(self.cancel);
    }
}

impl Drop for Pace {
    fn drop(&mut self) {
        hs_limiter_free(self.limiter);
        hs_cancel_free(self.cancel);
    }
}

/// Sees to it that so many descriptors can be open, as far as the system lets this process; says how many can.
pub fn descriptors(wanted: u64) -> u64 {
    // SAFETY: two integers.
    let mut limit: libc::rlimit = unsafe { zeroed() };
    // SAFETY: the struct is ours to write.
    if unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) } != 0 || limit.rlim_cur >= wanted {
        return limit.rlim_cur.max(wanted);
    }
    let more = libc::rlimit { rlim_cur: wanted.min(limit.rlim_max), ..limit };
    // SAFETY: the struct is read during the call only.
    if unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &more) } == 0 { more.rlim_cur } else { limit.rlim_cur }
}

/// Keeps other processes that ask as well from the file for as long as it is open; false where one has it.
pub fn lock(file: &std::fs::File) -> bool {
    use std::os::fd::AsRawFd;
    // SAFETY: the descriptor is open.
    let taken = unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) };
    taken == 0 || std::io::Error::last_os_error().kind() != std::io::ErrorKind::WouldBlock
}
