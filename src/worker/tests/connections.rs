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
