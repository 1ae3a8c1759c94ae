//! One bucket of a limiter: its quota, holds on it, what servers say, and what it is like.

use super::*;

/// A bucket at a moment.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hs_limiter_info {
    /// `sizeof(hs_limiter_info)`, set by the caller.
    pub struct_size: u32,
    /// Its quota's limit.
    pub limit: u32,
    /// How many tokens could be taken now; 0 while somebody waits or it is held.
    pub remaining: u64,
    /// How many wait.
    pub waiting: u64,
    /// How long one more would wait, rounded up.
    pub next_ms: u64,
    /// How long nothing may be sent at all, because of `hs_limiter_hold` or of what the server has said; rounded up, and
    /// `HS_INFINITE` for a hold without end.
    pub hold_ms: u64,
    /// In how much time the quota that the server told of is whole again, rounded up; 0 where it told of none.
    pub learned_reset_ms: u64,
    /// What is left of that, without what was sent since; `HS_INFINITE` where it told of none.
    pub learned_remaining: u64,
    /// What was let through by now, by cost; what was given back stays counted.
    pub admitted: u64,
}

// SAFETY: repr(C), integers alone.
unsafe impl Sized32 for hs_limiter_info {
    const NAME: &'static str = "hs_limiter_info";
    const SMALLEST: usize = 16;
}

/// Changes the quota of one bucket; what was sent goes on counting, and who waits waits no longer than needed. 0 is
/// the default at `period_ms` and `burst`, as in `hs_limiter_options`. The mode and the margin stay.
///
/// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`, `HS_ERR_INVALID_ARGUMENT`.
/// Since 1.0.
///
/// # Safety
/// `key` is valid; `error` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_limiter_set_quota(
    limiter: *mut hs_limiter,
    key: hs_str,
    limit: u32,
    period_ms: u64,
    burst: u32,
    error: *mut *mut hs_error,
) -> hs_status {
    let body = || {
        // SAFETY: as the caller promises.
        let (_, bucket) = unsafe { open(limiter, key) }?;
        let wanted = options::quota(HS_LIMITER_DEFAULT, limit, period_ms, burst, 0)?;
        bucket.set_quota(wanted).map_err(crate::ffi::options::invalid)?;
        Ok(())
    };
    // SAFETY: as the caller promises.
    unsafe { guard::with_error(error, body) }
}

/// Lets nothing through for so long, or longer where a hold is there already; `HS_INFINITE`: until it is released. 0
/// releases every hold, also those that a `Retry-After` has set.
///
/// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`, `HS_ERR_INVALID_ARGUMENT` (the
/// key). Since 1.0.
///
/// # Safety
/// `key` is valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_limiter_hold(limiter: *mut hs_limiter, key: hs_str, milliseconds: u64) -> hs_status {
    guard::status(|| {
        // SAFETY: as the caller promises.
        let (_, bucket) = unsafe { open(limiter, key) }?;
        match milliseconds {
            0 => bucket.release(),
            HS_INFINITE => bucket.hold_until(Instant(u64::MAX)),
            _ => bucket.hold_until(bucket.now().saturating_add(Duration::from_millis(milliseconds))),
        }
        Ok(())
    })
}

/// Tells a bucket of a response that came on another way than through a worker that has it: `status` and all header
/// fields. `ticket` is that of its request, so that those that were sent since are counted; NULL: none were.
///
/// What it says can only make the bucket stricter, and only until the quota is whole again (see `hs_limiter_options`).
///
/// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`, `HS_ERR_INVALID_ARGUMENT` (the
/// key, more than 10,000 fields, a status beyond 999, a ticket from the future). Since 1.0.
///
/// # Safety
/// `key` is valid; `ticket` is NULL or valid; `headers` is NULL or points to `header_count` valid fields; `error` is NULL
/// or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_limiter_learn(
    limiter: *mut hs_limiter,
    key: hs_str,
    ticket: *const hs_ticket,
    status: u32,
    headers: *const hs_header,
    header_count: usize,
    error: *mut *mut hs_error,
) -> hs_status {
    let body = || {
        // SAFETY: as the caller promises.
        let (shared, bucket) = unsafe { open(limiter, key) }?;
        let status = u16::try_from(status).ok().filter(|status| (100..1_000).contains(status));
        let status =
            status.ok_or_else(|| crate::ffi::options::invalid("status is no HTTP status: 100 to 999".into()))?;
        let number = if ticket.is_null() {
            None
        } else {
            // SAFETY: as the caller promises.
            Some(admission(&unsafe { ticket.read() }, &bucket)?.number)
        };
        // SAFETY: as the caller promises.
        let fields = unsafe { crate::ffi::options::array(headers, header_count, MOST_FIELDS, "headers") }?;
        let field = |field: &hs_header| -> Result<(&[u8], &[u8]), Error> {
            // SAFETY: as the caller promises.
            unsafe { Ok((field.name.bytes("headers.name")?, field.value.bytes("headers.value")?)) }
        };
        let fields = fields.iter().map(field).collect::<Result<Vec<_>, _>>()?;
        let hints = bucket.hints(fields.as_slice(), shared.limiter.wall());
        bucket.learn(bucket.now(), number, status, &hints, shared.throttle);
        Ok(())
    };
    // SAFETY: as the caller promises.
    unsafe { guard::with_error(error, body) }
}

/// What a bucket is like at this moment, which may be another one when the call returns.
///
/// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`, `HS_ERR_STRUCT_SIZE`,
/// `HS_ERR_INVALID_ARGUMENT` (the key). Since 1.0.
///
/// # Safety
/// `key` is valid; `info` is NULL or valid for as many bytes as its `struct_size` says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_limiter_state(
    limiter: *mut hs_limiter,
    key: hs_str,
    info: *mut hs_limiter_info,
) -> hs_status {
    guard::status(|| {
        if info.is_null() {
            return Err(Error::plain(HS_ERR_NULL_ARGUMENT));
        }
        // SAFETY: as the caller promises.
        let (_, bucket) = unsafe { open(limiter, key) }?;
        let now = bucket.now();
        let found = bucket.info(now);
        let milliseconds = |duration: Duration| duration.as_nanos().div_ceil(1_000_000) as u64;
        let endless = now.saturating_add(found.hold) == Instant(u64::MAX);
        let (reset, left) = found.learned.unwrap_or((Duration::ZERO, HS_INFINITE));
        let info_now = hs_limiter_info {
            struct_size: 0,
            limit: found.quota.limit,
            remaining: found.remaining,
            waiting: found.waiting,
            next_ms: if endless { HS_INFINITE } else { milliseconds(found.next) },
            hold_ms: if endless { HS_INFINITE } else { milliseconds(found.hold) },
            learned_reset_ms: milliseconds(reset),
            learned_remaining: left,
            admitted: found.sent,
        };
        // SAFETY: as the caller promises.
        unsafe { sized::write(info, &info_now) }
    })
}
