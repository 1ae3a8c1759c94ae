//! W3C Trace Context, level 1: the header `traceparent`, version 00.

use crate::http::request::Request;
use std::fmt;

/// What a worker does about requests without the header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    #[default]
    Off,
    /// They get one, with the flag "sampled" or without.
    Generate { sampled: bool },
}

pub(crate) const HEADER: &str = "traceparent";

/// 32 lower-case hexadecimal digits, not all zero.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TraceId([u8; 32]);

impl TraceId {
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("")
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The trace that a call belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    pub id: TraceId,
    /// The caller has sent a header of his own, which stays as it is.
    given: bool,
    sampled: bool,
}

impl Context {
    /// The context of a request: of its own header where it has one, else a new one. `None` where nobody asked for it,
    /// and where the request's own header is none that can be read; it is sent all the same.
    pub fn of(mode: Mode, request: &Request, random: impl FnOnce() -> u128) -> Option<Context> {
        let Mode::Generate { sampled } = mode else { return None };
        match request.headers.iter().find(|header| header.is(HEADER)) {
            Some(header) => trace_id(&header.value).map(|id| Context { id, given: true, sampled: false }),
            None => {
                // Zero is no valid id; so rare that one fixed other number will do.
                let number = random().max(1);
                let mut digits = [0; 32];
                digits.copy_from_slice(format!("{number:032x}").as_bytes());
                Some(Context { id: TraceId(digits), given: false, sampled })
            }
        }
    }

    /// The header for one exchange, which gets an id of its own; `None` where the caller's is sent.
    pub fn header(&self, random: impl FnOnce() -> u64) -> Option<String> {
        (!self.given).then(|| {
            let (id, span, flags) = (self.id.as_str(), random().max(1), u8::from(self.sampled));
            format!("00-{id}-{span:016x}-{flags:02x}")
        })
    }
}

/// The trace-id of a header's value, of version 00 or a later one.
fn trace_id(value: &[u8]) -> Option<TraceId> {
    let hex = |part: &[u8]| part.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let dashes = [2, 35, 52].iter().all(|&at| value.get(at) == Some(&b'-'));
    let (version, id, parent, flags) = (value.get(..2)?, value.get(3..35)?, value.get(36..52)?, value.get(53..55)?);
    let ends = if version == b"00" { value.len() == 55 } else { matches!(value.get(55), None | Some(b'-')) };
    let zero = |part: &[u8]| part.iter().all(|&byte| byte == b'0');
    let fine = dashes && ends && [version, id, parent, flags].into_iter().all(hex);
    if !fine || version == b"ff" || zero(id) || zero(parent) {
        return None;
    }
    id.try_into().ok().map(TraceId)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::headers::Header;
    use crate::http::url::Url;
    use bytes::Bytes;

    const GIVEN: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn request(traceparent: Option<&str>) -> Request {
        let headers = traceparent.map(|value| Header::parse(b"TraceParent", value.as_bytes(), false).unwrap());
        let url = Url::parse(b"http://host/").unwrap();
        Request::new(b"", url, headers.into_iter().collect(), Bytes::new()).unwrap()
    }

    #[test]
    fn each_exchange_has_its_own_parent_in_one_trace() {
        let context = Context::of(Mode::Generate { sampled: true }, &request(None), || 0xabc).unwrap();
        assert_eq!(context.id.as_str(), "00000000000000000000000000000abc");
        let header = context.header(|| 0x1234).unwrap();
        assert_eq!(header, "00-00000000000000000000000000000abc-0000000000001234-01");
        assert_eq!(trace_id(header.as_bytes()), Some(context.id));
        let unsampled = Context::of(Mode::Generate { sampled: false }, &request(None), || 0).unwrap();
        let header = unsampled.header(|| 0).unwrap();
        assert!(header.ends_with("-00") && trace_id(header.as_bytes()).is_some(), "{header}");
    }

    #[test]
    fn a_given_one_is_read_and_left_alone() {
        let context = Context::of(Mode::Generate { sampled: true }, &request(Some(GIVEN)), || 1).unwrap();
        assert_eq!(context.id.as_str(), "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(context.header(|| 1), None);
        assert_eq!(Context::of(Mode::Generate { sampled: true }, &request(Some("nonsense")), || 1), None);
        assert_eq!(Context::of(Mode::Off, &request(None), || 1), None);
    }

    #[test]
    fn only_what_the_standard_allows_is_read() {
        assert!(trace_id(GIVEN.as_bytes()).is_some());
        assert!(trace_id(b"cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-comes-later").is_some());
        for bad in [
            "",
            "00",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "00-0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331-01",
            "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01.more",
        ] {
            assert_eq!(trace_id(bad.as_bytes()), None, "{bad}");
        }
    }
}
