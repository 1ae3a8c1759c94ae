//! Header fields: in order, repeated ones kept, names as they were written.

use super::is_token;
use crate::error::{Error, quoted};
use crate::status::{HS_ERR_HEADERS_TOO_LARGE, HS_ERR_INVALID_HEADER, HS_ERR_PROTOCOL};
use std::ops::Range;

/// One field of a request, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    pub name: String,
    pub value: Vec<u8>,
    /// Its value is never shown, and it never follows a redirect to another origin.
    pub sensitive: bool,
}

impl Header {
    /// Checks a field: the name is a token, the value has no control byte but the tab. Optional white space around
    /// the value is not part of it (RFC 9110, section 5.5) and is dropped.
    pub fn parse(name: &[u8], value: &[u8], sensitive: bool) -> Result<Header, Error> {
        if !is_token(name) {
            let message = format!("invalid header name {}: not a token (RFC 9110, section 5.1)", quoted(name));
            return Err(Error::new(HS_ERR_INVALID_HEADER, message));
        }
        let name = String::from_utf8_lossy(name).into_owned();
        let sensitive = sensitive || is_credential(&name);
        if let Some(at) = value.iter().position(|&byte| byte != b'\t' && (byte < b' ' || byte == 0x7f)) {
            let shown = if sensitive { String::from("(redacted)") } else { quoted(value) };
            let message =
                format!("invalid value {shown} of header \"{name}\": control byte {:#04x} at position {at}", value[at]);
            return Err(Error::new(HS_ERR_INVALID_HEADER, message));
        }
        Ok(Header { name, value: trim(value).to_vec(), sensitive })
    }

    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

/// Fields that carry credentials whether or not the caller marked them.
pub fn is_credential(name: &str) -> bool {
    ["authorization", "cookie", "proxy-authorization"].iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// A length as it is written in a field: digits alone (RFC 9110, section 8.6), not the signs that Rust reads too.
pub fn decimal(value: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(value).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?;
    text.parse().ok()
}

fn trim(value: &[u8]) -> &[u8] {
    let blank = |byte: &u8| *byte == b' ' || *byte == b'\t';
    let start = value.iter().position(|byte| !blank(byte)).unwrap_or(value.len());
    let end = value.iter().rposition(|byte| !blank(byte)).map_or(start, |at| at + 1);
    &value[start..end]
}

/// What a server may make us keep of a response head.
#[derive(Clone, Copy, Debug)]
pub struct HeadLimits {
    pub bytes: usize,
    pub fields: usize,
}

/// Room that is taken at once for what a response head usually needs.
const USUAL_BYTES: usize = 512;
const USUAL_FIELDS: usize = 16;

/// The fields of a response head: one block of bytes and the places in it.
#[derive(Clone, Debug, Default)]
pub struct HeaderBlock {
    bytes: Vec<u8>,
    fields: Vec<(Range<u32>, Range<u32>)>,
}

impl HeaderBlock {
    /// Takes one line as received, with or without its line end.
    pub fn push_line(&mut self, line: &[u8], limits: HeadLimits) -> Result<(), Error> {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let Some(colon) = line.iter().position(|&byte| byte == b':') else {
            return Err(Error::new(HS_ERR_PROTOCOL, format!("response header line {} has no colon", quoted(line))));
        };
        let (name, value) = (&line[..colon], trim(&line[colon + 1..]));
        if !is_token(name) {
            return Err(Error::new(HS_ERR_PROTOCOL, format!("response header name {} is not a token", quoted(name))));
        }
        // RFC 9110, section 5.5: the bytes by which one reader's field is another's two.
        if value.iter().any(|byte| matches!(byte, b'\0' | b'\r' | b'\n')) {
            let message = format!("response header {} has a NUL or a line end in its value", quoted(name));
            return Err(Error::new(HS_ERR_PROTOCOL, message));
        }
        if self.fields.len() >= limits.fields {
            let message = format!("the response head has more than {} fields", limits.fields);
            return Err(Error::new(HS_ERR_HEADERS_TOO_LARGE, message));
        }
        let name_start = self.bytes.len();
        let value_start = name_start + name.len();
        let end = value_start + value.len();
        if end > limits.bytes {
            let message = format!("the response head is longer than {} bytes", limits.bytes);
            return Err(Error::new(HS_ERR_HEADERS_TOO_LARGE, message));
        }
        if self.fields.is_empty() {
            self.bytes.reserve(USUAL_BYTES);
            self.fields.reserve(USUAL_FIELDS);
        }
        self.bytes.extend_from_slice(name);
        self.bytes.extend_from_slice(value);
        let place = |from: usize, to: usize| from as u32..to as u32;
        self.fields.push((place(name_start, value_start), place(value_start, end)));
        Ok(())
    }

    pub fn len(&self) -> usize {
        self.fields.len()
    }

    pub fn clear(&mut self) {
        self.bytes.clear();
        self.fields.clear();
    }

    pub fn at(&self, index: usize) -> Option<(&[u8], &[u8])> {
        let (name, value) = self.fields.get(index)?;
        Some((self.slice(name), self.slice(value)))
    }

    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.fields.iter().map(|(name, value)| (self.slice(name), self.slice(value)))
    }

    /// The nth field of that name, names compared without case.
    pub fn get(&self, name: &[u8], nth: usize) -> Option<&[u8]> {
        self.iter().filter(|(found, _)| found.eq_ignore_ascii_case(name)).nth(nth).map(|(_, value)| value)
    }

    fn slice(&self, range: &Range<u32>) -> &[u8] {
        &self.bytes[range.start as usize..range.end as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: HeadLimits = HeadLimits { bytes: 64, fields: 3 };

    #[test]
    fn smuggling_bytes_are_refused_and_named() {
        for (name, value) in
            [("X", "a\r\nY: b"), ("X", "a\nb"), ("X", "a\0b"), ("X\r\nY", "a"), ("X Y", "a"), ("", "a")]
        {
            let error = Header::parse(name.as_bytes(), value.as_bytes(), false).unwrap_err();
            assert_eq!(error.status(), HS_ERR_INVALID_HEADER, "{name:?}: {value:?}");
            assert!(error.to_string().contains(&name.as_bytes().escape_ascii().to_string()), "{error}");
        }
    }

    #[test]
    fn a_secret_value_is_not_shown() {
        for (name, sensitive) in [("Authorization", false), ("APCA-API-SECRET-KEY", true)] {
            let error = Header::parse(name.as_bytes(), b"hunter2\n", sensitive).unwrap_err().to_string();
            assert!(error.contains(name) && !error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn values_keep_their_bytes_but_not_the_white_space_around_them() {
        let header = Header::parse(b"X", b" \ta\tb \xe9 ", false).unwrap();
        assert_eq!(header.value, b"a\tb \xe9");
        assert_eq!(Header::parse(b"X", b"  ", false).unwrap().value, b"");
    }

    #[test]
    fn a_block_keeps_order_and_repeats() {
        let mut block = HeaderBlock::default();
        for line in ["A: 1\r\n", "b:2\n", "a:  3 \r\n"] {
            block.push_line(line.as_bytes(), LIMITS).unwrap();
        }
        let all: Vec<_> = block.iter().collect();
        assert_eq!(all, [(&b"A"[..], &b"1"[..]), (b"b", b"2"), (b"a", b"3")]);
        assert_eq!(block.get(b"A", 1), Some(&b"3"[..]));
        assert_eq!(block.get(b"A", 2), None);
        assert_eq!(block.push_line(b"d: 4", LIMITS).unwrap_err().status(), HS_ERR_HEADERS_TOO_LARGE);
    }

    #[test]
    fn a_block_is_bounded_and_strict() {
        let mut block = HeaderBlock::default();
        let long = [b"x:".to_vec(), vec![b'y'; 64]].concat();
        assert_eq!(block.push_line(&long, LIMITS).unwrap_err().status(), HS_ERR_HEADERS_TOO_LARGE);
        for bad in [&b"no colon"[..], b"bad name: x", b": x", b"x : y", b"x: a\0b", b"x: a\rb", b"x: a\nb", b"x\0: a"] {
            assert_eq!(block.push_line(bad, LIMITS).unwrap_err().status(), HS_ERR_PROTOCOL);
        }
        assert_eq!(block.len(), 0);
    }
}
