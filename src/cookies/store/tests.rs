use super::*;
use crate::http::url::Url;

const NOW: i64 = 1_700_000_000_000;

struct Web {
    store: Store,
    now: i64,
}

impl Web {
    fn new() -> Web {
        Web { store: Store::default(), now: NOW }
    }

    fn set(&mut self, url: &str, line: &str) -> bool {
        let url = Url::parse(url.as_bytes()).unwrap().url;
        self.store.set(&Place::of(&url), line.as_bytes(), self.now).is_ok()
    }

    fn sent(&mut self, url: &str) -> String {
        let url = Url::parse(url.as_bytes()).unwrap().url;
        String::from_utf8(self.store.header(&Place::of(&url), &|_| false, self.now)).unwrap()
    }
}

/// What is sent to `to` after the lines were received from `from`.
fn sent(from: &str, lines: &[&str], to: &str) -> String {
    let mut web = Web::new();
    for line in lines {
        web.set(from, line);
    }
    web.sent(to)
}

#[test]
fn the_examples_of_the_rfc() {
    // Section 3.1.
    let mut web = Web::new();
    web.set("https://site.example/login", "SID=31d4d96e407aad42; Path=/; Secure; HttpOnly");
    web.set("https://site.example/login", "lang=en-US; Path=/; Domain=site.example");
    assert_eq!(web.sent("https://site.example/"), "SID=31d4d96e407aad42; lang=en-US");
    assert_eq!(web.sent("https://www.site.example/"), "lang=en-US");
    assert_eq!(web.sent("http://site.example/"), "lang=en-US");
    web.set("https://site.example/login", "lang=; Expires=Sun, 06 Nov 1994 08:49:37 GMT; Path=/; Domain=site.example");
    assert_eq!(web.sent("https://site.example/"), "SID=31d4d96e407aad42");
}

#[test]
fn domains_that_may_and_may_not_be_named() {
    let host = "https://foo.site.example/";
    for (domain, accepted) in [
        ("site.example", true),
        (".site.example", true),
        ("foo.site.example", true),
        ("FOO.SITE.EXAMPLE", true),
        ("bar.foo.site.example", false),
        ("bar.site.example", false),
        ("oo.site.example", false),
        ("example", false),
        ("site.example.", false),
        ("..site.example", false),
        ("s\u{ef}te.example", false),
        ("", true),
    ] {
        assert_eq!(Web::new().set(host, &format!("a=b; Domain={domain}")), accepted, "{domain:?}");
    }
    assert!(!Web::new().set("https://www.example.co.uk/", "a=b; Domain=co.uk"));
    assert!(!Web::new().set("https://me.github.io/", "a=b; Domain=github.io"));
    // A host that is a public suffix itself may set cookies for itself alone.
    assert_eq!(sent("https://github.io/", &["a=b; Domain=github.io"], "https://github.io/"), "a=b");
    assert_eq!(sent("https://github.io/", &["a=b; Domain=github.io"], "https://me.github.io/"), "");
    assert_eq!(sent("http://localhost/", &["a=b; Domain=localhost"], "http://localhost:81/"), "a=b");
}

#[test]
fn an_address_has_cookies_for_itself_alone() {
    assert_eq!(sent("http://127.0.0.1/", &["a=b"], "http://127.0.0.1:9/"), "a=b");
    assert_eq!(sent("http://[::1]/", &["a=b; Domain=[::1]"], "http://[::1]/"), "a=b");
    assert!(Web::new().set("http://127.0.0.1/", "a=b; Domain=127.0.0.1"));
    assert!(!Web::new().set("http://127.0.0.1/", "a=b; Domain=0.0.1"));
    assert!(!Web::new().set("http://127.0.0.1/", "a=b; Domain=1"));
}

#[test]
fn hosts_below_get_it_only_where_a_domain_was_named() {
    for (line, below) in [("a=b", ""), ("a=b; Domain=site.example", "a=b"), ("a=b; Domain=x; Domain=", "")] {
        assert_eq!(sent("https://site.example/", &[line], "https://site.example/"), "a=b", "{line}");
        assert_eq!(sent("https://site.example/", &[line], "https://www.site.example/"), below, "{line}");
    }
}

#[test]
fn paths_are_the_requests_unless_named() {
    for (line, to, expected) in [
        ("a=b", "https://h.example/x/other", "a=b"),
        ("a=b", "https://h.example/x", "a=b"),
        ("a=b", "https://h.example/xy", ""),
        ("a=b", "https://h.example/", ""),
        ("a=b; Path=/", "https://h.example/", "a=b"),
        ("a=b; Path=/z", "https://h.example/z/1?q=/x", "a=b"),
        ("a=b; Path=z", "https://h.example/x/1", "a=b"),
    ] {
        assert_eq!(sent("https://h.example/x/y", &[line], to), expected, "{line} {to}");
    }
    assert!(!Web::new().set(&format!("https://h.example/{}/", "x".repeat(LONGEST_PATH)), "a=b"));
}

#[test]
fn secure_ones_stay_with_https() {
    assert!(!Web::new().set("http://h.example/", "a=b; Secure"));
    assert!(!Web::new().set("http://localhost/", "a=b; Secure"));
    assert_eq!(sent("https://h.example/", &["a=b; Secure"], "http://h.example/"), "");
    assert_eq!(sent("https://h.example/", &["a=b; Secure"], "https://h.example:8443/"), "a=b");
    assert!(!Web::new().set("https://h.example/", "a=b; SameSite=None"));
    assert!(Web::new().set("https://h.example/", "a=b; SameSite=None; Secure"));
}

#[test]
fn http_cannot_replace_or_hide_a_secure_one() {
    let mut web = Web::new();
    web.set("https://www.h.example/", "a=secure; Secure; Path=/login; Domain=h.example; Max-Age=10");
    for (url, line, accepted) in [
        ("http://www.h.example/", "a=evil; Path=/login", false),
        ("http://www.h.example/", "a=evil; Path=/login/en", false),
        ("http://www.h.example/", "a=evil; Domain=h.example; Path=/login", false),
        ("http://h.example/", "a=evil; Path=/login", false),
        ("http://other.h.example/", "a=evil; Path=/login; Domain=h.example", false),
        ("http://www.h.example/", "a=fine; Path=/", true),
        ("http://www.h.example/", "a=fine; Path=/loginx", true),
        ("http://www.h.example/", "b=fine; Path=/login", true),
        ("https://www.h.example/", "a=fine; Path=/login", true),
    ] {
        assert_eq!(web.set(url, line), accepted, "{url} {line}");
    }
    web.now += 11_000;
    assert!(web.set("http://h.example/", "a=late; Path=/login"));
}

#[test]
fn prefixes_keep_their_promise_in_any_case() {
    for (line, accepted) in [
        ("__Secure-a=b; Secure", true),
        ("__Secure-a=b", false),
        ("__SECURE-a=b", false),
        ("__Host-a=b; Secure; Path=/", true),
        ("__host-a=b; Path=/", false),
        ("__Host-a=b; Secure", false),
        ("__hOst-a=b; Secure", false),
        ("__Host-a=b; Secure; Path=/x", false),
        ("__Host-a=b; Secure; Path=/; Domain=h.example", false),
        ("=__Host-a=b; Secure; Path=/", false),
        ("__Secure-a; Secure", false),
        ("=__secure-a=b", false),
        ("__Secur-a=b", true),
        ("__", true),
    ] {
        assert_eq!(Web::new().set("https://h.example/", line), accepted, "{line}");
    }
    assert!(!Web::new().set("http://h.example/", "__Host-a=b; Secure; Path=/"));
}

#[test]
fn the_header_has_longer_paths_first_and_then_the_older() {
    let mut web = Web::new();
    for line in ["a=1; Path=/", "b=2; Path=/x/y", "c=3; Path=/x", "d=4; Path=/", "nameless; Path=/"] {
        assert!(web.set("https://h.example/x/y/z", line));
    }
    assert_eq!(web.sent("https://h.example/x/y/"), "b=2; c=3; a=1; d=4; nameless");
    // A new value does not make it younger.
    web.set("https://h.example/", "a=5; Path=/");
    assert_eq!(web.sent("https://h.example/"), "a=5; d=4; nameless");
    assert_eq!(web.store.len(), 5);
    // Another domain, path, or reach is another cookie.
    web.set("https://h.example/", "a=6; Path=/; Domain=h.example");
    assert_eq!(web.sent("https://h.example/"), "a=5; d=4; nameless; a=6");
}

#[test]
fn they_end_in_time() {
    let mut web = Web::new();
    web.set("https://h.example/", "a=1; Max-Age=10");
    web.set("https://h.example/", "b=2");
    web.now += 9_999;
    assert_eq!(web.sent("https://h.example/"), "a=1; b=2");
    web.now += 1;
    assert_eq!(web.sent("https://h.example/"), "b=2");
    web.store.purge(web.now);
    assert_eq!(web.store.len(), 1);
    web.set("https://h.example/", "b=; Max-Age=0");
    assert_eq!((web.store.len(), web.store.sites.len()), (0, 0));
    // No longer than 400 days.
    web.set("https://h.example/", "c=3; Max-Age=9999999999");
    web.now += line::LONGEST_LIFE_MS;
    assert_eq!(web.sent("https://h.example/"), "");
}

#[test]
fn one_site_cannot_fill_the_jar() {
    let mut web = Web::new();
    web.set("https://kept.example/", "kept=1");
    web.set("https://h.example/", "secure=1; Secure");
    web.set("https://h.example/", "first=1; Path=/used");
    for number in 0..MOST_PER_SITE {
        web.set(&format!("https://h{number}.h.example/"), &format!("n{number}=1; Domain=h.example; Path=/n"));
        // What is used is kept.
        assert_eq!(web.sent("https://h.example/used"), "first=1; secure=1", "{number}");
    }
    assert_eq!(web.store.len(), MOST_PER_SITE + 1);
    let sent = web.sent("https://h.example/n");
    assert!(sent.starts_with("n2=1; n3=1") && sent.ends_with(&format!("n{}=1; secure=1", MOST_PER_SITE - 1)), "{sent}");
    assert_eq!(web.sent("https://kept.example/"), "kept=1");
}

#[test]
fn many_sites_push_out_what_was_not_used_for_the_longest_time() {
    let mut web = Web::new();
    web.set("https://old.example/", "a=1");
    web.set("https://gone.example/", "a=1; Max-Age=1");
    web.set("https://used.example/", "a=1");
    for number in 0..MOST - 3 {
        web.set(&format!("https://h{number}.example/"), "a=1");
    }
    assert_eq!(web.store.len(), MOST);
    assert_eq!(web.sent("https://used.example/"), "a=1");
    web.now += 1_000;
    web.set("https://new1.example/", "a=1");
    // What had expired made room.
    assert_eq!(web.sent("https://old.example/"), "a=1");
    web.set("https://new2.example/", "a=1");
    web.set("https://new3.example/", "a=1");
    assert_eq!((web.store.len(), web.store.sites.len()), (MOST, MOST));
    for (host, there) in [("old", true), ("used", true), ("h0", false), ("h1", false), ("h2", true), ("new3", true)] {
        assert_eq!(web.sent(&format!("https://{host}.example/")) == "a=1", there, "{host}");
    }
}
