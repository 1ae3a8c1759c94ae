//! What a response head must not say, because somebody between the server and here could read it otherwise and take the
//! end of the body for something else: RFC 9112, section 6.3. libcurl lets most of it pass.

use super::response::{Head, HttpVersion};
use crate::error::{Error, quoted};
use crate::status::HS_ERR_PROTOCOL;

/// Holds a complete head against the rules. `may_switch`: the request asked for another protocol.
pub fn check(head: &Head, may_switch: bool) -> Result<(), Error> {
    if head.version == HttpVersion::Unknown {
        return refuse("the response is in no version of HTTP that was asked for".into());
    }
    if head.status == 101 && !may_switch {
        return refuse("the server switches to another protocol, which nobody asked for".into());
    }
    let length = content_length(head)?;
    let coded = is_chunked(head)?;
    if coded && head.version == HttpVersion::Http10 && stays_open(head) {
        return refuse("the response is in HTTP/1.0 and chunked, and its connection is to be kept".into());
    }
    if coded && length.is_some() {
        return refuse("the response has both a Transfer-Encoding and a Content-Length".into());
    }
    Ok(())
}

fn refuse<T>(why: String) -> Result<T, Error> {
    Err(Error::new(HS_ERR_PROTOCOL, why))
}

fn values<'a>(head: &'a Head, name: &'static [u8]) -> impl Iterator<Item = &'a [u8]> {
    let fields = head.headers.iter().filter(move |(found, _)| found.eq_ignore_ascii_case(name));
    fields.flat_map(|(_, value)| value.split(|&byte| byte == b',')).map(<[u8]>::trim_ascii)
}

/// The one length. It may be there more than once, but always the same.
fn content_length(head: &Head) -> Result<Option<u64>, Error> {
    let mut known = None;
    for value in values(head, b"content-length") {
        let digits = value.iter().all(u8::is_ascii_digit);
        let length = str::from_utf8(value).ok().filter(|_| digits).and_then(|text| text.parse::<u64>().ok());
        let Some(length) = length.filter(|&length| i64::try_from(length).is_ok()) else {
            return refuse(format!("Content-Length is {}, which is no length", quoted(value)));
        };
        if known.is_some_and(|known| known != length) {
            return refuse(format!("Content-Length is both {} and {length}", known.unwrap_or_default()));
        }
        known = Some(length);
    }
    Ok(known)
}

/// Whether the body is chunked. No other coding was asked for, so there is no other.
fn is_chunked(head: &Head) -> Result<bool, Error> {
    let mut chunked = false;
    // What is no coding at all was once called "identity"; empty elements of a list say nothing (RFC 9110, 5.6.1).
    let said = |value: &&[u8]| !value.is_empty() && !value.eq_ignore_ascii_case(b"identity");
    for value in values(head, b"transfer-encoding").filter(said) {
        if chunked || !value.eq_ignore_ascii_case(b"chunked") {
            return refuse(format!("Transfer-Encoding {} was not asked for", quoted(value)));
        }
        chunked = true;
    }
    Ok(chunked)
}

fn stays_open(head: &Head) -> bool {
    values(head, b"connection").any(|value| value.eq_ignore_ascii_case(b"keep-alive"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::headers::HeadLimits;

    fn head(status: u16, lines: &[&str]) -> Head {
        let mut head = Head { status, version: HttpVersion::Http11, ..Head::default() };
        for line in lines {
            head.headers.push_line(line.as_bytes(), HeadLimits { bytes: 1_000, fields: 10 }).unwrap();
        }
        head
    }

    fn refused(status: u16, lines: &[&str]) -> bool {
        check(&head(status, lines), false).is_err_and(|error| error.status() == HS_ERR_PROTOCOL)
    }

    #[test]
    fn one_length_said_once_or_again_is_fine() {
        for lines in
            [&["Content-Length: 5"][..], &["Content-Length: 5", "content-length:  5 "], &["Content-Length: 5, 05"]]
        {
            assert!(!refused(200, lines), "{lines:?}");
        }
        assert!(!refused(200, &[]));
    }

    #[test]
    fn lengths_that_differ_or_are_none_are_refused() {
        for value in
            ["", "5, 6", "-5", "+5", "5x", "0x5", "5,", "5 5", "9223372036854775808", "99999999999999999999999"]
        {
            assert!(refused(200, &[&format!("Content-Length: {value}")]), "{value}");
        }
        assert!(refused(200, &["Content-Length: 5", "Content-Length: 6"]));
    }

    #[test]
    fn chunked_is_the_one_transfer_coding() {
        for value in ["chunked", "CHUNKED", ",chunked,", "identity", ""] {
            assert!(!refused(200, &[&format!("Transfer-Encoding: {value}")]), "{value}");
        }
        for value in
            ["gzip", "gzip, chunked", "chunked, gzip", "chunked, chunked", "xchunked", "chunked;q=1", "\"chunked\""]
        {
            assert!(refused(200, &[&format!("Transfer-Encoding: {value}")]), "{value}");
        }
        assert!(refused(200, &["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"]));
    }

    #[test]
    fn a_length_beside_chunks_is_refused() {
        assert!(refused(200, &["Transfer-Encoding: chunked", "Content-Length: 5"]));
        assert!(refused(200, &["Content-Length: 5", "Transfer-Encoding: chunked"]));
    }

    #[test]
    fn chunks_in_http_1_0_end_with_the_connection() {
        let old = |lines| check(&Head { version: HttpVersion::Http10, ..head(200, lines) }, false);
        assert!(old(&["Transfer-Encoding: chunked"]).is_ok());
        assert!(old(&["Transfer-Encoding: chunked", "Connection: x, Keep-Alive"]).is_err());
    }

    #[test]
    fn a_protocol_that_nobody_asked_for_is_refused() {
        assert!(refused(101, &["Upgrade: websocket"]));
        assert!(check(&head(101, &["Upgrade: websocket"]), true).is_ok());
        let other = Head { version: HttpVersion::Unknown, ..head(200, &[]) };
        assert!(check(&other, true).is_err());
    }
}
