//! Waiting without a network: nothing can happen but the passing of time, and somebody on another thread.

use crate::runtime::wake::Unpark;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

#[derive(Default)]
pub struct Parker {
    called: Mutex<bool>,
    bell: Condvar,
}

impl Parker {
    pub fn wait(&self, timeout: Option<Duration>) {
        let until = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let mut called = self.called.lock().unwrap_or_else(PoisonError::into_inner);
        while !*called {
            called = match until.map(|until| until.saturating_duration_since(Instant::now())) {
                Some(Duration::ZERO) => break,
                Some(left) => self.bell.wait_timeout(called, left).unwrap_or_else(PoisonError::into_inner).0,
                None => self.bell.wait(called).unwrap_or_else(PoisonError::into_inner),
            };
        }
        *called = false;
    }
}

impl Unpark for Parker {
    fn unpark(&self) {
        *self.called.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.bell.notify_one();
    }
}
