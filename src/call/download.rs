//! A body into a file, which goes on where a connection broke off: Range (RFC 9110, section 14) for what is missing, and
//! If-Range (section 13.1.5) so that it is missing from the same version.

use super::{Call, Ground, HeadOnly, Limits, retry, wait_for_start};
use crate::body::{Sink, too_large};
use crate::cancel::Cancels;
use crate::error::{Error, Resume};
use crate::http::headers::{Header, HeaderBlock};
use crate::http::request::Request;
use crate::http::response::Response;
use crate::status::*;
use std::io;
use std::rc::Rc;
use std::time::Duration;

/// The file that receives the body.
pub trait Target {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Forgets so many bytes at its end.
    fn take_back(&mut self, bytes: u64) -> io::Result<()>;
}

#[derive(Clone, Debug)]
pub struct Plan {
    /// How much the file has already, and of which version.
    pub have: u64,
    pub validator: Option<String>,
    /// How often in a row it is tried to go on without getting anything.
    pub patience: u32,
    /// How long the body may be that comes with anything but success; it goes into the response.
    pub page_limit: u64,
}

struct Download<'a> {
    call: &'a Rc<Call>,
    request: &'a Rc<Request>,
    target: &'a mut dyn Target,
    plan: Plan,
    /// The head of an answer with content came: from now on it is worth going on.
    begun: bool,
}

pub async fn download(
    ground: Ground,
    limits: Limits,
    cancels: Cancels,
    request: &Rc<Request>,
    plan: Plan,
    target: &mut dyn Target,
) -> Result<Response, Error> {
    wait_for_start(&ground, &limits, &cancels).await?;
    let call = Call::new(ground, limits, cancels, request);
    let mut download = Download { call: &call, request, target, plan, begun: false };
    let result = download.run().await.map_err(|mut error| {
        let Plan { have, validator, .. } = &download.plan;
        error.details_mut().resume = Some(Box::new(Resume { bytes: *have, validator: validator.clone() }));
        error
    });
    let mut response = call.over(result)?;
    (response.trace, response.attempts) = (call.watch.trace(), call.history());
    Ok(response)
}

impl Download<'_> {
    async fn run(&mut self) -> Result<Response, Error> {
        let mut in_vain = 0;
        loop {
            let before = self.plan.have;
            let error = match self.part().await {
                Ok(Some(response)) => return Ok(response),
                // The server sent less than was asked for, and said so.
                Ok(None) if self.plan.have > before => continue,
                Ok(None) => return Err(Error::new(HS_ERR_RESUME, "the server sent an empty part of the file")),
                Err(error) => error,
            };
            in_vain = if self.plan.have > before { 0 } else { in_vain + 1 };
            let goes_on = self.begun && self.plan.validator.is_some() && in_vain < self.plan.patience;
            if !goes_on || !broke_off(error.status()) {
                return Err(error);
            }
        }
    }

    /// One request for what is missing; `None` where more is missing after it.
    async fn part(&mut self) -> Result<Option<Response>, Error> {
        let (mut response, mut incoming) = retry::run(self.call, &self.asked()?, HeadOnly).await?;
        let headers = &response.head.headers;
        let whole = match response.head.status {
            206 => {
                let part = content_range(headers).filter(|part| part.first == Some(self.plan.have));
                let Some(part) = part.filter(|_| self.plan.have > 0) else {
                    let shown = headers.get(b"content-range", 0).unwrap_or_default().escape_ascii();
                    return incoming.received(Err(Error::new(
                        HS_ERR_RESUME,
                        format!("the server sent part \"{shown}\", not what follows byte {}", self.plan.have),
                    )));
                };
                if let (Some(now), Some(known)) = (validator(headers), &self.plan.validator)
                    && now.starts_with('"') == known.starts_with('"')
                    && now != *known
                {
                    return incoming.received(Err(Error::new(HS_ERR_RESUME, "the file on the server has changed")));
                }
                part.whole
            }
            200 => {
                if self.plan.have > 0 {
                    let again = self.target.take_back(self.plan.have);
                    incoming.received(again.map_err(|error| {
                        let why =
                            format!("the server sends the file from its start, and what was written stays: {error}");
                        Error::new(HS_ERR_RESUME, why)
                    }))?;
                    self.plan.have = 0;
                }
                self.plan.validator = validator(headers);
                None
            }
            _ => {
                let mut page = Sink::Buffer(Vec::new());
                let mut length = 0;
                while let Some(bytes) = incoming.next().await? {
                    length += bytes.len() as u64;
                    if length > self.plan.page_limit {
                        return incoming.received(Err(too_large(self.plan.page_limit, "sent more")));
                    }
                    incoming.received(page.take(bytes))?;
                }
                response.body = page.take_body();
                return Ok(Some(self.finished(response, &incoming)));
            }
        };
        self.begun = true;
        while let Some(bytes) = incoming.next().await? {
            let written = self.target.append(&bytes);
            incoming.received(written.map_err(|error| {
                Error::new(HS_ERR_FILE, format!("the file cannot be written: {error}")).with_os_error(&error)
            }))?;
            self.plan.have += bytes.len() as u64;
        }
        if whole.is_some_and(|whole| self.plan.have < whole) {
            return Ok(None);
        }
        Ok(Some(self.finished(response, &incoming)))
    }

    fn finished(&self, mut response: Response, incoming: &super::Incoming) -> Response {
        incoming.complete(&mut response);
        response.metrics.file_bytes = self.plan.have;
        response
    }

    /// The request, for what is missing.
    fn asked(&self) -> Result<Rc<Request>, Error> {
        if self.plan.have == 0 {
            return Ok(self.request.clone());
        }
        let mut request = (**self.request).clone();
        let range = format!("bytes={}-", self.plan.have);
        request.headers.push(Header::parse(b"Range", range.as_bytes(), false)?);
        if let Some(validator) = &self.plan.validator {
            request.headers.push(Header::parse(b"If-Range", validator.as_bytes(), false)?);
        }
        Ok(Rc::new(request))
    }
}

/// What ends an exchange without saying anything against the next one.
fn broke_off(status: hs_status) -> bool {
    matches!(
        status,
        HS_ERR_BODY_TRUNCATED
            | HS_ERR_RECEIVE
            | HS_ERR_IDLE_TIMEOUT
            | HS_ERR_HTTP2
            | HS_ERR_CONNECTION_CLOSED
            | HS_ERR_CONNECT
            | HS_ERR_CONNECT_TIMEOUT
            | HS_ERR_ATTEMPT_TIMEOUT
    )
}

/// By what the version of a file is known again: a strong entity tag, or else a date that is strong by RFC 9110, section
/// 8.8.2.2.
fn validator(headers: &HeaderBlock) -> Option<String> {
    if headers.get(b"accept-ranges", 0).is_some_and(|value| value.eq_ignore_ascii_case(b"none")) {
        return None;
    }
    let text = |name: &[u8]| headers.get(name, 0).and_then(|value| std::str::from_utf8(value).ok());
    if let Some(tag) = text(b"etag") {
        return tag.starts_with('"').then(|| tag.to_owned());
    }
    const STRONG_AFTER: Duration = Duration::from_secs(60);
    let modified = text(b"last-modified")?;
    let changed = httpdate::parse_http_date(modified).ok()?;
    let sent = httpdate::parse_http_date(text(b"date")?).ok()?;
    (sent.duration_since(changed).ok()? >= STRONG_AFTER).then(|| modified.to_owned())
}

#[derive(Debug, PartialEq, Eq)]
struct ContentRange {
    /// `None` where the range was not satisfiable.
    first: Option<u64>,
    whole: Option<u64>,
}

/// `bytes 5-9/10`, `bytes 5-9/*` or `bytes */10`.
fn content_range(headers: &HeaderBlock) -> Option<ContentRange> {
    let value = std::str::from_utf8(headers.get(b"content-range", 0)?).ok()?;
    let (unit, range) = value.split_once(' ')?;
    let (span, whole) = range.trim().split_once('/')?;
    let digits = |text: &str| {
        (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok()).flatten()
    };
    let whole = if whole == "*" { None } else { Some(digits(whole)?) };
    let first = match span {
        "*" => None,
        _ => {
            let (first, last) = span.split_once('-')?;
            let (first, last): (u64, u64) = (digits(first)?, digits(last)?);
            if last < first || whole.is_some_and(|whole| last >= whole) {
                return None;
            }
            Some(first)
        }
    };
    unit.eq_ignore_ascii_case("bytes").then_some(ContentRange { first, whole })
}

#[cfg(feature = "fuzzing")]
pub fn range_of(headers: &HeaderBlock) -> Option<(Option<u64>, Option<u64>)> {
    content_range(headers).map(|range| (range.first, range.whole))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::headers::HeadLimits;

    fn block(lines: &[&str]) -> HeaderBlock {
        let mut block = HeaderBlock::default();
        for line in lines {
            block.push_line(line.as_bytes(), HeadLimits { bytes: 1000, fields: 10 }).unwrap();
        }
        block
    }

    #[test]
    fn ranges_are_taken_at_their_word_or_not_at_all() {
        let range = |text: &str| content_range(&block(&[&format!("Content-Range: {text}")]));
        assert_eq!(range("bytes 5-9/10"), Some(ContentRange { first: Some(5), whole: Some(10) }));
        assert_eq!(range("BYTES 5-9/*"), Some(ContentRange { first: Some(5), whole: None }));
        assert_eq!(range("bytes */10"), Some(ContentRange { first: None, whole: Some(10) }));
        for bad in
            ["bytes 5-9", "items 5-9/10", "bytes 9-5/10", "bytes 5-10/10", "bytes +5-9/10", "bytes -9/10", "5-9/10"]
        {
            assert_eq!(range(bad), None, "{bad}");
        }
        assert_eq!(content_range(&block(&[])), None);
    }

    #[test]
    fn only_strong_validators_are_trusted() {
        let date = "Date: Sun, 06 Nov 1994 08:50:37 GMT";
        let of = |lines: &[&str]| validator(&block(lines));
        assert_eq!(of(&["ETag: \"a\""]), Some("\"a\"".into()));
        assert_eq!(of(&["ETag: W/\"a\"", date, "Last-Modified: Sun, 06 Nov 1994 08:00:00 GMT"]), None);
        assert_eq!(of(&["ETag: \"a\"", "Accept-Ranges: none"]), None);
        let old = "Sun, 06 Nov 1994 08:49:37 GMT";
        assert_eq!(of(&[&format!("Last-Modified: {old}"), date]), Some(old.into()));
        assert_eq!(of(&["Last-Modified: Sun, 06 Nov 1994 08:49:38 GMT", date]), None);
        assert_eq!(of(&[&format!("Last-Modified: {old}")]), None);
    }
}
