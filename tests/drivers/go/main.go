// The behaviour table's driver in Go: requests as lines on stdin, what came of them as lines on stdout. The protocol is
// told in tests/drivers/README.md. Options are found by the names of their fields.
package main

// #include <http_sentinel.h>
import "C"

import (
	"bufio"
	"fmt"
	"os"
	"reflect"
	"runtime"
	"strings"
)

func main() {
	// A worker belongs to its thread, and goroutines wander between threads unless they are locked to one.
	runtime.LockOSThread()
	in := bufio.NewReader(os.Stdin)
	out = bufio.NewWriter(os.Stdout)
	var worker *C.hs_worker
	var pool *pool // takes its place where a block says so
	closeIt := func() C.hs_status {
		if pool != nil {
			return pool.close()
		}
		return C.hs_worker_free(worker)
	}
	for {
		verb, lines, more := readBlock(in)
		if !more {
			break
		}
		switch verb {
		case "open":
			putStatus("closed", closeIt())
			worker, pool = open(lines)
		case "jar":
			for _, l := range lines {
				jarOperation(l.key, l.value)
			}
		case "request":
			send(worker, pool, lines)
		case "submit":
			submitOnly(pool, lines)
		case "next":
			takeCompletion(pool, lines)
		case "pool":
			for _, l := range lines {
				pool.operation(l.key, l.value)
			}
		default:
			verb, name, _ := strings.Cut(verb, " ")
			if !scenario(verb, name, lines) {
				fail("unknown block", verb)
			}
		}
		fmt.Fprintln(out)
		out.Flush()
	}
	if C.hs_cookie_jar_free(jar) != C.HS_OK || closeIt() != C.HS_OK {
		os.Exit(1)
	}
}

func fail(what, which string) {
	fmt.Fprintln(os.Stderr, "driver:", what, which)
	os.Exit(2)
}

// line is a key and a value that is still encoded.
type line struct{ key, value string }

// readBlock gives the first line of a block and the others; no more at the end of the input.
func readBlock(in *bufio.Reader) (verb string, lines []line, more bool) {
	for first := true; ; first = false {
		text, err := in.ReadString('\n')
		if err != nil {
			return "", nil, false
		}
		text = strings.TrimSuffix(text, "\n")
		switch {
		case text == "":
			return verb, lines, true
		case first:
			verb = text
		default:
			key, value, _ := strings.Cut(text, " ")
			lines = append(lines, line{key, value})
		}
	}
}

func open(lines []line) (worker *C.hs_worker, pool *pool) {
	var memory arena
	defer memory.free()
	options, around, pooled := newWorkerOptions(&memory), newPoolOptions(&memory), false
	for _, l := range lines {
		in, key := reflect.ValueOf(options), l.key
		if strings.HasPrefix(key, "pool.") {
			in, key = reflect.ValueOf(around), key[len("pool."):]
		}
		switch {
		case key == "jar":
			options.cookies = jar
		case key == "via":
			pooled = l.value == "pool"
		case !setField(&memory, in.Elem(), key, l.value, false):
			fail("unknown worker option", l.key)
		}
	}
	var status C.hs_status
	var failure *C.hs_error
	if pooled {
		around.worker = options
		pool, status, failure = openPool(around)
	} else {
		status = C.hs_worker_new(options, &worker, &failure)
	}
	putStatus("status", status)
	if status != C.HS_OK {
		putError(failure)
	}
	return worker, pool
}

func send(worker *C.hs_worker, pool *pool, lines []line) {
	var memory arena
	defer memory.free()
	c := newCall(&memory, lines)
	defer c.close()
	c.prepare()

	var status C.hs_status
	var response *C.hs_response
	var failure *C.hs_error
	request, place := c.options, &response
	switch c.null {
	case "worker":
		worker = nil
	case "request":
		request = nil
	case "response":
		place = nil
	}
	if pool != nil {
		status, response, failure = pool.request(request)
	} else {
		status = C.hs_request(worker, request, place, &failure)
	}
	if c.cancelled != nil {
		<-c.cancelled
	}
	putOutcome(c, status, response, failure, pool != nil)
}
