//! What is told of which socket, without libcurl.

use super::*;
use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;

fn events() -> Rc<Events> {
    Events::new().unwrap().unwrap()
}

/// The sockets that are ready now and that libcurl would be shown.
fn wanted(events: &Events) -> Vec<sys::curl_socket_t> {
    events.look(Some(Duration::ZERO));
    let ready = events.ready.take();
    ready.iter().filter_map(|event| events.is_wanted(event)).collect()
}

#[test]
fn a_ring_ends_the_wait_before_it_and_during_it() {
    let events = events();
    let waker = events.waker();
    waker.unpark();
    events.wait(None, false);
    std::thread::scope(|scope| {
        for _ in 0..100 {
            scope.spawn(|| waker.unpark());
            events.wait(None, false);
        }
    });
    drop(events);
    waker.unpark();
}

#[test]
fn a_socket_is_told_while_it_is_wanted_and_ready() {
    let (events, (ours, mut theirs)) = (events(), UnixStream::pair().unwrap());
    let socket = ours.as_raw_fd();
    events.opened(socket);
    events.want(socket, EventFlags::IN);
    assert!(wanted(&events).is_empty());
    theirs.write_all(b"x").unwrap();
    assert_eq!(wanted(&events), [socket]);
    assert_eq!(wanted(&events), [socket], "until it is read");
    events.want(socket, EventFlags::empty());
    assert!(wanted(&events).is_empty());
    events.want(socket, EventFlags::OUT);
    assert_eq!(wanted(&events), [socket]);
    events.want(socket, EventFlags::IN | EventFlags::OUT);
    assert_eq!(wanted(&events), [socket]);
}

#[test]
fn a_socket_that_nobody_wants_ends_two_waits_at_most() {
    let (events, (ours, theirs)) = (events(), UnixStream::pair().unwrap());
    let socket = ours.as_raw_fd();
    events.opened(socket);
    events.want(socket, EventFlags::IN);
    events.want(socket, EventFlags::empty());
    drop(theirs);
    assert!(wanted(&events).is_empty());
    assert!(wanted(&events).is_empty());
    events.look(Some(Duration::ZERO));
    assert_eq!(events.ready.borrow().len(), 0, "the kernel no longer tells");
    events.want(socket, EventFlags::IN);
    assert_eq!(wanted(&events), [socket]);
}

#[test]
fn what_was_told_of_a_closed_socket_is_not_taken_for_its_successors() {
    let (events, (ours, theirs)) = (events(), UnixStream::pair().unwrap());
    let socket = ours.as_raw_fd();
    events.opened(socket);
    events.want(socket, EventFlags::IN);
    drop(theirs);
    events.look(Some(Duration::ZERO));
    // As if another socket had made libcurl close this one, and open one that gets the same number.
    events.want(socket, EventFlags::empty());
    events.closing(socket);
    events.opened(socket);
    events.want(socket, EventFlags::IN);
    let stale = events.ready.take();
    assert_eq!(stale.iter().filter_map(|event| events.is_wanted(event)).count(), 0);
    assert_eq!(wanted(&events), [socket]);
}

#[test]
fn a_copy_of_a_closed_socket_in_another_process_is_not_heard_of() {
    let (events, (ours, theirs)) = (events(), UnixStream::pair().unwrap());
    let (socket, copy) = (ours.as_raw_fd(), ours.try_clone().unwrap());
    events.opened(socket);
    events.want(socket, EventFlags::IN);
    events.want(socket, EventFlags::empty());
    events.closing(socket);
    drop((ours, theirs));
    events.look(Some(Duration::ZERO));
    assert_eq!(events.ready.borrow().len(), 0);
    drop(copy);
}

#[test]
fn a_socket_of_unknown_origin_is_forgotten_at_once() {
    let (events, (ours, theirs)) = (events(), UnixStream::pair().unwrap());
    events.want(ours.as_raw_fd(), EventFlags::IN);
    events.want(ours.as_raw_fd(), EventFlags::empty());
    drop(theirs);
    events.look(Some(Duration::ZERO));
    assert_eq!((events.ready.borrow().len(), events.sockets.borrow().len()), (0, 0));
}
