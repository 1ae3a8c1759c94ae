//! `hs_request_many`: many calls at once on one worker.

use super::error::hs_error;
use super::handle::Reservation;
use super::options;
use super::request::{Prepared, hs_request_options, prepare};
use super::response::{Answer, hs_response};
use super::version::HS_STREAM;
use super::worker::hs_worker;
use super::{guard, thread};
use crate::error::Error;
use crate::http::response::Response;
use crate::panics;
use crate::status::*;
use crate::worker::{Errand, OwnedOnBody, Worker};
use std::cell::RefCell;
use std::rc::Rc;

/// A request has ended, or its response head has come where it has `HS_STREAM`.
pub const HS_COMPLETION_DONE: u32 = 0;
/// Not the end of a request: a stream has something to read, for which `hs_response_try_read` found nothing before. `tag`
/// is that of its request; there is neither a response nor an error.
pub const HS_COMPLETION_READABLE: u32 = 1;
/// Not the end of a request: the pipe of its body has room again, for which `hs_pipe_try_write` found too little before, or
/// nobody will read it any more. `tag` is that of the request; there is neither a response nor an error.
pub const HS_COMPLETION_WRITABLE: u32 = 2;

/// What has become of a request. Of `response` and `error` one is there: the response where `status` is `HS_OK`, else the
/// error. It is the caller's, who frees it.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hs_completion {
    /// Which request it is: of `hs_request_many` its place in the array, counted from 0; of a pool what it was submitted
    /// with.
    pub tag: u64,
    /// What `hs_request` would have returned.
    pub status: hs_status,
    /// `HS_COMPLETION_…`; always `HS_COMPLETION_DONE` of `hs_request_many`.
    pub kind: u32,
    pub response: *mut hs_response,
    pub error: *mut hs_error,
    /// Zero; for what may be told one day.
    pub more: [u64; 3],
}

const MOST_AT_ONCE: usize = 65_536;

/// Sends many requests at once and receives their responses; returns when the last of them has ended. Each is a call of its
/// own, with its own options, deadline and cancel, just as with `hs_request`; one that is refused or fails does nothing to
/// the others. They begin in their order, at the same time or as
/// their `start_after_ms` says, and share the worker's connections: over HTTP/2 up to 100 to
/// one origin go over one, over HTTP/1.1 each has one for itself.
///
/// `requests` are `count` pointers, `completions` has room for as many results, and request i has its result in
/// completion i. What completions held before counts for nothing. `HS_OK` says that each request has its result, whatever
/// it is; otherwise nothing was sent and nothing is written. `on_body` is called inside of this, for one request after the
/// other as pieces come. `HS_STREAM` is refused (`HS_ERR_INVALID_ARGUMENT` in its result).
///
/// Thread: the worker's own. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_WRONG_THREAD`, `HS_ERR_BUSY`,
/// `HS_ERR_FORKED`, `HS_ERR_INVALID_ARGUMENT` (more than 65,536), `HS_ERR_TOO_MANY_HANDLES`; in a result any that
/// `hs_request` has, `HS_ERR_NULL_ARGUMENT` for a request that is NULL. Since 1.0.
///
/// # Safety
/// `requests` points to `count` pointers, each NULL or valid for as many bytes as its `struct_size` says, and so is all that
/// they point to; `completions` is valid for `count` writes; `error` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_request_many(
    worker: *mut hs_worker,
    requests: *const *const hs_request_options,
    count: usize,
    completions: *mut hs_completion,
    error: *mut *mut hs_error,
) -> hs_status {
    let body = || {
        if worker.is_null() {
            return Err(Error::new(HS_ERR_NULL_ARGUMENT, "worker is NULL"));
        }
        let owner = thread::worker(worker)?;
        if owner.is_busy() {
            return Err(Error::plain(HS_ERR_BUSY));
        }
        // SAFETY: as the caller promises.
        let requests = unsafe { options::array(requests, count, MOST_AT_ONCE, "requests") }?;
        if completions.is_null() && count != 0 {
            let message = "completions is NULL: there is nowhere to put the results";
            return Err(Error::new(HS_ERR_NULL_ARGUMENT, message));
        }
        let places = (0..count).map(|_| Reservation::new()).collect::<Result<Vec<_>, _>>()?;
        let results: Results = Rc::new(RefCell::new((0..count).map(|_| None).collect()));
        let mut errands = Vec::with_capacity(count);
        for (index, request) in requests.iter().enumerate() {
            // SAFETY: as the caller promises, until this function returns; no errand outlives `carry_out`.
            match unsafe { errand(worker, *request, index, &results) } {
                Ok(errand) => errands.push(errand),
                Err(refused) => results.borrow_mut()[index] = Some(Err(refused)),
            }
        }
        owner.carry_out(errands)?;
        for (index, (place, result)) in places.into_iter().zip(results.take()).enumerate() {
            let result = result.unwrap_or_else(|| Err(Error::plain(HS_ERR_PANIC)));
            // SAFETY: as the caller promises; the index is below the count.
            unsafe { completions.add(index).write(completion(index, place, result)) };
        }
        Ok(())
    };
    // SAFETY: as the caller promises.
    unsafe { guard::with_error(error, body) }
}

/// By the places of the requests; `None` where a call has not ended.
type Results = Rc<RefCell<Vec<Option<Result<Response, Error>>>>>;

/// # Safety
/// As for `prepare`; the errand is over before what the request points to is gone.
unsafe fn errand(
    worker: *mut hs_worker,
    request: *const hs_request_options,
    index: usize,
    results: &Results,
) -> Result<Errand, Error> {
    let somewhere = std::ptr::dangling_mut();
    // SAFETY: as the caller promises.
    let Prepared { worker, given, request, limits, cancel, .. } =
        unsafe { prepare(worker, request, somewhere, false) }?;
    if given.flags & HS_STREAM != 0 {
        let message = "hs_request_options.flags has HS_STREAM: many requests at once give whole responses";
        return Err(options::invalid(message.into()));
    }
    let on_body = given.on_body.map(|callback| -> OwnedOnBody {
        Box::new(move |bytes: &[u8]| {
            // SAFETY: the caller's function with the caller's data.
            match unsafe { callback(given.user_data, bytes.as_ptr().cast(), bytes.len()) } {
                0 => Ok(()),
                reason => Err(reason),
            }
        })
    });
    let call = panics::caught(Box::pin(Worker::call(&worker, request, limits, cancel.into(), on_body)));
    let results = results.clone();
    Ok(Box::pin(async move {
        let result = call.await;
        results.borrow_mut()[index] = Some(result);
    }))
}

fn completion(index: usize, place: Reservation, result: Result<Response, Error>) -> hs_completion {
    let mut completion = hs_completion {
        tag: index as u64,
        status: HS_OK,
        kind: HS_COMPLETION_DONE,
        response: std::ptr::null_mut(),
        error: std::ptr::null_mut(),
        more: [0; 3],
    };
    match result {
        Ok(response) => completion.response = place.fill(Answer::whole(response)).0,
        Err(error) => {
            completion.status = error.status();
            completion.error = place.fill(error).0;
        }
    }
    completion
}
