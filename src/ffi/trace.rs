//! The trace of one call, and the trace that it belongs to.

use super::error::hs_error;
use super::response::{Answer, hs_response};
use super::text::hs_str;
use super::{guard, handle};
use crate::error::Error;
use crate::observe::traceparent::TraceId;

fn text(trace: &str) -> Option<hs_str> {
    (!trace.is_empty()).then(|| hs_str::borrowed(trace.as_bytes()))
}

fn id(id: Option<&TraceId>) -> Option<hs_str> {
    id.map(|id| hs_str::borrowed(id.as_str().as_bytes()))
}

/// The trace of the call that gave this response, where `HS_TRACE` asked for one: what happened, a line each, with
/// milliseconds since its beginning. Lines of the request's head are behind `>`, those of the response's behind `<`,
/// libcurl's words behind `*` and the library's own behind `=`. For people: its form may change. Without bodies and
/// secrets; at most 256 KiB. Borrowed from the response until it is freed; `data == NULL` where there is none. Of a
/// stream it ends with the head, until the body was read to its end.
///
/// Thread: any. Since 1.0.
#[unsafe(no_mangle)]
pub extern "C" fn hs_response_trace(response: *const hs_response) -> hs_str {
    guard::value(hs_str::NONE, || text(handle::open::<Answer>(response).ok()?.trace()))
}

/// The trace of the call that gave this error, as `hs_response_trace` has it. Borrowed from the error until it is freed;
/// `data == NULL` where there is none.
///
/// Thread: any. Since 1.0.
#[unsafe(no_mangle)]
pub extern "C" fn hs_error_trace(error: *const hs_error) -> hs_str {
    guard::value(hs_str::NONE, || text(&handle::open::<Error>(error).ok()?.details().trace))
}

/// The trace-id (W3C Trace Context) under which servers were told of the call, 32 hexadecimal digits: one that was made
/// for it or that of the caller's own `traceparent` header. Borrowed from the response until it is freed; `data == NULL`
/// where there is none, and always with `HS_TRACE_CONTEXT_OFF`.
///
/// Thread: any. Since 1.0.
#[unsafe(no_mangle)]
pub extern "C" fn hs_response_trace_id(response: *const hs_response) -> hs_str {
    guard::value(hs_str::NONE, || id(handle::open::<Answer>(response).ok()?.trace_id.as_ref()))
}

/// The same of a call that failed. Borrowed from the error until it is freed.
///
/// Thread: any. Since 1.0.
#[unsafe(no_mangle)]
pub extern "C" fn hs_error_trace_id(error: *const hs_error) -> hs_str {
    guard::value(hs_str::NONE, || id(handle::open::<Error>(error).ok()?.details().trace_id.as_ref()))
}
