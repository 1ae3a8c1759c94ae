package sentinel

// #include "shim.h"
import "C"

import (
	"runtime"
	"unsafe"
)

// BudgetOptions are those of a retry budget.
type BudgetOptions struct {
	Percent    int  // retries and hedges for a hundred requests. Default 20; at most 100
	MinRetries int  // so many in ten seconds in any case. Default 10
	NoMinimum  bool // none beyond Percent, however few requests there are
	MaxKeys    int  // how many keys have a budget of their own. Default 1,024
	// Raw is as Options.Raw for a *hs_budget_options.
	Raw func(options unsafe.Pointer)
}

// Budget is a retry budget for any number of keys: in any ten seconds each gets as many retries and hedges as Percent of
// the requests that are neither. It may be used by any number of goroutines and clients, which then share it.
type Budget struct {
	c    *C.hs_budget
	stop func()
}

// NewBudget makes a retry budget. It is closed with Close, or when nobody has it any more.
func NewBudget(o BudgetOptions) (*Budget, error) {
	a := newArena()
	defer a.free()
	c := sized[C.hs_budget_options](a)
	c.flags = flag(o.NoMinimum, C.HS_BUDGET_NO_MINIMUM)
	c.percent, c.min_retries, c.max_keys = count(o.Percent), count(o.MinRetries), count(o.MaxKeys)
	if o.Raw != nil {
		o.Raw(unsafe.Pointer(c))
	}
	b := new(Budget)
	var failure *C.hs_error
	if status := C.hs_budget_new(c, &b.c, &failure); status != C.HS_OK {
		return nil, errorOf(status, failure)
	}
	b.stop = onDrop(b, freeBudget, b.c)
	return b, nil
}

func freeBudget(c *C.hs_budget) { C.hs_budget_free(c) }

func (b *Budget) handle() *C.hs_budget {
	if b == nil {
		return nil
	}
	return b.c
}

// Handle is the library's handle (a token, not an address), for what has no method here. It belongs to the budget.
func (b *Budget) Handle() unsafe.Pointer { return unsafe.Pointer(b.handle()) }

// Close frees it; clients that have it keep it. A second one gives ErrInvalidHandle.
func (b *Budget) Close() error {
	b.stop()
	return check(C.hs_budget_free(b.c), "hs_budget_free")
}

// Original says that a request is made for a key (1 to 1,024 bytes) that is no retry and no hedge. Clients say it by
// themselves; this is for work of the caller's own.
func (b *Budget) Original(key string) error {
	a := newArena()
	defer a.free()
	defer runtime.KeepAlive(b)
	return check(C.hs_budget_original(b.c, a.text(key)), "hs_budget_original")
}

// Withdraw takes one retry for a key, if there may be one now.
func (b *Budget) Withdraw(key string) (granted bool, err error) {
	a := newArena()
	defer a.free()
	defer runtime.KeepAlive(b)
	var one C.uint32_t
	status := C.hs_budget_withdraw(b.c, a.text(key), &one)
	return one != 0, check(status, "hs_budget_withdraw")
}

// BudgetState is what there was for a key in the last ten seconds.
type BudgetState struct {
	Originals uint64 // requests that are no retries and no hedges
	Withdrawn uint64 // retries and hedges
	Allowed   uint64 // how many of those there may be
}

// State is how a key stands.
func (b *Budget) State(key string) (BudgetState, error) {
	a := newArena()
	defer a.free()
	defer runtime.KeepAlive(b)
	info := sized[C.hs_budget_info](a)
	status := C.hs_budget_state(b.c, a.text(key), info)
	return BudgetState{uint64(info.originals), uint64(info.withdrawn), uint64(info.allowed)},
		check(status, "hs_budget_state")
}
