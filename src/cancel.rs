//! Cancelling: one switch that any thread may throw, and that any number of calls may wait for.

use slab::Slab;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

#[derive(Clone, Default)]
pub struct Cancel(Arc<Inner>);

#[derive(Default)]
struct Inner {
    triggered: AtomicBool,
    waiting: Mutex<Slab<Waker>>,
}

impl Inner {
    fn waiting(&self) -> MutexGuard<'_, Slab<Waker>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cancel {
    /// Throws the switch, for good: calls that wait end, later ones do not begin. Throwing it again does nothing.
    pub fn trigger(&self) {
        self.0.triggered.store(true, Ordering::SeqCst);
        // Whoever is woken may take locks of its own, and may have held them when it began to wait.
        let waiting: Vec<Waker> = self.0.waiting().iter().map(|(_, waker)| waker.clone()).collect();
        waiting.iter().for_each(Waker::wake_by_ref);
    }

    pub fn is_triggered(&self) -> bool {
        self.0.triggered.load(Ordering::SeqCst)
    }

    pub fn triggered(&self) -> Triggered<'_> {
        Triggered { cancel: self, key: None }
    }

    /// Wakes it when the switch is thrown, for as long as what is returned lives. Look afterwards whether it was before.
    pub fn watch(&self, waker: Waker) -> Watching {
        let key = self.0.waiting().insert(waker);
        Watching { cancel: self.clone(), key }
    }
}

pub struct Watching {
    cancel: Cancel,
    key: usize,
}

impl Drop for Watching {
    fn drop(&mut self) {
        let waker = self.cancel.0.waiting().remove(self.key);
        drop(waker);
    }
}

/// What ends one call: any of these.
#[derive(Clone, Default)]
pub struct Cancels([Option<Cancel>; 2]);

impl From<Option<Cancel>> for Cancels {
    fn from(cancel: Option<Cancel>) -> Cancels {
        Cancels([cancel, None])
    }
}

impl Cancels {
    pub fn either(first: Cancel, second: Option<Cancel>) -> Cancels {
        Cancels([Some(first), second])
    }

    pub fn is_triggered(&self) -> bool {
        self.0.iter().flatten().any(Cancel::is_triggered)
    }

    /// One future each.
    pub fn triggered(&self) -> [Option<Triggered<'_>>; 2] {
        let [first, second] = &self.0;
        [first.as_ref().map(Cancel::triggered), second.as_ref().map(Cancel::triggered)]
    }
}

/// Ready once the switch was thrown.
pub struct Triggered<'a> {
    cancel: &'a Cancel,
    key: Option<usize>,
}

impl Future for Triggered<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.cancel.is_triggered() {
            return Poll::Ready(());
        }
        let mut waiting = self.cancel.0.waiting();
        match self.key {
            Some(key) => waiting[key].clone_from(cx.waker()),
            None => {
                let key = waiting.insert(cx.waker().clone());
                drop(waiting);
                self.key = Some(key);
            }
        }
        // Thrown between the first look and the registration: nobody would wake us.
        if self.cancel.is_triggered() { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Drop for Triggered<'_> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.cancel.0.waiting().remove(key);
        }
    }
}
