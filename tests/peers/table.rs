//! The behaviour table against a peer that passes requests on to the test server: every case that goes to a place that
//! the peer has, with what only the test server itself can tell left out, and the exceptions with their reasons.

use crate::case::{self, Case};
use crate::drivers::{self, Driver};
use crate::library::root;
use crate::run::{self, Report};
use crate::server::Server;
use serde::Deserialize;
use std::collections::BTreeMap;
use toml::Value;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exception {
    why: String,
    /// Beginnings of names.
    cases: Vec<String>,
}

/// The cases of the table that reach one of the places, and no place of the test server's that is not behind the peer.
pub fn shared(peer: &str, places: &[&str]) -> Vec<Case> {
    let text = std::fs::read_to_string(root().join("tests/peers/except.toml")).expect("the exceptions");
    let mut all: BTreeMap<String, Vec<Exception>> = toml::from_str(&text).expect("exceptions");
    let exceptions = all.remove(peer).unwrap_or_default();
    let mut cases = case::read_folder(&root().join("tests/behaviour/cases"));
    let reaches = |case: &Case, place: &str| {
        let text = format!("{:?} {:?} {:?}", case.worker, case.request, case.step);
        text.contains(&format!("{{{place}}}")) || text.contains(&format!("{{{place}_port}}"))
    };
    cases.retain(|case| places.iter().any(|place| reaches(case, place)));
    for exception in &exceptions {
        assert!(!exception.why.is_empty());
        for name in &exception.cases {
            let before = cases.len();
            cases.retain(|case| !case.name.starts_with(name.as_str()));
            assert!(cases.len() < before, "{peer}: the exception {name:?} is no case's name");
        }
    }
    cases
}

/// The cases, with all requests through a proxy by way of a tunnel; those that say themselves how to connect are left out.
pub fn through(proxy: &str, mut cases: Vec<Case>) -> Vec<Case> {
    cases.retain(|case| !case.worker.contains_key("proxy") && !case.worker.contains_key("network"));
    for case in &mut cases {
        let options =
            [("all", proxy), ("flags", "HS_PROXY_TUNNEL")].map(|(key, text)| (key.into(), Value::String(text.into())));
        case.worker.insert("proxy".into(), Value::Table(options.into_iter().collect()));
    }
    cases
}

/// The cases, where the test server is asked by the peer and not by us: in clear and over HTTP/1.1.
pub fn behind(mut cases: Vec<Case>) -> Vec<Case> {
    for case in &mut cases {
        let Case { expect, step, .. } = case;
        let expectations = expect.iter_mut().chain(step.iter_mut().map(|step| &mut step.expect));
        for saw in expectations.filter_map(|expect| expect.saw.as_mut()) {
            saw.version = None;
            saw.tls = None;
        }
    }
    cases
}

/// The cases that are about this peer alone.
pub fn own(peer: &str) -> Vec<Case> {
    let path = root().join("tests/peers/cases").join(format!("{peer}.toml"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
    case::read(peer, &text).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

/// Takes cases through the driver in C, and prints how many there were.
pub fn hold(peer: &'static str, server: &Server, shared: Vec<Case>, own: Vec<Case>) {
    let wanted = std::env::var("HS_CASE").unwrap_or_default();
    let (of_table, of_peer) = (shared.len(), own.len());
    let mut cases: Vec<Case> = shared.into_iter().chain(own).collect();
    cases.retain(|case| case.name.contains(&wanted));
    let driver = Driver { language: peer, ..driver() };
    let report: Report = run::run(server, &[driver], &cases);
    println!("{peer}: {of_table} cases of the table and {of_peer} of its own: {}", report.summary());
    assert!(report.failures.is_empty(), "{}\n{peer}: {}", report.failures.join("\n"), report.summary());
}

/// The driver in C, built once.
pub fn driver() -> Driver {
    static PROGRAM: std::sync::OnceLock<std::path::PathBuf> = std::sync::OnceLock::new();
    let program = PROGRAM.get_or_init(|| drivers::build("peers", &["c"]).remove(0).program).clone();
    Driver { language: "c", mark: 'c', program, pool: false }
}
