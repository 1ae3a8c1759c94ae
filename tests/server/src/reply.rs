//! Building responses.

use std::convert::Infallible;
use std::io;

use bytes::Bytes;
use futures_util::Stream;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use serde::Serialize;

/// A body that ends in an error cuts the connection (HTTP/1) or resets the stream (HTTP/2).
pub type Body = UnsyncBoxBody<Bytes, io::Error>;
pub type Reply = Response<Body>;

pub fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never: Infallible| match never {}).boxed_unsync()
}

pub fn streamed(frames: impl Stream<Item = io::Result<Frame<Bytes>>> + Send + 'static) -> Body {
    StreamBody::new(frames).boxed_unsync()
}

pub fn bytes(content_type: &'static str, body: impl Into<Bytes>) -> Reply {
    let mut reply = Response::new(full(body));
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    reply
}

pub fn text(body: impl Into<Bytes>) -> Reply {
    bytes("text/plain; charset=utf-8", body)
}

pub fn json(body: &impl Serialize) -> Reply {
    bytes("application/json", serde_json::to_vec(body).unwrap_or_default())
}

pub fn status(code: StatusCode) -> Reply {
    let mut reply = Response::new(full(Bytes::new()));
    *reply.status_mut() = code;
    reply
}

/// The answer to a request that this server cannot make sense of.
pub fn refuse(code: StatusCode, why: impl Into<String>) -> Reply {
    let mut reply = text(why.into() + "\n");
    *reply.status_mut() = code;
    reply
}

pub fn bad_request(why: impl Into<String>) -> Reply {
    refuse(StatusCode::BAD_REQUEST, why)
}

pub trait ReplyExt: Sized {
    fn with_status(self, code: StatusCode) -> Self;
    /// Adds a header, keeping those of the same name. Text that no header may hold is dropped.
    fn with_header(self, name: &str, value: &str) -> Self;
    fn with_length(self, length: u64) -> Self;
}

impl ReplyExt for Reply {
    fn with_status(mut self, code: StatusCode) -> Self {
        *self.status_mut() = code;
        self
    }

    fn with_header(mut self, name: &str, value: &str) -> Self {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            self.headers_mut().append(name, value);
        }
        self
    }

    fn with_length(mut self, length: u64) -> Self {
        self.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
        self
    }
}

/// Adds headers given as `Name:Value` texts.
pub fn with_header_texts<T: AsRef<str>>(mut reply: Reply, headers: &[T]) -> Reply {
    for header in headers {
        if let Some((name, value)) = header.as_ref().split_once(':') {
            let name = name.trim();
            if name.eq_ignore_ascii_case("content-type") {
                reply.headers_mut().remove(CONTENT_TYPE);
            }
            reply = reply.with_header(name, value.trim());
        }
    }
    reply
}
