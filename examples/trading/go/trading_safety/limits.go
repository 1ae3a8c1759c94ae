package main

import (
	"fmt"
	"sync"
	"time"

	"http-sentinel/examples/trading/go/alpaca"
	"http-sentinel/examples/trading/go/internal/broker"
)

// limits is what there is of a limit at the broker, and whether clients keep within it.
func (k *check) limits() error {
	const clients = 10
	second := alpaca.Quota{Limit: 200, Period: time.Second, Margin: time.Second}
	// What was on its way while the broker did nothing comes besides, in the window in which it goes on.
	short := broker.Opening{Limit: second.Limit + clients, WindowMS: 1000}
	throttled, failed, err := k.clocks("limited", short, clients, 30, alpaca.WithQuota(second))
	if err != nil {
		return err
	}
	k.throttled += throttled
	if failed > 0 {
		k.wrong("limit: clocks of %d clients failed", failed)
	}
	// Without the limiter there is a 429 as soon as one window sees more than it has: a phase that could not fail proves nothing.
	// This window is long, for it may take long until so many have come.
	long := broker.Opening{Limit: second.Limit, WindowMS: 24 * 3600 * 1000}
	if throttled, _, err = k.clocks("unlimited", long, clients, 60, alpaca.WithoutLimiter()); err != nil {
		return err
	}
	if throttled == 0 {
		k.wrong("limit: nobody was throttled without a limiter")
	}
	// A quota that is too high is corrected by what the broker tells.
	few := broker.Opening{Limit: 20, WindowMS: 1000}
	throttled, failed, err = k.clocks("learning", few, 1, 50, alpaca.WithQuota(alpaca.Quota{Limit: 1000}))
	if err != nil {
		return err
	}
	k.throttled += throttled
	if failed > 0 {
		k.wrong("limit: a clock failed while the limit was learned")
	}
	return nil
}

// clocks has so many clients of one pool ask for so many clocks each.
func (k *check) clocks(name string, o broker.Opening, clients, each int, option alpaca.Option) (throttled, failed int, err error) {
	key, err := k.account(name, o)
	if err != nil {
		return 0, 0, err
	}
	pool, err := alpaca.NewAlpacaClientPool(key, broker.Secret, alpaca.Paper, k.options(option)...)
	if err != nil {
		return 0, 0, err
	}
	defer pool.Close()
	failures := make([]int, clients)
	var all sync.WaitGroup
	for i := range clients {
		all.Add(1)
		go k.guarded(name, func() {
			defer all.Done()
			failures[i] = k.ask(pool, fmt.Sprintf("worker_%d", i+1), each)
		})
	}
	all.Wait()
	for _, n := range failures {
		failed += n
	}
	seen, err := k.broker.Look(key)
	return seen.Throttled, failed, err
}

func (k *check) ask(pool *alpaca.AlpacaClientPool, name string, each int) (failed int) {
	client, err := pool.CreateClient(name)
	if err != nil {
		k.wrong("%s: %v", name, err)
		return each
	}
	for range each {
		if _, err := client.GetClock(background); err != nil {
			failed++ // One says enough, and each waits before it gives up.
			break
		}
	}
	if err := pool.DestroyClient(client); err != nil {
		k.wrong("%s: %v", name, err)
	}
	return failed
}
