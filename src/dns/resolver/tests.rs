use super::*;
use crate::http::network::Family;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// A machine whose name server answers as the test lets it: each look-up waits for a permit. The address counts up.
#[derive(Clone, Default)]
struct Machine(Arc<Inner>);

#[derive(Default)]
struct Inner {
    now: AtomicU64,
    patience: Duration,
    threads: AtomicUsize,
    no_threads: bool,
    state: Mutex<Seen>,
    changed: Condvar,
}

#[derive(Default)]
struct Seen {
    permits: usize,
    begun: Vec<String>,
    running: usize,
    most_running: usize,
    ended_threads: usize,
}

impl Machine {
    fn new() -> Machine {
        Machine(Arc::new(Inner { patience: Duration::from_secs(60), ..Inner::default() }))
    }

    fn permit(&self, count: usize) {
        self.0.state.lock().unwrap().permits += count;
        self.0.changed.notify_all();
    }

    fn wait_until(&self, condition: impl Fn(&Seen) -> bool) {
        let mut seen = self.0.state.lock().unwrap();
        while !condition(&seen) {
            seen = self.0.changed.wait(seen).unwrap();
        }
    }

    fn begun(&self) -> usize {
        self.0.state.lock().unwrap().begun.len()
    }

    fn pass(&self, time: Duration) {
        self.0.now.fetch_add(time.as_nanos() as u64, Ordering::SeqCst);
    }
}

impl System for Machine {
    fn look_up(&self, query: &Query) -> Result<Addresses, Failure> {
        let mut seen = self.0.state.lock().unwrap();
        seen.begun.push(query.host.to_string());
        let number = seen.begun.len() as u8;
        seen.running += 1;
        seen.most_running = seen.most_running.max(seen.running);
        self.0.changed.notify_all();
        while seen.permits == 0 {
            seen = self.0.changed.wait(seen).unwrap();
        }
        seen.permits -= 1;
        seen.running -= 1;
        drop(seen);
        match &*query.host {
            "bad" => Err(Failure { reason: "no such name".into(), os_error: 0 }),
            "panic" => panic!("as the test wants it"),
            _ => Ok(Addresses { ips: vec![Ipv4Addr::new(192, 0, 2, number).into()], scope_id: 0 }),
        }
    }

    fn now(&self) -> Instant {
        Instant(self.0.now.load(Ordering::SeqCst))
    }

    fn start_thread(&self, run: Box<dyn FnOnce() + Send>) -> bool {
        if self.0.no_threads {
            return false;
        }
        self.0.threads.fetch_add(1, Ordering::SeqCst);
        let machine = self.clone();
        std::thread::spawn(move || {
            run();
            machine.0.state.lock().unwrap().ended_threads += 1;
            machine.0.changed.notify_all();
        });
        true
    }

    fn patience(&self) -> Duration {
        self.0.patience
    }
}

/// One who asks, and can wait.
#[derive(Default)]
struct Asker(Mutex<usize>, Condvar);

impl Unpark for Asker {
    fn unpark(&self) {
        *self.0.lock().unwrap() += 1;
        self.1.notify_all();
    }
}

impl Asker {
    fn wait(&self, times: usize) {
        let mut told = self.0.lock().unwrap();
        while *told < times {
            told = self.1.wait(told).unwrap();
        }
    }
}

const MINUTE: Duration = Duration::from_secs(60);

fn query(host: &str) -> Query {
    Query { host: host.into(), family: Family::Any }
}

fn ticket(resolver: &Resolver<Machine>, host: &str, asker: &Arc<Asker>) -> Ticket<Machine> {
    match resolver.ask(query(host), MINUTE, asker.clone()) {
        Asked::Wait(ticket) => ticket,
        Asked::Known(answer) => panic!("known already: {answer:?}"),
    }
}

fn last_byte(answer: &Answer) -> u8 {
    match answer.as_ref().unwrap().ips[0] {
        IpAddr::V4(ip) => ip.octets()[3],
        IpAddr::V6(_) => panic!("an IPv6 address"),
    }
}

/// The answer, looked up or known.
fn resolve(resolver: &Resolver<Machine>, host: &str, max_age: Duration) -> Answer {
    let asker = Arc::new(Asker::default());
    match resolver.ask(query(host), max_age, asker.clone()) {
        Asked::Known(answer) => answer,
        Asked::Wait(ticket) => {
            asker.wait(1);
            ticket.answer().unwrap().clone()
        }
    }
}

#[test]
fn however_many_ask_for_a_name_it_is_looked_up_once() {
    let machine = Machine::new();
    let resolver = Resolver::new(machine.clone());
    let askers: Vec<_> = (0..1_000).map(|_| Arc::new(Asker::default())).collect();
    let tickets: Vec<_> = askers.iter().map(|asker| ticket(&resolver, "one", asker)).collect();
    assert!(tickets.iter().all(|ticket| ticket.answer().is_none()));
    machine.permit(1);
    for (asker, ticket) in askers.iter().zip(&tickets) {
        asker.wait(1);
        assert_eq!(last_byte(ticket.answer().unwrap()), 1);
    }
    assert_eq!(machine.begun(), 1);
    assert_eq!(machine.0.threads.load(Ordering::SeqCst), 1);
    assert_eq!(last_byte(&resolve(&resolver, "one", MINUTE)), 1);
}

#[test]
fn threads_are_few_and_every_name_has_its_turn() {
    let machine = Machine::new();
    let resolver = Resolver::new(machine.clone());
    let asker = Arc::new(Asker::default());
    let tickets: Vec<_> = (0..100).map(|number| ticket(&resolver, &number.to_string(), &asker)).collect();
    machine.wait_until(|seen| seen.running == MOST_THREADS);
    machine.permit(100);
    asker.wait(100);
    assert!(tickets.iter().all(|ticket| ticket.answer().is_some()));
    assert_eq!(machine.0.threads.load(Ordering::SeqCst), MOST_THREADS);
    let seen = machine.0.state.lock().unwrap();
    assert_eq!((seen.most_running, seen.begun.len()), (MOST_THREADS, 100));
}

#[test]
fn an_answer_is_used_until_it_is_too_old_for_the_asker() {
    let machine = Machine::new();
    machine.permit(100);
    let resolver = Resolver::new(machine.clone());
    assert_eq!(last_byte(&resolve(&resolver, "a", MINUTE)), 1);
    machine.pass(MINUTE / 2);
    assert_eq!(last_byte(&resolve(&resolver, "a", MINUTE)), 1);
    assert_eq!(last_byte(&resolve(&resolver, "a", MINUTE / 2)), 2);
    assert_eq!(last_byte(&resolve(&resolver, "a", Duration::ZERO)), 3);
    machine.pass(MINUTE);
    assert_eq!(last_byte(&resolve(&resolver, "a", Duration::MAX)), 3);
    assert_eq!(last_byte(&resolve(&resolver, "a", MINUTE)), 4);
}

#[test]
fn a_failure_is_told_to_all_who_wait_and_not_kept() {
    let machine = Machine::new();
    let resolver = Resolver::new(machine.clone());
    let asker = Arc::new(Asker::default());
    let tickets = [ticket(&resolver, "bad", &asker), ticket(&resolver, "bad", &asker)];
    machine.permit(1);
    asker.wait(2);
    for ticket in &tickets {
        assert_eq!(ticket.answer().unwrap().as_ref().unwrap_err().reason, "no such name");
    }
    machine.permit(1);
    assert!(resolve(&resolver, "bad", MINUTE).is_err());
    assert_eq!(machine.begun(), 2);
}

#[test]
fn a_flush_also_covers_what_is_under_way() {
    let machine = Machine::new();
    let resolver = Resolver::new(machine.clone());
    let asker = Arc::new(Asker::default());
    let before = ticket(&resolver, "a", &asker);
    machine.wait_until(|seen| seen.running == 1);
    resolver.flush();
    let after = ticket(&resolver, "a", &asker);
    machine.wait_until(|seen| seen.running == 2);
    machine.permit(2);
    asker.wait(2);
    let (before, after) = (last_byte(before.answer().unwrap()), last_byte(after.answer().unwrap()));
    assert_ne!(before, after);
    assert_eq!(last_byte(&resolve(&resolver, "a", MINUTE)), after);
    resolver.flush();
    machine.permit(1);
    assert_eq!(last_byte(&resolve(&resolver, "a", MINUTE)), 3);
}

#[test]
fn what_nobody_waits_for_is_not_begun() {
    let machine = Machine::new();
    let resolver = Resolver::new(machine.clone());
    let asker = Arc::new(Asker::default());
    let busy: Vec<_> = (0..MOST_THREADS).map(|number| ticket(&resolver, &number.to_string(), &asker)).collect();
    machine.wait_until(|seen| seen.running == MOST_THREADS);
    let (left, stays) = (ticket(&resolver, "left", &asker), ticket(&resolver, "stays", &asker));
    drop(ticket(&resolver, "stays", &asker));
    drop(left);
    drop(busy);
    assert_eq!(resolver.0.lock().queue.len(), 1);
    assert_eq!(resolver.0.lock().open.len(), MOST_THREADS + 1);
    machine.permit(MOST_THREADS + 1);
    asker.wait(1);
    assert!(stays.answer().is_some());
    let seen = machine.0.state.lock().unwrap();
    assert!(seen.begun.iter().any(|name| name == "stays") && !seen.begun.iter().any(|name| name == "left"));
}

#[test]
fn a_look_up_that_panics_is_a_failure_and_its_thread_goes_on() {
    let machine = Machine::new();
    machine.permit(2);
    let resolver = Resolver::new(machine.clone());
    assert!(resolve(&resolver, "panic", MINUTE).unwrap_err().reason.contains("panicked"));
    assert_eq!(last_byte(&resolve(&resolver, "a", MINUTE)), 2);
    assert_eq!(machine.0.state.lock().unwrap().ended_threads, 0);
}

#[test]
fn idle_threads_end_and_others_begin() {
    let machine = Machine(Arc::new(Inner { patience: Duration::ZERO, ..Inner::default() }));
    machine.permit(2);
    let resolver = Resolver::new(machine.clone());
    assert!(resolve(&resolver, "a", MINUTE).is_ok());
    machine.wait_until(|seen| seen.ended_threads == 1);
    assert!(resolve(&resolver, "b", MINUTE).is_ok());
    machine.wait_until(|seen| seen.ended_threads == 2);
    assert_eq!(machine.0.threads.load(Ordering::SeqCst), 2);
}

#[test]
fn without_a_thread_the_answer_is_a_failure() {
    let resolver = Resolver::new(Machine(Arc::new(Inner { no_threads: true, ..Inner::default() })));
    for _ in 0..2 {
        assert!(resolve(&resolver, "a", MINUTE).unwrap_err().reason.contains("thread"));
    }
    let state = resolver.0.lock();
    assert!(state.queue.is_empty() && state.open.is_empty());
}
