//! What a worker has done so far, for any thread to read at any time. The worker's own thread alone writes, so a plain
//! load and store do for an addition; nobody waits for anybody.

use super::histogram::Histogram;
use crate::http::metrics::ExchangeMetrics;
use crate::status::{HS_PHASE_INTERNAL, hs_phase};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// A number that one thread changes.
#[derive(Default)]
pub struct Counter(AtomicU64);

impl Counter {
    pub fn add(&self, more: u64) {
        self.0.store(self.get().wrapping_add(more), Ordering::Relaxed);
    }

    fn sub(&self, less: u64) {
        self.0.store(self.get().wrapping_sub(less), Ordering::Relaxed);
    }

    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

pub(crate) const PHASES: usize = HS_PHASE_INTERNAL as usize + 1;

/// What a histogram is kept of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Latency {
    Call,
    Queue,
    Dns,
    Connect,
    Tls,
    Send,
    FirstByte,
    Body,
    PoolQueue,
}

pub(crate) const LATENCIES: [Latency; 9] = [
    Latency::Call,
    Latency::Queue,
    Latency::Dns,
    Latency::Connect,
    Latency::Tls,
    Latency::Send,
    Latency::FirstByte,
    Latency::Body,
    Latency::PoolQueue,
];

#[derive(Default)]
pub struct Counters {
    pub calls_started: Counter,
    pub calls_succeeded: Counter,
    pub calls_failed: Counter,
    pub calls_in_flight: Counter,
    pub errors_by_phase: [Counter; PHASES],
    /// By the first digit of the status; 0 for what has none.
    pub responses_by_class: [Counter; 6],
    pub exchanges: Counter,
    pub redirects: Counter,
    pub attempts: Counter,
    pub retries: Counter,
    pub retries_abandoned: Counter,
    pub hedges: Counter,
    pub hedges_won: Counter,
    pub breaker_rejected: Counter,
    pub limiter_waits: Counter,
    pub limiter_rejected: Counter,
    pub bulkhead_waits: Counter,
    pub bulkhead_rejected: Counter,
    pub budget_exhausted: Counter,
    pub internal_resends: Counter,
    pub connections_made: Counter,
    pub connections_reused: Counter,
    pub request_header_bytes: Counter,
    pub request_body_bytes: Counter,
    pub response_header_bytes: Counter,
    pub response_body_bytes: Counter,
    histograms: Option<Box<[OnceLock<Box<Histogram>>; LATENCIES.len()]>>,
}

impl Counters {
    pub fn new(with_histograms: bool) -> Counters {
        Counters { histograms: with_histograms.then(Box::default), ..Counters::default() }
    }

    pub fn call_started(&self) {
        self.calls_started.add(1);
        self.calls_in_flight.add(1);
    }

    /// `failed` in which phase, or with which HTTP status it has succeeded.
    pub fn call_ended(&self, outcome: Result<u16, hs_phase>, elapsed_ns: u64) {
        self.calls_in_flight.sub(1);
        match outcome {
            Ok(status) => {
                self.calls_succeeded.add(1);
                let class = usize::from(status / 100);
                self.responses_by_class[if class < 6 { class } else { 0 }].add(1);
            }
            Err(phase) => {
                self.calls_failed.add(1);
                let phase = usize::try_from(phase).unwrap_or(PHASES - 1);
                self.errors_by_phase[phase.min(PHASES - 1)].add(1);
            }
        }
        self.took(Latency::Call, elapsed_ns);
    }

    /// One exchange, however it ended.
    pub fn exchange_ended(&self, metrics: &ExchangeMetrics) {
        self.exchanges.add(1);
        self.internal_resends.add(u64::from(metrics.internal_resends));
        self.request_header_bytes.add(metrics.request_header_bytes);
        self.request_body_bytes.add(metrics.request_body_bytes);
        self.response_header_bytes.add(metrics.response_header_bytes);
        self.response_body_bytes.add(metrics.response_body_bytes);
        if !metrics.sent {
            return;
        }
        let made = if metrics.connection_reused { &self.connections_reused } else { &self.connections_made };
        made.add(1);
        if self.histograms.is_some() {
            let phases = &metrics.phases;
            self.took(Latency::Queue, phases.queue_ns);
            if !metrics.connection_reused {
                self.took(Latency::Dns, phases.dns_ns);
                self.took(Latency::Connect, phases.connect_ns);
                if phases.tls_ns > 0 {
                    self.took(Latency::Tls, phases.tls_ns);
                }
            }
            self.took(Latency::Send, phases.send_ns);
            if metrics.response_header_bytes > 0 {
                self.took(Latency::FirstByte, phases.first_byte_ns);
                self.took(Latency::Body, phases.body_ns);
            }
        }
    }

    pub fn took(&self, what: Latency, nanoseconds: u64) {
        if let Some(histograms) = &self.histograms {
            histograms[what as usize].get_or_init(Box::default).record(nanoseconds);
        }
    }

    pub fn keeps_histograms(&self) -> bool {
        self.histograms.is_some()
    }

    /// `None` where nothing of the kind was measured yet, or nothing is kept at all.
    pub fn histogram(&self, what: Latency) -> Option<&Histogram> {
        self.histograms.as_ref()?[what as usize].get().map(|histogram| &**histogram)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::metrics::Phases;
    use crate::status::{HS_PHASE_DNS, HS_PHASE_TLS};

    #[test]
    fn calls_are_counted_by_their_end() {
        let counters = Counters::new(false);
        (0..4).for_each(|_| counters.call_started());
        assert_eq!(counters.calls_in_flight.get(), 4);
        counters.call_ended(Ok(204), 1);
        counters.call_ended(Ok(999), 1);
        counters.call_ended(Err(HS_PHASE_TLS), 1);
        counters.call_ended(Err(-1), 1);
        assert_eq!((counters.calls_in_flight.get(), counters.calls_started.get()), (0, 4));
        assert_eq!((counters.calls_succeeded.get(), counters.calls_failed.get()), (2, 2));
        assert_eq!((counters.responses_by_class[2].get(), counters.responses_by_class[0].get()), (1, 1));
        assert_eq!(counters.errors_by_phase[HS_PHASE_TLS as usize].get(), 1);
        assert_eq!(counters.errors_by_phase[HS_PHASE_DNS as usize].get(), 0);
        assert!(counters.histogram(Latency::Call).is_none());
    }

    #[test]
    fn an_exchange_counts_its_connection_once_it_has_one() {
        let counters = Counters::new(true);
        let phases = Phases { dns_ns: 5, connect_ns: 7, first_byte_ns: 9, ..Phases::default() };
        let metrics = ExchangeMetrics { phases, response_header_bytes: 50, ..ExchangeMetrics::default() };
        counters.exchange_ended(&metrics);
        assert_eq!((counters.connections_made.get(), counters.exchanges.get()), (0, 1));
        let metrics = ExchangeMetrics { sent: true, ..metrics };
        counters.exchange_ended(&metrics);
        counters.exchange_ended(&ExchangeMetrics { connection_reused: true, ..metrics });
        assert_eq!((counters.connections_made.get(), counters.connections_reused.get()), (1, 1));
        let count = |what| counters.histogram(what).map_or(0, |histogram| histogram.snapshot().count);
        assert_eq!((count(Latency::Dns), count(Latency::FirstByte), count(Latency::Tls)), (1, 2, 0));
    }
}
