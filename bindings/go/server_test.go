package sentinel

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// addresses are those of the project's own test server, which make test-go starts.
func addresses(t testing.TB) (at map[string]any) {
	t.Helper()
	line := os.Getenv("HS_TEST_SERVER_JSON")
	if line == "" {
		t.Fatal("the test server is missing: these tests are run by make test-go")
	}
	if err := json.Unmarshal([]byte(line), &at); err != nil {
		t.Fatal(err)
	}
	return at
}

// places are the server in clear and in TLS with HTTP/2, each with its transport.
func places(t testing.TB) map[string]*Transport {
	at := addresses(t)
	trust := Options{TLS: TLSOptions{CAFile: at["ca_file"].(string)}}
	return map[string]*Transport{at["http"].(string): newTransport(t, Options{}), at["https"].(string): newTransport(t, trust)}
}

func TestCodingsOfTheServer(t *testing.T) {
	for base, transport := range places(t) {
		for _, coding := range []string{"gzip", "deflate", "br", "zstd", "stacked?codings=gzip,br", "identity"} {
			r := do(t, transport, "GET", base+"/"+coding)
			text := readAll(t, r)
			if !json.Valid([]byte(text)) || r.Uncompressed == (coding == "identity") || (r.Header.Get("Content-Encoding") == "") != r.Uncompressed {
				t.Errorf("%s: %.60q %v", coding, text, r.Header)
			}
		}
	}
}

func TestInterimResponsesAndTrailersOfTheServer(t *testing.T) {
	at := addresses(t)
	transport := newTransport(t, Options{})
	hints := 0
	ctx := httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{
		Got1xxResponse: func(code int, header textproto.MIMEHeader) error {
			if code == 103 && header.Get("Link") != "" {
				hints++
			}
			return nil
		},
	})
	req, _ := http.NewRequestWithContext(ctx, "GET", at["http"].(string)+"/early-hints?count=3", nil)
	r, err := transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	if readAll(t, r); hints != 3 {
		t.Errorf("%d hints", hints)
	}
	for base, transport := range places(t) {
		r := do(t, transport, "GET", base+"/trailers?body=text&trailer=X-Sum:42")
		if text := readAll(t, r); text != "text" || r.Trailer.Get("X-Sum") != "42" {
			t.Errorf("%q %v", text, r.Trailer)
		}
	}
}

func TestUploadsToTheServer(t *testing.T) {
	body := bytes.Repeat([]byte("0123456789abcdef"), 100_000)
	want := fmt.Sprintf("%x", sha256.Sum256(body))
	for base, transport := range places(t) {
		for _, reader := range []io.Reader{bytes.NewReader(body), io.MultiReader(bytes.NewReader(body))} {
			req, _ := http.NewRequest("POST", base+"/upload", reader)
			r, err := transport.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			if text := readAll(t, r); !strings.Contains(text, want) {
				t.Errorf("%.200s", text)
			}
		}
	}
}

// TestDeadConnections: what is safe is sent again by the library; of what is not, the error says that it may have arrived.
func TestDeadConnections(t *testing.T) {
	at := addresses(t)
	base := "http://" + at["script"].(string)
	transport := newTransport(t, Options{})
	for _, c := range []struct {
		method string
		fails  bool
	}{{"GET", false}, {"POST", true}} {
		url := base + "/keepalive-then-close?key=go-" + c.method
		readAll(t, do(t, transport, "GET", url))
		req, _ := http.NewRequest(c.method, url, strings.NewReader("body"))
		if c.method == "GET" {
			req.Body, req.ContentLength, req.GetBody = nil, 0, nil
		}
		r, err := transport.RoundTrip(req)
		var e *Error
		switch {
		case !c.fails && err == nil:
			readAll(t, r)
		case c.fails && errors.As(err, &e) && e.RequestSent == SentMaybe && e.Retryable == RetryableUnknown:
		default:
			t.Error(c.method, err)
		}
		transport.CloseIdleConnections()
	}
}

func TestRetriesOfATransportAreAskedFor(t *testing.T) {
	base := addresses(t)["http"].(string)
	for _, c := range []struct {
		name    string
		o       Options
		status  int
		reads   io.Reader
		retries bool
	}{
		{"by default", Options{}, 503, nil, false},
		{"asked for", Options{Policies: &Policies{Retry: &RetryOptions{BaseDelay: 10 * time.Millisecond}}}, 200, nil, true},
		{"with a body that can be read once", Options{Policies: &Policies{Retry: &RetryOptions{BaseDelay: 10 * time.Millisecond}}}, 503,
			io.MultiReader(strings.NewReader("body")), false},
	} {
		req, _ := http.NewRequest("PUT", fmt.Sprintf("%s/flaky/go-%d?fail=1&status=503", base, time.Now().UnixNano()), c.reads)
		r, err := newTransport(t, c.o).RoundTrip(req)
		if err != nil {
			t.Error(c.name, err)
			continue
		}
		readAll(t, r)
		m, _ := MetricsOf(r)
		if r.StatusCode != c.status || (m.Attempts > 1) != c.retries {
			t.Errorf("%s: %d after %d", c.name, r.StatusCode, m.Attempts)
		}
	}
}

func TestManyAtOnce(t *testing.T) {
	for base, transport := range places(t) {
		client := &http.Client{Transport: transport, Timeout: time.Minute}
		var all sync.WaitGroup
		for i := 0; i < 64; i++ {
			all.Add(1)
			go func() {
				defer all.Done()
				for j := 0; j < 5; j++ {
					want := fmt.Sprintf("number %d of %d", j, i)
					r, err := client.Post(base+"/echo", "text/plain", strings.NewReader(want))
					if err != nil {
						t.Error(err)
						return
					}
					got, err := io.ReadAll(r.Body)
					r.Body.Close()
					if string(got) != want || err != nil {
						t.Errorf("%q, not %q: %v", got, want, err)
					}
				}
			}()
		}
		all.Wait()
	}
}

func TestStreamsOfClientAndWorker(t *testing.T) {
	base := addresses(t)["http"].(string)
	client := newClient(t, Options{})
	worker, err := NewWorker(Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer worker.Close()
	open := map[string]func(context.Context, *Request) (*Stream, error){"client": client.Stream, "worker": worker.Stream}
	for name, open := range open {
		s, err := open(context.Background(), &Request{URL: base + "/bytes/1000000?chunked=1"})
		if err != nil {
			t.Fatal(name, err)
		}
		n, err := io.Copy(io.Discard, s)
		if n != 1_000_000 || err != nil || s.Status != 200 || s.Metrics.ResponseBodyBytes < 1_000_000 {
			t.Errorf("%s: %d %v %+v", name, n, err, s.Metrics)
		}
		if err := errors.Join(s.Close(), s.Close()); err != nil {
			t.Error(err)
		}
		if _, err := s.Read(make([]byte, 1)); err != http.ErrBodyReadAfterClose {
			t.Error(name, err)
		}

		ctx, cancel := context.WithCancel(context.Background())
		s, err = open(ctx, &Request{URL: base + "/stall/body?bytes=10"})
		if err != nil {
			t.Fatal(name, err)
		}
		if n, err := io.ReadFull(s, make([]byte, 10)); n != 10 || err != nil {
			t.Error(name, n, err)
		}
		time.AfterFunc(20*time.Millisecond, cancel)
		if _, err := s.Read(make([]byte, 1)); !errors.Is(err, context.Canceled) {
			t.Error(name, err)
		}
		s.Close()
	}
	results, err := worker.DoAll(context.Background(), []*Request{{URL: base + "/echo", Body: []byte("a")}, {URL: "http://127.0.0.1:1/", MaxAttempts: 1}, {URL: base + "/status/404"}})
	if err != nil || len(results) != 3 || string(results[0].Response.Body) != "a" || !errors.Is(results[1].Err, ErrConnect) || results[2].Response.Status != 404 {
		t.Errorf("%v %+v", err, results)
	}
}
