//! What each mode lets through, and when.

use super::*;
use proptest::prelude::*;

/// Sends as soon as it may, for so long; at a server that has a fixed window from the start. How many it refuses.
fn greedy(wanted: Wanted, seconds: u64) -> (Vec<u64>, usize) {
    let world = World::new(wanted);
    let mut sent = Vec::new();
    loop {
        while world.take(1).is_some() {
            sent.push(world.now().0);
        }
        world.simulation.advance(world.bucket().info(world.now()).next);
        if world.now().0 >= seconds * SECOND {
            break;
        }
    }
    let windows = seconds / 60;
    let refused = |window| {
        let inside = sent.iter().filter(|at| **at / (60 * SECOND) == window).count();
        inside.saturating_sub(200)
    };
    let refused = (0..windows).map(refused).sum();
    (sent, refused)
}

fn most_in_any_window(sent: &[u64], window: u64) -> usize {
    (0..sent.len()).map(|at| sent[at..].iter().take_while(|one| **one < sent[at] + window).count()).max().unwrap_or(0)
}

#[test]
fn a_fixed_window_of_two_hundred_and_the_three_modes() {
    let (sent, refused) = greedy(gcra(200, 10), 60);
    assert_eq!((sent.len(), refused), (209, 9));
    for wanted in [quota(Mode::WindowSafe, 200, Some(10)), log(200)] {
        let (sent, refused) = greedy(wanted, 60);
        assert_eq!((sent.len(), refused), (200, 0), "{wanted:?}");
        let (sent, _) = greedy(wanted, 600);
        assert!(most_in_any_window(&sent, 60 * SECOND) <= 200, "{wanted:?}");
        assert!(sent.len() >= 1_910, "{wanted:?}: {}", sent.len());
    }
}

#[test]
fn the_201st_comes_when_the_window_and_its_margin_are_over() {
    let world = World::new(Wanted { limit: 200, ..Wanted::default() });
    for _ in 0..201 {
        world.spawn("x", vec![(world.bucket(), 1)], None);
    }
    world.run_until(61 * SECOND);
    let times = world.times();
    assert_eq!(times[..200], [0; 200]);
    assert_eq!(times[200..], [60_050]);
}

#[test]
fn a_long_rest_gives_a_burst_and_no_more() {
    let world = World::new(gcra(200, 10));
    world.simulation.advance(Duration::from_secs(3_600));
    let start = world.now().0;
    for _ in 0..100 {
        world.spawn("x", vec![(world.bucket(), 1)], None);
    }
    world.run_until(start + 60 * SECOND);
    let expected: Vec<u64> = (0..100).map(|one: u64| start / MS + if one < 10 { 0 } else { (one - 9) * 300 }).collect();
    assert_eq!(world.times(), expected);
}

#[test]
fn more_than_the_burst_never_fits_and_changes_nothing() {
    for wanted in [gcra(200, 10), log(10)] {
        let world = World::new(wanted);
        let before = world.bucket().info(world.now());
        let refused = try_acquire(&[(world.bucket(), 11)]).err().unwrap();
        assert_eq!((refused.reason, refused.wait), (Reason::NeverFits, Duration::ZERO));
        world.spawn("x", vec![(world.bucket(), 11)], None);
        world.run_until(1);
        assert_eq!(world.said(), [(0, "x: NeverFits 0".into())]);
        assert_eq!(world.bucket().info(Instant(0)), before);
        assert_eq!(world.take_all(), 10);
    }
}

#[test]
fn a_cost_is_taken_whole_or_not_at_all() {
    for wanted in [gcra(200, 10), log(10)] {
        let world = World::new(wanted);
        assert!(world.take(7).is_some());
        assert!(world.take(4).is_none());
        assert!(world.take(3).is_some());
        assert_eq!(world.take_all(), 0, "{wanted:?}");
    }
}

#[test]
fn what_is_given_back_is_there_again() {
    for wanted in [gcra(200, 10), log(10)] {
        let world = World::new(wanted);
        let (five, one) = (world.take(5).unwrap(), world.take(1).unwrap());
        assert_eq!(world.take_all(), 4);
        one.refund();
        assert_eq!(world.take_all(), 1, "{wanted:?}");
        five.refund();
        assert_eq!(world.take_all(), 5, "{wanted:?}");
        assert_eq!(world.bucket().info(world.now()).remaining, 0);
    }
}

/// A slot that is given back and taken later must not keep the older ones behind it waiting.
#[test]
fn a_refund_in_the_middle_of_a_window_delays_nobody() {
    let world = World::new(log(5));
    let first = world.take(1).unwrap();
    assert_eq!(world.take_all(), 4);
    world.simulation.advance(Duration::from_secs(1));
    first.refund();
    world.simulation.advance(Duration::from_secs(58));
    assert_eq!(world.take_all(), 1);
    world.simulation.advance(Duration::from_millis(1_050));
    assert_eq!(world.now(), Instant(60_050 * MS));
    assert_eq!(world.take_all(), 4);
    assert_eq!(world.bucket().info(world.now()).next, Duration::from_secs(59));
    world.simulation.advance(Duration::from_secs(58) + Duration::from_millis(50));
    world.simulation.advance(Duration::from_secs(1));
    assert_eq!(world.take_all(), 1);
}

#[test]
fn a_late_refund_gives_back_what_nobody_can_have_used() {
    let world = World::new(gcra(200, 10));
    let early = world.take(1).unwrap();
    world.simulation.advance(Duration::from_secs(100));
    assert_eq!(world.take_all(), 10);
    early.refund();
    assert_eq!(world.take_all(), 0);
}

#[test]
fn a_new_quota_counts_what_was_sent() {
    let world = World::new(log(10));
    let bucket = world.bucket();
    assert_eq!(world.take_all(), 10);
    bucket.set_quota(Wanted { limit: 15, ..Wanted::default() }).unwrap();
    assert_eq!(world.take_all(), 5);
    world.simulation.advance(Duration::from_secs(30));
    bucket.set_quota(Wanted { limit: 5, ..Wanted::default() }).unwrap();
    assert_eq!(world.take_all(), 0);
    bucket.set_quota(Wanted { limit: 5, period: Some(Duration::from_secs(20)), ..Wanted::default() }).unwrap();
    assert_eq!(world.take_all(), 5);
    let world = World::new(gcra(60, 10));
    assert_eq!(world.take_all(), 10);
    world.bucket().set_quota(gcra(120, 20)).unwrap();
    assert_eq!(world.take_all(), 10);
    assert_eq!(world.bucket().info(world.now()).next, Duration::from_millis(500));
    let wrong = world.bucket().set_quota(log(60)).unwrap_err();
    assert!(wrong.contains("mode"), "{wrong}");
}

#[test]
fn impossible_quotas_are_refused_by_name() {
    let second = Some(Duration::from_secs(1));
    for (wanted, part) in [
        (Wanted::default(), "limit is 0"),
        (Wanted { period: Some(Duration::ZERO), ..log(1) }, "period_ms is 0"),
        (Wanted { period: Some(Duration::MAX), ..log(1) }, "period_ms is"),
        (Wanted { burst: Some(2), ..log(10) }, "burst is set"),
        (gcra(10, 11), "burst is 11"),
        (gcra(10, 0), "burst is 0"),
        (Wanted { margin: second, ..gcra(10, 1) }, "window_margin_ms is set"),
        (Wanted { margin: Some(Duration::MAX), ..log(10) }, "window_margin_ms is"),
        (log(100_001), "limit is 100001"),
        (
            Wanted {
                period: Some(Duration::from_secs(31_000_000)),
                ..quota(Mode::WindowSafe, 9_000_000, Some(9_000_000))
            },
            "burst is 9000000",
        ),
    ] {
        let wrong = wanted.check().unwrap_err();
        assert!(wrong.contains(part), "{wrong}");
    }
    let mode = |limit, burst| Wanted { limit, burst, ..Wanted::default() }.check().unwrap();
    assert_eq!(mode(10_000, None).mode, Mode::SlidingLog);
    let beyond = mode(10_001, None);
    assert_eq!((beyond.mode, beyond.burst), (Mode::WindowSafe, 100));
    assert_eq!(mode(200, Some(10)).mode, Mode::WindowSafe);
}

/// The textbook: a bucket of `burst` tokens into which one drips every `step`, in exact arithmetic.
struct Textbook {
    step: u64,
    burst: u64,
    /// Tokens in units of `1/step`.
    level: u64,
    at: u64,
}

impl Textbook {
    fn take(&mut self, now: u64, cost: u64) -> bool {
        self.level = (self.level + (now - self.at)).min(self.burst * self.step);
        self.at = now;
        let fits = self.level >= cost * self.step;
        if fits {
            self.level -= cost * self.step;
        }
        fits
    }
}

proptest! {
    #[test]
    fn gcra_is_the_textbooks_bucket(
        limit in 1u32..500, burst in 1u32..500, steps in prop::collection::vec((0u64..3 * SECOND, 1u32..6), 1..200),
    ) {
        let burst = burst.min(limit);
        let world = World::new(gcra(limit, burst));
        let step = (60 * SECOND).div_ceil(u64::from(limit));
        let burst = u64::from(burst);
        let mut textbook = Textbook { step, burst, level: burst * step, at: 0 };
        for (pause, cost) in steps {
            world.simulation.advance(Duration::from_nanos(pause));
            let expected = textbook.take(world.now().0, u64::from(cost));
            prop_assert_eq!(world.take(cost).is_some(), expected, "at {:?}", world.now());
        }
    }

    /// Whatever is asked for, given back and changed: what was sent in any window is within the limit.
    #[test]
    fn no_window_has_more_than_the_limit(
        safe in any::<bool>(), limit in 1u32..30, burst in 1u32..30,
        steps in prop::collection::vec((0u64..20 * SECOND, 1u32..4, 0u8..10), 1..150),
    ) {
        let wanted = if safe { quota(Mode::WindowSafe, limit, Some(burst.min(limit))) } else { log(limit) };
        let world = World::new(wanted);
        let mut sent = Vec::new();
        let mut unsent: Vec<(Ticket, u64)> = Vec::new();
        for (pause, cost, what) in steps {
            world.simulation.advance(Duration::from_nanos(if what < 5 { pause / 100 } else { pause }));
            if what == 0 && let Some((ticket, _)) = unsent.pop() {
                ticket.refund();
            }
            if what == 1 {
                // It is sent after all, and counts from when it was taken.
                for (ticket, _) in unsent.drain(..) {
                    for (_, admission) in ticket.admissions() {
                        sent.extend((0..admission.cost).map(|_| admission.time.0));
                    }
                }
            }
            if what == 2 {
                let quota = world.bucket().info(world.now()).quota;
                world.bucket().set_quota(Wanted { limit: quota.limit, ..wanted }).unwrap();
            }
            while let Some(ticket) = world.take(cost) {
                if what >= 7 {
                    unsent.push((ticket, world.now().0));
                } else {
                    sent.extend((0..cost).map(|_| world.now().0));
                }
            }
        }
        sent.sort_unstable();
        prop_assert!(most_in_any_window(&sent, 60 * SECOND) <= limit as usize);
    }

    /// A sliding log lets through as soon as it may, refunds or not.
    #[test]
    fn a_log_is_never_stricter_than_its_window(
        limit in 1u32..20, steps in prop::collection::vec((0u64..20 * SECOND, 0u8..6), 1..150),
    ) {
        let world = World::new(log(limit));
        let window = 60_050 * MS;
        let mut live: Vec<(Ticket, u64)> = Vec::new();
        for (pause, what) in steps {
            world.simulation.advance(Duration::from_nanos(if what < 4 { pause / 50 } else { pause }));
            let now = world.now().0;
            if what == 0 && !live.is_empty() {
                let (ticket, _) = live.remove(pause as usize % live.len());
                ticket.refund();
            }
            let inside = live.iter().filter(|(_, at)| *at + window > now).count();
            let taken = world.take(1);
            prop_assert_eq!(taken.is_some(), inside < limit as usize, "at {}: {} inside", now, inside);
            live.extend(taken.map(|ticket| (ticket, now)));
        }
    }
}
