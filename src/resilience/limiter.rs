//! The rate limiter: a table of buckets, each with its quota, its queue and what its server has said.
//!
//! A bucket lets requests through without a lock: while nobody waits, a token is one exchange. Who has to wait does so in
//! a queue behind a lock, in the order of arrival over all threads. Nothing is reserved: only the first of a queue has a
//! timer, and when it is due it takes what is there. So whoever gives up only leaves, and a new quota or a hold need not
//! be told to anybody but the first.

mod acquire;
mod bucket;
mod gcra;
mod learn;
mod log;
mod quota;
mod sync;
mod table;

pub use acquire::{Reason, Refused, Ticket, acquire, pass, pass_at, pass_one, try_acquire};
pub use bucket::{Admission, Bucket};
pub use learn::Learning;
pub use quota::{Mode, Wanted};
pub use table::{Event, EventKind, Limiter, Listener, Settings};

/// What came of the wish for a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Take {
    Got,
    /// Not before then; in nanoseconds, as all of a meter's times.
    Until(u64),
    /// So many were taken and no more are there; they are to be given back.
    Part(u64),
    /// This meter has ended; there is another one.
    Frozen,
}

#[cfg(test)]
mod tests;
