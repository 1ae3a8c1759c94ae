//! How it ends: what cannot be used, what breaks off, and the summary.

use crate::program::*;
use serde_json::{Value, json};
use std::io::Read;
use std::process::Stdio;

fn gets(count: usize, path: &str) -> String {
    format!("{{\"url\":\"{}\"}}\n", http(path)).repeat(count)
}

#[test]
fn what_cannot_be_used_is_said_before_anything_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(file("there"), "").unwrap();
    std::fs::write(file("no-ca"), "nothing\n").unwrap();
    std::fs::write(file("manifest"), gets(1, "/get?count_key=unusable")).unwrap();
    for (arguments, said) in [
        (vec!["--nonsense"], "--nonsense"),
        (vec!["--concurrency", "0"], "--concurrency"),
        (vec!["--resume"], "--output"),
        (vec![&file("missing")], "missing"),
        (vec![folder.path().to_str().unwrap()], "folder"),
        (vec!["--output", &file("there")], "there"),
        (vec!["--output", &file("none/out")], "none/out"),
        (vec!["--ca", &file("no-ca")], "CERTIFICATE"),
        (vec!["--ca", &file("missing")], "missing"),
        (vec!["--summary", &file("none/summary")], "none/summary"),
    ] {
        let ran = run(&arguments, gets(1, "/get?count_key=unusable")).ended(2);
        assert!(ran.err.to_lowercase().contains(&said.to_lowercase()), "{arguments:?}: {}", ran.err);
        assert!(ran.out.is_empty(), "{arguments:?}");
    }
    assert_eq!(counter("unusable"), 0);
}

#[test]
fn a_file_is_not_two_things() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (manifest, other) = (file("manifest"), file("other"));
    // Without a line feed it could be taken for a result that was torn.
    let request = gets(1, "/get?count_key=two-things").trim_end().to_owned();
    std::fs::write(&manifest, &request).unwrap();
    std::fs::write(&other, "").unwrap();
    std::os::unix::fs::symlink(&manifest, file("link")).unwrap();
    std::fs::hard_link(&other, file("other-name")).unwrap();
    let add_to = |path: &str| std::fs::OpenOptions::new().append(true).open(path).unwrap();
    let both = |arguments: &[&str]| -> Vec<String> {
        std::iter::once(manifest.as_str()).chain(arguments.iter().copied()).map(str::to_owned).collect()
    };
    let command = |arguments: &[String]| command(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    for (arguments, stdout) in [
        (both(&["--resume", "--output", &manifest]), None),
        (both(&["--resume", "--output", &file("link")]), None),
        (both(&["--summary", &file("link")]), None),
        (both(&["--resume", "--output", &other, "--summary", &file("other-name")]), None),
        (both(&[]), Some(&manifest)),
        (both(&["--resume", "--output", &other, "--summary", "-"]), Some(&other)),
    ] {
        let mut command = command(&arguments);
        if let Some(path) = stdout {
            command.stdout(add_to(path));
        }
        let ended = command.output().unwrap();
        let said = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains("are the same file"), "{arguments:?}: {said}");
        assert_eq!(std::fs::read_to_string(&manifest).unwrap(), request, "{arguments:?}");
        assert_eq!(std::fs::read_to_string(&other).unwrap(), "", "{arguments:?}");
    }
    // What is said before anything is sent leaves an earlier summary as it is.
    std::fs::write(file("summary"), "earlier").unwrap();
    let refused = command(&both(&["--output", &other, "--summary", &file("summary")])).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert_eq!(std::fs::read_to_string(file("summary")).unwrap(), "earlier");
    assert_eq!(counter("two-things"), 0);
}

#[test]
fn help_and_version() {
    let ran = run(&["--help"], "").ended(0);
    let text = String::from_utf8(ran.out).unwrap();
    for word in ["--resume", "--ordered", "--rate", "Exit status", "timeout_ms"] {
        assert!(text.contains(word), "{text}");
    }
    let ran = run(&["--version"], "").ended(0);
    assert_eq!(String::from_utf8(ran.out).unwrap(), format!("hs-batch {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_full_disk() {
    for arguments in [&["--output", "/dev/full"][..], &["--output", "/dev/full", "--ordered"]] {
        let ran = run(arguments, gets(5_000, "/get")).ended(3);
        assert!(ran.err.contains("hs-batch: writing results: No space left on device"), "{}", ran.err);
    }
    let mut command = command(&[]);
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let manifest = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(manifest.path(), gets(1, "/get")).unwrap();
    let ended = command.stdin(manifest.reopen().unwrap()).stdout(full).output().unwrap();
    assert_eq!(ended.status.code(), Some(3));
    assert!(String::from_utf8(ended.stderr).unwrap().contains("No space left on device"));

    let ran = run(&["--summary", "/dev/full"], gets(1, "/get")).ended(3);
    assert!(ran.err.contains("writing the summary: No space left"), "{}", ran.err);
}

#[test]
fn nobody_reads_the_results() {
    let manifest = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(manifest.path(), gets(5_000, "/get?count_key=unread")).unwrap();
    let mut child =
        command(&[manifest.path().to_str().unwrap()]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut [0; 10]).unwrap();
    drop(stdout);
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(3));
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(said.contains("nobody reads them any more") && !said.contains("panicked"), "{said}");
    assert!(counter("unread") < 5_000);
}

#[test]
fn what_has_ended_is_kept_when_the_manifest_cannot_be_read_on() {
    // Reading a folder fails; it gets there as standard input.
    let folder = tempfile::tempdir().unwrap();
    let ended = command(&[]).stdin(std::fs::File::open(folder.path()).unwrap()).output().unwrap();
    assert_eq!(ended.status.code(), Some(3));
    assert!(String::from_utf8(ended.stderr).unwrap().contains("reading line 1 of the manifest: Is a directory"));
}

#[test]
fn the_summary() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("summary.json");
    let manifest =
        gets(7, "/bytes/1000") + &gets(2, "/status/404") + &gets(1, "/flaky/summary?fail=1&status=503") + "broken\n";
    let ran = run(&["--summary", file.to_str().unwrap()], manifest.clone()).ended(1);
    assert_eq!(ran.err, "", "it is in the file alone");
    let summary: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    for (key, wanted) in [
        ("requests", json!(11)),
        ("succeeded", json!(10)),
        ("failed", json!(1)),
        ("skipped", json!(0)),
        ("given_up", json!(0)),
        ("status", json!({"2xx": 8, "4xx": 2})),
        ("errors", json!({"HS_ERR_INVALID_ARGUMENT": 1})),
        ("retries", json!(1)),
    ] {
        assert_eq!(summary[key], wanted, "{key} of {summary}");
    }
    assert!(summary["bytes_received"].as_u64().unwrap() > 7_000, "{summary}");
    let latency = |name: &str| summary["latency_ms"][name].as_f64().unwrap();
    assert!(
        0.0 < latency("p50") && latency("p50") <= latency("p99") && latency("p99.9") <= latency("max"),
        "{summary}"
    );
    assert!(summary["elapsed_ms"].as_f64().unwrap() >= latency("max"), "{summary}");
    assert!(summary["requests_per_second"].as_f64().unwrap() > 0.0, "{summary}");

    let results = folder.path().join("results.jsonl");
    let ran = run(&["--summary", "-", "--output", results.to_str().unwrap()], manifest.clone()).ended(1);
    assert_eq!((ran.lines().len(), ran.lines()[0]["requests"].as_u64(), file_lines(&results).len()), (1, Some(11), 11));

    let ran = run(&[], manifest).ended(1);
    for text in
        ["requests  11 in ", "10 succeeded, 1 failed", "status    2xx 8, 4xx 2", "HS_ERR_INVALID_ARGUMENT 1", "p99.9 "]
    {
        assert!(ran.err.contains(text), "{text}: {}", ran.err);
    }
}
