package sentinel

// #include "shim.h"
import "C"

import "context"

// canceller ends what waits in C when a context ends.
type canceller struct{ handle *C.hs_cancel }

func newCanceller() (canceller, error) {
	var c canceller
	return c, check(C.hs_cancel_new(&c.handle), "hs_cancel_new")
}

func (c canceller) free() { C.hs_cancel_free(c.handle) }

// watch calls the switch when the context ends. unused says that it did not, and never will.
func (c canceller) watch(ctx context.Context) (unused func() bool) {
	return context.AfterFunc(ctx, func() { C.hs_cancel_trigger(c.handle) })
}

// cancelled runs what takes a switch. Where the context can never end there is none.
func cancelled(ctx context.Context, run func(*C.hs_cancel)) error {
	if ctx.Done() == nil {
		run(nil)
		return nil
	}
	c, err := newCanceller()
	if err != nil {
		return err
	}
	defer c.free()
	defer c.watch(ctx)()
	run(c.handle)
	return nil
}
