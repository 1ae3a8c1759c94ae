//! What must not be read in errors, events and traces: one place decides, and everything that is shown goes through it.
//! Rather too much is blanked than too little; `***` stands for what was.

use crate::http::headers::Header;
use percent_encoding::percent_decode;
use std::borrow::Cow;

pub(crate) const BLANK: &str = "***";

/// Names whose values are secrets when they are the whole name of a query key, without case, `-` and `_`.
const WHOLE: &[&str] = &[
    "accesskey",
    "accesskeyid",
    "apikey",
    "assertion",
    "auth",
    "authcode",
    "authorization",
    "awsaccesskeyid",
    "clientassertion",
    "code",
    "codeverifier",
    "key",
    "pass",
    "pwd",
    "session",
    "sessionid",
    "sid",
    "subscriptionkey",
];

/// Words that make any name a secret that they are a part of: `refresh_token`, `X-Amz-Signature`, `clientSecret`.
const WORDS: &[&str] = &[
    "apikey",
    "credential",
    "jwt",
    "passphrase",
    "passwd",
    "password",
    "privatekey",
    "secret",
    "sig",
    "signature",
    "token",
];

/// Fields that carry credentials, or what credentials are made from, in requests and responses.
const FIELDS: &[&str] = &[
    "authentication-info",
    "authorization",
    "cookie",
    "proxy-authenticate",
    "proxy-authentication-info",
    "proxy-authorization",
    "set-cookie",
    "www-authenticate",
];

/// Knows the query keys that the caller has named besides those that everybody knows.
#[derive(Debug, Default)]
pub struct Redactor {
    keys: Box<[String]>,
}

impl Redactor {
    pub fn new<'a>(keys: impl IntoIterator<Item = &'a [u8]>) -> Redactor {
        Redactor { keys: keys.into_iter().map(|key| plain(&String::from_utf8_lossy(key))).collect() }
    }

    /// Those that the caller has named, as they are compared.
    pub fn keys(&self) -> &[String] {
        &self.keys
    }

    /// Whether the value of a query key is a secret; `user[password]` and percent-encoded ones included.
    pub fn is_secret(&self, key: &[u8]) -> bool {
        let decoded = percent_decode(key).decode_utf8_lossy();
        self.keys.contains(&plain(&decoded))
            || decoded
                .split(|c: char| !c.is_ascii_alphanumeric() && !"-_".contains(c))
                .any(|part| self.is_secret_part(part))
    }

    fn is_secret_part(&self, part: &str) -> bool {
        let joined = plain(part);
        if WHOLE.contains(&joined.as_str()) || self.keys.contains(&joined) {
            return true;
        }
        let words = words(part);
        let word = |word: &str| WORDS.contains(&word);
        words.iter().any(|one| word(one)) || words.windows(2).any(|pair| word(&pair.concat()))
    }

    /// A URL that parses, or the reference in a `Location`; what does not parse is treated as `broken_url` does.
    pub fn url(&self, text: &[u8]) -> String {
        let parsed = std::str::from_utf8(text).ok().and_then(|text| url::Url::parse(text).ok());
        match parsed {
            Some(mut url) if url.has_host() => {
                if !url.username().is_empty() || url.password().is_some() {
                    let _ = url.set_password(None);
                    let _ = url.set_username(BLANK);
                }
                String::from_utf8_lossy(&self.query(url.as_str().as_bytes())).into_owned()
            }
            _ => String::from_utf8_lossy(&self.broken_url(text)).into_owned(),
        }
    }

    /// A URL without userinfo.
    pub fn known_url(&self, text: &str) -> String {
        String::from_utf8_lossy(&self.query(blank_users(text).as_bytes())).into_owned()
    }

    /// Bytes that were meant to be a URL: whatever could be userinfo is blanked, that is, all from the scheme to the
    /// last `@`.
    pub fn broken_url(&self, text: &[u8]) -> Vec<u8> {
        let text = self.query(text);
        let Some(at) = text.iter().rposition(|&byte| byte == b'@') else { return text };
        let scheme = text.iter().position(|byte| b"/\\".contains(byte)).filter(|&slash| {
            slash > 0 && text[slash - 1] == b':' && text[..slash - 1].iter().all(u8::is_ascii_alphanumeric)
        });
        let start = scheme.unwrap_or(0).min(at);
        [&text[..start], BLANK.as_bytes(), &text[at..]].concat()
    }

    fn query(&self, text: &[u8]) -> Vec<u8> {
        self.blank_values(text, |byte| b"&#".contains(&byte))
    }

    /// Text that may have URLs in it, somebody else's words perhaps.
    pub fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let without_users = blank_users(text);
        if !without_users.contains('=') {
            return without_users;
        }
        let ends = |byte: u8| byte.is_ascii_whitespace() || b"&#\"'".contains(&byte);
        let blanked = self.blank_values(without_users.as_bytes(), ends);
        if blanked == text.as_bytes() {
            Cow::Borrowed(text)
        } else {
            String::from_utf8_lossy(&blanked).into_owned().into()
        }
    }

    /// The value of a field, for people.
    pub fn field(&self, name: &str, value: &str, sensitive: bool) -> String {
        let is = |known: &&str| name.eq_ignore_ascii_case(known);
        if sensitive || FIELDS.iter().any(&is) || self.is_secret_field(name) {
            return BLANK.to_owned();
        }
        if ["location", "content-location", "referer"].iter().any(is) {
            return self.url(value.as_bytes());
        }
        self.text(value).into_owned()
    }

    /// `X-Api-Key`, `X-Auth-Token` and the like, also where nobody has marked them.
    fn is_secret_field(&self, name: &str) -> bool {
        let words = words(name);
        words.iter().any(|word| WORDS.contains(&word.as_str()))
            || words.windows(2).any(|pair| WORDS.contains(&pair.concat().as_str()))
            || self.keys.contains(&plain(name))
    }

    /// Copies `text` with the value of each secret key blanked, which ends before a byte that `ends` it.
    fn blank_values(&self, text: &[u8], ends: impl Fn(u8) -> bool) -> Vec<u8> {
        let mut out = Vec::with_capacity(text.len());
        let mut at = 0;
        while at < text.len() {
            out.push(text[at]);
            at += 1;
            if !b"?&;#".contains(&text[at - 1]) {
                continue;
            }
            let rest = &text[at..];
            let key = rest.iter().position(|&byte| byte == b'=' || b"?&;#".contains(&byte) || ends(byte));
            let Some(key) = key.filter(|&key| rest[key] == b'=' && self.is_secret(&rest[..key])) else { continue };
            let value = &rest[key + 1..];
            let length = value.iter().position(|&byte| ends(byte)).unwrap_or(value.len());
            out.extend_from_slice(&rest[..=key]);
            if length > 0 {
                out.extend_from_slice(BLANK.as_bytes());
            }
            at += key + 1 + length;
        }
        out
    }
}

/// `scheme://user:password@` in running text.
fn blank_users(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut rest = text;
    while let Some(scheme) = rest.find("://") {
        let (before, after) = rest.split_at(scheme + 3);
        let authority = after.find(|c: char| "/?#\\\"'".contains(c) || c.is_whitespace()).unwrap_or(after.len());
        out.push_str(before);
        rest = match after[..authority].rfind('@') {
            Some(at) => {
                out.push_str(BLANK);
                &after[at..]
            }
            None => after,
        };
    }
    if out.is_empty() {
        return Cow::Borrowed(text);
    }
    out.push_str(rest);
    out.into()
}

/// Lower case, letters and digits alone.
fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// The words of a name in lower case: parted by `-`, `_` and humps.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for c in name.chars() {
        if !c.is_ascii_alphanumeric() || (c.is_ascii_uppercase() && was_lower) {
            words.push(String::new());
        }
        was_lower = c.is_ascii_lowercase();
        if c.is_ascii_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.push(c.to_ascii_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The secrets of one request by themselves, for text whose form is not ours.
#[derive(Debug, Default)]
pub struct Secrets {
    values: Vec<String>,
    names: Vec<String>,
}

/// Shorter ones would blank half of every text, and are no secrets.
const SHORTEST: usize = 4;

impl Secrets {
    pub fn of(headers: &[Header]) -> Secrets {
        let mut secrets = Secrets::default();
        for header in headers.iter().filter(|header| header.sensitive) {
            secrets.names.push(header.name.to_ascii_lowercase());
            let value = String::from_utf8_lossy(&header.value).into_owned();
            // Of "Bearer x" also the x alone.
            if let Some((_, credentials)) = value.split_once(' ') {
                secrets.add(credentials);
            }
            secrets.add(&value);
        }
        // Longer ones first: a part of one that was blanked would no longer be found.
        secrets.values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        secrets
    }

    fn add(&mut self, value: &str) {
        if value.len() >= SHORTEST {
            self.values.push(value.to_owned());
        }
    }

    pub fn has_name(&self, name: &str) -> bool {
        self.names.iter().any(|known| name.eq_ignore_ascii_case(known))
    }

    pub fn scrub<'a>(&self, text: Cow<'a, str>) -> Cow<'a, str> {
        self.values.iter().fold(text, |text, value| {
            if text.contains(value.as_str()) { text.replace(value.as_str(), BLANK).into() } else { text }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_keys_are_secret_however_they_are_written() {
        let redactor = Redactor::new([&b"Account-Number"[..]]);
        for key in [
            "token",
            "access_token",
            "refreshToken",
            "API_KEY",
            "apikey",
            "api-key",
            "key",
            "secret",
            "client_secret",
            "password",
            "user[password]",
            "sig",
            "Signature",
            "X-Amz-Signature",
            "X-Amz-Security-Token",
            "code",
            "X-Goog-Credential",
            "AWSAccessKeyId",
            "%74oken",
            "to%6ben",
            "account_number",
            "session",
            "x_token_2",
        ] {
            assert!(redactor.is_secret(key.as_bytes()), "{key}");
        }
        for key in
            ["q", "page", "tokens_left_not", "monkey", "keyword", "design", "account", "passenger", "sort_key", ""]
        {
            let secret = redactor.is_secret(key.as_bytes());
            assert!(!secret, "{key}");
        }
    }

    #[test]
    fn urls_lose_users_and_secrets_and_nothing_else() {
        let redactor = Redactor::default();
        for (url, shown) in [
            ("http://host/a?q=1&token=hush;hush&b=2#x", "http://host/a?q=1&token=***&b=2#x"),
            ("https://user:hush@host/a", "https://***@host/a"),
            ("https://host/@name?mail=a@b", "https://host/@name?mail=a@b"),
            ("/relative?api_key=hush", "/relative?api_key=***"),
            ("//user:hush@host/?a=1", "***@host/?a=1"),
            ("http://user:se/hush@host", "http:***@host"),
            ("http://host/#access_token=hush&a=b", "http://host/#access_token=***&a=b"),
            ("http://host/?token", "http://host/?token"),
            ("http://host/?token=&a=1", "http://host/?token=&a=1"),
        ] {
            assert_eq!(redactor.url(url.as_bytes()), shown);
        }
        assert_eq!(redactor.broken_url(b"http://h/?sig=hush hush"), b"http://h/?sig=***");
    }

    #[test]
    fn urls_in_running_text_are_found() {
        let redactor = Redactor::default();
        for (text, shown) in [
            ("GET /x?token=hush HTTP/1.1", "GET /x?token=*** HTTP/1.1"),
            ("to \"http://u:hush@h/?sig=hush\" refused: why", "to \"http://***@h/?sig=***\" refused: why"),
            ("a://b c://u:hush@d e", "a://b c://***@d e"),
            ("[1] [:path: /x?key=hush]", "[1] [:path: /x?key=***"),
        ] {
            assert_eq!(redactor.text(text), shown);
        }
        for text in ["nothing to hide", "a=b", "token=1 is no query", "http://host/?a=1"] {
            assert!(matches!(redactor.text(text), Cow::Borrowed(_)), "{text}");
        }
    }

    #[test]
    fn fields_with_credentials_are_blank() {
        let redactor = Redactor::new([&b"account"[..]]);
        for name in ["Authorization", "set-cookie", "Proxy-Authenticate", "X-API-Key", "X-Auth-Token", "Account"] {
            assert_eq!(redactor.field(name, "hush", false), BLANK, "{name}");
        }
        assert_eq!(redactor.field("X-Mine", "hush", true), BLANK);
        assert_eq!(redactor.field("Idempotency-Key", "17", false), "17");
        assert_eq!(redactor.field("Location", "http://u:hush@h/?token=hush", false), "http://***@h/?token=***");
        assert_eq!(redactor.field("Link", "<http://h/?token=hush>; rel=next", false), "<http://h/?token=*** rel=next");
    }

    #[test]
    fn values_of_marked_fields_are_found_anywhere() {
        let header = |name: &str, value: &str| Header::parse(name.as_bytes(), value.as_bytes(), true).unwrap();
        let secrets = Secrets::of(&[header("Authorization", "Bearer hush-hush"), header("X-Pin", "12")]);
        assert_eq!(secrets.scrub("[authorization: Bearer hush-hush]".into()), "[authorization: ***]");
        assert_eq!(secrets.scrub("only hush-hush, 12".into()), "only ***, 12");
        assert!(secrets.has_name("x-pin") && !secrets.has_name("date"));
    }
}
