package sentinel

// #include "shim.h"
import "C"

import (
	"context"
	"io"
	"net/http"
	"sync"
	"unsafe"
)

// body is a response's body as the caller has it. It keeps its transport; where it is dropped without a Close, its stream is
// closed.
type body struct {
	*stream
	owner any                    // the transport or the client
	atEnd func(Metrics, []Field) // is told what is known at the end, once
	told  func(Metrics)          // who asked for the metrics; nil: nobody
	once  sync.Once
	stop  func()
}

// stream is a body on its way through a pool. It must not lead to its body, or that would never be dropped.
type stream struct {
	pool *pool
	tag  uint64
	w    *waiter
	ctx  context.Context

	mu      sync.Mutex
	c       *C.hs_response // nil when it has ended
	err     error          // what reads give when it has ended
	waited  bool           // somebody has waited for it to be readable
	closed  bool
	gone    chan struct{} // closed when it has ended
	unwatch func() bool
	metrics Metrics
	trails  []Field // trailers, when they are known
}

func newBody(
	owner any, p *pool, tag uint64, w *waiter, handle *C.hs_response, ctx context.Context, metrics Metrics,
) *body {
	return &body{owner: owner, stream: &stream{
		pool: p, tag: tag, w: w, c: handle, ctx: ctx, metrics: metrics, gone: make(chan struct{}),
	}}
}

// watch lets the context end it, also while nobody reads, and the garbage collector.
func (b *body) watch() {
	s := b.stream
	if s.ctx.Done() != nil {
		s.mu.Lock()
		s.unwatch = context.AfterFunc(s.ctx, s.cancelled)
		s.mu.Unlock()
	}
	b.stop = onDrop(b, dropStream, s)
}

func dropStream(s *stream) { s.shut() }

// cancelled ends it because its context has.
func (s *stream) cancelled() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.c == nil {
		return
	}
	e := ended(s.ctx)
	e.Message, e.Phase, e.RequestSent, e.Attempts = "the context ended while the body was received", PhaseBody, SentYes, s.metrics.Attempts
	s.finish(e)
}

// finish gives the response back. s.mu is held.
func (s *stream) finish(err error) {
	if s.c == nil {
		return
	}
	C.hs_response_free(s.c)
	s.c, s.err = nil, err
	if s.unwatch != nil {
		s.unwatch()
	}
	close(s.gone)
	if s.waited {
		s.pool.leave(s.tag)
	} else {
		s.pool.forget(s.tag, s.w)
	}
}

// complete notes what is known at the end of a body. s.mu is held.
func (s *stream) complete() {
	outcome := replies.Get().(*C.hsgo_outcome)
	C.hsgo_reply_of(s.c, &outcome.reply)
	s.metrics = metricsOf(&outcome.reply.metrics)
	s.trails = trailersOf(s.c, outcome.reply.trailers)
	putReply(outcome)
	s.finish(io.EOF)
}

// ended is for a body that is known to be empty: its end is mostly there with its head.
func (b *body) ended() bool {
	_, _, wait := b.read(make([]byte, 1))
	return !wait
}

// read reads what there is now, and tells of the end.
func (b *body) read(to []byte) (n int, err error, wait bool) {
	if n, err, wait = b.tryRead(to); err == io.EOF && b.atEnd != nil {
		b.atEnd(b.metrics, b.trails)
		b.atEnd = nil
		b.tell()
	}
	return n, err, wait
}

// Read gives what is there, and waits where there is nothing. After Close it gives http.ErrBodyReadAfterClose, like
// net/http's.
func (b *body) Read(to []byte) (int, error) {
	for {
		n, err, wait := b.read(to)
		if !wait {
			return n, err
		}
		select {
		case <-b.w.readable:
		case <-b.gone:
		}
	}
}

func (s *stream) tryRead(to []byte) (n int, err error, wait bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return 0, http.ErrBodyReadAfterClose, false
	}
	if s.c == nil || len(to) == 0 {
		return 0, s.err, false
	}
	var count C.size_t
	var end C.uint32_t
	var failure *C.hs_error
	status := C.hsgo_try_read(s.c, unsafe.Pointer(&to[0]), C.size_t(len(to)), &count, &end, &failure)
	switch {
	case status == C.HS_ERR_WOULD_BLOCK:
		C.hs_error_free(failure)
		s.waited = true
		return 0, nil, true
	case status != C.HS_OK:
		s.finish(errorOf(status, failure).because(s.ctx))
		return 0, s.err, false
	case end != 0:
		s.complete()
		return int(count), io.EOF, false
	}
	return int(count), nil, false
}

// Close ends it; what was not read is not received, which costs its connection. It may be called while another goroutine
// reads, and again.
func (b *body) Close() error {
	if b.stop != nil {
		b.stop()
	}
	b.shut()
	b.tell()
	return nil
}

// tell tells the metrics to whoever asked for them, once.
func (b *body) tell() {
	if b.told != nil {
		b.once.Do(func() { b.told(b.facts()) })
	}
}

func (s *stream) facts() Metrics {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.metrics
}

func (s *stream) shut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.finish(http.ErrBodyReadAfterClose)
}

// MetricsOf are the facts of the call that gave a response of a [Transport]: as of its head, and when its body was read to
// the end, of all. It is false for a response that came another way, or whose Body was replaced, as an http.Client with a
// Timeout does: there [WithMetrics] tells them.
func MetricsOf(r *http.Response) (Metrics, bool) {
	b, is := r.Body.(*body)
	if !is {
		return Metrics{}, false
	}
	return b.facts(), true
}

// WithMetrics gives a context for requests of a [Transport]: told is called with the facts of each response when its body
// was read to the end or closed, whichever is first, on the goroutine that does so.
func WithMetrics(ctx context.Context, told func(Metrics)) context.Context {
	return context.WithValue(ctx, metricsKey{}, told)
}

type metricsKey struct{}
