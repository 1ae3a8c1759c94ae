//! Many keys, and no more than fit.

use super::*;

fn use_once(lab: &Lab, key: &str) {
    let (permit, _) = lab.breaker.acquire(key, lab.now());
    permit.unwrap().record(lab.now(), Outcome::Success);
}

fn few(max_keys: usize) -> Lab {
    Lab::new(Options { max_keys, ..Options::default() })
}

fn full(lab: &Lab) -> usize {
    lab.told.lock().unwrap().iter().filter(|(_, what)| what.is_none()).count()
}

#[test]
fn one_key_says_nothing_of_another() {
    let lab = lab();
    for _ in 0..20 {
        let (permit, _) = lab.breaker.acquire("https://a", lab.now());
        permit.unwrap().record(lab.now(), Outcome::Failure);
    }
    for (key, state) in [("https://a", State::Open), ("https://a:8443", State::Closed), ("http://a", State::Closed)] {
        assert_eq!(lab.circuit(key).info(lab.now()).0.state, state, "{key}");
    }
}

#[test]
fn a_hundred_thousand_keys_take_no_more_than_their_places_and_open_ones_stay() {
    let lab = lab();
    let open: Vec<String> = (0..100).map(|key| format!("open {key}")).collect();
    for key in &open {
        lab.circuit(key).force_open(lab.now(), Some(3600 * SECOND));
    }
    for key in 0..100_000 {
        use_once(&lab, &format!("http://{key}"));
        assert!(lab.breaker.count() <= 1024);
    }
    assert_eq!((lab.breaker.count(), full(&lab)), (1024, 0));
    assert!(open.iter().all(|key| lab.breaker.find(key).is_some()));
    assert!(lab.breaker.find("http://99999").is_some() && lab.breaker.find("http://0").is_none());
}

#[test]
fn closed_ones_go_first_then_expired_ones_and_then_the_key_has_no_breaker() {
    let lab = few(3);
    lab.circuit("a").force_open(lab.now(), Some(SECOND));
    lab.circuit("b").force_open(lab.now(), Some(60 * SECOND));
    use_once(&lab, "c");
    lab.pass(SECOND);
    let busy = lab.breaker.acquire("d", lab.now()).0.unwrap();
    assert!(
        lab.breaker.find("c").is_none() && lab.breaker.find("a").is_some(),
        "closed and idle, though \"a\" was older"
    );
    use_once(&lab, "e");
    assert!(lab.breaker.find("a").is_none(), "it was open for long enough, and \"d\" has a call under way");
    let other = lab.breaker.acquire("e", lab.now()).0.unwrap();
    let news: Vec<_> = (0..3).map(|_| lab.breaker.circuit("f", lab.now()).err().unwrap().is_news).collect();
    assert_eq!(news, [true, false, false]);
    use_once(&lab, "f");
    assert_eq!((full(&lab), lab.breaker.count()), (1, 3));
    drop(busy);
    use_once(&lab, "f");
    assert!(lab.breaker.find("d").is_none() && lab.breaker.find("f").is_some());
    drop(other);
}

#[test]
fn a_table_that_was_full_tells_it_again_when_it_is_full_again() {
    let lab = few(1);
    for round in 1..=3 {
        lab.breaker.acquire("a", lab.now()).0.unwrap();
        let held = lab.breaker.acquire("b", lab.now()).0.unwrap();
        for _ in 0..5 {
            let (permit, _) = lab.breaker.acquire("c", lab.now());
            assert!(!permit.unwrap().is_probe());
        }
        assert_eq!(full(&lab), round);
        drop(held);
    }
}

#[test]
fn a_handle_of_an_evicted_circuit_finds_the_new_one() {
    let lab = few(1);
    let old = lab.circuit("a");
    let late = old.acquire(lab.now()).0.unwrap();
    drop(late);
    use_once(&lab, "b");
    assert_eq!(lab.breaker.find("a").map(|_| ()), None);
    assert_eq!(old.peek(lab.now()), Ok(()));
    assert_eq!((old.reset(lab.now()), old.info(lab.now()).0.state), (None, State::Evicted));
    for _ in 0..20 {
        old.acquire(lab.now()).0.unwrap().record(lab.now(), Outcome::Failure);
    }
    assert_eq!(lab.state(), State::Open, "its results count where the key's circuit is now");
    assert!(old.acquire(lab.now()).0.is_err());
    // And without a breaker at all.
    drop(lab);
    let time = Simulation::new(0);
    use crate::runtime::clock::Clock;
    assert!(old.acquire(time.now()).0.is_ok());
}

#[test]
fn one_that_is_used_stays_when_others_go() {
    let lab = few(8);
    for key in 0..1000 {
        use_once(&lab, "a");
        use_once(&lab, &key.to_string());
    }
    assert_eq!(lab.info().totals.successes, 1000);
}

#[test]
fn a_half_open_circuit_that_nobody_probes_can_go() {
    let lab = few(1);
    lab.opened();
    let probe = lab.acquire();
    assert!(lab.breaker.circuit("b", lab.now()).is_err(), "its probe is out");
    drop(probe);
    assert_eq!(lab.state(), State::HalfOpen);
    assert!(lab.breaker.circuit("b", lab.now()).is_ok());
}

#[test]
fn threads_that_bring_new_keys_never_make_too_many() {
    let lab = few(16);
    std::thread::scope(|scope| {
        for thread in 0..8u64 {
            let lab = &lab;
            scope.spawn(move || {
                for step in 0..2000u64 {
                    use_once(lab, &((step * 7 + thread * 13) % 40).to_string());
                    assert!(lab.breaker.count() <= 16);
                }
            });
        }
    });
    assert!((1..=16).contains(&lab.breaker.count()));
}
