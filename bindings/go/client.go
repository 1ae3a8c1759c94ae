package sentinel

// #include "shim.h"
import "C"

import (
	"context"
	"runtime"
	"time"
	"unsafe"
)

// Client sends requests from any number of goroutines at once. The library's threads carry them out; a goroutine that waits
// for its response keeps no thread. Where one request follows the other, a [Worker] is faster.
type Client struct {
	p    *pool
	stop func()
}

// NewClient makes a client. It is closed with Close, or when nobody has it any more.
func NewClient(o Options) (*Client, error) {
	p, err := newPool(&o)
	if err != nil {
		return nil, err
	}
	c := &Client{p: p}
	c.stop = onDrop(c, dropPool, p)
	return c, nil
}

func dropPool(p *pool) { go p.close() }

// Close ends the client: what is under way ends with ErrCancelled, later requests with ErrInvalidHandle. Doing it again is
// fine.
func (c *Client) Close() error {
	c.stop()
	c.p.close()
	return nil
}

// Drain accepts nothing any more (ErrPoolClosed), and waits until all that was accepted has ended: at most for d (NoLimit: as
// long as it takes), then the rest is cancelled and ErrTimeout says so. Close is still to be called.
func (c *Client) Drain(d time.Duration) error {
	defer runtime.KeepAlive(c)
	return check(C.hs_pool_drain(c.p.c, millis(d)), "hs_pool_drain")
}

// CloseIdleConnections closes the connections that nobody uses, and may return before they are closed: later requests have none of
// them.
func (c *Client) CloseIdleConnections() {
	c.p.closeIdle()
	runtime.KeepAlive(c)
}

// Handle is the handle of the library's pool (a token, not an address), for what has no method here. It belongs to the
// client, whose completions nobody else may take.
func (c *Client) Handle() unsafe.Pointer { return unsafe.Pointer(c.p.c) }

// Get asks for a URL.
func (c *Client) Get(ctx context.Context, url string) (*Response, error) {
	return c.Do(ctx, &Request{URL: url})
}

// Head asks for the head alone.
func (c *Client) Head(ctx context.Context, url string) (*Response, error) {
	return c.Do(ctx, &Request{Method: "HEAD", URL: url})
}

// Post sends a body.
func (c *Client) Post(ctx context.Context, url, contentType string, body []byte) (*Response, error) {
	return c.Do(ctx, post(url, contentType, body))
}

// Do sends a request and receives its response, which is one whatever its HTTP status. When the context ends so does the
// call, within milliseconds. Every error but nil is an [*Error].
func (c *Client) Do(ctx context.Context, r *Request) (*Response, error) {
	defer runtime.KeepAlive(c)
	tag, w, handle, err := c.send(ctx, r, 0)
	if err != nil {
		return nil, err
	}
	c.p.forget(tag, w)
	outcome := replies.Get().(*C.hsgo_outcome)
	C.hsgo_reply_of(handle, &outcome.reply)
	response := responseOf(handle, &outcome.reply)
	putReply(outcome)
	C.hs_response_free(handle)
	return response, nil
}

// send submits a request and waits for what comes of it. Where it succeeds the tag is to be forgotten.
func (c *Client) send(ctx context.Context, r *Request, flags C.uint32_t) (uint64, *waiter, *C.hs_response, error) {
	if ctx.Err() != nil {
		return 0, nil, nil, ended(ctx)
	}
	a := newArena()
	request := r.encode(a)
	request.flags |= flags
	until(request, ctx)
	tag, w, err := c.p.submit(request, r.Body, nil)
	a.free()
	r.keep()
	if err != nil {
		return 0, nil, nil, err
	}
	handle, err := c.p.wait(ctx, tag, w)
	if err != nil {
		c.p.forget(tag, w)
	}
	return tag, w, handle, err
}

// Counters is what the client has done.
func (c *Client) Counters() (WorkerCounters, error) {
	a := newArena()
	defer a.free()
	counters := sized[C.hs_counters](a)
	status := C.hs_pool_worker_counters(c.p.c, counters)
	runtime.KeepAlive(c)
	return countersOf(counters), check(status, "hs_pool_worker_counters")
}
