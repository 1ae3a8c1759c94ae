package sentinel

// #include "shim.h"
import "C"

import (
	"context"
	"runtime"
	"unsafe"
)

// Worker is an HTTP client that belongs to one thread: the fastest way where one request follows the other, as nothing of
// it is shared and no other thread takes part.
//
// NewWorker locks the goroutine that calls it to its thread (runtime.LockOSThread), and only that goroutine may use the
// worker: on another one every call gives ErrWrongThread and does nothing. Close unlocks it. A worker that is open when its
// goroutine ends is closed then.
type Worker struct {
	c    *C.hs_worker
	stop func()
}

// NewWorker makes a worker for the calling goroutine, and locks that to its thread until Close.
func NewWorker(o Options) (*Worker, error) {
	runtime.LockOSThread()
	a := newArena()
	defer a.free()
	w := new(Worker)
	var failure *C.hs_error
	if status := C.hs_worker_new(o.encode(a), &w.c, &failure); status != C.HS_OK {
		runtime.UnlockOSThread()
		return nil, errorOf(status, failure)
	}
	runtime.KeepAlive(o)
	w.stop = onDrop(w, retireWorker, w.c)
	return w, nil
}

// retireWorker is for a finalizer, which is on another thread: the owner's thread closes the worker.
func retireWorker(c *C.hs_worker) { C.hs_worker_retire(c) }

// Handle is the library's handle (a token, not an address), for what has no method here. It belongs to the worker.
func (w *Worker) Handle() unsafe.Pointer { return unsafe.Pointer(w.c) }

// CloseIdleConnections closes the connections that nothing uses. Another goroutine's gives ErrWrongThread.
func (w *Worker) CloseIdleConnections() error {
	defer runtime.KeepAlive(w)
	return check(C.hs_worker_close_idle(w.c), "hs_worker_close_idle")
}

// Close closes the worker and its connections, and unlocks its goroutine. Another goroutine's gives ErrWrongThread, a second
// one ErrInvalidHandle.
func (w *Worker) Close() error {
	if status := C.hs_worker_free(w.c); status != C.HS_OK {
		return check(status, "hs_worker_free")
	}
	w.stop()
	runtime.UnlockOSThread()
	return nil
}

// Get asks for a URL.
func (w *Worker) Get(ctx context.Context, url string) (*Response, error) {
	return w.Do(ctx, &Request{URL: url})
}

// Head asks for the head alone.
func (w *Worker) Head(ctx context.Context, url string) (*Response, error) {
	return w.Do(ctx, &Request{Method: "HEAD", URL: url})
}

// Post sends a body.
func (w *Worker) Post(ctx context.Context, url, contentType string, body []byte) (*Response, error) {
	return w.Do(ctx, post(url, contentType, body))
}

func post(url, contentType string, body []byte) *Request {
	r := &Request{Method: "POST", URL: url, Body: body}
	if contentType != "" {
		r.Fields = []Field{{Name: "Content-Type", Value: contentType}}
	}
	return r
}

// Do sends a request and receives its response, which is one whatever its HTTP status. When the context ends so does the
// call, within milliseconds. Every error but nil is an [*Error].
func (w *Worker) Do(ctx context.Context, r *Request) (*Response, error) {
	if ctx.Err() != nil {
		return nil, ended(ctx)
	}
	a := newArena()
	defer a.free()
	request := r.encode(a)
	until(request, ctx)
	body, length := bytesOf(r.Body)
	outcome := replies.Get().(*C.hsgo_outcome)
	defer putReply(outcome)

	var status C.hs_status
	if ctx.Done() == nil || request.cancel != nil {
		status = C.hsgo_request(w.c, request, body, length, outcome)
	} else {
		stop, err := watch(ctx, request)
		if err != nil {
			return nil, err
		}
		status = C.hsgo_request(w.c, request, body, length, outcome)
		stop()
	}
	runtime.KeepAlive(w)
	r.keep()
	if status != C.HS_OK {
		return nil, errorOf(status, outcome.error).because(ctx)
	}
	response := responseOf(outcome.response, &outcome.reply)
	C.hs_response_free(outcome.response)
	return response, nil
}

// watch lets the context end the call.
func watch(ctx context.Context, request *C.hs_request_options) (stop func(), err error) {
	c, err := newCanceller()
	if err != nil {
		return nil, err
	}
	request.cancel = c.handle
	unused := c.watch(ctx)
	return func() {
		unused()
		c.free()
	}, nil
}

// WorkerCounters is what a worker, or all of a client, has done since it was made.
type WorkerCounters struct {
	CallsStarted, CallsSucceeded, CallsFailed, CallsInFlight  uint64
	Exchanges, Redirects, Attempts, Retries, RetriesAbandoned uint64
	InternalResends, Hedges, HedgesWon                        uint64
	ConnectionsMade, ConnectionsReused                        uint64
	BreakerRejected, LimiterWaits, LimiterRejected            uint64
	BulkheadWaits, BulkheadRejected, BudgetExhausted          uint64
	RequestHeaderBytes, RequestBodyBytes                      uint64
	ResponseHeaderBytes, ResponseBodyBytes                    uint64
}

// Counters is what the worker has done. It may be called on any goroutine.
func (w *Worker) Counters() (WorkerCounters, error) {
	a := newArena()
	defer a.free()
	c := sized[C.hs_counters](a)
	status := C.hs_worker_counters(w.c, c)
	runtime.KeepAlive(w)
	return countersOf(c), check(status, "hs_worker_counters")
}

func countersOf(c *C.hs_counters) WorkerCounters {
	return WorkerCounters{
		CallsStarted: uint64(c.calls_started), CallsSucceeded: uint64(c.calls_succeeded), CallsFailed: uint64(c.calls_failed),
		CallsInFlight: uint64(c.calls_in_flight), Exchanges: uint64(c.exchanges), Redirects: uint64(c.redirects),
		Attempts: uint64(c.attempts), Retries: uint64(c.retries), RetriesAbandoned: uint64(c.retries_abandoned),
		InternalResends: uint64(c.internal_resends), Hedges: uint64(c.hedges), HedgesWon: uint64(c.hedges_won),
		ConnectionsMade: uint64(c.connections_made), ConnectionsReused: uint64(c.connections_reused),
		BreakerRejected: uint64(c.breaker_rejected), LimiterWaits: uint64(c.limiter_waits),
		LimiterRejected: uint64(c.limiter_rejected), BulkheadWaits: uint64(c.bulkhead_waits),
		BulkheadRejected: uint64(c.bulkhead_rejected), BudgetExhausted: uint64(c.budget_exhausted),
		RequestHeaderBytes: uint64(c.request_header_bytes), RequestBodyBytes: uint64(c.request_body_bytes),
		ResponseHeaderBytes: uint64(c.response_header_bytes), ResponseBodyBytes: uint64(c.response_body_bytes),
	}
}
