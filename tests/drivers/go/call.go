package main

// #include <http_sentinel.h>
//
// int32_t receive(void *user_data, void *data, size_t len);
// int32_t readUpload(void *user_data, void *buffer, size_t capacity, size_t *count);
// int32_t rewindUpload(void *user_data);
import "C"

import (
	"context"
	"reflect"
	"runtime/cgo"
	"strings"
	"unsafe"

	sentinel "http-sentinel/bindings/go"
)

// call is a request, and what goes with it that is no option.
type call struct {
	options     *C.hs_request_options
	tag         uint64
	null        string
	cancel      string
	cancelAfter string
	onBody      string
	parts       []*C.hs_part
	boundary    C.hs_str
	form        *C.hs_form
	switch_     *C.hs_cancel
	cancelled   chan struct{} // closed when the canceller is done
	handle      cgo.Handle    // what the callbacks find this by
	body        []byte        // what the callback received, or was read
	read        int           // the capacity of each hs_response_read, 0 for none
	upload      string        // what is uploaded
	uploaded    int
	uploadPiece int
	uploadStops bool
}

func newCall(memory *arena, lines []line) *call {
	c := &call{options: newRequestOptions(memory)}
	var headers []C.hs_header
	var uploads []func(*C.hs_upload)
	nts, lends := false, false
	for _, l := range lines {
		switch l.key {
		case "header": // FLAGS NAME VALUE
			parts := strings.SplitN(l.value, " ", 3)
			header := C.hs_header{name: memory.lend(decoded(parts[1])), value: memory.lend(decoded(parts[2]))}
			header.flags = C.uint32_t(number(parts[0]))
			headers = append(headers, header)
		case "part.add":
			part := (*C.hs_part)(memory.alloc(unsafe.Sizeof(C.hs_part{})))
			part.struct_size = C.uint32_t(unsafe.Sizeof(*part))
			c.parts = append(c.parts, part)
		case "boundary":
			c.boundary = memory.lend(decoded(l.value))
		case "body_repeat": // SIZE TEXT
			c.options.body = memory.lend(repeated(l.value))
		case "upload_repeat":
			c.upload = repeated(l.value)
			uploads = append(uploads, func(upload *C.hs_upload) { upload.read = C.hs_read_callback(C.readUpload) })
		case "upload_piece":
			c.uploadPiece = int(number(l.value))
		case "upload_stop":
			c.uploadStops = true
		case "upload_rewind":
			uploads = append(uploads, func(upload *C.hs_upload) { upload.rewind = C.hs_rewind_callback(C.rewindUpload) })
		case "read":
			c.read = int(number(l.value))
		case "tag":
			c.tag = number(l.value)
		case "lend":
			lends = true
		case "nts":
			nts = true
		case "null":
			c.null = decoded(l.value)
		case "on_body":
			c.onBody = decoded(l.value)
		case "cancel":
			if l.value == "before" {
				c.cancel = l.value
			} else if !setField(memory, reflect.ValueOf(c.options).Elem(), l.key, l.value, nts) {
				fail("unknown request option", l.key)
			}
		case "cancel_after":
			c.cancelAfter = decoded(l.value)
		default:
			options, key := reflect.ValueOf(c.options), l.key
			if strings.HasPrefix(key, "part.") {
				options, key = reflect.ValueOf(c.parts[len(c.parts)-1]), key[len("part."):]
			}
			if !setField(memory, options.Elem(), key, l.value, nts) {
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
	if lends {
		lend(c.options)
	}
	c.handle = cgo.NewHandle(c)
	place := (*cgo.Handle)(memory.alloc(unsafe.Sizeof(c.handle)))
	*place = c.handle
	if c.onBody != "" {
		c.options.on_body = C.hs_body_callback(C.receive)
		c.options.user_data = unsafe.Pointer(place)
	}
	for _, set := range uploads {
		setField(memory, reflect.ValueOf(c.options).Elem(), "upload", "", false)
		c.options.upload.user_data = unsafe.Pointer(place)
		set(c.options.upload)
	}
	return c
}

// prepare makes what cancels the call, and starts who waits to do it.
func (c *call) prepare() {
	if len(c.parts) > 0 {
		c.makeForm()
	}
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

func (c *call) makeForm() {
	var failure *C.hs_error
	putStatus("form.new", C.hs_form_new(c.boundary, &c.form, &failure))
	if failure != nil {
		putError(adopted(failure))
	}
	for _, part := range c.parts {
		putStatus("form.add", C.hs_form_add(c.form, part, &failure))
		if failure != nil {
			putError(adopted(failure))
		}
	}
	c.options.form = c.form
}

func (c *call) close() {
	if c.switch_ != nil {
		putStatus("cancel.freed", C.hs_cancel_free(c.switch_))
	}
	if c.form != nil {
		putStatus("form.freed", C.hs_form_free(c.form))
	}
	c.handle.Delete()
}

// cancelWhenAnswered waits until a URL answers, and throws the switch.
func cancelWhenAnswered(url string, cancel *C.hs_cancel, done chan<- struct{}) {
	defer close(done)
	worker, err := sentinel.NewWorker(sentinel.Options{})
	if err != nil {
		fail("no worker to wait for", url)
	}
	defer worker.Close()
	if _, err := worker.Get(context.Background(), url); err != nil {
		fail("cannot wait for", url)
	}
	C.hs_cancel_trigger(cancel)
}

// repeated reads SIZE TEXT.
func repeated(value string) string {
	size, text, _ := strings.Cut(value, " ")
	length, pattern := int(number(size)), decoded(text)
	return strings.Repeat(pattern, length/len(pattern)+1)[:length]
}

func callOf(userData unsafe.Pointer) *call { return (*(*cgo.Handle)(userData)).Value().(*call) }

//export readUpload
func readUpload(userData, buffer unsafe.Pointer, capacity C.size_t, count *C.size_t) C.int32_t {
	c := callOf(userData)
	if c.uploadStops {
		return 9
	}
	piece := unsafe.Slice((*byte)(buffer), int(capacity))
	if c.uploadPiece > 0 && c.uploadPiece < len(piece) {
		piece = piece[:c.uploadPiece]
	}
	read := copy(piece, c.upload[c.uploaded:])
	c.uploaded += read
	*count = C.size_t(read)
	return 0
}

//export rewindUpload
func rewindUpload(userData unsafe.Pointer) C.int32_t {
	callOf(userData).uploaded = 0
	return 0
}

//export receive
func receive(userData, data unsafe.Pointer, length C.size_t) C.int32_t {
	c := callOf(userData)
	switch c.onBody {
	case "stop":
		return 7
	case "cancel":
		C.hs_cancel_trigger(c.switch_)
	}
	c.body = append(c.body, unsafe.Slice((*byte)(data), int(length))...)
	return 0
}
