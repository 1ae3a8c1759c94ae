//! A request body that other threads write while it is sent: bytes in between, at most so many, and either side waits
//! for the other.

use crate::error::Error;
use crate::http::body::{Notifier, Source};
use crate::status::*;
use std::collections::VecDeque;
use std::io::Read;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

/// The end for those who write. Dropping it is an abort, unless it was closed before.
pub struct Pipe(Arc<Shared>);

/// The end for the request.
pub struct Reader {
    pipe: Arc<Shared>,
    claimed: bool,
}

struct Shared {
    capacity: usize,
    state: Mutex<State>,
    /// There may be room, or it is another writer's turn, or nothing more will be read.
    bell: Condvar,
}

struct State {
    bytes: VecDeque<u8>,
    /// How many the request has taken out.
    taken: u64,
    writing: Writing,
    reading: Reading,
    /// A write that has put in a part of what it has.
    turn_taken: bool,
    waiting_writers: usize,
    /// Who waits for bytes.
    reader: Option<Waker>,
    /// A writer found too little room, and is to be told.
    wanted: bool,
    notifier: Option<Notifier>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Writing {
    Open,
    Closed,
    Aborted,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Reading {
    Unclaimed,
    Claimed,
    Over,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes those who wait to write.
    fn ring(&self, state: &State) {
        if state.waiting_writers > 0 {
            self.bell.notify_all();
        }
    }

    fn end(&self, how: Writing) {
        let mut state = self.state();
        if state.writing != Writing::Open {
            return;
        }
        state.writing = how;
        if how == Writing::Aborted {
            state.bytes = VecDeque::new();
        }
        self.ring(&state);
        let (reader, word) = (state.reader.take(), self.take_word(&mut state));
        drop(state);
        if let Some(reader) = reader {
            reader.wake();
        }
        give(word);
    }

    fn read_no_more(&self) {
        let mut state = self.state();
        state.reading = Reading::Over;
        state.bytes = VecDeque::new();
        state.reader = None;
        self.ring(&state);
        let word = self.take_word(&mut state);
        drop(state);
        give(word);
    }

    /// Whom to tell now, if anybody; only once.
    fn take_word(&self, state: &mut State) -> Option<Notifier> {
        let over = state.writing != Writing::Open || state.reading == Reading::Over;
        let there = over || (!state.turn_taken && state.bytes.len() < self.capacity);
        if !state.wanted || !there {
            return None;
        }
        let notifier = state.notifier.clone()?;
        state.wanted = false;
        Some(notifier)
    }
}

/// Without a lock.
fn give(word: Option<Notifier>) {
    if let Some(notifier) = word {
        notifier();
    }
}

impl State {
    /// Why nothing more can be put in.
    fn refusal(&self) -> Option<Error> {
        let (status, why) = match (self.writing, self.reading) {
            (_, Reading::Over) => (HS_ERR_PIPE_CLOSED, "the request that the pipe was for has ended"),
            (Writing::Closed, _) => (HS_ERR_PIPE_CLOSED, "the pipe was closed"),
            (Writing::Aborted, _) => (HS_ERR_PIPE_ABORTED, "the pipe was aborted"),
            (Writing::Open, _) => return None,
        };
        Some(Error::new(status, why))
    }
}

impl Pipe {
    /// A pipe that holds at most `capacity` bytes, for which room is made now.
    pub fn new(capacity: usize) -> Result<Pipe, Error> {
        let mut bytes = VecDeque::new();
        bytes.try_reserve_exact(capacity).map_err(|_| Error::plain(HS_ERR_OUT_OF_MEMORY))?;
        let state = State {
            bytes,
            taken: 0,
            writing: Writing::Open,
            reading: Reading::Unclaimed,
            turn_taken: false,
            waiting_writers: 0,
            reader: None,
            wanted: false,
            notifier: None,
        };
        Ok(Pipe(Arc::new(Shared { capacity, state: Mutex::new(state), bell: Condvar::new() })))
    }

    /// The end that a request reads from, as soon as it has claimed it.
    pub fn reader(&self) -> Reader {
        Reader { pipe: self.0.clone(), claimed: false }
    }

    /// Puts all of `data` in, waiting for room and for the end of another write at most so long (`None`: without limit).
    /// Says how much of it is in as well: less than all only with an error.
    pub fn write(&self, data: &[u8], patience: Option<Duration>) -> (usize, Result<(), Error>) {
        self.put(data, patience, false)
    }

    /// Puts in what fits, without waiting. Where that is not all, whom the request has named is told once there is room.
    pub fn try_write(&self, data: &[u8]) -> (usize, Result<(), Error>) {
        self.put(data, Some(Duration::ZERO), true)
    }

    fn put(&self, data: &[u8], patience: Option<Duration>, leaves_word: bool) -> (usize, Result<(), Error>) {
        let until = patience.and_then(|patience| Instant::now().checked_add(patience));
        let (mut written, mut has_turn) = (0, false);
        let mut state = self.0.state();
        let result = loop {
            if let Some(refusal) = state.refusal() {
                break Err(refusal);
            }
            if has_turn || !state.turn_taken {
                (has_turn, state.turn_taken) = (true, true);
                let count = (self.0.capacity - state.bytes.len()).min(data.len() - written);
                state.bytes.extend(&data[written..written + count]);
                written += count;
                let reader = if count > 0 { state.reader.take() } else { None };
                if let Some(reader) = reader {
                    drop(state);
                    reader.wake();
                    state = self.0.state();
                    if written < data.len() {
                        continue;
                    }
                }
                if written == data.len() {
                    break Ok(());
                }
            }
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            state.waiting_writers += 1;
            state = match left {
                Some(Duration::ZERO) => {
                    state.waiting_writers -= 1;
                    state.wanted |= leaves_word;
                    break Err(too_late(patience));
                }
                Some(left) => self.0.bell.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0,
                None => self.0.bell.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
            state.waiting_writers -= 1;
        };
        if has_turn {
            state.turn_taken = false;
            self.0.ring(&state);
        }
        let word = self.0.take_word(&mut state);
        drop(state);
        give(word);
        (written, result)
    }

    /// The body is complete. Of this and `abort` the first counts.
    pub fn close(&self) {
        self.0.end(Writing::Closed);
    }

    /// The body will never be complete: the request fails, and whoever waits to write is told.
    pub fn abort(&self) {
        self.0.end(Writing::Aborted);
    }
}

fn too_late(patience: Option<Duration>) -> Error {
    match patience {
        Some(Duration::ZERO) => Error::plain(HS_ERR_WOULD_BLOCK),
        patience => {
            let waited = patience.unwrap_or_default().as_millis();
            Error::new(HS_ERR_WRITE_TIMEOUT, format!("the pipe had too little room for {waited} ms"))
        }
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        self.abort();
    }
}

impl Source for Reader {
    fn is_starved(&self) -> bool {
        let state = self.pipe.state();
        state.writing == Writing::Open && state.bytes.is_empty()
    }

    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<Result<usize, Error>> {
        let mut state = self.pipe.state();
        if state.writing == Writing::Aborted {
            return Poll::Ready(Err(Error::plain(HS_ERR_PIPE_ABORTED)));
        }
        let mut count = 0;
        while count < buffer.len() && !state.bytes.is_empty() {
            // Never fails: it is memory.
            count += state.bytes.read(&mut buffer[count..]).unwrap_or(0);
        }
        if count > 0 {
            state.taken += count as u64;
            self.pipe.ring(&state);
            let word = self.pipe.take_word(&mut state);
            drop(state);
            give(word);
        } else if state.writing == Writing::Open {
            state.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        Poll::Ready(Ok(count))
    }

    /// Nothing is kept of what was taken.
    fn can_rewind(&self) -> bool {
        self.pipe.state().taken == 0
    }

    fn rewind(&mut self) -> Result<(), Error> {
        Ok(())
    }

    fn claim(&mut self) -> Result<(), Error> {
        let mut state = self.pipe.state();
        if state.reading != Reading::Unclaimed {
            let message = "hs_upload.pipe has, or had, a request already: a pipe serves one";
            return Err(Error::new(HS_ERR_INVALID_ARGUMENT, message));
        }
        state.reading = Reading::Claimed;
        self.claimed = true;
        Ok(())
    }

    fn set_notifier(&mut self, notifier: Notifier) -> Option<Notifier> {
        let mut state = self.pipe.state();
        state.notifier = Some(notifier);
        self.pipe.take_word(&mut state)
    }

    fn leave(&mut self) {
        if std::mem::take(&mut self.claimed) {
            self.pipe.read_no_more();
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.leave();
    }
}

#[cfg(test)]
mod tests;
