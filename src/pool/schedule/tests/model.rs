//! Anything that can happen to a schedule, against a model that only keeps lists.

use super::*;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::collections::VecDeque;

#[derive(Clone, Copy, Debug)]
enum Step {
    Pass(u64),
    /// Where there is room.
    Accept {
        tag: u64,
        origin: usize,
        cost: u32,
        start: Option<u64>,
        timeout: Option<u64>,
    },
    /// Of the threads, the one at that share of them takes all that lies on its desk.
    Take(u16),
    /// Of the requests that threads have taken.
    Finish(u16, Option<bool>),
    /// Of all requests that there ever were.
    Withdraw(u16),
    Due,
    Fail(u16),
    Leave(u16, bool),
    Resize(Caps),
    Close,
    Stop,
}

const ORIGINS: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "h"];

fn caps() -> impl Strategy<Value = Caps> {
    (1..50usize, 1..30usize, 1..30usize, 1..4usize, 1..3usize).prop_map(
        |(in_flight, per_origin, queued, max_threads, min_threads)| Caps {
            in_flight,
            per_origin,
            queued,
            max_threads,
            min_threads: min_threads.min(max_threads),
        },
    )
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let which = any::<u16>;
    let cost = prop_oneof![4 => Just(1u32), 1 => 1..64u32, 1 => Just(64)];
    let start = prop_oneof![4 => Just(None), 1 => (0..300u64).prop_map(Some)];
    let timeout = prop_oneof![1 => Just(None), 2 => (0..500u64).prop_map(Some)];
    let accept = (0..5u64, 0..ORIGINS.len(), cost, start, timeout).prop_map(|(tag, origin, cost, start, timeout)| {
        Step::Accept { tag, origin: origin.min(tag as usize + 3), cost, start, timeout }
    });
    let multiplexed = prop_oneof![Just(None), Just(Some(true)), Just(Some(false))];
    let step = prop_oneof![
        10 => prop_oneof![0..50u64, Just(400), Just(1_000), Just(60_000)].prop_map(Step::Pass),
        100 => accept,
        30 => which().prop_map(Step::Take),
        70 => (which(), multiplexed).prop_map(|(which, multiplexed)| Step::Finish(which, multiplexed)),
        15 => which().prop_map(Step::Withdraw),
        15 => Just(Step::Due),
        3 => which().prop_map(Step::Fail),
        6 => (which(), any::<bool>()).prop_map(|(which, idle)| Step::Leave(which, idle)),
        3 => caps().prop_map(Step::Resize),
    ];
    let end = prop_oneof![2 => Just(Vec::new()), 1 => Just(vec![Step::Close]), 2 => Just(vec![Step::Stop])];
    let steps = || prop::collection::vec(step.clone(), 1..250);
    (steps(), end, steps()).prop_map(|(first, middle, last)| [first, middle, last].concat())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Its time has not come.
    Early,
    InLine,
    /// On the desk of a thread.
    Handed(usize),
    Taken(usize),
    Over,
}

struct Request {
    id: Id,
    tag: u64,
    origin: usize,
    start: u64,
    deadline: Option<u64>,
    state: State,
    called_off: bool,
}

struct Thread {
    place: Place<Desk>,
    retiring: bool,
}

struct World {
    schedule: Schedule<u32, Desk>,
    caps: Caps,
    now: u64,
    closed: bool,
    stopped: bool,
    not_before: u64,
    requests: Vec<Request>,
    /// By origins.
    lines: Vec<VecDeque<u32>>,
    threads: Vec<Thread>,
}

fn pick(which: u16, len: usize) -> usize {
    usize::from(which) * len / 65_536
}

impl World {
    fn new(caps: Caps) -> World {
        let mut schedule = Schedule::new(caps);
        let threads = (0..caps.min_threads).map(|_| Thread { place: schedule.add_thread(), retiring: false }).collect();
        let lines = vec![VecDeque::new(); ORIGINS.len()];
        World {
            schedule,
            caps,
            now: 0,
            closed: false,
            stopped: false,
            not_before: 0,
            requests: Vec::new(),
            lines,
            threads,
        }
    }

    fn count(&self, is: impl Fn(&Request) -> bool) -> usize {
        self.requests.iter().filter(|request| is(request)).count()
    }

    fn active(&self) -> usize {
        self.threads.iter().filter(|thread| !thread.retiring).count()
    }

    fn runs(request: &Request) -> bool {
        matches!(request.state, State::Handed(_) | State::Taken(_))
    }

    fn runs_on(request: &Request, key: usize) -> bool {
        request.state == State::Handed(key) || request.state == State::Taken(key)
    }

    fn waits(request: &Request) -> bool {
        matches!(request.state, State::Early | State::InLine)
    }

    fn out_of_line(&mut self, job: u32) {
        self.lines[self.requests[job as usize].origin].retain(|other| *other != job);
    }

    /// What a turn does, each part of which must be allowed.
    fn does(&mut self, turn: Turn<u32, Desk>) {
        for place in turn.start {
            assert!(self.now >= self.not_before && self.active() < self.caps.max_threads.max(1), "one thread too many");
            assert!(self.threads.iter().all(|thread| thread.place.key != place.key), "a number that is in use");
            self.threads.push(Thread { place, retiring: false });
        }
        let hands = !turn.hand.is_empty();
        for (desk, handed) in turn.hand {
            assert!(!self.stopped);
            let thread = self.threads.iter().find(|thread| Rc::ptr_eq(&thread.place.handle, &desk));
            let thread = thread.expect("a thread that is there");
            assert!(!thread.retiring, "it is to go");
            let request = &mut self.requests[handed.job as usize];
            assert_eq!((request.state, request.id, request.tag), (State::InLine, handed.id, handed.tag));
            assert_eq!(self.lines[request.origin].pop_front(), Some(handed.job), "the first of its line");
            request.state = State::Handed(thread.place.key);
            let origin = request.origin;
            let of_origin = self.count(|request| World::runs(request) && request.origin == origin);
            assert!(of_origin <= self.caps.per_origin, "{of_origin} to one origin");
            desk.borrow_mut().push(handed);
        }
        if hands {
            assert!(self.count(World::runs) <= self.caps.in_flight);
        }
        let told = turn.waited.len();
        for waited in turn.waited {
            self.waited(waited);
        }
        assert_eq!(self.schedule.open(), self.count(|request| request.state != State::Over) + told);
        self.schedule.told(told);
    }

    fn waited(&mut self, waited: Waited<u32>) {
        let active = self.active();
        let request = &mut self.requests[waited.job as usize];
        match waited.why {
            Why::Late => assert!(request.deadline.is_some_and(|deadline| deadline <= self.now)),
            Why::NoThread => assert!(active == 0 && self.now < self.not_before),
            Why::CalledOff => assert!(request.called_off),
        }
        assert!(World::waits(request), "it waited before, and has not ended: {:?}", request.state);
        assert_eq!(waited.tag, request.tag);
        request.state = State::Over;
        self.out_of_line(waited.job);
    }

    fn accept(&mut self, tag: u64, origin: usize, cost: u32, start: Option<u64>, timeout: Option<u64>) {
        let (waiting, open) = (self.count(World::waits), self.count(|request| request.state != State::Over));
        let room = if self.closed {
            Err(Refused::Closed)
        } else if self.active() == 0 && self.now < self.not_before {
            Err(Refused::NoThread)
        } else if waiting >= self.caps.queued || open >= self.caps.in_flight + self.caps.queued {
            Err(Refused::Full)
        } else {
            Ok(())
        };
        assert_eq!(self.schedule.room(0, at(self.now)), room);
        if room.is_err() {
            return;
        }
        let job = self.requests.len() as u32;
        let start = self.now + start.unwrap_or(0);
        let deadline = timeout.map(|timeout| start + timeout);
        let facts = Facts { tag, origin: ORIGINS[origin], cost, start: Some(at(start)), deadline: deadline.map(at) };
        let (id, turn) = self.schedule.accept(facts, job, at(self.now));
        let state = if start > self.now { State::Early } else { State::InLine };
        assert!(self.requests.iter().all(|other| other.id != id));
        self.requests.push(Request { id, tag, origin, start, deadline, state, called_off: false });
        if state == State::InLine {
            self.lines[origin].push_back(job);
        }
        self.does(turn);
    }

    fn finish(&mut self, job: u32, multiplexed: Option<bool>) {
        let request = &mut self.requests[job as usize];
        request.state = State::Over;
        let id = request.id;
        let turn = self.schedule.finish(id, at(self.now), multiplexed);
        self.does(turn);
    }

    fn taken(&self) -> Vec<u32> {
        let taken = |(_, request): &(usize, &Request)| matches!(request.state, State::Taken(_));
        self.requests.iter().enumerate().filter(taken).map(|(job, _)| job as u32).collect()
    }

    fn take(&mut self, index: usize) {
        let Place { key, handle } = self.threads[index].place.clone();
        for handed in handle.take() {
            let request = &mut self.requests[handed.job as usize];
            assert_eq!(request.state, State::Handed(key));
            assert_eq!(handed.cancel.is_triggered(), request.called_off);
            request.state = State::Taken(key);
        }
    }

    fn withdraw(&mut self, job: u32) {
        let request = &mut self.requests[job as usize];
        let state = request.state;
        request.called_off |= state != State::Over;
        let id = request.id;
        match self.schedule.withdraw(id, Why::CalledOff) {
            Withdrawn::Ended => assert_eq!(state, State::Over),
            Withdrawn::Running(cancel) => {
                assert!(matches!(state, State::Handed(_) | State::Taken(_)));
                cancel.trigger();
            }
            Withdrawn::Waiting(waited) => {
                assert_eq!(waited.job, job);
                self.waited(waited);
                self.schedule.told(1);
            }
        }
    }

    fn due(&mut self) {
        let turn = {
            // In the order of their moments.
            let mut came: Vec<(u64, Id, u32)> = (0u32..)
                .zip(&self.requests)
                .filter(|(_, request)| request.state == State::Early && request.start <= self.now)
                .map(|(job, request)| (request.start, request.id, job))
                .collect();
            came.sort();
            for (.., job) in came {
                let request = &mut self.requests[job as usize];
                if request.deadline.is_none_or(|deadline| deadline > self.now) {
                    request.state = State::InLine;
                    self.lines[request.origin].push_back(job);
                }
            }
            self.schedule.due(at(self.now))
        };
        self.does(turn);
        let late = |request: &Request| request.deadline.is_some_and(|deadline| deadline <= self.now);
        assert_eq!(self.count(|request| World::waits(request) && late(request)), 0);
    }

    /// What it has begun ends first, as that of a thread that panics does.
    fn fail(&mut self, index: usize) {
        let key = self.threads[index].place.key;
        for job in self.taken() {
            if self.requests[job as usize].state == State::Taken(key) {
                self.finish(job, None);
            }
        }
        let thread = self.threads.remove(index);
        let back = thread.place.handle.take();
        self.not_before = self.now + 1_000;
        for handed in back.iter().rev() {
            let request = &mut self.requests[handed.job as usize];
            request.state = State::InLine;
            if !request.called_off {
                self.lines[request.origin].push_front(handed.job);
            }
        }
        let turn = self.schedule.thread_failed(key, back, at(self.now));
        self.does(turn);
    }

    fn leave(&mut self, index: usize, idle: bool) {
        let Thread { ref place, retiring } = self.threads[index];
        let busy = self.count(|request| World::runs_on(request, place.key)) > 0;
        let may = !busy && (retiring || idle && self.active() > self.caps.min_threads);
        assert_eq!(self.schedule.leave(place.key, idle), may);
        if may {
            self.threads.remove(index);
        }
    }

    fn resize(&mut self, caps: Caps) {
        self.caps = caps;
        let surplus = self.active().saturating_sub(caps.max_threads);
        let (turn, leaving) = self.schedule.resize(caps, at(self.now));
        assert_eq!(leaving.len(), surplus);
        for thread in &mut self.threads {
            if leaving.iter().any(|desk| Rc::ptr_eq(desk, &thread.place.handle)) {
                assert!(!thread.retiring);
                thread.retiring = true;
            }
        }
        self.does(turn);
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Pass(ms) => self.now += ms,
            Step::Accept { tag, origin, cost, start, timeout } => self.accept(tag, origin, cost, start, timeout),
            Step::Take(_) | Step::Fail(_) | Step::Leave(..) if self.threads.is_empty() => {}
            Step::Take(which) => self.take(pick(which, self.threads.len())),
            Step::Fail(which) => self.fail(pick(which, self.threads.len())),
            Step::Leave(which, idle) => self.leave(pick(which, self.threads.len()), idle),
            Step::Finish(which, multiplexed) => {
                let taken = self.taken();
                if let Some(job) = taken.get(pick(which, taken.len())) {
                    self.finish(*job, multiplexed);
                }
            }
            Step::Withdraw(_) if self.requests.is_empty() => {}
            Step::Withdraw(which) => self.withdraw(pick(which, self.requests.len()) as u32),
            Step::Due => self.due(),
            Step::Resize(caps) => self.resize(caps),
            Step::Close => {
                self.closed = true;
                self.schedule.close();
            }
            Step::Stop => {
                (self.closed, self.stopped) = (true, true);
                self.schedule.stop();
            }
        }
        self.check();
    }

    /// What is so at any moment.
    fn check(&self) {
        let schedule = &self.schedule;
        let open = self.count(|request| request.state != State::Over);
        assert_eq!((schedule.in_flight(), schedule.waiting()), (self.count(World::runs), self.count(World::waits)));
        assert_eq!((schedule.open(), schedule.all().len()), (open, open));
        for tag in 0..5 {
            let mut ids = schedule.tagged(tag).to_vec();
            ids.sort_by_key(|id| id.serial);
            let of_tag = self.requests.iter().filter(|request| request.tag == tag && request.state != State::Over);
            assert_eq!(ids, of_tag.map(|request| request.id).collect::<Vec<_>>());
        }
        // Each that waits is there with the moment at which something happens to it, and no other.
        let moments: BTreeSet<(Instant, Id)> = self
            .requests
            .iter()
            .filter_map(|request| match request.state {
                State::Early => Some((at(request.start), request.id)),
                State::InLine => request.deadline.map(|deadline| (at(deadline), request.id)),
                _ => None,
            })
            .collect();
        assert_eq!(schedule.next_due(), moments.first().map(|(at, _)| *at));
        assert_eq!(schedule.moments, moments);
        if self.stopped {
            return;
        }
        // What could begin has begun.
        for (origin, line) in self.lines.iter().enumerate() {
            let running = self.count(|request| World::runs(request) && request.origin == origin);
            let room = schedule.in_flight() < self.caps.in_flight && running < self.caps.per_origin;
            assert!(line.is_empty() || !room, "{} is forgotten", ORIGINS[origin]);
        }
        assert!(schedule.waiting() == 0 || self.active() > 0, "nobody looks at the clock for those that wait");
        self.check_threads();
        self.check_memory();
    }

    fn check_threads(&self) {
        let crew = self.schedule.crew();
        assert_eq!(crew.len(), self.threads.len());
        for thread in &self.threads {
            let key = thread.place.key;
            assert_eq!(crew.members[key].running, self.count(|request| World::runs_on(request, key)));
        }
    }

    fn check_memory(&self) {
        let origins = &self.schedule.origins;
        let needed = (0..ORIGINS.len())
            .filter(|origin| self.requests.iter().any(|other| other.state != State::Over && other.origin == *origin));
        let needed = needed.count();
        assert!(origins.all.len() <= (2 * needed + 1).max(origins::MOST_IDLE) + ORIGINS.len() / 2);
        assert_eq!(origins.names.len(), origins.all.len());
        let ring: BTreeSet<usize> = origins.ring.iter().copied().collect();
        assert_eq!(ring.len(), origins.ring.len(), "each is in the ring once");
        for (key, origin) in &origins.all {
            assert_eq!(ring.contains(&key), origin.in_ring);
            let of = ORIGINS.iter().position(|name| *name == &*origin.name).expect("one of them");
            let (line, queue, stale) = (self.lines[of].len(), origin.queue.len(), origin.stale);
            assert!(queue <= line + stale && stale <= origins::MOST_STALE.max(queue / 2 + 1), "{queue} for {line}");
            assert!(origin.deficit <= 64);
            assert!(origin.warm.iter().all(|warm| self.threads.iter().any(|thread| thread.place.key == warm.thread)));
        }
    }

    /// Whatever was accepted ends, and once.
    fn end(&mut self) {
        if self.stopped {
            (0..self.requests.len() as u32).for_each(|job| self.withdraw(job));
        }
        for _ in 0..10_000 {
            if self.schedule.open() == 0 {
                break;
            }
            (0..self.threads.len()).for_each(|index| self.take(index));
            match self.taken().first() {
                Some(job) => self.finish(*job, None),
                None => {
                    self.now = self.now.max(self.schedule.next_due().expect("something happens").0 / 1_000_000);
                    self.due();
                }
            }
            self.check();
        }
        assert!(self.requests.iter().all(|request| request.state == State::Over));
        assert_eq!((self.schedule.open(), self.schedule.tags.len(), self.schedule.moments.len()), (0, 0, 0));
    }
}

/// The same steps each time: a failure is everybody's.
fn runner() -> TestRunner {
    let config = Config { cases: 120, failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

#[test]
fn a_schedule_does_as_its_model() {
    runner()
        .run(&(caps(), steps()), |(caps, steps)| {
            let mut world = World::new(caps);
            world.check();
            steps.iter().for_each(|step| world.step(*step));
            world.end();
            Ok(())
        })
        .unwrap();
}
