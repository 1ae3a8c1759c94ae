//! What became of it all.

use crate::abi::{Failure, Response};
use crate::result::milliseconds;
use hdrhistogram::Histogram;
use indicatif::BinaryBytes;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

pub struct Tally {
    pub requests: u64,
    pub responses: u64,
    pub skipped: u64,
    /// Under way when the run was interrupted, and without a result.
    pub given_up: u64,
    classes: [u64; 10],
    errors: BTreeMap<String, u64>,
    retries: u64,
    sent: u64,
    received: u64,
    /// Of calls, in microseconds, to a thousandth.
    latencies: Histogram<u64>,
    /// Exactly, so that no percentile is more than there was.
    longest: u64,
}

const QUANTILES: [(&str, f64); 4] = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999)];
const LONGEST_US: u64 = 24 * 3_600_000_000;

impl Tally {
    pub fn new() -> Self {
        Tally {
            requests: 0,
            responses: 0,
            skipped: 0,
            given_up: 0,
            classes: [0; 10],
            errors: BTreeMap::new(),
            retries: 0,
            sent: 0,
            received: 0,
            latencies: Histogram::new_with_max(LONGEST_US, 3).expect("a range, and three digits"),
            longest: 0,
        }
    }

    pub fn answered(&mut self, response: &Response) {
        let metrics = response.metrics();
        self.requests += 1;
        self.responses += 1;
        self.classes[usize::from(response.status() / 100).min(9)] += 1;
        self.retries += u64::from(metrics.attempts.saturating_sub(1));
        self.sent += metrics.request_header_bytes + metrics.request_body_bytes;
        self.received += metrics.response_header_bytes + metrics.response_body_bytes;
        self.took(metrics.total_ns);
    }

    pub fn failed(&mut self, failure: &Failure) {
        self.requests += 1;
        *self.errors.entry(failure.name.clone()).or_default() += 1;
        self.retries += u64::from(failure.attempts.saturating_sub(1));
        if failure.attempts > 0 {
            self.took(failure.elapsed_ns);
        }
    }

    fn took(&mut self, ns: u64) {
        self.latencies.saturating_record((ns + 500) / 1_000);
        self.longest = self.longest.max(ns);
    }

    pub fn failures(&self) -> u64 {
        self.requests - self.responses
    }

    fn classes(&self) -> impl Iterator<Item = (String, u64)> {
        let of_class = |(class, &count)| (format!("{class}xx"), count);
        self.classes.iter().enumerate().filter(|(_, count)| **count > 0).map(of_class)
    }

    fn latencies(&self) -> impl Iterator<Item = (&str, f64)> {
        let at = |q| (self.latencies.value_at_quantile(q) * 1_000).min(self.longest);
        let quantiles = QUANTILES.iter().map(move |&(name, q)| (name, at(q)));
        quantiles.chain([("max", self.longest)]).map(|(name, ns)| (name, milliseconds(ns)))
    }

    fn rate(&self, elapsed: Duration) -> f64 {
        (self.requests as f64 / elapsed.as_secs_f64().max(1e-6) * 10.0).round() / 10.0
    }

    pub fn json(&self, elapsed: Duration) -> Value {
        json!({
            "requests": self.requests,
            "succeeded": self.responses,
            "failed": self.failures(),
            "skipped": self.skipped,
            "given_up": self.given_up,
            "status": self.classes().collect::<BTreeMap<_, _>>(),
            "errors": self.errors,
            "retries": self.retries,
            "bytes_sent": self.sent,
            "bytes_received": self.received,
            "elapsed_ms": milliseconds(elapsed.as_nanos() as u64),
            "requests_per_second": self.rate(elapsed),
            "latency_ms": self.latencies().collect::<BTreeMap<_, _>>(),
        })
    }

    pub fn text(&self, elapsed: Duration) -> String {
        let mut text = format!(
            "requests  {} in {:.2} s, {} a second: {} succeeded, {} failed",
            self.requests,
            elapsed.as_secs_f64(),
            self.rate(elapsed),
            self.responses,
            self.failures()
        );
        for (count, what) in [(self.skipped, "skipped"), (self.given_up, "given up")] {
            if count > 0 {
                let _ = write!(text, ", {count} {what}");
            }
        }
        let mut list = |name: &str, items: Vec<String>| {
            if !items.is_empty() {
                let _ = write!(text, "\n{name:<9} {}", items.join(", "));
            }
        };
        list("status", self.classes().map(|(class, count)| format!("{class} {count}")).collect());
        list("errors", self.errors.iter().map(|(name, count)| format!("{name} {count}")).collect());
        if !self.latencies.is_empty() {
            list("latency", self.latencies().map(|(name, ms)| format!("{name} {ms} ms")).collect());
        }
        let (sent, received) = (BinaryBytes(self.sent), BinaryBytes(self.received));
        list(
            "traffic",
            vec![format!("{} retries", self.retries), format!("{sent} sent"), format!("{received} received")],
        );
        text.push('\n');
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_at_all() {
        let text = Tally::new().text(Duration::from_millis(10));
        assert_eq!(
            text,
            "requests  0 in 0.01 s, 0 a second: 0 succeeded, 0 failed\ntraffic   0 retries, 0 B sent, 0 B received\n"
        );
    }

    #[test]
    fn of_one_result_each_percentile_is_its_latency() {
        for (ns, ms) in
            [(1_234_567, 1.235), (5_123_456, 5.123), (987_654_321_000, 987_654.321), (90_000_000_000_000, 90_000_000.0)]
        {
            let mut tally = Tally::new();
            tally.failed(&Failure { attempts: 1, elapsed_ns: ns, ..Failure::of_manifest(String::new()) });
            assert_eq!(tally.json(Duration::from_secs(1))["latency_ms"]["max"], json!(ms));
            if ns < LONGEST_US * 1_000 {
                for (name, found) in tally.latencies() {
                    assert!((found / ms - 1.0).abs() < 1e-6, "{name} {found} of {ms}");
                }
            }
        }
    }

    #[test]
    fn failures_count_by_their_names_and_only_calls_have_latencies() {
        let mut tally = Tally::new();
        for ms in 1..=1000 {
            let call = Failure { attempts: 2, elapsed_ns: ms * 1_000_000, ..Failure::of_manifest(String::new()) };
            tally.failed(&Failure { name: "HS_ERR_CONNECT".into(), ..call });
        }
        tally.failed(&Failure::of_manifest(String::new()));
        let json = tally.json(Duration::from_secs(2));
        assert_eq!(json["errors"], json!({"HS_ERR_CONNECT": 1000, "HS_ERR_INVALID_ARGUMENT": 1}));
        assert_eq!((&json["retries"], &json["requests_per_second"]), (&json!(1000), &json!(500.5)));
        let at = |name: &str| json["latency_ms"][name].as_f64().unwrap();
        for (name, wanted) in [("p50", 500.0), ("p90", 900.0), ("p99", 990.0), ("p99.9", 999.0), ("max", 1000.0)] {
            assert!((at(name) / wanted - 1.0).abs() < 0.002, "{name} {}", at(name));
        }
    }
}
