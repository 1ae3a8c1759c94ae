//! An engine around another one, which writes down what goes through it.

use super::recording::{self, Content, Exchange, Failure, Interim};
use super::{Engine, ExchangeId, ExchangeRequest, Progress};
use crate::error::{Error, quoted};
use crate::http::body::{Body, Source, Streamed};
use crate::http::headers::HeaderBlock;
use crate::http::metrics::ExchangeMetrics;
use crate::http::request::Request;
use crate::http::response::Head;
use crate::observe::redact::{Redactor, Secrets};
use crate::runtime::wake::Unpark;
use crate::status::{HS_ERR_FILE, row};
use std::cell::RefCell;
use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

/// What is written of one body.
pub(crate) const MOST_BODY_BYTES: usize = 1 << 20;

pub struct Recorder {
    inner: Rc<dyn Engine>,
    redactor: Arc<Redactor>,
    file: RefCell<File>,
    path: Box<Path>,
    /// Those that were not written yet.
    open: RefCell<HashMap<ExchangeId, Open>>,
    trailers: RefCell<HashMap<ExchangeId, HeaderBlock>>,
}

struct Open {
    exchange: Exchange,
    secrets: Secrets,
    sent: Arc<Mutex<Copied>>,
    received: Copied,
}

/// The beginning of a body.
#[derive(Default)]
struct Copied {
    bytes: Vec<u8>,
    all: u64,
}

impl Copied {
    fn add(&mut self, piece: &[u8]) {
        self.bytes.extend_from_slice(&piece[..piece.len().min(MOST_BODY_BYTES - self.bytes.len())]);
        self.all += piece.len() as u64;
    }

    fn content(&self) -> Option<Content> {
        (self.all > 0).then(|| Content::of(&self.bytes, self.all))
    }
}

fn copied(copy: &Mutex<Copied>) -> MutexGuard<'_, Copied> {
    copy.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The source of a body, copied while it is read.
struct Tapped {
    body: Arc<Streamed>,
    copy: Arc<Mutex<Copied>>,
}

impl Source for Tapped {
    fn is_starved(&self) -> bool {
        self.body.is_starved()
    }

    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<Result<usize, Error>> {
        let polled = self.body.poll_fill(cx, buffer);
        if let Poll::Ready(Ok(count)) = polled {
            copied(&self.copy).add(&buffer[..count]);
        }
        polled
    }

    fn can_rewind(&self) -> bool {
        Body::Streamed(self.body.clone()).is_replayable()
    }

    fn rewind(&mut self) -> Result<(), Error> {
        *copied(&self.copy) = Copied::default();
        self.body.rewind()
    }
}

impl Recorder {
    /// Begins a new recording at that path; one that is there is overwritten.
    pub fn new(inner: Rc<dyn Engine>, path: &Path, redactor: Arc<Redactor>) -> Result<Recorder, Error> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let begun = options.open(path).and_then(|mut file| {
            file.write_all(recording::first_line(&redactor).as_bytes())?;
            Ok(file)
        });
        let file = RefCell::new(begun.map_err(|error| unwritten(path, &error))?);
        Ok(Recorder {
            inner,
            redactor,
            file,
            path: path.into(),
            open: RefCell::default(),
            trailers: RefCell::default(),
        })
    }

    fn fields(&self, open: &Open, block: &HeaderBlock) -> Vec<(String, String)> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let fields = block.iter().map(|(name, value)| (text(name), text(value)));
        fields.map(|(name, value)| self.field(name, &value, &open.secrets)).collect()
    }

    fn field(&self, name: String, value: &str, secrets: &Secrets) -> (String, String) {
        let value = self.redactor.field(&name, value, secrets.has_name(&name));
        (name, value)
    }

    fn with(&self, id: ExchangeId, change: impl FnOnce(&mut Open)) {
        if let Some(open) = self.open.borrow_mut().get_mut(&id) {
            change(open);
        }
    }

    /// Writes an exchange that has come to an end, of one kind or another.
    fn write(&self, id: ExchangeId) -> Result<(), Error> {
        let Some(open) = self.open.borrow_mut().remove(&id) else { return Ok(()) };
        let mut exchange = open.exchange;
        exchange.request.body = copied(&open.sent).content();
        exchange.body = open.received.content();
        let line = recording::line(&exchange);
        self.file.borrow_mut().write_all(line.as_bytes()).map_err(|error| unwritten(&self.path, &error))
    }

    fn failed(&self, id: ExchangeId, error: &Error) {
        let message = self.redactor.text(&error.to_string()).into_owned();
        let status = row(error.status()).map_or("", |row| row.name).to_owned();
        self.with(id, |open| {
            open.exchange.failure = Some(Failure { status, message: open.secrets.scrub(message.into()).into_owned() });
        });
        // The call fails already.
        let _ = self.write(id);
    }
}

fn unwritten(path: &Path, error: &io::Error) -> Error {
    let path = quoted(path.as_os_str().as_encoded_bytes());
    Error::new(HS_ERR_FILE, format!("the recording {path} cannot be written: {error}")).with_os_error(error)
}

/// The same request, its streamed body copied while it is sent.
fn tapped(request: &Rc<Request>, copy: &Arc<Mutex<Copied>>) -> Rc<Request> {
    match &request.body {
        Body::Bytes(bytes) => {
            copied(copy).add(bytes);
            request.clone()
        }
        Body::Streamed(body) => {
            let source = Tapped { body: body.clone(), copy: copy.clone() };
            let body = Body::streamed(Box::new(source), body.length());
            Rc::new(Request { body, ..(**request).clone() })
        }
    }
}

impl Engine for Recorder {
    fn start(&self, mut request: ExchangeRequest) -> Result<ExchangeId, Error> {
        let (asked, sent) = (request.request.clone(), Arc::new(Mutex::new(Copied::default())));
        let secrets = Secrets::of(&asked.headers);
        let fields = asked.headers.iter().map(|header| {
            let value = String::from_utf8_lossy(&header.value);
            (header.name.clone(), self.redactor.field(&header.name, &value, header.sensitive))
        });
        let exchange = Exchange::begun(
            asked.method.as_str().to_owned(),
            self.redactor.known_url(asked.url.as_str()),
            fields.collect(),
        );
        request.request = tapped(&asked, &sent);
        let id = self.inner.start(request)?;
        let open = Open { exchange, secrets, sent, received: Copied::default() };
        self.open.borrow_mut().insert(id, open);
        Ok(id)
    }

    fn poll_head(&self, id: ExchangeId, cx: &mut Context<'_>) -> Poll<Result<Head, Error>> {
        let polled = self.inner.poll_head(id, cx);
        match &polled {
            Poll::Ready(Ok(head)) => self.with(id, |open| {
                let interim = head.interim.iter();
                let interim = interim
                    .map(|one| Interim { status: one.status, headers: self.fields(open, &one.headers) })
                    .collect();
                let headers = self.fields(open, &head.headers);
                open.exchange.answered(head.status, head.version, interim, headers);
            }),
            Poll::Ready(Err(error)) => self.failed(id, error),
            Poll::Pending => {}
        }
        polled
    }

    fn poll_body(&self, id: ExchangeId, cx: &mut Context<'_>) -> Poll<Result<Option<Vec<u8>>, Error>> {
        let polled = self.inner.poll_body(id, cx);
        match &polled {
            Poll::Ready(Ok(Some(piece))) => self.with(id, |open| open.received.add(piece)),
            Poll::Ready(Ok(None)) => {
                let trailers = self.inner.trailers(id);
                self.with(id, |open| {
                    open.exchange.trailers = self.fields(open, &trailers);
                    open.exchange.complete = true;
                });
                self.trailers.borrow_mut().insert(id, trailers);
                if let Err(error) = self.write(id) {
                    return Poll::Ready(Err(error));
                }
            }
            Poll::Ready(Err(error)) => self.failed(id, error),
            Poll::Pending => {}
        }
        polled
    }

    fn progress(&self, id: ExchangeId) -> Progress {
        self.inner.progress(id)
    }

    fn metrics(&self, id: ExchangeId) -> ExchangeMetrics {
        self.inner.metrics(id)
    }

    fn trailers(&self, id: ExchangeId) -> HeaderBlock {
        self.trailers.borrow_mut().remove(&id).unwrap_or_else(|| self.inner.trailers(id))
    }

    fn release(&self, id: ExchangeId) {
        // Whoever left it does not wait for this.
        let _ = self.write(id);
        self.trailers.borrow_mut().remove(&id);
        self.inner.release(id);
    }

    fn wait(&self, timeout: Option<Duration>) {
        self.inner.wait(timeout);
    }

    fn advance(&self) {
        self.inner.advance();
    }

    #[cfg(test)]
    fn running(&self) -> usize {
        self.inner.running()
    }

    fn close_idle(&self) -> Result<(), Error> {
        self.inner.close_idle()
    }

    fn unparker(&self) -> Arc<dyn Unpark> {
        self.inner.unparker()
    }
}
