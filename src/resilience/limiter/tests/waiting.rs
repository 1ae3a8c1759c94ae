//! The queue.

use super::*;
use std::future::Future;
use std::task::Poll;

#[test]
fn who_cancels_leaves_his_place_to_the_next() {
    let world = World::new(gcra(200, 1));
    assert_eq!(world.take_all(), 1);
    for name in ["1", "2", "4", "5"] {
        if name == "4" {
            // The third gives up after 500 ms.
            let (timers, bucket) = (world.timers(), world.bucket());
            world.runtime.spawn(async move {
                let wanted = [(bucket, 1)];
                let mut waiting = Box::pin(acquire(&wanted, &timers, None));
                let mut patience = Box::pin(timers.at(Instant(500 * MS)));
                std::future::poll_fn(|cx| {
                    assert!(waiting.as_mut().poll(cx).is_pending());
                    patience.as_mut().poll(cx)
                })
                .await;
            });
        }
        world.spawn(name, vec![(world.bucket(), 1)], None);
    }
    world.run_until(10);
    assert_eq!(world.bucket().info(world.now()).waiting, 5);
    world.run_until(3 * SECOND);
    let expected = [(300, "1"), (600, "2"), (900, "4"), (1_200, "5")];
    assert_eq!(world.said(), expected.map(|(at, name)| (at, name.to_owned())));
    assert_eq!(world.bucket().info(world.now()).waiting, 0);
}

#[test]
fn the_first_may_give_up_too() {
    let world = World::new(gcra(200, 1));
    assert_eq!(world.take_all(), 1);
    let (timers, bucket) = (world.timers(), world.bucket());
    let wanted = [(bucket, 1)];
    let mut first = Box::pin(acquire(&wanted, &timers, None));
    world.runtime.block_on(std::future::poll_fn(|cx| {
        assert!(first.as_mut().poll(cx).is_pending());
        Poll::Ready(())
    }));
    world.spawn("second", vec![(world.bucket(), 1)], None);
    world.run_until(100 * MS);
    drop(first);
    world.run_until(SECOND);
    assert_eq!(world.said(), [(300, "second".to_owned())]);
}

#[test]
fn nobody_passes_who_waits() {
    let world = World::new(gcra(200, 2));
    assert_eq!(world.take_all(), 2);
    world.spawn("two", vec![(world.bucket(), 2)], None);
    world.run_until(400 * MS);
    // One token is there, but it is somebody's who needs two.
    let refused = try_acquire(&[(world.bucket(), 1)]).err().unwrap();
    assert_eq!((refused.reason, refused.wait), (Reason::NotNow, Duration::from_millis(500)));
    world.spawn("one", vec![(world.bucket(), 1)], None);
    world.run_until(2 * SECOND);
    assert_eq!(world.said(), [(600, "two".to_owned()), (900, "one".to_owned())]);
}

#[test]
fn what_comes_too_late_is_refused_at_entry() {
    let world = World::new(gcra(200, 1));
    assert_eq!(world.take_all(), 1);
    world.spawn("early", vec![(world.bucket(), 1)], Some(Instant(300 * MS)));
    world.spawn("late", vec![(world.bucket(), 1)], Some(Instant(599 * MS)));
    world.spawn("just", vec![(world.bucket(), 1)], Some(Instant(600 * MS)));
    world.run_until(SECOND);
    let expected = [(0, "late: TooLate 600"), (300, "early"), (600, "just")];
    assert_eq!(world.said(), expected.map(|(at, name)| (at, name.to_owned())));
}

#[test]
fn a_hold_refuses_those_whom_it_makes_late() {
    let world = World::new(gcra(200, 1));
    assert_eq!(world.take_all(), 1);
    world.spawn("a", vec![(world.bucket(), 1)], Some(Instant(SECOND)));
    world.spawn("b", vec![(world.bucket(), 1)], None);
    world.spawn("c", vec![(world.bucket(), 1)], Some(Instant(SECOND)));
    world.run_until(100 * MS);
    world.bucket().hold_until(Instant(5 * SECOND));
    world.run_until(10 * SECOND);
    let expected = [(100, "a: TooLate 4900"), (1_000, "c: TooLate 0"), (5_000, "b")];
    assert_eq!(world.said(), expected.map(|(at, name)| (at, name.to_owned())));
}

#[test]
fn a_queue_is_bounded() {
    let world = World::with(gcra(200, 1), |settings| settings.max_waiting = 2);
    assert_eq!(world.take_all(), 1);
    for name in ["a", "b", "c"] {
        world.spawn(name, vec![(world.bucket(), 1)], None);
    }
    world.run_until(SECOND);
    let expected = [(0, "c: QueueFull 900"), (300, "a"), (600, "b")];
    assert_eq!(world.said(), expected.map(|(at, name)| (at, name.to_owned())));
}

#[test]
fn a_refund_a_release_and_a_new_quota_are_heard_by_those_who_wait() {
    let world = World::new(log(1));
    let ticket = world.take(1).unwrap();
    world.spawn("a", vec![(world.bucket(), 1)], None);
    world.run_until(SECOND);
    ticket.refund();
    world.run_until(2 * SECOND);
    world.spawn("b", vec![(world.bucket(), 1)], None);
    world.run_until(3 * SECOND);
    world.bucket().set_quota(log(2)).unwrap();
    world.run_until(4 * SECOND);
    world.bucket().set_quota(log(3)).unwrap();
    world.bucket().hold_until(Instant(u64::MAX));
    world.spawn("c", vec![(world.bucket(), 1)], None);
    world.run_until(5 * SECOND);
    world.bucket().release();
    world.run_until(6 * SECOND);
    let expected = [(1_000, "a"), (3_000, "b"), (5_000, "c")];
    assert_eq!(world.said(), expected.map(|(at, name)| (at, name.to_owned())));
}

#[test]
fn events_are_numbered_and_outside_of_the_lock() {
    let world = World::with(gcra(200, 1), |settings| settings.max_waiting = 1);
    assert_eq!(world.take_all(), 1);
    world.spawn("a", vec![(world.bucket(), 1)], None);
    world.spawn("b", vec![(world.bucket(), 1)], None);
    world.run_until(SECOND);
    let events = world.events.lock().unwrap();
    let facts: Vec<_> = events.iter().map(|one| (one.kind, one.sequence, one.time.0 / MS, one.wait_ns / MS)).collect();
    // The one that told `take_all` that there are no more is the first.
    assert_eq!(facts[1..], [(EventKind::Wait, 2, 0, 300), (EventKind::Rejected, 3, 0, 600)]);
    assert_eq!((&*events[1].key, events[1].cost, events[1].waiting), ("a", 1, 1));
}

/// Each thread with a runtime of its own, in the machine's time: who came first is let through first.
#[test]
fn threads_are_served_in_the_order_of_their_arrival() {
    use crate::engine::mock::{MockEngine, script::Mock};
    use crate::runtime::clock::SystemClock;
    const THREADS: usize = 64;
    let bucket = {
        let clock = Arc::new(SystemClock);
        let chance = Arc::new(crate::runtime::chance::SystemChance);
        let quota = log(1_000).check().unwrap();
        let settings = Settings { quota, max_waiting: 1_000, max_keys: 10, learning: None };
        Limiter::new(settings, clock, chance, None).bucket("a")
    };
    bucket.hold_until(Instant(u64::MAX));
    let served = Arc::new(Mutex::new(Vec::new()));
    let threads: Vec<_> = (0..THREADS)
        .map(|number| {
            let (within, served) = (bucket.clone(), served.clone());
            let thread = std::thread::spawn(move || {
                let engine = MockEngine::new(Mock::default(), Arc::new(SystemClock));
                let runtime = Runtime::new(Rc::new(engine), Arc::new(SystemClock));
                let timers = runtime.timers().clone();
                let ticket = runtime.block_on(acquire(&[(within, 1)], &timers, None)).ok().unwrap();
                served.lock().unwrap().push((ticket.admissions()[0].1.number, number));
            });
            while bucket.info(bucket.now()).waiting != number as u64 + 1 {
                std::thread::yield_now();
            }
            thread
        })
        .collect();
    bucket.release();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    let mut served = served.lock().unwrap().clone();
    served.sort_unstable();
    assert_eq!(served.iter().map(|(_, thread)| *thread).collect::<Vec<_>>(), (0..THREADS).collect::<Vec<_>>());
}
