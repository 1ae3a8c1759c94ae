package sentinel

// #include "shim.h"
import "C"

import (
	"context"
	"net/http"
	"runtime"
	"time"
	"unsafe"
)

// LimitAlpaca is the Limit for Alpaca's trading API: 200 requests a minute for an account. All other fields are right as
// zero; the key is the account.
const LimitAlpaca = C.HS_LIMIT_ALPACA

// LimiterMode is how a limiter counts.
type LimiterMode uint32

// How a limiter counts.
const (
	LimiterDefault    LimiterMode = C.HS_LIMITER_DEFAULT     // a sliding log up to a limit of 10,000 and without Burst, else LimiterWindowSafe
	LimiterGCRA       LimiterMode = C.HS_LIMITER_GCRA        // tokens that come evenly, Burst of them at once after a rest
	LimiterWindowSafe LimiterMode = C.HS_LIMITER_WINDOW_SAFE // the same, at a rate at which no period has more than Limit
	LimiterSlidingLog LimiterMode = C.HS_LIMITER_SLIDING_LOG // when each of the last Limit was sent; at most 100,000
)

// ResetFormat is how servers write when their quota is whole again.
type ResetFormat uint32

// How servers write when their quota is whole again.
const (
	ResetAuto              ResetFormat = C.HS_RESET_AUTO               // by the size of the number
	ResetEpochSeconds      ResetFormat = C.HS_RESET_EPOCH_SECONDS      // seconds since 1970
	ResetEpochMilliseconds ResetFormat = C.HS_RESET_EPOCH_MILLISECONDS // milliseconds since 1970
	ResetDeltaSeconds      ResetFormat = C.HS_RESET_DELTA_SECONDS      // seconds from now
	ResetDeltaMilliseconds ResetFormat = C.HS_RESET_DELTA_MILLISECONDS // milliseconds from now
	ResetTimestamp         ResetFormat = C.HS_RESET_TIMESTAMP          // RFC 3339
)

// RateLimiterOptions are what each bucket of a limiter begins with. All zero but Limit is a sliding log a minute long that
// learns from what servers say of their own limit (Retry-After, RateLimit, X-RateLimit-…).
type RateLimiterOptions struct {
	Limit        int           // how many tokens come in a period. At least 1
	Period       time.Duration // default a minute
	Mode         LimiterMode
	Burst        int           // how many tokens there are after a rest; not for a sliding log
	WindowMargin time.Duration // how much longer than the period a sliding log remembers. Default 50 ms
	MaxWaiting   int           // how many may wait for one bucket. Default 1,000
	MaxKeys      int           // how many buckets there may be. Default 1,024

	Deaf                                      bool // what servers say changes nothing
	LearnMax                                  time.Duration
	LearnJitter                               time.Duration
	Throttle                                  time.Duration // for how long a 429 holds a bucket that does not say for how long
	LimitHeader, RemainingHeader, ResetHeader string        // in place of X-RateLimit-…
	ResetFormat                               ResetFormat

	// Raw is as Options.Raw for a *hs_limiter_options.
	Raw func(options unsafe.Pointer)
}

// RateLimiter keeps what is sent within limits: a table of buckets, each with a key of the caller's. It may be used by any
// number of goroutines, and by any number of clients through their [Policies].
type RateLimiter struct {
	c    *C.hs_limiter
	stop func()
}

// Ticket is what was let through: for Refund and Learn. The zero value is none.
type Ticket struct{ c C.hs_ticket }

// NewRateLimiter makes a limiter. It is closed with Close, or when nobody has it any more.
func NewRateLimiter(o RateLimiterOptions) (*RateLimiter, error) {
	a := newArena()
	defer a.free()
	c := sized[C.hs_limiter_options](a)
	c.flags, c.limit, c.mode = flag(o.Deaf, C.HS_LIMITER_DEAF), count(o.Limit), C.uint32_t(o.Mode)
	c.period_ms, c.window_margin_ms = millis(o.Period), millis(o.WindowMargin)
	c.burst, c.max_waiting, c.max_keys = count(o.Burst), count(o.MaxWaiting), count(o.MaxKeys)
	c.reset_format = C.uint32_t(o.ResetFormat)
	c.learn_max_ms, c.learn_jitter_ms, c.throttle_ms = millis(o.LearnMax), millis(o.LearnJitter), millis(o.Throttle)
	c.limit_header, c.remaining_header = a.text(o.LimitHeader), a.text(o.RemainingHeader)
	c.reset_header = a.text(o.ResetHeader)
	if o.Raw != nil {
		o.Raw(unsafe.Pointer(c))
	}
	l := new(RateLimiter)
	var failure *C.hs_error
	if status := C.hs_limiter_new(c, &l.c, &failure); status != C.HS_OK {
		return nil, errorOf(status, failure)
	}
	l.stop = onDrop(l, freeLimiter, l.c)
	return l, nil
}

func freeLimiter(c *C.hs_limiter) { C.hs_limiter_free(c) }

func (l *RateLimiter) handle() *C.hs_limiter {
	if l == nil {
		return nil
	}
	return l.c
}

// Handle is the library's handle (a token, not an address), for what has no method here. It belongs to the limiter.
func (l *RateLimiter) Handle() unsafe.Pointer { return unsafe.Pointer(l.handle()) }

// Close frees it; clients that have it keep it, and who waits goes on waiting. A second one gives ErrInvalidHandle.
func (l *RateLimiter) Close() error {
	l.stop()
	return check(C.hs_limiter_free(l.c), "hs_limiter_free")
}

// Acquire takes cost tokens (0: one) from the bucket with that key, and waits for them in its queue until the context ends;
// without a deadline for 30 seconds. It fails at once with ErrRateLimited where it is clear that it would take longer or
// where too many wait, and with ErrRateNeverFits where the bucket never has so many.
//
// The goroutine keeps its thread while it waits.
func (l *RateLimiter) Acquire(ctx context.Context, key string, cost int) (Ticket, error) {
	timeout, err := remaining(ctx)
	if err != nil {
		return Ticket{}, err
	}
	a := newArena()
	defer a.free()
	ticket := new(Ticket)
	var failure *C.hs_error
	var status C.hs_status
	err = cancelled(ctx, func(cancel *C.hs_cancel) {
		status = C.hs_limiter_acquire(l.c, a.text(key), count(cost), timeout, cancel, &ticket.c, &failure)
	})
	runtime.KeepAlive(l)
	if err == nil && status != C.HS_OK {
		err = errorOf(status, failure).because(ctx)
	}
	return *ticket, err
}

// TryAcquire takes them only where they are there now and nobody waits for them; else ErrRateLimited.
func (l *RateLimiter) TryAcquire(key string, cost int) (Ticket, error) {
	a := newArena()
	defer a.free()
	ticket := new(Ticket)
	var failure *C.hs_error
	status := C.hs_limiter_try_acquire(l.c, a.text(key), count(cost), &ticket.c, &failure)
	runtime.KeepAlive(l)
	if status != C.HS_OK {
		return Ticket{}, errorOf(status, failure)
	}
	return *ticket, nil
}

// AcquireAll takes from each of up to 16 buckets, of whatever limiters, or from none. While it waits for one bucket it takes
// nothing from the others. It waits and fails as Acquire does.
func AcquireAll(ctx context.Context, limits ...Limit) ([]Ticket, error) {
	timeout, err := remaining(ctx)
	if err != nil || len(limits) == 0 {
		return nil, err
	}
	a := newArena()
	defer a.free()
	wanted, many := buckets(a, limits)
	taken := put[C.hs_ticket](a, len(limits))
	var failure *C.hs_error
	var status C.hs_status
	err = cancelled(ctx, func(cancel *C.hs_cancel) {
		status = C.hs_limiter_acquire_all(wanted, many, timeout, cancel, &taken[0], &failure)
	})
	runtime.KeepAlive(limits)
	if err != nil {
		return nil, err
	}
	if status != C.HS_OK {
		return nil, errorOf(status, failure).because(ctx)
	}
	tickets := make([]Ticket, len(limits))
	for i := range tickets {
		tickets[i].c = taken[i]
	}
	return tickets, nil
}

// Refund gives back what was taken for a request that was not sent. The ticket is zero afterwards, so that doing it again
// does nothing.
func (l *RateLimiter) Refund(key string, ticket *Ticket) error {
	a := newArena()
	defer a.free()
	var failure *C.hs_error
	status := C.hs_limiter_refund(l.c, a.text(key), &ticket.c, &failure)
	runtime.KeepAlive(l)
	if status != C.HS_OK {
		return errorOf(status, failure)
	}
	return nil
}

// SetQuota changes the quota of one bucket; 0 is the default at period and burst. What was sent goes on counting.
func (l *RateLimiter) SetQuota(key string, limit int, period time.Duration, burst int) error {
	a := newArena()
	defer a.free()
	var failure *C.hs_error
	status := C.hs_limiter_set_quota(l.c, a.text(key), count(limit), millis(period), count(burst), &failure)
	runtime.KeepAlive(l)
	if status != C.HS_OK {
		return errorOf(status, failure)
	}
	return nil
}

// Hold lets nothing through for so long, or longer where a hold is there already; NoLimit: until it is released. 0
// releases every hold.
func (l *RateLimiter) Hold(key string, d time.Duration) error {
	a := newArena()
	defer a.free()
	defer runtime.KeepAlive(l)
	return check(C.hs_limiter_hold(l.c, a.text(key), millis(d)), "hs_limiter_hold")
}

// Learn tells a bucket of a response that came on another way than through a client that has it. The ticket is that of its
// request; nil where there is none.
func (l *RateLimiter) Learn(key string, ticket *Ticket, status int, header http.Header) error {
	a := newArena()
	defer a.free()
	var given *C.hs_ticket
	if ticket != nil {
		given = &ticket.c
	}
	fields, many := a.header(header)
	var failure *C.hs_error
	result := C.hs_limiter_learn(l.c, a.text(key), given, count(status), fields, many, &failure)
	runtime.KeepAlive(l)
	if result != C.HS_OK {
		return errorOf(result, failure)
	}
	return nil
}

// RateLimiterState is a bucket at a moment.
type RateLimiterState struct {
	Limit            int           // its quota's limit
	Remaining        int64         // how many tokens could be taken now
	Waiting          int64         // how many wait
	Next             time.Duration // how long one more would wait
	Hold             time.Duration // how long nothing may be sent at all; NoLimit for a hold without end
	LearnedReset     time.Duration // in how much time the quota that the server told of is whole again; 0: it told of none
	LearnedRemaining int64         // what is left of that; -1 where it told of none
	Admitted         uint64        // what was let through by now, by cost
}

// State is what a bucket is like at this moment.
func (l *RateLimiter) State(key string) (RateLimiterState, error) {
	a := newArena()
	defer a.free()
	info := sized[C.hs_limiter_info](a)
	status := C.hs_limiter_state(l.c, a.text(key), info)
	runtime.KeepAlive(l)
	return RateLimiterState{
		Limit: int(info.limit), Remaining: int64(info.remaining), Waiting: int64(info.waiting), Next: fromMillis(info.next_ms),
		Hold: fromMillis(info.hold_ms), LearnedReset: fromMillis(info.learned_reset_ms),
		LearnedRemaining: int64(info.learned_remaining), Admitted: uint64(info.admitted),
	}, check(status, "hs_limiter_state")
}

// remaining is how long a context gives, for what takes 0 as its default.
func remaining(ctx context.Context) (C.uint64_t, error) {
	if err := ctx.Err(); err != nil {
		return 0, ended(ctx)
	}
	deadline, there := ctx.Deadline()
	if !there {
		return 0, nil
	}
	if left := time.Until(deadline); left > 0 {
		return millis(left), nil
	}
	return 1, nil
}

// ended is the error of what a context did not let begin.
func ended(ctx context.Context) *Error {
	status := ErrCancelled
	if ctx.Err() == context.DeadlineExceeded {
		status = ErrTimeout
	}
	e := plainError(status, "the context had ended before it began")
	e.Phase = PhaseCancel
	return e.because(ctx)
}
