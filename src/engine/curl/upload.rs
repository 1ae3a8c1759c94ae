//! Bodies that are sent while somebody else still makes them: where there is nothing to send yet, libcurl pauses the
//! transfer, and whoever has the next bytes ends the engine's wait and says for which one.

use crate::engine::ExchangeId;
use crate::runtime::wake::Unpark;
use crossbeam_queue::SegQueue;
use std::sync::Arc;
use std::task::{Wake, Waker};

/// The transfers whose bodies go on. One that has ended meanwhile may be named, and so may one that waits for more.
pub struct Uploads {
    going_on: SegQueue<ExchangeId>,
    engine: Arc<dyn Unpark>,
}

struct Bell {
    transfer: ExchangeId,
    uploads: Arc<Uploads>,
}

impl Uploads {
    pub fn new(engine: Arc<dyn Unpark>) -> Arc<Uploads> {
        Arc::new(Uploads { going_on: SegQueue::new(), engine })
    }

    /// What a source of bytes is given that has none yet.
    pub fn waker(self: &Arc<Self>, transfer: ExchangeId) -> Waker {
        Waker::from(Arc::new(Bell { transfer, uploads: self.clone() }))
    }

    pub fn is_empty(&self) -> bool {
        self.going_on.is_empty()
    }

    pub fn next(&self) -> Option<ExchangeId> {
        self.going_on.pop()
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.uploads.going_on.push(self.transfer);
        self.uploads.engine.unpark();
    }
}
