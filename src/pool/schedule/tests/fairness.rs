//! Origins take turns, in numbers.

use super::*;
use crate::pool::schedule::origins::QUANTUM;

/// The one ends that has run longest, and another begins: what has begun of each origin, after each of so many ends.
fn shares(bench: &mut Bench, origins: &[Vec<u32>], ends: usize) -> Vec<Vec<u32>> {
    let of: BTreeMap<u32, usize> =
        origins.iter().enumerate().flat_map(|(of, jobs)| jobs.iter().map(move |job| (*job, of))).collect();
    let (mut counts, mut all) = (vec![0; origins.len()], Vec::new());
    let mut first = 0;
    for _ in 0..ends {
        let before = bench.began.len();
        first += bench.began[first..].iter().position(|job| bench.running.contains_key(job)).expect("something runs");
        let oldest = bench.began[first];
        bench.finish(oldest);
        bench.began[before..].iter().filter_map(|job| of.get(job)).for_each(|of| counts[*of] += 1);
        all.push(counts.clone());
    }
    all
}

fn differ(counts: &[u32]) -> u32 {
    counts.iter().max().unwrap() - counts.iter().min().unwrap()
}

#[test]
fn origins_whose_requests_cost_the_same_never_differ_by_more_than_one() {
    let mut bench = Bench::new(Caps { in_flight: 8, ..CAPS });
    bench.accept_all(to("busy"), 8);
    let origins: Vec<_> = ["a", "b", "c"].iter().map(|name| bench.accept_all(to(name), 400)).collect();
    for counts in shares(&mut bench, &origins, 1_200) {
        assert!(differ(&counts) <= 1, "{counts:?}");
    }
}

#[test]
fn many_requests_do_not_keep_a_single_one_waiting() {
    let mut bench = Bench::new(Caps { in_flight: 4, ..CAPS });
    bench.accept_all(to("many"), 5_000);
    let (one, _) = bench.accept(to("one"));
    bench.finish(1);
    bench.finish(2);
    assert!(bench.running.contains_key(&one), "it is its turn after one of the others");
}

/// Both have something in line, always: what they have spent differs by no more than the dearest request and one turn.
#[test]
fn what_origins_spend_differs_by_no_more_than_one_request() {
    for (one, other) in [(1, 1), (1, 64), (64, 64), (7, 64), (3, 5)] {
        let mut bench = Bench::new(Caps { in_flight: 3, queued: 100_000, ..CAPS });
        bench.accept_all(to("busy"), 3);
        let small = bench.accept_all(Facts { cost: one, ..to("small") }, 6_400);
        let large = bench.accept_all(Facts { cost: other, ..to("large") }, 6_400);
        let all = shares(&mut bench, &[small, large], 5_000);
        for counts in &all {
            let (small, large) = (counts[0] * one, counts[1] * other);
            let most = one.max(other) + QUANTUM;
            assert!(small.abs_diff(large) <= most, "{one} and {other}: {small} and {large}");
        }
        let last = all.last().unwrap();
        assert!(last[0] > 0 && last[1] > 0, "{last:?}");
    }
}

#[test]
fn a_slow_origin_at_its_bound_delays_no_other() {
    let mut bench = Bench::new(Caps { in_flight: 8, per_origin: 4, ..CAPS });
    let slow = bench.accept_all(to("slow"), 1_000);
    let quick = bench.accept_all(to("quick"), 1_000);
    // Of the slow one none ends: it holds its four, and the other one has all the rest, always.
    for (index, job) in quick.iter().enumerate() {
        let of_slow = bench.running.keys().filter(|job| slow.contains(job)).count();
        assert_eq!((of_slow, bench.running.len()), (4, 8.min(4 + quick.len() - index)));
        bench.finish(*job);
    }
    // It has lost nothing meanwhile, and gets no more than its share afterwards.
    bench.finish(slow[0]);
    assert!(bench.running.contains_key(&slow[4]));
    assert_eq!(bench.running.len(), 4);
}

/// What it did not use while others had their turns is not saved up.
#[test]
fn an_origin_that_comes_back_has_no_turns_saved_up() {
    let mut bench = Bench::new(Caps { in_flight: 2, ..CAPS });
    let early = bench.accept_all(to("b"), 1)[0];
    bench.finish(early);
    bench.accept_all(to("busy"), 2);
    let first = bench.accept_all(to("a"), 1_000);
    let all = shares(&mut bench, &[first], 500);
    assert_eq!(all.last().unwrap(), &[500]);
    let more = [bench.accept_all(to("a"), 200), bench.accept_all(to("b"), 200)];
    // What is left in line of the first comes before.
    let all = shares(&mut bench, &more, 200);
    assert!(all.iter().enumerate().all(|(ends, counts)| counts[1].abs_diff(ends as u32 / 2 + 1) <= 1));
}

/// A cap of one each, and the requests are of very different lengths: the one that ends comes to the end of the ring.
#[test]
fn at_their_bounds_origins_still_take_turns() {
    let mut bench = Bench::new(Caps { in_flight: 2, per_origin: 1, ..CAPS });
    bench.accept_all(to("busy 1"), 1);
    bench.accept_all(to("busy 2"), 1);
    let origins: Vec<_> = ["a", "b", "c", "d", "e"].iter().map(|name| bench.accept_all(to(name), 100)).collect();
    for counts in shares(&mut bench, &origins, 500) {
        assert!(differ(&counts) <= 1, "{counts:?}");
    }
}
