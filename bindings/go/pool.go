package sentinel

// #include "shim.h"
import "C"

import (
	"context"
	"sync"
	"sync/atomic"
)

// pool is a hs_pool and the one goroutine that takes its completions, in batches, and hands them to those who wait. Clients
// and transports have one; it does not know them, so that they can be dropped.
type pool struct {
	c       *C.hs_pool
	tags    atomic.Uint64
	shards  [shards]shard
	ending  atomic.Bool
	polling chan struct{} // closed when the goroutine is done
	once    sync.Once
}

const (
	shards = 16
	batch  = 64
)

// shard is a part of the requests that are open, by their tags.
type shard struct {
	sync.Mutex
	waiting map[uint64]*waiter
	_       [40]byte // each in a cache line of its own
}

// waiter is who waits for a request. Both channels have room for one, so that nobody waits to tell him.
type waiter struct {
	done     chan C.hs_completion
	readable chan struct{}
	upload   *upload // its body on the way out, if any; of the shard's lock
}

var waiters = sync.Pool{New: func() any {
	return &waiter{done: make(chan C.hs_completion, 1), readable: make(chan struct{}, 1)}
}}

func newPool(o *Options) (*pool, error) {
	a := newArena()
	defer a.free()
	p := &pool{polling: make(chan struct{})}
	for i := range p.shards {
		p.shards[i].waiting = map[uint64]*waiter{}
	}
	var failure *C.hs_error
	if status := C.hs_pool_new(o.Pool.encode(a, o.encode(a)), &p.c, &failure); status != C.HS_OK {
		return nil, errorOf(status, failure)
	}
	go p.poll()
	return p, nil
}

func (p *pool) shard(tag uint64) *shard { return &p.shards[tag%shards] }

// poll takes completions until the pool ends.
func (p *pool) poll() {
	defer close(p.polling)
	events := make([]C.hs_completion, batch)
	for {
		var count C.size_t
		timeout := C.uint64_t(C.HS_INFINITE)
		if p.ending.Load() {
			timeout = 0 // All has ended by now: what is left is there.
		}
		status := C.hs_pool_next(p.c, &events[0], batch, &count, timeout)
		if status != C.HS_OK && status != C.HS_ERR_TOO_MANY_HANDLES {
			return
		}
		for i := range events[:count] {
			p.deliver(&events[i])
		}
		if count == 0 && timeout == 0 {
			return
		}
	}
}

func (p *pool) deliver(event *C.hs_completion) {
	s := p.shard(uint64(event.tag))
	s.Lock()
	defer s.Unlock()
	w := s.waiting[uint64(event.tag)]
	switch {
	case event.kind == C.HS_COMPLETION_DONE:
		w.done <- *event
	case w == nil:
	case event.kind == C.HS_COMPLETION_WRITABLE:
		if w.upload != nil {
			w.upload.hasRoom()
		}
	default:
		select {
		case w.readable <- struct{}{}:
		default:
		}
	}
}

// submit hands a request over. Who waits is to be told to forget when he needs the tag no more.
func (p *pool) submit(request *C.hs_request_options, body []byte, u *upload) (tag uint64, w *waiter, err error) {
	tag = p.tags.Add(1)
	w = waiters.Get().(*waiter)
	s := p.shard(tag)
	s.Lock()
	w.upload = u
	s.waiting[tag] = w
	s.Unlock()
	var failure *C.hs_error
	data, length := bytesOf(body)
	if status := C.hsgo_submit(p.c, request, data, length, C.uint64_t(tag), &failure); status != C.HS_OK {
		p.forget(tag, w)
		return 0, nil, errorOf(status, failure)
	}
	return tag, w, nil
}

// leave is for who may still wait on another goroutine: it is not used again.
func (p *pool) leave(tag uint64) {
	s := p.shard(tag)
	s.Lock()
	if w := s.waiting[tag]; w != nil && w.upload != nil {
		w.upload.ended()
		w.upload = nil
	}
	delete(s.waiting, tag)
	s.Unlock()
}

func (p *pool) forget(tag uint64, w *waiter) {
	p.leave(tag)
	select {
	case <-w.readable:
	default:
	}
	waiters.Put(w)
}

func (p *pool) closeIdle() { C.hs_pool_close_idle(p.c) }

// wait waits for the completion, which comes once whatever happens: where the context ends, the request is cancelled.
func (p *pool) wait(ctx context.Context, tag uint64, w *waiter) (*C.hs_response, error) {
	var event C.hs_completion
	select {
	case event = <-w.done:
	case <-ctx.Done():
		C.hs_pool_cancel(p.c, C.uint64_t(tag))
		event = <-w.done
	}
	if event.status != C.HS_OK {
		return nil, errorOf(event.status, event.error).because(ctx)
	}
	return event.response, nil
}

// close cancels what is open, waits until those who wait have their completions, and ends the pool. It may be called by
// anybody and more than once.
func (p *pool) close() {
	p.once.Do(func() {
		C.hs_pool_drain(p.c, 0)
		p.ending.Store(true)
		C.hs_pool_wake(p.c)
		<-p.polling
		C.hs_pool_free(p.c)
	})
}
