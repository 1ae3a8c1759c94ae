//! HTTP/2 frames of a script, as its JSON says them. Nothing is checked: what a frame claims may be a lie.

use serde::Deserialize;

use super::steps::Hex;

pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
pub const HEAD_BYTES: usize = 9;
pub const END_STREAM: u8 = 1;
pub const ACK: u8 = 1;

/// A type by its name or number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Kind {
    Named(Name),
    Number(u8),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Name {
    Data = 0,
    Headers = 1,
    Priority = 2,
    RstStream = 3,
    Settings = 4,
    PushPromise = 5,
    Ping = 6,
    Goaway = 7,
    WindowUpdate = 8,
    Continuation = 9,
}

impl Kind {
    pub fn number(self) -> u8 {
        match self {
            Kind::Named(name) => name as u8,
            Kind::Number(number) => number,
        }
    }

    pub fn is(self, name: Name) -> bool {
        self.number() == name as u8
    }
}

/// What to read up to.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(untagged)]
pub enum Awaited {
    /// The frame that ends a request.
    Request(WholeRequest),
    Frame(Kind),
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WholeRequest {
    Request,
}

/// A stream by its number, or by how far it is from the one of the last request: `"last"`, `"last-2"`, `"last+2"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "StreamText")]
pub enum Stream {
    Number(u32),
    Last(i64),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum StreamText {
    Number(u32),
    Text(String),
}

impl TryFrom<StreamText> for Stream {
    type Error = String;

    fn try_from(text: StreamText) -> Result<Self, String> {
        let text = match text {
            StreamText::Number(number) => return Ok(Stream::Number(number)),
            StreamText::Text(text) => text,
        };
        let offset = text.strip_prefix("last").ok_or_else(|| format!("stream {text}: a number or \"last\""))?;
        let offset = if offset.is_empty() { Ok(0) } else { offset.parse() };
        offset.map(Stream::Last).map_err(|_| format!("stream {text}: \"last\", \"last+2\" or \"last-2\""))
    }
}

impl Default for Stream {
    fn default() -> Self {
        Stream::Number(0)
    }
}

impl Stream {
    pub fn number(self, last: u32) -> u32 {
        match self {
            Stream::Number(number) => number,
            Stream::Last(offset) => (i64::from(last) + offset).max(0) as u32,
        }
    }
}

/// One frame, or many of it. Its payload is what is there of `last_stream`, `error`, `increment`, `settings`,
/// `headers`, `hex`, `text` and `zeros`, in this order.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SendFrame {
    #[serde(rename = "type")]
    pub kind: Kind,
    #[serde(default)]
    flags: u8,
    #[serde(default)]
    stream: Stream,
    last_stream: Option<Stream>,
    error: Option<u32>,
    increment: Option<u32>,
    #[serde(default)]
    settings: Vec<(u16, u32)>,
    #[serde(default)]
    headers: Vec<(String, String)>,
    hex: Option<Hex>,
    #[serde(default)]
    text: String,
    #[serde(default)]
    zeros: usize,
    /// What the head says of the payload's length; absent, the truth.
    length: Option<u32>,
    times: Option<u64>,
}

impl SendFrame {
    pub fn times(&self) -> u64 {
        self.times.unwrap_or(1)
    }

    pub fn bytes(&self, last: u32) -> Vec<u8> {
        let mut payload = Vec::new();
        if let Some(stream) = self.last_stream {
            payload.extend(stream.number(last).to_be_bytes());
        }
        for number in [self.error, self.increment].into_iter().flatten() {
            payload.extend(number.to_be_bytes());
        }
        for (name, value) in &self.settings {
            payload.extend(name.to_be_bytes());
            payload.extend(value.to_be_bytes());
        }
        for (name, value) in &self.headers {
            // A literal field without indexing, with a new name (RFC 7541, section 6.2.2).
            payload.push(0);
            push_text(&mut payload, name);
            push_text(&mut payload, value);
        }
        payload.extend(self.hex.iter().flat_map(|hex| hex.0.iter()));
        payload.extend(self.text.as_bytes());
        payload.resize(payload.len() + self.zeros, 0);
        let length = self.length.unwrap_or(payload.len() as u32).to_be_bytes();
        let mut frame = vec![length[1], length[2], length[3], self.kind.number(), self.flags];
        frame.extend(self.stream.number(last).to_be_bytes());
        frame.extend(payload);
        frame
    }
}

/// Text without Huffman coding, its length in a prefix of 7 bits (RFC 7541, sections 5.1 and 5.2).
fn push_text(payload: &mut Vec<u8>, text: &str) {
    let mut left = text.len();
    if left < 127 {
        payload.push(left as u8);
    } else {
        payload.push(127);
        left -= 127;
        while left >= 128 {
            payload.push((left % 128) as u8 | 128);
            left /= 128;
        }
        payload.push(left as u8);
    }
    payload.extend(text.as_bytes());
}

/// The head of a frame that came in.
#[derive(Debug, Clone, Copy)]
pub struct FrameHead {
    pub length: usize,
    pub kind: Kind,
    pub flags: u8,
    pub stream: u32,
}

impl FrameHead {
    pub fn parse(bytes: [u8; HEAD_BYTES]) -> FrameHead {
        let [a, b, c, kind, flags, stream @ ..] = bytes;
        FrameHead {
            length: u32::from_be_bytes([0, a, b, c]) as usize,
            kind: Kind::Number(kind),
            flags,
            stream: u32::from_be_bytes(stream) & 0x7FFF_FFFF,
        }
    }

    /// Whether it ends a request. Requests with trailers or continued heads are not for scripts.
    pub fn ends_a_request(&self) -> bool {
        (self.kind.is(Name::Headers) || self.kind.is(Name::Data)) && self.flags & END_STREAM != 0
    }
}
