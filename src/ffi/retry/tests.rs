use super::*;
use crate::resilience::stop::{StopReason, WaitReason};
use crate::status::{HS_ERR_INVALID_ARGUMENT, HS_ERR_NULL_ARGUMENT};

fn options() -> hs_retry_options {
    hs_retry_options {
        struct_size: size_of::<hs_retry_options>() as u32,
        flags: 0,
        max_attempts: 0,
        reserved: 0,
        base_delay_ms: 0,
        throttle_delay_ms: 0,
        max_delay_ms: 0,
        retry_after_max_ms: 0,
        statuses: std::ptr::null(),
        status_count: 0,
    }
}

fn read(change: impl FnOnce(&mut hs_retry_options)) -> Result<RetryOptions, Error> {
    let mut given = options();
    change(&mut given);
    // SAFETY: a whole struct, and what it points to lives in the tests.
    unsafe { chosen(&given) }
}

fn refused(change: impl FnOnce(&mut hs_retry_options)) -> String {
    let error = read(change).unwrap_err();
    assert!(matches!(error.status(), HS_ERR_INVALID_ARGUMENT | HS_ERR_NULL_ARGUMENT));
    error.to_string()
}

#[test]
fn zero_is_the_default_everywhere() {
    assert_eq!(read(|_| {}).unwrap(), RetryOptions::default());
    // SAFETY: NULL is allowed.
    assert_eq!(unsafe { chosen(std::ptr::null()) }.unwrap(), RetryOptions::default());
}

#[test]
fn each_field_is_read() {
    let statuses = [404u16, 429];
    let read = read(|given| {
        given.flags = KNOWN;
        (given.max_attempts, given.base_delay_ms, given.throttle_delay_ms) = (7, 3, 4);
        (given.max_delay_ms, given.retry_after_max_ms) = (5, 6);
        (given.statuses, given.status_count) = (statuses.as_ptr(), 2);
    })
    .unwrap();
    let ms = Duration::from_millis;
    let backoff = (read.backoff.base, read.backoff.throttle_base, read.backoff.cap, read.backoff.floor);
    assert_eq!(backoff, (ms(3), ms(4), ms(5), ms(10)));
    assert_eq!((read.max_attempts, read.retry_after_max), (7, ms(6)));
    assert!(read.clamp_retry_after && !read.unprocessed_429 && read.retry_on_open);
    assert_eq!(format!("{:?}", read.statuses), "{404, 429, 520, 521, 522, 523, 524}");
}

#[test]
fn a_low_cap_lowers_the_defaults_and_not_what_was_chosen() {
    let backoff = read(|given| given.max_delay_ms = 50).unwrap().backoff;
    assert_eq!((backoff.base, backoff.throttle_base), (backoff.cap, backoff.cap));
    let refused = refused(|given| (given.max_delay_ms, given.base_delay_ms) = (50, 51));
    assert_eq!(refused, "hs_retry_options.max_delay_ms is 50: less than base_delay_ms, 51");
}

#[test]
fn what_makes_no_sense_is_refused_by_name_and_value() {
    assert!(refused(|given| given.flags = 16).contains("hs_retry_options.flags is 0x10"));
    assert!(refused(|given| given.reserved = 1).contains("hs_retry_options.reserved"));
    assert!(refused(|given| given.max_attempts = 101).contains("hs_retry_options.max_attempts is 101"));
    let endless = u64::MAX;
    assert!(refused(|given| given.max_delay_ms = endless).contains("hs_retry_options.max_delay_ms is HS_INFINITE"));
    assert!(refused(|given| given.base_delay_ms = endless).contains("hs_retry_options.base_delay_ms"));
    assert!(refused(|given| given.throttle_delay_ms = endless).contains("hs_retry_options.throttle_delay_ms"));
    let statuses = [500u16, 200];
    let refused_status = refused(|given| (given.statuses, given.status_count) = (statuses.as_ptr(), 2));
    assert!(refused_status.contains("hs_retry_options.statuses[1] is 200"), "{refused_status}");
    assert!(refused(|given| given.status_count = 1).contains("hs_retry_options.statuses is NULL"));
    assert!(refused(|given| (given.statuses, given.status_count) = (statuses.as_ptr(), 201)).contains("is 201"));
    assert_eq!(read(|given| given.retry_after_max_ms = endless).unwrap().retry_after_max, Duration::MAX);
}

#[test]
fn the_constants_are_the_reasons() {
    use StopReason::*;
    let stops = [
        (HS_STOP_OK, Ok),
        (HS_STOP_TERMINAL, Terminal),
        (HS_STOP_ATTEMPTS, Attempts),
        (HS_STOP_DEADLINE, Deadline),
        (HS_STOP_CANCELLED, Cancelled),
        (HS_STOP_BUDGET, Budget),
        (HS_STOP_RETRY_AFTER_TOO_LONG, RetryAfterTooLong),
        (HS_STOP_NOT_IDEMPOTENT, NotIdempotent),
        (HS_STOP_NOT_REPLAYABLE, NotReplayable),
        (HS_STOP_COMMITTED, Committed),
        (HS_STOP_BREAKER_OPEN, BreakerOpen),
        (HS_STOP_LIMITED, Limited),
        (HS_STOP_BULKHEAD_FULL, BulkheadFull),
    ];
    assert!(stops.iter().enumerate().all(|(at, (number, reason))| (at as u32, *number) == (*number, *reason as u32)));
    let waits = [
        (HS_WAIT_NONE, WaitReason::None),
        (HS_WAIT_BACKOFF, WaitReason::Backoff),
        (HS_WAIT_RETRY_AFTER, WaitReason::RetryAfter),
        (HS_WAIT_LIMITER, WaitReason::Limiter),
        (HS_WAIT_BULKHEAD, WaitReason::Bulkhead),
        (HS_WAIT_HEDGE, WaitReason::Hedge),
    ];
    assert!(waits.iter().enumerate().all(|(at, (number, reason))| (at as u32, *number) == (*number, *reason as u32)));
}
