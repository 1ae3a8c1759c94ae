package sentinel

// #include "shim.h"
import "C"

import (
	"context"
	"unsafe"
)

// The other direction of the handles: what a program has got from the library by cgo of its own becomes this package's.

// AdoptError takes over a hs_error, reads it and frees it.
func AdoptError(handle unsafe.Pointer) *Error {
	c := (*C.hs_error)(handle)
	return errorOf(C.hs_error_status(c), c)
}

// AdoptResponse takes over a hs_response that has its whole body, reads it and frees it.
func AdoptResponse(handle unsafe.Pointer) *Response {
	c := (*C.hs_response)(handle)
	r := headOf(c)
	C.hs_response_free(c)
	return r
}

// AdoptStream takes over a hs_response whose body is still to be read. Read waits in C, which keeps its thread.
func AdoptStream(handle unsafe.Pointer) *Stream {
	b := &workerBody{c: (*C.hs_response)(handle), ctx: context.Background(), stop: func() {}}
	s := &Stream{Response: headOf(b.c), body: b}
	b.atEnd, b.drop = s.atEnd, onDrop(b, freeResponse, b.c)
	return s
}
