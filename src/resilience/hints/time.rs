//! Moments as servers write them.

use super::{Fields, LONGEST, ResetFormat};
use crate::http::headers::decimal;
use std::time::{Duration, UNIX_EPOCH};

const SECOND: i128 = 1_000_000_000;

/// Any of the three forms of an HTTP-date (RFC 9110, section 5.6.7), in nanoseconds since 1970.
pub fn http_date(value: &[u8]) -> Option<i128> {
    let date = httpdate::parse_http_date(std::str::from_utf8(value).ok()?).ok()?;
    date.duration_since(UNIX_EPOCH).ok().map(|since| since.as_nanos() as i128)
}

/// From the response's own time, or from that of its receipt where it has none, to a moment; zero where that has passed.
pub fn until(moment: i128, fields: &(impl Fields + ?Sized), received_wall: i64) -> Duration {
    let mut date = None;
    fields.each("Date", &mut |value| date = date.or(http_date(value)));
    let distance = moment - date.unwrap_or(i128::from(received_wall));
    Duration::from_nanos(distance.clamp(0, LONGEST.as_nanos() as i128) as u64)
}

/// How long until a reset.
pub fn reset(
    value: &[u8],
    format: ResetFormat,
    fields: &(impl Fields + ?Sized),
    received_wall: i64,
) -> Option<Duration> {
    if format == ResetFormat::Timestamp {
        return Some(until(timestamp(value)?, fields, received_wall));
    }
    let number = decimal(value)?;
    let format = match format {
        ResetFormat::Auto if number > 1_000_000_000_000 => ResetFormat::EpochMilliseconds,
        ResetFormat::Auto if number > 1_000_000_000 => ResetFormat::EpochSeconds,
        ResetFormat::Auto => ResetFormat::DeltaSeconds,
        chosen => chosen,
    };
    Some(match format {
        ResetFormat::EpochSeconds => until(i128::from(number) * SECOND, fields, received_wall),
        ResetFormat::EpochMilliseconds => until(i128::from(number) * SECOND / 1_000, fields, received_wall),
        ResetFormat::DeltaMilliseconds => Duration::from_millis(number).min(LONGEST),
        _ => Duration::from_secs(number).min(LONGEST),
    })
}

/// RFC 3339, section 5.6, in nanoseconds since 1970.
fn timestamp(value: &[u8]) -> Option<i128> {
    let text = std::str::from_utf8(value).ok().filter(|text| text.is_ascii() && text.len() >= 20)?;
    let field = |from: usize, to: usize| decimal(&value[from..to]).map(|number| number as i64);
    let marks = [(4, b"--"), (7, b"--"), (10, b"Tt"), (13, b"::"), (16, b"::")];
    if marks.iter().any(|(at, marks)| !marks.contains(&value[*at])) {
        return None;
    }
    let (year, month, day) = (field(0, 4)?, field(5, 7)?, field(8, 10)?);
    let (hour, minute, second) = (field(11, 13)?, field(14, 16)?, field(17, 19)?);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=days).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let mut rest = &text[19..];
    let mut fraction = 0;
    if let Some(after) = rest.strip_prefix('.') {
        let digits = after.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 || digits > 9 {
            return None;
        }
        fraction = decimal(&after.as_bytes()[..digits])? as i128 * 10_i128.pow(9 - digits as u32);
        rest = &after[digits..];
    }
    let offset = match rest.as_bytes() {
        b"Z" | b"z" => 0,
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let (hours, minutes) = (decimal(&[*h1, *h2])? as i64, decimal(&[*m1, *m2])? as i64);
            if hours > 23 || minutes > 59 {
                return None;
            }
            (hours * 60 + minutes) * if *sign == b'+' { 60 } else { -60 }
        }
        _ => return None,
    };
    // Days since 1970 with years that begin in March, so that the leap day is the last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let days = days + (month * 153 + 2) / 5 + day - 1 - 719_468;
    let seconds = days * 86_400 + hour * 3_600 + minute * 60 + second - offset;
    Some(i128::from(seconds) * SECOND + fraction)
}
