//! Finds where HTTP/1 requests begin and end in a byte stream, keeping each head exactly as it was sent.

use memchr::memchr;

const HEAD_LIMIT: usize = 4 << 20;
const H2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n";

/// A request head as it arrived.
#[derive(Debug, Clone, Default)]
pub struct Head {
    pub raw: Vec<u8>,
}

impl Head {
    fn lines(&self) -> impl Iterator<Item = &[u8]> {
        self.raw.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line))
    }

    pub fn target(&self) -> String {
        let line = String::from_utf8_lossy(self.lines().next().unwrap_or_default()).into_owned();
        line.split(' ').nth(1).unwrap_or_default().to_owned()
    }

    fn fields(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.lines().skip(1).filter_map(|line| {
            let colon = memchr(b':', line)?;
            Some((&line[..colon], line[colon + 1..].trim_ascii()))
        })
    }

    /// The header fields in order, their names in the case they were sent in.
    pub fn headers(&self) -> Vec<(String, String)> {
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        self.fields().map(|(name, value)| (text(name), text(value))).collect()
    }

    fn body(&self) -> State {
        let mut length = 0;
        for (name, value) in self.fields() {
            if name.eq_ignore_ascii_case(b"transfer-encoding") && value.to_ascii_lowercase().ends_with(b"chunked") {
                return State::ChunkSize(Vec::new());
            }
            if name.eq_ignore_ascii_case(b"content-length") {
                length = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok()).unwrap_or(0);
            }
        }
        State::Length(length)
    }
}

#[derive(Debug)]
pub enum Event {
    /// A head is complete; its body, if any, follows.
    Head(Head),
    /// The body of the last head is complete.
    End,
}

#[derive(Debug)]
enum State {
    Head,
    Length(u64),
    ChunkSize(Vec<u8>),
    /// Bytes left of a chunk, and of the line end behind it.
    Chunk(u64),
    Trailer(Vec<u8>),
    /// HTTP/2, or a head beyond all limits: no longer looked at.
    Opaque,
}

#[derive(Debug)]
pub struct Framer {
    state: State,
    head: Vec<u8>,
}

impl Default for Framer {
    fn default() -> Self {
        Framer { state: State::Head, head: Vec::new() }
    }
}

impl Framer {
    pub fn opaque() -> Self {
        Framer { state: State::Opaque, head: Vec::new() }
    }

    pub fn is_opaque(&self) -> bool {
        matches!(self.state, State::Opaque)
    }

    /// Takes bytes up to and including the next event; says how many it took. May return an event for no bytes at all.
    pub fn advance(&mut self, data: &[u8]) -> (usize, Option<Event>) {
        let mut taken = 0;
        loop {
            let rest = &data[taken..];
            let (used, next) = match &mut self.state {
                State::Head => {
                    let used = self.take_head(rest);
                    match used {
                        Some(used) => {
                            let head = Head { raw: std::mem::take(&mut self.head) };
                            self.state = head.body();
                            return (taken + used, Some(Event::Head(head)));
                        }
                        None if self.head.len() > HEAD_LIMIT || self.head.starts_with(H2_PREFACE) => {
                            self.head = Vec::new();
                            (rest.len(), State::Opaque)
                        }
                        None => return (data.len(), None),
                    }
                }
                State::Length(0) => return self.finish(taken),
                State::Length(left) => {
                    let used = rest.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                    (used, State::Length(*left - used as u64))
                }
                State::ChunkSize(line) => match take_line(line, rest) {
                    (used, None) => return (taken + used, None),
                    (used, Some(line)) => {
                        let size = line.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
                        match std::str::from_utf8(size).ok().and_then(|text| u64::from_str_radix(text, 16).ok()) {
                            Some(0) => (used, State::Trailer(Vec::new())),
                            Some(size) => (used, State::Chunk(size + 2)),
                            None => (used, State::Opaque),
                        }
                    }
                },
                State::Chunk(0) => (0, State::ChunkSize(Vec::new())),
                State::Chunk(left) => {
                    let used = rest.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                    (used, State::Chunk(*left - used as u64))
                }
                State::Trailer(line) => match take_line(line, rest) {
                    (used, None) => return (taken + used, None),
                    (used, Some(line)) if line.is_empty() => return self.finish(taken + used),
                    (used, Some(_)) => (used, State::Trailer(Vec::new())),
                },
                State::Opaque => return (data.len(), None),
            };
            taken += used;
            self.state = next;
            if taken == data.len() && !matches!(self.state, State::Length(0)) {
                return (taken, None);
            }
        }
    }

    fn finish(&mut self, taken: usize) -> (usize, Option<Event>) {
        self.state = State::Head;
        (taken, Some(Event::End))
    }

    /// Collects head bytes; `Some` when the empty line has been reached.
    fn take_head(&mut self, data: &[u8]) -> Option<usize> {
        let mut used = 0;
        while let Some(at) = memchr(b'\n', &data[used..]) {
            self.head.extend_from_slice(&data[used..=used + at]);
            used += at + 1;
            if self.head.ends_with(b"\r\n\r\n") || self.head.ends_with(b"\n\n") {
                return Some(used);
            }
            if self.head == b"\r\n" || self.head == b"\n" {
                self.head.clear(); // Empty lines before a request line are allowed.
            }
            if self.head.starts_with(H2_PREFACE) {
                return None;
            }
        }
        self.head.extend_from_slice(&data[used..]);
        None
    }
}

/// Collects bytes up to a line end, which is not part of the returned line.
fn take_line(line: &mut Vec<u8>, data: &[u8]) -> (usize, Option<Vec<u8>>) {
    match memchr(b'\n', data) {
        Some(at) => {
            line.extend_from_slice(&data[..at]);
            let mut line = std::mem::take(line);
            if line.last() == Some(&b'\r') {
                line.pop();
            }
            (at + 1, Some(line))
        }
        None => {
            line.extend_from_slice(data);
            (data.len(), None)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(bytes: &[u8], step: usize) -> Vec<String> {
        let (mut framer, mut seen) = (Framer::default(), Vec::new());
        for piece in bytes.chunks(step) {
            let mut at = 0;
            loop {
                let (used, event) = framer.advance(&piece[at..]);
                at += used;
                match event {
                    Some(Event::Head(head)) => seen.push(head.target()),
                    Some(Event::End) => seen.push("end".into()),
                    None => break,
                }
            }
        }
        seen
    }

    #[test]
    fn requests_are_split_the_same_however_they_arrive() {
        let bytes = b"\r\nGET /a HTTP/1.1\r\nHost: x\r\n\r\nPOST /b HTTP/1.1\r\nContent-LENGTH: 5\r\n\r\nhelloPUT /c HTTP/1.1\r\n\
            transfer-encoding: gzip, Chunked\r\n\r\n3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nT: 1\r\n\r\nGET /d HTTP/1.0\n\n";
        let wanted = ["/a", "end", "/b", "end", "/c", "end", "/d", "end"];
        for step in 1..bytes.len() {
            assert_eq!(run(bytes, step), wanted, "in pieces of {step}");
        }
    }

    #[test]
    fn header_case_order_and_repeats_survive() {
        let mut framer = Framer::default();
        let (_, event) = framer.advance(b"GET / HTTP/1.1\r\nX-b: 1\r\nx-A:2\r\nX-b: \r\n\r\n");
        let Some(Event::Head(head)) = event else { panic!("no head: {event:?}") };
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(head.headers(), [pair("X-b", "1"), pair("x-A", "2"), pair("X-b", "")]);
    }

    #[test]
    fn http2_is_left_alone() {
        let mut framer = Framer::default();
        assert!(framer.advance(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").1.is_none());
        assert!(framer.is_opaque());
    }
}
