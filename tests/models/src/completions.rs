//! The pool's completions: nothing lost or doubled, nobody left waiting, and a descriptor that says what is so.

#[path = "../../../src/pool/completions.rs"]
pub mod queue;

mod sync {
    pub use loom::sync::{Condvar, Mutex, MutexGuard};
    pub use std::sync::PoisonError;
}

/// A flag, which is never set when it is, and never cleared when it is not.
mod descriptor {
    use std::sync::atomic::{AtomicBool, Ordering};

    pub type RawFd = i32;
    #[derive(Default)]
    pub struct Descriptor(AtomicBool);

    impl Descriptor {
        pub fn new() -> Option<Descriptor> {
            Some(Descriptor::default())
        }

        pub fn raw(&self) -> RawFd {
            7
        }

        pub fn set(&self) {
            assert!(!self.0.swap(true, Ordering::SeqCst));
        }

        pub fn clear(&self) {
            assert!(self.0.swap(false, Ordering::SeqCst));
        }

        pub fn is_set(&self) -> bool {
            self.0.load(Ordering::SeqCst)
        }
    }
}

use loom::sync::Arc;
use loom::thread;
use queue::{Completions, Popped};
use std::time::Duration;

const AT_ONCE: Option<Duration> = Some(Duration::ZERO);

/// Without a bound on preemptions, three threads take minutes.
fn model(run: impl Fn(Arc<Completions<u32>>) + Sync + Send + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(move || run(Arc::new(Completions::new())));
}

fn pop(queue: &Completions<u32>, most: usize, wait: Option<Duration>) -> (Popped, Vec<u32>) {
    let mut out = Vec::new();
    let popped = queue.pop(most, &mut out, wait);
    assert!(queue.is_exact());
    (popped, out)
}

type Thread<R> = thread::JoinHandle<R>;

fn spawn<R: 'static>(queue: &Arc<Completions<u32>>, run: impl FnOnce(&Completions<u32>) -> R + 'static) -> Thread<R> {
    let queue = queue.clone();
    thread::spawn(move || run(&queue))
}

/// Whoever waits without end gets one, also where a third takes some without waiting.
#[test]
fn each_who_waits_gets_one() {
    model(|queue| {
        queue.fd();
        let taker = |queue: &Completions<u32>| pop(queue, 1, None).1;
        let threads = [spawn(&queue, taker), spawn(&queue, taker)];
        queue.push(1);
        let mut got = pop(&queue, 1, AT_ONCE).1;
        queue.push_all((got.len() as u32..2).map(|more| 2 + more).chain(got.first().map(|_| 9)));
        threads.into_iter().for_each(|thread| got.append(&mut thread.join().unwrap()));
        got.append(&mut pop(&queue, 9, AT_ONCE).1);
        got.sort();
        assert!(got == [1, 3, 9] || got == [1, 2, 3], "{got:?}");
    });
}

#[test]
fn two_that_put_in_wake_two() {
    model(|queue| {
        let threads = [1, 2].map(|item| spawn(&queue, move |queue| queue.push(item)));
        let taker = spawn(&queue, |queue| pop(queue, 1, None).1);
        let mut got = [pop(&queue, 1, None).1, taker.join().unwrap()].concat();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        got.sort();
        assert_eq!(got, [1, 2]);
    });
}

/// One takes too much and puts it back while the other one waits for it.
#[test]
fn what_is_put_back_wakes_as_well() {
    model(|queue| {
        queue.fd();
        let other = spawn(&queue, |queue| pop(queue, 1, None));
        queue.push(1);
        if let (Popped::Taken(_), mut items) = pop(&queue, 1, AT_ONCE) {
            queue.unpop(items.remove(0));
        }
        assert_eq!(other.join().unwrap(), (Popped::Taken(1), vec![1]));
    });
}

#[test]
fn whoever_asks_for_the_descriptor_late_finds_it_as_it_must_be() {
    model(|queue| {
        let pusher = spawn(&queue, |queue| {
            queue.push_all([1, 2]);
            queue.push(3);
        });
        let asker = spawn(&queue, |queue| {
            assert_eq!(queue.fd(), Some(7));
            assert!(queue.is_exact());
        });
        assert_eq!(pop(&queue, 2, None).0, Popped::Taken(2));
        assert_eq!(pop(&queue, 2, None).0, Popped::Taken(1));
        pusher.join().unwrap();
        asker.join().unwrap();
        assert_eq!(queue.with_descriptor(|descriptor| descriptor.is_set()), Some(false));
    });
}

/// A wake-up is heard by one who waits, or by the next who would; an item beside it is not lost by it.
#[test]
fn a_wake_up_is_never_lost() {
    model(|queue| {
        let (waker, pusher) = (spawn(&queue, |queue| queue.wake()), spawn(&queue, |queue| queue.push(1)));
        let first = pop(&queue, 1, None);
        if first.0 == Popped::Woken {
            assert_eq!(pop(&queue, 1, None), (Popped::Taken(1), vec![1]));
        } else {
            assert_eq!(first, (Popped::Taken(1), vec![1]));
        }
        pusher.join().unwrap();
        waker.join().unwrap();
        assert_eq!(queue.len(), 0);
    });
}

#[test]
fn a_wake_up_ends_every_wait() {
    model(|queue| {
        let other = spawn(&queue, |queue| {
            let popped = pop(queue, 1, None).0;
            // Where nobody waited yet, only one would have heard it.
            queue.wake();
            popped
        });
        let waker = spawn(&queue, |queue| queue.wake());
        assert_eq!(pop(&queue, 1, None).0, Popped::Woken);
        queue.wake();
        assert_eq!(other.join().unwrap(), Popped::Woken);
        waker.join().unwrap();
    });
}

#[test]
fn nobody_waits_for_what_is_closed() {
    model(|queue| {
        let other = spawn(&queue, |queue| pop(queue, 1, None).1);
        let pusher = spawn(&queue, |queue| queue.push(1));
        queue.close();
        let mut got = pop(&queue, 1, None).1;
        got.append(&mut other.join().unwrap());
        pusher.join().unwrap();
        got.append(&mut pop(&queue, 1, None).1);
        assert_eq!(got, [1]);
        assert_eq!(pop(&queue, 1, None).0, Popped::Closed);
    });
}
