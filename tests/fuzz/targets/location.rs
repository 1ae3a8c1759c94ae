//! URLs and redirects. The first line is the URL that was asked for, the second a `Location`.

#![no_main]

use bytes::Bytes;
use http_sentinel::fuzzing::{Auth, HeadLimits, Header, HeaderBlock, Request, Url, redirect};
use libfuzzer_sys::fuzz_target;

const SECRET: &str = "hunter2hunter2";

fuzz_target!(|data: &[u8]| {
    // The fuzzer sees what its inputs are compared with, and would write the secret itself.
    if data.to_ascii_lowercase().windows(7).any(|part| part == b"hunter2") {
        return;
    }
    let mut lines = data.splitn(2, |&byte| byte == b'\n');
    let (asked, location) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    for text in [asked, location] {
        keeps_its_secret(text);
    }
    let Ok(parsed) = Url::parse(asked) else { return };
    check(&parsed.url);
    if let Ok(joined) = parsed.url.join(location) {
        check(&joined);
    }
    follow(asked, location);
});

/// What is fetched is what was checked: http or https, no user, no fragment, one reading only.
fn check(url: &Url) {
    let text = url.as_str();
    assert!(text.starts_with("http://") || text.starts_with("https://"), "{text:?}");
    assert!(text.bytes().all(|byte| byte.is_ascii_graphic()), "{text:?}");
    assert!(!url.origin().contains('@') && !text.contains('#'), "{text:?}");
    assert_eq!(format!("{}{}", url.origin(), url.target()), text);
    assert!(url.target().starts_with('/') && url.target().starts_with(url.path()), "{text:?}");

    let again = Url::parse(text.as_bytes()).expect("a URL of ours parses");
    assert_eq!(again.url, *url);
    assert!(again.basic_authorization.is_none());

    let known = url::Url::parse(text).expect("a URL of ours is one");
    assert_eq!(known.host_str(), Some(url.host()), "{text:?}");
    assert_eq!(known.port_or_known_default(), Some(url.port()), "{text:?}");
    assert_eq!(known.scheme() == "https", url.is_secure());
    let address = match known.host() {
        Some(url::Host::Ipv4(v4)) => Some(v4.into()),
        Some(url::Host::Ipv6(v6)) => Some(v6.into()),
        _ => None,
    };
    assert_eq!(url.address(), address, "{text:?}");
    assert_eq!(url.has_host_name(), address.is_none());
}

/// A password is never in an error, however broken the rest of the URL is.
fn keeps_its_secret(text: &[u8]) {
    let at = text.windows(3).position(|three| three == b"://").map_or(0, |at| at + 3);
    let text = [&text[..at], b"user:", SECRET.as_bytes(), b"@", &text[at..]].concat();
    if let Err(error) = Url::parse(&text) {
        let message = error.to_string();
        assert!(!message.contains(SECRET), "{message}");
        assert!(!message.chars().any(char::is_control), "{message:?}");
    }
}

fn follow(asked: &[u8], location: &[u8]) {
    let field = |name: &str, sensitive| Header::parse(name.as_bytes(), SECRET.as_bytes(), sensitive).unwrap();
    let mut answer = HeaderBlock::default();
    let line = [b"Location: ", location].concat();
    if answer.push_line(&line, HeadLimits { bytes: 1 << 16, fields: 8 }).is_err() {
        return;
    }
    for status in [301, 302, 303, 307, 308] {
        for (downgrade, mode) in
            [(false, redirect::Mode::Follow), (true, redirect::Mode::Follow), (true, redirect::Mode::SameOrigin)]
        {
            let headers = vec![
                field("Authorization", false),
                field("cookie", false),
                field("X-Key", true),
                field("Host", false),
                Header::parse(b"Accept", b"public", false).unwrap(),
                Header::parse(b"Content-Type", b"text/plain", false).unwrap(),
            ];
            let parsed = Url::parse(asked).expect("it was parsed before");
            let request = Request::new(b"POST", parsed, headers, Bytes::from_static(b"body")).unwrap();
            let policy = redirect::Policy { mode, most: 10, downgrade };
            let next = match redirect::next(&policy, 0, &request, status, &answer) {
                Err(error) => {
                    let message = error.to_string();
                    assert!(!message.contains(SECRET) && !message.chars().any(char::is_control), "{message:?}");
                    continue;
                }
                Ok(None) => panic!("there is a Location"),
                Ok(Some(next)) => next,
            };
            check(&next.url);
            assert!(next.headers.iter().all(|header| request.headers.contains(header)));
            assert!(downgrade || next.url.is_secure() || !request.url.is_secure());
            assert_eq!(next.method.as_str(), if status < 307 { "GET" } else { "POST" });
            assert_eq!(next.body.is_empty(), status < 307);
            if next.url.origin() == request.url.origin() {
                continue;
            }
            assert_ne!(mode, redirect::Mode::SameOrigin);
            assert!(matches!(next.auth, Auth::None));
            for header in &next.headers {
                assert!(!String::from_utf8_lossy(&header.value).contains(SECRET), "{} went along", header.name);
            }
        }
    }
}
