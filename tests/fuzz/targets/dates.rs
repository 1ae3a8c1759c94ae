//! Dates of cookies, beside another reader of dates and a calendar of its own.

#![no_main]

use http_sentinel::fuzzing::cookie_date;
use libfuzzer_sys::fuzz_target;
use std::time::UNIX_EPOCH;

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

fuzz_target!(|data: &[u8]| {
    let read = cookie_date(data);
    if let Some(at) = read {
        // From 1601 to 9999, whole seconds.
        assert!((-11_644_473_600_000..=253_402_300_799_000).contains(&at) && at % 1_000 == 0, "{at}");
        let shown = shown(at / 1_000);
        assert_eq!(cookie_date(shown.as_bytes()), read, "{shown}");
        if at >= 0 {
            let other = httpdate::parse_http_date(&weekday_before(&shown, at / 1_000)).expect("it is a date");
            assert_eq!(other.duration_since(UNIX_EPOCH).unwrap().as_millis() as i64, at, "{shown}");
        }
    }
    // What is a date of HTTP as it should be written is one of cookies.
    let text = String::from_utf8_lossy(data);
    if let Some(other) = httpdate::parse_http_date(&text).ok().filter(|&other| httpdate::fmt_http_date(other) == text) {
        assert_eq!(read, Some(other.duration_since(UNIX_EPOCH).unwrap().as_millis() as i64), "{text:?}");
    }
});

/// Counted day by day, so that it shares no formula with what it checks.
fn shown(seconds: i64) -> String {
    let (mut days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let mut year = 1970;
    while days < 0 {
        year -= 1;
        days += if leap(year) { 366 } else { 365 };
    }
    while days >= if leap(year) { 366 } else { 365 } {
        days -= if leap(year) { 366 } else { 365 };
        year += 1;
    }
    let lengths = [31, if leap(year) { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 0;
    while days >= lengths[month] {
        days -= lengths[month];
        month += 1;
    }
    let (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60);
    format!("{:02} {} {year:04} {hour:02}:{minute:02}:{second:02} GMT", days + 1, MONTHS[month])
}

fn weekday_before(date: &str, seconds: i64) -> String {
    let day = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"][(seconds / 86_400 % 7) as usize];
    format!("{day}, {date}")
}
