//! An engine that is made for many exchanges at once: what holds for every engine holds for it, and what is its own.

use super::*;
use crate::cancel::Cancel;
use serde_json::json;

/// The same tests, once more.
macro_rules! again {
    ($($room:ident: $($test:ident)*;)*) => { $(mod $room { $(
        #[test]
        fn $test() {
            crate::worker::tests::MANY.set(true);
            again!(@run $room $test);
        }
    )* })* };
    (@run seam $test:ident) => { crate::worker::tests::$test() };
    (@run own $test:ident) => { crate::worker::tests::many::$test() };
    (@run $room:ident $test:ident) => { crate::worker::tests::$room::$test() };
}

again! {
    seam:
        two_hundred_calls_run_at_once_on_one_thread
        http2_carries_many_calls_over_few_connections_and_http1_reuses_its_own
        a_post_on_a_connection_that_dies_is_sent_once_and_said_to_be_maybe_sent
        a_post_does_not_go_on_a_connection_that_the_server_has_closed_before
        a_get_on_a_connection_that_dies_is_sent_again_once
        a_large_body_passes_the_pause_unharmed_and_one_byte_too_many_is_refused
        a_callback_receives_the_body_instead
        each_time_limit_has_its_own_status_and_names_the_phase
        coded_bodies_are_asked_for_and_decoded
        redirects_are_followed_and_told
        without_any_time_limit_a_call_simply_ends_when_it_is_done
        servers_that_cannot_be_trusted_are_refused;
    own:
        a_cancel_ends_a_call_that_waits
        a_connection_that_is_closed_while_nobody_uses_it_is_in_nobodys_way
        a_body_that_nobody_reads_waits_and_then_comes_whole
        what_begins_when_hundreds_are_under_way_is_as_good;
    auth:
        a_nonce_that_is_used_up_is_replaced;
    connections:
        a_connection_that_has_lived_its_life_is_replaced_however_busy
        a_connection_that_was_idle_for_too_long_is_replaced;
    proxies:
        a_request_in_clear_is_passed_on_and_one_in_tls_goes_through_a_tunnel
        socks_proxies_are_told_a_name_or_an_address_by_their_kind
        without_the_right_credentials_it_is_said_that_nothing_was_sent
        connections_are_used_again_only_on_the_same_way
        a_post_in_a_tunnel_that_dies_is_sent_once
        proxies_that_cannot_be_had_are_named;
}

/// What older libcurls do otherwise.
#[cfg(feature = "bundled-curl")]
mod bundled {
    again! {
        own:
            a_server_that_does_not_speak_http2_is_left_without_any_time_limit;
        connections:
            as_many_connections_are_kept_as_may_be_idle_however_many_are_in_use
            idle_connections_beyond_the_limit_are_closed_when_a_wave_is_over
            a_shared_connection_is_idle_when_its_last_exchange_has_left_it;
        http2:
            a_request_that_was_refused_is_sent_again_whatever_the_method
            a_server_that_always_refuses_is_given_up_and_not_believed_where_it_matters
            a_post_that_may_have_been_processed_is_sent_once
            a_refusal_says_nothing_of_the_next_connection
            a_server_that_requires_http11_gets_it_once
            a_burst_to_one_host_shares_a_connection_where_http2_is_spoken
            a_version_that_is_too_old_is_refused_before_the_request_is_sent;
        proxies:
            a_tls_proxy_is_verified_by_its_own_authorities;
    }
}

/// Two in flight are two sockets for each: the client's and the server's.
#[test]
fn two_thousand_calls_run_at_once_on_one_thread() {
    const CALLS: usize = 2000;
    let server = server();
    let worker = Worker::new(WorkerOptions { many: true, ..options(&server) }).unwrap();
    let url = format!("{}/wait/flood?count_key=flood&at_least={CALLS}&timeout_ms=60000", server.http_url());
    let statuses = at_once(&worker, CALLS, &url);
    assert!(statuses.iter().all(|status| *status == Ok(200)), "{statuses:?}");
    assert_eq!(server.connections("http").0, CALLS as u64);
    assert_eq!(worker.ground.engine.running(), 0);
    // And then each after some time of its own.
    let statuses = at_once(&worker, CALLS, &format!("{}/delay/20", server.http_url()));
    assert!(statuses.iter().all(|status| *status == Ok(200)), "{statuses:?}");
}

#[test]
fn a_cancel_ends_a_call_that_waits() {
    let server = server();
    let worker = worker_for(&server);
    let cancel = Cancel::default();
    let limits = Limits { timeout: None, attempt_timeout: None, idle_timeout: None, ..worker.limits().clone() };
    let url = format!("{}/stall/head?key=cancelled", server.http_url());
    std::thread::scope(|scope| {
        scope.spawn(|| {
            server.wait_counter("cancelled", 1, Duration::from_secs(60));
            cancel.trigger();
        });
        let sink = Sink::Buffer(Vec::new());
        let error = worker.request(&request("GET", &url, b""), limits, Some(cancel.clone()), sink).unwrap_err();
        assert_eq!((error.status(), error.details().sent), (HS_ERR_CANCELLED, Sent::Maybe));
    });
    assert!(server.wait_counter("cancelled:dropped", 1, Duration::from_secs(60)));
}

#[test]
fn a_connection_that_is_closed_while_nobody_uses_it_is_in_nobodys_way() {
    let server = server();
    let worker = worker_for(&server);
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    let steps = json!({"name": "leaving", "steps": [{"read": "request"}, {"send": answer}, {"close": true}]});
    server.install_script("leaving", &steps.to_string()).unwrap();
    let (leaving, staying) = (format!("http://{}/leaving", server.script_addr()), server.http_url());
    for round in 1..=3 {
        assert_eq!(get(&worker, &leaving).unwrap().body, b"ok");
        assert!(server.wait_counter("closed:script", round, Duration::from_secs(60)));
        // The engine waits for another one, while there is something to hear of the closed one.
        assert_eq!(get(&worker, &format!("{staying}/delay/30")).unwrap().head.status, 200);
    }
    assert_eq!(server.connections("http").0, 1);
}

#[test]
fn a_body_that_nobody_reads_waits_and_then_comes_whole() {
    const BYTES: usize = 6_000_000;
    let server = server();
    let worker = worker_for(&server);
    for base in [server.http_url(), server.https_url()] {
        let url = format!("{base}/bytes/{BYTES}");
        let (_, stream) = worker.open(&request("GET", &url, b""), worker.limits().clone(), None).unwrap();
        // Turns enough for it to come to its pause.
        for _ in 0..20 {
            assert_eq!(get(&worker, &format!("{}/get", server.http_url())).unwrap().head.status, 200);
        }
        let (mut body, mut buffer) = (Vec::new(), vec![0; 100_000]);
        loop {
            let read = worker.read(stream, &mut buffer, None).unwrap();
            body.extend_from_slice(&buffer[..read.count]);
            if read.tail.is_some() {
                break;
            }
        }
        assert_eq!(body.len(), BYTES);
        assert_eq!(body, get(&worker, &url).unwrap().body);
    }
}

/// libcurl learns of it while it sends, and then waits for the server.
#[test]
#[cfg(feature = "bundled-curl")]
fn a_server_that_does_not_speak_http2_is_left_without_any_time_limit() {
    let server = server();
    let script = json!({"listen": "tcp", "steps": [{"send": "SSH-2.0-OpenSSH_9.6\r\n"}, {"stall": true}]});
    let address = server.install_script("ssh", &script.to_string()).expect("a script").expect("a port");
    let worker = worker_for(&server);
    let http = crate::engine::HttpChoice::Http2PriorKnowledge;
    for _ in 0..5 {
        let none = Limits { timeout: None, attempt_timeout: None, idle_timeout: None, ..worker.limits().clone() };
        let limits = Limits { connect_timeout: None, http, ..none };
        let request = request("GET", &format!("http://{address}/"), b"");
        let error = worker.request(&request, limits, None, Sink::Buffer(Vec::new())).unwrap_err();
        assert!(matches!(error.status(), HS_ERR_HTTP2 | HS_ERR_SEND | HS_ERR_RECEIVE), "{error}");
    }
}

/// Of an engine for many: on another multi than they are.
#[test]
fn what_begins_when_hundreds_are_under_way_is_as_good() {
    let server = server();
    let worker = worker_for(&server);
    let base = server.http_url();
    let stalled = format!("{base}/stall/body?bytes=1");
    let open = || worker.open(&request("GET", &stalled, b""), worker.limits().clone(), None).unwrap().1;
    let mut streams: Vec<_> = (0..260).map(|_| open()).collect();

    let named = base.replace("127.0.0.1", "localhost");
    let first = get(&worker, &format!("{named}/get")).unwrap();
    let second = get(&worker, &format!("{named}/get")).unwrap();
    assert!(!first.metrics.exchange.connection_reused && second.metrics.exchange.connection_reused);
    assert_eq!(first.metrics.exchange.connection_id, second.metrics.exchange.connection_id);
    assert_eq!(get(&worker, &format!("{}/bytes/3000000", server.https_url())).unwrap().body.len(), 3_000_000);
    const ORDER: &[u8] = &[b'x'; 1_000_000];
    assert_eq!(send(&worker, &request("POST", &format!("{base}/echo"), ORDER)).unwrap().body, ORDER);

    let waiting = request("GET", &format!("{base}/stall/head"), b"");
    let limits = Limits { attempt_timeout: Some(Duration::from_millis(30)), ..worker.limits().clone() };
    let error = worker.request(&waiting, limits, None, Sink::Buffer(Vec::new())).unwrap_err();
    assert_eq!(error.status(), HS_ERR_ATTEMPT_TIMEOUT);
    let cancel = Cancel::default();
    let switch = cancel.clone();
    let key = "begun-among-many";
    let waiting = request("GET", &format!("{base}/stall/head?key={key}"), b"");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            assert!(server.wait_counter(key, 1, Duration::from_secs(60)));
            switch.trigger();
        });
        let error = worker.request(&waiting, worker.limits().clone(), Some(cancel), Sink::Buffer(Vec::new()));
        assert_eq!(error.unwrap_err().status(), HS_ERR_CANCELLED);
    });

    // What was first is still there.
    let mut buffer = [0; 8];
    let read = worker.read(streams[0], &mut buffer, None).unwrap();
    assert_eq!(read.count, 1);
    streams.drain(..).for_each(|stream| worker.abandoned().push(stream));
    assert_eq!(get(&worker, &format!("{base}/get")).unwrap().head.status, 200);
}

/// So many calls, all begun before any of them is waited for.
pub(super) fn at_once(worker: &Worker, calls: usize, url: &str) -> Vec<Result<u16, Error>> {
    let outcomes = Rc::new(RefCell::new(Vec::new()));
    let limits = Limits { timeout: Some(Duration::from_secs(120)), attempt_timeout: None, ..worker.limits().clone() };
    let limits = Limits { connect_timeout: None, idle_timeout: None, ..limits };
    let errands = (0..calls).map(|_| -> Errand {
        let call = worker.call(request("GET", url, b""), limits.clone(), None.into(), None);
        let outcomes = outcomes.clone();
        Box::pin(async move {
            let outcome = call.await;
            outcomes.borrow_mut().push(outcome.map(|response| response.head.status));
        })
    });
    worker.carry_out(errands.collect()).unwrap();
    outcomes.take()
}
