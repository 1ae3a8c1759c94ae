//! Endpoints that say what they were sent, or what they were asked to say.

use std::io;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body as _, Incoming};
use hyper::header::CONTENT_TYPE;
use hyper::{HeaderMap, Response, StatusCode, Version};
use ring::digest;
use serde_json::{Value, json};

use super::{Abort, Call};
use crate::reply::{self, Reply, ReplyExt, with_header_texts};

/// Of a longer body only this much is quoted; length and digest are of all of it.
const QUOTED_BODY: usize = 16 << 20;

pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

fn pairs(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    headers.iter().map(|(name, value)| (name.to_string(), text(value.as_bytes()))).collect()
}

fn sent_headers(call: &Call) -> Vec<(String, String)> {
    match &call.head {
        Some(head) => head.headers(),
        None => pairs(&call.parts.headers),
    }
}

/// The body of a request, read to its end.
#[derive(Default)]
pub struct Received {
    pub quoted: Vec<u8>,
    pub length: u64,
    pub sha256: String,
    pub trailers: Option<HeaderMap>,
}

pub async fn receive(mut body: Incoming, quote: usize, hash: bool) -> Result<Received, hyper::Error> {
    let (mut received, mut hasher) = (Received::default(), digest::Context::new(&digest::SHA256));
    while let Some(frame) = body.frame().await {
        match frame?.into_data() {
            Ok(data) => {
                let room = quote - received.quoted.len();
                received.quoted.extend_from_slice(&data[..data.len().min(room)]);
                received.length += data.len() as u64;
                if hash {
                    hasher.update(&data);
                }
            }
            Err(frame) => received.trailers = frame.into_trailers().ok(),
        }
    }
    received.sha256 = hex(hasher.finish().as_ref());
    Ok(received)
}

pub async fn description(mut call: Call) -> Result<Value, hyper::Error> {
    let headers = match call.head.take() {
        Some(head) => head.headers(),
        None => pairs(&call.parts.headers),
    };
    let received = receive(call.body, QUOTED_BODY, true).await?;
    let uri = &call.parts.uri;
    Ok(json!({
        "method": call.parts.method.as_str(),
        "url": uri.path_and_query().map_or(uri.path(), |target| target.as_str()),
        "authority": uri.authority().map(|name| name.as_str()),
        "version": match call.parts.version {
            Version::HTTP_10 => "HTTP/1.0",
            Version::HTTP_2 => "HTTP/2",
            _ => "HTTP/1.1",
        },
        "headers": headers,
        "body": String::from_utf8_lossy(&received.quoted),
        "body_sha256": received.sha256,
        "body_length": received.length,
        "trailers": received.trailers.as_ref().map(pairs),
        "peer": call.connection.peer.to_string(),
        "port": call.connection.port,
        "connection": call.connection.id,
        "tls": call.connection.tls,
    }))
}

pub async fn describe(call: Call) -> Result<Reply, Abort> {
    Ok(reply::json(&description(call).await?))
}

/// Sends the body back as it comes, trailers too; with `?whole=1` not before it has come.
pub async fn echo(call: Call) -> Result<Reply, Abort> {
    let (whole, content_type) = (call.query().flag("whole"), call.parts.headers.get(CONTENT_TYPE).cloned());
    let mut reply = if whole {
        Response::new(reply::full(receive(call.body, QUOTED_BODY, false).await?.quoted))
    } else {
        let length = call.body.size_hint().exact();
        let reply = Response::new(call.body.map_err(io::Error::other).boxed_unsync());
        match length {
            Some(length) => reply.with_length(length),
            None => reply,
        }
    };
    reply.headers_mut().extend(content_type.map(|content_type| (CONTENT_TYPE, content_type)));
    Ok(reply)
}

pub fn headers(call: &Call) -> Reply {
    reply::json(&json!({ "headers": sent_headers(call) }))
}

fn parse_status(code: &str) -> Option<StatusCode> {
    code.parse().ok().filter(|code: &StatusCode| code.as_u16() >= 200)
}

fn with_status_of(call: &Call, code: &str) -> Reply {
    let Some(code) = parse_status(code) else { return reply::bad_request(format!("no final status: {code}")) };
    let query = call.query();
    let reply = match query.get("body") {
        Some(body) => reply::text(body.into_owned()).with_status(code),
        None => reply::status(code),
    };
    with_header_texts(reply, &query.all("header"))
}

pub fn status(call: &Call, code: &str) -> Reply {
    with_status_of(call, code)
}

pub fn response(call: &Call) -> Reply {
    let code = call.query().get("status").map_or_else(|| "200".to_owned(), Into::into);
    with_status_of(call, &code)
}

pub fn header_flood(call: &Call) -> Reply {
    let query = call.query();
    let count: usize = query.number("count").unwrap_or(100);
    let size: usize = query.number("size").unwrap_or(10);
    if count > 20_000 {
        return reply::bad_request("at most 20000 headers here; use a script for more");
    }
    let value = "x".repeat(size);
    let start = reply::text(Bytes::from_static(b"flooded\n"));
    (0..count).fold(start, |reply, nth| reply.with_header(&format!("x-flood-{nth}"), &value))
}
