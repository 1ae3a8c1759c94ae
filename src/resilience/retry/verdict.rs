//! What the outcome of one attempt says: may it be made again, and was it the server's fault?

use super::options::RetryOptions;
use crate::error::Sent;
/// What a circuit breaker is told.
pub use crate::resilience::breaker::Outcome as Effect;
use crate::status::*;
use std::time::Duration;

/// What one attempt came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// A complete response head with this status.
    Answer(u16),
    Failure(hs_status),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub ending: Ending,
    pub sent: Sent,
    /// The request had an `Idempotency-Key`: a 409 then says that its first sending is still being carried out.
    pub sent_a_key: bool,
    /// How long the attempt took.
    pub ran: Duration,
    /// What the server asked for; zero where that has passed already.
    pub retry_after: Option<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    RetryAnyMethod,
    RetryIfReplaySafe,
    /// A failure that another attempt does not change.
    Never,
    /// An answer.
    Final,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub class: Class,
    pub effect: Effect,
    /// The server says that it is asked too much: the longer back-off.
    pub throttled: bool,
    /// A retry is taken from the budget: the server had work with the attempt, or will not say.
    pub debited: bool,
    /// Sent again at once on a new connection, which is no attempt of its own: only once for each attempt.
    pub transparent: bool,
}

impl Verdict {
    fn new(class: Class, effect: Effect) -> Verdict {
        Verdict { class, effect, throttled: false, debited: true, transparent: false }
    }
}

/// A deadline that is shorter says more about the caller than about the server.
const LONG_ENOUGH_TO_BLAME: Duration = Duration::from_secs(1);

pub fn decide(outcome: &Outcome, options: &RetryOptions) -> Verdict {
    match outcome.ending {
        Ending::Answer(status) => {
            let verdict = of_response(status, outcome.sent_a_key, options);
            Verdict { throttled: verdict.throttled || outcome.retry_after.is_some(), ..verdict }
        }
        Ending::Failure(status) => of_error(status, outcome.sent, outcome.ran, options),
    }
}

/// `sent_a_key`: the request had an `Idempotency-Key`, so a 409 says that its first sending is still being carried out.
pub fn of_response(status: u16, sent_a_key: bool, options: &RetryOptions) -> Verdict {
    let effect = match status {
        408 | 425 | 429 => Effect::Neutral,
        409 if sent_a_key => Effect::Neutral,
        501 | 505 => Effect::Success,
        500.. => Effect::Failure,
        _ => Effect::Success,
    };
    let listed = options.statuses.contains(status);
    let class = match status {
        421 => Class::RetryAnyMethod,
        429 if listed && options.unprocessed_429 => Class::RetryAnyMethod,
        409 if sent_a_key => Class::RetryIfReplaySafe,
        _ if listed => Class::RetryIfReplaySafe,
        _ => Class::Final,
    };
    let transparent = status == 421;
    Verdict { throttled: status == 429, transparent, debited: !transparent, ..Verdict::new(class, effect) }
}

/// `ran`: how long the attempt took.
pub fn of_error(status: hs_status, sent: Sent, ran: Duration, options: &RetryOptions) -> Verdict {
    use Class::*;
    use Effect::*;
    match status {
        HS_OK => Verdict::new(Final, Success),
        // What a certificate or a key lacks, it lacks the next time too.
        _ if is_lasting_in_tls(status) => Verdict::new(Never, Neutral),
        HS_ERR_DNS
        | HS_ERR_CONNECT
        | HS_ERR_CONNECT_TIMEOUT
        | HS_ERR_PROXY
        | HS_ERR_PROXY_CONNECT
        | HS_ERR_PROXY_REFUSED
        | HS_ERR_PROXY_HANDSHAKE
        | HS_ERR_TLS_HANDSHAKE => Verdict { debited: false, ..Verdict::new(RetryAnyMethod, Failure) },
        HS_ERR_SEND
        | HS_ERR_CONNECTION_CLOSED
        | HS_ERR_RECEIVE
        | HS_ERR_BODY_TRUNCATED
        | HS_ERR_PROTOCOL
        | HS_ERR_HTTP2
        | HS_ERR_ATTEMPT_TIMEOUT
        | HS_ERR_IDLE_TIMEOUT => match sent {
            Sent::No => Verdict { debited: false, ..Verdict::new(RetryAnyMethod, Failure) },
            Sent::Maybe | Sent::Yes => Verdict::new(RetryIfReplaySafe, Failure),
        },
        HS_ERR_TIMEOUT if ran >= LONG_ENOUGH_TO_BLAME => Verdict::new(Never, Failure),
        HS_ERR_BREAKER_OPEN if options.retry_on_open => {
            Verdict { debited: false, ..Verdict::new(RetryAnyMethod, Neutral) }
        }
        _ => Verdict::new(Never, Neutral),
    }
}

/// What a caller is told of one attempt: a server that says "not processed" counts as never having got it.
pub fn sent_class(outcome: &Outcome, options: &RetryOptions) -> Sent {
    match outcome.ending {
        Ending::Answer(421) => Sent::No,
        Ending::Answer(429) if options.unprocessed_429 => Sent::No,
        Ending::Answer(_) => Sent::Yes,
        Ending::Failure(_) => outcome.sent,
    }
}

#[cfg(test)]
mod tests;
