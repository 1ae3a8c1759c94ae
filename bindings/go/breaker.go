package sentinel

// #include "shim.h"
import "C"

import (
	"runtime"
	"time"
	"unsafe"
)

// CircuitBreakerOptions are those of a circuit breaker.
type CircuitBreakerOptions struct {
	Window          time.Duration // by how old results a circuit is judged. Default 30 s; 100 ms to an hour
	WindowCalls     int           // instead: by how many, however old; at most 10,000
	MinCalls        int           // fewer results are no reason to open. Default 20
	FailurePercent  int           // the share of failures that opens it. Default 50
	Slow            time.Duration // what takes longer is slow. Default: nothing is
	SlowPercent     int           // the share of slow calls that opens it. Default 50
	Open            time.Duration // how long it is open the first time. Default 5 s
	OpenMax         time.Duration // how long it is open at most. Default 60 s
	HalfOpenPermits int           // how many probes it has when it is half-open. Default 3; at most 10
	ProbeLease      time.Duration // how long a probe may take. Default 60 s
	MaxKeys         int           // how many keys it has at most. Default 1,024
	// Raw is as Options.Raw for a *hs_breaker_options.
	Raw func(options unsafe.Pointer)
}

// CircuitBreaker is one for any number of keys, each with a circuit of its own. It may be used by any number of goroutines
// and clients.
type CircuitBreaker struct {
	c    *C.hs_breaker
	stop func()
}

// BreakerState is the state of a circuit.
type BreakerState uint32

// States of a circuit.
const (
	BreakerClosed       BreakerState = C.HS_BREAKER_CLOSED        // everything gets through
	BreakerOpen         BreakerState = C.HS_BREAKER_OPEN          // nothing does
	BreakerHalfOpen     BreakerState = C.HS_BREAKER_HALF_OPEN     // a few probes do
	BreakerForcedOpen   BreakerState = C.HS_BREAKER_FORCED_OPEN   // by ForceOpen
	BreakerForcedClosed BreakerState = C.HS_BREAKER_FORCED_CLOSED // by ForceClosed
	BreakerMetricsOnly  BreakerState = C.HS_BREAKER_METRICS_ONLY  // by MetricsOnly
)

// String is the state's name: "closed", "half-open".
func (s BreakerState) String() string {
	names := [...]string{"closed", "open", "half-open", "forced open", "forced closed", "metrics only"}
	if int(s) < len(names) {
		return names[s]
	}
	return "unknown"
}

// Outcome is what came of work.
type Outcome uint32

// What came of work.
const (
	OutcomeSuccess Outcome = C.HS_OUTCOME_SUCCESS // what was asked for works, whatever it answered
	OutcomeFailure Outcome = C.HS_OUTCOME_FAILURE // it does not
	OutcomeNeutral Outcome = C.HS_OUTCOME_NEUTRAL // it says nothing: it was cancelled, or never got so far
)

// BreakerPermit is leave to do one piece of work, of which the outcome is to be recorded once. It must not be copied.
type BreakerPermit struct {
	b *CircuitBreaker
	c C.hs_permit
}

// NewCircuitBreaker makes a breaker. It is closed (as an object) with Close, or when nobody has it any more.
func NewCircuitBreaker(o CircuitBreakerOptions) (*CircuitBreaker, error) {
	a := newArena()
	defer a.free()
	c := sized[C.hs_breaker_options](a)
	c.window_ms, c.window_calls, c.min_calls = millis(o.Window), count(o.WindowCalls), count(o.MinCalls)
	c.failure_percent, c.slow_percent, c.slow_ms = count(o.FailurePercent), count(o.SlowPercent), millis(o.Slow)
	c.open_ms, c.open_max_ms = millis(o.Open), millis(o.OpenMax)
	c.half_open_permits, c.probe_lease_ms, c.max_keys = count(o.HalfOpenPermits), millis(o.ProbeLease), count(o.MaxKeys)
	if o.Raw != nil {
		o.Raw(unsafe.Pointer(c))
	}
	b := new(CircuitBreaker)
	var failure *C.hs_error
	if status := C.hs_breaker_new(c, &b.c, &failure); status != C.HS_OK {
		return nil, errorOf(status, failure)
	}
	b.stop = onDrop(b, freeBreaker, b.c)
	return b, nil
}

func freeBreaker(c *C.hs_breaker) { C.hs_breaker_free(c) }

func (b *CircuitBreaker) handle() *C.hs_breaker {
	if b == nil {
		return nil
	}
	return b.c
}

// Handle is the library's handle (a token, not an address), for what has no method here. It belongs to the breaker.
func (b *CircuitBreaker) Handle() unsafe.Pointer { return unsafe.Pointer(b.handle()) }

// Close frees it; clients that have it keep it. A second one gives ErrInvalidHandle.
func (b *CircuitBreaker) Close() error {
	b.stop()
	return check(C.hs_breaker_free(b.c), "hs_breaker_free")
}

// Acquire asks whether a piece of work for a key (1 to 1,024 bytes) may begin. Where it may, its outcome must be recorded.
// Where the circuit is open it fails with ErrBreakerOpen, and the error's RetryAfter says when the next try may be made.
func (b *CircuitBreaker) Acquire(key string) (*BreakerPermit, error) {
	a := newArena()
	defer a.free()
	permit := &BreakerPermit{b: b}
	var failure *C.hs_error
	if status := C.hs_breaker_acquire(b.c, a.text(key), &permit.c, &failure); status != C.HS_OK {
		return nil, errorOf(status, failure)
	}
	return permit, nil
}

// Record tells what came of the work. A second one gives ErrInvalidArgument.
func (p *BreakerPermit) Record(outcome Outcome) error {
	var failure *C.hs_error
	status := C.hs_breaker_record(p.b.c, &p.c, C.uint32_t(outcome), &failure)
	runtime.KeepAlive(p)
	if status != C.HS_OK {
		return errorOf(status, failure)
	}
	return nil
}

// MarkSlow says that the work is still under way: where it has passed Slow by now it counts as slow, once.
func (p *BreakerPermit) MarkSlow() error {
	var failure *C.hs_error
	status := C.hs_breaker_mark_slow(p.b.c, &p.c, &failure)
	runtime.KeepAlive(p)
	if status != C.HS_OK {
		return errorOf(status, failure)
	}
	return nil
}

// Do runs work for a key if the circuit lets it, and records a failure where it gives an error or panics.
func (b *CircuitBreaker) Do(key string, work func() error) error {
	permit, err := b.Acquire(key)
	if err != nil {
		return err
	}
	outcome := OutcomeFailure
	defer func() { permit.Record(outcome) }()
	if err = work(); err == nil {
		outcome = OutcomeSuccess
	}
	return err
}

// CircuitState is a circuit as it is.
type CircuitState struct {
	State                                                  BreakerState
	Generation                                             uint64 // how many transitions there were
	Calls, Failures, Slow                                  uint64 // in its window
	FailurePercent, SlowPercent                            int
	RetryAfter                                             time.Duration // if it is open: when the next call may try; NoLimit: never
	ProbesOut, OpensInARow                                 int
	Manual                                                 bool // its state was set by hand
	TotalSuccesses, TotalFailures, TotalNeutral, TotalSlow uint64
	StaleResults, Rejected, Opened                         uint64
}

// State is what the circuit of a key is like; ErrNotFound where it has none.
func (b *CircuitBreaker) State(key string) (CircuitState, error) {
	a := newArena()
	defer a.free()
	defer runtime.KeepAlive(b)
	i := sized[C.hs_breaker_info](a)
	status := C.hs_breaker_state(b.c, a.text(key), i)
	return CircuitState{
		State: BreakerState(i.state), Generation: uint64(i.generation),
		Calls: uint64(i.calls), Failures: uint64(i.failures), Slow: uint64(i.slow),
		FailurePercent: int(i.failure_pct), SlowPercent: int(i.slow_pct), RetryAfter: fromMillis(i.retry_after_ms),
		ProbesOut: int(i.probes_out), OpensInARow: int(i.opens_in_a_row), Manual: i.manual != 0,
		TotalSuccesses: uint64(i.total_successes), TotalFailures: uint64(i.total_failures),
		TotalNeutral: uint64(i.total_neutral), TotalSlow: uint64(i.total_slow),
		StaleResults: uint64(i.stale_results), Rejected: uint64(i.rejected), Opened: uint64(i.opened),
	}, check(status, "hs_breaker_state")
}

// ForceOpen opens the circuit of a key by hand: for d, after which it is half-open, or for good with NoLimit.
func (b *CircuitBreaker) ForceOpen(key string, d time.Duration) error {
	return b.manual(key, "hs_breaker_force_open", func(k C.hs_str) C.hs_status { return C.hs_breaker_force_open(b.c, k, millis(d)) })
}

// ForceClosed closes the circuit of a key by hand: results are counted, and open it no more.
func (b *CircuitBreaker) ForceClosed(key string) error {
	return b.manual(key, "hs_breaker_force_closed", func(k C.hs_str) C.hs_status { return C.hs_breaker_force_closed(b.c, k) })
}

// MetricsOnly lets everything through for a key; what would open it is only counted.
func (b *CircuitBreaker) MetricsOnly(key string) error {
	return b.manual(key, "hs_breaker_metrics_only", func(k C.hs_str) C.hs_status { return C.hs_breaker_metrics_only(b.c, k) })
}

// Reset ends what was done by hand: the circuit of a key is closed, and its window empty.
func (b *CircuitBreaker) Reset(key string) error {
	return b.manual(key, "hs_breaker_reset", func(k C.hs_str) C.hs_status { return C.hs_breaker_reset(b.c, k) })
}

func (b *CircuitBreaker) manual(key, what string, do func(C.hs_str) C.hs_status) error {
	a := newArena()
	defer a.free()
	defer runtime.KeepAlive(b)
	return check(do(a.text(key)), what)
}

// Keys is how many keys have a circuit.
func (b *CircuitBreaker) Keys() int {
	defer runtime.KeepAlive(b)
	return int(C.hs_breaker_count(b.c))
}
