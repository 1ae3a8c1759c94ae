//! The worker against the test server: the seam under load, the resend guard, limits, connections.

mod proxies;

use super::*;
use crate::body::Sink;
use crate::call::policies::Policies;
use crate::error::{Retryable, Sent};
use crate::hop::redirect::{Mode, Policy};
use crate::http::headers::Header;
use crate::http::response::HttpVersion;
use crate::http::url::Url;
use crate::resilience::retry::options::RetryOptions;
use crate::status::*;
use bytes::Bytes;
use hs_test_server::TestServer;
use std::cell::RefCell;

mod auth;
mod connections;
#[cfg(feature = "bundled-curl")]
mod http2;
mod many;

fn server() -> TestServer {
    TestServer::start().expect("the test server")
}

thread_local! {
    /// How the workers of this test wait for their connections.
    static MANY: Cell<bool> = const { Cell::new(false) };
}

fn options(server: &TestServer) -> WorkerOptions {
    let ca = CaSource::Pem { text: server.ca_pem().as_bytes().to_vec(), origin: "the test server".into() };
    let mut options = WorkerOptions { ca, many: MANY.get(), ..WorkerOptions::default() };
    // A loaded machine is no failure.
    let long = Some(Duration::from_secs(120));
    let limits = &mut options.limits;
    (limits.timeout, limits.attempt_timeout, limits.idle_timeout, limits.connect_timeout) = (long, long, long, long);
    options
}

fn worker_for(server: &TestServer) -> Worker {
    let mut options = options(server);
    options.limits.policies = std::sync::Arc::new(once());
    Worker::new(options).expect("a worker")
}

/// Retries are tested where time is virtual.
fn once() -> Policies {
    Policies { retry: RetryOptions { max_attempts: 1, ..RetryOptions::default() }, ..Policies::default() }
}

fn request(method: &str, url: &str, body: &'static [u8]) -> Rc<Request> {
    let url = Url::parse(url.as_bytes()).expect("a valid URL");
    Rc::new(Request::new(method.as_bytes(), url, Vec::new(), Bytes::from_static(body)).expect("a valid request"))
}

fn get(worker: &Worker, url: &str) -> Result<Response, Error> {
    send(worker, &request("GET", url, b""))
}

fn send(worker: &Worker, request: &Rc<Request>) -> Result<Response, Error> {
    worker.request(request, worker.limits().clone(), None, Sink::Buffer(Vec::new()))
}

/// The seam that everything later stands on: many calls are tasks of one thread, over one engine.
#[test]
fn two_hundred_calls_run_at_once_on_one_thread() {
    const CALLS: usize = 200;
    let server = server();
    let worker = worker_for(&server);
    // Each answer is held back until the server has seen all of the requests: fewer at once would never end.
    let url = format!("{}/wait/all-at-once?count_key=all-at-once&at_least={CALLS}", server.http_url());
    let statuses = Rc::new(RefCell::new(Vec::new()));
    for number in 0..CALLS {
        let (ground, limits, statuses) = (worker.ground.clone(), worker.limits().clone(), statuses.clone());
        let request = request("GET", &format!("{url}&number={number}"), b"");
        worker.runtime.spawn(async move {
            let response = call::run(ground, limits, None.into(), &request, Sink::Buffer(Vec::new())).await;
            statuses.borrow_mut().push(response.map(|response| response.head.status));
        });
    }
    let timers = worker.ground.timers.clone();
    worker.runtime.block_on(async {
        while statuses.borrow().len() < CALLS {
            timers.at(timers.now().saturating_add(Duration::from_millis(1))).await;
        }
    });
    assert!(statuses.borrow().iter().all(|status| *status == Ok(200)), "{:?}", statuses.borrow());
    assert_eq!(worker.ground.engine.running(), 0);
}

#[test]
fn http2_carries_many_calls_over_few_connections_and_http1_reuses_its_own() {
    let server = server();
    let worker = worker_for(&server);
    let first = get(&worker, &format!("{}/get", server.https_url())).unwrap();
    let second = get(&worker, &format!("{}/get", server.https_url())).unwrap();
    assert_eq!(second.head.version, HttpVersion::Http2);
    let (first, second) = (first.metrics.exchange, second.metrics.exchange);
    assert!(!first.connection_reused && second.connection_reused);
    assert_eq!(first.connection_id, second.connection_id);
    assert!(first.phases.tls_ns > 0 && second.phases.tls_ns == 0);
    assert_eq!(first.local, second.local);
    assert_eq!(first.peer.map(|peer| peer.ip.is_loopback()), Some(true));

    let plain = format!("{}/get", server.http_url());
    assert!(!get(&worker, &plain).unwrap().metrics.exchange.connection_reused);
    let again = get(&worker, &plain).unwrap();
    assert_eq!(again.head.version, HttpVersion::Http11);
    assert!(again.metrics.exchange.connection_reused);
}

#[test]
fn any_method_headers_in_order_and_the_body_arrive_as_given() {
    let server = server();
    let worker = worker_for(&server);
    let headers = [("X-B", "1"), ("x-a", ""), ("X-B", "two words"), ("X-Bytes", "\u{e9}")]
        .iter()
        .map(|(name, value)| Header::parse(name.as_bytes(), value.as_bytes(), false).unwrap())
        .collect();
    let url = format!("{}/anything/a%20b?q=1#fragment", server.http_url());
    let url = Url::parse(url.as_bytes()).unwrap();
    let request = Rc::new(Request::new(b"M-SEARCH", url, headers, Bytes::from_static(b"abc")).unwrap());
    let response = send(&worker, &request).unwrap();
    let echo: serde_json::Value = serde_json::from_slice(&response.body).unwrap();
    assert_eq!(echo["method"], "M-SEARCH");
    assert_eq!(echo["url"], "/anything/a%20b?q=1");
    assert_eq!(echo["body"], "abc");
    let sent: Vec<(String, String)> = serde_json::from_value(echo["headers"].clone()).unwrap();
    let own: Vec<_> = sent.iter().filter(|(name, _)| name.to_ascii_lowercase().starts_with("x-")).collect();
    assert_eq!(own[..3].iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["X-B", "x-a", "X-B"]);
    assert_eq!(own[..3].iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>(), ["1", "", "two words"]);
    for unwanted in ["expect", "content-type", "transfer-encoding"] {
        assert!(!sent.iter().any(|(name, _)| name.eq_ignore_ascii_case(unwanted)), "{sent:?}");
    }
}

#[test]
fn every_method_says_how_long_its_body_is() {
    let server = server();
    let worker = worker_for(&server);
    for (method, length) in
        [("GET", None), ("DELETE", None), ("POST", Some("0")), ("PUT", Some("0")), ("PATCH", Some("0"))]
    {
        let response = send(&worker, &request(method, &format!("{}/anything", server.http_url()), b"")).unwrap();
        let echo: serde_json::Value = serde_json::from_slice(&response.body).unwrap();
        assert_eq!(echo["method"], method);
        let headers: Vec<(String, String)> = serde_json::from_value(echo["headers"].clone()).unwrap();
        let found = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
        assert_eq!(found.map(|(_, value)| value.as_str()), length, "{method}");
    }
    for method in ["GET", "DELETE", "QUERY"] {
        let response = send(&worker, &request(method, &format!("{}/anything", server.http_url()), b"abc")).unwrap();
        let echo: serde_json::Value = serde_json::from_slice(&response.body).unwrap();
        assert_eq!((&echo["method"], &echo["body"]), (&method.into(), &"abc".into()));
    }
    let head = send(&worker, &request("HEAD", &format!("{}/get", server.http_url()), b"")).unwrap();
    assert_eq!((head.head.status, head.body.len()), (200, 0));
    assert!(get(&worker, &format!("{}/get", server.http_url())).unwrap().metrics.exchange.connection_reused);
}

/// libcurl alone would send the POST again on a new connection and report success.
#[test]
fn a_post_on_a_connection_that_dies_is_sent_once_and_said_to_be_maybe_sent() {
    let server = server();
    let worker = worker_for(&server);
    let url = format!("http://{}/keepalive-then-close?key=posts", server.script_addr());
    assert_eq!(get(&worker, &url).unwrap().head.status, 200);
    let error = send(&worker, &request("POST", &url, b"one order")).unwrap_err();
    assert_eq!(error.status(), HS_ERR_CONNECTION_CLOSED, "{error}");
    assert_eq!((error.details().sent, error.details().retryable), (Sent::Maybe, Retryable::Unknown));
    assert_eq!(server.counter("posts"), 1);
}

/// libcurl notices a closed connection once a second at most; a POST must not be lost on one meanwhile.
#[test]
fn a_post_does_not_go_on_a_connection_that_the_server_has_closed_before() {
    let server = server();
    let worker = worker_for(&server);
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    let steps = serde_json::json!({"name": "once", "steps": [
        {"read": "request"}, {"count": "once"}, {"send": answer}, {"close": true}
    ]});
    server.install_script("once", &steps.to_string()).unwrap();
    let url = format!("http://{}/once", server.script_addr());
    for round in 1..=5 {
        let response = send(&worker, &request("POST", &url, b"an order")).unwrap();
        assert_eq!(response.body, b"ok");
        assert!(server.wait_counter("closed:script", round, Duration::from_secs(60)));
        assert_eq!(server.counter("once"), round);
    }
}

#[test]
fn a_get_on_a_connection_that_dies_is_sent_again_once() {
    let server = server();
    let worker = worker_for(&server);
    let url = format!("http://{}/keepalive-then-close?key=gets", server.script_addr());
    assert_eq!(get(&worker, &url).unwrap().head.status, 200);
    let response = get(&worker, &url).unwrap();
    assert_eq!(response.metrics.exchange.internal_resends, 1);
    assert_eq!(server.counter("gets"), 1);
}

#[test]
fn a_large_body_passes_the_pause_unharmed_and_one_byte_too_many_is_refused() {
    let server = server();
    let worker = worker_for(&server);
    for base in [server.http_url(), server.https_url()] {
        let url = format!("{base}/bytes/3000000?chunked=1");
        let body = get(&worker, &url).unwrap().body;
        assert_eq!(body.len(), 3_000_000);
        assert_eq!(body, get(&worker, &url).unwrap().body);
        let tight = Limits { max_body_bytes: 2_999_999, ..worker.limits().clone() };
        let error = worker.request(&request("GET", &url, b""), tight, None, Sink::Buffer(Vec::new())).unwrap_err();
        assert_eq!(error.status(), HS_ERR_BODY_TOO_LARGE);
        assert_eq!(error.details().sent, Sent::Yes);
    }
}

#[test]
fn a_callback_receives_the_body_instead() {
    let server = server();
    let worker = worker_for(&server);
    let mut received = Vec::new();
    let mut on_body = |bytes: &[u8]| {
        received.extend_from_slice(bytes);
        Ok(())
    };
    let url = format!("{}/bytes/1000000", server.http_url());
    let sink = Sink::callback(&mut on_body);
    let response = worker.request(&request("GET", &url, b""), worker.limits().clone(), None, sink).unwrap();
    assert!(response.body.is_empty());
    assert_eq!(received, get(&worker, &url).unwrap().body);
}

#[test]
fn each_time_limit_has_its_own_status_and_names_the_phase() {
    let server = server();
    let worker = worker_for(&server);
    // Time enough for a loaded machine: for this end to connect and send, and for the server to answer.
    let (short, answered) = (Some(Duration::from_millis(500)), Some(Duration::from_secs(3)));
    let limits = worker.limits().clone();
    let late = Limits { timeout: answered, ..limits.clone() };
    let attempt = Limits { attempt_timeout: short, ..limits.clone() };
    let idle = Limits { idle_timeout: short, ..limits.clone() };
    let whole = Limits { timeout: short, ..limits.clone() };
    let connect = Limits { connect_timeout: short, ..limits };
    let head = format!("{}/stall/head", server.http_url());
    let body = format!("{}/stall/body?bytes=10", server.http_url());
    let closed_door = format!("http://{}/", server.stall_connect_addr());
    let silent = format!("https://{}/", server.stall_tls_addr());
    for (url, limits, status, phase, sent) in [
        (&head, &attempt, HS_ERR_ATTEMPT_TIMEOUT, HS_PHASE_FIRST_BYTE, Sent::Maybe),
        (&head, &whole, HS_ERR_TIMEOUT, HS_PHASE_FIRST_BYTE, Sent::Maybe),
        (&body, &idle, HS_ERR_IDLE_TIMEOUT, HS_PHASE_BODY, Sent::Yes),
        (&body, &late, HS_ERR_TIMEOUT, HS_PHASE_BODY, Sent::Yes),
        (&closed_door, &connect, HS_ERR_CONNECT_TIMEOUT, HS_PHASE_CONNECT, Sent::No),
        (&closed_door, &whole, HS_ERR_TIMEOUT, HS_PHASE_CONNECT, Sent::No),
        (&silent, &connect, HS_ERR_CONNECT_TIMEOUT, HS_PHASE_TLS, Sent::No),
        (&silent, &attempt, HS_ERR_ATTEMPT_TIMEOUT, HS_PHASE_TLS, Sent::No),
    ] {
        let error =
            worker.request(&request("GET", url, b""), limits.clone(), None, Sink::Buffer(Vec::new())).unwrap_err();
        let details = error.details();
        assert_eq!((details.status, details.phase, details.sent), (status, phase, sent), "{url}: {error}");
        assert!(details.elapsed_ns >= 60_000_000 && details.attempts == 1, "{url}: {details:?}");
        assert_eq!(worker.ground.engine.running(), 0);
    }
    assert_eq!(get(&worker, &format!("{}/get", server.http_url())).unwrap().head.status, 200);
}

#[test]
fn coded_bodies_are_asked_for_and_decoded() {
    let server = server();
    let worker = worker_for(&server);
    let ask = |path: &str, codings: bool| {
        let url = Url::parse(format!("{}{path}", server.http_url()).as_bytes()).unwrap();
        let mut request = Request::new(b"GET", url, Vec::new(), Bytes::new()).unwrap();
        if codings {
            request.ask_for_codings();
        }
        send(&worker, &Rc::new(request))
    };
    for path in ["/gzip", "/deflate", "/deflate-raw", "/br", "/zstd", "/stacked?codings=gzip,br"] {
        let response = ask(path, true).unwrap();
        assert!(serde_json::from_slice::<serde_json::Value>(&response.body).is_ok(), "{path}");
        assert!(response.metrics.decoded > 0 && response.head.headers.get(b"content-encoding", 0).is_some(), "{path}");
        let raw = ask(path, false).unwrap();
        assert_eq!(raw.metrics.decoded, 0);
        assert!(serde_json::from_slice::<serde_json::Value>(&raw.body).is_err(), "{path}");
    }
    for coding in ["gzip", "deflate", "br", "zstd"] {
        let error = ask(&format!("/bomb/{coding}?mb=100"), true).unwrap_err();
        assert_eq!((error.status(), error.details().sent), (HS_ERR_DECODE, Sent::Yes), "{coding}: {error}");
    }
    assert_eq!(ask("/get", true).unwrap().head.status, 200);
}

#[test]
fn redirects_are_followed_and_told() {
    let server = server();
    let worker = worker_for(&server);
    let base = server.http_url();
    let response = get(&worker, &format!("{base}/redirect/3")).unwrap();
    assert_eq!((response.head.status, response.hops.len()), (200, 3));
    assert_eq!(response.hops[0].url, format!("{base}/redirect/3"));
    assert!(response.hops.iter().all(|hop| hop.status == 302 && hop.elapsed_ns > 0));
    assert!(response.metrics.exchange.connection_reused, "a redirect does not cost its connection");

    let error = get(&worker, &format!("{base}/redirect/loop")).unwrap_err();
    assert_eq!((error.status(), error.details().sent), (HS_ERR_TOO_MANY_REDIRECTS, Sent::Yes));
    let back = Policy { mode: Mode::Return, ..Policy::default() };
    let limits = Limits { redirects: back, ..worker.limits().clone() };
    let sink = Sink::Buffer(Vec::new());
    let response = worker.request(&request("GET", &format!("{base}/redirect/1"), b""), limits, None, sink).unwrap();
    assert_eq!((response.head.status, response.hops.len()), (302, 0));
}

#[test]
fn a_redirect_repeats_or_changes_the_request_and_keeps_secrets_at_home() {
    let server = server();
    let worker = worker_for(&server);
    let elsewhere = format!("{}/anything", server.https_url());
    for (status, method, body) in [(302, "GET", ""), (307, "POST", "an order")] {
        let url = format!("{}/redirect-to?status={status}&url={elsewhere}", server.http_url());
        let secret = Header::parse(b"APCA-API-SECRET-KEY", b"secret", true).unwrap();
        let plain = Header::parse(b"X-Plain", b"kept", false).unwrap();
        let url = Url::parse(url.as_bytes()).unwrap();
        let request = Request::new(b"POST", url, vec![secret, plain], Bytes::from_static(b"an order")).unwrap();
        let response = send(&worker, &Rc::new(request)).unwrap();
        assert_eq!(response.url, elsewhere);
        let echo: serde_json::Value = serde_json::from_slice(&response.body).unwrap();
        assert_eq!((&echo["method"], &echo["body"]), (&method.into(), &body.into()), "{status}");
        let text = echo["headers"].to_string().to_ascii_lowercase();
        assert!(text.contains("x-plain") && !text.contains("apca") && !text.contains("secret"), "{status}: {text}");
    }
    let down = format!("{}/redirect-to?url={}/get", server.https_url(), server.http_url());
    assert_eq!(get(&worker, &down).unwrap_err().status(), HS_ERR_REDIRECT_REFUSED);
}

#[test]
fn a_post_that_was_answered_with_see_other_was_sent_whatever_comes_after() {
    let server = server();
    let worker = worker_for(&server);
    for (status, sent, retryable) in [(303, Sent::Yes, Retryable::Unknown), (307, Sent::No, Retryable::Safe)] {
        let closed = server.closed_addr();
        let url = format!("{}/redirect-to?status={status}&url=http://{closed}/", server.http_url());
        let error = send(&worker, &request("POST", &url, b"an order")).unwrap_err();
        assert_eq!(error.status(), HS_ERR_CONNECT, "{error}");
        assert_eq!((error.details().sent, error.details().retryable), (sent, retryable), "{status}");
    }
}

#[test]
fn without_any_time_limit_a_call_simply_ends_when_it_is_done() {
    let server = server();
    let worker = worker_for(&server);
    let limits = Limits {
        timeout: None,
        attempt_timeout: None,
        idle_timeout: None,
        connect_timeout: None,
        ..worker.limits().clone()
    };
    for base in [server.http_url(), server.https_url()] {
        let request = request("GET", &format!("{base}/drip?bytes=20&interval_ms=5&head_delay_ms=20"), b"");
        let response = worker.request(&request, limits.clone(), None, Sink::Buffer(Vec::new())).unwrap();
        assert_eq!(response.body.len(), 20);
    }
}

#[test]
fn servers_that_cannot_be_trusted_are_refused() {
    let server = server();
    let worker = worker_for(&server);
    let addresses = server.addresses();
    for (url, status) in [
        (&addresses.untrusted, HS_ERR_TLS_UNTRUSTED),
        (&addresses.expired, HS_ERR_TLS_EXPIRED),
        (&addresses.not_yet_valid, HS_ERR_TLS_NOT_YET_VALID),
        (&addresses.wrong_host, HS_ERR_TLS_HOSTNAME),
        (&addresses.self_signed, HS_ERR_TLS_SELF_SIGNED),
    ] {
        let error = get(&worker, url).unwrap_err();
        assert_eq!(error.status(), status, "{url}: {error}");
        assert_eq!(error.details().sent, Sent::No);
    }
    let elsewhere = Worker::new(WorkerOptions::default()).unwrap();
    let error = get(&elsewhere, server.https_url()).unwrap_err();
    assert_eq!(error.status(), HS_ERR_TLS_UNTRUSTED, "the system's store does not know the test's CA: {error}");
}

#[test]
fn a_cancel_that_was_thrown_before_keeps_the_request_from_being_sent() {
    let server = server();
    let worker = worker_for(&server);
    let cancel = Cancel::default();
    cancel.trigger();
    let url = format!("{}/count/cancelled", server.http_url());
    let limits = worker.limits().clone();
    let error = worker.request(&request("GET", &url, b""), limits, Some(cancel), Sink::Buffer(Vec::new())).unwrap_err();
    assert_eq!(error.status(), HS_ERR_CANCELLED);
    assert_eq!(error.details().sent, Sent::No);
    assert_eq!(server.counter("cancelled"), 0);
}

#[test]
fn the_environment_does_not_choose_a_proxy() {
    // Of the child alone: the variable is set where no other thread of the test could read it.
    const VARIABLE: &str = "HS_TEST_PROXY_CHILD";
    if let Ok(url) = std::env::var(VARIABLE) {
        let worker = Worker::new(WorkerOptions::default()).unwrap();
        assert_eq!(get(&worker, &url).unwrap().head.status, 200);
        return;
    }
    let server = server();
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "worker::tests::the_environment_does_not_choose_a_proxy"])
        .env(VARIABLE, format!("{}/get", server.http_url()))
        .env("http_proxy", format!("http://{}", server.closed_addr()))
        .env("ALL_PROXY", format!("http://{}", server.closed_addr()))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}
