//! Credentials on their way to servers: Basic and Bearer with each request, Digest in answer to a challenge and from
//! then on with each request.

pub mod challenge;
mod digest;

use crate::error::Error;
use crate::http::credentials::{Auth, Credentials};
use crate::http::headers::{Header, HeaderBlock};
use crate::http::request::Request;
use digest::{Offer, Session};
use std::cell::RefCell;
use std::sync::Arc;

/// Credentials that go to one origin alone.
#[derive(Clone, Debug)]
pub struct Bound {
    pub origin: String,
    pub credentials: Arc<Credentials>,
}

/// What a worker knows: its own credentials, and the nonces that servers gave it.
#[derive(Default)]
pub struct Keyring {
    own: Option<Bound>,
    /// The one that was used last is the last.
    known: RefCell<Vec<Known>>,
}

struct Known {
    origin: String,
    credentials: Arc<Credentials>,
    session: Session,
}

/// Nonces that are kept.
const MOST_KNOWN: usize = 64;

/// What is remembered of one hop, which may take several exchanges.
#[derive(Default)]
pub struct Dialogue {
    answers: u32,
    /// The nonce that the last exchange used.
    nonce: Option<Vec<u8>>,
}

impl Keyring {
    pub fn new(own: Option<Bound>) -> Keyring {
        Keyring { own, known: RefCell::default() }
    }

    /// The worker's credentials for a request that says nothing of any, has no `Authorization` header and asks for
    /// their origin. They then stay with it for as long as it stays there.
    pub fn own_for(&self, request: &Request) -> Option<Arc<Credentials>> {
        let own = self.own.as_ref().filter(|own| own.origin == request.url.origin())?;
        let says_something =
            request.auth != Auth::Unsaid || request.headers.iter().any(|header| header.is("authorization"));
        (!says_something).then(|| own.credentials.clone())
    }

    /// Adds the `Authorization` header of one exchange.
    pub fn dress(&self, request: &mut Request, dialogue: &mut Dialogue) -> Result<(), Error> {
        let Auth::Given(credentials) = &request.auth else { return Ok(()) };
        let value = match &**credentials {
            Credentials::Fixed(value) => value.clone().into_bytes(),
            Credentials::Digest { user, .. } => {
                let mut known = self.known.borrow_mut();
                dialogue.nonce = None;
                let Some(at) = place(&known, request.url.origin(), credentials) else { return Ok(()) };
                let mut used = known.remove(at);
                dialogue.nonce = Some(used.session.offer.nonce.clone());
                let value = used.session.answer(user, request.method.as_str(), request.url.target());
                known.push(used);
                value?
            }
        };
        request.headers.push(Header { name: "Authorization".into(), value, sensitive: true });
        Ok(())
    }

    /// Whether a response is a challenge that is to be answered: the same request is then sent once more. A nonce is
    /// answered once, and a second answer is given only where the server says that the first was right and late.
    pub fn is_to_be_answered(
        &self,
        request: &Request,
        status: u16,
        headers: &HeaderBlock,
        dialogue: &mut Dialogue,
    ) -> Result<bool, Error> {
        let Auth::Given(credentials) = &request.auth else { return Ok(false) };
        let Credentials::Digest { user, password } = &**credentials else { return Ok(false) };
        if status != 401 {
            self.renew(request, credentials, headers, dialogue);
            return Ok(false);
        }
        let refused = dialogue.nonce.take();
        if let Some(nonce) = &refused {
            self.forget(request.url.origin(), credentials, nonce);
        }
        let Some(offer) = Offer::best(&challenges(headers)) else { return Ok(false) };
        let is_new = refused.as_ref() != Some(&offer.nonce);
        let is_due = dialogue.answers == 0 || dialogue.answers == 1 && offer.stale;
        if !is_new || !is_due {
            return Ok(false);
        }
        dialogue.answers += 1;
        let session = Session::new(offer, user, password)?;
        let origin = request.url.origin().to_owned();
        let mut known = self.known.borrow_mut();
        if let Some(at) = place(&known, &origin, credentials) {
            known.remove(at);
        } else if known.len() == MOST_KNOWN {
            known.remove(0);
        }
        known.push(Known { origin, credentials: credentials.clone(), session });
        // Where the body is gone, the caller gets the 401; if he tries again, the nonce is there.
        Ok(request.body.is_replayable())
    }

    /// Keeps the nonce that an accepted answer was answered with, unless another call has brought a newer one meanwhile.
    fn renew(&self, request: &Request, credentials: &Arc<Credentials>, headers: &HeaderBlock, dialogue: &Dialogue) {
        let Some(used) = &dialogue.nonce else { return };
        let Some(field) = headers.get(b"authentication-info", 0) else { return };
        // Parameters as those of a challenge, without a scheme.
        let parsed = challenge::parse(&[b"digest ", field].concat()).unwrap_or_default();
        let [info] = &parsed[..] else { return };
        let Some(nonce) = info.get(b"nextnonce") else { return };
        let mut known = self.known.borrow_mut();
        let at = place(&known, request.url.origin(), credentials);
        if let Some(at) = at.filter(|&at| known[at].session.offer.nonce == *used) {
            known[at].session.renew(nonce);
        }
    }

    fn forget(&self, origin: &str, credentials: &Arc<Credentials>, nonce: &[u8]) {
        let mut known = self.known.borrow_mut();
        if let Some(at) = place(&known, origin, credentials).filter(|&at| known[at].session.offer.nonce == nonce) {
            known.remove(at);
        }
    }
}

fn place(known: &[Known], origin: &str, credentials: &Arc<Credentials>) -> Option<usize> {
    known.iter().position(|one| one.origin == origin && one.credentials == *credentials)
}

/// All that is well-formed in all the fields.
fn challenges(headers: &HeaderBlock) -> Vec<challenge::Challenge> {
    let fields = headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case(b"www-authenticate"));
    fields.filter_map(|(_, value)| challenge::parse(value)).flatten().collect()
}

#[cfg(test)]
mod tests;
