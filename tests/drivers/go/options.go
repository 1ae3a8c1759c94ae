package main

// #include <http_sentinel.h>
// #include <stdlib.h>
import "C"

import (
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"unsafe"
)

// arena is C memory that lives as long as a block: whatever C reads through pointers inside structs lies there, since
// those of Go may not be passed on.
type arena struct {
	pieces   []unsafe.Pointer
	userData unsafe.Pointer // of callbacks
}

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

// number reads negative ones in two's complement.
func number(text string) uint64 {
	if strings.HasPrefix(text, "-") {
		value, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			fail("no number:", text)
		}
		return uint64(value)
	}
	value, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		fail("no number:", text)
	}
	return value
}

// sizeStruct sets the size of a struct that has one and was not given another.
func sizeStruct(options reflect.Value) {
	if field := options.FieldByName("struct_size"); field.IsValid() {
		size := (*C.uint32_t)(unsafe.Pointer(field.UnsafeAddr()))
		if *size == 0 {
			*size = C.uint32_t(options.Type().Size())
		}
	}
}

func newWorkerOptions(memory *arena) *C.hs_worker_options {
	options := (*C.hs_worker_options)(memory.alloc(unsafe.Sizeof(C.hs_worker_options{})))
	options.struct_size = C.uint32_t(unsafe.Sizeof(*options))
	return options
}

func newPoolOptions(memory *arena) *C.hs_pool_options {
	options := (*C.hs_pool_options)(memory.alloc(unsafe.Sizeof(C.hs_pool_options{})))
	options.struct_size = C.uint32_t(unsafe.Sizeof(*options))
	return options
}

func newRequestOptions(memory *arena) *C.hs_request_options {
	options := (*C.hs_request_options)(memory.alloc(unsafe.Sizeof(C.hs_request_options{})))
	options.struct_size = C.uint32_t(unsafe.Sizeof(*options))
	return options
}

// mostItems is how long lists can get.
const mostItems = 64

// setField sets the field that a name says, `struct.field` where it is in a struct below; false where there is none.
func setField(memory *arena, options reflect.Value, name, value string, nts bool) bool {
	name, rest, _ := strings.Cut(name, ".")
	field := options.FieldByName(name)
	if !field.IsValid() {
		return false
	}
	// cgo's fields are not exported, so they are written through their addresses.
	at := unsafe.Pointer(field.UnsafeAddr())
	counter := counterOf(options, name)
	switch {
	case field.Type() == reflect.TypeOf(C.hs_str{}):
		text := memory.lend(decoded(value))
		if nts {
			text.len = C.HS_NTS
		}
		*(*C.hs_str)(at) = text
	case field.Kind() == reflect.Uint32, field.Kind() == reflect.Int32:
		*(*C.uint32_t)(at) = C.uint32_t(number(value))
	case field.Kind() == reflect.Uint64, field.Kind() == reflect.Int64:
		*(*C.uint64_t)(at) = C.uint64_t(number(value))
	case field.Kind() != reflect.Pointer:
		return false
	case field.Type().Elem().Kind() == reflect.Array: // a function
		*(*unsafe.Pointer)(at) = callbackOf(strings.TrimPrefix(field.Type().Name(), "_Ctype_"), value)
		*(*unsafe.Pointer)(unsafe.Pointer(options.FieldByName("user_data").UnsafeAddr())) = memory.userData
	case field.Type().Elem().Kind() == reflect.Struct && field.Type().Elem().Size() == 0: // an object
		kind := strings.TrimPrefix(field.Type().Elem().Name(), "_Ctype_struct_hs_")
		*(*unsafe.Pointer)(at) = find(kind, decoded(value)).pointer
	case counter.IsValid():
		return setItem(memory, field, (*C.size_t)(unsafe.Pointer(counter.UnsafeAddr())), rest, value)
	default:
		below := made(memory, field, 1)
		sizeStruct(below.Elem())
		return rest == "" || setField(memory, below.Elem(), rest, value, nts)
	}
	return true
}

// counterOf gives the field with the length of a list: headers, header_count.
func counterOf(options reflect.Value, list string) reflect.Value {
	for _, plural := range []string{"", "s", "es"} {
		counter := options.FieldByName(strings.TrimSuffix(list, plural) + "_count")
		if counter.IsValid() {
			return counter
		}
	}
	return reflect.Value{}
}

// setItem adds an item to a list, or sets a field of its last one.
func setItem(memory *arena, list reflect.Value, count *C.size_t, rest, value string) bool {
	items := made(memory, list, mostItems)
	if rest == "" || rest == "add" {
		if *count == mostItems {
			fail("too many", rest)
		}
		*count++
	}
	size := items.Type().Elem().Size()
	last := unsafe.Add(items.UnsafePointer(), uintptr(*count-1)*size)
	switch rest {
	case "":
		switch items.Type().Elem().Kind() {
		case reflect.Uint16:
			*(*C.uint16_t)(last) = C.uint16_t(number(value))
		case reflect.Uint32:
			*(*C.uint32_t)(last) = C.uint32_t(number(value))
		default:
			*(*C.hs_str)(last) = memory.lend(decoded(value))
		}
		return true
	case "add":
		sizeStruct(reflect.NewAt(items.Type().Elem(), last).Elem())
		return true
	default:
		return setField(memory, reflect.NewAt(items.Type().Elem(), last).Elem(), rest, value, false)
	}
}

// made gives what a pointer points to; it is made where the pointer is nil.
func made(memory *arena, pointer reflect.Value, items uintptr) reflect.Value {
	place := (*unsafe.Pointer)(unsafe.Pointer(pointer.UnsafeAddr()))
	if *place == nil {
		*place = memory.alloc(pointer.Type().Elem().Size() * items)
	}
	return reflect.NewAt(pointer.Type().Elem(), *place)
}
