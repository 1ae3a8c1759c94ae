//! The retry budget's account: never more than is allowed, what has left the window is taken off once, and nothing stays on
//! for good.

#[path = "../../../src/resilience/retry/budget/account.rs"]
mod account;

mod sync {
    pub use loom::sync::atomic::{AtomicU64, Ordering};
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instant(pub u64);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BudgetState {
    pub originals: u64,
    pub withdrawn: u64,
    pub allowed: u64,
}

use account::Account;
use loom::sync::Arc;
use loom::thread;

const fn at(second: u64) -> Instant {
    Instant(second * 1_000_000_000)
}

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

#[test]
fn the_last_one_is_taken_once() {
    model(2, || {
        let account = Arc::new(Account::new(20, 1));
        let other = account.clone();
        let (first, second) = both(move || other.withdraw(at(0)), || account.withdraw(at(0)));
        assert!(first != second);
        assert_eq!(account.state(at(0)).withdrawn, 1);
    });
}

#[test]
fn what_has_left_the_window_is_taken_off_once() {
    model(2, || {
        let account = Arc::new(Account::new(20, 2));
        assert!(account.withdraw(at(0)) && account.withdraw(at(1)) && !account.withdraw(at(9)));
        let other = account.clone();
        // Whoever comes while the other one takes off may be refused, as if he had come before.
        let (first, second) = both(move || other.withdraw(at(11)), || account.withdraw(at(11)));
        let taken = u64::from(first) + u64::from(second);
        assert!(taken >= 1);
        assert_eq!(account.state(at(11)).withdrawn, taken);
        assert_eq!(account.state(at(21)).withdrawn, 0);
    });
}

#[test]
fn one_that_comes_late_leaves_nothing_behind() {
    model(2, || {
        let account = Arc::new(Account::new(20, 2));
        let other = account.clone();
        // Both are of the same bucket, ten seconds apart.
        let (late, own) = both(move || other.withdraw(at(0)), || account.withdraw(at(10)));
        assert!(late && own);
        assert_eq!(account.state(at(10)).withdrawn, 1);
        assert_eq!(account.state(at(20)).withdrawn, 0);
    });
}

#[test]
fn no_original_is_lost() {
    model(3, || {
        let account = Arc::new(Account::new(100, 0));
        let other = account.clone();
        both(move || other.original(at(0)), || account.original(at(0)));
        assert_eq!(account.state(at(0)).originals, 2);
        assert!(account.withdraw(at(0)) && account.withdraw(at(0)) && !account.withdraw(at(0)));
    });
}
