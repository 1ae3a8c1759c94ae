//! Getting a token from each of several buckets, or from none, at once or after a wait.
//!
//! Who waits does so in the queue of a bucket that has none for him, and holds nothing meanwhile. When it is his turn there
//! he takes from all, or goes on to the queue of the next one that has none, to the place that his arrival gives him. Who
//! was sent to and fro a few times stays in all of these queues, for else it could go on for ever.

use super::bucket::{Admission, Bucket, Denied};
use super::table::EventKind;
use crate::runtime::clock::Instant;
use crate::runtime::timers::{Sleep, Timers};
use smallvec::{SmallVec, smallvec};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// More is wanted than there can ever be.
    NeverFits,
    /// It would begin, or would have begun, after the deadline.
    TooLate,
    /// Too many wait already.
    QueueFull,
    /// There is none now, and waiting was not asked for.
    NotNow,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    pub key: Box<str>,
    pub reason: Reason,
    /// How long the wait would be.
    pub wait: Duration,
}

/// What was let through. Dropping it changes nothing: what was taken was used.
#[must_use]
pub struct Ticket {
    admissions: Admissions,
    /// How long it took.
    pub waited: Duration,
}

impl Ticket {
    /// Nothing was sent: all is given back.
    pub fn refund(self) {
        give_back(self.admissions);
    }

    pub fn admissions(&self) -> &[(Bucket, Admission)] {
        &self.admissions
    }
}

/// One is the usual number.
type Admissions = SmallVec<[(Bucket, Admission); 1]>;

fn give_back(admissions: Admissions) {
    admissions.into_iter().for_each(|(bucket, admission)| bucket.give_back(admission));
}

/// The order of those who wait, over all threads and buckets.
static ARRIVALS: AtomicU64 = AtomicU64::new(0);
const MOST_MOVES: u32 = 3;

/// Takes now or not at all.
pub fn try_acquire(wanted: &[(Bucket, u32)]) -> Result<Ticket, Refused> {
    if let Some(ticket) = pass(wanted) {
        return Ok(ticket);
    }
    let denied = match take(wanted, ARRIVALS.fetch_add(1, Ordering::Relaxed)) {
        Ok(admissions) => return Ok(Ticket { admissions, waited: Duration::ZERO }),
        Err(denied) => denied,
    };
    let (bucket, cost) = &wanted[denied.0];
    Err(refuse(bucket, *cost, denied.1, Reason::NotNow))
}

/// Takes, waiting for it in the order of arrival. Refused at once where that would take beyond the deadline, and later
/// where it turns out so. Dropping it leaves the queue.
pub async fn acquire(
    wanted: &[(Bucket, u32)],
    timers: &Rc<Timers>,
    deadline: Option<Instant>,
) -> Result<Ticket, Refused> {
    if let Some(ticket) = pass(wanted) {
        return Ok(ticket);
    }
    let arrival = ARRIVALS.fetch_add(1, Ordering::Relaxed);
    let since = timers.now();
    let mut waiting = Waiting { wanted, timers, deadline, arrival, since, places: Vec::new(), moves: 0, sleep: None };
    poll_fn(|cx| waiting.poll(cx)).await
}

/// The usual case: one bucket, one token, and nobody waits.
pub fn pass(wanted: &[(Bucket, u32)]) -> Option<Ticket> {
    pass_at(wanted, wanted.first().map_or(Instant(0), |(bucket, _)| bucket.now()))
}

/// The same for those who have just read the bucket's clock.
pub fn pass_at(wanted: &[(Bucket, u32)], now: Instant) -> Option<Ticket> {
    match wanted {
        [] => Some(Ticket { admissions: Admissions::new(), waited: Duration::ZERO }),
        [(bucket, cost)] => {
            let admission = bucket.pass(now, *cost)?;
            Some(Ticket { admissions: smallvec![(bucket.clone(), admission)], waited: Duration::ZERO })
        }
        _ => None,
    }
}

/// The same for those who need no ticket.
pub fn pass_one(bucket: &Bucket, cost: u32) -> Option<Admission> {
    bucket.pass(bucket.now(), cost)
}

/// From all, or which one has none. Where several have none, the one that takes longest.
fn take(wanted: &[(Bucket, u32)], arrival: u64) -> Result<Admissions, (usize, Denied)> {
    if wanted.len() > 1 {
        look(wanted, arrival)?;
    }
    let mut taken = Admissions::new();
    for (index, (bucket, cost)) in wanted.iter().enumerate() {
        match bucket.take_in_turn(bucket.now(), *cost, arrival) {
            Ok(admission) => taken.push((bucket.clone(), admission)),
            Err(denied) => {
                give_back(taken);
                return Err((index, denied));
            }
        }
    }
    Ok(taken)
}

/// So that nothing is taken and given back while it can be seen that one has none: whoever waits would be woken by that.
fn look(wanted: &[(Bucket, u32)], arrival: u64) -> Result<(), (usize, Denied)> {
    let mut worst: Option<(usize, Denied, Duration)> = None;
    for (index, (bucket, cost)) in wanted.iter().enumerate() {
        let now = bucket.now();
        let (denied, wait) = match bucket.look(now, *cost, arrival) {
            Ok(()) => continue,
            Err(denied @ Denied::NeverFits) => (denied, Duration::MAX),
            Err(denied @ Denied::Until(until)) => (denied, until.since(now)),
        };
        if worst.is_none_or(|(_, _, longest)| wait > longest) {
            worst = Some((index, denied, wait));
        }
    }
    worst.map_or(Ok(()), |(index, denied, _)| Err((index, denied)))
}

fn refuse(bucket: &Bucket, cost: u32, denied: Denied, otherwise: Reason) -> Refused {
    let now = bucket.now();
    let (reason, wait) = match denied {
        Denied::NeverFits => (Reason::NeverFits, Duration::ZERO),
        Denied::Until(until) => (otherwise, until.since(now)),
    };
    bucket.report(EventKind::Rejected, now, wait, cost);
    Refused { key: bucket.key().into(), reason, wait }
}

struct Waiting<'a> {
    wanted: &'a [(Bucket, u32)],
    timers: &'a Rc<Timers>,
    deadline: Option<Instant>,
    arrival: u64,
    since: Instant,
    /// In whose queues it is.
    places: Vec<usize>,
    moves: u32,
    sleep: Option<Sleep>,
}

impl Waiting<'_> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Ticket, Refused>> {
        loop {
            let mut until = None;
            if self.is_my_turn(cx) {
                let (index, denied) = match take(self.wanted, self.arrival) {
                    Ok(admissions) => {
                        self.leave();
                        let waited = self.timers.now().since(self.since);
                        return Poll::Ready(Ok(Ticket { admissions, waited }));
                    }
                    Err(denied) => denied,
                };
                let (bucket, cost) = &self.wanted[index];
                let wait = match denied {
                    Denied::Until(moment) => moment.since(bucket.now()),
                    Denied::NeverFits => Duration::MAX,
                };
                let then = self.timers.now().saturating_add(wait);
                if denied == Denied::NeverFits || self.deadline.is_some_and(|deadline| then > deadline) {
                    return Poll::Ready(Err(self.refuse(index, denied, Reason::TooLate)));
                }
                if !self.places.contains(&index) {
                    if let Err(refused) = self.move_to(index, wait) {
                        return Poll::Ready(Err(refused));
                    }
                    if self.moves == 1 {
                        bucket.report(EventKind::Wait, bucket.now(), wait, *cost);
                    }
                    continue;
                }
                until = Some(then);
            } else if self.deadline.is_some_and(|deadline| self.timers.now() >= deadline) {
                let index = self.places[0];
                let now = self.wanted[index].0.now();
                return Poll::Ready(Err(self.refuse(index, Denied::Until(now), Reason::TooLate)));
            }
            self.sleep = match (until, self.deadline) {
                (Some(until), Some(deadline)) => Some(until.min(deadline)),
                (until, deadline) => until.or(deadline),
            }
            .map(|at| self.timers.at(at));
            if self.sleep.as_mut().is_none_or(|sleep| Pin::new(sleep).poll(cx).is_pending()) {
                return Poll::Pending;
            }
        }
    }

    fn is_my_turn(&self, cx: &Context<'_>) -> bool {
        // All of them, so that each knows whom to wake.
        let firsts = self.places.iter().filter(|&&place| self.wanted[place].0.is_first(self.arrival, cx.waker()));
        firsts.count() == self.places.len()
    }

    fn move_to(&mut self, index: usize, wait: Duration) -> Result<(), Refused> {
        let newcomer = self.places.is_empty();
        if self.moves < MOST_MOVES {
            self.leave();
        }
        self.moves += 1;
        let (bucket, cost) = &self.wanted[index];
        if !bucket.join(self.arrival, *cost, newcomer) {
            let until = bucket.now().saturating_add(wait);
            return Err(self.refuse(index, Denied::Until(until), Reason::QueueFull));
        }
        self.places.push(index);
        Ok(())
    }

    fn refuse(&mut self, index: usize, denied: Denied, otherwise: Reason) -> Refused {
        self.leave();
        let (bucket, cost) = &self.wanted[index];
        refuse(bucket, *cost, denied, otherwise)
    }

    fn leave(&mut self) {
        for place in std::mem::take(&mut self.places) {
            self.wanted[place].0.leave(self.arrival);
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.leave();
    }
}
