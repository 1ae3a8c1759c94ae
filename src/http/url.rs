//! URLs: parsed once, by a WHATWG parser; what is fetched is that parser's serialisation, so what was checked is
//! what is sent.

use super::network::HostPort;
use crate::error::{Error, quoted};
use crate::observe::redact::Redactor;
use crate::status::{HS_ERR_INVALID_URL, HS_ERR_UNSUPPORTED_SCHEME};
use base64::Engine as _;
use percent_encoding::{AsciiSet, percent_decode_str, percent_encode};
use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::net::IpAddr;

/// An absolute http or https URL without userinfo and fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    text: String,
    /// Where the path begins: what stands before it is the origin.
    path: usize,
    has_host_name: bool,
}

/// A URL as the caller gave it, taken apart.
#[derive(Clone, Debug)]
pub struct ParsedUrl {
    pub url: Url,
    /// The value of an `Authorization` header for the userinfo of the URL, where it had one.
    pub basic_authorization: Option<String>,
}

/// Long enough for anything real, short enough that a mistaken length does not cost a scan of the whole address space.
const LONGEST: usize = 64 * 1024;

/// None of ASCII, hence only what is not ASCII.
const RAW_BYTES: &AsciiSet = &AsciiSet::EMPTY;

impl Url {
    pub fn parse(text: &[u8]) -> Result<ParsedUrl, Error> {
        Url::parse_showing(text, &Redactor::default())
    }

    /// What is refused is shown in the error as the redactor shows it.
    pub fn parse_showing(text: &[u8], redactor: &Redactor) -> Result<ParsedUrl, Error> {
        let redacted = |text: &[u8]| quoted(&redactor.broken_url(text));
        if text.is_empty() {
            return Err(Error::new(HS_ERR_INVALID_URL, "the URL is empty"));
        }
        if text.len() > LONGEST {
            let message = format!("the URL is {} bytes long; at most {LONGEST} are accepted", text.len());
            return Err(Error::new(HS_ERR_INVALID_URL, message));
        }
        // The WHATWG parser would silently drop tabs and line ends and trim spaces: here they are mistakes or attacks.
        if let Some(at) = text.iter().position(|byte| byte.is_ascii_control() || *byte == b' ') {
            let message = format!("invalid URL {}: byte {:#04x} at position {at}", redacted(text), text[at]);
            return Err(Error::new(HS_ERR_INVALID_URL, message));
        }
        let Ok(utf8) = std::str::from_utf8(text) else {
            return Err(Error::new(HS_ERR_INVALID_URL, format!("invalid URL {}: not UTF-8", redacted(text))));
        };
        let parsed = url::Url::parse(utf8)
            .map_err(|error| Error::new(HS_ERR_INVALID_URL, format!("invalid URL {}: {error}", redacted(text))))?;
        let parsed = Url::of(parsed).map_err(|why| Error::new(HS_ERR_UNSUPPORTED_SCHEME, why))?;
        parsed.url.check_host().map_err(|why| Error::new(HS_ERR_INVALID_URL, why))?;
        Ok(parsed)
    }

    fn of(mut parsed: url::Url) -> Result<ParsedUrl, String> {
        if !matches!(parsed.scheme(), "http" | "https") {
            return Err(format!("unsupported URL scheme {}: use http or https", quoted(parsed.scheme().as_bytes())));
        }
        let basic_authorization = take_userinfo(&mut parsed);
        parsed.set_fragment(None);
        let has_host_name = matches!(parsed.host(), Some(url::Host::Domain(_)));
        let path = parsed[..url::Position::BeforePath].len();
        Ok(ParsedUrl { url: Url { text: parsed.into(), path, has_host_name }, basic_authorization })
    }

    /// Resolves the reference in a `Location` header (RFC 3986, section 5, as browsers do). A user and password in it
    /// are dropped: credentials come from the caller, not from a server.
    pub fn join(&self, reference: &[u8]) -> Result<Url, String> {
        // Bytes of an encoding that nobody named are kept as they are.
        let reference = match std::str::from_utf8(reference) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => percent_encode(reference, RAW_BYTES).to_string().into(),
        };
        let base = url::Url::parse(&self.text).map_err(|error| error.to_string())?;
        let joined = base.join(&reference).map_err(|error| error.to_string())?;
        let url = Url::of(joined)?.url;
        url.check_host()?;
        Ok(url)
    }

    /// No name has these, though the parser lets them pass, and libcurl refuses them.
    fn check_host(&self) -> Result<(), String> {
        match self.host().bytes().find(|byte| b"!\"$&'()*+,;=`{}".contains(byte)) {
            Some(byte) => {
                Err(format!("invalid URL {}: {:?} in its host", quoted(self.origin().as_bytes()), char::from(byte)))
            }
            None => Ok(()),
        }
    }

    /// Scheme, host and port, the port left out where it is the scheme's own.
    pub fn origin(&self) -> &str {
        &self.text[..self.path]
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Its host as it is written there: a name, or an address, which has brackets if it is an IPv6 one.
    pub fn host(&self) -> &str {
        self.authority().0
    }

    /// The port that is connected to.
    pub fn port(&self) -> u16 {
        let default = if self.is_secure() { 443 } else { 80 };
        self.authority().1.parse().unwrap_or(default)
    }

    fn authority(&self) -> (&str, &str) {
        let authority = self.origin().split_once("://").map_or("", |(_, authority)| authority);
        match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port),
            _ => (authority, ""),
        }
    }

    /// Its host, where that is an address.
    pub fn address(&self) -> Option<IpAddr> {
        HostPort { host: self.host(), port: self.port() }.address()
    }

    /// What is asked of the server: path and query.
    pub fn target(&self) -> &str {
        &self.text[self.path..]
    }

    pub fn path(&self) -> &str {
        self.target().split('?').next().unwrap_or_default()
    }

    /// Whether its host must be resolved, being no address.
    pub fn has_host_name(&self) -> bool {
        self.has_host_name
    }

    pub fn is_secure(&self) -> bool {
        self.text.starts_with("https:")
    }

    #[cfg(test)]
    pub fn into_string(self) -> String {
        self.text
    }
}

/// Remembers the last few URLs that were parsed: clients ask for the same ones over and over.
#[derive(Default)]
pub struct UrlCache {
    entries: RefCell<[Option<Remembered>; UrlCache::SIZE]>,
    next: Cell<usize>,
}

/// The text of a URL, and what it came to.
type Remembered = (Box<[u8]>, ParsedUrl);

impl UrlCache {
    const SIZE: usize = 8;

    pub fn parse(&self, text: &[u8], redactor: &Redactor) -> Result<ParsedUrl, Error> {
        let mut entries = self.entries.borrow_mut();
        if let Some((_, parsed)) = entries.iter().flatten().find(|(known, _)| **known == *text) {
            return Ok(parsed.clone());
        }
        let parsed = Url::parse_showing(text, redactor)?;
        let place = self.next.get();
        self.next.set((place + 1) % UrlCache::SIZE);
        entries[place] = Some((text.into(), parsed.clone()));
        Ok(parsed)
    }
}

fn take_userinfo(url: &mut url::Url) -> Option<String> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let mut credentials: Vec<u8> = percent_decode_str(url.username()).collect();
    credentials.push(b':');
    credentials.extend(percent_decode_str(url.password().unwrap_or("")));
    // Both setters fail only for URLs without a host, which http and https cannot be.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    Some(format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(credentials)))
}

/// Text that was meant to be a URL, for an error message.
pub(super) fn redacted(text: &[u8]) -> String {
    quoted(&Redactor::default().broken_url(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> String {
        Url::parse(text.as_bytes()).unwrap().url.into_string()
    }

    #[test]
    fn the_serialisation_is_what_will_be_fetched() {
        assert_eq!(url("HTTP://EXAMPLE.com:80/a/../b?q#frag"), "http://example.com/b?q");
        assert_eq!(url("https://bücher.example"), "https://xn--bcher-kva.example/");
        assert_eq!(url("http://0x7f.1/"), "http://127.0.0.1/");
        assert_eq!(url("http://a\\b"), "http://a/b");
    }

    #[test]
    fn marks_that_no_host_has_are_refused_here_and_in_redirects() {
        let base = Url::parse(b"http://h.example/!$'()*;,").unwrap().url;
        for mark in "!\"$&'()*+,;=`{}".chars() {
            let error = Url::parse(format!("https://u:p@a{mark}b.example/").as_bytes()).unwrap_err();
            assert_eq!(error.status(), HS_ERR_INVALID_URL, "{error}");
            assert!(base.join(format!("//a{mark}b.example/").as_bytes()).is_err(), "{mark}");
        }
    }

    #[test]
    fn a_host_is_a_name_or_an_address_however_it_is_written() {
        for (text, host, address) in [
            ("http://Example.com:81/a:b@c", "example.com", None),
            ("https://u:p@example.com", "example.com", None),
            ("http://0x7f.1/", "127.0.0.1", Some("127.0.0.1")),
            ("http://017700000001:8080/", "127.0.0.1", Some("127.0.0.1")),
            ("http://2130706433/", "127.0.0.1", Some("127.0.0.1")),
            ("http://127.1/", "127.0.0.1", Some("127.0.0.1")),
            ("http://\u{ff11}27.0.0.1/", "127.0.0.1", Some("127.0.0.1")),
            ("http://127。0。0。1/", "127.0.0.1", Some("127.0.0.1")),
            ("http://%31%32%37.0.0.1/", "127.0.0.1", Some("127.0.0.1")),
            ("http://[::ffff:127.0.0.1]:99/", "[::ffff:7f00:1]", Some("::ffff:127.0.0.1")),
            ("http://[0:0::1]/", "[::1]", Some("::1")),
        ] {
            let url = Url::parse(text.as_bytes()).unwrap().url;
            assert_eq!(url.host(), host, "{text}");
            assert_eq!(url.address(), address.map(|address| address.parse().unwrap()), "{text}");
        }
        for (text, port) in [
            ("http://a/", 80),
            ("https://a/", 443),
            ("https://a:80/", 80),
            ("http://[::1]/", 80),
            ("http://[::1]:8/", 8),
        ] {
            assert_eq!(Url::parse(text.as_bytes()).unwrap().url.port(), port, "{text}");
        }
    }

    #[test]
    fn the_port_is_the_schemes_own_unless_it_is_given() {
        for (text, port) in [
            ("http://a.test", 80),
            ("https://a.test/x:5", 443),
            ("http://0x7f.1:8080/", 8080),
            ("https://[::1]/", 443),
            ("http://u:p@[::1]:1/", 1),
            ("http://80:443/", 443),
        ] {
            assert_eq!(Url::parse(text.as_bytes()).unwrap().url.port(), port, "{text}");
        }
    }

    #[test]
    fn bad_urls_are_refused_with_their_text() {
        for bad in ["", "no-scheme", "http://", "http://a b/", "http://a/\r\nX: y", "http://a\0b/", "http://[::1"] {
            let error = Url::parse(bad.as_bytes()).unwrap_err();
            assert_eq!(error.status(), HS_ERR_INVALID_URL, "{bad:?}");
            assert!(error.to_string().contains(&bad.as_bytes().escape_ascii().to_string()), "{error}");
        }
        assert_eq!(Url::parse(b"ftp://a/").unwrap_err().status(), HS_ERR_UNSUPPORTED_SCHEME);
        assert_eq!(Url::parse(b"file:///etc/passwd").unwrap_err().status(), HS_ERR_UNSUPPORTED_SCHEME);
        assert_eq!(Url::parse(&[b'h'; LONGEST + 1]).unwrap_err().status(), HS_ERR_INVALID_URL);
    }

    #[test]
    fn userinfo_becomes_a_header_and_leaves_the_url() {
        let parsed = Url::parse(b"http://al%20ice:p%40ss@host/x").unwrap();
        assert_eq!(parsed.url.as_str(), "http://host/x");
        assert_eq!(parsed.basic_authorization.as_deref(), Some("Basic YWwgaWNlOnBAc3M="));
    }

    #[test]
    fn a_remembered_url_is_the_same_as_a_parsed_one() {
        let (cache, plain) = (UrlCache::default(), Redactor::default());
        for round in 0..3 {
            for number in 0..UrlCache::SIZE + round {
                let text = format!("http://user:{number}@host/{number}");
                let (cached, parsed) =
                    (cache.parse(text.as_bytes(), &plain).unwrap(), Url::parse(text.as_bytes()).unwrap());
                assert_eq!(cached.url, parsed.url);
                assert_eq!(cached.basic_authorization, parsed.basic_authorization);
            }
        }
        assert_eq!(cache.parse(b"http://", &plain).unwrap_err(), cache.parse(b"http://", &plain).unwrap_err());
    }

    #[test]
    fn userinfo_never_reaches_an_error() {
        for bad in [
            "http://user:secret@ho st/",
            "http:/user:secret@ho st/",
            "http:\\\\user:secret@ho st/",
            "http://user:se/secret@ho st/",
            "user:secret@host",
            "http://user:secret@host:99999/",
            "http://host:99999/?token=secret%20&a=b",
            "http://host/?a=b&api_key=secret secret",
        ] {
            let error = Url::parse(bad.as_bytes()).unwrap_err().to_string();
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
