//! The client's process as the test sees it: work goes in, what happened comes out, in time or not at all.

use crate::script::{Call, Script};
use crate::{CLIENT, Finding, judge};
use hs_test_server::TestServer;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// A guard against hangs and nothing else: no script takes a tenth of it.
const DEADLINE: Duration = Duration::from_secs(180);

pub struct Client {
    child: Child,
    answers: Receiver<String>,
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Client {
    fn start(server: &TestServer) -> Client {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.arg(CLIENT).arg(&server.addresses().ca_file).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("a client");
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (sender, answers) = channel();
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let mut client = Client { child, answers };
        // What is made once in a process is not the first script's.
        client.work(&Value::Null, &[], &plain(server)).expect("a client that works");
        client
    }

    fn work(&mut self, worker: &Value, requests: &[Value], after: &[Value]) -> Result<Value, String> {
        let work = json!({ "worker": worker, "requests": requests, "after": after });
        let line = format!("{work}\n");
        let sent = self.child.stdin.as_mut().unwrap().write_all(line.as_bytes());
        sent.map_err(|error| format!("the client is gone: {error}"))?;
        match self.answers.recv_timeout(DEADLINE) {
            Ok(line) => Ok(serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line}: {error}"))),
            Err(std::sync::mpsc::RecvTimeoutError::Timeout) => Err(format!("no end after {} s", DEADLINE.as_secs())),
            Err(_) => Err(format!("the client died: {}", self.child.wait().unwrap())),
        }
    }
}

fn plain(server: &TestServer) -> Vec<Value> {
    let at = server.addresses();
    vec![json!({ "url": format!("{}/bytes/10", at.http) }), json!({ "url": format!("{}/bytes/10", at.https) })]
}

/// Has a client carry out a script; one that hung or died is replaced at the next.
pub fn play(client: &mut Option<Client>, server: &TestServer, script: &Script) -> Finding {
    let address = install(server, script);
    let request = |call: &Call| request(server, script, &call.request, &address);
    let requests: Vec<Value> = script.calls.iter().map(request).collect();
    let running = client.get_or_insert_with(|| Client::start(server));
    let result = running.work(&worker(server, script, &address), &requests, &plain(server));
    let grown_kib = result.as_ref().map_or(0, |answer| answer["grown_kib"].as_u64().unwrap());
    let complaint = match &result {
        Ok(answer) => judge::judge(script, answer, server.counter(&format!("conn:{}", script.name))),
        Err(why) => {
            *client = None;
            Some(why.clone())
        }
    };
    Finding { script: script.name.clone(), complaint, grown_kib }
}

/// What the script asks for of the worker; null: nothing.
fn worker(server: &TestServer, script: &Script, address: &str) -> Value {
    match script.worker {
        "cookies" => json!({ "cookies": true }),
        "proxy" => {
            let bare = |url: &str| url.rsplit('/').next().unwrap_or_default().to_owned();
            let direct = [&server.addresses().http, &server.addresses().https].map(|url| bare(url)).join(",");
            json!({ "proxy": format!("http://{address}"), "no_proxy": direct })
        }
        _ => Value::Null,
    }
}

/// Puts the script on a port of its own; returns its address as it stands in a URL.
fn install(server: &TestServer, script: &Script) -> String {
    let file = json!({ "per_connection": script.connections, "listen": script.listen, "alpn": script.alpn });
    let address = server.install_script(&script.name, &file.to_string());
    let address = address.unwrap_or_else(|error| panic!("{}: {error}", script.name)).expect("a port of its own");
    if script.url.starts_with("https://{script}") {
        format!("localhost:{}", address.port())
    } else {
        address.to_string()
    }
}

fn request(server: &TestServer, script: &Script, given: &Value, address: &str) -> Value {
    let mut request = given.clone();
    if let Some(counter) = given["tell"].as_str() {
        request["tell"] = format!("{}/get?count_key={counter}", server.addresses().http).into();
    }
    if let Some(counter) = given["after"].as_str() {
        request["after"] = format!("{}/wait/{counter}?at_least=1", server.addresses().http).into();
    }
    request["stream"] = script.stream.into();
    request["url"] = script.url.replace("{script}", address).into();
    request
}
