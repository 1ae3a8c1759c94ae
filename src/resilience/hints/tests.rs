use super::*;
use crate::http::headers::HeadLimits;

const DATE: (&str, &str) = ("Date", "Tue, 21 Mar 2023 15:13:00 GMT");
/// What `DATE` is, in seconds since 1970, and a local clock that is an hour ahead of it.
const THEN: u64 = 1_679_411_580;
const HOUR_AHEAD: i64 = (THEN as i64 + 3_600) * 1_000_000_000;

fn block(fields: &[(&str, &str)]) -> HeaderBlock {
    let mut block = HeaderBlock::default();
    for (name, value) in fields {
        block.push_line(format!("{name}: {value}").as_bytes(), HeadLimits { bytes: 65_536, fields: 100 }).unwrap();
    }
    block
}

fn after(values: &[&str]) -> Option<Duration> {
    let fields: Vec<_> = values.iter().map(|value| ("Retry-After", *value)).chain([DATE]).collect();
    retry_after(&block(&fields), HOUR_AHEAD)
}

fn windows(fields: &[(&str, &str)]) -> Vec<Window> {
    read(&block(&[fields, &[DATE]].concat()), HOUR_AHEAD, &Names::default()).windows
}

fn seconds(seconds: u64) -> Option<Duration> {
    Some(Duration::from_secs(seconds))
}

#[test]
fn retry_after_is_strict() {
    for bad in ["1.5", "-5", "abc", "", "5, 10", "+5", "5s", "0x5", "1e3", "5 10", "٣", "Tue, 21 Mar 2023 15:13:05"] {
        assert_eq!(after(&[bad]), None, "{bad:?}");
    }
    assert_eq!(after(&["2"]), seconds(2));
    assert_eq!(after(&["0"]), seconds(0));
    assert_eq!(after(&["007"]), seconds(7));
    assert_eq!(after(&["99999999999999999999999"]), Some(LONGEST));
    assert_eq!(after(&[]), None);
}

#[test]
fn the_longest_of_several_lines_counts_and_malformed_ones_do_not() {
    assert_eq!(after(&["5", "10"]), seconds(10));
    assert_eq!(after(&["10", "5", "abc"]), seconds(10));
    assert_eq!(after(&["5", "Tue, 21 Mar 2023 15:13:30 GMT"]), seconds(30));
}

#[test]
fn dates_are_distances_from_the_responses_own() {
    for written in ["Tue, 21 Mar 2023 15:13:20 GMT", "Tuesday, 21-Mar-23 15:13:20 GMT", "Tue Mar 21 15:13:20 2023"] {
        assert_eq!(after(&[written]), seconds(20), "{written}");
    }
    assert_eq!(after(&["Tue, 21 Mar 2023 15:12:59 GMT"]), seconds(0));
    // Without one, or with none that can be read, the local clock has to do.
    let field = ("Retry-After", "Tue, 21 Mar 2023 16:13:07 GMT");
    for fields in [vec![field], vec![field, ("Date", "yesterday")]] {
        assert_eq!(retry_after(&block(&fields), HOUR_AHEAD), seconds(7));
    }
}

#[test]
fn resets_of_all_formats() {
    let reset = |format, value: &str| {
        let names = Names { format, ..Names::default() };
        let fields = block(&[("x-ratelimit-remaining", "1"), ("x-ratelimit-reset", value), DATE]);
        read(&fields, HOUR_AHEAD, &names).windows.first().map(|window| window.reset)
    };
    use ResetFormat::*;
    for (format, value, expected) in [
        (Auto, "1679411617", seconds(37)),
        (Auto, "1679411617000", seconds(37)),
        (Auto, "30", seconds(30)),
        (Auto, "2018-03-13T00:00:00Z", None),
        (Auto, "1000000000", seconds(1_000_000_000)),
        (Auto, "1679411570", seconds(0)),
        (Auto, "-30", None),
        (Auto, "30.5", None),
        (Auto, "99999999999999999999", None),
        (EpochSeconds, "1679411617", seconds(37)),
        (EpochSeconds, "30", seconds(0)),
        (EpochMilliseconds, "1679411580250", Some(Duration::from_millis(250))),
        (DeltaSeconds, "1679411617", seconds(1_679_411_617)),
        (DeltaMilliseconds, "1500", Some(Duration::from_millis(1_500))),
        (DeltaSeconds, "18446744073709551615", Some(LONGEST)),
        (DeltaMilliseconds, "18446744073709551615", Some(LONGEST)),
        (EpochSeconds, "18446744073709551615", Some(LONGEST)),
        (Timestamp, "2023-03-21T15:13:09Z", seconds(9)),
        (Timestamp, "2023-03-21T16:13:09+01:00", seconds(9)),
        (Timestamp, "2023-03-21t05:43:09.250-09:30", Some(Duration::from_millis(9_250))),
        (Timestamp, "2018-03-13T00:00:00Z", seconds(0)),
        (Timestamp, "2024-02-29T00:00:00Z", seconds(1_709_164_800 - THEN)),
        (Timestamp, "2023-02-29T00:00:00Z", None),
        (Timestamp, "2023-03-21T24:13:09Z", None),
        (Timestamp, "2023-13-21T15:13:09Z", None),
        (Timestamp, "2023-03-21 15:13:09Z", None),
        (Timestamp, "2023-03-21T15:13:09", None),
        (Timestamp, "2023-03-21T15:13:09.Z", None),
        (Timestamp, "2023-03-21T15:13:09+1:00", None),
        (Timestamp, "30", None),
    ] {
        assert_eq!(reset(format, value), expected, "{format:?} {value}");
    }
}

/// What a forum's sample of Alpaca's has.
#[test]
fn three_numbers() {
    let found =
        windows(&[("X-RateLimit-Limit", "200"), ("X-RateLimit-Remaining", "195"), ("X-RateLimit-Reset", "1679411617")]);
    let reset = Duration::from_secs(37);
    assert_eq!(found, [Window { policy: 0, limit: Some(200), remaining: 195, reset }]);
    let lines = [("x-ratelimit-remaining", "9"), ("X-RATELIMIT-REMAINING", "4"), ("x-ratelimit-reset", "37")];
    assert_eq!(windows(&lines), [Window { policy: 0, limit: None, remaining: 4, reset }]);
    for incomplete in [&lines[..2], &lines[2..], &[("X-RateLimit-Remaining", "none"), ("X-RateLimit-Reset", "5")]] {
        assert_eq!(windows(incomplete), []);
    }
}

#[test]
fn names_are_the_callers() {
    let names = Names { remaining: "X-Left".into(), reset: "X-Until".into(), ..Names::default() };
    let fields =
        block(&[("x-left", "1"), ("x-until", "5"), ("X-RateLimit-Remaining", "0"), ("X-RateLimit-Reset", "9")]);
    let found = read(&fields, 0, &names).windows;
    assert_eq!((found[0].remaining, found[0].reset), (1, Duration::from_secs(5)));
}

#[test]
fn structured_fields() {
    let found = windows(&[
        ("RateLimit-Policy", r#""burst";q=100;w=60, "daily";q=1000;w=86400"#),
        ("RateLimit", r#""burst";r=50;t=30"#),
        ("RateLimit", r#""daily";r=0;t=40"#),
    ]);
    let facts: Vec<_> = found.iter().map(|one| (one.limit, one.remaining, one.reset.as_secs())).collect();
    assert_eq!(facts, [(Some(100), 50, 30), (Some(1_000), 0, 40)]);
    assert_ne!(found[0].policy, found[1].policy);
    let one = |value: &str| windows(&[("RateLimit", value)]).len();
    assert_eq!(one(r#""d";r=0;t=10"#), 1);
    assert_eq!(one(r#""d";r=0;t=10;pk=:cHI=:, "d";r=0;t=10;pk=:cHJ=:, "e";r=1"#), 2);
    for malformed in [
        r#"d;r=0;t=10"#,
        r#""d";r=-1;t=10"#,
        r#""d";r=0.5;t=10"#,
        r#""d";r="0";t=10"#,
        r#""d";r=0;t=10,"#,
        r#""d;r=0"#,
        r#"("d");r=0;t=10"#,
        r#""d";r;t=10"#,
        "limit=1, remaining=0, reset=5",
        "",
        "\u{fc}",
    ] {
        assert_eq!(one(malformed), 0, "{malformed}");
    }
    assert_eq!(one(&vec![r#""d";r=0;t=10"#; 20].join(",")), MOST);
    assert_eq!(one(&format!("\"{}\";r=0;t=10", "d".repeat(5_000))), 0);
}

const MOST: usize = 8;

#[test]
fn quotas_of_other_things_than_requests_are_not_ours() {
    for (unit, expected) in [("requests", 1), ("content-bytes", 0), ("concurrent-requests", 0)] {
        let policy = format!(r#""d";q=10;w=5;qu="{unit}""#);
        assert_eq!(
            windows(&[("RateLimit-Policy", &policy), ("RateLimit", r#""d";r=0;t=5"#)]).len(),
            expected,
            "{unit}"
        );
    }
}

#[test]
fn the_first_source_that_says_anything_counts() {
    let theirs = [("X-RateLimit-Remaining", "1"), ("X-RateLimit-Reset", "11")];
    let older = [("RateLimit-Remaining", "2"), ("RateLimit-Reset", "12"), ("RateLimit-Limit", "100, 100;w=60")];
    let newer = [("RateLimit", r#""d";r=3;t=13"#)];
    let broken = [("RateLimit", r#""d";r=three"#)];
    let remaining = |fields: &[&[(&str, &str)]]| windows(&fields.concat())[0].remaining;
    assert_eq!(remaining(&[&theirs, &older, &newer]), 3);
    assert_eq!(remaining(&[&theirs, &older, &broken]), 2);
    assert_eq!(remaining(&[&theirs, &broken]), 1);
}

#[test]
fn retry_after_matters_where_a_repetition_is_meant() {
    assert!([429, 503, 500, 408].into_iter().all(may_hold));
    assert!(![200, 202, 301, 404, 501].into_iter().any(may_hold));
}

#[test]
fn nobody_means_more_than_a_century() {
    let ages = windows(&[("RateLimit", r#""burst";r=0;t=500167941161"#)]);
    assert_eq!(ages[0].reset, super::LONGEST);
}
