//! Plain values of HTTP. Nothing here knows libcurl or the ABI.

pub mod address;
pub mod attempt;
pub mod body;
pub mod credentials;
pub mod framing;
pub mod headers;
pub mod method;
pub mod metrics;
pub mod network;
pub mod proxy;
pub mod request;
pub mod response;
pub mod tls;
pub mod url;

/// A token of RFC 9110, section 5.6.2.
pub fn is_token(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|&byte| TOKEN_BYTES[usize::from(byte)])
}

const TOKEN_BYTES: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        table[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    let marks = b"!#$%&'*+-.^_`|~";
    let mut at = 0;
    while at < marks.len() {
        table[marks[at] as usize] = true;
        at += 1;
    }
    table
};
