//! What a script expects against what happened.

use crate::bytes::hex;
use crate::script::{Expected, Script};
use serde_json::Value;

/// What is wrong, where anything is.
pub fn judge(script: &Script, answer: &Value, connections: u64) -> Option<String> {
    let outcomes = answer["outcomes"].as_array().unwrap();
    for (nth, (call, outcome)) in script.calls.iter().zip(outcomes).enumerate() {
        if let Some(complaint) = differs(&call.expected, outcome) {
            return Some(format!("request {}: {complaint}, got {outcome}", nth + 1));
        }
    }
    for outcome in answer["after"].as_array().unwrap() {
        if outcome["status"] != "200" || outcome["length"] != 10 {
            return Some(format!("the worker is of no use afterwards: {outcome}"));
        }
    }
    if script.taken.is_some_and(|taken| taken != connections) {
        return Some(format!("it took {connections} connections, not {}", script.taken.unwrap()));
    }
    let grown_kib = answer["grown_kib"].as_u64().unwrap();
    // A stream outlives the call that began it, and so takes the request's body with it.
    let bodies = script.calls.iter().map(|call| call.request["upload"].as_u64().unwrap_or(0) >> 10);
    let allowed = script.memory_kib + if script.stream { bodies.sum() } else { 0 };
    (grown_kib > allowed).then(|| format!("the client grew by {grown_kib} KiB: {allowed} are allowed"))
}

fn differs(expected: &Expected, outcome: &Value) -> Option<String> {
    if !expected.any_of.iter().any(|status| outcome["status"] == **status) {
        return Some(format!("expected {}", expected.any_of.join(" or ")));
    }
    if expected.sent.as_ref().is_some_and(|sent| outcome["sent"] != **sent) {
        return Some(format!("expected sent={}", expected.sent.as_ref().unwrap()));
    }
    if expected.length.is_some_and(|length| outcome["length"] != length) {
        return Some(format!("expected {} bytes", expected.length.unwrap()));
    }
    if expected.fields.is_some_and(|fields| outcome["fields"] != fields) {
        return Some(format!("expected {} fields", expected.fields.unwrap()));
    }
    let body = expected.body.as_ref()?;
    (outcome["body"] != hex(body)).then(|| format!("expected the body {}", body.escape_ascii()))
}
