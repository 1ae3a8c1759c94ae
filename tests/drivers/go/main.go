// The behaviour table's driver in Go: requests as lines on stdin, what came of them as lines on stdout. The protocol is
// told in tests/drivers/README.md. Options are found by the names of their fields.
package main

// #include <http_sentinel.h>
import "C"

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"reflect"
	"strings"
	"unsafe"

	sentinel "http-sentinel/bindings/go"
)

func main() {
	in := bufio.NewReader(os.Stdin)
	out = bufio.NewWriter(os.Stdout)
	var worker *sentinel.Worker
	var pool *pool // takes its place where a block says so
	closeIt := func() sentinel.Status {
		switch {
		case pool != nil:
			return pool.close()
		case worker != nil:
			return statusOf(worker.Close())
		}
		return sentinel.OK
	}
	for {
		verb, lines, more := readBlock(in)
		if !more {
			break
		}
		switch verb {
		case "open":
			putOutcomeOf("closed", closeIt())
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
	if jar != nil && jar.Close() != nil || closeIt() != sentinel.OK {
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

func open(lines []line) (worker *sentinel.Worker, pool *pool) {
	memory := new(arena)
	options, around, pooled := newWorkerOptions(memory), newPoolOptions(memory), false
	for _, l := range lines {
		in, key := reflect.ValueOf(options), l.key
		if strings.HasPrefix(key, "pool.") {
			in, key = reflect.ValueOf(around), key[len("pool."):]
		}
		switch {
		case key == "jar":
			options.cookies = (*C.hs_cookie_jar)(jar.Handle())
		case key == "via":
			pooled = l.value == "pool"
		case !setField(memory, in.Elem(), key, l.value, false):
			fail("unknown worker option", l.key)
		}
	}
	var err error
	if pooled {
		around.worker = options
		pool, err = openPool(around, memory)
	} else {
		worker, err = sentinel.NewWorker(workerOptions(options))
		memory.free()
	}
	putOutcomeOf("status", statusOf(err))
	if err != nil {
		putError(err)
	}
	return worker, pool
}

// workerOptions hands a struct of C's on as it stands.
func workerOptions(options *C.hs_worker_options) sentinel.Options {
	return sentinel.Options{Raw: func(given unsafe.Pointer) { *(*C.hs_worker_options)(given) = *options }}
}

// request is the same of a request.
func (c *call) request() *sentinel.Request {
	return &sentinel.Request{Raw: func(given unsafe.Pointer) { *(*C.hs_request_options)(given) = *c.options }}
}

func send(worker *sentinel.Worker, pool *pool, lines []line) {
	var memory arena
	defer memory.free()
	c := newCall(&memory, lines)
	defer c.close()
	c.prepare()

	var response reply
	var err error
	switch {
	case c.null == "request" || c.null != "" && pool == nil:
		err = c.sendNull(worker, pool)
	case pool != nil:
		response, err = pool.request(c)
	case c.options.flags&C.HS_STREAM != 0:
		response.stream, err = worker.Stream(context.Background(), c.request())
		if err == nil {
			response.Response = response.stream.Response
		}
	default:
		response.Response, err = worker.Do(context.Background(), c.request())
	}
	if c.cancelled != nil {
		<-c.cancelled
	}
	putOutcome(c, response, err, pool != nil)
}

// sendNull leaves an argument out, which only C can do.
func (c *call) sendNull(worker *sentinel.Worker, pool *pool) error {
	request := c.options
	if c.null == "request" {
		request = nil
	}
	var response *C.hs_response
	var failure *C.hs_error
	place := &response
	if c.null == "response" {
		place = nil
	}
	var status C.hs_status
	switch {
	case pool != nil:
		status = C.hs_pool_submit(pool.byHand().handle, request, 0, &failure)
	case c.null == "worker":
		status = C.hs_request(nil, request, place, &failure)
	default:
		status = C.hs_request((*C.hs_worker)(worker.Handle()), request, place, &failure)
	}
	if status == C.HS_OK {
		fail("taken without its", c.null)
	}
	return adopted(failure)
}
