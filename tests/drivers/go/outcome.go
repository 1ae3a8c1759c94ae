package main

// #include <http_sentinel.h>
import "C"

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"net/netip"
	"strings"
	"unsafe"

	sentinel "http-sentinel/bindings/go"
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

func put(key, text string)                            { fmt.Fprintf(out, "%s %s\n", key, encoded(text)) }
func putNumber[T ~int | ~int64](key string, n T)      { fmt.Fprintf(out, "%s %d\n", key, n) }
func putStatus(key string, status C.hs_status)        { putOutcomeOf(key, sentinel.Status(status)) }
func putOutcomeOf(key string, status sentinel.Status) { put(key, status.String()) }

// statusOf is what an error of the package's says.
func statusOf(err error) sentinel.Status {
	if err == nil {
		return sentinel.OK
	}
	return failureOf(err).Status
}

// failureOf is the package's error; it gives no other.
func failureOf(err error) *sentinel.Error {
	var failure *sentinel.Error
	if !errors.As(err, &failure) {
		fail("an error of another kind:", err.Error())
	}
	return failure
}

// Objects of C's whose failure is told, or nil.
func adopted(failure *C.hs_error) error {
	if failure == nil {
		return nil
	}
	return sentinel.AdoptError(unsafe.Pointer(failure))
}

func putError(err error) {
	e := failureOf(err)
	putStatus("error.details", C.HS_OK)
	putOutcomeOf("error.status", e.Status)
	put("error.message", e.Message)
	put("error.phase", text(C.hs_phase_name(C.hs_phase(e.Phase))))
	putNumber("error.request_sent", int64(e.RequestSent))
	putNumber("error.retryable", int64(e.Retryable))
	putNumber("error.attempts", e.Attempts)
	putNumber("error.curl_code", e.CurlCode)
	putNumber("error.os_error", int64(e.OSError))
	putStatus("error.freed", C.HS_OK)
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
func putMetrics(m *sentinel.Metrics) {
	putStatus("metrics", C.HS_OK)
	putNumber("metrics.attempts", m.Attempts)
	putNumber("metrics.redirects", m.Redirects)
	putNumber("metrics.internal_resends", m.InternalResends)
	putNumber("metrics.request_header_bytes", int64(m.RequestHeaderBytes))
	putNumber("metrics.request_body_bytes", int64(m.RequestBodyBytes))
	putNumber("metrics.response_header_bytes", int64(m.ResponseHeaderBytes))
	putNumber("metrics.response_body_bytes", int64(m.ResponseBodyBytes))
	putNumber("metrics.connection_reused", int64(truth(m.ConnectionReused)))
	putNumber("metrics.http_version", int64(m.HTTPVersion))
	putNumber("metrics.tls_version", int64(tlsNumber(m)))
	putNumber("metrics.decoded", m.Decoded)
	putNumber("metrics.proxied", int64(truth(m.Proxied)))
	putNumber("metrics.auth_exchanges", m.AuthExchanges)
	putNumber("metrics.peer.family", int64(family(m.Peer)))
	putNumber("metrics.local.family", int64(family(m.Local)))
}

func truth(is bool) C.uint32_t {
	if is {
		return 1
	}
	return 0
}

func tlsNumber(m *sentinel.Metrics) C.uint32_t {
	switch {
	case !m.Encrypted:
		return C.HS_TLS_NONE
	case m.TLSVersion == 0:
		return C.HS_TLS_UNKNOWN
	}
	return C.HS_TLS_1_0 + C.uint32_t(m.TLSVersion-tls.VersionTLS10)
}

func family(address netip.AddrPort) int {
	switch {
	case !address.IsValid():
		return 0
	case address.Addr().Is4():
		return 4
	}
	return 6
}

// reply is a response, as a whole or with a body to be read.
type reply struct {
	*sentinel.Response
	stream *sentinel.Stream // nil: it has its body
}

// readBody reads to the end, or until it fails, and once more: the end and a failure stay.
func readBody(c *call, from io.Reader) {
	buffer := make([]byte, c.read)
	read := func() error {
		count, err := from.Read(buffer)
		c.body = append(c.body, buffer[:count]...)
		return err
	}
	var err error
	for err == nil {
		err = read()
	}
	again := read()
	if err == io.EOF && again == io.EOF {
		err, again = nil, nil
	}
	putOutcomeOf("read", statusOf(err))
	if err != nil {
		putError(err)
	}
	putOutcomeOf("read.again", statusOf(again))
}

// putOutcome tells the error or the response; of a pool's another goroutine reads the body.
func putOutcome(c *call, response reply, err error, pooled bool) {
	putOutcomeOf("status", statusOf(err))
	if err == nil {
		putResponse(c, response, pooled)
	} else {
		putError(err)
	}
}

func putFieldsOf(key string, fields []sentinel.Field) {
	for _, field := range fields {
		put(key+" "+encoded(field.Name), field.Value)
	}
}

func putResponse(c *call, r reply, pooled bool) {
	putNumber("http", r.Status)
	put("url", r.URL)
	putFieldsOf("header", r.Fields)
	putStatus("header.end", C.HS_ERR_NOT_FOUND)
	for _, interim := range r.Interim {
		putNumber("interim", interim.Status)
		putFieldsOf("interim.header", interim.Fields)
	}

	from := io.Reader(strings.NewReader(string(r.Body)))
	if r.stream != nil {
		from = r.stream
	}
	switch {
	case c.read > 0 && pooled:
		done := make(chan struct{})
		go func() {
			defer close(done)
			readBody(c, from)
		}()
		<-done
	case c.read > 0:
		readBody(c, from)
	}
	if c.onBody == "" && c.read == 0 {
		putBody(r.Body)
	} else {
		putBody(c.body)
		putNumber("body.left", len(r.Body))
	}

	putFieldsOf("trailer", r.Trailers)
	putNumber("trailers", len(r.Trailers))

	putMetrics(&r.Metrics)
	for _, hop := range r.Hops {
		put(fmt.Sprintf("redirect %d", hop.Status), hop.URL)
	}
	putStatus("redirect.end", C.HS_ERR_NOT_FOUND)
	if r.stream != nil && r.stream.Close() != nil {
		fail("a stream cannot be", "closed")
	}
	putStatus("freed", C.HS_OK)
}
