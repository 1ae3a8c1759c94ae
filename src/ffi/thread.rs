//! What the library keeps for a thread: its shard of handles and its workers. A worker still open when its thread
//! exits is closed then.

use super::fork;
use super::handle::{self, Handled, Kind, Shard, Token};
use super::worker::hs_worker;
use crate::error::Error;
use crate::observe::counters::Counters;
use crate::process;
use crate::status::{HS_ERR_INVALID_HANDLE, HS_ERR_THREAD_EXITING, HS_ERR_WRONG_THREAD};
use crate::worker::Worker;
use crossbeam_queue::SegQueue;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// The part of a worker that other threads can see: they may ask its owner to close it, and read its counters.
pub struct WorkerLink {
    retired: AtomicBool,
    /// How many workers of the owner wait to be closed.
    waiting: Arc<AtomicUsize>,
    counters: Arc<Counters>,
}

impl Handled for WorkerLink {
    const KIND: Kind = Kind::Worker;
    type C = hs_worker;
}

impl WorkerLink {
    /// Asks the owner to close the worker; false where it was asked before.
    pub fn retire(&self) -> bool {
        let first = !self.retired.swap(true, Ordering::SeqCst);
        if first {
            self.waiting.fetch_add(1, Ordering::SeqCst);
        }
        first
    }

    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    pub fn is_retired(&self) -> bool {
        self.retired.load(Ordering::SeqCst)
    }
}

struct ThreadState {
    shard: &'static Shard,
    fork: u32,
    workers: RefCell<HashMap<Token, Rc<Worker>>>,
    waiting: Arc<AtomicUsize>,
}

struct Slot(RefCell<Option<Rc<ThreadState>>>);

thread_local! {
    static STATE: Slot = const { Slot(RefCell::new(None)) };
}

impl Drop for Slot {
    fn drop(&mut self) {
        let Some(state) = self.0.get_mut().take() else { return };
        if state.fork != process::generation() {
            abandon(state);
            return;
        }
        let workers = state.workers.take();
        for (token, worker) in workers {
            // Retired ones included: their handles are live until here.
            let _ = handle::close_token::<WorkerLink>(token);
            drop(worker);
        }
        handle::return_shard(state.shard);
    }
}

/// Puts away a forked child's copy of its parent's workers. They are never closed, since their connections are the
/// parent's, but stay reachable, since they are no leak.
fn abandon(state: Rc<ThreadState>) {
    static ABANDONED: SegQueue<usize> = SegQueue::new();
    ABANDONED.push(Rc::into_raw(state).expose_provenance());
}

fn state() -> Result<Rc<ThreadState>, Error> {
    let exiting = |_| Error::plain(HS_ERR_THREAD_EXITING);
    STATE
        .try_with(|slot| {
            let mut state = slot.0.borrow_mut();
            if let Some(state) = state.as_ref().filter(|state| state.fork == process::generation()) {
                return Ok(state.clone());
            }
            fork::watch();
            let new = Rc::new(ThreadState {
                shard: handle::claim_shard()?,
                fork: process::generation(),
                workers: RefCell::default(),
                waiting: Arc::default(),
            });
            if let Some(parents) = state.replace(new.clone()) {
                abandon(parents);
            }
            Ok(new)
        })
        .map_err(exiting)?
}

/// The calling thread's shard.
pub fn shard() -> Result<&'static Shard, Error> {
    Ok(state()?.shard)
}

/// Gives a worker to the calling thread and a handle to the caller.
pub fn adopt(worker: Worker, place: handle::Reservation) -> Result<*mut hs_worker, Error> {
    let state = state()?;
    let counters = worker.counters().clone();
    let link = WorkerLink { retired: AtomicBool::new(false), waiting: state.waiting.clone(), counters };
    let (pointer, token) = place.fill(link);
    state.workers.borrow_mut().insert(token, Rc::new(worker));
    Ok(pointer)
}

/// The calling thread's worker behind a handle; says why where there is none.
pub fn worker(pointer: *const hs_worker) -> Result<Rc<Worker>, Error> {
    worker_of(Token::of(pointer, Kind::Worker)?)
}

/// The same for a token.
pub fn worker_of(token: Token) -> Result<Rc<Worker>, Error> {
    let state = state()?;
    if token.shard() != state.shard.index() {
        token.check_live()?;
        return Err(Error::plain(HS_ERR_WRONG_THREAD));
    }
    if state.waiting.load(Ordering::Relaxed) != 0 {
        sweep(&state);
    }
    let found = state.workers.borrow().get(&token).cloned();
    let found = found.ok_or_else(|| Error::plain(HS_ERR_INVALID_HANDLE))?;
    // Retired while it is inside a call: invalid from then on, closed when the call has ended.
    if state.waiting.load(Ordering::Relaxed) != 0 && handle::open_token::<WorkerLink>(token)?.is_retired() {
        return Err(Error::plain(HS_ERR_INVALID_HANDLE));
    }
    Ok(found)
}

/// Takes the calling thread's worker back; dropping what comes closes it.
pub fn release(pointer: *const hs_worker) -> Result<Option<Rc<Worker>>, Error> {
    let token = Token::of(pointer, Kind::Worker)?;
    handle::close_token::<WorkerLink>(token)?;
    Ok(state()?.workers.borrow_mut().remove(&token))
}

/// Closes the workers of the calling thread that were retired meanwhile.
pub fn sweep_retired() -> Result<(), Error> {
    let state = state()?;
    if state.waiting.load(Ordering::Relaxed) != 0 {
        sweep(&state);
    }
    Ok(())
}

fn sweep(state: &ThreadState) {
    let is_due = |token: &Token, worker: &Rc<Worker>| {
        !worker.is_busy() && handle::open_token::<WorkerLink>(*token).is_ok_and(|link| link.is_retired())
    };
    let due: Vec<Token> = {
        let workers = state.workers.borrow();
        workers.iter().filter(|(token, worker)| is_due(token, worker)).map(|(token, _)| *token).collect()
    };
    for token in due {
        let _ = handle::close_token::<WorkerLink>(token);
        let worker = state.workers.borrow_mut().remove(&token);
        state.waiting.fetch_sub(1, Ordering::SeqCst);
        drop(worker);
    }
}
