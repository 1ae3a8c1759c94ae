//! Holds an outcome against what a case expects; gives one line for each thing that differs.

use crate::case::{Expect, OneOrMany, Saw};
use crate::constants::Constants;
use crate::outcome::{Outcome, fnv1a};
use serde_json::Value as Json;
use std::fmt::Display;
use toml::Value;

pub struct Judge<'a> {
    pub constants: &'a Constants,
    /// Puts the places of the server into a text.
    pub fill: &'a dyn Fn(&str) -> String,
    pub outcome: &'a Outcome,
    pub faults: Vec<String>,
}

impl Judge<'_> {
    pub fn judge(mut self, expect: &Expect) -> Vec<String> {
        for (key, operations) in [("jar", &expect.jar), ("pool", &expect.pool)] {
            let Some(operations) = operations else { continue };
            let expected: Vec<String> = operations.iter().map(|line| (self.fill)(line)).collect();
            let pairs = self.outcome.pairs(key);
            let found: Vec<String> = pairs.iter().map(|(operation, result)| format!("{operation} {result}")).collect();
            self.same(key, &found, &expected);
            return self.faults;
        }
        let status = expect.status.as_deref().unwrap_or("HS_OK");
        self.line("status", status);
        self.number("http", &expect.http);
        self.text("url", &expect.url);
        self.text("body", &expect.body);
        self.number("body.length", &expect.body_length);
        for part in all(&expect.body_contains) {
            self.contains("body", part, true);
        }
        if let Some(length) = expect.body_bytes {
            self.line("body.length", length);
            self.line("body.hash", format!("{:016x}", fnv1a(&test_server_bytes(length))));
        }
        let headers = self.outcome.pairs("header");
        for (name, values) in &expect.headers {
            self.values("header", &headers, name, values.all());
        }
        for name in &expect.absent {
            self.values("header", &headers, name, &[]);
        }
        let trailers = self.outcome.pairs("trailer");
        for (name, values) in &expect.trailers {
            self.values("trailer", &trailers, name, values.all());
        }
        for (key, value) in &expect.lines {
            match value {
                Value::String(text) => self.line(key, (self.fill)(text)),
                other => self.value(key, other),
            }
        }
        if let Some(redirects) = &expect.redirects {
            let expected: Vec<String> = redirects.iter().map(|line| (self.fill)(line)).collect();
            let pairs = self.outcome.pairs("redirect");
            let found: Vec<String> = pairs.iter().map(|(status, url)| format!("{status} {url}")).collect();
            self.same("redirects", &found, &expected);
        }
        self.text("error.phase", &expect.phase);
        self.constant("error.request_sent", &expect.request_sent);
        self.constant("error.retryable", &expect.retryable);
        for part in all(&expect.message) {
            self.contains("error.message", part, true);
        }
        for part in all(&expect.message_lacks) {
            self.contains("error.message", part, false);
        }
        for (group, facts) in [("error", &expect.error), ("metrics", &expect.metrics)] {
            for (name, value) in facts {
                self.value(&format!("{group}.{name}"), value);
            }
        }
        if let Some(saw) = &expect.saw {
            self.saw(saw);
        }
        self.always(status);
        self.faults
    }

    /// What holds for every outcome.
    fn always(&mut self, status: &str) {
        if status != "HS_OK" {
            for (key, value) in [("error.status", status), ("error.details", "HS_OK"), ("error.freed", "HS_OK")] {
                self.line(key, value);
            }
            if self.outcome.get("error.message").is_none_or(|message| message.is_empty()) {
                self.faults.push(String::from("the error has no message"));
            }
        } else if self.outcome.get("http").is_some() {
            for key in ["header.end", "redirect.end"] {
                self.line(key, "HS_ERR_NOT_FOUND");
            }
            for key in ["metrics", "freed"] {
                self.line(key, "HS_OK");
            }
            if let Some(body) = self.outcome.bytes("body") {
                self.line("body.hash", format!("{:016x}", fnv1a(&body)));
            }
        }
    }

    fn line(&mut self, key: &str, expected: impl Display) {
        let (found, expected) = (self.outcome.get(key).unwrap_or_else(|| "(nothing)".into()), expected.to_string());
        if found != expected {
            let message = self.outcome.get("error.message").map(|text| format!(" ({text})")).unwrap_or_default();
            self.faults.push(format!("{key} is {found}, not {expected}{message}"));
        }
    }

    fn number(&mut self, key: &str, expected: &Option<Value>) {
        if let Some(expected) = expected {
            self.value(key, expected);
        }
    }

    fn text(&mut self, key: &str, expected: &Option<String>) {
        if let Some(expected) = expected {
            self.line(key, (self.fill)(expected));
        }
    }

    fn constant(&mut self, key: &str, expected: &Option<String>) {
        if let Some(expected) = expected {
            self.value(key, &Value::String(expected.clone()));
        }
    }

    fn value(&mut self, key: &str, expected: &Value) {
        match expected {
            Value::String(text) => match self.constants.resolve(&(self.fill)(text)) {
                Ok(text) => self.line(key, text),
                Err(why) => self.faults.push(why),
            },
            Value::Integer(number) => self.line(key, number),
            other => self.faults.push(format!("{key}: {other:?} is neither a text nor a number")),
        }
    }

    fn contains(&mut self, key: &str, part: &str, wanted: bool) {
        let (found, part) = (self.outcome.get(key).unwrap_or_default(), (self.fill)(part));
        if found.contains(&part) != wanted {
            let verb = if wanted { "lacks" } else { "holds" };
            self.faults.push(format!("{key} {verb} {part:?}: {found}"));
        }
    }

    fn values(&mut self, what: &str, fields: &[(String, String)], name: &str, expected: &[String]) {
        let named = fields.iter().filter(|(field, _)| field.eq_ignore_ascii_case(name));
        let found: Vec<String> = named.map(|(_, value)| value.clone()).collect();
        let expected: Vec<String> = expected.iter().map(|value| (self.fill)(value)).collect();
        self.same(&format!("{what} {name}"), &found, &expected);
    }

    fn same(&mut self, what: &str, found: &[String], expected: &[String]) {
        if found != expected {
            self.faults.push(format!("{what} is {found:?}, not {expected:?}"));
        }
    }

    fn saw(&mut self, saw: &Saw) {
        let Some(description) = self.outcome.description() else {
            let body = self.outcome.get("body").unwrap_or_default();
            return self.faults.push(format!("the body is not the server's description of the request: {body}"));
        };
        let texts = [
            ("method", &saw.method),
            ("url", &saw.url),
            ("authority", &saw.authority),
            ("version", &saw.version),
            ("body", &saw.body),
            ("body_sha256", &saw.body_sha256),
        ];
        for (name, expected) in texts {
            if let Some(expected) = expected {
                let found = description[name].as_str().unwrap_or("(nothing)").to_owned();
                self.same(&format!("the server's {name}"), &[found], &[(self.fill)(expected)]);
            }
        }
        if let Some(length) = saw.body_length {
            self.same("the server's body_length", &[description["body_length"].to_string()], &[length.to_string()]);
        }
        if let Some(tls) = saw.tls {
            self.same("the server's tls", &[(!description["tls"].is_null()).to_string()], &[tls.to_string()]);
        }
        let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
        let fields = description["headers"].as_array().cloned().unwrap_or_default();
        let fields: Vec<_> = fields.iter().map(|field| (text(&field[0]), text(&field[1]))).collect();
        for (name, values) in &saw.headers {
            self.values("the server's header", &fields, name, values.all());
        }
        for name in &saw.absent {
            self.values("the server's header", &fields, name, &[]);
        }
        if let Some(order) = &saw.order {
            let names = fields.iter().map(|(name, _)| name.clone());
            let found: Vec<String> = names.filter(|name| order.contains(name)).collect();
            self.same("the server's order", &found, order);
        }
    }
}

fn all(texts: &Option<OneOrMany>) -> &[String] {
    texts.as_ref().map(OneOrMany::all).unwrap_or_default()
}

/// What `/bytes/N` sends (see the server's README).
fn test_server_bytes(length: u64) -> Vec<u8> {
    let word = |index: u64| {
        let mut mixed = (index + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)).to_le_bytes()
    };
    (0..length.div_ceil(8)).flat_map(word).take(length as usize).collect()
}
