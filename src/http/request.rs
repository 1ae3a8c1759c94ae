//! A request as the caller meant it, checked.

use super::body::Body;
use super::credentials::Auth;
use super::headers::{Header, decimal};
use super::method::Method;
use super::url::{ParsedUrl, Url};
use crate::body::decode::ACCEPT_ENCODING;
use crate::error::Error;
use crate::status::{HS_ERR_INVALID_BODY, HS_ERR_INVALID_HEADER};

/// The field that names a request among its repetitions.
pub const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

#[derive(Clone, Debug)]
pub struct Request {
    pub method: Method,
    pub url: Url,
    pub headers: Vec<Header>,
    pub body: Body,
    /// Codings of the response's body were asked for by the library, which therefore takes them off.
    pub decodes: bool,
    pub auth: Auth,
    /// The caller knows that doing it twice does no harm (`Some(true)`), or that it does, whatever its method.
    pub idempotent: Option<bool>,
}

impl Request {
    /// Puts the checked parts together and checks them against each other.
    pub fn new(
        method: &[u8],
        url: ParsedUrl,
        mut headers: Vec<Header>,
        body: impl Into<Body>,
    ) -> Result<Request, Error> {
        let body = body.into();
        let method = Method::parse(method, !body.is_empty())?;
        if matches!(method.as_str(), "TRACE" | "HEAD") && !body.is_empty() {
            let message = format!("a {} request cannot have a body (RFC 9110, section 9.3)", method.as_str());
            return Err(Error::new(HS_ERR_INVALID_BODY, message));
        }
        check_framing(&mut headers, body.length())?;
        if let Some(value) = url.basic_authorization
            && !headers.iter().any(|header| header.is("authorization"))
        {
            headers.push(Header { name: "Authorization".into(), value: value.into_bytes(), sensitive: true });
        }
        Ok(Request { method, url: url.url, headers, body, decodes: false, auth: Auth::Unsaid, idempotent: None })
    }

    /// Asks for a coded body, which the caller will get decoded, unless he asks for something himself. A part of a
    /// body is not asked for in a coding: its bytes could not be found again in the whole.
    pub fn ask_for_codings(&mut self) {
        if !self.headers.iter().any(|header| header.is("accept-encoding") || header.is("range")) {
            let value = ACCEPT_ENCODING.as_bytes().to_vec();
            self.headers.push(Header { name: "Accept-Encoding".into(), value, sensitive: false });
            self.decodes = true;
        }
    }

    /// What is sent of its fields; an empty `User-Agent` says that none is to be sent, not even the library's own.
    pub fn sent_headers(&self) -> impl Iterator<Item = &Header> {
        // What is for a proxy never reaches a server.
        self.headers.iter().filter(|header| !header.is("proxy-authorization") && !is_no_user_agent(header))
    }

    pub fn wants_no_user_agent(&self) -> bool {
        self.headers.iter().any(is_no_user_agent)
    }

    /// Whether the message says how long its body is, also where it is empty.
    pub fn has_content(&self) -> bool {
        !self.body.is_empty() || self.method.expects_content()
    }

    /// The server would do its work once, also where it gets it twice: by its method (RFC 9110, section 9.2.2), by its
    /// key (draft-ietf-httpapi-idempotency-key-header), or because the caller says so.
    pub fn is_idempotent(&self) -> bool {
        self.idempotent.unwrap_or_else(|| self.method.is_idempotent() || self.has_key())
    }

    pub fn has_key(&self) -> bool {
        self.headers.iter().any(|header| header.is(IDEMPOTENCY_KEY))
    }

    /// May, and can, be sent again without the server doing the work twice.
    pub fn is_replay_safe(&self) -> bool {
        self.is_idempotent() && self.body.is_replayable()
    }
}

fn is_no_user_agent(header: &Header) -> bool {
    header.value.is_empty() && header.is("user-agent")
}

/// Where a message ends is decided by the library alone: a second opinion in a header is how requests are smuggled.
fn check_framing(headers: &mut Vec<Header>, body: Option<u64>) -> Result<(), Error> {
    if headers.iter().any(|header| header.is("transfer-encoding")) {
        let message = "invalid header \"Transfer-Encoding\": the library frames the body itself";
        return Err(Error::new(HS_ERR_INVALID_HEADER, message));
    }
    for header in headers.iter().filter(|header| header.is("content-length")) {
        let given = decimal(&header.value);
        if given.is_none() || given != body {
            let shown = header.value.escape_ascii().to_string();
            let value = if header.sensitive { "(redacted)" } else { &shown };
            let truth = body.map_or("length is not known".into(), |length| format!("has {length} bytes"));
            let message = format!("invalid header \"Content-Length: {value}\": the body {truth}");
            return Err(Error::new(HS_ERR_INVALID_HEADER, message));
        }
    }
    headers.retain(|header| !header.is("content-length"));
    if headers.iter().filter(|header| header.is("host")).count() > 1 {
        return Err(Error::new(HS_ERR_INVALID_HEADER, "more than one \"Host\" header (RFC 9110, section 7.2)"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn request(headers: &[(&str, &str)], body: &'static str) -> Result<Request, Error> {
        let headers = headers
            .iter()
            .map(|(name, value)| Header::parse(name.as_bytes(), value.as_bytes(), false).unwrap())
            .collect();
        Request::new(b"", Url::parse(b"http://user:pw@host/").unwrap(), headers, Bytes::from_static(body.as_bytes()))
    }

    #[test]
    fn a_wrong_length_is_refused_and_a_right_one_is_ours_to_send() {
        assert_eq!(request(&[("Content-Length", "4")], "abc").unwrap_err().status(), HS_ERR_INVALID_HEADER);
        assert_eq!(request(&[("Content-Length", "+3")], "abc").unwrap_err().status(), HS_ERR_INVALID_HEADER);
        assert_eq!(request(&[("Content-Length", "3, 3")], "abc").unwrap_err().status(), HS_ERR_INVALID_HEADER);
        let fine = request(&[("content-length", "3")], "abc").unwrap();
        assert!(!fine.headers.iter().any(|header| header.is("content-length")));
    }

    #[test]
    fn a_wrong_length_that_is_a_secret_is_not_shown() {
        let secret = Header::parse(b"Content-Length", b"hunter2", true).unwrap();
        let url = Url::parse(b"http://host/").unwrap();
        let error = Request::new(b"", url, vec![secret], Bytes::new()).unwrap_err().to_string();
        assert!(error.contains("Content-Length") && !error.contains("hunter2"), "{error}");
    }

    #[test]
    fn methods_that_cannot_have_a_body_refuse_one() {
        for (method, fine) in [("HEAD", false), ("TRACE", false), ("GET", true), ("DELETE", true)] {
            let made = Request::new(
                method.as_bytes(),
                Url::parse(b"http://host/").unwrap(),
                Vec::new(),
                Bytes::from_static(b"abc"),
            );
            assert_eq!(made.is_ok(), fine, "{method}");
            assert!(made.is_ok() || made.unwrap_err().status() == HS_ERR_INVALID_BODY);
        }
    }

    #[test]
    fn framing_headers_and_a_second_host_are_refused() {
        assert_eq!(request(&[("transfer-encoding", "chunked")], "").unwrap_err().status(), HS_ERR_INVALID_HEADER);
        assert_eq!(request(&[("Host", "a"), ("host", "b")], "").unwrap_err().status(), HS_ERR_INVALID_HEADER);
    }

    #[test]
    fn userinfo_gives_way_to_the_callers_own_authorization() {
        assert_eq!(request(&[], "").unwrap().headers.len(), 1);
        let own = request(&[("AUTHORIZATION", "Bearer x")], "").unwrap();
        assert_eq!(own.headers.len(), 1);
        assert_eq!(own.headers[0].value, b"Bearer x");
    }
}
