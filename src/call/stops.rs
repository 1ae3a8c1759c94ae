//! What ends a call from outside: its deadline and its cancel. Every wait of a call goes through here.

use crate::cancel::Cancels;
use crate::error::Error;
use crate::runtime::clock::Instant;
use crate::runtime::timers::Timers;
use crate::status::{HS_ERR_CANCELLED, HS_ERR_TIMEOUT, HS_PHASE_QUEUE};
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::Poll;

pub struct Stops {
    timers: Rc<Timers>,
    cancels: Cancels,
    deadline: Option<Instant>,
}

/// Why a wait ended without what it waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    Cancelled,
    Deadline,
    /// The limit that was given for this wait alone.
    Limit,
    /// Nothing can happen any more, in virtual time.
    DeadEnd,
}

impl Stops {
    pub fn new(timers: Rc<Timers>, cancels: Cancels, deadline: Option<Instant>) -> Stops {
        Stops { timers, cancels, deadline }
    }

    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    pub fn now(&self) -> Instant {
        self.timers.now()
    }

    /// Fails when the call is over before its next step.
    pub fn check(&self) -> Result<(), Error> {
        let status = if self.cancels.is_triggered() {
            HS_ERR_CANCELLED
        } else if self.deadline.is_some_and(|deadline| self.now() >= deadline) {
            HS_ERR_TIMEOUT
        } else {
            return Ok(());
        };
        let mut error = Error::plain(status);
        if status == HS_ERR_TIMEOUT {
            error.details_mut().phase = HS_PHASE_QUEUE;
        }
        Err(error)
    }

    /// Waits for `future`, until `limit`, the deadline or the cancel. What is ready is taken, also when it is late.
    pub async fn guard<F: Future>(&self, limit: Option<Instant>, future: F) -> Result<F::Output, Stop> {
        let mut future = pin!(future);
        let until = match (limit, self.deadline) {
            (Some(limit), Some(deadline)) => Some(limit.min(deadline)),
            (limit, deadline) => limit.or(deadline),
        };
        let mut timer = pin!(until.map(|at| self.timers.at(at)));
        let mut cancels = self.cancels.triggered();
        let mut dead_end = pin!(until.is_none().then(|| self.timers.dead_end()));
        poll_fn(|cx| {
            if let Poll::Ready(output) = future.as_mut().poll(cx) {
                return Poll::Ready(Ok(output));
            }
            if cancels.iter_mut().flatten().any(|cancel| Pin::new(cancel).poll(cx).is_ready()) {
                return Poll::Ready(Err(Stop::Cancelled));
            }
            if let Some(timer) = timer.as_mut().as_pin_mut()
                && timer.poll(cx).is_ready()
            {
                let whole_call = self.deadline == until;
                return Poll::Ready(Err(if whole_call { Stop::Deadline } else { Stop::Limit }));
            }
            if let Some(dead_end) = dead_end.as_mut().as_pin_mut()
                && dead_end.poll(cx).is_ready()
            {
                return Poll::Ready(Err(Stop::DeadEnd));
            }
            Poll::Pending
        })
        .await
    }
}
