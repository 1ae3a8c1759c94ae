//! One `Set-Cookie` line taken apart: RFC 6265bis, section 5.6.

use super::date;

/// Name and value together, and one attribute.
pub(super) const LONGEST_PAIR: usize = 4096;
const LONGEST_ATTRIBUTE: usize = 1024;
/// No cookie lives longer.
pub(super) const LONGEST_LIFE_MS: i64 = 400 * 86_400 * 1_000;
/// Long ago.
const NEVER: i64 = i64::MIN;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SameSite {
    #[default]
    Unsaid,
    None,
    Lax,
    Strict,
}

/// What a line says, before anything is known of who said it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    pub name: Vec<u8>,
    pub value: Vec<u8>,
    /// In lower case, without a leading dot; empty where the line names none.
    pub domain: Vec<u8>,
    /// `None`: that of the request.
    pub path: Option<Vec<u8>>,
    pub secure: bool,
    pub http_only: bool,
    pub same_site: SameSite,
    /// Milliseconds since 1970; `None` for as long as the jar lives.
    pub expires: Option<i64>,
}

/// Reads a line; the error says why it is ignored.
pub fn parse(line: &[u8], now: i64) -> Result<Line, &'static str> {
    if line.iter().any(|&byte| matches!(byte, 0x00..=0x08 | 0x0A..=0x1F | 0x7F)) {
        return Err("it has a control character");
    }
    let mut parts = line.split(|&byte| byte == b';');
    let pair = parts.next().unwrap_or_default();
    let (name, value) = split(pair).unwrap_or((b"", trim(pair)));
    if name.is_empty() && value.is_empty() {
        return Err("it has neither name nor value");
    }
    if name.len() + value.len() > LONGEST_PAIR {
        return Err("name and value are longer than 4096 bytes");
    }
    let mut parsed = Line { name: name.to_vec(), value: value.to_vec(), ..Line::default() };
    let (mut expires, mut max_age) = (None, None);
    for part in parts {
        let (name, value) = split(part).unwrap_or((trim(part), b""));
        if value.len() > LONGEST_ATTRIBUTE {
            continue;
        }
        match name.to_ascii_lowercase().as_slice() {
            b"expires" => expires = date::parse(value).or(expires),
            b"max-age" => max_age = seconds(value).or(max_age),
            b"domain" => parsed.domain = value.strip_prefix(b".").unwrap_or(value).to_ascii_lowercase(),
            b"path" => parsed.path = value.starts_with(b"/").then(|| value.to_vec()),
            b"secure" => parsed.secure = true,
            b"httponly" => parsed.http_only = true,
            b"samesite" => parsed.same_site = same_site(value),
            _ => {}
        }
    }
    let latest = now.saturating_add(LONGEST_LIFE_MS);
    parsed.expires = match max_age {
        Some(seconds) if seconds <= 0 => Some(NEVER),
        Some(seconds) => Some(now.saturating_add(seconds.saturating_mul(1_000)).min(latest)),
        None => expires.map(|at| at.min(latest)),
    };
    Ok(parsed)
}

/// Name and value around the first `=`.
fn split(part: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = part.iter().position(|&byte| byte == b'=')?;
    Some((trim(&part[..at]), trim(&part[at + 1..])))
}

fn trim(text: &[u8]) -> &[u8] {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let start = text.iter().position(|byte| !blank(byte)).unwrap_or(text.len());
    let end = text.iter().rposition(|byte| !blank(byte)).map_or(start, |at| at + 1);
    &text[start..end]
}

/// A number too large to be one is as good as for ever.
fn seconds(value: &[u8]) -> Option<i64> {
    let (negative, digits) = value.strip_prefix(b"-").map_or((false, value), |digits| (true, digits));
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let size =
        digits.iter().fold(0i64, |value, digit| value.saturating_mul(10).saturating_add(i64::from(digit - b'0')));
    Some(if negative { -size } else { size })
}

fn same_site(value: &[u8]) -> SameSite {
    match value.to_ascii_lowercase().as_slice() {
        b"none" => SameSite::None,
        b"lax" => SameSite::Lax,
        b"strict" => SameSite::Strict,
        _ => SameSite::Unsaid,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_000_000_000_000;

    fn parsed(line: &str) -> Line {
        parse(line.as_bytes(), NOW).unwrap()
    }

    fn pair(line: &str) -> (String, String) {
        let Line { name, value, .. } = parsed(line);
        (String::from_utf8(name).unwrap(), String::from_utf8(value).unwrap())
    }

    #[test]
    fn names_and_values() {
        for (line, name, value) in [
            ("a=b", "a", "b"),
            (" a \t=\t b c ; x", "a", "b c"),
            ("a=", "a", ""),
            ("a=b=c", "a", "b=c"),
            ("a=\"b; c\"", "a", "\"b"),
            ("=b", "", "b"),
            ("b", "", "b"),
            ("==b", "", "=b"),
            ("a=\tb\tc", "a", "b\tc"),
            ("a=\u{e9}", "a", "\u{e9}"),
        ] {
            assert_eq!(pair(line), (name.to_owned(), value.to_owned()), "{line:?}");
        }
    }

    #[test]
    fn what_is_ignored_as_a_whole() {
        for line in ["", "=", ";a=b", "  =  ; Path=/", "a=b\0", "a\x07=b", "a=b; Path=/\r\n", "a=b; x=\x7f"] {
            assert!(parse(line.as_bytes(), NOW).is_err(), "{line:?}");
        }
        let just = format!("n={}", "v".repeat(LONGEST_PAIR - 1));
        assert!(parse(just.as_bytes(), NOW).is_ok());
        assert!(parse(format!("{just}v").as_bytes(), NOW).is_err());
    }

    #[test]
    fn attributes_in_any_case_and_the_last_one_counts() {
        let line = parsed("a=b; PATH=/x; domain=.Example.COM ;Secure=no; HTTPONLY; SameSite=LAX; path=/y; odd; =");
        assert_eq!(line.path.as_deref(), Some(&b"/y"[..]));
        assert_eq!(line.domain, b"example.com");
        assert!(line.secure && line.http_only);
        assert_eq!(line.same_site, SameSite::Lax);
        assert_eq!(parsed("a=b; Path=/x; Path=y").path, None);
        assert_eq!(parsed("a=b; Domain=x; Domain=").domain, b"");
        assert_eq!(parsed("a=b; SameSite=Strict; SameSite=what").same_site, SameSite::Unsaid);
        let long = format!("a=b; Path=/x; Path=/{}", "y".repeat(LONGEST_ATTRIBUTE));
        assert_eq!(parsed(&long).path.as_deref(), Some(&b"/x"[..]));
    }

    #[test]
    fn how_long_it_lives() {
        for (attributes, expires) in [
            ("", None),
            ("Max-Age=10", Some(NOW + 10_000)),
            ("Max-Age=0", Some(NEVER)),
            ("Max-Age=-5", Some(NEVER)),
            ("Max-Age=10; Expires=Thu, 01 Jan 1970 00:00:00 GMT", Some(NOW + 10_000)),
            ("Expires=Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
            ("Expires=Fri, 31 Dec 9999 23:59:59 GMT", Some(NOW + LONGEST_LIFE_MS)),
            ("Max-Age=99999999999999999999999", Some(NOW + LONGEST_LIFE_MS)),
            ("Max-Age=ten", None),
            ("Max-Age=1e3", None),
            ("Max-Age=", None),
            ("Max-Age=-", None),
            ("Max-Age=+1", None),
            ("Expires=tomorrow", None),
            ("Expires=Thu, 01 Jan 1970 00:00:00 GMT; Expires=tomorrow", Some(0)),
        ] {
            assert_eq!(parsed(&format!("a=b; {attributes}")).expires, expires, "{attributes}");
        }
    }
}
