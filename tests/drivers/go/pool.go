package main

// #include <http_sentinel.h>
// #include <stdlib.h>
// #include <string.h>
//
// void releaseBody(void *user_data);
import "C"

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"sync/atomic"
	"time"
	"unsafe"

	sentinel "http-sentinel/bindings/go"
)

// patience is longer than anything takes.
const patience = 2 * time.Minute

// ownTags are those of requests that are waited for at once: beyond those that cases use.
const ownTags = uint64(1) << 63

// pool takes the worker's place where a block says so. Requests go through a client. What a client has no word for,
// completions that nobody has taken yet, is done by hand: then the client makes room for a pool with the same options.
type pool struct {
	client  *sentinel.Client
	used    bool // by the client
	options *C.hs_pool_options
	memory  *arena // theirs
	hand    *hand  // nil: it is the client's turn
	calls   map[uint64]chan result
}

type result struct {
	reply reply
	err   error
}

// releases counts the bodies that were lent to a pool and released.
var releases atomic.Int64

func openPool(options *C.hs_pool_options, memory *arena) (*pool, error) {
	releases.Store(0)
	p := &pool{options: options, memory: memory, calls: map[uint64]chan result{}}
	given := workerOptions(options.worker)
	given.Pool.Raw = func(place unsafe.Pointer) {
		worker := (*C.hs_pool_options)(place).worker
		*(*C.hs_pool_options)(place) = *options
		(*C.hs_pool_options)(place).worker = worker
	}
	var err error
	p.client, err = sentinel.NewClient(given)
	if err != nil {
		memory.free()
		return nil, err
	}
	return p, nil
}

func (p *pool) close() sentinel.Status {
	defer p.memory.free()
	if p.hand != nil {
		return p.hand.close()
	}
	return statusOf(p.client.Close())
}

// request does what a worker's does.
func (p *pool) request(c *call) (reply, error) {
	if p.hand != nil {
		return p.hand.request(c.options)
	}
	p.used = true
	if c.options.flags&C.HS_STREAM != 0 {
		stream, err := p.client.Stream(context.Background(), c.request())
		if err != nil {
			return reply{}, err
		}
		return reply{stream.Response, stream}, nil
	}
	response, err := p.client.Do(context.Background(), c.request())
	return reply{response, nil}, err
}

func (p *pool) byHand() *hand {
	if p.hand == nil {
		if p.used {
			fail("a client's requests are not", "counted")
		}
		p.client.Close()
		p.hand = newHand(p.options)
	}
	return p.hand
}

// hand is a pool whose completions come in batches from a goroutine that waits for them when somebody does.
type hand struct {
	handle  *C.hs_pool
	ownTag  uint64
	wants   chan struct{}
	batches chan []C.hs_completion
	early   map[uint64][]C.hs_completion // came before they were asked for
}

func newHand(options *C.hs_pool_options) *hand {
	p := &hand{
		ownTag: ownTags, wants: make(chan struct{}), batches: make(chan []C.hs_completion),
		early: map[uint64][]C.hs_completion{},
	}
	if C.hs_pool_new(options, &p.handle, nil) != C.HS_OK {
		fail("no pool by", "hand")
	}
	go p.reap(p.handle)
	return p
}

// reap takes a batch each time that one is wanted.
func (p *hand) reap(handle *C.hs_pool) {
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
func (p *hand) close() sentinel.Status {
	if p.handle == nil {
		return sentinel.OK
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
	return sentinel.Status(status)
}

func (p *hand) submit(request *C.hs_request_options, tag uint64) error {
	var failure *C.hs_error
	if C.hs_pool_submit(p.handle, request, C.uint64_t(tag), &failure) != C.HS_OK {
		C.free(request.release_data) // What was refused is still ours.
	}
	return adopted(failure)
}

// take waits for the completion with that tag.
func (p *hand) take(tag uint64) (reply, error) {
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
	if first.status != C.HS_OK {
		return reply{}, adopted(first.error)
	}
	stream := sentinel.AdoptStream(unsafe.Pointer(first.response))
	return reply{stream.Response, stream}, nil
}

// request does both, as hs_request.
func (p *hand) request(request *C.hs_request_options) (reply, error) {
	tag := p.ownTag
	p.ownTag++
	if err := p.submit(request, tag); err != nil {
		return reply{}, err
	}
	return p.take(tag)
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

// submit hands a request over; of a client that has sent some already a goroutine waits for what comes of it.
func (p *pool) submit(lines []line) error {
	memory := new(arena)
	c := newCall(memory, lines)
	done := func() {
		c.close()
		memory.free()
	}
	if !p.used {
		defer done()
		return p.byHand().submit(c.options, c.tag)
	}
	call := make(chan result, 1)
	p.calls[c.tag] = call
	go func() {
		defer done()
		response, err := p.client.Do(context.Background(), c.request())
		call <- result{reply{response, nil}, err}
	}()
	return nil
}

func (p *pool) take(tag uint64) (reply, error) {
	if call := p.calls[tag]; call != nil {
		delete(p.calls, tag)
		one := <-call
		return one.reply, one.err
	}
	return p.byHand().take(tag)
}

func submitOnly(p *pool, lines []line) {
	err := p.submit(lines)
	putOutcomeOf("status", statusOf(err))
	if err != nil {
		putError(err)
	}
}

func takeCompletion(p *pool, lines []line) {
	var memory arena
	defer memory.free()
	c := newCall(&memory, lines)
	defer c.close()
	response, err := p.take(c.tag)
	if err == nil {
		putNumber("waited", int64(truth(response.Metrics.PoolQueue > 0)))
	}
	putOutcome(c, response, err, true)
}

// operation tells `pool OP RESULT`.
func (p *pool) operation(key, value string) {
	first, second, _ := strings.Cut(value, " ")
	told := "pool " + key
	switch key {
	case "cancel": // TAG
		putStatus(told, C.hs_pool_cancel(p.byHand().handle, C.uint64_t(number(first))))
	case "drain": // MS
		putStatus(told, C.hs_pool_drain(p.byHand().handle, C.uint64_t(number(first))))
	case "free":
		putOutcomeOf(told, p.byHand().close())
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
	handle := (*C.hs_pool)(p.client.Handle())
	if !p.used {
		handle = p.byHand().handle
	}
	counters := new(C.hs_pool_counters)
	counters.struct_size = C.uint32_t(unsafe.Sizeof(*counters))
	if C.hs_pool_stats(handle, counters) != C.HS_OK {
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
