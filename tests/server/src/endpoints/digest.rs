//! Digest authentication by RFC 7616, and by RFC 2069 where a client leaves `qop` out.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use md5::{Digest, Md5};
use percent_encoding::percent_decode_str;
use ring::digest::{self, SHA256, SHA512_256};
use serde_json::json;

use super::echo::{hex, receive};
use super::{Abort, Call, auth};
use crate::reply::{self, Reply, ReplyExt};

const REALM: &str = "http-sentinel";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hash {
    Md5,
    Sha256,
    Sha512_256,
}

impl Hash {
    /// The hash of an `algorithm` value, and whether it is the `-sess` variant.
    fn parse(algorithm: &str) -> Option<(Hash, bool)> {
        let upper = algorithm.to_ascii_uppercase();
        let (name, session) = upper.strip_suffix("-SESS").map_or((upper.as_str(), false), |name| (name, true));
        match name {
            "MD5" => Some((Hash::Md5, session)),
            "SHA-256" => Some((Hash::Sha256, session)),
            "SHA-512-256" => Some((Hash::Sha512_256, session)),
            _ => None,
        }
    }

    fn of(self, text: impl AsRef<[u8]>) -> String {
        match self {
            Hash::Md5 => hex(&Md5::digest(text)),
            Hash::Sha256 => hex(digest::digest(&SHA256, text.as_ref()).as_ref()),
            Hash::Sha512_256 => hex(digest::digest(&SHA512_256, text.as_ref()).as_ref()),
        }
    }
}

/// The `name=value` and `name="value"` parameters of a header.
pub fn parameters(text: &str) -> HashMap<String, String> {
    let mut found = HashMap::new();
    let mut rest = text.trim();
    while let Some((name, after)) = rest.split_once('=') {
        let (value, after) = match after.trim_start().strip_prefix('"') {
            Some(quoted) => {
                let (mut value, mut escaped, mut end) = (String::new(), false, quoted.len());
                for (at, letter) in quoted.char_indices() {
                    match letter {
                        _ if escaped => escaped = false,
                        '\\' => {
                            escaped = true;
                            continue;
                        }
                        '"' => {
                            end = at + 1;
                            break;
                        }
                        _ => {}
                    }
                    value.push(letter);
                }
                (value, &quoted[end..])
            }
            None => {
                let end = after.find(',').unwrap_or(after.len());
                (after[..end].trim().to_owned(), &after[end..])
            }
        };
        found.insert(name.trim().to_ascii_lowercase(), value);
        rest = after.trim_start().trim_start_matches(',').trim_start();
    }
    found
}

fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_millis() as u64
}

/// A nonce is its time of birth, a number and a signature, so none has to be remembered.
fn nonce(secret: &[u8], born: u64, number: u64) -> String {
    let signature = digest::digest(&SHA256, &[secret, &born.to_le_bytes(), &number.to_le_bytes()].concat());
    format!("{born:x}.{number:x}.{}", hex(&signature.as_ref()[..12]))
}

/// Time and number of a nonce.
fn birth(nonce: &str) -> (u64, u64) {
    let mut parts = nonce.split('.').map(|text| u64::from_str_radix(text, 16).unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0))
}

fn new_nonce(secret: &[u8]) -> String {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    nonce(secret, now_ms(), NUMBER.fetch_add(1, Ordering::Relaxed))
}

#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Good,
    Stale,
    Bad(&'static str),
}

struct Check<'a> {
    sent: &'a HashMap<String, String>,
    method: &'a str,
    uri: &'a str,
    user: &'a str,
    password: &'a str,
    algorithms: &'a [&'a str],
    qop: &'a str,
    /// What the challenge says beside algorithm and qop, and the answer must take up.
    opaque: &'a str,
    userhash: bool,
    body_hash: &'a dyn Fn(Hash) -> String,
}

impl Check<'_> {
    fn field(&self, name: &str) -> &str {
        self.sent.get(name).map_or("", String::as_str)
    }

    /// `username`, or `username*` by RFC 8187.
    fn username(&self) -> Option<String> {
        let (plain, extended) = (self.sent.get("username"), self.sent.get("username*"));
        match (plain, extended) {
            (Some(plain), None) => Some(plain.clone()),
            (None, Some(extended)) => {
                let encoded = extended.strip_prefix("UTF-8''")?;
                Some(percent_decode_str(encoded).decode_utf8().ok()?.into_owned())
            }
            _ => None,
        }
    }

    fn verdict(&self, nonce_is_ours: bool, nonce_is_fresh: bool) -> Verdict {
        let algorithm = self.sent.get("algorithm").map_or("MD5", String::as_str);
        if !self.algorithms.iter().any(|offered| offered.eq_ignore_ascii_case(algorithm)) {
            return Verdict::Bad("an algorithm that was not offered");
        }
        let Some((hash, session)) = Hash::parse(algorithm) else { return Verdict::Bad("an unknown algorithm") };
        let hashed = self.field("userhash") == "true";
        if hashed != self.userhash {
            return Verdict::Bad("another userhash");
        }
        let name = if hashed { hash.of(format!("{}:{REALM}", self.user)) } else { self.user.to_owned() };
        if self.username() != Some(name) || self.field("realm") != REALM {
            return Verdict::Bad("another user or realm");
        }
        if self.field("opaque") != self.opaque {
            return Verdict::Bad("another opaque");
        }
        if self.field("uri") != self.uri {
            return Verdict::Bad("another uri");
        }
        if !nonce_is_ours {
            return Verdict::Bad("a nonce that is not ours");
        }
        let mut ha1 = hash.of(format!("{}:{REALM}:{}", self.user, self.password));
        if session {
            ha1 = hash.of(format!("{ha1}:{}:{}", self.field("nonce"), self.field("cnonce")));
        }
        let qop = self.field("qop");
        let mut a2 = format!("{}:{}", self.method, self.uri);
        let expected = match qop {
            "" if self.qop.is_empty() => hash.of(format!("{ha1}:{}:{}", self.field("nonce"), hash.of(&a2))),
            "" => return Verdict::Bad("no qop"),
            _ => {
                if !self.qop.split(',').any(|offered| offered.trim() == qop) {
                    return Verdict::Bad("a qop that was not offered");
                }
                let nc = self.field("nc");
                if nc.len() != 8 || u32::from_str_radix(nc, 16).is_err() || self.field("cnonce").is_empty() {
                    return Verdict::Bad("nc or cnonce missing");
                }
                if qop == "auth-int" {
                    a2 = format!("{a2}:{}", (self.body_hash)(hash));
                }
                let (nonce, cnonce) = (self.field("nonce"), self.field("cnonce"));
                hash.of(format!("{ha1}:{nonce}:{nc}:{cnonce}:{qop}:{}", hash.of(&a2)))
            }
        };
        match (self.field("response").eq_ignore_ascii_case(&expected), nonce_is_fresh) {
            (true, true) => Verdict::Good,
            (true, false) => Verdict::Stale,
            (false, _) => Verdict::Bad("wrong response"),
        }
    }
}

/// For others that demand it: whether these are the right credentials for a request without a body.
pub fn is_good(
    secret: &[u8],
    sent: &HashMap<String, String>,
    method: &str,
    uri: &str,
    user: &str,
    password: &str,
) -> bool {
    let used = sent.get("nonce").map_or("", String::as_str);
    let (born, number) = birth(used);
    let check = Check {
        sent,
        method,
        uri,
        user,
        password,
        algorithms: &["SHA-256"],
        qop: "auth",
        opaque: "",
        userhash: false,
        body_hash: &|_| String::new(),
    };
    check.verdict(used == nonce(secret, born, number), true) == Verdict::Good
}

/// The challenge that goes with `is_good`.
pub fn challenge(secret: &[u8]) -> String {
    format!("Digest realm=\"{REALM}\", nonce=\"{}\", algorithm=SHA-256, qop=\"auth\"", new_nonce(secret))
}

/// `?algorithm=SHA-256,MD5` offers one challenge each, `&together=1` all in one field behind one for Basic; `?qop=` empty
/// leaves qop out; `?stale_after_ms=N` makes nonces grow old, `?uses=N` lets each be used so many times; `?opaque=` and
/// `?userhash=1` are demanded back; `?nextnonce=1` tells the nonce for the next request.
pub async fn digest_auth(call: Call, user: &str, password: &str) -> Result<Reply, Abort> {
    let query = call.query();
    let algorithm = query.get("algorithm").unwrap_or("MD5".into()).into_owned();
    let algorithms: Vec<&str> = algorithm.split(',').map(str::trim).collect();
    let qop = query.get("qop").unwrap_or("auth".into()).into_owned();
    let opaque = query.get("opaque").unwrap_or_default().into_owned();
    let (userhash, together) = (query.get("userhash").is_some(), query.get("together").is_some());
    let next_nonce = query.get("nextnonce").is_some();
    let uses: u32 = query.number("uses").unwrap_or(u32::MAX);
    let max_age: u64 = query.number("stale_after_ms").unwrap_or(u64::MAX);
    let sent = auth::credentials(&call, "digest").map(parameters).unwrap_or_default();
    let uri = call.parts.uri.path_and_query().map_or(String::new(), ToString::to_string);
    let (method, secret) = (call.parts.method.clone(), call.state.secret);
    let body = receive(call.body, 16 << 20, false).await?;

    let used = sent.get("nonce").cloned().unwrap_or_default();
    let (born, number) = birth(&used);
    let check = Check {
        sent: &sent,
        method: method.as_str(),
        uri: &uri,
        user,
        password,
        algorithms: &algorithms,
        qop: &qop,
        opaque: &opaque,
        userhash,
        body_hash: &|hash| hash.of(&body.quoted),
    };
    let used_up = u32::from_str_radix(check.field("nc"), 16).is_ok_and(|count| count > uses);
    let fresh = now_ms().saturating_sub(born) <= max_age && !used_up;
    let verdict = if sent.is_empty() {
        Verdict::Bad("no credentials")
    } else {
        check.verdict(used == nonce(&secret, born, number), fresh)
    };
    if verdict == Verdict::Good {
        let algorithm = sent.get("algorithm").map_or("MD5", String::as_str);
        let reply = reply::json(&json!({ "authenticated": true, "user": user, "algorithm": algorithm }));
        if !next_nonce {
            return Ok(reply);
        }
        let info = format!("qop=auth, nextnonce=\"{}\"", new_nonce(&secret));
        return Ok(reply.with_header("authentication-info", &info));
    }
    let mut reply = reply::json(&json!({ "authenticated": false, "why": format!("{verdict:?}") }))
        .with_status(hyper::StatusCode::UNAUTHORIZED);
    let mut fields = Vec::new();
    for algorithm in &algorithms {
        let nonce = new_nonce(&secret);
        let qop = if qop.is_empty() { String::new() } else { format!(", qop=\"{qop}\"") };
        let stale = if verdict == Verdict::Stale { ", stale=true" } else { "" };
        let opaque = if opaque.is_empty() { String::new() } else { format!(", opaque=\"{opaque}\"") };
        let userhash = if userhash { ", userhash=true" } else { "" };
        let what = format!("nonce=\"{nonce}\", algorithm={algorithm}{qop}{stale}{opaque}{userhash}");
        fields.push(format!("Digest realm=\"{REALM}\", {what}"));
    }
    if together {
        fields = vec![format!("Basic realm=\"{REALM}\", {}", fields.join(", "))];
    }
    for field in &fields {
        reply = reply.with_header("www-authenticate", field);
    }
    Ok(reply)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7616, section 3.9.1, with its own realm put in place of ours.
    #[test]
    fn hashes_are_those_of_the_rfc() {
        for (hash, expected) in [
            (Hash::Md5, "8ca523f5e9506fed4657c9700eebdbec"),
            (Hash::Sha256, "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        ] {
            let ha1 = hash.of("Mufasa:http-auth@example.org:Circle of Life");
            let ha2 = hash.of("GET:/dir/index.html");
            let nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
            let cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
            assert_eq!(hash.of(format!("{ha1}:{nonce}:00000001:{cnonce}:auth:{ha2}")), expected);
        }
    }

    #[test]
    fn parameters_with_quotes_commas_and_escapes() {
        let found = parameters(r#"username="a \"b\", c", nc=00000001 , uri="/x?y=1,2",qop=auth"#);
        assert_eq!(found["username"], "a \"b\", c");
        assert_eq!(found["nc"], "00000001");
        assert_eq!(found["uri"], "/x?y=1,2");
        assert_eq!(found["qop"], "auth");
    }
}
