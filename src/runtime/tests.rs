//! The runtime in virtual time, with an engine that does nothing but let time pass.

use super::clock::Instant;
use super::simulation::Simulation;
use super::wake::Unpark;
use super::*;
use crate::engine::testing::IdleEngine;
use std::cell::RefCell;

struct NoUnpark;
impl Unpark for NoUnpark {
    fn unpark(&self) {}
}

fn runtime() -> (Runtime, Arc<Simulation>) {
    let clock = Arc::new(Simulation::new(0));
    let passing = clock.clone();
    let engine = IdleEngine::new(Arc::new(NoUnpark), move |wait| passing.advance(wait.expect("nothing to wait for")));
    (Runtime::new(Rc::new(engine), clock.clone()), clock)
}

#[test]
fn timers_fire_in_order_and_time_only_passes_while_waiting() {
    let (runtime, clock) = runtime();
    let order = Rc::new(RefCell::new(Vec::new()));
    for ms in [30, 10, 20] {
        let (timers, order) = (runtime.timers().clone(), order.clone());
        runtime.spawn(async move {
            timers.at(Instant(ms * 1_000_000)).await;
            order.borrow_mut().push(ms);
        });
    }
    let timers = runtime.timers().clone();
    runtime.block_on(async move { timers.at(Instant(25_000_000)).await });
    assert_eq!(*order.borrow(), [10, 20]);
    assert_eq!(clock.now(), Instant(25_000_000));
}

#[test]
fn a_dropped_timer_leaves_the_queue() {
    let (runtime, _clock) = runtime();
    let timers = runtime.timers().clone();
    runtime.block_on(async move {
        let mut sleep = Box::pin(timers.at(Instant(u64::MAX)));
        std::future::poll_fn(|cx| {
            assert!(sleep.as_mut().poll(cx).is_pending());
            Poll::Ready(())
        })
        .await;
        assert!(timers.next_due().is_some());
        drop(sleep);
        assert!(timers.next_due().is_none());
    });
}

#[test]
fn a_task_woken_from_another_thread_goes_on() {
    let (sender, receiver) = std::sync::mpsc::channel::<()>();
    struct Notify(std::sync::Mutex<std::sync::mpsc::Sender<()>>);
    impl Unpark for Notify {
        fn unpark(&self) {
            self.0.lock().unwrap().send(()).unwrap();
        }
    }
    let engine = IdleEngine::new(Arc::new(Notify(std::sync::Mutex::new(sender))), move |wait| {
        if wait.is_none() {
            receiver.recv().unwrap();
        }
    });
    let runtime = Runtime::new(Rc::new(engine), Arc::new(Simulation::new(0)));
    let mut helper = None;
    let done = Arc::new(std::sync::atomic::AtomicBool::new(false));
    runtime.block_on(std::future::poll_fn(|cx| {
        if done.load(std::sync::atomic::Ordering::SeqCst) {
            return Poll::Ready(());
        }
        if helper.is_none() {
            let (waker, done) = (cx.waker().clone(), done.clone());
            helper = Some(std::thread::spawn(move || {
                done.store(true, std::sync::atomic::Ordering::SeqCst);
                waker.wake();
            }));
        }
        Poll::Pending
    }));
    helper.unwrap().join().unwrap();
}

#[test]
fn the_engine_has_its_turn_however_often_the_future_is_woken() {
    let turns = Rc::new(std::cell::Cell::new(0));
    let (mut runtime, _clock) = runtime();
    let counted = turns.clone();
    runtime.around_each_turn(move || counted.set(counted.get() + 1));
    runtime.block_on(std::future::poll_fn(|cx| {
        cx.waker().wake_by_ref();
        if turns.get() < 4 { Poll::Pending } else { Poll::Ready(()) }
    }));
}
