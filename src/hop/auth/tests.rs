use super::*;
use crate::http::headers::HeadLimits;
use crate::http::url::Url;
use bytes::Bytes;

fn request(url: &str, auth: Auth) -> Request {
    let url = Url::parse(url.as_bytes()).unwrap();
    Request { auth, ..Request::new(b"", url, Vec::new(), Bytes::new()).unwrap() }
}

fn digest(user: &str) -> Auth {
    Auth::Given(Arc::new(Credentials::digest(user.as_bytes(), b"p").unwrap()))
}

fn head(lines: &[&str]) -> HeaderBlock {
    let mut block = HeaderBlock::default();
    for line in lines {
        block
            .push_line(format!("WWW-Authenticate: {line}").as_bytes(), HeadLimits { bytes: 9_999, fields: 9 })
            .unwrap();
    }
    block
}

/// The nonce that the next exchange of a hop uses.
fn sent(keyring: &Keyring, request: &Request, dialogue: &mut Dialogue) -> Option<String> {
    let mut dressed = request.clone();
    keyring.dress(&mut dressed, dialogue).unwrap();
    let header = dressed.headers.iter().find(|header| header.is("authorization"))?;
    assert!(header.sensitive);
    let value = String::from_utf8(header.value.clone()).unwrap();
    Some(value.split("nonce=\"").nth(1).unwrap().split('"').next().unwrap().to_owned())
}

struct Talk {
    keyring: Keyring,
    request: Request,
    dialogue: Dialogue,
}

impl Talk {
    fn new() -> Talk {
        Talk { keyring: Keyring::new(None), request: request("http://h/", digest("u")), dialogue: Dialogue::default() }
    }

    /// The next exchange: whether it used that nonce, and whether its 401 is answered.
    fn exchange(&mut self, nonce: Option<&str>, challenges: &[&str]) -> bool {
        assert_eq!(sent(&self.keyring, &self.request, &mut self.dialogue).as_deref(), nonce);
        self.keyring.is_to_be_answered(&self.request, 401, &head(challenges), &mut self.dialogue).unwrap()
    }

    fn next_request(&mut self) {
        self.dialogue = Dialogue::default();
    }
}

const N1: &[&str] = &["Digest realm=r, nonce=n1, qop=auth"];
const N2: &[&str] = &["Digest realm=r, nonce=n2, qop=auth"];
const N2_STALE: &[&str] = &["Digest realm=r, nonce=n2, qop=auth, stale=true"];
const N3_STALE: &[&str] = &["Digest realm=r, nonce=n3, qop=auth, stale=true"];

#[test]
fn a_challenge_is_answered_once_and_its_nonce_is_used_from_then_on() {
    let mut talk = Talk::new();
    assert!(talk.exchange(None, N1));
    // The answer is refused, with the same nonce or another.
    assert!(!talk.exchange(Some("n1"), N2));
    talk.next_request();
    assert!(talk.exchange(None, N1));
    assert!(!talk.exchange(Some("n1"), N1));
    talk.next_request();
    assert!(talk.exchange(None, N1));
    talk.next_request();
    assert_eq!(sent(&talk.keyring, &talk.request, &mut talk.dialogue).as_deref(), Some("n1"));
}

#[test]
fn a_nonce_that_grew_old_is_replaced_once_more() {
    let mut talk = Talk::new();
    assert!(talk.exchange(None, N1));
    talk.next_request();
    // Kept from before, it is refused: that is a challenge like any other.
    assert!(talk.exchange(Some("n1"), N2));
    talk.next_request();
    assert!(talk.exchange(Some("n2"), N1));
    assert!(talk.exchange(Some("n1"), N2_STALE));
    // No server needs a third.
    assert!(!talk.exchange(Some("n2"), N3_STALE));
    talk.next_request();
    assert!(talk.exchange(None, N1));
    // That it is stale and the same is no reason to send it again.
    assert!(!talk.exchange(Some("n1"), &["Digest realm=r, nonce=n1, qop=auth, stale=true"]));
}

#[test]
fn the_nonce_for_the_next_request_is_taken_from_the_answer_to_this_one() {
    let mut talk = Talk::new();
    assert!(talk.exchange(None, N1));
    let mut told = |used: &str, info: &str| {
        assert_eq!(sent(&talk.keyring, &talk.request, &mut talk.dialogue).as_deref(), Some(used));
        let mut block = HeaderBlock::default();
        let line = format!("Authentication-Info: {info}");
        block.push_line(line.as_bytes(), HeadLimits { bytes: 9_999, fields: 9 }).unwrap();
        assert!(!talk.keyring.is_to_be_answered(&talk.request, 200, &block, &mut talk.dialogue).unwrap());
    };
    told("n1", "qop=auth, nextnonce=\"n2\"");
    for nothing in ["nextnonce=\"\"", "nextnonce=\"n3", "qop=auth", "Digest nextnonce=n3", "x y"] {
        told("n2", nothing);
    }
    told("n2", "nextnonce=n3");
    told("n3", "");
}

#[test]
fn only_a_401_with_something_to_answer_is_a_challenge() {
    let (keyring, with) = (Keyring::new(None), request("http://h/", digest("u")));
    let basic = Auth::Given(Arc::new(Credentials::basic(b"u", b"p").unwrap()));
    let answered = |request: &Request, status: u16, lines: &[&str]| {
        keyring.is_to_be_answered(request, status, &head(lines), &mut Dialogue::default()).unwrap()
    };
    assert!(!answered(&with, 200, N1) && !answered(&with, 407, N1) && !answered(&with, 403, N1));
    assert!(!answered(&with, 401, &[]) && !answered(&with, 401, &["Basic realm=r"]));
    assert!(!answered(&with, 401, &["Digest realm=\"r, nonce=n"]));
    assert!(!answered(&request("http://h/", Auth::None), 401, N1) && !answered(&request("http://h/", basic), 401, N1));
    assert!(answered(&with, 401, &["Digest broken", "Basic realm=r", N1[0]]));
}

#[test]
fn nonces_are_of_one_origin_and_one_user() {
    let keyring = Keyring::new(None);
    let at_home = request("http://h/a", digest("u"));
    assert!(keyring.is_to_be_answered(&at_home, 401, &head(N1), &mut Dialogue::default()).unwrap());
    let used = |url: &str, user: &str| sent(&keyring, &request(url, digest(user)), &mut Dialogue::default());
    assert_eq!(used("http://h/b?c", "u").as_deref(), Some("n1"));
    for (url, user) in [("http://h:81/", "u"), ("https://h/", "u"), ("http://other/", "u"), ("http://h/", "other")] {
        assert_eq!(used(url, user), None, "{url} {user}");
    }
    // Many others push it out.
    for number in 0..MOST_KNOWN {
        let other = request(&format!("http://h{number}/"), digest("u"));
        assert!(keyring.is_to_be_answered(&other, 401, &head(N2), &mut Dialogue::default()).unwrap());
    }
    assert_eq!((used("http://h/", "u"), keyring.known.borrow().len()), (None, MOST_KNOWN));
}

#[test]
fn the_workers_own_go_to_their_origin_unless_the_request_says_otherwise() {
    let credentials = Arc::new(Credentials::bearer(b"t").unwrap());
    let keyring = Keyring::new(Some(Bound { origin: "https://h".into(), credentials: credentials.clone() }));
    for (url, auth, own) in [
        ("https://h/x", Auth::Unsaid, true),
        ("https://h:443/", Auth::Unsaid, true),
        ("http://h/", Auth::Unsaid, false),
        ("https://h:444/", Auth::Unsaid, false),
        ("https://www.h/", Auth::Unsaid, false),
        ("https://user@h/", Auth::Unsaid, false),
        ("https://h/", Auth::None, false),
        ("https://h/", digest("u"), false),
    ] {
        let expected = own.then(|| credentials.clone());
        assert_eq!(keyring.own_for(&request(url, auth)), expected, "{url}");
    }
}
