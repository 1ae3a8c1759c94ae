//! Counters, and endpoints whose answer depends on how often they were asked.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use hyper::StatusCode;
use serde_json::json;

use super::{Call, drain};
use crate::reply::{self, Reply, ReplyExt, with_header_texts};

/// Counts a request once its body has arrived whole.
pub async fn count(call: Call, key: &str) -> Reply {
    let state = call.state.clone();
    drain(call.body).await;
    let count = state.counters.add_one(key);
    reply::json(&json!({ "key": key, "count": count }))
}

pub fn all(call: &Call) -> Reply {
    reply::json(&call.state.counters.all())
}

pub fn read(call: &Call, key: &str) -> Reply {
    reply::json(&json!({ "key": key, "count": call.state.counters.get(key) }))
}

pub fn reset(call: &Call, key: &str) -> Reply {
    reply::json(&json!({ "key": key, "count": call.state.counters.reset(key) }))
}

/// Answers when the counter has reached `?at_least=N`, or 408 after `?timeout_ms=`.
pub async fn wait(call: &Call, key: &str) -> Reply {
    let query = call.query();
    let at_least = query.number("at_least").unwrap_or(1);
    let limit = Duration::from_millis(query.number("timeout_ms").unwrap_or(100_000));
    let counter = call.state.counters.entry(key);
    match tokio::time::timeout(limit, counter.reached(at_least)).await {
        Ok(count) => reply::json(&json!({ "key": key, "count": count })),
        Err(_) => reply::json(&json!({ "key": key, "count": counter.get() })).with_status(StatusCode::REQUEST_TIMEOUT),
    }
}

/// The first `?fail=N` requests get `?status=`, all later ones 200.
pub async fn flaky(call: Call, key: &str) -> Reply {
    let query = call.query();
    let fail: u64 = query.number("fail").unwrap_or(1);
    let status = query.number("status").unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    let retry_after = query.all("retry_after").into_iter().map(|value| format!("retry-after:{value}"));
    let headers: Vec<String> = retry_after.chain(query.all("header").into_iter().map(Into::into)).collect();
    let state = call.state.clone();
    drain(call.body).await;
    let count = state.counters.add_one(key);
    let body = json!({ "key": key, "count": count, "failed": count <= fail });
    if count <= fail { with_header_texts(reply::json(&body).with_status(status), &headers) } else { reply::json(&body) }
}

/// What a proxy port was asked for; DELETE forgets it all.
pub fn proxied(call: &Call, port: &str) -> Reply {
    if call.parts.method == hyper::Method::DELETE {
        call.state.proxied.clear();
    }
    reply::json(&call.state.proxied.of(port))
}

pub fn connections(call: &Call) -> Reply {
    let mut ports = BTreeMap::new();
    let (mut accepted, mut open) = (0, 0);
    for port in &call.state.ports {
        let counts = [&port.accepted, &port.open, &port.handshakes].map(|count| count.load(Ordering::Relaxed));
        accepted += counts[0];
        open += counts[1];
        ports.insert(port.name, json!({ "accepted": counts[0], "open": counts[1], "handshakes": counts[2] }));
    }
    reply::json(&json!({ "accepted": accepted, "open": open, "ports": ports }))
}
