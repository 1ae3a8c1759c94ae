package sentinel

// #include "shim.h"
import "C"

import (
	"context"
	"runtime"
	"unsafe"
)

// Result is what became of one of many requests: either is there.
type Result struct {
	Response *Response
	Err      error
}

// DoAll sends many requests at once on the worker's one thread, and returns when the last of them has ended: request i has
// its result in place i, and none does anything to the others. The context is for all of them. At most 65,536.
func (w *Worker) DoAll(ctx context.Context, requests []*Request) ([]Result, error) {
	if ctx.Err() != nil {
		return nil, ended(ctx)
	}
	if len(requests) == 0 {
		return nil, nil
	}
	a := newArena()
	defer a.free()
	all := put[*C.hs_request_options](a, len(requests))
	var cancel canceller
	if ctx.Done() != nil {
		var err error
		if cancel, err = newCanceller(); err != nil {
			return nil, err
		}
		defer cancel.free()
		defer cancel.watch(ctx)()
	}
	for i, r := range requests {
		all[i] = r.encode(a)
		until(all[i], ctx)
		if all[i].cancel == nil {
			all[i].cancel = cancel.handle
		}
		if len(r.Body) > 0 {
			at := a.alloc(uintptr(len(r.Body)))
			copy(unsafe.Slice((*byte)(at), len(r.Body)), r.Body)
			all[i].body = C.hs_str{data: (*C.char)(at), len: C.size_t(len(r.Body))}
		}
	}
	completions := put[C.hs_completion](a, len(requests))
	var failure *C.hs_error
	status := C.hs_request_many(w.c, &all[0], C.size_t(len(all)), &completions[0], &failure)
	runtime.KeepAlive(w)
	runtime.KeepAlive(requests)
	if status != C.HS_OK {
		return nil, errorOf(status, failure)
	}
	results := make([]Result, len(completions))
	for i := range completions {
		one := &completions[i]
		if one.status != C.HS_OK {
			results[i].Err = errorOf(one.status, one.error).because(ctx)
			continue
		}
		results[i].Response = headOf(one.response)
		C.hs_response_free(one.response)
	}
	return results, nil
}
