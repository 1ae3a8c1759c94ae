//! A rule of a mock: which requests it answers, and how.

use crate::http::headers::Header;
use crate::http::response::HttpVersion;
use crate::observe::redact::Redactor;
use crate::status::*;
use std::sync::Arc;
use std::time::Duration;

/// Which URLs a rule is for.
#[derive(Clone, Debug)]
pub enum Place {
    Any,
    Url(String),
    UrlPrefix(String),
    /// Path and query, at any origin.
    Target(String),
    TargetPrefix(String),
    /// The URL of a recording, in which secrets are blanked.
    Recorded {
        url: String,
        redactor: Arc<Redactor>,
    },
}

#[derive(Clone, Debug, Default)]
pub struct Fields(pub Vec<(Vec<u8>, Vec<u8>)>);

impl Fields {
    pub fn of(headers: &[Header]) -> Fields {
        Fields(headers.iter().map(|header| (header.name.clone().into_bytes(), header.value.clone())).collect())
    }

    pub fn has(&self, name: &str, value: &[u8]) -> bool {
        self.0.iter().any(|(known, held)| known.eq_ignore_ascii_case(name.as_bytes()) && held == value)
    }

    pub fn get(&self, name: &[u8], nth: usize) -> Option<&[u8]> {
        let named = self.0.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        named.map(|(_, value)| &value[..]).nth(nth)
    }
}

/// What goes wrong instead of, or within, an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    Fails {
        status: hs_status,
        message: String,
    },
    /// Nothing more ever comes.
    Stalls,
}

#[derive(Clone, Debug)]
pub struct Rule {
    /// `None` is any.
    pub method: Option<String>,
    pub place: Place,
    /// Fields that the request must have, name and value.
    pub headers: Vec<Header>,
    pub body: Option<Vec<u8>>,
    /// How many requests it answers; 0 is any number.
    pub times: u32,
    pub answer: Answer,
}

#[derive(Clone, Debug)]
pub struct Answer {
    pub delay: Duration,
    /// `None`: it fails before there is a head.
    pub head: Option<AnswerHead>,
    pub body: Vec<u8>,
    pub trailers: Fields,
    /// Between two pieces of the body.
    pub piece_delay: Duration,
    pub piece_bytes: usize,
    pub fault: Option<Fault>,
    /// How much of the body comes before the fault.
    pub fault_after: usize,
}

#[derive(Clone, Debug)]
pub struct AnswerHead {
    pub status: u16,
    pub version: HttpVersion,
    pub headers: Fields,
    pub interim: Vec<(u16, Fields)>,
}

/// What a request looks like to a rule.
pub struct Asked<'a> {
    pub method: &'a str,
    pub url: &'a str,
    /// Path and query of the URL.
    pub target: &'a str,
    pub headers: &'a Fields,
    /// `None` while it has not been read yet.
    pub body: Option<&'a [u8]>,
}

/// Why a rule is not for a request; the later, the nearer it came.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mismatch {
    Place(String),
    Method(String),
    Header(String),
    Body { wanted: usize, found: usize },
    Exhausted(u32),
}

impl std::fmt::Display for Mismatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Mismatch::Place(place) => write!(f, "it is for {place}"),
            Mismatch::Method(method) => write!(f, "it is for the method {method}"),
            Mismatch::Header(name) => write!(f, "the request does not have its header \"{name}\""),
            Mismatch::Body { wanted, found } if wanted == found => {
                write!(f, "the body has its length, {found} bytes, and is another")
            }
            Mismatch::Body { wanted, found } => write!(f, "the body has {found} bytes, and its own {wanted}"),
            Mismatch::Exhausted(times) => write!(f, "it has answered all of its {times} requests"),
        }
    }
}

impl Rule {
    /// Whether the rule is for that request, as far as can be said without its body where that was not read.
    pub fn check(&self, asked: &Asked<'_>) -> Result<(), Mismatch> {
        let (there, whole) = match &self.place {
            Place::Any => (true, ""),
            Place::Url(url) => (url == asked.url, url.as_str()),
            Place::UrlPrefix(start) => (asked.url.starts_with(start), start.as_str()),
            Place::Target(target) => (target == asked.target, target.as_str()),
            Place::Recorded { url, redactor } => (redactor.known_url(asked.url) == *url, url.as_str()),
            Place::TargetPrefix(start) => (asked.target.starts_with(start), start.as_str()),
        };
        if !there {
            return Err(Mismatch::Place(super::shown(whole)));
        }
        if let Some(method) = self.method.as_ref().filter(|method| *method != asked.method) {
            return Err(Mismatch::Method(method.clone()));
        }
        if let Some(missing) = self.headers.iter().find(|header| !asked.headers.has(&header.name, &header.value)) {
            return Err(Mismatch::Header(missing.name.clone()));
        }
        if let (Some(wanted), Some(found)) = (&self.body, asked.body)
            && wanted != found
        {
            return Err(Mismatch::Body { wanted: wanted.len(), found: found.len() });
        }
        Ok(())
    }

    /// Whether a request must have been read to its end before the rule can be said to be for it, or before it answers.
    pub fn reads_body(&self) -> bool {
        self.body.is_some() || !self.answer.is_lost_on_the_way()
    }
}

impl Answer {
    /// Whether the request does not arrive as a whole.
    fn is_lost_on_the_way(&self) -> bool {
        match &self.fault {
            Some(Fault::Fails { status, .. }) if self.head.is_none() => {
                is_before_sending(*status) || *status == HS_ERR_SEND
            }
            _ => false,
        }
    }
}

/// Whether a failure comes before anything of the request is on a connection.
pub fn is_before_sending(status: hs_status) -> bool {
    BEFORE_SENDING.contains(&status)
}

const BEFORE_SENDING: &[hs_status] = &[
    HS_ERR_DNS,
    HS_ERR_CONNECT,
    HS_ERR_CONNECT_TIMEOUT,
    HS_ERR_LOCAL_ADDRESS,
    HS_ERR_PROXY,
    HS_ERR_PROXY_CONNECT,
    HS_ERR_PROXY_AUTH,
    HS_ERR_PROXY_REFUSED,
    HS_ERR_PROXY_HANDSHAKE,
    HS_ERR_TLS_HANDSHAKE,
    HS_ERR_TLS_CERTIFICATE,
    HS_ERR_TLS_EXPIRED,
    HS_ERR_TLS_NOT_YET_VALID,
    HS_ERR_TLS_HOSTNAME,
    HS_ERR_TLS_UNTRUSTED,
    HS_ERR_TLS_SELF_SIGNED,
    HS_ERR_TLS_REVOKED,
    HS_ERR_TLS_VERSION,
    HS_ERR_TLS_PIN,
    HS_ERR_TLS_CLIENT_CERTIFICATE_REQUIRED,
    HS_ERR_TLS_WEAK_KEY,
];

/// Whether an exchange may fail so before its head, and within its body.
pub fn may_fail(status: hs_status, in_body: bool) -> bool {
    match status {
        HS_ERR_BODY_TRUNCATED => in_body,
        HS_ERR_RECEIVE | HS_ERR_HTTP2 | HS_ERR_PROTOCOL => true,
        HS_ERR_SEND | HS_ERR_CONNECTION_CLOSED => !in_body,
        _ => !in_body && is_before_sending(status),
    }
}
