//! How much may be in a pool, and who waits for room.

use super::*;
use std::sync::mpsc::channel;

const FEW: Caps = Caps { in_flight: 2, per_origin: 2, queued: 3, ..CAPS };

fn with_patience(caps: Caps, submit_timeout: Option<Duration>) -> Arc<Pool> {
    Arc::new(Pool::new(PoolOptions { submit_timeout, ..options(caps) }).unwrap())
}

fn refused(pool: &Pool, url: &str) -> hs_status {
    pool.submit(order(pool, url), u64::MAX).unwrap_err().status()
}

#[test]
fn where_nobody_reaps_completions_are_bounded() {
    let pool = pool(FEW);
    for tag in 0..5 {
        submit(&pool, QUICK, tag);
        until("it has ended", || pool.gauges().unreaped == tag as usize + 1);
    }
    until("all have ended", || pool.shared.schedule().open() == 0);
    assert_eq!(refused(&pool, QUICK), HS_ERR_POOL_FULL);
    assert_eq!(reap(&pool, 5), all(0..5, HS_OK));
    submit(&pool, QUICK, 5);
}

/// What ends in the queue makes room only with its completion, which takes up room itself.
#[test]
fn what_was_called_off_takes_up_room_until_it_is_reaped() {
    let pool = pool(FEW);
    submit_all(&pool, NEVER, 0..5);
    assert_eq!((pool.cancel(3), refused(&pool, NEVER)), (1, HS_ERR_POOL_FULL));
    assert_eq!(reap(&pool, 1), all(3..4, HS_ERR_CANCELLED));
    submit(&pool, NEVER, 5);
    assert_eq!(refused(&pool, NEVER), HS_ERR_POOL_FULL);
}

#[test]
fn who_waits_for_room_gets_it_by_what_ends_and_by_what_is_reaped() {
    let pool = with_patience(Caps { in_flight: 1, queued: 1, ..FEW }, None);
    submit_all(&pool, NEVER, 0..2);
    let submitter = thread::spawn({
        let pool = pool.clone();
        move || submit(&pool, QUICK, 2)
    });
    until("it waits", || pool.shared.room.waiting() == 1);
    assert_eq!((pool.cancel(1), reap(&pool, 1)), (1, all(1..2, HS_ERR_CANCELLED)));
    submitter.join().unwrap();
    assert_eq!((pool.cancel(0), reap(&pool, 2).len()), (1, 2));
}

#[test]
fn who_came_first_gets_room_first() {
    let pool = with_patience(Caps { in_flight: 1, queued: 1, ..FEW }, None);
    submit_all(&pool, NEVER, 0..2);
    let submitters: Vec<_> = (2..10)
        .map(|tag| {
            let submitter = pool.clone();
            let thread = thread::spawn(move || submit(&submitter, NEVER, tag));
            until("it is in line", || pool.shared.room.waiting() == tag - 1);
            thread
        })
        .collect();
    let is_open = |tag| !pool.shared.schedule().tagged(tag).is_empty();
    for (tag, submitter) in (0..8).zip(submitters) {
        assert_eq!((pool.cancel(tag), reap(&pool, 1)), (1, all(tag..tag + 1, HS_ERR_CANCELLED)));
        submitter.join().unwrap();
        assert!(is_open(tag + 2) && !is_open(tag + 3), "{tag}");
    }
    assert_eq!(pool.shared.room.waiting(), 0);
}

#[test]
fn who_gives_up_in_line_lets_the_next_one_in() {
    let pool = with_patience(Caps { in_flight: 1, queued: 1, ..FEW }, Some(Duration::from_millis(50)));
    submit_all(&pool, NEVER, 0..2);
    thread::scope(|scope| {
        (0..8).for_each(|_| drop(scope.spawn(|| assert_eq!(refused(&pool, NEVER), HS_ERR_POOL_FULL))))
    });
    assert_eq!(pool.shared.room.waiting(), 0);
    assert_eq!((pool.cancel(0), reap(&pool, 1).len()), (1, 1));
    until("there is room", || pool.submit(order(&pool, NEVER), 2).is_ok());
}

/// It makes room in the queue, and ends nothing.
#[test]
fn what_begins_at_its_time_makes_room() {
    let pool = with_patience(Caps { queued: 1, ..FEW }, Some(MINUTE));
    let mut later = order(&pool, NEVER);
    later.limits.start_after = Duration::from_millis(50);
    pool.submit(later, 0).unwrap();
    submit(&pool, QUICK, 1);
    assert_eq!(reap(&pool, 1), all(1..2, HS_OK));
    in_flight(&pool, 1);
}

#[test]
fn who_was_refused_gets_in_when_there_is_room() {
    for _ in 0..200 {
        let pool = pool(Caps { in_flight: 1, queued: 1, ..FEW });
        submit_all(&pool, NEVER, 0..2);
        let asks = || until("there is room", || pool.submit(order(&pool, NEVER), 2).is_ok());
        thread::scope(|scope| {
            scope.spawn(asks);
            assert_eq!((pool.cancel(0), reap(&pool, 1).len()), (1, 1));
        });
    }
}

/// The one that reaps and the one that is about to wait meet again and again; a wake-up that is lost would be an hour's wait.
#[test]
fn nobody_who_waits_for_room_is_forgotten() {
    let pool = with_patience(Caps { in_flight: 1, queued: 1, ..FEW }, None);
    let submitter = thread::spawn({
        let pool = pool.clone();
        move || submit_all(&pool, QUICK, 0..3_000)
    });
    assert_eq!(reap(&pool, 3_000), all(0..3_000, HS_OK));
    submitter.join().unwrap();
}

#[test]
fn who_waits_in_vain_is_refused_in_time_or_when_the_pool_is_closed() {
    let pool = with_patience(FEW, Some(Duration::from_millis(10)));
    submit_all(&pool, NEVER, 0..5);
    let before = Instant::now();
    assert_eq!(refused(&pool, NEVER), HS_ERR_POOL_FULL);
    assert!(before.elapsed() >= Duration::from_millis(10));

    let drain = |pool: &Pool| assert_eq!(pool.drain(Some(Duration::ZERO)), Ok(false));
    let stop = |pool: &Pool| pool.stop().unwrap();
    for end in [drain, stop] {
        let pool = with_patience(FEW, None);
        submit_all(&pool, NEVER, 0..5);
        let submitter = thread::spawn({
            let pool = pool.clone();
            move || refused(&pool, NEVER)
        });
        until("it waits", || pool.shared.room.waiting() == 1);
        end(&pool);
        assert_eq!(submitter.join().unwrap(), HS_ERR_POOL_CLOSED);
    }
}

#[test]
fn a_callback_may_submit_and_never_waits() {
    let pool = with_patience(Caps { in_flight: 1, queued: 1, ..FEW }, None);
    let (told, said) = channel();
    let weak = Arc::downgrade(&pool);
    let on_body = Box::new(move |_: &[u8]| {
        let pool = weak.upgrade().unwrap();
        let both = [1, 2].map(|tag| pool.submit(order(&pool, QUICK), tag).map_err(|error| error.status()));
        let wait = pool.next(1, &mut Vec::new(), None).map_err(|error| error.status());
        let drain = pool.drain(None).map_err(|error| error.status());
        told.send((both, wait, drain, pool.stop().map_err(|error| error.status()))).unwrap();
        Ok(())
    });
    let order = Order { on_body: Some(on_body), ..order(&pool, QUICK) };
    pool.submit(order, 0).unwrap();
    let busy = HS_ERR_BUSY;
    assert_eq!(said.recv().unwrap(), ([Ok(()), Err(HS_ERR_POOL_FULL)], Err(busy), Err(busy), Err(busy)));
    let mut done = Vec::new();
    while done.len() < 2 {
        pool.next(2, &mut done, Some(MINUTE)).unwrap();
    }
    assert_eq!(done.iter().map(|done| done.tag).collect::<Vec<_>>(), [0, 1]);
}
