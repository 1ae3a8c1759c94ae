//! Request methods: any token, RFC 9110 section 9.

use super::is_token;
use crate::error::{Error, quoted};
use crate::status::HS_ERR_INVALID_METHOD;
use std::borrow::Cow;

/// A method name that is safe to put on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Method(Cow<'static, str>);

/// Those that need no memory of their own.
const USUAL: [&str; 7] = ["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS"];

impl Method {
    /// Checks a method; empty means `GET`, or `POST` where there is a body.
    pub fn parse(text: &[u8], has_body: bool) -> Result<Method, Error> {
        if text.is_empty() {
            return Ok(Method(Cow::Borrowed(if has_body { "POST" } else { "GET" })));
        }
        if !is_token(text) {
            return Err(Error::new(
                HS_ERR_INVALID_METHOD,
                format!("invalid method {}: not a token (RFC 9110, section 5.6.2)", quoted(text)),
            ));
        }
        if text == b"CONNECT" {
            return Err(Error::new(
                HS_ERR_INVALID_METHOD,
                "invalid method \"CONNECT\": it opens a tunnel and is not a request to a resource",
            ));
        }
        let usual = USUAL.iter().find(|usual| usual.as_bytes() == text);
        Ok(Method(match usual {
            Some(usual) => Cow::Borrowed(usual),
            None => Cow::Owned(String::from_utf8_lossy(text).into_owned()),
        }))
    }

    pub fn get() -> Method {
        Method(Cow::Borrowed("GET"))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn is_head(&self) -> bool {
        self.0 == "HEAD"
    }

    /// RFC 9110, section 9.2.2, and QUERY.
    pub fn is_idempotent(&self) -> bool {
        matches!(self.as_str(), "GET" | "HEAD" | "OPTIONS" | "TRACE" | "PUT" | "DELETE" | "QUERY")
    }

    /// Whether a request of this method without a body still says `Content-Length: 0` (RFC 9110, section 8.6).
    pub fn expects_content(&self) -> bool {
        matches!(self.as_str(), "POST" | "PUT" | "PATCH")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_means_get_or_post() {
        assert_eq!(Method::parse(b"", false).unwrap().as_str(), "GET");
        assert_eq!(Method::parse(b"", true).unwrap().as_str(), "POST");
    }

    #[test]
    fn any_token_is_a_method_and_case_counts() {
        for name in ["PROPFIND", "get", "M-SEARCH", "x!#$%&'*+-.^_`|~9"] {
            assert_eq!(Method::parse(name.as_bytes(), false).unwrap().as_str(), name);
        }
        assert!(!Method::parse(b"get", false).unwrap().is_idempotent());
    }

    #[test]
    fn what_is_not_a_token_is_named_in_the_error() {
        for bad in [&b"GE T"[..], b"GET\r\nX: y", b"GET\0", b"G\xc3\x89T", b"CONNECT"] {
            let error = Method::parse(bad, false).unwrap_err();
            assert_eq!(error.status(), HS_ERR_INVALID_METHOD);
            assert!(error.to_string().contains(&bad.escape_ascii().to_string()), "{error}");
        }
    }
}
