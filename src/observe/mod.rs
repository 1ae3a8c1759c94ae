//! Seeing inside: counters that any thread may read, events for a callback, the trace of one call, W3C trace context,
//! and what of all that, and of errors, must not be read. Who has asked for nothing pays for the counters alone.

pub mod counters;
mod decisions;
pub mod events;
pub mod histogram;
mod listener;
pub mod redact;
pub mod trace;
pub mod traceparent;
mod watch;

pub use decisions::{HedgeEvent, Refusal};
pub use listener::{Connection, Listener};
pub use watch::Watch;

use counters::Counters;
use events::Events;
use redact::Redactor;
use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

/// What of a worker can be seen.
#[derive(Default)]
pub struct Observer {
    pub counters: Arc<Counters>,
    pub events: Option<Rc<Events>>,
    pub redactor: Rc<Redactor>,
    pub context: traceparent::Mode,
    calls: Cell<u64>,
    /// How many events each key has had.
    sequences: decisions::Sequences,
}

impl Observer {
    pub fn new(histograms: bool, events: Option<Events>, redactor: Redactor, context: traceparent::Mode) -> Observer {
        Observer {
            counters: Arc::new(Counters::new(histograms)),
            events: events.map(Rc::new),
            redactor: Rc::new(redactor),
            context,
            calls: Cell::new(0),
            sequences: Default::default(),
        }
    }

    /// The number of a new call.
    fn count(&self) -> u64 {
        self.calls.update(|calls| calls + 1);
        self.calls.get()
    }

    /// Tells the callback what is queued. Not from inside libcurl.
    pub fn deliver(&self) {
        if let Some(events) = &self.events {
            events.deliver();
        }
    }
}
