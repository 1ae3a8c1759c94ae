//! Several buckets at once, and the table.

use super::*;
use std::future::Future;

#[test]
fn all_or_none() {
    let world = World::new(gcra(200, 2));
    let (a, b) = (world.limiter.bucket("a"), world.limiter.bucket("b"));
    assert_eq!(world.take_all(), 2);
    let refused = try_acquire(&[(b.clone(), 1), (a.clone(), 1)]).err().unwrap();
    assert_eq!((&*refused.key, refused.wait), ("a", Duration::from_millis(300)));
    assert_eq!(b.info(world.now()).remaining, 2);
    world.simulation.advance(Duration::from_millis(300));
    let ticket = try_acquire(&[(b.clone(), 1), (a.clone(), 1)]).ok().unwrap();
    assert_eq!([a.info(world.now()).remaining, b.info(world.now()).remaining], [0, 1]);
    ticket.refund();
    assert_eq!([a.info(world.now()).remaining, b.info(world.now()).remaining], [1, 2]);
}

#[test]
fn who_waits_for_one_bucket_keeps_nobody_from_another() {
    let world = World::new(gcra(200, 1));
    let (account, slow) = (world.limiter.bucket("account"), world.limiter.bucket("slow"));
    slow.hold_until(Instant(17 * SECOND));
    world.spawn("both", vec![(account.clone(), 1), (slow.clone(), 1)], None);
    for name in ["1", "2", "3"] {
        world.spawn(name, vec![(account.clone(), 1)], None);
    }
    world.run_until(20 * SECOND);
    let expected = [(0, "1"), (300, "2"), (600, "3"), (17_000, "both")];
    assert_eq!(world.said(), expected.map(|(at, name)| (at, name.to_owned())));
}

/// Two buckets that are both wanted all the time and whose tokens never come at the same moment.
#[test]
fn who_wants_both_gets_them_in_the_end() {
    let world = World::new(gcra(200, 1));
    let (a, b) = (world.limiter.bucket("a"), world.limiter.bucket("b"));
    let crowd = |bucket: &Bucket, name: &str| {
        for _ in 0..50 {
            world.spawn(name, vec![(bucket.clone(), 1)], None);
        }
    };
    crowd(&a, "a");
    world.run_until(150 * MS);
    crowd(&b, "b");
    world.run_until(151 * MS);
    world.spawn("both", vec![(a.clone(), 1), (b.clone(), 1)], None);
    for _ in 0..20 {
        crowd(&a, "a");
        crowd(&b, "b");
    }
    world.run_until(60 * SECOND);
    let both = world.said().into_iter().find(|(_, name)| name == "both").expect("it starved").0;
    // It came behind 49 of each.
    assert!((14_700..16_500).contains(&both), "{both}");
    let others = world.said().len();
    assert!(others > 2 * 190, "{others}");
}

#[test]
fn a_wait_for_several_can_be_given_up() {
    let world = World::new(gcra(200, 1));
    let (a, b) = (world.limiter.bucket("a"), world.limiter.bucket("b"));
    for bucket in [&a, &b] {
        drop(try_acquire(&[(bucket.clone(), 1)]).ok().unwrap());
    }
    b.hold_until(Instant(SECOND));
    let wanted = [(a.clone(), 1), (b.clone(), 1)];
    let timers = world.timers();
    let mut waiting = Box::pin(acquire(&wanted, &timers, None));
    world.runtime.block_on(std::future::poll_fn(|cx| {
        assert!(waiting.as_mut().poll(cx).is_pending());
        std::task::Poll::Ready(())
    }));
    drop(waiting);
    for bucket in [&a, &b] {
        assert_eq!(bucket.info(world.now()).waiting, 0);
    }
}

#[test]
fn idle_buckets_make_room_and_busy_ones_stay() {
    let world = World::with(gcra(200, 2), |settings| settings.max_keys = 3);
    let kept = world.limiter.bucket("kept");
    let busy = |name: &str| drop(try_acquire(&[(world.limiter.bucket(name), 1)]).ok().unwrap());
    busy("busy");
    let held = world.limiter.bucket("held");
    held.hold_until(Instant(SECOND));
    drop(held);
    // There is no room: those that come now share one.
    let (x, y) = (world.limiter.bucket("x"), world.limiter.bucket("y"));
    drop(try_acquire(&[(x.clone(), 2)]).ok().unwrap());
    assert_eq!(y.info(world.now()).remaining, 0);
    assert!(world.limiter.find("x").is_none());
    world.simulation.advance(Duration::from_secs(2));
    assert_eq!(world.limiter.bucket("x").key(), "x");
    assert!(world.limiter.find("busy").is_none() && world.limiter.find("held").is_none());
    drop(try_acquire(&[(kept, 1)]).ok().unwrap());
    assert_eq!(world.limiter.find("kept").unwrap().info(world.now()).remaining, 1);
    for number in 0..100_000 {
        world.limiter.bucket(&number.to_string());
    }
    assert!(world.limiter.len() <= 3);
}
