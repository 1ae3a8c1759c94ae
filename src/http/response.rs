//! A response that owns its bytes.

use super::attempt::Attempt;
use super::headers::HeaderBlock;
use super::metrics::Metrics;
use crate::hop::redirect::Hop;
use crate::observe::traceparent::TraceId;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum HttpVersion {
    #[default]
    Unknown,
    Http10,
    Http11,
    Http2,
    Http3,
}

impl HttpVersion {
    pub fn name(self) -> &'static str {
        match self {
            HttpVersion::Unknown => "no known version of HTTP",
            HttpVersion::Http10 => "HTTP/1.0",
            HttpVersion::Http11 => "HTTP/1.1",
            HttpVersion::Http2 => "HTTP/2",
            HttpVersion::Http3 => "HTTP/3",
        }
    }
}

/// Everything up to the first byte of the body.
#[derive(Debug, Default)]
pub struct Head {
    pub status: u16,
    pub version: HttpVersion,
    pub headers: HeaderBlock,
    /// The interim responses before it, first to last.
    pub interim: Vec<Interim>,
}

/// A response with a status of 1xx, which announces another.
#[derive(Debug)]
pub struct Interim {
    pub status: u16,
    pub headers: HeaderBlock,
}

#[derive(Debug, Default)]
pub struct Response {
    pub head: Head,
    pub body: Vec<u8>,
    /// Where it came from, after redirects.
    pub url: String,
    pub metrics: Metrics,
    /// What became of each attempt, first to last.
    pub attempts: Vec<Attempt>,
    /// The redirects on the way to it, first to last.
    pub hops: Vec<Hop>,
    /// The fields after the body.
    pub trailers: HeaderBlock,
    /// Empty where none was asked for.
    pub trace: String,
    pub trace_id: Option<TraceId>,
}
