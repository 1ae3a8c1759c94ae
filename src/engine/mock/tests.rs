//! A mock in virtual time: it passes only while the engine waits.

use super::rule::{Answer, AnswerHead, Fault, Fields, Place, Rule};
use super::*;
use crate::engine::Exchange;
use crate::http::headers::{HeadLimits, Header};
use crate::http::request::Request;
use crate::http::response::HttpVersion;
use crate::http::url::Url;
use crate::runtime::Runtime;
use crate::runtime::clock::Instant;
use crate::runtime::simulation::Simulation;
use crate::status::*;
use bytes::Bytes;
use std::future::Future;

struct Bench {
    mock: Mock,
    clock: Arc<Simulation>,
    engine: Rc<dyn Engine>,
    runtime: Runtime,
}

impl Bench {
    fn new() -> Bench {
        let (mock, clock) = (Mock::default(), Arc::new(Simulation::new(0)));
        let passing = clock.clone();
        let wait = move |timeout: Option<Duration>| {
            passing.advance(timeout.expect("nothing to wait for"));
        };
        let unpark = Arc::new(Parker::default());
        let engine: Rc<dyn Engine> = Rc::new(MockEngine::waiting(mock.clone(), clock.clone(), unpark, Box::new(wait)));
        let runtime = Runtime::new(engine.clone(), clock.clone());
        Bench { mock, clock, engine, runtime }
    }

    fn start(&self, url: &str) -> Exchange {
        let url = Url::parse(url.as_bytes()).unwrap();
        let request = Rc::new(Request::new(b"GET", url, Vec::new(), Bytes::new()).unwrap());
        Exchange::start(&self.engine, exchange(request)).unwrap()
    }

    fn ms(&self) -> u64 {
        self.clock.now().0 / 1_000_000
    }
}

fn exchange(request: Rc<Request>) -> ExchangeRequest {
    ExchangeRequest {
        request,
        user_agent: "test".into(),
        connect_timeout: None,
        http: Default::default(),
        min_http: Default::default(),
        head_limits: HeadLimits { bytes: 1000, fields: 10 },
        traceparent: None,
        listener: None,
        fresh: false,
    }
}

#[test]
fn the_fields_are_those_that_the_network_would_see() {
    for (given, seen) in [(None, Some("test")), (Some("own/1"), Some("own/1")), (Some(""), None)] {
        let headers = given.map(|value| Header::parse(b"User-Agent", value.as_bytes(), false).unwrap());
        let url = Url::parse(b"http://a.test/").unwrap();
        let request = Request::new(b"GET", url, headers.into_iter().collect(), Bytes::new()).unwrap();
        let fields = super::exchange::fields(&exchange(Rc::new(request))).0;
        let agents: Vec<_> = fields.iter().filter(|(name, _)| name == b"User-Agent").collect();
        assert_eq!(agents.iter().map(|(_, value)| &value[..]).next(), seen.map(str::as_bytes));
        assert_eq!(agents.len(), usize::from(seen.is_some()));
    }
}

fn rule(target: &str, body: &str) -> Rule {
    let head =
        AnswerHead { status: 200, version: HttpVersion::Http11, headers: Fields::default(), interim: Vec::new() };
    let answer = Answer {
        delay: Duration::ZERO,
        head: Some(head),
        body: body.into(),
        trailers: Fields::default(),
        piece_delay: Duration::ZERO,
        piece_bytes: 1024,
        fault: None,
        fault_after: 0,
    };
    Rule { method: None, place: Place::Target(target.into()), headers: Vec::new(), body: None, times: 0, answer }
}

#[test]
fn delays_pass_before_the_head_and_between_pieces() {
    let bench = Bench::new();
    let mut slow = rule("/slow", "abcdefg");
    (slow.answer.delay, slow.answer.piece_delay) = (Duration::from_millis(70), Duration::from_millis(5));
    slow.answer.piece_bytes = 3;
    bench.mock.add(slow);
    let exchange = bench.start("http://a.test/slow");
    bench.runtime.block_on(async {
        assert_eq!(exchange.progress().phase, HS_PHASE_QUEUE);
        assert_eq!(exchange.head().await.unwrap().status, 200);
        assert_eq!((bench.ms(), exchange.progress().phase), (70, HS_PHASE_BODY));
        for (piece, at) in [("abc", 70), ("def", 75), ("g", 80)] {
            assert_eq!(exchange.body().await.unwrap().unwrap(), piece.as_bytes());
            assert_eq!(bench.ms(), at);
        }
        assert_eq!(bench.mock.unused(), 1);
        assert_eq!(exchange.body().await.unwrap(), None);
        assert_eq!((bench.ms(), bench.mock.unused()), (80, 0));
    });
}

#[test]
fn of_two_at_once_the_quicker_one_is_first_and_none_is_left() {
    let bench = Bench::new();
    for (target, delay) in [("/slow", 90), ("/quick", 20)] {
        let mut rule = rule(target, "");
        rule.answer.delay = Duration::from_millis(delay);
        bench.mock.add(rule);
    }
    let order = Rc::new(RefCell::new(Vec::new()));
    for target in ["slow", "quick"] {
        let (exchange, order, clock) =
            (bench.start(&format!("http://a.test/{target}")), order.clone(), bench.clock.clone());
        bench.runtime.spawn(async move {
            exchange.head().await.unwrap();
            order.borrow_mut().push((target, clock.now().0 / 1_000_000));
        });
    }
    let timers = bench.runtime.timers().clone();
    bench.runtime.block_on(async move { timers.at(Instant(100_000_000)).await });
    assert_eq!(*order.borrow(), [("quick", 20), ("slow", 90)]);
    assert_eq!(bench.engine.running(), 0);
}

#[test]
fn a_failure_comes_when_its_delay_is_over_and_a_stall_never() {
    let bench = Bench::new();
    let mut fails = rule("/fails", "");
    (fails.answer.head, fails.answer.delay) = (None, Duration::from_millis(9));
    fails.answer.fault = Some(Fault::Fails { status: HS_ERR_DNS, message: "no such name".into() });
    bench.mock.add(fails);
    let mut stalls = rule("/stalls", "");
    (stalls.answer.head, stalls.answer.fault) = (None, Some(Fault::Stalls));
    bench.mock.add(stalls);
    let (failing, stalling) = (bench.start("http://a.test/fails"), bench.start("http://a.test/stalls"));
    bench.runtime.block_on(async {
        let error = failing.head().await.unwrap_err();
        assert_eq!((error.status(), bench.ms()), (HS_ERR_DNS, 9));
        let timers = bench.runtime.timers().clone();
        timers.at(Instant(1)).await;
        let polled =
            std::future::poll_fn(|cx| Poll::Ready(std::pin::pin!(stalling.head()).as_mut().poll(cx).is_pending()));
        assert!(polled.await);
    });
    assert_eq!(bench.mock.unused(), 0);
}

#[test]
fn what_was_cleared_meanwhile_counts_for_nothing() {
    let bench = Bench::new();
    bench.mock.add(rule("/", ""));
    let exchange = bench.start("http://a.test/");
    bench.runtime.block_on(async {
        exchange.head().await.unwrap();
        bench.mock.clear();
        bench.mock.add(rule("/", ""));
        assert_eq!(exchange.body().await.unwrap(), None);
    });
    assert_eq!((bench.mock.unused(), bench.mock.calls()), (1, 0));
}

#[test]
fn a_head_is_held_to_the_limits_and_rules_of_any_head() {
    for (name, value, status) in [
        ("X", "y".repeat(1000), HS_ERR_HEADERS_TOO_LARGE),
        ("Content-Length", "abc".into(), HS_ERR_PROTOCOL),
        ("Transfer-Encoding", "gzip".into(), HS_ERR_PROTOCOL),
    ] {
        let bench = Bench::new();
        let mut bad = rule("/", "");
        bad.answer.head.as_mut().unwrap().headers.0.push((name.into(), value.into()));
        bench.mock.add(bad);
        let exchange = bench.start("http://a.test/");
        let error = bench.runtime.block_on(exchange.head()).unwrap_err();
        assert_eq!(error.status(), status, "{name}: {error}");
    }
}
