//! The threads of a pool: when there are more and when fewer, and what happens where one cannot be had or goes wrong.

use super::*;
use std::sync::atomic::Ordering;

const FOUR: Caps = Caps { max_threads: 4, ..CAPS };

fn calls(pool: &Pool) -> u64 {
    pool.books().iter().map(|book| book.counters.calls_started.get()).sum()
}

/// The next so many that are started are not.
fn let_fail(pool: &Pool, count: usize) {
    pool.shared.faults.starts.store(count, Ordering::SeqCst);
}

#[test]
fn threads_are_started_as_they_are_needed_and_go_when_they_are_not() {
    let pool =
        Arc::new(Pool::new(PoolOptions { idle_thread: Some(Duration::from_millis(1)), ..options(FOUR) }).unwrap());
    for (count, threads) in [(16, 1), (17, 2), (100, 4)] {
        submit_all(&pool, NEVER, 0..count);
        assert_eq!(pool.gauges().threads, threads);
        until("all have begun", || calls(&pool) >= count);
        assert_eq!((0..count).map(|tag| pool.cancel(tag)).sum::<usize>() as u64, count);
        assert_eq!(reap(&pool, count as usize), all(0..count, HS_ERR_CANCELLED));
        until("the others are gone", || pool.gauges().threads == 1);
        submit(&pool, QUICK, 0);
        reap(&pool, 1);
        // A completion comes a moment before the place is free.
        in_flight(&pool, 0);
        // What those counted that are gone is still there.
        until("all were counted", || {
            calls(&pool) == [16, 17, 100].iter().filter(|other| **other <= count).map(|count| count + 1).sum::<u64>()
        });
    }
}

#[test]
fn a_pool_grows_and_shrinks_while_it_works() {
    let pool = pool(Caps { in_flight: 40, queued: 1_000, ..CAPS });
    submit_all(&pool, NEVER, 0..200);
    in_flight(&pool, 40);
    assert_eq!(pool.gauges().threads, 1);
    pool.resize(Caps { in_flight: 100, max_threads: 3, ..CAPS });
    assert_eq!((pool.gauges().in_flight, pool.gauges().threads), (100, 3));
    pool.resize(Caps { in_flight: 10, max_threads: 1, ..CAPS });
    assert_eq!((pool.gauges().in_flight, pool.gauges().threads), (100, 3));
    assert_eq!((0..100).map(|tag| pool.cancel(tag)).sum::<usize>(), 100);
    assert_eq!(reap(&pool, 100), all(0..100, HS_ERR_CANCELLED));
    until("two threads are gone", || pool.gauges().threads == 1);
    in_flight(&pool, 10);
    pool.resize(FOUR);
    in_flight(&pool, 100);
    assert_eq!(pool.drain(Some(Duration::ZERO)), Ok(false));
    assert_eq!(reap(&pool, 100), all(100..200, HS_ERR_CANCELLED));
}

/// Several are to be started at once, and none can be: what they were to get goes to the one that is there.
#[test]
fn where_no_more_threads_can_be_had_those_that_are_there_do_all() {
    let pool = pool(Caps { in_flight: 16, ..CAPS });
    submit_all(&pool, NEVER, 0..16);
    submit_all(&pool, QUICK, 16..100);
    let_fail(&pool, 3);
    pool.resize(FOUR);
    assert_eq!(reap(&pool, 84), all(16..100, HS_OK));
    assert_eq!(pool.gauges().threads, 1);
    assert_eq!(pool.tallies().threads_failed.load(Ordering::SeqCst), 3);
    assert_eq!(pool.drain(Some(Duration::ZERO)), Ok(false));
    assert_eq!(reap(&pool, 16), all(0..16, HS_ERR_CANCELLED));
}

#[test]
fn a_pool_whose_first_thread_cannot_be_had_is_none() {
    let no_such = std::path::PathBuf::from("/nowhere/at/all");
    let mut options = options(Caps { min_threads: 2, ..FOUR });
    options.worker.record = Some(no_such);
    assert_eq!(Pool::new(options).err().unwrap().status(), HS_ERR_FILE);
}

/// The thread starts, and its worker cannot be made.
#[test]
fn where_a_worker_cannot_be_made_the_others_do_its_work() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = options(FOUR);
    options.worker.record = Some(folder.path().join("recording"));
    let pool = Pool::new(options).unwrap();
    drop(folder);
    submit_all(&pool, NEVER, 0..16);
    submit_all(&pool, QUICK, 16..40);
    assert_eq!(reap(&pool, 24), all(16..40, HS_OK));
    until("the thread is gone", || pool.gauges().threads == 1);
    assert!(pool.tallies().threads_failed.load(Ordering::SeqCst) >= 1);
}

/// The loop of the next thread that does anything panics.
fn lay_a_mine(pool: &Pool) {
    pool.shared.faults.loops.store(1, Ordering::SeqCst);
}

#[test]
fn a_thread_that_panics_costs_what_it_had_begun_and_nothing_else() {
    let pool = pool(Caps { min_threads: 2, ..FOUR });
    submit_all(&pool, NEVER, 0..10);
    until("all have begun", || calls(&pool) == 10);
    lay_a_mine(&pool);
    submit(&pool, QUICK, 10);
    let statuses = reap(&pool, 6);
    assert!(statuses.values().all(|status| *status == HS_ERR_PANIC || *status == HS_OK), "{statuses:?}");
    until("the thread is gone", || pool.gauges().threads == 1);
    submit_all(&pool, QUICK, 20..30);
    assert_eq!(reap(&pool, 10), all(20..30, HS_OK));
    assert_eq!(pool.drain(Some(Duration::ZERO)), Ok(false));
    reap(&pool, 11 - statuses.len());
}

#[test]
fn where_the_last_thread_panics_nobody_waits_for_nothing_and_there_is_one_again_a_second_later() {
    let pool = pool(Caps { in_flight: 4, ..CAPS });
    submit_all(&pool, NEVER, 0..3);
    until("all have begun", || calls(&pool) == 3);
    let mut later = order(&pool, QUICK);
    later.limits.start_after = 1_000 * MINUTE;
    pool.submit(later, 3).unwrap();
    let laid = Instant::now();
    lay_a_mine(&pool);
    // The mine may go off before all are submitted.
    let refused = (4..8).filter(|tag| pool.submit(order(&pool, NEVER), *tag).is_err()).count();
    let statuses = reap(&pool, 8 - refused);
    assert_eq!(statuses[&3], HS_ERR_THREAD);
    assert!(statuses.values().all(|status| *status == HS_ERR_PANIC || *status == HS_ERR_THREAD), "{statuses:?}");
    until("the thread is gone", || pool.gauges().threads == 0);
    match pool.submit(order(&pool, QUICK), 9) {
        Err(error) => {
            assert_eq!(error.status(), HS_ERR_THREAD);
            assert!(error.to_string().contains("the mine"), "{error}");
        }
        // A loaded machine took that second to get here.
        Ok(()) => {
            assert!(laid.elapsed() >= Duration::from_secs(1));
            assert_eq!(reap(&pool, 1), all(9..10, HS_OK));
        }
    }
    // Also for one that has time: a thread must be there to look at the clock.
    until("another is tried", || {
        let mut soon = order(&pool, QUICK);
        soon.limits.start_after = Duration::from_millis(1);
        pool.submit(soon, 9).is_ok()
    });
    assert_eq!(reap(&pool, 1), all(9..10, HS_OK));
}

#[cfg(feature = "fault-injection")]
#[test]
fn a_request_that_panics_is_its_own_end_alone() {
    let pool = pool(FOUR);
    for tag in 0..100 {
        let mut order = order(&pool, QUICK);
        if tag % 2 == 0 {
            let url = Url::parse(QUICK.as_bytes()).unwrap();
            order.request = Request::new(b"X-PANIC", url, Vec::new(), Bytes::new()).unwrap();
        }
        pool.submit(order, tag).unwrap();
    }
    let statuses = reap(&pool, 100);
    assert!(statuses.iter().all(|(tag, status)| *status == if tag % 2 == 0 { HS_ERR_PANIC } else { HS_OK }));
    assert_eq!(pool.tallies().threads_failed.load(Ordering::SeqCst), 0);
}
