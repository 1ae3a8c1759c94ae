package alpaca

import (
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	sentinel "http-sentinel/bindings/go"
)

func newPool(t *testing.T, options ...Option) *AlpacaClientPool {
	t.Helper()
	c := serve(t, func(w http.ResponseWriter, r *http.Request) { say(w, 200, sampleClock) })
	p, err := NewAlpacaClientPool(testKey, testSecret, Paper, append(options, WithBaseURL(c.BaseURL()))...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestClientsHaveNames(t *testing.T) {
	p := newPool(t)
	c, err := p.CreateClient("worker_1")
	if err != nil || c.Name() != "worker_1" {
		t.Fatal(err)
	}
	for _, name := range []string{"", "worker_1"} {
		_, err = p.CreateClient(name)
		failure(t, err, ErrArgument, sentinel.SentNo)
	}
	failure(t, c.Close(), ErrArgument, sentinel.SentNo)
	if err := p.DestroyClient(c); err != nil {
		t.Fatal(err)
	}
	failure(t, p.DestroyClient(c), ErrArgument, sentinel.SentNo)
	failure(t, p.DestroyClient(nil), ErrArgument, sentinel.SentNo)
	again, err := p.CreateClient("worker_1")
	if err != nil {
		t.Fatal(err)
	}
	failure(t, p.DestroyClient(c), ErrArgument, sentinel.SentNo) // it is another one
	if _, err := again.GetClock(background); err != nil {
		t.Error(err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	failure(t, p.Close(), ErrArgument, sentinel.SentNo)
	_, err = p.CreateClient("worker_2")
	failure(t, err, ErrArgument, sentinel.SentNo)
	_, err = again.GetClock(background)
	if failure(t, err, ErrArgument, sentinel.SentNo); !errors.Is(err, sentinel.ErrInvalidHandle) {
		t.Error(err)
	}
}

func TestAnyGoroutineMayUseAClient(t *testing.T) {
	p := newPool(t, WithQuota(Quota{Limit: 100_000}))
	defer p.Close()
	c, err := p.CreateClient("worker_1")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 20 {
		all.Add(1)
		go func() {
			defer all.Done()
			for range 20 {
				if _, err := c.GetClock(background); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	all.Wait()
}

func TestABoundClientBelongsToItsGoroutine(t *testing.T) {
	p := newPool(t, Bound())
	c, err := p.CreateClient("worker_1")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, err := c.SubmitOrder(background, one)
		if !errors.Is(err, ErrArgument) || !errors.Is(err, sentinel.ErrWrongThread) {
			t.Error(err)
		}
		if err := p.DestroyClient(c); !errors.Is(err, sentinel.ErrWrongThread) {
			t.Error(err)
		}
	}()
	<-done
	if _, err := c.GetClock(background); err != nil {
		t.Error(err)
	}
	if err := p.DestroyClient(c); err != nil {
		t.Error(err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

// The limiter is the account's: what one client asks, another one waits for.
func TestClientsShareALimiter(t *testing.T) {
	const limit, period = 5, 400 * time.Millisecond
	p := newPool(t, WithQuota(Quota{Limit: limit, Period: period}))
	defer p.Close()
	start := time.Now()
	for i := range 3 * limit {
		c, err := p.CreateClient(fmt.Sprintf("worker_%d", i+1))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.GetClock(background); err != nil {
			t.Fatal(err)
		}
	}
	if took := time.Since(start); took < 2*period {
		t.Errorf("%d clocks in %v", 3*limit, took)
	}
	c, err := NewClient(testKey, testSecret, Paper, WithLimiter(p.account.limiter))
	if err != nil {
		t.Fatal(err)
	}
	if state, err := c.Limiter().State(tradingBucket); err != nil || state.Limit != limit || state.Admitted != 3*limit {
		t.Errorf("%+v, %v", state, err)
	}
	if err := c.Close(); err != nil { // which is not the limiter's end
		t.Error(err)
	}
	if _, err := p.account.limiter.State(tradingBucket); err != nil {
		t.Error(err)
	}
}
