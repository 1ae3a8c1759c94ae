// One GET request, and what came of it:  first_request URL [CA_FILE]
package main

// #cgo CFLAGS: -I${SRCDIR}/../../../include
// #cgo LDFLAGS: -L${SRCDIR}/../../../target/release -lhttp_sentinel -Wl,-rpath,${SRCDIR}/../../../target/release
// #include <http_sentinel.h>
import "C"

import (
	"fmt"
	"os"
	"runtime"
	"time"
	"unsafe"

	"example/lend"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage:", os.Args[0], "URL [CA_FILE]")
		os.Exit(2)
	}
	caFile := ""
	if len(os.Args) > 2 {
		caFile = os.Args[2]
	}
	if err := get(os.Args[1], caFile); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func get(url, caFile string) error {
	// A worker belongs to its thread, and goroutines wander between threads unless they are locked to one.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var lent lend.Strings // what C reads through pointers inside structs must be pinned
	defer lent.Return()

	var worker *C.hs_worker
	var failure *C.hs_error
	options := C.hs_worker_options{ca_file: str(&lent, caFile)}
	options.struct_size = C.uint32_t(unsafe.Sizeof(options))
	if status := C.hs_worker_new(&options, &worker, &failure); status != C.HS_OK {
		return toError(status, failure)
	}
	defer C.hs_worker_free(worker)

	var response *C.hs_response
	request := C.hs_request_options{url: str(&lent, url)}
	request.struct_size = C.uint32_t(unsafe.Sizeof(request))
	if status := C.hs_request(worker, &request, &response, &failure); status != C.HS_OK {
		return toError(status, failure)
	}
	defer C.hs_response_free(response)
	show(response)
	return nil
}

func show(response *C.hs_response) {
	var m C.hs_metrics
	m.struct_size = C.uint32_t(unsafe.Sizeof(m))
	C.hs_response_metrics(response, &m)
	body := C.hs_response_body(response)
	fmt.Printf("%d bytes: %.60s\n", body.len, text(body))
	ms := func(ns C.uint64_t) float64 { return time.Duration(ns).Seconds() * 1000 }
	fmt.Printf("status %d in %.2f ms: ", C.hs_response_status(response), ms(m.total_ns))
	fmt.Printf("dns %.2f, connect %.2f, tls %.2f, send %.2f, first byte %.2f, body %.2f; HTTP/%d.%d\n",
		ms(m.dns_ns), ms(m.connect_ns), ms(m.tls_ns), ms(m.send_ns), ms(m.first_byte_ns), ms(m.body_ns),
		m.http_version/10, m.http_version%10)
}

// toError turns an error object into a Go error, and frees it.
func toError(status C.hs_status, failure *C.hs_error) error {
	defer C.hs_error_free(failure)
	var info C.hs_error_info
	info.struct_size = C.uint32_t(unsafe.Sizeof(info))
	C.hs_error_details(failure, &info)
	sent := map[C.uint32_t]string{C.HS_SENT_NO: "no", C.HS_SENT_MAYBE: "maybe", C.HS_SENT_YES: "yes"}[info.request_sent]
	return fmt.Errorf("%s: %s (%s, request sent: %s)",
		text(C.hs_status_name(status)), text(C.hs_error_message(failure)), text(C.hs_phase_name(info.phase)), sent)
}

// str lends a string to C; text copies one of C's.
func str(lent *lend.Strings, s string) C.hs_str {
	return C.hs_str{data: (*C.char)(lent.Pointer(s)), len: C.size_t(len(s))}
}

func text(s C.hs_str) string { return string(C.GoBytes(unsafe.Pointer(s.data), C.int(s.len))) }
