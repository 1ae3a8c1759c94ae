//! What a caller may choose about retries.

use super::backoff::Backoff;
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryOptions {
    /// The first one included.
    pub max_attempts: u32,
    pub backoff: Backoff,
    /// The longest wait that a server may ask for; what is longer ends the call with the response that asks for it.
    pub retry_after_max: Duration,
    /// Waits `retry_after_max` instead.
    pub clamp_retry_after: bool,
    /// A 429 says that the request was not carried out, so that any method may be sent again.
    pub unprocessed_429: bool,
    /// Waits and asks again where the breaker is open.
    pub retry_on_open: bool,
    /// Which statuses are worth another attempt, 421 and, with a key, 409 aside.
    pub statuses: StatusSet,
}

impl Default for RetryOptions {
    fn default() -> RetryOptions {
        RetryOptions {
            max_attempts: 3,
            backoff: Backoff::default(),
            retry_after_max: Duration::from_secs(60),
            clamp_retry_after: false,
            unprocessed_429: true,
            retry_on_open: false,
            statuses: StatusSet::default(),
        }
    }
}

/// More than anybody means.
const MOST_ATTEMPTS: u32 = 100;

impl RetryOptions {
    /// What makes no sense, by field and value.
    pub fn validate(&self) -> Result<(), String> {
        let Backoff { base, throttle_base, cap, .. } = self.backoff;
        if !(1..=MOST_ATTEMPTS).contains(&self.max_attempts) {
            return Err(format!("max_attempts is {}: 1 to {MOST_ATTEMPTS}", self.max_attempts));
        }
        for (name, base) in [("base_delay_ms", base), ("throttle_delay_ms", throttle_base)] {
            if cap < base {
                return Err(format!("max_delay_ms is {}: less than {name}, {}", cap.as_millis(), base.as_millis()));
            }
        }
        Ok(())
    }
}

/// An attempt that may take longer than the whole call: one of the two is not what was meant.
pub fn check_attempt_timeout(attempt: Option<Duration>, deadline: Option<Duration>) -> Result<(), String> {
    let longer = match (attempt, deadline) {
        (_, None) => return Ok(()),
        (None, Some(_)) => return Ok(()),
        (Some(attempt), Some(deadline)) if attempt <= deadline => return Ok(()),
        (Some(attempt), Some(deadline)) => (attempt.as_millis(), deadline.as_millis()),
    };
    Err(format!("attempt_timeout_ms is {}: longer than timeout_ms, {}", longer.0, longer.1))
}

/// A set of statuses from 400 to 599.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct StatusSet([u64; 4]);

impl Default for StatusSet {
    fn default() -> StatusSet {
        let mut set = StatusSet::empty();
        [408, 425, 429, 500, 502, 503, 504].into_iter().for_each(|status| set.insert(status).expect("in range"));
        set
    }
}

impl StatusSet {
    pub fn empty() -> StatusSet {
        StatusSet([0; 4])
    }

    fn place(status: u16) -> Option<(usize, u64)> {
        let at = status.checked_sub(400).filter(|&at| at < 200)?;
        Some((usize::from(at / 64), 1 << (at % 64)))
    }

    /// Says no to what is no error, which nobody sends again.
    pub fn insert(&mut self, status: u16) -> Result<(), String> {
        let (word, bit) = StatusSet::place(status).ok_or_else(|| format!("{status}: not a status from 400 to 599"))?;
        self.0[word] |= bit;
        Ok(())
    }

    pub fn contains(&self, status: u16) -> bool {
        StatusSet::place(status).is_some_and(|(word, bit)| self.0[word] & bit != 0)
    }

    /// What is put in by the proxies of a large network where they cannot reach the server behind them.
    pub fn insert_proxy_failures(&mut self) {
        (520..=524).for_each(|status| self.insert(status).expect("in range"));
    }
}

impl std::fmt::Debug for StatusSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries((400u16..600).filter(|&status| self.contains(status))).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_make_sense() {
        let options = RetryOptions::default();
        assert_eq!(options.validate(), Ok(()));
        assert_eq!(format!("{:?}", options.statuses), "{408, 425, 429, 500, 502, 503, 504}");
    }

    #[test]
    fn what_cannot_be_is_refused_by_name_and_value() {
        let with = |change: fn(&mut RetryOptions)| {
            let mut options = RetryOptions::default();
            change(&mut options);
            options.validate().unwrap_err()
        };
        assert_eq!(with(|o| o.max_attempts = 0), "max_attempts is 0: 1 to 100");
        assert_eq!(with(|o| o.max_attempts = 101), "max_attempts is 101: 1 to 100");
        let short = |o: &mut RetryOptions| o.backoff.cap = Duration::from_millis(99);
        assert_eq!(with(short), "max_delay_ms is 99: less than base_delay_ms, 100");
        let between = |o: &mut RetryOptions| o.backoff.cap = Duration::from_millis(999);
        assert_eq!(with(between), "max_delay_ms is 999: less than throttle_delay_ms, 1000");
    }

    #[test]
    fn an_attempt_is_no_longer_than_the_call() {
        let ms = |ms| Some(Duration::from_millis(ms));
        assert_eq!(check_attempt_timeout(ms(5), ms(5)), Ok(()));
        assert_eq!(check_attempt_timeout(ms(5), None), Ok(()));
        assert_eq!(check_attempt_timeout(None, ms(5)), Ok(()));
        let error = check_attempt_timeout(ms(6), ms(5)).unwrap_err();
        assert_eq!(error, "attempt_timeout_ms is 6: longer than timeout_ms, 5");
    }

    #[test]
    fn a_set_holds_errors_alone() {
        let mut set = StatusSet::empty();
        for status in [0, 200, 399, 600, u16::MAX] {
            assert!(set.insert(status).is_err() && !set.contains(status), "{status}");
        }
        set.insert_proxy_failures();
        set.insert(400).unwrap();
        set.insert(599).unwrap();
        assert_eq!(format!("{set:?}"), "{400, 520, 521, 522, 523, 524, 599}");
    }
}
