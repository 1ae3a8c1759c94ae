//! Threads of ours that come to rest before the process forks: what OpenSSL, libcurl or the allocator had locked for a
//! thread at that moment would stay locked in the child, which has no such thread. A thread that waits for its sockets is
//! at rest, and goes on when the fork is over; one that works is waited for, but not without end: it may be in a callback
//! of the caller's.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a fork waits for threads that are in the middle of something.
const PATIENCE: Duration = Duration::from_millis(200);

pub struct Rests {
    /// A thread forks, or is about to.
    forking: AtomicBool,
    /// Held by the forking thread during the fork.
    threads: Mutex<Vec<Arc<AtomicBool>>>,
    changed: Condvar,
}

/// A thread's place in the list, for as long as it lives. From before it is started on it counts as one that works.
pub struct Place {
    rests: &'static Rests,
    at_rest: Arc<AtomicBool>,
}

pub type Held = MutexGuard<'static, Vec<Arc<AtomicBool>>>;

static ALL: Rests = Rests::new();

thread_local! {
    static OWN: RefCell<Option<Rc<Place>>> = const { RefCell::new(None) };
}

/// For a thread that is about to be started.
pub fn place() -> Place {
    ALL.place()
}

/// The calling thread is the one that the place was made for, until `leave`.
pub fn take(place: Place) {
    OWN.set(Some(Rc::new(place)));
}

/// The calling thread does nothing any more that a fork must not find half done.
pub fn leave() {
    OWN.take();
}

/// Waits for what other threads or the kernel do. A fork may come meanwhile; this does not return during it.
pub fn while_waiting(wait: impl FnOnce()) {
    // A thread that ends has no place any more, and closes its workers then.
    let own = OWN.try_with(|own| own.borrow().clone()).ok().flatten();
    match own {
        Some(own) => own.while_waiting(wait),
        None => wait(),
    }
}

/// Between two pieces of work: lets a fork pass.
pub fn let_forks_pass() {
    if ALL.forking.load(Ordering::Relaxed) {
        while_waiting(|| {});
    }
}

pub fn before_fork() -> Held {
    // A thread of ours forks where it runs a callback of the caller's.
    let own = OWN.try_with(|own| own.borrow().as_ref().map(|own| own.at_rest.clone())).ok().flatten();
    ALL.stop(own.as_deref())
}

pub fn after_fork(mut held: Held, in_child: bool) {
    if in_child {
        held.clear();
    }
    ALL.go_on(held);
    let _ = OWN.try_with(|own| own.borrow().as_ref().map(|own| own.at_rest.store(false, Ordering::SeqCst)));
}

impl Rests {
    const fn new() -> Rests {
        Rests { forking: AtomicBool::new(false), threads: Mutex::new(Vec::new()), changed: Condvar::new() }
    }

    fn threads(&self) -> MutexGuard<'_, Vec<Arc<AtomicBool>>> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn place(&'static self) -> Place {
        let at_rest = Arc::new(AtomicBool::new(false));
        self.threads().push(at_rest.clone());
        Place { rests: self, at_rest }
    }

    fn after_forks(&self) -> MutexGuard<'_, Vec<Arc<AtomicBool>>> {
        let forking = |_: &mut _| self.forking.load(Ordering::Relaxed);
        self.changed.wait_while(self.threads(), forking).unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns when all are at rest, or patience is over; from then on nobody who is at rest goes on.
    fn stop(&self, own: Option<&AtomicBool>) -> MutexGuard<'_, Vec<Arc<AtomicBool>>> {
        if let Some(own) = own {
            own.store(true, Ordering::SeqCst);
        }
        let threads = self.after_forks();
        // Pairs with the store in `go`: either that thread sees it, or this one sees that it works.
        self.forking.store(true, Ordering::SeqCst);
        let works = |threads: &mut Vec<Arc<AtomicBool>>| threads.iter().any(|at_rest| !at_rest.load(Ordering::SeqCst));
        self.changed.wait_timeout_while(threads, PATIENCE, works).unwrap_or_else(PoisonError::into_inner).0
    }

    fn go_on(&self, threads: MutexGuard<'_, Vec<Arc<AtomicBool>>>) {
        self.forking.store(false, Ordering::SeqCst);
        drop(threads);
        self.changed.notify_all();
    }
}

impl Place {
    fn while_waiting(&self, wait: impl FnOnce()) {
        self.rest();
        wait();
        self.go();
    }

    fn rest(&self) {
        self.at_rest.store(true, Ordering::SeqCst);
        if self.rests.forking.load(Ordering::SeqCst) {
            // Who forks looks again, and not just before it begins to wait.
            drop(self.rests.threads());
            self.rests.changed.notify_all();
        }
    }

    fn go(&self) {
        loop {
            self.at_rest.store(false, Ordering::SeqCst);
            if !self.rests.forking.load(Ordering::SeqCst) {
                return;
            }
            self.rest();
            drop(self.rests.after_forks());
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.rest();
        self.rests.threads().retain(|other| !Arc::ptr_eq(other, &self.at_rest));
        self.rests.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;
    use std::sync::mpsc;

    fn rests() -> &'static Rests {
        Box::leak(Box::new(Rests::new()))
    }

    #[test]
    fn nobody_works_during_a_fork() {
        let (rests, working) = (rests(), Arc::new(AtomicUsize::new(0)));
        let done = Arc::new(AtomicBool::new(false));
        let threads: Vec<_> = (0..3)
            .map(|_| {
                let (place, working, done) = (rests.place(), working.clone(), done.clone());
                std::thread::spawn(move || {
                    while !done.load(Ordering::SeqCst) {
                        working.fetch_add(1, Ordering::SeqCst);
                        std::thread::yield_now();
                        working.fetch_sub(1, Ordering::SeqCst);
                        place.while_waiting(std::thread::yield_now);
                    }
                })
            })
            .collect();
        for _ in 0..200 {
            let held = rests.stop(None);
            for _ in 0..50 {
                assert_eq!(working.load(Ordering::SeqCst), 0);
                std::thread::yield_now();
            }
            rests.go_on(held);
        }
        done.store(true, Ordering::SeqCst);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert!(rests.threads().is_empty());
    }

    #[test]
    fn one_that_does_not_come_to_rest_holds_up_no_fork() {
        let rests = rests();
        let place = rests.place();
        rests.go_on(rests.stop(None));
        drop(place);
    }

    #[test]
    fn one_that_forks_itself_is_not_waited_for_and_one_that_ends_is_forgotten() {
        let rests = rests();
        let (own, other) = (rests.place(), rests.place());
        let (told, tells) = mpsc::channel();
        let ending = std::thread::spawn(move || {
            tells.recv().unwrap();
            drop(other);
        });
        told.send(()).unwrap();
        let held = rests.stop(Some(&own.at_rest));
        assert!(own.at_rest.load(Ordering::SeqCst));
        rests.go_on(held);
        ending.join().unwrap();
        assert_eq!(rests.threads().len(), 1);
    }
}
