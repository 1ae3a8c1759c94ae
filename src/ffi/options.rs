//! Numbers of option structs: 0 means the default, and what makes no sense is refused by name.

use super::text::hs_str;
use super::version::*;
use crate::engine::HttpChoice;
use crate::error::Error;
use crate::hop::redirect::{Mode, Policy};
use crate::http::headers::Header;
use crate::http::response::HttpVersion;
use crate::status::{HS_ERR_INVALID_ARGUMENT, HS_ERR_NULL_ARGUMENT};
use std::time::Duration;

/// A duration with a default; `None` is "no limit".
pub fn duration(milliseconds: u64, default: Option<Duration>) -> Option<Duration> {
    match milliseconds {
        0 => default,
        HS_INFINITE => None,
        _ => Some(Duration::from_millis(milliseconds)),
    }
}

/// A duration that is used in whole seconds below: rounded up, and never zero.
pub fn seconds(milliseconds: u64, default: Duration) -> Duration {
    match milliseconds {
        0 => default,
        HS_INFINITE => Duration::from_secs(u64::from(u32::MAX)),
        _ => Duration::from_secs(milliseconds.div_ceil(1000).min(u64::from(u32::MAX))),
    }
}

pub fn number<T: PartialEq + Default>(value: T, default: T) -> T {
    if value == T::default() { default } else { value }
}

pub fn http(value: u32, default: HttpChoice, what: &str) -> Result<HttpChoice, Error> {
    match value {
        HS_HTTP_DEFAULT => Ok(default),
        HS_HTTP_1_0 => Ok(HttpChoice::Http10),
        HS_HTTP_1_1 => Ok(HttpChoice::Http11),
        HS_HTTP_2 => Ok(HttpChoice::Negotiated),
        HS_HTTP_2_PRIOR_KNOWLEDGE => Ok(HttpChoice::Http2PriorKnowledge),
        _ => Err(invalid(format!("{what} is {value}: not a HS_HTTP_… constant that can be asked for"))),
    }
}

/// The oldest version that will do, with the one that is asked for.
pub fn min_http(value: u32, default: HttpVersion, asked: HttpChoice, what: &str) -> Result<HttpVersion, Error> {
    let least = match value {
        HS_HTTP_DEFAULT => default,
        HS_HTTP_1_0 => HttpVersion::Http10,
        HS_HTTP_1_1 => HttpVersion::Http11,
        HS_HTTP_2 => HttpVersion::Http2,
        _ => {
            let message = format!("{what}.min_http_version is {value}: not HS_HTTP_1_0, HS_HTTP_1_1 or HS_HTTP_2");
            return Err(invalid(message));
        }
    };
    let most = match asked {
        HttpChoice::Http10 => HttpVersion::Http10,
        HttpChoice::Http11 => HttpVersion::Http11,
        HttpChoice::Negotiated | HttpChoice::Http2PriorKnowledge => HttpVersion::Http2,
    };
    if least > most {
        let (least, most) = (least.name(), most.name());
        return Err(invalid(format!("{what}: at least {least} is asked for, and at most {most}")));
    }
    Ok(least)
}

/// How redirects are treated: what `given` says over what `default` says.
pub fn redirects(mode: u32, most: u32, flags: u32, default: Policy, what: &str) -> Result<Policy, Error> {
    const MOST: u32 = 1_000;
    let mode = match mode {
        HS_REDIRECT_DEFAULT => default.mode,
        HS_REDIRECT_FOLLOW => Mode::Follow,
        HS_REDIRECT_RETURN => Mode::Return,
        HS_REDIRECT_SAME_ORIGIN => Mode::SameOrigin,
        _ => return Err(invalid(format!("{what}.redirects is {mode}: not a HS_REDIRECT_… constant"))),
    };
    if most > MOST {
        return Err(invalid(format!("{what}.max_redirects is {most}: at most {MOST}")));
    }
    let downgrade = default.downgrade || flags & HS_ALLOW_DOWNGRADE != 0;
    Ok(Policy { mode, most: number(most, default.most), downgrade })
}

/// Flags must be among those that are known here.
pub fn flags(given: u32, known: u32, what: &str) -> Result<(), Error> {
    if given & !known == 0 { Ok(()) } else { Err(invalid(format!("{what}.flags is {given:#x}: unknown bits"))) }
}

/// Bits and fields that have no meaning yet must be zero, so that they can get one.
pub fn unused(value: u64, what: &str) -> Result<(), Error> {
    if value == 0 { Ok(()) } else { Err(invalid(format!("{what} is {value:#x}: must be 0"))) }
}

pub fn invalid(message: String) -> Error {
    Error::new(HS_ERR_INVALID_ARGUMENT, message)
}

/// Text that libcurl or a header will carry: UTF-8 is not needed, control bytes are refused.
///
/// # Safety
/// As for `hs_str::bytes`.
pub unsafe fn user_agent(text: hs_str, default: &str) -> Result<String, Error> {
    // SAFETY: as the caller promises.
    let bytes = unsafe { text.bytes("user_agent") }?;
    if bytes.is_empty() {
        return Ok(default.to_owned());
    }
    let header = Header::parse(b"User-Agent", bytes, false)?;
    String::from_utf8(header.value).map_err(|_| invalid("user_agent is not UTF-8".into()))
}

/// The caller's array; `what` names it in an error.
///
/// # Safety
/// `items` is NULL or points to `count` values that live as long as the result.
pub unsafe fn array<'a, T>(items: *const T, count: usize, most: usize, what: &str) -> Result<&'a [T], Error> {
    if count == 0 {
        return Ok(&[]);
    }
    if items.is_null() {
        let message = format!("{what} is NULL but its count is {count}");
        return Err(Error::new(HS_ERR_NULL_ARGUMENT, message));
    }
    if count > most {
        return Err(invalid(format!("the count of {what} is {count}: at most {most}")));
    }
    // SAFETY: as the caller promises.
    Ok(unsafe { std::slice::from_raw_parts(items, count) })
}

/// What policies are asked by: UTF-8, 1 to 1,024 bytes; `what` names it in an error.
///
/// # Safety
/// As for `hs_str::bytes`.
pub unsafe fn key<'a>(text: hs_str, what: &str) -> Result<&'a str, Error> {
    const LONGEST: usize = 1_024;
    // SAFETY: as the caller promises.
    let bytes = unsafe { text.bytes(what) }?;
    if !(1..=LONGEST).contains(&bytes.len()) {
        return Err(invalid(format!("{what} has {} bytes: 1 to {LONGEST}", bytes.len())));
    }
    std::str::from_utf8(bytes).map_err(|_| invalid(format!("{what} is {}: not UTF-8", crate::error::quoted(bytes))))
}
