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
	putNumber("metrics.peer.family", int64(m.peer.family))
	putNumber("metrics.local.family", int64(m.local.family))
}

func putResponse(c *call, response *C.hs_response) {
	putNumber("http", int64(C.hs_response_status(response)))
	put("url", text(C.hs_response_url(response)))
	var header C.hs_header
	count := C.hs_response_header_count(response)
	for i := C.size_t(0); i < count && C.hs_response_header_at(response, i, &header) == C.HS_OK; i++ {
		put("header "+encoded(text(header.name)), text(header.value))
	}
	putStatus("header.end", C.hs_response_header_at(response, count, &header))

	body := C.hs_response_body(response)
	if c.onBody == "" {
		putBody([]byte(text(body)))
	} else {
		putBody(c.body)
		putNumber("body.left", int64(body.len))
	}

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
