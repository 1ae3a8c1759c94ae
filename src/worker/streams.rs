//! Responses whose bodies are read piece by piece: calls of a worker that rest between two reads.

use crate::call::{Incoming, Patience};
use crate::error::Error;
use crate::http::headers::HeaderBlock;
use crate::http::metrics::Metrics;
use crossbeam_queue::SegQueue;
use slab::Slab;
use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::Duration;

/// Names a stream of a worker; a stream that was closed never gets its key back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamKey {
    place: usize,
    serial: u64,
}

/// Where the keys of streams go that nobody wants any more, from any thread.
pub type Abandoned = Arc<SegQueue<StreamKey>>;

#[derive(Default)]
pub struct Streams {
    open: RefCell<Slab<Stream>>,
    serial: Cell<u64>,
    abandoned: Abandoned,
}

struct Stream {
    serial: u64,
    /// `None` while it is read from.
    reading: Option<Box<Reading>>,
}

/// A stream between two reads.
pub struct Reading {
    incoming: Incoming,
    /// Received and decoded, and handed on up to `given`.
    piece: Vec<u8>,
    given: usize,
    patience: Patience,
    failed: Option<Error>,
    ended: bool,
}

/// What is only known at the end of a body.
#[derive(Clone, Debug)]
pub struct Tail {
    pub metrics: Metrics,
    pub trailers: HeaderBlock,
    pub trace: String,
}

impl Tail {
    pub fn of(incoming: &Incoming) -> Tail {
        Tail { metrics: incoming.metrics(), trailers: incoming.trailers(), trace: incoming.trace() }
    }
}

/// What a read gave: how many bytes, and at the end of the body, once, what came after it.
pub struct Read {
    pub count: usize,
    pub tail: Option<Tail>,
}

impl Streams {
    pub fn add(&self, incoming: Incoming) -> StreamKey {
        let serial = self.serial.get();
        self.serial.set(serial + 1);
        let reading = Reading {
            incoming,
            piece: Vec::new(),
            given: 0,
            patience: Patience::default(),
            failed: None,
            ended: false,
        };
        let place = self.open.borrow_mut().insert(Stream { serial, reading: Some(Box::new(reading)) });
        StreamKey { place, serial }
    }

    pub fn abandoned(&self) -> &Abandoned {
        &self.abandoned
    }

    /// Takes a stream to read from it; `give_back` it afterwards.
    pub fn take(&self, key: StreamKey) -> Option<Box<Reading>> {
        let mut open = self.open.borrow_mut();
        open.get_mut(key.place).filter(|stream| stream.serial == key.serial)?.reading.take()
    }

    pub fn give_back(&self, key: StreamKey, reading: Box<Reading>) {
        if let Some(stream) = self.open.borrow_mut().get_mut(key.place).filter(|stream| stream.serial == key.serial) {
            stream.reading = Some(reading);
        }
    }

    /// Closes what was abandoned; a body that was not read to its end is aborted with its connection.
    pub fn sweep(&self) {
        while let Some(key) = self.abandoned.pop() {
            let mut open = self.open.borrow_mut();
            if open.get(key.place).is_some_and(|stream| stream.serial == key.serial) {
                let stream = open.remove(key.place);
                drop(open);
                drop(stream);
            }
        }
    }
}

impl Reading {
    /// Reads into the buffer; waits at most `wait` for the first byte, and not at all for a second.
    pub async fn read(&mut self, buffer: &mut [u8], wait: Option<Duration>) -> Result<Read, Error> {
        if let Some(failed) = &self.failed {
            return Err(failed.clone());
        }
        if buffer.is_empty() || self.ended {
            return Ok(Read { count: 0, tail: None });
        }
        if self.given == self.piece.len() {
            match self.incoming.next_within(&mut self.patience, wait).await {
                Ok(Some(piece)) => (self.piece, self.given) = (piece, 0),
                Ok(None) => {
                    self.ended = true;
                    self.incoming.over(Ok(()))?;
                    return Ok(Read { count: 0, tail: Some(Tail::of(&self.incoming)) });
                }
                Err(error) => {
                    if error.is_passing() {
                        return Err(error);
                    }
                    let failed = self.incoming.over(Err(self.incoming.broke_off(error)));
                    self.failed = failed.as_ref().err().cloned();
                    return failed;
                }
            }
        }
        let count = buffer.len().min(self.piece.len() - self.given);
        buffer[..count].copy_from_slice(&self.piece[self.given..self.given + count]);
        self.given += count;
        if self.given == self.piece.len() {
            (self.piece, self.given) = (Vec::new(), 0);
        }
        Ok(Read { count, tail: None })
    }
}
