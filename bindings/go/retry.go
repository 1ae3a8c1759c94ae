package sentinel

// #include "shim.h"
import "C"

import (
	"context"
	"errors"
	"runtime"
	"runtime/cgo"
	"time"
	"unsafe"
)

// RetryEngineOptions say how work is retried, and who is asked before each attempt: the time and the context; the breaker's
// leave to ask; the rate limiters; a slot of the bulkhead; the breaker's permit. Nothing is held between attempts.
type RetryEngineOptions struct {
	Retry RetryOptions
	// Timeout is for all attempts and waits together. Default 30 seconds. It ends waits and begins no attempt; work that
	// is under way is not interrupted, but its context ends. A context's own deadline counts besides.
	Timeout time.Duration
	// Key is what budget, breaker and bulkhead are asked by. Empty: "*".
	Key      string
	Budget   *Budget // nil: one of its own
	Breaker  *CircuitBreaker
	Limits   []Limit
	Bulkhead *Bulkhead
	// Idempotent says that doing the work twice does no harm, so that what may have been done is tried again.
	Idempotent bool
	// IdempotencyKey says the same, because the work sends a key of its own; a 409 is tried again, too.
	IdempotencyKey bool
	// Raw is as Options.Raw for a *hs_retry_policies.
	Raw func(policies unsafe.Pointer)
}

// RetryEngine retries work of any kind by the rules that requests are retried by. It does not change, and any number of
// goroutines may run it at once.
type RetryEngine struct {
	c    *C.hs_retry
	stop func()
}

// RetryAttempt is what an attempt is told, and what it may tell. It is valid until the work returns.
type RetryAttempt struct {
	Number     int           // from 1
	Started    time.Duration // how long after the beginning this attempt begins
	Left       time.Duration // how long it may take; NoLimit: as long as it likes
	Waited     time.Duration // how long was waited before it
	WaitReason WaitReason    // what most of that was for
	Replay     bool          // this is the same attempt once more, since the work said 421

	// What the work may set. Of an *Error that it returns, RequestSent and RetryAfter are taken without that.

	HTTPStatus  int           // the status of an answer, where there is one: 100 to 599
	RequestSent Sent          // whether the other side may have seen it; SentMaybe to begin with
	RetryAfter  time.Duration // how long the other side asks to wait; 0: it does not
	Throttled   bool          // it asks to wait, and does not say for how long
	Committed   bool          // what was done cannot be done again: this attempt is the last one
}

// Note takes over what a response says: its status, and when the server wants to see the request again.
func (a *RetryAttempt) Note(r *Response) {
	a.HTTPStatus, a.RetryAfter, a.RequestSent = r.Status, r.Metrics.RetryAfter, SentYes
}

// RetryReport is what became of a run.
type RetryReport struct {
	StopReason StopReason // why there was no further attempt
	Attempts   int        // how many there were; one that was not let through is one, too
	HTTPStatus int        // of the answer that the last attempt came to; 0: none
	Elapsed    time.Duration
	Waited     time.Duration // how much of that was waits: between attempts and in queues
	RetryAfter time.Duration // what the other side, or the breaker, asked for last; NoLimit: nothing
}

// NewRetryEngine makes an engine. It is closed with Close, or when nobody has it any more.
func NewRetryEngine(o RetryEngineOptions) (*RetryEngine, error) {
	a := newArena()
	defer a.free()
	c := sized[C.hs_retry_policies](a)
	c.flags = flag(o.Idempotent, C.HS_IDEMPOTENT) | flag(o.IdempotencyKey, C.HS_IDEMPOTENCY_KEY)
	c.key, c.timeout_ms = a.text(o.Key), millis(o.Timeout)
	c.budget, c.breaker, c.bulkhead = o.Budget.handle(), o.Breaker.handle(), o.Bulkhead.handle()
	c.buckets, c.bucket_count = buckets(a, o.Limits)
	if o.Raw != nil {
		o.Raw(unsafe.Pointer(c))
	}
	e := new(RetryEngine)
	var failure *C.hs_error
	if status := C.hs_retry_new(o.Retry.encode(a), c, &e.c, &failure); status != C.HS_OK {
		return nil, errorOf(status, failure)
	}
	runtime.KeepAlive(o)
	e.stop = onDrop(e, freeRetry, e.c)
	return e, nil
}

func freeRetry(c *C.hs_retry) { C.hs_retry_free(c) }

// Close frees it; runs that are under way go on. A second one gives ErrInvalidHandle.
func (e *RetryEngine) Close() error {
	e.stop()
	return check(C.hs_retry_free(e.c), "hs_retry_free")
}

// Execute calls work until it succeeds or nothing more is to be done, with waits in between, and returns what it returned
// last. Work that gives no error has succeeded, unless it sets an HTTPStatus that is retried. An [*Error] is judged by its
// status, as requests are; any other error is tried again, if it may be repeated (RequestSent, Idempotent), but for those of
// a context and those of [Permanent].
//
// The context that work is given ends with ctx, and when the time of the run is over. When ctx ends, so does a wait, and
// Execute gives an [*Error] with the context's error and what work said last behind it.
//
// Work runs on the calling goroutine, which keeps its thread until Execute returns: a [Worker] may be used in it. Its
// requests, and those of a [Client], are one attempt each then, unless they say otherwise. It must not call runtime.Goexit
// (t.FailNow); a panic is passed on to who called Execute.
func (e *RetryEngine) Execute(ctx context.Context, work func(context.Context, *RetryAttempt) error) error {
	_, err := e.Run(ctx, work, nil)
	return err
}

// Run is Execute with a report, and where retry is not nil, with a rule of its own: it says after each attempt that is no
// success whether to try again, as far as attempts, time and budget go.
func (e *RetryEngine) Run(
	ctx context.Context, work func(context.Context, *RetryAttempt) error, retry func(error, *RetryAttempt) bool,
) (RetryReport, error) {
	if ctx.Err() != nil {
		return RetryReport{StopReason: StopCancelled, RetryAfter: NoLimit}, ended(ctx)
	}
	r := &run{ctx: ctx, work: work, retry: retry}
	handle := cgo.NewHandle(r)
	defer handle.Delete()
	report := new(C.hs_retry_report)
	report.struct_size = C.uint32_t(unsafe.Sizeof(*report))
	var failure *C.hs_error
	var status C.hs_status
	err := cancelled(ctx, func(cancel *C.hs_cancel) {
		status = C.hsgo_retry_run(e.c, C.uintptr_t(handle), flag(retry != nil, 1), cancel, report, &failure)
	})
	runtime.KeepAlive(e)
	if r.panicked != nil {
		C.hs_error_free(failure)
		panic(r.panicked)
	}
	told := RetryReport{
		StopReason: StopReason(report.stop_reason), Attempts: int(report.attempts), HTTPStatus: int(report.http_status),
		Elapsed: time.Duration(report.elapsed_ns), Waited: time.Duration(report.waited_ns),
		RetryAfter: fromMillis(report.retry_after_ms),
	}
	switch {
	case err != nil:
		return told, err
	case status == C.HS_OK:
		return told, nil
	case r.last != nil && C.int32_t(status) == r.result:
		C.hs_error_free(failure)
		return told, r.last
	}
	own := errorOf(status, failure).because(ctx)
	if r.last != nil {
		own.causes = append(own.causes, r.last)
	}
	return told, own
}

// Permanent makes an error that is not tried again.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return permanent{err}
}

type permanent struct{ error }

func (p permanent) Unwrap() error { return p.error }

// run is one Execute, for the callbacks.
type run struct {
	ctx      context.Context
	work     func(context.Context, *RetryAttempt) error
	retry    func(error, *RetryAttempt) bool
	attempt  RetryAttempt // the last one
	last     error        // what it gave
	result   C.int32_t    // what the library was told of it
	panicked any
}

//export hsgoAttempt
func hsgoAttempt(context C.uintptr_t, attempt *C.hs_attempt_context) (result C.int32_t) {
	r := cgo.Handle(context).Value().(*run)
	defer func() {
		if r.panicked = recover(); r.panicked != nil {
			attempt.flags |= C.HS_ATTEMPT_COMMITTED
			result = C.HS_ERR_CALLBACK
		}
	}()
	r.try(attempt)
	return r.result
}

//export hsgoAgain
func hsgoAgain(context C.uintptr_t) (again C.int32_t) {
	r := cgo.Handle(context).Value().(*run)
	if r.panicked != nil {
		return 0
	}
	defer func() {
		if r.panicked = recover(); r.panicked != nil {
			again = 0
		}
	}()
	if r.retry(r.last, &r.attempt) {
		return 1
	}
	return 0
}

func (r *run) try(c *C.hs_attempt_context) {
	r.attempt = RetryAttempt{
		Number: int(c.number), Started: time.Duration(c.started_ns), Left: fromMillis(c.left_ms),
		Waited: time.Duration(c.waited_ns), WaitReason: WaitReason(c.wait_reason),
		Replay: c.flags&C.HS_ATTEMPT_REPLAY != 0, RequestSent: SentMaybe,
	}
	ctx, a := r.ctx, &r.attempt
	if a.Left >= 0 {
		limited, stop := context.WithTimeout(ctx, a.Left)
		defer stop()
		ctx = limited
	}
	r.last = r.work(ctx, a)
	var e *Error
	if errors.As(r.last, &e) {
		a.RequestSent = e.RequestSent
		a.RetryAfter = max(a.RetryAfter, e.RetryAfter)
	}
	c.http_status, c.request_sent = count(a.HTTPStatus), C.uint32_t(a.RequestSent)
	switch {
	case a.RetryAfter > 0:
		c.retry_after_ms = millis(a.RetryAfter)
	case a.Throttled:
		c.retry_after_ms = 0
	}
	if a.Committed {
		c.flags |= C.HS_ATTEMPT_COMMITTED
	}
	r.result = r.number(e)
}

// number is what the library is told of an error: a status, or a number that it knows nothing of.
func (r *run) number(e *Error) C.int32_t {
	var never permanent
	switch {
	case r.last == nil:
		return C.HS_OK
	case errors.As(r.last, &never):
		return C.HS_ERR_INVALID_ARGUMENT
	case e != nil:
		return C.int32_t(e.Status)
	case errors.Is(r.last, context.Canceled):
		return C.HS_ERR_CANCELLED
	case errors.Is(r.last, context.DeadlineExceeded):
		return C.HS_ERR_TIMEOUT
	}
	return 1
}
