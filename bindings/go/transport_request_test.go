package sentinel

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"
)

// watched is a body that notes whether it was closed.
type watched struct {
	io.Reader
	closed atomic.Int32
}

func (w *watched) Close() error {
	w.closed.Add(1)
	return nil
}

func (w *watched) wait(t testing.TB) {
	t.Helper()
	for end := time.Now().Add(time.Minute); w.closed.Load() == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the request's body is not closed")
		}
	}
}

func TestTheRequestIsNotModifiedAndItsBodyClosed(t *testing.T) {
	server := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %d %v", body, r.ContentLength, r.TransferEncoding)
	})
	transport := newTransport(t, Options{})
	for _, c := range []struct {
		name   string
		length int64
		want   string
	}{{"of a known length", 4, "body 4 []"}, {"of an unknown one", -1, "body -1 [chunked]"}, {"not said", 0, "body -1 [chunked]"}} {
		for _, method := range []string{"POST", "PUT", "DELETE", "GET"} {
			body := &watched{Reader: strings.NewReader("body")}
			req, _ := http.NewRequest(method, server.URL+"/path?q=1", body)
			req.ContentLength = c.length
			req.Header.Set("X-Own", "1")
			before := req.Clone(context.Background())
			r, err := transport.RoundTrip(req)
			if err != nil {
				t.Fatal(c.name, err)
			}
			if text := readAll(t, r); text != c.want {
				t.Errorf("%s, %s: %q", method, c.name, text)
			}
			body.wait(t)
			if !reflect.DeepEqual(req.Header, before.Header) || req.URL.String() != before.URL.String() || req.Body != io.ReadCloser(body) ||
				req.ContentLength != c.length || req.Host != before.Host {
				t.Error("the request was modified")
			}
		}
	}
}

func TestBodiesAreClosedOnErrors(t *testing.T) {
	transport := newTransport(t, Options{})
	ended, end := context.WithCancel(context.Background())
	end()
	for _, c := range []struct {
		name   string
		change func(*http.Request)
	}{
		{"refused connection", func(*http.Request) {}},
		{"ended context", func(r *http.Request) { *r = *r.WithContext(ended) }},
		{"no URL", func(r *http.Request) { r.URL = nil }},
		{"no host", func(r *http.Request) { r.URL.Host = "" }},
		{"no header", func(r *http.Request) { r.Header = nil }},
		{"scheme", func(r *http.Request) { r.URL.Scheme = "ftp" }},
		{"method", func(r *http.Request) { r.Method = "a b" }},
		{"header name", func(r *http.Request) { r.Header["a b"] = []string{"c"} }},
		{"header value", func(r *http.Request) { r.Header["A"] = []string{"b\r\nc: d"} }},
		{"trailers", func(r *http.Request) { r.Trailer = http.Header{"X": nil} }},
	} {
		for _, length := range []int64{4, -1} {
			body := &watched{Reader: strings.NewReader("body")}
			req, _ := http.NewRequest("POST", "http://127.0.0.1:1/", body)
			req.ContentLength = length
			c.change(req)
			r, err := transport.RoundTrip(req)
			if err == nil || r != nil {
				t.Error(c.name, "gives a response")
			}
			body.wait(t)
		}
	}
	body := &watched{Reader: strings.NewReader("body")}
	req, _ := http.NewRequest("POST", "http://127.0.0.1:1/", body)
	closed := newTransport(t, Options{})
	closed.Close()
	if _, err := closed.RoundTrip(req); !errors.Is(err, ErrPoolClosed) {
		t.Error(err)
	}
	body.wait(t)
}

func TestWhatTheBodysReaderSaysIsTheError(t *testing.T) {
	server := newServer(t, func(w http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) })
	transport := newTransport(t, Options{})
	own := errors.New("mine")
	body := &watched{Reader: io.MultiReader(strings.NewReader("begin"), iotest.ErrReader(own))}
	req, _ := http.NewRequest("POST", server.URL, body)
	if _, err := transport.RoundTrip(req); !errors.Is(err, own) {
		t.Error(err)
	}
	body.wait(t)
	for _, length := range []int64{3, 5} {
		req, _ := http.NewRequest("POST", server.URL, &watched{Reader: strings.NewReader("body")})
		req.ContentLength = length
		_, err := transport.RoundTrip(req)
		if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("ContentLength=%d with a body of length 4", length)) {
			t.Error(length, err)
		}
		req, _ = http.NewRequest("POST", server.URL, strings.NewReader("body"))
		req.ContentLength = length
		if _, err = transport.RoundTrip(req); err == nil || !strings.Contains(err.Error(), "ContentLength") {
			t.Error(length, err)
		}
	}
}

// What another close does is not said of an io.Closer.
func TestABodyIsClosedOnce(t *testing.T) {
	newTransport(t, Options{}) // The library is begun.
	broken := &watched{Reader: iotest.ErrReader(errors.New("broken"))}
	req, _ := http.NewRequest("POST", "http://localhost/", broken)
	u, err := outgoing(req, req.Body)
	if err != nil {
		t.Fatal(err)
	}
	u.write()
	u.let()
	u.failed(errors.New("failed"))
	if n := broken.closed.Load(); n != 1 {
		t.Errorf("closed %d times", n)
	}
	unused := &watched{Reader: strings.NewReader("unused")}
	if u, err = outgoing(req, unused); err != nil {
		t.Fatal(err)
	}
	u.refused()
	u.failed(errors.New("failed"))
	if n := unused.closed.Load(); n != 1 {
		t.Errorf("one that was refused: closed %d times", n)
	}
}

func TestEmptyBodies(t *testing.T) {
	server := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.ContentLength, r.TransferEncoding, r.Header["Content-Length"])
	})
	transport := newTransport(t, Options{})
	for _, c := range []struct {
		method string
		body   io.Reader
		want   string
	}{
		{"GET", nil, "0 [] []"},
		{"GET", http.NoBody, "0 [] []"},
		{"GET", &watched{Reader: strings.NewReader("")}, "0 [] []"},
		{"POST", strings.NewReader(""), "0 [] [0]"},
		{"POST", nil, "0 [] [0]"},
		{"PUT", nil, "0 [] [0]"},
		{"PATCH", http.NoBody, "0 [] [0]"},
		{"DELETE", nil, "0 [] []"},
	} {
		req, err := http.NewRequest(c.method, server.URL, c.body)
		if err != nil {
			t.Fatal(err)
		}
		r, err := transport.RoundTrip(req)
		if err != nil {
			t.Error(c.method, err)
			continue
		}
		if text := readAll(t, r); text != c.want {
			t.Errorf("%s %v: %q", c.method, c.body, text)
		}
	}
}

func TestHeadersAsNetHTTPSendsThem(t *testing.T) {
	server := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "host=%s ua=%q multi=%v connection=%v te=%v", r.Host, r.Header["User-Agent"], r.Header["X-Multi"], r.Close, r.TransferEncoding)
	})
	transport := newTransport(t, Options{UserAgent: "default/1"})
	host := strings.TrimPrefix(server.URL, "http://")
	r := do(t, transport, "GET", server.URL, func(r *http.Request) {
		r.Header["X-Multi"] = []string{"a", "b"}
		r.Header.Set("Host", "ignored")
		r.Header.Set("Transfer-Encoding", "ignored")
		r.Header.Set("Content-Length", "99")
	})
	if text, want := readAll(t, r), `host=`+host+` ua=["default/1"] multi=[a b] connection=false te=[]`; text != want {
		t.Errorf("%q, not %q", text, want)
	}
	r = do(t, transport, "GET", server.URL, func(r *http.Request) {
		r.Host = "other.test"
		r.Header.Set("User-Agent", "mine/2")
		r.Close = true
	})
	if text := readAll(t, r); text != `host=other.test ua=["mine/2"] multi=[] connection=true te=[]` {
		t.Errorf("%q", text)
	}
	for _, c := range []struct {
		fields []string
		want   string
	}{{[]string{}, `ua=["default/1"]`}, {[]string{""}, `ua=[]`}, {[]string{"a", "b"}, `ua=["a"]`}, {[]string{"", "b"}, `ua=[]`}} {
		for _, tripper := range []http.RoundTripper{transport, http.DefaultTransport} {
			if len(c.fields) == 0 && tripper != transport {
				continue // It has another default.
			}
			r := do(t, tripper, "GET", server.URL, func(r *http.Request) { r.Header["User-Agent"] = c.fields })
			if text := readAll(t, r); !strings.Contains(text, c.want) {
				t.Errorf("%q by %T: %q, not %q", c.fields, tripper, text, c.want)
			}
		}
	}
}

// More than any number of threads that could wait for them: who writes goes on by the library's word alone.
func TestManyUploadsThatNobodyReads(t *testing.T) {
	const many, size = 60, 1 << 20
	var held sync.WaitGroup
	held.Add(many)
	read := make(chan struct{})
	server := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		held.Done()
		<-read
		n, err := io.Copy(io.Discard, r.Body)
		fmt.Fprint(w, n, err)
	})
	transport := newTransport(t, Options{})
	answers := make(chan string, many)
	for i := 0; i < many; i++ {
		go func() {
			req, _ := http.NewRequest("PUT", server.URL, io.LimitReader(zeros{}, size))
			r, err := transport.RoundTrip(req)
			if err != nil {
				answers <- err.Error()
				return
			}
			text, err := io.ReadAll(r.Body)
			r.Body.Close()
			answers <- fmt.Sprintf("%s, %v", text, err)
		}()
	}
	held.Wait()
	close(read)
	for i := 0; i < many; i++ {
		if text := <-answers; text != fmt.Sprint(size, " <nil>, <nil>") {
			t.Error(text)
		}
	}
}

// zeros has no end.
type zeros struct{}

func (zeros) Read(to []byte) (int, error) { return len(to), nil }

func TestLargeUploads(t *testing.T) {
	const size = 3 << 20
	server := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		fmt.Fprint(w, n, err, r.ContentLength)
	})
	transport := newTransport(t, Options{})
	body := bytes.Repeat([]byte("x"), size)
	for _, c := range []struct {
		body io.Reader
		want string
	}{
		{bytes.NewReader(body), fmt.Sprint(size, "<nil>", size)},
		{iotest.HalfReader(bytes.NewReader(body)), fmt.Sprint(size, "<nil>", -1)},
	} {
		req, _ := http.NewRequest("PUT", server.URL, c.body)
		r, err := transport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		if text := readAll(t, r); strings.ReplaceAll(text, " ", "") != strings.ReplaceAll(c.want, " ", "") {
			t.Errorf("%q, not %q", text, c.want)
		}
	}
}

// TestAnAnswerBeforeTheBodysEnd is of a server that says what it thinks while the body is being written.
func TestAnAnswerBeforeTheBodysEnd(t *testing.T) {
	server := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		http.NewResponseController(w).EnableFullDuplex()
		piece := make([]byte, 5)
		io.ReadFull(r.Body, piece)
		fmt.Fprintf(w, "got %s;", piece)
		w.(http.Flusher).Flush()
		rest, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "and %s", rest)
	})
	in, out := io.Pipe()
	req, _ := http.NewRequest("POST", server.URL, in)
	go io.WriteString(out, "begin")
	r, err := newTransport(t, Options{}).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	piece := make([]byte, 100)
	n, err := r.Body.Read(piece)
	if string(piece[:n]) != "got begin;" || err != nil {
		t.Errorf("%q %v", piece[:n], err)
	}
	io.WriteString(out, "end")
	out.Close()
	if text := readAll(t, r); text != "and end" {
		t.Errorf("%q", text)
	}
}

func TestGetBodyIsUsedWhereADeadConnectionGotNothing(t *testing.T) {
	// The first connection is closed by its server after the first answer; whoever writes to it is not read.
	server := raw(t, func(r *http.Request, n int) string {
		if n > 0 {
			return ""
		}
		return "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
	})
	transport := newTransport(t, Options{})
	for i := 0; i < 4; i++ {
		body := bytes.Repeat([]byte("x"), 2<<20)
		req, _ := http.NewRequest("PUT", server, bytes.NewReader(body))
		r, err := transport.RoundTrip(req)
		var e *Error
		if errors.As(err, &e) && e.RequestSent != SentNo {
			continue // What may have arrived is the caller's to judge.
		}
		if err != nil {
			t.Fatal(err)
		}
		readAll(t, r)
	}
}

func TestExpect(t *testing.T) {
	for _, refuse := range []bool{false, true} {
		server := newServer(t, func(w http.ResponseWriter, r *http.Request) {
			if refuse {
				w.WriteHeader(417)
				return
			}
			body, _ := io.ReadAll(r.Body)
			w.Write(body)
		})
		body := &watched{Reader: strings.NewReader("body")}
		req, _ := http.NewRequest("POST", server.URL, body)
		req.Header.Set("Expect", "100-continue")
		waited, continued := false, false
		req = req.WithContext(httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{
			Wait100Continue: func() { waited = true },
			Got100Continue:  func() { continued = true },
		}))
		r, err := newTransport(t, Options{}).RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		if text := readAll(t, r); (text == "body") == refuse || (r.StatusCode == 417) != refuse {
			t.Errorf("%v: %q %d", refuse, text, r.StatusCode)
		}
		if continued == refuse || waited == refuse {
			t.Error("told of", waited, continued)
		}
		body.wait(t)
	}
}

func TestTraces(t *testing.T) {
	server := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(103)
		io.WriteString(w, "ok")
	})
	transport := newTransport(t, Options{})
	for i := 0; i < 2; i++ {
		var told []string
		say := func(format string, values ...any) { told = append(told, fmt.Sprintf(format, values...)) }
		trace := &httptrace.ClientTrace{
			GetConn: func(host string) { say("GetConn %s", host) },
			GotConn: func(i httptrace.GotConnInfo) {
				say("GotConn %v %s", i.Reused, i.Conn.RemoteAddr())
				if _, err := i.Conn.Write(nil); err == nil || i.Conn.LocalAddr() == nil {
					t.Error("the connection is not the caller's")
				}
			},
			DNSStart:             func(i httptrace.DNSStartInfo) { say("DNSStart %s", i.Host) },
			DNSDone:              func(i httptrace.DNSDoneInfo) { say("DNSDone %d", len(i.Addrs)) },
			ConnectStart:         func(network, addr string) { say("ConnectStart %s", network) },
			ConnectDone:          func(network, addr string, err error) { say("ConnectDone %v", err) },
			WroteHeaders:         func() { say("WroteHeaders") },
			WroteRequest:         func(i httptrace.WroteRequestInfo) { say("WroteRequest %v", i.Err) },
			Got1xxResponse:       func(code int, _ textproto.MIMEHeader) error { say("Got1xx %d", code); return nil },
			GotFirstResponseByte: func() { say("GotFirstResponseByte") },
		}
		at := strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
		req, _ := http.NewRequestWithContext(httptrace.WithClientTrace(context.Background(), trace), "GET", at, nil)
		r, err := transport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		readAll(t, r)
		host, peer := strings.TrimPrefix(at, "http://"), strings.TrimPrefix(server.URL, "http://")
		want := "GetConn " + host + " DNSStart localhost DNSDone 1 ConnectStart tcp ConnectDone <nil> GotConn false " + peer
		if i > 0 {
			want = "GetConn " + host + " GotConn true " + peer
		}
		want += " WroteHeaders Got1xx 103 WroteRequest <nil> GotFirstResponseByte"
		if got := strings.Join(told, " "); got != want {
			t.Errorf("%s, not %s", got, want)
		}
		m, _ := MetricsOf(r)
		if (m.Connect > 0) != (i == 0) || m.ConnectionReused != (i > 0) {
			t.Errorf("%+v", m)
		}
	}
}

func TestAHookMayEndTheRequest(t *testing.T) {
	server := newServer(t, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(103) })
	own := errors.New("mine")
	ctx := httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{
		Got1xxResponse: func(int, textproto.MIMEHeader) error { return own },
	})
	req, _ := http.NewRequestWithContext(ctx, "GET", server.URL, nil)
	if _, err := newTransport(t, Options{}).RoundTrip(req); err != own {
		t.Error(err)
	}
}

func TestTheZeroTransport(t *testing.T) {
	server := newServer(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "ok") })
	transport := new(Transport)
	defer transport.Close()
	if text := readAll(t, do(t, transport, "GET", server.URL)); text != "ok" {
		t.Errorf("%q", text)
	}
	unused := new(Transport)
	if err := unused.Close(); err != nil {
		t.Error(err)
	}
	if _, err := NewTransport(Options{MaxRedirects: 1 << 20}); !errors.Is(err, ErrInvalidArgument) {
		t.Error(err)
	}
}
