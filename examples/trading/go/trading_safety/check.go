package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"sync/atomic"
	"time"

	"http-sentinel/examples/trading/go/alpaca"
	"http-sentinel/examples/trading/go/internal/broker"
)

// check is one run, and what was wrong in it.
type check struct {
	config
	broker *broker.Broker
	run    string // so that accounts of runs side by side differ

	succeeded, failed     atomic.Int64
	crashes, wrongs       atomic.Int64
	duplicates, throttled int
}

// phase does a part of the run. What ends it early is wrong.
func (k *check) phase(name string, do func() error) {
	start := time.Now()
	k.guarded(name, func() {
		if err := do(); err != nil {
			k.wrong("%s: %v", name, err)
		}
	})
	fmt.Printf("%s: %.1f s\n", name, time.Since(start).Seconds())
}

// guarded counts a panic as what it is.
func (k *check) guarded(who string, do func()) {
	defer func() {
		if why := recover(); why != nil {
			k.crashes.Add(1)
			fmt.Fprintf(os.Stderr, "%s: crash: %v\n%s", who, why, debug.Stack())
		}
	}()
	do()
}

func (k *check) wrong(format string, a ...any) {
	if k.wrongs.Add(1) <= 50 {
		fmt.Fprintf(os.Stderr, "wrong: "+format+"\n", a...)
	}
}

// same compares what came with what had to come.
func (k *check) same(what string, got, want any) {
	a, _ := json.Marshal(got)
	b, _ := json.Marshal(want)
	if string(a) != string(b) {
		k.wrong("%s:\n  is        %s\n  has to be %s", what, a, b)
	}
}

// fails looks whether a failure is of the kind that it has to be.
func (k *check) fails(what string, err error, kind alpaca.Kind) *alpaca.Error {
	var e *alpaca.Error
	if !errors.As(err, &e) || !errors.Is(err, kind) {
		k.wrong("%s: %v, and has to be %s", what, err, kind)
		return &alpaca.Error{}
	}
	return e
}

// account opens an account at the broker.
func (k *check) account(name string, o broker.Opening) (key string, err error) {
	key = k.run + "-" + name
	return key, k.broker.Open(key, o)
}

func (k *check) options(more ...alpaca.Option) []alpaca.Option {
	all := []alpaca.Option{alpaca.WithBaseURL(k.broker.URL), alpaca.WithDataURL(k.broker.DataURL)}
	if k.ca != "" {
		all = append(all, alpaca.WithCAFile(k.ca))
	}
	if k.bound {
		all = append(all, alpaca.Bound())
	}
	return append(all, more...)
}

// client is for one goroutine at an account with as many requests as it likes.
func (k *check) client(key string) (*alpaca.Client, error) {
	return alpaca.NewClient(key, broker.Secret, alpaca.Paper, k.options(alpaca.WithoutLimiter())...)
}

var background = context.Background()

// plenty is an account that is not limited.
var plenty = broker.Opening{Limit: 10_000_000, DataLimit: 10_000_000}
