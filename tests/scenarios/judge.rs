//! Holds the logs of the languages against each other, and the one that they have in common against the scenario.

use crate::Told;
use crate::log::Line;
use crate::scenario::Scenario;

pub fn differences(all: &[(&str, &Told)]) -> Vec<String> {
    let mut faults = Vec::new();
    for (language, told) in all {
        faults.extend(told.as_ref().err().map(|why| format!("{language}: {why}")));
    }
    let Some(((first, Ok(reference)), others)) = all.split_first() else { return faults };
    for (language, told) in others {
        let Ok(told) = told else { continue };
        for ((script, one), (_, other)) in reference.iter().zip(told) {
            for nth in 0..one.len().max(other.len()) {
                if one.get(nth) != other.get(nth) {
                    let (one, other) = (one.get(nth), other.get(nth));
                    faults.push(format!("{first} and {language} differ at {script:?}:\n    {one:?}\n    {other:?}"));
                }
            }
        }
    }
    faults
}

pub fn unexpected(scenario: &Scenario, log: &[Line]) -> Vec<String> {
    let mut faults = Vec::new();
    let lines: Vec<&[String]> = log
        .iter()
        .filter_map(|line| match line {
            Line::Log(words) => Some(&words[..]),
            Line::Script(_) => None,
        })
        .collect();
    let mut from = 0;
    for wanted in &scenario.log {
        match lines[from..].iter().position(|line| has(line, wanted)) {
            Some(at) => from += at + 1,
            None => {
                faults.push(format!("behind line {from} of the log there is none with: {wanted}"));
                break;
            }
        }
    }
    for (wanted, number) in &scenario.count {
        let found = lines.iter().filter(|line| has(line, wanted)).count();
        if found != *number {
            faults.push(format!("{found} lines, not {number}, have: {wanted}"));
        }
    }
    for unwanted in &scenario.never {
        if let Some(line) = lines.iter().find(|line| has(line, unwanted)) {
            faults.push(format!("a line has {unwanted}: {}", line.join(" ")));
        }
    }
    faults
}

/// Whether a line has all of these words: `key=value`, a bare word, or `key~text` for a value that holds the text.
/// `kind=CALL_END` may be written `CALL_END`.
fn has(line: &[String], wanted: &str) -> bool {
    wanted.split(' ').filter(|word| !word.is_empty()).all(|word| match word.split_once('~') {
        Some((key, part)) => line.iter().any(|candidate| {
            let value = candidate.strip_prefix(key).and_then(|rest| rest.strip_prefix('='));
            value.is_some_and(|value| value.contains(part))
        }),
        None => line.iter().any(|candidate| candidate == word || candidate.strip_prefix("kind=") == Some(word)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Line {
        Line::Log(text.split(' ').map(str::to_owned).collect())
    }

    fn scenario(log: &[&str], count: &[(&str, usize)], never: &[&str]) -> Scenario {
        let texts = |all: &[&str]| all.iter().map(|text| (*text).to_owned()).collect();
        let count = count.iter().map(|(words, number)| ((*words).to_owned(), *number)).collect();
        Scenario { name: "a".into(), script: Vec::new(), log: texts(log), count, never: texts(never) }
    }

    #[test]
    fn what_is_not_there_or_there_too_often_is_a_fault() {
        let log =
            [line("0ms event w kind=HEAD"), line("5ms event w kind=HEAD"), line("5ms result w http=200 body=abc")];
        let faults = |log_lines: &[&str], count: &[(&str, usize)], never: &[&str]| {
            unexpected(&scenario(log_lines, count, never), &log).len()
        };
        assert_eq!(faults(&["0ms HEAD", "5ms HEAD", "http=200 body~b"], &[("HEAD", 2)], &["http=500"]), 0);
        assert_eq!(faults(&["5ms HEAD", "0ms HEAD"], &[], &[]), 1);
        assert_eq!(faults(&["0ms HEAD", "0ms HEAD"], &[], &[]), 1);
        assert_eq!(faults(&["5ms http=20"], &[], &[]), 1);
        assert_eq!(faults(&["body~x"], &[], &[]), 1);
        assert_eq!(faults(&[], &[("HEAD", 1)], &[]), 1);
        assert_eq!(faults(&[], &[], &["5ms result"]), 1);
    }

    #[test]
    fn one_byte_more_or_less_is_a_difference() {
        let told = |lines: &[&str]| -> Told {
            Ok(vec![("send".into(), lines.iter().map(|line| (*line).to_owned()).collect())])
        };
        let (one, same, other, less) = (told(&["a b", "c"]), told(&["a b", "c"]), told(&["a  b", "c"]), told(&["a b"]));
        assert_eq!(differences(&[("c", &one), ("go", &same)]), Vec::<String>::new());
        assert_eq!(differences(&[("c", &one), ("go", &other)]).len(), 1);
        assert_eq!(differences(&[("c", &one), ("zig", &less)]).len(), 1);
        assert_eq!(differences(&[("c", &one), ("zig", &Err("it hangs".into()))]), ["zig: it hangs"]);
    }
}
