//go:build go1.24

package sentinel

// What the calls of every request do not do: keep pointers to Go's memory, so that it may be on a stack; call back into Go.
// Whatever may run or drop a request may, since its options can have callbacks.

// #cgo noescape hsgo_request
// #cgo noescape hsgo_submit
// #cgo noescape hsgo_try_read
// #cgo noescape hsgo_reply_of
// #cgo nocallback hsgo_reply_of
// #cgo noescape hsgo_attempts
// #cgo nocallback hsgo_attempts
// #cgo noescape hsgo_fields
// #cgo nocallback hsgo_fields
// #cgo noescape hsgo_fault_of
// #cgo nocallback hsgo_fault_of
// #cgo noescape hs_pipe_try_write
// #cgo nocallback hs_pipe_try_write
// #cgo noescape hs_pool_next
// #cgo nocallback hs_pool_next
// #include "shim.h"
import "C"
