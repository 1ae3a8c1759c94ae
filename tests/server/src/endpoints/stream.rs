//! Trailers and interim responses.

use std::fmt::Write;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use hyper::body::Frame;
use hyper::header::{HeaderName, HeaderValue};
use hyper::{HeaderMap, Response, StatusCode, Version};

use super::Call;
use crate::reply::{self, Reply, ReplyExt};

/// A body and then `?trailer=Name:Value` trailers.
pub fn trailers(call: &Call) -> Reply {
    let query = call.query();
    let body = query.get("body").unwrap_or("a body with trailers\n".into()).into_owned();
    let mut pairs: Vec<(String, String)> = Vec::new();
    for trailer in query.all("trailer") {
        if let Some((name, value)) = trailer.split_once(':') {
            pairs.push((name.trim().to_owned(), value.trim().to_owned()));
        }
    }
    if pairs.is_empty() {
        pairs = vec![("X-Checksum".into(), "abc123".into()), ("X-Lines".into(), "1".into())];
    }
    let names: Vec<&str> = pairs.iter().map(|(name, _)| name.as_str()).collect();
    let announced = names.join(", ");
    if call.parts.version != Version::HTTP_2 {
        // hyper sends trailers only to clients that sent `TE: trailers`, which few do.
        call.connection.tap.send_instead(chunked_with_trailers(&body, &announced, &pairs).as_bytes());
        return reply::status(StatusCode::OK);
    }
    let mut map = HeaderMap::new();
    for (name, value) in &pairs {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name.as_str()), HeaderValue::try_from(value.as_str())) {
            map.append(name, value);
        }
    }
    let frames = [Ok::<_, io::Error>(Frame::data(Bytes::from(body))), Ok(Frame::trailers(map))];
    Response::new(reply::streamed(stream::iter(frames))).with_header("trailer", &announced)
}

fn chunked_with_trailers(body: &str, announced: &str, trailers: &[(String, String)]) -> String {
    let mut text = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\nTrailer: {announced}\r\n\r\n"
    );
    if !body.is_empty() {
        let _ = write!(text, "{:x}\r\n{body}\r\n", body.len());
    }
    text.push_str("0\r\n");
    for (name, value) in trailers {
        let _ = write!(text, "{name}: {value}\r\n");
    }
    text + "\r\n"
}

/// `?count=N` interim responses (`?status=103`), `?delay_ms=M` after each, then 200. HTTP/1 only: hyper has no way to
/// send them in HTTP/2.
pub async fn early_hints(call: &Call) -> Reply {
    if call.parts.version == Version::HTTP_2 {
        return reply::refuse(StatusCode::NOT_IMPLEMENTED, "interim responses are for HTTP/1 here");
    }
    let query = call.query();
    let count: u32 = query.number("count").unwrap_or(1);
    let delay = query.number("delay_ms").map(Duration::from_millis);
    let code: u16 = query.number("status").unwrap_or(103);
    for nth in 0..count {
        let hint = format!("HTTP/1.1 {code} Interim\r\nLink: </style-{nth}.css>; rel=preload\r\n\r\n");
        call.connection.tap.send_first(hint.as_bytes());
        if let Some(delay) = delay {
            tokio::time::sleep(delay).await;
        }
    }
    reply::text("after the hints\n")
}
