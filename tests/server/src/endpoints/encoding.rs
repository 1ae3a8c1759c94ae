//! Bodies in content codings, alone and stacked.

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use serde_json::json;

use super::{Abort, Call, data, echo};
use crate::reply::{self, Reply, ReplyExt};

/// Encodes with one coding; `None` for a coding that is not known here.
pub fn encode(coding: &str, body: &[u8]) -> Option<io::Result<Vec<u8>>> {
    let level = Compression::new(6);
    Some(match coding {
        "identity" => Ok(body.to_vec()),
        "gzip" | "x-gzip" => {
            let mut encoder = GzEncoder::new(Vec::new(), level);
            encoder.write_all(body).and_then(|()| encoder.finish())
        }
        "deflate" => {
            let mut encoder = ZlibEncoder::new(Vec::new(), level);
            encoder.write_all(body).and_then(|()| encoder.finish())
        }
        // Wrong by RFC 9110, and sent by enough servers that clients must read it.
        "deflate-raw" => {
            let mut encoder = DeflateEncoder::new(Vec::new(), level);
            encoder.write_all(body).and_then(|()| encoder.finish())
        }
        "br" => {
            let mut encoder = brotli::CompressorWriter::new(Vec::new(), 4096, 5, 22);
            encoder.write_all(body).map(|()| encoder.into_inner())
        }
        "zstd" => zstd::encode_all(body, 3),
        _ => return None,
    })
}

/// The name that goes into `Content-Encoding`.
pub fn wire_name(coding: &str) -> &str {
    if coding == "deflate-raw" { "deflate" } else { coding }
}

pub async fn encoded(call: Call, coding: &str) -> Result<Reply, Abort> {
    answer(call, &[coding]).await
}

pub async fn stacked(call: Call) -> Result<Reply, Abort> {
    let codings = call.query().get("codings").unwrap_or("gzip,br".into()).into_owned();
    let codings: Vec<&str> = codings.split(',').map(str::trim).collect();
    answer(call, &codings).await
}

/// The description of the request, or `?bytes=N` pattern bytes, encoded by each coding in turn.
async fn answer(call: Call, codings: &[&str]) -> Result<Reply, Abort> {
    let length: Option<u64> = call.query().number("bytes");
    let (content_type, mut body) = match length {
        Some(length) if length > 64 << 20 => return Ok(reply::bad_request("at most 64 MiB; see /bomb")),
        Some(length) => ("application/octet-stream", data::bytes_at(0, 0, length).to_vec()),
        None => {
            let mut description = echo::description(call).await?;
            description["codings"] = json!(codings);
            ("application/json", description.to_string().into_bytes())
        }
    };
    for coding in codings {
        match encode(coding, &body) {
            Some(encoded) => body = encoded?,
            None => return Ok(reply::bad_request(format!("unknown coding {coding}"))),
        }
    }
    let names: Vec<&str> = codings.iter().map(|coding| wire_name(coding)).collect();
    Ok(reply::bytes(content_type, body).with_header("content-encoding", &names.join(", ")))
}
