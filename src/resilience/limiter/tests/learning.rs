//! What servers say.

use super::*;
use crate::http::headers::{HeadLimits, HeaderBlock};
use crate::resilience::limiter::learn::{Lesson, Source};
use crate::runtime::clock::Clock;

const DATE: (&str, &str) = ("Date", "Tue, 21 Mar 2023 15:13:00 GMT");
const THEN: i64 = 1_679_411_580;
const THROTTLE: Duration = Duration::from_secs(1);

impl World {
    fn learn(&self, number: Option<u64>, status: u16, fields: &[(&str, &str)]) -> Option<Lesson> {
        let mut block = HeaderBlock::default();
        for (name, value) in fields {
            block.push_line(format!("{name}: {value}").as_bytes(), HeadLimits { bytes: 9_999, fields: 99 }).unwrap();
        }
        let bucket = self.bucket();
        let hints = bucket.hints(&block, self.simulation.wall());
        bucket.learn(self.now(), number, status, &hints, THROTTLE)
    }

    fn says(&self, number: Option<u64>, remaining: &str, reset: &str) -> Option<Lesson> {
        self.learn(number, 200, &[("X-RateLimit-Remaining", remaining), ("X-RateLimit-Reset", reset)])
    }

    /// How long nothing is sent.
    fn hold(&self) -> Duration {
        self.bucket().info(self.now()).hold
    }
}

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

#[test]
fn a_quota_that_is_used_up_holds_its_bucket_alone() {
    for (chance, expected) in [(0, 17_000), (1_000_000, 17_250), (500_000, 17_125)] {
        let world = World::new(log(200));
        // The local clock is an hour ahead.
        world.simulation.set_wall((THEN + 3_600) * 1_000_000_000);
        world.simulation.script(&[chance]);
        let other = world.limiter.bucket("other");
        assert!(world.take(1).is_some());
        let reset = (THEN + 17).to_string();
        let lesson = world.learn(
            Some(1),
            200,
            &[DATE, ("X-RateLimit-Limit", "200"), ("X-RateLimit-Remaining", "0"), ("X-RateLimit-Reset", &reset)],
        );
        let hold_until = Some(Instant(expected * MS));
        assert_eq!(lesson, Some(Lesson { source: Source::Quota, hold_until, remaining: Some(0), is_news: true }));
        for name in ["a", "b", "c"] {
            world.spawn(name, vec![(world.bucket(), 1)], None);
        }
        world.spawn("other", vec![(other, 1)], None);
        world.run_until(20 * SECOND);
        assert_eq!(world.times(), [0, expected, expected, expected]);
    }
}

#[test]
fn what_is_in_flight_counts() {
    let world = World::new(log(200));
    world.simulation.script(&[0]);
    for _ in 0..6 {
        assert!(world.take(1).is_some());
    }
    world.says(Some(1), "3", "10");
    assert_eq!(world.hold(), ms(10_000));
    assert!(world.take(1).is_none());
    // With two of them in flight there is one left.
    let world = World::new(log(200));
    for _ in 0..3 {
        assert!(world.take(1).is_some());
    }
    assert_eq!(world.says(Some(1), "3", "10").unwrap().remaining, Some(1));
    assert_eq!((world.hold(), world.bucket().info(world.now()).remaining), (ms(0), 1));
    assert!(world.take(1).is_some());
    assert!(world.take(1).is_none());
}

#[test]
fn what_was_not_sent_is_not_counted() {
    let world = World::new(log(200));
    assert!(world.take(1).is_some());
    let unsent = world.take(1).unwrap();
    world.says(Some(1), "1", "10");
    assert!(world.take(1).is_none());
    unsent.refund();
    assert!(world.take(1).is_some());
    assert!(world.take(1).is_none());
}

#[test]
fn a_newer_window_counts_and_an_older_one_does_not() {
    let world = World::new(log(200));
    world.simulation.script(&[0; 9]);
    assert!(world.says(None, "5", "10").unwrap().is_news);
    // The same window: less is believed, more is not.
    assert_eq!(world.says(None, "7", "10"), None);
    assert_eq!(world.says(None, "7", "11"), None);
    let lesson = world.says(None, "4", "11").unwrap();
    assert_eq!((lesson.is_news, lesson.remaining), (false, Some(4)));
    // A late answer of an earlier window.
    assert_eq!(world.says(None, "0", "9"), None);
    assert!(world.says(None, "9", "13").unwrap().is_news);
    assert_eq!(world.bucket().info(world.now()).learned, Some((ms(13_000), 9)));
    assert!(world.says(None, "0", "14").is_some());
    assert_eq!(world.hold(), ms(14_000));
    world.simulation.advance(ms(14_000));
    assert_eq!((world.hold(), world.bucket().info(world.now()).learned), (ms(0), None));
    assert_eq!(world.take_all(), 200);
}

#[test]
fn the_configured_limit_is_never_raised() {
    let world = World::new(log(200));
    let fields = [("X-RateLimit-Limit", "1000"), ("X-RateLimit-Remaining", "999"), ("X-RateLimit-Reset", "30")];
    world.learn(None, 200, &fields);
    assert_eq!(world.bucket().info(world.now()).quota.limit, 200);
    assert_eq!(world.take_all(), 200);
}

#[test]
fn what_is_absent_malformed_or_far_away_changes_nothing() {
    let world = World::new(log(200));
    world.simulation.script(&[0; 9]);
    world.says(None, "3", "100");
    let before = world.bucket().info(world.now());
    assert_eq!(world.learn(None, 403, &[]), None);
    assert_eq!(world.says(None, "none", "5"), None);
    assert_eq!(world.says(None, "0", "2018-03-13T00:00:00Z"), None);
    assert_eq!(world.says(None, "0", "301"), None);
    assert_eq!(world.says(None, "0", "0"), None);
    assert_eq!(world.bucket().info(world.now()), before);
    assert!(world.says(None, "0", "300").is_some());
    assert_eq!(world.hold(), ms(300_000));
}

#[test]
fn retry_after_comes_first_where_it_means_a_repetition() {
    let fields = [("RateLimit", r#""d";r=0;t=10"#), ("Retry-After", "3")];
    let hold = |status, fields: &[(&str, &str)]| {
        let world = World::new(log(200));
        world.simulation.script(&[0]);
        world.learn(None, status, fields);
        world.hold()
    };
    assert_eq!(hold(429, &fields), ms(3_000));
    assert_eq!(hold(503, &fields), ms(3_000));
    assert_eq!(hold(200, &fields), ms(10_000));
    assert_eq!(hold(200, &[("Retry-After", "30")]), ms(0));
    assert_eq!(hold(404, &[("Retry-After", "30")]), ms(0));
    // Nothing that can be believed, but a 429.
    for value in ["0", "301", "abc"] {
        assert_eq!(hold(429, &[("Retry-After", value)]), THROTTLE, "{value}");
    }
    assert_eq!(hold(429, &[("Retry-After", "0"), fields[0]]), ms(10_000));
    assert_eq!(hold(429, &[]), THROTTLE);
    assert_eq!(hold(503, &[]), ms(0));
}

#[test]
fn of_several_quotas_each_counts() {
    let world = World::new(log(200));
    world.simulation.script(&[0; 9]);
    world.learn(None, 200, &[("RateLimit", r#""a";r=20;t=5, "b";r=0;t=40"#)]);
    assert_eq!(world.hold(), ms(40_000));
    let world = World::new(log(200));
    world.simulation.script(&[0; 9]);
    world.learn(None, 200, &[("RateLimit", r#""a";r=1;t=5, "b";r=50;t=40"#)]);
    assert!(world.take(1).is_some());
    assert_eq!(world.hold(), ms(5_000));
    // The nearer one is no older window of the further one.
    world.simulation.advance(ms(5_000));
    world.learn(None, 200, &[("RateLimit", r#""b";r=48;t=35, "a";r=0;t=5"#)]);
    assert_eq!(world.hold(), ms(5_000));
}

#[test]
fn a_longer_hold_stays() {
    let world = World::new(log(200));
    world.simulation.script(&[0; 9]);
    world.learn(None, 429, &[("Retry-After", "10")]);
    world.learn(None, 429, &[("Retry-After", "3")]);
    assert_eq!(world.hold(), ms(10_000));
}

#[test]
fn it_can_be_switched_off() {
    let world = World::with(log(200), |settings| settings.learning = None);
    assert_eq!(world.learn(None, 429, &[("Retry-After", "10")]), None);
    assert_eq!(world.hold(), ms(0));
}

#[test]
fn news_are_told() {
    let world = World::new(log(200));
    world.simulation.script(&[0; 9]);
    world.says(None, "5", "10");
    world.says(None, "4", "10");
    world.says(None, "0", "10");
    let events = world.events.lock().unwrap();
    let facts: Vec<_> = events.iter().map(|one| (one.kind, one.remaining, one.wait_ns / MS)).collect();
    assert_eq!(facts, [(EventKind::Learned, Some(5), 0), (EventKind::Learned, Some(0), 10_000)]);
}
