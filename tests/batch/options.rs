//! What the options do to requests and results.

use crate::program::*;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// The result of the one line.
fn one(arguments: &[&str], line: Value) -> Value {
    let ran = run(arguments, format!("{line}\n"));
    let mut results = ran.lines();
    assert_eq!(results.len(), 1, "{}", ran.err);
    results.remove(0)
}

/// What the server saw.
fn echoed(result: &Value) -> Value {
    serde_json::from_str(result["body"].as_str().expect("a body")).expect("JSON")
}

#[test]
fn a_request_as_the_line_says() {
    let line = json!({
        "method": "PATCH", "url": http("/anything/a?b=c"), "body": "päper\n",
        "headers": [["X-Two", "1"], ["X-Two", "2"], ["Content-Type", "text/plain"]],
    });
    let saw = echoed(&one(&[], line));
    assert_eq!((&saw["method"], &saw["body"]), (&json!("PATCH"), &json!("päper\n")));
    let fields = saw["headers"].to_string();
    assert!(fields.contains(r#"["X-Two","1"],["X-Two","2"]"#), "{fields}");

    let saw = echoed(&one(&[], json!({"url": http("/anything"), "body_base64": "aGk="})));
    assert_eq!((&saw["method"], &saw["body"]), (&json!("POST"), &json!("hi")));
}

#[test]
fn headers_for_every_request_but_those_that_have_their_own() {
    let arguments = ["-H", "X-All: from the option", "-H", "X-Own: from the option"];
    let saw = echoed(&one(&arguments, json!({"url": http("/get"), "headers": {"x-own": "from the line"}})));
    let fields = saw["headers"].to_string();
    assert!(
        fields.contains(r#"["X-All","from the option"]"#) && fields.contains(r#"["x-own","from the line"]"#),
        "{fields}"
    );
    assert!(!fields.contains("X-Own"), "{fields}");
}

#[test]
fn what_of_a_response_is_written() {
    let url = http("/response?body=hi&header=X-A:1&header=X-A:2");
    let plain = one(&[], json!({"url": url}));
    assert_eq!((&plain["body"], plain.get("headers")), (&json!("hi"), None));
    let full = one(&["--headers"], json!({"url": url}));
    assert!(full["headers"].to_string().to_lowercase().contains(r#"["x-a","1"],["x-a","2"]"#), "{full}");
    let bare = one(&["--no-body"], json!({"url": url}));
    assert_eq!((bare.get("body"), bare.get("body_base64")), (None, None));

    let bytes = one(&[], json!({"url": http("/bytes/100")}));
    assert_eq!((bytes.get("body"), bytes["body_base64"].as_str().unwrap().len()), (None, 136));
}

#[test]
fn retries() {
    for (key, arguments, line, status, retries) in [
        ("default", &[][..], json!({}), 200, 2),
        ("option", &["--max-retries", "0"], json!({}), 503, 0),
        ("line", &["--max-retries", "0"], json!({"max_retries": 2}), 200, 2),
    ] {
        let mut request = json!({"url": http(&format!("/flaky/retries-{key}?fail=2&status=503"))});
        request.as_object_mut().unwrap().extend(line.as_object().unwrap().clone());
        let result = one(arguments, request);
        assert_eq!((&result["status"], &result["retry_count"]), (&json!(status), &json!(retries)), "{key}: {result}");
    }
}

#[test]
fn times() {
    let stall = http("/stall/head");
    // On a loaded machine, too, it is sent before its time is over.
    for (arguments, line) in
        [(&["--timeout-ms", "3000"][..], json!({})), (&["--timeout-ms", "100000"], json!({"timeout_ms": 3000}))]
    {
        let mut request = json!({"url": stall});
        request.as_object_mut().unwrap().extend(line.as_object().unwrap().clone());
        let result = one(arguments, request);
        assert_eq!(result["error"]["name"], "HS_ERR_TIMEOUT", "{result}");
        assert!((2_999.0..50_000.0).contains(&result["latency_ms"].as_f64().unwrap()), "{result}");
        assert_eq!(
            (&result["error"]["request_sent"], &result["error"]["retryable"]),
            (&json!("maybe"), &json!("safe"))
        );
    }
}

#[test]
fn bodies_that_are_too_large() {
    let result = one(&["--max-body-bytes", "999"], json!({"url": http("/bytes/1000")}));
    assert_eq!(result["error"]["name"], "HS_ERR_BODY_TOO_LARGE");
    assert_eq!(one(&["--max-body-bytes", "1000"], json!({"url": http("/bytes/1000")}))["status"], 200);
}

#[test]
fn tls_is_verified_by_the_given_authority() {
    let line = json!({"url": format!("{}/get", server().addresses().https)});
    assert_eq!(one(&["--max-retries", "0"], line.clone())["error"]["request_sent"], "no");
    assert_eq!(one(&["--ca", &server().addresses().ca_file], line)["status"], 200);
}

#[test]
fn no_more_in_flight_than_said() {
    for (key, arguments) in [("all", &["-c", "3"][..]), ("origin", &["-c", "50", "--per-origin", "3"])] {
        let manifest =
            format!("{{\"url\":\"{}\"}}\n", http(&format!("/hold/flight-{key}?count_key=flight-{key}"))).repeat(40);
        let running = start(arguments, manifest);
        wait_for(&format!("held:flight-{key}"), 3);
        // Whoever sent more would have done so by the end of these.
        for _ in 0..50 {
            ask("/get");
        }
        assert_eq!(counter(&format!("flight-{key}")), 3);
        ask(&format!("/release/flight-{key}"));
        running.end().ended(0);
        assert_eq!(counter(&format!("flight-{key}")), 40);
    }
}

#[test]
fn a_rate() {
    let started = Instant::now();
    let ran = run(&["--rate", "50"], format!("{{\"url\":\"{}\"}}\n", http("/get")).repeat(11)).ended(0);
    assert!(started.elapsed() >= Duration::from_millis(200), "eleven have ten gaps of 20 ms");
    assert_eq!(ran.lines().len(), 11);
}

#[test]
fn many_at_once() {
    let manifest = format!("{{\"url\":\"{}\"}}\n", http("/delay/1")).repeat(3_000);
    let ran = run(&["-c", "1500", "--threads", "2"], manifest).ended(0);
    assert_eq!(ran.lines().len(), 3_000);
}
