//! README's example, with the test server in the place of the one that it names.

use crate::program::*;
use serde_json::json;

const ORIGIN: &str = "https://api.example.org";

/// The block of code that begins after this comment.
fn block(readme: &str, name: &str) -> String {
    let start = readme.find(&format!("<!-- hs-batch: {name} -->")).unwrap_or_else(|| panic!("README has no {name}"));
    let mut lines = readme[start..].lines().skip(1);
    assert!(lines.next().unwrap().starts_with("```"), "a block of code after {name}");
    lines.take_while(|line| *line != "```").map(|line| format!("{line}\n")).collect()
}

#[test]
fn the_example_does_what_it_says() {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let manifest = block(&readme, "manifest");
    assert_eq!(manifest.matches(ORIGIN).count(), manifest.lines().count());
    std::fs::write(folder.path().join("requests.jsonl"), manifest.replace(ORIGIN, &server().addresses().https))
        .unwrap();

    let shown = block(&readme, "command");
    let words: Vec<&str> = shown.split_whitespace().collect();
    assert_eq!(words[0], "target/release/hs-batch");
    let mut command = command(&words[1..]);
    command.args(["--ca", &server().addresses().ca_file]).current_dir(folder.path());
    let ended = command.output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();

    // The shown results and ours, but for what differs from run to run.
    let blank = |mut line: serde_json::Value| {
        line["latency_ms"] = json!(0);
        if line["body"].is_string() {
            line["body"] = json!("…");
        }
        if line["error"]["message"].is_string() {
            line["error"]["message"] = json!("…");
        }
        line
    };
    let sorted = |lines: Vec<serde_json::Value>| {
        let mut lines: Vec<_> = lines.into_iter().map(|line| blank(line).to_string()).collect();
        lines.sort();
        lines
    };
    let results = file_lines(&folder.path().join("results.jsonl"));
    assert_eq!(sorted(results), sorted(lines(block(&readme, "results").as_bytes())), "{said}");
    assert_eq!(ended.status.code(), Some(1), "{said}");
    let heads =
        |text: &str| text.lines().map(|line| line.split_whitespace().next().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(heads(&said), heads(&block(&readme, "summary")), "{said}");
}
