package sentinel

import (
	"context"
	"io"
	"net/http"
	"runtime"
	"testing"
	"time"
)

// eventually runs the garbage collector until something is so.
func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(what)
		}
		runtime.GC()
	}
}

func TestWhatNobodyClosesIsClosedByTheCollector(t *testing.T) {
	server := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "begin")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	transport, client := newTransport(t, Options{}), newClient(t, Options{})
	func() {
		req, _ := http.NewRequest("GET", server.URL, nil)
		if _, err := transport.RoundTrip(req); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		t.Cleanup(cancel)
		if _, err := client.Stream(ctx, &Request{URL: server.URL}); err != nil {
			t.Fatal(err)
		}
	}()
	eventually(t, "a transport's body is still open", func() bool { s, err := transport.Stats(); return err == nil && s.InFlight == 0 })
	eventually(t, "a client's stream is still open", func() bool { s, err := client.Stats(); return err == nil && s.InFlight == 0 })
}

func TestClientsThatNobodyHasEnd(t *testing.T) {
	server := newServer(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "text") })
	var pools []*pool
	func() {
		client, err := NewClient(Options{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.Get(context.Background(), server.URL); err != nil {
			t.Fatal(err)
		}
		transport, err := NewTransport(Options{})
		if err != nil {
			t.Fatal(err)
		}
		req, _ := http.NewRequest("GET", server.URL, nil)
		r, err := transport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		readAll(t, r)
		pools = append(pools, client.p, transport.core.pool)
	}()
	for i, p := range pools {
		eventually(t, "a pool still runs", func() bool {
			select {
			case <-p.polling:
				return true
			default:
				return false
			}
		})
		t.Log("pool", i, "has ended")
	}
}

func TestObjectsThatNobodyHasAreFreed(t *testing.T) {
	limiter, _ := NewRateLimiter(RateLimiterOptions{Limit: 1})
	handle := limiter.c
	limiter = nil
	eventually(t, "the limiter is still there", func() bool {
		again := &RateLimiter{c: handle, stop: func() {}}
		_, err := again.State("k")
		return err != nil
	})
}

// TestABodyInUseKeepsItsTransport: only the body is left of all.
func TestABodyInUseKeepsItsTransport(t *testing.T) {
	next := make(chan struct{})
	server := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		<-next
		io.WriteString(w, "end")
	})
	body := func() io.ReadCloser {
		transport, err := NewTransport(Options{})
		if err != nil {
			t.Fatal(err)
		}
		req, _ := http.NewRequest("GET", server.URL, nil)
		r, err := transport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		return r.Body
	}()
	for i := 0; i < 5; i++ {
		runtime.GC()
		time.Sleep(time.Millisecond)
	}
	close(next)
	if text, err := io.ReadAll(body); string(text) != "end" || err != nil {
		t.Errorf("%q %v", text, err)
	}
}
