//! A request on its way through the pool, and the promise that it ends exactly once.

use super::Shared;
use super::schedule::{Handed, Id};
use crate::call::Limits;
use crate::cancel::{Cancel, Cancels};
use crate::error::Error;
use crate::http::request::Request;
use crate::http::response::{HttpVersion, Response};
use crate::status::{HS_ERR_CANCELLED, HS_ERR_PANIC};
use std::sync::Arc;

/// Takes the body of a response piece by piece, on a thread of the pool.
pub type OnBody = Box<dyn FnMut(&[u8]) -> Result<(), i32> + Send>;

/// A request as it was accepted.
pub struct Order {
    pub request: Request,
    pub limits: Limits,
    pub cancel: Option<Cancel>,
    pub on_body: Option<OnBody>,
}

/// What has become of a request.
pub struct Done {
    pub tag: u64,
    pub outcome: Result<Box<Response>, Error>,
}

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
    pub fn of(shared: &Arc<Shared>, handed: Handed<Order>) -> (Ticket, Order, Cancels) {
        let Handed { id, tag, cancel, job } = handed;
        let cancels = Cancels::either(cancel, job.cancel.clone());
        let shared = shared.clone();
        (Ticket { shared, id, tag, told: false, multiplexed: None }, job, cancels)
    }

    /// Ends the request.
    pub fn complete(mut self, outcome: Result<Response, Error>) {
        self.tell(outcome);
    }

    fn tell(&mut self, outcome: Result<Response, Error>) {
        if let Ok(response) = &outcome {
            self.multiplexed = Some(response.head.version == HttpVersion::Http2);
        }
        self.told = true;
        self.shared.completed(Done { tag: self.tag, outcome: outcome.map(Box::new) });
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if !self.told {
            let status = if self.shared.is_stopped() { HS_ERR_CANCELLED } else { HS_ERR_PANIC };
            self.tell(Err(Error::plain(status)));
        }
        self.shared.finished(self.id, self.multiplexed);
    }
}
