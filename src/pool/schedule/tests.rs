//! What the schedule does, without threads and without a clock: time is a number here.

mod fairness;
mod model;
mod threads;

use super::*;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

const CAPS: Caps = Caps { in_flight: 1_024, per_origin: 256, queued: 10_000, max_threads: 1, min_threads: 1 };

/// Where a thread of a test is handed its requests. Two are the same if they are in one place.
type Desk = Rc<RefCell<Vec<Handed<u32>>>>;

fn at(ms: u64) -> Instant {
    Instant(ms * 1_000_000)
}

fn to(origin: &str) -> Facts<'_> {
    Facts { tag: 0, origin, cost: 1, start: None, deadline: None }
}

/// A schedule with what a pool around it does: desks are filled, threads are started.
struct Bench {
    schedule: Schedule<u32, Desk>,
    now: u64,
    jobs: u32,
    /// By the numbers of the requests: where it runs, and as what.
    running: BTreeMap<u32, (usize, Id)>,
    /// In the order in which they began.
    began: Vec<u32>,
    waited: Vec<(u32, Why)>,
    threads: Vec<Place<Desk>>,
}

impl Bench {
    /// With as many threads as there are to be at least.
    fn new(caps: Caps) -> Bench {
        let mut schedule = Schedule::new(caps);
        let threads = (0..caps.min_threads).map(|_| schedule.add_thread()).collect();
        Bench { schedule, now: 0, jobs: 0, running: BTreeMap::new(), began: Vec::new(), waited: Vec::new(), threads }
    }

    fn does(&mut self, turn: Turn<u32, Desk>) {
        self.threads.extend(turn.start);
        for (desk, handed) in turn.hand {
            let place = self.threads.iter().find(|place| Rc::ptr_eq(&place.handle, &desk)).expect("a known thread");
            self.began.push(handed.job);
            self.running.insert(handed.job, (place.key, handed.id));
            desk.borrow_mut().push(handed);
        }
        self.schedule.told(turn.waited.len());
        self.waited.extend(turn.waited.into_iter().map(|waited| (waited.job, waited.why)));
    }

    /// The number of the request, and as what it waits or runs.
    fn accept(&mut self, facts: Facts<'_>) -> (u32, Id) {
        self.jobs += 1;
        let (id, turn) = self.schedule.accept(facts, self.jobs, at(self.now));
        self.does(turn);
        (self.jobs, id)
    }

    fn accept_all(&mut self, facts: Facts<'_>, count: usize) -> Vec<u32> {
        (0..count).map(|_| self.accept(facts).0).collect()
    }

    fn finish(&mut self, job: u32) {
        self.finish_as(job, None);
    }

    fn finish_as(&mut self, job: u32, multiplexed: Option<bool>) {
        let (key, id) = self.running.remove(&job).expect("it runs");
        let place = self.threads.iter().find(|place| place.key == key).expect("a known thread");
        place.handle.borrow_mut().retain(|handed| handed.id != id);
        let turn = self.schedule.finish(id, at(self.now), multiplexed);
        self.does(turn);
    }

    fn due(&mut self) {
        let turn = self.schedule.due(at(self.now));
        self.does(turn);
    }

    /// It is of no use any more; what it was handed had not begun.
    fn fail(&mut self, key: usize) {
        let index = self.threads.iter().position(|place| place.key == key).expect("a known thread");
        let place = self.threads.remove(index);
        let back = place.handle.take();
        self.running.retain(|job, _| back.iter().all(|handed| handed.job != *job));
        let turn = self.schedule.thread_failed(key, back, at(self.now));
        self.does(turn);
    }

    /// How many run on each of its threads.
    fn loads(&self) -> Vec<usize> {
        self.threads.iter().map(|place| place.handle.borrow().len()).collect()
    }
}

#[test]
fn a_request_has_the_moments_of_its_start_and_then_of_its_deadline() {
    let mut bench = Bench::new(Caps { per_origin: 1, ..CAPS });
    let first = bench.accept(to("a")).0;
    let late = Facts { start: Some(at(10)), deadline: Some(at(30)), ..to("a") };
    let (second, _) = bench.accept(late);
    assert_eq!((bench.schedule.next_due(), bench.schedule.waiting()), (Some(at(10)), 1));
    bench.now = 9;
    bench.due();
    assert_eq!(bench.schedule.next_due(), Some(at(10)));
    bench.now = 10;
    bench.due();
    assert_eq!(bench.schedule.next_due(), Some(at(30)));
    bench.now = 30;
    bench.due();
    assert_eq!((bench.schedule.next_due(), bench.schedule.waiting()), (None, 0));
    assert_eq!(bench.waited, [(second, Why::Late)]);
    bench.finish(first);
    assert_eq!(bench.schedule.open(), 0);
}

#[test]
fn what_was_called_off_and_was_not_told_of_yet_is_still_open() {
    let mut bench = Bench::new(Caps { in_flight: 1, queued: 1, ..CAPS });
    bench.accept(to("a"));
    let (_, waits) = bench.accept(to("a"));
    assert_eq!(bench.schedule.room(0, at(0)), Err(Refused::Full));
    let Withdrawn::Waiting(waited) = bench.schedule.withdraw(waits, Why::CalledOff) else { panic!("it waits") };
    assert_eq!((waited.job, bench.schedule.waiting(), bench.schedule.open()), (2, 0, 2));
    assert_eq!(bench.schedule.room(0, at(0)), Err(Refused::Full));
    bench.schedule.told(1);
    assert_eq!((bench.schedule.open(), bench.schedule.room(0, at(0))), (1, Ok(())));
    assert_eq!(bench.schedule.room(1, at(0)), Err(Refused::Full));
}

#[test]
fn a_request_that_waits_for_its_time_keeps_its_origin() {
    let mut bench = Bench::new(CAPS);
    let (later, _) = bench.accept(Facts { start: Some(at(10)), ..to("later") });
    for number in 0..5_000 {
        let (job, _) = bench.accept(to(&format!("origin {number}")));
        bench.finish(job);
    }
    bench.now = 10;
    bench.due();
    assert_eq!(bench.began.last(), Some(&later));
    bench.finish(later);
    assert_eq!(bench.schedule.open(), 0);
}

/// Nothing ends, and so nothing goes on, while origins come and go.
#[test]
fn origins_are_forgotten_also_while_everything_is_busy() {
    let mut bench = Bench::new(Caps { in_flight: 1, ..CAPS });
    let (busy, _) = bench.accept(to("busy"));
    for number in 0..5_000 {
        let (_, id) = bench.accept(to(&format!("origin {number}")));
        assert!(matches!(bench.schedule.withdraw(id, Why::CalledOff), Withdrawn::Waiting(_)));
        bench.schedule.told(1);
        assert!(bench.schedule.origins.all.len() <= MOST_ORIGINS && bench.schedule.origins.ring.len() <= MOST_ORIGINS);
    }
    let (waits, _) = bench.accept(to("last"));
    bench.finish(busy);
    assert_eq!(bench.began, [busy, waits]);
}

/// As many as are kept while none of them has anything to do, and a few that have.
const MOST_ORIGINS: usize = origins::MOST_IDLE + 2;

#[test]
fn after_the_end_nothing_begins_and_what_comes_back_is_over() {
    let mut bench = Bench::new(Caps { in_flight: 2, ..CAPS });
    bench.accept_all(to("a"), 3);
    bench.schedule.stop();
    assert_eq!(bench.schedule.room(0, at(0)), Err(Refused::Closed));
    bench.finish(1);
    assert_eq!((bench.began.len(), bench.schedule.waiting()), (2, 1));
    for id in bench.schedule.all() {
        match bench.schedule.withdraw(id, Why::CalledOff) {
            Withdrawn::Waiting(_) => bench.schedule.told(1),
            Withdrawn::Running(cancel) => cancel.trigger(),
            Withdrawn::Ended => panic!("it is open"),
        }
    }
    bench.fail(0);
    assert_eq!(bench.waited, [(2, Why::CalledOff)]);
    assert_eq!((bench.schedule.open(), bench.schedule.crew().len()), (0, 0));
}

#[test]
fn a_tag_names_all_of_its_requests_and_none_that_has_ended() {
    let mut bench = Bench::new(Caps { in_flight: 3, ..CAPS });
    let jobs: Vec<_> = (0..6).map(|_| bench.accept(Facts { tag: 7, ..to("a") })).collect();
    bench.accept(Facts { tag: 8, ..to("a") });
    for (index, (job, _)) in jobs.iter().enumerate() {
        let mut open = bench.schedule.tagged(7).to_vec();
        open.sort();
        assert_eq!(open, jobs[index..].iter().map(|(_, id)| *id).collect::<Vec<_>>());
        bench.finish(*job);
    }
    assert!(bench.schedule.tagged(7).is_empty());
    assert_eq!((bench.schedule.tagged(8).len(), bench.schedule.tags.len()), (1, 1));
}
