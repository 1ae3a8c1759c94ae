//! The body of a request: bytes that are there, or a source that they are read from while they are sent.

use crate::error::Error;
use crate::status::{HS_ERR_INVALID_BODY, HS_ERR_NOT_REPLAYABLE};
use bytes::Bytes;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Called once each time that somebody left word, on whichever thread finds what he waits for, and without a lock.
pub type Notifier = Arc<dyn Fn() + Send + Sync>;

/// Where a streamed body comes from.
pub trait Source: Send {
    /// Fills the buffer from its start; 0 at the end of the body. What is not there yet is told to the waker when it is.
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<Result<usize, Error>>;
    /// Whether `rewind` is worth a try.
    fn can_rewind(&self) -> bool;
    /// Begins again with the first byte.
    fn rewind(&mut self) -> Result<(), Error>;
    /// A request begins that reads it.
    fn claim(&mut self) -> Result<(), Error> {
        Ok(())
    }
    /// Whether it is waited for, and not the server.
    fn is_starved(&self) -> bool {
        false
    }
    /// Whom to tell when there is room again for a writer who left word. Comes back where that is so already.
    fn set_notifier(&mut self, _: Notifier) -> Option<Notifier> {
        None
    }
    /// Nothing more will be read.
    fn leave(&mut self) {}
}

#[derive(Clone, Debug)]
pub enum Body {
    Bytes(Bytes),
    Streamed(Arc<Streamed>),
}

pub struct Streamed {
    /// Absent while it is in use: whoever uses it may call the caller's code, and then holds no lock.
    source: Mutex<Option<Box<dyn Source>>>,
    length: Option<u64>,
    read: AtomicU64,
    ended: AtomicBool,
    /// Who waits for the end.
    watcher: Mutex<Option<Waker>>,
}

impl fmt::Debug for Streamed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Streamed").field("length", &self.length).field("read", &self.read).finish_non_exhaustive()
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Body {
        Body::Bytes(bytes)
    }
}

impl Body {
    pub fn empty() -> Body {
        Body::Bytes(Bytes::new())
    }

    /// A body of that length, or of one that only its end will tell.
    pub fn streamed(source: Box<dyn Source>, length: Option<u64>) -> Body {
        let (read, ended) = (AtomicU64::new(0), AtomicBool::new(length == Some(0)));
        let (source, watcher) = (Mutex::new(Some(source)), Mutex::default());
        Body::Streamed(Arc::new(Streamed { source, length, read, ended, watcher }))
    }

    /// How long it is, where that is known before it is sent.
    pub fn length(&self) -> Option<u64> {
        match self {
            Body::Bytes(bytes) => Some(bytes.len() as u64),
            Body::Streamed(streamed) => streamed.length,
        }
    }

    pub fn is_empty(&self) -> bool {
        matches!(self, Body::Bytes(bytes) if bytes.is_empty())
    }

    /// Whether it can be sent once more.
    pub fn is_replayable(&self) -> bool {
        match self {
            Body::Bytes(_) => true,
            Body::Streamed(streamed) => {
                streamed.is_fresh() || streamed.with(|source| Ok(source.can_rewind())).unwrap_or(false)
            }
        }
    }

    /// Takes the source for the request that this is the body of. Without that a source serves nobody.
    pub fn claim(&self) -> Result<(), Error> {
        match self {
            Body::Bytes(_) => Ok(()),
            Body::Streamed(streamed) => streamed.with(|source| source.claim()),
        }
    }

    /// Whom its writers' words go to. Comes back where there was one that is to be given now.
    pub fn set_notifier(&self, notifier: impl FnOnce() -> Notifier) -> Option<Notifier> {
        match self {
            Body::Bytes(_) => None,
            Body::Streamed(streamed) => streamed.with(|source| Ok(source.set_notifier(notifier()))).ok().flatten(),
        }
    }

    /// An exchange with it is over: unless it can begin again, it is read no more.
    pub fn leave(&self) {
        if let Body::Streamed(streamed) = self
            && !self.is_replayable()
        {
            // It fails for a source that is in use, and that is not left.
            let _ = streamed.with(|source| {
                source.leave();
                Ok(())
            });
        }
    }

    /// Makes it ready to be sent from its start.
    pub fn rewind(&self) -> Result<(), Error> {
        match self {
            Body::Bytes(_) => Ok(()),
            Body::Streamed(streamed) => streamed.rewind(),
        }
    }
}

impl Streamed {
    fn with<T>(&self, then: impl FnOnce(&mut dyn Source) -> Result<T, Error>) -> Result<T, Error> {
        let place = || self.source.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = place().take();
        let Some(mut source) = taken else { return Err(Error::new(HS_ERR_INVALID_BODY, "the body is in use already")) };
        let result = then(&mut *source);
        *place() = Some(source);
        result
    }

    /// Bytes for the wire; 0 at the end. An announced length is kept to the byte.
    pub fn poll_fill(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<Result<usize, Error>> {
        let room = match self.length {
            Some(length) => buffer.len().min(usize::try_from(length - self.progress().0).unwrap_or(usize::MAX)),
            None => buffer.len(),
        };
        if room == 0 || self.progress().1 {
            self.has_ended();
            return Poll::Ready(Ok(0));
        }
        let count = match self.with(|source| Ok(source.poll_read(cx, &mut buffer[..room])))? {
            Poll::Ready(count) => count?,
            Poll::Pending => return Poll::Pending,
        };
        if let (0, Some(length)) = (count, self.length) {
            let message = format!("the body ended after {} of {length} bytes", self.progress().0);
            return Poll::Ready(Err(Error::new(HS_ERR_INVALID_BODY, message)));
        }
        let read = self.progress().0 + count as u64;
        self.read.store(read, Ordering::Relaxed);
        if count == 0 || self.length == Some(read) {
            self.has_ended();
        }
        Poll::Ready(Ok(count))
    }

    /// For sources that have everything at once.
    #[cfg(test)]
    pub fn fill(&self, buffer: &mut [u8]) -> Result<usize, Error> {
        match self.poll_fill(&mut Context::from_waker(Waker::noop()), buffer) {
            Poll::Ready(filled) => filled,
            Poll::Pending => panic!("the source has nothing yet"),
        }
    }

    fn has_ended(&self) {
        self.ended.store(true, Ordering::Relaxed);
        if let Some(watcher) = self.watcher().take() {
            watcher.wake();
        }
    }

    fn watcher(&self) -> MutexGuard<'_, Option<Waker>> {
        self.watcher.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn is_starved(&self) -> bool {
        self.with(|source| Ok(source.is_starved())).unwrap_or(false)
    }

    /// Ready when all was read.
    pub fn poll_end(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.progress().1 {
            return Poll::Ready(());
        }
        *self.watcher() = Some(cx.waker().clone());
        Poll::Pending
    }

    pub fn rewind(&self) -> Result<(), Error> {
        if self.is_fresh() {
            return Ok(());
        }
        self.with(|source| {
            if !source.can_rewind() {
                let message = "the body would have to be sent again, and its source cannot be rewound";
                return Err(Error::new(HS_ERR_NOT_REPLAYABLE, message));
            }
            source.rewind()
        })?;
        self.read.store(0, Ordering::Relaxed);
        self.ended.store(self.length == Some(0), Ordering::Relaxed);
        Ok(())
    }

    pub fn length(&self) -> Option<u64> {
        self.length
    }

    /// How much was read, and whether that is all.
    pub fn progress(&self) -> (u64, bool) {
        (self.read.load(Ordering::Relaxed), self.ended.load(Ordering::Relaxed))
    }

    fn is_fresh(&self) -> bool {
        let (read, ended) = self.progress();
        read == 0 && (!ended || self.length == Some(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Cursor, Read};

    struct Text(Cursor<&'static [u8]>, bool);

    impl Source for Text {
        fn poll_read(&mut self, _: &mut Context<'_>, buffer: &mut [u8]) -> Poll<Result<usize, Error>> {
            Poll::Ready(Ok(self.0.read(buffer).unwrap()))
        }
        fn can_rewind(&self) -> bool {
            self.1
        }
        fn rewind(&mut self) -> Result<(), Error> {
            self.0.set_position(0);
            Ok(())
        }
    }

    fn body(text: &'static str, rewinds: bool, length: Option<u64>) -> (Body, Arc<Streamed>) {
        let body = Body::streamed(Box::new(Text(Cursor::new(text.as_bytes()), rewinds)), length);
        let Body::Streamed(streamed) = &body else { unreachable!() };
        (body.clone(), streamed.clone())
    }

    #[test]
    fn an_announced_length_is_kept_to_the_byte() {
        let mut buffer = [0; 8];
        let (_, longer) = body("abcdef", false, Some(4));
        assert_eq!((longer.fill(&mut buffer).unwrap(), &buffer[..4]), (4, &b"abcd"[..]));
        assert_eq!((longer.progress(), longer.fill(&mut buffer).unwrap()), ((4, true), 0));

        let (_, shorter) = body("abc", false, Some(4));
        assert_eq!(shorter.fill(&mut buffer).unwrap(), 3);
        let error = shorter.fill(&mut buffer).unwrap_err();
        assert_eq!(error.status(), HS_ERR_INVALID_BODY);
        assert!(error.to_string().contains("3 of 4"), "{error}");
    }

    #[test]
    fn what_was_read_is_sent_again_only_from_a_source_that_rewinds() {
        let mut buffer = [0; 8];
        for rewinds in [false, true] {
            let (body, streamed) = body("abc", rewinds, None);
            assert!(body.is_replayable());
            body.rewind().unwrap();
            assert_eq!(streamed.fill(&mut buffer).unwrap(), 3);
            assert_eq!(streamed.fill(&mut buffer).unwrap(), 0);
            assert_eq!((body.is_replayable(), streamed.progress()), (rewinds, (3, true)));
            match body.rewind() {
                Ok(()) => assert_eq!((streamed.progress(), streamed.fill(&mut buffer).unwrap()), ((0, false), 3)),
                Err(error) => assert_eq!((error.status(), rewinds), (HS_ERR_NOT_REPLAYABLE, false)),
            }
        }
    }
}
