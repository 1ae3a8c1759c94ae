package sentinel

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// silent accepts connections and says nothing.
func silent(t testing.TB) string {
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
			t.Cleanup(func() { c.Close() })
		}
	}()
	return listener.Addr().String()
}

func TestContextsEndEveryPhase(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	server := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/body":
			io.WriteString(w, "begin")
			w.(http.Flusher).Flush()
		case "/upload":
			io.ReadFull(r.Body, make([]byte, 1))
		}
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	stuck := func() io.Reader {
		in, _ := io.Pipe()
		t.Cleanup(func() { in.Close() })
		return io.MultiReader(strings.NewReader("a"), in)
	}
	own := errors.New("why")
	for _, c := range []struct {
		name, url string
		body      func() io.Reader
		sent      Sent
	}{
		{"tls", "https://" + silent(t) + "/", nil, SentNo},
		{"head", server.URL + "/head", nil, SentMaybe},
		{"body", server.URL + "/body", nil, SentYes},
		{"upload", server.URL + "/upload", stuck, SentMaybe},
		{"upload that nobody reads", "http://" + silent(t) + "/", func() io.Reader { return endless{} }, SentMaybe},
	} {
		for _, deadline := range []bool{false, true} {
			ctx, cancel := context.WithCancelCause(context.Background())
			defer cancel(nil)
			want := context.Canceled
			if deadline {
				var stop func()
				ctx, stop = context.WithTimeout(ctx, 100*time.Millisecond)
				defer stop()
				want = context.DeadlineExceeded
			} else {
				time.AfterFunc(100*time.Millisecond, func() { cancel(own) })
			}
			transport := newTransport(t, Options{})
			body := new(watched)
			req, _ := http.NewRequestWithContext(ctx, "POST", c.url, nil)
			if c.body != nil {
				body.Reader, req.Body = c.body(), body
			}
			began := time.Now()
			r, err := transport.RoundTrip(req)
			if err == nil {
				_, err = io.ReadAll(r.Body)
				r.Body.Close()
			}
			took := time.Since(began)
			var e *Error
			var timeout net.Error
			if !errors.Is(err, want) || !errors.As(err, &e) || e.RequestSent != c.sent || took > 5*time.Second {
				t.Errorf("%s, %v: %v after %v", c.name, deadline, err, took)
			}
			if !errors.As(err, &timeout) || timeout.Timeout() != deadline || !deadline && !errors.Is(err, own) {
				t.Errorf("%s, %v: %v", c.name, deadline, err)
			}
			if c.body != nil {
				body.wait(t)
			}
			transport.Close()
		}
	}
}

// endless is a body without an end.
type endless struct{}

func (endless) Read(to []byte) (int, error) { return len(to), nil }

func TestTheTimeoutOfAClient(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	server := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/body" {
			w.(http.Flusher).Flush()
		}
		<-release
	})
	client := &http.Client{Transport: newTransport(t, Options{}), Timeout: 100 * time.Millisecond}
	_, err := client.Get(server.URL + "/head")
	if !os.IsTimeout(err) {
		t.Error(err)
	}
	r, err := client.Get(server.URL + "/body")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	var timeout net.Error
	if _, err = io.ReadAll(r.Body); !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Error(err)
	}
}

// TestCancelEndsABodyThatNobodyReads: the server sees it go.
func TestCancelEndsABodyThatNobodyReads(t *testing.T) {
	gone := make(chan struct{})
	server := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		close(gone)
	})
	ctx, cancel := context.WithCancel(context.Background())
	req, _ := http.NewRequestWithContext(ctx, "GET", server.URL, nil)
	r, err := newTransport(t, Options{}).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	cancel()
	select {
	case <-gone:
	case <-time.After(10 * time.Second):
		t.Error("the server still sends")
	}
	if _, err := r.Body.Read(make([]byte, 1)); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestCloseWakesAReader(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	server := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		<-release
	})
	transport := newTransport(t, Options{})
	for _, end := range []func(*http.Response){
		func(r *http.Response) { r.Body.Close() },
		func(*http.Response) { transport.Close() },
	} {
		r := do(t, transport, "GET", server.URL)
		done := make(chan error)
		go func() {
			_, err := r.Body.Read(make([]byte, 1))
			done <- err
		}()
		time.Sleep(20 * time.Millisecond) // Whichever comes first, the other one notices.
		end(r)
		select {
		case err := <-done:
			if err == nil || err == io.EOF {
				t.Error(err)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("the reader still waits")
		}
	}
}

func TestCloseEndsWhatIsUnderWay(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	started := make(chan struct{})
	server := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		close(started)
		<-release
	})
	client := newClient(t, Options{})
	done := make(chan error)
	go func() {
		_, err := client.Get(context.Background(), server.URL)
		done <- err
	}()
	<-started
	client.Close()
	if err := <-done; !errors.Is(err, ErrCancelled) || err.(*Error).RequestSent != SentMaybe {
		t.Error(err)
	}
	if _, err := client.Get(context.Background(), server.URL); !errors.Is(err, ErrInvalidHandle) {
		t.Error(err)
	}
}
