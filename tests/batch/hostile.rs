//! Whatever a line is, it gets one line of results, and the others get theirs.

use crate::program::{http, run, server};
use serde_json::{Value, json};
use std::collections::HashMap;

struct Case {
    line: Vec<u8>,
    /// As it is in the results; with `None` the number of the line is told instead.
    id: Option<Value>,
    status: Option<u64>,
    /// Of the error: its name, and some of its message.
    error: Option<(&'static str, &'static str)>,
}

fn refused(line: impl Into<Vec<u8>>, id: Option<Value>, name: &'static str, message: &'static str) -> Case {
    Case { line: line.into(), id, status: None, error: Some((name, message)) }
}

const ARGUMENT: &str = "HS_ERR_INVALID_ARGUMENT";

fn cases() -> Vec<Case> {
    let get = http("/get");
    let own = |rest: &str, name, message| {
        let line = format!(r#"{{"id":"@","url":"{get}",{rest}}}"#);
        refused(line, Some(json!("@")), name, message)
    };
    let url =
        |url: &str, name, message| refused(format!(r#"{{"id":"@","url":"{url}"}}"#), Some(json!("@")), name, message);
    vec![
        refused("{", None, ARGUMENT, "not JSON"),
        refused("[1,2]", None, ARGUMENT, "not an object"),
        refused("\0\0\0", None, ARGUMENT, "not JSON"),
        refused(b"{\"url\":\"\xc3\x28\"}".as_slice(), None, ARGUMENT, "not UTF-8"),
        refused(format!(r#"{{"url":"{get}"}}{{"url":"{get}"}}"#), None, ARGUMENT, "not JSON"),
        refused("[".repeat(100_000), None, ARGUMENT, "not an object"),
        refused(format!(r#"{{"url":"{}"}}"#, "x".repeat(200_000)), None, ARGUMENT, "at most 150000"),
        refused(format!("\"{}\"", "a secret ".repeat(10_000)), None, ARGUMENT, "not an object"),
        refused(r#"{"id":{},"url":"u"}"#, None, ARGUMENT, "id must be"),
        refused(r#"{"id":"@"}"#, Some(json!("@")), ARGUMENT, "url is missing"),
        own(r#""metod":"GET""#, ARGUMENT, "\"metod\""),
        own(r#""url":"twice""#, ARGUMENT, "twice"),
        own(r#""timeout_ms":1e999"#, ARGUMENT, "timeout_ms"),
        own(r#""timeout_ms":-1"#, ARGUMENT, "timeout_ms"),
        own(r#""timeout_ms":340282366920938463463374607431768211456"#, ARGUMENT, "timeout_ms"),
        own(r#""max_retries":1000"#, ARGUMENT, "max_retries"),
        own(r#""body":1"#, ARGUMENT, "body"),
        own(r#""body_base64":"%%""#, ARGUMENT, "base64"),
        own(r#""method":"GET\r\nX: y""#, "HS_ERR_INVALID_METHOD", ""),
        own(r#""method":"CONNECT""#, "HS_ERR_INVALID_METHOD", ""),
        own(r#""headers":{"A":"b\r\nC: d"}"#, "HS_ERR_INVALID_HEADER", ""),
        own(r#""headers":{"A\r\n":"b"}"#, "HS_ERR_INVALID_HEADER", ""),
        own(r#""headers":[["A","\u0000"]]"#, "HS_ERR_INVALID_HEADER", ""),
        own(r#""headers":{"Content-Length":"1"}"#, "HS_ERR_INVALID_HEADER", ""),
        own(r#""headers":[["A"]]"#, ARGUMENT, "headers"),
        url("", "HS_ERR_INVALID_URL", ""),
        url("http://", "HS_ERR_INVALID_URL", ""),
        url("no url", "HS_ERR_INVALID_URL", ""),
        url("http://a\\u0000b/", "HS_ERR_INVALID_URL", ""),
        url("ftp://127.0.0.1/", "HS_ERR_UNSUPPORTED_SCHEME", ""),
        url("file:///etc/passwd", "HS_ERR_UNSUPPORTED_SCHEME", ""),
        Case {
            line: format!(r#"{{"id":"@","url":"{}","timeout_ms":50}}"#, http("/stall/head")).into(),
            id: Some(json!("@")),
            status: None,
            error: Some(("HS_ERR_TIMEOUT", "")),
        },
        Case {
            line: format!(r#"{{"id":"@","url":"{}","max_retries":0}}"#, server().addresses().closed_url()).into(),
            id: Some(json!("@")),
            status: None,
            error: Some(("HS_ERR_CONNECT", "")),
        },
        Case {
            line: format!(r#"{{"id":"@","url":"{}"}}"#, http("/status/404")).into(),
            id: Some(json!("@")),
            status: Some(404),
            error: None,
        },
        Case { line: format!(r#"{{"url":"{get}"}}"#).into(), id: Some(json!("#")), status: Some(200), error: None },
        Case {
            line: format!("  {{\"id\":\"@\",\"url\":\"{get}\"}}\t\r").into(),
            id: Some(json!("@")),
            status: Some(200),
            error: None,
        },
    ]
}

trait Closed {
    fn closed_url(&self) -> String;
}

impl Closed for hs_test_server::Addresses {
    fn closed_url(&self) -> String {
        format!("http://{}/", self.closed.trim_start_matches("http://"))
    }
}

#[test]
fn each_line_has_its_result_whatever_it_is() {
    let cases = cases();
    let mut manifest = Vec::from(*b"\xef\xbb\xbf");
    let mut wanted = HashMap::new();
    let mut number = 0;
    // Good ones between them, and lines with nothing in them, which count as lines.
    for case in &cases {
        number += 1;
        let id = match &case.id {
            Some(id) if id == "@" => json!(format!("case {number}")),
            Some(_) => json!(number),
            None => json!({"line": number}),
        };
        let line = String::from_utf8(case.line.clone()).map_err(|_| ());
        let line = line.map_or(case.line.clone(), |line| line.replace("\"@\"", &id.to_string()).into_bytes());
        manifest.extend([line.as_slice(), b"\n  \r\n"].concat());
        number += 2;
        wanted.insert(id.to_string(), case);
        manifest.extend(format!("{{\"id\":\"good {number}\",\"url\":\"{}\"}}\n", http("/get")).into_bytes());
    }
    manifest.extend(format!("{{\"id\":1e400,\"url\":\"{}\"}}", http("/get")).into_bytes());
    let ran = run(&["--max-line-bytes", "150000"], manifest).ended(1);
    let mut text = String::from_utf8(ran.out.clone()).unwrap();
    assert!(
        text.contains("{\"id\":1e400,\"status\":200,"),
        "the last line, which has no end, has an id as it was written"
    );
    text = text.replace("\"id\":1e400", "\"id\":\"good, huge\"");
    let results = crate::program::lines(text.as_bytes());
    assert_eq!(results.len(), 2 * cases.len() + 1);

    let mut good = 0;
    for result in results {
        let id = if result["id"].is_null() { json!({"line": result["line"]}) } else { result["id"].clone() };
        if id.as_str().is_some_and(|id| id.starts_with("good")) {
            assert_eq!((&result["status"], &result["error"]), (&json!(200), &Value::Null), "{result}");
            good += 1;
            continue;
        }
        let case = wanted.remove(&id.to_string()).unwrap_or_else(|| panic!("nobody asked for {result}"));
        assert_eq!(result["status"].as_u64(), case.status, "{result}");
        match case.error {
            None => assert!(result["error"].is_null() && result["latency_ms"].as_f64().unwrap() > 0.0, "{result}"),
            Some((name, message)) => {
                assert_eq!(result["error"]["name"], name, "{result}");
                let said = result["error"]["message"].as_str().unwrap();
                assert!(said.contains(message) && said.len() < 1_000, "{result}");
                assert!(result["status"].is_null() && result["body"].is_null(), "{result}");
            }
        }
    }
    assert_eq!((good, wanted.len()), (cases.len() + 1, 0));
}

#[test]
fn a_manifest_of_nothing() {
    for manifest in ["", "\n", "\n \n\r\n\t"] {
        let ran = run(&[], manifest).ended(0);
        assert_eq!((ran.out.len(), ran.err.contains("requests  0 ")), (0, true), "{}", ran.err);
    }
}

#[test]
fn bytes_that_are_nothing_at_all() {
    let mut state = 1_u64;
    let noise: Vec<u8> = (0..200_000)
        .map(|_| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 56) as u8
        })
        .collect();
    let lines = noise.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()).count();
    let ran = run(&[], noise).ended(1);
    assert_eq!(ran.lines().len(), lines);
    assert!(ran.lines().iter().all(|result| result["error"]["name"] == ARGUMENT));
}
