// Many threads, each with a worker of its own:  threads URL [THREADS] [REQUESTS]   (REQUESTS is for each thread)
package main

// #cgo CFLAGS: -I${SRCDIR}/../../../include
// #cgo LDFLAGS: -L${SRCDIR}/../../../target/release -lhttp_sentinel -Wl,-rpath,${SRCDIR}/../../../target/release
// #include <http_sentinel.h>
import "C"

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"time"
	"unsafe"

	"example/lend"
)

// run makes a worker, uses it and frees it, all on the thread that it locks itself to. It returns how many requests
// failed, and the first reason.
func run(url string, requests int) (failures int, reason error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var worker *C.hs_worker
	var failure *C.hs_error
	if status := C.hs_worker_new(nil, &worker, &failure); status != C.HS_OK {
		return requests, toError(status, failure)
	}
	defer C.hs_worker_free(worker)

	var lent lend.Strings
	defer lent.Return()
	request := C.hs_request_options{url: C.hs_str{data: (*C.char)(lent.Pointer(url)), len: C.size_t(len(url))}}
	request.struct_size = C.uint32_t(unsafe.Sizeof(request))
	for i := 0; i < requests; i++ {
		var response *C.hs_response
		if status := C.hs_request(worker, &request, &response, &failure); status != C.HS_OK {
			err := toError(status, failure)
			if failures++; reason == nil {
				reason = err
			}
		}
		C.hs_response_free(response) // freeing nil is fine
	}
	return failures, reason
}

// toError turns an error object into a Go error, and frees it.
func toError(status C.hs_status, failure *C.hs_error) error {
	defer C.hs_error_free(failure)
	return fmt.Errorf("%s: %s", text(C.hs_status_name(status)), text(C.hs_error_message(failure)))
}

func text(s C.hs_str) string { return string(C.GoBytes(unsafe.Pointer(s.data), C.int(s.len))) }

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage:", os.Args[0], "URL [THREADS] [REQUESTS]")
		os.Exit(2)
	}
	threads, requests := number(2, 8), number(3, 100)

	var all sync.WaitGroup
	var lock sync.Mutex
	failures := 0
	started := time.Now()
	for i := 0; i < threads; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			failed, reason := run(os.Args[1], requests)
			if reason != nil {
				fmt.Fprintln(os.Stderr, reason)
			}
			lock.Lock()
			failures += failed
			lock.Unlock()
		}()
	}
	all.Wait()
	took := time.Since(started)

	succeeded := threads*requests - failures
	fmt.Printf("%d threads, %d requests, %d failures, %.0f requests/s\n",
		threads, threads*requests, failures, float64(succeeded)/took.Seconds())
	if failures > 0 {
		os.Exit(1)
	}
}

// number reads an argument that may be left out.
func number(at, otherwise int) int {
	if at >= len(os.Args) {
		return otherwise
	}
	n, err := strconv.Atoi(os.Args[at])
	if err != nil || n < 1 || n > 1000000 {
		fmt.Fprintln(os.Stderr, "not a number of threads or requests:", os.Args[at])
		os.Exit(2)
	}
	return n
}
