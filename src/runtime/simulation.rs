//! Time that passes when it is told to, and chance that comes from a seed or a script.

use super::chance::Chance;
use super::clock::{Clock, Instant};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

pub struct Simulation {
    now: AtomicU64,
    /// What a wall clock shows at the moment zero, in nanoseconds since 1970.
    wall: AtomicI64,
    chance: Mutex<Script>,
}

struct Script {
    generator: fastrand::Rng,
    /// What is drawn next, in millionths; from the seed once they are used up.
    drawn: std::collections::VecDeque<u32>,
}

/// The whole of a range, in the units of a script.
pub const WHOLE: u32 = 1_000_000;

impl Simulation {
    pub fn new(seed: u64) -> Simulation {
        let chance = Mutex::new(Script { generator: fastrand::Rng::with_seed(seed), drawn: Default::default() });
        Simulation { now: AtomicU64::new(0), wall: AtomicI64::new(0), chance }
    }

    pub fn advance(&self, by: Duration) {
        self.now.fetch_add(u64::try_from(by.as_nanos()).unwrap_or(u64::MAX), Ordering::SeqCst);
    }

    pub fn set_wall(&self, nanoseconds: i64) {
        let now = i64::try_from(self.now.load(Ordering::SeqCst)).unwrap_or(i64::MAX);
        self.wall.store(nanoseconds.saturating_sub(now), Ordering::SeqCst);
    }

    /// What is drawn next, each as that many millionths of its range.
    pub fn script(&self, millionths: &[u32]) {
        self.script_lock().drawn.extend(millionths.iter().map(|&one| one.min(WHOLE)));
    }

    fn script_lock(&self) -> std::sync::MutexGuard<'_, Script> {
        self.chance.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for Simulation {
    fn now(&self) -> Instant {
        Instant(self.now.load(Ordering::SeqCst))
    }

    fn wall(&self) -> i64 {
        let now = i64::try_from(self.now.load(Ordering::SeqCst)).unwrap_or(i64::MAX);
        self.wall.load(Ordering::SeqCst).saturating_add(now)
    }
}

impl Chance for Simulation {
    fn up_to(&self, most: u64) -> u64 {
        let mut script = self.script_lock();
        match script.drawn.pop_front() {
            Some(millionths) => (u128::from(most) * u128::from(millionths) / u128::from(WHOLE)) as u64,
            None => script.generator.u64(..=most),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_drawn_first_and_then_the_seed() {
        let simulation = Simulation::new(7);
        simulation.script(&[0, 500_000, WHOLE, u32::MAX]);
        assert_eq!([10, 10, u64::MAX, 9].map(|most| simulation.up_to(most)), [0, 5, u64::MAX, 9]);
        let other = Simulation::new(7);
        let drawn: Vec<u64> = (0..100).map(|_| simulation.up_to(1_000)).collect();
        assert_eq!(drawn, (0..100).map(|_| other.up_to(1_000)).collect::<Vec<_>>());
        assert!(drawn.iter().any(|one| *one != drawn[0]));
    }

    #[test]
    fn the_wall_clock_goes_along_and_can_be_set() {
        let simulation = Simulation::new(0);
        simulation.advance(Duration::from_secs(2));
        simulation.set_wall(1_000);
        simulation.advance(Duration::from_nanos(5));
        assert_eq!((simulation.now(), simulation.wall()), (Instant(2_000_000_005), 1_005));
        simulation.set_wall(-1);
        assert_eq!((simulation.now(), simulation.wall()), (Instant(2_000_000_005), -1));
    }
}
