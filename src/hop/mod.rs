//! The hop loop: from the URL that was asked for to the response that is handed back. Each hop is one exchange, and
//! passes every rule again.

pub mod redirect;

use crate::call::{Call, Incoming, Running};
use crate::error::{Error, Retryable, Sent};
use crate::http::request::Request;
use crate::http::response::Head;
use redirect::Hop;
use std::rc::Rc;

/// Where the hops ended: the head is there, the body is to be had.
pub struct Landing {
    pub head: Head,
    pub url: String,
    pub hops: Vec<Hop>,
    pub incoming: Incoming,
}

pub async fn run(call: &Rc<Call>, asked: &Rc<Request>) -> Result<Landing, Error> {
    let mut request = asked.clone();
    let landing = follow(call, asked, &mut request).await;
    landing.map_err(|error| of_the_whole_chain(error, asked, &request))
}

/// What an error of a later hop means for the request that was asked for. A POST that was answered with "see other" has
/// been carried out, also where the page that it pointed to cannot be had.
pub fn of_the_whole_chain(mut error: Error, asked: &Request, last: &Request) -> Error {
    if asked.method != last.method {
        let details = error.details_mut();
        details.sent = Sent::Yes;
        if details.retryable == Retryable::Safe && !asked.is_replay_safe() {
            details.retryable = Retryable::Unknown;
        }
    }
    error
}

async fn follow(call: &Rc<Call>, asked: &Rc<Request>, request: &mut Rc<Request>) -> Result<Landing, Error> {
    let mut hops = Vec::new();
    loop {
        let started = call.now();
        let running = Running::start(call, &dressed(call, request))?;
        let head = running.head().await?;
        if let Some(jar) = call.cookies() {
            jar.take(&request.url, &head.headers);
        }
        let policy = &call.limits().redirects;
        let next = redirect::next(policy, hops.len() as u32, request, head.status, &head.headers);
        let Some(next) = running.received(next)? else {
            let url = request.url.as_str().to_owned();
            let incoming = Incoming::new(running, asked, &head)?;
            return Ok(Landing { head, url, hops, incoming });
        };
        running.discard(&head).await?;
        let elapsed_ns = call.now().since(started).as_nanos() as u64;
        hops.push(Hop { status: head.status, url: request.url.as_str().to_owned(), elapsed_ns });
        *request = Rc::new(next);
    }
}

/// The request as this hop sends it, with the cookies for its URL.
fn dressed(call: &Call, request: &Rc<Request>) -> Rc<Request> {
    let Some(jar) = call.cookies() else { return request.clone() };
    let mut dressed = Request::clone(request);
    jar.dress(&mut dressed);
    Rc::new(dressed)
}
