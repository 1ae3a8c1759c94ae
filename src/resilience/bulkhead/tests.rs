use super::*;
use crate::runtime::simulation::Simulation;
use proptest::prelude::*;
use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Mutex;
use std::task::Wake;
use std::thread;
use std::time::Duration;

type Acquiring<'a> = Pin<Box<dyn Future<Output = Result<Slot, Refused>> + 'a>>;

/// Counts how often it was woken.
#[derive(Default)]
struct Count(AtomicU64);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

struct Bench {
    simulation: Arc<Simulation>,
    timers: Rc<Timers>,
    bulkhead: Bulkhead,
    slots: Slots,
}

impl Bench {
    fn new(capacity: u32, queue: u32) -> Bench {
        let simulation = Arc::new(Simulation::new(0));
        let options = BulkheadOptions { capacity, queue, ..BulkheadOptions::default() };
        let bulkhead = Bulkhead::new(options, simulation.clone(), None);
        Bench { timers: Timers::new(simulation.clone()), slots: bulkhead.slots("a"), bulkhead, simulation }
    }

    fn take(&self) -> Slot {
        self.slots.try_acquire().expect("a slot is free")
    }

    /// One that comes now and has so many milliseconds.
    fn come(&self, milliseconds: u64) -> Acquiring<'_> {
        let deadline = self.simulation.now().saturating_add(Duration::from_millis(milliseconds));
        Box::pin(self.slots.acquire(&self.timers, Some(deadline)))
    }

    fn counts(&self) -> (u32, u32) {
        self.slots.0.places.counts()
    }
}

fn poll(acquiring: &mut Acquiring) -> Poll<Result<Slot, Refused>> {
    acquiring.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

fn given(acquiring: &mut Acquiring) -> Option<Slot> {
    match poll(acquiring) {
        Poll::Ready(result) => Some(result.expect("a slot")),
        Poll::Pending => None,
    }
}

fn refused(acquiring: &mut Acquiring) -> Refused {
    match poll(acquiring) {
        Poll::Ready(Err(refused)) => refused,
        Poll::Ready(Ok(_)) => panic!("it got a slot"),
        Poll::Pending => panic!("it waits"),
    }
}

#[test]
fn waiters_that_time_out_take_no_slot_along() {
    let bench = Bench::new(8, 1_000);
    let holders: Vec<Slot> = (0..8).map(|_| bench.take()).collect();
    let mut waiters: Vec<_> = (0..8).map(|_| bench.come(50)).collect();
    assert!(waiters.iter_mut().all(|waiter| poll(waiter).is_pending()));
    assert_eq!(bench.counts(), (8, 8));
    bench.simulation.advance(Duration::from_millis(50));
    assert!(waiters.iter_mut().all(|waiter| refused(waiter) == Refused::TooLate));
    drop(holders);
    assert_eq!(bench.counts(), (0, 0));
    assert_eq!((0..9).map_while(|_| bench.slots.try_acquire()).collect::<Vec<_>>().len(), 8);
    assert_eq!(bench.bulkhead.state("a").timed_out, 8);
}

#[test]
fn who_sleeps_between_attempts_holds_nothing() {
    let bench = Bench::new(1, 1_000);
    drop(bench.take()); // A's attempt is over; it waits for ten seconds.
    let _b = bench.take();
}

#[test]
fn a_full_queue_refuses_at_once() {
    let bench = Bench::new(1, 1_000);
    let _holder = bench.take();
    let mut waiters: Vec<_> = (0..1_000).map(|_| bench.come(60_000)).collect();
    assert!(waiters.iter_mut().all(|waiter| poll(waiter).is_pending()));
    assert_eq!(refused(&mut bench.come(60_000)), Refused::Full);
    assert_eq!((bench.counts(), bench.slots.state().rejected), ((1, 1_000), 1));
    drop(waiters);
    assert_eq!(bench.counts(), (1, 0));
    let bench = Bench::new(1, 0);
    let _holder = bench.take();
    assert_eq!(refused(&mut bench.come(60_000)), Refused::Full);
}

#[test]
fn slots_go_to_those_who_wait_in_their_order_and_nobody_overtakes() {
    let bench = Bench::new(1, 10);
    let mut holder = Some(bench.take());
    let mut waiters: Vec<_> = (0..4).map(|_| bench.come(1_000)).collect();
    waiters.iter_mut().for_each(|waiter| assert!(poll(waiter).is_pending()));
    drop(waiters.remove(1));
    for mut waiter in waiters {
        assert!(poll(&mut waiter).is_pending() && bench.slots.try_acquire().is_none());
        drop(holder.take());
        assert!(bench.slots.try_acquire().is_none(), "the slot is somebody's already");
        holder = given(&mut waiter);
        assert!(holder.is_some());
    }
    drop(holder);
    assert_eq!(bench.counts(), (0, 0));
}

#[test]
fn one_that_leaves_in_the_moment_of_its_slot_hands_it_on() {
    let bench = Bench::new(1, 10);
    let holder = bench.take();
    let mut waiters = [bench.come(1_000), bench.come(1_000), bench.come(1_000)];
    let counts: Vec<_> = waiters.iter().map(|_| Arc::new(Count::default())).collect();
    for (waiter, count) in waiters.iter_mut().zip(&counts) {
        let waker = Waker::from(count.clone());
        assert!(waiter.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    }
    let woken = || counts.iter().map(|count| count.0.load(Ordering::SeqCst)).collect::<Vec<_>>();
    drop(holder);
    assert_eq!(woken(), [1, 0, 0]);
    let [first, mut second, third] = waiters;
    drop(first);
    assert_eq!(woken(), [1, 1, 0]);
    drop(third);
    assert!(given(&mut second).is_some());
    assert_eq!(bench.counts(), (0, 0));
}

#[test]
fn a_slot_that_comes_with_the_deadline_is_taken() {
    let bench = Bench::new(1, 10);
    let holder = bench.take();
    let mut waiter = bench.come(50);
    assert!(poll(&mut waiter).is_pending());
    bench.simulation.advance(Duration::from_millis(50));
    drop(holder);
    assert!(given(&mut waiter).is_some());
}

#[test]
fn what_is_too_late_already_does_not_queue() {
    let bench = Bench::new(1, 10);
    assert!(given(&mut bench.come(0)).is_some(), "there was nothing to wait for");
    let _holder = bench.take();
    assert_eq!(refused(&mut bench.come(0)), Refused::TooLate);
    let mut endless: Acquiring = Box::pin(bench.slots.acquire(&bench.timers, None));
    assert!(poll(&mut endless).is_pending());
    bench.simulation.advance(Duration::from_secs(1_000_000));
    assert!(poll(&mut endless).is_pending());
}

#[test]
fn keys_have_their_own_slots_and_those_beyond_the_most_share() {
    let options = BulkheadOptions { capacity: 1, queue: 0, max_keys: 2 };
    let bulkhead = Bulkhead::new(options, Arc::new(Simulation::new(0)), None);
    let a = bulkhead.slots("a").try_acquire().unwrap();
    let b = bulkhead.slots("b").try_acquire().unwrap();
    let c = bulkhead.slots("c");
    assert_eq!(c.key(), "*");
    let held = c.try_acquire().unwrap();
    assert!(bulkhead.slots("d").try_acquire().is_none());
    drop((a, held));
    assert_eq!(bulkhead.slots("e").key(), "e");
    assert_eq!((bulkhead.state("a"), bulkhead.state("b").in_use), (BulkheadState::default(), 1));
    drop(b);
}

#[test]
fn the_listener_hears_what_happens_when_nothing_is_locked() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let within: Arc<Mutex<Option<Slots>>> = Arc::default();
    let listener: Listener = {
        let (heard, within) = (heard.clone(), within.clone());
        Box::new(move |event| {
            let inside = within.lock().unwrap().clone();
            assert!(inside.is_none_or(|slots| slots.try_acquire().is_none()), "it may ask again");
            heard.lock().unwrap().push((event.kind, event.sequence, event.time.0, event.in_use, event.waiting));
        })
    };
    let simulation = Arc::new(Simulation::new(0));
    let options = BulkheadOptions { capacity: 1, queue: 1, ..Default::default() };
    let (bulkhead, timers) =
        (Bulkhead::new(options, simulation.clone(), Some(listener)), Timers::new(simulation.clone()));
    let slots = bulkhead.slots("a");
    *within.lock().unwrap() = Some(slots.clone());
    let holder = slots.try_acquire().unwrap();
    let mut waiter: Acquiring = Box::pin(slots.acquire(&timers, Some(Instant(9))));
    assert!(poll(&mut waiter).is_pending());
    let mut other: Acquiring = Box::pin(slots.acquire(&timers, None));
    assert_eq!(refused(&mut other), Refused::Full);
    simulation.advance(Duration::from_nanos(9));
    assert_eq!(refused(&mut waiter), Refused::TooLate);
    drop(holder);
    let expected =
        [(EventKind::Waits, 1, 0, 1, 1), (EventKind::Rejected, 2, 0, 1, 1), (EventKind::TimedOut, 3, 9, 1, 0)];
    assert_eq!(*heard.lock().unwrap(), expected);
}

#[test]
fn what_cannot_be_is_refused_by_name_and_value() {
    let with = |capacity, queue, max_keys| BulkheadOptions { capacity, queue, max_keys }.validate();
    assert_eq!((with(1, 0, 1), with(MOST_SLOTS, MOST_WAITING, MOST_KEYS)), (Ok(()), Ok(())));
    assert_eq!(with(0, 0, 1).unwrap_err(), "capacity is 0: 1 to 1000000");
    assert_eq!(with(1, 65_537, 1).unwrap_err(), "queue is 65537: at most 65536");
    assert_eq!(with(1, 0, 0).unwrap_err(), "max_keys is 0: 1 to 1048576");
}

/// Threads that come and go, some of which lose patience: never too many at once, and in the end all is free.
#[test]
fn threads_never_share_a_slot_and_lose_none() {
    use crate::runtime::alone::Alone;
    let bulkhead = Bulkhead::new(
        BulkheadOptions { capacity: 3, queue: 4, ..Default::default() },
        Arc::new(crate::runtime::clock::SystemClock),
        None,
    );
    let inside = AtomicU64::new(0);
    thread::scope(|scope| {
        for thread in 0..8u64 {
            let (slots, inside) = (bulkhead.slots("a"), &inside);
            scope.spawn(move || {
                let alone = Alone::new(None);
                for round in 0..400 {
                    let patience = Duration::from_micros((thread * 37 + round * 11) % 60);
                    let deadline = alone.timers().now().saturating_add(patience);
                    if let Ok(slot) = alone.block_on(slots.acquire(alone.timers(), Some(deadline))).unwrap() {
                        assert!(inside.fetch_add(1, Ordering::SeqCst) < 3);
                        thread::yield_now();
                        inside.fetch_sub(1, Ordering::SeqCst);
                        drop(slot);
                    }
                }
            });
        }
    });
    assert_eq!(bulkhead.slots("a").0.places.counts(), (0, 0));
}

proptest! {
    /// Against a queue that is written down: who has a slot, and who waits in which order.
    #[test]
    fn it_does_what_a_queue_on_paper_does(
        capacity in 1u32..4, queue in 0u32..4,
        steps in proptest::collection::vec((0u8..4, any::<prop::sample::Index>()), 0..80),
    ) {
        let places = Places::<u32>::new(capacity, queue);
        let (mut inside, mut waiting, mut granted) = (0, VecDeque::<(u64, u32)>::new(), Vec::<u64>::new());
        for (name, (step, which)) in steps.into_iter().enumerate() {
            let name = name as u32;
            match step {
                0 => {
                    let free = inside < capacity && waiting.is_empty();
                    prop_assert_eq!(places.try_take(), free);
                    inside += u32::from(free);
                }
                1 => match places.enter(|| name) {
                    Entry::Given => {
                        prop_assert!(inside < capacity && waiting.is_empty());
                        inside += 1;
                    }
                    Entry::Full => prop_assert!(inside == capacity && waiting.len() == queue as usize),
                    Entry::Queued(number) => {
                        prop_assert!(inside == capacity && waiting.len() < queue as usize);
                        waiting.push_back((number, name));
                    }
                },
                2 if inside > 0 => {
                    let next = waiting.pop_front();
                    prop_assert_eq!(places.give_back(), next.map(|(_, name)| name));
                    match next {
                        Some((number, _)) => granted.push(number),
                        None => inside -= 1,
                    }
                }
                3 if !waiting.is_empty() => {
                    let (number, _) = waiting.remove(which.index(waiting.len())).unwrap();
                    let has_a_slot = places.look(number, |_| {});
                    prop_assert!(!has_a_slot);
                    prop_assert!(places.leave(number));
                }
                _ => {}
            }
            let all_know = granted.iter().all(|number| places.look(*number, |_| ()));
            prop_assert!(all_know);
            prop_assert_eq!(places.counts(), (inside, waiting.len() as u32));
        }
    }
}
