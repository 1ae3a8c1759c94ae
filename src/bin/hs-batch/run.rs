//! From the manifest to the results. One thread reads lines and submits them (`feed`), another takes what has ended and
//! writes it (`reap`); between the two there are never more lines than the window has.

use crate::abi::{Failure, Outcome, Pace, Pool, Request};
use crate::done::{Done, Meeting};
use crate::lines::{Line, Lines};
use crate::manifest::{self, Entry, Id, Refused};
use crate::options::Options;
use crate::output::Output;
use crate::progress::{Now, Progress};
use crate::result::{self, Wanted, Whose};
use crate::tally::Tally;
use crate::window::Window;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead};
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub struct Run {
    pub pool: Pool,
    pub tally: Mutex<Tally>,
    pace: Option<Pace>,
    window: Window,
    output: Mutex<Output<File>>,
    headers: Vec<(String, String)>,
    wanted: Wanted,
    max_line_bytes: u64,
    drain_ms: u64,
    /// By their places, which are the tags of their requests.
    pending: Mutex<HashMap<u64, Pending>>,
    /// Why nothing more is to be done.
    broken: Mutex<Option<String>>,
    signal: AtomicI32,
    stopping: AtomicBool,
    position: AtomicU64,
}

struct Pending {
    id: Box<str>,
    /// Sending it twice does no harm (RFC 9110, section 9.2.2).
    idempotent: bool,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Run {
    pub fn new(pool: Pool, pace: Option<Pace>, output: File, options: &Options) -> Self {
        Run {
            pool,
            pace,
            window: Window::new(options.window()),
            output: Mutex::new(Output::new(output, options.ordered)),
            tally: Mutex::new(Tally::new()),
            headers: options.header.clone(),
            wanted: Wanted { headers: options.headers, body: !options.no_body },
            max_line_bytes: options.max_line_bytes,
            drain_ms: options.drain_ms,
            pending: Mutex::default(),
            broken: Mutex::default(),
            signal: AtomicI32::new(0),
            stopping: AtomicBool::new(false),
            position: AtomicU64::new(0),
        }
    }

    /// No more lines are taken; what is under way, in flight or waiting in the pool, has a while to end.
    pub fn interrupt(self: &Arc<Self>, signal: i32) {
        self.signal.store(signal, Ordering::Release);
        crate::complain(&format!(
            "interrupted; what is under way has {} ms to end, and a second signal ends it at once",
            self.drain_ms
        ));
        self.stop(self.drain_ms);
    }

    /// The signal that ended the run, or 0.
    pub fn signal(&self) -> i32 {
        self.signal.load(Ordering::Acquire)
    }

    /// The first reason is the one that is told.
    fn break_off(self: &Arc<Self>, why: String, drain_ms: u64) {
        locked(&self.broken).get_or_insert(why);
        self.stop(drain_ms);
    }

    pub fn broken(&self) -> Option<String> {
        locked(&self.broken).clone()
    }

    fn stop(self: &Arc<Self>, drain_ms: u64) {
        self.stopping.store(true, Ordering::Release);
        self.window.close();
        if let Some(pace) = &self.pace {
            pace.stop();
        }
        // It returns when all has ended, and who ends it may be the caller.
        let run = self.clone();
        std::thread::spawn(move || run.pool.drain(drain_ms));
    }

    /// Reads the manifest to its end, or until the window is closed.
    pub fn feed(self: Arc<Self>, manifest: impl BufRead, mut done: Option<Done>) {
        // Also where this panics: who waits for the end must not wait for ever.
        let end = EndOfFeed(&self);
        let mut lines = Lines::new(manifest, self.max_line_bytes);
        loop {
            let number = lines.number + 1;
            let going_on = match lines.next() {
                Ok(Some(line)) => self.line(number, line, done.as_mut()),
                Ok(None) => break,
                Err(error) => {
                    self.break_off(format!("reading line {number} of the manifest: {error}"), self.drain_ms);
                    break;
                }
            };
            self.position.store(lines.position, Ordering::Relaxed);
            if !going_on {
                break;
            }
        }
        drop(end);
    }

    fn line(self: &Arc<Self>, number: u64, line: Line, done: Option<&mut Done>) -> bool {
        let mut read = match line {
            Line::TooLong { bytes } => {
                let why = format!("{bytes} bytes long: at most {}", self.max_line_bytes);
                Err(Refused { id: None, why })
            }
            Line::Text { text, .. } => {
                let text = if number == 1 { text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text) } else { text };
                if text.trim_ascii().is_empty() {
                    return true;
                }
                manifest::parse(text, number)
            }
        };
        if let Some(done) = done {
            let id = match &read {
                Ok(entry) => Some(&entry.id),
                Err(refused) => refused.id.as_ref(),
            };
            let mut meeting = id.map_or(Meeting::First, |id| done.meet_id(id));
            if meeting == Meeting::Again {
                let why = format!("id {} is that of an earlier line too", id.map_or("", |id| &id.raw));
                read = Err(Refused { id: None, why });
                meeting = Meeting::First;
            }
            if let Err(Refused { id: None, .. }) = read {
                meeting = done.meet_line(number);
            }
            if meeting != Meeting::First {
                locked(&self.tally).skipped += 1;
                return true;
            }
        }
        let Some(place) = self.window.begin() else { return false };
        match read {
            Ok(entry) => self.submit(place, entry),
            Err(Refused { id, why }) => {
                let failure = Failure::of_manifest(format!("line {number}: {why}"));
                let whose = id.as_ref().map_or(Whose::Line(number), |id: &Id| Whose::Id(&id.raw));
                self.end(place, whose, Err(failure));
            }
        }
        true
    }

    fn submit(self: &Arc<Self>, place: u64, entry: Entry) {
        if let Some(pace) = &self.pace
            && let Err(failure) = pace.wait()
        {
            return match failure.is_stopped() {
                true => self.give_up(place),
                false => self.end(place, Whose::Id(&entry.id.raw), Err(failure)),
            };
        }
        let mut headers: Vec<(&str, &str)> = Vec::with_capacity(entry.headers.len() + self.headers.len());
        headers.extend(entry.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let own = |name: &str| entry.headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
        let added = self.headers.iter().filter(|(name, _)| !own(name));
        headers.extend(added.map(|(name, value)| (name.as_str(), value.as_str())));
        let request = Request {
            method: &entry.method,
            url: &entry.url,
            headers: &headers,
            body: &entry.body,
            timeout_ms: entry.timeout_ms,
            max_attempts: entry.max_retries.map_or(0, |retries| retries + 1),
        };
        let idempotent = match entry.method.as_str() {
            "" => entry.body.is_empty(),
            method => ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"].contains(&method),
        };
        // Before it is submitted: it may have ended before that returns.
        locked(&self.pending).insert(place, Pending { id: entry.id.raw, idempotent });
        if let Err(failure) = self.pool.submit(&request, place) {
            self.complete(place, Err(failure));
        }
    }

    fn complete(self: &Arc<Self>, place: u64, outcome: Outcome) {
        let Some(Pending { id, idempotent }) = locked(&self.pending).remove(&place) else { return };
        // What was cut short by a signal has no result, so that the next run does it, unless that could do it twice.
        let unharmed = |failure: &Failure| failure.is_stopped() && (idempotent || failure.request_sent == "no");
        match self.stopping.load(Ordering::Acquire) && outcome.as_ref().is_err_and(unharmed) {
            true => self.give_up(place),
            false => self.end(place, Whose::Id(&id), outcome),
        }
    }

    fn give_up(self: &Arc<Self>, place: u64) {
        locked(&self.tally).given_up += 1;
        self.put(place, None);
    }

    fn end(self: &Arc<Self>, place: u64, whose: Whose, outcome: Outcome) {
        let line = result::line(whose, &outcome, self.wanted);
        match &outcome {
            Ok(response) => locked(&self.tally).answered(response),
            Err(failure) => locked(&self.tally).failed(failure),
        }
        drop(outcome);
        self.put(place, Some(line));
    }

    fn put(self: &Arc<Self>, place: u64, line: Option<Vec<u8>>) {
        let (ready, written) = locked(&self.output).put(place, line);
        self.check(written);
        self.window.end(ready);
    }

    fn check(self: &Arc<Self>, written: io::Result<()>) {
        if let Err(error) = written {
            let why = match error.kind() {
                io::ErrorKind::BrokenPipe => "writing results: nobody reads them any more".into(),
                _ => format!("writing results: {error}"),
            };
            self.break_off(why, 0);
        }
    }

    /// Until the manifest is read and all that was submitted has ended.
    pub fn reap(self: &Arc<Self>, progress: &mut Progress) {
        let mut ended = Vec::new();
        let interval = progress.interval().as_millis() as u64;
        while !self.window.is_over() {
            if let Err(failure) = self.pool.next(interval, &mut ended) {
                self.break_off(format!("waiting for results: {}", failure.message), 0);
                break;
            }
            for (place, outcome) in ended.drain(..) {
                self.complete(place, outcome);
            }
            let written = locked(&self.output).flush();
            self.check(written);
            progress.show(|| self.now());
        }
        let written = locked(&self.output).close();
        self.check(written);
    }

    fn now(&self) -> Now {
        let tally = locked(&self.tally);
        Now {
            position: self.position.load(Ordering::Relaxed),
            requests: tally.requests,
            failures: tally.failures(),
            under_way: self.window.under_way(),
        }
    }
}

struct EndOfFeed<'a>(&'a Arc<Run>);

impl Drop for EndOfFeed<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.break_off("reading the manifest: a fault of this program".into(), 0);
        }
        self.0.window.close();
        self.0.pool.wake();
    }
}
