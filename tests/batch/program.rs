//! Runs the program, and asks the server.

use hs_test_server::TestServer;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A guard against hangs and nothing else.
pub const DEADLINE: Duration = Duration::from_secs(120);

pub fn server() -> &'static TestServer {
    static SERVER: OnceLock<TestServer> = OnceLock::new();
    SERVER.get_or_init(|| TestServer::start().expect("the test server"))
}

pub fn http(path: &str) -> String {
    format!("{}{path}", server().addresses().http)
}

/// What the server says to a GET.
pub fn ask(path: &str) -> String {
    let host = server().addresses().http.trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(&host).expect("the test server");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").expect("to ask the test server");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("the test server's answer");
    answer.split_once("\r\n\r\n").expect("a head").1.to_owned()
}

pub fn counter(key: &str) -> u64 {
    let answer: Value = serde_json::from_str(&ask(&format!("/counters/{key}"))).expect("a counter");
    answer["count"].as_u64().expect("a count")
}

/// Waits until the server has counted so many.
pub fn wait_for(key: &str, at_least: u64) {
    ask(&format!("/wait/{key}?at_least={at_least}&timeout_ms={}", DEADLINE.as_millis()));
    assert!(counter(key) >= at_least, "{key} did not come to {at_least}");
}

/// Waits for what nobody announces.
pub fn until(what: &str, mut there: impl FnMut() -> bool) {
    let started = Instant::now();
    while !there() {
        assert!(started.elapsed() < DEADLINE, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hs-batch"));
    command.args(arguments);
    command
}

/// A program that is running, with what it says on standard error so far.
pub struct Running {
    pub child: Child,
    errors: Receiver<String>,
    said: String,
    output: JoinHandle<Vec<u8>>,
    input: Option<JoinHandle<()>>,
}

pub struct Ran {
    pub status: ExitStatus,
    pub out: Vec<u8>,
    pub err: String,
}

/// Starts it with a manifest on standard input, which ends after it.
pub fn start(arguments: &[&str], manifest: impl Into<Vec<u8>>) -> Running {
    let mut running = start_open(arguments);
    let manifest = manifest.into();
    let mut stdin = running.child.stdin.take().unwrap();
    // A program that ends early does not read it all.
    running.input = Some(std::thread::spawn(move || drop(stdin.write_all(&manifest))));
    running
}

/// Starts it with a standard input that is the caller's.
pub fn start_open(arguments: &[&str]) -> Running {
    let mut command = command(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("hs-batch");
    let mut stdout = child.stdout.take().unwrap();
    let output = std::thread::spawn(move || {
        let mut out = Vec::new();
        stdout.read_to_end(&mut out).expect("its output");
        out
    });
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let (sender, errors) = channel();
    std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| sender.send(line)));
    Running { child, errors, said: String::new(), output, input: None }
}

pub fn run(arguments: &[&str], manifest: impl Into<Vec<u8>>) -> Ran {
    start(arguments, manifest).end()
}

impl Running {
    pub fn signal(&self, signal: i32) {
        // SAFETY: the process is ours and not waited for yet.
        assert_eq!(unsafe { libc::kill(self.child.id() as i32, signal) }, 0);
    }

    /// Waits until it says that on standard error.
    pub fn wait_for(&mut self, text: &str) {
        while !self.said.contains(text) {
            match self.errors.recv_timeout(DEADLINE) {
                Ok(line) => self.said += &(line + "\n"),
                Err(error) => panic!("{error:?}: it did not say {text:?} but {:?}", self.said),
            }
        }
    }

    pub fn end(mut self) -> Ran {
        drop(self.child.stdin.take());
        loop {
            match self.errors.recv_timeout(DEADLINE) {
                Ok(line) => self.said += &(line + "\n"),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    let _ = self.child.kill();
                    panic!("it did not end; it said {:?}", self.said);
                }
            }
        }
        let status = self.child.wait().expect("its end");
        if let Some(input) = self.input {
            input.join().unwrap();
        }
        Ran { status, out: self.output.join().unwrap(), err: self.said }
    }
}

impl Ran {
    pub fn lines(&self) -> Vec<Value> {
        lines(&self.out)
    }

    /// Ended by itself with that status.
    pub fn ended(self, code: i32) -> Self {
        assert_eq!((self.status.code(), self.status.signal()), (Some(code), None), "{}", self.err);
        assert!(!self.err.contains("panicked"), "{}", self.err);
        self
    }
}

pub fn lines(text: &[u8]) -> Vec<Value> {
    let text = str::from_utf8(text).expect("UTF-8");
    assert!(text.is_empty() || text.ends_with('\n'), "the last line is not whole");
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"))).collect()
}

pub fn file_lines(path: &Path) -> Vec<Value> {
    lines(&std::fs::read(path).expect("the output file"))
}

/// How many whole lines a file has that is being written.
pub fn written(path: &Path) -> usize {
    std::fs::read(path).map_or(0, |text| text.iter().filter(|byte| **byte == b'\n').count())
}
