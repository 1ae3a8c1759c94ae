//! How long to wait before the next attempt: full jitter below a ceiling that doubles.

use crate::runtime::chance::Chance;
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The ceiling of the first wait after a passing failure.
    pub base: Duration,
    /// The same where the server says that it is asked too much.
    pub throttle_base: Duration,
    /// No ceiling is higher.
    pub cap: Duration,
    /// No wait is shorter.
    pub floor: Duration,
}

impl Default for Backoff {
    fn default() -> Backoff {
        Backoff {
            base: Duration::from_millis(100),
            throttle_base: Duration::from_secs(1),
            cap: Duration::from_secs(20),
            floor: Duration::from_millis(10),
        }
    }
}

impl Backoff {
    /// The `n`-th wait, counted from 1: anything from nothing to `min(cap, base * 2^(n-1))`, each as likely. The cap
    /// comes first and the jitter second, so that clients do not gather at the cap.
    pub fn delay(&self, n: u32, throttled: bool, chance: &dyn Chance) -> Duration {
        let drawn = chance.up_to(self.ceiling(n, throttled));
        Duration::from_nanos(drawn).max(self.floor)
    }

    fn ceiling(&self, n: u32, throttled: bool) -> u64 {
        let base = if throttled { self.throttle_base } else { self.base };
        // Beyond 64 doublings of a nanosecond every cap is reached.
        let doublings = n.saturating_sub(1).min(64);
        let nanoseconds = base.as_nanos().saturating_mul(1 << doublings).min(self.cap.as_nanos());
        u64::try_from(nanoseconds).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::simulation::{Simulation, WHOLE};
    use proptest::prelude::*;

    fn drawn(backoff: &Backoff, n: u32, throttled: bool, millionths: u32) -> Duration {
        let simulation = Simulation::new(0);
        simulation.script(&[millionths]);
        backoff.delay(n, throttled, &simulation)
    }

    #[test]
    fn ceilings_double_up_to_the_cap() {
        let highest = |n| drawn(&Backoff::default(), n, false, WHOLE).as_millis();
        let all = [1, 2, 3, 4, 5, 6, 7, 8, 9, 64, 65, u32::MAX].map(highest);
        assert_eq!(all, [100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 20_000, 20_000, 20_000, 20_000]);
        let throttled = |n| drawn(&Backoff::default(), n, true, WHOLE).as_millis();
        assert_eq!([1, 2, 5, 6].map(throttled), [1_000, 2_000, 16_000, 20_000]);
    }

    #[test]
    fn jitter_comes_after_the_cap_and_never_goes_below_the_floor() {
        assert_eq!(drawn(&Backoff::default(), 30, false, WHOLE / 2), Duration::from_secs(10));
        assert_eq!(drawn(&Backoff::default(), 1, true, WHOLE / 2), Duration::from_millis(500));
        assert_eq!(drawn(&Backoff::default(), 1, false, 0), Duration::from_millis(10));
    }

    proptest! {
        #[test]
        fn never_outside_of_its_bounds(
            base in 0u64..=u64::MAX, cap in 0u64..=u64::MAX, n in any::<u32>(), millionths in 0..=WHOLE,
        ) {
            let (base, cap) = (Duration::from_millis(base), Duration::from_millis(cap));
            let backoff = Backoff { base, throttle_base: base, cap, ..Backoff::default() };
            let delay = drawn(&backoff, n, false, millionths);
            prop_assert!(delay >= backoff.floor);
            prop_assert!(delay <= cap.max(backoff.floor));
            prop_assert_eq!(delay, drawn(&backoff, n, true, millionths));
        }
    }
}
