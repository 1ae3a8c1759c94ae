//! Plain values of HTTP. Nothing here knows libcurl or the ABI.

pub mod headers;
pub mod method;
pub mod metrics;
pub mod request;
pub mod response;
pub mod url;

/// A token of RFC 9110, section 5.6.2.
pub fn is_token(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|&byte| is_token_byte(byte))
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
