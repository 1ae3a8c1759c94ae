//! Requests that wait: for their time, for their turn; and what ends that.

use super::*;
use std::sync::mpsc::{Receiver, Sender, channel};

const ONE: Caps = Caps { in_flight: 1, ..CAPS };

fn with(pool: &Pool, url: &str, start_after: u64, timeout: Option<u64>) -> Order {
    let mut order = order(pool, url);
    order.limits.start_after = Duration::from_millis(start_after);
    order.limits.timeout = timeout.map(Duration::from_millis);
    order
}

#[test]
fn each_begins_when_it_is_to_begin() {
    let pool = pool(CAPS);
    let before = Instant::now();
    for (tag, after) in [(0, 900), (1, 300), (2, 600), (3, 0)] {
        pool.submit(with(&pool, QUICK, after, Some(60_000)), tag).unwrap();
    }
    let mut done = Vec::new();
    for (tag, after) in [(3, 0), (1, 300), (2, 600), (0, 900)] {
        assert_eq!(pool.next(1, &mut done, Some(MINUTE)), Ok(Popped::Taken(1)));
        assert_eq!(done.last().unwrap().tag, tag);
        assert!(before.elapsed() >= Duration::from_millis(after));
    }
}

#[test]
fn the_time_of_a_request_passes_in_the_queue_and_not_before_its_start() {
    let pool = pool(ONE);
    submit(&pool, NEVER, 0);
    let before = Instant::now();
    pool.submit(with(&pool, QUICK, 0, Some(20)), 1).unwrap();
    pool.submit(with(&pool, QUICK, 20, Some(20)), 2).unwrap();
    let mut done = Vec::new();
    for (tag, after) in [(1, 20), (2, 40)] {
        assert_eq!(pool.next(1, &mut done, Some(MINUTE)), Ok(Popped::Taken(1)));
        let done = done.pop().unwrap();
        let Outcome::Failed(error) = done.outcome else { panic!("it had no time") };
        assert_eq!((done.tag, error.status(), error.details().phase), (tag, HS_ERR_TIMEOUT, HS_PHASE_QUEUE));
        assert!(error.details().elapsed_ns >= 20_000_000 && before.elapsed() >= Duration::from_millis(after));
    }
    assert_eq!((pool.cancel(0), reap(&pool, 1)), (1, all(0..1, HS_ERR_CANCELLED)));
}

#[test]
fn the_callers_own_cancel_ends_any_wait() {
    let pool = pool(ONE);
    let cancel = Cancel::default();
    let cancelled = |url, start_after| Order { cancel: Some(cancel.clone()), ..with(&pool, url, start_after, None) };
    pool.submit(cancelled(NEVER, 0), 0).unwrap();
    pool.submit(cancelled(QUICK, 0), 1).unwrap();
    pool.submit(cancelled(QUICK, 1_000_000), 2).unwrap();
    submit(&pool, QUICK, 3);
    cancel.trigger();
    // Thrown before: nothing of it is sent.
    pool.submit(cancelled(QUICK, 1_000_000), 4).unwrap();
    let mut expected = all(0..5, HS_ERR_CANCELLED);
    expected.insert(3, HS_OK);
    assert_eq!(reap(&pool, 5), expected);
    assert_eq!(pool.drain(None), Ok(true));
}

/// The caller's memory, as he hears when it is no longer needed; that may take him a while.
struct Lent(Sender<()>, Receiver<()>);

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        b"lent"
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.0.send(()).unwrap();
        self.1.recv().unwrap();
    }
}

#[test]
fn a_drain_has_not_ended_before_the_last_completion_is_there() {
    let pool = pool(ONE);
    submit(&pool, NEVER, 0);
    let (inside, told) = channel();
    let (go_on, gate) = channel();
    let mut order = order(&pool, NEVER);
    order.request.body = Bytes::from_owner(Lent(inside, gate)).into();
    pool.submit(order, 1).unwrap();
    let canceller = thread::spawn({
        let pool = pool.clone();
        move || pool.cancel(1)
    });
    told.recv().unwrap();
    assert_eq!((pool.cancel(0), reap(&pool, 1)), (1, all(0..1, HS_ERR_CANCELLED)));
    // The other one is out of line, and nobody was told.
    until("its place is free", || pool.gauges().in_flight == 0);
    assert!(!pool.shared.wait_for_the_end(Some(Duration::ZERO)));
    go_on.send(()).unwrap();
    assert!(pool.shared.wait_for_the_end(Some(MINUTE)));
    assert_eq!(reap(&pool, 1), all(1..2, HS_ERR_CANCELLED));
    assert_eq!(canceller.join().unwrap(), 1);
}

/// Whatever runs and waits, and whoever waits for it.
#[test]
fn a_pool_that_stops_leaves_nobody_waiting_and_nothing_without_a_completion() {
    for round in 0..50 {
        let pool = pool(Caps { in_flight: 40, per_origin: 30, max_threads: 3, ..CAPS });
        submit_all(&pool, NEVER, 0..60);
        submit_all(&pool, QUICK, 60..80);
        pool.submit(with(&pool, QUICK, 1_000_000, None), 80).unwrap();
        let drainer = thread::spawn({
            let pool = pool.clone();
            move || pool.drain(None)
        });
        if round % 2 == 0 {
            until("it drains", || pool.shared.schedule().room(0, crate::runtime::clock::Instant(0)).is_err());
        }
        pool.stop().unwrap();
        assert_eq!(drainer.join().unwrap(), Ok(true));
        let (mut done, gauges) = (Vec::new(), pool.gauges());
        assert_eq!((gauges.queued, gauges.in_flight, gauges.threads), (0, 0, 0));
        assert_eq!(pool.next(100, &mut done, None), Ok(Popped::Taken(81)));
        assert_eq!(pool.next(100, &mut done, None), Ok(Popped::Closed));
        done.sort_by_key(|done| done.tag);
        assert!((0..81).eq(done.iter().map(|done| done.tag)));
    }
}
