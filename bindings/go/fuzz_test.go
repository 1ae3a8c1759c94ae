package sentinel

import (
	"context"
	"errors"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
	"testing"
)

// What may be in each text, for both targets.
var odd = []string{"", "a", "A-b", "Host", "content-length", "\r\n", "a\x00b", "a\nb: c", " padded ", "ümlaut", "\xff\xfe", "%00", "a:b",
	"very " + strings.Repeat("long ", 3000)}

// FuzzRequest sends what it is given to a mock: either it is refused before anything is sent, or what arrives is what was
// given, and nothing besides.
func FuzzRequest(f *testing.F) {
	mock, err := NewMock()
	if err != nil {
		f.Fatal(err)
	}
	if err := mock.Add(MockRule{}); err != nil {
		f.Fatal(err)
	}
	transport := newTransport(f, Options{Mock: mock})
	for i, text := range odd {
		f.Add("GET", "http://a.test/"+text, text, odd[(i+1)%len(odd)])
		f.Add(text, "http://a.test/", "X-Name", text)
		f.Add("POST", text, "X-Name", "value")
	}
	for _, u := range []string{"http://a.test", "http://a.test?q#f", "http://user:pw@a.test/p", "http://[::1]:80/", "https://ä.test/ü?ö", "http://a.test/../b/./c",
		"http://a.test/%2e%2e/", "//a.test/", "ftp://a.test/", "http:opaque", "http://a.test:99999/", "http://a b/", "http:///x"} {
		f.Add("PUT", u, "X-Name", "value")
	}
	f.Fuzz(func(t *testing.T, method, address, name, value string) {
		parsed, err := url.Parse(address)
		if err != nil {
			return
		}
		req := &http.Request{Method: method, URL: parsed, Header: http.Header{name: {value}}}
		before := *parsed
		response, err := transport.RoundTrip(req.WithContext(context.Background()))
		if *parsed != before && parsed.User == nil {
			t.Error("the URL was modified")
		}
		calls := mock.Calls()
		defer emptied(t, mock)
		var e *Error
		if err != nil {
			if errors.As(err, &e) && (e.RequestSent != SentNo || strings.Contains(e.Error(), "\n")) || len(calls) > 0 {
				t.Errorf("%v after %d calls", err, len(calls))
			}
			return
		}
		response.Body.Close()
		if len(calls) != 1 {
			t.Fatalf("%d calls", len(calls))
		}
		call := calls[0]
		if want := method; call.Method != want && (want != "" || call.Method != "GET") {
			t.Errorf("method %q, not %q", call.Method, want)
		}
		if got, err := url.Parse(call.URL); err != nil || got.User != nil || got.Fragment != "" || got.Scheme != parsed.Scheme {
			t.Errorf("%q of %q: %v", call.URL, address, err)
		}
		if excluded[name] {
			return
		}
		found := 0
		for _, field := range call.Fields {
			if strings.EqualFold(field.Name, name) && field.Value == strings.Trim(value, " \t") {
				found++
			}
			if strings.ContainsAny(field.Value+field.Name, "\r\n\x00") {
				t.Errorf("%q: %q", field.Name, field.Value)
			}
		}
		if found == 0 {
			t.Errorf("%q: %q did not arrive: %+v", name, value, call.Fields)
		}
	})
}

// emptied makes the mock as it was.
func emptied(t *testing.T, mock *Mock) {
	if err := errors.Join(mock.Clear(), mock.Add(MockRule{})); err != nil {
		t.Fatal(err)
	}
}

// FuzzResponse lets a mock answer with what it is given, as far as that is a field at all: the header of the response has it.
func FuzzResponse(f *testing.F) {
	mock, err := NewMock()
	if err != nil {
		f.Fatal(err)
	}
	transport := newTransport(f, Options{Mock: mock})
	for i, text := range odd {
		f.Add(200+i, text, odd[(i+3)%len(odd)], text)
		f.Add(200, "X-Name", text, "body")
	}
	f.Add(204, "Trailer", "X-Sum", "")
	f.Add(200, "Transfer-Encoding", "chunked", "body")
	f.Add(200, "Content-Length", "-1", "body")
	f.Add(200, "Content-Encoding", "gzip", "not gzip")
	f.Add(304, "Connection", "close, keep-alive", "")
	f.Fuzz(func(t *testing.T, status int, name, value, body string) {
		if err := mock.Clear(); err != nil {
			t.Fatal(err)
		}
		rule := MockRule{Status: status, Answer: []Field{{Name: name, Value: value}}, AnswerBody: []byte(body)}
		if mock.Add(rule) != nil {
			return
		}
		req, _ := http.NewRequest("GET", "http://a.test/", nil)
		response, err := transport.RoundTrip(req)
		if err != nil {
			return
		}
		defer response.Body.Close()
		if response.Body == nil || response.Header == nil || response.StatusCode < 101 || response.StatusCode > 999 || response.ContentLength < -1 {
			t.Errorf("%+v", response)
		}
		switch key := textproto.CanonicalMIMEHeaderKey(name); key {
		case "Transfer-Encoding", "Content-Length", "Content-Encoding", "Trailer":
		default:
			if len(response.Header[key]) != 1 {
				t.Errorf("%q: %q gives %q", name, value, response.Header)
			}
		}
	})
}
