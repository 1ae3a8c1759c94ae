package sentinel

import (
	"context"
	"errors"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

func newClient(t testing.TB, o Options) *Client {
	t.Helper()
	client, err := NewClient(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

func TestClientGivesWholeResponses(t *testing.T) {
	server := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("X-Twice", "a")
		w.Header().Add("X-Twice", "b")
		w.WriteHeader(201)
		w.Write([]byte(r.Method + r.Header.Get("Content-Type")))
	})
	client := newClient(t, Options{})
	r, err := client.Post(context.Background(), server.URL+"/path", "text/x", []byte("body"))
	if err != nil {
		t.Fatal(err)
	}
	if r.Status != 201 || string(r.Body) != "POSTtext/x" || len(r.Header["X-Twice"]) != 2 || r.URL != server.URL+"/path" {
		t.Errorf("%+v", r)
	}
	if r.Metrics.Attempts != 1 || len(r.Attempts) != 1 || r.Attempts[0].HTTPStatus != 201 || r.Metrics.Total <= 0 {
		t.Errorf("%+v", r)
	}
	if r.Metrics.HTTPVersion != HTTP11 || !r.Metrics.Peer.Addr().IsLoopback() {
		t.Errorf("%+v", r.Metrics)
	}
}

func TestClientErrorsSayWhetherItWasSent(t *testing.T) {
	client := newClient(t, Options{})
	_, err := client.Get(context.Background(), "http://127.0.0.1:1/")
	var e *Error
	if !errors.As(err, &e) || !errors.Is(err, ErrConnect) || e.RequestSent != SentNo || e.Phase != PhaseConnect {
		t.Errorf("%v %+v", err, e)
	}
	hang, came := make(chan struct{}), make(chan struct{}, 100)
	server := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		came <- struct{}{}
		<-hang
	})
	defer close(hang)
	longEnough(t, func(limit time.Duration) bool {
		ctx, cancel := context.WithTimeout(context.Background(), limit)
		defer cancel()
		_, err := client.Get(ctx, server.URL)
		if !errors.As(err, &e) || !errors.Is(err, context.DeadlineExceeded) || !e.Timeout() {
			t.Fatal(err)
		}
		if len(came) == 0 {
			return false
		}
		if e.RequestSent != SentMaybe {
			t.Error(err)
		}
		return true
	})
}

func TestClientServesManyGoroutines(t *testing.T) {
	server := newServer(t, func(w http.ResponseWriter, r *http.Request) { w.Write([]byte(r.URL.Path)) })
	client := newClient(t, Options{})
	var all sync.WaitGroup
	for i := 0; i < 32; i++ {
		path := "/" + strings.Repeat("a", i)
		all.Add(1)
		go func() {
			defer all.Done()
			for j := 0; j < 20; j++ {
				r, err := client.Get(context.Background(), server.URL+path)
				if err != nil || r.URL != server.URL+path && r.Status != 200 {
					t.Error(err, r)
					return
				}
			}
		}()
	}
	all.Wait()
}

func TestWorkerBelongsToItsGoroutine(t *testing.T) {
	server := newServer(t, func(w http.ResponseWriter, r *http.Request) { w.Write([]byte("ok")) })
	w, err := NewWorker(Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < 3; i++ {
		r, err := w.Get(context.Background(), server.URL)
		if err != nil || string(r.Body) != "ok" || r.Metrics.ConnectionReused != (i > 0) {
			t.Fatal(err, r)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	if r, err := w.Get(ctx, server.URL); err != nil || r.Status != 200 {
		t.Fatal(err)
	}
	cancel()
	if _, err := w.Get(ctx, server.URL); !errors.Is(err, context.Canceled) || !errors.Is(err, ErrCancelled) {
		t.Error(err)
	}
	done := make(chan error, 2)
	go func() {
		_, err := w.Get(context.Background(), server.URL)
		done <- err
		done <- w.Close()
	}()
	for i := 0; i < 2; i++ {
		if err := <-done; !errors.Is(err, ErrWrongThread) {
			t.Error("another goroutine's call gives", err)
		}
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	if err := w.Close(); !errors.Is(err, ErrInvalidHandle) {
		t.Error(err)
	}
	runtime.GC()
}
