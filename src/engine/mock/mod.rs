//! An engine that answers from a script. It opens no socket and starts no thread; everything above the seam is as ever.

mod exchange;
mod parker;
pub mod record;
pub mod recording;
pub mod rule;
pub mod script;

use super::{Engine, ExchangeId, ExchangeRequest, Progress};
use crate::error::{Error, quoted};
use crate::http::headers::HeaderBlock;
use crate::http::metrics::ExchangeMetrics;
use crate::http::response::Head;
use crate::observe::redact::Redactor;
use crate::runtime::clock::Clock;
use crate::runtime::simulation::Simulation;
use crate::runtime::timers::Timers;
use crate::runtime::wake::Unpark;
use exchange::Scripted;
use parker::Parker;
use script::Mock;
use slab::Slab;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

pub struct MockEngine {
    mock: Mock,
    timers: Rc<Timers>,
    exchanges: RefCell<Slab<Scripted>>,
    unpark: Arc<dyn Unpark>,
    wait: Box<dyn Fn(Option<Duration>)>,
}

impl MockEngine {
    /// One that waits in real time.
    pub fn new(mock: Mock, clock: Arc<dyn Clock>) -> MockEngine {
        let parker = Arc::new(Parker::default());
        let waiting = parker.clone();
        MockEngine::waiting(mock, clock, parker, Box::new(move |timeout| waiting.wait(timeout)))
    }

    /// One that lets virtual time pass instead of waiting.
    pub fn simulated(mock: Mock, simulation: Arc<Simulation>) -> MockEngine {
        let passing = simulation.clone();
        let pass = move |timeout| passing.pass(timeout);
        MockEngine::waiting(mock, simulation, Arc::new(Parker::default()), Box::new(pass))
    }

    fn waiting(
        mock: Mock,
        clock: Arc<dyn Clock>,
        unpark: Arc<dyn Unpark>,
        wait: Box<dyn Fn(Option<Duration>)>,
    ) -> MockEngine {
        MockEngine { mock, timers: Timers::new(clock), exchanges: RefCell::default(), unpark, wait }
    }

    fn with<R>(&self, id: ExchangeId, look: impl FnOnce(&mut Scripted) -> R) -> R {
        look(&mut self.exchanges.borrow_mut()[id])
    }
}

impl Engine for MockEngine {
    fn start(&self, request: ExchangeRequest) -> Result<ExchangeId, Error> {
        Ok(self.exchanges.borrow_mut().insert(Scripted::new(self.mock.clone(), self.timers.clone(), request)))
    }

    fn poll_head(&self, id: ExchangeId, cx: &mut Context<'_>) -> Poll<Result<Head, Error>> {
        self.with(id, |exchange| exchange.poll_head(cx))
    }

    fn poll_body(&self, id: ExchangeId, cx: &mut Context<'_>) -> Poll<Result<Option<Vec<u8>>, Error>> {
        self.with(id, |exchange| exchange.poll_body(cx))
    }

    fn progress(&self, id: ExchangeId) -> Progress {
        self.with(id, |exchange| exchange.progress())
    }

    fn metrics(&self, id: ExchangeId) -> ExchangeMetrics {
        self.with(id, |exchange| exchange.metrics())
    }

    fn trailers(&self, id: ExchangeId) -> HeaderBlock {
        self.with(id, |exchange| exchange.trailers())
    }

    fn release(&self, id: ExchangeId) {
        let released = self.exchanges.borrow_mut().remove(id);
        drop(released);
    }

    fn wait(&self, timeout: Option<Duration>) {
        let due = self.timers.next_due();
        (self.wait)(match (timeout, due) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        });
    }

    fn advance(&self) {
        self.timers.fire();
    }

    #[cfg(test)]
    fn running(&self) -> usize {
        self.exchanges.borrow().len()
    }

    fn unparker(&self) -> Arc<dyn Unpark> {
        self.unpark.clone()
    }
}

/// A URL for an error, without what may be a secret.
fn shown(text: &str) -> String {
    quoted(&Redactor::default().broken_url(text.as_bytes()))
}

#[cfg(test)]
mod tests;
