//! Sits between hyper and the socket for what hyper hides: the exact request heads (header names in their own case and
//! order), and, on the way out, interim responses and whole responses that hyper would not write.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;

use crate::framing::{Event, Framer, Head};
use crate::listen::Io;
use crate::sockets;

/// A client that does not read keeps a flush waiting for no longer than this.
const FLUSH_PATIENCE: Duration = Duration::from_millis(500);

/// The side of the wire that endpoints see.
pub struct Tap {
    /// Fast path: false while there is nothing to add to what hyper writes.
    outgoing: AtomicBool,
    /// False once the connection has turned out to be HTTP/2.
    framed: AtomicBool,
    inner: Mutex<Inner>,
    flushes: AtomicU64,
    flushed: Notify,
    /// When the connection goes, it is to go with RST.
    reset: AtomicBool,
}

#[derive(Default)]
struct Inner {
    framer: Framer,
    heads: VecDeque<Head>,
    raw: VecDeque<u8>,
    /// How many bytes of the empty line have passed, while a response head of hyper's is being dropped.
    dropping: Option<usize>,
}

impl Tap {
    pub fn http1() -> Arc<Tap> {
        Self::new(Framer::default())
    }

    pub fn http2() -> Arc<Tap> {
        Self::new(Framer::opaque())
    }

    fn new(framer: Framer) -> Arc<Tap> {
        Arc::new(Tap {
            outgoing: AtomicBool::new(false),
            framed: AtomicBool::new(!framer.is_opaque()),
            inner: Mutex::new(Inner { framer, ..Inner::default() }),
            flushes: AtomicU64::new(0),
            flushed: Notify::new(),
            reset: AtomicBool::new(false),
        })
    }

    /// Returns once what was written until now is in the socket, or will not get there soon.
    pub async fn until_flushed(&self) {
        let before = self.flushes.load(Ordering::Acquire);
        let another = async {
            loop {
                let flushed = self.flushed.notified();
                if self.flushes.load(Ordering::Acquire) != before {
                    return;
                }
                flushed.await;
            }
        };
        let _ = tokio::time::timeout(FLUSH_PATIENCE, another).await;
    }

    /// Lets the connection end with RST, whatever hyper does to end it.
    pub fn reset(&self) {
        self.reset.store(true, Ordering::Release);
    }

    /// The head of the request that is being served; `None` on HTTP/2.
    pub fn next_head(&self) -> Option<Head> {
        if !self.framed.load(Ordering::Relaxed) {
            return None;
        }
        self.inner.lock().unwrap().heads.pop_front()
    }

    /// Sends bytes ahead of the response, as soon as the handler yields. HTTP/1 only.
    pub fn send_first(&self, bytes: &[u8]) {
        self.inner.lock().unwrap().raw.extend(bytes);
        self.outgoing.store(true, Ordering::Release);
    }

    /// Sends bytes instead of the response, which must be one without a body. HTTP/1 only.
    pub fn send_instead(&self, bytes: &[u8]) {
        self.send_first(bytes);
        self.inner.lock().unwrap().dropping = Some(0);
    }

    fn saw(&self, mut data: &[u8]) {
        let mut inner = self.inner.lock().unwrap();
        loop {
            let (used, event) = inner.framer.advance(data);
            data = &data[used..];
            match event {
                Some(Event::Head(head)) => inner.heads.push_back(head),
                Some(Event::End) => {}
                None => break,
            }
        }
        if inner.framer.is_opaque() {
            self.framed.store(false, Ordering::Relaxed);
        }
    }
}

pub struct Wire<S: Io> {
    io: S,
    tap: Arc<Tap>,
}

impl<S: Io> Drop for Wire<S> {
    fn drop(&mut self) {
        if self.tap.reset.load(Ordering::Acquire) {
            let _ = sockets::reset_on_close(self.io.tcp());
        }
    }
}

impl<S: Io> Wire<S> {
    pub fn new(io: S, tap: Arc<Tap>) -> Self {
        Wire { io, tap }
    }

    fn poll_outgoing(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.tap.outgoing.load(Ordering::Acquire) {
            return Poll::Ready(Ok(()));
        }
        let mut inner = self.tap.inner.lock().unwrap();
        while !inner.raw.is_empty() {
            let written = ready!(Pin::new(&mut self.io).poll_write(cx, inner.raw.as_slices().0))?;
            inner.raw.drain(..written);
        }
        if inner.dropping.is_none() {
            self.tap.outgoing.store(false, Ordering::Release);
        }
        Poll::Ready(Ok(()))
    }

    /// How much of what hyper writes is to be dropped.
    fn drop_length(&self, data: &[u8]) -> usize {
        const END: &[u8] = b"\r\n\r\n";
        if !self.tap.outgoing.load(Ordering::Acquire) {
            return 0;
        }
        let mut inner = self.tap.inner.lock().unwrap();
        let Some(mut seen) = inner.dropping else { return 0 };
        for (at, byte) in data.iter().enumerate() {
            seen = if *byte == END[seen] { seen + 1 } else { usize::from(*byte == b'\r') };
            if seen == END.len() {
                inner.dropping = None;
                return at + 1;
            }
        }
        inner.dropping = Some(seen);
        data.len()
    }
}

impl<S: Io> AsyncRead for Wire<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.io).poll_read(cx, buf))?;
        if self.tap.framed.load(Ordering::Relaxed) {
            self.tap.saw(&buf.filled()[before..]);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: Io> AsyncWrite for Wire<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_outgoing(cx))?;
        match self.drop_length(data) {
            0 => Pin::new(&mut self.io).poll_write(cx, data),
            dropped => Poll::Ready(Ok(dropped)),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_outgoing(cx))?;
        let first = slices.iter().find(|slice| !slice.is_empty()).map_or(&[][..], |slice| slice);
        match self.drop_length(first) {
            0 => Pin::new(&mut self.io).poll_write_vectored(cx, slices),
            dropped => Poll::Ready(Ok(dropped)),
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_outgoing(cx))?;
        ready!(Pin::new(&mut self.io).poll_flush(cx))?;
        self.tap.flushes.fetch_add(1, Ordering::AcqRel);
        self.tap.flushed.notify_waiters();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.tap.reset.load(Ordering::Acquire) {
            return Poll::Ready(Ok(()));
        }
        ready!(self.poll_outgoing(cx))?;
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
