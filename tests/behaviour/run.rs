//! Takes every case through every driver, and compares.

use crate::case::{Case, Expect, Said};
use crate::constants::Constants;
use crate::drivers::Driver;
use crate::judge::Judge;
use crate::outcome::{Outcome, differences, encode};
use crate::process::Process;
use crate::server::Server;
use std::fmt::Write as _;
use toml::{Table, Value};

#[derive(Default)]
pub struct Report {
    pub failures: Vec<String>,
    cases: usize,
    drivers: usize,
    expectations: usize,
    comparisons: usize,
}

impl Report {
    pub fn summary(&self) -> String {
        let Report { failures, cases, drivers, expectations, comparisons } = self;
        format!(
            "{cases} cases through {drivers} drivers: {expectations} outcomes held against expectations, {comparisons} \
             against each other, {} failures",
            failures.len()
        )
    }
}

/// What one driver made of one case.
#[derive(Clone, Default)]
pub struct Told {
    pub outcomes: Vec<Outcome>,
    pub faults: Vec<String>,
}

pub fn run(server: &Server, drivers: &[Driver], cases: &[Case]) -> Report {
    let constants = Constants::read();
    // All of one driver's cases in one process; the drivers side by side.
    let told: Vec<Vec<Option<Told>>> = std::thread::scope(|scope| {
        let constants = &constants;
        let shows = std::env::var_os("HS_SHOW").is_some();
        let start = |driver| scope.spawn(move || Runner { server, constants, driver, shows }.all(cases));
        let running: Vec<_> = drivers.iter().map(start).collect();
        running.into_iter().map(|thread| thread.join().expect("a runner")).collect()
    });
    let languages: Vec<&str> = drivers.iter().map(|driver| driver.language).collect();
    let mut report = Report { cases: cases.len(), drivers: drivers.len(), ..Report::default() };
    for (nth, case) in cases.iter().enumerate() {
        let told = told.iter().map(|all| all[nth].as_ref());
        let of_case = languages.iter().zip(told).filter_map(|(language, told)| Some((*language, told?)));
        compare(&case.name, &of_case.collect::<Vec<_>>(), &mut report);
    }
    // Besides the cases, what a driver did at its end.
    for (language, all) in languages.iter().zip(&told) {
        for fault in all.last().into_iter().flatten().flat_map(|end| &end.faults) {
            report.failures.push(format!("at the end: {language}: {fault}"));
        }
    }
    report
}

/// The faults of each language, and the differences of each from the first.
pub fn compare(name: &str, told: &[(&str, &Told)], report: &mut Report) {
    let mut lines = Vec::new();
    for (language, one) in told {
        report.expectations += one.outcomes.len();
        lines.extend(one.faults.iter().map(|fault| format!("    {language}: {fault}")));
    }
    let Some(((first, reference), others)) = told.split_first() else { return };
    for (language, one) in others {
        if reference.outcomes.len() != one.outcomes.len() {
            lines.push(format!(
                "    {first} has {} outcomes, {language} {}",
                reference.outcomes.len(),
                one.outcomes.len()
            ));
        }
        for (nth, (left, right)) in reference.outcomes.iter().zip(&one.outcomes).enumerate() {
            report.comparisons += 1;
            let differing = differences(left, right);
            lines.extend(
                differing.iter().map(|line| format!("    {first} (-) and {language} (+), block {nth}: {line}")),
            );
        }
    }
    if !lines.is_empty() {
        report.failures.push(format!("{name}\n{}", lines.join("\n")));
    }
}

struct Runner<'a> {
    server: &'a Server,
    constants: &'a Constants,
    driver: &'a Driver,
    shows: bool,
}

impl Runner<'_> {
    /// What there is of each case, and of the driver's end.
    fn all(&self, cases: &[Case]) -> Vec<Option<Told>> {
        let mut process = Process::start(&self.driver.program);
        let mut all = Vec::new();
        for (nth, case) in cases.iter().enumerate() {
            if !case.goes(self.driver.pool) {
                all.push(None);
                continue;
            }
            // Of the same length in each language.
            let key = format!("k{}{nth:05}", self.driver.mark);
            let mut told = Told::default();
            if let Err(why) = self.case(&mut process, case, &key, &mut told) {
                told.faults.push(why);
                process = Process::start(&self.driver.program);
            }
            all.push(Some(told));
        }
        all.push(Some(Told { outcomes: Vec::new(), faults: process.end().err().into_iter().collect() }));
        all
    }

    fn case(&self, process: &mut Process, case: &Case, key: &str, told: &mut Told) -> Result<(), String> {
        let mut own_port = None;
        if let Some(script) = &case.script {
            let text = serde_json::to_string(&in_hex(script)).map_err(|why| why.to_string())?;
            let name = case.script_name.as_deref().unwrap_or("{key}");
            own_port = self.server.install(&self.server.fill(name, key), &self.server.fill(&text, key));
        }
        let fill = |text: &str| {
            let text = self.server.fill(text, key);
            own_port.as_ref().map_or(text.clone(), |port| text.replace("{script_addr}", port))
        };
        let steps = case.steps();
        for (object, options) in &case.objects {
            let (kind, name) = object.split_once(' ').ok_or("an object is a kind and a name")?;
            process.say(&self.block(&format!("{kind}.new {name}"), options, &fill)?)?;
        }
        let opened = process.say(&self.open(case, &fill)?)?;
        let refused = if steps.is_empty() { case.expect.clone() } else { None };
        let mut judged = |outcome: &Outcome, expect: &Expect, fill: &dyn Fn(&str) -> String, what: &str| {
            let judge = Judge { constants: self.constants, fill, outcome, faults: Vec::new() };
            let faults = judge.judge(expect);
            told.faults.extend(faults.iter().map(|fault| format!("{what}: {fault}")));
            told.outcomes.push(outcome.comparable(key, own_port.as_deref(), &expect.vary));
            if self.shows {
                println!("{} {what} of {}: {:#?}", self.driver.language, case.name, outcome.0);
            }
        };
        let refused = refused.unwrap_or_default();
        judged(&opened, &refused, &fill, "worker");
        for (nth, step) in steps.iter().enumerate() {
            for time in 0..step.times.unwrap_or(1) {
                let fill = |text: &str| fill(&text.replace("{nth}", &time.to_string()));
                let block = match step.said() {
                    Said::Request(verb, options) => self.block(verb, options, &fill)?,
                    Said::Operations(verb, operations) => self.operations(verb, operations, &fill)?,
                };
                let outcome = process.say(&block)?;
                judged(&outcome, &step.expect, &fill, &format!("request {}", nth + 1));
            }
        }
        if !case.objects.is_empty() {
            process.say("reset\n\n")?;
        }
        for (name, expected) in &case.counters {
            let (name, found) = (fill(name), self.server.counter(&fill(name)));
            if found != *expected {
                told.faults.push(format!("the counter {name} is {found}, not {expected}"));
            }
        }
        Ok(())
    }

    fn block(&self, verb: &str, options: &Table, fill: &dyn Fn(&str) -> String) -> Result<String, String> {
        let mut block = format!("{verb}\n");
        // It changes how the others are read.
        if options.contains_key("nts") {
            block.push_str("nts 1\n");
        }
        self.lines(&mut block, "", options, fill)?;
        block.push('\n');
        Ok(block)
    }

    fn open(&self, case: &Case, fill: &dyn Fn(&str) -> String) -> Result<String, String> {
        let mut block = String::from("open\n");
        // A case that is not about retries would only wait for them.
        if !["max_attempts", "policies"].iter().any(|key| case.worker.contains_key(*key)) {
            block.push_str("max_attempts 1\n");
        }
        // A loaded machine is no failure.
        for limit in ["connect_timeout_ms", "attempt_timeout_ms", "idle_timeout_ms", "timeout_ms"] {
            if !case.worker.contains_key(limit) {
                block.push_str(&format!("{limit} 110000\n"));
            }
        }
        if self.driver.pool {
            block.push_str("via pool\n");
        }
        self.lines(&mut block, "pool.", &case.pool, fill)?;
        self.lines(&mut block, "", &case.worker, fill)?;
        block.push('\n');
        Ok(block)
    }

    fn lines(
        &self,
        block: &mut String,
        prefix: &str,
        options: &Table,
        fill: &dyn Fn(&str) -> String,
    ) -> Result<(), String> {
        for (name, value) in options {
            let name = format!("{prefix}{name}");
            match value {
                _ if name == "nts" => {}
                Value::Table(inner) if name.ends_with("_repeat") => {
                    let text = inner.get("text").and_then(Value::as_str).ok_or_else(|| format!("{name} needs text"))?;
                    let size = inner.get("size").and_then(word).ok_or_else(|| format!("{name} needs size"))?;
                    let _ = writeln!(block, "{name} {size} {}", encode(&bytes(&fill(text))));
                }
                Value::Table(inner) if inner.is_empty() => {
                    let _ = writeln!(block, "{name} ");
                }
                Value::Table(inner) => self.lines(block, &format!("{name}."), inner, fill)?,
                Value::Array(items) if name == "headers" => {
                    for item in items {
                        let field = item.as_str().ok_or("a header is a text")?;
                        let _ = writeln!(block, "header {}", self.header(&fill(field))?);
                    }
                }
                Value::Array(items) => {
                    for item in items {
                        match item {
                            Value::String(text) => {
                                let _ = writeln!(block, "{name} {}", self.value(&fill(text))?);
                            }
                            Value::Table(inner) => {
                                let _ = writeln!(block, "{name}.add ");
                                self.lines(block, &format!("{name}."), inner, fill)?;
                            }
                            other => {
                                return Err(format!("{name} has an item that is neither text nor table: {other:?}"));
                            }
                        }
                    }
                }
                Value::String(text) => {
                    let _ = writeln!(block, "{name} {}", self.value(&fill(text))?);
                }
                Value::Integer(number) => {
                    let _ = writeln!(block, "{name} {number}");
                }
                other => return Err(format!("{name}: {other:?} is neither a text nor a number")),
            }
        }
        Ok(())
    }

    /// A line for each operation: its name, and its arguments.
    fn operations(
        &self,
        verb: &str,
        operations: &[Vec<String>],
        fill: &dyn Fn(&str) -> String,
    ) -> Result<String, String> {
        let mut block = format!("{verb}\n");
        for words in operations {
            let (operation, arguments) = words.split_first().ok_or("an operation has a name")?;
            let arguments = arguments.iter().map(|text| self.value(&fill(text))).collect::<Result<Vec<_>, _>>()?;
            let _ = writeln!(block, "{operation} {}", arguments.join(" "));
        }
        block.push('\n');
        Ok(block)
    }

    fn value(&self, text: &str) -> Result<String, String> {
        self.constants.resolve(text).map(|text| encode(&bytes(&text)))
    }

    /// `Name: value`, or `[FLAGS] Name: value`. One blank behind the colon is no part of the value.
    fn header(&self, field: &str) -> Result<String, String> {
        let (flags, field) = match field.strip_prefix('[').and_then(|rest| rest.split_once("] ")) {
            Some((flags, rest)) => (self.constants.resolve(flags)?, rest),
            None => (String::from("0"), field),
        };
        let (name, value) = field.split_once(':').ok_or_else(|| format!("the header {field:?} has no colon"))?;
        let value = value.strip_prefix(' ').unwrap_or(value);
        Ok(format!("{flags} {} {}", encode(&bytes(name)), encode(&bytes(value))))
    }
}

fn word(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned).or_else(|| value.as_integer().map(|number| number.to_string()))
}

/// The bytes of a text; `\u{E0XX}` is the byte XX, since TOML has no other way to say bytes that are not UTF-8.
fn bytes(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    for letter in text.chars() {
        match u32::from(letter) {
            code @ 0xE000..=0xE0FF => bytes.push((code & 0xFF) as u8),
            _ => bytes.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    bytes
}

/// A script whose `send` has bytes that JSON has no way to say sends them by `send_hex`.
fn in_hex(script: &Value) -> Value {
    match script {
        Value::Array(items) => Value::Array(items.iter().map(in_hex).collect()),
        Value::Table(table) => Value::Table(
            table
                .iter()
                .map(|(key, item)| match item {
                    Value::String(text) if key == "send" && bytes(text) != text.as_bytes() => {
                        let hex = bytes(text).iter().map(|byte| format!("{byte:02x}")).collect();
                        (String::from("send_hex"), Value::String(hex))
                    }
                    _ => (key.clone(), in_hex(item)),
                })
                .collect(),
        ),
        other => other.clone(),
    }
}
