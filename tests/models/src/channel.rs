//! A streamed body on its way between two threads: every byte once and in order, nobody left waiting on either side, and
//! one notice for each time that there was nothing.

#[path = "../../../src/pool/channel.rs"]
mod body;

mod sync {
    pub use loom::sync::{Condvar, Mutex, MutexGuard};
    pub use std::sync::PoisonError;
}

use body::{End, Read, Receiver, Sender};
use loom::thread;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

const AT_ONCE: Option<Duration> = Some(Duration::ZERO);

/// What a thread waits at until it is called; the calls are counted.
struct Bell {
    calls: sync::Mutex<usize>,
    rung: sync::Condvar,
}

impl Bell {
    fn new() -> Arc<Bell> {
        Arc::new(Bell { calls: sync::Mutex::new(0), rung: sync::Condvar::new() })
    }

    fn ring(&self) {
        *self.calls.lock().unwrap() += 1;
        self.rung.notify_one();
    }

    fn take(&self) -> usize {
        std::mem::take(&mut *self.calls.lock().unwrap())
    }

    fn wait(&self) {
        let mut calls = self.calls.lock().unwrap();
        while *calls == 0 {
            calls = self.rung.wait(calls).unwrap();
        }
        *calls -= 1;
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.ring();
    }
}

fn block_on(future: impl Future<Output = ()>) {
    let bell = Bell::new();
    let waker = Waker::from(bell.clone());
    let mut future = pin!(future);
    while future.as_mut().poll(&mut Context::from_waker(&waker)) == Poll::Pending {
        bell.wait();
    }
}

fn model(run: impl Fn(Sender<u32>, Receiver<u32>) + Sync + Send + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(4);
    model.check(move || {
        // One byte with what is beside it fills it.
        let (sender, receiver) = body::channel(1);
        run(sender, receiver);
    });
}

/// Up to three bytes, or the end in one letter.
fn read(receiver: &Receiver<u32>, wait: Option<Duration>) -> String {
    let mut buffer = [0; 3];
    said(receiver.read(&mut buffer, wait), &buffer)
}

fn said(read: Read<u32>, buffer: &[u8]) -> String {
    match read {
        Read::Bytes(count) => String::from_utf8(buffer[..count].to_vec()).unwrap(),
        Read::End(end) if *end == End::Finished(7) => "F".into(),
        Read::End(end) if *end == End::Aborted => "A".into(),
        Read::Busy => "B".into(),
        Read::TimedOut => "T".into(),
        Read::End(_) => panic!("another end"),
    }
}

fn read_all(receiver: &Receiver<u32>) -> String {
    let mut all = String::new();
    while !all.ends_with(['F', 'A']) {
        all += &read(receiver, None);
        assert!(receiver.weight() <= 2 * (body::BESIDE + 2));
    }
    all
}

#[test]
fn both_wait_for_each_other_and_every_byte_arrives_once() {
    model(|sender, receiver| {
        let sending = thread::spawn(move || {
            for piece in ["a", "bc", "d"] {
                block_on(sender.room());
                sender.send(piece.into());
            }
            sender.finish(7);
        });
        assert_eq!(read_all(&receiver), "abcdF");
        sending.join().unwrap();
        assert_eq!((read(&receiver, None).as_str(), receiver.weight()), ("F", 0));
    });
}

#[test]
fn a_sender_that_goes_ends_the_wait() {
    model(|sender, receiver| {
        let sending = thread::spawn(move || {
            sender.send("a".into());
            drop(sender);
        });
        assert_eq!(read_all(&receiver), "aA");
        sending.join().unwrap();
    });
}

#[test]
fn a_receiver_that_goes_ends_the_wait_for_room_and_for_its_going() {
    model(|sender, receiver| {
        sender.send("a".into());
        let reading = thread::spawn(move || drop(receiver));
        block_on(sender.room());
        sender.send("b".into());
        block_on(sender.room());
        block_on(sender.closed());
        assert!(sender.is_closed());
        sender.finish(7);
        reading.join().unwrap();
    });
}

#[test]
fn a_receiver_that_goes_is_heard_of_by_one_who_waits_for_that_alone() {
    model(|sender, receiver| {
        let reading = thread::spawn(move || drop(receiver));
        block_on(sender.closed());
        reading.join().unwrap();
    });
}

#[test]
fn a_receiver_that_reads_and_goes_leaves_nobody_waiting() {
    model(|sender, receiver| {
        sender.send("a".into());
        let reading = thread::spawn(move || assert!(read(&receiver, AT_ONCE).starts_with('a')));
        block_on(sender.room());
        sender.send("b".into());
        block_on(sender.room());
        reading.join().unwrap();
        assert!(sender.is_closed());
    });
}

#[test]
fn the_second_who_reads_is_told_so() {
    model(|sender, receiver| {
        let receiver = Arc::new(receiver);
        let other = receiver.clone();
        let other = thread::spawn(move || read(&other, None));
        sender.send("a".into());
        sender.finish(7);
        let own = read(&receiver, None);
        let both = [own, other.join().unwrap(), read(&receiver, None)].concat();
        assert!(["aBF", "BaF", "aFF", "FaF"].contains(&both.as_str()), "{both}");
    });
}

/// Reads by notices alone. Each time that there was nothing gives one notice, and nothing else does.
#[test]
fn there_is_one_notice_for_each_time_that_there_was_nothing() {
    model(|sender, receiver| {
        let bell = Bell::new();
        let notifier = bell.clone();
        receiver.set_notifier(move || notifier.ring());
        let sending = thread::spawn(move || {
            sender.send("a".into());
            block_on(sender.room());
            sender.send("b".into());
            sender.finish(7);
        });
        let mut all = String::new();
        while !all.ends_with('F') {
            let mut buffer = [0; 3];
            match said(receiver.try_read(&mut buffer), &buffer).as_str() {
                "T" => bell.wait(),
                more => all += more,
            }
        }
        sending.join().unwrap();
        assert_eq!((all.as_str(), bell.take()), ("abF", 0));
    });
}

#[test]
fn who_says_how_to_be_told_while_something_comes_is_told_once() {
    model(|sender, receiver| {
        let sending = thread::spawn(move || {
            sender.send("a".into());
            sender.finish(7);
        });
        let mut buffer = [0; 3];
        let nothing = said(receiver.try_read(&mut buffer), &buffer) == "T";
        let bell = Bell::new();
        let notifier = bell.clone();
        receiver.set_notifier(move || notifier.ring());
        sending.join().unwrap();
        assert_eq!(bell.take(), usize::from(nothing));
    });
}
