//! How much may be sent, and the meter that keeps count of it.

use super::Take;
use super::gcra::Gcra;
use super::log::Log;
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// `burst` at once and then the rate: smooth, but more than the limit in the first period.
    Gcra,
    /// The same with the rate lowered, so that no period has more than the limit.
    WindowSafe,
    /// The whole limit in any period, kept by remembering when each was sent.
    SlidingLog,
}

/// What may be sent, checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    pub mode: Mode,
    pub limit: u32,
    pub period: Duration,
    /// As many as the limit in a sliding log.
    pub burst: u32,
    /// How much longer than the period a sliding log remembers: what may pass between here and the server.
    pub margin: Duration,
}

/// A quota as it is asked for: `None` is the default.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted {
    pub mode: Option<Mode>,
    pub limit: u32,
    pub period: Option<Duration>,
    pub burst: Option<u32>,
    pub margin: Option<Duration>,
}

/// Up to here a log is kept unless something else is asked for, and beyond there never: 8 bytes a request.
const USUAL_LOG: u32 = 10_000;
const LONGEST_LOG: u32 = 100_000;
const SHORTEST_PERIOD: Duration = Duration::from_millis(1);
const LONGEST_PERIOD: Duration = Duration::from_secs(366 * 86_400);

impl Wanted {
    /// The quota, or what is wrong with it.
    pub fn check(self) -> Result<Quota, String> {
        let Wanted { limit, .. } = self;
        if limit == 0 {
            return Err("limit is 0: nothing could ever be sent".into());
        }
        let period = self.period.unwrap_or(Duration::from_secs(60));
        if !(SHORTEST_PERIOD..=LONGEST_PERIOD).contains(&period) {
            return Err(format!(
                "period_ms is {}: at least 1 and at most {}",
                period.as_millis(),
                LONGEST_PERIOD.as_millis()
            ));
        }
        let usual = match self.burst {
            None if limit <= USUAL_LOG => Mode::SlidingLog,
            _ => Mode::WindowSafe,
        };
        let mode = self.mode.unwrap_or(usual);
        let margin = match (mode, self.margin) {
            (Mode::SlidingLog, margin) => margin.unwrap_or(Duration::from_millis(50)),
            (_, None) => Duration::ZERO,
            (_, Some(_)) => return Err("window_margin_ms is set: it is for a sliding log alone".into()),
        };
        if margin > LONGEST_PERIOD {
            return Err(format!("window_margin_ms is {}: at most {}", margin.as_millis(), LONGEST_PERIOD.as_millis()));
        }
        let burst = match (mode, self.burst) {
            (Mode::SlidingLog, None) => limit,
            (Mode::SlidingLog, Some(_)) => return Err("burst is set: a sliding log has none but its limit".into()),
            (_, None) => 10.max(limit / 100).min(limit),
            (_, Some(burst)) => burst,
        };
        if burst == 0 || burst > limit {
            return Err(format!("burst is {burst}: at least 1, and at most limit, which is {limit}"));
        }
        if mode == Mode::SlidingLog && limit > LONGEST_LOG {
            return Err(format!("limit is {limit}: a sliding log keeps at most {LONGEST_LOG}"));
        }
        let quota = Quota { mode, limit, period, burst, margin };
        if quota.step().checked_mul(u64::from(burst)).is_none_or(|whole| whole > u64::MAX / 4) {
            return Err(format!("burst is {burst}: it would take centuries to come back"));
        }
        Ok(quota)
    }
}

impl Quota {
    /// The time in which one token comes.
    fn step(&self) -> u64 {
        let rate = match self.mode {
            Mode::WindowSafe => self.limit - self.burst + 1,
            _ => self.limit,
        };
        nanoseconds(self.period).div_ceil(u64::from(rate))
    }

    fn window(&self) -> u64 {
        nanoseconds(self.period) + nanoseconds(self.margin)
    }

    pub fn meter(&self) -> Meter {
        match self.mode {
            Mode::SlidingLog => Meter::Log(Log::new(self.limit as usize, self.window(), &[])),
            _ => Meter::Gcra(Gcra::new(self.step(), u64::from(self.burst), 0)),
        }
    }

    /// Gives back what was taken at a moment and not used: in place, or by another meter that goes on without it.
    pub fn put_back(&self, meter: &Meter, taken_at: u64, cost: u64, now: u64) -> Option<Meter> {
        match meter {
            Meter::Gcra(gcra) => {
                gcra.put_back(taken_at, cost, now);
                None
            }
            Meter::Log(log) => {
                let mut left = cost;
                let mut taken = log.freeze();
                taken.retain(|at| {
                    let goes = left > 0 && *at == taken_at;
                    left -= u64::from(goes);
                    !goes
                });
                Some(Meter::Log(Log::new(self.limit as usize, self.window(), &taken)))
            }
        }
    }

    /// A meter of this quota that goes on from where another one of the same mode was, which ends.
    pub fn meter_after(&self, before: &Meter, now: u64) -> Meter {
        match before {
            Meter::Log(log) => {
                let taken = log.freeze();
                let newest = &taken[taken.len().saturating_sub(self.limit as usize)..];
                Meter::Log(Log::new(self.limit as usize, self.window(), newest))
            }
            Meter::Gcra(gcra) => {
                let missing = gcra.freeze(now).saturating_mul(self.step());
                Meter::Gcra(Gcra::new(self.step(), u64::from(self.burst), now.saturating_add(missing)))
            }
        }
    }
}

pub fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Keeps count.
pub enum Meter {
    Gcra(Gcra),
    Log(Log),
}

impl Meter {
    pub fn capacity(&self) -> u64 {
        match self {
            Meter::Gcra(gcra) => gcra.capacity(),
            Meter::Log(log) => log.capacity(),
        }
    }

    pub fn take(&self, now: u64, cost: u64) -> Take {
        match self {
            Meter::Gcra(gcra) => gcra.take(now, cost),
            Meter::Log(log) => log.take(now, cost),
        }
    }

    pub fn estimate(&self, from: u64, tokens: u64) -> u64 {
        match self {
            Meter::Gcra(gcra) => gcra.estimate(from, tokens),
            Meter::Log(log) => log.estimate(from, tokens),
        }
    }

    pub fn remaining(&self, now: u64) -> u64 {
        match self {
            Meter::Gcra(gcra) => gcra.remaining(now),
            Meter::Log(log) => log.remaining(now),
        }
    }

    pub fn is_whole(&self, now: u64) -> bool {
        match self {
            Meter::Gcra(gcra) => gcra.is_whole(now),
            Meter::Log(log) => log.is_whole(now),
        }
    }
}
