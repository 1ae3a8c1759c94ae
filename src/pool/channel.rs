//! The body of a streamed response, on its way from a pool's thread to whichever thread reads it.
//!
//! The sender is a task, and waits for room as tasks do; the receiver is a thread, and blocks, or leaves word that it wants to
//! be told. A lock around a queue of pieces: it is held for moments, and one piece is thousands of bytes. Under it nothing is
//! copied, dropped, woken or called. Never more memory is held than the capacity and one piece.

use super::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::mem;
use std::sync::{Arc, TryLockError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

/// Called where the receiver found nothing and there is something now: on the sender's thread, and without a lock.
pub type Notifier = Arc<dyn Fn() + Send + Sync>;

/// What comes after the last byte.
#[derive(Debug, PartialEq, Eq)]
pub enum End<E> {
    Finished(E),
    /// The sender is gone and did not say why.
    Aborted,
}

#[derive(Debug)]
pub enum Read<E> {
    /// So many, at least one.
    Bytes(usize),
    /// The same one at each further read.
    End(Arc<End<E>>),
    TimedOut,
    /// Another thread is reading.
    Busy,
}

/// What waits in it takes up so many bytes, and at most those of one piece more.
pub fn channel<E>(capacity: usize) -> (Sender<E>, Receiver<E>) {
    let state = State {
        pieces: VecDeque::new(),
        weight: 0,
        end: None,
        waiting: false,
        wanted: false,
        notifier: None,
        closed: false,
        for_room: None,
        for_close: None,
    };
    let shared = Arc::new(Shared { capacity: capacity.max(1), state: Mutex::new(state), bell: Condvar::new() });
    let front = Front { pieces: VecDeque::new(), given: 0, read: 0 };
    (Sender(shared.clone()), Receiver { shared, front: Mutex::new(front) })
}

pub struct Sender<E>(Arc<Shared<E>>);

/// One thread reads at a time.
pub struct Receiver<E> {
    shared: Arc<Shared<E>>,
    front: Mutex<Front>,
}

struct Shared<E> {
    capacity: usize,
    state: Mutex<State<E>>,
    bell: Condvar,
}

struct State<E> {
    pieces: VecDeque<Vec<u8>>,
    /// Taken up by `pieces` and by those in the receiver's front, each until its last byte was read.
    weight: usize,
    end: Option<Arc<End<E>>>,
    /// The receiver's thread is in a wait that nobody has ended yet.
    waiting: bool,
    /// The receiver found nothing, and is to be told.
    wanted: bool,
    notifier: Option<Notifier>,
    /// The receiver is gone.
    closed: bool,
    for_room: Option<Waker>,
    for_close: Option<Waker>,
}

/// What the receiver has taken out of the queue, to copy it without the lock.
struct Front {
    pieces: VecDeque<Vec<u8>>,
    /// Of the first piece.
    given: usize,
    /// The weight of those that were read to their ends and that the sender was not told of yet.
    read: usize,
}

/// A server may send a byte at a time: what surrounds it counts as well.
fn weight(piece: &Vec<u8>) -> usize {
    piece.capacity() + BESIDE
}

pub(super) const BESIDE: usize = 64;

impl<E> Sender<E> {
    /// Ready when less waits than the capacity, or nobody wants them any more. One task at a time waits for it.
    pub async fn room(&self) {
        poll_fn(|cx| self.poll_room(cx)).await
    }

    /// Ready when the receiver is gone. One task at a time waits for it.
    pub async fn closed(&self) {
        poll_fn(|cx| self.poll_closed(cx)).await
    }

    fn poll_room(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.0.lock();
        if state.closed || state.weight < self.0.capacity {
            return Poll::Ready(());
        }
        let old = state.for_room.replace(cx.waker().clone());
        drop(state);
        drop(old);
        Poll::Pending
    }

    fn poll_closed(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.0.lock();
        if state.closed {
            return Poll::Ready(());
        }
        let old = state.for_close.replace(cx.waker().clone());
        drop(state);
        drop(old);
        Poll::Pending
    }

    #[cfg(test)]
    pub fn is_closed(&self) -> bool {
        self.0.lock().closed
    }

    /// Takes it whether there is room or not; an empty one, or one that nobody wants any more, is dropped.
    pub fn send(&self, piece: Vec<u8>) {
        let mut state = self.0.lock();
        if piece.is_empty() || state.closed {
            drop(state);
            return;
        }
        state.weight += weight(&piece);
        state.pieces.push_back(piece);
        self.0.arrived(state);
    }

    pub fn finish(self, end: E) {
        self.end(End::Finished(end));
    }

    /// The first one holds.
    fn end(&self, end: End<E>) {
        let end = Arc::new(end);
        let mut state = self.0.lock();
        if state.closed || state.end.is_some() {
            drop(state);
            return;
        }
        state.end = Some(end);
        self.0.arrived(state);
    }
}

impl<E> Drop for Sender<E> {
    fn drop(&mut self) {
        self.end(End::Aborted);
    }
}

impl<E> Shared<E> {
    fn lock(&self) -> MutexGuard<'_, State<E>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the receiver, if it waits or has left word.
    fn arrived(&self, mut state: MutexGuard<'_, State<E>>) {
        let waiting = mem::take(&mut state.waiting);
        let notifier = state.take_word();
        drop(state);
        if waiting {
            self.bell.notify_one();
        }
        if let Some(notifier) = notifier {
            notifier();
        }
    }
}

impl<E> State<E> {
    /// Whom to tell now, if anybody; only once.
    fn take_word(&mut self) -> Option<Notifier> {
        let there = !self.pieces.is_empty() || self.end.is_some();
        let notifier = self.notifier.clone().filter(|_| self.wanted && there)?;
        self.wanted = false;
        Some(notifier)
    }
}

impl<E> Receiver<E> {
    /// Whom to tell, in place of the one before. Where a `try_read` found nothing and something came since, it is told now,
    /// on this thread.
    pub fn set_notifier(&self, notifier: impl Fn() + Send + Sync + 'static) {
        let notifier: Notifier = Arc::new(notifier);
        let mut state = self.shared.lock();
        let old = state.notifier.replace(notifier);
        let told = state.take_word();
        drop(state);
        drop(old);
        if let Some(notifier) = told {
            notifier();
        }
    }

    /// As many bytes as are there. Where there are none it waits: not at all with `Some(ZERO)`, without end with `None`.
    pub fn read(&self, buffer: &mut [u8], wait: Option<Duration>) -> Read<E> {
        self.read_or(buffer, |state| self.wait(state, wait))
    }

    /// As many bytes as are there. Where there are none, `TimedOut`, and the notifier is called once there is something.
    pub fn try_read(&self, buffer: &mut [u8]) -> Read<E> {
        self.read_or(buffer, |mut state| {
            state.wanted = true;
            state
        })
    }

    fn read_or<'a>(
        &'a self,
        buffer: &mut [u8],
        wait: impl FnOnce(MutexGuard<'a, State<E>>) -> MutexGuard<'a, State<E>>,
    ) -> Read<E> {
        let mut front = match self.front.try_lock() {
            Ok(front) => front,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return Read::Busy,
        };
        let mut wait = Some(wait);
        let mut count = 0;
        loop {
            count += front.copy(&mut buffer[count..]);
            self.give_back(mem::take(&mut front.read));
            if count == buffer.len() {
                return Read::Bytes(count);
            }
            // All that was in front is read now.
            let mut state = self.shared.lock();
            if state.pieces.is_empty() && state.end.is_none() && count == 0 {
                state = match wait.take() {
                    Some(wait) => wait(state),
                    None => state,
                };
            }
            if !state.pieces.is_empty() {
                mem::swap(&mut front.pieces, &mut state.pieces);
                state.wanted = false;
            } else if count > 0 {
                return Read::Bytes(count);
            } else {
                return state.end.clone().map_or(Read::TimedOut, Read::End);
            }
        }
    }

    fn wait<'a>(&'a self, mut state: MutexGuard<'a, State<E>>, wait: Option<Duration>) -> MutexGuard<'a, State<E>> {
        let bell = &self.shared.bell;
        let until = wait.and_then(|wait| Instant::now().checked_add(wait));
        while state.pieces.is_empty() && state.end.is_none() {
            state.waiting = true;
            state = match until.map(|until| until.saturating_duration_since(Instant::now())) {
                Some(Duration::ZERO) => break,
                Some(left) => bell.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0,
                None => bell.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
        state.waiting = false;
        state
    }

    /// So much less waits.
    fn give_back(&self, weight: usize) {
        if weight == 0 {
            return;
        }
        let mut state = self.shared.lock();
        state.weight -= weight;
        let waker = if state.weight < self.shared.capacity { state.for_room.take() } else { None };
        drop(state);
        waker.into_iter().for_each(Waker::wake);
    }

    #[cfg(test)]
    pub fn weight(&self) -> usize {
        self.shared.lock().weight
    }

    #[cfg(test)]
    pub fn is_waiting(&self) -> bool {
        self.shared.lock().waiting
    }
}

impl<E> Drop for Receiver<E> {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.closed = true;
        let (pieces, end, notifier) = (mem::take(&mut state.pieces), state.end.take(), state.notifier.take());
        let wakers = [state.for_room.take(), state.for_close.take()];
        drop(state);
        drop((pieces, end, notifier));
        wakers.into_iter().flatten().for_each(Waker::wake);
    }
}

impl Front {
    fn copy(&mut self, buffer: &mut [u8]) -> usize {
        let mut count = 0;
        while let Some(piece) = self.pieces.front() {
            let rest = &piece[self.given..];
            let more = rest.len().min(buffer.len() - count);
            buffer[count..count + more].copy_from_slice(&rest[..more]);
            (count, self.given) = (count + more, self.given + more);
            if self.given < piece.len() {
                break;
            }
            self.read += weight(piece);
            self.given = 0;
            self.pieces.pop_front();
        }
        count
    }
}
