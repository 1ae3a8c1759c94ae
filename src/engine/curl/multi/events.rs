//! Waiting with epoll. libcurl says what it wants to hear of each socket, the kernel says which of them are ready, and
//! libcurl is shown those, and its timer. A turn costs what happens in it, however many transfers there are.
//!
//! libcurl takes its interest back at the end of each request and has it again at the next one on that connection. The
//! kernel is not told of the former: a request on a kept connection then changes nothing there. Where an unwanted socket
//! becomes ready, because its server has closed it, the kernel is told after all. That is sound because each socket is
//! known from when it is opened until just before it is closed: descriptors are used again.

use super::{LONGEST_WAIT, sys};
use crate::error::Error;
use crate::runtime::clock::{Clock, Instant, SystemClock};
use crate::runtime::wake::Unpark;
use crate::status::HS_ERR_INTERNAL;
use foldhash::fast::RandomState;
use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::event::{EventfdFlags, Timespec, eventfd};
use rustix::fd::{BorrowedFd, OwnedFd};
use rustix::io::Errno;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ffi::{c_int, c_long, c_void};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// Ready sockets that are taken from the kernel at once; the others are told the next time.
const MOST_AT_ONCE: usize = 1024;

/// All transfers are looked at as seldom as it takes to make that at most one part in so many of the time.
const PART_FOR_LOOKING_AT_ALL: u32 = 100;

/// But not more seldom than this: on a busy machine a look may only seem to take long.
const LONGEST_WITHOUT_LOOKING_AT_ALL: Duration = Duration::from_secs(1);

/// What the bell's events say; no socket has that number.
const BELL: u64 = u64::MAX;

pub struct Events {
    epoll: OwnedFd,
    bell: Arc<Bell>,
    sockets: RefCell<HashMap<sys::curl_socket_t, Watched, RandomState>>,
    /// The number of the last socket that was watched: what is told of an older one of the same descriptor is stale.
    numbers: Cell<u32>,
    ready: RefCell<Vec<epoll::Event>>,
    /// `ready` has not been shown to libcurl yet.
    looked: Cell<bool>,
    /// When libcurl wants to be called whatever happens.
    due: Cell<Option<Instant>>,
    /// When all transfers are looked at next, see `LONGEST_WAIT`.
    all_due: Cell<Instant>,
}

struct Watched {
    number: u32,
    /// It was opened by a connection, and its closing will be told.
    known: bool,
    wanted: EventFlags,
    /// It was ready once since nobody wants it.
    rang: bool,
    /// What the kernel was told.
    told: EventFlags,
}

/// What other threads ring to end the wait. Nobody reads it: each ring is an edge.
struct Bell(OwnedFd);

impl Unpark for Bell {
    fn unpark(&self) {
        // It only fails where it was rung 2^64 times.
        let _ = rustix::io::write(&self.0, &1u64.to_ne_bytes());
    }
}

impl Events {
    /// `None` where the system has no such thing.
    pub fn new() -> Result<Option<Rc<Events>>, Error> {
        let make = || -> Result<Events, Errno> {
            let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
            let bell = Bell(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?);
            epoll::add(&epoll, &bell.0, EventData::new_u64(BELL), EventFlags::IN | EventFlags::ET)?;
            Ok(Events {
                epoll,
                bell: Arc::new(bell),
                sockets: RefCell::default(),
                numbers: Cell::new(0),
                ready: RefCell::default(),
                looked: Cell::new(false),
                due: Cell::new(None),
                all_due: Cell::new(Instant(0)),
            })
        };
        make().map(|events| Some(Rc::new(events))).map_err(|errno| {
            let error = std::io::Error::from(errno);
            Error::new(HS_ERR_INTERNAL, format!("there is nothing to wait with: {error}")).with_os_error(&error)
        })
    }

    pub fn waker(&self) -> Arc<dyn Unpark> {
        self.bell.clone()
    }

    /// A connection has opened this socket.
    pub fn opened(&self, socket: sys::curl_socket_t) {
        self.sockets.borrow_mut().insert(socket, Watched { known: true, ..self.unwatched() });
    }

    /// It is about to be closed. The kernel would forget it by itself, but not where a fork has left a copy.
    pub fn closing(&self, socket: sys::curl_socket_t) {
        if let Some(watched) = self.sockets.borrow_mut().remove(&socket) {
            watched.unwatch(&self.epoll, socket);
        }
    }

    fn unwatched(&self) -> Watched {
        self.numbers.update(|number| number.wrapping_add(1));
        let none = EventFlags::empty();
        Watched { number: self.numbers.get(), known: false, wanted: none, rang: false, told: none }
    }

    /// What libcurl wants to hear of a socket from now on.
    fn want(&self, socket: sys::curl_socket_t, wanted: EventFlags) {
        let sockets = &mut *self.sockets.borrow_mut();
        let watched = sockets.entry(socket).or_insert_with(|| self.unwatched());
        watched.wanted = wanted;
        watched.rang = false;
        if !wanted.is_empty() {
            watched.watch(&self.epoll, socket);
        } else if !watched.known {
            watched.unwatch(&self.epoll, socket);
            sockets.remove(&socket);
        }
    }

    /// Whether libcurl wants to hear of this; where it does not and it goes on, the kernel is told.
    fn is_wanted(&self, event: &epoll::Event) -> Option<sys::curl_socket_t> {
        let data = event.data.u64();
        let (number, socket) = ((data >> 32) as u32, data as u32 as sys::curl_socket_t);
        let mut sockets = self.sockets.borrow_mut();
        let watched = sockets.get_mut(&socket).filter(|watched| data != BELL && watched.number == number)?;
        if watched.wanted.is_empty() {
            // The first time it may be what libcurl has read meanwhile.
            if watched.rang {
                watched.unwatch(&self.epoll, socket);
                watched.told = EventFlags::empty();
            }
            watched.rang = true;
            return None;
        }
        Some(socket)
    }

    pub fn watch_by(&self, epoll: &OwnedFd, number: u64) -> Result<(), Errno> {
        epoll::add(epoll, &self.epoll, EventData::new_u64(number), EventFlags::IN)
    }

    pub fn until(&self, busy: bool) -> Option<Instant> {
        let (due, all_due) = (self.due.get(), busy.then(|| self.all_due.get()));
        due.into_iter().chain(all_due).min()
    }

    pub fn wait(&self, timeout: Option<Duration>, busy: bool) {
        let left = self.until(busy).map(|until| until.since(SystemClock.now()));
        self.look(timeout.into_iter().chain(left).min());
    }

    fn look(&self, timeout: Option<Duration>) {
        let timeout = timeout.map(timespec);
        let ready = &mut *self.ready.borrow_mut();
        ready.clear();
        ready.reserve(MOST_AT_ONCE);
        // A signal ends it early, which does no harm.
        let _ = epoll::wait(&self.epoll, spare_capacity(ready), timeout.as_ref());
        self.looked.set(true);
    }

    /// # Safety
    /// `multi` is the live multi that was given to `listen`.
    pub unsafe fn run(&self, multi: *mut sys::CURLM, dirty: bool, busy: bool) {
        if !self.looked.replace(false) {
            self.look(Some(Duration::ZERO));
            self.looked.set(false);
        }
        let mut running: c_int = 0;
        // libcurl may open and close sockets meanwhile, which changes what is wanted but not this list.
        let ready = self.ready.take();
        for event in &ready {
            if let Some(socket) = self.is_wanted(event) {
                // SAFETY: a live multi. What happened is left to libcurl to find out.
                unsafe { sys::curl_multi_socket_action(multi, socket, 0, &mut running) };
            }
        }
        self.ready.replace(ready);
        let now = SystemClock.now();
        if dirty || self.due.get().is_some_and(|due| due <= now) {
            self.due.set(None);
            // SAFETY: a live multi.
            unsafe { sys::curl_multi_socket_action(multi, sys::CURL_SOCKET_TIMEOUT, 0, &mut running) };
        }
        if busy && self.all_due.get() <= now {
            // SAFETY: a live multi.
            unsafe { sys::curl_multi_socket_all(multi, &mut running) };
            let after = SystemClock.now();
            let rest = after
                .since(now)
                .saturating_mul(PART_FOR_LOOKING_AT_ALL)
                .clamp(LONGEST_WAIT, LONGEST_WITHOUT_LOOKING_AT_ALL);
            self.all_due.set(after.saturating_add(rest));
        }
    }
}

impl Watched {
    fn watch(&mut self, epoll: &OwnedFd, socket: sys::curl_socket_t) {
        if self.told == self.wanted {
            return;
        }
        // SAFETY: libcurl has it open; it is used for these calls alone.
        let source = unsafe { BorrowedFd::borrow_raw(socket) };
        let data = || EventData::new_u64(u64::from(self.number) << 32 | u64::from(socket as u32));
        let mut told = match self.told.is_empty() {
            true => epoll::add(epoll, source, data(), self.wanted),
            false => epoll::modify(epoll, source, data(), self.wanted),
        };
        told = match told {
            Err(Errno::EXIST) => epoll::modify(epoll, source, data(), self.wanted),
            Err(Errno::NOENT) => epoll::add(epoll, source, data(), self.wanted),
            told => told,
        };
        // Where the kernel will not, the transfer is still looked at with all the others.
        self.told = if told.is_ok() { self.wanted } else { EventFlags::empty() };
    }

    fn unwatch(&self, epoll: &OwnedFd, socket: sys::curl_socket_t) {
        if !self.told.is_empty() {
            // SAFETY: it is open, or about to be closed; it is used for this call alone.
            let _ = epoll::delete(epoll, unsafe { BorrowedFd::borrow_raw(socket) });
        }
    }
}

/// A day at most.
pub fn timespec(timeout: Duration) -> Timespec {
    const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
    let timeout = timeout.min(LONGEST);
    Timespec { tv_sec: timeout.as_secs() as _, tv_nsec: timeout.subsec_nanos() as _ }
}

/// Makes libcurl say what it waits for.
///
/// # Safety
/// `multi` is a live multi, and `events` outlives it.
pub unsafe fn listen(multi: *mut sys::CURLM, events: &Rc<Events>) -> sys::CURLMcode {
    let data = Rc::as_ptr(events) as *mut c_void;
    let on_socket: sys::curl_socket_callback = on_socket;
    let on_timer: sys::curl_multi_timer_callback = on_timer;
    // SAFETY: as the caller promises; each option gets what it takes.
    unsafe {
        let set = [
            sys::curl_multi_setopt(multi, sys::CURLMOPT_SOCKETDATA, data),
            sys::curl_multi_setopt(multi, sys::CURLMOPT_SOCKETFUNCTION, on_socket as *const c_void),
            sys::curl_multi_setopt(multi, sys::CURLMOPT_TIMERDATA, data),
            sys::curl_multi_setopt(multi, sys::CURLMOPT_TIMERFUNCTION, on_timer as *const c_void),
        ];
        set.into_iter().find(|&code| code != sys::CURLM_OK).unwrap_or(sys::CURLM_OK)
    }
}

extern "C" fn on_socket(
    _easy: *mut sys::CURL,
    socket: sys::curl_socket_t,
    what: c_int,
    data: *mut c_void,
    _assigned: *mut c_void,
) -> c_int {
    // SAFETY: libcurl hands back the data that `listen` set, which outlives the multi. It calls from inside calls of
    // ours, during none of which anything of it is borrowed.
    let events = unsafe { &*data.cast::<Events>() };
    events.want(
        socket,
        match what {
            sys::CURL_POLL_IN => EventFlags::IN,
            sys::CURL_POLL_OUT => EventFlags::OUT,
            sys::CURL_POLL_INOUT => EventFlags::IN | EventFlags::OUT,
            _ => EventFlags::empty(),
        },
    );
    0
}

extern "C" fn on_timer(_multi: *mut sys::CURLM, milliseconds: c_long, data: *mut c_void) -> c_int {
    // SAFETY: as in `on_socket`.
    let events = unsafe { &*data.cast::<Events>() };
    events.due.set(match u64::try_from(milliseconds) {
        Err(_) => None,
        Ok(0) => Some(Instant(0)),
        Ok(milliseconds) => Some(SystemClock.now().saturating_add(Duration::from_millis(milliseconds))),
    });
    0
}

#[cfg(test)]
mod tests;
