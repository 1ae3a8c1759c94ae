//! `hs_download`: a body straight into a file.

use super::error::hs_error;
use super::request::{self, hs_request_options};
use super::response::{Answer, hs_response};
use super::sized::{self, Sized32};
use super::text::hs_str;
use super::version::HS_STREAM;
use super::worker::hs_worker;
use super::{guard, handle, options};
use crate::call::download::{Plan, Target};
use crate::error::Error;
use crate::http::headers::Header;
use crate::status::*;
use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::mem::ManuallyDrop;
use std::os::fd::{FromRawFd, RawFd};

/// Where a download goes, and where it goes on.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hs_download_options {
    /// `sizeof(hs_download_options)`.
    pub struct_size: u32,
    /// The descriptor that is written to, from where it stands; it stays open and the caller's. Blocking.
    pub fd: i32,
    /// How many bytes of the file are there already, before where the descriptor stands; with `validator`. Default 0.
    pub offset: u64,
    /// The version of which those bytes are: the entity tag, quotes included, or the Last-Modified date that came with
    /// them (`hs_error_validator`).
    pub validator: hs_str,
    /// How often in a row it is tried to go on where the connection broke off, without getting a byte. Default 3;
    /// `HS_NEVER` is not at all; at most 1,000.
    pub max_resumes: u32,
    /// Must be 0.
    pub flags: u32,
}

// SAFETY: repr(C), integers and pointers alone.
unsafe impl Sized32 for hs_download_options {
    const NAME: &'static str = "hs_download_options";
    const SMALLEST: usize = std::mem::offset_of!(hs_download_options, offset);
}

/// As a number of times: none.
pub const HS_NEVER: u32 = 0xFFFF_FFFF;

const USUAL_RESUMES: u32 = 3;
const MOST_RESUMES: u32 = 1_000;

/// Sends a request and writes the body of a response with status 200 or 206 straight to a file descriptor, in constant
/// memory. The response has the head and no body; any other status has its body in the response as with `hs_request`,
/// and nothing is written. Bytes are written as they were sent: codings are not asked for.
///
/// When the connection breaks off in the body and the server gave a strong validator, what is missing is asked for with
/// `Range` and `If-Range`, within the same deadline. If the file has changed meanwhile, the server sends it from its
/// start: what was written is then taken back (`ftruncate`), or the call ends with `HS_ERR_RESUME` where the descriptor
/// cannot do that. After a failure `hs_error_details` tells with `file_bytes` how much is written and
/// `hs_error_validator` of which version: with these as `offset` and `validator` a later call goes on. Then status 416
/// means that the file has no such byte; with `file_bytes` equal to the length that its Content-Range names, it was
/// complete.
///
/// Only for GET without a body; a `Range` or `If-Range` header, `on_body` and `HS_STREAM` are refused. The limits are those of a
/// stream: no `timeout_ms` and no `max_body_bytes` unless they are set.
///
/// Thread: the worker's own. Errors: those of `hs_request`, `HS_ERR_FILE` (with `errno`), `HS_ERR_RESUME`. Since 1.0.
///
/// # Safety
/// As for `hs_request`; `download` is NULL or valid for as many bytes as its `struct_size` says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_download(
    worker: *mut hs_worker,
    request: *const hs_request_options,
    download: *const hs_download_options,
    response: *mut *mut hs_response,
    error: *mut *mut hs_error,
) -> hs_status {
    let body = || {
        // SAFETY: as the caller promises.
        let prepared = unsafe { request::prepare(worker, request, response, true) }?;
        if download.is_null() {
            return Err(Error::new(HS_ERR_NULL_ARGUMENT, "download is NULL"));
        }
        // SAFETY: as the caller promises.
        let (fd, plan) = unsafe { plan(&sized::read(download)?, prepared.worker.limits().max_body_bytes) }?;
        let asked = &prepared.request;
        if asked.method.as_str() != "GET" || asked.has_content() {
            return Err(options::invalid("hs_download is for GET without a body".into()));
        }
        if prepared.given.flags & HS_STREAM != 0 || prepared.given.on_body.is_some() {
            return Err(options::invalid("hs_download goes with neither HS_STREAM nor on_body".into()));
        }
        if let Some(header) = asked.headers.iter().find(|header| header.is("range") || header.is("if-range")) {
            let message = format!("invalid header \"{}\": hs_download sets it itself", header.name);
            return Err(Error::new(HS_ERR_INVALID_HEADER, message));
        }
        let place = handle::Reservation::new()?;
        let mut target = Descriptor::new(fd)?;
        let answer =
            prepared.worker.download(&prepared.request, prepared.limits, prepared.cancel, plan, &mut target)?;
        // SAFETY: as the caller promises.
        unsafe { response.write(place.fill(Answer::whole(answer)).0) };
        Ok(())
    };
    // SAFETY: as the caller promises.
    unsafe { guard::with_error(error, body) }
}

/// # Safety
/// All that `given` points to is valid.
unsafe fn plan(given: &hs_download_options, page_limit: u64) -> Result<(RawFd, Plan), Error> {
    options::unused(u64::from(given.flags), "hs_download_options.flags")?;
    if given.fd < 0 {
        return Err(options::invalid(format!("hs_download_options.fd is {}: not a descriptor", given.fd)));
    }
    let patience = match given.max_resumes {
        0 => USUAL_RESUMES,
        HS_NEVER => 0,
        most if most <= MOST_RESUMES => most,
        most => return Err(options::invalid(format!("max_resumes is {most}: at most {MOST_RESUMES}, or HS_NEVER"))),
    };
    // SAFETY: as the caller promises.
    let validator = unsafe { given.validator.bytes("validator") }?;
    let validator = match (validator.is_empty(), given.offset) {
        (true, 0) => None,
        (false, 1..) => Some(Header::parse(b"If-Range", validator, false)?.value),
        _ => return Err(options::invalid("offset and validator go together: both or neither".into())),
    };
    let validator = validator.map(String::from_utf8).transpose();
    let validator = validator.map_err(|_| options::invalid("validator is not UTF-8".into()))?;
    if validator.as_ref().is_some_and(|validator| validator.starts_with("W/")) {
        return Err(options::invalid(
            "validator is a weak entity tag: it cannot tell whether bytes are the same".into(),
        ));
    }
    Ok((given.fd, Plan { have: given.offset, validator, patience, page_limit }))
}

/// The caller's descriptor, which stays open.
struct Descriptor {
    file: ManuallyDrop<File>,
    /// Not a pipe or a socket: it can be taken back, and writing raises no signal.
    regular: bool,
}

impl Descriptor {
    fn new(fd: RawFd) -> Result<Descriptor, Error> {
        // SAFETY: the caller's open descriptor, which is never closed here; one that is not open fails to be asked.
        let file = ManuallyDrop::new(unsafe { File::from_raw_fd(fd) });
        let facts = file.metadata().map_err(|error| {
            Error::new(HS_ERR_FILE, format!("descriptor {fd} cannot be used: {error}")).with_os_error(&error)
        })?;
        Ok(Descriptor { regular: facts.is_file(), file })
    }
}

impl Target for Descriptor {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.regular { self.file.write_all(bytes) } else { without_sigpipe(|| self.file.write_all(bytes)) }
    }

    fn take_back(&mut self, bytes: u64) -> io::Result<()> {
        if !self.regular {
            return Err(io::Error::from(io::ErrorKind::NotSeekable));
        }
        let at = self.file.stream_position()?;
        let start = at.checked_sub(bytes).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        self.file.seek(SeekFrom::Start(start))?;
        self.file.set_len(start)
    }
}

/// A reader that has gone gives an error; its signal never reaches the host.
fn without_sigpipe(write: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    // SAFETY: all sets are locals that are filled before they are read; the thread's mask is put back.
    unsafe {
        let (mut pipe, mut before, mut pending) = (std::mem::zeroed(), std::mem::zeroed(), std::mem::zeroed());
        libc::sigemptyset(&mut pipe);
        libc::sigaddset(&mut pipe, libc::SIGPIPE);
        libc::sigpending(&mut pending);
        let was_pending = libc::sigismember(&pending, libc::SIGPIPE) == 1;
        libc::pthread_sigmask(libc::SIG_BLOCK, &pipe, &mut before);
        let result = write();
        let broken = result.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::BrokenPipe);
        if broken && !was_pending {
            let mut taken = 0;
            libc::sigpending(&mut pending);
            if libc::sigismember(&pending, libc::SIGPIPE) == 1 {
                libc::sigwait(&pipe, &mut taken);
            }
        }
        libc::pthread_sigmask(libc::SIG_SETMASK, &before, std::ptr::null_mut());
        result
    }
}
