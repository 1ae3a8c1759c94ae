//! HTTP/2: what is refused is sent again, and nothing else; one connection for many; versions that are asked for.

use super::*;
use crate::engine::HttpChoice;
use serde_json::{Value, json};

/// A port of its own that plays one list for each connection, the last one for ever. Returns its URL.
fn play(server: &TestServer, name: &str, connections: &[Vec<Value>]) -> String {
    let script = json!({"listen": "tcp", "per_connection": connections});
    let address = server.install_script(name, &script.to_string()).expect("a script").expect("a port");
    format!("http://{address}/")
}

/// The beginning of a connection, and then these steps.
fn frames(steps: &[Value]) -> Vec<Value> {
    let mut all = vec![
        json!({"read_frame": "settings"}),
        json!({"send_frame": {"type": "settings"}}),
        json!({"send_frame": {"type": "settings", "flags": 1}}),
    ];
    all.extend_from_slice(steps);
    all.push(json!({"stall": true}));
    all
}

fn request_read() -> Value {
    json!({"read_frame": "request"})
}

fn answer() -> Value {
    json!({"send_frame": {"type": "headers", "flags": 5, "stream": "last", "headers": [[":status", "204"]]}})
}

fn reset(error: u32) -> Value {
    json!({"send_frame": {"type": "rst_stream", "stream": "last", "error": error}})
}

fn goaway(last: &str) -> Value {
    json!({"send_frame": {"type": "goaway", "last_stream": last, "error": 0}})
}

const REFUSED_STREAM: u32 = 7;
const CANCEL: u32 = 8;
const HTTP_1_1_REQUIRED: u32 = 13;

fn call(worker: &Worker, method: &str, url: &str, least: HttpVersion) -> Result<Response, Error> {
    let limits = Limits { http: HttpChoice::Http2PriorKnowledge, min_http: least, ..worker.limits().clone() };
    let body: &[u8] = if method == "POST" { b"an order" } else { b"" };
    worker.request(&request(method, url, body), limits, None, Sink::Buffer(Vec::new()))
}

fn any(worker: &Worker, method: &str, url: &str) -> Result<Response, Error> {
    call(worker, method, url, HttpVersion::Unknown)
}

fn arrived(server: &TestServer, name: &str) -> u64 {
    server.counter(&format!("script:{name}"))
}

#[test]
pub(super) fn a_request_that_was_refused_is_sent_again_whatever_the_method() {
    let server = server();
    let fine = frames(&[request_read(), answer(), request_read(), answer()]);
    for (name, refusal) in [("rst", reset(REFUSED_STREAM)), ("goaway", goaway("last-2"))] {
        for method in ["POST", "GET"] {
            // On a connection of its own.
            let script = format!("{name}-first-{method}");
            let refused = frames(&[request_read(), refusal.clone()]);
            let times = if method == "POST" { 1 } else { 2 };
            let url = play(&server, &script, &[vec![refused; times], vec![fine.clone()]].concat());
            let worker = worker_for(&server);
            let response = any(&worker, method, &url).unwrap();
            let resends = response.metrics.exchange.internal_resends;
            assert_eq!((response.head.status, resends), (204, times as u32), "{script}");
            assert_eq!(arrived(&server, &script), times as u64 + 1, "{script}");

            // And on one that has served before.
            let script = format!("{name}-reused-{method}");
            let later = frames(&[request_read(), answer(), request_read(), refusal.clone()]);
            let url = play(&server, &script, &[later, fine.clone()]);
            assert_eq!(any(&worker, method, &url).unwrap().metrics.exchange.internal_resends, 0);
            let response = any(&worker, method, &url).unwrap();
            assert_eq!((response.head.status, response.metrics.exchange.internal_resends), (204, 1), "{script}");
            assert_eq!(arrived(&server, &script), 3, "{script}");
        }
    }
}

#[test]
pub(super) fn a_server_that_always_refuses_is_given_up_and_not_believed_where_it_matters() {
    let server = server();
    let worker = worker_for(&server);
    for (name, refusal) in [("rst", reset(REFUSED_STREAM)), ("goaway", goaway("last-2"))] {
        for method in ["POST", "GET"] {
            let script = format!("always-{name}-{method}");
            let url = play(&server, &script, &[frames(&[request_read(), refusal.clone()])]);
            let error = any(&worker, method, &url).unwrap_err();
            assert_eq!(error.status(), HS_ERR_HTTP2, "{error}");
            let (sent, retryable, times) = match method {
                "GET" => (Sent::No, Retryable::Safe, 4),
                _ => (Sent::Maybe, Retryable::Unknown, 2),
            };
            assert_eq!((error.details().sent, error.details().retryable), (sent, retryable), "{error}");
            assert_eq!(arrived(&server, &script), times, "{script}");
        }
    }
}

/// Neither another reset, nor a GOAWAY that covers the stream, nor a dead connection says that nothing was done.
#[test]
pub(super) fn a_post_that_may_have_been_processed_is_sent_once() {
    let server = server();
    let worker = worker_for(&server);
    let close = json!({"close": true});
    for (name, end) in [
        ("cancelled", vec![reset(CANCEL)]),
        ("covered", vec![goaway("last"), close.clone()]),
        ("dead", vec![close]),
        ("cut", vec![json!({"reset": true})]),
    ] {
        let then = [vec![request_read()], end].concat();
        let script = format!("{name}-first");
        let url = play(&server, &script, &[frames(&then)]);
        let error = any(&worker, "POST", &url).unwrap_err();
        assert_eq!((error.details().sent, error.details().retryable), (Sent::Maybe, Retryable::Unknown), "{error}");
        assert_eq!(arrived(&server, &script), 1, "{script}");

        let script = format!("{name}-reused");
        let url = play(&server, &script, &[frames(&[vec![request_read(), answer()], then].concat())]);
        any(&worker, "POST", &url).unwrap();
        let error = any(&worker, "POST", &url).unwrap_err();
        assert_eq!((error.details().sent, error.details().retryable), (Sent::Maybe, Retryable::Unknown), "{error}");
        assert_eq!(arrived(&server, &script), 2, "{script}");
    }
}

/// libcurl remembers the refusal of the first connection and takes the death of the second for another.
#[test]
pub(super) fn a_refusal_says_nothing_of_the_next_connection() {
    let server = server();
    let worker = worker_for(&server);
    let refused = frames(&[request_read(), answer(), request_read(), reset(REFUSED_STREAM)]);
    let dead = frames(&[request_read(), json!({"reset": true})]);
    let url = play(&server, "then-dead", &[refused, dead, frames(&[request_read(), answer()])]);
    any(&worker, "POST", &url).unwrap();
    let error = any(&worker, "POST", &url).unwrap_err();
    assert_eq!((error.details().sent, error.details().retryable), (Sent::Maybe, Retryable::Unknown), "{error}");
    assert_eq!(arrived(&server, "then-dead"), 3);
}

#[test]
fn a_refusal_after_the_head_is_an_error_of_what_was_answered() {
    let server = server();
    let worker = worker_for(&server);
    let head =
        json!({"send_frame": {"type": "headers", "flags": 4, "stream": "last", "headers": [[":status", "200"]]}});
    for (name, code) in [("refused", REFUSED_STREAM), ("http11", HTTP_1_1_REQUIRED)] {
        let script = format!("late-{name}");
        let url = play(&server, &script, &[frames(&[request_read(), head.clone(), reset(code)])]);
        let error = any(&worker, "GET", &url).unwrap_err();
        assert!(matches!(error.status(), HS_ERR_HTTP2 | HS_ERR_RECEIVE), "{error}");
        assert_eq!(error.details().sent, Sent::Yes, "{error}");
        assert_eq!(arrived(&server, &script), 1, "{script}");
    }
}

#[test]
pub(super) fn a_server_that_requires_http11_gets_it_once() {
    let server = server();
    let http11 = vec![json!({"read": "request"}), json!({"send": "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"})];
    let required = frames(&[request_read(), reset(HTTP_1_1_REQUIRED)]);
    for method in ["POST", "GET"] {
        let worker = worker_for(&server);
        let script = format!("required-{method}");
        let url = play(&server, &script, &[required.clone(), http11.clone()]);
        let response = any(&worker, method, &url).unwrap();
        assert_eq!((response.head.version, response.body.as_slice()), (HttpVersion::Http11, &b"ok"[..]));
        assert_eq!(response.metrics.exchange.internal_resends, 1);

        let script = format!("at-least-2-{method}");
        let url = play(&server, &script, &[required.clone(), http11.clone()]);
        let error = call(&worker, method, &url, HttpVersion::Http2).unwrap_err();
        let sent = if method == "GET" { Sent::No } else { Sent::Maybe };
        assert_eq!((error.status(), error.details().sent), (HS_ERR_HTTP_VERSION, sent), "{error}");
        assert_eq!(arrived(&server, &script), 1, "{script}");
    }
}

fn burst(server: &TestServer, worker: &Worker, base: &str, http: HttpChoice, calls: usize) {
    let key = format!("burst-{}", base.replace([':', '/'], "-"));
    let url = format!("{base}/wait/{key}?at_least={calls}&count_key={key}");
    let statuses = Rc::new(RefCell::new(Vec::new()));
    for _ in 0..calls {
        let limits = Limits { http, ..worker.limits().clone() };
        let (ground, statuses, request) = (worker.ground.clone(), statuses.clone(), request("GET", &url, b""));
        worker.runtime.spawn(async move {
            let response = call::run(ground, limits, None.into(), &request, Sink::Buffer(Vec::new())).await;
            statuses.borrow_mut().push(response.map(|response| response.head.status));
        });
    }
    let timers = worker.ground.timers.clone();
    worker.runtime.block_on(async {
        while statuses.borrow().len() < calls {
            timers.at(timers.now().saturating_add(Duration::from_millis(1))).await;
        }
    });
    assert!(statuses.borrow().iter().all(|status| *status == Ok(200)), "{:?}", statuses.borrow());
    assert_eq!(server.counter(&key), calls as u64);
}

#[test]
pub(super) fn a_burst_to_one_host_shares_a_connection_where_http2_is_spoken() {
    const CALLS: usize = 40;
    let server = server();
    let worker = worker_for(&server);
    burst(&server, &worker, server.https_url(), HttpChoice::Negotiated, CALLS);
    if cfg!(feature = "bundled-curl") {
        assert_eq!(server.connections("https").0, 1);
    }
    burst(&server, &worker, server.h2c_url(), HttpChoice::Http2PriorKnowledge, CALLS);
    if cfg!(feature = "bundled-curl") {
        assert_eq!(server.connections("h2c").0, 1);
    }
    burst(&server, &worker, server.https_h1_url(), HttpChoice::Negotiated, CALLS);
    assert_eq!(server.connections("https_h1").0, CALLS as u64);
}

#[test]
pub(super) fn a_version_that_is_too_old_is_refused_before_the_request_is_sent() {
    let server = server();
    let worker = worker_for(&server);
    let ask = |base: &str, http: HttpChoice, min_http: HttpVersion| {
        let limits = Limits { http, min_http, ..worker.limits().clone() };
        let request = request("POST", &format!("{base}/count/versions?count_key=heads"), b"an order");
        worker.request(&request, limits, None, Sink::Buffer(Vec::new()))
    };
    for base in [server.https_h1_url(), server.http_url()] {
        let error = ask(base, HttpChoice::Negotiated, HttpVersion::Http2).unwrap_err();
        assert_eq!((error.status(), error.details().retryable), (HS_ERR_HTTP_VERSION, Retryable::No), "{error}");
        if cfg!(feature = "bundled-curl") {
            assert_eq!((error.details().sent, server.counter("heads")), (Sent::No, 0), "{base}");
        }
    }
    // A connection that an older request has left is not taken for it.
    assert_eq!(
        ask(server.https_url(), HttpChoice::Http11, HttpVersion::Unknown).unwrap().head.version,
        HttpVersion::Http11
    );
    let response = ask(server.https_url(), HttpChoice::Negotiated, HttpVersion::Http2).unwrap();
    assert_eq!(response.head.version, HttpVersion::Http2);
}

#[test]
fn an_answer_in_an_older_version_is_refused_when_it_comes() {
    let server = server();
    let worker = worker_for(&server);
    let steps = json!({"steps": [
        {"read": "request"}, {"send": "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"}, {"close": true}
    ]});
    server.install_script("old", &steps.to_string()).unwrap();
    let url = format!("http://{}/old", server.script_addr());
    let ask = |min_http: HttpVersion| {
        let limits = Limits { min_http, ..worker.limits().clone() };
        worker.request(&request("GET", &url, b""), limits, None, Sink::Buffer(Vec::new()))
    };
    let error = ask(HttpVersion::Http11).unwrap_err();
    assert_eq!((error.status(), error.details().sent), (HS_ERR_HTTP_VERSION, Sent::Yes), "{error}");
    assert_eq!(ask(HttpVersion::Http10).unwrap().head.version, HttpVersion::Http10);
}

#[test]
fn http10_can_be_asked_for() {
    let server = server();
    let worker = worker_for(&server);
    let limits = Limits { http: HttpChoice::Http10, ..worker.limits().clone() };
    let request = request("POST", &format!("{}/anything", server.http_url()), b"abc");
    let response = worker.request(&request, limits, None, Sink::Buffer(Vec::new())).unwrap();
    let echo: Value = serde_json::from_slice(&response.body).unwrap();
    assert_eq!((&echo["version"], &echo["body"]), (&"HTTP/1.0".into(), &"abc".into()));
}
