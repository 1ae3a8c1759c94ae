//! The ports that are broken on purpose, and the ordinary ones under many connections.

use std::io::{ErrorKind, Read};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use hs_test_server::{Config, TestServer};

use crate::client::Client;

const SHORT: Duration = Duration::from_millis(300);

fn connect(address: &str) -> std::io::Result<TcpStream> {
    TcpStream::connect_timeout(&address.parse().unwrap(), SHORT)
}

#[test]
fn connecting_stalls_and_is_not_refused() {
    let server = TestServer::start().unwrap();
    for _ in 0..3 {
        let error = connect(server.stall_connect_addr()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut, "{error}");
    }
}

#[test]
fn a_closed_port_refuses_and_stays_reserved() {
    let server = TestServer::start().unwrap();
    assert_eq!(connect(server.closed_addr()).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    assert_eq!(TcpListener::bind(server.closed_addr()).unwrap_err().kind(), ErrorKind::AddrInUse);
    assert_eq!(server.closed_addr().parse::<SocketAddr>().unwrap().port(), server.closed_port());
}

#[test]
fn the_silent_port_accepts_and_says_nothing() {
    let server = TestServer::start().unwrap();
    let mut stream = connect(server.stall_tls_addr()).unwrap();
    stream.set_read_timeout(Some(SHORT)).unwrap();
    assert_eq!(stream.read(&mut [0; 1]).unwrap_err().kind(), ErrorKind::WouldBlock);
}

#[test]
fn both_stacks_share_a_port_number() {
    let server = TestServer::start_with(Config { dual_stack: true, ..Config::default() }).unwrap();
    let port = server.http_url().rsplit(':').next().unwrap().to_owned();
    let six = format!("[::1]:{port}");
    match TcpListener::bind("[::1]:0") {
        Ok(_) => assert!(Client::connect(&six).get("/get").json()["peer"].as_str().unwrap().starts_with("[::1]:")),
        Err(_) => assert!(connect(&six).is_err()),
    }
    assert_eq!(Client::connect(server.http_url()).get("/").status, 200);
}

#[test]
fn nothing_is_left_after_drop() {
    // An address of its own: at the one of all others, the port may be another server's as soon as it is free.
    let server = TestServer::start_with(Config { ip: "127.17.0.1".parse().unwrap(), ..Config::default() }).unwrap();
    let (address, ca_file) = (server.http_url().trim_start_matches("http://").to_owned(), server.ca_file());
    let mut client = Client::connect(&address);
    assert_eq!(client.get("/").status, 200);
    assert!(ca_file.exists());
    drop(server);
    assert!(!ca_file.exists());
    assert_eq!(connect(&address).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    assert!(client.read_to_end().unwrap().is_empty());
}

#[test]
fn thousands_of_connections_at_once() {
    const MANY: u64 = 3000;
    let server = TestServer::start().unwrap();
    let mut clients: Vec<Client> = (0..MANY).map(|_| Client::connect(server.http_url())).collect();
    for client in &mut clients {
        client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    for client in &mut clients {
        assert_eq!(client.read().unwrap().status, 200);
    }
    assert_eq!(server.connections("http"), (MANY, MANY));
}
