//! Whole pools, with threads, over a mock: no network.

mod room;
mod threads;
mod waiting;

use crate::call::Limits;
use crate::call::policies::Policies;
use crate::cancel::Cancel;
use crate::engine::mock::rule::{Answer, AnswerHead, Fault, Fields, Place, Rule};
use crate::engine::mock::script::Mock;
use crate::http::request::Request;
use crate::http::response::HttpVersion;
use crate::http::url::Url;
use crate::pool::completions::Popped;
use crate::pool::order::{Order, Outcome};
use crate::pool::schedule::Caps;
use crate::pool::{Pool, PoolOptions};
use crate::resilience::retry::options::RetryOptions;
use crate::status::*;
use crate::worker::WorkerOptions;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

const MINUTE: Duration = Duration::from_secs(60);

const CAPS: Caps = Caps { in_flight: 256, per_origin: 256, queued: 10_000, max_threads: 1, min_threads: 1 };

/// Answered at once.
const QUICK: &str = "http://quick.test/";
/// Never answered: it ends when it is called off.
const NEVER: &str = "http://never.test/";

fn mock() -> Mock {
    let mock = Mock::default();
    let head =
        AnswerHead { status: 200, version: HttpVersion::Http11, headers: Fields::default(), interim: Vec::new() };
    let answer = Answer {
        delay: Duration::ZERO,
        head: Some(head),
        body: b"yes".to_vec(),
        trailers: Fields::default(),
        piece_delay: Duration::ZERO,
        piece_bytes: 1024,
        fault: None,
        fault_after: 0,
    };
    let never = Answer { head: None, fault: Some(Fault::Stalls), ..answer.clone() };
    for (url, answer) in [(NEVER, never), (QUICK, answer)] {
        let place = Place::UrlPrefix(url.into());
        mock.add(Rule { method: None, place, headers: Vec::new(), body: None, times: 0, answer });
    }
    mock
}

fn options(caps: Caps) -> PoolOptions {
    let retry = RetryOptions { max_attempts: 1, ..RetryOptions::default() };
    let limits = Limits {
        timeout: None,
        attempt_timeout: None,
        policies: Arc::new(Policies { retry, ..Policies::default() }),
        ..WorkerOptions::default().limits
    };
    let worker = WorkerOptions { mock: Some(mock()), limits, ..WorkerOptions::default() };
    PoolOptions { worker, caps, submit_timeout: Some(Duration::ZERO), idle_thread: None }
}

fn pool(caps: Caps) -> Arc<Pool> {
    Arc::new(Pool::new(options(caps)).unwrap())
}

fn order(pool: &Pool, url: &str) -> Order {
    let request = Request::new(b"GET", Url::parse(url.as_bytes()).unwrap(), Vec::new(), Bytes::new()).unwrap();
    let limits = pool.options().worker.limits.clone();
    Order { request, limits, cancel: None, on_body: None, streamed: false, refused: None }
}

fn submit(pool: &Pool, url: &str, tag: u64) {
    pool.submit(order(pool, url), tag).unwrap();
}

fn submit_all(pool: &Pool, url: &str, tags: std::ops::Range<u64>) {
    tags.for_each(|tag| submit(pool, url, tag));
}

/// So many completions: the statuses by their tags, each of which is there once.
fn reap(pool: &Pool, count: usize) -> BTreeMap<u64, hs_status> {
    let (mut reaped, mut done) = (BTreeMap::new(), Vec::new());
    while reaped.len() < count {
        assert!(matches!(pool.next(64, &mut done, Some(MINUTE)), Ok(Popped::Taken(_))), "after {}", reaped.len());
        for done in done.drain(..) {
            let status = match done.outcome {
                Outcome::Failed(error) => error.status(),
                Outcome::Response(response) => {
                    assert_eq!((response.head.status, &response.body[..]), (200, &b"yes"[..]));
                    HS_OK
                }
                _ => panic!("nothing is streamed"),
            };
            assert_eq!(reaped.insert(done.tag, status), None, "twice");
        }
    }
    reaped
}

/// Waits for what must come.
fn until(what: &str, is: impl Fn() -> bool) {
    let end = Instant::now() + MINUTE;
    while !is() {
        assert!(Instant::now() < end, "never: {what}");
        thread::yield_now();
    }
}

fn in_flight(pool: &Pool, count: usize) {
    until("all under way", || pool.gauges().in_flight == count);
}

fn all(tags: std::ops::Range<u64>, status: hs_status) -> BTreeMap<u64, hs_status> {
    tags.map(|tag| (tag, status)).collect()
}

/// Four threads submit and call off, two reap, and each that was accepted comes out once.
#[test]
fn each_accepted_request_gives_one_completion_whatever_is_called_off() {
    const EACH: u64 = 500;
    let pool = pool(Caps { in_flight: 20, per_origin: 8, max_threads: 3, ..CAPS });
    let submitters = (0..4).map(|number| {
        let pool = pool.clone();
        thread::spawn(move || {
            for tag in number * EACH..(number + 1) * EACH {
                let url = format!("{}{}", if tag % 5 == 0 { NEVER } else { QUICK }, tag % 3);
                let cancel = (tag % 4 == 0).then(Cancel::default);
                let order = Order { cancel: cancel.clone(), ..order(&pool, &url) };
                pool.submit(order, tag).unwrap();
                match cancel {
                    Some(cancel) => cancel.trigger(),
                    // It may have ended.
                    None if tag % 3 == 0 || tag % 5 == 0 => drop(pool.cancel(tag)),
                    None => {}
                }
            }
        })
    });
    let submitters: Vec<_> = submitters.collect();
    let all = reap(&pool, 4 * EACH as usize);
    submitters.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(all.keys().copied().collect::<Vec<_>>(), (0..4 * EACH).collect::<Vec<_>>());
    assert!(all.iter().all(|(tag, status)| *status == HS_ERR_CANCELLED || *status == HS_OK && tag % 5 != 0));
    // Its place is free a moment after the completion of a request is there.
    assert_eq!(pool.drain(None), Ok(true));
    let gauges = pool.gauges();
    assert_eq!((gauges.queued, gauges.in_flight, gauges.unreaped), (0, 0, 0));
}
