//! Scripted HTTP/2 frames, with hyper's own client and over a raw socket.

use std::io::{Read, Write};
use std::net::TcpStream as Socket;

use bytes::Bytes;
use hs_test_server::TestServer;
use http_body_util::{BodyExt, Empty};
use hyper::Request;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::json;
use tokio::net::TcpStream;

fn reason(error: &hyper::Error) -> Option<h2::Reason> {
    std::error::Error::source(error)?.downcast_ref::<h2::Error>()?.reason()
}

#[tokio::test]
async fn a_client_gets_answers_resets_and_goaway() {
    let server = TestServer::start().unwrap();
    let script = json!({"listen": "tcp", "steps": [
        {"read_frame": "settings"}, {"send_frame": {"type": "settings"}},
        {"send_frame": {"type": "settings", "flags": 1}},
        {"read_frame": "request"},
        {"send_frame": {"type": "headers", "flags": 4, "stream": "last", "headers": [[":status", "200"], ["x-long", "y".repeat(300)]]}},
        {"send_frame": {"type": "ping", "zeros": 8, "times": 3}},
        {"send_frame": {"type": "data", "flags": 1, "stream": "last", "text": "hello"}},
        {"read_frame": "request"},
        {"send_frame": {"type": "rst_stream", "stream": "last", "error": 7}},
        {"read_frame": "request"},
        {"send_frame": {"type": "goaway", "last_stream": "last-2", "error": 0}}, {"stall": true}
    ]});
    let address = server.install_script("frames", &script.to_string()).unwrap().unwrap();
    let io = TcpStream::connect(address).await.unwrap();
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(io)).await.unwrap();
    tokio::spawn(connection);
    let mut get = || sender.send_request(Request::get("http://x/").body(Empty::<Bytes>::new()).unwrap());

    let response = get().await.unwrap();
    assert_eq!((response.status().as_u16(), response.headers()["x-long"].len()), (200, 300));
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "hello");
    assert_eq!(reason(&get().await.unwrap_err()), Some(h2::Reason::REFUSED_STREAM));
    assert!(get().await.is_err(), "beyond the last stream of GOAWAY");
    assert_eq!((server.counter("script:frames"), server.counter("conn:frames")), (3, 1));
}

#[test]
fn frames_may_lie_and_what_is_no_frame_is_refused() {
    let server = TestServer::start().unwrap();
    let script = r#"{"listen": "tcp", "steps": [{"send_frame": {"type": 200, "flags": 255, "stream": 9, "hex": "ab", "length": 16777215}}]}"#;
    let address = server.install_script("lies", script).unwrap().unwrap();
    let mut socket = Socket::connect(address).unwrap();
    let mut bytes = Vec::new();
    socket.read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes, [255, 255, 255, 200, 255, 0, 0, 0, 9, 0xab]);

    let script = r#"{"listen": "tcp", "steps": [{"read_frame": "settings"}, {"count": "never"}]}"#;
    let address = server.install_script("preface", script).unwrap().unwrap();
    let mut socket = Socket::connect(address).unwrap();
    socket.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    assert!(matches!(socket.read(&mut [0; 9]), Ok(0) | Err(_)));
    assert_eq!(server.counter("never"), 0);
    for step in [r#"{"send_frame": {"type": "fly"}}"#, r#"{"send_frame": {"type": 0, "stream": "first"}}"#] {
        assert!(server.install_script("bad", &format!(r#"{{"listen": "tcp", "steps": [{step}]}}"#)).is_err(), "{step}");
    }
}
