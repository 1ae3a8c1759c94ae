//! What a server has said of its quota. It can only make a bucket stricter, and only until the quota is whole again.

use crate::resilience::hints::{Hints, Names, Window, may_hold};
use crate::runtime::clock::Instant;
use std::time::Duration;

/// How servers are listened to.
#[derive(Clone, Debug)]
pub struct Learning {
    pub names: Names,
    /// What is further away is not believed.
    pub longest: Duration,
    /// By how much more than was asked for is waited at most, by chance, so that not all come back at once.
    pub jitter: Duration,
}

impl Default for Learning {
    fn default() -> Learning {
        let (longest, jitter) = (Duration::from_secs(300), Duration::from_millis(250));
        Learning { names: Names::default(), longest, jitter }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    RetryAfter,
    Quota,
    /// A 429 that says nothing else.
    Throttled,
}

/// What a response has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lesson {
    pub source: Source,
    /// Nothing is sent before.
    pub hold_until: Option<Instant>,
    /// What is left, without what was sent since.
    pub remaining: Option<u64>,
    /// A window that was not known before, or a hold: worth telling.
    pub is_news: bool,
}

/// A quota of the server's, as far as it is known.
#[derive(Clone, Copy, Debug)]
struct Known {
    policy: u64,
    reset_at: Instant,
    /// The same with some chance.
    until: Instant,
    remaining: u64,
    /// The number of the request whose response said so.
    base: u64,
    /// The number of the last one that may be sent.
    ceiling: u64,
}

/// Windows whose resets are this close are the same one: clocks and whole seconds allow no finer distinction.
const SAME: Duration = Duration::from_secs(1);
const MOST_POLICIES: usize = 8;

#[derive(Default)]
pub struct Knowledge {
    known: Vec<Known>,
}

impl Knowledge {
    /// Forgets what is over.
    pub fn expire(&mut self, now: Instant) {
        self.known.retain(|known| now < known.until);
    }

    /// The number of the last request that may be sent.
    pub fn ceiling(&self) -> u64 {
        self.known.iter().map(|known| known.ceiling).min().unwrap_or(u64::MAX)
    }

    /// Until when a request of that number has to wait.
    pub fn hold_until(&self, number: u64) -> Option<Instant> {
        self.known.iter().filter(|known| number > known.ceiling).map(|known| known.until).max()
    }

    /// The window with the least left, seen from the last request that was sent: when it is whole, and what is left.
    pub fn tightest(&self, sent: u64) -> Option<(Instant, u64)> {
        let tightest = self.known.iter().min_by_key(|known| known.ceiling)?;
        Some((tightest.reset_at, tightest.ceiling.saturating_sub(sent)))
    }

    /// A request of that number was not sent after all, which the server therefore has not counted.
    pub fn give_back(&mut self, number: u64, cost: u64) {
        for known in self.known.iter_mut().filter(|known| known.base < number) {
            known.ceiling = known.ceiling.saturating_add(cost);
        }
    }

    /// Takes in one window; false where it is known better.
    fn accept(
        &mut self,
        window: &Window,
        now: Instant,
        base: u64,
        until: impl FnOnce(Instant) -> Instant,
    ) -> Option<bool> {
        let reset_at = now.saturating_add(window.reset);
        let same = self.known.iter().position(|known| known.policy == window.policy);
        let fresh = match same.map(|at| &self.known[at]) {
            Some(old) if reset_at > old.reset_at.saturating_add(SAME) => true,
            Some(old) if old.reset_at > reset_at.saturating_add(SAME) || window.remaining >= old.remaining => {
                return None;
            }
            Some(_) => false,
            None if self.known.len() >= MOST_POLICIES => return None,
            None => true,
        };
        let until = match same {
            // The chance of a window is drawn once.
            Some(at) if !fresh => {
                let old = &self.known[at];
                reset_at.saturating_add(old.until.since(old.reset_at))
            }
            _ => until(reset_at),
        };
        let ceiling = base.saturating_add(window.remaining);
        let known = Known { policy: window.policy, reset_at, until, remaining: window.remaining, base, ceiling };
        match same {
            Some(at) => self.known[at] = known,
            None => self.known.push(known),
        }
        Some(fresh)
    }
}

/// What a response of that status says: a moment before which nothing is to be sent, or windows that were taken in.
/// `base` is the number of its request, `sent` that of the last one, and `after` puts some chance to a moment.
pub fn learn(
    knowledge: &mut Knowledge,
    learning: &Learning,
    (now, status, throttle): (Instant, u16, Duration),
    hints: &Hints,
    (base, sent): (u64, u64),
    mut after: impl FnMut(Instant) -> Instant,
) -> Option<Lesson> {
    knowledge.expire(now);
    let believable = |delay: &Duration| !delay.is_zero() && *delay <= learning.longest;
    if let Some(delay) = hints.retry_after.filter(|delay| may_hold(status) && believable(delay)) {
        let hold_until = Some(after(now.saturating_add(delay)));
        return Some(Lesson { source: Source::RetryAfter, hold_until, remaining: None, is_news: true });
    }
    let held_before = knowledge.hold_until(sent + 1);
    let mut news = None;
    for window in hints.windows.iter().filter(|window| believable(&window.reset)) {
        let accepted = knowledge.accept(window, now, base, &mut after);
        news = news.max(accepted);
    }
    let hold_until = knowledge.hold_until(sent + 1);
    if status == 429 && hold_until.is_none() {
        if throttle.is_zero() {
            return None;
        }
        let hold_until = Some(now.saturating_add(throttle));
        return Some(Lesson { source: Source::Throttled, hold_until, remaining: None, is_news: true });
    }
    let is_news = news? || hold_until > held_before;
    let remaining = knowledge.tightest(sent).map(|(_, left)| left);
    Some(Lesson { source: Source::Quota, hold_until, remaining, is_news })
}
