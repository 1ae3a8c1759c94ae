//! A jar of cookies and a script for it, a line each: `@URL` goes to a URL, `?URL` asks what would be sent there, `=…` is
//! a line of a `cookies.txt`, and all else is a `Set-Cookie` of the last `@URL`.
//!
//! Each cookie that is sent must have a line that allows it, by rules that are written down here a second time.

#![no_main]

use http_sentinel::fuzzing::{Jar, Url};
use libfuzzer_sys::fuzz_target;

/// A line that was accepted: what it may be sent as, and where to.
struct Grant {
    pair: Vec<u8>,
    host: String,
    /// Hosts below it, too.
    below: bool,
    path: Vec<u8>,
    secure: bool,
}

fuzz_target!(|data: &[u8]| {
    let (jar, mut at, mut grants) = (Jar::default(), None, Vec::new());
    for line in data.split(|&byte| byte == b'\n') {
        match line.split_first() {
            Some((b'@', url)) => at = Url::parse(url).ok().map(|parsed| parsed.url),
            Some((b'?', url)) => {
                if let Ok(parsed) = Url::parse(url) {
                    ask(&jar, &parsed.url, &grants);
                }
            }
            Some((b'=', line)) => match jar.import(line) {
                Ok(()) => grants.extend(imported(line)),
                Err(error) => is_clean(&error.to_string()),
            },
            _ => {
                let Some(url) = &at else { continue };
                match jar.set(url, line) {
                    Ok(()) => grants.push(set(url, line)),
                    Err(error) => is_clean(&error.to_string()),
                }
            }
        }
    }
    assert!(jar.count() <= 3_000);
    if let Some(url) = &at {
        ask(&jar, url, &grants);
    }
    goes_round(&jar);
});

fn is_clean(message: &str) {
    assert!(!message.chars().any(char::is_control), "{message:?}");
}

fn ask(jar: &Jar, url: &Url, grants: &[Grant]) {
    let header = jar.header(url);
    assert!(header.len() <= 180 * 4_099);
    assert!(header.iter().all(|&byte| byte == b'\t' || byte >= b' ' && byte != 0x7f), "a control byte is sent");
    if header.is_empty() {
        return;
    }
    for pair in header.split(|&byte| byte == b';') {
        let allowed = grants.iter().any(|grant| grant.pair == trim(pair) && grant.allows(url));
        assert!(allowed, "{} goes to {}", pair.escape_ascii(), url.as_str());
    }
}

impl Grant {
    fn allows(&self, url: &Url) -> bool {
        let host = url.host();
        let below = self.below
            && url.address().is_none()
            && !["com", "net", "org", "co.uk", "github.io"].contains(&&*self.host)
            && self.host.contains('.')
            && host.len() > self.host.len()
            && host.ends_with(&self.host)
            && host.as_bytes()[host.len() - self.host.len() - 1] == b'.';
        let path = url.path().as_bytes();
        let path_fits = path.starts_with(&self.path)
            && (path.len() == self.path.len()
                || self.path.last() == Some(&b'/')
                || path.get(self.path.len()) == Some(&b'/'));
        (host == self.host || below) && path_fits && (!self.secure || url.is_secure())
    }
}

/// What a `Set-Cookie` line of that URL allows.
fn set(url: &Url, line: &[u8]) -> Grant {
    let mut parts = line.split(|&byte| byte == b';');
    let pair = pair_of(parts.next().unwrap_or_default());
    let directory = url.path().rfind('/').filter(|&at| at > 0).map_or("/", |at| &url.path()[..at]);
    let mut grant =
        Grant { pair, host: url.host().to_owned(), below: false, path: directory.as_bytes().to_vec(), secure: false };
    let mut domain = Vec::new();
    for part in parts {
        let (name, value) = match part.iter().position(|&byte| byte == b'=') {
            Some(at) => (trim(&part[..at]), trim(&part[at + 1..])),
            None => (trim(part), &b""[..]),
        };
        if value.len() > 1_024 {
            continue;
        }
        match name.to_ascii_lowercase().as_slice() {
            b"secure" => grant.secure = true,
            b"path" if value.first() == Some(&b'/') => grant.path = value.to_vec(),
            b"path" => grant.path = directory.as_bytes().to_vec(),
            b"domain" => {
                domain = value.strip_prefix(b".").unwrap_or(value).to_ascii_lowercase();
            }
            _ => {}
        }
    }
    if !domain.is_empty() {
        (grant.host, grant.below) = (String::from_utf8(domain).unwrap(), true);
    }
    // The host must itself be within what it names.
    let host = url.host();
    assert!(host == grant.host || host.ends_with(&format!(".{}", grant.host)) && url.address().is_none());
    grant
}

/// What a line of a `cookies.txt` allows; none where it is a comment.
fn imported(line: &[u8]) -> Option<Grant> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let line = line.strip_prefix(b"#HttpOnly_").unwrap_or(line);
    if line.is_empty() || line[0] == b'#' {
        return None;
    }
    let columns: Vec<&[u8]> = line.split(|&byte| byte == b'\t').collect();
    let host = std::str::from_utf8(columns[0].strip_prefix(b".").unwrap_or(columns[0])).unwrap();
    let value = columns.get(6).copied().unwrap_or_default();
    let pair = if columns[5].is_empty() { value.to_vec() } else { [columns[5], b"=", value].concat() };
    Some(Grant {
        pair: trim(&pair).to_vec(),
        host: url::Host::parse(host).unwrap().to_string(),
        below: columns[1].eq_ignore_ascii_case(b"TRUE"),
        path: columns[2].to_vec(),
        secure: columns[3].eq_ignore_ascii_case(b"TRUE"),
    })
}

/// As it is sent.
fn pair_of(text: &[u8]) -> Vec<u8> {
    match text.iter().position(|&byte| byte == b'=') {
        Some(at) if !trim(&text[..at]).is_empty() => [trim(&text[..at]), b"=", trim(&text[at + 1..])].concat(),
        Some(at) => trim(&text[at + 1..]).to_vec(),
        None => trim(text).to_vec(),
    }
}

fn trim(text: &[u8]) -> &[u8] {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let start = text.iter().position(|byte| !blank(byte)).unwrap_or(text.len());
    let end = text.iter().rposition(|byte| !blank(byte)).map_or(start, |at| at + 1);
    &text[start..end]
}

/// What one jar exports, another takes in and exports alike; what may expire meanwhile does not count.
fn goes_round(jar: &Jar) {
    let text = jar.export();
    let copy = Jar::default();
    copy.import(&text).expect("an export can be imported");
    let lasting = |text: Vec<u8>| -> Vec<Vec<u8>> {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        let lasts = |line: &&[u8]| match line.split(|&byte| byte == b'\t').nth(4) {
            Some(b"0") | None => true,
            Some(expires) => std::str::from_utf8(expires).unwrap().parse::<u64>().unwrap() > now + 60,
        };
        text.split(|&byte| byte == b'\n').filter(lasts).map(<[u8]>::to_vec).collect()
    };
    assert_eq!(lasting(text), lasting(copy.export()));
}
