//! Response heads: the first two bytes are the limits, and then come the lines as they were received.

#![no_main]

use http_sentinel::fuzzing::{Head, HeadLimits, codings, content_range, decimal, framing};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&[bytes, fields], text)) = data.split_first_chunk::<2>() else { return };
    let limits = HeadLimits { bytes: usize::from(bytes) * 16, fields: usize::from(fields % 32) };
    let mut head = Head { status: 200, ..Head::default() };
    let mut kept: Vec<(&[u8], &[u8])> = Vec::new();
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        match head.headers.push_line(line, limits) {
            Ok(()) => kept.push(field(line)),
            Err(error) => assert!(!error.to_string().chars().any(char::is_control), "{error:?}"),
        }
    }
    let all: Vec<_> = head.headers.iter().collect();
    assert_eq!(all, kept);
    assert!(all.len() <= limits.fields);
    assert!(all.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>() <= limits.bytes);
    for (name, value) in &all {
        let token = |&byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        assert!(!name.is_empty() && name.iter().all(token), "{}", name.escape_ascii());
        assert!(!value.iter().any(|byte| b"\0\r\n".contains(byte)), "{}", value.escape_ascii());
        let same = all.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
        for (nth, (_, value)) in same.enumerate() {
            assert_eq!(head.headers.get(&name.to_ascii_uppercase(), nth), Some(*value));
        }
    }
    reads_alike(&head);
});

/// Name and value of a line that was taken.
fn field(line: &[u8]) -> (&[u8], &[u8]) {
    let colon = line.iter().position(|&byte| byte == b':').expect("what has no colon is no field");
    let blank = |byte: &u8| b" \t\r\n".contains(byte);
    let mut value = &line[colon + 1..];
    while value.first().is_some_and(blank) {
        value = &value[1..];
    }
    while value.last().is_some_and(blank) {
        value = &value[..value.len() - 1];
    }
    (&line[..colon], value)
}

/// What a head says of its body, read a second time.
fn reads_alike(head: &Head) {
    let values = |name: &[u8]| -> Vec<Vec<u8>> {
        let fields = head.headers.iter().filter(|(found, _)| found.eq_ignore_ascii_case(name));
        fields.flat_map(|(_, value)| value.split(|&byte| byte == b',')).map(|one| one.trim_ascii().to_vec()).collect()
    };
    if framing::check(head, false).is_ok() {
        let lengths = values(b"content-length");
        let numbers: Vec<u64> = lengths.iter().map(|one| decimal(one).expect("a length is a number")).collect();
        assert!(numbers.windows(2).all(|two| two[0] == two[1]), "{numbers:?}");
        let coded = values(b"transfer-encoding").iter().any(|one| one.eq_ignore_ascii_case(b"chunked"));
        assert!(!coded || numbers.is_empty(), "both a length and chunks");
    }
    if let Ok(found) = codings(&head.headers) {
        assert!(found.len() <= 3);
    }
    if let Some((first, whole)) = content_range(&head.headers) {
        let value = head.headers.get(b"content-range", 0).unwrap();
        assert!(value[..6].eq_ignore_ascii_case(b"bytes "), "{}", value.escape_ascii());
        assert!(first.zip(whole).is_none_or(|(first, whole)| first < whole), "{first:?} of {whole:?}");
    }
}
