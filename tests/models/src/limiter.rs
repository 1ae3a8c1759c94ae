//! The two meters of the rate limiter: never more than there is, and nothing lost.

#[path = "../../../src/resilience/limiter/gcra.rs"]
mod gcra;
#[path = "../../../src/resilience/limiter/log.rs"]
mod log;
mod sync {
    pub use loom::sync::atomic::{AtomicU64, Ordering};
}

use gcra::Gcra;
use log::Log;
use loom::sync::Arc;
use loom::thread;

/// As in `src/resilience/limiter.rs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Take {
    Got,
    Until(u64),
    Part(u64),
    Frozen,
}

fn count(takes: &[Take]) -> usize {
    takes.iter().filter(|take| **take == Take::Got).count()
}

/// Three want one each of two; two get one, and the third hears when.
#[test]
fn a_log_has_as_many_as_it_has() {
    let mut model = loom::model::Builder::new();
    // Three threads without a bound take hours.
    model.preemption_bound = Some(2);
    model.check(|| {
        let log = Arc::new(Log::new(2, 100, &[]));
        let others: Vec<_> = (0..2)
            .map(|_| {
                let log = log.clone();
                thread::spawn(move || log.take(5, 1))
            })
            .collect();
        let mut takes = vec![log.take(5, 1)];
        takes.extend(others.into_iter().map(|other| other.join().unwrap()));
        assert_eq!(count(&takes), 2, "{takes:?}");
        assert!(takes.contains(&Take::Until(105)), "{takes:?}");
        assert_eq!((log.take(104, 1), log.take(105, 1), log.take(105, 1)), (Take::Until(105), Take::Got, Take::Got));
        assert_eq!(log.take(105, 1), Take::Until(205));
    });
}

/// Two rounds at once: the slots of the first are free again for those whose time is later, and one slot is never taken
/// twice within a window.
#[test]
fn a_log_goes_round() {
    loom::model(|| {
        let log = Arc::new(Log::new(1, 10, &[]));
        let later = {
            let log = log.clone();
            thread::spawn(move || (log.take(10, 1), log.take(20, 1)))
        };
        let early = log.take(0, 1);
        let (second, third) = later.join().unwrap();
        match (early, second, third) {
            (Take::Got, Take::Got, Take::Got) | (Take::Until(20 | 30), Take::Got, Take::Got) => {}
            other => panic!("{other:?}"),
        }
    });
}

/// While it is frozen, what was taken before is in what it says, and nothing is taken after.
#[test]
fn a_frozen_log_has_told_all() {
    loom::model(|| {
        let log = Arc::new(Log::new(2, 100, &[]));
        let other = {
            let log = log.clone();
            thread::spawn(move || (log.take(5, 1), log.take(5, 1)))
        };
        let told = log.freeze();
        let (first, second) = other.join().unwrap();
        assert_eq!(told.len(), count(&[first, second]), "{told:?} {first:?} {second:?}");
    });
}

#[test]
fn a_rate_has_as_many_as_its_burst() {
    loom::model(|| {
        let gcra = Arc::new(Gcra::new(10, 2, 0));
        let others: Vec<_> = (0..2)
            .map(|_| {
                let gcra = gcra.clone();
                thread::spawn(move || gcra.take(100, 1))
            })
            .collect();
        let mut takes = vec![gcra.take(100, 1)];
        takes.extend(others.into_iter().map(|other| other.join().unwrap()));
        assert_eq!(count(&takes), 2, "{takes:?}");
        assert!(takes.contains(&Take::Until(110)), "{takes:?}");
    });
}

/// What one gives back comes to somebody, and only once.
#[test]
fn a_rate_loses_nothing_that_is_given_back() {
    loom::model(|| {
        let gcra = Arc::new(Gcra::new(10, 1, 0));
        assert_eq!(gcra.take(100, 1), Take::Got);
        let other = {
            let gcra = gcra.clone();
            thread::spawn(move || gcra.take(100, 1))
        };
        gcra.put_back(100, 1, 100);
        let takes = [other.join().unwrap(), gcra.take(100, 1)];
        assert_eq!(count(&takes), 1, "{takes:?}");
    });
}
