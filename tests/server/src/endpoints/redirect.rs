//! Redirects of every sort.

use hyper::StatusCode;
use hyper::header::HOST;

use super::Call;
use crate::reply::{self, Reply, ReplyExt, with_header_texts};

fn status(call: &Call) -> StatusCode {
    call.query().number("status").unwrap_or(StatusCode::FOUND)
}

fn redirect(call: &Call, location: &str) -> Reply {
    reply::text(format!("see {location}\n")).with_status(status(call)).with_header("location", location)
}

/// The query to repeat in the next location, so that `?status=` holds for the whole chain.
fn query_suffix(call: &Call) -> String {
    call.parts.uri.query().map_or_else(String::new, |query| format!("?{query}"))
}

/// `count` redirects, then `/get`. An empty prefix gives relative references.
pub fn chain(call: &Call, prefix: &str, count: &str) -> Reply {
    let suffix = query_suffix(call);
    match (count.parse::<u32>(), prefix) {
        (Ok(0 | 1), "") => redirect(call, &format!("../get{suffix}")),
        (Ok(0 | 1), _) => redirect(call, &format!("/get{suffix}")),
        (Ok(count), _) => redirect(call, &format!("{prefix}{}{suffix}", count - 1)),
        (Err(_), _) => reply::bad_request("the number of redirects is missing"),
    }
}

pub fn absolute(call: &Call, count: &str) -> Reply {
    let authority = call.parts.uri.authority().map(|name| name.as_str());
    let Some(authority) = authority.or_else(|| call.header(HOST.as_str())) else {
        return reply::bad_request("no host");
    };
    let scheme = if call.connection.tls.is_some() { "https" } else { "http" };
    chain(call, &format!("{scheme}://{authority}/absolute-redirect/"), count)
}

pub fn forever(call: &Call) -> Reply {
    redirect(call, "/redirect/loop")
}

pub fn to(call: &Call) -> Reply {
    let query = call.query();
    let Some(url) = query.get("url") else { return reply::bad_request("no url") };
    with_header_texts(redirect(call, &url), &query.all("header"))
}
