//! One table of cases, through the driver of every language: each outcome is held against what the case expects, and
//! the outcomes of the languages against each other. `README.md` tells the format of a case.
//!
//!     cargo test --test behaviour                       all
//!     HS_CASE=redirects cargo test --test behaviour     those with that in their names
//!     HS_SHOW=1 … -- --nocapture                        all that the drivers say
#![cfg(target_os = "linux")]

mod awake;
mod case;
mod constants;
mod drivers;
mod fields;
mod judge;
#[path = "../abi/library.rs"]
mod library;
mod outcome;
mod process;
mod run;
mod server;

#[test]
fn every_case_in_every_language() {
    let wanted = std::env::var("HS_CASE").unwrap_or_default();
    let mut cases = case::read_folder(&library::root().join("tests/behaviour/cases"));
    cases.retain(|case| case.name.contains(&wanted) && (cfg!(feature = "bundled-curl") || !case.bundled));
    assert!(!cases.is_empty(), "no case has {wanted:?} in its name");
    let report = run::run(&server::Server::start(), &drivers::build("behaviour", &drivers::LANGUAGES), &cases);
    println!("{}", report.summary());
    assert!(report.failures.is_empty(), "{}\n{}", report.failures.join("\n"), report.summary());
}
