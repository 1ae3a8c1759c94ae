//! Plays steps on one connection.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, BytesMut};
use memchr::memmem;
use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};

use super::frames::{ACK, Awaited, FrameHead, HEAD_BYTES, Name, PREFACE, SendFrame};
use super::steps::{How, Read, Repeat, Step, Variation};
use crate::framing::{Event, Framer, Head};
use crate::listen::Io;
use crate::sockets;
use crate::state::State;

/// How much a repeated send puts into one write.
const WRITE_SIZE: usize = 64 << 10;

#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The steps are done and the connection is still open.
    Open,
    Ended,
}

pub struct Player<S> {
    state: Arc<State>,
    io: S,
    input: BytesMut,
    framer: Framer,
    /// The script whose requests are counted.
    pub name: String,
    in_body: bool,
    /// A head was read to choose the script, and no step has asked for it yet.
    fresh: bool,
    /// A step asked for the head of this request, and none yet for the rest.
    head_only: bool,
    /// HTTP/2: the client's preface was read, and the stream of the last request.
    preface_read: bool,
    last_stream: u32,
}

impl<S: Io> Player<S> {
    pub fn new(state: Arc<State>, io: S, name: &str) -> Self {
        Player {
            state,
            io,
            input: BytesMut::new(),
            framer: Framer::default(),
            name: name.to_owned(),
            in_body: false,
            fresh: false,
            head_only: false,
            preface_read: false,
            last_stream: 0,
        }
    }

    /// The head that decides what is played next, after what is left of the request before it.
    pub async fn choose(&mut self) -> io::Result<Head> {
        self.finish_request().await?;
        let head = self.read_head().await?;
        self.fresh = true;
        Ok(head)
    }

    /// Counts the request just chosen if it has no body; called once the script's name is known.
    pub fn settle(&mut self) {
        if self.in_body {
            let (_, event) = self.framer.advance(&[]);
            self.note(event.as_ref());
        }
    }

    fn note(&mut self, event: Option<&Event>) {
        match event {
            Some(Event::Head(_)) => self.in_body = true,
            Some(Event::End) => {
                self.in_body = false;
                self.state.counters.add_one(&format!("script:{}", self.name));
            }
            None => {}
        }
    }

    async fn fill(&mut self) -> io::Result<()> {
        match self.io.read_buf(&mut self.input).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }

    async fn next_event(&mut self) -> io::Result<Event> {
        loop {
            let (used, event) = self.framer.advance(&self.input);
            self.input.advance(used);
            self.note(event.as_ref());
            match event {
                Some(event) => return Ok(event),
                None => self.fill().await?,
            }
        }
    }

    async fn read_head(&mut self) -> io::Result<Head> {
        loop {
            if let Event::Head(head) = self.next_event().await? {
                return Ok(head);
            }
        }
    }

    async fn finish_request(&mut self) -> io::Result<()> {
        while self.in_body {
            self.next_event().await?;
        }
        Ok(())
    }

    async fn read(&mut self, what: Read) -> io::Result<()> {
        let current = std::mem::take(&mut self.fresh) || (self.head_only && matches!(what, Read::Request));
        if !current {
            self.finish_request().await?;
            self.read_head().await?;
        }
        self.head_only = matches!(what, Read::Head);
        if matches!(what, Read::Request) {
            self.finish_request().await?;
        }
        Ok(())
    }

    /// Takes bytes as they are, letting the framer see them so that it stays in step.
    fn take_input(&mut self, count: usize) {
        let mut data = self.input.split_to(count);
        loop {
            let (used, event) = self.framer.advance(&data);
            data.advance(used);
            self.note(event.as_ref());
            if event.is_none() {
                return;
            }
        }
    }

    async fn read_bytes(&mut self, mut count: u64) -> io::Result<()> {
        while count > 0 {
            if self.input.is_empty() {
                self.fill().await?;
            }
            let taken = self.input.len().min(usize::try_from(count).unwrap_or(usize::MAX));
            self.take_input(taken);
            count -= taken as u64;
        }
        Ok(())
    }

    async fn read_until(&mut self, text: &str) -> io::Result<()> {
        loop {
            if let Some(at) = memmem::find(&self.input, text.as_bytes()) {
                self.take_input(at + text.len());
                return Ok(());
            }
            self.fill().await?;
        }
    }

    async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.io.write_all(bytes).await?;
        self.io.flush().await
    }

    /// Past TLS, straight into the socket.
    async fn send_raw(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            self.io.tcp().writable().await?;
            match self.io.tcp().try_write(bytes) {
                Ok(sent) => bytes = &bytes[sent..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn repeat(&mut self, repeat: &Repeat) -> io::Result<()> {
        let unit = repeat.bytes();
        if let Some(interval) = repeat.interval_ms {
            let mut sent = 0;
            while repeat.times.is_none_or(|times| sent < times) {
                self.send(&unit).await?;
                tokio::time::sleep(Duration::from_millis(interval)).await;
                sent += 1;
            }
            return Ok(());
        }
        if unit.is_empty() {
            return Ok(());
        }
        let batch = (WRITE_SIZE / unit.len()).max(1);
        let text = unit.repeat(batch);
        let mut left = repeat.times.unwrap_or(u64::MAX);
        while left > 0 {
            let now = left.min(batch as u64);
            self.send(&text[..now as usize * unit.len()]).await?;
            left -= now;
        }
        Ok(())
    }

    async fn take(&mut self, count: usize) -> io::Result<BytesMut> {
        while self.input.len() < count {
            self.fill().await?;
        }
        Ok(self.input.split_to(count))
    }

    /// Reads HTTP/2 frames up to one, and before the first the preface. Settings and pings are not answered.
    async fn read_frame(&mut self, awaited: Awaited) -> io::Result<()> {
        if !self.preface_read {
            if self.take(PREFACE.len()).await? != PREFACE {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "no HTTP/2 preface"));
            }
            self.preface_read = true;
        }
        loop {
            let head: [u8; HEAD_BYTES] = self.take(HEAD_BYTES).await?[..].try_into().expect("as many bytes");
            let head = FrameHead::parse(head);
            self.take(head.length).await?;
            if head.kind.is(Name::Headers) {
                self.last_stream = head.stream;
            }
            if head.ends_a_request() {
                self.last_stream = head.stream;
                self.state.counters.add_one(&format!("script:{}", self.name));
            }
            let found = match awaited {
                Awaited::Request(_) => head.ends_a_request(),
                Awaited::Frame(kind) => head.kind.number() == kind.number(),
            };
            // Waiting for SETTINGS means the peer's own, not its acknowledgement of ours.
            if found && !(head.kind.is(Name::Settings) && head.flags & ACK != 0) {
                return Ok(());
            }
        }
    }

    async fn send_frames(&mut self, frame: &SendFrame) -> io::Result<()> {
        let bytes = frame.bytes(self.last_stream);
        let batch = (WRITE_SIZE / bytes.len()).max(1) as u64;
        let mut left = frame.times();
        while left > 0 {
            let now = left.min(batch);
            self.send(&bytes.repeat(now as usize)).await?;
            left -= now;
        }
        Ok(())
    }

    async fn stall(&mut self, how: How) -> io::Result<()> {
        if how == How::Special(Variation::Unread) {
            // Nothing is taken from the socket, so the peer's sends will block; its end must be seen all the same.
            loop {
                let ready = self.io.tcp().ready(Interest::READABLE | Interest::WRITABLE).await?;
                if ready.is_read_closed() || ready.is_write_closed() {
                    return Ok(());
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        loop {
            self.input.clear();
            self.fill().await?;
        }
    }

    async fn close(&mut self, how: How) -> io::Result<()> {
        if how != How::Special(Variation::Abrupt) {
            let _ = self.io.shutdown().await;
        }
        // Closing with unread input would send RST instead of FIN.
        let mut sink = [0; 4096];
        while self.io.tcp().try_read(&mut sink).is_ok_and(|size| size > 0) {}
        Ok(())
    }

    /// An error means that the peer is gone, which ends the script.
    pub async fn play(&mut self, steps: &[Step]) -> io::Result<Outcome> {
        for step in steps {
            match step {
                Step::Read(what) => self.read(*what).await?,
                Step::ReadBytes(count) => self.read_bytes(*count).await?,
                Step::ReadUntil(text) => self.read_until(text).await?,
                Step::Send(text) => self.send(text.as_bytes()).await?,
                Step::SendBytes(bytes) => self.send(bytes).await?,
                Step::SendBase64(bytes) => self.send(&bytes.0).await?,
                Step::SendHex(bytes) => self.send(&bytes.0).await?,
                Step::ReadFrame(awaited) => self.read_frame(*awaited).await?,
                Step::SendFrame(frame) => self.send_frames(frame).await?,
                Step::SendRawHex(bytes) => self.send_raw(&bytes.0).await?,
                Step::Repeat(repeat) => self.repeat(repeat).await?,
                Step::Loop(steps) => loop {
                    if Box::pin(self.play(steps)).await? == Outcome::Ended {
                        return Ok(Outcome::Ended);
                    }
                    tokio::task::yield_now().await;
                },
                Step::SleepMs(millis) => tokio::time::sleep(Duration::from_millis(*millis)).await,
                Step::Count(key) => {
                    self.state.counters.add_one(key);
                }
                Step::Wait(wait) => {
                    self.state.counters.entry(&wait.key).reached(wait.at_least).await;
                }
                Step::Meet(meet) => self.state.meet(&meet.key, meet.parties).await,
                Step::Stall(How::Plain(false)) | Step::Close(How::Plain(false)) => {}
                Step::Reset(false) | Step::HalfClose(false) => {}
                Step::HalfClose(true) => self.io.shutdown().await?,
                Step::Stall(how) => {
                    self.stall(*how).await?;
                    return Ok(Outcome::Ended);
                }
                Step::Close(how) => {
                    self.close(*how).await?;
                    return Ok(Outcome::Ended);
                }
                Step::Reset(true) => {
                    sockets::reset_on_close(self.io.tcp())?;
                    return Ok(Outcome::Ended);
                }
            }
        }
        Ok(Outcome::Open)
    }
}
