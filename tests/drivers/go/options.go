package main

// #include <http_sentinel.h>
// #include <stdlib.h>
import "C"

import (
	"net/url"
	"reflect"
	"strconv"
	"unsafe"
)

// arena is C memory that lives as long as a block: whatever C reads through pointers inside structs lies there, since
// those of Go may not be passed on.
type arena struct{ pieces []unsafe.Pointer }

// alloc gives zeroed memory, with a byte more that stays zero.
func (a *arena) alloc(size uintptr) unsafe.Pointer {
	piece := C.calloc(C.size_t(size)+1, 1)
	a.pieces = append(a.pieces, piece)
	return piece
}

func (a *arena) free() {
	for _, piece := range a.pieces {
		C.free(piece)
	}
	a.pieces = nil
}

// lend copies a text into C memory, with a NUL behind it.
func (a *arena) lend(text string) C.hs_str {
	data := a.alloc(uintptr(len(text)))
	copy(unsafe.Slice((*byte)(data), len(text)), text)
	return C.hs_str{data: (*C.char)(data), len: C.size_t(len(text))}
}

func decoded(text string) string {
	plain, err := url.PathUnescape(text)
	if err != nil {
		fail("not encoded:", text)
	}
	return plain
}

func number(text string) uint64 {
	value, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		fail("no number:", text)
	}
	return value
}

func newWorkerOptions(memory *arena) *C.hs_worker_options {
	options := (*C.hs_worker_options)(memory.alloc(unsafe.Sizeof(C.hs_worker_options{})))
	options.struct_size = C.uint32_t(unsafe.Sizeof(*options))
	return options
}

func newRequestOptions(memory *arena) *C.hs_request_options {
	options := (*C.hs_request_options)(memory.alloc(unsafe.Sizeof(C.hs_request_options{})))
	options.struct_size = C.uint32_t(unsafe.Sizeof(*options))
	return options
}

// setField sets the field of that name in the struct that options points to; false where it has none.
func setField(memory *arena, options any, name, value string, nts bool) bool {
	field := reflect.ValueOf(options).Elem().FieldByName(name)
	if !field.IsValid() || !field.CanAddr() {
		return false
	}
	// cgo's fields are not exported, so they are written through their addresses.
	at := unsafe.Pointer(field.UnsafeAddr())
	switch field.Type() {
	case reflect.TypeOf(C.hs_str{}):
		text := memory.lend(decoded(value))
		if nts {
			text.len = C.HS_NTS
		}
		*(*C.hs_str)(at) = text
	case reflect.TypeOf(C.uint32_t(0)):
		*(*C.uint32_t)(at) = C.uint32_t(number(value))
	case reflect.TypeOf(C.uint64_t(0)):
		*(*C.uint64_t)(at) = C.uint64_t(number(value))
	default:
		return false
	}
	return true
}
