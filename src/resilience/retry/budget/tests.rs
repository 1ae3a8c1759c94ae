use super::*;
use crate::runtime::simulation::Simulation;
use proptest::prelude::*;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

fn at(milliseconds: u64) -> Instant {
    Instant(milliseconds * 1_000_000)
}

fn budget() -> (Arc<Simulation>, Budget) {
    let simulation = Arc::new(Simulation::new(0));
    (simulation.clone(), Budget::new(BudgetOptions::default(), simulation))
}

/// Every request fails, and each is sent up to three times, the next after 100 ms: how many were sent in a minute.
fn sends_in_an_outage(requests_per_second: u64) -> u64 {
    let (_, budget) = budget();
    let mut due = std::collections::BTreeMap::<u64, Vec<u32>>::new();
    for request in 0..60 * requests_per_second {
        due.entry(request * 1_000 / requests_per_second).or_default().push(1);
    }
    let mut sends = 0;
    while let Some((now, attempts)) = due.pop_first() {
        for attempt in attempts {
            sends += 1;
            if attempt == 1 {
                budget.original("a", at(now));
            }
            if attempt < 3 && budget.withdraw("a", at(now)) {
                due.entry(now + 100).or_default().push(attempt + 1);
            }
        }
    }
    sends
}

#[test]
fn an_outage_is_answered_by_a_fifth_more_and_not_by_three_times_as_much() {
    let sends = sends_in_an_outage(50);
    assert!((3_500..=3_612).contains(&sends), "{sends}");
    // With little to do it is the floor: ten in ten seconds.
    assert_eq!(sends_in_an_outage(1), 60 + 60);
}

#[test]
fn an_idle_client_may_retry() {
    let (_, budget) = budget();
    budget.original("a", at(0));
    assert!(budget.withdraw("a", at(0)) && budget.withdraw("a", at(100)));
}

#[test]
fn the_floor_is_ten_in_ten_seconds_and_the_window_slides() {
    let (_, budget) = budget();
    for n in 0..10 {
        assert!(budget.withdraw("a", at(n * 100)), "{n}");
    }
    for now in [999, 1_000, 9_999] {
        assert!(!budget.withdraw("a", at(now)), "{now}");
    }
    assert!(budget.withdraw("a", at(10_000)));
    assert_eq!(budget.state("a", at(10_000)), BudgetState { originals: 0, withdrawn: 1, allowed: 10 });
}

#[test]
fn a_fifth_of_what_was_asked_rounded_down() {
    let (_, budget) = budget();
    (0..99).for_each(|_| budget.original("a", at(0)));
    assert_eq!(budget.state("a", at(9_999)).allowed, 19);
    budget.original("a", at(9_000));
    assert_eq!((0..30).filter(|_| budget.withdraw("a", at(9_500))).count(), 20);
    // The first second is gone, and what was taken is not.
    assert_eq!(budget.state("a", at(10_000)), BudgetState { originals: 1, withdrawn: 20, allowed: 10 });
    assert!(!budget.withdraw("a", at(18_999)) && budget.withdraw("a", at(19_000)));
}

#[test]
fn one_servers_outage_is_not_anothers() {
    let (_, budget) = budget();
    while budget.withdraw("a", at(0)) {}
    assert!(budget.withdraw("b", at(0)));
}

#[test]
fn keys_beyond_the_most_share_an_account_until_others_are_idle() {
    let simulation = Arc::new(Simulation::new(0));
    let options = BudgetOptions { max_keys: 2, ..BudgetOptions::default() };
    let budget = Budget::new(options, simulation.clone());
    budget.original("a", at(0));
    budget.original("b", at(0));
    while budget.withdraw("c", at(0)) {}
    assert!(!budget.withdraw("d", at(0)));
    assert!(budget.withdraw("a", at(0)));
    simulation.advance(Duration::from_secs(10));
    assert!(budget.withdraw("e", at(10_000)));
    assert_eq!(budget.0.accounts.len(), 2);
}

#[test]
fn what_cannot_be_is_refused_by_name_and_value() {
    let with = |percent, max_keys| BudgetOptions { percent, floor: 0, max_keys }.validate();
    assert_eq!((with(1, 1), with(100, 1 << 20)), (Ok(()), Ok(())));
    assert_eq!(with(0, 1).unwrap_err(), "percent is 0: 1 to 100");
    assert_eq!(with(101, 1).unwrap_err(), "percent is 101: 1 to 100");
    assert_eq!(with(20, 0).unwrap_err(), "max_keys is 0: 1 to 1048576");
}

/// The last one is taken by one thread alone, in every round.
#[test]
fn threads_together_get_exactly_what_is_allowed() {
    const THREADS: u64 = 4;
    let account = Account::new(20, 10);
    let (taken, barrier) = (AtomicU64::new(0), Barrier::new(THREADS as usize));
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for round in 0..200u64 {
                    barrier.wait();
                    let now = at(round * 10_000);
                    (0..25).for_each(|_| account.original(now));
                    barrier.wait();
                    taken.fetch_add((0..25).filter(|_| account.withdraw(now)).count() as u64, Ordering::Relaxed);
                    barrier.wait();
                    assert_eq!(taken.load(Ordering::Relaxed), (round + 1) * 20);
                    barrier.wait();
                }
            });
        }
    });
}

proptest! {
    /// Against a list of everything that ever happened.
    #[test]
    fn it_counts_as_a_list_would(
        percent in 1u32..=100, floor in 0u32..=12,
        steps in proptest::collection::vec((0u64..3_000, any::<bool>()), 1..300),
    ) {
        let account = Account::new(percent, floor);
        let (mut now, mut originals, mut withdrawn) = (0u64, Vec::new(), Vec::new());
        for (after, is_original) in steps {
            now += after;
            let inside = |all: &[u64]| all.iter().filter(|&&then| then / 1_000 + 10 > now / 1_000).count() as u64;
            let allowed = u64::from(floor).max(inside(&originals) * u64::from(percent) / 100);
            if is_original {
                account.original(at(now));
                originals.push(now);
            } else {
                let expected = inside(&withdrawn) < allowed;
                prop_assert_eq!(account.withdraw(at(now)), expected);
                withdrawn.extend(expected.then_some(now));
            }
            let state = account.state(at(now));
            prop_assert_eq!((state.originals, state.withdrawn), (inside(&originals), inside(&withdrawn)));
        }
    }
}
