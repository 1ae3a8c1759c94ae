use super::super::challenge;
use super::*;

fn offer(field: &str) -> Option<Offer> {
    Offer::best(&challenge::parse(field.as_bytes()).unwrap())
}

fn header(field: &str, user: &str, password: &str, cnonce: &str, target: &str) -> String {
    let mut session = Session::with(offer(field).unwrap(), user, password, cnonce.to_owned());
    String::from_utf8(session.answer(user, "GET", target).unwrap()).unwrap()
}

/// RFC 7616, section 3.9.1.
#[test]
fn the_example_with_md5_and_sha_256() {
    for (algorithm, response) in [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ] {
        let field = format!(
            "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm={algorithm}, \
             nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", \
             opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
        );
        let cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
        assert_eq!(
            header(&field, "Mufasa", "Circle of Life", cnonce, "/dir/index.html"),
            format!(
                "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", \
                 nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", uri=\"/dir/index.html\", \
                 algorithm={algorithm}, cnonce=\"{cnonce}\", qop=auth, nc=00000001, \
                 opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\", response=\"{response}\""
            )
        );
    }
}

/// RFC 7616, section 3.9.2, with the hashes of its erratum 4897: those printed are not of SHA-512/256.
#[test]
fn the_example_with_a_hashed_user_beyond_ascii() {
    let field = "Digest realm=\"api@example.org\", qop=\"auth\", algorithm=SHA-512-256, \
         nonce=\"5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK\", \
         opaque=\"HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS\", charset=UTF-8, userhash=true";
    let cnonce = "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v";
    let (user, password) = ("J\u{e4}s\u{f8}n Doe", "Secret, or not?");
    let header_with = |field: &str| header(field, user, password, cnonce, "/doe.json");
    let hashed = header_with(field);
    let username = "793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b";
    let response = "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5";
    assert!(hashed.starts_with(&format!("Digest username=\"{username}\", ")), "{hashed}");
    assert!(hashed.ends_with(&format!(", userhash=true, response=\"{response}\"")), "{hashed}");
    let plain = header_with(&field.replace("userhash=true", "userhash=false"));
    assert!(plain.starts_with("Digest username*=UTF-8''J%C3%A4s%C3%B8n%20Doe, realm="), "{plain}");
    assert!(plain.ends_with(&format!("\", response=\"{response}\"")), "{plain}");
}

/// RFC 2069, section 2.4, with the response that its errata give.
#[test]
fn the_example_without_qop() {
    let field = "Digest realm=\"testrealm@host.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", \
         opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"";
    assert_eq!(
        header(field, "Mufasa", "CircleOfLife", "unused", "/dir/index.html"),
        "Digest username=\"Mufasa\", realm=\"testrealm@host.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", \
         uri=\"/dir/index.html\", opaque=\"5ccc069c403ebaf9f0171e9517f40e41\", \
         response=\"1949323746fe6a43ef61f9606e7febea\""
    );
}

#[test]
fn requests_of_one_nonce_are_counted() {
    let mut session = Session::new(offer("Digest realm=r, nonce=n, qop=auth").unwrap(), "u", "p").unwrap();
    let mut part = |name: &str| {
        let header = String::from_utf8(session.answer("u", "GET", "/").unwrap()).unwrap();
        header.split(", ").find(|part| part.starts_with(name)).unwrap().to_owned()
    };
    assert_eq!([part("nc="), part("nc=")], ["nc=00000001", "nc=00000002"]);
    assert_ne!(part("cnonce="), part("cnonce="));
    session.renew(b"next");
    let renewed = String::from_utf8(session.answer("u", "GET", "/").unwrap()).unwrap();
    assert!(renewed.contains("nonce=\"next\"") && renewed.contains("nc=00000001"), "{renewed}");
    // What is in the hash of a session stays the same, as some servers take it from the last request.
    let mut session =
        Session::new(offer("Digest realm=r, nonce=n, qop=auth, algorithm=MD5-sess").unwrap(), "u", "p").unwrap();
    session.answer("u", "GET", "/").unwrap();
    let cnonce = session.cnonce.clone();
    session.answer("u", "GET", "/").unwrap();
    assert_eq!((cnonce.len(), session.cnonce), (32, cnonce));
}

#[test]
fn a_session_hashes_the_nonces_into_the_secret() {
    for (algorithm, hash) in [("MD5-sess", Hash::Md5), ("sha-256-SESS", Hash::Sha256)] {
        let field = format!("Digest realm=r, nonce=n, qop=auth, algorithm={algorithm}");
        let once = hash.of(&[b"u", b"r", b"p"]);
        let secret = hash.of(&[once.as_bytes(), b"n", b"c"]);
        let request = hash.of(&[b"GET", b"/"]);
        let response = hash.of(&[secret.as_bytes(), b"n", b"00000001", b"c", b"auth", request.as_bytes()]);
        let header = header(&field, "u", "p", "c", "/");
        assert!(header.contains(&format!("algorithm={algorithm}, ")), "{header}");
        assert!(header.ends_with(&format!("response=\"{response}\"")), "{header}");
    }
}

#[test]
fn the_strongest_of_those_that_can_be_answered_is_chosen() {
    for (field, nonce) in [
        ("Digest realm=r, nonce=a", Some("a")),
        ("Digest realm=r, nonce=a, algorithm=MD5, Digest realm=r, nonce=b, algorithm=SHA-256", Some("b")),
        ("Digest realm=r, nonce=a, algorithm=SHA-256, Digest realm=r, nonce=b, algorithm=MD5", Some("a")),
        ("Digest realm=r, nonce=a, algorithm=SHA-256, Digest realm=r, nonce=b, algorithm=SHA-256", Some("a")),
        ("Digest realm=r, nonce=a, algorithm=MD5, Digest realm=r, nonce=b, algorithm=SHA-1024", Some("a")),
        (
            "Digest realm=r, nonce=a, qop=\"auth-int\", Basic realm=r, Digest realm=r, nonce=b, qop=\"auth-int , AUTH\"",
            Some("b"),
        ),
        ("Basic realm=r", None),
        ("Digest realm=r", None),
        ("Digest nonce=a", None),
        ("Digest realm=r, nonce=a, algorithm=MD5-sess", None),
        ("Digest realm=r, nonce=a, algorithm=token", None),
        ("Digest realm=r, nonce=a, qop=\"auth-int\"", None),
    ] {
        let chosen = offer(field).map(|offer| String::from_utf8(offer.nonce).unwrap());
        assert_eq!(chosen.as_deref(), nonce, "{field}");
    }
    for name in ["realm", "nonce", "opaque"] {
        let field = format!("Digest {name}={}", "x".repeat(LONGEST + 1));
        let rest = ["realm", "nonce"].iter().filter(|other| **other != name);
        assert_eq!(offer(&rest.fold(field, |field, other| format!("{field}, {other}=y"))), None, "{name}");
    }
    assert!(offer("Digest realm=r, nonce=a, stale=TRUE").unwrap().stale);
    assert!(!offer("Digest realm=r, nonce=a, stale=yes").unwrap().stale);
}

#[test]
fn what_is_quoted_cannot_leave_its_quotes() {
    let field = r#"Digest realm="a\"b\\c", nonce="n\", response=\"x", opaque="""#;
    let header = header(field, "u\"\\", "p", "c", "/");
    assert!(header.contains(r#"username="u\"\\", realm="a\"b\\c", nonce="n\", response=\"x", uri"#), "{header}");
    assert!(header.contains(r#"opaque="", "#), "{header}");
}
