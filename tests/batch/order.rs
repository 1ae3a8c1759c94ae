//! `--ordered`, and what it holds back meanwhile.

use crate::program::*;
use serde_json::json;

#[test]
fn results_in_the_order_of_the_manifest() {
    let mut manifest = format!("{{\"url\":\"{}\"}}\n", http("/hold/order?count_key=order"));
    for number in 2..100 {
        manifest += &match number % 10 {
            0 => "broken\n".to_owned(),
            _ => format!("{{\"url\":\"{}\"}}\n", http(&format!("/delay/{}?count_key=order", number % 3))),
        };
    }
    let running = start(&["--ordered", "-c", "4"], manifest);
    wait_for("held:order", 1);
    // 16 lines are under way at most; one of them is broken.
    wait_for("order", 15);
    ask("/release/order");
    let results = running.end().ended(1).lines();
    assert_eq!(results.len(), 99);
    for (index, result) in results.iter().enumerate() {
        let number = index + 1;
        let (key, status) = if number % 10 == 0 { ("line", json!(null)) } else { ("id", json!(200)) };
        assert_eq!((&result[key], &result["status"]), (&json!(number), &status), "{result}");
    }
}

#[test]
fn nothing_begins_beyond_the_window() {
    let manifest = format!("{{\"url\":\"{}\"}}\n", http("/hold/window"))
        + &format!("{{\"url\":\"{}\"}}\n", http("/get?count_key=window")).repeat(60);
    let running = start(&["--ordered", "-c", "4"], manifest);
    wait_for("held:window", 1);
    wait_for("window", 15);
    // Whoever went on without bound would have done so by the end of these.
    for _ in 0..50 {
        ask("/get");
    }
    assert_eq!(counter("window"), 15);
    ask("/release/window");
    assert_eq!(running.end().ended(0).lines().len(), 61);
}

#[test]
fn as_they_come_without_it() {
    let manifest = format!("{{\"url\":\"{}\"}}\n{{\"url\":\"{}\"}}\n", http("/hold/come"), http("/release/come"));
    let results = run(&["-c", "2"], manifest).ended(0).lines();
    assert_eq!(results.iter().map(|result| result["id"].as_u64().unwrap()).max(), Some(2));
    assert_eq!(results.len(), 2);
}
