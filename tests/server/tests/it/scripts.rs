//! The scripted ports.

use std::io::ErrorKind;
use std::time::Duration;

use hs_test_server::TestServer;

use crate::client::Client;

const POST: &str = "POST /NAME HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello";

fn post(name: &str) -> String {
    POST.replace("NAME", name)
}

#[test]
fn a_reused_connection_is_closed_after_the_request() {
    let server = TestServer::start().unwrap();
    let mut client = Client::connect(server.script_addr());
    client.send(post("keepalive-then-close?key=K"));
    assert_eq!(client.read().unwrap().text(), "ok");
    assert_eq!((server.counter("K"), server.counter("script:keepalive-then-close")), (0, 1));
    client.send(post("keepalive-then-close?key=K"));
    assert!(client.read_to_end().unwrap().is_empty());
    assert_eq!((server.counter("K"), server.counter("script:keepalive-then-close")), (1, 2));
}

#[test]
fn first_answers_can_wait_for_each_other() {
    let server = TestServer::start().unwrap();
    let request = "GET /keepalive-then-close?key=T&together=6 HTTP/1.1\r\nHost: x\r\n\r\n";
    let mut clients: Vec<Client> = (0..6).map(|_| Client::connect(server.script_addr())).collect();
    for client in &mut clients[..5] {
        client.send(request);
    }
    assert!(server.wait_counter("script:keepalive-then-close", 5, Duration::from_secs(60)));
    clients[5].send(request);
    for client in &mut clients {
        assert_eq!(client.read().unwrap().status, 200);
    }
}

#[test]
fn a_whole_request_is_read_before_the_close() {
    let server = TestServer::start().unwrap();
    let mut client = Client::connect(server.script_addr());
    let request = post("close-after-request?key=C");
    client.send(&request[..request.len() - 1]);
    assert!(!server.wait_counter("C", 1, Duration::from_millis(50)));
    client.send(&request[request.len() - 1..]);
    assert!(client.read_to_end().unwrap().is_empty());
    assert_eq!((server.counter("C"), server.counter("script:close-after-request")), (1, 1));
}

#[test]
fn resets_truncation_and_garbage() {
    let server = TestServer::start().unwrap();
    for path in ["reset", "reset?phase=head", "close-after-request?how=reset"] {
        let mut client = Client::connect(server.script_addr());
        client.send(post(path));
        assert_eq!(client.read_to_end().unwrap_err().kind(), ErrorKind::ConnectionReset, "{path}");
    }
    for framing in ["length", "chunked"] {
        let whole = {
            let mut client = Client::connect(server.script_addr());
            client.send(post(&format!("truncate?at=9999&framing={framing}")));
            client.read_to_end().unwrap()
        };
        assert!(whole.starts_with(b"HTTP/1.1 200 OK\r\n") && whole.windows(8).any(|part| part == b"qrstuvwx"));
        for at in 0..whole.len() {
            let mut client = Client::connect(server.script_addr());
            client.send(post(&format!("truncate?at={at}&framing={framing}")));
            assert_eq!(client.read_to_end().unwrap(), whole[..at]);
        }
    }
    let mut client = Client::connect(server.script_addr());
    client.send(post("garbage"));
    assert!(!client.read_to_end().unwrap().starts_with(b"HTTP"));
}

#[test]
fn installed_scripts_play_step_by_step() {
    let server = TestServer::start().unwrap();
    let mut admin = Client::connect(server.http_url());
    let script = r#"{"name": "s", "steps": [
        {"read": "head"}, {"count": "heads"}, {"send": "HTTP/1.1 100 Continue\r\n\r\n"}, {"read": "request"},
        {"send_base64": "SFRUUC8xLjEg"}, {"send_hex": "32 30 30 20 4f 4b 0d0a"},
        {"send": "Content-Length: 4\r\n\r\n"}, {"repeat": {"send": "ab", "times": 2}},
        {"read": "request"}, {"count": "second"}, {"half_close": true}, {"read_bytes": 3}, {"count": "bytes"},
        {"read_until": "END"}, {"reset": true}]}"#;
    assert_eq!(admin.request("POST", "/script/s", "", script).status, 200);
    let mut client = Client::connect(server.script_addr());
    let request = post("s");
    client.send(&request[..request.len() - 5]);
    assert_eq!(client.read().unwrap().status, 100);
    assert_eq!((server.counter("heads"), server.counter("script:s")), (1, 0));
    client.send("hello");
    assert_eq!(client.read().unwrap().text(), "abab");
    client.send(post("anything"));
    assert!(client.read_to_end().unwrap().is_empty());
    assert_eq!((server.counter("second"), server.counter("script:s")), (1, 2));
    client.send("xyz");
    assert!(server.wait_counter("bytes", 1, Duration::from_secs(60)));
    client.send("...END");
    assert_eq!(client.read_to_end().map_err(|error| error.kind()), Ok(Vec::new()), "the read side had ended already");
    assert_eq!(admin.request("DELETE", "/script/s", "", "").json()["removed"], true);
    assert_eq!(Client::connect(server.script_addr()).get("/s").status, 404);
}

#[test]
fn lists_by_request_by_connection_and_in_sequence() {
    let server = TestServer::start().unwrap();
    let answer = |text: &str| format!(r#"[{{"send": "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{text}"}}]"#);
    let lists = format!("[{}, {}]", answer("a"), answer("b"));
    for (kind, wanted) in [("per_request", "abab"), ("per_connection", "aabb"), ("sequence", "abbb")] {
        server.install_script(kind, &format!(r#"{{"{kind}": {lists}}}"#)).unwrap();
        let mut seen = String::new();
        for _ in 0..2 {
            let mut client = Client::connect(server.script_addr());
            for _ in 0..2 {
                seen += &client.get(&format!("/{kind}")).text();
            }
        }
        assert_eq!(seen, wanted, "{kind}");
        assert_eq!(server.counter(&format!("script:{kind}")), 4);
    }
}

#[test]
fn a_script_can_have_a_port_of_its_own_and_speak_first() {
    let server = TestServer::start().unwrap();
    let script = r#"{"listen": "tcp", "per_connection": [[{"send": "first"}], [{"send": "second"}, {"reset": true}]]}"#;
    let address = server.install_script("own", script).unwrap().unwrap().to_string();
    assert_eq!(Client::connect(&address).read_to_end().unwrap(), b"first");
    let second = Client::connect(&address).read_to_end();
    assert!(second.is_err() || second.unwrap() == b"second");
    assert_eq!(server.counter("conn:own"), 2);
}

#[test]
fn endless_sends_end_with_the_peer() {
    let server = TestServer::start().unwrap();
    let script = r#"{"steps": [{"read": "request"}, {"repeat": {"send": "x"}}, {"count": "never"}]}"#;
    server.install_script("endless", script).unwrap();
    let mut client = Client::connect(server.script_addr());
    client.send(post("endless"));
    assert_eq!(client.take(1 << 20).unwrap(), vec![b'x'; 1 << 20]);
    assert_eq!(server.connections("script").1, 1);
    drop(client);
    assert!(server.wait_counter("closed:script", 1, Duration::from_secs(60)));
    assert_eq!((server.connections("script").1, server.counter("never")), (0, 0));
}

#[test]
fn scripts_that_make_no_sense_are_refused() {
    let server = TestServer::start().unwrap();
    let mut admin = Client::connect(server.http_url());
    for script in ["", "[]", "{}", r#"{"steps": [{"fly": 1}]}"#, r#"{"steps": [], "sequence": [[]]}"#] {
        let answer = admin.request("POST", "/script/bad", "", script);
        assert_eq!(answer.status, 400, "{script}");
    }
    assert_eq!(admin.request("POST", "/script/ok", "", r#"{"steps": [{"close": "abrupt"}]}"#).status, 200);
}
