package sentinel_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	sentinel "http-sentinel/bindings/go"
)

// serve starts a server that greets.
func serve() *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "hello %s", body)
	}))
}

func ExampleTransport() {
	server := serve()
	defer server.Close()
	client := &http.Client{Transport: new(sentinel.Transport)}
	response, err := client.Get(server.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	fmt.Println(response.Status, string(text), err)
	// Output: 200 OK hello  <nil>
}

func ExampleClient_Post() {
	server := serve()
	defer server.Close()
	client, err := sentinel.NewClient(sentinel.Options{Timeout: 20 * time.Second})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	response, err := client.Post(context.Background(), server.URL, "text/plain", []byte("world"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(response.Status, string(response.Body))
	// Output: 200 hello world
}

// What must not happen twice is sent again only where it was not sent.
func ExampleError() {
	client, err := sentinel.NewClient(sentinel.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	_, err = client.Do(context.Background(), &sentinel.Request{Method: "POST", URL: "http://127.0.0.1:1/order", MaxAttempts: 1})
	var failure *sentinel.Error
	if errors.As(err, &failure) {
		fmt.Println(errors.Is(err, sentinel.ErrConnect), failure.Phase, failure.RequestSent)
	}
	// Output: true connect no
}

func ExampleWorker() {
	server := serve()
	defer server.Close()
	worker, err := sentinel.NewWorker(sentinel.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer worker.Close()
	for i := 0; i < 2; i++ {
		response, err := worker.Get(context.Background(), server.URL)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(response.Status, response.Metrics.ConnectionReused)
	}
	// Output:
	// 200 false
	// 200 true
}

func ExampleClient_Stream() {
	server := serve()
	defer server.Close()
	client, err := sentinel.NewClient(sentinel.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	stream, err := client.Stream(context.Background(), &sentinel.Request{URL: server.URL, Body: []byte("stream")})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer stream.Close()
	var text strings.Builder
	_, err = io.Copy(&text, stream)
	fmt.Println(stream.Status, text.String(), err)
	// Output: 200 hello stream <nil>
}

func ExampleRetryEngine_Execute() {
	engine, err := sentinel.NewRetryEngine(sentinel.RetryEngineOptions{
		Retry:      sentinel.RetryOptions{MaxAttempts: 5, BaseDelay: 10 * time.Millisecond},
		Idempotent: true,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer engine.Close()
	err = engine.Execute(context.Background(), func(ctx context.Context, attempt *sentinel.RetryAttempt) error {
		if attempt.Number < 3 {
			return errors.New("not yet")
		}
		fmt.Println("done in attempt", attempt.Number)
		return nil
	})
	fmt.Println(err)
	// Output:
	// done in attempt 3
	// <nil>
}

func ExampleRateLimiter() {
	limiter, err := sentinel.NewRateLimiter(sentinel.RateLimiterOptions{Limit: 2, Period: time.Hour})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer limiter.Close()
	for i := 0; i < 3; i++ {
		_, err := limiter.TryAcquire("account", 1)
		fmt.Println(err == nil, errors.Is(err, sentinel.ErrRateLimited))
	}
	// Output:
	// true false
	// true false
	// false true
}

func ExampleCircuitBreaker_Do() {
	breaker, err := sentinel.NewCircuitBreaker(sentinel.CircuitBreakerOptions{WindowCalls: 2, MinCalls: 2, Open: time.Minute})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer breaker.Close()
	for i := 0; i < 3; i++ {
		err := breaker.Do("database", func() error { return errors.New("down") })
		fmt.Println(errors.Is(err, sentinel.ErrBreakerOpen))
	}
	state, err := breaker.State("database")
	fmt.Println(state.State, err)
	// Output:
	// false
	// false
	// true
	// open <nil>
}

func ExampleBulkhead() {
	bulkhead, err := sentinel.NewBulkhead(sentinel.BulkheadOptions{Capacity: 1, NoQueue: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer bulkhead.Close()
	permit, err := bulkhead.TryAcquire("reports")
	fmt.Println(err)
	_, err = bulkhead.TryAcquire("reports")
	fmt.Println(errors.Is(err, sentinel.ErrBulkheadFull))
	fmt.Println(bulkhead.Release(&permit))
	// Output:
	// <nil>
	// true
	// <nil>
}
