//! The matrix of TLS: each way in which a server's certificate, a handshake or a client's certificate can be wrong, and
//! the right ones beside them. `README.md` says how to add a case.

mod authority;
mod cases;
mod client;
mod server;

use client::{Options, Outcome};
use http_sentinel::ffi::error::{HS_RETRYABLE_NO, HS_SENT_NO};
use http_sentinel::status::*;
use server::{Server, Talk};

pub struct Case {
    name: String,
    server: Server,
    host: String,
    options: Options,
    expected: Expected,
}

#[derive(Clone, Copy)]
pub enum Expected {
    /// With that version of TLS.
    Connects(u32),
    /// The same, with a certificate that is not checked in full.
    ConnectsUnverified(u32),
    /// In the handshake, and no other try can help.
    Fails(hs_status),
    /// In the handshake, and another try may end otherwise.
    FailsForNow(hs_status, u32),
    /// There is no such worker.
    NoWorker(hs_status),
}

/// A name for what a status is, in a complaint.
fn name(status: hs_status) -> String {
    row(status).map_or(status.to_string(), |row| row.name.to_owned())
}

fn complaint(case: &Case, clear: u16) -> Option<String> {
    let (first, after) = client::carry_out(&case.options, &case.host, case.server.port, clear);
    let (wanted, retry) = match case.expected {
        Expected::Fails(status) => (status, HS_RETRYABLE_NO),
        Expected::FailsForNow(status, retry) => (status, retry),
        Expected::NoWorker(status) => (status, HS_RETRYABLE_NO),
        Expected::Connects(_) | Expected::ConnectsUnverified(_) => (HS_OK, HS_RETRYABLE_NO),
    };
    let right = match (&first, case.expected) {
        (Outcome::Answered { status: 200, tls_version, verified: 1 }, Expected::Connects(version))
        | (Outcome::Answered { status: 200, tls_version, verified: 0 }, Expected::ConnectsUnverified(version)) => {
            *tls_version == version && case.server.requests() == 1
        }
        (Outcome::Failed { status, phase, sent, retryable, .. }, Expected::Fails(_) | Expected::FailsForNow(..)) => {
            (*status, *phase, *sent, *retryable) == (wanted, HS_PHASE_TLS, HS_SENT_NO, retry)
                && case.server.requests() == 0
        }
        (Outcome::Refused { status, message }, Expected::NoWorker(_)) => {
            let password = &case.options.key_password;
            *status == wanted && (password.is_empty() || !message.contains(password.as_str()))
        }
        _ => false,
    };
    if !right {
        let requests = case.server.requests();
        return Some(format!("{} was expected; it came to {first:?}, {requests} requests read", name(wanted)));
    }
    match after {
        None | Some(Outcome::Answered { status: 200, .. }) => None,
        after => Some(format!("the worker is of no use afterwards: {after:?}")),
    }
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let verbose = std::env::args().any(|word| word == "--nocapture");
    let folder = tempfile::tempdir().expect("a folder for certificates");
    let clear = Server::start(Talk::Clear);
    let mut cases = cases::all(folder.path());
    cases.retain(|case| words.is_empty() || words.iter().any(|word| case.name.contains(word)));
    let mut failures = 0;
    for case in &cases {
        let complaint = complaint(case, clear.port);
        failures += usize::from(complaint.is_some());
        match complaint {
            Some(complaint) => println!("FAILED {}: {complaint}", case.name),
            None if verbose => println!("{}", case.name),
            None => {}
        }
    }
    println!("{} cases of TLS, {failures} failed", cases.len());
    // A filter is for whoever looks at some; without one, cases that are not there must not look like success.
    let missing = words.is_empty() && cases.len() < cases::LEAST;
    drop(folder);
    std::process::exit(i32::from(failures > 0 || missing));
}
