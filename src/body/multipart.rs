//! `multipart/form-data` (RFC 7578): a form is put together once, checked, and sent any number of times. It is streamed:
//! nothing is held in memory but what the caller gave.

use crate::error::{Error, quoted};
use crate::http::body::{Body, Source};
use crate::http::headers::Header;
use crate::status::{HS_ERR_FILE, HS_ERR_INTERNAL, HS_ERR_INVALID_ARGUMENT, HS_PHASE_SEND};
use bytes::Bytes;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::task::{Context, Poll};

/// Makes the source of a part anew for each time that the form is sent.
pub type OpenSource = dyn Fn() -> Box<dyn Source> + Send + Sync;

pub enum Content {
    Bytes(Bytes),
    /// Opened when its turn comes.
    File(PathBuf),
    Streamed {
        open: Arc<OpenSource>,
        length: Option<u64>,
    },
}

/// One field or file of a form.
pub struct Part {
    /// Everything from the boundary to the content.
    head: Vec<u8>,
    content: Content,
}

pub struct Form {
    boundary: String,
    parts: Vec<Arc<Part>>,
}

const MOST_PARTS: usize = 10_000;
const LONGEST_BOUNDARY: usize = 70;

impl Form {
    /// A form with that boundary (RFC 2046, section 5.1.1), or one that nobody can guess.
    pub fn new(boundary: &[u8]) -> Result<Form, Error> {
        let boundary = if boundary.is_empty() { random_boundary()? } else { checked_boundary(boundary)? };
        Ok(Form { boundary, parts: Vec::new() })
    }

    pub fn add(&mut self, part: Part) -> Result<(), Error> {
        if self.parts.len() >= MOST_PARTS {
            return Err(Error::new(HS_ERR_INVALID_ARGUMENT, format!("a form has at most {MOST_PARTS} parts")));
        }
        self.parts.push(Arc::new(part));
        Ok(())
    }

    pub fn content_type(&self) -> Header {
        let value = format!("multipart/form-data; boundary=\"{}\"", self.boundary).into_bytes();
        Header { name: "Content-Type".into(), value, sensitive: false }
    }

    /// The form as it is now, ready to be sent. Files must be there.
    pub fn body(&self) -> Result<Body, Error> {
        let mut length = Some(self.closing().len() as u64);
        for (index, part) in self.parts.iter().enumerate() {
            let framing = self.delimiter(index).len() + part.head.len();
            let content = part.length()?;
            length = length.zip(content).map(|(sum, content)| sum + framing as u64 + content);
        }
        let form = Form { boundary: self.boundary.clone(), parts: self.parts.clone() };
        Ok(Body::streamed(Box::new(Reader::new(form)), length))
    }

    fn delimiter(&self, index: usize) -> String {
        let line_end = if index == 0 { "" } else { "\r\n" };
        format!("{line_end}--{}\r\n", self.boundary)
    }

    fn closing(&self) -> String {
        let line_end = if self.parts.is_empty() { "" } else { "\r\n" };
        format!("{line_end}--{}--\r\n", self.boundary)
    }
}

fn random_boundary() -> Result<String, Error> {
    let mut random = [0; 18];
    getrandom::fill(&mut random)
        .map_err(|error| Error::new(HS_ERR_INTERNAL, format!("no random numbers for a boundary: {error}")))?;
    Ok(random.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn checked_boundary(boundary: &[u8]) -> Result<String, Error> {
    let fine = |byte: &u8| byte.is_ascii_alphanumeric() || b"'()+_,-./:=?".contains(byte);
    if boundary.len() > LONGEST_BOUNDARY || !boundary.iter().all(fine) {
        let message = format!(
            "boundary {} is not one: at most {LONGEST_BOUNDARY} letters, digits and '()+_,-./:=? (RFC 2046, section 5.1.1)",
            quoted(boundary)
        );
        return Err(Error::new(HS_ERR_INVALID_ARGUMENT, message));
    }
    Ok(String::from_utf8_lossy(boundary).into_owned())
}

impl Part {
    /// A part with its checked head. Names are escaped as browsers do it (WHATWG HTML, multipart/form-data).
    pub fn new(name: &[u8], file_name: Option<&[u8]>, content_type: &[u8], content: Content) -> Result<Part, Error> {
        if name.is_empty() {
            return Err(Error::new(HS_ERR_INVALID_ARGUMENT, "the name of a form's part is empty"));
        }
        let mut head = b"Content-Disposition: form-data; name=".to_vec();
        push_quoted(&mut head, name, "name")?;
        if let Some(file_name) = file_name {
            head.extend_from_slice(b"; filename=");
            push_quoted(&mut head, file_name, "filename")?;
        }
        let content_type = match (content_type, file_name) {
            (b"", None) => None,
            (b"", Some(_)) => Some(b"application/octet-stream".to_vec()),
            (given, _) => Some(Header::parse(b"Content-Type", given, false)?.value),
        };
        if let Some(content_type) = content_type {
            head.extend_from_slice(b"\r\nContent-Type: ");
            head.extend_from_slice(&content_type);
        }
        head.extend_from_slice(b"\r\n\r\n");
        Ok(Part { head, content })
    }

    fn length(&self) -> Result<Option<u64>, Error> {
        match &self.content {
            Content::Bytes(bytes) => Ok(Some(bytes.len() as u64)),
            Content::File(path) => {
                let facts = std::fs::metadata(path).map_err(|error| unreadable(path, &error))?;
                if facts.is_dir() {
                    return Err(unreadable(path, &std::io::Error::from(std::io::ErrorKind::IsADirectory)));
                }
                Ok(facts.is_file().then_some(facts.len()))
            }
            Content::Streamed { length, .. } => Ok(*length),
        }
    }
}

fn push_quoted(head: &mut Vec<u8>, text: &[u8], what: &str) -> Result<(), Error> {
    head.push(b'"');
    for &byte in text {
        match byte {
            0 => {
                let message = format!("{what} {} of a form's part has a NUL", quoted(text));
                return Err(Error::new(HS_ERR_INVALID_ARGUMENT, message));
            }
            b'"' => head.extend_from_slice(b"%22"),
            b'\r' => head.extend_from_slice(b"%0D"),
            b'\n' => head.extend_from_slice(b"%0A"),
            _ => head.push(byte),
        }
    }
    head.push(b'"');
    Ok(())
}

fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    let path = quoted(path.as_os_str().as_encoded_bytes());
    let mut error = Error::new(HS_ERR_FILE, format!("the file {path} cannot be read: {error}"));
    error.details_mut().phase = HS_PHASE_SEND;
    error
}

/// What is being sent of a form.
struct Reader {
    form: Form,
    /// The part that is next, or being sent.
    part: usize,
    /// Framing that goes out before anything else.
    framing: Vec<u8>,
    framed: usize,
    content: Option<Open>,
    closed: bool,
}

enum Open {
    Bytes(Bytes),
    File(PathBuf, File),
    Source(Box<dyn Source>),
}

impl Reader {
    fn new(form: Form) -> Reader {
        Reader { form, part: 0, framing: Vec::new(), framed: 0, content: None, closed: false }
    }

    /// Goes on to the next part, or to the closing line; false when that is out as well.
    fn next(&mut self) -> Result<bool, Error> {
        self.framed = 0;
        let Some(part) = self.form.parts.get(self.part) else {
            self.framing = if self.closed { Vec::new() } else { self.form.closing().into_bytes() };
            return Ok(!std::mem::replace(&mut self.closed, true));
        };
        self.framing = self.form.delimiter(self.part).into_bytes();
        self.framing.extend_from_slice(&part.head);
        self.content = Some(match &part.content {
            Content::Bytes(bytes) => Open::Bytes(bytes.clone()),
            Content::File(path) => {
                Open::File(path.clone(), File::open(path).map_err(|error| unreadable(path, &error))?)
            }
            Content::Streamed { open, .. } => Open::Source(open()),
        });
        self.part += 1;
        Ok(true)
    }
}

impl Source for Reader {
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<Result<usize, Error>> {
        loop {
            if self.framed < self.framing.len() {
                let count = buffer.len().min(self.framing.len() - self.framed);
                buffer[..count].copy_from_slice(&self.framing[self.framed..self.framed + count]);
                self.framed += count;
                return Poll::Ready(Ok(count));
            }
            let count = match &mut self.content {
                None => 0,
                Some(Open::Bytes(bytes)) => {
                    let piece = bytes.split_to(buffer.len().min(bytes.len()));
                    buffer[..piece.len()].copy_from_slice(&piece);
                    piece.len()
                }
                Some(Open::File(path, file)) => file.read(buffer).map_err(|error| unreadable(path, &error))?,
                Some(Open::Source(source)) => match source.poll_read(cx, buffer) {
                    Poll::Ready(count) => count?,
                    Poll::Pending => return Poll::Pending,
                },
            };
            if count > 0 {
                return Poll::Ready(Ok(count));
            }
            self.content = None;
            if !self.next()? {
                return Poll::Ready(Ok(0));
            }
        }
    }

    /// Sources are opened anew; one that cannot begin again says so then.
    fn can_rewind(&self) -> bool {
        self.form.parts.iter().all(|part| match &part.content {
            Content::Streamed { open, .. } => open().can_rewind(),
            _ => true,
        })
    }

    fn rewind(&mut self) -> Result<(), Error> {
        for part in &self.form.parts {
            if let Content::Streamed { open, .. } = &part.content {
                open().rewind()?;
            }
        }
        let form = Form { boundary: self.form.boundary.clone(), parts: std::mem::take(&mut self.form.parts) };
        *self = Reader::new(form);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
