//! The program: its one line, and its end.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::client::Client;

fn spawn(arguments: &[&str]) -> (Child, Value) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_hs-test-server"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    (child, serde_json::from_str(&line).unwrap())
}

#[test]
fn one_line_then_service_until_stdin_ends() {
    let directory = tempfile::tempdir().unwrap();
    let port_file = directory.path().join("ports.json");
    let (mut child, line) = spawn(&["--watch-stdin", "--port-file", port_file.to_str().unwrap()]);
    assert_eq!(line["pid"], child.id());
    assert_eq!(serde_json::from_slice::<Value>(&std::fs::read(&port_file).unwrap()).unwrap(), line);
    assert_eq!(Client::connect(line["http"].as_str().unwrap()).get("/").status, 200);
    let ca_file = line["ca_file"].as_str().unwrap();
    assert!(Path::new(ca_file).exists());
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
    assert!(!Path::new(ca_file).exists());
}

#[test]
fn a_signal_ends_it_cleanly() {
    for signal in [libc::SIGTERM, libc::SIGINT] {
        let (mut child, line) = spawn(&[]);
        // SAFETY: the process is our child and not yet waited for.
        assert_eq!(unsafe { libc::kill(child.id() as i32, signal) }, 0);
        assert!(child.wait().unwrap().success());
        assert!(!Path::new(line["ca_file"].as_str().unwrap()).exists());
    }
}

#[test]
fn bad_arguments_are_named() {
    let output = Command::new(env!("CARGO_BIN_EXE_hs-test-server")).arg("--nope").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--nope"));
}
