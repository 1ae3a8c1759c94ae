// Bench measures what a small request takes in Go, in each of the package's ways and in net/http's:  bench URL [REQUESTS]
//
// Its output is that of c.c: a line for each way, with its name, microseconds a request by the clock, and by the processor's
// time of this process.
package main

// #include <http_sentinel.h>
// #include <string.h>
//
// static hs_mock *answers(void) {
//     hs_mock *mock = NULL;
//     hs_mock_rule rule;
//     memset(&rule, 0, sizeof rule);
//     rule.struct_size = sizeof rule;
//     rule.answer_body.data = "hello";
//     rule.answer_body.len = 5;
//     return hs_mock_new(&mock) == HS_OK && hs_mock_add(mock, &rule, NULL) == HS_OK ? mock : NULL;
// }
import "C"

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"
	"unsafe"

	sentinel "http-sentinel/bindings/go"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) < 2 {
		log.Fatal("usage: bench URL [REQUESTS]")
	}
	url, requests := os.Args[1], 10_000
	if len(os.Args) > 2 {
		var err error
		requests, err = strconv.Atoi(os.Args[2])
		check(err)
	}
	ctx := context.Background()

	worker := func(name string, o sentinel.Options) {
		w, err := sentinel.NewWorker(o)
		check(err)
		measure(name, requests, 1, func() { whole(w.Get(ctx, url)) })
		check(w.Close())
	}
	worker("Go Worker", sentinel.Options{})
	mock := C.answers()
	worker("Go Worker, mock", sentinel.Options{Raw: func(options unsafe.Pointer) { (*C.hs_worker_options)(options).mock = mock }})
	C.hs_mock_free(mock)

	client, err := sentinel.NewClient(sentinel.Options{})
	check(err)
	transport, err := sentinel.NewTransport(sentinel.Options{})
	check(err)
	for _, atOnce := range []int{1, 16} {
		name := func(way string) string {
			if atOnce > 1 {
				return fmt.Sprintf("%s, %d at once", way, atOnce)
			}
			return way
		}
		measure(name("Go Client"), requests, atOnce, func() { whole(client.Get(ctx, url)) })
		measure(name("Go Transport"), requests, atOnce, func() { get(&http.Client{Transport: transport}, url) })
		theirs := &http.Transport{MaxIdleConnsPerHost: atOnce}
		measure(name("Go net/http"), requests, atOnce, func() { get(&http.Client{Transport: theirs}, url) })
		theirs.CloseIdleConnections()
	}
	check(client.Close())
	check(transport.Close())
}

func measure(name string, requests, atOnce int, send func()) {
	run(requests/10+1, atOnce, send)
	wall, processor := time.Now(), processorTime()
	run(requests, atOnce, send)
	micros := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 / float64(requests) }
	fmt.Printf("%s\t%.3f\t%.3f\n", name, micros(time.Since(wall)), micros(processorTime()-processor))
}

// run sends on this goroutine, whose worker it may be, or on so many others.
func run(requests, atOnce int, send func()) {
	if atOnce == 1 {
		for i := 0; i < requests; i++ {
			send()
		}
		return
	}
	var all sync.WaitGroup
	for n := 0; n < atOnce; n++ {
		all.Add(1)
		go func() {
			defer all.Done()
			for i := 0; i < requests/atOnce; i++ {
				send()
			}
		}()
	}
	all.Wait()
}

func processorTime() time.Duration {
	var usage syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// whole looks at a response as c.c does.
func whole(r *sentinel.Response, err error) {
	check(err)
	if r.Status != 200 || len(r.Body) == 0 {
		log.Fatal("bench: not the answer that was expected")
	}
}

func get(client *http.Client, url string) {
	r, err := client.Get(url)
	check(err)
	defer r.Body.Close()
	if n, err := io.Copy(io.Discard, r.Body); err != nil || n == 0 || r.StatusCode != 200 {
		log.Fatal("bench: not the answer that was expected: ", err)
	}
}

func check(err error) {
	if err != nil {
		log.Fatal("bench: ", err)
	}
}
