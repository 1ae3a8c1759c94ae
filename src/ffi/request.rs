//! `hs_request`: one call from its arguments to its response.

use super::auth::{self, hs_auth};
use super::cancel::hs_cancel;
use super::error::hs_error;
use super::form::{SharedForm, hs_form};
use super::policies::{self, hs_policies};
use super::response::{Answer, hs_response};
use super::sized::{self, Sized32};
use super::stream::StreamLink;
use super::text::{HS_HEADER_SENSITIVE, hs_header, hs_str};
use super::upload::{self, hs_upload};
use super::version::{HS_ALLOW_DOWNGRADE, HS_RAW_BODY, HS_STREAM, HS_TRACE};
use super::worker::hs_worker;
use super::{guard, handle, options, thread};
use crate::body::Sink;
use crate::call::Limits;
use crate::cancel::Cancel;
use crate::error::Error;
use crate::http::body::Body;
use crate::http::credentials::Auth;
use crate::http::headers::Header;
use crate::http::request::Request;
use crate::http::url::ParsedUrl;
use crate::status::*;
use crate::worker::Worker;
use bytes::Bytes;
use std::ffi::c_void;
use std::rc::Rc;
use std::time::Duration;

/// Receives the body of a response piece by piece. Returns 0 to go on; anything else ends the call with
/// `HS_ERR_CALLBACK`. Called on the worker's thread, inside `hs_request`; `data` is valid during the callback. The
/// worker is busy meanwhile; other workers of the thread are not. It must return: no longjmp, no C++ exception.
pub type hs_body_callback =
    Option<unsafe extern "C" fn(user_data: *mut c_void, data: *const c_void, len: usize) -> i32>;

/// Is told that a body is not needed any more; see `hs_request_options.body_release`.
pub type hs_release_callback = Option<unsafe extern "C" fn(user_data: *mut c_void)>;

/// A request. All zero but `struct_size` and `url` is a GET with the worker's defaults; 0 means the worker's setting
/// at each number. Durations are milliseconds; `HS_INFINITE` is no limit. The library reads what it points to during
/// the call only.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hs_request_options {
    /// `sizeof(hs_request_options)`.
    pub struct_size: u32,
    /// `HS_ALLOW_DOWNGRADE`, `HS_RAW_BODY`, `HS_STREAM` and `HS_TRACE`, or 0.
    pub flags: u32,
    /// Any token (RFC 9110, section 9.1) but CONNECT. Empty: GET, or POST where there is a body.
    pub method: hs_str,
    /// Absolute, http or https. Read as browsers do (WHATWG URL); a fragment is not sent; user and password become
    /// Basic authorization unless there is an `Authorization` header.
    pub url: hs_str,
    /// Header fields in the order in which they are sent; repeated ones are kept. `Content-Length` may only say the
    /// truth; `Transfer-Encoding` is the library's. A `User-Agent` with an empty value sends none at all.
    pub headers: *const hs_header,
    /// How many there are; at most 1,000.
    pub header_count: usize,
    /// The body; borrowed, not copied, unless `HS_STREAM` is set.
    pub body: hs_str,
    /// The whole call. 0: the worker's setting, and none where `on_body`, `upload`, `form` or `HS_STREAM` is
    /// set and the worker
    /// has none of its own.
    pub timeout_ms: u64,
    /// Ends the call from another thread; may be NULL.
    pub cancel: *mut hs_cancel,
    /// One attempt, to the end of the response head; begins when an `upload` has been sent.
    pub attempt_timeout_ms: u64,
    /// DNS, TCP and TLS of a new connection together.
    pub connect_timeout_ms: u64,
    /// The longest time without progress while the body is received, or an `upload` is sent; waiting for those who write
    /// to its pipe counts.
    pub idle_timeout_ms: u64,
    /// The largest body that is accepted, in bytes. 0: the worker's setting, and unlimited where `on_body` or
    /// `HS_STREAM` is set.
    pub max_body_bytes: u64,
    /// Receives the body instead of the response, which then has none; may be NULL. Called for the body of every
    /// status, but not for those of redirects that are followed and challenges that are answered.
    pub on_body: hs_body_callback,
    /// Handed to `on_body`.
    pub user_data: *mut c_void,
    /// `HS_HTTP_DEFAULT` (the worker's setting), `HS_HTTP_1_0`, `HS_HTTP_1_1`, `HS_HTTP_2` or `HS_HTTP_2_PRIOR_KNOWLEDGE`.
    pub http_version: u32,
    /// `HS_REDIRECT_…`
    pub redirects: u32,
    /// How many redirects are followed; at most 1,000.
    pub max_redirects: u32,
    /// The oldest version of HTTP that will do: `HS_HTTP_1_1`, `HS_HTTP_2`, or `HS_HTTP_1_0` for any; 0: the worker's
    /// setting. A server that speaks less gives `HS_ERR_HTTP_VERSION`, before the request is sent where the TLS handshake
    /// tells.
    pub min_http_version: u32,
    /// A body that is read while it is sent, instead of `body`; may be NULL.
    pub upload: *const hs_upload,
    /// A form to send as the body, instead of `body` and `upload`; may be NULL. It brings the `Content-Type`.
    pub form: *const hs_form,
    /// Credentials for the origin of the URL; NULL for the worker's, where they are for that origin.
    pub auth: *const hs_auth,
    /// How many attempts are made at most, the first one included: 1 is no retries. The same as
    /// `hs_retry_options.max_attempts`, and more than that where both are set. 0: that, or 1 in an attempt of
    /// `hs_retry_run`, or the worker's; at most 100.
    pub max_attempts: u32,
    /// Must be 0.
    pub reserved: u32,
    /// Retries, hedging, circuit breaker, rate limiter, bulkhead; NULL: the worker's.
    pub policies: *const hs_policies,
    /// How long it is waited before the call begins: its times count from then, and until then only its `cancel` ends it.
    /// For requests at a fixed rate from one thread, with `hs_request_many`. At most a day. 0: it begins at once.
    pub start_after_ms: u64,
    /// Of `hs_pool_submit` alone: `body` is not copied. It must stay where it is, unchanged, until this is called, which
    /// is once, on any thread, soon after nobody needs it any more; never where the request was refused. NULL: the body
    /// is copied.
    pub body_release: hs_release_callback,
    /// Handed to `body_release`.
    pub release_data: *mut c_void,
}

// SAFETY: repr(C): integers, pointers and an optional function, for which all-zero is None.
unsafe impl Sized32 for hs_request_options {
    const NAME: &'static str = "hs_request_options";
    const SMALLEST: usize = std::mem::offset_of!(hs_request_options, headers);
}

const LONGEST_START_AFTER_MS: u64 = 86_400_000;
const MOST_HEADERS: usize = 1_000;

/// Sends a request and receives its response; returns when the call has ended. `*response` is written on success
/// only; free it with `hs_response_free`. An HTTP status is never an error: a 503 is `HS_OK` with a response.
///
/// What is not idempotent (by its method, an `Idempotency-Key`, `HS_IDEMPOTENT`) and may have been carried out is not sent
/// again, also where libcurl would do so by itself on a dead connection; the error then says `HS_SENT_MAYBE`. A server that
/// answers 429 or 421 says that it has not been: then there is another attempt, or for 421 another connection, whatever the
/// method; `max_attempts` of 1 or `HS_RETRY_429_PROCESSED` prevent the first. What an HTTP/2 server says it has not
/// processed (RFC 9113, section 8.7) is sent again: once, and up to 3 times where the method is idempotent. Where that
/// does not help the error says `HS_SENT_MAYBE`, since a server in the middle may say so without knowing, and
/// `HS_SENT_NO` of an idempotent method. What it wants over HTTP/1.1 instead is sent so, once.
///
/// Thread: the worker's own. Errors: any `HS_ERR_…`; the ones before anything is sent are `HS_ERR_NULL_ARGUMENT`,
/// `HS_ERR_INVALID_HANDLE`, `HS_ERR_WRONG_THREAD`, `HS_ERR_BUSY`, `HS_ERR_FORKED`, `HS_ERR_STRUCT_SIZE`,
/// `HS_ERR_INVALID_ARGUMENT`, `HS_ERR_INVALID_URL`, `HS_ERR_UNSUPPORTED_SCHEME`, `HS_ERR_INVALID_METHOD`,
/// `HS_ERR_INVALID_HEADER`, `HS_ERR_INVALID_BODY`, `HS_ERR_INVALID_CREDENTIALS`, `HS_ERR_TOO_MANY_HANDLES`. Since 1.0.
///
/// # Safety
/// `request` is NULL or valid for as many bytes as its `struct_size` says, and so is all that it points to;
/// `response` and `error` are NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_request(
    worker: *mut hs_worker,
    request: *const hs_request_options,
    response: *mut *mut hs_response,
    error: *mut *mut hs_error,
) -> hs_status {
    let body = || {
        // SAFETY: as the caller promises, until this function returns; the call is over by then.
        let Prepared { token, worker, given, request, limits, cancel } =
            unsafe { prepare(worker, request, response, false) }?;
        let place = handle::Reservation::new()?;
        if given.flags & HS_STREAM != 0 {
            let (answer, key) = worker.open(&request, limits, cancel)?;
            let link = StreamLink::new(token, key, worker.abandoned().clone());
            // SAFETY: as the caller promises.
            unsafe { response.write(place.fill(Answer::streaming(answer, link)).0) };
            return Ok(());
        }

        let mut on_body;
        let sink = match given.on_body {
            None => Sink::Buffer(Vec::new()),
            Some(callback) => {
                on_body = move |bytes: &[u8]| {
                    // SAFETY: the caller's function with the caller's data.
                    match unsafe { callback(given.user_data, bytes.as_ptr().cast(), bytes.len()) } {
                        0 => Ok(()),
                        reason => Err(reason),
                    }
                };
                Sink::callback(&mut on_body)
            }
        };
        let answer = worker.request(&request, limits, cancel, sink)?;
        // SAFETY: as the caller promises.
        unsafe { response.write(place.fill(Answer::whole(answer)).0) };
        Ok(())
    };
    // SAFETY: as the caller promises.
    unsafe { guard::with_error(error, body) }
}

/// A call whose arguments were found good.
pub struct Prepared {
    pub token: handle::Token,
    pub worker: Rc<Worker>,
    pub given: hs_request_options,
    pub request: Rc<Request>,
    pub limits: Limits,
    pub cancel: Option<Cancel>,
}

/// Checks the arguments of a call. A body that goes to a file is taken as it was sent.
///
/// # Safety
/// `request` is NULL or valid for as many bytes as its `struct_size` says, and so is all that it points to, until the
/// result is dropped.
pub unsafe fn prepare(
    worker: *mut hs_worker,
    request: *const hs_request_options,
    response: *mut *mut hs_response,
    to_file: bool,
) -> Result<Prepared, Error> {
    if worker.is_null() {
        return Err(Error::new(HS_ERR_NULL_ARGUMENT, "worker is NULL"));
    }
    let token = handle::Token::of(worker, handle::Kind::Worker)?;
    let worker = thread::worker_of(token)?;
    if worker.is_busy() {
        return Err(Error::plain(HS_ERR_BUSY));
    }
    if request.is_null() {
        return Err(Error::new(HS_ERR_NULL_ARGUMENT, "request is NULL"));
    }
    if response.is_null() {
        return Err(Error::new(HS_ERR_NULL_ARGUMENT, "response is NULL: there is nowhere to put the response"));
    }
    // SAFETY: as the caller promises.
    let given = unsafe { sized::read(request) }?;
    // The exchange of a stream outlives `hs_request`.
    let body = if given.flags & HS_STREAM != 0 { Keeping::Copied } else { Keeping::Borrowed };
    let parse_url = |text: &[u8]| worker.parse_url(text);
    // SAFETY: as the caller promises.
    let Checked { request, limits, cancel } = unsafe { check(&given, worker.limits(), parse_url, body, to_file) }?;
    // Last: a request that is refused has claimed nothing.
    request.body.claim()?;
    Ok(Prepared { token, worker, given, request: Rc::new(request), limits, cancel })
}

/// A request that was found good, whoever is to carry it out.
pub struct Checked {
    pub request: Request,
    pub limits: Limits,
    pub cancel: Option<Cancel>,
}

/// What becomes of the bytes of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeping {
    /// They stay the caller's, and where they are until the call has ended.
    Borrowed,
    Copied,
    /// They are copied, unless the caller wants to be told when they are not needed any more: then he is to be.
    Taken,
}

/// Checks a request against what it begins with.
///
/// # Safety
/// All that `given` points to is valid; where the body is borrowed, until the result is dropped.
pub unsafe fn check(
    given: &hs_request_options,
    base: &Limits,
    parse_url: impl Fn(&[u8]) -> Result<ParsedUrl, Error>,
    body: Keeping,
    to_file: bool,
) -> Result<Checked, Error> {
    // SAFETY: as the caller promises.
    let mut request = unsafe { parse(given, parse_url, body) }?;
    let mut limits = limits(given, base, to_file)?;
    // SAFETY: as the caller promises.
    unsafe {
        limits.policies = policies::of_request(given.policies, given.max_attempts, &base.policies)?;
        policies::prepare(given.policies, &limits.policies, &mut request)?;
    }
    if !limits.raw_body && !to_file {
        request.ask_for_codings();
    }
    Ok(Checked { request, limits, cancel: cancel(given.cancel)? })
}

/// # Safety
/// As for `check`.
unsafe fn parse(
    given: &hs_request_options,
    parse_url: impl Fn(&[u8]) -> Result<ParsedUrl, Error>,
    keeping: Keeping,
) -> Result<Request, Error> {
    options::flags(given.flags, HS_ALLOW_DOWNGRADE | HS_RAW_BODY | HS_STREAM | HS_TRACE, "hs_request_options")?;
    options::unused(u64::from(given.reserved), "hs_request_options.reserved")?;
    let streamed = given.flags & HS_STREAM != 0;
    if streamed && given.on_body.is_some() {
        return Err(options::invalid("both on_body and HS_STREAM are set: choose one".into()));
    }
    // SAFETY: as the caller promises.
    unsafe {
        let fields = options::array(given.headers, given.header_count, MOST_HEADERS, "headers")?;
        let mut headers: Vec<Header> =
            fields.iter().enumerate().map(|(index, field)| header(index, field)).collect::<Result<_, _>>()?;
        // Not really static: where it is not copied the engine forgets it with the exchange, which ends before that.
        let bytes = Bytes::from_static(given.body.bytes("body")?);
        let release = given.body_release.is_some();
        if release && keeping != Keeping::Taken {
            return Err(options::invalid("body_release is set: it is for hs_pool_submit".into()));
        }
        if release && bytes.is_empty() {
            return Err(options::invalid("body_release is set without a body".into()));
        }
        let chosen = [!bytes.is_empty(), !given.upload.is_null(), !given.form.is_null()];
        if chosen.iter().filter(|there| **there).count() > 1 {
            return Err(options::invalid("more than one of body, upload and form is set: choose one".into()));
        }
        let body = if !given.upload.is_null() {
            upload::body(given.upload)?
        } else if !given.form.is_null() {
            form(given.form, &mut headers)?
        } else if keeping != Keeping::Borrowed && !release {
            Bytes::copy_from_slice(&bytes).into()
        } else {
            bytes.into()
        };
        let url = parse_url(given.url.bytes("url")?)?;
        let mut request = Request::new(given.method.bytes("method")?, url, headers, body)?;
        request.auth = auth::of_request(given.auth)?;
        if matches!(request.auth, Auth::Given(_)) && request.headers.iter().any(|header| header.is("authorization")) {
            let message = "credentials are given twice: by auth, and by an Authorization header or in the URL";
            return Err(options::invalid(message.into()));
        }
        Ok(request)
    }
}

/// The body that a form makes, with the header that tells of it.
fn form(form: *const hs_form, headers: &mut Vec<Header>) -> Result<Body, Error> {
    if headers.iter().any(|header| header.is("content-type")) {
        let message = "invalid header \"Content-Type\": the form brings its own";
        return Err(Error::new(HS_ERR_INVALID_HEADER, message));
    }
    handle::open::<SharedForm>(form)?.with(|form| {
        headers.push(form.content_type());
        form.body()
    })
}

/// # Safety
/// As for `hs_str::bytes`.
pub(super) unsafe fn header(index: usize, field: &hs_header) -> Result<Header, Error> {
    if field.flags & !HS_HEADER_SENSITIVE != 0 {
        let message = format!("headers[{index}].flags is {:#x}: unknown bits", field.flags);
        return Err(Error::new(HS_ERR_INVALID_ARGUMENT, message));
    }
    // SAFETY: as the caller promises.
    unsafe {
        let name = field.name.bytes("name").map_err(|error| at_index(index, error))?;
        let value = field.value.bytes("value").map_err(|error| at_index(index, error))?;
        Header::parse(name, value, field.flags & HS_HEADER_SENSITIVE != 0)
    }
}

fn at_index(index: usize, mut error: Error) -> Error {
    let message = &mut error.details_mut().message;
    *message = format!("headers[{index}].{message}");
    error
}

fn limits(given: &hs_request_options, worker: &Limits, to_file: bool) -> Result<Limits, Error> {
    let streams_in = to_file || given.on_body.is_some() || given.flags & HS_STREAM != 0;
    let streams = streams_in || !given.upload.is_null() || !given.form.is_null();
    let http = options::http(given.http_version, worker.http, "hs_request_options.http_version")?;
    let start_after = given.start_after_ms;
    if start_after > LONGEST_START_AFTER_MS {
        let message = format!("start_after_ms is {start_after}: at most {LONGEST_START_AFTER_MS}");
        return Err(options::invalid(message));
    }
    Ok(Limits {
        start_after: Duration::from_millis(start_after),
        timeout: options::duration(given.timeout_ms, if streams { worker.stream_timeout } else { worker.timeout }),
        attempt_timeout: options::duration(given.attempt_timeout_ms, worker.attempt_timeout),
        connect_timeout: options::duration(given.connect_timeout_ms, worker.connect_timeout),
        idle_timeout: options::duration(given.idle_timeout_ms, worker.idle_timeout),
        max_body_bytes: options::number(
            given.max_body_bytes,
            if streams_in { worker.max_stream_bytes } else { worker.max_body_bytes },
        ),
        http,
        min_http: options::min_http(given.min_http_version, worker.min_http, http, "hs_request_options")?,
        redirects: options::redirects(
            given.redirects,
            given.max_redirects,
            given.flags,
            worker.redirects,
            "hs_request_options",
        )?,
        raw_body: worker.raw_body || given.flags & HS_RAW_BODY != 0,
        trace: worker.trace || given.flags & HS_TRACE != 0,
        streams: streams_in,
        ..worker.clone()
    })
}

fn cancel(handle: *mut hs_cancel) -> Result<Option<Cancel>, Error> {
    if handle.is_null() { Ok(None) } else { Ok(Some(handle::open::<Cancel>(handle)?.clone())) }
}
