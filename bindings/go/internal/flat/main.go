// Flat sends requests in every way that the package has, and fails where memory, goroutines, threads or descriptors grow with
// their number.
//
//	go run ./internal/flat -requests 100000 http://127.0.0.1:8080
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"time"

	sentinel "http-sentinel/bindings/go"
)

const (
	width = 8 // goroutines at once
	tries = 5 // in which it grows, each time
)

func main() {
	log.SetFlags(0)
	requests := flag.Int("requests", 100_000, "how many in all")
	flag.Parse()
	base := strings.TrimSuffix(flag.Arg(0), "/")
	if base == "" {
		log.Fatal("flat: no URL")
	}
	transport, err := sentinel.NewTransport(sentinel.Options{})
	check(err)
	client, err := sentinel.NewClient(sentinel.Options{})
	check(err)
	load := load{base, &http.Client{Transport: transport}, client}

	load.run(*requests / 5)
	before := measure()
	for try := 1; ; try++ {
		began := time.Now()
		load.run(*requests - *requests/5)
		took := time.Since(began)
		after := measure()
		fmt.Printf("%d requests, %.1f µs each with %d at once: %s, then %s\n", *requests,
			float64(took.Microseconds())/float64(*requests-*requests/5), width, before, after)
		if !after.hasGrown(before) {
			break
		}
		// More at once than ever before, which is chance, is seen once or twice; what is lost, each time.
		if try == tries {
			log.Fatal("flat: it grows")
		}
		before = after
	}

	check(transport.Close())
	check(client.Close())
	load.http.CloseIdleConnections()
	// Goroutines that are done are counted for a moment.
	for end := time.Now().Add(time.Minute); runtime.NumGoroutine() > 2; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			debug.SetTraceback("all")
			panic(fmt.Sprint(runtime.NumGoroutine(), " goroutines are left"))
		}
	}
}

func check(err error) {
	if err != nil {
		log.Fatal("flat: ", err)
	}
}

type load struct {
	base   string
	http   *http.Client
	client *sentinel.Client
}

// run sends so many, each goroutine its share, in turns of what there is.
func (l load) run(requests int) {
	var all sync.WaitGroup
	for range [width]struct{}{} {
		all.Add(1)
		go func() {
			defer all.Done()
			worker, err := sentinel.NewWorker(sentinel.Options{})
			check(err)
			defer worker.Close()
			for i := 0; i < requests/width; i++ {
				check(l.one(worker, i))
			}
		}()
	}
	all.Wait()
}

func (l load) one(worker *sentinel.Worker, i int) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	switch i % 10 {
	case 0, 1:
		_, err := worker.Get(ctx, l.base+"/get")
		return err
	case 2, 3:
		_, err := l.client.Post(ctx, l.base+"/echo", "text/plain", []byte("body"))
		return err
	case 4: // a response that nobody reads or closes
		r, err := l.http.Get(l.base + "/get")
		if err == nil && r.StatusCode != 200 {
			err = errors.New(r.Status)
		}
		return err
	case 5: // a body in pieces, of a length that nobody knows
		return drain(l.http.Post(l.base+"/echo", "text/plain", io.MultiReader(strings.NewReader("pie"), strings.NewReader("ces"))))
	case 6: // cancelled on its way
		short, stop := context.WithCancel(ctx)
		time.AfterFunc(time.Duration(i%300)*time.Microsecond, stop)
		req, err := http.NewRequestWithContext(short, "GET", l.base+"/get", nil)
		check(err)
		if err := drain(l.http.Do(req)); err != nil && !errors.Is(err, context.Canceled) {
			return err
		}
		return nil
	case 7: // an error
		_, err := l.client.Do(ctx, &sentinel.Request{URL: "http://127.0.0.1:1/", MaxAttempts: 1})
		if !errors.Is(err, sentinel.ErrConnect) {
			return fmt.Errorf("not refused: %v", err)
		}
		return nil
	}
	return drain(l.http.Get(l.base + "/get"))
}

func drain(r *http.Response, err error) error {
	if err != nil {
		return err
	}
	defer r.Body.Close()
	_, err = io.Copy(io.Discard, r.Body)
	return err
}

type state struct{ kilobytes, goroutines, threads, descriptors int }

func (s state) hasGrown(before state) bool {
	return s.kilobytes-before.kilobytes > 12<<10 || s.goroutines > before.goroutines+width ||
		s.threads > before.threads+4 || s.descriptors > before.descriptors+8
}

func (s state) String() string {
	return fmt.Sprintf("%.1f MiB, %d goroutines, %d threads, %d descriptors", float64(s.kilobytes)/1024, s.goroutines, s.threads, s.descriptors)
}

// measure looks when all that can go has gone.
func measure() state {
	for i := 0; i < 5; i++ {
		debug.FreeOSMemory()
		time.Sleep(20 * time.Millisecond)
	}
	descriptors, _ := os.ReadDir("/proc/self/fd")
	return state{status("VmRSS:"), runtime.NumGoroutine(), status("Threads:"), len(descriptors)}
}

func status(key string) int {
	text, err := os.ReadFile("/proc/self/status")
	check(err)
	for _, line := range strings.Split(string(text), "\n") {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == key {
			value, err := strconv.Atoi(fields[1])
			check(err)
			return value
		}
	}
	log.Fatal("flat: no ", key)
	return 0
}
