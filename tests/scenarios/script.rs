//! From the lines of a script to the blocks that drivers read.

use crate::constants::Constants;
use crate::fields::{Kind, Struct};
use crate::outcome::encode;
use crate::scenario::Scenario;

/// A line of the script, and its block.
pub type Block = (String, String);

pub fn blocks(scenario: &Scenario, constants: &Constants, structs: &[Struct]) -> Result<Vec<Block>, String> {
    let writer = Writer { constants, structs };
    let mut blocks = vec![
        (String::from("reset"), String::from("reset\n\n")),
        writer.block("simulation.new", 0)?,
        writer.block("mock.new", 0)?,
    ];
    let mut lines = scenario.script.iter().peekable();
    while let Some(line) = lines.next() {
        let mut whole = line.clone();
        // The requests of a `many`.
        while let Some(more) = lines.next_if(|next| next.starts_with('+')) {
            whole.push('\n');
            whole.push_str(more);
        }
        let (times, whole) = match whole.split_once("* ").map(|(times, rest)| (times.parse::<usize>(), rest)) {
            Some((Ok(times), rest)) => (times, rest.to_owned()),
            _ => (1, whole),
        };
        for nth in 0..times {
            blocks.push(writer.block(&whole.replace("{i}", &nth.to_string()), nth)?);
        }
    }
    Ok(blocks)
}

struct Writer<'a> {
    constants: &'a Constants,
    structs: &'a [Struct],
}

impl Writer<'_> {
    fn block(&self, line: &str, nth: usize) -> Result<Block, String> {
        let mut parts = line.lines();
        let mut words = words(parts.next().unwrap_or_default())?;
        if words.is_empty() {
            return Err(format!("{line:?} has no verb"));
        }
        let mut verb = words.remove(0);
        let mut text = String::new();
        if verb.chars().all(|letter| letter.is_ascii_uppercase()) {
            words.splice(0..0, [format!("method={verb}")]);
            let url = words.iter().position(|word| word.starts_with("http://") || word.starts_with("https://"));
            let url = url.ok_or_else(|| format!("{line:?} has no URL"))?;
            words[url].insert_str(0, "url=");
            verb = String::from("send");
        }
        // Short forms.
        match verb.as_str() {
            "answer" => verb = String::from("mock.add"),
            "advance" | "wall" | "random" => {
                let key = if verb == "random" { "millionths" } else { "ms" };
                words = words.iter().map(|word| format!("{key}={word}")).collect();
                verb = format!("simulation.{verb}");
            }
            _ => {}
        }
        let kind = match verb.split('.').next() {
            Some("send" | "many") => "worker",
            Some(kind) => kind,
            None => "",
        };
        let name = match words.iter().position(|word| !word.contains('=')) {
            Some(at) => words.remove(at),
            None => kind.to_owned(),
        };
        if let Some(kind) = verb.strip_suffix(".new") {
            self.usual(kind, &words, &mut text);
        }
        for word in &words {
            self.option(&verb, word, &mut text)?;
        }
        for part in parts {
            self.request_of_many(part, &mut text)?;
        }
        let shown = if nth == 0 { line.to_owned() } else { String::new() };
        Ok((shown, format!("{verb} {name}\n{text}\n")))
    }

    /// What new objects have unless the script says otherwise: the simulation, the mock, and callbacks for all events.
    fn usual(&self, kind: &str, words: &[String], text: &mut String) {
        let options = format!("hs_{kind}_options");
        let mut add = |key: &str, value: &str| {
            if !words.iter().any(|word| word.starts_with(&format!("{key}="))) {
                text.push_str(&format!("{key} {value}\n"));
            }
        };
        if kind == "worker" {
            add("observe.on_event", "1");
        }
        let found = self.structs.iter().find(|known| known.name == options);
        for field in found.iter().flat_map(|known| &known.fields) {
            match &field.kind {
                Kind::Object { of } if of == "simulation" || of == "mock" => add(&field.name, of),
                Kind::Callback { .. } => add(&field.name, "1"),
                _ => {}
            }
        }
    }

    /// `+ [N] METHOD URL key=value …`
    fn request_of_many(&self, line: &str, text: &mut String) -> Result<(), String> {
        let mut words = words(line.trim_start_matches('+'))?;
        let count = match words.first().map(|word| word.parse::<usize>()) {
            Some(Ok(count)) => {
                words.remove(0);
                count
            }
            _ => 1,
        };
        text.push_str(&format!("add {count}\n"));
        for word in words {
            match word.as_str() {
                method if method.chars().all(|letter| letter.is_ascii_uppercase()) => {
                    text.push_str(&format!("method {method}\n"));
                }
                url if url.starts_with("http") => text.push_str(&format!("url {}\n", encode(url.as_bytes()))),
                option => self.option("send", option, text)?,
            }
        }
        Ok(())
    }

    fn option(&self, verb: &str, word: &str, text: &mut String) -> Result<(), String> {
        let (key, value) = word.split_once('=').ok_or_else(|| format!("{word:?} is neither a name nor an option"))?;
        let field = || value.split_once(':').ok_or_else(|| format!("{value:?} has no colon"));
        let line = match (verb, key) {
            // A point in time, or a duration, where no field of the library's has it.
            (_, "at_ms") | ("simulation.advance" | "simulation.wall", "ms") => {
                let key = if key == "at_ms" { "at_ns" } else { "ns" };
                format!("{key} {}", nanoseconds(value)?)
            }
            ("mock.add", "header") => {
                let (name, value) = field()?;
                let (name, value) = (encode(name.as_bytes()), encode(value.trim_start().as_bytes()));
                format!("answer_headers.add \nanswer_headers.name {name}\nanswer_headers.value {value}")
            }
            ("mock.add", "body") => format!("answer_body {}", encode(value.as_bytes())),
            ("send", "body_repeat" | "upload_repeat") => {
                let (size, text) = field()?;
                format!("{key} {size} {}", encode(text.as_bytes()))
            }
            ("send" | "limiter.learn", "header") => {
                let (name, value) = field()?;
                format!("header 0 {} {}", encode(name.as_bytes()), encode(value.trim_start().as_bytes()))
            }
            _ => format!("{key} {}", encode(self.constants.resolve(value)?.as_bytes())),
        };
        text.push_str(&line);
        text.push('\n');
        Ok(())
    }
}

/// Milliseconds, with up to six digits behind the point.
fn nanoseconds(text: &str) -> Result<i128, String> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = format!("{whole}{fraction:0<6}");
    digits.parse().map_err(|_| format!("{text:?} is no number of milliseconds"))
}

/// Words are parted by blanks; in quotes blanks are part of a word. Either kind of quotes holds the other kind.
fn words(line: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let (mut word, mut quoted, mut there) = (String::new(), None, false);
    for letter in line.chars() {
        match letter {
            '"' | '\'' if quoted.is_none_or(|quote| quote == letter) => {
                quoted = if quoted.is_none() { Some(letter) } else { None };
                there = true;
            }
            ' ' if quoted.is_none() => {
                if std::mem::take(&mut there) {
                    words.push(std::mem::take(&mut word));
                }
            }
            other => {
                word.push(other);
                there = true;
            }
        }
    }
    if quoted.is_some() {
        return Err(format!("{line:?} has a quote that does not end"));
    }
    if there {
        words.push(word);
    }
    Ok(words)
}
