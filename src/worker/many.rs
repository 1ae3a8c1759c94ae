//! Many calls at once on one worker, driven to their ends by the very same code as one.

use super::Worker;
use crate::body::Sink;
use crate::call::{self, Incoming, Limits};
use crate::cancel::Cancels;
use crate::error::Error;
use crate::http::request::Request;
use crate::http::response::Response;
use crate::runtime::Runtime;
use crate::runtime::timers::Timers;
use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// Takes the body of a response piece by piece.
pub type OwnedOnBody = Box<dyn FnMut(&[u8]) -> Result<(), i32>>;

/// A call and what becomes of its outcome.
pub type Errand = Pin<Box<dyn Future<Output = ()>>>;

impl Worker {
    /// A call that has not begun; for `carry_out`.
    pub fn call(
        &self,
        request: Rc<Request>,
        limits: Limits,
        cancels: Cancels,
        on_body: Option<OwnedOnBody>,
    ) -> impl Future<Output = Result<Response, Error>> + 'static {
        let ground = self.ground.clone();
        async move {
            match on_body {
                None => call::run(ground, limits, cancels, &request, Sink::Buffer(Vec::new())).await,
                Some(mut on_body) => call::run(ground, limits, cancels, &request, Sink::callback(&mut *on_body)).await,
            }
        }
    }

    /// The same as far as the head of its response.
    pub fn opening(
        &self,
        request: Rc<Request>,
        limits: Limits,
        cancels: Cancels,
    ) -> impl Future<Output = Result<(Response, Incoming), Error>> + 'static {
        let ground = self.ground.clone();
        async move { call::open(ground, limits, cancels, &request).await }
    }

    pub fn timers(&self) -> &Rc<Timers> {
        self.runtime.timers()
    }

    /// Drives errands until `next` is ready, which is asked whenever it was woken and may begin some each time. Those that
    /// have not ended by then are dropped.
    pub fn serve(&self, mut next: impl FnMut(&mut Context<'_>, &dyn Fn(Errand)) -> Poll<()>) -> Result<(), Error> {
        let _busy = self.enter()?;
        let _none_left = NoneLeft(&self.runtime);
        let begin = |errand| self.runtime.spawn(errand);
        self.runtime.block_on(poll_fn(|cx| next(cx, &begin)));
        Ok(())
    }

    /// Closes the connections that nothing uses now; for whom `serve` asks.
    pub fn close_idle_meanwhile(&self) -> Result<(), Error> {
        self.ground.engine.close_idle()
    }

    /// Begins all of them, in their order, and returns when the last one has ended. None outlives this.
    pub fn carry_out(&self, errands: Vec<Errand>) -> Result<(), Error> {
        let _busy = self.enter()?;
        let _none_left = NoneLeft(&self.runtime);
        let (open, waiting) = (Rc::new(Cell::new(errands.len())), Rc::new(RefCell::new(None::<Waker>)));
        for errand in errands {
            let (open, waiting) = (open.clone(), waiting.clone());
            self.runtime.spawn(async move {
                errand.await;
                open.set(open.get() - 1);
                if open.get() == 0
                    && let Some(waker) = waiting.take()
                {
                    waker.wake();
                }
            });
        }
        self.runtime.block_on(poll_fn(|cx| {
            *waiting.borrow_mut() = Some(cx.waker().clone());
            if open.get() == 0 { Poll::Ready(()) } else { Poll::Pending }
        }));
        Ok(())
    }
}

/// What the calls borrow is the caller's only for so long, also where one of them panics.
struct NoneLeft<'a>(&'a Runtime);

impl Drop for NoneLeft<'_> {
    fn drop(&mut self) {
        self.0.abandon_tasks();
    }
}
