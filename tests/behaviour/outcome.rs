//! What a driver says of one block: lines of a key and a value, made comparable between runs.

use serde_json::Value;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome(pub Vec<(String, String)>);

impl Outcome {
    pub fn parse(lines: &[String]) -> Self {
        let split = |line: &String| {
            let (key, value) = line.split_once(' ').unwrap_or((line, ""));
            (key.to_owned(), value.to_owned())
        };
        Outcome(lines.iter().map(split).collect())
    }

    /// As they were said.
    #[allow(dead_code)] // scenarios have lines that are no keys and values
    pub fn lines(&self) -> Vec<String> {
        self.0.iter().map(|(key, value)| format!("{key} {value}")).collect()
    }

    /// The value of a key that occurs once, decoded.
    pub fn get(&self, key: &str) -> Option<String> {
        let (_, value) = self.0.iter().find(|(name, _)| name == key)?;
        Some(String::from_utf8_lossy(&decode(value)).into_owned())
    }

    pub fn bytes(&self, key: &str) -> Option<Vec<u8>> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| decode(value))
    }

    /// Each of a key that has two parts, as header and redirect do.
    pub fn pairs(&self, key: &str) -> Vec<(String, String)> {
        let text = |part: &str| String::from_utf8_lossy(&decode(part)).into_owned();
        let both = |value: &str| value.split_once(' ').map(|(first, second)| (text(first), text(second)));
        self.0.iter().filter(|(name, _)| name == key).filter_map(|(_, value)| both(value)).collect()
    }

    /// What the test server says that it was sent.
    pub fn description(&self) -> Option<Value> {
        let value: Value = serde_json::from_slice(&self.bytes("body")?).ok()?;
        value.get("body_sha256").is_some().then_some(value)
    }

    /// Without what differs from run to run by its nature: the date, the names of counters, and in descriptions the
    /// client's port and the connection's number, with what follows from their lengths.
    pub fn comparable(&self, key: &str, own_port: Option<&str>, vary: &[String]) -> Outcome {
        let mut lines = self.0.clone();
        let varies = |name: &str, value: &str| {
            let of_header = |vary: &str| vary.strip_prefix("header ").is_some_and(|field| value.starts_with(field));
            vary.iter().any(|vary| vary == name || name == "header" && of_header(vary))
        };
        lines.retain(|(name, value)| !varies(name, value));
        if let Some(mut description) = self.description() {
            for volatile in ["peer", "connection"] {
                description.as_object_mut().expect("a description").remove(volatile);
            }
            lines.retain(|(name, _)| !["body.length", "body.hash", "metrics.response_body_bytes"].contains(&&**name));
            lines.retain(|(name, value)| name != "header" || !value.to_lowercase().starts_with("content-length "));
            lines.retain(|(name, _)| name != "metrics.response_header_bytes");
            set(&mut lines, "body", &encode(description.to_string().as_bytes()));
        }
        for (name, value) in &mut lines {
            if name == "header" && value.to_lowercase().starts_with("date ") {
                *value = String::from("date {date}");
            }
            if value.contains(key) {
                *value = value.replace(key, "{key}");
            }
            if let Some(port) = own_port {
                *value = value.replace(port, "{script_addr}");
            }
            if name == "error.message" {
                *value = without_times(value);
            }
        }
        // The hash is of a body that quotes the key.
        if lines.iter().any(|(name, value)| name == "body" && value.contains("{key}")) {
            lines.retain(|(name, _)| name != "body.hash");
        }
        Outcome(lines)
    }
}

/// libcurl tells how long it waited: `after%20150%20milliseconds`, `after%200%20ms`.
fn without_times(message: &str) -> String {
    let Some((before, rest)) = message.split_once("%20after%20") else { return message.to_owned() };
    let unit = rest.trim_start_matches(|letter: char| letter.is_ascii_digit());
    match unit.len() < rest.len() && unit.starts_with("%20m") {
        true => format!("{before}%20after%20{{time}}{unit}"),
        false => message.to_owned(),
    }
}

fn set(lines: &mut [(String, String)], key: &str, value: &str) {
    for (name, old) in lines {
        if name == key {
            value.clone_into(old);
        }
    }
}

/// The lines that one has and the other has not, with their places in it.
pub fn differences(one: &Outcome, other: &Outcome) -> Vec<String> {
    if one == other {
        return Vec::new();
    }
    let lacking = |from: &Outcome, of: &Outcome, sign: &str| {
        let mut left = of.0.clone();
        let mut lines = Vec::new();
        for line in &from.0 {
            match left.iter().position(|candidate| candidate == line) {
                Some(at) => drop(left.swap_remove(at)),
                None => lines.push(format!("{sign} {} {}", line.0, line.1)),
            }
        }
        lines
    };
    let mut lines = lacking(one, other, "-");
    lines.extend(lacking(other, one, "+"));
    if lines.is_empty() {
        lines.push(String::from("the same lines in another order"));
    }
    lines
}

pub fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for byte in bytes {
        match byte {
            b'!'..=b'~' if *byte != b'%' => text.push(char::from(*byte)),
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

pub fn decode(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        match (first, tail) {
            (b'%', [high, low, tail @ ..]) => {
                let digit = |byte: &u8| char::from(*byte).to_digit(16).unwrap_or_default() as u8;
                bytes.push(digit(high) << 4 | digit(low));
                rest = tail;
            }
            _ => bytes.push(*first),
        }
    }
    bytes
}

pub fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
}
