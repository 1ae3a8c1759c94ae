//! The hop loop: from the URL that was asked for to the response that is handed back. Each hop is one exchange, and
//! passes every rule again.

pub mod auth;
pub mod redirect;

use crate::call::{Admission, Admit, Call, Incoming, Running, Track};
use crate::error::{Error, Retryable, Sent};
use crate::http::credentials::Auth;
use crate::http::request::Request;
use crate::http::response::Head;
use auth::Dialogue;
use redirect::Hop;
use std::rc::Rc;
use std::time::Duration;

const MISDIRECTED: u16 = 421;
const DRAINING: Duration = Duration::from_millis(250);

/// Where the hops ended: the head is there, the body is to be had.
pub struct Landing {
    pub head: Head,
    pub url: String,
    pub hops: Vec<Hop>,
    pub incoming: Incoming,
}

/// `admit` is of the first exchange.
pub async fn run(call: &Rc<Call>, asked: &Rc<Request>, track: &Rc<Track>, admit: Admit) -> Result<Landing, Error> {
    let mut request = asked.clone();
    if let Some(credentials) = call.keyring().own_for(asked) {
        request = Rc::new(Request { auth: Auth::Given(credentials), ..Request::clone(asked) });
    }
    let landing = follow(call, asked, &mut request, track, admit).await;
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

async fn follow(
    call: &Rc<Call>,
    asked: &Rc<Request>,
    request: &mut Rc<Request>,
    track: &Rc<Track>,
    mut admit: Admit,
) -> Result<Landing, Error> {
    let mut hops = Vec::new();
    loop {
        let started = call.now();
        let (running, head) = answered(call, request, track, &mut admit).await?;
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
        call.watch().redirect(head.status, &next);
        *request = Rc::new(next);
    }
}

/// One hop: an exchange, and another where its response is a challenge that can be answered. A challenge says that the
/// request was not carried out (RFC 9110, section 15.5.2), so what matters is what becomes of the last exchange.
async fn answered(
    call: &Rc<Call>,
    request: &Rc<Request>,
    track: &Rc<Track>,
    admit: &mut Admit,
) -> Result<(Running, Head), Error> {
    let mut dialogue = Dialogue::default();
    let mut misdirected = false;
    loop {
        let admission = match std::mem::replace(admit, Admit::Waiting) {
            Admit::Given(admission) => admission,
            Admit::Waiting => Admission::wait(call, request, track).await?,
        };
        let running = Running::start(call, &dressed(call, request, &mut dialogue)?, track, admission, misdirected)?;
        let head = running.head().await?;
        if let Some(jar) = call.cookies() {
            jar.take(&request.url, &head.headers);
        }
        // Not for this connection (RFC 9110, section 15.5.20): whatever it is, it was not done, and another one may do.
        if head.status == MISDIRECTED && !misdirected && request.body.is_replayable() {
            misdirected = true;
            running.drain(&head, DRAINING).await;
            continue;
        }
        let answer = call.keyring().is_to_be_answered(request, head.status, &head.headers, &mut dialogue);
        if !running.received(answer)? {
            return Ok((running, head));
        }
        running.discard(&head).await?;
        call.count_auth_exchange();
    }
}

/// The request as an exchange sends it, with the cookies for its URL and the credentials for its origin.
fn dressed(call: &Call, request: &Rc<Request>, dialogue: &mut Dialogue) -> Result<Rc<Request>, Error> {
    if call.cookies().is_none() && !matches!(request.auth, Auth::Given(_)) {
        return Ok(request.clone());
    }
    let mut dressed = Request::clone(request);
    if let Some(jar) = call.cookies() {
        jar.dress(&mut dressed);
    }
    call.keyring().dress(&mut dressed, dialogue)?;
    Ok(Rc::new(dressed))
}
