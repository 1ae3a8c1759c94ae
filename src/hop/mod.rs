//! The hop loop: from the URL that was asked for to the response that is handed back. Each hop is one exchange, and
//! passes every rule again; cookies and the address rule go here.

pub mod redirect;

use crate::body::{Pipeline, Sink};
use crate::call::{Call, Running};
use crate::error::{Error, Retryable, Sent};
use crate::http::metrics::ExchangeMetrics;
use crate::http::request::Request;
use crate::http::response::Head;
use redirect::Hop;
use std::rc::Rc;

/// Where the hops ended.
pub struct Landing {
    pub head: Head,
    pub body: Vec<u8>,
    pub url: String,
    pub hops: Vec<Hop>,
    /// How many codings were taken off the body.
    pub decoded: u32,
    pub exchange: ExchangeMetrics,
}

pub async fn run(call: &Call, asked: &Rc<Request>, sink: Sink<'_>) -> Result<Landing, Error> {
    let mut request = asked.clone();
    let landing = follow(call, &mut request, sink).await;
    landing.map_err(|error| of_the_whole_chain(error, asked, &request))
}

/// What an error of a later hop means for the request that was asked for. A POST that was answered with "see other" has
/// been carried out, also where the page that it pointed to cannot be had.
fn of_the_whole_chain(mut error: Error, asked: &Request, last: &Request) -> Error {
    if asked.method != last.method {
        let details = error.details_mut();
        details.sent = Sent::Yes;
        if details.retryable == Retryable::Safe && !asked.is_replay_safe() {
            details.retryable = Retryable::Unknown;
        }
    }
    error
}

async fn follow(call: &Call, request: &mut Rc<Request>, sink: Sink<'_>) -> Result<Landing, Error> {
    let mut pipeline = Pipeline::new(sink, call.limits().max_body_bytes)?;
    let mut hops = Vec::new();
    loop {
        let started = call.now();
        let running = Running::start(call, request)?;
        let head = running.head().await?;
        let policy = &call.limits().redirects;
        let next = redirect::next(policy, hops.len() as u32, request, head.status, &head.headers);
        let Some(next) = running.received(next)? else {
            let decoded = running.body(&head, &mut pipeline).await?;
            let body = running.received(pipeline.finish())?;
            let (url, exchange) = (request.url.as_str().to_owned(), running.metrics());
            return Ok(Landing { head, body, url, hops, decoded, exchange });
        };
        running.discard(&head).await?;
        let elapsed_ns = call.now().since(started).as_nanos() as u64;
        hops.push(Hop { status: head.status, url: request.url.as_str().to_owned(), elapsed_ns });
        *request = Rc::new(next);
    }
}
