//! The test server, as cases see it: its places by name, scripts and counters.

use crate::outcome::encode;
use hs_test_server::TestServer;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpStream;

pub struct Server {
    pub server: TestServer,
    pub places: Vec<(String, String)>,
}

impl Server {
    pub fn start() -> Self {
        let server = TestServer::start().expect("the test server");
        let addresses = serde_json::to_value(server.addresses()).expect("addresses");
        let mut places = vec![("{version}".to_owned(), env!("CARGO_PKG_VERSION").to_owned())];
        for (name, value) in addresses.as_object().expect("an object") {
            let Some(value) = value.as_str() else { continue };
            places.push((format!("{{{name}}}"), value.to_owned()));
            if let Some((_, port)) = value.rsplit_once(':') {
                places.push((format!("{{{name}_port}}"), port.to_owned()));
            }
        }
        Server { server, places }
    }

    pub fn fill(&self, text: &str, key: &str) -> String {
        let text = text.replace("{key}", key);
        self.places.iter().fold(text, |text, (name, value)| text.replace(name, value))
    }

    /// Installs a script, and tells where it is if it has a port of its own.
    pub fn install(&self, name: &str, script: &str) -> Option<String> {
        let answer = self.ask("POST", &format!("/script/{}", name.replace('/', "%2F")), script);
        let answer: Value = serde_json::from_str(&answer).unwrap_or_else(|_| panic!("the script {name}: {answer}"));
        answer["addr"].as_str().map(str::to_owned)
    }

    pub fn counter(&self, name: &str) -> u64 {
        let path = format!("/counters/{}", encode(name.as_bytes()));
        let answer: Value = serde_json::from_str(&self.ask("GET", &path, "")).expect("a counter");
        answer["count"].as_u64().expect("a count")
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> String {
        let host = self.server.addresses().http.trim_start_matches("http://").to_owned();
        let mut stream = TcpStream::connect(&host).expect("the test server");
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(format!("{head}{body}").as_bytes()).expect("to ask the test server");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("the test server's answer");
        answer.split_once("\r\n\r\n").expect("a head").1.to_owned()
    }
}
