//! One exchange with a mock.

use super::rule::{AnswerHead, Asked, Fault, Fields, is_before_sending};
use super::script::{Chosen, MOST_BODY_KEPT, Mock, Seen};
use crate::engine::{ExchangeRequest, Progress, retryable};
use crate::error::{Error, Retryable, Sent};
use crate::http::body::Body;
use crate::http::framing;
use crate::http::headers::{HeadLimits, HeaderBlock, decimal};
use crate::http::metrics::ExchangeMetrics;
use crate::http::response::{Head, Interim};
use crate::observe::Connection;
use crate::observe::traceparent::HEADER as TRACEPARENT;
use crate::runtime::timers::{Sleep, Timers};
use crate::status::*;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

/// How much of a streamed body is read at once.
const READ_BYTES: usize = 64 * 1024;

pub struct Scripted {
    mock: Mock,
    timers: Rc<Timers>,
    exchange: ExchangeRequest,
    headers: Fields,
    /// What was read of a streamed body, and all of another.
    body: Vec<u8>,
    body_bytes: u64,
    body_read: bool,
    chosen: Option<Chosen>,
    sleep: Option<Sleep>,
    stage: Stage,
    /// How much of the answer's body was handed on.
    given: usize,
    trailers: HeaderBlock,
    response_header_bytes: u64,
    counted: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Waiting,
    InBody,
}

impl Scripted {
    pub fn new(mock: Mock, timers: Rc<Timers>, exchange: ExchangeRequest) -> Scripted {
        let headers = fields(&exchange);
        Scripted {
            mock,
            timers,
            exchange,
            headers,
            body: Vec::new(),
            body_bytes: 0,
            body_read: false,
            chosen: None,
            sleep: None,
            stage: Stage::Waiting,
            given: 0,
            trailers: HeaderBlock::default(),
            response_header_bytes: 0,
            counted: false,
        }
    }

    pub fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<Result<Head, Error>> {
        let chosen = match &self.chosen {
            Some(chosen) => chosen.clone(),
            None => match self.choose(cx) {
                Poll::Ready(Ok(chosen)) => chosen,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            },
        };
        let answer = &chosen.rule.answer;
        if self.poll_sleep(answer.delay, cx).is_pending() {
            return Poll::Pending;
        }
        let Some(head) = &answer.head else {
            self.count(&chosen);
            return match &answer.fault {
                Some(Fault::Fails { status, message }) => Poll::Ready(Err(self.failure(*status, message))),
                // Nobody wakes this.
                _ => Poll::Pending,
            };
        };
        self.sleep = None;
        self.stage = Stage::InBody;
        Poll::Ready(self.head(head).and_then(|made| {
            self.trailers = block(&answer.trailers, self.exchange.head_limits)?;
            Ok(made)
        }))
    }

    /// Reads the request as far as must be to find its rule, a piece at a time, so that a call can be ended meanwhile.
    fn choose(&mut self, cx: &mut Context<'_>) -> Poll<Result<Chosen, Error>> {
        if let Body::Bytes(bytes) = &self.exchange.request.body
            && !self.body_read
        {
            self.body = bytes[..bytes.len().min(MOST_BODY_KEPT)].to_vec();
            (self.body_bytes, self.body_read) = (bytes.len() as u64, true);
        }
        let chosen = self.mock.choose(&Asked {
            method: self.exchange.request.method.as_str(),
            url: self.exchange.request.url.as_str(),
            target: self.exchange.request.url.target(),
            headers: &self.headers,
            body: self.body_read.then_some(&self.body[..]),
        });
        match chosen {
            Ok(Some(chosen)) => {
                self.saw(chosen.number());
                self.chosen = Some(chosen.clone());
                if let Some(listener) = &self.exchange.listener {
                    listener.connection(&Connection::default(), self.progress().sent != Sent::No);
                }
                Poll::Ready(Ok(chosen))
            }
            Ok(None) => match self.read(cx) {
                Poll::Ready(Ok(())) => {
                    cx.waker().wake_by_ref();
                    Poll::Pending
                }
                Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
                Poll::Pending => Poll::Pending,
            },
            Err(error) => {
                self.saw(0);
                Poll::Ready(Err(error))
            }
        }
    }

    fn read(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let Body::Streamed(body) = &self.exchange.request.body else { return Poll::Ready(Ok(())) };
        let mut buffer = vec![0; READ_BYTES];
        let count = match body.poll_fill(cx, &mut buffer) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(count) => count.map_err(|mut error| {
                error.details_mut().sent = Sent::Maybe;
                error
            })?,
        };
        self.body_bytes += count as u64;
        let kept = count.min(MOST_BODY_KEPT - self.body.len());
        self.body.extend_from_slice(&buffer[..kept]);
        self.body_read = body.progress().1;
        Poll::Ready(Ok(()))
    }

    fn saw(&self, rule: u32) {
        let request = &self.exchange.request;
        self.mock.saw(Seen {
            method: request.method.as_str().into(),
            url: request.url.as_str().into(),
            headers: self.headers.clone(),
            body: self.body.clone(),
            body_bytes: self.body_bytes,
            rule,
        });
    }

    fn poll_sleep(&mut self, delay: Duration, cx: &mut Context<'_>) -> Poll<()> {
        if delay.is_zero() {
            return Poll::Ready(());
        }
        let timers = &self.timers;
        let sleep = self.sleep.get_or_insert_with(|| timers.at(timers.now().saturating_add(delay)));
        Pin::new(sleep).poll(cx)
    }

    fn head(&mut self, answer: &AnswerHead) -> Result<Head, Error> {
        let limits = self.exchange.head_limits;
        let mut head = Head { status: answer.status, version: answer.version, ..Head::default() };
        for (status, fields) in &answer.interim {
            head.interim.push(Interim { status: *status, headers: block(fields, limits)? });
        }
        head.headers = block(&answer.headers, limits)?;
        let all = answer.interim.iter().map(|(_, fields)| fields).chain([&answer.headers]);
        self.response_header_bytes = all.map(wire_bytes).sum();
        if self.response_header_bytes > limits.bytes as u64 {
            let message = format!("the response head is longer than {} bytes", limits.bytes);
            return Err(Error::new(HS_ERR_HEADERS_TOO_LARGE, message));
        }
        let may_switch = self.exchange.request.headers.iter().any(|header| header.is("upgrade"));
        framing::check(&head, may_switch)?;
        if head.version < self.exchange.min_http {
            let (found, least) = (head.version.name(), self.exchange.min_http.name());
            let message = format!("the server speaks {found} on this connection: at least {least} is asked for");
            return Err(Error::new(HS_ERR_HTTP_VERSION, message));
        }
        Ok(head)
    }

    pub fn poll_body(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Vec<u8>>, Error>> {
        let Some(chosen) = self.chosen.clone() else { return Poll::Pending };
        let answer = &chosen.rule.answer;
        let Some(head) = &answer.head else { return Poll::Pending };
        let announced = head.headers.get(b"content-length", 0).and_then(decimal);
        let bodiless = self.exchange.request.method.is_head() || matches!(head.status, 204 | 304);
        let there = if bodiless { 0 } else { answer.body.len() };
        let whole = announced.map_or(there, |length| there.min(usize::try_from(length).unwrap_or(usize::MAX)));
        let end = if answer.fault.is_some() { whole.min(answer.fault_after) } else { whole };
        if self.given < end {
            if self.given > 0 && self.poll_sleep(answer.piece_delay, cx).is_pending() {
                return Poll::Pending;
            }
            self.sleep = None;
            let piece = &answer.body[self.given..end.min(self.given.saturating_add(answer.piece_bytes))];
            self.given += piece.len();
            return Poll::Ready(Ok(Some(piece.to_vec())));
        }
        self.count(&chosen);
        match &answer.fault {
            Some(Fault::Fails { status, message }) => Poll::Ready(Err(self.failure(*status, message))),
            Some(Fault::Stalls) => Poll::Pending,
            None if !bodiless && announced.is_some_and(|length| length > whole as u64) => {
                let message = format!("it has {whole} of {} bytes", announced.unwrap_or(0));
                Poll::Ready(Err(self.failure(HS_ERR_BODY_TRUNCATED, &message)))
            }
            None => Poll::Ready(Ok(None)),
        }
    }

    fn count(&mut self, chosen: &Chosen) {
        if !self.counted {
            self.counted = true;
            self.mock.completed(chosen);
        }
    }

    fn failure(&self, status: hs_status, why: &str) -> Error {
        let what = row(status).map_or("", |row| row.message);
        let message = if status == HS_ERR_MOCK { why.to_owned() } else { format!("{what}: {why}") };
        let mut error = Error::new(status, message);
        let Progress { phase, sent } = self.progress();
        let details = error.details_mut();
        details.sent = sent;
        if matches!(status, HS_ERR_RECEIVE | HS_ERR_HTTP2) {
            details.phase = phase;
        }
        details.retryable = match status {
            HS_ERR_PROXY_AUTH | HS_ERR_MOCK => Retryable::No,
            status if is_lasting_in_tls(status) => Retryable::No,
            _ => retryable(sent, self.exchange.request.is_replay_safe()),
        };
        error
    }

    pub fn progress(&self) -> Progress {
        if self.stage == Stage::InBody {
            return Progress { phase: HS_PHASE_BODY, sent: Sent::Yes };
        }
        let Some(chosen) = &self.chosen else {
            return if self.body_bytes > 0 {
                Progress { phase: HS_PHASE_SEND, sent: Sent::Maybe }
            } else {
                Progress::default()
            };
        };
        match &chosen.rule.answer.fault {
            Some(Fault::Fails { status, .. }) if is_before_sending(*status) => {
                Progress { phase: row(*status).map_or(HS_PHASE_CONNECT, |row| row.phase), sent: Sent::No }
            }
            Some(Fault::Fails { status: HS_ERR_SEND, .. }) => Progress { phase: HS_PHASE_SEND, sent: Sent::Maybe },
            _ => Progress { phase: HS_PHASE_FIRST_BYTE, sent: Sent::Maybe },
        }
    }

    pub fn metrics(&self) -> ExchangeMetrics {
        ExchangeMetrics {
            sent: self.progress().sent != Sent::No,
            request_header_bytes: wire_bytes(&self.headers),
            request_body_bytes: self.body_bytes,
            response_header_bytes: self.response_header_bytes,
            response_body_bytes: self.given as u64,
            ..ExchangeMetrics::default()
        }
    }

    pub fn trailers(&mut self) -> HeaderBlock {
        std::mem::take(&mut self.trailers)
    }
}

/// The fields of a request as they would be sent.
pub(super) fn fields(exchange: &ExchangeRequest) -> Fields {
    let request = &exchange.request;
    let mut fields = Fields::default();
    let mut add = |name: &str, value: &[u8]| {
        if !request.headers.iter().any(|header| header.is(name)) {
            fields.0.push((name.as_bytes().to_vec(), value.to_vec()));
        }
    };
    let origin = request.url.origin();
    add("Host", origin.split_once("://").map_or(origin, |(_, authority)| authority).as_bytes());
    add("User-Agent", exchange.user_agent.as_bytes());
    fields.0.extend(request.sent_headers().map(|header| (header.name.clone().into_bytes(), header.value.clone())));
    if let Some(value) = &exchange.traceparent {
        fields.0.push((TRACEPARENT.as_bytes().to_vec(), value.clone().into_bytes()));
    }
    fields
}

fn block(fields: &Fields, limits: HeadLimits) -> Result<HeaderBlock, Error> {
    let mut block = HeaderBlock::default();
    for (name, value) in &fields.0 {
        block.push_line(&[name, &b": "[..], value].concat(), limits)?;
    }
    Ok(block)
}

/// Each with its colon, blank and line end.
fn wire_bytes(fields: &Fields) -> u64 {
    fields.0.iter().map(|(name, value)| (name.len() + value.len() + 4) as u64).sum()
}
