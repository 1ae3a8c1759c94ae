//! Where results go, in the order in which they come or in that of the manifest.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};

pub struct Output<W: Write> {
    sink: BufWriter<W>,
    /// Of an ordered output: what has ended after something that has not. `None` has no line.
    early: Option<BTreeMap<u64, Option<Vec<u8>>>>,
    next: u64,
    broken: bool,
}

impl<W: Write> Output<W> {
    pub fn new(sink: W, ordered: bool) -> Self {
        let early = ordered.then(BTreeMap::new);
        Output { sink: BufWriter::with_capacity(1 << 16, sink), early, next: 0, broken: false }
    }

    /// Takes the line of a place, if it has one; says how many places are done with now. Places count from 0. After a
    /// failure, which is told once, lines are dropped.
    pub fn put(&mut self, place: u64, line: Option<Vec<u8>>) -> (u32, io::Result<()>) {
        let Some(early) = &mut self.early else { return (1, line.map_or(Ok(()), |line| self.write(&line))) };
        early.insert(place, line);
        let (mut ready, mut result) = (0, Ok(()));
        while let Some(line) = self.early.as_mut().and_then(|early| early.remove(&self.next)) {
            self.next += 1;
            ready += 1;
            if let Some(line) = line {
                result = result.and(self.write(&line));
            }
        }
        (ready, result)
    }

    fn write(&mut self, line: &[u8]) -> io::Result<()> {
        let result = if self.broken { Ok(()) } else { self.sink.write_all(line) };
        self.broken |= result.is_err();
        result
    }

    pub fn flush(&mut self) -> io::Result<()> {
        let result = if self.broken { Ok(()) } else { self.sink.flush() };
        self.broken |= result.is_err();
        result
    }
}

impl Output<File> {
    /// The last of it, and where it is a file, until the system says that it has it.
    pub fn close(&mut self) -> io::Result<()> {
        self.flush()?;
        let file = self.sink.get_ref();
        if !self.broken && file.metadata()?.is_file() { file.sync_all() } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(output: &Output<Vec<u8>>) -> String {
        String::from_utf8(output.sink.get_ref().clone()).unwrap()
    }

    fn put(output: &mut Output<Vec<u8>>, place: u64, line: Option<&str>) -> u32 {
        let (ready, result) = output.put(place, line.map(|line| line.as_bytes().to_vec()));
        result.unwrap();
        output.flush().unwrap();
        ready
    }

    #[test]
    fn as_they_come() {
        let mut output = Output::new(Vec::new(), false);
        let ready = [(2, Some("c")), (0, None), (1, Some("b"))].map(|(place, line)| put(&mut output, place, line));
        assert_eq!((ready, text(&output).as_str()), ([1, 1, 1], "cb"));
    }

    #[test]
    fn in_order() {
        let mut output = Output::new(Vec::new(), true);
        let places = [(2, Some("c")), (1, None), (0, Some("a")), (4, Some("e")), (3, Some("d"))];
        let ready = places.map(|(place, line)| put(&mut output, place, line));
        assert_eq!((ready, text(&output).as_str()), ([0, 0, 3, 0, 2], "acde"));
        assert!(output.early.unwrap().is_empty());
    }

    #[test]
    fn a_failure_is_told_once_and_places_go_on() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::StorageFull.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut output = Output::new(Full, true);
        assert_eq!(output.put(1, Some(vec![b'x'; 1 << 20])).0, 0);
        let (ready, result) = output.put(0, Some(vec![b'x'; 1 << 20]));
        assert_eq!((ready, result.unwrap_err().kind()), (2, io::ErrorKind::StorageFull));
        output.flush().unwrap();
        let (ready, result) = output.put(2, Some(b"x".to_vec()));
        assert_eq!((ready, result.is_ok()), (1, true));
    }
}
