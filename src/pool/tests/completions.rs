use crate::pool::completions::{Completions, Popped};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

const AT_ONCE: Option<Duration> = Some(Duration::ZERO);
const MINUTE: Option<Duration> = Some(Duration::from_secs(60));

fn pop(queue: &Completions<u32>, most: usize, wait: Option<Duration>) -> (Popped, Vec<u32>) {
    let mut out = Vec::new();
    let popped = queue.pop(most, &mut out, wait);
    (popped, out)
}

/// So many threads that wait for up to `most`.
fn waiters(queue: &Arc<Completions<u32>>, count: usize, most: usize) -> Vec<JoinHandle<(Popped, Vec<u32>)>> {
    let waiter = || {
        let queue = queue.clone();
        thread::spawn(move || pop(&queue, most, MINUTE))
    };
    let before = queue.waiting();
    let threads = (0..count).map(|_| waiter()).collect();
    while queue.waiting() < before + count {
        thread::yield_now();
    }
    threads
}

#[test]
fn the_oldest_come_first_and_many_at_once() {
    let queue = Completions::new();
    queue.push(1);
    queue.push_all([2, 3, 4]);
    queue.push_all([]);
    assert_eq!(queue.len(), 4);
    assert_eq!(pop(&queue, 1, AT_ONCE), (Popped::Taken(1), vec![1]));
    queue.unpop(1);
    assert_eq!(pop(&queue, 3, None), (Popped::Taken(3), vec![1, 2, 3]));
    assert_eq!(pop(&queue, 9, MINUTE), (Popped::Taken(1), vec![4]));
    assert_eq!(pop(&queue, 9, AT_ONCE), (Popped::TimedOut, vec![]));
    assert_eq!(pop(&queue, 9, Some(Duration::from_millis(1))), (Popped::TimedOut, vec![]));
    queue.push(5);
    assert_eq!(pop(&queue, 0, None), (Popped::TimedOut, vec![]));
    let mut out = vec![4];
    assert_eq!((queue.pop(1, &mut out, AT_ONCE), out), (Popped::Taken(1), vec![4, 5]));
}

#[test]
fn one_item_is_for_one_who_waits_and_many_are_for_many() {
    let queue = Arc::new(Completions::new());
    let threads = waiters(&queue, 3, 1);
    queue.push_all([1, 2, 3]);
    let mut got: Vec<u32> = threads.into_iter().flat_map(|thread| thread.join().unwrap().1).collect();
    got.sort();
    assert_eq!(got, [1, 2, 3]);

    let threads = waiters(&queue, 2, 8);
    queue.push(4);
    while threads.iter().all(|thread| !thread.is_finished()) {
        thread::yield_now();
    }
    assert_eq!(queue.waiting(), 1);
    queue.push(5);
    let mut got: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    got.sort_by_key(|(_, items)| items[0]);
    assert_eq!(got, [(Popped::Taken(1), vec![4]), (Popped::Taken(1), vec![5])]);
}

#[test]
fn all_who_wait_are_woken_and_nobody_twice() {
    let queue = Arc::new(Completions::new());
    let threads = waiters(&queue, 3, 1);
    queue.wake();
    for thread in threads {
        assert_eq!(thread.join().unwrap(), (Popped::Woken, vec![]));
    }
    assert_eq!(pop(&queue, 1, Some(Duration::from_millis(1))).0, Popped::TimedOut);
}

#[test]
fn a_wake_up_that_nobody_heard_is_for_the_next_wait() {
    let queue = Completions::new();
    queue.wake();
    queue.wake();
    queue.push(1);
    assert_eq!(pop(&queue, 1, None), (Popped::Taken(1), vec![1]));
    assert_eq!(pop(&queue, 1, AT_ONCE), (Popped::TimedOut, vec![]));
    assert_eq!(pop(&queue, 1, None), (Popped::Woken, vec![]));
    assert_eq!(pop(&queue, 1, Some(Duration::from_millis(1))), (Popped::TimedOut, vec![]));
}

#[test]
fn nobody_waits_for_what_is_closed() {
    let queue = Arc::new(Completions::new());
    let threads = waiters(&queue, 2, 1);
    queue.close();
    for thread in threads {
        assert_eq!(thread.join().unwrap(), (Popped::Closed, vec![]));
    }
    queue.push(1);
    assert_eq!(pop(&queue, 1, None), (Popped::Taken(1), vec![1]));
    assert_eq!(pop(&queue, 1, AT_ONCE), (Popped::Closed, vec![]));
    assert_eq!(pop(&queue, 1, None), (Popped::Closed, vec![]));
}

#[cfg(unix)]
mod descriptor {
    use super::*;
    use rustix::event::{PollFd, PollFlags, poll};
    use std::collections::BTreeSet;
    use std::sync::Mutex;

    fn readable(queue: &Completions<u32>) -> bool {
        queue.with_descriptor(|descriptor| descriptor.is_set()).unwrap()
    }

    #[test]
    fn it_is_there_once_it_is_asked_for_and_says_what_is_so() {
        let queue = Completions::new();
        queue.push(1);
        assert_eq!(queue.with_descriptor(|_| ()), None);
        let fd = queue.fd().unwrap();
        assert!(fd >= 0 && queue.fd() == Some(fd));
        assert!(readable(&queue));
        queue.push_all([2, 3]);
        pop(&queue, 2, AT_ONCE);
        assert!(readable(&queue));
        pop(&queue, 2, AT_ONCE);
        assert!(!readable(&queue));
        queue.push_all([]);
        queue.wake();
        queue.close();
        assert!(!readable(&queue));
        queue.unpop(1);
        assert!(readable(&queue));
        pop(&queue, 2, AT_ONCE);
        assert!(!readable(&queue));
    }

    /// Those who take wait for the descriptor alone, and get everything.
    #[test]
    fn it_is_exact_while_many_put_in_and_take_out() {
        const EACH: u32 = 3_000;
        const ALL: usize = 3 * EACH as usize;
        const END: u32 = u32::MAX;
        let queue = Completions::new();
        let seen = Mutex::new(BTreeSet::new());
        queue.fd();
        let take = |most: usize| {
            let fd = queue.with_descriptor(|descriptor| descriptor.another()).unwrap();
            let mut out = Vec::new();
            while seen.lock().unwrap().len() < ALL {
                poll(&mut [PollFd::new(&fd, PollFlags::IN)], None).unwrap();
                assert!(queue.is_exact());
                match queue.pop(most, &mut out, AT_ONCE) {
                    Popped::Taken(_) if most == 2 && out.len() == 2 => queue.unpop(out.pop().unwrap()),
                    Popped::Taken(count) => assert!(count == out.len()),
                    Popped::TimedOut => {}
                    other => panic!("{other:?}"),
                }
                let mut seen = seen.lock().unwrap();
                out.drain(..).filter(|item| *item != END).for_each(|item| assert!(seen.insert(item)));
            }
            // Lets go the next one who waits.
            queue.push(END);
        };
        thread::scope(|scope| {
            for first in 0..3 {
                let queue = &queue;
                scope.spawn(move || {
                    for item in (first * EACH..(first + 1) * EACH).step_by(3) {
                        queue.push(item);
                        queue.push_all([item + 1, item + 2]);
                        assert!(queue.is_exact());
                    }
                });
            }
            scope.spawn(|| take(1));
            scope.spawn(|| take(2));
            scope.spawn(|| take(64));
        });
        assert!(queue.is_exact() && seen.lock().unwrap().len() == ALL);
    }
}
