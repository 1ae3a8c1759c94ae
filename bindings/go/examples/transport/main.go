// Transport gives an http.Client the library's transport: everything that takes an http.Client, or an http.RoundTripper, can
// have it.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"time"

	sentinel "http-sentinel/bindings/go"
)

func main() {
	transport, err := sentinel.NewTransport(sentinel.Options{
		// Without this there is one attempt, as with http.Transport.
		Policies: &sentinel.Policies{Retry: &sentinel.RetryOptions{MaxAttempts: 3}},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer transport.Close()
	client := &http.Client{Transport: transport, Timeout: 10 * time.Second}

	var metrics sentinel.Metrics
	ctx := sentinel.WithMetrics(context.Background(), func(m sentinel.Metrics) { metrics = m })
	request, err := http.NewRequestWithContext(ctx, "GET", os.Args[1], nil)
	if err != nil {
		log.Fatal(err)
	}
	response, err := client.Do(request)
	var failure *sentinel.Error
	if errors.As(err, &failure) {
		log.Fatalf("failed in phase %q after %d attempts; sent: %s", failure.Phase, failure.Attempts, failure.RequestSent)
	}
	if err != nil {
		log.Fatal(err)
	}
	defer response.Body.Close()
	size, err := io.Copy(io.Discard, response.Body)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s, %d bytes over %s in %d attempts\n", response.Status, size, response.Proto, metrics.Attempts)
}
