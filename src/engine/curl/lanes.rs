//! Many transfers over several multis. libcurl looks through all connections to a host for one that is free, those in use
//! too: with thousands in one multi that is most of what it does. So each multi, a lane, has a bounded number of transfers.
//! The first lane with room gets the next one. Where one has just ended there is room, and its connection, so that lanes
//! keep theirs busy; with few transfers there is one lane, and nothing of this is noticed.
//!
//! The lanes take turns. Between two of them what has ended in the first is seen to, and what begins goes where it has made
//! room, while all of that is still in the processor's caches: with thousands of transfers that is what counts most.

use super::sockets::LANE_SHIFT;
use super::{CurlEngine, CurlOptions};
use crate::engine::{Engine, ExchangeId, ExchangeRequest, Progress};
use crate::error::Error;
use crate::http::headers::HeaderBlock;
use crate::http::metrics::ExchangeMetrics;
use crate::http::response::Head;
use crate::runtime::clock::{Clock, SystemClock};
use crate::runtime::wake::Unpark;
use rustix::buffer::spare_capacity;
use rustix::event::epoll;
use rustix::fd::OwnedFd;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

/// Transfers of one multi: as many as libcurl puts on one HTTP/2 connection.
const ROOM: usize = 100;
/// The last lane takes what is beyond all.
const MOST: usize = 128;

pub struct Lanes {
    lanes: RefCell<Vec<Rc<CurlEngine>>>,
    options: CurlOptions,
    /// Of the lanes' own descriptors, from the second lane on.
    epoll: RefCell<Option<OwnedFd>>,
    ready: RefCell<Vec<epoll::Event>>,
    looked: Cell<bool>,
    /// The lane whose turn it is.
    next: Cell<usize>,
}

impl Lanes {
    pub fn new(options: CurlOptions) -> Result<Lanes, Error> {
        let first = Rc::new(CurlEngine::new(&options)?);
        Ok(Lanes {
            lanes: RefCell::new(vec![first]),
            options,
            epoll: RefCell::default(),
            ready: RefCell::default(),
            looked: Cell::new(false),
            next: Cell::new(0),
        })
    }

    fn lane(&self, id: ExchangeId) -> (Rc<CurlEngine>, ExchangeId) {
        (self.lanes.borrow()[id >> LANE_SHIFT].clone(), id & ((1 << LANE_SHIFT) - 1))
    }

    /// Where the next transfer goes.
    fn roomy(&self) -> (usize, Rc<CurlEngine>) {
        let lanes = self.lanes.borrow();
        let found = lanes.iter().position(|lane| lane.exchanges() < ROOM);
        if let Some(at) = found {
            return (at, lanes[at].clone());
        }
        drop(lanes);
        // Without another one the last one goes on with more.
        let _ = self.add();
        let lanes = self.lanes.borrow();
        (lanes.len() - 1, lanes[lanes.len() - 1].clone())
    }

    fn add(&self) -> Result<(), Error> {
        let mut lanes = self.lanes.borrow_mut();
        if lanes.len() >= MOST {
            return Ok(());
        }
        // As many idle connections as were asked for, on all lanes together.
        let all = self.options.max_idle_connections as usize;
        let share = all.saturating_sub(lanes.len() * ROOM).min(ROOM);
        let lane = CurlEngine::new(&CurlOptions {
            max_idle_connections: share as u32,
            lane: lanes.len(),
            ..self.options.clone()
        })?;
        let epoll = &mut *self.epoll.borrow_mut();
        let system =
            |errno: rustix::io::Errno| Error::plain(crate::status::HS_ERR_INTERNAL).with_os_error(&errno.into());
        if epoll.is_none() {
            let made = epoll::create(epoll::CreateFlags::CLOEXEC).map_err(system)?;
            lanes[0].multi.watch(&made, 0).map_err(system)?;
            *epoll = Some(made);
        }
        if let Some(epoll) = epoll {
            lane.multi.watch(epoll, lanes.len() as u64).map_err(system)?;
        }
        lanes.push(Rc::new(lane));
        let others: usize = lanes[1..].iter().map(|lane| lane.keep.most_idle()).sum();
        lanes[0].keep.set_most_idle(all.saturating_sub(others));
        Ok(())
    }

    fn look(&self, timeout: Option<Duration>) {
        let epoll = self.epoll.borrow();
        let Some(epoll) = &*epoll else { return };
        let ready = &mut *self.ready.borrow_mut();
        ready.clear();
        ready.reserve(MOST);
        let timeout = timeout.map(super::multi::events::timespec);
        // A signal ends it early, which does no harm.
        let _ = epoll::wait(epoll, spare_capacity(ready), timeout.as_ref());
        self.looked.set(true);
    }
}

impl Engine for Lanes {
    fn start(&self, request: ExchangeRequest) -> Result<ExchangeId, Error> {
        let (at, lane) = self.roomy();
        Ok(lane.start(request)? | at << LANE_SHIFT)
    }

    fn poll_head(&self, id: ExchangeId, cx: &mut Context<'_>) -> Poll<Result<Head, Error>> {
        let (lane, id) = self.lane(id);
        lane.poll_head(id, cx)
    }

    fn poll_body(&self, id: ExchangeId, cx: &mut Context<'_>) -> Poll<Result<Option<Vec<u8>>, Error>> {
        let (lane, id) = self.lane(id);
        lane.poll_body(id, cx)
    }

    fn progress(&self, id: ExchangeId) -> Progress {
        let (lane, id) = self.lane(id);
        lane.progress(id)
    }

    fn metrics(&self, id: ExchangeId) -> ExchangeMetrics {
        let (lane, id) = self.lane(id);
        lane.metrics(id)
    }

    fn trailers(&self, id: ExchangeId) -> HeaderBlock {
        let (lane, id) = self.lane(id);
        lane.trailers(id)
    }

    fn release(&self, id: ExchangeId) {
        let (lane, id) = self.lane(id);
        lane.release(id);
    }

    fn wait(&self, timeout: Option<Duration>) {
        let lanes = self.lanes.borrow();
        if lanes.len() == 1 {
            return lanes[0].wait(timeout);
        }
        if lanes.iter().any(|lane| lane.is_eager()) {
            return;
        }
        let now = SystemClock.now();
        let due = lanes.iter().filter_map(|lane| lane.due()).min().map(|due| due.since(now));
        self.look(timeout.into_iter().chain(due).min());
    }

    fn advance(&self) {
        // Nothing is begun meanwhile.
        let lanes = self.lanes.borrow();
        if let [only] = &lanes[..] {
            return only.advance();
        }
        if !self.looked.replace(false) {
            self.look(Some(Duration::ZERO));
            self.looked.set(false);
        }
        let mut rang = 0u128;
        self.ready.borrow().iter().for_each(|event| rang |= 1 << event.data.u64());
        let now = SystemClock.now();
        let has_work = |&at: &usize| {
            let lane: &CurlEngine = &lanes[at];
            rang & 1 << at != 0 || lane.is_eager() || lane.due().is_some_and(|due| due <= now)
        };
        // The others' work ends the next wait at once.
        let first = self.next.get();
        if let Some(at) = (first..lanes.len()).chain(0..first).find(has_work) {
            self.next.set(at + 1);
            lanes[at].advance();
        }
    }

    #[cfg(test)]
    fn running(&self) -> usize {
        self.lanes.borrow().iter().map(|lane| lane.running()).sum()
    }

    fn close_idle(&self) -> Result<(), Error> {
        self.lanes.borrow().iter().try_for_each(|lane| lane.close_idle())
    }

    /// Of the first lane: what is not about a transfer of one.
    fn unparker(&self) -> Arc<dyn Unpark> {
        self.lanes.borrow()[0].unparker()
    }
}

const _: () = assert!(MOST <= u128::BITS as usize, "a bit for each");
