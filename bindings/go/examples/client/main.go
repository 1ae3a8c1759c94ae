// Client sends orders within a rate limit, and says of each that failed whether it may be sent again.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	sentinel "http-sentinel/bindings/go"
)

func main() {
	limiter, err := sentinel.NewRateLimiter(sentinel.RateLimiterOptions{Limit: 200, Period: time.Minute})
	if err != nil {
		log.Fatal(err)
	}
	breaker, err := sentinel.NewCircuitBreaker(sentinel.CircuitBreakerOptions{FailurePercent: 50, Open: 5 * time.Second})
	if err != nil {
		log.Fatal(err)
	}
	client, err := sentinel.NewClient(sentinel.Options{
		Timeout: 10 * time.Second,
		Policies: &sentinel.Policies{
			Retry:   &sentinel.RetryOptions{MaxAttempts: 4, BaseDelay: 50 * time.Millisecond},
			Limits:  []sentinel.Limit{{Limiter: limiter, Key: "account"}},
			Breaker: breaker,
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	response, err := client.Do(ctx, &sentinel.Request{
		Method: "POST",
		URL:    os.Args[1],
		Fields: []sentinel.Field{
			{Name: "Content-Type", Value: "application/json"},
			{Name: "X-Api-Secret", Value: "s3cret", Sensitive: true},
		},
		Body: []byte(`{"symbol":"ABC","qty":1}`),
	})
	if err != nil {
		log.Fatal(advice(err))
	}
	fmt.Printf("%d after %d attempt, %s left\n", response.Status, response.Metrics.Attempts, left(limiter))
}

// advice is what a program that sends orders has to know of a failure.
func advice(err error) string {
	var failure *sentinel.Error
	switch {
	case !errors.As(err, &failure):
		return err.Error()
	case errors.Is(err, sentinel.ErrBreakerOpen):
		return fmt.Sprintf("the server is in trouble; try in %v", failure.RetryAfter)
	case failure.RequestSent == sentinel.SentNo:
		return "it was not sent: send it again"
	}
	return "it may have arrived: ask the server before it is sent again"
}

func left(limiter *sentinel.RateLimiter) string {
	state, err := limiter.State("account")
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%d of %d", state.Remaining, state.Limit)
}
