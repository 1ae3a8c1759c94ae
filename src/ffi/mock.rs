//! `hs_mock`: answers from a script, for tests without a network.

use super::error::hs_error;
use super::guard;
use super::handle::{self, Handled, Kind};
use super::options;
use super::request::header;
use super::sized::{self, Sized32};
use super::text::{hs_header, hs_str};
use super::version::*;
use crate::engine::mock::recording;
use crate::engine::mock::rule::{Answer, AnswerHead, Fault, Fields, Place, Rule, may_fail};
use crate::engine::mock::script::{Mock, Seen};
use crate::error::{Error, quoted};
use crate::http::headers::Header;
use crate::http::method::Method;
use crate::http::response::HttpVersion;
use crate::http::url::Url;
use crate::status::*;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// A double for all servers: a worker that has it in its options (`hs_worker_options.mock`) opens no socket and starts no
/// thread. What it would send goes to the mock, and the mock answers by its rules. All that is above the network is as
/// ever: redirects, cookies, credentials, codings, limits, timeouts, cancelling, streams, uploads, downloads. Options that
/// are about connections (CA certificates, proxies, addresses, names, sockets) have no effect.
///
/// Any number of workers on any threads may have it at once, and it may be changed meanwhile. It stays with its workers when
/// it is freed.
pub struct hs_mock {
    _private: [u8; 0],
}

impl Handled for Mock {
    const KIND: Kind = Kind::Mock;
    type C = hs_mock;
}

/// In the flags of a `hs_mock_rule`: `url` is how the URL begins.
pub const HS_MOCK_PREFIX: u32 = 1;
/// In the flags of a `hs_mock_rule`: the body must be `body`, also where that is empty.
pub const HS_MOCK_BODY: u32 = 2;
/// In the flags of a `hs_mock_rule`: nothing more ever comes. Without a `status` not even a head; with one, nothing after
/// the first `after_bytes` of the body.
pub const HS_MOCK_STALL: u32 = 4;

/// A response with a status of 1xx that comes before the answer.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hs_mock_interim {
    /// 100 to 199, but not 101.
    pub status: u32,
    /// Must be 0.
    pub reserved: u32,
    pub headers: *const hs_header,
    pub header_count: usize,
}

/// A rule of a mock: first which requests it is for, then what they get. All zero but `struct_size` is for every request,
/// and answers 200 with an empty body. Durations are milliseconds. Nothing of it is needed after `hs_mock_add`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hs_mock_rule {
    /// `sizeof(hs_mock_rule)`.
    pub struct_size: u32,
    /// `HS_MOCK_…` or 0.
    pub flags: u32,
    /// Empty is any.
    pub method: hs_str,
    /// A whole URL, query included; or path and query, at any origin, where it begins with "/". Empty is any. A user, a
    /// password and a fragment in it count for nothing.
    pub url: hs_str,
    /// Fields that the request must have, name and value; it may have others.
    pub headers: *const hs_header,
    pub header_count: usize,
    /// The body that the request must have; empty is any, unless `HS_MOCK_BODY` is set.
    pub body: hs_str,
    /// How many requests it is for. The next ones go to later rules; 0 is any number.
    pub times: u32,
    /// The status of the answer: 101, or 200 to 999. 0: 200, but nothing at all where there is a `failure` or
    /// `HS_MOCK_STALL`.
    pub status: u32,
    /// `HS_HTTP_1_0`, `HS_HTTP_1_1`, `HS_HTTP_2` or `HS_HTTP_3`; 0 is `HS_HTTP_1_1`.
    pub http_version: u32,
    /// How the exchange fails. Without a `status`, before there is a head: `HS_ERR_DNS`, `HS_ERR_CONNECT`,
    /// `HS_ERR_CONNECT_TIMEOUT`, `HS_ERR_LOCAL_ADDRESS`, `HS_ERR_PROXY`, `HS_ERR_PROXY_CONNECT`, `HS_ERR_PROXY_AUTH`,
    /// `HS_ERR_PROXY_REFUSED`, `HS_ERR_PROXY_HANDSHAKE`, `HS_ERR_TLS_HANDSHAKE` and all the other `HS_ERR_TLS_…` (the request
    /// was not sent); `HS_ERR_SEND`, `HS_ERR_CONNECTION_CLOSED`, `HS_ERR_RECEIVE`, `HS_ERR_HTTP2` and `HS_ERR_PROTOCOL` (it
    /// may have been). With a `status`, after the first `after_bytes` of the body: `HS_ERR_BODY_TRUNCATED`,
    /// `HS_ERR_RECEIVE`, `HS_ERR_HTTP2` and `HS_ERR_PROTOCOL`. 0: it does not fail.
    pub failure: hs_status,
    /// The fields of the answer. None is added: a body without `Content-Length` ends where it ends, and one that is shorter
    /// than its `Content-Length` is truncated.
    pub answer_headers: *const hs_header,
    pub answer_header_count: usize,
    /// The body of the answer, as it is sent. HEAD, 204 and 304 get none.
    pub answer_body: hs_str,
    /// The fields after the body.
    pub trailers: *const hs_header,
    pub trailer_count: usize,
    /// The interim responses before the answer, first to last.
    pub interim: *const hs_mock_interim,
    pub interim_count: usize,
    /// How long the head, or the failure that comes instead of it, is waited for.
    pub delay_ms: u64,
    /// How long each piece of the body but the first is waited for.
    pub piece_delay_ms: u64,
    /// How long a piece of the body is; the last one may be shorter. 0 is 65,536.
    pub piece_bytes: u64,
    /// How much of the body comes before `failure` or `HS_MOCK_STALL`.
    pub after_bytes: u64,
}

// SAFETY: repr(C), integers and pointers alone.
unsafe impl Sized32 for hs_mock_rule {
    const NAME: &'static str = "hs_mock_rule";
    const SMALLEST: usize = 8;
}

/// A request that a mock got. What it points to is borrowed from the mock until `hs_mock_clear` or `hs_mock_free`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hs_mock_call {
    /// `sizeof(hs_mock_call)`.
    pub struct_size: u32,
    /// The rule that was for it, counted from 1 in the order in which they were added; 0: none was.
    pub rule: u32,
    pub method: hs_str,
    /// As it would be requested: without user, password and fragment.
    pub url: hs_str,
    /// Its first 64 MiB at most. Empty where the rule is a failure before the request is sent.
    pub body: hs_str,
    /// How long the body was.
    pub body_bytes: u64,
    /// How many header fields it had.
    pub header_count: usize,
}

// SAFETY: repr(C), integers and pointers alone.
unsafe impl Sized32 for hs_mock_call {
    const NAME: &'static str = "hs_mock_call";
    const SMALLEST: usize = 8;
}

const MOST_FIELDS: usize = 5_000;
const MOST_INTERIM: usize = 1_000;
const USUAL_PIECE: u64 = 64 * 1024;

/// Makes a mock without rules. `*mock` is written on success only; free it with `hs_mock_free`.
///
/// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_TOO_MANY_HANDLES`. Since 1.0.
///
/// # Safety
/// `mock` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_mock_new(mock: *mut *mut hs_mock) -> hs_status {
    guard::status(|| {
        if mock.is_null() {
            return Err(Error::plain(HS_ERR_NULL_ARGUMENT));
        }
        let handle = handle::insert(Mock::default())?;
        // SAFETY: as the caller promises.
        unsafe { mock.write(handle) };
        Ok(())
    })
}

/// Frees a mock; workers that have it keep its rules. NULL is fine.
///
/// Thread: any. Errors: `HS_ERR_INVALID_HANDLE` (also for a second free), `HS_ERR_FORKED`. Since 1.0.
#[unsafe(no_mangle)]
pub extern "C" fn hs_mock_free(mock: *mut hs_mock) -> hs_status {
    guard::status(|| if mock.is_null() { Ok(()) } else { handle::close::<Mock>(mock) })
}

/// Adds a rule. A request goes to the first rule that is for it and has not answered all of its `times`; one that no rule is
/// for fails with `HS_ERR_MOCK`, and its message says why the nearest one is not. Each exchange of a call is a request here:
/// redirects that are followed and challenges that are answered too.
///
/// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`, `HS_ERR_STRUCT_SIZE`,
/// `HS_ERR_INVALID_ARGUMENT`, `HS_ERR_INVALID_METHOD`, `HS_ERR_INVALID_URL`, `HS_ERR_UNSUPPORTED_SCHEME`,
/// `HS_ERR_INVALID_HEADER`. Since 1.0.
///
/// # Safety
/// `rule` is NULL or valid for as many bytes as its `struct_size` says, and so is all that it points to; `error` is NULL or
/// valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_mock_add(
    mock: *mut hs_mock,
    rule: *const hs_mock_rule,
    error: *mut *mut hs_error,
) -> hs_status {
    let body = || {
        let mock = open(mock)?;
        if rule.is_null() {
            return Err(Error::new(HS_ERR_NULL_ARGUMENT, "rule is NULL"));
        }
        // SAFETY: as the caller promises.
        mock.add(unsafe { checked(&sized::read(rule)?) }?);
        Ok(())
    };
    // SAFETY: as the caller promises.
    unsafe { guard::with_error(error, body) }
}

/// Adds the rules of a recording (`hs_worker_options.record`): one for each exchange, for one request with its method and URL,
/// in their order. All of them, or none where the file is broken. An exchange that cannot be given again, because its body
/// was cut off or nobody waited for it to its end, ends in `HS_ERR_MOCK`. Fields that were blanked are left out.
///
/// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`, `HS_ERR_INVALID_ARGUMENT`,
/// `HS_ERR_MOCK_FILE`. Since 1.0.
///
/// # Safety
/// `file` is valid as `hs_str` says; `error` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_mock_load(mock: *mut hs_mock, file: hs_str, error: *mut *mut hs_error) -> hs_status {
    let body = || {
        let mock = open(mock)?;
        // SAFETY: as the caller promises.
        let file = path(unsafe { file.bytes("file") }?, "file")?;
        mock.add_all(recording::read(&file)?);
        Ok(())
    };
    // SAFETY: as the caller promises.
    unsafe { guard::with_error(error, body) }
}

/// Takes all rules and calls out; what was read of calls is gone.
///
/// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`. Since 1.0.
#[unsafe(no_mangle)]
pub extern "C" fn hs_mock_clear(mock: *mut hs_mock) -> hs_status {
    guard::status(|| {
        handle::open::<Mock>(mock)?.clear();
        Ok(())
    })
}

/// How many requests it got, those that no rule was for included; 0 for anything that is not a live mock.
///
/// Thread: any. Since 1.0.
#[unsafe(no_mangle)]
pub extern "C" fn hs_mock_calls(mock: *const hs_mock) -> usize {
    guard::value(0, || Some(handle::open::<Mock>(mock).ok()?.calls()))
}

/// How many rules have answered fewer requests to the end of the answer than their `times` says, or none where that is 0;
/// a failure and a stall are ends. For the end of a test; 0 for anything that is not a live mock.
///
/// Thread: any. Since 1.0.
#[unsafe(no_mangle)]
pub extern "C" fn hs_mock_unused(mock: *const hs_mock) -> usize {
    guard::value(0, || Some(handle::open::<Mock>(mock).ok()?.unused()))
}

/// The request with that index, in the order in which they came, counted from 0. `call->struct_size` must be set; `*call`
/// is written on success only.
///
/// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`, `HS_ERR_STRUCT_SIZE`,
/// `HS_ERR_NOT_FOUND`. Since 1.0.
///
/// # Safety
/// `call` is NULL or valid for reads and writes of as many bytes as its `struct_size` says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_mock_call_at(mock: *const hs_mock, index: usize, call: *mut hs_mock_call) -> hs_status {
    guard::status(|| {
        let seen = seen(mock, index)?;
        if call.is_null() {
            return Err(Error::plain(HS_ERR_NULL_ARGUMENT));
        }
        let value = hs_mock_call {
            struct_size: 0,
            rule: seen.rule,
            method: hs_str::borrowed(seen.method.as_bytes()),
            url: hs_str::borrowed(seen.url.as_bytes()),
            body: hs_str::borrowed(&seen.body),
            body_bytes: seen.body_bytes,
            header_count: seen.headers.0.len(),
        };
        // SAFETY: as the caller promises.
        unsafe { sized::write(call, &value) }
    })
}

/// The value of the nth header field of that name in the request with that index, names compared without case; `data ==
/// NULL` where there is none. Values are as they would be sent, secrets included. Borrowed from the mock until
/// `hs_mock_clear` or `hs_mock_free`.
///
/// Thread: any. Since 1.0.
///
/// # Safety
/// `name` is valid as `hs_str` says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_mock_call_header(mock: *const hs_mock, index: usize, name: hs_str, nth: usize) -> hs_str {
    guard::value(hs_str::NONE, || {
        let seen = seen(mock, index).ok()?;
        // SAFETY: as the caller promises.
        let name = unsafe { name.bytes("name") }.ok()?;
        Some(hs_str::borrowed(seen.headers.get(name, nth)?))
    })
}

/// The header field with that place in the request with that index, both counted from 0. `*header` is written on success
/// only, and borrowed from the mock until `hs_mock_clear` or `hs_mock_free`.
///
/// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`, `HS_ERR_NOT_FOUND`. Since 1.0.
///
/// # Safety
/// `header` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_mock_call_header_at(
    mock: *const hs_mock,
    index: usize,
    place: usize,
    header: *mut hs_header,
) -> hs_status {
    guard::status(|| {
        let seen = seen(mock, index)?;
        if header.is_null() {
            return Err(Error::plain(HS_ERR_NULL_ARGUMENT));
        }
        let (name, value) = seen.headers.0.get(place).ok_or_else(|| Error::plain(HS_ERR_NOT_FOUND))?;
        let field = hs_header { name: hs_str::borrowed(name), value: hs_str::borrowed(value), flags: 0 };
        // SAFETY: as the caller promises.
        unsafe { header.write(field) };
        Ok(())
    })
}

fn open(mock: *mut hs_mock) -> Result<handle::Pinned<Mock>, Error> {
    if mock.is_null() {
        return Err(Error::new(HS_ERR_NULL_ARGUMENT, "mock is NULL"));
    }
    handle::open(mock)
}

/// The mock that a worker is given, `None` for NULL.
pub fn given(mock: *mut hs_mock) -> Result<Option<Mock>, Error> {
    if mock.is_null() { Ok(None) } else { Ok(Some(open(mock)?.clone())) }
}

/// A path of the caller's.
pub fn path(text: &[u8], what: &str) -> Result<PathBuf, Error> {
    match std::str::from_utf8(text) {
        Ok("") => Err(options::invalid(format!("{what} is empty: it must be a path"))),
        Ok(path) => Ok(path.into()),
        Err(_) => Err(options::invalid(format!("{what} is {}: not UTF-8", quoted(text)))),
    }
}

/// The mock keeps it too, so that what is lent of it stays.
fn seen(mock: *const hs_mock, index: usize) -> Result<Arc<Seen>, Error> {
    handle::open::<Mock>(mock)?.call(index).ok_or_else(|| Error::plain(HS_ERR_NOT_FOUND))
}

/// # Safety
/// All that `given` points to is valid.
unsafe fn checked(given: &hs_mock_rule) -> Result<Rule, Error> {
    options::flags(given.flags, HS_MOCK_PREFIX | HS_MOCK_BODY | HS_MOCK_STALL, "hs_mock_rule")?;
    // SAFETY: as the caller promises.
    unsafe {
        let (method, body) = (given.method.bytes("method")?, given.body.bytes("body")?);
        Ok(Rule {
            method: match method {
                [] => None,
                text => Some(Method::parse(text, false)?.as_str().to_owned()),
            },
            place: place(given.url.bytes("url")?, given.flags & HS_MOCK_PREFIX != 0)?,
            headers: headers(given.headers, given.header_count, "headers")?,
            body: (!body.is_empty() || given.flags & HS_MOCK_BODY != 0).then(|| body.to_vec()),
            times: given.times,
            answer: answer(given)?,
        })
    }
}

fn place(text: &[u8], prefix: bool) -> Result<Place, Error> {
    if text.is_empty() {
        return Ok(Place::Any);
    }
    if text.starts_with(b"/") {
        let target = std::str::from_utf8(text)
            .map_err(|_| Error::new(HS_ERR_INVALID_URL, format!("invalid URL {}: not UTF-8", quoted(text))))?;
        return Ok(if prefix { Place::TargetPrefix(target.into()) } else { Place::Target(target.into()) });
    }
    let url = Url::parse(text)?.url.as_str().to_owned();
    Ok(if prefix { Place::UrlPrefix(url) } else { Place::Url(url) })
}

/// # Safety
/// All that `given` points to is valid.
unsafe fn answer(given: &hs_mock_rule) -> Result<Answer, Error> {
    let stalls = given.flags & HS_MOCK_STALL != 0;
    let fails = given.failure != HS_OK;
    if stalls && fails {
        return Err(options::invalid("both failure and HS_MOCK_STALL are set: choose one".into()));
    }
    let headless = given.status == 0 && (stalls || fails);
    if !matches!(given.status, 0 | 101 | 200..=999) {
        return Err(options::invalid(format!("hs_mock_rule.status is {}: not 101 or 200 to 999", given.status)));
    }
    if fails && !may_fail(given.failure, !headless) {
        let name = row(given.failure).map_or_else(|| given.failure.to_string(), |row| row.name.to_owned());
        let place = if headless { "before the head" } else { "within a body" };
        return Err(options::invalid(format!("hs_mock_rule.failure is {name}: no exchange fails so {place}")));
    }
    if given.after_bytes != 0 && !(stalls || fails) {
        return Err(options::invalid("after_bytes is set without failure and HS_MOCK_STALL".into()));
    }
    // SAFETY: as the caller promises.
    let (fields, body, trailers, interim) = unsafe {
        (
            headers(given.answer_headers, given.answer_header_count, "answer_headers")?,
            given.answer_body.bytes("answer_body")?.to_vec(),
            headers(given.trailers, given.trailer_count, "trailers")?,
            interim(given)?,
        )
    };
    let nothing = fields.is_empty() && body.is_empty() && trailers.is_empty() && interim.is_empty();
    if headless && !(nothing && given.after_bytes == 0) {
        let message = "hs_mock_rule.status is 0 and there is an answer besides the failure or HS_MOCK_STALL: set it";
        return Err(options::invalid(message.into()));
    }
    let head = (!headless).then(|| -> Result<AnswerHead, Error> {
        Ok(AnswerHead {
            status: if given.status == 0 { 200 } else { given.status as u16 },
            version: version(given.http_version)?,
            headers: Fields::of(&fields),
            interim,
        })
    });
    let fault = if stalls {
        Some(Fault::Stalls)
    } else {
        fails.then(|| Fault::Fails { status: given.failure, message: "so says the mock".into() })
    };
    Ok(Answer {
        delay: Duration::from_millis(given.delay_ms),
        head: head.transpose()?,
        body,
        trailers: Fields::of(&trailers),
        piece_delay: Duration::from_millis(given.piece_delay_ms),
        piece_bytes: usize::try_from(options::number(given.piece_bytes, USUAL_PIECE)).unwrap_or(usize::MAX),
        fault,
        fault_after: usize::try_from(given.after_bytes).unwrap_or(usize::MAX),
    })
}

fn version(value: u32) -> Result<HttpVersion, Error> {
    match value {
        HS_HTTP_DEFAULT | HS_HTTP_1_1 => Ok(HttpVersion::Http11),
        HS_HTTP_1_0 => Ok(HttpVersion::Http10),
        HS_HTTP_2 => Ok(HttpVersion::Http2),
        HS_HTTP_3 => Ok(HttpVersion::Http3),
        _ => Err(options::invalid(format!("hs_mock_rule.http_version is {value}: not a version that a server speaks"))),
    }
}

/// # Safety
/// All that `given` points to is valid.
unsafe fn interim(given: &hs_mock_rule) -> Result<Vec<(u16, Fields)>, Error> {
    // SAFETY: as the caller promises.
    let all = unsafe { options::array(given.interim, given.interim_count, MOST_INTERIM, "interim") }?;
    let one = |one: &hs_mock_interim| {
        options::unused(u64::from(one.reserved), "hs_mock_interim.reserved")?;
        if !(100..200).contains(&one.status) || one.status == 101 {
            let message = format!("hs_mock_interim.status is {}: not 100 or 102 to 199", one.status);
            return Err(options::invalid(message));
        }
        // SAFETY: as the caller promises.
        let fields = unsafe { headers(one.headers, one.header_count, "interim.headers") }?;
        Ok((one.status as u16, Fields::of(&fields)))
    };
    all.iter().map(one).collect()
}

/// # Safety
/// `fields` is NULL or points to `count` valid fields.
unsafe fn headers(fields: *const hs_header, count: usize, what: &str) -> Result<Vec<Header>, Error> {
    // SAFETY: as the caller promises.
    let fields = unsafe { options::array(fields, count, MOST_FIELDS, what) }?;
    // SAFETY: as the caller promises.
    fields.iter().enumerate().map(|(index, field)| unsafe { header(index, field) }).collect()
}
