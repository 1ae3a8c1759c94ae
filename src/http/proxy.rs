//! Proxies: which one a request goes through, and what must be known to talk to it.

pub mod bypass;
pub mod environment;

use super::headers::Header;
use super::network::HostPort;
use super::url::{Url, redacted};
use crate::error::{Error, quoted};
use crate::status::{HS_ERR_INVALID_ARGUMENT, HS_ERR_INVALID_URL};
use bypass::Bypass;
use percent_encoding::percent_decode_str;
use std::fmt;
use std::sync::Arc;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyScheme {
    Http,
    Https,
    Socks4,
    Socks4a,
    Socks5,
    Socks5h,
}

const SCHEMES: [(&str, ProxyScheme); 6] = [
    ("http", ProxyScheme::Http),
    ("https", ProxyScheme::Https),
    ("socks4", ProxyScheme::Socks4),
    ("socks4a", ProxyScheme::Socks4a),
    ("socks5", ProxyScheme::Socks5),
    ("socks5h", ProxyScheme::Socks5h),
];

impl ProxyScheme {
    pub fn is_http(self) -> bool {
        matches!(self, ProxyScheme::Http | ProxyScheme::Https)
    }

    /// Whether the target's name is resolved on this side, because the protocol has no room for a name.
    pub fn resolves_here(self) -> bool {
        matches!(self, ProxyScheme::Socks4 | ProxyScheme::Socks5)
    }

    fn default_port(self) -> u16 {
        match self {
            ProxyScheme::Http => 80,
            ProxyScheme::Https => 443,
            _ => 1080,
        }
    }
}

/// User and password; never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    pub user: Vec<u8>,
    pub password: Vec<u8>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(redacted)")
    }
}

impl Credentials {
    /// Checks what every kind of proxy can be told; `what` names the source in an error.
    pub fn new(user: &[u8], password: &[u8], what: &str) -> Result<Credentials, Error> {
        let refuse = |why: &str| Err(Error::new(HS_ERR_INVALID_ARGUMENT, format!("{what}: {why}")));
        if user.is_empty() {
            return refuse("a password without a user");
        }
        if user.iter().chain(password).any(u8::is_ascii_control) {
            return refuse("the user or the password has a control byte");
        }
        Ok(Credentials { user: user.to_vec(), password: password.to_vec() })
    }

    /// Whether they can be told to a proxy of that kind.
    fn fit(&self, scheme: ProxyScheme, what: &str) -> Result<(), Error> {
        const MOST_OF_SOCKS: usize = 255;
        let why = if scheme.is_http() && self.user.contains(&b':') {
            "the user has a colon, which ends it in HTTP (RFC 7617)"
        } else if !scheme.is_http() && self.user.len().max(self.password.len()) > MOST_OF_SOCKS {
            "the user or the password is longer than the 255 bytes that SOCKS has room for"
        } else {
            return Ok(());
        };
        Err(Error::new(HS_ERR_INVALID_ARGUMENT, format!("{what}: {why}")))
    }
}

/// One proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    pub scheme: ProxyScheme,
    /// Scheme, host and port, as libcurl and errors have it: without credentials.
    pub address: String,
    pub credentials: Option<Credentials>,
}

impl Proxy {
    pub fn host_port(&self) -> HostPort<'_> {
        let place = self.address.split_once("://").map_or("", |(_, place)| place);
        let (host, port) = place.rsplit_once(':').unwrap_or((place, ""));
        HostPort { host, port: port.parse().unwrap_or(self.scheme.default_port()) }
    }

    /// Reads a proxy URL; without a scheme it is http. `what` names it in an error.
    pub fn parse(text: &[u8], what: &str) -> Result<Proxy, Error> {
        const LONGEST: usize = 4096;
        let refuse = |why: &str| {
            let shown = if text.len() > LONGEST { String::from("(too long)") } else { redacted(text) };
            Error::new(HS_ERR_INVALID_URL, format!("{what}: invalid proxy URL {shown}: {why}"))
        };
        if text.len() > LONGEST {
            return Err(refuse("longer than 4,096 bytes"));
        }
        let utf8 = std::str::from_utf8(text).map_err(|_| refuse("not UTF-8"))?;
        if text.iter().any(|&byte| byte <= b' ' || byte == 0x7f || byte == b'\\') {
            return Err(refuse("a blank, a backslash or a control byte"));
        }
        let (scheme, rest) = match utf8.split_once("://") {
            None => (ProxyScheme::Http, utf8),
            Some((name, rest)) => {
                let known = SCHEMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
                let scheme = known.map(|(_, scheme)| *scheme);
                (scheme.ok_or_else(|| refuse("use http, https, socks4, socks4a, socks5 or socks5h"))?, rest)
            }
        };
        // Hosts are read alike under every scheme that the parser knows. It hides a port that is the scheme's own, which
        // two schemes with different ones bring back.
        let [first, second] = ["http", "https"].map(|known| url::Url::parse(&format!("{known}://{rest}")));
        let parsed = first.map_err(|error| refuse(&error.to_string()))?;
        let port = parsed.port().or(second.ok().and_then(|url| url.port())).unwrap_or(scheme.default_port());
        if parsed.path() != "/" || parsed.query().is_some() || parsed.fragment().is_some() {
            return Err(refuse("nothing may follow the host and the port"));
        }
        if port == 0 {
            return Err(refuse("port 0"));
        }
        let host = parsed.host().ok_or_else(|| refuse("no host"))?;
        let credentials = match (parsed.username(), parsed.password()) {
            ("", None) => None,
            (user, password) => {
                let decoded = |text| percent_decode_str(text).collect::<Vec<u8>>();
                Some(Credentials::new(&decoded(user), &decoded(password.unwrap_or("")), what)?)
            }
        };
        let name = SCHEMES.iter().find(|(_, known)| *known == scheme).map_or("", |(name, _)| name);
        let proxy = Proxy { scheme, address: format!("{name}://{host}:{port}"), credentials: None };
        proxy.with(credentials, what)
    }

    /// The same with these credentials, where it has none of its own.
    pub fn with(mut self, credentials: Option<Credentials>, what: &str) -> Result<Proxy, Error> {
        if let (None, Some(credentials)) = (&self.credentials, credentials) {
            credentials.fit(self.scheme, what)?;
            self.credentials = Some(credentials);
        }
        Ok(self)
    }

    /// Whether it is given whole requests for that target to pass on, and no tunnel is asked for.
    pub fn forwards(&self, target: &Url, tunnel: bool) -> bool {
        self.scheme.is_http() && !target.is_secure() && !tunnel
    }
}

/// How a proxy over HTTP is told who asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProxyAuth {
    #[default]
    Basic,
    Digest,
}

/// The proxies of a worker, and what does not go through them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies {
    /// For targets with the scheme http.
    pub http: Option<Arc<Proxy>>,
    /// For targets with the scheme https.
    pub https: Option<Arc<Proxy>>,
    pub bypass: Bypass,
    /// Through a tunnel also where forwarding would do.
    pub tunnel: bool,
    pub auth: ProxyAuth,
    /// For the proxy alone: they go with CONNECT.
    pub headers: Vec<Header>,
}

impl Proxies {
    /// The proxy for a target; asked again for every hop of a redirect.
    pub fn choose(&self, target: &Url) -> Option<&Arc<Proxy>> {
        let proxy = if target.is_secure() { &self.https } else { &self.http };
        proxy.as_ref().filter(|_| !self.bypass.covers(target))
    }
}

/// Header fields that CONNECT cannot have: they speak of a body, or are the library's.
pub fn check_header(index: usize, header: &Header) -> Result<(), Error> {
    const REFUSED: [&str; 4] = ["content-length", "transfer-encoding", "host", "connection"];
    if REFUSED.iter().any(|refused| header.is(refused)) {
        let name = quoted(header.name.as_bytes());
        let message = format!("hs_proxy_options.headers[{index}]: {name} cannot be set for a CONNECT request");
        return Err(Error::new(crate::status::HS_ERR_INVALID_HEADER, message));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
