// Many requests at once, a few threads:  pool URL [REQUESTS] [AT_ONCE]
package main

// #cgo CFLAGS: -I${SRCDIR}/../../../include
// #cgo LDFLAGS: -L${SRCDIR}/../../../target/release -lhttp_sentinel -Wl,-rpath,${SRCDIR}/../../../target/release
// #include <http_sentinel.h>
import "C"

import (
	"fmt"
	"os"
	"strconv"
	"sync"
	"unsafe"

	"example/lend"
)

// A Pool is for any number of goroutines. One of its own takes what has ended and tells whoever waits for it: no goroutine
// that waits for a response holds a thread.
type Pool struct {
	pool    *C.hs_pool
	mutex   sync.Mutex
	waiting map[uint64]chan C.hs_completion
	tag     uint64
}

func newPool(atOnce int) (*Pool, error) {
	options := C.hs_pool_options{max_in_flight: C.uint32_t(atOnce), max_in_flight_per_origin: C.uint32_t(atOnce)}
	options.struct_size = C.uint32_t(unsafe.Sizeof(options))
	p := &Pool{waiting: make(map[uint64]chan C.hs_completion)}
	var failure *C.hs_error
	if status := C.hs_pool_new(&options, &p.pool, &failure); status != C.HS_OK {
		return nil, toError(status, failure)
	}
	go p.reap()
	return p, nil
}

func (p *Pool) reap() {
	var completions [64]C.hs_completion
	for {
		var count C.size_t
		if C.hs_pool_next(p.pool, &completions[0], C.size_t(len(completions)), &count, C.HS_INFINITE) != C.HS_OK {
			return
		}
		for _, completion := range completions[:count] {
			tag := uint64(completion.tag)
			p.mutex.Lock()
			waiting := p.waiting[tag]
			delete(p.waiting, tag)
			p.mutex.Unlock()
			waiting <- completion
		}
	}
}

// Get returns the HTTP status.
func (p *Pool) Get(url string) (int, error) {
	done := make(chan C.hs_completion, 1)
	p.mutex.Lock()
	p.tag++
	tag := p.tag
	p.waiting[tag] = done
	p.mutex.Unlock()

	var lent lend.Strings
	request := C.hs_request_options{url: C.hs_str{data: (*C.char)(lent.Pointer(url)), len: C.size_t(len(url))}}
	request.struct_size = C.uint32_t(unsafe.Sizeof(request))
	var failure *C.hs_error
	status := C.hs_pool_submit(p.pool, &request, C.uint64_t(tag), &failure)
	lent.Return() // what it needs is copied
	if status != C.HS_OK {
		return 0, toError(status, failure)
	}
	completion := <-done
	if completion.status != C.HS_OK {
		return 0, toError(completion.status, completion.error)
	}
	defer C.hs_response_free(completion.response)
	return int(C.hs_response_status(completion.response)), nil
}

// Close ends the pool, and with it the goroutine that reaps.
func (p *Pool) Close() { C.hs_pool_free(p.pool) }

// toError turns an error object into a Go error, and frees it.
func toError(status C.hs_status, failure *C.hs_error) error {
	defer C.hs_error_free(failure)
	return fmt.Errorf("%s: %s", text(C.hs_status_name(status)), text(C.hs_error_message(failure)))
}

func text(s C.hs_str) string { return string(C.GoBytes(unsafe.Pointer(s.data), C.int(s.len))) }

func argument(place, otherwise int) int {
	if len(os.Args) <= place {
		return otherwise
	}
	number, err := strconv.Atoi(os.Args[place])
	if err != nil {
		return 0
	}
	return number
}

func main() {
	requests, atOnce := argument(2, 1000), argument(3, 100)
	if len(os.Args) < 2 || requests < 1 || atOnce < 1 || atOnce > 10000 {
		fmt.Fprintln(os.Stderr, "usage:", os.Args[0], "URL [REQUESTS] [AT_ONCE]")
		os.Exit(2)
	}
	pool, err := newPool(atOnce)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	var group sync.WaitGroup
	var mutex sync.Mutex
	failures := 0
	for i := 0; i < requests; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			if _, err := pool.Get(os.Args[1]); err != nil {
				mutex.Lock()
				if failures++; failures == 1 {
					fmt.Fprintln(os.Stderr, err)
				}
				mutex.Unlock()
			}
		}()
	}
	group.Wait()
	var counters C.hs_pool_counters
	counters.struct_size = C.uint32_t(unsafe.Sizeof(counters))
	C.hs_pool_stats(pool.pool, &counters)
	pool.Close()
	fmt.Printf("%d requests, %d failures, at most %d under way, on %d threads with %d connections\n", requests, failures,
		uint64(counters.most_in_flight), uint64(counters.threads), uint64(counters.connections))
	if failures > 0 {
		os.Exit(1)
	}
}
