//! A response whose head has come and whose body is taken from it piece by piece.

use super::{Patience, Running, retry};
use crate::body::Pipeline;
use crate::body::decode::codings;
use crate::error::Error;
use crate::hop;
use crate::http::headers::HeaderBlock;
use crate::http::metrics::Metrics;
use crate::http::request::Request;
use crate::http::response::{Head, Response};
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

pub struct Incoming {
    running: Running,
    /// What the caller asked for, which redirects may have turned into something else.
    asked: Rc<Request>,
    pipeline: Pipeline,
    decoded: u32,
}

impl Incoming {
    pub fn new(running: Running, asked: &Rc<Request>, head: &Head) -> Result<Incoming, Error> {
        let request = running.request();
        let codings = if request.decodes { running.received(codings(&head.headers))? } else { Vec::new() };
        let pipeline = Pipeline::new(&codings, running.call().limits().max_body_bytes)?;
        // Of a coded body this is not what will come of it.
        if codings.is_empty() {
            running.received(pipeline.expect(running.announced_length(head)))?;
        }
        Ok(Incoming { running, asked: asked.clone(), pipeline, decoded: codings.len() as u32 })
    }

    /// The next piece of the body; `None` at its end.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, Error> {
        self.next_within(&mut Patience::default(), None).await
    }

    /// The same for one who waits at most `wait` at a time; `HS_ERR_READ_TIMEOUT` when that is over, and nothing is lost.
    pub async fn next_within(
        &mut self,
        patience: &mut Patience,
        wait: Option<Duration>,
    ) -> Result<Option<Vec<u8>>, Error> {
        let piece = self.piece(patience, wait).await;
        let piece = piece.map_err(|error| hop::of_the_whole_chain(error, &self.asked, self.running.request()));
        if piece.as_ref().is_err_and(|error| !error.is_passing()) {
            self.running.count();
        }
        self.running.call().account(piece)
    }

    async fn piece(&mut self, patience: &mut Patience, wait: Option<Duration>) -> Result<Option<Vec<u8>>, Error> {
        loop {
            let piece = self.pipeline.pull();
            if let Some(piece) = self.running.received(piece)? {
                return Ok(Some(piece));
            }
            match self.running.piece(patience, wait).await? {
                Some(bytes) => self.pipeline.push(bytes),
                None => {
                    let ended = self.pipeline.finish();
                    self.running.received(ended)?;
                    self.running.completed();
                    return Ok(None);
                }
            }
        }
    }

    /// Waits for something that the server has no part in, as long as the call as a whole lasts.
    pub async fn meanwhile<F: Future>(&self, wait: F) -> Result<F::Output, Error> {
        let waited = self.running.meanwhile(wait).await;
        self.running.call().account(waited)
    }

    /// What went wrong with the body after the server had sent it.
    pub fn received<T>(&self, result: Result<T, Error>) -> Result<T, Error> {
        self.running.received(result)
    }

    /// The fields after the body, once.
    pub fn trailers(&self) -> HeaderBlock {
        self.running.trailers()
    }

    /// The request that is answered.
    pub fn request(&self) -> &Request {
        self.running.request()
    }

    /// Receives what is left where that is little and comes soon, so that the connection can be used again.
    pub async fn discard(self, head: &Head, within: Duration) {
        self.running.drain(head, within).await;
    }

    /// With the body the call is over, for better or worse.
    pub fn over<T>(&self, result: Result<T, Error>) -> Result<T, Error> {
        self.running.call().over(result)
    }

    /// The caller has the head, and no more can be had after it.
    pub fn broke_off(&self, error: Error) -> Error {
        let call = self.running.call();
        call.stop.set(retry::reason_for_stream(call, &error));
        error
    }

    /// The trace of the call so far.
    pub fn trace(&self) -> String {
        self.running.call().watch.trace()
    }

    /// Writes into the response what is known when its body is over.
    pub fn complete(&self, response: &mut Response) {
        response.metrics = self.metrics();
        response.trailers = self.trailers();
    }

    /// What the call has cost so far.
    pub fn metrics(&self) -> Metrics {
        let call = self.running.call();
        Metrics {
            total_ns: call.elapsed_ns(),
            queued_ns: call.queued.as_nanos() as u64,
            attempts: call.attempts.get(),
            stop: call.stop.get(),
            retry_after: call.retry_after.get(),
            decoded: self.decoded,
            auth_exchanges: call.auth_exchanges.get(),
            file_bytes: 0,
            exchange: self.running.metrics(),
        }
    }
}
