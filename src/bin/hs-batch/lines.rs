//! Lines of a file, in bounded memory.

use std::io::{self, BufRead, ErrorKind};

/// A buffer that one long line has made larger than this is given back.
const KEPT: usize = 1 << 20;

#[derive(Debug, PartialEq)]
pub enum Line<'a> {
    /// Without its line feed; `whole` is false of the last one where that has none.
    Text { text: &'a [u8], whole: bool },
    /// Skipped, since it has more bytes than are allowed.
    TooLong { bytes: u64 },
}

pub struct Lines<R> {
    source: R,
    longest: u64,
    line: Vec<u8>,
    /// The number of the line that was read last, from 1.
    pub number: u64,
    /// How many bytes of the source are behind it.
    pub position: u64,
}

impl<R: BufRead> Lines<R> {
    pub fn new(source: R, longest: u64) -> Self {
        Lines { source, longest, line: Vec::new(), number: 0, position: 0 }
    }

    pub fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        self.line.clear();
        self.line.shrink_to(KEPT);
        let (mut length, mut whole) = (0, false);
        while !whole {
            let piece = match self.source.fill_buf() {
                Ok(piece) => piece,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if piece.is_empty() {
                break;
            }
            let end = piece.iter().position(|&byte| byte == b'\n');
            let text = &piece[..end.unwrap_or(piece.len())];
            length += text.len() as u64;
            if length <= self.longest {
                self.line.extend_from_slice(text);
            }
            whole = end.is_some();
            let used = text.len() + usize::from(whole);
            self.source.consume(used);
            self.position += used as u64;
        }
        if length == 0 && !whole {
            return Ok(None);
        }
        self.number += 1;
        Ok(Some(match length <= self.longest {
            true => Line::Text { text: &self.line, whole },
            false => Line::TooLong { bytes: length },
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::BufReader;

    fn read(text: &[u8], longest: u64, buffer: usize) -> Vec<String> {
        let mut lines = Lines::new(BufReader::with_capacity(buffer, text), longest);
        let mut found = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            found.push(match line {
                Line::Text { text, whole } => format!("{}{}", text.escape_ascii(), if whole { "" } else { "…" }),
                Line::TooLong { bytes } => format!("<{bytes}>"),
            });
        }
        assert_eq!((lines.number, lines.position), (found.len() as u64, text.len() as u64));
        found
    }

    #[test]
    fn lines_are_the_same_whatever_the_buffer() {
        let text = b"one\n\ntwo\r\n0123456789\n01234567890\n\xff\0\nlast";
        let wanted = ["one", "", "two\\r", "0123456789", "<11>", "\\xff\\x00", "last…"];
        for buffer in [1, 2, 3, 5, 8, 100] {
            assert_eq!(read(text, 10, buffer), wanted, "{buffer}");
        }
    }

    #[test]
    fn ends() {
        assert_eq!(read(b"", 10, 4), Vec::<String>::new());
        assert_eq!(read(b"\n", 10, 4), [""]);
        assert_eq!(read(b"a\n", 10, 4), ["a"]);
        assert_eq!(read(b"a", 10, 4), ["a…"]);
        assert_eq!(read(b"too long", 2, 3), ["<8>"]);
    }

    #[test]
    fn a_long_line_does_not_keep_its_memory() {
        let text = [vec![b'x'; 4 * KEPT], b"\nshort\n".to_vec()].concat();
        let mut lines = Lines::new(&text[..], 1 << 30);
        lines.next().unwrap();
        assert!(lines.line.capacity() >= 4 * KEPT);
        lines.next().unwrap();
        assert!(lines.line.capacity() <= KEPT);
    }
}
