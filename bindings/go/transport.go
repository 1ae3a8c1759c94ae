package sentinel

// #include "shim.h"
import "C"

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"time"
)

// Transport is an http.RoundTripper: give it to an http.Client, or to whatever takes one, and it works as http.Transport
// does. It may be used by any number of goroutines. The zero value is ready to use.
//
// Redirects, cookies and credentials are the http.Client's: a Transport follows nothing, has no jar, and sends what the
// request says. Its defaults are those of [Options], except where net/http has others that programs rely on:
//
//   - AttemptTimeout, IdleTimeout and Timeout are none: a response may take its time, and a stream may pause. Contexts and
//     http.Client.Timeout end both.
//   - Policies.Retry is one attempt. As with http.Transport, only what a dead connection never got is sent again. With a
//     RetryOptions of its own the library's rules decide: what was not sent, or may be repeated, and whose body is at hand.
//   - Pool.MaxInFlight and Pool.MaxInFlightPerOrigin are 10,000. A response counts until its body was read or closed.
//
// Options.Redirects, Options.Cookies and Options.Jar have no effect.
//
// An http.Client with a Timeout puts an error of its own, with the text alone, in place of what ended by it: where RequestSent
// matters, give the request a context with a deadline.
//
// Differences to http.Transport: URLs are read and written as browsers do (WHATWG), which takes dot segments out of paths;
// the reason phrase is that of the status, not the server's; informational responses are told when the final head has come;
// protocol upgrades, CONNECT and trailers of requests are not supported.
type Transport struct {
	once sync.Once
	core *transport
	err  error
	stop func()
}

// transport is what goroutines and open bodies of a Transport have, which must not keep that itself.
type transport struct {
	mu      sync.Mutex
	options Options
	pool    *pool // nil: it is closed
}

// NewTransport makes a transport. It is closed with Close, or when nobody has it any more.
func NewTransport(o Options) (*Transport, error) {
	t := new(Transport)
	if t.once.Do(func() { t.start(o) }); t.err != nil {
		return nil, t.err
	}
	return t, nil
}

func (t *Transport) start(o Options) {
	o.Redirects, o.Cookies, o.Jar = RedirectReturn, false, nil
	standard := func(d *time.Duration) {
		if *d == 0 {
			*d = NoLimit
		}
	}
	standard(&o.Timeout)
	standard(&o.AttemptTimeout)
	standard(&o.IdleTimeout)
	var policies Policies
	if o.Policies != nil {
		policies = *o.Policies
	}
	if policies.Retry == nil {
		policies.Retry = &RetryOptions{MaxAttempts: 1}
	}
	o.Policies = &policies
	if o.Pool.MaxInFlight == 0 {
		o.Pool.MaxInFlight = 10_000
	}
	if o.Pool.MaxInFlightPerOrigin == 0 {
		o.Pool.MaxInFlightPerOrigin = o.Pool.MaxInFlight
	}
	if o.Pool.MaxIdleConns == 0 {
		o.Pool.MaxIdleConns = 100
	}
	p, err := newPool(&o)
	if err != nil {
		t.err = err
		return
	}
	t.core = &transport{options: o, pool: p}
	t.stop = onDrop(t, (*transport).drop, t.core)
}

func (c *transport) drop() { go c.close() }

func (c *transport) close() {
	c.mu.Lock()
	p := c.pool
	c.pool = nil
	c.mu.Unlock()
	if p != nil {
		p.close()
	}
}

func (c *transport) open() (*pool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pool == nil {
		return nil, plainError(ErrPoolClosed, "the transport is closed")
	}
	return c.pool, nil
}

// Close ends the transport: what is under way ends with ErrCancelled, bodies that are open included, and later requests
// with ErrPoolClosed. It waits for the threads of the library. Doing it again is fine.
func (t *Transport) Close() error {
	t.once.Do(func() { t.core = new(transport) })
	if t.stop != nil {
		t.stop()
	}
	t.core.close()
	return nil
}

// CloseIdleConnections closes the connections that nobody uses, and may return before they are closed: later requests have none of
// them. Those in use are kept.
func (t *Transport) CloseIdleConnections() {
	t.once.Do(func() { t.start(Options{}) })
	defer runtime.KeepAlive(t)
	if t.err != nil {
		return
	}
	if p, err := t.core.open(); err == nil {
		p.closeIdle()
	}
}

// RoundTrip sends a request and returns when the head of its response has come; see http.RoundTripper. The error is an
// [*Error], or says what is wrong with the request.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	t.once.Do(func() { t.start(Options{}) })
	defer runtime.KeepAlive(t)
	if t.err != nil {
		closeBody(req)
		return nil, t.err
	}
	if err := checkRequest(req); err != nil {
		closeBody(req)
		return nil, err
	}
	if req.Context().Err() != nil {
		closeBody(req)
		return nil, ended(req.Context())
	}
	body, err := outgoing(req, req.Body)
	for tries := 0; err == nil; tries++ {
		var response *http.Response
		if response, err = t.exchange(req, body); err == nil {
			return response, nil
		}
		if tries == 2 || !again(req, err) {
			break
		}
		next, failed := req.GetBody()
		if failed != nil {
			break
		}
		body, err = outgoing(req, next)
	}
	return nil, err
}

// again says whether the request failed only because its body could not be read twice, which GetBody mends.
func again(req *http.Request, err error) bool {
	var e *Error
	return req.GetBody != nil && errors.As(err, &e) && e.Status == ErrNotReplayable && e.RequestSent == SentNo
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		req.Body.Close()
	}
}

func checkRequest(req *http.Request) error {
	switch {
	case req.URL == nil:
		return errors.New("sentinel: the request has no URL")
	case req.URL.Host == "" && req.URL.Opaque == "":
		return errors.New("sentinel: no host in the request's URL")
	case req.Header == nil:
		return errors.New("sentinel: the request's Header is nil")
	case len(req.Trailer) > 0:
		return fmt.Errorf("sentinel: trailers of requests: %w", errors.ErrUnsupported)
	}
	return nil
}

// exchange sends the request once. It owns the body.
func (t *Transport) exchange(req *http.Request, body *upload) (*http.Response, error) {
	p, err := t.core.open()
	if err != nil {
		body.refused()
		return nil, err
	}
	trace := traceOf(req)
	trace.begin(req)
	a := newArena()
	options := t.encode(a, req, body)
	tag, w, err := p.submit(options, body.bytes, body)
	a.free()
	if err != nil {
		body.refused()
		return nil, err
	}
	body.submitted()
	handle, err := p.wait(req.Context(), tag, w)
	if err != nil {
		p.forget(tag, w)
		return nil, body.failed(err)
	}
	return t.respond(req, p, tag, w, handle, trace)
}

// excluded are fields that net/http sends by other means.
var excluded = map[string]bool{"Host": true, "Content-Length": true, "Transfer-Encoding": true, "Trailer": true}

func (t *Transport) encode(a *arena, req *http.Request, body *upload) *C.hs_request_options {
	c := sized[C.hs_request_options](a)
	c.flags = C.HS_STREAM | flag(!asksForCodings(&t.core.options, req), C.HS_RAW_BODY) |
		flag(t.core.options.Trace, C.HS_TRACE)
	method := req.Method
	if method == "" {
		method = "GET"
	}
	c.method, c.url = a.text(method), a.text(address(req.URL))
	c.redirects = C.HS_REDIRECT_RETURN

	names := sortedNames(req.Header)
	total := 2
	for _, name := range names {
		total += len(req.Header[name])
	}
	fields, at := put[C.hs_header](a, total), 0
	add := func(name, value string) {
		fields[at] = C.hs_header{name: a.text(name), value: a.text(value)}
		at++
	}
	if req.Host != "" && req.Host != req.URL.Host {
		add("Host", req.Host)
	}
	for _, name := range names {
		if !excluded[name] {
			values := req.Header[name]
			if name == "User-Agent" && len(values) > 1 {
				values = values[:1]
			}
			for _, value := range values {
				add(name, value)
			}
		}
	}
	if req.Close && len(req.Header["Connection"]) == 0 {
		add("Connection", "close")
	}
	if at > 0 {
		c.headers, c.header_count = &fields[0], C.size_t(at)
	}
	c.upload = body.encode(a)
	until(c, req.Context())
	return c
}

// asksForCodings is net/http's rule: only who asks for a coding himself gets to see it.
func asksForCodings(o *Options, req *http.Request) bool {
	return !o.RawBody && req.Method != "HEAD" && len(req.Header["Accept-Encoding"]) == 0 && len(req.Header["Range"]) == 0
}

// address is the URL without user, password and fragment, which are not the transport's.
func address(u *url.URL) string {
	if u.User != nil || u.Fragment != "" {
		plain := *u
		plain.User, plain.Fragment, plain.RawFragment = nil, "", ""
		u = &plain
	}
	if u.Opaque != "" && strings.HasPrefix(u.Opaque, "/") && u.Host != "" {
		// As net/http has it: what is sent as the path, as it stands.
		return u.Scheme + "://" + u.Host + u.Opaque
	}
	return u.String()
}
