//! The circuit breaker: asked before each call, told of its result, and for each key (an origin, or what the caller calls
//! it) it stops calls that would fail anyway, and finds out by a few probes when they no longer would.

mod circuit;
mod gate;
mod outcome;
mod sync;
mod table;
mod window;
mod word;

pub use circuit::{Circuit, Info, Loan, Permit, Refused, Transition};
pub use gate::{Probe, Reason, Settled, Trip};
pub use outcome::Outcome;
pub use table::{Breaker, Event, Listener};
pub(crate) use word::MOST_PROBES;
pub use word::State;

use std::time::Duration;

/// Which results a circuit is judged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// Those of so long, in ten buckets.
    Time(Duration),
    /// So many, however old.
    Count(u32),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    pub span: Span,
    /// Fewer results than that are no reason for anything.
    pub min_calls: u32,
    pub failure_percent: u32,
    /// What takes longer is slow; and the share of slow calls that trips.
    pub slow: Option<(Duration, u32)>,
    /// How long it is open the first time; each time in a row twice as long.
    pub open: Duration,
    pub open_most: Duration,
    /// How many probes there are in half-open.
    pub probes: u32,
    /// A probe that takes longer has failed.
    pub lease: Duration,
    pub max_keys: usize,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            span: Span::Time(Duration::from_secs(30)),
            min_calls: 20,
            failure_percent: 50,
            slow: None,
            open: Duration::from_secs(5),
            open_most: Duration::from_secs(60),
            probes: 3,
            lease: Duration::from_secs(60),
            max_keys: 1024,
        }
    }
}

impl Options {
    fn least_calls(&self) -> u64 {
        u64::from(match self.span {
            Span::Time(_) => self.min_calls,
            Span::Count(length) => self.min_calls.min(length),
        })
    }

    fn window(&self) -> window::Window {
        match self.span {
            Span::Time(span) => window::Window::Time(window::TimeWindow::new(nanoseconds(span) / window::BUCKETS)),
            Span::Count(length) => window::Window::Count(window::Ring::new(length)),
        }
    }

    fn rules(&self) -> gate::Rules {
        gate::Rules {
            probes: self.probes,
            failure_percent: self.failure_percent,
            slow_percent: self.slow.map(|(_, percent)| percent),
            open_ns: nanoseconds(self.open),
            open_most_ns: nanoseconds(self.open_most),
        }
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
