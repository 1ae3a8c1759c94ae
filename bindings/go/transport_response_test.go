package sentinel

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// raw answers each connection's requests with bytes as they stand.
func raw(t testing.TB, answer func(r *http.Request, n int) string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				in := bufio.NewReader(c)
				for n := 0; ; n++ {
					r, err := http.ReadRequest(in)
					if err != nil {
						return
					}
					io.Copy(io.Discard, r.Body)
					text := answer(r, n)
					if text == "" {
						return
					}
					io.WriteString(c, text)
				}
			}()
		}
	}()
	return "http://" + listener.Addr().String()
}

func do(t testing.TB, rt http.RoundTripper, method, url string, change ...func(*http.Request)) *http.Response {
	t.Helper()
	req, err := http.NewRequest(method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range change {
		one(req)
	}
	response, err := rt.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	if response.Body == nil || response.Request != req {
		t.Error("no body, or another request")
	}
	return response
}

func TestHowResponsesAreFramed(t *testing.T) {
	transport := newTransport(t, Options{})
	for _, c := range []struct {
		name, method, answer, body string
		length                     int64
		chunked, close             bool
	}{
		{"a length", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", "abc", 3, false, false},
		{"empty", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "", 0, false, false},
		{"chunks", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", "abc", -1, true, false},
		{"to the end", "GET", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc", "abc", -1, false, true},
		{"HTTP/1.0", "GET", "HTTP/1.0 200 OK\r\n\r\nabc", "abc", -1, false, false},
		{"204", "GET", "HTTP/1.1 204 No Content\r\n\r\n", "", 0, false, false},
		{"304", "GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", "", 0, false, false},
		{"HEAD with a length", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 123\r\n\r\n", "", 123, false, false},
		{"HEAD without", "HEAD", "HTTP/1.1 200 OK\r\n\r\n", "", -1, false, false},
		{"HEAD with chunks", "HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "", -1, true, false},
	} {
		server := raw(t, func(r *http.Request, n int) string {
			if n > 0 {
				return ""
			}
			return c.answer
		})
		if c.close || strings.HasPrefix(c.answer, "HTTP/1.0") {
			server = closing(t, c.answer)
		}
		r := do(t, transport, c.method, server+"/")
		body, err := io.ReadAll(r.Body)
		if err != nil || string(body) != c.body || r.ContentLength != c.length || (len(r.TransferEncoding) > 0) != c.chunked ||
			r.Close != c.close || r.Header.Get("Transfer-Encoding") != "" {
			t.Errorf("%s: %v %q %+v", c.name, err, body, r)
		}
		if proto := strings.Fields(c.answer)[0]; r.Proto != proto || !r.ProtoAtLeast(1, 0) {
			t.Errorf("%s: %s %d.%d", c.name, r.Proto, r.ProtoMajor, r.ProtoMinor)
		}
	}
}

// closing answers one request a connection, and closes it.
func closing(t testing.TB, answer string) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
				io.WriteString(c, answer)
			}
			c.Close()
		}
	}()
	return "http://" + listener.Addr().String()
}

func TestCodings(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	io.WriteString(z, "plain text")
	z.Close()
	asked := make(chan string, 10)
	server := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		asked <- r.Header.Get("Accept-Encoding")
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("Content-Length", strconv.Itoa(packed.Len()))
		w.Write(packed.Bytes())
	})
	for _, c := range []struct {
		name    string
		o       Options
		method  string
		header  string
		decoded bool
	}{
		{"by itself", Options{}, "GET", "", true},
		{"the caller asked", Options{}, "GET", "gzip", false},
		{"switched off", Options{RawBody: true}, "GET", "", false},
		{"HEAD", Options{}, "HEAD", "", false},
	} {
		r := do(t, newTransport(t, c.o), c.method, server.URL, func(r *http.Request) {
			if c.header != "" {
				r.Header.Set("Accept-Encoding", c.header)
			}
		})
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(c.name, err)
		}
		if r.Uncompressed != c.decoded || (r.Header.Get("Content-Encoding") == "") != c.decoded ||
			(r.Header.Get("Content-Length") == "") != c.decoded || (r.ContentLength == -1) != c.decoded {
			t.Errorf("%s: %+v", c.name, r)
		}
		if want := map[bool]string{true: "plain text", false: packed.String()}[c.decoded]; c.method != "HEAD" && string(body) != want {
			t.Errorf("%s: %q", c.name, body)
		}
		if got := <-asked; strings.Contains(got, "gzip") != (c.decoded || c.header != "") {
			t.Errorf("%s: asked for %q", c.name, got)
		}
	}
}

func TestTrailers(t *testing.T) {
	server := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "X-Sum, X-Other")
		io.WriteString(w, "body")
		w.(http.Flusher).Flush()
		w.Header().Set("X-Sum", "42")
		w.Header().Set(http.TrailerPrefix+"X-Late", "1")
	})
	r := do(t, newTransport(t, Options{}), "GET", server.URL)
	if values, there := r.Trailer["X-Sum"]; !there || values != nil || r.Header.Get("Trailer") != "" {
		t.Errorf("before the end: %v %v", r.Trailer, r.Header)
	}
	if body := readAll(t, r); body != "body" {
		t.Errorf("%q", body)
	}
	if r.Trailer.Get("X-Sum") != "42" || r.Trailer.Get("X-Late") != "1" {
		t.Errorf("at the end: %v", r.Trailer)
	}
}

func TestReadAfterClose(t *testing.T) {
	server := newServer(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "text") })
	for _, whole := range []bool{false, true} {
		r := do(t, newTransport(t, Options{}), "GET", server.URL)
		if whole {
			io.ReadAll(r.Body)
			if n, err := r.Body.Read(make([]byte, 1)); n != 0 || err != io.EOF {
				t.Error(n, err)
			}
		}
		if err := r.Body.Close(); err != nil {
			t.Error(err)
		}
		r.Body.Close()
		if _, err := r.Body.Read(make([]byte, 1)); err != http.ErrBodyReadAfterClose {
			t.Error(whole, err)
		}
	}
}

func TestConnectionsAreReusedAfterTheBodyWasRead(t *testing.T) {
	ports := map[string]bool{}
	server := newServer(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.RemoteAddr) })
	transport := newTransport(t, Options{})
	for i := 0; i < 10; i++ {
		ports[readAll(t, do(t, transport, "GET", server.URL))] = true
	}
	if len(ports) != 1 {
		t.Errorf("%d connections", len(ports))
	}
	transport.CloseIdleConnections()
	ports[readAll(t, do(t, transport, "GET", server.URL))] = true
	if len(ports) != 2 {
		t.Errorf("%d connections", len(ports))
	}
}

func TestCloseIdleConnectionsLeavesOpenBodiesAlone(t *testing.T) {
	hold := make(chan struct{})
	var ports sync.Map // by path
	portOf := func(path string) any { port, _ := ports.Load(path); return port }
	closed := make(chan string, 8)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ports.Store(r.URL.Path, r.RemoteAddr)
		io.WriteString(w, "a")
		if r.URL.Path == "/held" {
			w.(http.Flusher).Flush()
			<-hold
			io.WriteString(w, "b")
		}
	}))
	server.Config.ConnState = func(c net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			closed <- c.RemoteAddr().String()
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	transport := newTransport(t, Options{Pool: PoolOptions{MaxThreads: 1}})
	held := do(t, transport, "GET", server.URL+"/held")
	readAll(t, do(t, transport, "GET", server.URL+"/idle"))
	transport.CloseIdleConnections()
	if port := <-closed; port != portOf("/idle") {
		t.Errorf("%s was closed, not %s", port, portOf("/idle"))
	}
	// The thread has done it when it answers: what comes free then is kept.
	other := newServer(t, func(w http.ResponseWriter, r *http.Request) {})
	readAll(t, do(t, transport, "GET", other.URL))
	close(hold)
	if text := readAll(t, held); text != "ab" {
		t.Errorf("%q", text)
	}
	readAll(t, do(t, transport, "GET", server.URL+"/again"))
	if portOf("/again") != portOf("/held") {
		t.Errorf("the connection that was in use was not kept: %s, then %s", portOf("/held"), portOf("/again"))
	}
}

func TestCloseIdleConnectionsOfWhatHasNone(t *testing.T) {
	new(Transport).CloseIdleConnections()
	transport := newTransport(t, Options{})
	transport.Close()
	transport.CloseIdleConnections()
	client, err := NewClient(Options{})
	if err != nil {
		t.Fatal(err)
	}
	client.Close()
	client.CloseIdleConnections()
}

func TestCloseIdleConnectionsOfClientAndWorker(t *testing.T) {
	var made atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			made.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	client, err := NewClient(Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	worker, err := NewWorker(Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer worker.Close()
	for i := 0; i < 3; i++ {
		for _, get := range []func(context.Context, string) (*Response, error){client.Get, worker.Get} {
			if _, err := get(context.Background(), server.URL); err != nil {
				t.Fatal(err)
			}
		}
		client.CloseIdleConnections()
		if err := worker.CloseIdleConnections(); err != nil {
			t.Fatal(err)
		}
	}
	if made.Load() != 6 {
		t.Errorf("%d connections", made.Load())
	}
}

func TestABodyThatBreaksOff(t *testing.T) {
	server := closing(t, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")
	r := do(t, newTransport(t, Options{}), "GET", server)
	body, err := io.ReadAll(r.Body)
	var e *Error
	if string(body) != "abc" || !errors.As(err, &e) || e.Status != ErrBodyTruncated || e.RequestSent != SentYes {
		t.Errorf("%q %v", body, err)
	}
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error("not what net/http's callers look for:", err)
	}
}

func TestBodiesInPieces(t *testing.T) {
	next := make(chan struct{})
	server := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		for i := 0; i < 3; i++ {
			fmt.Fprintf(w, "piece %d;", i)
			w.(http.Flusher).Flush()
			<-next
		}
	})
	r := do(t, newTransport(t, Options{}), "GET", server.URL)
	for i := 0; i < 3; i++ {
		piece := make([]byte, 100)
		n, err := r.Body.Read(piece)
		if string(piece[:n]) != fmt.Sprintf("piece %d;", i) || err != nil {
			t.Errorf("%q %v", piece[:n], err)
		}
		next <- struct{}{}
	}
	if rest, err := io.ReadAll(r.Body); len(rest) > 0 || err != nil {
		t.Error(rest, err)
	}
}

func TestLargeBodies(t *testing.T) {
	const size = 5 << 20
	server := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		for i := 0; i < size; i += 1 << 10 {
			w.Write(bytes.Repeat([]byte{byte(i >> 10)}, 1<<10))
		}
	})
	r := do(t, newTransport(t, Options{}), "GET", server.URL)
	body, err := io.ReadAll(r.Body)
	if err != nil || len(body) != size {
		t.Fatal(len(body), err)
	}
	for i := range body {
		if body[i] != byte(i>>10) {
			t.Fatal("byte", i)
		}
	}
	m, known := MetricsOf(r)
	if !known || m.ResponseBodyBytes < size || m.Body <= 0 {
		t.Errorf("%+v", m)
	}
}

func TestRedirectsAndCookiesAreTheClients(t *testing.T) {
	server := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/from" {
			http.SetCookie(w, &http.Cookie{Name: "a", Value: "1"})
			http.Redirect(w, r, "/to", http.StatusFound)
			return
		}
		fmt.Fprint(w, r.URL.Path, r.Header.Get("Cookie"), r.Header.Get("Referer"))
	})
	transport := newTransport(t, Options{Cookies: true, Redirects: RedirectFollow})
	if r := do(t, transport, "GET", server.URL+"/from"); r.StatusCode != 302 || r.Header.Get("Location") != "/to" {
		t.Errorf("%+v", r)
	}
	r, err := (&http.Client{Transport: transport}).Get(server.URL + "/from")
	if err != nil {
		t.Fatal(err)
	}
	if text := readAll(t, r); text != "/to"+server.URL+"/from" || r.Request.URL.Path != "/to" {
		t.Errorf("%q", text)
	}
}

func TestUsersInURLsAreTheClients(t *testing.T) {
	server := newServer(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Header.Get("Authorization")) })
	transport := newTransport(t, Options{})
	with := strings.Replace(server.URL, "://", "://user:secret@", 1) + "/#fragment"
	if text := readAll(t, do(t, transport, "GET", with)); text != "" {
		t.Errorf("%q", text)
	}
	r, err := (&http.Client{Transport: transport}).Get(with)
	if err != nil {
		t.Fatal(err)
	}
	if text := readAll(t, r); !strings.HasPrefix(text, "Basic ") {
		t.Errorf("%q", text)
	}
}

func TestEarlyHints(t *testing.T) {
	server := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", "</style.css>")
		w.WriteHeader(103)
		w.Header().Set("Link", "</other.css>")
		w.WriteHeader(103)
		io.WriteString(w, "done")
	})
	r := do(t, newTransport(t, Options{}), "GET", server.URL)
	if text := readAll(t, r); text != "done" || r.StatusCode != 200 {
		t.Errorf("%q %d", text, r.StatusCode)
	}
}

func TestTLS(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Proto) }))
	server.EnableHTTP2 = true
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	o := Options{TLS: TLSOptions{CAPEM: pemOf(server.Certificate().Raw), KeepCertificates: true}}
	u, _ := url.Parse(server.URL)
	r := do(t, newTransport(t, o), "GET", server.URL)
	if text := readAll(t, r); text != "HTTP/2.0" || r.Proto != "HTTP/2.0" || r.ProtoMajor != 2 || r.ProtoMinor != 0 {
		t.Errorf("%q %+v", text, r)
	}
	s := r.TLS
	if s == nil || s.Version < 0x0303 || !s.HandshakeComplete || s.NegotiatedProtocol != "h2" || s.ServerName != u.Hostname() ||
		len(s.PeerCertificates) == 0 || !s.PeerCertificates[0].Equal(server.Certificate()) {
		t.Errorf("%+v", s)
	}
	req, _ := http.NewRequestWithContext(context.Background(), "GET", server.URL, nil)
	_, err := newTransport(t, Options{}).RoundTrip(req)
	var e *Error
	if !errors.As(err, &e) || e.Phase != PhaseTLS || e.RequestSent != SentNo {
		t.Error(err)
	}
}

func pemOf(der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func TestMetricsAreToldWhereTheBodyIsWrapped(t *testing.T) {
	server := newServer(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "text") })
	client := &http.Client{Transport: newTransport(t, Options{}), Timeout: time.Minute}
	for _, read := range []bool{true, false} {
		var told []Metrics
		ctx := WithMetrics(context.Background(), func(m Metrics) { told = append(told, m) })
		req, _ := http.NewRequestWithContext(ctx, "GET", server.URL, nil)
		r, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if read {
			io.ReadAll(r.Body)
		}
		r.Body.Close()
		if len(told) != 1 || told[0].Attempts != 1 || told[0].HTTPVersion != HTTP11 {
			t.Errorf("%+v", told)
		}
	}
}
