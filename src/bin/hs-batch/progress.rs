//! How far it is, on standard error.

use crate::options::When;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

pub enum Progress {
    None,
    /// Where the manifest's length is known it is a bar.
    Bar(ProgressBar),
    /// On what is no terminal.
    Lines(Instant),
}

/// As it is now.
pub struct Now {
    /// How many bytes of the manifest were read.
    pub position: u64,
    pub requests: u64,
    pub failures: u64,
    pub under_way: u32,
}

impl Now {
    fn text(&self) -> String {
        format!("{} done, {} failed, {} under way", self.requests, self.failures, self.under_way)
    }
}

impl Progress {
    pub fn new(when: When, length: Option<u64>) -> Self {
        let terminal = std::io::stderr().is_terminal();
        match when {
            When::Always if !terminal => Progress::Lines(Instant::now()),
            When::Auto | When::Always if terminal => {
                let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::stderr_with_hz(10));
                let style = match length {
                    Some(_) => ProgressStyle::with_template("{bar:30} {percent:>3}%  {msg}  {elapsed}"),
                    None => ProgressStyle::with_template("{spinner} {msg}  {elapsed}"),
                };
                bar.set_style(style.expect("the templates are right"));
                Progress::Bar(bar)
            }
            _ => Progress::None,
        }
    }

    /// How often it wants to be told.
    pub fn interval(&self) -> Duration {
        Duration::from_millis(if matches!(self, Progress::Bar(_)) { 100 } else { 500 })
    }

    pub fn show(&mut self, now: impl FnOnce() -> Now) {
        match self {
            Progress::None => {}
            Progress::Bar(bar) => {
                let now = now();
                bar.set_message(now.text());
                bar.set_position(now.position);
            }
            Progress::Lines(last) => {
                if last.elapsed() >= Duration::from_secs(1) {
                    *last = Instant::now();
                    let _ = writeln!(std::io::stderr(), "{}", now().text());
                }
            }
        }
    }

    pub fn clear(&self) {
        if let Progress::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}
