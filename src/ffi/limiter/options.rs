//! `hs_limiter_options`.

use super::Shared;
use super::events::{hs_limiter_callback, listener};
use crate::error::Error;
use crate::ffi::options::{self, duration, invalid, number};
use crate::ffi::simulation::{self, hs_simulation};
use crate::ffi::sized::{self, Sized32};
use crate::ffi::text::hs_str;
use crate::ffi::version::HS_INFINITE;
use crate::http::headers::Header;
use crate::resilience::hints::{Names, ResetFormat};
use crate::resilience::limiter::{Learning, Limiter, Mode, Settings, Wanted};
use std::ffi::c_void;
use std::time::Duration;

/// A sliding log up to a limit of 10,000 and without `burst`, else `HS_LIMITER_WINDOW_SAFE`.
pub const HS_LIMITER_DEFAULT: u32 = 0;
/// Tokens that come evenly (generic cell rate algorithm): `burst` at once after a rest, and then one each `period` /
/// `limit`. Smooth, but in its first period it sends `burst` - 1 more than `limit`, which a server that counts by the
/// minute refuses.
pub const HS_LIMITER_GCRA: u32 = 1;
/// The same at a rate that is lower by so much that no period of that length has more than `limit`.
pub const HS_LIMITER_WINDOW_SAFE: u32 = 2;
/// When each of the last `limit` was sent is remembered, 8 bytes each: the whole limit in any period of that length, and
/// never more. At most 100,000.
pub const HS_LIMITER_SLIDING_LOG: u32 = 3;

/// In the flags of `hs_limiter_options`: what servers say changes nothing.
pub const HS_LIMITER_DEAF: u32 = 1;

/// A reset beyond 10^12 is milliseconds since 1970, one beyond 10^9 seconds since 1970, and any other seconds from now.
pub const HS_RESET_AUTO: u32 = 0;
/// Seconds since 1970 (GitHub, Alpaca).
pub const HS_RESET_EPOCH_SECONDS: u32 = 1;
/// Milliseconds since 1970.
pub const HS_RESET_EPOCH_MILLISECONDS: u32 = 2;
/// Seconds from now (Envoy).
pub const HS_RESET_DELTA_SECONDS: u32 = 3;
/// Milliseconds from now.
pub const HS_RESET_DELTA_MILLISECONDS: u32 = 4;
/// A timestamp (RFC 3339), such as "2018-03-13T00:00:00Z".
pub const HS_RESET_TIMESTAMP: u32 = 5;

/// The `limit` for Alpaca's trading API: 200 requests a minute for an account, counted by the minute and told in
/// `X-RateLimit-…` with seconds since 1970. All other fields are right as zero; the key is the account.
pub const HS_LIMIT_ALPACA: u32 = 200;

/// Options of a limiter: what each of its buckets begins with. All zero but `struct_size` and `limit` is a sliding log a
/// minute long.
///
/// Unless `HS_LIMITER_DEAF` is set, buckets learn from responses. What counts is the first of these that says something:
/// `Retry-After`, where the status is one after which the same may be sent again; `RateLimit` (draft -11 of the IETF,
/// quotas of requests alone); `RateLimit-Remaining` and `RateLimit-Reset`; `X-RateLimit-Remaining` and
/// `X-RateLimit-Reset`. Moments are taken relative to the response's `Date`. Of one window the smallest remainder
/// counts and of two the later one; requests that were sent after the one that was answered are taken off. Where nothing
/// is left, the bucket is held until the reset. None of it raises `limit`, what is malformed changes nothing, and what was
/// learned is forgotten at the reset. A 429 that says nothing holds the bucket for `throttle_ms`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hs_limiter_options {
    /// `sizeof(hs_limiter_options)`.
    pub struct_size: u32,
    /// `HS_LIMITER_DEAF` or 0.
    pub flags: u32,
    /// How many tokens come in a period. At least 1.
    pub limit: u32,
    /// `HS_LIMITER_…`
    pub mode: u32,
    /// Default 60,000.
    pub period_ms: u64,
    /// How much longer than the period a sliding log remembers, because requests do not all take the same time on their
    /// way. Default 50; only for a sliding log.
    pub window_margin_ms: u64,
    /// How many tokens there are after a rest, at most `limit`. Default 10, and a hundredth of `limit` where that is more;
    /// not for a sliding log, which begins with all.
    pub burst: u32,
    /// How many may wait for one bucket. Default 1,000.
    pub max_waiting: u32,
    /// How many buckets there may be. Default 1,024. To make room, those go that nobody has and that are as good as new;
    /// where there is none, all further keys share one bucket.
    pub max_keys: u32,
    /// `HS_RESET_…`: how `reset_header` is written.
    pub reset_format: u32,
    /// A reset further away is not believed. Default 300,000.
    pub learn_max_ms: u64,
    /// Up to so much more, by chance, is waited after a reset, so that not everybody comes back at once. Default 250.
    pub learn_jitter_ms: u64,
    /// For how long a 429 holds a bucket that does not say for how long. Default 1,000.
    pub throttle_ms: u64,
    /// In place of `X-RateLimit-Limit`.
    pub limit_header: hs_str,
    /// In place of `X-RateLimit-Remaining`.
    pub remaining_header: hs_str,
    /// In place of `X-RateLimit-Reset`.
    pub reset_header: hs_str,
    /// Is told what happens; may be NULL.
    pub on_event: hs_limiter_callback,
    /// Handed to `on_event`; must be valid until the limiter and all that have it are gone.
    pub user_data: *mut c_void,
    /// Its clock and its chance; NULL for the machine's.
    pub simulation: *mut hs_simulation,
}

// SAFETY: repr(C): integers, pointers and an optional function, for which all-zero is None.
unsafe impl Sized32 for hs_limiter_options {
    const NAME: &'static str = "hs_limiter_options";
    const SMALLEST: usize = 16;
}

pub(super) fn quota(mode: u32, limit: u32, period_ms: u64, burst: u32, margin_ms: u64) -> Result<Wanted, Error> {
    let mode = match mode {
        HS_LIMITER_DEFAULT => None,
        HS_LIMITER_GCRA => Some(Mode::Gcra),
        HS_LIMITER_WINDOW_SAFE => Some(Mode::WindowSafe),
        HS_LIMITER_SLIDING_LOG => Some(Mode::SlidingLog),
        _ => return Err(invalid(format!("hs_limiter_options.mode is {mode}: not a HS_LIMITER_… constant"))),
    };
    let set = |milliseconds: u64| (milliseconds != 0).then(|| Duration::from_millis(milliseconds));
    Ok(Wanted { mode, limit, period: set(period_ms), burst: (burst != 0).then_some(burst), margin: set(margin_ms) })
}

/// # Safety
/// `pointer` is valid for as many bytes as its `struct_size` says, and so is all that it points to.
pub(super) unsafe fn chosen(pointer: *const hs_limiter_options) -> Result<Shared, Error> {
    // SAFETY: as the caller promises.
    let given = unsafe { sized::read(pointer) }?;
    options::flags(given.flags, HS_LIMITER_DEAF, hs_limiter_options::NAME)?;
    let wanted = quota(given.mode, given.limit, given.period_ms, given.burst, given.window_margin_ms)?;
    let quota = wanted.check().map_err(|wrong| invalid(format!("hs_limiter_options.{wrong}")))?;
    let finite = |value: u64, default: u64, what: &str| match value {
        HS_INFINITE => Err(invalid(format!("hs_limiter_options.{what} is HS_INFINITE: it has an end"))),
        _ => Ok(duration(value, Some(Duration::from_millis(default))).unwrap_or_default()),
    };
    // SAFETY: as the caller promises.
    let learning = unsafe { learning(&given) }?;
    let throttle = finite(given.throttle_ms, 1_000, "throttle_ms")?;
    let (longest, jitter) =
        (finite(given.learn_max_ms, 300_000, "learn_max_ms")?, finite(given.learn_jitter_ms, 250, "learn_jitter_ms")?);
    let deaf = given.flags & HS_LIMITER_DEAF != 0;
    let settings = Settings {
        quota,
        max_waiting: number(given.max_waiting, 1_000) as usize,
        max_keys: number(given.max_keys, 1_024) as usize,
        learning: (!deaf).then_some(Learning { longest, jitter, ..learning }),
    };
    let simulation = simulation::given(given.simulation)?;
    let (clock, chance) = simulation::clock_and_chance(given.simulation)?;
    let listener = listener(given.on_event, given.user_data);
    Ok(Shared { limiter: Limiter::new(settings, clock, chance, listener), simulation, throttle })
}

/// # Safety
/// The texts are valid.
unsafe fn learning(given: &hs_limiter_options) -> Result<Learning, Error> {
    let format = match given.reset_format {
        HS_RESET_AUTO => ResetFormat::Auto,
        HS_RESET_EPOCH_SECONDS => ResetFormat::EpochSeconds,
        HS_RESET_EPOCH_MILLISECONDS => ResetFormat::EpochMilliseconds,
        HS_RESET_DELTA_SECONDS => ResetFormat::DeltaSeconds,
        HS_RESET_DELTA_MILLISECONDS => ResetFormat::DeltaMilliseconds,
        HS_RESET_TIMESTAMP => ResetFormat::Timestamp,
        other => {
            let message = format!("hs_limiter_options.reset_format is {other}: not a HS_RESET_… constant");
            return Err(invalid(message));
        }
    };
    let mut names = Names { format, ..Names::default() };
    let texts = [
        (given.limit_header, "limit_header", &mut names.limit),
        (given.remaining_header, "remaining_header", &mut names.remaining),
        (given.reset_header, "reset_header", &mut names.reset),
    ];
    for (text, what, name) in texts {
        // SAFETY: as the caller promises.
        let bytes = unsafe { text.bytes(what) }?;
        if !bytes.is_empty() {
            *name = Header::parse(bytes, b"", false)?.name.into();
        }
    }
    Ok(Learning { names, ..Learning::default() })
}
