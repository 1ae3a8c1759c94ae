//! Who the caller is to a server.

use crate::error::Error;
use crate::status::HS_ERR_INVALID_CREDENTIALS;
use base64::Engine as _;
use std::fmt;
use std::sync::Arc;

/// What a request says of credentials beside its headers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Auth {
    /// Nothing: the worker's are sent where they belong.
    #[default]
    Unsaid,
    /// None are sent.
    None,
    /// For the origin that was asked for.
    Given(Arc<Credentials>),
}

#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// The value of an `Authorization` header, which is the same for each request.
    Fixed(String),
    /// Proved for each request anew, after a challenge.
    Digest { user: String, password: String },
}

impl Credentials {
    /// RFC 7617, in UTF-8.
    pub fn basic(user: &[u8], password: &[u8]) -> Result<Credentials, Error> {
        let (user, password) = (text(user, "user")?, text(password, "password")?);
        if user.contains(':') {
            return Err(refused("the user has a colon, which Basic cannot carry (RFC 7617, section 2)"));
        }
        let encoded = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
        Ok(Credentials::Fixed(format!("Basic {encoded}")))
    }

    /// RFC 6750, section 2.1.
    pub fn bearer(token: &[u8]) -> Result<Credentials, Error> {
        let body = token.iter().take_while(|&&byte| is_token68(byte)).count();
        if body == 0 || !token[body..].iter().all(|&byte| byte == b'=') {
            let why = "the token is empty or has other characters than letters, digits and -._~+/ with = at its end";
            return Err(refused(&format!("{why} (RFC 6750, section 2.1)")));
        }
        Ok(Credentials::Fixed(format!("Bearer {}", String::from_utf8_lossy(token))))
    }

    /// RFC 7616.
    pub fn digest(user: &[u8], password: &[u8]) -> Result<Credentials, Error> {
        Ok(Credentials::Digest { user: text(user, "user")?, password: text(password, "password")? })
    }
}

/// Neither who nor what is ever shown.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials")
    }
}

pub fn is_token68(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte)
}

fn text(bytes: &[u8], what: &str) -> Result<String, Error> {
    let text = std::str::from_utf8(bytes).map_err(|_| refused(&format!("the {what} is not UTF-8")))?;
    if text.chars().any(char::is_control) {
        return Err(refused(&format!("the {what} has a control character")));
    }
    Ok(text.to_owned())
}

fn refused(why: &str) -> Error {
    Error::new(HS_ERR_INVALID_CREDENTIALS, format!("invalid credentials: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixed(made: Result<Credentials, Error>) -> String {
        match made.unwrap() {
            Credentials::Fixed(value) => value,
            Credentials::Digest { .. } => panic!("digest is not fixed"),
        }
    }

    #[test]
    fn the_examples_of_the_rfcs() {
        assert_eq!(fixed(Credentials::basic(b"Aladdin", b"open sesame")), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert_eq!(fixed(Credentials::basic(b"test", "123\u{a3}".as_bytes())), "Basic dGVzdDoxMjPCow==");
        assert_eq!(fixed(Credentials::basic(b"", b"")), "Basic Og==");
        assert_eq!(fixed(Credentials::basic(b"a", b"b:c")), "Basic YTpiOmM=");
        assert_eq!(fixed(Credentials::bearer(b"mF_9.B5f-4.1JqM")), "Bearer mF_9.B5f-4.1JqM");
        assert_eq!(fixed(Credentials::bearer(b"a+/~==")), "Bearer a+/~==");
    }

    #[test]
    fn what_cannot_be_sent_is_refused_and_not_shown() {
        for refused in [
            Credentials::basic(b"hunter:2", b"hunter2"),
            Credentials::basic(b"hunter\n", b"x"),
            Credentials::basic(b"x", b"hunter\x7f"),
            Credentials::basic(b"x", b"hunter\0"),
            Credentials::basic(b"hunter\xff", b"x"),
            Credentials::basic("hunter\u{85}".as_bytes(), b"x"),
            Credentials::bearer(b""),
            Credentials::bearer(b"="),
            Credentials::bearer(b"hunter 2"),
            Credentials::bearer(b"hunter=2"),
            Credentials::bearer(b"hunter2\r\n"),
            Credentials::bearer(b"hunter\xff"),
            Credentials::digest(b"hunter\r", b"x"),
            Credentials::digest(b"x", b"hunter\xff"),
        ] {
            let error = refused.unwrap_err();
            assert_eq!(error.status(), HS_ERR_INVALID_CREDENTIALS);
            assert!(!error.to_string().contains("hunter"), "{error}");
        }
        assert_eq!(format!("{:?}", Credentials::digest(b"hunter", b"2").unwrap()), "Credentials");
    }
}
