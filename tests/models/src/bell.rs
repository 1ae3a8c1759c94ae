//! Who waits for room in the pool, or for the end of all: no wake-up is lost, whatever lock the change was made under.

#[path = "../../../src/pool/bell.rs"]
mod inner;

mod sync {
    pub use loom::sync::atomic::{AtomicU64, Ordering};
    pub use loom::sync::{Condvar, Mutex, MutexGuard};
    pub use std::sync::PoisonError;
}

use crate::completions::queue::Completions;
use inner::Bell;
use loom::sync::{Arc, Mutex};
use loom::thread;
use std::time::Duration;

const AT_ONCE: Option<Duration> = Some(Duration::ZERO);

/// As the pool has them: what is open is counted under its lock, and what has ended and was not taken under its own.
struct Pool {
    open: Mutex<usize>,
    room: Bell,
    ended: Bell,
    completions: Completions<u32>,
    most: usize,
}

impl Pool {
    fn submit(&self, item: u32) {
        let look = |open: &usize| (*open + self.completions.len() < self.most).then_some(());
        let (mut open, found) = self.room.wait(&self.open, None, look);
        assert!(found.is_some());
        *open += 1;
        drop(open);
        let _ = item;
    }

    fn finish(&self, item: u32) {
        self.completions.push(item);
        let mut open = self.open.lock().unwrap();
        *open -= 1;
        let over = *open == 0 && self.ended.is_awaited();
        drop(open);
        if over {
            self.ended.ring(&self.open);
        }
        self.room.ring(&self.open);
    }

    fn reap(&self) -> Vec<u32> {
        let mut out = Vec::new();
        self.completions.pop(1, &mut out, None);
        self.room.ring(&self.open);
        out
    }

    fn drain(&self) {
        let (_, found) = self.ended.wait(&self.open, None, |open| (*open == 0).then_some(()));
        assert!(found.is_some());
    }
}

fn model(most: usize, run: impl Fn(Arc<Pool>) + Sync + Send + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(move || {
        run(Arc::new(Pool {
            open: Mutex::new(0),
            room: Bell::new(),
            ended: Bell::new(),
            completions: Completions::new(),
            most,
        }));
    });
}

fn spawn(pool: &Arc<Pool>, run: impl FnOnce(&Pool) + 'static) -> thread::JoinHandle<()> {
    let pool = pool.clone();
    thread::spawn(move || run(&pool))
}

/// What is reaped makes room without the lock of those that wait for it.
#[test]
fn room_by_what_is_reaped_is_noticed() {
    model(1, |pool| {
        pool.completions.push(1);
        let submitter = spawn(&pool, |pool| pool.submit(2));
        assert_eq!(pool.reap(), [1]);
        submitter.join().unwrap();
    });
}

#[test]
fn room_by_what_ends_and_is_reaped_is_noticed() {
    model(1, |pool| {
        pool.submit(1);
        let submitter = spawn(&pool, |pool| pool.submit(2));
        let worker = spawn(&pool, |pool| pool.finish(1));
        assert_eq!(pool.reap(), [1]);
        submitter.join().unwrap();
        worker.join().unwrap();
    });
}

#[test]
fn two_who_wait_get_room_one_after_the_other() {
    model(1, |pool| {
        pool.completions.push(1);
        let submitters = [2, 3].map(|item| {
            spawn(&pool, move |pool| {
                pool.submit(item);
                pool.finish(item);
            })
        });
        let reaped: Vec<u32> = (0..3).flat_map(|_| pool.reap()).collect();
        submitters.into_iter().for_each(|thread| thread.join().unwrap());
        assert!(reaped == [1, 2, 3] || reaped == [1, 3, 2], "{reaped:?}");
    });
}

/// Whoever has waited for the end finds all completions.
#[test]
fn the_end_is_noticed_and_comes_after_the_completions() {
    model(9, |pool| {
        pool.submit(1);
        pool.submit(2);
        let workers = [1, 2].map(|item| spawn(&pool, move |pool| pool.finish(item)));
        pool.drain();
        let mut out = Vec::new();
        pool.completions.pop(9, &mut out, AT_ONCE);
        out.sort();
        assert_eq!(out, [1, 2]);
        workers.into_iter().for_each(|thread| thread.join().unwrap());
    });
}
