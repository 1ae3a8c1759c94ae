//! Time that passes when it is told to, and chance that comes from a seed or a script.

use super::chance::Chance;
use super::clock::{Clock, Instant};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub struct Simulation {
    now: AtomicU64,
    /// What a wall clock shows at the moment zero, in nanoseconds since 1970.
    wall: AtomicI64,
    chance: Mutex<Script>,
    plans: Mutex<Plans>,
    /// Grows with each step that time makes, and each plan that is carried out.
    steps: AtomicU64,
}

type Plan = Box<dyn FnOnce() + Send>;

/// What is to be done when a moment comes; in the order of their making where it is the same one.
#[derive(Default)]
struct Plans {
    at: BTreeMap<(Instant, u64), Plan>,
    made: u64,
}

struct Script {
    generator: fastrand::Rng,
    /// What is drawn next, in millionths; from the seed once they are used up.
    drawn: std::collections::VecDeque<u32>,
}

/// The whole of a range, in the units of a script.
pub(crate) const WHOLE: u32 = 1_000_000;

impl Simulation {
    pub fn new(seed: u64) -> Simulation {
        let chance = Mutex::new(Script { generator: fastrand::Rng::with_seed(seed), drawn: Default::default() });
        let (now, wall, steps) = (AtomicU64::new(0), AtomicI64::new(0), AtomicU64::new(0));
        Simulation { now, wall, chance, plans: Mutex::default(), steps }
    }

    /// Lets time pass, and carries out what is planned for it, each at its moment. Time that others let pass meanwhile
    /// comes on top.
    pub fn advance(&self, by: Duration) {
        let mut left = by;
        loop {
            let now = self.now();
            let target = now.saturating_add(left);
            if let Some(moment) = self.carry_out(target) {
                left = left.saturating_sub(moment.since(now));
            } else if self.now.compare_exchange(now.0, target.0, Ordering::SeqCst, Ordering::SeqCst).is_ok() {
                self.steps.fetch_add(1, Ordering::SeqCst);
                return;
            }
        }
    }

    /// Lets time pass until something may have happened: to the next plan, or to `most` from now.
    pub fn pass(&self, most: Option<Duration>) {
        let target = most.map(|most| self.now().saturating_add(most));
        let carried_out = self.carry_out(target.unwrap_or(Instant(u64::MAX)));
        if let (None, Some(target)) = (carried_out, target) {
            self.reach(target);
        }
    }

    /// How often time has moved or a plan was carried out.
    pub fn steps(&self) -> u64 {
        self.steps.load(Ordering::SeqCst)
    }

    /// Plans something; a moment that has passed is the next one.
    pub fn at(&self, moment: Instant, plan: impl FnOnce() + Send + 'static) {
        let mut plans = self.plans();
        plans.made += 1;
        let key = (moment, plans.made);
        plans.at.insert(key, Box::new(plan));
    }

    /// Forgets all plans.
    pub fn give_up_plans(&self) {
        let forgotten = std::mem::take(&mut self.plans().at);
        drop(forgotten);
    }

    /// Carries out the first plan up to that moment, at its own; says when that was, `None` where there is no plan.
    fn carry_out(&self, until: Instant) -> Option<Instant> {
        let (moment, plan) = {
            let mut plans = self.plans();
            let first = plans.at.first_entry().filter(|first| first.key().0 <= until)?;
            (first.key().0, first.remove())
        };
        self.reach(moment);
        self.steps.fetch_add(1, Ordering::SeqCst);
        plan();
        Some(moment)
    }

    fn reach(&self, moment: Instant) {
        if self.now.fetch_max(moment.0, Ordering::SeqCst) < moment.0 {
            self.steps.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn plans(&self) -> MutexGuard<'_, Plans> {
        self.plans.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn set_wall(&self, nanoseconds: i64) {
        let now = i64::try_from(self.now.load(Ordering::SeqCst)).unwrap_or(i64::MAX);
        self.wall.store(nanoseconds.saturating_sub(now), Ordering::SeqCst);
    }

    /// What is drawn next, each as that many millionths of its range.
    pub fn script(&self, millionths: &[u32]) {
        self.script_lock().drawn.extend(millionths.iter().map(|&one| one.min(WHOLE)));
    }

    fn script_lock(&self) -> MutexGuard<'_, Script> {
        self.chance.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for Simulation {
    fn identity(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

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

    #[test]
    fn plans_are_carried_out_at_their_moments_in_their_order() {
        let simulation = std::sync::Arc::new(Simulation::new(0));
        let told = std::sync::Arc::new(Mutex::new(Vec::new()));
        for (moment, name) in [(30, "c"), (10, "a"), (10, "b"), (40, "d")] {
            let (told, within) = (told.clone(), simulation.clone());
            simulation.at(Instant(moment), move || told.lock().unwrap().push((within.now().0, name)));
        }
        simulation.pass(Some(Duration::from_nanos(5)));
        assert_eq!((simulation.now(), simulation.steps()), (Instant(5), 1));
        simulation.pass(Some(Duration::from_nanos(20)));
        assert_eq!(simulation.now(), Instant(10), "time stops where something is planned");
        simulation.advance(Duration::from_nanos(25));
        assert_eq!(*told.lock().unwrap(), [(10, "a"), (10, "b"), (30, "c")]);
        assert_eq!(simulation.now(), Instant(35));
        simulation.pass(None);
        assert_eq!((simulation.now(), told.lock().unwrap().len()), (Instant(40), 4));
        let steps = simulation.steps();
        simulation.pass(None);
        assert_eq!(simulation.steps(), steps, "nothing is left to happen");
        simulation.at(Instant(0), || panic!("it was given up"));
        simulation.give_up_plans();
        simulation.advance(Duration::from_secs(1));
    }
}
