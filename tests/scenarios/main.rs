//! Scenarios in virtual time, through the driver of every language: the log of all that happens is the same to the byte
//! in each, and has what the scenario expects. `README.md` tells the format.
//!
//!     cargo test --test scenarios                       all
//!     HS_CASE=breaker cargo test --test scenarios       those with that in their names
//!     HS_LANG=c,go …                                    in these languages alone, while writing them
//!     HS_SHOW=1 … -- --nocapture                        their logs
#![cfg(target_os = "linux")]

#[path = "../behaviour/constants.rs"]
mod constants;
#[path = "../behaviour/drivers.rs"]
mod drivers;
#[path = "../behaviour/fields.rs"]
mod fields;
mod judge;
#[path = "../abi/library.rs"]
mod library;
mod log;
#[path = "../behaviour/outcome.rs"]
#[allow(dead_code)] // the behaviour table uses more of it
mod outcome;
#[path = "../behaviour/process.rs"]
mod process;
mod scenario;
mod script;

use constants::Constants;
use drivers::Driver;
use fields::Struct;
use scenario::Scenario;

/// What one driver said to a scenario: each line of the script, with the lines of the log that it made.
type Told = Result<Vec<(String, Vec<String>)>, String>;

fn tell(driver: &Driver, scenarios: &[Scenario], constants: &Constants, structs: &[Struct]) -> Vec<Told> {
    let mut process = process::Process::start(&driver.program);
    let mut all = Vec::new();
    for scenario in scenarios {
        let told = script::blocks(scenario, constants, structs).and_then(|blocks| {
            let say = |(line, block): (String, String)| Ok((line, process.say(&block)?.lines()));
            blocks.into_iter().map(say).collect()
        });
        if told.is_err() {
            process = process::Process::start(&driver.program);
        }
        all.push(told);
    }
    let _ = process.say("reset\n\n");
    all.push(process.end().map(|()| Vec::new()));
    all
}

#[test]
fn every_scenario_in_every_language() {
    let wanted = std::env::var("HS_CASE").unwrap_or_default();
    let shows = std::env::var_os("HS_SHOW").is_some();
    let mut scenarios = scenario::read_folder(&library::root().join("tests/scenarios/cases"));
    scenarios.retain(|scenario| scenario.name.contains(&wanted));
    assert!(!scenarios.is_empty(), "no scenario has {wanted:?} in its name");
    let (constants, structs) = (Constants::read(), fields::read());
    let only = std::env::var("HS_LANG").ok();
    let is_wanted = |language: &&str| only.as_ref().is_none_or(|only| only.split(',').any(|one| one == *language));
    let languages: Vec<_> = drivers::LANGUAGES.into_iter().filter(is_wanted).collect();
    assert!(!languages.is_empty(), "HS_LANG is {only:?}, which names none of {:?}", drivers::LANGUAGES);
    let drivers = drivers::build("scenarios", &languages);
    let told: Vec<Vec<Told>> = std::thread::scope(|scope| {
        let (scenarios, constants, structs) = (&scenarios, &constants, &structs);
        let start = |driver| scope.spawn(move || tell(driver, scenarios, constants, structs));
        let running: Vec<_> = drivers.iter().map(start).collect();
        running.into_iter().map(|thread| thread.join().expect("a runner")).collect()
    });
    let mut failures = Vec::new();
    for (nth, scenario) in scenarios.iter().enumerate() {
        let all: Vec<_> = drivers.iter().map(|driver| driver.language).zip(told.iter().map(|all| &all[nth])).collect();
        let log = all[0].1.as_ref().map_or_else(|_| Vec::new(), |told| log::readable(told, &constants));
        let mut faults = judge::differences(&all);
        if faults.is_empty() {
            faults = judge::unexpected(scenario, &log);
        }
        if shows {
            println!("---- {}\n{}", scenario.name, log::shown(&log));
        }
        if !faults.is_empty() {
            failures.push(format!("{}\n    {}\n{}", scenario.name, faults.join("\n    "), log::shown(&log)));
        }
    }
    for (driver, all) in drivers.iter().zip(&told) {
        failures
            .extend(all[scenarios.len()].as_ref().err().map(|why| format!("at the end: {}: {why}", driver.language)));
    }
    let summary = format!(
        "{} scenarios in {} languages, {} lines of log in each, {} failures",
        scenarios.len(),
        drivers.len(),
        told[0].iter().flatten().flatten().map(|(_, lines)| lines.len()).sum::<usize>(),
        failures.len()
    );
    println!("{summary}");
    assert!(failures.is_empty(), "{}\n{summary}", failures.join("\n"));
}
