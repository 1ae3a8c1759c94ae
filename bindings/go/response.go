package sentinel

// #include "shim.h"
import "C"

import (
	"net/http"
	"net/textproto"
	"sync"
	"unsafe"
)

// Response is a whole response. It is the caller's own, and needs no closing.
type Response struct {
	Status   int         // the HTTP status, for instance 200
	Header   http.Header // as it came: Content-Encoding and Content-Length speak of the coded body
	Fields   []Field     // the same in the order in which they came, names as they were written
	Trailer  http.Header // nil where there is none
	Trailers []Field     // the same in the order in which they came
	Interim  []Interim   // 1xx responses that came before
	Body     []byte      // decoded, unless RawBody says otherwise
	URL      string      // that gave this response, without user, password and fragment
	Metrics  Metrics
	Attempts []Attempt  // each attempt, hedges included
	Hops     []Redirect // redirects that were followed
	TraceID  string     // the trace-id that servers were told, or ""
	Trace    string     // what happened, line by line, where a trace was asked for
}

// Interim is a response with a status of 1xx.
type Interim struct {
	Status int
	Header http.Header
	Fields []Field // the same in their order
}

// Redirect is one that was followed.
type Redirect struct {
	Status int
	URL    string
}

var replies = sync.Pool{New: func() any { return new(C.hsgo_outcome) }}

func putReply(o *C.hsgo_outcome) {
	o.response, o.error = nil, nil
	replies.Put(o)
}

// responseOf copies all of a response that is in a reply; the body where it is buffered. It frees nothing.
func responseOf(response *C.hs_response, reply *C.hsgo_reply) *Response {
	r := &Response{
		Status: int(reply.status), URL: text(reply.url), Metrics: metricsOf(&reply.metrics), TraceID: text(reply.trace_id),
		Attempts: attemptsOf(response, nil, reply.attempts),
	}
	r.Fields = fieldsOf(response, reply)
	r.Header = headerOf(r.Fields)
	r.Interim = interimOf(response, reply)
	if r.Trailers = trailersOf(response, reply.trailers); r.Trailers != nil {
		r.Trailer = headerOf(r.Trailers)
	}
	if n := reply.body.len; n > 0 {
		r.Body = C.GoBytes(unsafe.Pointer(reply.body.data), C.int(n))
		if n > 1<<30 {
			r.Body = append([]byte(nil), unsafe.Slice((*byte)(unsafe.Pointer(reply.body.data)), int(n))...)
		}
	}
	if n := int(reply.metrics.redirects); n > 0 {
		hop := new(C.hs_redirect)
		hop.struct_size = C.uint32_t(unsafe.Sizeof(*hop))
		for i := 0; i < n && C.hs_response_redirect_at(response, C.size_t(i), hop) == C.HS_OK; i++ {
			r.Hops = append(r.Hops, Redirect{int(hop.status), text(hop.url)})
		}
	}
	if trace := C.hs_response_trace(response); trace.len > 0 {
		r.Trace = text(trace)
	}
	return r
}

// fieldsOf copies the head: one string that all names and values are parts of.
func fieldsOf(response *C.hs_response, reply *C.hsgo_reply) []Field {
	many := int(reply.headers)
	given := reply.field[:min(many, len(reply.field))]
	if many > len(given) {
		all := make([]C.hs_header, many)
		given = all[:C.hsgo_fields(response, C.HSGO_HEADERS, 0, 0, &all[0], C.size_t(many))]
	}
	return copied(given)
}

func copied(given []C.hs_header) []Field {
	total := 0
	for i := range given {
		total += int(given[i].name.len) + int(given[i].value.len)
	}
	bytes := make([]byte, 0, total)
	for i := range given {
		bytes = append(append(bytes, borrowed(given[i].name)...), borrowed(given[i].value)...)
	}
	all, at := unsafe.String(unsafe.SliceData(bytes), len(bytes)), 0
	next := func(n C.size_t) string {
		at += int(n)
		return all[at-int(n) : at]
	}
	fields := make([]Field, len(given))
	for i := range given {
		fields[i].Name = next(given[i].name.len)
		fields[i].Value = next(given[i].value.len)
	}
	return fields
}

func headerOf(fields []Field) http.Header {
	header := make(http.Header, len(fields))
	values := make([]string, len(fields)) // of those that come once, which is nearly all
	for i := range fields {
		name := textproto.CanonicalMIMEHeaderKey(fields[i].Name)
		if there := header[name]; there != nil {
			header[name] = append(there, fields[i].Value)
			continue
		}
		values[i] = fields[i].Value
		header[name] = values[i : i+1 : i+1]
	}
	return header
}

func someFields(response *C.hs_response, kind C.uint32_t, nth int) []Field {
	all := make([]C.hs_header, 16)
	for {
		many := C.hsgo_fields(response, kind, C.size_t(nth), 0, &all[0], C.size_t(len(all)))
		if int(many) < len(all) {
			return copied(all[:many])
		}
		all = make([]C.hs_header, 4*len(all))
	}
}

func interimOf(response *C.hs_response, reply *C.hsgo_reply) []Interim {
	var all []Interim
	for nth := 0; nth < int(reply.interim); nth++ {
		status := int(C.hs_response_interim_status(response, C.size_t(nth)))
		fields := someFields(response, C.HSGO_INTERIM, nth)
		all = append(all, Interim{status, headerOf(fields), fields})
	}
	return all
}

func trailersOf(response *C.hs_response, count C.size_t) []Field {
	if count == 0 {
		return nil
	}
	return someFields(response, C.HSGO_TRAILERS, 0)
}
