//! `hs_limiter_event`.

use crate::ffi::text::hs_str;
use crate::ffi::version::HS_INFINITE;
use crate::resilience::limiter::{Event, EventKind, Listener};
use std::ffi::c_void;

/// Somebody begins to wait; `wait_ns` is how long, as far as can be seen.
pub const HS_LIMITER_EVENT_WAIT: u32 = 1;
/// Somebody was refused; `wait_ns` is how long it would have taken.
pub const HS_LIMITER_EVENT_REJECTED: u32 = 2;
/// A response said something new: a window that was not known, or a hold, which lasts `wait_ns`.
pub const HS_LIMITER_EVENT_LEARNED: u32 = 3;

/// What has happened to a bucket.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hs_limiter_event {
    /// `sizeof(hs_limiter_event)` as the library knows it: fields behind it are not there.
    pub struct_size: u32,
    /// `HS_LIMITER_EVENT_…`
    pub kind: u32,
    /// Counts the events of the key, from 1, and anew where its bucket had made room for others. They may come on several
    /// threads at once, and so in another order.
    pub sequence: u64,
    /// When it happened, by the limiter's clock.
    pub time_ns: u64,
    pub wait_ns: u64,
    /// How many waited then.
    pub waiting: u64,
    /// Of `HS_LIMITER_EVENT_LEARNED`: what is left in the server's eyes; else, and where it does not say, `HS_INFINITE`.
    pub remaining: u64,
    /// What was asked for; 0 where nothing was.
    pub cost: u32,
    pub reserved: u32,
    /// Valid during the callback; empty for the bucket that keys share for which there is no room.
    pub key: hs_str,
}

/// Is told what happens, on the thread where it happens and with no lock held: it may use the limiter. It must return: no
/// longjmp, no C++ exception.
pub type hs_limiter_callback = Option<unsafe extern "C" fn(user_data: *mut c_void, event: *const hs_limiter_event)>;

pub(super) fn listener(callback: hs_limiter_callback, user_data: *mut c_void) -> Option<Listener> {
    let callback = callback?;
    let user_data = user_data.expose_provenance();
    Some(Box::new(move |event: &Event| {
        let event = facts(event);
        // SAFETY: the caller's function with the caller's data, as he promised.
        unsafe { callback(std::ptr::with_exposed_provenance_mut(user_data), &event) }
    }))
}

fn facts(event: &Event) -> hs_limiter_event {
    let kind = match event.kind {
        EventKind::Wait => HS_LIMITER_EVENT_WAIT,
        EventKind::Rejected => HS_LIMITER_EVENT_REJECTED,
        EventKind::Learned => HS_LIMITER_EVENT_LEARNED,
    };
    hs_limiter_event {
        struct_size: size_of::<hs_limiter_event>() as u32,
        kind,
        sequence: event.sequence,
        time_ns: event.time.0,
        wait_ns: event.wait_ns,
        waiting: event.waiting,
        remaining: event.remaining.unwrap_or(HS_INFINITE),
        cost: event.cost,
        reserved: 0,
        key: hs_str::borrowed(event.key.as_bytes()),
    }
}
