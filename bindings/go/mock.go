package sentinel

// #include "shim.h"
import "C"

import (
	"runtime"
	"time"
	"unsafe"
)

// Mock is a double for all servers, for tests: a client that has it in its Options opens no socket. All that is above the
// network is as ever: redirects, cookies, codings, limits, timeouts, retries. It may be shared and changed meanwhile.
type Mock struct {
	c    *C.hs_mock
	stop func()
}

// MockRule says first which requests it is for, then what they get. The zero value is for every request, and answers 200
// with an empty body.
type MockRule struct {
	Method string  // empty: any
	URL    string  // a whole URL, or path and query at any origin; empty: any
	Prefix bool    // URL is how it begins
	Fields []Field // that the request must have; it may have others
	Body   []byte  // that it must have; nil: any
	Times  int     // how many requests it is for; 0: any number

	Status      int // of the answer; 0: 200, or none where there is a Failure or Stall
	HTTPVersion HTTPVersion
	Answer      []Field // its fields
	AnswerBody  []byte  // as it is sent
	Trailers    []Field
	Interim     []Interim     // 1xx before it, with their Fields
	Delay       time.Duration // before the head, or the failure that comes instead
	PieceDelay  time.Duration // before each piece of the body but the first
	PieceBytes  int           // how long a piece is. Default 65,536

	Failure    Status // how the exchange fails: before the head without a Status, else after AfterBytes of the body
	Stall      bool   // nothing more ever comes
	AfterBytes int

	// Raw is as Options.Raw for a *hs_mock_rule.
	Raw func(rule unsafe.Pointer)
}

// MockCall is a request that a mock got.
type MockCall struct {
	Rule   int // the rule that was for it, from 1; 0: none was
	Method string
	URL    string
	Fields []Field // as they would be sent, secrets included
	Body   []byte
}

// NewMock makes a mock without rules. It is closed with Close, or when nobody has it any more.
func NewMock() (*Mock, error) {
	m := new(Mock)
	if status := C.hs_mock_new(&m.c); status != C.HS_OK {
		return nil, check(status, "hs_mock_new")
	}
	m.stop = onDrop(m, freeMock, m.c)
	return m, nil
}

func freeMock(c *C.hs_mock) { C.hs_mock_free(c) }

func (m *Mock) handle() *C.hs_mock {
	if m == nil {
		return nil
	}
	return m.c
}

// Handle is the library's handle (a token, not an address), for what has no method here. It belongs to the mock.
func (m *Mock) Handle() unsafe.Pointer { return unsafe.Pointer(m.handle()) }

// Close frees it; clients that have it keep its rules. A second one gives ErrInvalidHandle.
func (m *Mock) Close() error {
	m.stop()
	return check(C.hs_mock_free(m.c), "hs_mock_free")
}

// Add adds a rule. A request goes to the first rule that is for it and has not answered all of its Times; one that none is for
// fails with ErrMock.
func (m *Mock) Add(r MockRule) error {
	a := newArena()
	defer a.free()
	c := sized[C.hs_mock_rule](a)
	c.flags = flag(r.Prefix, C.HS_MOCK_PREFIX) | flag(r.Body != nil, C.HS_MOCK_BODY) | flag(r.Stall, C.HS_MOCK_STALL)
	c.method, c.url = a.text(r.Method), a.text(r.URL)
	c.headers, c.header_count = a.fields(r.Fields, nil)
	c.body, c.times, c.status = a.text(string(r.Body)), count(r.Times), count(r.Status)
	c.http_version, c.failure = C.uint32_t(r.HTTPVersion), C.hs_status(r.Failure)
	c.answer_headers, c.answer_header_count = a.fields(r.Answer, nil)
	c.answer_body = a.text(string(r.AnswerBody))
	c.trailers, c.trailer_count = a.fields(r.Trailers, nil)
	if interim := put[C.hs_mock_interim](a, len(r.Interim)); interim != nil {
		for i, one := range r.Interim {
			interim[i].status = count(one.Status)
			interim[i].headers, interim[i].header_count = a.fields(one.Fields, nil)
		}
		c.interim, c.interim_count = &interim[0], C.size_t(len(interim))
	}
	c.delay_ms, c.piece_delay_ms = millis(r.Delay), millis(r.PieceDelay)
	c.piece_bytes, c.after_bytes = C.uint64_t(r.PieceBytes), C.uint64_t(r.AfterBytes)
	if r.Raw != nil {
		r.Raw(unsafe.Pointer(c))
	}
	var failure *C.hs_error
	status := C.hs_mock_add(m.c, c, &failure)
	runtime.KeepAlive(m)
	if status != C.HS_OK {
		return errorOf(status, failure)
	}
	return nil
}

// Load adds the rules of a recording, a file that a worker has written.
func (m *Mock) Load(file string) error {
	a := newArena()
	defer a.free()
	var failure *C.hs_error
	status := C.hs_mock_load(m.c, a.text(file), &failure)
	runtime.KeepAlive(m)
	if status != C.HS_OK {
		return errorOf(status, failure)
	}
	return nil
}

// Clear takes all rules and calls out.
func (m *Mock) Clear() error {
	defer runtime.KeepAlive(m)
	return check(C.hs_mock_clear(m.c), "hs_mock_clear")
}

// Unused is how many rules have answered fewer requests than their Times says, or none: for the end of a test.
func (m *Mock) Unused() int {
	defer runtime.KeepAlive(m)
	return int(C.hs_mock_unused(m.c))
}

// Calls are the requests that it got, in their order. Clear must not be called meanwhile.
func (m *Mock) Calls() []MockCall {
	defer runtime.KeepAlive(m)
	a := newArena()
	defer a.free()
	calls := make([]MockCall, int(C.hs_mock_calls(m.c)))
	for i := range calls {
		c := sized[C.hs_mock_call](a)
		if C.hs_mock_call_at(m.c, C.size_t(i), c) != C.HS_OK {
			return calls[:i]
		}
		one := &calls[i]
		one.Rule, one.Method, one.URL, one.Body = int(c.rule), text(c.method), text(c.url), []byte(text(c.body))
		field := put[C.hs_header](a, int(c.header_count))
		for j := range field {
			C.hs_mock_call_header_at(m.c, C.size_t(i), C.size_t(j), &field[j])
		}
		one.Fields = copied(field)
	}
	return calls
}
