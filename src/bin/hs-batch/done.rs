//! The output file, and what it has already.

use crate::abi;
use crate::lines::{Line, Lines};
use crate::manifest::Id;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{BufReader, ErrorKind, Seek, SeekFrom};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

/// Which lines have a result, or had their turn: 16 bytes of a digest for each. A shorter one, or one that is faster to
/// make, could be met by a manifest that was made to be passed over.
#[derive(Default)]
pub struct Done {
    /// In the file, and not met yet.
    before: HashSet<u128>,
    /// Met in the manifest.
    met: HashSet<u128>,
}

#[derive(Debug, PartialEq)]
pub enum Meeting {
    First,
    /// Its result is in the file.
    Before,
    /// An earlier line of the manifest was called the same.
    Again,
}

impl Done {
    pub fn meet_id(&mut self, id: &Id) -> Meeting {
        self.meet(digest(&id.meaning))
    }

    /// A line that has no id; what would be an id is written in another way.
    pub fn meet_line(&mut self, number: u64) -> Meeting {
        self.meet(digest(&line_meaning(number)))
    }

    fn meet(&mut self, digest: u128) -> Meeting {
        match (self.before.remove(&digest), self.met.insert(digest)) {
            (_, false) => Meeting::Again,
            (true, true) => Meeting::Before,
            (false, true) => Meeting::First,
        }
    }
}

fn line_meaning(number: u64) -> String {
    format!("l{number}")
}

fn digest(meaning: &str) -> u128 {
    let digest = Sha256::digest(meaning.as_bytes());
    u128::from_le_bytes(digest[..16].try_into().expect("16 of 32 bytes"))
}

/// A file that must not be there yet; what is no file (a pipe, a terminal, /dev/null) is simply written to.
pub fn create(path: &Path) -> Result<File, String> {
    let special = std::fs::metadata(path).is_ok_and(|found| {
        let kind = found.file_type();
        kind.is_char_device() || kind.is_fifo()
    });
    let opened = OpenOptions::new().write(true).create_new(!special).open(path);
    let file = opened.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => format!("{} is there already: choose another, or --resume", path.display()),
        _ => format!("{}: {error}", path.display()),
    })?;
    locked(path, file)
}

/// A file to go on with, ready to be added to. A last line that was not written to its end is cut off.
pub fn resume(path: &Path) -> Result<(File, Done), String> {
    let failed = |error: std::io::Error| format!("{}: {error}", path.display());
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map_err(failed)?;
    if !file.metadata().map_err(failed)?.is_file() {
        return Err(format!("{} is no file: it cannot be resumed", path.display()));
    }
    let mut file = locked(path, file)?;
    let mut done = Done::default();
    let mut lines = Lines::new(BufReader::with_capacity(1 << 20, &file), u64::MAX);
    let mut whole_until = 0;
    loop {
        let number = lines.number + 1;
        match lines.next().map_err(failed)? {
            None => break,
            Some(Line::Text { whole: false, text }) if whole_until > 0 || may_be_torn(text) => break,
            Some(line) => {
                let meaning = match line {
                    Line::Text { whole: true, text } => whose(text),
                    _ => None,
                };
                let meaning = meaning.ok_or_else(|| {
                    format!("{}, line {number}: no result of hs-batch; the file is left as it is", path.display())
                })?;
                done.before.insert(digest(&meaning));
            }
        }
        whole_until = lines.position;
    }
    file.set_len(whole_until).map_err(failed)?;
    file.seek(SeekFrom::Start(whole_until)).map_err(failed)?;
    Ok((file, done))
}

fn locked(path: &Path, file: File) -> Result<File, String> {
    if abi::lock(&file) { Ok(file) } else { Err(format!("{}: another process is writing it", path.display())) }
}

#[derive(Deserialize)]
struct Written<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    line: Option<u64>,
    #[serde(rename = "latency_ms")]
    _latency_ms: IgnoredAny,
}

fn whose(line: &[u8]) -> Option<String> {
    let written: Written = serde_json::from_slice(line).ok()?;
    match (written.id, written.line) {
        (Some(id), _) => Some(Id::parse(id).ok()?.meaning),
        (None, Some(number)) => Some(line_meaning(number)),
        (None, None) => None,
    }
}

/// Whether a result could begin like that. Where no whole one is before it, it may be all there is of somebody's file.
fn may_be_torn(text: &[u8]) -> bool {
    const BEGINS: &[u8] = b"{\"id\":";
    let begins = &text[..text.len().min(BEGINS.len())];
    let is_whole = serde_json::from_slice::<IgnoredAny>(text).is_ok();
    BEGINS.starts_with(begins) && (!is_whole || whose(text).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn id(text: &str) -> Id {
        Id::parse(&RawValue::from_string(text.into()).unwrap()).unwrap()
    }

    fn written(text: &[u8]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text).unwrap();
        file
    }

    const TWO: &str = "{\"id\":\"a\",\"latency_ms\":1.0,\"body\":\"}{\"}\n{\"id\":null,\"line\":4,\"latency_ms\":0}\n";

    #[test]
    fn what_was_written_is_met_before_and_then_again() {
        let file = written(TWO.as_bytes());
        let (_, mut done) = resume(file.path()).unwrap();
        assert_eq!(done.meet_id(&id(r#""\u0061""#)), Meeting::Before);
        assert_eq!(done.meet_id(&id(r#""a""#)), Meeting::Again);
        assert_eq!(done.meet_line(4), Meeting::Before);
        for other in ["4", "\"4\"", "\"l4\"", "\"n4\""] {
            assert_eq!(done.meet_id(&id(other)), Meeting::First, "{other}");
            assert_eq!(done.meet_id(&id(other)), Meeting::Again, "{other}");
        }
    }

    #[test]
    fn a_torn_line_is_cut_off_wherever_it_was_torn() {
        for at in 0..=TWO.len() {
            let file = written(&TWO.as_bytes()[..at]);
            let (mut open, mut done) = resume(file.path()).unwrap();
            open.write_all(b"more\n").unwrap();
            let whole = TWO[..at].rfind('\n').map_or(0, |end| end + 1);
            assert_eq!(std::fs::read_to_string(file.path()).unwrap(), format!("{}more\n", &TWO[..whole]), "{at}");
            let expected = if whole > 0 { Meeting::Before } else { Meeting::First };
            assert_eq!(done.meet_id(&id("\"a\"")), expected, "{at}");
        }
    }

    #[test]
    fn another_file_is_left_alone() {
        for text in [
            "not mine\n",
            "{}\n",
            "{\"id\":1}\n",
            "\n",
            "{\"id\":[],\"latency_ms\":1}\n",
            "{\"id\":null,\"latency_ms\":1}\n",
        ] {
            let text = format!("{TWO}{text}torn");
            let file = written(text.as_bytes());
            let Err(why) = resume(file.path()) else { panic!("{text}") };
            assert!(why.contains("line 3: no result"), "{why}");
            assert_eq!(std::fs::read_to_string(file.path()).unwrap(), text);
        }
    }

    #[test]
    fn another_file_without_a_line_feed_is_left_alone() {
        for text in ["not mine", "{\"id\":1,\"url\":\"http://a.test/\"}", "{\"url\":", "\0\0\0", "{}", " {\"id\":"] {
            let file = written(text.as_bytes());
            let Err(why) = resume(file.path()) else { panic!("{text}") };
            assert!(why.contains("line 1: no result"), "{why}");
            assert_eq!(std::fs::read_to_string(file.path()).unwrap(), text);
        }
    }

    #[test]
    fn one_process_at_a_time() {
        let file = written(TWO.as_bytes());
        let (first, _) = resume(file.path()).unwrap();
        assert!(resume(file.path()).err().unwrap().contains("another process"));
        drop(first);
        resume(file.path()).unwrap();
    }

    #[test]
    fn a_file_that_exists_is_refused() {
        let file = written(b"");
        assert!(create(file.path()).unwrap_err().contains("--resume"));
        create(Path::new("/dev/null")).unwrap();
        assert!(resume(Path::new("/dev/null")).err().unwrap().contains("no file"));
    }
}
