//! A thread of the pool: a worker of its own, and the requests that it is handed.

use super::Shared;
use super::order::{Order, Ticket};
use super::schedule::{Handed, Place};
use super::stream;
use crate::engine::signals::Blocked;
use crate::error::Error;
use crate::panics;
use crate::process::{self, rest};
use crate::runtime::clock::Instant;
use crate::runtime::timers::Sleep;
use crate::worker::{Errand, OwnedOnBody, Worker};
use crossbeam_queue::SegQueue;
use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

/// Where a thread is handed its requests. They are put there under the lock of the schedule, so that a thread which is
/// off its list gets no more.
#[derive(Default)]
pub struct Desk {
    pub inbox: SegQueue<Handed<Box<Order>>>,
    waker: Mutex<Option<Waker>>,
    /// Where its worker is, for nobody to follow. A forked child has no such thread, and its copy of the worker, which is
    /// never closed there, is still no leak.
    worker: AtomicUsize,
}

impl Desk {
    /// Something has changed for the thread.
    pub fn wake(&self) {
        let waker = self.waker.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(waker) = &*waker {
            waker.wake_by_ref();
        }
    }

    fn set_waker(&self, waker: Option<Waker>) {
        *self.waker.lock().unwrap_or_else(PoisonError::into_inner) = waker;
    }
}

thread_local! {
    /// The pool whose thread this is, and since how many forks. A child that was forked inside of a callback is nobody's.
    static POOL: Cell<(usize, u32)> = const { Cell::new((0, 0)) };
}

fn pool_of_thread() -> usize {
    let (pool, forks) = POOL.try_with(Cell::get).unwrap_or_default();
    if forks == process::generation() { pool } else { 0 }
}

/// Whether the calling thread is one of any pool's.
pub fn is_a_pools() -> bool {
    pool_of_thread() != 0
}

/// Whether the calling thread is one of that pool's own, and thus inside a callback.
pub fn is_one_of(shared: &Arc<Shared>) -> bool {
    pool_of_thread() == Arc::as_ptr(shared).addr()
}

/// Starts a thread; `ready` hears whether its worker could be made.
pub fn start(
    shared: &Arc<Shared>,
    place: Place<Arc<Desk>>,
    ready: Option<SyncSender<Result<(), Error>>>,
) -> std::io::Result<()> {
    let name = format!("http-pool-{}", place.key);
    let _blocked = Blocked::all();
    let of = shared.clone();
    let resting = rest::place();
    let thread = move || {
        rest::take(resting);
        run(of, place, ready);
        rest::leave();
    };
    shared.start(|| std::thread::Builder::new().name(name).spawn(thread))
}

fn run(shared: Arc<Shared>, place: Place<Arc<Desk>>, ready: Option<SyncSender<Result<(), Error>>>) {
    POOL.set((Arc::as_ptr(&shared).addr(), process::generation()));
    let worker = panics::catch(|| Worker::new(shared.worker_options(place.key))).map(Box::new);
    let worker = match worker {
        Ok(worker) => worker,
        Err(error) => {
            shared.thread_failed(&place, &error);
            // Whoever waits to hear it may be gone.
            let _ = ready.map(|ready| ready.send(Err(error)));
            return;
        }
    };
    place.handle.worker.store(std::ptr::from_ref(&*worker).expose_provenance(), Ordering::Relaxed);
    let _ = ready.map(|ready| ready.send(Ok(())));
    let mut shift = Shift {
        shared: &shared,
        place: &place,
        worker: &worker,
        open: Rc::default(),
        known: false,
        due: None,
        idle: None,
        clearings: 0,
        left: false,
    };
    let served = panics::catch(|| worker.serve(|cx, begin| shift.next(cx, begin)));
    place.handle.set_waker(None);
    place.handle.worker.store(0, Ordering::Relaxed);
    let left = shift.left;
    drop(shift);
    match served {
        Err(error) => shared.thread_failed(&place, &error),
        Ok(()) if left => {}
        Ok(()) => {
            // The pool is stopped, and nothing more comes: what was handed over and not begun.
            while let Some(handed) = place.handle.inbox.pop() {
                drop(Ticket::of(&shared, handed));
            }
            shared.thread_gone(place.key);
        }
    }
}

/// What a thread does as long as it lives.
struct Shift<'a> {
    shared: &'a Arc<Shared>,
    place: &'a Place<Arc<Desk>>,
    worker: &'a Worker,
    open: Rc<Cell<usize>>,
    /// Others can wake it.
    known: bool,
    /// Until something happens to requests that wait for their turn.
    due: Option<(Instant, Sleep)>,
    /// Until it has had nothing to do for long enough.
    idle: Option<Sleep>,
    /// How often it has closed the connections that nothing uses.
    clearings: u64,
    /// It is off the list.
    left: bool,
}

impl Shift<'_> {
    /// Begins what came; ready when the thread is to end.
    fn next(&mut self, cx: &mut Context<'_>, begin: &dyn Fn(Errand)) -> Poll<()> {
        let desk = &self.place.handle;
        if !std::mem::replace(&mut self.known, true) {
            // Before the first look at the desk; it is the same one for as long as the thread lives.
            desk.set_waker(Some(cx.waker().clone()));
        }
        #[cfg(test)]
        self.shared.faults.in_loop();
        if self.shared.is_stopped() {
            return Poll::Ready(());
        }
        self.look_at_the_clock(cx);
        while let Some(handed) = desk.inbox.pop() {
            self.idle = None;
            begin(self.errand(handed, cx.waker().clone()));
        }
        self.clear_when_asked();
        if self.open.get() > 0 {
            return Poll::Pending;
        }
        if self.may_leave(false) {
            return Poll::Ready(());
        }
        let Some(patience) = self.shared.idle_thread() else { return Poll::Pending };
        let timers = self.worker.timers();
        let idle = self.idle.get_or_insert_with(|| timers.at(timers.now().saturating_add(patience)));
        if Pin::new(idle).poll(cx).is_ready() {
            self.idle = None;
            if self.may_leave(true) {
                return Poll::Ready(());
            }
            // It is needed; the next look is as long away.
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }

    /// After the look at the desk: who asks and then submits has asked before what lay there began.
    fn clear_when_asked(&mut self) {
        let asked = self.shared.clearings();
        if std::mem::replace(&mut self.clearings, asked) != asked {
            // Where it fails they are closed by their age.
            let _ = self.worker.close_idle_meanwhile();
        }
    }

    fn may_leave(&mut self, idle: bool) -> bool {
        self.left = self.shared.may_leave(self.place.key, idle);
        self.left
    }

    /// Each thread looks after those that wait: whichever comes first does what is due.
    fn look_at_the_clock(&mut self, cx: &mut Context<'_>) {
        loop {
            let due = self.shared.next_due();
            if self.due.as_ref().map(|(at, _)| *at) != due {
                self.due = due.map(|at| (at, self.worker.timers().at(at)));
            }
            let Some((_, sleep)) = &mut self.due else { return };
            if Pin::new(sleep).poll(cx).is_pending() {
                return;
            }
            self.due = None;
            self.shared.do_what_is_due();
        }
    }

    fn errand(&self, handed: Handed<Box<Order>>, dispatcher: Waker) -> Errand {
        let (ticket, order, cancels) = Ticket::of(self.shared, handed);
        let open = Open::new(&self.open, dispatcher);
        let Order { request, limits, on_body, streamed, .. } = *order;
        if streamed {
            let opening = self.worker.opening(Rc::new(request), limits, cancels);
            return Box::pin(async move {
                let _open = open;
                stream::carry(ticket, opening).await;
            });
        }
        let on_body = on_body.map(|on_body| -> OwnedOnBody { on_body });
        let call = panics::caught(Box::pin(self.worker.call(Rc::new(request), limits, cancels, on_body)));
        Box::pin(async move {
            let _open = open;
            ticket.complete(call.await);
        })
    }
}

/// One of the requests that the thread has open; the last to end lets it look whether it may go.
struct Open(Rc<Cell<usize>>, Waker);

impl Open {
    fn new(count: &Rc<Cell<usize>>, dispatcher: Waker) -> Open {
        count.set(count.get() + 1);
        Open(count.clone(), dispatcher)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
        if self.0.get() == 0 {
            self.1.wake_by_ref();
        }
    }
}
