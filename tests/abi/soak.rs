//! A short soak: many threads, every answer verified, memory bounded. `make soak` is the long one.

use crate::compile::{self, Ring};
use crate::{programs, run};
use hs_test_server::TestServer;

fn soak(ring: Ring, threads: u32, requests: u32, max_growth_kb: u32) {
    let binary = compile::output(&format!("soak-{ring:?}").to_lowercase());
    compile::compile(&[compile::root().join("tests/soak/soak.c")], &binary, ring, true);
    let _machine = programs::whole_machine();
    let server = TestServer::start().expect("the test server");
    let mut command = run::under(ring, &binary);
    command.args(["--url", server.http_url(), "--https", server.https_url(), "--ca"]).arg(server.ca_file());
    command.args(["--threads", &threads.to_string(), "--requests", &requests.to_string()]);
    command.args(["--max-growth-kb", &max_growth_kb.to_string()]);
    let said = run::check("soak", 0, &mut command);
    let total = format!("soak: {requests} requests over {threads} threads");
    assert!(said.contains(&total) && said.contains(", 0 failed"), "{said}");
    print!("{said}");
}

#[test]
fn plain() {
    soak(Ring::Plain, 50, 20_000, 16 << 10);
}

#[test]
fn sanitized() {
    // What is freed stays in AddressSanitizer's quarantine: memory grows.
    soak(Ring::Sanitized, 20, 4_000, 1 << 20);
}
