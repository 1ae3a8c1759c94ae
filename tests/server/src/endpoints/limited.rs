//! A rate limiter with fixed windows, for clients that must stay below one.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use hyper::StatusCode;
use serde_json::json;

use super::Call;
use crate::reply::{self, Reply, ReplyExt};

struct Window {
    start: Instant,
    used: u64,
    refused: u64,
}

#[derive(Default)]
pub struct Limits(Mutex<HashMap<String, Window>>);

/// `?limit=N` requests in each `?window_ms=`, which begins with the first request after the last one ended.
pub fn limited(call: &Call, key: &str) -> Reply {
    let query = call.query();
    let limit: u64 = query.number("limit").unwrap_or(10);
    let length = Duration::from_millis(query.number("window_ms").unwrap_or(1000));
    let (used, refused, left) = {
        let mut windows = call.state.limits.0.lock().unwrap();
        let fresh = || Window { start: Instant::now(), used: 0, refused: 0 };
        let window = windows.entry(key.to_owned()).or_insert_with(fresh);
        if window.start.elapsed() >= length {
            (window.start, window.used) = (Instant::now(), 0);
        }
        window.used += 1;
        window.refused += u64::from(window.used > limit);
        (window.used, window.refused, length.saturating_sub(window.start.elapsed()))
    };
    let seconds = left.as_millis().div_ceil(1000);
    let reset = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default() + left;
    let body = json!({ "key": key, "used": used, "refused": refused, "left_ms": left.as_millis() as u64 });
    let reply = reply::json(&body)
        .with_header("x-ratelimit-limit", &limit.to_string())
        .with_header("x-ratelimit-remaining", &limit.saturating_sub(used).to_string())
        .with_header("x-ratelimit-reset", &reset.as_millis().div_ceil(1000).to_string());
    if used > limit {
        reply.with_status(StatusCode::TOO_MANY_REQUESTS).with_header("retry-after", &seconds.to_string())
    } else {
        reply
    }
}
