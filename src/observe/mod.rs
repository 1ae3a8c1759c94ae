//! Seeing inside: counters that any thread may read, events for a callback, the trace of one call, W3C trace context,
//! and what of all that, and of errors, must not be read. Who has asked for nothing pays for the counters alone.

pub mod counters;
mod decisions;
pub mod events;
pub mod gauge;
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
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Who is told of events, and of which; from whatever thread they happen on.
pub type Audience = (u32, Arc<dyn Fn(&events::Event) + Send + Sync>);

/// What of a worker is to be seen.
#[derive(Clone, Default)]
pub struct ObserveOptions {
    pub counters: Arc<Counters>,
    pub audience: Option<Audience>,
    pub redactor: Arc<Redactor>,
    pub context: traceparent::Mode,
    /// How many calls there were; of several workers together where they share it.
    pub calls: Arc<AtomicU64>,
}

/// What of a worker can be seen.
pub struct Observer {
    pub counters: Arc<Counters>,
    pub events: Option<Rc<Events>>,
    pub redactor: Arc<Redactor>,
    pub context: traceparent::Mode,
    calls: Arc<AtomicU64>,
    /// How many events each key has had.
    sequences: decisions::Sequences,
}

impl Observer {
    pub fn new(options: ObserveOptions) -> Observer {
        let ObserveOptions { counters, audience, redactor, context, calls } = options;
        let events = audience.map(|(mask, listener)| Rc::new(Events::new(mask, move |event| listener(event))));
        Observer { counters, events, redactor, context, calls, sequences: Default::default() }
    }

    /// The number of a new call.
    fn count(&self) -> u64 {
        self.calls.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Tells the callback what is queued. Not from inside libcurl.
    pub fn deliver(&self) {
        if let Some(events) = &self.events {
            events.deliver();
        }
    }
}
