//! One line of results.

use crate::abi::{Failure, Outcome, Response};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Serialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Whose result it is.
pub enum Whose<'a> {
    /// Of the line with that id, in JSON.
    Id(&'a str),
    /// Of the line with that number, which has no id that could be told from another's.
    Line(u64),
}

/// What of a response is written.
#[derive(Clone, Copy)]
pub struct Wanted {
    pub headers: bool,
    pub body: bool,
}

#[derive(Serialize)]
struct Written<'a> {
    id: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    status: Option<u16>,
    latency_ms: f64,
    retry_count: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    headers: Option<Vec<(Cow<'a, str>, Cow<'a, str>)>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Option<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body_base64: Option<String>,
    error: Option<Described<'a>>,
}

#[derive(Serialize)]
struct Described<'a> {
    name: &'a str,
    message: &'a str,
    request_sent: &'a str,
    retryable: &'a str,
}

/// The line, its line feed included.
pub fn line(whose: Whose, outcome: &Outcome, wanted: Wanted) -> Vec<u8> {
    let mut written = match outcome {
        Ok(response) => answered(response, wanted),
        Err(failure) => failed(failure, wanted),
    };
    let id;
    match whose {
        Whose::Line(number) => written.line = Some(number),
        Whose::Id(raw) => {
            // It was JSON when it was read.
            id = RawValue::from_string(raw.to_owned()).unwrap_or_default();
            written.id = Some(&id);
        }
    }
    let mut line = serde_json::to_vec(&written).expect("text and numbers");
    line.push(b'\n');
    line
}

fn answered(response: &Response, wanted: Wanted) -> Written<'_> {
    let metrics = response.metrics();
    let body = response.body();
    let text = str::from_utf8(body);
    let field = |(name, value)| (String::from_utf8_lossy(name), String::from_utf8_lossy(value));
    Written {
        id: None,
        line: None,
        status: Some(response.status()),
        latency_ms: milliseconds(metrics.total_ns),
        retry_count: metrics.attempts.saturating_sub(1),
        headers: wanted.headers.then(|| response.headers().into_iter().map(field).collect()),
        body: text.ok().filter(|_| wanted.body).map(Some),
        body_base64: (wanted.body && text.is_err()).then(|| BASE64_STANDARD.encode(body)),
        error: None,
    }
}

fn failed(failure: &Failure, wanted: Wanted) -> Written<'_> {
    Written {
        id: None,
        line: None,
        status: None,
        latency_ms: milliseconds(failure.elapsed_ns),
        retry_count: failure.attempts.saturating_sub(1),
        headers: None,
        body: wanted.body.then_some(None),
        body_base64: None,
        error: Some(Described {
            name: &failure.name,
            message: &failure.message,
            request_sent: failure.request_sent,
            retryable: failure.retryable,
        }),
    }
}

/// To the microsecond.
pub fn milliseconds(ns: u64) -> f64 {
    (ns as f64 / 1_000.0).round() / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Wanted = Wanted { headers: true, body: true };

    #[test]
    fn an_error() {
        let failure = Failure { attempts: 3, elapsed_ns: 1_234_567, ..Failure::of_manifest("\"no\"\n".into()) };
        let said = concat!(
            r#"{"id":"\u0061","status":null,"latency_ms":1.235,"retry_count":2,"body":null,"#,
            r#""error":{"name":"HS_ERR_INVALID_ARGUMENT","message":"\"no\"\n","request_sent":"no","retryable":"no"}}"#,
            "\n"
        );
        assert_eq!(String::from_utf8(line(Whose::Id(r#""\u0061""#), &Err(failure), ALL)).unwrap(), said);
    }

    #[test]
    fn a_line_without_an_id() {
        let said = line(Whose::Line(7), &Err(Failure::of_manifest("x".into())), Wanted { headers: true, body: false });
        assert!(said.starts_with(br#"{"id":null,"line":7,"status":null,"latency_ms":0.0,"retry_count":0,"error":{"#));
    }
}
