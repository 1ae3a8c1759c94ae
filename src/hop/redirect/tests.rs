use super::*;
use crate::http::headers::{HeadLimits, Header};
use bytes::Bytes;

fn request(method: &str, url: &str) -> Request {
    let fields = [
        ("Authorization", "Bearer secret", false),
        ("APCA-API-SECRET-KEY", "secret", true),
        ("Host", "override.example", false),
        ("Content-Type", "text/plain", false),
        ("X-Plain", "kept", false),
    ];
    let headers = fields
        .iter()
        .map(|(name, value, secret)| Header::parse(name.as_bytes(), value.as_bytes(), *secret).unwrap())
        .collect();
    let body = if method == "GET" { "" } else { "the body" };
    Request::new(method.as_bytes(), Url::parse(url.as_bytes()).unwrap(), headers, Bytes::from_static(body.as_bytes()))
        .unwrap()
}

fn block(locations: &[&str]) -> HeaderBlock {
    let mut block = HeaderBlock::default();
    for location in locations {
        let line = format!("Location: {location}");
        block.push_line(line.as_bytes(), HeadLimits { bytes: 4096, fields: 10 }).unwrap();
    }
    block
}

fn follow(policy: Policy, request: &Request, status: u16, location: &str) -> Result<Option<Request>, Error> {
    next(&policy, 0, request, status, &block(&[location]))
}

fn names(request: &Request) -> Vec<&str> {
    request.headers.iter().map(|header| header.name.as_str()).collect()
}

#[test]
fn each_status_has_its_own_effect_on_the_method() {
    for (status, method, becomes, keeps_body) in [
        (301, "POST", "GET", false),
        (302, "POST", "GET", false),
        (303, "POST", "GET", false),
        (303, "PUT", "GET", false),
        (301, "PUT", "PUT", true),
        (302, "DELETE", "DELETE", true),
        (307, "POST", "POST", true),
        (308, "PATCH", "PATCH", true),
    ] {
        let next = follow(Policy::default(), &request(method, "http://a/x"), status, "/y").unwrap().unwrap();
        assert_eq!((next.method.as_str(), !next.body.is_empty()), (becomes, keeps_body), "{status} {method}");
        assert_eq!(names(&next).contains(&"Content-Type"), keeps_body, "{status} {method}");
        assert_eq!(next.url.as_str(), "http://a/y");
    }
}

#[test]
fn what_is_no_redirect_is_the_response() {
    for status in [200, 300, 304, 305, 306, 309, 404] {
        assert!(follow(Policy::default(), &request("GET", "http://a/"), status, "/y").unwrap().is_none());
    }
    assert!(next(&Policy::default(), 0, &request("GET", "http://a/"), 302, &block(&[])).unwrap().is_none());
    let back = Policy { mode: Mode::Return, ..Policy::default() };
    assert!(follow(back, &request("GET", "http://a/"), 302, "/y").unwrap().is_none());
}

#[test]
fn locations_are_resolved_as_browsers_do() {
    for (location, url) in [
        ("", "http://a/b/c?q"),
        ("d", "http://a/b/d"),
        ("../d?e#f", "http://a/d?e"),
        ("//other/x", "http://other/x"),
        ("?only", "http://a/b/c?only"),
        ("\\\\other\\x", "http://other/x"),
        ("HTTP://OTHER:80/%7e", "http://other/%7e"),
        ("/\u{e9}", "http://a/%C3%A9"),
        ("http://user:secret@other/", "http://other/"),
    ] {
        let next = follow(Policy::default(), &request("GET", "http://a/b/c?q"), 302, location).unwrap().unwrap();
        assert_eq!(next.url.as_str(), url, "{location:?}");
    }
    // Bytes that are no UTF-8 are kept as they are.
    let mut raw = HeaderBlock::default();
    raw.push_line(b"Location: /\xe9", HeadLimits { bytes: 64, fields: 1 }).unwrap();
    let next = next(&Policy::default(), 0, &request("GET", "http://a/"), 302, &raw).unwrap().unwrap();
    assert_eq!(next.url.as_str(), "http://a/%E9");
}

#[test]
fn secrets_stay_at_their_origin_and_never_come_back() {
    let start = request("GET", "https://a/x");
    let same = follow(Policy::default(), &start, 302, "https://a:443/y").unwrap().unwrap();
    assert_eq!(names(&same), names(&start));
    for other in ["https://b/", "https://a:8443/", "https://www.a/"] {
        let there = follow(Policy::default(), &start, 302, other).unwrap().unwrap();
        assert_eq!(names(&there), ["Content-Type", "X-Plain"], "{other}");
        let back = follow(Policy::default(), &there, 302, "https://a/x").unwrap().unwrap();
        assert_eq!(names(&back), ["Content-Type", "X-Plain"], "{other}");
    }
}

#[test]
fn what_must_not_be_followed_is_refused_with_the_reason() {
    let only_here = Policy { mode: Mode::SameOrigin, ..Policy::default() };
    for (policy, location, reason) in [
        (Policy::default(), "http://a/", "from https to http"),
        (only_here, "https://b/", "another origin"),
        (Policy::default(), "ftp://a/", "http or https"),
        (Policy::default(), "javascript:alert(1)", "http or https"),
        (Policy::default(), "https://", "empty host"),
    ] {
        let error = follow(policy, &request("GET", "https://a/"), 302, location).unwrap_err();
        assert_eq!(error.status(), HS_ERR_REDIRECT_REFUSED, "{location}");
        assert!(error.to_string().contains(reason), "{location}: {error}");
    }
    let error = next(&Policy::default(), 10, &request("GET", "https://a/"), 302, &block(&["/again"])).unwrap_err();
    assert_eq!(error.status(), HS_ERR_TOO_MANY_REDIRECTS);
    let error = next(&Policy::default(), 0, &request("GET", "https://a/"), 302, &block(&["/x", "/y"])).unwrap_err();
    assert_eq!(error.status(), HS_ERR_PROTOCOL);
    let allowed = Policy { downgrade: true, ..Policy::default() };
    assert!(follow(allowed, &request("GET", "https://a/"), 302, "http://a/").unwrap().is_some());
}

#[test]
fn a_chain_cannot_make_the_url_grow_without_end() {
    let request = request("GET", &format!("https://one.test/{}/", "x".repeat(62_000)));
    assert!(follow(Policy::default(), &request, 302, &"y".repeat(3_000)).is_ok());
    let error = follow(Policy::default(), &request, 302, &"y".repeat(4_000)).unwrap_err();
    assert_eq!(error.status(), HS_ERR_REDIRECT_REFUSED);
    assert!(error.to_string().len() < 200, "{error}");
}
