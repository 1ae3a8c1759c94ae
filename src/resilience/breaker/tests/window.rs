//! What a circuit is judged by.

use super::super::gate::Tally;
use super::super::window::{IsCurrent, LOW, MOST_COUNTED, Place, Ring, TimeWindow, Window};
use std::sync::atomic::Ordering::Relaxed;

const YES: IsCurrent = &|| true;
const NO: IsCurrent = &|| false;

fn tally(calls: u64, failures: u64, slow: u64) -> Tally {
    Tally { calls, failures, slow }
}

#[test]
fn a_time_window_is_the_present_bucket_and_the_nine_before() {
    let window = TimeWindow::new(3);
    for now in 0..60 {
        window.add(0, now, now % 2 == 0, now % 3 == 0, YES).unwrap();
        let first = (now / 3).saturating_sub(9) * 3;
        let share = |of: u64| (first..=now).filter(|at| at % of == 0).count() as u64;
        assert_eq!(window.tally(0, now), tally(now - first + 1, share(2), share(3)), "{now}");
    }
    assert_eq!(window.tally(0, 60 + 29).calls, 0);
}

#[test]
fn another_generation_begins_empty_and_an_older_one_adds_nothing() {
    for window in [Window::Time(TimeWindow::new(3)), Window::Count(Ring::new(20))] {
        for _ in 0..5 {
            window.add(7, 0, true, true, YES);
        }
        assert_eq!((window.tally(7, 0), window.tally(8, 0)), (tally(5, 5, 5), tally(0, 0, 0)));
        window.add(8, 0, false, false, YES);
        assert_eq!((window.tally(8, 0), window.add(7, 0, true, true, NO)), (tally(1, 0, 0), None));
        assert_eq!(window.tally(8, 0), tally(1, 0, 0));
    }
}

#[test]
fn what_was_put_away_long_ago_does_not_come_back() {
    let window = TimeWindow::new(3);
    window.add(0, 30, true, true, YES);
    let place = Place(10);
    assert!(window.fail(0, place, YES));
    assert_eq!(window.tally(0, 30), tally(1, 2, 1));
    // The same bucket after as many as the low bits of a tag can tell apart.
    assert_eq!(window.tally(0, 30 + 3 * (LOW + 1) * 5), tally(0, 0, 0));
    window.add(0, 60, false, false, YES);
    assert!(!window.fail(0, place, YES), "its bucket has been used again");
    assert_eq!(window.add(0, 30, true, true, YES), None);
    assert_eq!(window.tally(0, 60), tally(1, 0, 0));
}

#[test]
fn a_ring_has_the_last_results() {
    for length in [1, 2, 11, 12, 13, 24, 25, 100] {
        let ring = Ring::new(length);
        for at in 0..500u64 {
            assert_eq!(ring.add(3, at % 2 == 0, at % 3 == 0, YES), Some(Place(at)));
            let first = (at + 1).saturating_sub(u64::from(length));
            let share = |of: u64| (first..=at).filter(|at| at % of == 0).count() as u64;
            assert_eq!(ring.tally(3), tally(at + 1 - first, share(2), share(3)), "{length} {at}");
        }
    }
}

#[test]
fn a_result_of_a_ring_can_fail_later_while_it_is_there() {
    let ring = Ring::new(5);
    let place = ring.add(0, false, true, YES).unwrap();
    assert!(ring.fail(0, place, YES) && ring.fail(0, place, YES));
    assert_eq!(ring.tally(0), tally(1, 1, 1));
    for _ in 0..5 {
        ring.add(0, false, false, YES);
    }
    assert!(!ring.fail(0, place, YES));
    assert_eq!(ring.tally(0), tally(5, 0, 0));
    let place = ring.add(0, false, false, YES).unwrap();
    assert!(!ring.fail(1, place, YES) && !ring.fail(0, place, NO));
}

#[test]
fn a_full_bucket_stays_full() {
    let window = TimeWindow::new(3);
    let place = window.add(0, 0, true, false, YES).unwrap();
    let cells = window.bucket(0);
    cells.calls.fetch_add(MOST_COUNTED - 1, Relaxed);
    window.add(0, 0, true, false, YES);
    assert_eq!((window.tally(0, 0), place), (tally(MOST_COUNTED, 1, 0), Place(0)));
}
