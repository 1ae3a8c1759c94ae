//! The bulkhead's places: never more inside than there are, none lost between giving back and leaving, and nobody who waits
//! is forgotten.

#[path = "../../../src/resilience/bulkhead/places.rs"]
mod places;

mod sync {
    pub use loom::sync::atomic::{AtomicU64, Ordering};
    pub use loom::sync::{Mutex, MutexGuard};
    pub use std::sync::PoisonError;
}

use loom::sync::Arc;
use loom::thread;
use places::{Entry, Places};
use sync::{AtomicU64, Ordering};

/// What is woken is a number.
type Numbered = Places<u32>;

fn model(preemptions: usize, run: impl Fn() + Sync + Send + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(preemptions);
    model.check(run);
}

fn both<A: 'static, B>(other: impl FnOnce() -> A + 'static, own: impl FnOnce() -> B) -> (A, B) {
    let other = thread::spawn(other);
    let own = own();
    (other.join().unwrap(), own)
}

/// One that is full, with so many who wait, and their numbers.
fn full(waiting: u32) -> (Arc<Numbered>, Vec<u64>) {
    let places = Numbered::new(1, 2);
    assert!(places.try_take());
    let queued = |name| match places.enter(|| name) {
        Entry::Queued(number) => number,
        entry => panic!("{entry:?}"),
    };
    let numbers = (0..waiting).map(queued).collect();
    (Arc::new(places), numbers)
}

#[test]
fn one_place_has_one_at_a_time() {
    model(3, || {
        let (places, inside) = (Arc::new(Numbered::new(1, 0)), Arc::new(AtomicU64::new(0)));
        let visit = |places: Arc<Numbered>, inside: Arc<AtomicU64>| {
            move || {
                if places.try_take() {
                    // Taking a place is seen after its giving back, so no count is missed.
                    assert_eq!(inside.load(Ordering::Relaxed), 0);
                    inside.store(1, Ordering::Relaxed);
                    inside.store(0, Ordering::Relaxed);
                    assert_eq!(places.give_back(), None);
                }
            }
        };
        both(visit(places.clone(), inside.clone()), visit(places.clone(), inside.clone()));
        assert_eq!(places.counts(), (0, 0));
    });
}

#[test]
fn one_that_comes_while_a_place_is_given_back_gets_it() {
    model(3, || {
        let (places, _) = full(0);
        let giving = places.clone();
        let (woken, entry) = both(move || giving.give_back(), || places.enter(|| 7));
        match entry {
            Entry::Given => assert_eq!(woken, None),
            Entry::Queued(number) => assert!(woken == Some(7) && places.look(number, |_| ())),
            Entry::Full => panic!("there is room to wait"),
        }
        assert_eq!(places.counts(), (1, 0));
    });
}

#[test]
fn one_that_leaves_while_a_place_comes_takes_none_along() {
    model(3, || {
        let (places, numbers) = full(1);
        let (giving, number) = (places.clone(), numbers[0]);
        let (woken, left) = both(move || giving.give_back(), || places.leave(number));
        assert_eq!(woken.is_none(), left);
        if !left {
            assert_eq!((places.counts(), places.give_back()), ((1, 0), None));
        }
        assert_eq!(places.counts(), (0, 0));
    });
}

#[test]
fn nobody_overtakes_who_waits() {
    model(3, || {
        let (places, numbers) = full(1);
        let (giving, number) = (places.clone(), numbers[0]);
        let (woken, took) = both(move || giving.give_back(), || places.try_take());
        assert!(woken == Some(0) && !took && places.look(number, |_| ()));
        assert_eq!(places.counts(), (1, 0));
    });
}

#[test]
fn two_that_give_back_wake_two() {
    model(2, || {
        let places = Arc::new(Numbered::new(2, 2));
        assert!(places.try_take() && places.try_take());
        let queued = |name| matches!(places.enter(|| name), Entry::Queued(_));
        assert!(queued(1) && queued(2));
        let giving = places.clone();
        let (first, second) = both(move || giving.give_back(), || places.give_back());
        let mut woken = [first.unwrap(), second.unwrap()];
        woken.sort();
        assert_eq!((woken, places.counts()), ([1, 2], (2, 0)));
    });
}
