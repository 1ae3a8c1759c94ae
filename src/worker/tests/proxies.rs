//! Requests through proxies: what the proxy saw, what the server saw, and what a failure is called.

mod faults;

use super::*;
use crate::http::proxy::bypass::Bypass;
use crate::http::proxy::{Credentials, Proxies, Proxy, ProxyAuth};
use hs_test_server::proxy::{Asked, PASSWORD, USER};
use std::sync::Arc;

fn proxy(url: &str) -> Option<Arc<Proxy>> {
    Some(Arc::new(Proxy::parse(url.as_bytes(), "a test").unwrap()))
}

/// The same for an address that wants credentials.
fn known(scheme: &str, address: &str) -> Option<Arc<Proxy>> {
    let address = address.rsplit('/').next().unwrap();
    proxy(&format!("{scheme}://{USER}:{}@{address}", PASSWORD.replace(' ', "%20")))
}

fn through(proxy: Option<Arc<Proxy>>) -> Proxies {
    Proxies { http: proxy.clone(), https: proxy, ..Proxies::default() }
}

fn worker_with(server: &TestServer, proxies: Proxies) -> Worker {
    Worker::new(WorkerOptions { proxies, ..options(server) }).expect("a worker")
}

fn last(server: &TestServer, port: &str) -> Asked {
    server.proxied(port).pop().unwrap_or_else(|| panic!("{port} was asked for nothing"))
}

/// The name of the server that only the proxies can resolve.
fn hidden(url: &str) -> String {
    let port = url.rsplit(':').next().unwrap();
    let scheme = url.split(':').next().unwrap();
    format!("{scheme}://hidden.test.internal:{port}")
}

fn ask(worker: &Worker, method: &str, url: &str, headers: &[(&str, &str)]) -> Result<Response, Error> {
    let headers = headers.iter().map(|(name, value)| Header::parse(name.as_bytes(), value.as_bytes(), false).unwrap());
    let url = Url::parse(url.as_bytes()).unwrap();
    send(worker, &Rc::new(Request::new(method.as_bytes(), url, headers.collect(), Bytes::new()).unwrap()))
}

#[test]
pub(super) fn a_request_in_clear_is_passed_on_and_one_in_tls_goes_through_a_tunnel() {
    let server = server();
    for (port, url) in [("proxy", &server.addresses().proxy), ("proxy_tls", &server.addresses().proxy_tls)] {
        let worker = worker_with(&server, through(proxy(url)));
        let target = format!("{}/anything?x", hidden(server.http_url()));
        let response = get(&worker, &target).unwrap();
        assert_eq!(response.head.status, 200);
        assert_eq!(response.head.headers.get(b"via", 0), Some(&b"1.1 proxy"[..]));
        let asked = last(&server, port);
        assert_eq!((asked.how, &asked.target, asked.named), ("forward", &target, true));
        assert!(response.metrics.exchange.proxied);

        let target = hidden(server.https_url());
        let response = ask(&worker, "GET", &format!("{target}/anything"), &[("Authorization", "Bearer abc")]).unwrap();
        assert_eq!((response.head.status, response.head.version), (200, HttpVersion::Http2));
        assert!(
            response.head.headers.get(b"x-from-proxy", 0).is_none(),
            "the head of the tunnel is not the response's"
        );
        let asked = last(&server, port);
        assert_eq!((asked.how, asked.target.as_str()), ("connect", target.trim_start_matches("https://")));
        assert_eq!(asked.header("authorization"), None);
        assert!(asked.header("user-agent").is_some());
        let exchange = get(&worker, &format!("{target}/get")).unwrap().metrics.exchange;
        assert!(exchange.connection_reused && exchange.proxied);
        assert!(exchange.tls == crate::http::metrics::TlsVersion::Tls13 || cfg!(not(feature = "bundled-curl")));
        assert_eq!(server.proxied(port).len(), 2);
    }
}

#[test]
fn a_tunnel_can_be_had_for_requests_in_clear() {
    let server = server();
    let proxies = Proxies { tunnel: true, ..through(proxy(&server.addresses().proxy)) };
    let worker = worker_with(&server, proxies);
    let response = get(&worker, &format!("{}/get", server.http_url())).unwrap();
    assert!(response.head.headers.get(b"via", 0).is_none());
    assert_eq!(last(&server, "proxy").how, "connect");
}

#[test]
pub(super) fn socks_proxies_are_told_a_name_or_an_address_by_their_kind() {
    // SOCKS 5 is given the first address that a name has, whichever kind it is.
    let config = hs_test_server::Config { dual_stack: true, ..Default::default() };
    let server = TestServer::start_with(config).unwrap();
    for (scheme, how, named) in [
        ("socks4", "socks4", false),
        ("socks4a", "socks4a", true),
        ("socks5", "socks5", false),
        ("socks5h", "socks5", true),
    ] {
        for (port, url) in [
            ("socks", proxy(&format!("{scheme}://{}", server.addresses().socks))),
            ("socks_auth", known(scheme, &server.addresses().socks_auth)),
        ] {
            let worker = worker_with(&server, through(url));
            for base in [server.http_url(), server.https_url()] {
                let number = base.rsplit(':').next().unwrap();
                let base = base.replace("127.0.0.1", "localhost");
                let response = get(&worker, &format!("{base}/get")).unwrap();
                assert_eq!(response.head.status, 200);
                let asked = last(&server, port);
                assert_eq!((asked.how, asked.named), (how, named), "{scheme} {base}");
                let hosts = if named { &["localhost"][..] } else { &["127.0.0.1", "[::1]"] };
                assert!(hosts.iter().any(|host| asked.target == format!("{host}:{number}")), "{scheme}: {asked:?}");
                assert_eq!(asked.user.as_deref(), (port == "socks_auth").then_some(USER), "{scheme}");
                if named {
                    assert_eq!(get(&worker, &format!("{}/get", hidden(&base))).unwrap().head.status, 200);
                }
            }
        }
    }
}

#[test]
fn credentials_go_to_the_proxy_and_never_to_the_server() {
    let server = server();
    for (port, url, auth, asks) in [
        ("proxy_basic", &server.addresses().proxy_basic, ProxyAuth::Basic, 1),
        ("proxy_digest", &server.addresses().proxy_digest, ProxyAuth::Digest, 2),
        // One that does not ask: the request arrives once, and whole.
        ("proxy", &server.addresses().proxy, ProxyAuth::Digest, 0),
    ] {
        for target in [server.http_url(), server.https_url()] {
            server.clear_proxied();
            let worker = worker_with(&server, Proxies { auth, ..through(known("http", url)) });
            for (method, body) in [("GET", &b""[..]), ("POST", b"an order")] {
                let url = format!("{target}/anything?count_key={port}{method}{}", target.len());
                let response = send(&worker, &request(method, &url, body));
                let response =
                    response.unwrap_or_else(|error| panic!("{method} {url}: {error} {:?}", server.proxied(port)));
                assert_eq!((response.head.status, response.metrics.exchange.internal_resends), (200, 0));
                let echo = String::from_utf8_lossy(&response.body).to_ascii_lowercase();
                assert!(!echo.contains("proxy-auth"), "{echo}");
                assert_eq!(echo.contains("an order"), method == "POST", "{echo}");
                assert_eq!(server.counter(&format!("{port}{method}{}", target.len())), 1);
            }
            let asked = server.proxied(port);
            let refused = asked.iter().filter(|asked| asked.answer == 407).count();
            let requests = if target == server.http_url() { 2 } else { 1 };
            match asks {
                0 => assert!(asked.iter().all(|asked| asked.user.is_none())),
                _ => assert_eq!(asked.last().map(|asked| asked.user.as_deref()), Some(Some(USER))),
            }
            assert_eq!((refused, asked.len()), (requests * (asks.max(1) - 1), requests * asks.max(1)), "{asked:?}");
        }
    }
}

#[test]
pub(super) fn without_the_right_credentials_it_is_said_that_nothing_was_sent() {
    let server = server();
    let wrong = |address: &str| proxy(&format!("http://joe:hunter2@{}", address.rsplit('/').next().unwrap()));
    let addresses = server.addresses();
    for (proxy, auth) in [
        (proxy(&addresses.proxy_basic), ProxyAuth::Basic),
        (wrong(&addresses.proxy_basic), ProxyAuth::Basic),
        (proxy(&addresses.proxy_digest), ProxyAuth::Digest),
        (wrong(&addresses.proxy_digest), ProxyAuth::Digest),
        (proxy(&format!("socks5://{}", addresses.socks_auth)), ProxyAuth::Basic),
        (proxy(&format!("socks5://joe:hunter2@{}", addresses.socks_auth)), ProxyAuth::Basic),
    ] {
        let worker = worker_with(&server, Proxies { auth, ..through(proxy.clone()) });
        for base in [server.http_url(), server.https_url()] {
            for (method, body) in [("GET", &b""[..]), ("POST", b"an order"), ("HEAD", b"")] {
                let error = send(&worker, &request(method, &format!("{base}/count/denied"), body)).unwrap_err();
                let details = error.details();
                assert_eq!(details.status, HS_ERR_PROXY_AUTH, "{proxy:?} {method} {base}: {error}");
                assert_eq!((details.phase, details.sent), (HS_PHASE_PROXY, Sent::No), "{error}");
                assert_eq!(details.retryable, Retryable::No);
                assert!(!error.to_string().contains("hunter2") && !error.to_string().contains("joe"), "{error}");
                assert!(error.to_string().contains("127.0.0.1"), "{error}");
            }
        }
    }
    assert_eq!(server.counter("denied"), 0);
}

#[test]
fn a_callers_own_proxy_authorization_goes_to_the_proxy_alone() {
    let server = server();
    let basic = "Basic cHJveHktdXNlcjpwcm94eSB3b3Jk";
    let own = [("Proxy-Authorization", basic)];
    for credentials in [false, true] {
        let mut url = server.addresses().proxy_basic.clone();
        if credentials {
            url = url.replace("http://", "http://joe:wrong@");
        }
        let worker = worker_with(&server, through(proxy(&url)));
        for base in [server.http_url(), server.https_url()] {
            let response = ask(&worker, "GET", &format!("{base}/anything"), &own).unwrap();
            assert!(!String::from_utf8_lossy(&response.body).to_ascii_lowercase().contains("proxy-auth"));
            let asked = last(&server, "proxy_basic");
            assert_eq!(asked.headers.iter().filter(|(name, _)| name == "proxy-authorization").count(), 1);
            assert_eq!(asked.header("proxy-authorization"), Some(basic));
        }
    }
    for proxies in [Proxies::default(), through(proxy(&format!("socks5://{}", server.addresses().socks)))] {
        let worker = worker_with(&server, proxies);
        let response = ask(&worker, "GET", &format!("{}/anything", server.http_url()), &own).unwrap();
        assert!(!String::from_utf8_lossy(&response.body).to_ascii_lowercase().contains("proxy-auth"));
    }
}

#[test]
fn headers_for_the_proxy_and_headers_for_the_server_do_not_meet() {
    let server = server();
    let headers = vec![Header::parse(b"X-For-Proxy", b"1", false).unwrap()];
    let worker = worker_with(&server, Proxies { headers, ..through(proxy(&server.addresses().proxy)) });
    for (base, with_proxy) in [(server.https_url(), true), (server.http_url(), false)] {
        let response = ask(&worker, "GET", &format!("{base}/anything"), &[("X-For-Server", "2")]).unwrap();
        let echo = String::from_utf8_lossy(&response.body).to_ascii_lowercase();
        assert!(echo.contains("x-for-server") && !echo.contains("x-for-proxy"), "{echo}");
        let asked = last(&server, "proxy");
        assert_eq!(asked.header("x-for-proxy").is_some(), with_proxy);
        // A request that is passed on is seen as a whole.
        assert_eq!(asked.header("x-for-server").is_none(), with_proxy);
    }
}

#[test]
fn each_hop_chooses_its_own_way() {
    let server = server();
    let (first, second) = (&server.addresses().proxy, &server.addresses().socks);
    let proxies = Proxies {
        http: proxy(first),
        https: proxy(&format!("socks5h://{second}")),
        bypass: Bypass::parse("direct.test,127.0.0.0/8").unwrap(),
        ..Proxies::default()
    };
    let worker = worker_with(&server, proxies);
    let direct = format!("{}/get", server.http_url().replace("127.0.0.1", "0x7f.1"));
    let secure = format!("{}/redirect-to?url={}/get", hidden(server.https_url()), server.https_h1_url());
    let plain = format!("{}/redirect-to?url={secure}", hidden(server.http_url()));
    let response = get(&worker, &plain).unwrap();
    assert_eq!((response.head.status, response.hops.len()), (200, 2));
    assert_eq!(server.proxied("proxy").len(), 1);
    assert_eq!(server.proxied("socks").len(), 2);

    let response = get(&worker, &format!("{}/redirect-to?url={direct}", hidden(server.http_url()))).unwrap();
    assert_eq!(response.head.status, 200);
    assert!(!response.metrics.exchange.proxied);
    assert_eq!(server.proxied("proxy").len(), 2);
    assert!(!get(&worker, &direct).unwrap().metrics.exchange.proxied);
}

#[test]
pub(super) fn connections_are_used_again_only_on_the_same_way() {
    let server = server();
    let target = server.http_url().to_owned();
    let proxies = Proxies {
        http: proxy(&server.addresses().proxy),
        https: proxy(&server.addresses().proxy_basic.replace("http://", "http://proxy-user:proxy%20word@")),
        bypass: Bypass::parse("127.0.0.1").unwrap(),
        ..Proxies::default()
    };
    let worker = worker_with(&server, proxies);
    let reused = |url: &str| get(&worker, url).unwrap().metrics.exchange.connection_reused;
    let plain = format!("{}/get", hidden(&target));
    let other = format!("{}/get", hidden(server.addresses().h2c.as_str())).replace("hidden", "other");
    let secure = format!("{}/get", hidden(server.https_url()));
    assert_eq!([reused(&plain), reused(&plain)], [false, true]);
    assert_eq!([reused(&secure), reused(&secure)], [false, true]);
    assert_eq!([reused(&format!("{target}/get")), reused(&format!("{target}/get"))], [false, true]);
    assert_eq!([reused(&plain), reused(&secure)], [true, true]);
    assert_eq!(server.connections("proxy").0, 1);
    assert_eq!(server.connections("proxy_basic").0, 1);
    // What is passed on may go over one connection whatever it is for.
    assert!(get(&worker, &other).unwrap().metrics.exchange.connection_reused);
}

/// Only the bundled TLS library says of a handshake within a handshake why it failed.
#[test]
#[cfg(feature = "bundled-curl")]
pub(super) fn a_tls_proxy_is_verified_by_its_own_authorities() {
    let server = server();
    let worker = worker_with(&server, through(proxy(&server.addresses().proxy_stranger)));
    for base in [server.http_url(), server.https_url()] {
        let error = get(&worker, &format!("{base}/get")).unwrap_err();
        assert_eq!((error.status(), error.details().phase), (HS_ERR_PROXY_CONNECT, HS_PHASE_PROXY), "{error}");
        assert_eq!(error.details().sent, Sent::No);
    }
    let pem = |text: &str| CaSource::Pem { text: text.as_bytes().to_vec(), origin: "the test server".into() };
    let worker = Worker::new(WorkerOptions {
        ca: pem(server.ca_pem()),
        proxy_ca: Some(pem(server.stranger_ca_pem())),
        proxies: through(proxy(&server.addresses().proxy_stranger)),
        ..WorkerOptions::default()
    })
    .unwrap();
    for base in [server.http_url(), server.https_url()] {
        assert_eq!(get(&worker, &format!("{base}/get")).unwrap().head.status, 200);
    }
    // The proxy's authorities do not vouch for servers.
    let error = get(&worker, &format!("{}/get", server.addresses().untrusted)).unwrap_err();
    assert_eq!((error.status(), error.details().phase), (HS_ERR_TLS_UNTRUSTED, HS_PHASE_TLS), "{error}");
}

#[test]
fn what_the_target_does_is_not_blamed_on_the_proxy() {
    let server = server();
    for url in [server.addresses().proxy.clone(), format!("socks5h://{}", server.addresses().socks)] {
        let worker = worker_with(&server, through(proxy(&url)));
        let error = get(&worker, &server.addresses().expired).unwrap_err();
        assert_eq!((error.status(), error.details().phase), (HS_ERR_TLS_EXPIRED, HS_PHASE_TLS), "{error}");
        // The proxy is to have opened its tunnel before that.
        let limits = Limits { connect_timeout: Some(Duration::from_secs(3)), ..worker.limits().clone() };
        let silent = request("GET", &format!("https://{}/", server.stall_tls_addr()), b"");
        let error = worker.request(&silent, limits, None, Sink::Buffer(Vec::new())).unwrap_err();
        assert_eq!((error.status(), error.details().phase), (HS_ERR_CONNECT_TIMEOUT, HS_PHASE_TLS), "{url}: {error}");
        assert_eq!(error.details().sent, Sent::No);
        let error = get(&worker, &format!("{}/abort", server.https_url())).unwrap_err();
        assert_eq!((error.status(), error.details().sent), (HS_ERR_HTTP2, Sent::Maybe), "{error}");
    }
}

/// The same as without a proxy, on a tunnel that dies.
#[test]
pub(super) fn a_post_in_a_tunnel_that_dies_is_sent_once() {
    let server = server();
    let worker = worker_with(&server, Proxies { tunnel: true, ..through(proxy(&server.addresses().proxy)) });
    let url = format!("http://{}/keepalive-then-close?key=tunnel", server.script_addr());
    assert_eq!(get(&worker, &url).unwrap().head.status, 200);
    let error = send(&worker, &request("POST", &url, b"one order")).unwrap_err();
    assert_eq!(error.status(), HS_ERR_CONNECTION_CLOSED, "{error}");
    assert_eq!((error.details().sent, error.details().retryable), (Sent::Maybe, Retryable::Unknown));
    assert_eq!(server.counter("tunnel"), 1);
}

#[test]
pub(super) fn proxies_that_cannot_be_had_are_named() {
    let server = server();
    let closed = server.closed_addr();
    for scheme in ["http", "https", "socks4", "socks5h"] {
        let url = format!("{scheme}://joe:hunter2@{closed}");
        let worker = worker_with(&server, through(proxy(&url)));
        for base in [server.http_url(), server.https_url()] {
            let error = send(&worker, &request("POST", &format!("{base}/count/x"), b"an order")).unwrap_err();
            let details = error.details();
            assert_eq!((details.status, details.phase), (HS_ERR_PROXY_CONNECT, HS_PHASE_PROXY), "{url}: {error}");
            assert_eq!((details.sent, details.retryable), (Sent::No, Retryable::Safe));
            let text = error.to_string();
            assert!(text.contains(&format!("{scheme}://{closed}")) && !text.contains("hunter2"), "{text}");
        }
    }
    let worker = worker_with(&server, through(proxy("http://no-such-proxy.invalid:1")));
    let error = get(&worker, server.http_url()).unwrap_err();
    assert_eq!((error.status(), error.details().phase), (HS_ERR_PROXY_CONNECT, HS_PHASE_PROXY), "{error}");
}

#[test]
fn a_target_that_the_proxy_cannot_reach_is_the_proxys_refusal() {
    let server = server();
    let closed = server.closed_addr();
    for (url, status) in [
        (server.addresses().proxy.clone(), HS_ERR_PROXY_REFUSED),
        (format!("socks4://{}", server.addresses().socks), HS_ERR_PROXY_HANDSHAKE),
        (format!("socks5://{}", server.addresses().socks), HS_ERR_PROXY_HANDSHAKE),
    ] {
        let worker = worker_with(&server, through(proxy(&url)));
        let error = get(&worker, &format!("https://{closed}/")).unwrap_err();
        assert_eq!((error.status(), error.details().phase), (status, HS_PHASE_PROXY), "{url}: {error}");
        assert_eq!(error.details().sent, Sent::No);
        assert!(status != HS_ERR_PROXY_REFUSED || error.to_string().contains("502"), "{error}");
    }
    let worker = worker_with(&server, through(proxy(&server.addresses().proxy)));
    let response = get(&worker, &format!("http://{closed}/")).unwrap();
    assert_eq!(response.head.status, 502, "what a forwarding proxy answers is the response");
}

#[test]
fn credentials_may_stand_beside_the_url() {
    let server = server();
    let credentials = Credentials::new(USER.as_bytes(), PASSWORD.as_bytes(), "a test").unwrap();
    let proxy = Proxy::parse(server.addresses().proxy_basic.as_bytes(), "a test").unwrap();
    let proxy = Some(Arc::new(proxy.with(Some(credentials), "a test").unwrap()));
    let worker = worker_with(&server, through(proxy));
    assert_eq!(get(&worker, &format!("{}/get", server.https_url())).unwrap().head.status, 200);
}
