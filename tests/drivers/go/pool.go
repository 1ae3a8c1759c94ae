package main

// #include <http_sentinel.h>
// #include <stdlib.h>
// #include <string.h>
//
// void releaseBody(void *user_data);
import "C"

import (
	"fmt"
	"reflect"
	"strings"
	"sync/atomic"
	"time"
	"unsafe"
)

// patience is longer than anything takes.
const patience = time.Minute

// ownTags are those of requests that are waited for at once: beyond those that cases use.
const ownTags = uint64(1) << 63

// pool takes the worker's place where a block says so: requests are submitted, and their completions come in batches from
// a goroutine that waits for them when somebody does.
type pool struct {
	handle  *C.hs_pool
	ownTag  uint64
	wants   chan struct{}
	batches chan []C.hs_completion
	early   map[uint64][]C.hs_completion // came before they were asked for
}

// releases counts the bodies that were lent to a pool and released.
var releases atomic.Int64

func openPool(options *C.hs_pool_options) (p *pool, status C.hs_status, failure *C.hs_error) {
	releases.Store(0)
	p = &pool{
		ownTag: ownTags, wants: make(chan struct{}), batches: make(chan []C.hs_completion),
		early: map[uint64][]C.hs_completion{},
	}
	if status = C.hs_pool_new(options, &p.handle, &failure); status != C.HS_OK {
		return nil, status, failure
	}
	go p.reap(p.handle)
	return p, status, nil
}

// reap takes a batch each time that one is wanted.
func (p *pool) reap(handle *C.hs_pool) {
	for range p.wants {
		batch := make([]C.hs_completion, 64)
		var count C.size_t
		timeout := C.uint64_t(patience / time.Millisecond)
		if C.hs_pool_next(handle, &batch[0], C.size_t(len(batch)), &count, timeout) != C.HS_OK || count == 0 {
			fail("no", "completion")
		}
		p.batches <- batch[:count]
	}
}

// close frees the pool, and the completions that nobody asked for.
func (p *pool) close() C.hs_status {
	if p.handle == nil {
		return C.HS_OK
	}
	close(p.wants)
	for _, left := range p.early {
		for _, completion := range left {
			C.hs_response_free(completion.response)
			C.hs_error_free(completion.error)
		}
	}
	status := C.hs_pool_free(p.handle)
	p.handle = nil
	return status
}

func (p *pool) submit(request *C.hs_request_options, tag uint64) (status C.hs_status, failure *C.hs_error) {
	status = C.hs_pool_submit(p.handle, request, C.uint64_t(tag), &failure)
	if status != C.HS_OK && request != nil {
		C.free(request.release_data) // What was refused is still ours.
	}
	return status, failure
}

// take waits for the completion with that tag.
func (p *pool) take(tag uint64) C.hs_completion {
	for len(p.early[tag]) == 0 {
		p.wants <- struct{}{}
		for _, completion := range <-p.batches {
			of := uint64(completion.tag)
			if completion.kind != C.HS_COMPLETION_DONE {
				fail("a completion of another", "kind")
			}
			if of >= ownTags && of != tag {
				fail("a completion of", "nobody's")
			}
			p.early[of] = append(p.early[of], completion)
		}
	}
	first := p.early[tag][0]
	p.early[tag] = p.early[tag][1:]
	return first
}

// request does both, as hs_request.
func (p *pool) request(request *C.hs_request_options) (C.hs_status, *C.hs_response, *C.hs_error) {
	tag := p.ownTag
	p.ownTag++
	if status, failure := p.submit(request, tag); status != C.HS_OK {
		return status, nil, failure
	}
	completion := p.take(tag)
	return completion.status, completion.response, completion.error
}

// lend lends the body until it is released.
func lend(request *C.hs_request_options) {
	body := C.malloc(request.body.len + 1)
	C.memcpy(body, unsafe.Pointer(request.body.data), request.body.len)
	request.body.data = (*C.char)(body)
	request.body_release = C.hs_release_callback(C.releaseBody)
	request.release_data = body
}

//export releaseBody
func releaseBody(body unsafe.Pointer) {
	C.free(body)
	releases.Add(1)
}

func submitOnly(p *pool, lines []line) {
	var memory arena
	defer memory.free()
	c := newCall(&memory, lines)
	defer c.close()
	status, failure := p.submit(c.options, c.tag)
	putStatus("status", status)
	if status != C.HS_OK {
		putError(failure)
	}
}

func takeCompletion(p *pool, lines []line) {
	var memory arena
	defer memory.free()
	c := newCall(&memory, lines)
	defer c.close()
	completion := p.take(c.tag)
	if completion.status == C.HS_OK {
		var m C.hs_metrics
		m.struct_size = C.uint32_t(unsafe.Sizeof(m))
		C.hs_response_metrics(completion.response, &m)
		waited := 0
		if m.pool_queue_ns > 0 {
			waited = 1
		}
		putNumber("waited", waited)
	}
	putOutcome(c, completion.status, completion.response, completion.error, true)
}

// operation tells `pool OP RESULT`.
func (p *pool) operation(key, value string) {
	first, second, _ := strings.Cut(value, " ")
	told := "pool " + key
	switch key {
	case "cancel": // TAG
		putStatus(told, C.hs_pool_cancel(p.handle, C.uint64_t(number(first))))
	case "drain": // MS
		putStatus(told, C.hs_pool_drain(p.handle, C.uint64_t(number(first))))
	case "free":
		putStatus(told, p.close())
	case "count": // FIELD
		put(told, fmt.Sprint(p.count(first)))
	case "wait": // FIELD NUMBER
		until(func() uint64 { return p.count(first) }, number(second))
		put(told, second)
	case "released": // NUMBER
		until(func() uint64 { return uint64(releases.Load()) }, number(first))
		put(told, fmt.Sprint(releases.Load()))
	default:
		fail("unknown pool operation", key)
	}
}

func (p *pool) count(field string) uint64 {
	counters := new(C.hs_pool_counters)
	counters.struct_size = C.uint32_t(unsafe.Sizeof(*counters))
	if C.hs_pool_stats(p.handle, counters) != C.HS_OK {
		fail("no counters for", field)
	}
	value := reflect.ValueOf(counters).Elem().FieldByName(field)
	if !value.IsValid() {
		fail("unknown field", field)
	}
	return value.Uint()
}

func until(now func() uint64, value uint64) {
	for tries := time.Duration(0); now() != value; tries++ {
		if tries == patience/time.Millisecond {
			fail("waited in", "vain")
		}
		time.Sleep(time.Millisecond)
	}
}
