//! One table of cases, through the driver of every language: each outcome is held against what the case expects, and
//! the outcomes of the languages against each other. `README.md` tells the format of a case.
//!
//!     cargo test --test behaviour                       all
//!     HS_CASE=redirects cargo test --test behaviour     those with that in their names
//!     HS_LANG=go,c cargo test --test behaviour          in these languages alone
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
    let only = std::env::var("HS_LANG").ok();
    let mut languages = drivers::LANGUAGES.to_vec();
    languages.retain(|language| only.as_ref().is_none_or(|only| only.split(',').any(|one| one == *language)));
    let drivers = drivers::build("behaviour", &languages);
    let pools: Vec<_> = drivers.iter().map(through_a_pool).collect();
    let drivers: Vec<_> = drivers.into_iter().chain(pools).collect();
    let report = run::run(&server::Server::start(), &drivers, &cases);
    println!("{}", report.summary());
    assert!(report.failures.is_empty(), "{}\n{}", report.failures.join("\n"), report.summary());
}

/// The same driver, and its requests go through a pool.
fn through_a_pool(driver: &drivers::Driver) -> drivers::Driver {
    let language = match driver.language {
        "c" => "c through a pool",
        "cpp" => "cpp through a pool",
        "go" => "go through a pool",
        _ => "zig through a pool",
    };
    drivers::Driver { language, mark: driver.mark.to_ascii_uppercase(), pool: true, ..driver.clone() }
}
