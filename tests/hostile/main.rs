//! The hostile server: raw scripts against the C ABI. Each ends in the status that its file states, within its deadline
//! and with little memory, and its worker carries out a plain request afterwards. `README.md` says how to add one.
//!
//! The scripts are played by the test server in this process; the client runs in processes of its own (`client.rs`), so
//! that what it takes is seen, and a hang or a crash is a failure of one script and not the end of the test.

mod bytes;
mod client;
mod judge;
mod process;
mod script;

use hs_test_server::TestServer;
use script::Script;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// Clients at once: most of the time is spent waiting for timeouts.
const CLIENTS: usize = 4;

/// The argument that makes a client of this program.
pub const CLIENT: &str = "--hostile-client";

struct Finding {
    script: String,
    complaint: Option<String>,
    grown_kib: u64,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == CLIENT) {
        return client::run(&arguments[1]);
    }
    let wanted: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    let verbose = arguments.iter().any(|argument| argument == "--nocapture");
    let server = TestServer::start().expect("the test server");
    let (files, mut scripts) = script::all(&server);
    scripts.retain(|script| wanted.is_empty() || wanted.iter().any(|word| script.name.contains(*word)));

    let started = Instant::now();
    let findings = play(&server, &scripts, verbose);
    let mut failures = 0;
    for finding in &findings {
        if let Some(complaint) = &finding.complaint {
            failures += 1;
            println!("FAILED {}: {complaint}", finding.script);
        }
    }
    if let Some(worst) = findings.iter().max_by_key(|finding| finding.grown_kib) {
        let mib = worst.grown_kib as f64 / 1024.0;
        println!("worst memory growth: {mib:.1} MiB, {}", worst.script);
    }
    let seconds = started.elapsed().as_secs_f64();
    println!("{} scripts from {files} files, {failures} failed, {seconds:.1} s", findings.len());
    // A filter is for whoever looks at some; without one, scripts that are not found must not look like success.
    let missing = wanted.is_empty() && findings.len() < 120;
    if failures > 0 || missing {
        std::process::exit(1);
    }
}

fn play(server: &TestServer, scripts: &[Script], verbose: bool) -> Vec<Finding> {
    let next = AtomicUsize::new(0);
    let findings = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                let mut client = None;
                while let Some(script) = scripts.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let started = Instant::now();
                    let finding = process::play(&mut client, server, script);
                    if verbose {
                        println!("{}: {} ms, {} KiB", finding.script, started.elapsed().as_millis(), finding.grown_kib);
                    }
                    findings.lock().unwrap().push(finding);
                }
            });
        }
    });
    let mut findings = findings.into_inner().unwrap();
    findings.sort_by(|one, other| one.script.cmp(&other.script));
    findings
}
