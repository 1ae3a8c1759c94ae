//! What a call's end says of its server.

use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The server does its work, also where its answer is "no".
    Success,
    Failure,
    /// Says nothing of the server: as if the call had not been.
    Neutral,
}

impl Outcome {
    /// Of a complete answer; `keyed`: the request had an idempotency key of ours.
    pub fn of_status(status: u16, keyed: bool) -> Outcome {
        match status {
            408 | 425 | 429 => Outcome::Neutral,
            409 if keyed => Outcome::Neutral,
            501 | 505 => Outcome::Success,
            500.. => Outcome::Failure,
            _ => Outcome::Success,
        }
    }

    /// Of an attempt that the caller's deadline ended: a deadline of less than a second may have been too tight for a
    /// healthy server.
    pub fn of_deadline(ran: Duration) -> Outcome {
        if ran < Duration::from_secs(1) { Outcome::Neutral } else { Outcome::Failure }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_say_whether_the_server_works() {
        let of = |status| Outcome::of_status(status, false);
        for status in [200, 204, 301, 304, 400, 401, 403, 404, 409, 418, 421, 422, 501, 505] {
            assert_eq!(of(status), Outcome::Success, "{status}");
        }
        for status in [500, 502, 503, 504, 507, 520, 599] {
            assert_eq!(of(status), Outcome::Failure, "{status}");
        }
        for status in [408, 425, 429] {
            assert_eq!(of(status), Outcome::Neutral, "{status}");
        }
        assert_eq!(Outcome::of_status(409, true), Outcome::Neutral);
    }

    #[test]
    fn a_tight_deadline_blames_nobody() {
        assert_eq!(Outcome::of_deadline(Duration::from_nanos(999_999_999)), Outcome::Neutral);
        assert_eq!(Outcome::of_deadline(Duration::from_secs(1)), Outcome::Failure);
    }
}
