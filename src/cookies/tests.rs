use super::*;
use crate::http::headers::HeadLimits;
use bytes::Bytes;

fn url(text: &str) -> Url {
    Url::parse(text.as_bytes()).unwrap().url
}

fn text(jar: &Jar) -> String {
    String::from_utf8(jar.export()).unwrap()
}

#[test]
fn a_response_fills_it_and_bad_lines_are_passed_over() {
    let (jar, mut block) = (Jar::default(), HeaderBlock::default());
    for line in ["Set-Cookie: a=1", "x: y", "set-cookie: b=2; Domain=elsewhere.example", "SET-COOKIE: c=3"] {
        block.push_line(line.as_bytes(), HeadLimits { bytes: 999, fields: 9 }).unwrap();
    }
    jar.clone().take(&url("http://h.example/"), &block);
    assert_eq!(jar.header(&url("http://h.example/")), b"a=1; c=3");
    assert_eq!(jar.count(), 2);
    jar.clear();
    assert_eq!((jar.count(), jar.header(&url("http://h.example/"))), (0, Vec::new()));
}

#[test]
fn the_callers_own_cookies_come_first_and_win() {
    let jar = Jar::default();
    for line in ["a=jar", "b=jar", "c=jar"] {
        jar.set(&url("http://h.example/"), line.as_bytes()).unwrap();
    }
    for (own, expected) in [
        (None, "a=jar; b=jar; c=jar"),
        (Some("b=own; x=y"), "b=own; x=y; a=jar; c=jar"),
        (Some(""), "a=jar; b=jar; c=jar"),
    ] {
        let headers = own.map(|own| Header::parse(b"cookie", own.as_bytes(), false).unwrap());
        let target = Url::parse(b"http://h.example/").unwrap();
        let mut request = Request::new(b"", target, headers.into_iter().collect(), Bytes::new()).unwrap();
        jar.dress(&mut request);
        assert_eq!(request.headers.len(), 1);
        assert!(request.headers[0].sensitive);
        assert_eq!(String::from_utf8_lossy(&request.headers[0].value), expected);
    }
}

#[test]
fn errors_show_no_value() {
    let jar = Jar::default();
    for (line, why) in [
        ("sid=hunter2; Domain=elsewhere.example", "\"sid\" of http://h.example refused: its domain"),
        ("hunter2; Path=/; Domain=elsewhere.example", "cookie \"\" of"),
        ("sid=hunter2\x01", "control character"),
        ("sid=hunter2; Secure", "the origin is not"),
    ] {
        let error = jar.set(&url("http://h.example/"), line.as_bytes()).unwrap_err();
        assert_eq!(error.status(), HS_ERR_INVALID_COOKIE);
        assert!(error.to_string().contains(why) && !error.to_string().contains("hunter2"), "{error}");
    }
}

#[test]
fn a_text_as_curl_writes_it_goes_in_and_out() {
    let there = "# Netscape HTTP Cookie File\n\
        #HttpOnly_.h.example\tTRUE\t/\tTRUE\t0\tsid\t31d4\n\
        h.example\tFALSE\t/x\tFALSE\t0\tempty\t\n\
        127.0.0.1\tFALSE\t/\tFALSE\t0\t\tnameless\n\
        [::1]\tFALSE\t/\tFALSE\t0\tv6\t1=2\n";
    let jar = Jar::default();
    jar.import(there.as_bytes()).unwrap();
    assert_eq!(text(&jar), there);
    assert_eq!(jar.header(&url("https://www.h.example/x")), b"sid=31d4");
    assert_eq!(jar.header(&url("http://h.example/x")), b"empty=");
    assert_eq!(jar.header(&url("http://127.0.0.1/")), b"nameless");
    assert_eq!(jar.header(&url("http://[::1]:8080/")), b"v6=1=2");
}

#[test]
fn what_programs_write_otherwise() {
    let jar = Jar::default();
    let expires = now() / 1_000 + 1_000;
    let given = format!(
        "\r\n# a comment\r\nH.example\ttrue\t/\tfalse\t{expires}\ta\tb\r\nh.example\tFALSE\t/\tFALSE\t0\tno-tab\n\
         .localhost\tTRUE\t/\tFALSE\t0\tall\t1\n.127.0.0.1\tTRUE\t/\tFALSE\t0\tip\t1\nh.example\tFALSE\t/\tFALSE\t1\told\t1\n"
    );
    jar.import(given.as_bytes()).unwrap();
    assert_eq!(
        text(&jar),
        format!(
            "# Netscape HTTP Cookie File\n.h.example\tTRUE\t/\tFALSE\t{expires}\ta\tb\n\
             h.example\tFALSE\t/\tFALSE\t0\tno-tab\t\nlocalhost\tFALSE\t/\tFALSE\t0\tall\t1\n\
             127.0.0.1\tFALSE\t/\tFALSE\t0\tip\t1\n"
        )
    );
}

#[test]
fn a_bad_line_is_named_and_nothing_is_taken() {
    let long = format!("h.example\tFALSE\t/\tFALSE\t0\ta\t{}", "v".repeat(4096));
    for (line, why) in [
        ("hunter2", "1 columns"),
        ("h.example\tFALSE\t/\tFALSE\t0\ta\tb\thunter2", "8 columns"),
        ("h.example\tPERHAPS\t/\tFALSE\t0\ta\thunter2", "second"),
        ("h.example\tTRUE\t/\t1\t0\ta\thunter2", "fourth"),
        ("h.example\tTRUE\t/\tFALSE\thunter2\ta\tb", "expiry"),
        ("h example\tTRUE\t/\tFALSE\t0\ta\thunter2", "host"),
        ("\tTRUE\t/\tFALSE\t0\ta\thunter2", "host"),
        ("h.example\tTRUE\tx\tFALSE\t0\ta\thunter2", "path"),
        ("h.example\tTRUE\t/\tFALSE\t0\ta\thunter2\x01", "control"),
        ("h.example\tTRUE\t/\tFALSE\t0\ta\thunter2;x", "server"),
        ("h.example\tTRUE\t/\tFALSE\t0\t\t", "0 bytes"),
        ("h.example\tFALSE\t/\tFALSE\t0\t__Secure-a\thunter2", "Secure"),
        ("h.example\tTRUE\t/\tTRUE\t0\t__Host-a\thunter2", "Host"),
        (&long, "4097 bytes"),
    ] {
        let jar = Jar::default();
        let given = format!("# fine\nh.example\tFALSE\t/\tFALSE\t0\tfine\t1\n{line}\n");
        let error = jar.import(given.as_bytes()).unwrap_err();
        assert_eq!(error.status(), HS_ERR_INVALID_COOKIE, "{line}");
        let shown = error.to_string();
        assert!(shown.starts_with("line 3 ") && shown.contains(why) && !shown.contains("hunter2"), "{shown}");
        assert_eq!(jar.count(), 0, "{line}");
    }
}

#[test]
fn a_path_that_no_line_could_name_goes_in_and_out() {
    let page = url("http://h.example/a;b/c");
    let (jar, again) = (Jar::default(), Jar::default());
    jar.set(&page, b"d=e").unwrap();
    again.import(&jar.export()).unwrap();
    assert_eq!(again.header(&page), b"d=e");
}

#[test]
fn what_the_format_cannot_say_is_left_out() {
    let jar = Jar::default();
    jar.set(&url("http://h.example/"), b"a=b\tc").unwrap();
    jar.set(&url("http://.h.example/"), b"a=b").unwrap();
    jar.set(&url("http://h.example/"), b"d=\xff; Max-Age=100000").unwrap();
    assert_eq!(jar.export().split(|&byte| byte == b'\n').count(), 3);
    let again = Jar::default();
    again.import(&jar.export()).unwrap();
    assert_eq!(again.header(&url("http://h.example/")), b"d=\xff");
}

/// Lines and texts made of the pieces that mean something, in any order: what goes in comes out again, and nothing that
/// is sent could break a header.
#[test]
fn whatever_is_thrown_at_it_it_stays_sound() {
    const PIECES: [&[u8]; 24] = [
        b"a",
        b"=",
        b";",
        b" ",
        b"\t",
        b"\"",
        b"Path",
        b"/",
        b"Domain",
        b".h.example",
        b"Secure",
        b"__Host-",
        b"Max-Age",
        b"-1",
        b"99999999999999999999",
        b"Expires",
        b"31 Dec 9999 23:59:59",
        b"01 Jan 1601 00:00:00",
        b"\xff",
        b"\0",
        b"TRUE",
        b"0",
        b"\n",
        b"#HttpOnly_",
    ];
    let mut state = 88_172_645_463_325_252_u64;
    let mut next = |most: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as usize % most
    };
    let (jar, page) = (Jar::default(), url("https://www.h.example/"));
    for _ in 0..2_000 {
        let line: Vec<u8> = (0..next(16)).flat_map(|_| PIECES[next(PIECES.len())]).copied().collect();
        let _ = jar.set(&page, &line);
        let _ = jar.import(&line);
        let header = jar.header(&page);
        assert!(!header.iter().any(|&byte| byte != b'\t' && byte.is_ascii_control()), "{}", line.escape_ascii());
    }
    assert!((10..=store::MOST_PER_SITE).contains(&jar.count()), "{}", jar.count());
    let again = Jar::default();
    again.import(&jar.export()).unwrap();
    assert_eq!(again.export(), jar.export());
}
