//! The log as people read it: times in milliseconds, constants by their names.

use crate::constants::Constants;
use crate::outcome::decode;

/// A line of the log, or of the script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    Script(String),
    /// Its words.
    Log(Vec<String>),
}

/// Fields that are constants: of which lines (empty: of all), which, and how their names begin.
const NAMED: &[(&str, &str, &str)] = &[
    ("event", "kind", "HS_EVENT_"),
    ("", "status", "HS_"),
    ("", "phase", "HS_PHASE_"),
    ("", "request_sent", "HS_SENT_"),
    ("", "sent", "HS_SENT_"),
    ("", "retryable", "HS_RETRYABLE_"),
    ("", "http_version", "HS_HTTP_"),
    ("", "stop_reason", "HS_STOP_"),
    ("", "wait_reason", "HS_WAIT_"),
    ("", "from_state", "HS_BREAKER_"),
    ("", "to_state", "HS_BREAKER_"),
    ("breaker", "from", "HS_BREAKER_"),
    ("breaker", "to", "HS_BREAKER_"),
    ("breaker", "reason", "HS_BREAKER_REASON_"),
    ("breaker.state", "state", "HS_BREAKER_"),
    ("bulkhead", "kind", "HS_BULKHEAD_"),
    ("limiter", "kind", "HS_LIMITER_EVENT_"),
];

/// What a line without such a field means: it is 0, which is not told. Of which lines, that have which word.
const WHERE_ABSENT: &[(&str, &str, &str)] = &[
    ("breaker", "", "from=CLOSED"),
    ("breaker", "", "to=CLOSED"),
    ("event", "kind=BREAKER_TRANSITION", "from_state=CLOSED"),
    ("event", "kind=BREAKER_TRANSITION", "to_state=CLOSED"),
    ("event", "kind=ATTEMPT_END", "request_sent=NO"),
    ("breaker.state", "status=OK", "state=CLOSED"),
    ("result", "", "stop_reason=OK"),
    ("result", "message", "request_sent=NO"),
    ("result", "message", "retryable=NO"),
    ("result", "message", "elapsed=0ms"),
    ("result", "body", "total=0ms"),
    ("attempt", "", "status=OK"),
    ("attempt", "", "request_sent=NO"),
    ("attempt", "", "started=0ms"),
    ("attempt", "", "duration=0ms"),
];

pub fn readable(told: &[(String, Vec<String>)], constants: &Constants) -> Vec<Line> {
    let mut all = Vec::new();
    for (line, log) in told {
        if !line.is_empty() {
            all.extend(line.lines().map(|line| Line::Script(line.to_owned())));
        }
        all.extend(log.iter().map(|line| Line::Log(words(line, constants))));
    }
    all
}

fn words(line: &str, constants: &Constants) -> Vec<String> {
    let mut words = line.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let what = words.get(1).cloned().unwrap_or_default();
    for word in &mut words {
        if let Some(time) = word.strip_prefix('@') {
            *word = milliseconds(time);
        } else if let Some((key, value)) = word.split_once('=') {
            let of = |(line, field, _): &&(&str, &str, &str)| (line.is_empty() || *line == what) && *field == key;
            let named = NAMED.iter().find(of).and_then(|(_, _, prefix)| constants.name_of(prefix, value));
            *word = match (key.strip_suffix("_ns"), named) {
                (Some(key), _) => format!("{key}={}", milliseconds(value)),
                (_, Some(name)) => format!("{key}={name}"),
                _ => format!("{key}={}", String::from_utf8_lossy(&decode(value)).trim_start_matches("HS_")),
            };
        }
    }
    for (_, only, default) in WHERE_ABSENT.iter().filter(|(line, ..)| *line == what) {
        let key = |text: &str| text.split('=').next().unwrap_or_default().to_owned();
        let is_one = only.is_empty() || words.iter().any(|word| word == only || key(word) == *only);
        if is_one && !words.iter().any(|word| key(word) == key(default)) {
            words.push((*default).to_owned());
        }
    }
    words
}

/// `1500000` as `1.5ms`.
fn milliseconds(nanoseconds: &str) -> String {
    let Ok(value) = nanoseconds.parse::<i128>() else { return nanoseconds.to_owned() };
    let text = format!("{}.{:06}", value / 1_000_000, (value % 1_000_000).abs());
    format!("{}ms", text.trim_end_matches('0').trim_end_matches('.'))
}

pub fn shown(log: &[Line]) -> String {
    let line = |line: &Line| match line {
        Line::Script(text) => format!("    > {text}"),
        Line::Log(words) => format!("      {}", words.join(" ")),
    };
    log.iter().map(line).collect::<Vec<_>>().join("\n")
}
