//! Proxy URLs, and the choice of a proxy.

use super::*;

fn parse(text: &str) -> Result<Proxy, Error> {
    Proxy::parse(text.as_bytes(), "hs_proxy_options.all")
}

fn target(text: &str) -> Url {
    Url::parse(text.as_bytes()).unwrap().url
}

#[test]
fn addresses_have_their_ports_and_hosts_as_browsers_read_them() {
    for (text, address) in [
        ("proxy", "http://proxy:80"),
        ("proxy:3128", "http://proxy:3128"),
        ("HTTP://Proxy:80/", "http://proxy:80"),
        ("https://proxy", "https://proxy:443"),
        ("https://proxy:80", "https://proxy:80"),
        ("socks5://0x7f.1", "socks5://127.0.0.1:1080"),
        ("socks5h://proxy:80", "socks5h://proxy:80"),
        ("socks4a://proxy:443", "socks4a://proxy:443"),
        ("socks4://[::1]:9", "socks4://[::1]:9"),
        ("http://bücher.example:1", "http://xn--bcher-kva.example:1"),
    ] {
        assert_eq!(parse(text).unwrap().address, address, "{text}");
    }
    for (text, host, port, is_name) in [
        ("proxy", "proxy", 80, true),
        ("socks4://0x7f.1", "127.0.0.1", 1080, false),
        ("https://[::1]:8443", "[::1]", 8443, false),
    ] {
        let proxy = parse(text).unwrap();
        assert_eq!((proxy.host_port(), proxy.host_port().is_name()), (HostPort { host, port }, is_name), "{text}");
    }
}

#[test]
fn credentials_come_from_the_url_and_are_not_shown() {
    let proxy = parse("socks5://al%20ice:p%40s:s@proxy").unwrap();
    let credentials = proxy.credentials.clone().unwrap();
    assert_eq!((&credentials.user[..], &credentials.password[..]), (&b"al ice"[..], &b"p@s:s"[..]));
    assert!(!format!("{proxy:?}").contains("p@s"));
    assert_eq!(proxy.address, "socks5://proxy:1080");
    let others = Credentials::new(b"bob", b"", "user").unwrap();
    assert_eq!(proxy.clone().with(Some(others.clone()), "user").unwrap(), proxy);
    assert_eq!(parse("proxy").unwrap().with(Some(others.clone()), "user").unwrap().credentials, Some(others));
}

#[test]
fn what_is_wrong_is_named_and_secrets_are_not() {
    for (text, why) in [
        ("", "host"),
        ("http://", "host"),
        ("ftp://joe:hunter2@proxy", "use http"),
        ("socks://joe:hunter2@proxy", "use http"),
        ("http://joe:hunter2@proxy/path", "nothing may follow"),
        ("http://joe:hunter2@proxy?x", "nothing may follow"),
        ("http://joe:hunter2@proxy#x", "nothing may follow"),
        ("http://joe:hunter2@proxy:0", "port 0"),
        ("http://joe:hunter2@proxy:99999", "port"),
        ("http://joe:hunter2@pro xy", "blank"),
        ("joe:hunter2@proxy\r\nX: y", "control"),
        ("joe:hunter2%00@proxy", "control"),
        (":hunter2@proxy", "without a user"),
        ("joe%3Ax:hunter2@proxy", "colon"),
    ] {
        let error = parse(text).unwrap_err();
        let said = error.to_string();
        assert!(said.starts_with("hs_proxy_options.all: "), "{said}");
        assert!(said.contains(why) && !said.contains("hunter2"), "{text:?}: {said}");
    }
    let long = format!("socks5://{}:hunter2@proxy", "a".repeat(256));
    assert_eq!(parse(&long).unwrap_err().status(), HS_ERR_INVALID_ARGUMENT);
    assert!(parse(&"x".repeat(5000)).unwrap_err().to_string().len() < 200);
}

#[test]
fn each_scheme_has_its_proxy_and_the_list_its_exceptions() {
    let proxy = |text| Some(Arc::new(parse(text).unwrap()));
    let proxies = Proxies {
        http: proxy("first:1"),
        https: proxy("socks5://second:2"),
        bypass: Bypass::parse("direct.test,10.0.0.0/8").unwrap(),
        ..Proxies::default()
    };
    let chosen = |url: &str| proxies.choose(&target(url)).map(|proxy| proxy.address.clone());
    assert_eq!(chosen("http://host/").as_deref(), Some("http://first:1"));
    assert_eq!(chosen("https://host/").as_deref(), Some("socks5://second:2"));
    assert_eq!(chosen("https://a.direct.test/"), None);
    assert_eq!(chosen("http://0xa.1/"), None);
    assert!(Proxies::default().choose(&target("http://host/")).is_none());
}

#[test]
fn only_requests_in_clear_are_forwarded_and_only_over_http() {
    for (proxy, url, tunnel, forwards) in [
        ("http://proxy", "http://host/", false, true),
        ("https://proxy", "http://host/", false, true),
        ("http://proxy", "http://host/", true, false),
        ("http://proxy", "https://host/", false, false),
        ("socks5://proxy", "http://host/", false, false),
    ] {
        assert_eq!(parse(proxy).unwrap().forwards(&target(url), tunnel), forwards, "{proxy} {url}");
    }
}
