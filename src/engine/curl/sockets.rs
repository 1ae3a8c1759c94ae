//! The sockets that libcurl has open, and which of their connections have exchanges.

use super::easy::Options;
use super::multi::events::Events;
use super::sys;
use super::transfer::Transfer;
use crate::error::Error;
use crate::observe::gauge::ConnectionGauge;
use foldhash::fast::RandomState;
use smallvec::SmallVec;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ffi::{c_int, c_void};
use std::rc::Rc;
use std::sync::Arc;

/// Where the lane is in the number of an exchange, and of a connection.
pub(crate) const LANE_SHIFT: u32 = 40;

/// libcurl's number of a connection, which no other one of the same multi ever has.
pub type ConnectionId = i64;

/// All of one multi. libcurl knows its address from the first connection until the multi is gone.
pub struct Sockets {
    state: RefCell<State>,
    events: Option<Rc<Events>>,
    gauge: Option<Arc<ConnectionGauge>>,
    /// Which of several multis it is.
    lane: usize,
}

#[derive(Default)]
struct State {
    /// Each open socket, and its connection once that has had an exchange.
    open: HashMap<sys::curl_socket_t, Option<ConnectionId>, RandomState>,
    connections: HashMap<ConnectionId, Served, RandomState>,
    idle: usize,
    /// Sockets that libcurl has to look at whatever the system says of them.
    neglected: SmallVec<[sys::curl_socket_t; 4]>,
}

struct Served {
    socket: sys::curl_socket_t,
    /// More than one with HTTP/2.
    exchanges: u32,
}

impl Sockets {
    pub fn new(events: Option<Rc<Events>>, gauge: Option<Arc<ConnectionGauge>>, lane: usize) -> Rc<Sockets> {
        Rc::new(Sockets { state: RefCell::default(), events, gauge, lane })
    }

    /// How many there are.
    pub fn open(&self) -> usize {
        self.state.borrow().open.len()
    }

    /// How many connections have had exchanges and have none now.
    pub fn idle(&self) -> usize {
        self.state.borrow().idle
    }

    fn opened(&self, socket: sys::curl_socket_t) {
        if let Some(events) = &self.events {
            events.opened(socket);
        }
        self.change(|state| state.open.insert(socket, None));
    }

    fn closing(&self, socket: sys::curl_socket_t) {
        if let Some(events) = &self.events {
            events.closing(socket);
        }
        self.change(|state| {
            if let Some(Some(connection)) = state.open.remove(&socket)
                && let Some(served) = state.connections.remove(&connection)
            {
                state.idle -= usize::from(served.exchanges == 0);
            }
            state.neglected.retain(|neglected| *neglected != socket);
        });
    }

    /// An exchange goes over this connection from now on. libcurl looks through all connections to tell its socket: it
    /// is asked once for each.
    fn join(&self, connection: ConnectionId, ask: impl FnOnce() -> Option<sys::curl_socket_t>) {
        self.change(|state| {
            if let Some(served) = state.connections.get_mut(&connection) {
                state.idle -= usize::from(served.exchanges == 0);
                served.exchanges += 1;
            } else if let Some(socket) = ask()
                && let Some(known) = state.open.get_mut(&socket)
            {
                *known = Some(connection);
                state.connections.insert(connection, Served { socket, exchanges: 1 });
            }
        });
    }

    /// An exchange has left this connection, if that still exists.
    fn leave(&self, connection: ConnectionId) {
        self.change(|state| {
            if let Some(served) = state.connections.get_mut(&connection) {
                served.exchanges -= 1;
                state.idle += usize::from(served.exchanges == 0);
                state.neglect(connection, 1);
            }
        });
    }

    /// An exchange does not read this connection for the time being.
    fn pause(&self, connection: ConnectionId) {
        self.state.borrow_mut().neglect(connection, 2);
    }

    /// Takes one of those that are to be looked at. Of several exchanges on a connection one reads for all, and where it ends
    /// or pauses it leaves the rest to the next word of the socket: but OpenSSL may have read that rest from the socket
    /// already, of which then comes no word.
    pub fn neglected(&self) -> Option<sys::curl_socket_t> {
        self.state.borrow_mut().neglected.pop()
    }

    pub fn has_neglected(&self) -> bool {
        !self.state.borrow().neglected.is_empty()
    }

    fn change<R>(&self, change: impl FnOnce(&mut State) -> R) {
        let state = &mut *self.state.borrow_mut();
        let before = (state.open.len(), state.idle);
        change(state);
        if let Some(gauge) = &self.gauge {
            gauge.change(before, (state.open.len(), state.idle));
        }
    }

    fn of(&self, connection: ConnectionId) -> Option<sys::curl_socket_t> {
        self.state.borrow().connections.get(&connection).map(|served| served.socket)
    }
}

impl State {
    fn neglect(&mut self, connection: ConnectionId, exchanges: u32) {
        if let Some(served) = self.connections.get(&connection)
            && served.exchanges >= exchanges
            && !self.neglected.contains(&served.socket)
        {
            self.neglected.push(served.socket);
        }
    }
}

/// Which connection a transfer is on, from when it sends until it has ended.
#[derive(Default)]
pub struct Seat(Cell<Option<ConnectionId>>);

impl Transfer {
    /// libcurl is about to put the request on a connection.
    pub fn take_seat(&self) {
        let mut id: ConnectionId = -1;
        // SAFETY: the live easy handle of this transfer and an off_t value, which an old libcurl leaves alone.
        unsafe { sys::curl_easy_getinfo(self.easy.raw(), sys::CURLINFO_CONN_ID, &mut id as *mut ConnectionId) };
        let id = (id >= 0).then_some(id);
        if self.seat.0.get() != id {
            self.leave_seat();
            self.seat.0.set(id);
            if let Some(id) = id {
                self.sockets.join(id, || self.easy.active_socket());
            }
        }
    }

    pub fn leave_seat(&self) {
        if let Some(id) = self.seat.0.take() {
            self.sockets.leave(id);
        }
    }

    /// It was paused, and others may be on its connection.
    pub fn leave_reading_to_others(&self) {
        if let Some(id) = self.seat.0.get() {
            self.sockets.pause(id);
        }
    }

    /// The number of its connection for others: each multi counts from 0.
    pub fn connection_id(&self) -> u64 {
        self.off_t(sys::CURLINFO_CONN_ID) | (self.sockets.lane as u64) << LANE_SHIFT
    }

    /// The socket of the connection that it is on.
    pub fn socket(&self) -> Option<sys::curl_socket_t> {
        let seat = self.seat.0.get().and_then(|id| self.sockets.of(id));
        seat.or_else(|| self.easy.active_socket())
    }
}

pub fn configure(sockets: &Rc<Sockets>, options: &Options) -> Result<(), Error> {
    let data = Rc::as_ptr(sockets) as *mut c_void;
    let opened: sys::SockoptCallback = opened;
    options.function(sys::CURLOPT_SOCKOPTFUNCTION, opened as *const c_void)?;
    options.data(sys::CURLOPT_SOCKOPTDATA, data)?;
    let close: sys::ClosesocketCallback = close;
    options.function(sys::CURLOPT_CLOSESOCKETFUNCTION, close as *const c_void)?;
    options.data(sys::CURLOPT_CLOSESOCKETDATA, data)
}

extern "C" fn opened(data: *mut c_void, socket: sys::curl_socket_t, _purpose: sys::curlsocktype) -> c_int {
    // SAFETY: libcurl hands back the data that `configure` set. It calls from inside calls of ours, during none of which
    // anything of it is borrowed.
    let sockets = unsafe { &*data.cast::<Sockets>() };
    sockets.opened(socket);
    sys::CURL_SOCKOPT_OK
}

extern "C" fn close(data: *mut c_void, socket: sys::curl_socket_t) -> c_int {
    // SAFETY: as in `opened`: also of a connection whose first transfer is long gone, until the multi is.
    let sockets = unsafe { &*data.cast::<Sockets>() };
    sockets.closing(socket);
    // SAFETY: libcurl hands over a socket that it does not use any more.
    unsafe { libc::close(socket) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two exchanges on one connection, and one on another.
    fn busy() -> Rc<Sockets> {
        let sockets = Sockets::new(None, None, 0);
        for socket in [5, 6] {
            sockets.opened(socket);
        }
        sockets.join(0, || Some(5));
        sockets.join(0, || unreachable!("it is known"));
        sockets.join(1, || Some(6));
        sockets
    }

    #[test]
    fn where_one_of_several_exchanges_ends_or_pauses_the_socket_is_looked_at_for_the_others() {
        let sockets = busy();
        sockets.pause(0);
        assert!(sockets.has_neglected());
        sockets.leave(0);
        assert_eq!((sockets.neglected(), sockets.neglected()), (Some(5), None));
        assert!(!sockets.has_neglected());
    }

    #[test]
    fn where_the_only_one_does_nobody_is_neglected() {
        let sockets = busy();
        sockets.pause(1);
        sockets.leave(1);
        assert_eq!(sockets.neglected(), None);
    }

    #[test]
    fn a_closed_socket_is_not_looked_at() {
        let sockets = busy();
        sockets.leave(0);
        sockets.closing(5);
        assert_eq!(sockets.neglected(), None);
    }
}
