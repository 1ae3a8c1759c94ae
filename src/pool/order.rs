//! A request on its way through the pool, and the promise that it ends exactly once.

use super::Shared;
use super::channel;
use super::schedule::{Handed, Id};
use crate::call::Limits;
use crate::cancel::{Cancel, Cancels};
use crate::error::Error;
use crate::http::request::Request;
use crate::http::response::{HttpVersion, Response};
use crate::status::{HS_ERR_CANCELLED, HS_ERR_PANIC};
use crate::worker::Tail;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Takes the body of a response piece by piece, on a thread of the pool.
pub type OnBody = Box<dyn FnMut(&[u8]) -> Result<(), i32> + Send>;

/// A request as it was accepted.
pub struct Order {
    pub request: Request,
    pub limits: Limits,
    pub cancel: Option<Cancel>,
    pub on_body: Option<OnBody>,
    /// Its body is read from a channel, by whoever has the response.
    pub streamed: bool,
    /// Becomes true where it is not accepted, before it is dropped.
    pub refused: Option<Arc<AtomicBool>>,
}

/// What has become of a request.
pub struct Done {
    pub tag: u64,
    pub outcome: Outcome,
}

pub enum Outcome {
    Response(Box<Response>),
    /// The head has come, and the body is to be had from there.
    Stream(Box<Response>, BodyReader),
    Failed(Error),
    /// There is something in a body for which somebody looked in vain.
    Readable,
    /// There is room in a pipe for who found too little, or nobody reads it any more.
    Writable,
}

/// Where a streamed body is read, on any thread: its bytes, then what it came to.
pub type BodyReader = channel::Receiver<Result<Tail, Error>>;
pub type BodyWriter = channel::Sender<Result<Tail, Error>>;

/// What waits for its reader at most, besides what libcurl holds.
const MOST_WAITING: usize = 256 * 1024;

/// A request that was handed to a thread. Whatever happens to it, also where it is only dropped, there is one completion
/// and its place becomes free.
pub struct Ticket {
    shared: Arc<Shared>,
    id: Id,
    tag: u64,
    told: bool,
    multiplexed: Option<bool>,
}

impl Ticket {
    /// The order, its promise, and what ends it.
    pub fn of(shared: &Arc<Shared>, handed: Handed<Box<Order>>) -> (Ticket, Box<Order>, Cancels) {
        let Handed { id, tag, cancel, job } = handed;
        let cancels = Cancels::either(cancel, job.cancel.clone());
        let shared = shared.clone();
        (Ticket { shared, id, tag, told: false, multiplexed: None }, job, cancels)
    }

    /// Ends the request.
    pub fn complete(mut self, outcome: Result<Response, Error>) {
        self.tell(match outcome {
            Ok(response) => Outcome::Response(Box::new(response)),
            Err(error) => Outcome::Failed(error),
        });
    }

    /// The head is there; the request goes on until this is dropped.
    pub fn open(&mut self, response: Response) -> BodyWriter {
        let (writer, reader) = channel::channel(MOST_WAITING);
        let (shared, tag) = (Arc::downgrade(&self.shared), self.tag);
        reader.set_notifier(move || {
            if let Some(shared) = shared.upgrade() {
                shared.completions.push(Done { tag, outcome: Outcome::Readable });
            }
        });
        self.tell(Outcome::Stream(Box::new(response), reader));
        writer
    }

    fn tell(&mut self, outcome: Outcome) {
        if let Outcome::Response(response) | Outcome::Stream(response, _) = &outcome {
            self.multiplexed = Some(response.head.version == HttpVersion::Http2);
        }
        self.told = true;
        self.shared.completed(Done { tag: self.tag, outcome });
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if !self.told {
            let status = if self.shared.is_stopped() { HS_ERR_CANCELLED } else { HS_ERR_PANIC };
            self.tell(Outcome::Failed(Error::plain(status)));
        }
        self.shared.finished(self.id, self.multiplexed);
    }
}
