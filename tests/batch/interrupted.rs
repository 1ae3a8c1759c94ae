//! What is written survives whatever happens to the program, and `--resume` does the rest, and that once.

use crate::program::*;
use serde_json::Value;
use std::collections::HashMap;
use std::io::Write;
use std::path::Path;

/// The result of each id; none is there twice.
fn by_id(path: &Path) -> HashMap<String, Value> {
    let mut found = HashMap::new();
    for line in file_lines(path) {
        let id = if line["id"].is_null() { format!("line {}", line["line"]) } else { line["id"].to_string() };
        assert!(found.insert(id, line.clone()).is_none(), "twice: {line}");
    }
    found
}

fn gets(range: std::ops::Range<u32>, path: &str) -> String {
    range.map(|id| format!("{{\"id\":{id},\"url\":\"{}\"}}\n", http(&path.replace("{id}", &id.to_string())))).collect()
}

fn output(folder: &tempfile::TempDir) -> (std::path::PathBuf, String) {
    let path = folder.path().join("results.jsonl");
    let text = path.to_str().unwrap().to_owned();
    (path, text)
}

#[test]
fn killed_and_resumed() {
    let folder = tempfile::tempdir().unwrap();
    let (path, file) = output(&folder);
    let arguments = ["-c", "8", "--resume", "--output", &file];
    let manifest = gets(0..20, "/get?count_key=killed-{id}") + &gets(20..40, "/hold/killed?count_key=killed-held");
    let running = start(&arguments, manifest.clone());
    wait_for("held:killed", 8);
    until("the first results are written", || written(&path) == 20);
    running.signal(libc::SIGKILL);
    assert_eq!(running.end().status.code(), None);
    assert_eq!(by_id(&path).len(), 20);

    // As if it had been killed while it wrote.
    std::fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"id\":20,\"status\":200,\"bo").unwrap();
    ask("/release/killed");
    let ran = run(&arguments, manifest.clone()).ended(0);
    assert!(ran.err.contains("20 succeeded, 0 failed, 20 skipped"), "{}", ran.err);
    let results = by_id(&path);
    assert_eq!(results.len(), 40);
    assert!(results.values().all(|result| result["status"] == 200));
    for id in 0..20 {
        assert_eq!(counter(&format!("killed-{id}")), 1, "{id}");
    }

    let ran = run(&arguments, manifest).ended(0);
    assert!(ran.err.contains("requests  0 ") && ran.err.contains("40 skipped"), "{}", ran.err);
}

#[test]
fn killed_again_and_again() {
    let folder = tempfile::tempdir().unwrap();
    let (path, file) = output(&folder);
    for ordered in [false, true] {
        let _ = std::fs::remove_file(&path);
        let mut arguments = vec!["-c", "4", "--resume", "--output", &file];
        if ordered {
            arguments.push("--ordered");
        }
        let manifest = gets(0..400, "/bytes/2000?seed={id}");
        for target in [1, 60, 61, 130, 250] {
            let running = start(&arguments, manifest.clone());
            until("so many results", || written(&path) >= target);
            running.signal(libc::SIGKILL);
            running.end();
        }
        run(&arguments, manifest).ended(0);
        assert_eq!(by_id(&path).len(), 400);
        let ids: Vec<u64> = file_lines(&path).iter().map(|line| line["id"].as_u64().unwrap()).collect();
        assert!(!ordered || ids.is_sorted());
    }
}

#[test]
fn a_signal_lets_what_is_in_flight_end() {
    let folder = tempfile::tempdir().unwrap();
    let (path, file) = output(&folder);
    let arguments = ["-c", "4", "--resume", "--drain-ms", "100000", "--output", &file];
    let manifest = gets(0..50, "/hold/drain?count_key=drain");
    let mut running = start(&arguments, manifest.clone());
    wait_for("held:drain", 4);
    running.signal(libc::SIGINT);
    running.wait_for("interrupted");
    ask("/release/drain");
    let ran = running.end().ended(130);
    assert!(ran.err.contains("succeeded, 0 failed\n"), "{}", ran.err);
    let done = by_id(&path).len() as u64;
    // What was in flight, and perhaps what was next to be; but not the rest.
    assert!((4..=20).contains(&done), "{done}");
    assert_eq!(counter("drain"), done);
    run(&arguments, manifest).ended(0);
    assert_eq!((by_id(&path).len(), counter("drain")), (50, 50));
}

#[test]
fn a_signal_gives_up_what_takes_too_long() {
    let folder = tempfile::tempdir().unwrap();
    let (path, file) = output(&folder);
    let arguments = ["-c", "3", "--resume", "--drain-ms", "10", "--output", &file];
    let post = format!(
        "{{\"id\":\"post\",\"method\":\"POST\",\"url\":\"{}\"}}\n",
        http("/hold/give-up?count_key=give-up-post")
    );
    let manifest =
        gets(0..1, "/get") + &post + &gets(1..3, "/hold/give-up") + &gets(3..30, "/get?count_key=give-up-later");
    let running = start(&arguments, manifest.clone());
    wait_for("held:give-up", 3);
    until("the first result", || written(&path) >= 1);
    running.signal(libc::SIGTERM);
    let ran = running.end().ended(143);
    assert!(ran.err.contains("given up"), "{}", ran.err);
    // The POST may have been carried out: it has a result, and is not sent again. What may be sent again has none.
    let results = by_id(&path);
    assert_eq!(results["\"post\""]["error"]["name"], "HS_ERR_CANCELLED");
    assert_eq!(results["\"post\""]["error"]["request_sent"], "maybe");
    assert!(results.contains_key("0") && !results.contains_key("1") && !results.contains_key("2"));

    ask("/release/give-up");
    run(&arguments, manifest).ended(0);
    assert_eq!((by_id(&path).len(), counter("give-up-post")), (31, 1));
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let mut running = start(&["-c", "1", "--drain-ms", "1000000"], gets(0..2, "/hold/second"));
    wait_for("held:second", 1);
    running.signal(libc::SIGINT);
    running.wait_for("interrupted");
    running.signal(libc::SIGINT);
    running.end().ended(130);
    ask("/release/second");
}

#[test]
fn a_signal_while_it_waits_for_lines() {
    let mut running = start_open(&[]);
    running.child.stdin.as_mut().unwrap().write_all(gets(0..1, "/get?count_key=waiting").as_bytes()).unwrap();
    wait_for("waiting", 1);
    running.signal(libc::SIGINT);
    running.wait_for("interrupted");
    let ran = running.end().ended(130);
    assert_eq!(ran.lines().len(), 1);
}

#[test]
fn a_signal_while_it_waits_for_its_turn() {
    let mut running = start(&["--rate", "1/h"], gets(0..10, "/get?count_key=turn"));
    wait_for("turn", 1);
    running.signal(libc::SIGINT);
    running.wait_for("interrupted");
    let ran = running.end().ended(130);
    assert_eq!((ran.lines().len(), counter("turn")), (1, 1));
}

#[test]
fn the_same_id_twice() {
    let folder = tempfile::tempdir().unwrap();
    let (path, file) = output(&folder);
    let arguments = ["--resume", "--output", &file];
    let mut manifest = gets(0..3, "/get?count_key=twice") + &gets(1..2, "/get?count_key=twice") + "broken\n";
    run(&arguments, manifest.clone()).ended(1);
    let results = by_id(&path);
    assert_eq!((results.len(), counter("twice")), (5, 3));
    assert!(results["line 4"]["error"]["message"].as_str().unwrap().contains("id 1 is that of an earlier line too"));
    let ran = run(&arguments, manifest.clone()).ended(0);
    assert!(ran.err.contains("5 skipped"), "{}", ran.err);
    // A line that was mended is sent.
    manifest = manifest.replace("broken", &gets(9..10, "/get?count_key=twice"));
    run(&arguments, manifest).ended(0);
    assert_eq!((by_id(&path).len(), counter("twice")), (6, 4));
}

#[test]
fn files_that_are_not_ours_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (path, file) = output(&folder);
    std::fs::write(&path, "my notes\n").unwrap();
    for arguments in [&["--output", &file][..], &["--resume", "--output", &file]] {
        let ran = run(arguments, gets(0..1, "/get?count_key=not-ours")).ended(2);
        assert!(ran.err.contains("results.jsonl"), "{}", ran.err);
    }
    assert_eq!((std::fs::read_to_string(&path).unwrap().as_str(), counter("not-ours")), ("my notes\n", 0));
}
