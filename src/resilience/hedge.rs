//! When a request takes so long that a second one beside it is worth its cost.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HedgeOptions {
    /// After how long a hedge is sent. `None`: after what 95 of 100 requests to that origin take.
    pub delay: Option<Duration>,
    /// How many beside the first.
    pub max_hedges: u32,
}

/// From how many successes on a quantile means something.
const ENOUGH: usize = 100;
/// How many of the last ones it is made of.
const KEPT: usize = 256;
const MOST_ORIGINS: usize = 1_024;
const LEAST_DELAY: Duration = Duration::from_millis(1);

/// How long successful requests took, by origin. A worker's own, or a pool's.
#[derive(Default)]
pub struct Latencies(Mutex<HashMap<Box<str>, Recent>>);

#[derive(Default)]
struct Recent {
    last: Vec<Duration>,
    next: usize,
    /// Reckoned when it is asked for after a change.
    quantile: Option<Duration>,
}

impl Latencies {
    fn origins(&self) -> MutexGuard<'_, HashMap<Box<str>, Recent>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn record(&self, origin: &str, took: Duration) {
        let mut origins = self.origins();
        if !origins.contains_key(origin) {
            if origins.len() >= MOST_ORIGINS {
                origins.clear();
            }
            origins.insert(origin.into(), Recent::default());
        }
        let recent = origins.get_mut(origin).expect("it was just put there");
        if recent.last.len() < KEPT {
            recent.last.push(took);
        } else {
            recent.last[recent.next] = took;
            recent.next = (recent.next + 1) % KEPT;
        }
        recent.quantile = None;
    }

    /// What 95 of 100 do not exceed; `None` where too few are known.
    pub fn quantile(&self, origin: &str) -> Option<Duration> {
        let mut origins = self.origins();
        let recent = origins.get_mut(origin).filter(|recent| recent.last.len() >= ENOUGH)?;
        if recent.quantile.is_none() {
            let mut sorted = recent.last.clone();
            let rank = (sorted.len() * 95).div_ceil(100) - 1;
            recent.quantile = Some((*sorted.select_nth_unstable(rank).1).max(LEAST_DELAY));
        }
        recent.quantile
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_needs_a_hundred_successes() {
        let latencies = Latencies::default();
        for ms in 1..=99 {
            latencies.record("http://a", Duration::from_millis(ms));
        }
        assert_eq!(latencies.quantile("http://a"), None);
        latencies.record("http://a", Duration::from_millis(100));
        assert_eq!(latencies.quantile("http://a"), Some(Duration::from_millis(95)));
        assert_eq!(latencies.quantile("http://b"), None);
    }

    #[test]
    fn it_is_of_the_last_ones_and_never_less_than_a_millisecond() {
        let latencies = Latencies::default();
        for _ in 0..KEPT {
            latencies.record("http://a", Duration::from_secs(9));
        }
        for _ in 0..KEPT {
            latencies.record("http://a", Duration::from_micros(5));
        }
        assert_eq!(latencies.quantile("http://a"), Some(LEAST_DELAY));
    }

    #[test]
    fn origins_are_bounded() {
        let latencies = Latencies::default();
        for number in 0..3 * MOST_ORIGINS {
            latencies.record(&format!("http://{number}"), Duration::ZERO);
        }
        assert!(latencies.origins().len() <= MOST_ORIGINS);
    }
}
