//! The hop loop: from the URL that was asked for to the response that is handed back. Each hop is one exchange, and
//! passes every rule again; cookies and the address rule go here.

pub mod redirect;

use crate::body::{Pipeline, Sink};
use crate::call::{Call, Running};
use crate::error::Error;
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
    pub exchange: ExchangeMetrics,
}

pub async fn run(call: &Call, request: &Rc<Request>, sink: Sink<'_>) -> Result<Landing, Error> {
    let mut pipeline = Pipeline::new(sink, call.limits().max_body_bytes);
    let mut request = request.clone();
    let mut hops = Vec::new();
    loop {
        let started = call.now();
        let running = Running::start(call, &request)?;
        let head = running.head().await?;
        let policy = &call.limits().redirects;
        let next = redirect::next(policy, hops.len() as u32, &request, head.status, &head.headers);
        let Some(next) = running.received(next)? else {
            running.body(&head, &mut pipeline).await?;
            let (url, exchange) = (request.url.as_str().to_owned(), running.metrics());
            return Ok(Landing { head, body: pipeline.finish(), url, hops, exchange });
        };
        running.discard(&head).await?;
        let elapsed_ns = call.now().since(started).as_nanos() as u64;
        hops.push(Hop { status: head.status, url: request.url.as_str().to_owned(), elapsed_ns });
        request = Rc::new(next);
    }
}
