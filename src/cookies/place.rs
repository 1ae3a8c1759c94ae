//! Where a cookie comes from or goes to: hosts, paths and the public suffix list (RFC 6265bis, sections 5.1.2 to 5.1.4).

use crate::http::url::Url;

/// What of a URL matters to cookies.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// In lower case, as the URL parser leaves it.
    pub host: &'a str,
    pub is_address: bool,
    pub path: &'a [u8],
    pub is_secure: bool,
}

impl<'a> Place<'a> {
    pub fn of(url: &'a Url) -> Place<'a> {
        Place {
            host: url.host(),
            is_address: !url.has_host_name(),
            path: url.path().as_bytes(),
            is_secure: url.is_secure(),
        }
    }

    /// The path of a cookie that names none: the request's up to its last slash.
    pub fn default_path(&self) -> &'a [u8] {
        match self.path.iter().rposition(|&byte| byte == b'/') {
            None | Some(0) => b"/",
            Some(last) => &self.path[..last],
        }
    }

    /// Whether this host is the domain or lies in it. An address lies in nothing but itself.
    pub fn is_within(&self, domain: &str) -> bool {
        self.host == domain || !self.is_address && is_below(self.host, domain)
    }
}

pub fn is_below(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
}

pub fn path_matches(path: &[u8], of_cookie: &[u8]) -> bool {
    path.strip_prefix(of_cookie)
        .is_some_and(|rest| rest.is_empty() || of_cookie.ends_with(b"/") || rest.starts_with(b"/"))
}

/// Whether everybody can register names below it, as with "com" and "co.uk": no cookie is for all of them.
pub fn is_public_suffix(domain: &str) -> bool {
    // A root dot makes another host of it, but no other owner.
    let domain = domain.trim_end_matches('.');
    psl::suffix_str(domain) == Some(domain)
}

/// Who is behind a host, as far as names tell: what a cookie's domain can never reach beyond.
pub fn site(host: &str, is_address: bool) -> &str {
    if is_address { host } else { psl::domain_str(host).unwrap_or(host) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(url: &str) -> Url {
        Url::parse(url.as_bytes()).unwrap().url
    }

    #[test]
    fn hosts_within_domains() {
        for (url, domain, within) in [
            ("http://example.com/", "example.com", true),
            ("http://a.b.example.com:8080/", "example.com", true),
            ("http://badexample.com/", "example.com", false),
            ("http://example.com/", "a.example.com", false),
            ("http://127.0.0.1/", "0.0.1", false),
            ("http://127.0.0.1/", "127.0.0.1", true),
            ("http://[::1]:80/", "[::1]", true),
            ("http://example.com./", "example.com", false),
            ("http://example.com/", "", false),
        ] {
            assert_eq!(Place::of(&place(url)).is_within(domain), within, "{url} in {domain}");
        }
    }

    #[test]
    fn paths_and_their_defaults() {
        for (url, default) in
            [("http://h", "/"), ("http://h/a", "/"), ("http://h/a/", "/a"), ("http://h/a/b/c?d=/e", "/a/b")]
        {
            assert_eq!(Place::of(&place(url)).default_path(), default.as_bytes(), "{url}");
        }
        for (path, of_cookie, matches) in [
            ("/", "/", true),
            ("/a", "/", true),
            ("/a/b", "/a", true),
            ("/a/b", "/a/", true),
            ("/a", "/a/", false),
            ("/ab", "/a", false),
            ("/A", "/a", false),
        ] {
            assert_eq!(path_matches(path.as_bytes(), of_cookie.as_bytes()), matches, "{path} {of_cookie}");
        }
    }

    #[test]
    fn suffixes_that_belong_to_all() {
        for (domain, public) in [
            ("com", true),
            ("co.uk", true),
            ("github.io", true),
            ("example.com", false),
            ("example.co.uk", false),
            ("localhost", true),
            ("test.internal", false),
            ("foo.ck", true),
            ("www.ck", false),
            ("xn--p1ai", true),
            ("com.", true),
            ("example.com.", false),
        ] {
            assert_eq!(is_public_suffix(domain), public, "{domain}");
        }
        assert_eq!(site("a.b.example.co.uk", false), "example.co.uk");
        assert_eq!(site("github.io", false), "github.io");
        assert_eq!(site("me.github.io", false), "me.github.io");
        assert_eq!(site("localhost", false), "localhost");
        assert_eq!(site("127.0.0.1", true), "127.0.0.1");
    }
}
