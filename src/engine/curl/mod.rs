//! The libcurl engine: one `multi` for the worker's life and recycled easy handles.

mod address;
mod easy;
pub mod global;
mod keep;
#[cfg(any(target_os = "linux", target_os = "android"))]
pub mod lanes;
mod multi;
mod network;
mod observe;
mod outcome;
mod proxy;
mod resend;
mod resolve;
mod sockets;
mod spare;
mod sys;
pub mod tls;
mod transfer;
mod tunnel;
mod upload;

use crate::dns::{self, Resolver};
use crate::engine::dns::{System, resolver};
use crate::engine::{Engine, ExchangeId, ExchangeRequest, Progress};
use crate::error::Error;
use crate::http::address::AddressRule;
use crate::http::headers::HeaderBlock;
use crate::http::metrics::ExchangeMetrics;
use crate::http::network::Network;
use crate::http::proxy::Proxies;
use crate::http::response::Head;
use crate::http::tls::{CaSource, TlsOptions};
use crate::observe::gauge::ConnectionGauge;
use crate::runtime::clock::{Clock, SystemClock};
use crate::runtime::wake::Unpark;
pub use easy::ConnectionAges;
use keep::Keep;
use multi::{Finished, Multi};
use network::Wiring;
use proxy::Routes;
use resolve::{Given, Resolving};
use slab::Slab;
use smallvec::SmallVec;
use sockets::{Seat, Sockets};
use spare::Spare;
use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tls::Trust;
use transfer::{HeadState, PinnedTransfer, Stale, State, Transfer};
use upload::Uploads;

pub struct CurlEngine {
    // Fields drop in this order: transfers and spare handles before the multi that they were in, then what that refers to.
    transfers: RefCell<Slab<PinnedTransfer>>,
    spare: Spare,
    keep: Keep,
    /// Something was started, resumed or stopped since libcurl last looked: it wants to run before it can wait.
    dirty: Cell<bool>,
    /// A connection that others wait for cannot be shared: they must be told.
    alone: Rc<Cell<bool>>,
    resolving: Resolving,
    uploads: Arc<Uploads>,
    given: Given,
    resolver: Resolver<System>,
    dns: dns::Options,
    multi: Multi,
    sockets: Rc<Sockets>,
    trust: Box<Trust>,
    wiring: Wiring,
    routes: Routes,
    ages: ConnectionAges,
    /// Absent where it cannot refuse anything.
    rule: Option<Rc<AddressRule>>,
}

#[derive(Clone, Debug)]
pub struct CurlOptions {
    pub ca: CaSource,
    pub tls: TlsOptions,
    pub ages: ConnectionAges,
    pub proxies: Proxies,
    /// Whom to trust to be the proxy; `None`: the same as servers.
    pub proxy_ca: Option<CaSource>,
    pub max_idle_connections: u32,
    pub addresses: AddressRule,
    pub dns: dns::Options,
    pub network: Network,
    /// Which of several it is, from 0.
    pub lane: usize,
    /// It is to have hundreds or thousands of transfers at once.
    pub many: bool,
    /// Where it says how many connections it has.
    pub connections: Option<Arc<ConnectionGauge>>,
}

impl CurlEngine {
    pub fn new(options: &CurlOptions) -> Result<CurlEngine, Error> {
        global::init()?;
        let multi = Multi::new(options.many)?;
        let keep = Keep::new(options.max_idle_connections, &multi)?;
        Ok(CurlEngine {
            transfers: RefCell::default(),
            spare: Spare::default(),
            keep,
            dirty: Cell::new(false),
            alone: Rc::default(),
            resolving: Resolving::default(),
            uploads: Uploads::new(multi.waker()),
            given: Given::default(),
            resolver: resolver(),
            dns: options.dns.clone(),
            sockets: Sockets::new(multi.events(), options.connections.clone(), options.lane),
            multi,
            trust: Box::new(Trust::new(&options.ca, &options.tls)?),
            routes: Routes::new(
                options.proxies.clone(),
                options.proxy_ca.as_ref().map(|ca| Trust::new(ca, &TlsOptions::default())).transpose()?,
                !options.network.connect_to.is_empty(),
            ),
            wiring: Wiring::new(&options.network)?,
            ages: options.ages,
            rule: (!options.addresses.is_off()).then(|| Rc::new(options.addresses.clone())),
        })
    }

    fn busy(&self) -> bool {
        !self.transfers.borrow().is_empty()
    }

    pub fn exchanges(&self) -> usize {
        self.transfers.borrow().len()
    }

    /// It has something to do at once.
    pub fn is_eager(&self) -> bool {
        self.dirty.get() || !self.uploads.is_empty() || self.sockets.has_neglected()
    }

    /// When it has something to do whatever happens.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub fn due(&self) -> Option<crate::runtime::clock::Instant> {
        self.multi.due(self.busy()).into_iter().chain(self.resolving_until()).min()
    }

    fn with<R>(&self, id: ExchangeId, look: impl FnOnce(&Transfer) -> R) -> R {
        let transfers = self.transfers.borrow();
        look(&transfers[id])
    }

    fn poll<R>(
        &self,
        id: ExchangeId,
        cx: &mut Context<'_>,
        take: impl FnOnce(&mut State) -> Option<R>,
        at_end: impl FnOnce(&Transfer, curl_sys::CURLcode) -> Result<R, Error>,
    ) -> Poll<Result<R, Error>> {
        self.with(id, |transfer| {
            let finished = {
                let mut state = transfer.state.borrow_mut();
                if let Some(taken) = take(&mut state) {
                    return Poll::Ready(Ok(taken));
                }
                match state.finished {
                    Some(code) => code,
                    None => {
                        state.waker = Some(cx.waker().clone());
                        return Poll::Pending;
                    }
                }
            };
            Poll::Ready(at_end(transfer, finished))
        })
    }

    /// Starts a transfer again that was stopped because its connection was closed; false where that is not so.
    fn replace_stale_connection(&self, transfer: &Transfer) -> bool {
        if transfer.state.borrow().stale != Stale::Found {
            return false;
        }
        transfer.state.borrow_mut().stale = Stale::Replaced;
        self.dirty.set(true);
        // SAFETY: the live handle of a transfer of ours that was just taken out of the multi.
        transfer.easy.want_fresh_connection().and_then(|()| unsafe { self.multi.add(transfer.easy.raw()) }).is_ok()
    }

    /// Makes libcurl look again at the transfers that wait to share a connection. It does so whenever one is removed, but
    /// not when a connection turns out to be HTTP/1.1's, before its first response: that may be a long wait.
    fn stop_waiting(&self) {
        let Ok(easy) = self.spare.take() else { return };
        // SAFETY: a live handle in no multi and without options, which is never run.
        unsafe {
            if self.multi.add(easy.raw()).is_ok() {
                self.multi.remove(easy.raw());
            }
        }
        self.spare.put(easy, self.transfers.borrow().len());
        self.dirty.set(true);
    }

    fn resume(&self, id: ExchangeId) {
        self.unpause(id, |transfer| &transfer.paused);
    }

    /// Goes on with the uploads whose next bytes have come.
    fn go_on_sending(&self) {
        while let Some(id) = self.uploads.next() {
            if self.transfers.borrow().contains(id) {
                self.unpause(id, |transfer| &transfer.starved);
            }
        }
    }

    fn unpause(&self, id: ExchangeId, which: impl FnOnce(&Transfer) -> &Cell<bool>) {
        let paused =
            self.with(id, |transfer| which(transfer).replace(false).then(|| (transfer.easy.raw(), transfer.pauses())));
        if let Some((easy, pauses)) = paused {
            // SAFETY: the live handle of a running transfer. It may run the callbacks, which borrow the transfer's
            // state: nothing of it is borrowed here.
            unsafe { curl_sys::curl_easy_pause(easy, pauses) };
            self.dirty.set(true);
        }
    }
}

impl Engine for CurlEngine {
    fn start(&self, request: ExchangeRequest) -> Result<ExchangeId, Error> {
        let easy = self.spare.take()?;
        let transfer = PinnedTransfer::new(Transfer {
            easy,
            rule: self.rule.clone(),
            route: self.routes.choose(&request.request.url),
            exchange: request,
            verifies: self.trust.common().verified,
            state: RefCell::default(),
            measured: OnceCell::new(),
            paused: Cell::new(false),
            starved: Cell::new(false),
            uploads: self.uploads.clone(),
            alone: self.alone.clone(),
            id: Cell::new(0),
            sockets: self.sockets.clone(),
            seat: Seat::default(),
        });
        transfer.check_target(&self.wiring)?;
        // SAFETY: transfer, trust, routes and wiring stay where they are until `release` resets the handle.
        unsafe {
            easy::configure(&transfer, &self.trust, &self.routes, &self.wiring, self.ages)?;
            self.multi.add(transfer.easy.raw())?;
        }
        self.dirty.set(true);
        let mut transfers = self.transfers.borrow_mut();
        transfer.id.set(transfers.vacant_key());
        let id = transfers.insert(transfer);
        let exchanges = transfers.len();
        drop(transfers);
        self.keep_idle(exchanges);
        Ok(id)
    }

    fn poll_head(&self, id: ExchangeId, cx: &mut Context<'_>) -> Poll<Result<Head, Error>> {
        self.poll(
            id,
            cx,
            |state| {
                (state.head_state == HeadState::Complete).then(|| {
                    state.head_state = HeadState::Taken;
                    std::mem::take(&mut state.head)
                })
            },
            |transfer, code| Err(transfer.error(code)),
        )
    }

    fn poll_body(&self, id: ExchangeId, cx: &mut Context<'_>) -> Poll<Result<Option<Vec<u8>>, Error>> {
        let polled = self.poll(
            id,
            cx,
            |state| (!state.incoming.is_empty()).then(|| Some(std::mem::take(&mut state.incoming))),
            |transfer, code| if code == sys::CURLE_OK { Ok(None) } else { Err(transfer.error(code)) },
        );
        if polled.is_ready() {
            self.resume(id);
        }
        polled
    }

    fn progress(&self, id: ExchangeId) -> Progress {
        self.with(id, Transfer::progress)
    }

    fn metrics(&self, id: ExchangeId) -> ExchangeMetrics {
        self.with(id, Transfer::metrics)
    }

    fn trailers(&self, id: ExchangeId) -> HeaderBlock {
        self.with(id, |transfer| std::mem::take(&mut transfer.state.borrow_mut().trailers))
    }

    fn release(&self, id: ExchangeId) {
        let transfer = self.transfers.borrow_mut().remove(id);
        let (finished, waiting) = {
            let state = transfer.state.borrow();
            (state.finished.is_some(), state.resolution.is_waiting())
        };
        if waiting {
            self.stop_resolving(id, &transfer);
        } else if !finished {
            // SAFETY: the live handle of a transfer that is in the multi.
            unsafe { self.multi.remove(transfer.easy.raw()) };
            self.dirty.set(true);
        }
        transfer.leave_seat();
        let exchanges = self.transfers.borrow().len();
        self.spare.put(transfer.into_inner().easy, exchanges);
        self.keep_idle(exchanges);
    }

    fn wait(&self, timeout: Option<Duration>) {
        if self.is_eager() {
            return;
        }
        let resolving = self.resolving_until().map(|until| until.since(SystemClock.now()));
        self.multi.wait(timeout.into_iter().chain(resolving).min(), self.busy());
    }

    fn advance(&self) {
        self.go_on_sending();
        let dirty = self.dirty.replace(false);
        self.routes.turn.update(|turn| turn + 1);
        self.multi.run(dirty, self.busy());
        if self.alone.replace(false) && self.transfers.borrow().len() > 1 {
            self.stop_waiting();
        }
        self.take_finished();
        while let Some(socket) = self.sockets.neglected() {
            self.multi.look_at(socket);
            self.take_finished();
        }
        self.give_addresses();
    }

    #[cfg(test)]
    fn running(&self) -> usize {
        self.transfers.borrow().len()
    }

    fn close_idle(&self) -> Result<(), Error> {
        // It runs the others too.
        self.dirty.set(true);
        self.close_idle_connections()
    }

    fn unparker(&self) -> Arc<dyn Unpark> {
        self.multi.waker()
    }
}

impl CurlEngine {
    fn take_finished(&self) {
        // All of them are read before the first is removed: for each that is, libcurl looks through those that are not read.
        let all: SmallVec<[Finished; 16]> = std::iter::from_fn(|| self.multi.next_finished()).collect();
        for finished in all {
            // SAFETY: the live handle of a transfer that is in the multi, and therefore in the slab: what is done here
            // removes no other one.
            let transfer = unsafe {
                self.multi.remove(finished.easy);
                transfer::transfer(sys::private(finished.easy))
            };
            transfer.leave_seat();
            if !self.replace_stale_connection(transfer) && !self.resolve(transfer) {
                if transfer.state.borrow().sends == 0 {
                    transfer.tell_connection(false);
                }
                transfer.state.borrow_mut().finished = Some(finished.code);
                transfer.wake();
            }
        }
    }
}
