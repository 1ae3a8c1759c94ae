//! Endpoints that take their time.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use hyper::Response;
use hyper::body::Frame;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use serde_json::json;

use super::{Call, data};
use crate::counters::Counter;
use crate::reply::{self, Reply, ReplyExt};

pub async fn delay(millis: &str) -> Reply {
    match millis.parse() {
        Ok(millis) => {
            tokio::time::sleep(Duration::from_millis(millis)).await;
            reply::text(format!("waited {millis} ms\n"))
        }
        Err(_) => reply::bad_request("the delay is a number of milliseconds"),
    }
}

pub async fn drip(call: &Call) -> Reply {
    let query = call.query();
    let length: u64 = query.number("bytes").unwrap_or(10);
    let chunk: u64 = query.number("chunk").unwrap_or(1).max(1);
    let interval = Duration::from_millis(query.number("interval_ms").unwrap_or(100));
    tokio::time::sleep(Duration::from_millis(query.number("head_delay_ms").unwrap_or(0))).await;
    let pieces = stream::unfold(0, move |sent: u64| async move {
        if sent == length {
            return None;
        }
        if sent > 0 {
            tokio::time::sleep(interval).await;
        }
        let end = length.min(sent + chunk);
        Some((Ok::<_, io::Error>(Frame::data(data::bytes_at(0, sent, end))), end))
    });
    let reply = Response::new(reply::streamed(pieces)).with_header("content-type", "application/octet-stream");
    if query.flag("chunked") { reply } else { reply.with_length(length) }
}

/// Counts `{key}:dropped` when the client has gone away.
struct Dropped(Option<Arc<Counter>>);

impl Dropped {
    fn of(call: &Call) -> Dropped {
        Dropped(call.query().get("key").map(|key| call.state.counters.entry(&format!("{key}:dropped"))))
    }
}

impl Drop for Dropped {
    fn drop(&mut self) {
        if let Some(counter) = &self.0 {
            counter.add_one();
        }
    }
}

pub async fn stall_head(call: &Call) -> Reply {
    if let Some(key) = call.query().get("key") {
        call.state.counters.add_one(&key);
    }
    let _dropped = Dropped::of(call);
    std::future::pending().await
}

pub fn stall_body(call: &Call) -> Reply {
    let sent: u64 = call.query().number("bytes").unwrap_or(10);
    // Lives as long as the body does.
    let pieces = stream::unfold((false, Dropped::of(call)), move |(started, dropped)| async move {
        if started {
            std::future::pending::<()>().await;
        }
        Some((Ok(Frame::data(data::bytes_at(0, 0, sent))), (true, dropped)))
    });
    Response::new(reply::streamed(pieces)).with_length(sent + 1000)
}

/// Answers once the key has been released, so that a test decides when.
pub async fn hold(call: &Call, key: &str) -> Reply {
    let released = call.state.counters.entry(&format!("released:{key}"));
    call.state.counters.add_one(&format!("held:{key}"));
    released.reached(1).await;
    reply::text("released\n")
}

pub fn release(call: &Call, key: &str) -> Reply {
    let released = call.state.counters.add_one(&format!("released:{key}"));
    reply::json(&json!({ "key": key, "released": released }))
}

pub fn events(call: &Call) -> Reply {
    let query = call.query();
    let count: Option<u64> = query.number("count");
    let interval = Duration::from_millis(query.number("interval_ms").unwrap_or(10));
    let events = stream::unfold(0, move |sent: u64| async move {
        if count == Some(sent) {
            return None;
        }
        if sent > 0 {
            tokio::time::sleep(interval).await;
        }
        let event = format!("id: {sent}\nevent: tick\ndata: {{\"n\":{sent}}}\n\n");
        Some((Ok(Frame::data(Bytes::from(event))), sent + 1))
    });
    let mut reply = Response::new(reply::streamed(events));
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    reply.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    reply
}
