//! How long connections are used: by their age, and by how long they were idle.

use super::*;

fn aged(server: &TestServer, idle: u64, life: u64) -> Worker {
    let (idle_connection, connection_life) = (Duration::from_secs(idle), Duration::from_secs(life));
    Worker::new(WorkerOptions { idle_connection, connection_life, ..options(server) }).expect("a worker")
}

fn reuses(worker: &Worker, server: &TestServer) -> bool {
    get(worker, &format!("{}/get", server.http_url())).unwrap().metrics.exchange.connection_reused
}

#[test]
pub(super) fn a_connection_that_has_lived_its_life_is_replaced_however_busy() {
    let server = server();
    let worker = aged(&server, 300, 1);
    let made = std::time::Instant::now();
    assert!(!reuses(&worker, &server));
    while reuses(&worker, &server) {
        assert!(made.elapsed() < Duration::from_secs(60), "it goes on and on");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(made.elapsed() >= Duration::from_secs(1));
    assert_eq!(server.connections("http").0, 2);
}

#[test]
pub(super) fn a_connection_that_was_idle_for_too_long_is_replaced() {
    let server = server();
    let worker = aged(&server, 1, 300);
    let mut used = std::time::Instant::now();
    assert!(!reuses(&worker, &server));
    let mut pause = Duration::from_millis(200);
    loop {
        std::thread::sleep(pause);
        let again = std::time::Instant::now();
        if !reuses(&worker, &server) {
            assert!(used.elapsed() >= Duration::from_secs(1));
            break;
        }
        used = again;
        assert!(pause < Duration::from_secs(60), "it is never too long");
        pause *= 2;
    }
    assert_eq!(server.connections("http").0, 2);
}

/// A worker that may keep so many, and what it says of its connections.
#[cfg(feature = "bundled-curl")]
fn counted(server: &TestServer, max_idle_connections: u32) -> (Worker, Arc<ConnectionGauge>) {
    let gauge = Arc::new(ConnectionGauge::default());
    let connections = Some(gauge.clone());
    (Worker::new(WorkerOptions { max_idle_connections, connections, ..options(server) }).expect("a worker"), gauge)
}

#[cfg(feature = "bundled-curl")]
fn wave(server: &TestServer, worker: &Worker, calls: usize, key: &str) {
    let url = format!("{}/wait/{key}?count_key={key}&at_least={calls}&timeout_ms=60000", server.http_url());
    let statuses = many::at_once(worker, calls, &url);
    assert!(statuses.iter().all(|status| *status == Ok(200)), "{statuses:?}");
}

#[test]
#[cfg(feature = "bundled-curl")]
pub(super) fn as_many_connections_are_kept_as_may_be_idle_however_many_are_in_use() {
    let server = server();
    let (worker, gauge) = counted(&server, 300);
    for key in ["first", "second"] {
        wave(&server, &worker, 300, key);
        assert_eq!((gauge.open(), gauge.idle()), (300, 300));
    }
    assert_eq!(server.connections("http").0, 300, "the second wave made none");
}

#[test]
#[cfg(feature = "bundled-curl")]
pub(super) fn idle_connections_beyond_the_limit_are_closed_when_a_wave_is_over() {
    let server = server();
    let (worker, gauge) = counted(&server, 50);
    for (key, closed) in [("first", 250), ("second", 500)] {
        wave(&server, &worker, 300, key);
        assert_eq!((gauge.open(), gauge.idle()), (50, 50));
        assert!(server.wait_counter("closed:http", closed, Duration::from_secs(60)));
    }
    assert_eq!(server.connections("http").0, 550);
    assert!(reuses(&worker, &server));
    drop(worker);
    assert_eq!((gauge.open(), gauge.idle()), (0, 0));
    assert!(server.wait_counter("closed:http", 550, Duration::from_secs(60)));
}

#[test]
#[cfg(feature = "bundled-curl")]
pub(super) fn a_shared_connection_is_idle_when_its_last_exchange_has_left_it() {
    let server = server();
    let (worker, gauge) = counted(&server, 100);
    let url = format!("{}/get", server.https_url());
    assert_eq!(get(&worker, &url).unwrap().head.version, HttpVersion::Http2);
    assert_eq!((gauge.open(), gauge.idle()), (1, 1));
    let open = |base: &str| {
        let request = request("GET", &format!("{base}/stall/body?bytes=1"), b"");
        worker.open(&request, worker.limits().clone(), None).unwrap().1
    };
    let close = |stream| {
        worker.abandoned().push(stream);
        worker.sweep();
    };
    let first = open(server.https_url());
    assert_eq!((gauge.open(), gauge.idle()), (1, 0));
    assert_eq!(get(&worker, &url).unwrap().head.version, HttpVersion::Http2);
    let second = open(server.https_url());
    assert_eq!((gauge.open(), gauge.idle()), (1, 0));
    close(first);
    assert_eq!((gauge.open(), gauge.idle()), (1, 0));
    close(second);
    assert_eq!((gauge.open(), gauge.idle()), (1, 1));
    // One that is cut off takes its connection with it where that is its own.
    let own = open(server.http_url());
    assert_eq!((gauge.open(), gauge.idle()), (2, 1));
    close(own);
    assert_eq!((gauge.open(), gauge.idle()), (1, 1));
}

/// A stream of which a byte has come and no more will.
#[cfg(feature = "bundled-curl")]
fn stalled(worker: &Worker, base: &str) -> StreamKey {
    let request = request("GET", &format!("{base}/stall/body?bytes=1"), b"");
    worker.open(&request, worker.limits().clone(), None).unwrap().1
}

#[test]
pub(super) fn idle_connections_are_closed_at_once_when_that_is_asked_for() {
    let server = server();
    let worker = aged(&server, 300, 300);
    worker.close_idle().unwrap();
    for (url, port) in [(server.http_url(), "http"), (server.https_url(), "https")] {
        for closed in 1..4 {
            let url = format!("{url}/get");
            let reused = |worker: &Worker| get(worker, &url).unwrap().metrics.exchange.connection_reused;
            assert!(!reused(&worker));
            assert!(reused(&worker));
            worker.close_idle().unwrap();
            assert!(server.wait_counter(&format!("closed:{port}"), closed, Duration::from_secs(60)));
        }
    }
}

#[test]
#[cfg(feature = "bundled-curl")]
pub(super) fn connections_that_are_in_use_are_not_closed_with_those_that_are_idle() {
    let server = server();
    let (worker, gauge) = counted(&server, 100);
    let (own, shared) = (stalled(&worker, server.http_url()), stalled(&worker, server.https_url()));
    wave(&server, &worker, 5, "wave");
    assert_eq!((gauge.open(), gauge.idle()), (7, 5));
    worker.close_idle().unwrap();
    assert_eq!((gauge.open(), gauge.idle()), (2, 0));
    // They are read on, and the one that others can share is shared.
    for stream in [own, shared] {
        assert_eq!(worker.read(stream, &mut [0; 8], Some(Duration::from_secs(60))).unwrap().count, 1);
    }
    let response = get(&worker, &format!("{}/get", server.https_url())).unwrap();
    assert!(response.metrics.exchange.connection_reused);
    assert!(!reuses(&worker, &server));
    assert_eq!((gauge.open(), gauge.idle()), (3, 1));
    worker.close_idle().unwrap();
    assert_eq!((gauge.open(), gauge.idle()), (2, 0));
}
