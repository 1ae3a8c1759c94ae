//! The trace of one call: what happened, a line each, bounded, without secrets and without bodies.

use super::redact::{BLANK, Redactor, Secrets};
use std::fmt::Write;
use std::sync::Arc;

/// More than that is cut off, and the last line says so.
const MOST_BYTES: usize = 256 * 1024;
/// A line of somebody else's is cut there.
const LONGEST_LINE: usize = 4 * 1024;
const CUT_OFF: &str = "(the trace is full)\n";

/// Who says a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voice {
    /// The library.
    Own,
    /// libcurl, or the TLS library through it.
    Engine,
    /// A line of the request's head.
    Sent,
    /// A line of the response's head.
    Received,
}

pub struct Trace {
    redactor: Arc<Redactor>,
    secrets: Secrets,
    text: String,
    full: bool,
    /// Beginnings of lines whose ends have not come yet, sent and received.
    unfinished: [Vec<u8>; 2],
}

impl Trace {
    pub fn new(redactor: Arc<Redactor>, secrets: Secrets) -> Trace {
        Trace { redactor, secrets, text: String::new(), full: false, unfinished: Default::default() }
    }

    /// The headers of the request have changed.
    pub fn set_secrets(&mut self, secrets: Secrets) {
        self.secrets = secrets;
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// Lines of words.
    pub fn say(&mut self, elapsed_ns: u64, voice: Voice, words: &[u8]) {
        for line in words.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
            let line = String::from_utf8_lossy(line);
            // HTTP/2 as libcurl tells of it: "[HTTP/2] [1] [cookie: a=b]".
            let shown = match line.rfind('[').map(|at| (at, line[at + 1..].split_once(": "))) {
                Some((at, Some((name, value)))) if self.hides(name) => {
                    format!("{}{name}: {BLANK}{}", &line[..=at], if value.ends_with(']') { "]" } else { "" })
                }
                _ => self.plain(&line),
            };
            self.line(elapsed_ns, voice, &shown);
        }
    }

    /// Bytes of a head as they go over the wire, in whatever pieces.
    pub fn head(&mut self, elapsed_ns: u64, voice: Voice, bytes: &[u8]) {
        let side = usize::from(voice == Voice::Received);
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            let room = LONGEST_LINE.saturating_sub(self.unfinished[side].len());
            self.unfinished[side].extend_from_slice(&piece[..piece.len().min(room)]);
            if piece.ends_with(b"\n") {
                let line = std::mem::take(&mut self.unfinished[side]);
                let shown = self.head_line(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']));
                self.line(elapsed_ns, voice, &shown);
            }
        }
    }

    fn head_line(&self, line: &str) -> String {
        match line.split_once(':') {
            Some((name, value)) if crate::http::is_token(name.as_bytes()) => {
                let shown = self.redactor.field(name, value.trim(), self.secrets.has_name(name));
                format!("{name}: {}", self.secrets.scrub(shown.into()))
            }
            // A continued line belongs to a field whose name is gone.
            _ if line.starts_with([' ', '\t']) => BLANK.to_owned(),
            _ => self.plain(line),
        }
    }

    fn hides(&self, name: &str) -> bool {
        self.secrets.has_name(name) || self.redactor.field(name, "", false) == BLANK
    }

    fn plain(&self, line: &str) -> String {
        self.redactor.text(&self.secrets.scrub(line.into())).into_owned()
    }

    fn line(&mut self, elapsed_ns: u64, voice: Voice, line: &str) {
        if self.full {
            return;
        }
        let before = self.text.len();
        let sign = match voice {
            Voice::Own => '=',
            Voice::Engine => '*',
            Voice::Sent => '>',
            Voice::Received => '<',
        };
        let _ = write!(self.text, "{:>6}.{:03} {sign} ", elapsed_ns / 1_000_000, elapsed_ns / 1_000 % 1_000);
        for c in line.chars().take(LONGEST_LINE) {
            if c.is_control() { self.text.extend(c.escape_default()) } else { self.text.push(c) }
        }
        self.text.push('\n');
        if self.text.len() > MOST_BYTES - CUT_OFF.len() {
            self.text.truncate(before);
            self.text.push_str(CUT_OFF);
            self.full = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::headers::Header;

    fn trace() -> Trace {
        let header = |name: &str, value: &str| Header::parse(name.as_bytes(), value.as_bytes(), true).unwrap();
        let secrets = Secrets::of(&[header("Authorization", "Bearer hush-1"), header("X-Mine", "hush-2")]);
        Trace::new(Arc::new(Redactor::default()), secrets)
    }

    #[test]
    fn a_head_is_shown_line_by_line_without_secrets_however_it_is_cut() {
        let head = "GET /x?token=hush-3 HTTP/1.1\r\nHost: h\r\nauthorization: Bearer hush-1\r\nX-MINE: hush-2\r\nX-Api-Key: \
                    hush-4\r\nReferer: http://u:hush-5@h/\r\nCookie: a=hush-6\r\n hush-7\r\n\r\n";
        let wanted = "GET /x?token=*** HTTP/1.1|Host: h|authorization: ***|X-MINE: ***|X-Api-Key: ***|Referer: \
                      http://***@h/|Cookie: ***|***|";
        for length in 1..head.len() {
            let mut trace = trace();
            head.as_bytes().chunks(length).for_each(|piece| trace.head(1_234_567, Voice::Sent, piece));
            let text = trace.text().to_owned();
            let lines: Vec<_> = text.lines().map(|line| line.strip_prefix("     1.234 > ").unwrap()).collect();
            assert_eq!(lines.join("|"), wanted, "in pieces of {length}");
        }
    }

    #[test]
    fn the_words_of_others_are_searched_for_secrets() {
        let mut trace = trace();
        trace.say(
            0,
            Voice::Engine,
            b"[HTTP/2] [1] OPENED stream for https://h/?key=hush\n[HTTP/2] [1] [cookie: a=hush]\n",
        );
        trace.say(
            0,
            Voice::Engine,
            b"[HTTP/2] [1] [x-mine: hush-2]\n[HTTP/2] [1] [:path: /?sig=hush]\nuser hush-1\x07\n",
        );
        let text = trace.text().to_owned();
        assert!(!text.contains("hush"), "{text}");
        assert!(text.contains("[cookie: ***]") && text.contains("user ***\\u{7}"), "{text}");
    }

    #[test]
    fn it_is_bounded_and_says_so() {
        let mut trace = trace();
        trace.head(0, Voice::Received, &vec![b'x'; 10 * MOST_BYTES]);
        assert!(trace.unfinished[1].len() <= LONGEST_LINE);
        for _ in 0..MOST_BYTES {
            trace.say(0, Voice::Own, b"again");
        }
        let text = trace.text().to_owned();
        assert!(text.len() <= MOST_BYTES && text.len() > MOST_BYTES - 100, "{}", text.len());
        assert!(text.ends_with(CUT_OFF));
    }
}
