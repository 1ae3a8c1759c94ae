//! What the HTTP ports answer.

mod auth;
mod bomb;
mod cookies;
mod counting;
mod data;
pub mod digest;
mod echo;
mod encoding;
mod faults;
pub mod limited;
mod redirect;
mod stream;
mod timing;
mod upload;

pub use echo::receive;

use std::sync::Arc;

use hyper::body::Incoming;
use hyper::http::request::Parts;
use hyper::{Method, Request, StatusCode};

use crate::broker;
use crate::framing::Head;
use crate::query::{Query, segments};
use crate::reply::{self, Reply};
use crate::script;
use crate::serve::Connection;
use crate::state::State;

/// Ends a connection (HTTP/1) or a stream (HTTP/2) without an answer.
#[derive(Debug)]
pub enum Abort {
    /// hyper looks for this in the chain of sources, and resets the stream with its code.
    Asked(h2::Error),
    BodyFailed(hyper::Error),
    Failed(std::io::Error),
}

impl std::fmt::Display for Abort {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("no answer")
    }
}

impl std::error::Error for Abort {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Abort::Asked(error) => Some(error),
            Abort::BodyFailed(error) => Some(error),
            Abort::Failed(error) => Some(error),
        }
    }
}

impl From<hyper::Error> for Abort {
    fn from(error: hyper::Error) -> Self {
        Abort::BodyFailed(error)
    }
}

impl From<std::io::Error> for Abort {
    fn from(error: std::io::Error) -> Self {
        Abort::Failed(error)
    }
}

/// A request on its way through an endpoint.
pub struct Call {
    pub state: Arc<State>,
    pub connection: Arc<Connection>,
    /// The head as it was on the wire; `None` on HTTP/2.
    pub head: Option<Head>,
    pub parts: Parts,
    pub body: Incoming,
}

impl Call {
    pub fn query(&self) -> Query<'_> {
        Query::new(self.parts.uri.query())
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.parts.headers.get(name)?.to_str().ok()
    }
}

pub async fn handle(
    state: Arc<State>,
    connection: Arc<Connection>,
    request: Request<Incoming>,
) -> Result<Reply, Abort> {
    let head = connection.tap.next_head();
    let (parts, body) = request.into_parts();
    let call = Call { state, connection, head, parts, body };
    if let Some(key) = call.query().get("count_key") {
        call.state.counters.add_one(&key);
    }
    if broker::services(call.connection.port).is_some() {
        return broker::handle(call).await;
    }
    route(call).await
}

async fn route(call: Call) -> Result<Reply, Abort> {
    let path = call.parts.uri.path().to_owned();
    let parts = segments(&path);
    let parts: Vec<&str> = parts.iter().map(AsRef::as_ref).collect();
    Ok(match parts.as_slice() {
        ["get" | "post" | "put" | "patch" | "delete" | "head"] | ["anything", ..] => echo::describe(call).await?,
        ["echo"] => echo::echo(call).await?,
        ["gzip" | "deflate" | "deflate-raw" | "br" | "zstd" | "identity"] => encoding::encoded(call, parts[0]).await?,
        ["stacked"] => encoding::stacked(call).await?,
        ["digest-auth", user, password] => digest::digest_auth(call, user, password).await?,
        ["upload"] => upload::upload(call).await?,
        ["count", key] => counting::count(call, key).await,
        ["flaky", key] => counting::flaky(call, key).await,
        ["abort"] => return Err(faults::abort(call).await),
        ["script", name] => script::administer(call, name).await?,
        _ => {
            let reply = by_head(&call, &path, &parts).await;
            // An answer to half a request closes its connection, or not, as chance will have it.
            drain(call.body).await;
            reply
        }
    })
}

/// What does not depend on the request's body.
async fn by_head(call: &Call, path: &str, parts: &[&str]) -> Reply {
    match parts {
        [""] => reply::text("http-sentinel test server\n"),
        ["headers"] => echo::headers(call),
        ["status", code] => echo::status(call, code),
        ["response"] => echo::response(call),
        ["header-flood"] => echo::header_flood(call),
        ["delay", millis] => timing::delay(millis).await,
        ["drip"] => timing::drip(call).await,
        ["stall", "head"] => timing::stall_head(call).await,
        ["stall", "body"] => timing::stall_body(call),
        ["hold", key] => timing::hold(call, key).await,
        ["release", key] => timing::release(call, key),
        ["sse"] => timing::events(call),
        ["redirect", "loop"] => redirect::forever(call),
        ["redirect", count] => redirect::chain(call, "/redirect/", count),
        ["redirect-to"] => redirect::to(call),
        ["relative-redirect", count] => redirect::chain(call, "", count),
        ["absolute-redirect", count] => redirect::absolute(call, count),
        ["bomb", codings] => bomb::bomb(call, codings),
        ["bytes", length] => data::random(call, length),
        ["big", length] => data::big(call, length),
        ["range", length] => data::range(call, length),
        ["cookies"] => cookies::show(call),
        ["cookies", "set"] => cookies::set(call),
        ["cookies", "delete"] => cookies::delete(call),
        ["basic-auth", user, password] => auth::basic(call, user, password),
        ["bearer", token] => auth::bearer(call, token),
        ["trailers"] => stream::trailers(call),
        ["early-hints"] => stream::early_hints(call).await,
        ["counters"] => counting::all(call),
        ["counters", key] if call.parts.method == Method::DELETE => counting::reset(call, key),
        ["counters", key] => counting::read(call, key),
        ["wait", key] => counting::wait(call, key).await,
        ["limited", key] => limited::limited(call, key),
        ["proxied", port] => counting::proxied(call, port),
        ["connections"] => counting::connections(call),
        ["close"] => faults::close(call),
        ["goaway"] => faults::wind_down(call),
        ["short"] => faults::short(call),
        _ => reply::refuse(StatusCode::NOT_FOUND, format!("no endpoint {path}")),
    }
}

/// Reads what is left of a body, so that the next request on the connection starts at its own head.
async fn drain(body: Incoming) {
    use http_body_util::BodyExt;
    let mut body = body;
    while let Some(Ok(_)) = body.frame().await {}
}
