package main

// #include <http_sentinel.h>
//
// int32_t receive(void *user_data, void *data, size_t len);
import "C"

import (
	"runtime"
	"runtime/cgo"
	"strings"
	"unsafe"
)

// call is a request, and what goes with it that is no option.
type call struct {
	options     *C.hs_request_options
	null        string
	cancel      string
	cancelAfter string
	onBody      string
	switch_     *C.hs_cancel
	cancelled   chan struct{} // closed when the canceller is done
	handle      cgo.Handle    // what the callback finds this by
	body        []byte        // what the callback received
}

func newCall(memory *arena, lines []line) *call {
	c := &call{options: newRequestOptions(memory)}
	var headers []C.hs_header
	nts := false
	for _, l := range lines {
		switch l.key {
		case "header": // FLAGS NAME VALUE
			parts := strings.SplitN(l.value, " ", 3)
			header := C.hs_header{name: memory.lend(decoded(parts[1])), value: memory.lend(decoded(parts[2]))}
			header.flags = C.uint32_t(number(parts[0]))
			headers = append(headers, header)
		case "body_repeat": // SIZE TEXT
			size, text, _ := strings.Cut(l.value, " ")
			length, pattern := int(number(size)), decoded(text)
			c.options.body = memory.lend(strings.Repeat(pattern, length/len(pattern)+1)[:length])
		case "nts":
			nts = true
		case "null":
			c.null = decoded(l.value)
		case "on_body":
			c.onBody = decoded(l.value)
		case "cancel":
			c.cancel = decoded(l.value)
		case "cancel_after":
			c.cancelAfter = decoded(l.value)
		default:
			if !setField(memory, c.options, l.key, l.value, nts) {
				fail("unknown request option", l.key)
			}
		}
	}
	if len(headers) > 0 {
		data := memory.alloc(uintptr(len(headers)) * unsafe.Sizeof(headers[0]))
		copy(unsafe.Slice((*C.hs_header)(data), len(headers)), headers)
		c.options.headers = (*C.hs_header)(data)
		c.options.header_count = C.size_t(len(headers))
	}
	if c.onBody != "" {
		c.handle = cgo.NewHandle(c)
		place := (*cgo.Handle)(memory.alloc(unsafe.Sizeof(c.handle)))
		*place = c.handle
		c.options.on_body = C.hs_body_callback(C.receive)
		c.options.user_data = unsafe.Pointer(place)
	}
	return c
}

// prepare makes what cancels the call, and starts who waits to do it.
func (c *call) prepare() {
	if c.cancel != "" || c.cancelAfter != "" || c.onBody == "cancel" {
		putStatus("cancel.new", C.hs_cancel_new(&c.switch_))
		c.options.cancel = c.switch_
	}
	if c.cancel == "before" {
		putStatus("cancel.triggered", C.hs_cancel_trigger(c.switch_))
	}
	if c.cancelAfter != "" {
		c.cancelled = make(chan struct{})
		go cancelWhenAnswered(c.cancelAfter, c.switch_, c.cancelled)
	}
}

func (c *call) close() {
	if c.switch_ != nil {
		putStatus("cancel.freed", C.hs_cancel_free(c.switch_))
	}
	if c.onBody != "" {
		c.handle.Delete()
	}
}

// cancelWhenAnswered waits until a URL answers, and throws the switch.
func cancelWhenAnswered(url string, cancel *C.hs_cancel, done chan<- struct{}) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(done)
	var memory arena
	defer memory.free()
	var worker *C.hs_worker
	var response *C.hs_response
	request := newRequestOptions(&memory)
	request.url = memory.lend(url)
	if C.hs_worker_new(nil, &worker, nil) != C.HS_OK || C.hs_request(worker, request, &response, nil) != C.HS_OK {
		fail("cannot wait for", url)
	}
	defer C.hs_worker_free(worker)
	C.hs_cancel_trigger(cancel)
	C.hs_response_free(response)
}

//export receive
func receive(userData, data unsafe.Pointer, length C.size_t) C.int32_t {
	c := (*(*cgo.Handle)(userData)).Value().(*call)
	switch c.onBody {
	case "stop":
		return 7
	case "cancel":
		C.hs_cancel_trigger(c.switch_)
	}
	c.body = append(c.body, unsafe.Slice((*byte)(data), int(length))...)
	return 0
}
