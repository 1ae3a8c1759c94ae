package sentinel

// #include "shim.h"
import "C"

import (
	"context"
	"net/http"
	"runtime"
	"sort"
	"time"
	"unsafe"
)

// Field is one header field.
type Field struct {
	Name, Value string
	// Sensitive marks a secret: it is never in an error, and goes to no other origin. Authorization, Cookie and
	// Proxy-Authorization are secrets without it.
	Sensitive bool
}

// Request is what to ask. Only URL is needed; zero is the client's setting everywhere. It may be used again, and by
// several goroutines at once as long as nobody changes it.
type Request struct {
	Method string      // default GET, or POST where there is a body
	URL    string      // absolute, http or https
	Header http.Header // sent sorted by name
	Fields []Field     // sent before Header, as they stand
	Body   []byte      // not to be changed until the call has ended

	Timeout        time.Duration // the whole call; a context's deadline counts besides
	AttemptTimeout time.Duration // one attempt, to the end of the response head
	ConnectTimeout time.Duration
	IdleTimeout    time.Duration // the longest time without progress while the body is received
	MaxBodyBytes   int64         // negative: no limit
	MaxAttempts    int           // the first one included: 1 is no retries
	MaxRedirects   int

	RawBody        bool // as Options.RawBody
	AllowDowngrade bool
	Trace          bool
	Redirects      RedirectPolicy
	HTTPVersion    HTTPVersion
	MinHTTPVersion HTTPVersion
	Auth           *Auth     // credentials for the origin of URL; nil: those of the options
	Policies       *Policies // what of the client's is otherwise for this request

	// Raw is as Options.Raw for a *hs_request_options. Body is not in it.
	Raw func(options unsafe.Pointer)
}

func (r *Request) encode(a *arena) *C.hs_request_options {
	c := sized[C.hs_request_options](a)
	c.flags = flag(r.AllowDowngrade, C.HS_ALLOW_DOWNGRADE) | flag(r.RawBody, C.HS_RAW_BODY) | flag(r.Trace, C.HS_TRACE)
	c.method, c.url = a.text(r.Method), a.text(r.URL)
	c.headers, c.header_count = a.fields(r.Fields, r.Header)
	c.timeout_ms, c.attempt_timeout_ms = millis(r.Timeout), millis(r.AttemptTimeout)
	c.connect_timeout_ms, c.idle_timeout_ms = millis(r.ConnectTimeout), millis(r.IdleTimeout)
	c.max_body_bytes = bytesLimit(r.MaxBodyBytes)
	c.http_version, c.min_http_version = C.uint32_t(r.HTTPVersion), C.uint32_t(r.MinHTTPVersion)
	c.redirects, c.max_redirects = C.uint32_t(r.Redirects), count(r.MaxRedirects)
	c.max_attempts = count(r.MaxAttempts)
	c.auth, c.policies = r.Auth.encode(a), r.Policies.encode(a)
	if r.Raw != nil {
		r.Raw(unsafe.Pointer(c))
	}
	return c
}

// until makes a context's deadline a limit of the call, where it comes before the call's own one.
func until(c *C.hs_request_options, ctx context.Context) {
	deadline, there := ctx.Deadline()
	if !there {
		return
	}
	left := millis(max(time.Until(deadline), time.Millisecond))
	if c.timeout_ms == 0 || left < c.timeout_ms {
		c.timeout_ms = left
	}
}

// fields are those of a list, and then those of a map by name.
func (a *arena) fields(list []Field, header http.Header) (*C.hs_header, C.size_t) {
	total := len(list)
	for _, values := range header {
		total += len(values)
	}
	made := put[C.hs_header](a, total)
	if made == nil {
		return nil, 0
	}
	for i := range list {
		made[i] = C.hs_header{name: a.text(list[i].Name), value: a.text(list[i].Value)}
		made[i].flags = flag(list[i].Sensitive, C.HS_HEADER_SENSITIVE)
	}
	at := len(list)
	for _, name := range sortedNames(header) {
		one := a.text(name)
		for _, value := range header[name] {
			made[at] = C.hs_header{name: one, value: a.text(value)}
			at++
		}
	}
	return &made[0], C.size_t(total)
}

func (a *arena) header(header http.Header) (*C.hs_header, C.size_t) { return a.fields(nil, header) }

func sortedNames(header http.Header) []string {
	if len(header) == 0 {
		return nil
	}
	names := make([]string, 0, len(header))
	for name := range header {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// bytesOf is where bytes are; C must not keep it.
func bytesOf(b []byte) (unsafe.Pointer, C.size_t) {
	return unsafe.Pointer(unsafe.SliceData(b)), C.size_t(len(b))
}

// keep keeps what a request names until here.
func (r *Request) keep() {
	runtime.KeepAlive(r.Body)
	runtime.KeepAlive(r.Policies)
}
