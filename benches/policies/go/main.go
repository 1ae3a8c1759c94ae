// What an admitted call costs with failsafe-go; beside the table that ../src prints.
package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/bulkhead"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/failsafe-go/failsafe-go/ratelimiter"
	"github.com/failsafe-go/failsafe-go/retrypolicy"
)

func measure(what string, work func()) {
	const rounds = 50_000
	var samples []float64
	for range 21 {
		start := time.Now()
		for range rounds {
			work()
		}
		samples = append(samples, float64(time.Since(start).Nanoseconds())/rounds)
	}
	slices.Sort(samples)
	fmt.Printf("%-34s%-20s%10.1f%10.1f\n", what, "failsafe-go", samples[len(samples)/2], samples[0])
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	// The window and the share that ours has; the default opens at the first failure.
	breaker := circuitbreaker.NewBuilder[any]().WithFailureRateThreshold(0.5, 20, 30*time.Second).Build()
	limiter := ratelimiter.NewSmoothBuilder[any](1_000_000_000, time.Second).Build()
	places := bulkhead.NewBuilder[any](100).Build()
	retry := retrypolicy.NewBuilder[any]().WithMaxAttempts(3).Build()
	all := failsafe.With[any](retry, breaker, limiter)

	measure("breaker: acquire and record", func() {
		if !breaker.TryAcquirePermit() {
			panic("open")
		}
		breaker.RecordSuccess()
	})
	measure("limiter (smooth): acquire", func() { limiter.TryAcquirePermit() })
	measure("bulkhead: acquire and release", func() {
		if !places.TryAcquirePermit() {
			panic("full")
		}
		places.ReleasePermit()
	})
	measure("retry + breaker + limiter", func() { must(all.Run(func() error { return nil })) })
}
