use super::*;
use crate::http::body::Body;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Wake;
use std::thread;

const AT_ONCE: Option<Duration> = Some(Duration::ZERO);
const SOON: Option<Duration> = Some(Duration::from_millis(5));

#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// What comes of up to `most` bytes; `None` where there is nothing yet.
fn read(reader: &mut Reader, most: usize) -> Option<Vec<u8>> {
    let mut buffer = vec![0; most];
    match reader.poll_read(&mut Context::from_waker(Waker::noop()), &mut buffer) {
        Poll::Ready(count) => Some(buffer[..count.unwrap()].to_vec()),
        Poll::Pending => None,
    }
}

fn claimed(pipe: &Pipe) -> Reader {
    let mut reader = pipe.reader();
    reader.claim().unwrap();
    reader
}

fn status((written, result): (usize, Result<(), Error>)) -> (usize, hs_status) {
    (written, result.map_or_else(|error| error.status(), |()| HS_OK))
}

#[test]
fn bytes_come_out_as_they_went_in_and_the_capacity_is_kept() {
    let pipe = Pipe::new(5).unwrap();
    let mut reader = claimed(&pipe);
    assert_eq!(read(&mut reader, 9), None);
    assert_eq!(status(pipe.write(b"abc", AT_ONCE)), (3, HS_OK));
    assert_eq!(status(pipe.write(b"defg", AT_ONCE)), (2, HS_ERR_WOULD_BLOCK));
    assert_eq!(status(pipe.write(b"x", AT_ONCE)), (0, HS_ERR_WOULD_BLOCK));
    assert_eq!(status(pipe.write(b"x", SOON)), (0, HS_ERR_WRITE_TIMEOUT));
    assert_eq!(status(pipe.write(b"", AT_ONCE)), (0, HS_OK));
    assert_eq!(read(&mut reader, 2).unwrap(), b"ab");
    // Around the end of the ring, and all that fits is taken at once.
    assert_eq!(status(pipe.write(b"fg", AT_ONCE)), (2, HS_OK));
    assert_eq!(read(&mut reader, 9).unwrap(), b"cdefg");
    assert_eq!(status(pipe.write(b"h", None)), (1, HS_OK));
    pipe.close();
    assert_eq!(status(pipe.write(b"i", None)), (0, HS_ERR_PIPE_CLOSED));
    pipe.abort();
    assert_eq!(read(&mut reader, 9).unwrap(), b"h");
    assert_eq!((read(&mut reader, 9).unwrap(), read(&mut reader, 9).unwrap()), (vec![], vec![]));
}

#[test]
fn the_reader_is_woken_once_by_what_it_waits_for() {
    for wakes in [|pipe: &Pipe| assert!(pipe.write(b"a", None).1.is_ok()), Pipe::close, Pipe::abort] {
        let (pipe, woken) = (Pipe::new(5).unwrap(), Arc::new(Woken::default()));
        let mut reader = claimed(&pipe);
        let waker = Waker::from(woken.clone());
        assert!(reader.poll_read(&mut Context::from_waker(&waker), &mut [0; 5]).is_pending());
        assert!(pipe.write(b"", AT_ONCE).1.is_ok());
        assert_eq!(woken.0.load(Ordering::SeqCst), 0);
        wakes(&pipe);
        pipe.close();
        assert_eq!(woken.0.load(Ordering::SeqCst), 1);
    }
}

#[test]
fn a_pipe_that_is_dropped_or_aborted_fails_the_body_and_one_that_was_closed_does_not() {
    for closed in [false, true] {
        let pipe = Pipe::new(5).unwrap();
        let mut reader = claimed(&pipe);
        pipe.write(b"abc", None).1.unwrap();
        if closed {
            pipe.close();
        }
        drop(pipe);
        let polled = reader.poll_read(&mut Context::from_waker(Waker::noop()), &mut [0; 5]);
        match polled {
            Poll::Ready(Ok(count)) => assert_eq!((count, closed), (3, true)),
            Poll::Ready(Err(error)) => assert_eq!((error.status(), closed), (HS_ERR_PIPE_ABORTED, false)),
            Poll::Pending => panic!("nothing more will come"),
        }
    }
    let pipe = Pipe::new(5).unwrap();
    pipe.abort();
    assert_eq!(status(pipe.write(b"a", None)), (0, HS_ERR_PIPE_ABORTED));
}

#[test]
fn it_serves_one_request_and_begins_again_until_something_was_taken() {
    let pipe = Pipe::new(5).unwrap();
    // One that is refused before it begins leaves it as it is.
    drop(pipe.reader());
    let mut reader = claimed(&pipe);
    assert_eq!(pipe.reader().claim().unwrap_err().status(), HS_ERR_INVALID_ARGUMENT);
    assert!(pipe.write(b"abc", AT_ONCE).1.is_ok());
    assert!(reader.can_rewind() && reader.rewind().is_ok());
    read(&mut reader, 1);
    assert!(!reader.can_rewind());
    drop(reader);
    assert_eq!(status(pipe.write(b"a", None)), (0, HS_ERR_PIPE_CLOSED));
    assert_eq!(pipe.reader().claim().unwrap_err().status(), HS_ERR_INVALID_ARGUMENT);
}

#[test]
fn a_body_that_is_left_tells_its_writers_unless_it_can_begin_again() {
    let pipe = Pipe::new(5).unwrap();
    let body = Body::streamed(Box::new(pipe.reader()), None);
    body.claim().unwrap();
    assert!(pipe.write(b"abc", AT_ONCE).1.is_ok());
    body.leave();
    body.rewind().unwrap();
    let Body::Streamed(streamed) = &body else { unreachable!() };
    assert_eq!(streamed.fill(&mut [0; 2]).unwrap(), 2);
    assert_eq!(body.rewind().unwrap_err().status(), HS_ERR_NOT_REPLAYABLE);
    assert!(pipe.write(b"d", AT_ONCE).1.is_ok());
    body.leave();
    assert_eq!(status(pipe.write(b"e", AT_ONCE)), (0, HS_ERR_PIPE_CLOSED));
}

#[test]
fn each_write_of_several_threads_stays_in_one_piece() {
    const EACH: usize = 200;
    let pipe = Pipe::new(7).unwrap();
    let mut reader = claimed(&pipe);
    let mut all = Vec::new();
    thread::scope(|scope| {
        for letter in b'a'..=b'd' {
            let pipe = &pipe;
            scope.spawn(move || {
                for _ in 0..EACH {
                    assert_eq!(status(pipe.write(&[letter; 10], None)), (10, HS_OK));
                }
            });
        }
        while all.len() < 4 * EACH * 10 {
            all.extend(read(&mut reader, 3).unwrap_or_default());
        }
    });
    assert!(all.chunks(10).all(|piece| piece == [piece[0]; 10]));
}

#[test]
fn whoever_waits_to_write_is_told_of_every_end() {
    // The reader that stays would say that all is over when it goes.
    let ends: [fn(&Pipe, Reader) -> Option<Reader>; 4] = [
        |_, _reader| None,
        |_, mut reader| {
            reader.leave();
            Some(reader)
        },
        |pipe, reader| {
            pipe.abort();
            Some(reader)
        },
        |pipe, reader| {
            pipe.close();
            Some(reader)
        },
    ];
    for (which, end) in ends.into_iter().enumerate() {
        let pipe = Pipe::new(2).unwrap();
        let reader = claimed(&pipe);
        thread::scope(|scope| {
            let writers: Vec<_> = (0..3).map(|_| scope.spawn(|| status(pipe.write(b"abc", None)))).collect();
            while pipe.0.state().waiting_writers < 3 {
                thread::yield_now();
            }
            let _stays = end(&pipe, reader);
            let mut told: Vec<_> = writers.into_iter().map(|writer| writer.join().unwrap()).collect();
            told.sort_unstable();
            // One of them has its turn, and two bytes in.
            let status = if which == 2 { HS_ERR_PIPE_ABORTED } else { HS_ERR_PIPE_CLOSED };
            assert_eq!(told, [(0, status), (0, status), (2, status)], "end {which}");
        });
    }
}

/// How often the word was given.
fn told(reader: &mut Reader) -> Arc<AtomicUsize> {
    let count = Arc::new(AtomicUsize::new(0));
    let counts = count.clone();
    let now = reader.set_notifier(Arc::new(move || _ = counts.fetch_add(1, Ordering::SeqCst)));
    if let Some(tell) = now {
        tell();
    }
    count
}

#[test]
fn who_found_too_little_room_is_told_once_when_there_is_some() {
    let pipe = Pipe::new(4).unwrap();
    let mut reader = claimed(&pipe);
    let told = told(&mut reader);
    let count = || told.load(Ordering::SeqCst);
    assert_eq!(status(pipe.try_write(b"abcd")), (4, HS_OK));
    assert_eq!(read(&mut reader, 4).unwrap(), b"abcd");
    assert_eq!(count(), 0, "nobody has asked");
    assert_eq!(status(pipe.try_write(b"efghi")), (4, HS_ERR_WOULD_BLOCK));
    assert_eq!(status(pipe.try_write(b"i")), (0, HS_ERR_WOULD_BLOCK));
    assert_eq!(count(), 0);
    assert_eq!((read(&mut reader, 1).unwrap(), count()), (b"e".to_vec(), 1));
    assert_eq!((read(&mut reader, 3).unwrap(), count()), (b"fgh".to_vec(), 1));
    assert_eq!(status(pipe.write(b"12345", AT_ONCE)), (4, HS_ERR_WOULD_BLOCK));
    assert_eq!((read(&mut reader, 4).unwrap(), count()), (b"1234".to_vec(), 1), "a write without word");
}

#[test]
fn the_end_of_either_side_is_told_as_well_and_once() {
    let ends: [fn(Pipe, Reader); 4] = [
        |pipe, _reader| pipe.close(),
        |pipe, _reader| pipe.abort(),
        |pipe, _reader| drop(pipe),
        |_pipe, mut reader| reader.leave(),
    ];
    for end in ends {
        let pipe = Pipe::new(1).unwrap();
        let mut reader = claimed(&pipe);
        let told = told(&mut reader);
        assert_eq!(status(pipe.try_write(b"ab")), (1, HS_ERR_WOULD_BLOCK));
        end(pipe, reader);
        assert_eq!(told.load(Ordering::SeqCst), 1);
    }
}

#[test]
fn a_word_from_before_the_request_is_given_when_it_reads_or_at_once() {
    let pipe = Pipe::new(1).unwrap();
    assert_eq!(status(pipe.try_write(b"ab")), (1, HS_ERR_WOULD_BLOCK));
    let mut reader = claimed(&pipe);
    let count = told(&mut reader);
    assert_eq!(count.load(Ordering::SeqCst), 0);
    assert_eq!((read(&mut reader, 1).unwrap(), count.load(Ordering::SeqCst)), (b"a".to_vec(), 1));

    let pipe = Pipe::new(1).unwrap();
    assert_eq!(status(pipe.try_write(b"ab")), (1, HS_ERR_WOULD_BLOCK));
    pipe.close();
    assert_eq!(told(&mut claimed(&pipe)).load(Ordering::SeqCst), 1);
}

/// A writer that goes on by word alone.
#[test]
fn no_word_is_lost_between_threads() {
    const EACH: usize = 3_000;
    let pipe = Arc::new(Pipe::new(3).unwrap());
    let mut reader = claimed(&pipe);
    let (words, heard) = std::sync::mpsc::channel();
    drop(reader.set_notifier(Arc::new(move || _ = words.send(()))));
    let writer = {
        let pipe = pipe.clone();
        thread::spawn(move || {
            let (data, mut at) = (vec![7; EACH], 0);
            loop {
                let (written, result) = pipe.try_write(&data[at..]);
                at += written;
                match result {
                    Ok(()) => return pipe.close(),
                    Err(_) => heard.recv_timeout(Duration::from_secs(60)).expect("a word"),
                }
            }
        })
    };
    let mut count = 0;
    loop {
        match read(&mut reader, 2) {
            Some(piece) if piece.is_empty() => break,
            Some(piece) => count += piece.len(),
            None => thread::yield_now(),
        }
    }
    writer.join().unwrap();
    assert_eq!(count, EACH);
}
