//! Dates of cookies: RFC 6265bis, section 5.1.1, which takes whatever servers write, in any order.

/// Milliseconds since 1970 of a `Expires` attribute; `None` where it is no date.
pub fn parse(text: &[u8]) -> Option<i64> {
    let (mut time, mut day, mut month, mut year) = (None, None, None, None);
    for token in text.split(|&byte| is_delimiter(byte)).filter(|token| !token.is_empty()) {
        if time.is_none() && clock(token).is_some() {
            time = clock(token);
        } else if day.is_none() && number(token, 1, 2).is_some() {
            day = number(token, 1, 2);
        } else if month.is_none() && month_of(token).is_some() {
            month = month_of(token);
        } else if year.is_none() {
            year = number(token, 2, 4);
        }
    }
    let ([hour, minute, second], day, month) = (time?, day?, month?);
    let year = match year? {
        short @ 0..=69 => short + 2000,
        short @ 70..=99 => short + 1900,
        full => full,
    };
    if year < 1601 || hour > 23 || minute > 59 || second > 59 || day < 1 || day > days_in(year, month) {
        return None;
    }
    let seconds = days_since_1970(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second;
    Some(seconds * 1_000)
}

fn is_delimiter(byte: u8) -> bool {
    matches!(byte, 0x09 | 0x20..=0x2F | 0x3B..=0x40 | 0x5B..=0x60 | 0x7B..=0x7E)
}

/// So many digits, then the end or anything that is no digit.
fn number(token: &[u8], least: usize, most: usize) -> Option<i64> {
    let digits = token.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if !(least..=most).contains(&digits) {
        return None;
    }
    Some(token[..digits].iter().fold(0, |value, digit| value * 10 + i64::from(digit - b'0')))
}

/// `h:m:s`, one or two digits each, then anything but a digit.
fn clock(token: &[u8]) -> Option<[i64; 3]> {
    let mut parts = token.splitn(3, |&byte| byte == b':');
    let whole = |part: &[u8]| number(part, 1, 2).filter(|_| part.len() <= 2 && part.iter().all(u8::is_ascii_digit));
    Some([whole(parts.next()?)?, whole(parts.next()?)?, number(parts.next()?, 1, 2)?])
}

fn month_of(token: &[u8]) -> Option<i64> {
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let start = token.get(..3)?;
    MONTHS.iter().position(|month| start.eq_ignore_ascii_case(month.as_bytes())).map(|index| index as i64 + 1)
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Of the Gregorian calendar: years are counted from March, so that the leap day is the last of its year.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let years = if month <= 2 { year - 1 } else { year };
    let months = (month + 9) % 12;
    let days = years * 365 + years / 4 - years / 100 + years / 400 + (months * 306 + 5) / 10 + day - 1;
    days - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_as_servers_write_them() {
        const RFC_EXAMPLE: i64 = 784_111_777_000;
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "06 nov 1994 8:49:37",
            "6 November 94 08:49:37 GMT+0100",
            "08:49:37 NOVEMBER/06/1994",
            "Sun, 06 Nov 1994 08:49:37.5 UTC",
        ] {
            assert_eq!(parse(text.as_bytes()), Some(RFC_EXAMPLE), "{text}");
        }
        assert_eq!(parse(b"Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        assert_eq!(parse(b"Fri, 31 Dec 9999 23:59:59 GMT"), Some(253_402_300_799_000));
        assert_eq!(parse(b"Mon, 01 Jan 1601 00:00:00 GMT"), Some(-11_644_473_600_000));
        assert_eq!(parse(b"29 Feb 2000 00:00:00"), Some(951_782_400_000));
        assert_eq!(parse(b"1 Jan 70 00:00:00"), Some(0));
        assert_eq!(parse(b"1 Jan 69 00:00:00"), Some(3_124_224_000_000));
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "0",
            "-1",
            "Thu",
            "06 Nov 1994",
            "06 Nov 08:49:37",
            "32 Jan 2020 00:00:00",
            "00 Jan 2020 00:00:00",
            "30 Feb 2020 00:00:00",
            "29 Feb 1900 00:00:00",
            "1 Jan 1600 00:00:00",
            "1 Jan 2020 24:00:00",
            "1 Jan 2020 00:60:00",
            "1 Jan 2020 00:00:60",
            "1 Jan 20200 00:00:00",
            "1 Jax 2020 00:00:00",
            "1 Jan 2020 00:00",
            "1 Jan 2020 000:00:00",
            "\u{ff}\u{fe}",
        ] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
    }
}
