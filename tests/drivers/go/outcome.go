package main

// #include <http_sentinel.h>
import "C"

import (
	"bufio"
	"fmt"
	"hash/fnv"
	"strings"
	"unsafe"
)

// A longer body is told by its length and hash alone.
const toldBytes = 65536

var out *bufio.Writer

func encoded(text string) string {
	var line strings.Builder
	for i := 0; i < len(text); i++ {
		if c := text[i]; c > ' ' && c < 0x7f && c != '%' {
			line.WriteByte(c)
		} else {
			fmt.Fprintf(&line, "%%%02X", c)
		}
	}
	return line.String()
}

// text copies one of C's.
func text(s C.hs_str) string {
	return string(unsafe.Slice((*byte)(unsafe.Pointer(s.data)), int(s.len)))
}

func put(key, text string)                       { fmt.Fprintf(out, "%s %s\n", key, encoded(text)) }
func putNumber[T ~int | ~int64](key string, n T) { fmt.Fprintf(out, "%s %d\n", key, n) }
func putStatus(key string, status C.hs_status)   { put(key, text(C.hs_status_name(status))) }

func putError(failure *C.hs_error) {
	var info C.hs_error_info
	info.struct_size = C.uint32_t(unsafe.Sizeof(info))
	putStatus("error.details", C.hs_error_details(failure, &info))
	putStatus("error.status", C.hs_error_status(failure))
	put("error.message", text(C.hs_error_message(failure)))
	put("error.phase", text(C.hs_phase_name(info.phase)))
	putNumber("error.request_sent", int64(info.request_sent))
	putNumber("error.retryable", int64(info.retryable))
	putNumber("error.attempts", int64(info.attempts))
	putNumber("error.curl_code", int64(info.curl_code))
	putNumber("error.os_error", int64(info.os_error))
	putStatus("error.freed", C.hs_error_free(failure))
}

func putBody(body []byte) {
	hash := fnv.New64a()
	hash.Write(body)
	putNumber("body.length", len(body))
	put("body.hash", fmt.Sprintf("%016x", hash.Sum64()))
	if len(body) <= toldBytes {
		put("body", string(body))
	}
}

// putMetrics tells the facts that do not differ from run to run.
func putMetrics(response *C.hs_response) {
	var m C.hs_metrics
	m.struct_size = C.uint32_t(unsafe.Sizeof(m))
	putStatus("metrics", C.hs_response_metrics(response, &m))
	putNumber("metrics.attempts", int64(m.attempts))
	putNumber("metrics.redirects", int64(m.redirects))
	putNumber("metrics.internal_resends", int64(m.internal_resends))
	putNumber("metrics.request_header_bytes", int64(m.request_header_bytes))
	putNumber("metrics.request_body_bytes", int64(m.request_body_bytes))
	putNumber("metrics.response_header_bytes", int64(m.response_header_bytes))
	putNumber("metrics.response_body_bytes", int64(m.response_body_bytes))
	putNumber("metrics.connection_reused", int64(m.connection_reused))
	putNumber("metrics.http_version", int64(m.http_version))
	putNumber("metrics.tls_version", int64(m.tls_version))
	putNumber("metrics.decoded", int64(m.decoded))
	putNumber("metrics.proxied", int64(m.proxied))
	putNumber("metrics.auth_exchanges", int64(m.auth_exchanges))
	putNumber("metrics.peer.family", int64(m.peer.family))
	putNumber("metrics.local.family", int64(m.local.family))
}

func putField(key string, header *C.hs_header) {
	put(key+" "+encoded(text(header.name)), text(header.value))
}

// readBody reads to the end, or until it fails, and once more: the end and a failure stay.
func readBody(c *call, response *C.hs_response) {
	buffer := make([]byte, c.read)
	place, capacity := unsafe.Pointer(&buffer[0]), C.size_t(len(buffer))
	var failure *C.hs_error
	count, status := C.size_t(1), C.hs_status(C.HS_OK)
	for status == C.HS_OK && count > 0 {
		status = C.hs_response_read(response, place, capacity, &count, 0, &failure)
		if status == C.HS_OK {
			c.body = append(c.body, buffer[:count]...)
		}
	}
	putStatus("read", status)
	if status != C.HS_OK {
		putError(failure)
	}
	putStatus("read.again", C.hs_response_read(response, place, capacity, &count, 0, nil))
}

// putOutcome tells the error or the response; of a pool's another thread reads the body.
func putOutcome(c *call, status C.hs_status, response *C.hs_response, failure *C.hs_error, pooled bool) {
	putStatus("status", status)
	if status == C.HS_OK {
		putResponse(c, response, pooled)
	} else {
		putError(failure)
	}
}

func putResponse(c *call, response *C.hs_response, pooled bool) {
	putNumber("http", int64(C.hs_response_status(response)))
	put("url", text(C.hs_response_url(response)))
	var header C.hs_header
	count := C.hs_response_header_count(response)
	for i := C.size_t(0); i < count && C.hs_response_header_at(response, i, &header) == C.HS_OK; i++ {
		putField("header", &header)
	}
	putStatus("header.end", C.hs_response_header_at(response, count, &header))
	for nth := C.size_t(0); C.hs_response_interim_status(response, nth) != 0; nth++ {
		putNumber("interim", int64(C.hs_response_interim_status(response, nth)))
		for i := C.size_t(0); C.hs_response_interim_header_at(response, nth, i, &header) == C.HS_OK; i++ {
			putField("interim.header", &header)
		}
	}

	switch {
	case c.read > 0 && pooled:
		done := make(chan struct{})
		go func() {
			defer close(done)
			readBody(c, response)
		}()
		<-done
	case c.read > 0:
		readBody(c, response)
	}
	body := C.hs_response_body(response)
	if c.onBody == "" && c.read == 0 {
		putBody([]byte(text(body)))
	} else {
		putBody(c.body)
		putNumber("body.left", int64(body.len))
	}

	for i := C.size_t(0); C.hs_response_trailer_at(response, i, &header) == C.HS_OK; i++ {
		putField("trailer", &header)
	}
	putNumber("trailers", int64(C.hs_response_trailer_count(response)))

	putMetrics(response)
	var redirect C.hs_redirect
	redirect.struct_size = C.uint32_t(unsafe.Sizeof(redirect))
	hops := C.size_t(0)
	for ; C.hs_response_redirect_at(response, hops, &redirect) == C.HS_OK; hops++ {
		put(fmt.Sprintf("redirect %d", redirect.status), text(redirect.url))
	}
	putStatus("redirect.end", C.hs_response_redirect_at(response, hops, &redirect))
	putStatus("freed", C.hs_response_free(response))
}
