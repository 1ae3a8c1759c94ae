//! Days and moments, in UTC and in New York.

const DAY: i64 = 86_400;

/// The days from 1970-01-01 to a date (Howard Hinnant's `days_from_civil`).
pub fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month and day.
pub fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted - era * 146_097;
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

pub fn date(days: i64) -> String {
    let (year, month, day) = civil(days);
    format!("{year:04}-{month:02}-{day:02}")
}

/// 0 is Monday.
fn weekday(days: i64) -> i64 {
    (days + 3).rem_euclid(7)
}

/// Whether the exchange is open on that day. Of the holidays it knows those of 2026, all that tests need.
pub fn is_trading_day(days: i64) -> bool {
    const HOLIDAYS: [&str; 10] = [
        "2026-01-01",
        "2026-01-19",
        "2026-02-16",
        "2026-04-03",
        "2026-05-25",
        "2026-06-19",
        "2026-07-03",
        "2026-09-07",
        "2026-11-26",
        "2026-12-25",
    ];
    weekday(days) < 5 && !HOLIDAYS.contains(&date(days).as_str())
}

/// By how many seconds New York is behind UTC: summer time is from March's second Sunday to November's first.
pub fn new_york_offset(day: i64) -> i64 {
    let (year, ..) = civil(day);
    let sunday_from = |first: i64| first + (6 - weekday(first)).rem_euclid(7);
    let summer = sunday_from(days(year, 3, 8))..sunday_from(days(year, 11, 1));
    if summer.contains(&day) { 4 * 3_600 } else { 5 * 3_600 }
}

/// A moment in nanoseconds since 1970.
pub type Moment = i128;
pub const SECOND: Moment = 1_000_000_000;

/// A time of a day in New York.
pub fn in_new_york(day: i64, hour: i64, minute: i64) -> Moment {
    Moment::from(day * DAY + hour * 3_600 + minute * 60 + new_york_offset(day)) * SECOND
}

fn clock(seconds: i64) -> String {
    let of_day = seconds.rem_euclid(DAY);
    let day = date(seconds.div_euclid(DAY));
    format!("{day}T{:02}:{:02}:{:02}", of_day / 3_600, of_day / 60 % 60, of_day % 60)
}

fn fraction(moment: Moment) -> String {
    let text = format!("{:09}", moment.rem_euclid(SECOND));
    let text = text.trim_end_matches('0');
    if text.is_empty() { String::new() } else { format!(".{text}") }
}

/// RFC 3339 in UTC.
pub fn utc(moment: Moment) -> String {
    format!("{}{}Z", clock(moment.div_euclid(SECOND) as i64), fraction(moment))
}

/// RFC 3339 with New York's offset.
pub fn new_york(moment: Moment) -> String {
    let seconds = moment.div_euclid(SECOND) as i64;
    let offset = new_york_offset(seconds.div_euclid(DAY));
    format!("{}{}-{:02}:00", clock(seconds - offset), fraction(moment), offset / 3_600)
}

/// RFC 3339, or a date alone, which is midnight UTC.
pub fn parse(text: &str) -> Option<Moment> {
    let number = |range: std::ops::Range<usize>| text.get(range)?.parse::<i64>().ok();
    let separators = text.get(4..5)? == "-" && text.get(7..8)? == "-";
    let day = days(number(0..4)?, number(5..7)?, number(8..10)?);
    if !separators || date(day) != text[..10] {
        return None;
    }
    if text.len() == 10 {
        return Some(Moment::from(day * DAY) * SECOND);
    }
    let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
    let rest = text.get(19..)?;
    let at = rest.find(['Z', '+', '-'])?;
    let (places, zone) = rest.split_at(at);
    let nanos = match places.strip_prefix('.') {
        Some(digits) if digits.len() <= 9 => format!("{digits:0<9}").parse::<Moment>().ok()?,
        Some(_) => return None,
        None if places.is_empty() => 0,
        None => return None,
    };
    let offset = match (zone.get(..1)?, zone.get(1..3), zone.get(4..6)) {
        ("Z", None, None) => 0,
        (sign, Some(hours), Some(minutes)) => {
            let offset = hours.parse::<i64>().ok()? * 3_600 + minutes.parse::<i64>().ok()? * 60;
            if sign == "+" { offset } else { -offset }
        }
        _ => return None,
    };
    Some(Moment::from(day * DAY + hour * 3_600 + minute * 60 + second - offset) * SECOND + nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_moments() {
        assert_eq!(days(1970, 1, 1), 0);
        for day in [-1, 0, 59, 11_016, 20_514, 20_515] {
            let (year, month, of_month) = civil(day);
            assert_eq!(days(year, month, of_month), day);
        }
        let monday = days(2026, 3, 2);
        assert_eq!(weekday(monday), 0);
        let ten = in_new_york(monday, 10, 0);
        assert_eq!(utc(ten), "2026-03-02T15:00:00Z");
        assert_eq!(new_york(ten + SECOND / 1_000), "2026-03-02T10:00:00.001-05:00");
        assert_eq!(parse("2026-03-02T10:00:00.001-05:00"), Some(ten + SECOND / 1_000));
        assert_eq!(parse("2026-03-02"), Some(Moment::from(monday) * 86_400 * SECOND));
        for text in ["", "2026-02-30", "2026-03-02T", "yesterday", "2026-03-02T10:00:00"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn summer_and_holidays() {
        assert_eq!(new_york_offset(days(2026, 3, 7)), 18_000);
        assert_eq!(new_york_offset(days(2026, 3, 8)), 14_400);
        assert_eq!(new_york_offset(days(2026, 10, 31)), 14_400);
        assert_eq!(new_york_offset(days(2026, 11, 1)), 18_000);
        assert!(!is_trading_day(days(2026, 7, 3)) && !is_trading_day(days(2026, 3, 1)));
        assert!(is_trading_day(days(2026, 7, 2)));
    }
}
