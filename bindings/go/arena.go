package sentinel

// #include <stdlib.h>
// #include "shim.h"
import "C"

import (
	"time"
	"unsafe"
)

// arena is C memory for what C reads during one call: pointers inside of structs must not lead to Go's memory. It grows
// by blocks and is used again.
type arena struct {
	block unsafe.Pointer // the first one, which is kept
	size  uintptr
	used  uintptr
	more  []unsafe.Pointer // until it is given back
	last  unsafe.Pointer   // what is filled now
}

const (
	firstBlock = 4 << 10
	keptArenas = 64
)

// arenas are those that nobody uses now: so many and no more, and none of them larger than its first block.
var arenas = make(chan *arena, keptArenas)

func newArena() *arena {
	select {
	case a := <-arenas:
		return a
	default:
		block := C.malloc(firstBlock)
		return &arena{block: block, last: block, size: firstBlock}
	}
}

// free gives it back; nothing that was in it may be used any more.
func (a *arena) free() {
	for _, block := range a.more {
		C.free(block)
	}
	a.more, a.last, a.size, a.used = a.more[:0], a.block, firstBlock, 0
	select {
	case arenas <- a:
	default:
		C.free(a.block)
	}
}

// alloc gives memory whose content is left over.
func (a *arena) alloc(size uintptr) unsafe.Pointer {
	size = (size + 15) &^ 15
	if a.size-a.used < size {
		a.size = 2 * a.size
		if a.size < size {
			a.size = size
		}
		a.last, a.used = C.malloc(C.size_t(a.size)), 0
		a.more = append(a.more, a.last)
	}
	at := unsafe.Add(a.last, a.used)
	a.used += size
	return at
}

// put makes structs of zeroes.
func put[T any](a *arena, count int) []T {
	if count == 0 {
		return nil
	}
	var zero T
	made := unsafe.Slice((*T)(a.alloc(uintptr(count)*unsafe.Sizeof(zero))), count)
	for i := range made {
		made[i] = zero
	}
	return made
}

// text copies a string; an empty one is no pointer.
func (a *arena) text(s string) C.hs_str {
	if s == "" {
		return C.hs_str{}
	}
	at := a.alloc(uintptr(len(s)))
	copy(unsafe.Slice((*byte)(at), len(s)), s)
	return C.hs_str{data: (*C.char)(at), len: C.size_t(len(s))}
}

func (a *arena) texts(list []string) (*C.hs_str, C.size_t) {
	if len(list) == 0 {
		return nil, 0
	}
	made := put[C.hs_str](a, len(list))
	for i, s := range list {
		made[i] = a.text(s)
	}
	return &made[0], C.size_t(len(list))
}

// millis is a duration as the library wants it: 0 for its default, no limit for a negative one, else whole milliseconds,
// rounded up.
func millis(d time.Duration) C.uint64_t {
	switch {
	case d == 0:
		return 0
	case d < 0:
		return C.HS_INFINITE
	}
	return C.uint64_t((d + time.Millisecond - 1) / time.Millisecond)
}

func fromMillis(ms C.uint64_t) time.Duration {
	if uint64(ms) > uint64(maxDuration/time.Millisecond) {
		return NoLimit
	}
	return time.Duration(ms) * time.Millisecond
}

const maxDuration = time.Duration(1<<63 - 1)

// borrowed is a text of the library's, to be copied before its object is freed.
func borrowed(s C.hs_str) string {
	if s.len == 0 {
		return ""
	}
	return unsafe.String((*byte)(unsafe.Pointer(s.data)), int(s.len))
}

func text(s C.hs_str) string { return C.GoStringN(s.data, C.int(s.len)) }
