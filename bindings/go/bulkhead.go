package sentinel

// #include "shim.h"
import "C"

import (
	"context"
	"runtime"
	"unsafe"
)

// BulkheadOptions are those of a bulkhead.
type BulkheadOptions struct {
	Capacity int  // how many slots each key has. Default 100; at most 1,000,000
	Queue    int  // how many may wait for one. Default 1,000; at most 65,536
	NoQueue  bool // nobody waits; who comes when all are taken is refused
	MaxKeys  int  // how many keys have slots of their own. Default 1,024
	// Raw is as Options.Raw for a *hs_bulkhead_options.
	Raw func(options unsafe.Pointer)
}

// Bulkhead has slots for any number of keys; who comes when all are taken waits, in the order of arrival. It may be used by
// any number of goroutines and clients.
type Bulkhead struct {
	c    *C.hs_bulkhead
	stop func()
}

// BulkheadPermit is a slot that is taken. It is given back once.
type BulkheadPermit struct{ c C.hs_bulkhead_permit }

// NewBulkhead makes a bulkhead. It is closed with Close, or when nobody has it any more.
func NewBulkhead(o BulkheadOptions) (*Bulkhead, error) {
	a := newArena()
	defer a.free()
	c := sized[C.hs_bulkhead_options](a)
	c.flags = flag(o.NoQueue, C.HS_BULKHEAD_NO_QUEUE)
	c.capacity, c.queue, c.max_keys = count(o.Capacity), count(o.Queue), count(o.MaxKeys)
	if o.Raw != nil {
		o.Raw(unsafe.Pointer(c))
	}
	b := new(Bulkhead)
	var failure *C.hs_error
	if status := C.hs_bulkhead_new(c, &b.c, &failure); status != C.HS_OK {
		return nil, errorOf(status, failure)
	}
	b.stop = onDrop(b, freeBulkhead, b.c)
	return b, nil
}

func freeBulkhead(c *C.hs_bulkhead) { C.hs_bulkhead_free(c) }

func (b *Bulkhead) handle() *C.hs_bulkhead {
	if b == nil {
		return nil
	}
	return b.c
}

// Handle is the library's handle (a token, not an address), for what has no method here. It belongs to the bulkhead.
func (b *Bulkhead) Handle() unsafe.Pointer { return unsafe.Pointer(b.handle()) }

// Close frees it; clients that have it keep it. A second one gives ErrInvalidHandle.
func (b *Bulkhead) Close() error {
	b.stop()
	return check(C.hs_bulkhead_free(b.c), "hs_bulkhead_free")
}

// Acquire takes a slot of a key (1 to 1,024 bytes), and waits for one until the context ends; without a deadline for 30
// seconds. It fails with ErrBulkheadFull where too many wait already. The goroutine keeps its thread while it waits.
func (b *Bulkhead) Acquire(ctx context.Context, key string) (BulkheadPermit, error) {
	timeout, err := remaining(ctx)
	if err != nil {
		return BulkheadPermit{}, err
	}
	a := newArena()
	defer a.free()
	permit := new(BulkheadPermit)
	var failure *C.hs_error
	var status C.hs_status
	err = cancelled(ctx, func(cancel *C.hs_cancel) {
		status = C.hs_bulkhead_acquire(b.c, a.text(key), timeout, cancel, &permit.c, &failure)
	})
	runtime.KeepAlive(b)
	if err == nil && status != C.HS_OK {
		err = errorOf(status, failure).because(ctx)
	}
	return *permit, err
}

// TryAcquire takes a slot of a key if one is free and nobody waits for it; else ErrBulkheadFull.
func (b *Bulkhead) TryAcquire(key string) (BulkheadPermit, error) {
	a := newArena()
	defer a.free()
	defer runtime.KeepAlive(b)
	permit := new(BulkheadPermit)
	status := C.hs_bulkhead_try_acquire(b.c, a.text(key), &permit.c)
	return *permit, check(status, "hs_bulkhead_try_acquire")
}

// Release gives a slot back; the permit is zero afterwards. ErrInvalidArgument where it was given back already.
func (b *Bulkhead) Release(permit *BulkheadPermit) error {
	defer runtime.KeepAlive(b)
	return check(C.hs_bulkhead_release(b.c, &permit.c), "hs_bulkhead_release")
}

// BulkheadState is how a key stands.
type BulkheadState struct {
	Capacity, InUse, Waiting int
	Rejected                 uint64 // how many were refused because so many waited
	TimedOut                 uint64 // how many waited in vain
}

// State is how a key stands.
func (b *Bulkhead) State(key string) (BulkheadState, error) {
	a := newArena()
	defer a.free()
	defer runtime.KeepAlive(b)
	info := sized[C.hs_bulkhead_info](a)
	status := C.hs_bulkhead_state(b.c, a.text(key), info)
	return BulkheadState{int(info.capacity), int(info.in_use), int(info.waiting), uint64(info.rejected), uint64(info.timed_out)},
		check(status, "hs_bulkhead_state")
}
