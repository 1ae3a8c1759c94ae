//! The comparison is awake: it has nothing to say about what is equal, and reports what is not.

use crate::case::{self, Expect};
use crate::constants::Constants;
use crate::judge::Judge;
use crate::outcome::{Outcome, differences};
use crate::run::{Report, Told, compare};

fn outcome(lines: &[&str]) -> Outcome {
    Outcome::parse(&lines.iter().map(|line| line.to_string()).collect::<Vec<_>>())
}

fn good() -> Outcome {
    outcome(&[
        "status HS_OK",
        "http 200",
        "url http://a/",
        "header Server a%20b",
        "header.end HS_ERR_NOT_FOUND",
        "body.length 2",
        "body.hash 08ba5f07b55ec3da",
        "body hi",
        "metrics HS_OK",
        "metrics.attempts 1",
        "redirect.end HS_ERR_NOT_FOUND",
        "freed HS_OK",
    ])
}

fn judged(outcome: &Outcome, expect: &str) -> Vec<String> {
    let text = format!("[[case]]\nname = 'a'\nrequest = {{}}\n[case.expect]\n{expect}");
    let case = case::read("topic", &text).expect("a case").remove(0);
    let expect: Expect = case.expect.expect("an expectation");
    let fill = |text: &str| text.to_owned();
    Judge { constants: &Constants::read(), fill: &fill, outcome, faults: Vec::new() }.judge(&expect)
}

#[test]
fn outcomes_that_differ_are_a_failure() {
    let one = Told { outcomes: vec![good()], faults: Vec::new() };
    let mut other = one.clone();
    let mut report = Report::default();
    compare("the same", &[("c", &one), ("go", &other)], &mut report);
    assert_eq!(report.failures, Vec::<String>::new());

    other.outcomes[0].0[9].1 = String::from("2");
    compare("attempts", &[("c", &one), ("go", &other)], &mut report);
    let expected = "attempts\n    c (-) and go (+), block 0: - metrics.attempts 1\n    \
                    c (-) and go (+), block 0: + metrics.attempts 2";
    assert_eq!(report.failures, [expected]);
    assert!(report.summary().ends_with("1 failures"), "{}", report.summary());

    other.outcomes.clear();
    compare("silence", &[("c", &one), ("go", &other)], &mut report);
    assert_eq!(report.failures.len(), 2);
}

#[test]
fn one_line_more_or_less_or_elsewhere_is_a_difference() {
    let (all, mut fewer, mut moved) = (good(), good(), good());
    fewer.0.remove(3);
    moved.0.swap(1, 2);
    assert_eq!(differences(&all, &good()), Vec::<String>::new());
    assert_eq!(differences(&all, &fewer), ["- header Server a%20b"]);
    assert_eq!(differences(&fewer, &all), ["+ header Server a%20b"]);
    assert_eq!(differences(&all, &moved), ["the same lines in another order"]);
}

#[test]
fn each_expectation_that_is_not_met_is_a_fault() {
    let met = "http = 200\nbody = 'hi'\nheaders.server = 'a b'\nabsent = ['x']\nmetrics.attempts = 1\nredirects = []";
    assert_eq!(judged(&good(), met), Vec::<String>::new());
    let unmet = [
        "status = 'HS_ERR_DNS'",
        "http = 201",
        "url = 'http://b/'",
        "body = 'ho'",
        "body_contains = 'x'",
        "body_length = 3",
        "body_bytes = 3",
        "headers.server = 'a'",
        "headers.server = ['a b', 'a b']",
        "headers.other = 'a'",
        "absent = ['SERVER']",
        "redirects = ['302 http://a/']",
        "phase = 'HS_PHASE_DNS'",
        "request_sent = 'HS_SENT_NO'",
        "retryable = 'HS_RETRYABLE_NO'",
        "message = 'x'",
        "error.attempts = 1",
        "metrics.attempts = 2",
        "metrics.attempts = 'HS_NO_SUCH_CONSTANT'",
        "saw.method = 'GET'",
        "jar = ['count 1']",
        "pool = ['drain HS_OK']",
    ];
    for expect in unmet {
        assert!(!judged(&good(), expect).is_empty(), "{expect} went unnoticed");
    }
}

#[test]
fn what_the_server_saw_is_looked_at() {
    let description = r#"{"method":"GET","url":"/get","body":"","body_sha256":"","body_length":0,"tls":null,"headers":[["B","1"],["A","2"]],"peer":"x","connection":1}"#;
    let mut seen = good();
    seen.0[7].1 = crate::outcome::encode(description.as_bytes());
    seen.0[6].1 = format!("{:016x}", crate::outcome::fnv1a(description.as_bytes()));
    let met = "saw = { method = 'GET', headers = { a = '2' }, absent = ['c'], order = ['B', 'A'], body_length = 0 }";
    assert_eq!(judged(&seen, met), Vec::<String>::new());
    for unmet in
        ["method = 'PUT'", "headers.a = '1'", "absent = ['b']", "order = ['A', 'B']", "body = 'x'", "tls = true"]
    {
        assert_eq!(judged(&seen, &format!("saw.{unmet}")).len(), 1, "{unmet} went unnoticed");
    }
    let mut later = seen.clone();
    later.0[7].1 = crate::outcome::encode(description.replace(r#""peer":"x""#, r#""peer":"y""#).as_bytes());
    assert_eq!(seen.comparable("key", None, &[]).0[..], later.comparable("key", None, &[]).0[..]);
    later.0[7].1 = crate::outcome::encode(description.replace("GET", "PUT").as_bytes());
    assert_ne!(seen.comparable("key", None, &[]), later.comparable("key", None, &[]));
}

#[test]
fn a_word_that_is_no_part_of_the_format_is_refused() {
    let refused = [
        "[[case]]\nname = 'a'\nrequest = {}\nexpect = { htpp = 200 }",
        "[[case]]\nname = 'a'\nrequests = {}\nexpect = {}",
        "[[case]]\nname = 'a'\nrequest = {}",
        "[[case]]\nname = 'a'\nexpect = {}",
        "[[case]]\nname = '{b}'\nvars = ['b']\nrows = [['1', '2']]\nrequest = {}\nexpect = {}",
        "[[case]]\nname = 'a'\nvia.worker = ''\nrequest = {}\nexpect = {}",
        "[[case]]\nname = 'a'\nvia.both = 'why'\nrequest = {}\nexpect = {}",
        "[[case]]\nname = 'a'\npool.max_threads = 1\nrequest = {}\nexpect = {}",
        "[[case]]\nname = 'a'\nstep = [{ submit = {}, expect = {} }]",
        "[[case]]\nname = 'a'\nvia.pool = 'why'\nstep = [{ submit = {}, next = {}, expect = {} }]",
    ];
    for text in refused {
        assert!(case::read("topic", text).is_err(), "{text} was read");
    }
    let ways = "[[case]]\nname = 'a'\nrequest = {}\nexpect = {}\n[[case]]\nname = 'b'\nvia.worker = 'why'\nrequest = {}\nexpect = {}
        [[case]]\nname = 'c'\nvia.pool = 'why'\nstep = [{ submit = {}, expect = {} }]";
    let cases = case::read("topic", ways).expect("three cases");
    let ways: Vec<_> = cases.iter().map(|case| (case.goes(false), case.goes(true))).collect();
    assert_eq!(ways, [(true, true), (true, false), (false, true)]);
    let rows = "[[case]]\nname = '{b}'\nvars = ['b']\nrows = [['1'], ['2']]\nrequest.url = '/{b}'\nexpect = {}";
    let names: Vec<String> = case::read("topic", rows).expect("two cases").into_iter().map(|case| case.name).collect();
    assert_eq!(names, ["topic: 1", "topic: 2"]);
}

#[test]
fn a_hash_that_is_not_the_bodys_is_a_fault() {
    let mut wrong = good();
    wrong.0[6].1 = String::from("0000000000000000");
    assert_eq!(judged(&wrong, "http = 200").len(), 1);
}
