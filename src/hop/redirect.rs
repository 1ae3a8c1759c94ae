//! Redirects: RFC 9110 section 15.4, with what browsers do where it leaves a choice. Ours and not libcurl's, so that
//! each hop passes every rule again and no secret follows to another origin.

use crate::error::{Error, quoted};
use crate::http::body::Body;
use crate::http::credentials::Auth;
use crate::http::headers::HeaderBlock;
use crate::http::request::Request;
use crate::http::url::Url;
use crate::observe::redact::BLANK;
use crate::status::{HS_ERR_PROTOCOL, HS_ERR_REDIRECT_REFUSED, HS_ERR_TOO_MANY_REDIRECTS};

/// What to do with a redirect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    #[default]
    Follow,
    /// A redirect is the response.
    Return,
    /// To the same scheme, host and port; others are refused.
    SameOrigin,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    pub mode: Mode,
    pub most: u32,
    /// From https to http.
    pub downgrade: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Policy { mode: Mode::Follow, most: 10, downgrade: false }
    }
}

/// A redirect that was followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    pub status: u16,
    /// The URL that gave it.
    pub url: String,
    pub elapsed_ns: u64,
}

/// A relative redirect makes the URL longer, and each one is kept: without a bound a chain grows with its square.
const LONGEST_URL: usize = 64 * 1024;

/// The request that a response asks for; `None` where it is no redirect or is not to be followed.
pub fn next(
    policy: &Policy,
    followed: u32,
    request: &Request,
    status: u16,
    headers: &HeaderBlock,
) -> Result<Option<Request>, Error> {
    if policy.mode == Mode::Return || !matches!(status, 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let Some(location) = location(headers)? else { return Ok(None) };
    let url = request.url.join(location).map_err(|why| {
        Error::new(HS_ERR_REDIRECT_REFUSED, format!("redirect {status} to {} refused: {why}", shown(location)))
    })?;
    let refuse = |why: &str| {
        let message = format!("redirect {status} from {} to {} refused: {why}", request.url.origin(), url.origin());
        Err(Error::new(HS_ERR_REDIRECT_REFUSED, message))
    };
    if url.as_str().len() > LONGEST_URL {
        return refuse("its URL is longer than 65,536 bytes");
    }
    let same_origin = url.origin() == request.url.origin();
    if request.url.is_secure() && !url.is_secure() && !policy.downgrade {
        return refuse("it leads from https to http");
    }
    if policy.mode == Mode::SameOrigin && !same_origin {
        return refuse("it leads to another origin");
    }
    if followed >= policy.most {
        let message = format!("more than {} redirects; the last leads to {}", policy.most, url.origin());
        return Err(Error::new(HS_ERR_TOO_MANY_REDIRECTS, message));
    }
    Ok(Some(changed(request, status, url, same_origin)))
}

/// The one `Location`. Two that differ are an attack or a mistake, and following either is a guess.
fn location(headers: &HeaderBlock) -> Result<Option<&[u8]>, Error> {
    let Some(first) = headers.get(b"location", 0) else { return Ok(None) };
    if headers.get(b"location", 1).is_some_and(|second| second != first) {
        return Err(Error::new(HS_ERR_PROTOCOL, "the response has two different Location headers"));
    }
    Ok(Some(first))
}

fn shown(location: &[u8]) -> String {
    if location.contains(&b'@') {
        return String::from("a URL with a user or password");
    }
    // Which keys the caller holds for secrets is not known here, and where it leads is in what stands before.
    let end = location.iter().position(|byte| b"?#".contains(byte)).unwrap_or(location.len());
    let more = if end < location.len() { format!("{}{BLANK}", location[end] as char) } else { String::new() };
    quoted(&[&location[..end], more.as_bytes()].concat())
}

fn changed(request: &Request, status: u16, url: Url, same_origin: bool) -> Request {
    let mut next = Request { url, ..request.clone() };
    let becomes_get = match status {
        301 | 302 => request.method.as_str() == "POST",
        303 => !matches!(request.method.as_str(), "GET" | "HEAD"),
        _ => false,
    };
    if becomes_get {
        next.method = crate::http::method::Method::get();
        next.body = Body::empty();
        // They speak of the body that is gone.
        next.headers.retain(|header| !header.name.to_ascii_lowercase().starts_with("content-"));
    }
    if !same_origin {
        // What is dropped is gone for the rest of the chain, also where it leads back.
        next.headers.retain(|header| !header.sensitive && !header.is("host"));
        next.auth = Auth::None;
    }
    next
}

#[cfg(test)]
mod tests;
