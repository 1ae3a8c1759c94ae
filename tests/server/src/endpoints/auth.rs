//! Basic and bearer authentication.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hyper::StatusCode;
use serde_json::json;

use super::Call;
use crate::reply::{self, Reply, ReplyExt};

/// The credentials of an `Authorization` header of that scheme.
pub fn credentials<'a>(call: &'a Call, scheme: &str) -> Option<&'a str> {
    let (sent, rest) = call.header("authorization")?.split_once(' ')?;
    sent.eq_ignore_ascii_case(scheme).then(|| rest.trim())
}

pub fn challenge(text: &str) -> Reply {
    reply::text("who are you?\n").with_status(StatusCode::UNAUTHORIZED).with_header("www-authenticate", text)
}

pub fn basic(call: &Call, user: &str, password: &str) -> Reply {
    let sent = credentials(call, "basic").and_then(|text| BASE64_STANDARD.decode(text).ok());
    if sent.is_some_and(|sent| sent == format!("{user}:{password}").as_bytes()) {
        reply::json(&json!({ "authenticated": true, "user": user }))
    } else {
        challenge("Basic realm=\"http-sentinel\", charset=\"UTF-8\"")
    }
}

pub fn bearer(call: &Call, token: &str) -> Reply {
    if credentials(call, "bearer").is_some_and(|sent| sent == token) {
        reply::json(&json!({ "authenticated": true, "token": token }))
    } else {
        challenge("Bearer realm=\"http-sentinel\"")
    }
}
