// Trading_safety holds the trading client against a stand-in for the broker, and counts there what became of each order:
// examples/trading/README.md says what it does. Its exit status is 0 only where nothing was wrong.
//
//	trading_safety --broker URL --data URL [--ca FILE] [--threads 50] [--requests 100] [--faults SEED] [--bound]
package main

import (
	"flag"
	"fmt"
	"os"

	"http-sentinel/examples/trading/go/internal/broker"
)

type config struct {
	broker, data, ca  string
	threads, requests int
	faults            uint64
	bound             bool
}

func main() {
	var c config
	flag.StringVar(&c.broker, "broker", "", "`URL` of the trading API")
	flag.StringVar(&c.data, "data", "", "`URL` of the market data API")
	flag.StringVar(&c.ca, "ca", "", "`file` with the authorities to trust")
	flag.IntVar(&c.threads, "threads", 50, "how many clients work at once")
	flag.IntVar(&c.requests, "requests", 100, "how much each of them does")
	flag.Uint64Var(&c.faults, "faults", 0, "`seed` of the faults; 0: none")
	flag.BoolVar(&c.bound, "bound", false, "each client has a worker, bound to its goroutine's thread")
	flag.Parse()
	if c.broker == "" || c.data == "" || c.threads < 1 || c.requests < 1 || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	if !run(c) {
		os.Exit(1)
	}
}

func run(c config) bool {
	b, err := broker.New(c.broker, c.data, c.ca)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return false
	}
	defer b.Close()
	k := &check{config: c, broker: b, run: fmt.Sprintf("go-%d", os.Getpid())}
	k.phase("operations", k.operations)
	k.phase("lost answers", k.lostAnswers)
	k.phase("limit", k.limits)
	k.phase("threads", k.work)

	faults := ""
	if c.faults != 0 {
		faults = fmt.Sprintf(", faults seed %d", c.faults)
	}
	fmt.Printf("trading_safety (go): %d threads x %d requests%s: %d succeeded, %d failed; "+
		"%d crashes, %d wrong answers, %d duplicate orders, %d throttled\n",
		c.threads, c.requests, faults, k.succeeded.Load(), k.failed.Load(), k.crashes.Load(), k.wrongs.Load(), k.duplicates, k.throttled)
	return k.crashes.Load() == 0 && k.wrongs.Load() == 0 && k.duplicates == 0 && k.throttled == 0
}
