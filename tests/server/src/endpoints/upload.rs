//! Uploads of any size, read and thrown away.

use std::time::Duration;

use http_body_util::BodyExt;
use serde_json::json;

use super::{Abort, Call, echo};
use crate::reply::{self, Reply};

/// `?sha256=0` leaves the digest out; `?delay_ms=N` waits before each read, for a slow receiver; `?stop_after=N` answers
/// once that much has been read, leaving the rest.
pub async fn upload(call: Call) -> Result<Reply, Abort> {
    let query = call.query();
    let digest = query.get("sha256").is_none_or(|value| value != "0");
    let stop_after: Option<u64> = query.number("stop_after");
    let delay = query.number("delay_ms").map(Duration::from_millis);
    if stop_after.is_none() && delay.is_none() {
        let received = echo::receive(call.body, 0, digest).await?;
        let sha256 = digest.then_some(received.sha256);
        return Ok(reply::json(&json!({ "length": received.length, "sha256": sha256 })));
    }
    let (mut body, mut length) = (call.body, 0);
    while stop_after.is_none_or(|limit| length < limit) {
        if let Some(delay) = delay {
            tokio::time::sleep(delay).await;
        }
        match body.frame().await {
            Some(frame) => length += frame?.data_ref().map_or(0, |data| data.len() as u64),
            None => break,
        }
    }
    Ok(reply::json(&json!({ "length": length, "sha256": null })))
}
