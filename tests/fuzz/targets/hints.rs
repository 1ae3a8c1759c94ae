//! What servers say about when to come again: the first byte chooses how resets are written, and then come fields, a line
//! each.

#![no_main]

use http_sentinel::fuzzing::hints::{self, Names, ResetFormat};
use libfuzzer_sys::fuzz_target;
use std::time::Duration;

const WALL: i64 = 1_700_000_000_000_000_000;
const CENTURY: Duration = Duration::from_secs(100 * 366 * 86_400);

fuzz_target!(|data: &[u8]| {
    let Some((&first, text)) = data.split_first() else { return };
    let formats = [
        ResetFormat::Auto,
        ResetFormat::EpochSeconds,
        ResetFormat::EpochMilliseconds,
        ResetFormat::DeltaSeconds,
        ResetFormat::DeltaMilliseconds,
        ResetFormat::Timestamp,
    ];
    let names = Names { format: formats[usize::from(first) % formats.len()], ..Names::default() };
    let mut fields: Vec<(&[u8], &[u8])> = Vec::new();
    for line in text.split(|&byte| byte == b'\n') {
        if let Some(colon) = line.iter().position(|&byte| byte == b':') {
            fields.push((&line[..colon], &line[colon + 1..]));
        }
    }
    let found = hints::read(&fields[..], WALL, &names);
    assert!(found.retry_after.is_none_or(|wait| wait <= CENTURY), "{found:?}");
    assert!(found.windows.iter().all(|window| window.reset <= CENTURY), "{found:?}");
    assert_eq!(found.retry_after, hints::retry_after(&fields[..], WALL));

    // Where nothing has digits nobody names a time.
    if !text.iter().any(u8::is_ascii_digit) {
        assert!(found.retry_after.is_none() && found.windows.is_empty(), "{found:?}");
    }
    // Case is nothing in names, and other fields say nothing.
    let mut other: Vec<(Vec<u8>, &[u8])> =
        fields.iter().map(|(name, value)| (name.to_ascii_uppercase(), *value)).collect();
    other.push((b"X-Nothing".to_vec(), b"5"));
    let other: Vec<(&[u8], &[u8])> = other.iter().map(|(name, value)| (&name[..], *value)).collect();
    assert_eq!(hints::read(&other[..], WALL, &names), found);
    // One line more can only make the wait longer.
    fields.push((b"Retry-After", b"7"));
    let longer = hints::retry_after(&fields[..], WALL);
    assert_eq!(longer, found.retry_after.max(Some(Duration::from_secs(7))));
});
