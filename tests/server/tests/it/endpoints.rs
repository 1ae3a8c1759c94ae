//! What the HTTP/1.1 port answers.

use std::io::{ErrorKind, Read};
use std::time::{Duration, Instant};

use hs_test_server::TestServer;
use serde_json::json;

use crate::client::Client;

fn start() -> (TestServer, Client) {
    let server = TestServer::start().unwrap();
    let client = Client::connect(server.http_url());
    (server, client)
}

#[test]
fn a_request_is_described_as_it_was_sent() {
    let (_server, mut client) = start();
    let first = client.request("PATCH", "/anything/a%20b?q=1&q=2", "X-b: 1\r\nx-A:  2 \r\nX-b: 3\r\n", "hello").json();
    assert_eq!(first["method"], "PATCH");
    assert_eq!(first["url"], "/anything/a%20b?q=1&q=2");
    assert_eq!(first["version"], "HTTP/1.1");
    let wanted = json!([["Host", "x"], ["Content-Length", "5"], ["X-b", "1"], ["x-A", "2"], ["X-b", "3"]]);
    assert_eq!(first["headers"], wanted);
    assert_eq!(first["body"], "hello");
    assert_eq!(first["body_length"], 5);
    assert_eq!(first["body_sha256"], "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");

    client.send("PURGE /get HTTP/1.1\r\nhOST: y\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-T: 9\r\n\r\n");
    let second = client.read().unwrap().json();
    assert_eq!(second["method"], "PURGE");
    assert_eq!(second["headers"][0], json!(["hOST", "y"]));
    assert_eq!(second["body"], "abc");
    assert_eq!(second["trailers"], json!([["x-t", "9"]]));
    assert_eq!(second["connection"], first["connection"]);
    assert_ne!(Client::connect(_server.http_url()).get("/get").json()["connection"], first["connection"]);
}

#[test]
fn bodies_come_back_unchanged() {
    let (_server, mut client) = start();
    let answer = client.request("POST", "/echo", "Content-Type: x/y\r\n", "some\r\n\r\nbytes");
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("x/y")));
    assert_eq!(answer.text(), "some\r\n\r\nbytes");
    assert_eq!(client.request("PUT", "/upload", "", "hello").json()["length"], 5);
}

#[test]
fn an_answer_waits_for_the_whole_request_and_leaves_the_connection_open() {
    let (server, mut client) = start();
    for (nth, path) in ["/redirect-to?url=/get", "/status/413", "/bytes/10", "/nowhere"].into_iter().enumerate() {
        let (key, mark) = (format!("whole{nth}"), if path.contains('?') { '&' } else { '?' });
        client.send(format!("POST {path}{mark}count_key={key} HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n"));
        assert!(server.wait_counter(&key, 1, Duration::from_secs(60)), "{path}");
        client.send("hello");
        assert!(client.read().unwrap().status > 100, "{path}");
    }
    assert_eq!(client.get("/get").status, 200);
}

#[test]
fn any_status_and_any_headers() {
    let (_server, mut client) = start();
    let answer = client.get("/status/418?body=tea&header=X-A:1&header=X-A:2");
    assert_eq!((answer.status, answer.text().as_str()), (418, "tea"));
    let repeated: Vec<_> = answer.headers.iter().filter(|(name, _)| name == "x-a").map(|(_, v)| v.as_str()).collect();
    assert_eq!(repeated, ["1", "2"]);
    assert_eq!(client.get("/status/99").status, 400);
    assert_eq!(client.get("/nowhere").status, 404);
    assert_eq!(client.get("/header-flood?count=300&size=20").headers.len(), 300 + 3);
}

#[test]
fn waiting_is_real_and_a_stalled_body_stays_open() {
    let (_server, mut client) = start();
    let start = Instant::now();
    assert_eq!(client.get("/delay/60").status, 200);
    assert!(start.elapsed() >= Duration::from_millis(60));
    let dripped = client.get("/drip?bytes=20&chunk=7&interval_ms=5").body;
    assert_eq!(dripped, client.get("/bytes/20").body);

    client.send("GET /stall/body?bytes=5 HTTP/1.1\r\nHost: x\r\n\r\n");
    let head = client.head().unwrap();
    assert_eq!(head.header("content-length"), Some("1005"));
}

#[test]
fn a_client_that_leaves_is_noticed() {
    let (server, mut client) = start();
    client.send("GET /stall/head?key=gone HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(server.wait_counter("gone", 1, Duration::from_secs(60)));
    assert_eq!(server.counter("gone:dropped"), 0);
    drop(client);
    assert!(server.wait_counter("gone:dropped", 1, Duration::from_secs(60)));
}

#[test]
fn held_requests_go_when_released() {
    let (server, mut client) = start();
    client.send("GET /hold/gate HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(server.wait_counter("held:gate", 1, Duration::from_secs(60)));
    assert_eq!(Client::connect(server.http_url()).get("/release/gate").status, 200);
    assert_eq!(client.read().unwrap().text(), "released\n");
}

#[test]
fn redirects_lead_to_get() {
    let (_server, mut client) = start();
    let mut target = "/redirect/3?status=307".to_owned();
    for _ in 0..3 {
        let answer = client.get(&target);
        assert_eq!(answer.status, 307);
        target = answer.header("location").unwrap().to_owned();
    }
    assert_eq!(target, "/get?status=307");
    assert_eq!(client.get("/relative-redirect/2").header("location"), Some("1"));
    assert_eq!(client.get("/redirect/loop").header("location"), Some("/redirect/loop"));
    let elsewhere = client.get("/redirect-to?url=http%3A%2F%2Fa.test%2F%3Fb&status=308");
    assert_eq!((elsewhere.status, elsewhere.header("location")), (308, Some("http://a.test/?b")));
}

#[test]
fn codings_decode_to_the_same_bytes() {
    let (_server, mut client) = start();
    let plain = client.get("/bytes/5000").body;
    let decode = |coding: &str, body: &[u8]| {
        let mut decoded = Vec::new();
        match coding {
            "gzip" => flate2::read::GzDecoder::new(body).read_to_end(&mut decoded),
            "deflate" => flate2::read::ZlibDecoder::new(body).read_to_end(&mut decoded),
            "deflate-raw" => flate2::read::DeflateDecoder::new(body).read_to_end(&mut decoded),
            "br" => brotli::Decompressor::new(body, 4096).read_to_end(&mut decoded),
            _ => zstd::Decoder::new(body).unwrap().read_to_end(&mut decoded),
        }
        .unwrap();
        decoded
    };
    for coding in ["gzip", "deflate", "deflate-raw", "br", "zstd"] {
        let answer = client.get(&format!("/{coding}?bytes=5000"));
        assert_eq!(answer.header("content-encoding"), Some(coding.trim_end_matches("-raw")));
        assert_eq!(decode(coding, &answer.body), plain, "{coding}");
    }
    let stacked = client.get("/stacked?codings=gzip,br,zstd&bytes=5000");
    assert_eq!(stacked.header("content-encoding"), Some("gzip, br, zstd"));
    assert_eq!(decode("gzip", &decode("br", &decode("zstd", &stacked.body))), plain);
    let bomb = client.get("/bomb/gzip,zstd?mb=50").body;
    assert_eq!(decode("gzip", &decode("zstd", &bomb)).len(), 50 << 20);
}

#[test]
fn ranges_are_parts_of_the_whole_and_cuts_are_exact() {
    let (server, mut client) = start();
    let whole = client.get("/range/200000").body;
    let part = client.request("GET", "/range/200000", "Range: bytes=777-99999\r\n", "");
    assert_eq!((part.status, part.header("content-range")), (206, Some("bytes 777-99999/200000")));
    assert_eq!(part.body, whole[777..=99_999]);
    let tail = client.request("GET", "/range/200000", "Range: bytes=-5\r\n", "");
    assert_eq!(tail.body, whole[199_995..]);
    let etag = part.header("etag").unwrap().to_owned();
    let resume = format!("Range: bytes=150000-\r\nIf-Range: {etag}\r\n");
    assert_eq!(client.request("GET", "/range/200000", &resume, "").body, whole[150_000..]);
    assert_eq!(client.request("GET", "/range/200000?etag=new", &resume, "").status, 200);
    let beyond = client.request("GET", "/range/200000", "Range: bytes=200000-\r\n", "");
    assert_eq!((beyond.status, beyond.header("content-range")), (416, Some("bytes */200000")));

    client.send("GET /range/200000?fail_after=123456 HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(client.head().unwrap().header("content-length"), Some("200000"));
    assert_eq!(client.read_to_end().unwrap(), whole[..123_456]);
    assert_eq!(Client::connect(server.http_url()).get("/big/1000000?chunked=1").body.len(), 1_000_000);
}

#[test]
fn cookies_are_set_and_shown() {
    let (_server, mut client) = start();
    let answer = client.get("/cookies/set?a=1&b=2&attributes=Path%3D%2F%3B%20Secure");
    let set: Vec<_> = answer.headers.iter().filter(|(name, _)| name == "set-cookie").map(|(_, v)| v.as_str()).collect();
    assert_eq!(set, ["a=1; Path=/; Secure", "b=2; Path=/; Secure"]);
    let shown = client.request("GET", "/cookies", "Cookie: a=1; b=2\r\n", "").json();
    assert_eq!(shown["cookies"], json!({"a": "1", "b": "2"}));
    assert!(client.get("/cookies/delete?a").header("set-cookie").unwrap().contains("Max-Age=0"));
}

#[test]
fn basic_and_bearer_credentials_are_checked() {
    let (_server, mut client) = start();
    assert_eq!(client.get("/basic-auth/u/p").status, 401);
    assert_eq!(client.request("GET", "/basic-auth/u/p", "Authorization: Basic dTpw\r\n", "").status, 200);
    assert_eq!(client.request("GET", "/basic-auth/u/q", "Authorization: Basic dTpw\r\n", "").status, 401);
    assert_eq!(client.request("GET", "/bearer/t0", "Authorization: Bearer t0\r\n", "").status, 200);
    assert_eq!(client.request("GET", "/bearer/t0", "Authorization: Bearer t1\r\n", "").status, 401);
}

fn sha256(text: &str) -> String {
    ring::digest::digest(&ring::digest::SHA256, text.as_bytes()).as_ref().iter().map(|b| format!("{b:02x}")).collect()
}

#[test]
fn digest_answers_are_verified() {
    let (_server, mut client) = start();
    let target = "/digest-auth/u/p?algorithm=SHA-256&stale_after_ms=60000";
    let refused = client.get(target);
    assert_eq!(refused.status, 401);
    let challenge = refused.header("www-authenticate").unwrap();
    let nonce = challenge.split("nonce=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let mut attempt = |password: &str, nonce: &str, uri: &str| {
        let ha1 = sha256(&format!("u:http-sentinel:{password}"));
        let ha2 = sha256(&format!("GET:{uri}"));
        let response = sha256(&format!("{ha1}:{nonce}:00000001:c0ffee:auth:{ha2}"));
        let header = format!(
            "Authorization: Digest username=\"u\", realm=\"http-sentinel\", nonce=\"{nonce}\", uri=\"{uri}\", \
             algorithm=SHA-256, qop=auth, nc=00000001, cnonce=\"c0ffee\", response=\"{response}\"\r\n"
        );
        client.request("GET", target, &header, "").status
    };
    assert_eq!(attempt("p", &nonce, target), 200);
    assert_eq!(attempt("wrong", &nonce, target), 401);
    assert_eq!(attempt("p", "1234.forged", target), 401);
    assert_eq!(attempt("p", &nonce, "/elsewhere"), 401);
}

#[test]
fn digest_challenges_say_what_they_are_told_to() {
    let (_server, mut client) = start();
    let target = "/digest-auth/u/p?algorithm=SHA-256,MD5&opaque=o&userhash=1&together=1&uses=0";
    let refused = client.get(target);
    let challenge = refused.header("www-authenticate").unwrap();
    assert!(challenge.starts_with("Basic realm=\"http-sentinel\", Digest realm="), "{challenge}");
    assert_eq!(challenge.matches("qop=\"auth\", opaque=\"o\", userhash=true").count(), 2, "{challenge}");
    let nonces: Vec<&str> = challenge.split("nonce=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert_ne!(nonces[0], nonces[1]);
    let mut attempt = |user: &str, opaque: &str| {
        let response = sha256(&format!(
            "{}:{}:00000001:c:auth:{}",
            sha256("u:http-sentinel:p"),
            nonces[0],
            sha256(&format!("GET:{target}"))
        ));
        let header = format!(
            "Authorization: Digest username=\"{user}\", realm=\"http-sentinel\", nonce=\"{}\", uri=\"{target}\", \
             algorithm=SHA-256, qop=auth, nc=00000001, cnonce=\"c\", response=\"{response}\", opaque=\"{opaque}\", \
             userhash=true\r\n",
            nonces[0]
        );
        client.request("GET", target, &header, "").header("www-authenticate").unwrap().contains("stale=true")
    };
    assert!(attempt(&sha256("u:http-sentinel"), "o"));
    assert!(!attempt(&sha256("u:http-sentinel"), "other"));
    assert!(!attempt("u", "o"));
}

#[test]
fn trailers_and_interim_answers_leave_the_connection_usable() {
    let (_server, mut client) = start();
    let answer = client.get("/trailers?trailer=X-Sum:42");
    assert_eq!(answer.text(), "a body with trailers\n");
    assert_eq!(answer.trailers, [("X-Sum".to_owned(), "42".to_owned())]);
    client.send("GET /early-hints?count=2 HTTP/1.1\r\nHost: x\r\n\r\n");
    let statuses: Vec<u16> = (0..3).map(|_| client.read().unwrap().status).collect();
    assert_eq!(statuses, [103, 103, 200]);
    assert_eq!(client.get("/").status, 200);
}

#[test]
fn events_arrive_in_order() {
    let (_server, mut client) = start();
    let answer = client.get("/sse?count=3&interval_ms=1");
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    let text = answer.text();
    let ids: Vec<_> = text.lines().filter(|line| line.starts_with("id:")).collect();
    assert_eq!(ids, ["id: 0", "id: 1", "id: 2"]);
}

#[test]
fn counters_count_and_flaky_recovers() {
    let (server, mut client) = start();
    assert_eq!(client.request("POST", "/count/k", "", "x").json()["count"], 1);
    assert_eq!(client.get("/count/k").json()["count"], 2);
    assert_eq!(client.get("/counters/k").json()["count"], 2);
    assert_eq!(client.get("/wait/k?at_least=2").json()["count"], 2);
    assert_eq!(client.get("/wait/k?at_least=3&timeout_ms=1").status, 408);
    assert_eq!(server.counter("k"), 2);
    assert_eq!(client.request("DELETE", "/counters/k", "", "").json()["count"], 2);
    assert_eq!(server.counter("k"), 0);

    let first = client.get("/flaky/f?fail=2&status=502&retry_after=7");
    assert_eq!((first.status, first.header("retry-after")), (502, Some("7")));
    assert_eq!(client.get("/flaky/f?fail=2&status=502").status, 502);
    assert_eq!(client.get("/flaky/f?fail=2&status=502").status, 200);
    client.get("/get?count_key=seen");
    assert_eq!(server.counter("seen"), 1);
}

#[test]
fn the_limiter_refuses_what_is_over() {
    let (_server, mut client) = start();
    let mut remaining = Vec::new();
    for _ in 0..3 {
        let answer = client.get("/limited/l?limit=2&window_ms=60000");
        remaining.push((answer.status, answer.header("x-ratelimit-remaining").unwrap().to_owned()));
    }
    assert_eq!(remaining, [(200, "1".into()), (200, "0".into()), (429, "0".to_owned())]);
}

#[test]
fn connections_end_as_asked() {
    let (server, mut client) = start();
    let answer = client.get("/close");
    assert_eq!(answer.header("connection"), Some("close"));
    assert!(client.read_to_end().unwrap().is_empty());
    assert_eq!(server.connections("http").0, 1);

    let mut client = Client::connect(server.http_url());
    client.send("GET /abort?key=aborted HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(client.read_to_end().unwrap().is_empty());
    assert_eq!(server.counter("aborted"), 1);

    let mut client = Client::connect(server.http_url());
    client.send("GET /short?bytes=9&missing=2 HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(client.read().unwrap_err().kind(), ErrorKind::UnexpectedEof);
}
