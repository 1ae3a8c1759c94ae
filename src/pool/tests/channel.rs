use crate::pool::channel::{BESIDE, End, Read, Receiver, Sender, channel};
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

const AT_ONCE: Option<Duration> = Some(Duration::ZERO);

/// Counts how often it was called.
#[derive(Default)]
struct Bell(AtomicUsize);

impl Bell {
    fn rung(&self) -> usize {
        self.0.swap(0, Ordering::SeqCst)
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn is_ready(future: impl Future<Output = ()>, bell: &Arc<Bell>) -> bool {
    pin!(future).poll(&mut Context::from_waker(&Waker::from(bell.clone()))) == Poll::Ready(())
}

/// Calls the bell at each notice.
fn told(receiver: &Receiver<u32>) -> Arc<Bell> {
    let bell = Arc::new(Bell::default());
    let waker = Waker::from(bell.clone());
    receiver.set_notifier(move || waker.wake_by_ref());
    bell
}

fn text(receiver: &Receiver<u32>, most: usize) -> String {
    let mut buffer = vec![0; most];
    match receiver.read(&mut buffer, AT_ONCE) {
        Read::Bytes(count) => String::from_utf8(buffer[..count].to_vec()).unwrap(),
        other => format!("{other:?}"),
    }
}

fn send(sender: &Sender<u32>, text: &str) {
    sender.send(text.as_bytes().to_vec());
}

#[test]
fn bytes_come_in_order_and_then_the_end_at_each_read() {
    let (sender, receiver) = channel(10);
    assert_eq!(text(&receiver, 4), "TimedOut");
    send(&sender, "abc");
    send(&sender, "");
    send(&sender, "defg");
    assert_eq!((text(&receiver, 2), text(&receiver, 3), text(&receiver, 9)), ("ab".into(), "cde".into(), "fg".into()));
    assert_eq!(text(&receiver, 0), "");
    send(&sender, "h");
    sender.finish(7);
    assert_eq!(text(&receiver, 9), "h");
    for _ in 0..2 {
        assert!(matches!(receiver.read(&mut [0], None), Read::End(end) if *end == End::Finished(7)));
        assert!(matches!(receiver.try_read(&mut [0]), Read::End(end) if *end == End::Finished(7)));
    }
}

#[test]
fn a_sender_that_goes_without_a_word_has_aborted() {
    let (sender, receiver) = channel::<u32>(10);
    send(&sender, "abc");
    drop(sender);
    assert_eq!(text(&receiver, 9), "abc");
    assert_eq!(text(&receiver, 9), "End(Aborted)");
}

#[test]
fn there_is_room_while_less_waits_than_may() {
    let (sender, receiver) = channel(4 + BESIDE);
    let bell = Arc::default();
    assert!(is_ready(sender.room(), &bell));
    send(&sender, "abc");
    assert!(is_ready(sender.room(), &bell));
    send(&sender, "defg");
    assert_eq!(receiver.weight(), 7 + 2 * BESIDE);
    assert!(!is_ready(sender.room(), &bell));
    // A piece takes up its memory until it is read.
    assert_eq!((text(&receiver, 2), receiver.weight(), bell.rung()), ("ab".into(), 7 + 2 * BESIDE, 0));
    assert_eq!((text(&receiver, 1), receiver.weight(), bell.rung()), ("c".into(), 4 + BESIDE, 0));
    assert!(!is_ready(sender.room(), &bell));
    assert_eq!((text(&receiver, 9), receiver.weight(), bell.rung()), ("defg".into(), 0, 1));
    assert!(is_ready(sender.room(), &bell));
    // Nobody waits, and nobody is woken.
    send(&sender, "h");
    assert_eq!((text(&receiver, 9), bell.rung()), ("h".into(), 0));
}

#[test]
fn a_receiver_that_goes_lets_the_sender_go_on() {
    let (sender, receiver) = channel(1);
    let (room, closed) = (Arc::default(), Arc::default());
    receiver.set_notifier(|| panic!("nobody wants to know"));
    send(&sender, "abc");
    assert!(!is_ready(sender.room(), &room) && !is_ready(sender.closed(), &closed) && !sender.is_closed());
    drop(receiver);
    assert_eq!((room.rung(), closed.rung()), (1, 1));
    assert!(is_ready(sender.room(), &room) && is_ready(sender.closed(), &closed) && sender.is_closed());
    send(&sender, "def");
    sender.finish(1);
}

#[test]
fn one_thread_reads_at_a_time() {
    let (sender, receiver) = channel(10);
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut buffer = [0; 9];
            matches!(receiver.read(&mut buffer, None), Read::Bytes(3)) && buffer.starts_with(b"abc")
        });
        while !receiver.is_waiting() {
            thread::yield_now();
        }
        assert_eq!(text(&receiver, 9), "Busy");
        assert!(matches!(receiver.try_read(&mut [0]), Read::Busy));
        send(&sender, "abc");
        assert!(reader.join().unwrap());
    });
    assert!(matches!(receiver.read(&mut [0], Some(Duration::from_millis(1))), Read::TimedOut));
    assert!(!receiver.is_waiting());
}

#[test]
fn who_found_nothing_is_told_once() {
    let (sender, receiver) = channel(10);
    let bell = told(&receiver);
    send(&sender, "abc");
    assert!(matches!(receiver.try_read(&mut [0; 9]), Read::Bytes(3)));
    assert_eq!(bell.rung(), 0);
    assert!(matches!(receiver.try_read(&mut [0; 9]), Read::TimedOut));
    assert!(matches!(receiver.try_read(&mut [0; 9]), Read::TimedOut));
    send(&sender, "");
    assert_eq!(bell.rung(), 0);
    send(&sender, "abc");
    send(&sender, "def");
    assert_eq!((bell.rung(), text(&receiver, 9)), (1, "abcdef".into()));
    // A read that only looks leaves no word.
    assert_eq!(text(&receiver, 9), "TimedOut");
    send(&sender, "abc");
    assert_eq!((bell.rung(), text(&receiver, 9)), (0, "abc".into()));
    assert!(matches!(receiver.try_read(&mut [0; 9]), Read::TimedOut));
    drop(sender);
    assert_eq!((bell.rung(), text(&receiver, 9)), (1, "End(Aborted)".into()));
}

#[test]
fn who_says_late_how_to_be_told_is_told_late() {
    let (sender, receiver) = channel(10);
    assert!(matches!(receiver.try_read(&mut [0; 9]), Read::TimedOut));
    assert_eq!(told(&receiver).rung(), 0);
    send(&sender, "abc");
    let (sender, receiver) = channel(10);
    assert!(matches!(receiver.try_read(&mut [0; 9]), Read::TimedOut));
    send(&sender, "abc");
    let bell = told(&receiver);
    assert_eq!(bell.rung(), 1);
    send(&sender, "def");
    assert_eq!(bell.rung(), 0);

    let (sender, receiver) = channel(10);
    assert!(matches!(receiver.try_read(&mut [0; 9]), Read::TimedOut));
    send(&sender, "abc");
    assert_eq!(text(&receiver, 9), "abc");
    let bell = told(&receiver);
    send(&sender, "def");
    assert_eq!(bell.rung(), 0);
}
