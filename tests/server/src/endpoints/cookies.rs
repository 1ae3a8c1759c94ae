//! Cookies: shown, set and expired.

use serde_json::{Map, Value, json};

use super::Call;
use crate::reply::{self, Reply, ReplyExt};

/// The cookies of a request, in order.
fn sent(call: &Call) -> Vec<(String, String)> {
    let headers = call.parts.headers.get_all("cookie");
    let texts = headers.iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
    let mut cookies = Vec::new();
    for text in texts {
        for pair in text.split(';').map(str::trim).filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            cookies.push((name.to_owned(), value.to_owned()));
        }
    }
    cookies
}

pub fn show(call: &Call) -> Reply {
    let sent = sent(call);
    let map: Map<String, Value> = sent.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    reply::json(&json!({ "cookies": map, "list": sent }))
}

/// `?name=value` sets cookies; `?attributes=Path=/; Secure` goes behind each; `?raw=...` gives whole header values;
/// `?to=/path` redirects there instead of answering.
pub fn set(call: &Call) -> Reply {
    let query = call.query();
    let attributes = query.get("attributes").unwrap_or("Path=/".into());
    let mut reply = match query.get("to") {
        Some(to) => reply::status(hyper::StatusCode::FOUND).with_header("location", &to),
        None => reply::text("set\n"),
    };
    for (name, value) in query.pairs() {
        reply = match &*name {
            "attributes" | "to" | "count_key" => reply,
            "raw" => reply.with_header("set-cookie", &value),
            _ => reply.with_header("set-cookie", &format!("{name}={value}; {attributes}")),
        };
    }
    reply
}

pub fn delete(call: &Call) -> Reply {
    let gone = "Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT";
    call.query()
        .pairs()
        .fold(reply::text("deleted\n"), |reply, (name, _)| reply.with_header("set-cookie", &format!("{name}=; {gone}")))
}
