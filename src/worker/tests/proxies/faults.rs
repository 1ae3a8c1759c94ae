//! Proxies that misbehave: each is a script with a port of its own.

use super::*;
use serde_json::{Value, json};

/// A proxy that plays these steps on every connection; its address.
fn scripted(server: &TestServer, name: &str, steps: &Value) -> String {
    let script = json!({"name": name, "listen": "tcp", "steps": steps});
    server.install_script(name, &script.to_string()).unwrap().expect("a port of its own").to_string()
}

fn answering(text: &str) -> Value {
    json!([{"read_until": "\r\n\r\n"}, {"count": "asked"}, {"send": text}, {"stall": true}])
}

/// What comes of an order that is sent through a proxy with a secret.
fn fails(server: &TestServer, scheme: &str, proxy_at: &str, target: &str, limits: Option<Limits>) -> Error {
    let worker = worker_with(server, through(proxy(&format!("{scheme}://joe:hunter2@{proxy_at}"))));
    let limits = limits.unwrap_or(worker.limits().clone());
    let order = request("POST", &format!("{target}/count/ordered"), b"an order");
    let error = worker.request(&order, limits, None, Sink::Buffer(Vec::new())).unwrap_err();
    assert_eq!(error.details().sent, Sent::No, "{scheme} {proxy_at}: {error}");
    assert_eq!(error.details().phase, HS_PHASE_PROXY, "{scheme} {proxy_at}: {error}");
    assert!(!error.to_string().contains("hunter2") && !error.to_string().contains("joe"), "{error}");
    assert_eq!(worker.ground.engine.running(), 0);
    // The worker is as good as new.
    let worker = worker_for(server);
    assert_eq!(get(&worker, &format!("{}/get", server.http_url())).unwrap().head.status, 200);
    assert_eq!(server.counter("ordered"), 0);
    error
}

#[test]
fn what_is_answered_to_connect_is_told() {
    let server = server();
    let digest = "Digest realm=\"x\", nonce=\"abc\", qop=\"auth\", algorithm=SHA-256";
    for (name, text, status, says) in [
        ("forbidden", "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno".into(), HS_ERR_PROXY_REFUSED, "403"),
        ("broken", "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n".into(), HS_ERR_PROXY_REFUSED, "500"),
        ("moved", "HTTP/1.1 302 Found\r\nLocation: http://evil/\r\n\r\n".into(), HS_ERR_PROXY_REFUSED, "302"),
        ("basic", "HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic\r\n\r\n".into(), HS_ERR_PROXY_AUTH, "407"),
        ("digest", format!("HTTP/1.1 407 Who\r\nProxy-Authenticate: {digest}\r\n\r\n"), HS_ERR_PROXY_AUTH, "407"),
        ("garbage", "\u{1}\u{2}\u{3} this is no HTTP\r\n\r\n".into(), HS_ERR_PROXY, ""),
        ("unnumbered", "HTTP/1.1 yes\r\n\r\n".into(), HS_ERR_PROXY, ""),
    ] {
        let address = scripted(&server, name, &answering(&text));
        let short = Limits { connect_timeout: Some(Duration::from_secs(30)), ..worker_for(&server).limits().clone() };
        let error = fails(&server, "http", &address, server.https_url(), Some(short));
        assert_eq!(error.status(), status, "{name}: {error}");
        assert!(error.to_string().contains(says) && error.to_string().contains(&address), "{name}: {error}");
    }
}

/// Older libcurls go on asking until the head is too long.
#[test]
#[cfg(feature = "bundled-curl")]
fn a_proxy_that_asks_for_ever_is_left() {
    let server = server();
    let text = "HTTP/1.1 407 Who\r\nProxy-Authenticate: Digest realm=\"x\", nonce=\"abc\", stale=true, qop=\"auth\"\r\n\
                Content-Length: 0\r\n\r\n";
    let ask = json!([{"read_until": "\r\n\r\n"}, {"send": text}]);
    let steps: Vec<Value> = (0..100).flat_map(|_| ask.as_array().unwrap().clone()).collect();
    let address = scripted(&server, "asking", &json!(steps));
    for target in [server.https_url(), server.http_url()] {
        let digest = Proxies { auth: ProxyAuth::Digest, ..through(proxy(&format!("http://joe:hunter2@{address}"))) };
        let worker = worker_with(&server, digest);
        let limits = Limits { connect_timeout: Some(Duration::from_secs(30)), ..worker.limits().clone() };
        let request = request("GET", &format!("{target}/get"), b"");
        let error = worker.request(&request, limits, None, Sink::Buffer(Vec::new())).unwrap_err();
        assert_eq!((error.status(), error.details().sent), (HS_ERR_PROXY_AUTH, Sent::No), "{target}: {error}");
    }
}

#[test]
fn proxies_that_hang_up_or_talk_without_end() {
    let server = server();
    let endless = json!([
        {"read_until": "\r\n\r\n"}, {"send": "HTTP/1.1 200 OK\r\n"}, {"repeat": {"send": "X-Endless: header\r\n"}}
    ]);
    let line =
        json!([{"read_until": "\r\n\r\n"}, {"send": "HTTP/1.1 200 OK\r\nX: "}, {"repeat": {"send": "yyyyyyyyyy"}}]);
    for (name, steps) in [
        ("hangs_up", json!([{"close": true}])),
        ("resets", json!([{"read_until": "\r\n\r\n"}, {"reset": true}])),
        ("hangs_up_later", json!([{"read_until": "\r\n\r\n"}, {"close": true}])),
        ("half_an_answer", json!([{"read_until": "\r\n\r\n"}, {"send": "HTTP/1.1 200 OK\r\nX"}, {"close": true}])),
        ("endless", endless),
        ("endless_line", line),
    ] {
        let address = scripted(&server, name, &steps);
        let error = fails(&server, "http", &address, server.https_url(), None);
        assert_eq!(error.status(), HS_ERR_PROXY, "{name}: {error}");
    }
    let address =
        scripted(&server, "no_tls", &json!([{"read_bytes": 5}, {"send": "HTTP/1.1 400 Bad\r\n\r\n"}, {"close": true}]));
    for target in [server.http_url(), server.https_url()] {
        let error = fails(&server, "https", &address, target, None);
        assert_eq!(error.status(), HS_ERR_PROXY_CONNECT, "{error}");
    }
}

#[test]
fn socks_proxies_that_refuse_or_speak_something_else() {
    let server = server();
    let greeting = |answer: &str| vec![json!({"read_bytes": 4}), json!({"send_hex": answer})];
    let known = || [greeting("0500"), vec![json!({"read_bytes": 10})]].concat();
    let with = |mut steps: Vec<Value>, end: Value| {
        steps.push(end);
        steps.push(json!({"close": true}));
        json!(steps)
    };
    let mut cases = vec![
        ("socks5", "wrong version".to_owned(), with(greeting("0400"), json!({"count": "x"})), HS_ERR_PROXY_HANDSHAKE),
        ("socks5", "no method".to_owned(), with(greeting("05ff"), json!({"count": "x"})), HS_ERR_PROXY_AUTH),
        ("socks5", "hangs up".to_owned(), json!([{"read_bytes": 4}, {"close": true}]), HS_ERR_PROXY_HANDSHAKE),
        ("socks5", "at once".to_owned(), json!([{"close": true}]), HS_ERR_PROXY_HANDSHAKE),
        ("socks4", "at once".to_owned(), json!([{"close": true}]), HS_ERR_PROXY_HANDSHAKE),
        ("socks5", "is http".to_owned(), with(greeting("485454502f"), json!({"count": "x"})), HS_ERR_PROXY_HANDSHAKE),
        (
            "socks5",
            "reply 4".to_owned(),
            with(known(), json!({"send_hex": "04000001000000000000"})),
            HS_ERR_PROXY_HANDSHAKE,
        ),
    ];
    for code in 1..=9 {
        let reply = json!({"send_hex": format!("05{code:02x}0001000000000000")});
        cases.push(("socks5", format!("code {code}"), with(known(), reply), HS_ERR_PROXY_HANDSHAKE));
    }
    for code in [91, 92, 93, 99] {
        let reply = json!({"send_hex": format!("00{code:02x}000000000000")});
        let steps = with(vec![json!({"read_bytes": 9})], reply);
        cases.push(("socks4", format!("code {code}"), steps, HS_ERR_PROXY_HANDSHAKE));
    }
    for (number, (scheme, what, steps, status)) in cases.into_iter().enumerate() {
        let address = scripted(&server, &format!("case{number}"), &steps);
        // An address as the target: none of this is a matter of names.
        let error = fails(&server, scheme, &address, &format!("http://{}", server.script_addr()), None);
        assert_eq!(error.status(), status, "{scheme} {what}: {error}");
    }
}

#[test]
fn the_connect_timeout_and_the_cancel_end_each_wait_for_a_proxy() {
    let server = server();
    let silent = |name: &str, first: Value| {
        let address = scripted(&server, name, &json!([first, {"count": name}, {"stall": true}]));
        (address, name.to_owned())
    };
    for (scheme, (address, key)) in [
        ("http", silent("in_connect", json!({"read_until": "\r\n\r\n"}))),
        ("https", silent("in_tls", json!({"read_bytes": 5}))),
        ("socks4", silent("in_socks4", json!({"read_bytes": 9}))),
        ("socks5h", silent("in_socks5", json!({"read_bytes": 3}))),
    ] {
        let short =
            Limits { connect_timeout: Some(Duration::from_millis(500)), ..worker_for(&server).limits().clone() };
        let error = fails(&server, scheme, &address, server.https_url(), Some(short.clone()));
        assert_eq!(error.status(), HS_ERR_CONNECT_TIMEOUT, "{scheme}: {error}");
        let whole = Limits { timeout: Some(Duration::from_millis(500)), connect_timeout: None, ..short };
        let error = fails(&server, scheme, &address, server.https_url(), Some(whole));
        assert_eq!(error.status(), HS_ERR_TIMEOUT, "{scheme}: {error}");
        assert!(error.to_string().contains("talking to the proxy"), "{error}");

        let cancel = Cancel::default();
        let worker = worker_with(&server, through(proxy(&format!("{scheme}://{address}"))));
        let seen = server.counter(&key);
        let order = request("POST", &format!("{}/count/ordered", server.https_url()), b"an order");
        let error = std::thread::scope(|scope| {
            let (switch, server) = (cancel.clone(), &server);
            scope.spawn(move || {
                assert!(server.wait_counter(&key, seen + 1, Duration::from_secs(20)));
                switch.trigger();
            });
            worker.request(&order, worker.limits().clone(), Some(cancel), Sink::Buffer(Vec::new())).unwrap_err()
        });
        assert_eq!((error.status(), error.details().sent), (HS_ERR_CANCELLED, Sent::No), "{scheme}: {error}");
    }
}

/// A refusal is one from its head on: what becomes of its body, and of the time that it takes, changes nothing.
#[test]
fn a_forwarding_proxy_that_refuses_slowly_has_still_not_sent_anything() {
    let server = server();
    let challenge = "Proxy-Authenticate: Digest realm=\"x\", nonce=\"abc\", qop=\"auth\"\r\n";
    let stalls = answering(&format!("HTTP/1.1 407 Who\r\n{challenge}Content-Length: 100\r\n\r\nbut"));
    let address = scripted(&server, "slow_refusal", &stalls);
    let digest = Proxies { auth: ProxyAuth::Digest, ..through(proxy(&format!("http://joe:hunter2@{address}"))) };
    let worker = worker_with(&server, digest);
    // The refusal's head is to come before that.
    let limits = Limits { attempt_timeout: Some(Duration::from_secs(3)), ..worker.limits().clone() };
    let order = request("POST", &format!("{}/count/ordered", server.http_url()), b"an order");
    let error = worker.request(&order, limits, None, Sink::Buffer(Vec::new())).unwrap_err();
    assert_eq!((error.status(), error.details().phase), (HS_ERR_ATTEMPT_TIMEOUT, HS_PHASE_PROXY), "{error}");
    assert_eq!(error.details().sent, Sent::No);

    for body in
        ["Content-Length: 100000\r\n\r\nx", "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX-Trailer: x\r\n\r\n"]
    {
        let address = scripted(&server, "refusal", &answering(&format!("HTTP/1.1 407 Who\r\n{body}")));
        let error = fails(&server, "http", &address, server.http_url(), None);
        assert_eq!(error.status(), HS_ERR_PROXY_AUTH, "{error}");
    }
}

/// The head of the tunnel has its own bounds and fields; none is taken for the response's.
#[test]
fn a_tunnel_that_opens_with_many_words_is_a_tunnel() {
    let server = server();
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\nX-Proxy: 1\r\n\r\n";
    let answer = "HTTP/1.1 201 Made\r\nContent-Length: 4\r\nX-Server: 2\r\n\r\nbody";
    let steps = json!([
        {"read_until": "\r\n\r\n"}, {"send": head}, {"read_until": "\r\n\r\n"}, {"send": answer}, {"stall": true}
    ]);
    let address = scripted(&server, "wordy", &steps);
    let proxies = Proxies { tunnel: true, ..through(proxy(&format!("http://{address}"))) };
    let response = get(&worker_with(&server, proxies), "http://anywhere.invalid/").unwrap();
    assert_eq!((response.head.status, &response.body[..]), (201, &b"body"[..]));
    assert!(response.head.headers.get(b"x-proxy", 0).is_none());
    assert_eq!(response.head.headers.get(b"x-server", 0), Some(&b"2"[..]));
    assert_eq!(response.head.headers.len(), 2);
}
