//! What a response says about when to come again: `Retry-After` (RFC 9110, section 10.2.3), `RateLimit` and
//! `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-11), and the three fields that were there before them, by
//! whatever names. What is malformed is as if it were not there. Moments are read as distances from the response's own
//! `Date`, so that a local clock that is wrong does no harm.

mod quota;
mod time;

use crate::http::headers::{HeaderBlock, decimal};
use std::time::Duration;

/// Where fields are looked up; names are compared without case.
pub trait Fields {
    /// Hands on the value of each field of that name, in order.
    fn each(&self, name: &str, with: &mut dyn FnMut(&[u8]));
}

impl Fields for HeaderBlock {
    fn each(&self, name: &str, with: &mut dyn FnMut(&[u8])) {
        let named = self.iter().filter(|(found, _)| found.eq_ignore_ascii_case(name.as_bytes()));
        named.for_each(|(_, value)| with(value));
    }
}

impl Fields for [(&[u8], &[u8])] {
    fn each(&self, name: &str, with: &mut dyn FnMut(&[u8])) {
        let named = self.iter().filter(|(found, _)| found.eq_ignore_ascii_case(name.as_bytes()));
        named.for_each(|(_, value)| with(value.trim_ascii()));
    }
}

/// How the moment of a reset is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ResetFormat {
    /// A number beyond 10^12 is milliseconds since 1970, one beyond 10^9 seconds since 1970, any other seconds from now.
    #[default]
    Auto,
    EpochSeconds,
    EpochMilliseconds,
    DeltaSeconds,
    DeltaMilliseconds,
    /// RFC 3339, such as "2018-03-13T00:00:00Z".
    Timestamp,
}

/// The fields that no standard names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    pub limit: Box<str>,
    pub remaining: Box<str>,
    pub reset: Box<str>,
    pub format: ResetFormat,
}

impl Default for Names {
    fn default() -> Names {
        Names {
            limit: "X-RateLimit-Limit".into(),
            remaining: "X-RateLimit-Remaining".into(),
            reset: "X-RateLimit-Reset".into(),
            format: ResetFormat::Auto,
        }
    }
}

/// A quota as a server tells of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Which of several quotas; 0 where they have no names.
    pub policy: u64,
    pub limit: Option<u64>,
    pub remaining: u64,
    /// How long after the receipt of the response the quota is whole again.
    pub reset: Duration,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hints {
    /// Zero where the moment has passed already.
    pub retry_after: Option<Duration>,
    /// From the first of the three sources that says anything; more than one from `RateLimit` alone.
    pub windows: Vec<Window>,
}

/// The longest that anybody can mean.
const LONGEST: Duration = Duration::from_secs(100 * 366 * 86_400);

pub fn read(fields: &(impl Fields + ?Sized), received_wall: i64, names: &Names) -> Hints {
    let mut windows = quota::windows(fields, received_wall, names);
    windows.iter_mut().for_each(|window| window.reset = window.reset.min(LONGEST));
    Hints { retry_after: retry_after(fields, received_wall), windows }
}

/// Whether a response says anything of that: most do not, and then nobody need look at the time.
pub fn are_there(headers: &HeaderBlock, names: &Names) -> bool {
    let ours = |name: &[u8]| {
        name.eq_ignore_ascii_case(b"Retry-After")
            || name.get(..9).is_some_and(|prefix| prefix.eq_ignore_ascii_case(b"RateLimit"))
            || [&names.limit, &names.remaining, &names.reset]
                .iter()
                .any(|own| name.eq_ignore_ascii_case(own.as_bytes()))
    };
    headers.iter().any(|(name, _)| ours(name))
}

/// What `Retry-After` asks for, counted from the receipt; the longest of several lines. Zero for a moment that has
/// passed. `received_wall` is when the response came, in nanoseconds since 1970; it matters only where there is no `Date`.
pub fn retry_after(fields: &(impl Fields + ?Sized), received_wall: i64) -> Option<Duration> {
    let mut longest = None;
    fields.each("Retry-After", &mut |value| {
        longest =
            longest.max(delay(value).or_else(|| Some(time::until(time::http_date(value)?, fields, received_wall))));
    });
    longest
}

/// Digits alone; more of them than fit mean the longest there is.
fn delay(value: &[u8]) -> Option<Duration> {
    let digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
    digits.then(|| decimal(value).map_or(LONGEST, Duration::from_secs).min(LONGEST))
}

/// Whether `Retry-After` in a response of this status is about sending the same again. In others it is not: after a 202
/// it says when there will be a result, after a 301 it says when to follow.
pub fn may_hold(status: u16) -> bool {
    matches!(status, 408 | 409 | 421 | 425 | 429 | 500 | 502..=504 | 520..=524)
}

#[cfg(test)]
mod tests;
