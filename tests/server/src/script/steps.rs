//! What a script is made of, as its JSON says it.

use std::io;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;

use super::frames::{Awaited, SendFrame};

pub type Steps = Arc<[Step]>;

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    Read(Read),
    ReadBytes(u64),
    ReadUntil(String),
    Send(String),
    SendBase64(Base64),
    SendHex(Hex),
    ReadFrame(Awaited),
    SendFrame(SendFrame),
    Repeat(Repeat),
    /// The steps again and again, until the peer goes away or one of them ends the script.
    Loop(Vec<Step>),
    /// Bytes below TLS, in the clear.
    SendRawHex(Hex),
    SleepMs(u64),
    Stall(How),
    Close(How),
    Reset(bool),
    HalfClose(bool),
    Count(String),
    Wait(Wait),
    Meet(Meet),
    /// Bytes that no JSON can hold; made by the built-in scripts.
    #[serde(skip)]
    SendBytes(Vec<u8>),
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Read {
    Head,
    Request,
}

/// `true`, or the name of a variation; `false` leaves the step out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum How {
    Plain(bool),
    Special(Variation),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Variation {
    /// A close without TLS's close_notify.
    Abrupt,
    /// A stall that leaves everything in the socket.
    Unread,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Repeat {
    #[serde(default)]
    pub send: String,
    #[serde(default)]
    pub send_hex: Hex,
    /// Absent: until the peer goes away.
    pub times: Option<u64>,
    pub interval_ms: Option<u64>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wait {
    pub key: String,
    pub at_least: u64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Meet {
    pub key: String,
    pub parties: usize,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct Base64(pub Vec<u8>);

impl TryFrom<String> for Base64 {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        BASE64_STANDARD.decode(&text).map(Base64).map_err(|error| format!("send_base64: {error}"))
    }
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(try_from = "String")]
pub struct Hex(pub Vec<u8>);

impl Repeat {
    pub fn bytes(&self) -> Vec<u8> {
        [self.send.as_bytes(), &self.send_hex.0].concat()
    }
}

impl TryFrom<String> for Hex {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let digits: Option<Vec<u8>> =
            text.chars().filter(|letter| !letter.is_whitespace()).map(|c| c.to_digit(16).map(|d| d as u8)).collect();
        match digits {
            Some(digits) if digits.len() % 2 == 0 => {
                Ok(Hex(digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()))
            }
            _ => Err("send_hex: not pairs of hex digits".into()),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    Tcp,
    Tls,
}

/// An installed script. Exactly one of the four lists is there.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScriptFile {
    #[serde(rename = "name")]
    _name: Option<String>,
    steps: Option<Vec<Step>>,
    per_request: Option<Vec<Vec<Step>>>,
    per_connection: Option<Vec<Vec<Step>>>,
    sequence: Option<Vec<Vec<Step>>>,
    pub listen: Option<Transport>,
    #[serde(default)]
    pub alpn: Vec<String>,
}

#[derive(Debug)]
pub enum Plan {
    /// The same for each request; it may itself read further ones.
    Each(Steps),
    /// By the number of the request on its connection; the last list goes on for ever.
    PerRequest(Vec<Steps>),
    /// By the number of the connection that asks for this script.
    PerConnection(Vec<Steps>),
    /// By the number of the request to this script, whatever the connection.
    Sequence(Vec<Steps>),
}

impl ScriptFile {
    pub fn parse(json: &[u8]) -> io::Result<ScriptFile> {
        serde_json::from_slice(json).map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))
    }

    pub fn plan(&mut self) -> io::Result<Plan> {
        let lists = |lists: Vec<Vec<Step>>| lists.into_iter().map(Steps::from).collect::<Vec<_>>();
        let plan = match (self.steps.take(), self.per_request.take(), self.per_connection.take(), self.sequence.take())
        {
            (Some(steps), None, None, None) => Plan::Each(steps.into()),
            (None, Some(steps), None, None) => Plan::PerRequest(lists(steps)),
            (None, None, Some(steps), None) => Plan::PerConnection(lists(steps)),
            (None, None, None, Some(steps)) => Plan::Sequence(lists(steps)),
            _ => {
                let why = "a script has one of steps, per_request, per_connection and sequence";
                return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
            }
        };
        match &plan {
            Plan::PerRequest(lists) | Plan::PerConnection(lists) | Plan::Sequence(lists) if lists.is_empty() => {
                Err(io::Error::new(io::ErrorKind::InvalidInput, "a script has at least one list of steps"))
            }
            _ => Ok(plan),
        }
    }
}
