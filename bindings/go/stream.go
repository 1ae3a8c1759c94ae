package sentinel

// #include "shim.h"
import "C"

import (
	"context"
	"io"
	"net/http"
	"runtime"
	"unsafe"
)

// Stream is a response whose body is read while it is received. Its Body is nil; Metrics and Trailer are complete when
// Read has given io.EOF. It must be closed.
type Stream struct {
	*Response
	body io.ReadCloser
}

// Read gives what is there of the body, and waits where there is nothing; io.EOF at its end. Who does not read makes the
// server wait. One goroutine at a time; of a [Worker]'s stream the worker's own.
func (s *Stream) Read(to []byte) (int, error) { return s.body.Read(to) }

// Close ends it; what was not read is not received, which costs its connection. Doing it again is fine.
func (s *Stream) Close() error { return s.body.Close() }

// Stream sends a request and returns when the head of its response has come. It has no Timeout and no MaxBodyBytes unless
// they are set. The context counts until the stream is closed.
func (c *Client) Stream(ctx context.Context, r *Request) (*Stream, error) {
	defer runtime.KeepAlive(c)
	tag, w, handle, err := c.send(ctx, r, C.HS_STREAM)
	if err != nil {
		return nil, err
	}
	s := &Stream{Response: headOf(handle)}
	body := newBody(c, c.p, tag, w, handle, ctx, s.Metrics)
	body.atEnd = s.atEnd
	body.watch()
	s.body = body
	return s, nil
}

func headOf(handle *C.hs_response) *Response {
	outcome := replies.Get().(*C.hsgo_outcome)
	defer putReply(outcome)
	C.hsgo_reply_of(handle, &outcome.reply)
	return responseOf(handle, &outcome.reply)
}

func (s *Stream) atEnd(metrics Metrics, trailers []Field) {
	if s.Metrics, s.Trailers = metrics, trailers; trailers != nil {
		s.Trailer = headerOf(trailers)
	}
}

// Stream is as that of a [Client]; the stream is the worker's goroutine's, and the worker may be used between two reads.
func (w *Worker) Stream(ctx context.Context, r *Request) (*Stream, error) {
	if ctx.Err() != nil {
		return nil, ended(ctx)
	}
	a := newArena()
	defer a.free()
	request := r.encode(a)
	request.flags |= C.HS_STREAM
	until(request, ctx)
	b := &workerBody{w: w, ctx: ctx, stop: func() {}}
	if ctx.Done() != nil && request.cancel == nil {
		stop, err := watch(ctx, request)
		if err != nil {
			return nil, err
		}
		b.stop = stop
	}
	outcome := replies.Get().(*C.hsgo_outcome)
	defer putReply(outcome)
	body, length := bytesOf(r.Body)
	status := C.hsgo_request(w.c, request, body, length, outcome)
	runtime.KeepAlive(w)
	r.keep()
	if status != C.HS_OK {
		b.stop()
		return nil, errorOf(status, outcome.error).because(ctx)
	}
	s := &Stream{Response: responseOf(outcome.response, &outcome.reply), body: b}
	b.c, b.atEnd = outcome.response, s.atEnd
	b.drop = onDrop(b, freeResponse, b.c)
	return s, nil
}

func freeResponse(c *C.hs_response) { C.hs_response_free(c) }

// workerBody is a body that the worker receives while it is read.
type workerBody struct {
	w      *Worker
	c      *C.hs_response
	ctx    context.Context
	stop   func() // of the context
	drop   func() // of the garbage collector
	atEnd  func(Metrics, []Field)
	err    error
	closed bool
}

func (b *workerBody) Read(to []byte) (int, error) {
	if b.closed {
		return 0, http.ErrBodyReadAfterClose
	}
	if b.err != nil || len(to) == 0 {
		return 0, b.err
	}
	var count C.size_t
	var failure *C.hs_error
	status := C.hs_response_read(b.c, unsafe.Pointer(&to[0]), C.size_t(len(to)), &count, 0, &failure)
	runtime.KeepAlive(b.w)
	switch {
	case status == C.HS_ERR_WRONG_THREAD || status == C.HS_ERR_BUSY:
		return 0, errorOf(status, failure)
	case status != C.HS_OK:
		b.err = errorOf(status, failure).because(b.ctx)
	case count == 0:
		head := headOf(b.c)
		b.atEnd(head.Metrics, head.Trailers)
		b.err = io.EOF
	}
	return int(count), b.err
}

func (b *workerBody) Close() error {
	if !b.closed {
		b.closed = true
		b.stop()
		b.drop()
		C.hs_response_free(b.c)
	}
	return nil
}
