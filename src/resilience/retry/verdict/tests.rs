//! Every status that there is, one by one: the table of this test is the rule.

use super::*;
use Class::*;
use Effect::*;

fn outcome(ending: Ending, sent: Sent) -> Outcome {
    Outcome { ending, sent, sent_a_key: false, ran: Duration::from_millis(5), retry_after: None }
}

fn of(ending: Ending, sent: Sent) -> (Class, Effect, bool) {
    let verdict = decide(&outcome(ending, sent), &RetryOptions::default());
    assert!(!verdict.throttled || ending == Ending::Answer(429));
    (verdict.class, verdict.effect, verdict.debited)
}

/// Name, what becomes of it when nothing was sent, and what when it may have arrived. `None` is never and nobody's fault.
#[rustfmt::skip]
const FAILURES: &[(hs_status, bool, bool)] = &[
    // status, worth another attempt, only where nothing was sent or it is replay-safe
    (HS_ERR_DNS, true, false),
    (HS_ERR_CONNECT, true, false),
    (HS_ERR_CONNECT_TIMEOUT, true, false),
    (HS_ERR_PROXY, true, false),
    (HS_ERR_PROXY_CONNECT, true, false),
    (HS_ERR_PROXY_REFUSED, true, false),
    (HS_ERR_PROXY_HANDSHAKE, true, false),
    (HS_ERR_TLS_HANDSHAKE, true, false),
    (HS_ERR_SEND, true, true),
    (HS_ERR_CONNECTION_CLOSED, true, true),
    (HS_ERR_RECEIVE, true, true),
    (HS_ERR_BODY_TRUNCATED, true, true),
    (HS_ERR_PROTOCOL, true, true),
    (HS_ERR_HTTP2, true, true),
    (HS_ERR_ATTEMPT_TIMEOUT, true, true),
    (HS_ERR_IDLE_TIMEOUT, true, true),
    (HS_ERR_INVALID_HANDLE, false, false),
    (HS_ERR_WRONG_THREAD, false, false),
    (HS_ERR_BUSY, false, false),
    (HS_ERR_FORKED, false, false),
    (HS_ERR_NULL_ARGUMENT, false, false),
    (HS_ERR_STRUCT_SIZE, false, false),
    (HS_ERR_INVALID_ARGUMENT, false, false),
    (HS_ERR_NOT_FOUND, false, false),
    (HS_ERR_THREAD_EXITING, false, false),
    (HS_ERR_TOO_MANY_HANDLES, false, false),
    (HS_ERR_INVALID_URL, false, false),
    (HS_ERR_UNSUPPORTED_SCHEME, false, false),
    (HS_ERR_INVALID_METHOD, false, false),
    (HS_ERR_INVALID_HEADER, false, false),
    (HS_ERR_INVALID_BODY, false, false),
    (HS_ERR_CA_STORE, false, false),
    (HS_ERR_CLIENT_CERTIFICATE, false, false),
    (HS_ERR_INVALID_COOKIE, false, false),
    (HS_ERR_INVALID_CREDENTIALS, false, false),
    (HS_ERR_LOCAL_ADDRESS, false, false),
    (HS_ERR_PROXY_AUTH, false, false),
    (HS_ERR_TLS_CERTIFICATE, false, false),
    (HS_ERR_TLS_EXPIRED, false, false),
    (HS_ERR_TLS_NOT_YET_VALID, false, false),
    (HS_ERR_TLS_HOSTNAME, false, false),
    (HS_ERR_TLS_UNTRUSTED, false, false),
    (HS_ERR_TLS_SELF_SIGNED, false, false),
    (HS_ERR_TLS_REVOKED, false, false),
    (HS_ERR_TLS_VERSION, false, false),
    (HS_ERR_TLS_PIN, false, false),
    (HS_ERR_TLS_CLIENT_CERTIFICATE_REQUIRED, false, false),
    (HS_ERR_TLS_WEAK_KEY, false, false),
    (HS_ERR_CALLBACK, false, false),
    (HS_ERR_NOT_REPLAYABLE, false, false),
    (HS_ERR_FILE, false, false),
    (HS_ERR_RESUME, false, false),
    (HS_ERR_PIPE_ABORTED, false, false),
    (HS_ERR_PIPE_CLOSED, false, false),
    (HS_ERR_DECODE, false, false),
    (HS_ERR_BODY_TOO_LARGE, false, false),
    (HS_ERR_HEADERS_TOO_LARGE, false, false),
    (HS_ERR_REDIRECT_REFUSED, false, false),
    (HS_ERR_TOO_MANY_REDIRECTS, false, false),
    (HS_ERR_ADDRESS_REFUSED, false, false),
    (HS_ERR_MOCK, false, false),
    (HS_ERR_MOCK_FILE, false, false),
    (HS_ERR_HTTP_VERSION, false, false),
    (HS_ERR_CANCELLED, false, false),
    (HS_ERR_TIMEOUT, false, false),
    (HS_ERR_READ_TIMEOUT, false, false),
    (HS_ERR_WRITE_TIMEOUT, false, false),
    (HS_ERR_BREAKER_OPEN, false, false),
    (HS_ERR_RATE_LIMITED, false, false),
    (HS_ERR_RATE_NEVER_FITS, false, false),
    (HS_ERR_BULKHEAD_FULL, false, false),
    (HS_ERR_POOL_FULL, false, false),
    (HS_ERR_POOL_CLOSED, false, false),
    (HS_ERR_THREAD, false, false),
    (HS_ERR_WOULD_BLOCK, false, false),
    (HS_ERR_INTERNAL, false, false),
    (HS_ERR_PANIC, false, false),
    (HS_ERR_OUT_OF_MEMORY, false, false),
    (HS_ERR_LIBCURL, false, false),
];

#[test]
fn every_status_of_the_library() {
    assert_eq!(of(Ending::Failure(HS_OK), Sent::Yes), (Final, Success, true));
    for row in TABLE.iter().filter(|row| row.status != HS_OK) {
        let Some((_, again, unless_sent)) = FAILURES.iter().find(|(status, ..)| *status == row.status) else {
            panic!("{} has no line here: say what another attempt would do, and whose fault it is", row.name);
        };
        for sent in [Sent::No, Sent::Maybe, Sent::Yes] {
            let expected = match (again, unless_sent, sent) {
                (false, ..) => (Never, Neutral, true),
                (true, true, Sent::Maybe | Sent::Yes) => (RetryIfReplaySafe, Failure, true),
                (true, ..) => (RetryAnyMethod, Failure, false),
            };
            assert_eq!(of(Ending::Failure(row.status), sent), expected, "{} {sent:?}", row.name);
        }
    }
    assert_eq!(FAILURES.len() + 1, TABLE.len(), "a line here is for no status, or twice for one");
}

#[test]
fn every_status_of_http() {
    for status in 100..=599 {
        let expected = match status {
            421 => (RetryAnyMethod, Success, false),
            429 => (RetryAnyMethod, Neutral, true),
            408 | 425 => (RetryIfReplaySafe, Neutral, true),
            500 | 502 | 503 | 504 => (RetryIfReplaySafe, Failure, true),
            501 | 505 => (Final, Success, true),
            506.. => (Final, Failure, true),
            _ => (Final, Success, true),
        };
        assert_eq!(of(Ending::Answer(status), Sent::Yes), expected, "{status}");
    }
}

#[test]
fn what_a_caller_lists_is_retried_instead() {
    let mut options = RetryOptions { statuses: Default::default(), ..Default::default() };
    options.statuses.insert_proxy_failures();
    let class = |status, options: &RetryOptions| decide(&outcome(Ending::Answer(status), Sent::Yes), options).class;
    for status in 500..=599 {
        let again = matches!(status, 500 | 502..=504 | 520..=524);
        assert_eq!(class(status, &options), if again { RetryIfReplaySafe } else { Final }, "{status}");
    }
    options.statuses = crate::resilience::retry::options::StatusSet::empty();
    options.statuses.insert(404).unwrap();
    for status in 100..=599 {
        let expected = match status {
            404 => RetryIfReplaySafe,
            421 => RetryAnyMethod,
            _ => Final,
        };
        assert_eq!(class(status, &options), expected, "{status}");
    }
}

#[test]
fn a_conflict_is_passing_only_with_a_key() {
    let keyed = Outcome { sent_a_key: true, ..outcome(Ending::Answer(409), Sent::Yes) };
    let verdict = decide(&keyed, &RetryOptions::default());
    assert_eq!((verdict.class, verdict.effect), (RetryIfReplaySafe, Neutral));
    // Another payload under the same key: nothing to wait for.
    let keyed = Outcome { sent_a_key: true, ..outcome(Ending::Answer(422), Sent::Yes) };
    assert_eq!(decide(&keyed, &RetryOptions::default()).class, Final);
}

#[test]
fn a_429_is_retried_for_any_method_unless_it_may_have_been_processed() {
    let wary = RetryOptions { unprocessed_429: false, ..Default::default() };
    let answer = outcome(Ending::Answer(429), Sent::Yes);
    assert_eq!(decide(&answer, &wary).class, RetryIfReplaySafe);
    assert_eq!(sent_class(&answer, &wary), Sent::Yes);
    assert_eq!(sent_class(&answer, &Default::default()), Sent::No);
    assert_eq!(sent_class(&outcome(Ending::Answer(421), Sent::Yes), &wary), Sent::No);
    assert_eq!(sent_class(&outcome(Ending::Answer(503), Sent::Yes), &wary), Sent::Yes);
    assert_eq!(sent_class(&outcome(Ending::Failure(HS_ERR_RECEIVE), Sent::Maybe), &wary), Sent::Maybe);
    assert!(decide(&answer, &wary).throttled);
}

#[test]
fn a_deadline_blames_the_server_after_a_second() {
    let after = |ran| {
        let outcome = Outcome { ran, ..outcome(Ending::Failure(HS_ERR_TIMEOUT), Sent::Maybe) };
        let verdict = decide(&outcome, &Default::default());
        assert_eq!(verdict.class, Never);
        verdict.effect
    };
    assert_eq!(after(Duration::from_nanos(999_999_999)), Neutral);
    assert_eq!(after(Duration::from_secs(1)), Failure);
}

#[test]
fn an_open_breaker_is_waited_for_only_where_that_is_asked_for() {
    let open = outcome(Ending::Failure(HS_ERR_BREAKER_OPEN), Sent::No);
    assert_eq!(decide(&open, &Default::default()).class, Never);
    let verdict = decide(&open, &RetryOptions { retry_on_open: true, ..Default::default() });
    assert_eq!((verdict.class, verdict.effect, verdict.debited), (RetryAnyMethod, Neutral, false));
}
