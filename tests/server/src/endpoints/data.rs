//! Bytes in any amount. Byte `i` of the stream with a seed is byte `i % 8`, little end first, of
//! `splitmix64(seed + i / 8)`, so that a client can check any range without having seen the rest.

use std::io;
use std::sync::LazyLock;

use bytes::{BufMut, Bytes, BytesMut};
use futures_util::stream;
use hyper::body::Frame;
use hyper::{Method, Response, StatusCode};

use super::Call;
use crate::reply::{self, Body, Reply, ReplyExt};

const PIECE: u64 = 64 << 10;

fn splitmix64(seed: u64) -> u64 {
    let mut mixed = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// Bytes `start..end` of the stream.
pub fn bytes_at(seed: u64, start: u64, end: u64) -> Bytes {
    let skip = (start % 8) as usize;
    let wanted = (end - start) as usize;
    let mut bytes = BytesMut::with_capacity(skip + wanted + 8);
    let mut word = start / 8;
    while bytes.len() < skip + wanted {
        bytes.put_u64_le(splitmix64(seed.wrapping_add(word)));
        word += 1;
    }
    bytes.freeze().slice(skip..skip + wanted)
}

/// `start..end` in pieces made as they are needed; cut off with an error at `cut`.
pub fn pieces(call: &Call, seed: u64, start: u64, end: u64, cut: u64) -> Body {
    let connection = call.connection.clone();
    reply::streamed(stream::unfold((start, connection), move |(at, connection)| async move {
        if at == end {
            return None;
        }
        if at >= cut {
            // An error makes hyper forget what it has not written yet.
            connection.tap.until_flushed().await;
            return Some((Err(io::Error::other("cut off as asked")), (end, connection)));
        }
        let next = end.min(cut).min(at + PIECE);
        Some((Ok(Frame::data(bytes_at(seed, at, next))), (next, connection)))
    }))
}

fn binary(body: Body) -> Reply {
    Response::new(body).with_header("content-type", "application/octet-stream")
}

fn no_length(text: &str) -> Reply {
    reply::bad_request(format!("not a length: {text}"))
}

pub fn random(call: &Call, length: &str) -> Reply {
    let Ok(length) = length.parse::<u64>() else { return no_length(length) };
    let query = call.query();
    let seed = query.number("seed").unwrap_or(0);
    let cut = query.number("fail_after").unwrap_or(u64::MAX);
    if length <= PIECE && cut >= length && !query.flag("chunked") {
        return binary(reply::full(bytes_at(seed, 0, length)));
    }
    let reply = binary(pieces(call, seed, 0, length, cut));
    if query.flag("chunked") { reply } else { reply.with_length(length) }
}

/// Zeros, or with `?pattern=1` one repeated piece of the stream with seed 0: as fast as the machine can send.
pub fn big(call: &Call, length: &str) -> Reply {
    static ZEROS: Bytes = Bytes::from_static(&[0; PIECE as usize]);
    static PATTERN: LazyLock<Bytes> = LazyLock::new(|| bytes_at(0, 0, PIECE));
    let Ok(length) = length.parse::<u64>() else { return no_length(length) };
    let query = call.query();
    let piece = if query.flag("pattern") { PATTERN.clone() } else { ZEROS.clone() };
    let body = reply::streamed(stream::unfold((piece, length), |(piece, left)| async move {
        let size = left.min(PIECE);
        (size > 0).then(|| (Ok(Frame::data(piece.slice(..size as usize))), (piece, left - size)))
    }));
    let reply = binary(body);
    if query.flag("chunked") { reply } else { reply.with_length(length) }
}

enum Wanted {
    All,
    Part(u64, u64),
    Unsatisfiable,
}

/// One range; several, or anything malformed, count as none.
fn parse_range(header: &str, length: u64) -> Wanted {
    let Some((first, last)) = header.strip_prefix("bytes=").and_then(|spec| spec.split_once('-')) else {
        return Wanted::All;
    };
    let end = match (first.trim().parse::<u64>(), last.trim().parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last => last.saturating_add(1).min(length),
        (Ok(_), Err(_)) if last.trim().is_empty() => length,
        (Err(_), Ok(0)) if first.trim().is_empty() => return Wanted::Unsatisfiable,
        (Err(_), Ok(suffix)) if first.trim().is_empty() => return Wanted::Part(length.saturating_sub(suffix), length),
        _ => return Wanted::All,
    };
    match first.trim().parse() {
        Ok(first) if first < length => Wanted::Part(first, end),
        _ => Wanted::Unsatisfiable,
    }
}

/// A resource with ranges and a strong ETag. `?etag=` stands for a new version, `?fail_after=N` cuts each answer after
/// N bytes of body, `?no_ranges=1` ignores Range.
pub fn range(call: &Call, length: &str) -> Reply {
    let Ok(length) = length.parse::<u64>() else { return no_length(length) };
    let query = call.query();
    let version = query.get("etag").unwrap_or("v1".into());
    let etag = format!("\"{length}-{version}\"");
    let last_modified = "Wed, 01 Jan 2025 00:00:00 GMT";
    let valid = call.header("if-range").is_none_or(|value| value == etag || value == last_modified);
    let wanted = match call.header("range") {
        Some(header) if valid && call.parts.method == Method::GET && !query.flag("no_ranges") => {
            parse_range(header, length)
        }
        _ => Wanted::All,
    };
    if call.header("if-none-match").is_some_and(|value| value == etag || value == "*") {
        return reply::status(StatusCode::NOT_MODIFIED).with_header("etag", &etag);
    }
    let (start, end, code) = match wanted {
        Wanted::All => (0, length, StatusCode::OK),
        Wanted::Part(start, end) => (start, end, StatusCode::PARTIAL_CONTENT),
        Wanted::Unsatisfiable => {
            return reply::status(StatusCode::RANGE_NOT_SATISFIABLE)
                .with_header("content-range", &format!("bytes */{length}"));
        }
    };
    let seed = query.number("seed").unwrap_or(0);
    let cut = query.number("fail_after").map_or(u64::MAX, |count: u64| start.saturating_add(count));
    let mut reply = binary(pieces(call, seed, start, end, cut)).with_status(code).with_length(end - start);
    if code == StatusCode::PARTIAL_CONTENT {
        reply = reply.with_header("content-range", &format!("bytes {start}-{}/{length}", end - 1));
    }
    if !query.flag("no_ranges") {
        reply = reply.with_header("accept-ranges", "bytes");
    }
    reply.with_header("etag", &etag).with_header("last-modified", last_modified)
}
