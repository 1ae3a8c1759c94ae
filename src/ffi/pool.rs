//! `hs_pool`: requests from any thread, and their completions on a queue.

mod options;
mod stats;

use super::error::hs_error;
use super::guard;
use super::handle::{self, Handled, Kind, Reservation};
use super::many::{HS_COMPLETION_DONE, HS_COMPLETION_READABLE, HS_COMPLETION_WRITABLE, hs_completion};
use super::request::{self, Checked, Keeping, hs_request_options};
use super::response::Answer;
use super::sized;
use super::version::{HS_INFINITE, HS_STREAM};
use crate::error::Error;
use crate::http::body::Body;
use crate::http::url::{Url, UrlCache};
use crate::pool::Pool;
use crate::pool::completions::Popped;
use crate::pool::order::{Done, OnBody, Order, Outcome};
use crate::status::*;
use bytes::Bytes;
pub use options::hs_pool_options;
pub use stats::{hs_pool_counters, hs_pool_stats};
use std::ffi::c_void;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Carries out requests from any thread on threads of its own. Each of these has a worker: its connections are its own, and
/// it drives as many requests at once as there are. A pool may be used on any thread, at the same time.
///
/// In a child that is forked its handle is refused (`HS_ERR_FORKED`), and the child can make a pool of its own. A
/// fork first waits until the pools' threads have nothing half done, which takes no longer than one turn of theirs; up to
/// 200 ms where one is in a callback, and then what OpenSSL or the C library had locked for it stays locked in the child.
pub struct hs_pool {
    _private: [u8; 0],
}

impl Handled for Pool {
    const KIND: Kind = Kind::Pool;
    type C = hs_pool;
}

/// Makes a pool and starts its first thread. `options` may be NULL: all defaults. Nothing of it is needed after the call.
/// `*pool` is written on success only; end it with `hs_pool_free`.
///
/// Thread: any. Errors: those of `hs_worker_new`, for the worker that each of its threads has; `HS_ERR_THREAD` (no thread
/// could be started), `HS_ERR_NULL_ARGUMENT`, `HS_ERR_STRUCT_SIZE`, `HS_ERR_INVALID_ARGUMENT`. Since 1.0.
///
/// # Safety
/// `options` and the structs that it points to are NULL or valid for as many bytes as their `struct_size` says; `pool` and
/// `error` are NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_pool_new(
    options: *const hs_pool_options,
    pool: *mut *mut hs_pool,
    error: *mut *mut hs_error,
) -> hs_status {
    let body = || {
        if pool.is_null() {
            return Err(Error::new(HS_ERR_NULL_ARGUMENT, "pool is NULL: there is nowhere to put the new pool"));
        }
        // SAFETY: as the caller promises.
        let options = unsafe { options::chosen(options) }?;
        let place = Reservation::new()?;
        let new = Pool::new(options)?;
        // SAFETY: as the caller promises.
        unsafe { pool.write(place.fill(new).0) };
        Ok(())
    };
    // SAFETY: as the caller promises.
    unsafe { guard::with_error(error, body) }
}

/// Hands a request over to the pool and returns at once, or when there is room for it (`submit_timeout_ms`). All that it
/// needs of it is copied, its body too; what `upload` points to, the parts of a `form` and what `user_data` points to
/// must live until the request has ended, and their callbacks and `on_body` are called on a thread of the pool, which
/// drives other requests as well: they are not to wait.
///
/// What was accepted (`HS_OK`) gives exactly one completion with this `tag`, whatever becomes of it; what was refused gives
/// none. The time of a request counts from here, its wait in the queue included. A tag may be any number, also one that
/// is in use.
///
/// Thread: any. Errors: `HS_ERR_POOL_FULL` (after `submit_timeout_ms`), `HS_ERR_POOL_CLOSED` (after `hs_pool_drain`),
/// `HS_ERR_THREAD`, `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`, and those of `hs_request` for what is
/// wrong with the request itself. Since 1.0.
///
/// # Safety
/// `request` is NULL or valid for as many bytes as its `struct_size` says, and so is all that it points to; `error` is NULL
/// or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_pool_submit(
    pool: *mut hs_pool,
    request: *const hs_request_options,
    tag: u64,
    error: *mut *mut hs_error,
) -> hs_status {
    let body = || {
        if pool.is_null() {
            return Err(Error::new(HS_ERR_NULL_ARGUMENT, "pool is NULL"));
        }
        let pool = handle::open::<Pool>(pool)?;
        if request.is_null() {
            return Err(Error::new(HS_ERR_NULL_ARGUMENT, "request is NULL"));
        }
        // SAFETY: as the caller promises.
        let order = unsafe { order(&pool, request) }?;
        pool.submit(order, tag)
    };
    // SAFETY: as the caller promises.
    unsafe { guard::with_error(error, body) }
}

/// # Safety
/// As for `hs_pool_submit`.
unsafe fn order(pool: &Pool, request: *const hs_request_options) -> Result<Order, Error> {
    let worker = &pool.options().worker;
    // SAFETY: as the caller promises.
    let given = unsafe { sized::read(request) }?;
    let parse_url = |text: &[u8]| {
        let parsed = URLS.try_with(|urls| urls.parse(text, &worker.observe.redactor));
        parsed.unwrap_or_else(|_| Url::parse_showing(text, &worker.observe.redactor))
    };
    // SAFETY: as the caller promises.
    let checked = unsafe { request::check(&given, &worker.limits, parse_url, Keeping::Taken, false) }?;
    let Checked { mut request, limits, cancel } = checked;
    let lent = given.body_release.map(|release| Lent {
        // Not really static: it is the caller's until he is told.
        body: match &request.body {
            Body::Bytes(bytes) => bytes.clone(),
            Body::Streamed(_) => Bytes::new(),
        },
        release,
        user_data: given.release_data,
        refused: Arc::default(),
    });
    let refused = lent.as_ref().map(|lent| lent.refused.clone());
    if let Some(lent) = lent {
        request.body = Bytes::from_owner(lent).into();
    }
    let on_body = given.on_body.map(|callback| -> OnBody {
        let listener = Listening { callback, user_data: given.user_data };
        Box::new(move |bytes| listener.take(bytes))
    });
    Ok(Order { request, limits, cancel, on_body, streamed: given.flags & HS_STREAM != 0, refused })
}

thread_local! {
    /// What this thread has submitted a short while ago.
    static URLS: UrlCache = UrlCache::default();
}

/// A body of the caller's, who is told when nobody needs it any more.
struct Lent {
    body: Bytes,
    release: unsafe extern "C" fn(*mut c_void),
    user_data: *mut c_void,
    refused: Arc<AtomicBool>,
}

// SAFETY: the caller promises that he may be told on any thread.
unsafe impl Send for Lent {}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.body
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if !self.refused.load(Ordering::SeqCst) {
            // SAFETY: the caller's function with the caller's data, once.
            unsafe { (self.release)(self.user_data) }
        }
    }
}

/// The caller's function with the caller's data.
struct Listening {
    callback: unsafe extern "C" fn(*mut c_void, *const c_void, usize) -> i32,
    user_data: *mut c_void,
}

// SAFETY: the caller promises that his callback may run on the threads of the pool.
unsafe impl Send for Listening {}

impl Listening {
    fn take(&self, bytes: &[u8]) -> Result<(), i32> {
        // SAFETY: the caller's function with the caller's data.
        match unsafe { (self.callback)(self.user_data, bytes.as_ptr().cast(), bytes.len()) } {
            0 => Ok(()),
            reason => Err(reason),
        }
    }
}

/// Takes the completions of requests that have ended, in the order in which they did, at most `capacity` at once. Waits
/// until there is one, for `timeout_ms` at most: 0 does not wait, `HS_INFINITE` waits without limit. `HS_OK` with `*count
/// == 0` says that the time is over, or that `hs_pool_wake` was called.
///
/// Each completion comes once, to one of the threads that take them. Its response or its error is the caller's from then
/// on, who frees it.
///
/// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_ARGUMENT` (capacity 0), `HS_ERR_INVALID_HANDLE` (also
/// where the pool is freed meanwhile), `HS_ERR_FORKED`, `HS_ERR_BUSY` (a wait inside a callback of the pool's own),
/// `HS_ERR_TOO_MANY_HANDLES` and `HS_ERR_THREAD_EXITING` (in a handler of `exit`, on a thread that ends: nothing was taken).
/// Since 1.0.
///
/// # Safety
/// `events` is NULL or valid for `capacity` writes, `count` NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_pool_next(
    pool: *mut hs_pool,
    events: *mut hs_completion,
    capacity: usize,
    count: *mut usize,
    timeout_ms: u64,
) -> hs_status {
    guard::status(|| {
        let pool = handle::open::<Pool>(pool)?;
        if events.is_null() || count.is_null() {
            return Err(Error::plain(HS_ERR_NULL_ARGUMENT));
        }
        if capacity == 0 {
            return Err(Error::plain(HS_ERR_INVALID_ARGUMENT));
        }
        let wait = (timeout_ms != HS_INFINITE).then(|| Duration::from_millis(timeout_ms));
        let taken = take(&pool, capacity.min(MOST_AT_ONCE), wait)?;
        let written = taken.len();
        for (index, (place, done)) in taken.into_iter().enumerate() {
            // SAFETY: as the caller promises; the index is below the capacity.
            unsafe { events.add(index).write(completion(place, done)) };
        }
        // SAFETY: as the caller promises.
        unsafe { count.write(written) };
        Ok(())
    })
}

/// More are taken with the next call.
const MOST_AT_ONCE: usize = 4_096;

/// Completions with a place for the handle of each.
fn take(pool: &Pool, most: usize, wait: Option<Duration>) -> Result<Vec<(Reservation, Done)>, Error> {
    let mut taken = Vec::new();
    if pool.next(most, &mut taken, wait)? == Popped::Closed {
        return Err(Error::plain(HS_ERR_INVALID_HANDLE));
    }
    let mut placed = Vec::with_capacity(taken.len());
    let mut left = taken.into_iter();
    while let Some(done) = left.next() {
        match Reservation::new() {
            Ok(place) => placed.push((place, done)),
            Err(error) => {
                // The last one first, so that they come in the same order again.
                left.rev().for_each(|done| pool.put_back(done));
                pool.put_back(done);
                return if placed.is_empty() { Err(error) } else { Ok(placed) };
            }
        }
    }
    Ok(placed)
}

fn completion(place: Reservation, done: Done) -> hs_completion {
    let mut completion = hs_completion {
        tag: done.tag,
        status: HS_OK,
        kind: HS_COMPLETION_DONE,
        response: std::ptr::null_mut(),
        error: std::ptr::null_mut(),
        more: [0; 3],
    };
    match done.outcome {
        Outcome::Response(response) => completion.response = place.fill(Answer::whole(*response)).0,
        Outcome::Stream(response, body) => completion.response = place.fill(Answer::piped(*response, body)).0,
        Outcome::Readable => completion.kind = HS_COMPLETION_READABLE,
        Outcome::Writable => completion.kind = HS_COMPLETION_WRITABLE,
        Outcome::Failed(error) => {
            completion.status = error.status();
            completion.error = place.fill(error).0;
        }
    }
    completion
}

/// Cancels the requests with that tag: those that wait end at once, those under way within moments, each with its
/// completion (`HS_ERR_CANCELLED`, or what it has come to before). Returns before they have.
///
/// Thread: any. Errors: `HS_ERR_NOT_FOUND` (none with that tag is open: it may just have ended), `HS_ERR_INVALID_HANDLE`,
/// `HS_ERR_NULL_ARGUMENT`, `HS_ERR_FORKED`. Since 1.0.
#[unsafe(no_mangle)]
pub extern "C" fn hs_pool_cancel(pool: *mut hs_pool, tag: u64) -> hs_status {
    guard::status(|| match handle::open::<Pool>(pool)?.cancel(tag) {
        0 => Err(Error::plain(HS_ERR_NOT_FOUND)),
        _ => Ok(()),
    })
}

/// Ends the wait of all who are in `hs_pool_next`; if nobody is, the next wait ends before it begins. Several calls that
/// nobody noticed are one. The descriptor stays as it is.
///
/// Thread: any. Errors: `HS_ERR_INVALID_HANDLE`, `HS_ERR_NULL_ARGUMENT`, `HS_ERR_FORKED`. Since 1.0.
#[unsafe(no_mangle)]
pub extern "C" fn hs_pool_wake(pool: *mut hs_pool) -> hs_status {
    guard::status(|| {
        handle::open::<Pool>(pool)?.wake();
        Ok(())
    })
}

/// Closes the connections that no request uses now, and returns before they are closed: each thread of the pool is woken
/// to do it, and has done it before it begins what is submitted afterwards. Requests and streams that are open go on
/// undisturbed, and their connections are kept afterwards as always.
///
/// Thread: any; also from a callback. Errors: `HS_ERR_INVALID_HANDLE`, `HS_ERR_NULL_ARGUMENT`, `HS_ERR_FORKED`. Since 1.0.
#[unsafe(no_mangle)]
pub extern "C" fn hs_pool_close_idle(pool: *mut hs_pool) -> hs_status {
    guard::status(|| {
        handle::open::<Pool>(pool)?.close_idle();
        Ok(())
    })
}

/// A descriptor that is readable exactly while there are completions to take: for `poll`, `epoll`, `kqueue` and the loops
/// that are made of them. It is level-triggered; do not read from it, write to it or close it: it is the pool's, and
/// closed with it. -1 for anything that is not a live pool, where the process has no descriptors left, and on systems
/// without (Windows).
///
/// Thread: any. Since 1.0.
#[unsafe(no_mangle)]
pub extern "C" fn hs_pool_fd(pool: *mut hs_pool) -> i32 {
    guard::value(-1, || handle::open::<Pool>(pool).ok()?.fd())
}

/// Accepts nothing any more, for good, and waits until all that was accepted has ended: `timeout_ms` at most (0: not at
/// all, `HS_INFINITE`: without limit), then what is left is cancelled, which takes moments. The completions are there
/// afterwards and can be taken; streams have ended too.
///
/// Thread: any. Errors: `HS_ERR_TIMEOUT` (the rest was cancelled), `HS_ERR_BUSY` (inside a callback of the pool's own),
/// `HS_ERR_INVALID_HANDLE`, `HS_ERR_NULL_ARGUMENT`, `HS_ERR_FORKED`. Since 1.0.
#[unsafe(no_mangle)]
pub extern "C" fn hs_pool_drain(pool: *mut hs_pool, timeout_ms: u64) -> hs_status {
    guard::status(|| {
        let wait = (timeout_ms != HS_INFINITE).then(|| Duration::from_millis(timeout_ms));
        if handle::open::<Pool>(pool)?.drain(wait)? { Ok(()) } else { Err(Error::plain(HS_ERR_TIMEOUT)) }
    })
}

/// Ends a pool: cancels what is open, ends its threads, closes its connections and frees the completions that nobody took.
/// Whoever waits in one of its functions on another thread returns. NULL is fine. Take what is of interest before, with
/// `hs_pool_drain` and `hs_pool_next`.
///
/// Thread: any. Errors: `HS_ERR_BUSY` (inside a callback of the pool's own; it lives on), `HS_ERR_INVALID_HANDLE` (also
/// for a second free), `HS_ERR_FORKED`. Since 1.0.
#[unsafe(no_mangle)]
pub extern "C" fn hs_pool_free(pool: *mut hs_pool) -> hs_status {
    guard::status(|| {
        if pool.is_null() {
            return Ok(());
        }
        let pinned = handle::open::<Pool>(pool)?;
        pinned.not_from_inside()?;
        handle::close::<Pool>(pool)?;
        pinned.stop()
    })
}

/// Changes how much a running pool does: of `options` the numbers count (threads, requests in flight, queue); what is 0
/// stays as it is, and `worker` must be NULL and times 0. Threads beyond the new number end what they have, and then
/// themselves.
///
/// Thread: any. Errors: `HS_ERR_INVALID_ARGUMENT`, `HS_ERR_STRUCT_SIZE`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_NULL_ARGUMENT`,
/// `HS_ERR_FORKED`. Since 1.0.
///
/// # Safety
/// `options` is NULL or valid for as many bytes as its `struct_size` says; `error` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_pool_resize(
    pool: *mut hs_pool,
    options: *const hs_pool_options,
    error: *mut *mut hs_error,
) -> hs_status {
    let body = || {
        let pool = handle::open::<Pool>(pool)?;
        if options.is_null() {
            return Err(Error::new(HS_ERR_NULL_ARGUMENT, "options is NULL"));
        }
        // SAFETY: as the caller promises.
        let caps = unsafe { options::resized(options, pool.caps()) }?;
        pool.resize(caps);
        Ok(())
    };
    // SAFETY: as the caller promises.
    unsafe { guard::with_error(error, body) }
}
