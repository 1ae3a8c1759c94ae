//! `hs_cookie_jar`: cookies, kept for one worker or shared by several.

use super::error::hs_error;
use super::guard;
use super::handle::{self, Handled, Kind};
use super::owned_text::{OwnedText, hs_text};
use super::text::hs_str;
use crate::cookies::Jar;
use crate::error::Error;
use crate::http::url::Url;
use crate::status::{HS_ERR_NULL_ARGUMENT, hs_status};

/// Cookies (RFC 6265bis). Workers that are given the same jar share its cookies, on whatever threads they are; it has a
/// lock of its own. It may be freed while workers still have it: they keep its cookies for as long as they live.
///
/// Each hop of a call sends the cookies that are for its URL, and what its response sets is stored before the next one,
/// redirects and errors (4xx, 5xx) included. A `Cookie` header of the request's own is sent as it is, to the origin that
/// was asked for; the jar's cookies are put behind it, without those whose names it has.
///
/// A jar holds 180 cookies of one site (registrable domain) and 3,000 in all, none longer than 400 days; those that were
/// not sent for the longest time make room. Cookies for public suffixes such as "co.uk" are refused by a list that is
/// part of the library. `Secure` cookies need https, on loopback too. `SameSite` is kept and has no effect: without pages
/// there is no other site.
pub struct hs_cookie_jar {
    _private: [u8; 0],
}

impl Handled for Jar {
    const KIND: Kind = Kind::CookieJar;
    type C = hs_cookie_jar;
}

/// Makes an empty jar. `*jar` is written on success only; free it with `hs_cookie_jar_free`.
///
/// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_TOO_MANY_HANDLES`. Since 1.0.
///
/// # Safety
/// `jar` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_cookie_jar_new(jar: *mut *mut hs_cookie_jar) -> hs_status {
    guard::status(|| {
        if jar.is_null() {
            return Err(Error::plain(HS_ERR_NULL_ARGUMENT));
        }
        let handle = handle::insert(Jar::default())?;
        // SAFETY: as the caller promises.
        unsafe { jar.write(handle) };
        Ok(())
    })
}

/// Frees a jar; workers that have it keep its cookies. NULL is fine.
///
/// Thread: any. Errors: `HS_ERR_INVALID_HANDLE` (also for a second free), `HS_ERR_FORKED`. Since 1.0.
#[unsafe(no_mangle)]
pub extern "C" fn hs_cookie_jar_free(jar: *mut hs_cookie_jar) -> hs_status {
    guard::status(|| if jar.is_null() { Ok(()) } else { handle::close::<Jar>(jar) })
}

/// How many cookies it holds that have not expired; 0 for anything that is not a live jar.
///
/// Thread: any. Since 1.0.
#[unsafe(no_mangle)]
pub extern "C" fn hs_cookie_jar_count(jar: *const hs_cookie_jar) -> usize {
    guard::value(0, || Some(handle::open::<Jar>(jar).ok()?.count()))
}

/// Puts a cookie in: `line` is the value of a `Set-Cookie` header, for instance "sid=31d4; Path=/; Secure", as the server
/// at `url` would send it. One that has expired takes its older self out. The error shows no value.
///
/// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`, `HS_ERR_INVALID_ARGUMENT`,
/// `HS_ERR_INVALID_URL`, `HS_ERR_UNSUPPORTED_SCHEME`, `HS_ERR_INVALID_COOKIE` (malformed, or not for that URL to set).
/// Since 1.0.
///
/// # Safety
/// `url` and `line` are valid as `hs_str` says; `error` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_cookie_jar_set(
    jar: *mut hs_cookie_jar,
    url: hs_str,
    line: hs_str,
    error: *mut *mut hs_error,
) -> hs_status {
    let body = || {
        let jar = open(jar)?;
        // SAFETY: as the caller promises.
        let (url, line) = unsafe { (url.bytes("url")?, line.bytes("line")?) };
        jar.set(&Url::parse(url)?.url, line)
    };
    // SAFETY: as the caller promises.
    unsafe { guard::with_error(error, body) }
}

/// The value of the `Cookie` header that a request for `url` would have; empty where it would have none. `*header` is
/// written on success only; free it with `hs_text_free`.
///
/// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`, `HS_ERR_INVALID_ARGUMENT`,
/// `HS_ERR_INVALID_URL`, `HS_ERR_UNSUPPORTED_SCHEME`, `HS_ERR_TOO_MANY_HANDLES`. Since 1.0.
///
/// # Safety
/// `url` is valid as `hs_str` says; `header` and `error` are NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_cookie_jar_get(
    jar: *mut hs_cookie_jar,
    url: hs_str,
    header: *mut *mut hs_text,
    error: *mut *mut hs_error,
) -> hs_status {
    let body = || {
        let jar = open(jar)?;
        // SAFETY: as the caller promises.
        let url = Url::parse(unsafe { url.bytes("url") }?)?.url;
        // SAFETY: as the caller promises.
        unsafe { hand_over(header, "header", || jar.header(&url)) }
    };
    // SAFETY: as the caller promises.
    unsafe { guard::with_error(error, body) }
}

/// Takes all cookies out.
///
/// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`. Since 1.0.
#[unsafe(no_mangle)]
pub extern "C" fn hs_cookie_jar_clear(jar: *mut hs_cookie_jar) -> hs_status {
    guard::status(|| {
        handle::open::<Jar>(jar)?.clear();
        Ok(())
    })
}

/// All cookies as a text in the format of Netscape's cookies.txt, which curl and others read, those without an expiry
/// included. The format does not know `SameSite`, and cookies with a tab in them are left out. The text is as secret as
/// the cookies. `*text` is written on success only; free it with `hs_text_free`.
///
/// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`, `HS_ERR_TOO_MANY_HANDLES`.
/// Since 1.0.
///
/// # Safety
/// `text` and `error` are NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_cookie_jar_export(
    jar: *mut hs_cookie_jar,
    text: *mut *mut hs_text,
    error: *mut *mut hs_error,
) -> hs_status {
    let body = || {
        let jar = open(jar)?;
        // SAFETY: as the caller promises.
        unsafe { hand_over(text, "text", || jar.export()) }
    };
    // SAFETY: as the caller promises.
    unsafe { guard::with_error(error, body) }
}

/// Puts the cookies of such a text in beside those that are there: all of them, or none where a line is not in the
/// format. Lines that are empty or begin with "#" are skipped, but "#HttpOnly_" begins a cookie.
///
/// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`, `HS_ERR_INVALID_ARGUMENT`,
/// `HS_ERR_INVALID_COOKIE` (names the line). Since 1.0.
///
/// # Safety
/// `text` is valid as `hs_str` says; `error` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_cookie_jar_import(
    jar: *mut hs_cookie_jar,
    text: hs_str,
    error: *mut *mut hs_error,
) -> hs_status {
    let body = || {
        let jar = open(jar)?;
        // SAFETY: as the caller promises.
        jar.import(unsafe { text.bytes("text") }?)
    };
    // SAFETY: as the caller promises.
    unsafe { guard::with_error(error, body) }
}

fn open(jar: *mut hs_cookie_jar) -> Result<handle::Pinned<Jar>, Error> {
    if jar.is_null() {
        return Err(Error::new(HS_ERR_NULL_ARGUMENT, "jar is NULL"));
    }
    handle::open(jar)
}

/// The jar that a worker is given, `None` for NULL.
pub fn given(jar: *mut hs_cookie_jar) -> Result<Option<Jar>, Error> {
    if jar.is_null() { Ok(None) } else { Ok(Some(open(jar)?.clone())) }
}

/// Writes a new text to where the caller wants it.
///
/// # Safety
/// `place` is NULL or valid for a write.
unsafe fn hand_over(place: *mut *mut hs_text, what: &str, make: impl FnOnce() -> Vec<u8>) -> Result<(), Error> {
    if place.is_null() {
        return Err(Error::new(HS_ERR_NULL_ARGUMENT, format!("{what} is NULL: there is nowhere to put the text")));
    }
    let handle = handle::insert(OwnedText(make()))?;
    // SAFETY: as the caller promises.
    unsafe { place.write(handle) };
    Ok(())
}
