//! Who waits for room in the pool, or for the end of all: no wake-up is lost, whatever lock the change was made under.

#[path = "../../../src/pool"]
mod inner {
    pub mod bell;
    mod line;
    pub mod room;

    mod sync {
        pub use loom::sync::atomic::{AtomicU64, Ordering};
        pub use loom::sync::{Arc, Condvar, Mutex, MutexGuard};
        pub use std::sync::PoisonError;
    }
}

use crate::completions::queue::Completions;
use inner::bell::Bell;
use inner::room::Room;
use loom::sync::{Arc, Mutex};
use loom::thread;
use std::time::Duration;

const AT_ONCE: Option<Duration> = Some(Duration::ZERO);

/// As the pool has them: what is open is counted under its lock, and what has ended and was not taken under its own.
struct Pool {
    open: Mutex<usize>,
    room: Room,
    ended: Bell,
    completions: Completions<u32>,
    most: usize,
}

impl Pool {
    /// Whether there was room for it.
    fn submits(&self, wait: Option<Duration>) -> bool {
        let look = |open: &usize| (*open + self.completions.len() < self.most).then_some(());
        let Some((mut open, Some(()))) = self.room.find(&self.open, wait, look) else { return false };
        *open += 1;
        true
    }

    fn submit(&self) {
        assert!(self.submits(None));
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
            room: Room::new(),
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
        let submitter = spawn(&pool, |pool| pool.submit());
        assert_eq!(pool.reap(), [1]);
        submitter.join().unwrap();
    });
}

#[test]
fn room_by_what_ends_and_is_reaped_is_noticed() {
    model(1, |pool| {
        pool.submit();
        let submitter = spawn(&pool, |pool| pool.submit());
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
                pool.submit();
                pool.finish(item);
            })
        });
        let reaped: Vec<u32> = (0..3).flat_map(|_| pool.reap()).collect();
        submitters.into_iter().for_each(|thread| thread.join().unwrap());
        assert!(reaped == [1, 2, 3] || reaped == [1, 3, 2], "{reaped:?}");
    });
}

/// Who has made room finds it at once, whoever is being refused meanwhile.
#[test]
fn who_has_made_room_is_not_refused_as_others_were_before() {
    model(2, |pool| {
        pool.completions.push(1);
        pool.completions.push(2);
        let reaper = spawn(&pool, |pool| {
            assert_eq!((pool.reap(), pool.reap()), (vec![1], vec![2]));
            assert!(pool.submits(AT_ONCE));
        });
        pool.submits(AT_ONCE);
        reaper.join().unwrap();
    });
}

/// Whoever has waited for the end finds all completions.
#[test]
fn the_end_is_noticed_and_comes_after_the_completions() {
    model(9, |pool| {
        pool.submit();
        pool.submit();
        let workers = [1, 2].map(|item| spawn(&pool, move |pool| pool.finish(item)));
        pool.drain();
        let mut out = Vec::new();
        pool.completions.pop(9, &mut out, AT_ONCE);
        out.sort();
        assert_eq!(out, [1, 2]);
        workers.into_iter().for_each(|thread| thread.join().unwrap());
    });
}
