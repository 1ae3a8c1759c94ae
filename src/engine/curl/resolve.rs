//! Names through the library's own resolver. libcurl announces when it needs an address that it does not have, which
//! is when it is about to make a connection and not when it uses one again. The transfer is then stopped before
//! anything was sent, waits outside of the multi for `crate::dns`, and starts anew with the addresses in hand.

use super::CurlEngine;
use super::easy::{List, Options};
use super::network::Wiring;
use super::sys;
use super::transfer::{Transfer, transfer};
use crate::dns::{Addresses, Asked, Failure, Query, Ticket, known};
use crate::engine::ExchangeId;
use crate::engine::dns::System;
use crate::error::Error;
use crate::http::network::HostPort;
use crate::runtime::clock::{Clock, Instant, SystemClock};
use crate::runtime::wake::Unpark;
use crate::status::*;
use crossbeam_queue::SegQueue;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ffi::{CString, c_int, c_long, c_void};
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

/// How a transfer stands with the names that it needs.
#[derive(Default)]
pub struct Resolution {
    stage: Stage,
    /// How often it was stopped to wait for addresses.
    rounds: u32,
    /// How long it waited for them.
    pub waited: Duration,
    /// How long libcurl made it wait before it needed them, in microseconds.
    pub queued_us: u64,
}

#[derive(Default)]
enum Stage {
    #[default]
    Running,
    /// libcurl has asked, and the transfer was stopped.
    Needed,
    Waiting(Waiting),
    Failed(Error),
}

struct Waiting {
    names: Vec<Name>,
    since: Instant,
}

/// The transfers that wait for addresses.
#[derive(Default)]
pub struct Resolving {
    /// Those that may have them now.
    answered: Arc<SegQueue<ExchangeId>>,
    /// Until when each of them waits at most, where it does not wait for ever.
    until: RefCell<BTreeSet<(Instant, ExchangeId)>>,
}

/// What the resolver rings: it says whose addresses have come.
struct Answer {
    id: ExchangeId,
    answered: Arc<SegQueue<ExchangeId>>,
    engine: Arc<dyn Unpark>,
}

impl Unpark for Answer {
    fn unpark(&self) {
        self.answered.push(self.id);
        self.engine.unpark();
    }
}

/// The hosts and ports whose addresses libcurl was given last.
pub type Given = RefCell<Vec<String>>;

struct Name {
    host: String,
    port: u16,
    role: Role,
    addresses: Found,
}

/// Whose name it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Server,
    Proxy,
    /// A server's whose address is told to a proxy.
    BehindProxy,
}

enum Found {
    Known(Arc<Addresses>),
    Asked(Ticket<System>),
}

/// A transfer whose addresses libcurl does not find although it was given them would go round for ever. A few rounds are
/// fine: others may take the addresses out of libcurl's hands while the transfer waits for its turn.
const MOST_ROUNDS: u32 = 100;

impl Resolution {
    pub fn is_waiting(&self) -> bool {
        matches!(self.stage, Stage::Needed | Stage::Waiting(_))
    }

    /// Why there are no addresses.
    pub fn failure(&self) -> Option<&Error> {
        match &self.stage {
            Stage::Failed(error) => Some(error),
            _ => None,
        }
    }
}

/// Sets what makes libcurl ask. Its own cache is off: whether an answer may be used again is for `crate::dns` to say.
pub fn configure(transfer: &Transfer, wiring: &Wiring, options: &Options) -> Result<(), Error> {
    if hosts(transfer, wiring).any(|(_, host)| host.is_name()) {
        let callback: sys::ResolverStartCallback = resolver_start;
        options.function(sys::CURLOPT_RESOLVER_START_FUNCTION, callback as *const c_void)?;
        options.data(sys::CURLOPT_RESOLVER_START_DATA, std::ptr::from_ref(transfer) as *mut c_void)?;
        options.number(sys::CURLOPT_DNS_CACHE_TIMEOUT, 0)?;
    }
    Ok(())
}

/// The hosts that libcurl may want the addresses of. It does not say for which of them it asks.
fn hosts<'a>(transfer: &'a Transfer, wiring: &'a Wiring) -> impl Iterator<Item = (Role, HostPort<'a>)> {
    let server = transfer.destination(wiring);
    let [first, second] = match &transfer.route {
        None => [server.map(|host| (Role::Server, host)), None],
        Some(route) => {
            let behind = server.filter(|_| route.proxy.scheme.resolves_here());
            [Some((Role::Proxy, route.proxy.host_port())), behind.map(|host| (Role::BehindProxy, host))]
        }
    };
    first.into_iter().chain(second)
}

extern "C" fn resolver_start(_state: *mut c_void, _reserved: *mut c_void, data: *mut c_void) -> c_int {
    const ABORT: c_int = 1;
    // SAFETY: libcurl hands back the data that `configure` set.
    let transfer = unsafe { transfer(data) };
    transfer.guarded(|| {
        let state = &mut *transfer.state.borrow_mut();
        // libcurl may be here to send the request again.
        let rejections = state.rejections;
        match state.may_send(transfer.exchange.request.is_replay_safe()) {
            Ok(()) => {
                state.rejections = rejections;
                state.resolution.stage = Stage::Needed;
                // SAFETY: the easy handle of this transfer, inside one of its callbacks.
                let queued = unsafe { sys::info_off_t(transfer.easy.raw(), sys::CURLINFO_QUEUE_TIME_T) };
                state.resolution.queued_us += queued.unwrap_or(0);
            }
            Err(blocked) => state.blocked = Some(blocked),
        }
        Ok(())
    });
    ABORT
}

impl CurlEngine {
    /// Whether a transfer that has ended did so because it needs addresses. It is in no multi then, and waits.
    pub fn resolve(&self, transfer: &Transfer) -> bool {
        if !matches!(transfer.state.borrow().resolution.stage, Stage::Needed) {
            return false;
        }
        let since = SystemClock.now();
        let hosts = hosts(transfer, &self.wiring);
        let found: Result<Vec<Name>, Error> = hosts.map(|(role, host)| self.ask(transfer, role, host)).collect();
        let mut state = transfer.state.borrow_mut();
        let resolution = &mut state.resolution;
        resolution.rounds += 1;
        resolution.stage = match found {
            _ if resolution.rounds > MOST_ROUNDS => {
                Stage::Failed(Error::new(HS_ERR_INTERNAL, "libcurl does not take the addresses that it is given"))
            }
            Ok(names) => Stage::Waiting(Waiting { names, since }),
            Err(error) => Stage::Failed(error),
        };
        drop(state);
        let id = transfer.id.get();
        match transfer.resolving_until() {
            Some(until) if transfer.lacks_answers() => drop(self.resolving.until.borrow_mut().insert((until, id))),
            _ if transfer.lacks_answers() => {}
            _ => self.resolving.answered.push(id),
        }
        true
    }

    fn ask(&self, transfer: &Transfer, role: Role, HostPort { host, port }: HostPort<'_>) -> Result<Name, Error> {
        let itself = HostPort { host, port }.address().map(|ip| Arc::new(Addresses { ips: vec![ip], scope_id: 0 }));
        let addresses = match itself.or_else(|| known(&self.dns, host, port)) {
            Some(addresses) => Found::Known(addresses),
            None => {
                let query = Query { host: host.into(), family: self.wiring.family() };
                let (id, answered) = (transfer.id.get(), self.resolving.answered.clone());
                let answer = Arc::new(Answer { id, answered, engine: self.multi.waker() });
                match self.resolver.ask(query, self.dns.max_age, answer) {
                    Asked::Known(Ok(addresses)) => Found::Known(addresses),
                    Asked::Known(Err(failure)) => return Err(transfer.unresolved(role, host, &failure)),
                    Asked::Wait(ticket) => Found::Asked(ticket),
                }
            }
        };
        Ok(Name { host: host.to_owned(), port, role, addresses })
    }

    /// Starts every transfer anew whose addresses have come, and ends those that wait in vain.
    pub fn give_addresses(&self) {
        while let Some(id) = self.resolving.answered.pop() {
            self.give_addresses_to(id, SystemClock.now());
        }
        while let Some(until) = self.resolving_until() {
            let now = SystemClock.now();
            if until > now {
                break;
            }
            let late = self.resolving.until.borrow_mut().pop_first();
            late.inspect(|&(_, id)| self.give_addresses_to(id, now));
        }
    }

    /// The answer may have come for a transfer that is gone by now, and whose place another one has.
    fn give_addresses_to(&self, id: ExchangeId, now: Instant) {
        let transfers = self.transfers.borrow();
        let Some(transfer) = transfers.get(id).filter(|transfer| transfer.is_resolving()) else { return };
        let until = transfer.resolving_until();
        if transfer.look_for_answers(now) {
            return;
        }
        if let Some(until) = until {
            self.resolving.until.borrow_mut().remove(&(until, id));
        }
        let stage = std::mem::take(&mut transfer.state.borrow_mut().resolution.stage);
        match stage {
            Stage::Waiting(waiting) => {
                let started = waiting.give(transfer, &self.given, now).and_then(|()| {
                    // SAFETY: the live handle of a transfer of ours that was taken out of the multi.
                    unsafe { self.multi.add(transfer.easy.raw()) }
                });
                if let Err(error) = started {
                    transfer.end_unresolved(error);
                }
            }
            Stage::Failed(error) => transfer.end_unresolved(error),
            Stage::Running | Stage::Needed => {}
        }
        self.dirty.set(true);
    }

    /// When the first of those that wait for addresses has waited long enough.
    pub fn resolving_until(&self) -> Option<Instant> {
        self.resolving.until.borrow().first().map(|&(until, _)| until)
    }

    /// Forgets a transfer that may wait for addresses.
    pub fn stop_resolving(&self, id: ExchangeId, transfer: &Transfer) {
        if let Some(until) = transfer.resolving_until() {
            self.resolving.until.borrow_mut().remove(&(until, id));
        }
    }
}

impl Transfer {
    fn resolving_until(&self) -> Option<Instant> {
        let state = self.state.borrow();
        let Stage::Waiting(waiting) = &state.resolution.stage else { return None };
        Some(waiting.since.saturating_add(self.exchange.connect_timeout?.saturating_sub(state.resolution.waited)))
    }

    /// Whether it is out of the multi because of its addresses.
    fn is_resolving(&self) -> bool {
        let state = self.state.borrow();
        state.finished.is_none() && matches!(state.resolution.stage, Stage::Waiting(_) | Stage::Failed(_))
    }

    fn lacks_answers(&self) -> bool {
        let state = self.state.borrow();
        let Stage::Waiting(waiting) = &state.resolution.stage else { return false };
        waiting.names.iter().any(|name| matches!(name.addresses, Found::Asked(_)))
    }

    /// Whether the transfer still waits. What came is put into its place, what went wrong too.
    fn look_for_answers(&self, now: Instant) -> bool {
        let late = self.resolving_until().is_some_and(|until| now >= until);
        let mut state = self.state.borrow_mut();
        let resolution = &mut state.resolution;
        let Stage::Waiting(waiting) = &mut resolution.stage else { return false };
        let mut waits = false;
        let mut failed = None;
        let mut late_for = None;
        for name in &mut waiting.names {
            let Found::Asked(ticket) = &name.addresses else { continue };
            match ticket.answer() {
                Some(Ok(addresses)) => name.addresses = Found::Known(addresses.clone()),
                Some(Err(failure)) => failed = Some(self.unresolved(name.role, &name.host, failure)),
                None => (waits, late_for) = (true, Some(&name.host)),
            }
        }
        if let (None, Some(host), true) = (&failed, late_for, late) {
            failed = Some(self.resolved_too_late(host));
        }
        if let Some(error) = failed {
            resolution.waited += now.since(waiting.since);
            resolution.stage = Stage::Failed(error);
            return false;
        }
        waits
    }

    fn unresolved(&self, role: Role, host: &str, failure: &Failure) -> Error {
        let (status, code) = match role {
            Role::Proxy => (HS_ERR_PROXY_CONNECT, sys::CURLE_COULDNT_RESOLVE_PROXY),
            Role::Server | Role::BehindProxy => (HS_ERR_DNS, sys::CURLE_COULDNT_RESOLVE_HOST),
        };
        let proxy = self.proxy_in_words(status);
        let mut error = Error::new(status, format!("could not resolve {host}: {}{proxy}", failure.reason));
        error.details_mut().os_error = failure.os_error;
        error.details_mut().curl_code = code as i32;
        error
    }

    fn resolved_too_late(&self, host: &str) -> Error {
        let limit = self.exchange.connect_timeout.unwrap_or_default().as_millis();
        let message = format!("connect timeout of {limit} ms while resolving {host}");
        let mut error = Error::new(HS_ERR_CONNECT_TIMEOUT, message);
        error.details_mut().phase = HS_PHASE_DNS;
        error.details_mut().curl_code = sys::CURLE_OPERATION_TIMEDOUT as i32;
        error
    }

    fn end_unresolved(&self, error: Error) {
        let mut state = self.state.borrow_mut();
        state.finished = Some(error.details().curl_code as sys::CURLcode);
        state.resolution.stage = Stage::Failed(error);
        drop(state);
        self.wake();
    }
}

impl Waiting {
    /// Puts the addresses where libcurl looks first, for this transfer and not for others.
    fn give(self, transfer: &Transfer, given: &Given, now: Instant) -> Result<(), Error> {
        // libcurl would keep them for as long as the worker lives, and look at none of them again.
        let mut lines: Vec<String> = given.take().into_iter().map(|place| format!("-{place}")).collect();
        let mut scope_id = 0;
        for name in &self.names {
            let Found::Known(addresses) = &name.addresses else { continue };
            let place = format!("{}:{}", name.host, name.port);
            let mut line = format!("+{place}:");
            given.borrow_mut().push(place);
            let allowed = addresses.ips.iter().filter(|&&ip| name.role != Role::BehindProxy || transfer.allows(ip));
            if allowed.clone().next().is_none() {
                return Err(transfer.forbidden(addresses.ips[0]));
            }
            for (at, ip) in allowed.enumerate() {
                let comma = if at > 0 { "," } else { "" };
                let _ = if ip.is_ipv6() { write!(line, "{comma}[{ip}]") } else { write!(line, "{comma}{ip}") };
            }
            lines.push(line);
            scope_id = if scope_id == 0 { addresses.scope_id } else { scope_id };
        }
        let (waited, sends, http11) = {
            let state = &mut *transfer.state.borrow_mut();
            state.resolution.waited += now.since(self.since);
            (state.resolution.waited, state.sends, state.rejections.wants_http11())
        };
        let options = Options::of(&transfer.easy);
        if sends > 0 {
            // It is sent again, and libcurl no longer knows why.
            transfer.exchange.request.body.rewind()?;
            if http11 {
                options.number(sys::CURLOPT_HTTP_VERSION, c_long::from(sys::CURL_HTTP_VERSION_1_1))?;
            }
        }
        let left = transfer.exchange.connect_timeout.map(|limit| limit.saturating_sub(waited));
        let mut list = List::default();
        for line in lines {
            list.push(&CString::new(line).map_err(|_| Error::plain(HS_ERR_INTERNAL))?)?;
        }
        transfer.easy.take_addresses(list)?;
        options.number(sys::CURLOPT_ADDRESS_SCOPE, c_long::from(scope_id))?;
        options.connect_timeout(left)
    }
}
