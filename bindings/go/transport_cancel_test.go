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

// stall is a server that gets as far as it is told and no further. Its channel is closed when a request has come so far.
type stall func(t testing.TB) (url string, came <-chan struct{})

// silent accepts a connection, reads a byte, and says nothing.
func silent(scheme string) stall {
	return func(t testing.TB) (string, <-chan struct{}) {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { listener.Close() })
		came := make(chan struct{})
		go func() {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { c.Close() })
			if _, err := c.Read(make([]byte, 1)); err == nil {
				close(came)
			}
		}()
		return scheme + listener.Addr().String() + "/", came
	}
}

// within does something with a request, and stalls.
func within(release <-chan struct{}, do http.HandlerFunc) stall {
	return func(t testing.TB) (string, <-chan struct{}) {
		came := make(chan struct{})
		server := newServer(t, func(w http.ResponseWriter, r *http.Request) {
			do(w, r)
			close(came)
			select {
			case <-release:
			case <-r.Context().Done():
			}
		})
		return server.URL, came
	}
}

func TestContextsEndEveryPhase(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	stuck := func() io.Reader {
		in, _ := io.Pipe()
		t.Cleanup(func() { in.Close() })
		return io.MultiReader(strings.NewReader("a"), in)
	}
	for _, c := range []struct {
		name  string
		stall stall
		body  func() io.Reader
		head  bool // of the response, comes
		sent  Sent
	}{
		{"tls", silent("https://"), nil, false, SentNo},
		{"head", within(release, func(http.ResponseWriter, *http.Request) {}), nil, false, SentMaybe},
		{"body", within(release, func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "begin")
			w.(http.Flusher).Flush()
		}), nil, true, SentYes},
		{"upload", within(release, func(_ http.ResponseWriter, r *http.Request) { io.ReadFull(r.Body, make([]byte, 1)) }), stuck, false, SentMaybe},
		{"upload that nobody reads", silent("http://"), func() io.Reader { return endless{} }, false, SentMaybe},
	} {
		// send comes back when the context has ended; came says whether that was after the request had come as far as it can.
		send := func(ctx context.Context, once func()) (came bool, err error) {
			url, there := c.stall(t)
			transport := newTransport(t, endlessly)
			defer transport.Close()
			body := new(watched)
			req, _ := http.NewRequestWithContext(ctx, "POST", url, nil)
			if c.body != nil {
				body.Reader, req.Body = c.body(), body
				defer body.wait(t)
			}
			if !c.head {
				go func() {
					select {
					case <-there:
						once()
					case <-release:
					}
				}()
			}
			r, err := transport.RoundTrip(req)
			if err == nil {
				defer r.Body.Close()
				go once()
				_, err = io.ReadAll(r.Body)
				return c.head, err
			}
			select {
			case <-there:
				return !c.head, err
			default:
				return false, err
			}
		}
		check := func(err, want error, came bool) {
			var e *Error
			var timeout net.Error
			if !errors.Is(err, want) || !errors.As(err, &e) || came && e.RequestSent != c.sent {
				t.Errorf("%s, %v: %v", c.name, want, err)
			}
			if !errors.As(err, &timeout) || timeout.Timeout() != (want == context.DeadlineExceeded) {
				t.Errorf("%s, %v: %v", c.name, want, err)
			}
		}

		own := errors.New("why")
		ctx, cancel := context.WithCancelCause(context.Background())
		came, err := send(ctx, func() { cancel(own) })
		if check(err, context.Canceled, came); !came || !errors.Is(err, own) {
			t.Errorf("%s: %v", c.name, err)
		}
		longEnough(t, func(limit time.Duration) bool {
			ctx, stop := context.WithTimeout(context.Background(), limit)
			defer stop()
			came, err := send(ctx, func() {})
			check(err, context.DeadlineExceeded, came)
			return came
		})
	}
}

// endlessly has no limit of its own: only a context ends what stalls.
var endlessly = Options{Timeout: NoLimit, AttemptTimeout: NoLimit, ConnectTimeout: NoLimit, IdleTimeout: NoLimit}

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
	transport := newTransport(t, endlessly)
	longEnough(t, func(limit time.Duration) bool {
		client := &http.Client{Transport: transport, Timeout: limit}
		_, err := client.Get(server.URL + "/head")
		if !os.IsTimeout(err) {
			t.Fatal(err)
		}
		r, err := client.Get(server.URL + "/body")
		if err != nil && os.IsTimeout(err) {
			return false
		}
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		var timeout net.Error
		if _, err = io.ReadAll(r.Body); !errors.As(err, &timeout) || !timeout.Timeout() {
			t.Error(err)
		}
		return true
	})
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
	case <-time.After(time.Minute):
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
		case <-time.After(time.Minute):
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
