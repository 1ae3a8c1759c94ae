//! The file of a recording: lines of JSON, as README.md beside this file says.

use super::rule::{Answer, AnswerHead, Fault, Fields, Place, Rule, may_fail};
use crate::error::{Error, quoted};
use crate::http::response::HttpVersion;
use crate::observe::redact::{BLANK, Redactor};
use crate::status::{HS_ERR_MOCK, HS_ERR_MOCK_FILE, TABLE, hs_status};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FirstLine {
    http_sentinel_recording: u32,
    /// Names of query keys, besides those that are always secret, whose values were blanked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    secret_query_keys: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    method: String,
    url: String,
    pub request: Sent,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    interim: Vec<Interim>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    headers: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Content>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trailers: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// The response was received to its end.
    pub complete: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sent {
    headers: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Content>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interim {
    pub status: u16,
    pub headers: Vec<(String, String)>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failure {
    pub status: String,
    pub message: String,
}

/// A body, or its beginning.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Content {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
    /// How long it was, where this is only its beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    truncated_from: Option<u64>,
}

impl Content {
    pub fn of(bytes: &[u8], all: u64) -> Content {
        let (text, base64) = match std::str::from_utf8(bytes) {
            Ok(text) => (Some(text.to_owned()), None),
            Err(_) => (None, Some(STANDARD.encode(bytes))),
        };
        Content { text, base64, truncated_from: (all > bytes.len() as u64).then_some(all) }
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        match (&self.text, &self.base64) {
            (Some(text), None) => Ok(text.clone().into_bytes()),
            (None, Some(coded)) => STANDARD.decode(coded).map_err(|error| format!("base64 of a body: {error}")),
            _ => Err("a body needs either text or base64".into()),
        }
    }
}

impl Exchange {
    pub fn begun(method: String, url: String, headers: Vec<(String, String)>) -> Exchange {
        Exchange {
            method,
            url,
            request: Sent { headers, body: None },
            interim: Vec::new(),
            status: None,
            version: None,
            headers: Vec::new(),
            body: None,
            trailers: Vec::new(),
            failure: None,
            complete: false,
        }
    }

    pub fn answered(
        &mut self,
        status: u16,
        version: HttpVersion,
        interim: Vec<Interim>,
        headers: Vec<(String, String)>,
    ) {
        (self.status, self.version) = (Some(status), Some(version.name().to_owned()));
        (self.interim, self.headers) = (interim, headers);
    }

    /// What answers the request as it was answered then. What cannot be given again ends in `HS_ERR_MOCK`.
    fn rule(self, line: usize, redactor: &Arc<Redactor>) -> Result<Rule, String> {
        let body = self.body.as_ref().map_or(Ok(Vec::new()), Content::bytes)?;
        let head = match self.status {
            None => None,
            Some(status @ (101 | 200..=999)) => Some(AnswerHead {
                status,
                version: version(self.version.as_deref())?,
                headers: shown(self.headers),
                interim: self.interim.into_iter().map(|one| (one.status, shown(one.headers))).collect(),
            }),
            Some(status) => return Err(format!("{status} is no status of a response")),
        };
        let lost = |why: String| Fault::Fails {
            status: HS_ERR_MOCK,
            message: format!("the recording cannot answer this request, line {line}: {why}"),
        };
        let cut = self.body.as_ref().and_then(|body| body.truncated_from);
        let fault = match (&self.failure, cut) {
            (_, Some(all)) => Some(lost(format!("it has {} of {all} bytes of the body", body.len()))),
            (Some(failure), None) => {
                let status = number(&failure.status)?;
                Some(if may_fail(status, head.is_some()) {
                    Fault::Fails { status, message: "as it was recorded".into() }
                } else {
                    lost(format!("it ended in {}", failure.status))
                })
            }
            (None, None) if self.complete && head.is_some() => None,
            (None, None) => Some(lost("it was not waited for to its end".into())),
        };
        let answer = Answer {
            delay: Duration::ZERO,
            head,
            fault_after: body.len(),
            body,
            trailers: shown(self.trailers),
            piece_delay: Duration::ZERO,
            piece_bytes: 64 * 1024,
            fault,
        };
        let place = Place::Recorded { url: self.url, redactor: redactor.clone() };
        Ok(Rule { method: Some(self.method), place, headers: Vec::new(), body: None, times: 1, answer })
    }
}

/// The fields whose values were not blanked: "***" would be taken for a cookie or a challenge.
fn shown(fields: Vec<(String, String)>) -> Fields {
    let shown = fields.into_iter().filter(|(_, value)| value != BLANK);
    Fields(shown.map(|(name, value)| (name.into_bytes(), value.into_bytes())).collect())
}

fn version(name: Option<&str>) -> Result<HttpVersion, String> {
    let known = [HttpVersion::Http10, HttpVersion::Http11, HttpVersion::Http2, HttpVersion::Http3];
    let found = known.into_iter().find(|version| Some(version.name()) == name);
    found.ok_or_else(|| format!("version {} is not one of HTTP", quoted(name.unwrap_or("").as_bytes())))
}

fn number(name: &str) -> Result<hs_status, String> {
    let row = TABLE.iter().find(|row| row.name == name);
    row.map(|row| row.status).ok_or_else(|| format!("there is no status {}", quoted(name.as_bytes())))
}

pub fn first_line(redactor: &Redactor) -> String {
    line(&FirstLine { http_sentinel_recording: VERSION, secret_query_keys: redactor.keys().to_vec() })
}

pub fn line(value: &impl Serialize) -> String {
    // Strings and numbers alone: it cannot fail.
    serde_json::to_string(value).unwrap_or_default() + "\n"
}

/// The rules that a recording comes to, in its order.
pub fn read(path: &Path) -> Result<Vec<Rule>, Error> {
    let name = quoted(path.as_os_str().as_encoded_bytes());
    let text = std::fs::read(path).map_err(|error| {
        Error::new(HS_ERR_MOCK_FILE, format!("the recording {name} cannot be read: {error}")).with_os_error(&error)
    })?;
    parse(&text).map_err(|(line, why)| {
        Error::new(HS_ERR_MOCK_FILE, format!("the recording {name} is broken in line {line}: {why}"))
    })
}

fn parse(text: &[u8]) -> Result<Vec<Rule>, (usize, String)> {
    let mut lines = text.split(|&byte| byte == b'\n').enumerate().map(|(index, line)| (index + 1, line));
    let first: FirstLine = lines
        .next()
        .ok_or_else(|| "it is empty".to_owned())
        .and_then(|(_, line)| serde_json::from_slice(line).map_err(|error| error.to_string()))
        .map_err(|why| (1, format!("it does not begin as a recording does: {why}")))?;
    if first.http_sentinel_recording != VERSION {
        let found = first.http_sentinel_recording;
        return Err((1, format!("it is of version {found}, and this library knows {VERSION}")));
    }
    let keys = first.secret_query_keys.iter().map(String::as_bytes);
    let redactor = Arc::new(Redactor::new(keys));
    let full = lines.filter(|(_, line)| !line.trim_ascii().is_empty());
    full.map(|(number, line)| {
        let exchange: Exchange = serde_json::from_slice(line).map_err(|error| (number, error.to_string()))?;
        exchange.rule(number, &redactor).map_err(|why| (number, why))
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &str = "{\"http_sentinel_recording\":1}\n";
    const GET: &str = r#"{"method":"GET","url":"http://a/","request":{"headers":[]},"#;

    fn broken(text: &str) -> (usize, String) {
        parse(text.as_bytes()).err().unwrap_or_else(|| panic!("not refused: {text}"))
    }

    #[test]
    fn what_is_broken_is_named_with_its_line() {
        for (text, line, part) in [
            (String::new(), 1, "does not begin"),
            ("{\"a\":1}\n".into(), 1, "does not begin"),
            ("{\"http_sentinel_recording\":2}\n".into(), 1, "version 2"),
            (format!("{FIRST}\n{{"), 3, "EOF"),
            (format!("{FIRST}{GET}\"complete\":true,\"statsu\":200}}"), 2, "statsu"),
            (format!("{FIRST}{GET}\"complete\":true,\"status\":200,\"version\":\"HTTP/9\"}}"), 2, "HTTP/9"),
            (format!("{FIRST}{GET}\"complete\":true,\"status\":99}}"), 2, "99"),
            (
                format!("{FIRST}{GET}\"complete\":false,\"failure\":{{\"status\":\"HS_X\",\"message\":\"\"}}}}"),
                2,
                "HS_X",
            ),
            (format!("{FIRST}{GET}\"complete\":true,\"body\":{{\"base64\":\"?\"}}}}"), 2, "base64"),
            (format!("{FIRST}{GET}\"complete\":true,\"body\":{{}}}}"), 2, "either"),
        ] {
            let (found, why) = broken(&text);
            assert!(found == line && why.contains(part), "{text}: line {found}, {why}");
        }
        assert_eq!(parse(FIRST.as_bytes()).unwrap().len(), 0);
    }

    #[test]
    fn bodies_come_back_byte_for_byte() {
        for bytes in [&b"text \"quoted\"\n"[..], b"\xff\x00\x80", b""] {
            let line = line(&Content::of(bytes, bytes.len() as u64));
            let read: Content = serde_json::from_str(&line).unwrap();
            assert_eq!(read.bytes().unwrap(), bytes, "{line}");
            assert_eq!(read.truncated_from, None);
        }
    }

    #[test]
    fn what_is_cut_off_or_cannot_be_given_again_is_refused_where_it_ends() {
        let head = "\"status\":200,\"version\":\"HTTP/1.1\"";
        for (rest, part) in [
            (format!("{head},\"complete\":true,\"body\":{{\"text\":\"abc\",\"truncated_from\":9}}"), "3 of 9 bytes"),
            (format!("{head},\"complete\":false"), "not waited for"),
            ("\"complete\":false".into(), "not waited for"),
            (
                "\"complete\":false,\"failure\":{\"status\":\"HS_ERR_CALLBACK\",\"message\":\"\"}".into(),
                "HS_ERR_CALLBACK",
            ),
        ] {
            let rules = parse(format!("{FIRST}{GET}{rest}}}").as_bytes()).unwrap();
            let Some(Fault::Fails { status: HS_ERR_MOCK, message }) = &rules[0].answer.fault else {
                panic!("{rest}: {:?}", rules[0].answer.fault)
            };
            assert!(message.contains(part) && message.contains("line 2"), "{message}");
        }
    }
}
