//! What went wrong, and what the caller may do about it.

use crate::http::attempt::Attempt;
use crate::observe::traceparent::TraceId;
use crate::resilience::stop::StopReason;
use crate::status::{self, hs_phase, hs_status};
use std::fmt;
use std::time::Duration;

/// Whether the server may have seen the request: what a caller must know before sending it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Sent {
    /// Not one byte of the request was put on a connection.
    #[default]
    No,
    /// It may have arrived, in part or as a whole.
    Maybe,
    /// The server answered it.
    Yes,
}

/// Whether sending the same request again is sensible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Retryable {
    /// It would fail the same way, or the caller asked to stop.
    #[default]
    No,
    /// It was not sent, or the method is idempotent.
    Safe,
    /// It may have been carried out, and the method is not idempotent.
    Unknown,
}

/// The library's one error type. Boxed inside, so that results stay small on the request path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(Box<Details>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Details {
    pub status: hs_status,
    pub phase: hs_phase,
    pub message: String,
    pub sent: Sent,
    pub retryable: Retryable,
    /// libcurl's own code, 0 where it had no part in it.
    pub curl_code: i32,
    /// The operating system's error number, 0 where there is none.
    pub os_error: i32,
    pub attempts: u32,
    /// Each of them, first to last.
    pub history: Vec<Attempt>,
    /// Why there was no further one.
    pub stop: StopReason,
    /// When the next try may be let through, where that is known.
    pub retry_after: Option<Duration>,
    pub elapsed_ns: u64,
    /// Of the whole call; empty where none was asked for.
    pub trace: String,
    pub trace_id: Option<TraceId>,
    /// What a download has got.
    pub resume: Option<Box<Resume>>,
}

/// How much of a file was written, and of which version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resume {
    pub bytes: u64,
    pub validator: Option<String>,
}

impl Error {
    pub fn new(status: hs_status, message: impl Into<String>) -> Self {
        Error(Box::new(Details {
            status,
            phase: status::row(status).map_or(status::HS_PHASE_INTERNAL, |row| row.phase),
            message: message.into(),
            sent: Sent::No,
            retryable: Retryable::No,
            curl_code: 0,
            os_error: 0,
            attempts: 0,
            history: Vec::new(),
            stop: StopReason::Ok,
            retry_after: None,
            elapsed_ns: 0,
            resume: None,
            trace: String::new(),
            trace_id: None,
        }))
    }

    /// An error whose status says everything.
    pub fn plain(status: hs_status) -> Self {
        Error::new(status, status::row(status).map_or("unknown status", |row| row.message))
    }

    pub fn with_os_error(mut self, error: &std::io::Error) -> Self {
        self.0.os_error = error.raw_os_error().unwrap_or(0);
        self
    }

    pub fn status(&self) -> hs_status {
        self.0.status
    }

    /// Says "not yet": what it ended may be done again and go on.
    pub fn is_passing(&self) -> bool {
        self.status() == status::HS_ERR_READ_TIMEOUT
    }

    pub fn details(&self) -> &Details {
        &self.0
    }

    pub fn details_mut(&mut self) -> &mut Details {
        &mut self.0
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Error {}

/// Text of a caller's for an error message: bounded, with everything unprintable escaped.
pub fn quoted(text: &[u8]) -> String {
    const LONGEST: usize = 80;
    let shown = &text[..text.len().min(LONGEST)];
    let more = if text.len() > LONGEST { "…" } else { "" };
    format!("\"{}{more}\"", shown.escape_ascii())
}
