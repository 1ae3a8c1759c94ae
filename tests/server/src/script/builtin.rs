//! Scripts that need no installing.

use super::steps::{How, Meet, Read, Step};
use crate::query::Query;

/// The whole answers that `/truncate` cuts: a head of 49 bytes and a body of 26, or a head of 57 and two chunks.
const WITH_LENGTH: &[u8] = b"HTTP/1.1 200 OK\r\nX-Cut: 1\r\nContent-Length: 26\r\n\r\nabcdefghijklmnopqrstuvwxyz";
const WITH_CHUNKS: &[u8] = b"HTTP/1.1 200 OK\r\nX-Cut: 1\r\nTransfer-Encoding: chunked\r\n\r\n\
    a\r\nabcdefghij\r\n10\r\nklmnopqrstuvwxyz\r\n0\r\n\r\n";
const GARBAGE: &[u8] = b"\x16\x00\xff\xfe not HTTP at all \x00\x01\x02\r\n\r\n";

fn ok(body: &str) -> Step {
    Step::Send(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nContent-Type: text/plain\r\n\r\n{body}", body.len()))
}

/// The steps for the `nth` request (from 0) on a connection.
pub fn steps(name: &str, query: &Query<'_>, nth: usize) -> Option<Vec<Step>> {
    let plain = || How::Plain(true);
    let key = query.get("key").map(|key| Step::Count(key.into_owned()));
    let end = if query.get("how").is_some_and(|how| how == "reset") { Step::Reset(true) } else { Step::Close(plain()) };
    let mut steps = vec![Step::Read(Read::Request)];
    match name {
        "keepalive-then-close" if nth == 0 => {
            if let (Some(parties), Some(key)) = (query.number("together"), query.get("key")) {
                steps.push(Step::Meet(Meet { key: key.into_owned(), parties }));
            }
            steps.push(ok("ok"));
            return Some(steps);
        }
        "reset" if query.get("phase").is_some_and(|phase| phase == "head") => steps = vec![Step::Read(Read::Head)],
        _ => {}
    }
    steps.extend(key);
    match name {
        "ok" => steps.push(ok("ok")),
        "close-after-request" | "keepalive-then-close" => steps.push(end),
        "reset" => {
            if query.get("phase").is_some_and(|phase| phase == "body") {
                steps.push(Step::SendBytes(WITH_LENGTH[..WITH_LENGTH.len() - 13].to_vec()));
            }
            steps.push(Step::Reset(true));
        }
        "truncate" => {
            let whole =
                if query.get("framing").is_some_and(|name| name == "chunked") { WITH_CHUNKS } else { WITH_LENGTH };
            let at = query.number("at").unwrap_or(whole.len() - 13);
            steps.push(Step::SendBytes(whole[..whole.len().min(at)].to_vec()));
            steps.push(end);
        }
        "stall" => steps.push(Step::Stall(plain())),
        "garbage" => {
            steps.push(Step::SendBytes(GARBAGE.to_vec()));
            steps.push(end);
        }
        _ => return None,
    }
    Some(steps)
}

pub fn unknown(name: &str) -> Vec<Step> {
    let body = format!("no script {name}\n");
    let head = format!("HTTP/1.1 404 Not Found\r\nContent-Length: {}\r\n\r\n", body.len());
    vec![Step::Read(Read::Request), Step::Send(head + &body)]
}
