//! Connections and streams that end early, each in its own way.

use hyper::{Response, Version};

use super::{Abort, Call, data};
use crate::reply::{self, Reply, ReplyExt};

/// Answers and closes the connection.
pub fn close(call: &Call) -> Reply {
    if call.parts.version == Version::HTTP_2 {
        return wind_down(call);
    }
    reply::text("closing\n").with_header("connection", "close")
}

/// Answers, lets running requests finish and takes no more: a GOAWAY in HTTP/2.
pub fn wind_down(call: &Call) -> Reply {
    call.connection.wind_down.notify_one();
    reply::text("going away\n")
}

/// No answer at all: the connection is closed, or in HTTP/2 the stream reset with `?code=` (7 is REFUSED_STREAM).
/// Not before the whole request is there: how far a client came with it would be chance.
pub async fn abort(call: Call) -> Abort {
    let query = call.query();
    if let Some(key) = query.get("key") {
        call.state.counters.add_one(&key);
    }
    let code: u32 = query.number("code").unwrap_or(2);
    super::drain(call.body).await;
    Abort::Asked(h2::Error::from(h2::Reason::from(code)))
}

/// A length that is longer than the body by `?missing=N`.
pub fn short(call: &Call) -> Reply {
    let query = call.query();
    let sent: u64 = query.number("bytes").unwrap_or(10);
    let missing: u64 = query.number("missing").unwrap_or(10);
    Response::new(data::pieces(call, 0, 0, sent + missing.max(1), sent)).with_length(sent + missing.max(1))
}
