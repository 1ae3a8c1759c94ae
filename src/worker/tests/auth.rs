//! Credentials against the test server.

use super::*;
use crate::hop::auth::Bound;
use crate::http::body::{Body, Source};
use crate::http::credentials::{Auth, Credentials};
use std::sync::Arc;
use std::task::{Context, Poll};

fn digest(password: &str) -> Arc<Credentials> {
    Arc::new(Credentials::digest(b"u", password.as_bytes()).unwrap())
}

fn with(auth: &Arc<Credentials>, method: &str, url: &str, body: &'static [u8]) -> Rc<Request> {
    let plain = request(method, url, body);
    Rc::new(Request { auth: Auth::Given(auth.clone()), ..Request::clone(&plain) })
}

/// Status and how many exchanges were challenges.
fn outcome(response: &Response) -> (u16, u32) {
    (response.head.status, response.metrics.auth_exchanges)
}

#[test]
fn every_algorithm_is_answered_and_later_requests_prove_themselves_at_once() {
    let server = server();
    for (number, algorithm) in
        ["MD5", "MD5-sess", "SHA-256", "SHA-256-sess", "SHA-512-256", "SHA-512-256-sess"].iter().enumerate()
    {
        for base in [server.http_url(), server.https_url()] {
            let worker = worker_for(&server);
            let target = format!("{base}/digest-auth/u/p?algorithm={algorithm}&opaque=o%20o&count_key={number}");
            let before = server.counter(&number.to_string());
            let first = send(&worker, &with(&digest("p"), "GET", &target, b"")).unwrap();
            assert_eq!(outcome(&first), (200, 1), "{algorithm}");
            assert!(String::from_utf8_lossy(&first.body).contains(&format!("\"{algorithm}\"")));
            for method in ["GET", "POST", "DELETE"] {
                let next = send(&worker, &with(&digest("p"), method, &format!("{target}&x=1,2"), b"")).unwrap();
                assert_eq!(outcome(&next), (200, 0), "{algorithm}");
            }
            assert_eq!(server.counter(&number.to_string()) - before, 5);
        }
    }
}

#[test]
fn the_strongest_is_chosen_wherever_it_stands_and_old_servers_are_answered() {
    let server = server();
    for (query, algorithm) in [
        ("algorithm=MD5,SHA-256", "SHA-256"),
        ("algorithm=SHA-256,MD5&together=1", "SHA-256"),
        ("algorithm=MD5,SHA-256-sess,UNKNOWN&together=1", "SHA-256-sess"),
        ("algorithm=MD5&qop=auth-int,auth", "MD5"),
        ("algorithm=MD5&qop=", "MD5"),
        ("algorithm=SHA-256&userhash=1", "SHA-256"),
    ] {
        let target = format!("{}/digest-auth/u/p?{query}", server.http_url());
        let response = send(&worker_for(&server), &with(&digest("p"), "POST", &target, b"a body")).unwrap();
        assert_eq!(outcome(&response), (200, 1), "{query}");
        assert!(String::from_utf8_lossy(&response.body).contains(&format!("\"{algorithm}\"")), "{query}");
    }
}

#[test]
fn users_beyond_ascii_are_named_or_hashed() {
    let server = server();
    let credentials = Arc::new(Credentials::digest("J\u{e4}s\u{f8}n \"D\" \\".as_bytes(), b"p:\"").unwrap());
    for query in ["", "?userhash=1"] {
        let target = format!("{}/digest-auth/J%C3%A4s%C3%B8n%20%22D%22%20%5C/p:%22{query}", server.http_url());
        let response = send(&worker_for(&server), &with(&credentials, "GET", &target, b"")).unwrap();
        assert_eq!(outcome(&response), (200, 1), "{query}");
    }
}

#[test]
fn a_401_that_cannot_be_answered_is_the_response_after_one_try() {
    let server = server();
    for (query, password, challenges) in [
        ("", "wrong", 1),
        ("&uses=0", "p", 2),
        ("&qop=auth-int", "p", 0),
        ("&algorithm=UNKNOWN", "p", 0),
        ("&algorithm=MD5-sess&qop=", "p", 0),
    ] {
        let worker = worker_for(&server);
        let key = format!("k{}{challenges}", query.len());
        let target = format!("{}/digest-auth/u/p?count_key={key}{query}", server.http_url());
        for _ in 0..2 {
            let response = send(&worker, &with(&digest(password), "GET", &target, b"")).unwrap();
            assert_eq!(outcome(&response), (401, challenges), "{query}");
        }
        assert_eq!(server.counter(&key), 2 * (1 + u64::from(challenges)), "{query}");
    }
}

#[test]
pub(super) fn a_nonce_that_is_used_up_is_replaced() {
    let server = server();
    let worker = worker_for(&server);
    let target = format!("{}/digest-auth/u/p?uses=2", server.http_url());
    let mut challenges = Vec::new();
    for _ in 0..6 {
        let response = send(&worker, &with(&digest("p"), "POST", &target, b"a body")).unwrap();
        assert_eq!(response.head.status, 200);
        challenges.push(response.metrics.auth_exchanges);
    }
    assert_eq!(challenges, [1, 0, 1, 0, 1, 0]);
    // A server that tells the next one in time is never asked for it.
    let target = format!("{}/digest-auth/u/p?uses=1&nextnonce=1", server.https_url());
    for expected in [1, 0, 0, 0] {
        assert_eq!(outcome(&send(&worker, &with(&digest("p"), "POST", &target, b"a body")).unwrap()), (200, expected));
    }
}

#[test]
fn challenges_are_no_redirects_and_follow_them() {
    let server = server();
    let worker = worker_for(&server);
    let home = format!("{}/redirect-to?url=/digest-auth/u/p", server.http_url());
    let limits = Limits { redirects: Policy { most: 1, ..Policy::default() }, ..worker.limits().clone() };
    let asked = with(&digest("p"), "GET", &home, b"");
    let response = worker.request(&asked, limits, None, Sink::Buffer(Vec::new())).unwrap();
    assert_eq!((outcome(&response), response.hops.len()), ((200, 1), 1));

    // Elsewhere nothing is answered; back home nothing any more.
    let worker = worker_for(&server);
    let away = format!("{}/redirect-to?url={}/digest-auth/u/p", server.http_url(), server.https_url());
    let response = send(&worker, &with(&digest("p"), "GET", &away, b"")).unwrap();
    assert_eq!(outcome(&response), (401, 0));
    let back = format!(
        "{}/redirect-to?url={}/redirect-to?url={}/digest-auth/u/p",
        server.http_url(),
        server.https_h1_url(),
        server.http_url()
    );
    let worker = worker_for(&server);
    let limits = Limits { redirects: Policy { downgrade: true, ..Policy::default() }, ..worker.limits().clone() };
    let asked = with(&digest("p"), "GET", &back, b"");
    let response = worker.request(&asked, limits, None, Sink::Buffer(Vec::new())).unwrap();
    assert_eq!((outcome(&response), response.hops.len()), ((401, 0), 2));
}

#[test]
fn the_workers_own_credentials_stay_at_their_origin() {
    let server = server();
    let credentials = Arc::new(Credentials::bearer(b"t0ken").unwrap());
    let auth = Some(Bound { origin: server.http_url().to_owned(), credentials });
    let worker = Worker::new(WorkerOptions { auth, ..options(&server) }).unwrap();
    let status = |request: &Rc<Request>| send(&worker, request).unwrap().head.status;
    let plain = |url: String| status(&request("GET", &url, b""));
    let (http, https) = (server.http_url(), server.https_url());
    assert_eq!(plain(format!("{http}/bearer/t0ken")), 200);
    assert_eq!(plain(format!("{https}/bearer/t0ken")), 401);
    assert_eq!(plain(format!("{http}/redirect-to?url={https}/bearer/t0ken")), 401);
    assert_eq!(plain(format!("{http}/redirect-to?url=/bearer/t0ken")), 200);
    // Nobody elsewhere makes them go along.
    let limits = Limits { redirects: Policy { downgrade: true, ..Policy::default() }, ..worker.limits().clone() };
    let from_elsewhere = request("GET", &format!("{https}/redirect-to?url={http}/bearer/t0ken"), b"");
    let response = worker.request(&from_elsewhere, limits, None, Sink::Buffer(Vec::new())).unwrap();
    assert_eq!((response.head.status, response.hops.len()), (401, 1));
    let other = Arc::new(Credentials::basic(b"a", b"b").unwrap());
    assert_eq!(status(&with(&other, "GET", &format!("{http}/basic-auth/a/b"), b"")), 200);
    assert_eq!(plain(format!("{}/bearer/t0ken", http.replacen("http://", "http://u:p@", 1))), 401);
    let none = Request { auth: Auth::None, ..Request::clone(&request("GET", &format!("{http}/bearer/t0ken"), b"")) };
    assert_eq!(status(&Rc::new(none)), 401);
}

#[test]
fn what_becomes_of_the_answer_is_what_becomes_of_the_request() {
    let server = server();
    let worker = worker_for(&server);
    let script = r#"{"sequence": [
        [{"read": "request"}, {"send": "HTTP/1.1 401 Unauthorized\nWWW-Authenticate: Digest realm=r, nonce=n\nContent-Length: 0\n\n"}],
        [{"read": "request"}, {"close": true}]
    ]}"#;
    server.install_script("challenged", script).unwrap();
    let target = format!("http://{}/challenged", server.script_addr());
    let error = send(&worker, &with(&digest("p"), "POST", &target, b"an order")).unwrap_err();
    assert_eq!(error.status(), HS_ERR_CONNECTION_CLOSED, "{error}");
    assert_eq!((error.details().sent, error.details().retryable), (Sent::Maybe, Retryable::Unknown));
    assert_eq!(server.counter("script:challenged"), 2);
}

struct Once(bool);

impl Source for Once {
    fn poll_read(&mut self, _: &mut Context<'_>, buffer: &mut [u8]) -> Poll<Result<usize, Error>> {
        let count = if self.0 { 0 } else { 1 };
        self.0 = true;
        buffer[..count].fill(b'x');
        Poll::Ready(Ok(count))
    }

    fn can_rewind(&self) -> bool {
        false
    }

    fn rewind(&mut self) -> Result<(), Error> {
        unreachable!("it cannot be rewound")
    }
}

#[test]
fn a_body_that_is_gone_is_not_sent_again_but_the_next_one_is_proved() {
    let server = server();
    let worker = worker_for(&server);
    let target = format!("{}/digest-auth/u/p", server.http_url());
    for expected in [401, 200] {
        let body = Body::streamed(Box::new(Once(false)), Some(1));
        let url = Url::parse(target.as_bytes()).unwrap();
        let mut upload = Request::new(b"POST", url, Vec::new(), body).unwrap();
        upload.auth = Auth::Given(digest("p"));
        assert_eq!(outcome(&send(&worker, &Rc::new(upload)).unwrap()), (expected, 0));
    }
}
