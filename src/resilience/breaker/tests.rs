//! What the breaker promises, in virtual time.

use super::*;
use crate::runtime::simulation::Simulation;
use std::sync::Arc;

#[test]
fn it_opens_with_the_twentieth_failure_and_closes_by_three_probes() {
    let time = Arc::new(Simulation::new(0));
    time.script(&[0]);
    let breaker = Breaker::new(Options::default(), time.clone(), time.clone(), None);
    for call in 1..=20 {
        let (permit, _) = breaker.acquire("a", breaker.now());
        let transition = permit.unwrap().record(breaker.now(), Outcome::Failure);
        assert_eq!(transition.is_some(), call == 20);
    }
    assert_eq!(breaker.acquire("a", breaker.now()).0.err().unwrap().retry_after, Some(Duration::from_secs(5)));
    time.advance(Duration::from_secs(5));
    let probes: Vec<Permit> = (0..3).map(|_| breaker.acquire("a", breaker.now()).0.unwrap()).collect();
    assert!(breaker.acquire("a", breaker.now()).0.is_err());
    let told: Vec<_> = probes.into_iter().map(|probe| probe.record(breaker.now(), Outcome::Success)).collect();
    assert_eq!(told.iter().map(Option::is_some).collect::<Vec<_>>(), [false, false, true]);
}
