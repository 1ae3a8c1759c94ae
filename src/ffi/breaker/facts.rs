//! What callers are told.

use super::*;
use crate::resilience::breaker::{Event, Info, Reason, Refused, State, Trip};

pub fn refusal(key: &str, refused: &Refused) -> Error {
    let key = quoted(key.as_bytes());
    let message = match refused.retry_after {
        Some(left) => format!("the circuit of {key} is open: next try in {} ms", milliseconds(left)),
        None => format!("the circuit of {key} is open, by hand or while its probes are under way"),
    };
    let mut error = Error::new(HS_ERR_BREAKER_OPEN, message);
    error.details_mut().retry_after = refused.retry_after;
    error
}

/// Rounded up: what is said to be over then is over.
fn milliseconds(duration: Duration) -> u64 {
    if duration == Duration::MAX {
        return HS_INFINITE;
    }
    u64::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(HS_INFINITE)
}

fn state(state: State) -> u32 {
    match state {
        State::Closed | State::Evicted => HS_BREAKER_CLOSED,
        State::Open => HS_BREAKER_OPEN,
        State::HalfOpen => HS_BREAKER_HALF_OPEN,
        State::ForcedOpen => HS_BREAKER_FORCED_OPEN,
        State::ForcedClosed => HS_BREAKER_FORCED_CLOSED,
        State::MetricsOnly => HS_BREAKER_METRICS_ONLY,
    }
}

fn reason(reason: Reason) -> u32 {
    match reason {
        Reason::Tripped(Trip::Failures) => HS_BREAKER_REASON_FAILURES,
        Reason::Tripped(Trip::Slow) => HS_BREAKER_REASON_SLOW_CALLS,
        Reason::LeaseEnded => HS_BREAKER_REASON_LEASE_ENDED,
        Reason::TimePassed => HS_BREAKER_REASON_TIME_PASSED,
        Reason::Recovered => HS_BREAKER_REASON_RECOVERED,
        Reason::ByHand => HS_BREAKER_REASON_MANUAL,
    }
}

pub fn of_event(event: &Event) -> hs_breaker_event {
    let mut facts = hs_breaker_event {
        struct_size: size_of::<hs_breaker_event>() as u32,
        reason: HS_BREAKER_REASON_TABLE_FULL,
        from: HS_BREAKER_CLOSED,
        to: HS_BREAKER_CLOSED,
        key: hs_str::NONE,
        generation: 0,
        sequence: 0,
        calls: 0,
        failure_pct: 0,
        slow_pct: 0,
        open_ms: 0,
        manual: 0,
    };
    match event {
        Event::TableFull(key) => facts.key = hs_str::borrowed(key.as_bytes()),
        Event::Transition(transition) => {
            facts.reason = reason(transition.reason);
            facts.from = state(transition.from);
            facts.to = state(transition.to);
            facts.key = hs_str::borrowed(transition.key.as_bytes());
            facts.generation = transition.generation.into();
            facts.sequence = transition.generation.into();
            facts.calls = transition.tally.calls;
            facts.failure_pct = transition.failure_percent;
            facts.slow_pct = transition.slow_percent;
            facts.open_ms = milliseconds(transition.open);
            facts.manual = u32::from(transition.reason == Reason::ByHand);
        }
    }
    facts
}

pub fn of(info: &Info) -> hs_breaker_info {
    let percent = |part: u64| (part * 100).checked_div(info.tally.calls).unwrap_or(0) as u32;
    let manual = matches!(info.state, State::ForcedOpen | State::ForcedClosed | State::MetricsOnly);
    hs_breaker_info {
        struct_size: 0,
        state: state(info.state),
        generation: info.generation.into(),
        calls: info.tally.calls,
        failures: info.tally.failures,
        slow: info.tally.slow,
        failure_pct: percent(info.tally.failures),
        slow_pct: percent(info.tally.slow),
        retry_after_ms: match (info.state, info.left) {
            (_, Some(left)) => milliseconds(left),
            (State::ForcedOpen, None) => HS_INFINITE,
            _ => 0,
        },
        probes_out: info.probes_out,
        opens_in_a_row: info.opens_in_a_row,
        manual: u32::from(manual),
        reserved: 0,
        total_successes: info.totals.successes,
        total_failures: info.totals.failures,
        total_neutral: info.totals.neutral,
        total_slow: info.totals.slow,
        stale_results: info.totals.stale,
        rejected: info.totals.rejected,
        opened: info.totals.opened,
    }
}
