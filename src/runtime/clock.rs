//! Monotonic time as nanoseconds. A trait, so that every policy can be tested in virtual time.

use std::time::Duration;

/// A point in time: nanoseconds since some fixed moment of this clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(pub u64);

impl Instant {
    pub fn saturating_add(self, duration: Duration) -> Instant {
        Instant(self.0.saturating_add(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)))
    }

    /// How long from `earlier` to `self`, zero where it is not earlier.
    pub fn since(self, earlier: Instant) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

pub trait Clock: Send + Sync {
    /// Clocks that differ in this show different times.
    fn identity(&self) -> usize {
        0
    }

    fn now(&self) -> Instant;

    /// What the wall clock shows, in nanoseconds since 1970. It jumps; only what a server says of its own is read by it.
    fn wall(&self) -> i64 {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        since.map_or(0, |since| i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
    }
}

/// The machine's clock. On Linux it goes on while the machine sleeps, so a deadline that passed meanwhile has passed.
pub struct SystemClock;

#[cfg(any(target_os = "linux", target_os = "android"))]
impl Clock for SystemClock {
    fn now(&self) -> Instant {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        Instant(time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64)
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
impl Clock for SystemClock {
    fn now(&self) -> Instant {
        static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
        let start = *START.get_or_init(std::time::Instant::now);
        Instant(u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }
}
