//! One line of the manifest: a request, or why it is none.

use crate::options::LONGEST_MS;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// What the library takes; it bounds what a line of brackets can make of memory too.
const MOST_HEADERS: usize = 1_000;
const LONGEST_ID: usize = 4_096;
const KEYS: [&str; 8] = ["id", "url", "method", "headers", "body", "body_base64", "timeout_ms", "max_retries"];

#[derive(Debug, PartialEq)]
pub struct Entry {
    pub id: Id,
    pub url: String,
    /// Empty: GET, or POST where there is a body.
    pub method: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// 0: not said.
    pub timeout_ms: u64,
    pub max_retries: Option<u32>,
}

/// What a line calls itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Id {
    /// JSON, as it was written.
    pub raw: Box<str>,
    /// The same for ids that are the same: a string without its escapes, a number as it was written.
    pub meaning: String,
}

impl Id {
    /// The id of a line that has none.
    pub fn of_line(number: u64) -> Id {
        Id { raw: number.to_string().into(), meaning: format!("n{number}") }
    }

    pub fn parse(raw: &RawValue) -> Result<Id, String> {
        let text = raw.get();
        let kind = text.as_bytes().first();
        if text.len() > LONGEST_ID {
            return Err(format!("id is {} bytes long: at most {LONGEST_ID}", text.len()));
        }
        let meaning = match kind {
            Some(b'"') => format!("s{}", serde_json::from_str::<String>(text).map_err(|error| said("id", &error))?),
            Some(b'-' | b'0'..=b'9') => format!("n{text}"),
            _ => return Err("id must be a string or a number".into()),
        };
        Ok(Id { raw: text.into(), meaning })
    }
}

/// Why a line is no request; with its id, where that could be read.
#[derive(Debug, PartialEq)]
pub struct Refused {
    pub id: Option<Id>,
    pub why: String,
}

/// Reads a line that is not empty.
pub fn parse(line: &[u8], number: u64) -> Result<Entry, Refused> {
    let nameless = |why: String| Refused { id: None, why };
    let text = str::from_utf8(line)
        .map_err(|error| nameless(format!("not UTF-8: the byte at {} is none of it", error.valid_up_to() + 1)))?;
    let Fields { known, wrong } = serde_json::from_str(text)
        .map_err(|error| nameless(if error.is_data() { "not an object".into() } else { said("not JSON", &error) }))?;
    let id = match known[0].filter(|id| id.get() != "null") {
        None => Id::of_line(number),
        Some(raw) => Id::parse(raw).map_err(nameless)?,
    };
    let refused = |why: String| Refused { id: Some(id.clone()), why };
    if let Some(why) = wrong {
        return Err(refused(why));
    }
    let [_, url, method, headers, body, body_base64, timeout_ms, max_retries] = known;
    let mut entry = Entry {
        url: read(url, "url", "a string").map_err(refused)?.ok_or_else(|| refused("url is missing".into()))?,
        method: read(method, "method", "a string").map_err(refused)?.unwrap_or_default(),
        headers: Vec::new(),
        body: Vec::new(),
        timeout_ms: number_in(timeout_ms, "timeout_ms", 1, LONGEST_MS).map_err(refused)?.unwrap_or(0),
        max_retries: number_in(max_retries, "max_retries", 0, 99).map_err(refused)?.map(|number| number as u32),
        id: id.clone(),
    };
    let fields: Option<Headers> =
        read(headers, "headers", "an object or an array of [name, value], all strings").map_err(refused)?;
    if let Some(Headers { fields, wrong }) = fields {
        match wrong {
            None => entry.headers = fields,
            Some(why) => return Err(refused(format!("headers: {why}"))),
        }
    }
    let plain = read::<String>(body, "body", "a string").map_err(refused)?;
    let coded = read::<String>(body_base64, "body_base64", "a string").map_err(refused)?;
    entry.body = match (plain, coded) {
        (Some(_), Some(_)) => return Err(refused("both body and body_base64 are there: choose one".into())),
        (Some(plain), None) => plain.into_bytes(),
        (None, Some(coded)) => {
            BASE64_STANDARD.decode(coded).map_err(|error| refused(format!("body_base64 is not base64: {error}")))?
        }
        (None, None) => Vec::new(),
    };
    Ok(entry)
}

/// A value, or nothing where it is missing or null.
fn read<'a, T: Deserialize<'a>>(raw: Option<&'a RawValue>, name: &str, wanted: &str) -> Result<Option<T>, String> {
    let Some(raw) = raw.filter(|raw| raw.get() != "null") else { return Ok(None) };
    // Not what serde_json says of it: that has the value in it, which may be a secret, and as long as the line.
    serde_json::from_str(raw.get()).map(Some).map_err(|_| format!("{name} must be {wanted}"))
}

fn number_in(raw: Option<&RawValue>, name: &str, least: u64, most: u64) -> Result<Option<u64>, String> {
    let wanted = format!("a whole number from {least} to {most}");
    match read::<u64>(raw, name, &wanted)? {
        Some(number) if !(least..=most).contains(&number) => Err(format!("{name} is {number}: it must be {wanted}")),
        number => Ok(number),
    }
}

/// Without the line, which serde_json counts by itself and which would be mistaken for the manifest's.
fn said(what: &str, error: &serde_json::Error) -> String {
    let mut text = error.to_string();
    if let Some(at) = text.rfind(" at line ") {
        text.truncate(at);
    }
    format!("{what}: {text} (column {})", error.column())
}

/// The values of the keys that there are, and what is wrong with the first key that is; of those nothing is kept.
struct Fields<'a> {
    known: [Option<&'a RawValue>; KEYS.len()],
    wrong: Option<String>,
}

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Fields<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Fields { known: [None; KEYS.len()], wrong: None };
                while let Some(key) = map.next_key::<String>()? {
                    match KEYS.iter().position(|known| *known == key) {
                        Some(at) if fields.known[at].is_none() => fields.known[at] = Some(map.next_value()?),
                        place => {
                            map.next_value::<IgnoredAny>()?;
                            let what = if place.is_some() { "twice there" } else { "no key of a manifest" };
                            fields.wrong.get_or_insert_with(|| format!("{} is {what}", quoted(&key)));
                        }
                    }
                }
                Ok(fields)
            }
        }
        deserializer.deserialize_map(Object)
    }
}

/// As `Fields`.
#[derive(Default)]
struct Headers {
    fields: Vec<(String, String)>,
    wrong: Option<String>,
}

impl Headers {
    fn add(&mut self, field: (String, String)) {
        match self.fields.len() < MOST_HEADERS {
            true => self.fields.push(field),
            false => self.wrong = Some(format!("there are more than {MOST_HEADERS}")),
        }
    }
}

impl<'de> Deserialize<'de> for Headers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Headers;

            fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
                formatter.write_str("an object or an array")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Headers, A::Error> {
                let mut headers = Headers::default();
                while let Some(field) = map.next_entry::<String, String>()? {
                    if headers.fields.iter().any(|(name, _)| *name == field.0) {
                        let name = quoted(&field.0);
                        headers.wrong = Some(format!("{name} is twice there; an array of pairs may repeat names"));
                    }
                    headers.add(field);
                }
                Ok(headers)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut pairs: A) -> Result<Headers, A::Error> {
                let mut headers = Headers::default();
                while let Some(field) = pairs.next_element()? {
                    headers.add(field);
                }
                Ok(headers)
            }
        }
        deserializer.deserialize_any(Either)
    }
}

/// Somebody's text, so that it does no harm in a message.
fn quoted(text: &str) -> String {
    let mut short: String = text.chars().take(40).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("{short:?}")
}

#[cfg(test)]
mod tests;
