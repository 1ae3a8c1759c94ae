//! Netscape's `cookies.txt`, which curl, wget and browsers' tools read and write: domain, whether hosts below it are
//! meant, path, secure, expiry in seconds (0: with the session), name, value. It does not know SameSite.

use super::line::{LONGEST_LIFE_MS, LONGEST_PAIR};
use super::place;
use super::store::Cookie;
use crate::error::{Error, quoted};
use crate::status::HS_ERR_INVALID_COOKIE;

const HTTP_ONLY: &[u8] = b"#HttpOnly_";

/// A cookie with a tab in it has no place in the format and is left out, as is that of a host that begins with a dot.
pub fn write(cookies: &[&Cookie]) -> Vec<u8> {
    let mut text = b"# Netscape HTTP Cookie File\n".to_vec();
    let yes_or_no = |yes: bool| if yes { &b"TRUE"[..] } else { b"FALSE" };
    for cookie in cookies {
        if [&cookie.name, &cookie.value, &cookie.path].iter().any(|part| part.contains(&b'\t'))
            || cookie.domain.starts_with('.')
        {
            continue;
        }
        if cookie.http_only {
            text.extend_from_slice(HTTP_ONLY);
        }
        if !cookie.host_only {
            text.push(b'.');
        }
        // Rounded up, as 0 has another meaning and a cookie that lives may live a second longer.
        let expires = cookie.expires.map_or(0, |at| (at.saturating_add(999) / 1_000).max(1)).to_string();
        let columns: [&[u8]; 7] = [
            cookie.domain.as_bytes(),
            yes_or_no(!cookie.host_only),
            &cookie.path,
            yes_or_no(cookie.secure),
            expires.as_bytes(),
            &cookie.name,
            &cookie.value,
        ];
        text.extend_from_slice(&columns.join(&b'\t'));
        text.push(b'\n');
    }
    text
}

/// The cookies of a text, and whether the domain of each is an address. What has expired is among them and takes its
/// older self out of a jar.
pub fn read(text: &[u8], now: i64) -> Result<Vec<(Cookie, bool)>, Error> {
    let mut cookies = Vec::new();
    for (index, line) in text.split(|&byte| byte == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let (http_only, line) = line.strip_prefix(HTTP_ONLY).map_or((false, line), |rest| (true, rest));
        if line.is_empty() || line.starts_with(b"#") {
            continue;
        }
        let cookie = cookie(line, http_only, now).map_err(|why| {
            Error::new(HS_ERR_INVALID_COOKIE, format!("line {} of the cookies is invalid: {why}", index + 1))
        })?;
        cookies.push(cookie);
    }
    Ok(cookies)
}

fn cookie(line: &[u8], http_only: bool, now: i64) -> Result<(Cookie, bool), String> {
    let columns: Vec<&[u8]> = line.split(|&byte| byte == b'\t').collect();
    // Some programs leave the tab before an empty value out.
    let [domain, below, path, secure, expires, name, value] = match *columns {
        [a, b, c, d, e, f] => [a, b, c, d, e, f, &b""[..]],
        [a, b, c, d, e, f, g] => [a, b, c, d, e, f, g],
        _ => return Err(format!("it has {} columns, not 7 with tabs between them", columns.len())),
    };
    let below = yes_or_no(below, "second")?;
    let secure = yes_or_no(secure, "fourth")?;
    let (domain, is_address) = host(domain.strip_prefix(b".").unwrap_or(domain))?;
    // Hosts below an address or a public suffix have nothing in common.
    let host_only = !below || is_address || place::is_public_suffix(&domain);
    if !path.starts_with(b"/") || path.len() > 1024 {
        return Err("its path does not begin with \"/\", or is too long".to_owned());
    }
    if name.len() + value.len() > LONGEST_PAIR || name.is_empty() && value.is_empty() {
        return Err(format!("name and value have {} bytes together", name.len() + value.len()));
    }
    let control = |byte: &u8| byte.is_ascii_control();
    if [path, name, value].iter().any(|part| part.iter().any(control)) {
        return Err("it has a control character".to_owned());
    }
    // A path may have one, where it is that of the request.
    if name.contains(&b';') || value.contains(&b';') || name.contains(&b'=') {
        return Err("its name or value could not have come from a server".to_owned());
    }
    let expires = match seconds(expires)? {
        0 => None,
        seconds => Some(seconds.saturating_mul(1_000).min(now.saturating_add(LONGEST_LIFE_MS))),
    };
    let (name, value, path) = (name.to_vec(), value.to_vec(), path.to_vec());
    let cookie = Cookie { name, value, domain, host_only, path, secure, http_only, expires, ..Cookie::default() };
    cookie.check()?;
    Ok((cookie, is_address))
}

fn yes_or_no(text: &[u8], column: &str) -> Result<bool, String> {
    match text.to_ascii_uppercase().as_slice() {
        b"TRUE" => Ok(true),
        b"FALSE" => Ok(false),
        _ => Err(format!("its {column} column is neither TRUE nor FALSE")),
    }
}

/// A host as URLs have it, and whether it is an address.
fn host(text: &[u8]) -> Result<(String, bool), String> {
    let refused = || format!("{} is no host name", quoted(text));
    let text = std::str::from_utf8(text).map_err(|_| refused())?;
    match url::Host::parse(text).map_err(|_| refused())? {
        url::Host::Domain(name) => Ok((name, false)),
        address => Ok((address.to_string(), true)),
    }
}

fn seconds(text: &[u8]) -> Result<i64, String> {
    let number = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
    number.ok_or_else(|| "its expiry is not a number of seconds".to_owned())
}
