//! The proxies, spoken to by hand.

use std::io::{Read, Write};
use std::net::TcpStream;

use hs_test_server::TestServer;

/// Sends what is asked for and returns what comes until the server closes, or has answered that much.
fn ask(address: &str, sent: &[u8], enough: usize) -> Vec<u8> {
    let mut stream = TcpStream::connect(address.trim_start_matches("http://")).unwrap();
    stream.write_all(sent).unwrap();
    let mut answer = vec![0; enough];
    stream.read_exact(&mut answer).unwrap();
    answer
}

fn port(url: &str) -> u16 {
    url.rsplit(':').next().unwrap().parse().unwrap()
}

#[test]
fn a_whole_url_is_passed_on_without_what_is_the_proxys() {
    let server = TestServer::start().unwrap();
    let request = format!(
        "GET http://some.name:{}/anything HTTP/1.1\r\nHost: some.name\r\nProxy-Authorization: Basic eDp5\r\n\
         Connection: close\r\n\r\n",
        port(server.http_url())
    );
    let mut stream = TcpStream::connect(server.addresses().proxy.trim_start_matches("http://")).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && !answer.contains("eDp5"), "{answer}");
    let asked = server.proxied("proxy");
    assert_eq!((asked.len(), asked[0].how, asked[0].named), (1, "forward", true));
    assert_eq!(asked[0].user.as_deref(), Some("x"));
    server.clear_proxied();
    assert!(server.proxied("proxy").is_empty());
}

#[test]
fn credentials_are_demanded_where_they_are_due() {
    let server = TestServer::start().unwrap();
    for (address, challenge) in
        [(&server.addresses().proxy_basic, "basic realm"), (&server.addresses().proxy_digest, "digest realm")]
    {
        let request = format!("CONNECT a.name:{} HTTP/1.1\r\nHost: a.name\r\n\r\n", port(server.http_url()));
        let answer = String::from_utf8(ask(address, request.as_bytes(), 120)).unwrap().to_ascii_lowercase();
        assert!(answer.starts_with("http/1.1 407") && answer.contains(challenge), "{answer}");
    }
    let good = format!(
        "CONNECT a.name:{} HTTP/1.1\r\nHost: a.name\r\nProxy-Authorization: Basic cHJveHktdXNlcjpwcm94eSB3b3Jk\r\n\r\n",
        port(server.http_url())
    );
    assert_eq!(ask(&server.addresses().proxy_basic, good.as_bytes(), 12), b"HTTP/1.1 200");
    assert_eq!(server.proxied("proxy_basic").last().unwrap().answer, 200);
}

#[test]
fn socks_is_spoken_in_its_versions() {
    let server = TestServer::start().unwrap();
    let port = port(server.http_url()).to_be_bytes();
    let get = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    let four = [&[4, 1][..], &port, &[127, 0, 0, 1], b"joe\0", get].concat();
    let answer = ask(&server.addresses().socks, &four, 8 + 12);
    assert_eq!((answer[1], &answer[8..]), (90, &b"HTTP/1.1 200"[..]));
    let four_a = [&[4, 1][..], &port, &[0, 0, 0, 1], b"\0some.name\0", get].concat();
    assert_eq!(ask(&server.addresses().socks, &four_a, 8)[1], 90);
    let five = [&[5, 1, 0, 5, 1, 0, 3, 9][..], b"some.name", &port, get].concat();
    let answer = ask(&server.addresses().socks, &five, 2 + 10 + 12);
    assert_eq!((&answer[..2], answer[3], &answer[12..]), (&[5, 0][..], 0, &b"HTTP/1.1 200"[..]));
    let asked = server.proxied("socks");
    let seen: Vec<_> = asked.iter().map(|asked| (asked.how, asked.named)).collect();
    assert_eq!(seen, [("socks4", false), ("socks4a", true), ("socks5", true)]);
    assert_eq!(ask(&server.addresses().socks_auth, &[5, 1, 0], 2), [5, 0xFF]);
    let wrong = [&[5, 1, 2, 1, 3][..], b"joe", &[1], b"x"].concat();
    assert_eq!(ask(&server.addresses().socks_auth, &wrong, 4), [5, 2, 1, 1]);
    assert_eq!(ask(&server.addresses().socks_auth, &four, 8)[1], 93);
}
