package main

import (
	"errors"
	"fmt"
	"sync"

	"http-sentinel/examples/trading/go/alpaca"
	"http-sentinel/examples/trading/go/internal/broker"
)

// rich is what the account of this phase begins with. Prices stand still, and so it is worth that all the time.
const rich = 10_000_000

var symbols = []string{"AAPL", "AMZN", "BRK.B", "F", "GOOGL", "MSFT", "NVDA", "SPY", "TSLA"}

// work is many clients of one pool at once, and then the books.
func (k *check) work() error {
	opening := plenty
	opening.Cash = fmt.Sprint(rich)
	key, err := k.account("threads", opening)
	if err != nil {
		return err
	}
	if k.faults != 0 {
		err := k.broker.SetFaults(key, broker.Faults{Seed: k.faults, ResetBefore: 0.02, ResetAfter: 0.02, ResetMidway: 0.02,
			ErrorBefore: 0.02, ErrorAfter: 0.02, Delay: 0.05, DelayMS: 10})
		if err != nil {
			return err
		}
	}
	pool, err := alpaca.NewAlpacaClientPool(key, broker.Secret, alpaca.Paper,
		k.options(alpaca.WithQuota(alpaca.Quota{Limit: plenty.Limit}))...)
	if err != nil {
		return err
	}
	defer pool.Close()
	workers := make([]*worker, k.threads)
	var all sync.WaitGroup
	for i := range workers {
		workers[i] = &worker{check: k, name: fmt.Sprintf("worker_%d", i+1), symbol: symbols[i%len(symbols)], turn: i}
		all.Add(1)
		go k.guarded(workers[i].name, func() {
			defer all.Done()
			workers[i].run(pool)
		})
	}
	all.Wait()
	if err := k.broker.SetFaults(key, broker.Faults{}); err != nil {
		return err
	}
	return k.books(key, workers)
}

// worker is one of the clients, and what it has been told.
type worker struct {
	*check
	*alpaca.ThreadSafeAlpacaClient
	name, symbol string
	turn         int

	held      int             // shares that it has bought for certain, without those that it may have sold
	open      *alpaca.Order   // an order of its own that is open for certain
	last      *alpaca.Order   // the newest that it was told of
	placed    []*alpaca.Order // all that it was told of
	notPlaced []string        // client_order_ids of which it was told that there is no order
	unknown   []string        // those of which nobody knows
	closes    int             // shares that it has closed for certain
	perhaps   int             // shares that it may have closed
}

func (w *worker) run(pool *alpaca.AlpacaClientPool) {
	client, err := pool.CreateClient(w.name)
	if err != nil {
		w.wrong("%s: %v", w.name, err)
		return
	}
	w.ThreadSafeAlpacaClient = client
	kinds := []func() error{
		w.buy, w.account, w.sell, w.limit, w.positions, w.replace, w.order, w.cancel, w.close, w.quote, w.buy, w.orders, w.trade, w.limit,
		w.bars, w.cancel, w.clock, w.position, w.asset, w.sell, w.history, w.assets, w.calendar, w.byClientOrderID,
	}
	for range w.requests {
		w.count(kinds[w.turn%len(kinds)]())
		w.turn++
	}
	if err := pool.DestroyClient(client); err != nil {
		w.wrong("%s: %v", w.name, err)
	}
}

// count looks whether an operation may have failed in that way.
func (w *worker) count(err error) {
	if err == nil {
		w.succeeded.Add(1)
		return
	}
	w.failed.Add(1)
	if w.faults != 0 {
		for _, kind := range []alpaca.Kind{alpaca.ErrNetwork, alpaca.ErrBroker, alpaca.ErrNotPlaced, alpaca.ErrUnknown} {
			if errors.Is(err, kind) {
				return
			}
		}
	}
	w.wrong("%s: %v", w.name, err)
}

// expect is wrong where an answer is not what it has to be.
func (w *worker) expect(right bool, err error, got any) error {
	if err == nil && !right {
		w.wrong("%s: %+v", w.name, got)
	}
	return err
}

// outcome notes what has become of an order.
func (w *worker) outcome(order *alpaca.Order, err error, side alpaca.Side, qty int) error {
	if err == nil {
		w.placed = append(w.placed, order)
		w.last = order
		right := len(order.ID) == 36 && order.ClientOrderID != "" && order.Symbol == w.symbol && order.Side == side &&
			order.Qty != nil && *order.Qty == alpaca.Whole(qty)
		return w.expect(right, nil, order)
	}
	var e *alpaca.Error
	if errors.As(err, &e) && e.ClientOrderID != "" {
		switch e.Kind {
		case alpaca.ErrUnknown:
			w.unknown = append(w.unknown, e.ClientOrderID)
		default: // nothing was done, says each of the others
			w.notPlaced = append(w.notPlaced, e.ClientOrderID)
		}
	}
	return err
}

func (w *worker) buy() error {
	order, err := w.SubmitOrder(background, alpaca.OrderRequest{Symbol: w.symbol, Qty: alpaca.Whole(3), Side: alpaca.Buy})
	if err == nil {
		w.held += 3
	}
	return w.outcome(order, err, alpaca.Buy, 3)
}

func (w *worker) sell() error {
	if w.held == 0 {
		return w.buy()
	}
	w.held--
	order, err := w.SubmitOrder(background, alpaca.OrderRequest{Symbol: w.symbol, Qty: alpaca.Whole(1), Side: alpaca.Sell})
	return w.outcome(order, err, alpaca.Sell, 1)
}

// limit is an order so far from the price that it stays open.
func (w *worker) limit() error {
	order, err := w.SubmitOrder(background, alpaca.OrderRequest{Symbol: w.symbol, Qty: alpaca.Whole(1), Side: alpaca.Buy,
		Type: alpaca.Limit, TimeInForce: alpaca.GTC, LimitPrice: alpaca.Whole(1)})
	if err == nil {
		w.open = order
	}
	return w.outcome(order, err, alpaca.Buy, 1)
}

func (w *worker) replace() error {
	if w.open == nil {
		return w.limit()
	}
	old := w.open
	order, err := w.ReplaceOrder(background, old.ID, alpaca.Replacement{Qty: alpaca.Whole(2).Ptr(), LimitPrice: alpaca.MustDecimal("1.5").Ptr()})
	w.open = order
	if errors.Is(err, alpaca.ErrNotPlaced) || errors.Is(err, alpaca.ErrNetwork) {
		w.open = old
	}
	if err == nil && (order.Replaces == nil || *order.Replaces != old.ID) {
		w.wrong("%s: replaces another one: %+v", w.name, order)
	}
	return w.outcome(order, err, alpaca.Buy, 2)
}

func (w *worker) cancel() error {
	if w.open == nil {
		return w.orders()
	}
	order := w.open
	w.open = nil
	if err := w.CancelOrder(background, order.ID); err != nil {
		return err
	}
	got, err := w.GetOrder(background, order.ID)
	return w.expect(err == nil && got.Status == alpaca.StatusCanceled && got.CanceledAt != nil, err, got)
}

func (w *worker) close() error {
	if w.held == 0 {
		return w.buy()
	}
	w.held--
	order, err := w.ClosePosition(background, w.symbol, alpaca.Shares(alpaca.Whole(1)))
	switch {
	case err == nil:
		w.closes++
		w.placed = append(w.placed, order)
	case errors.Is(err, alpaca.ErrUnknown):
		w.perhaps++
	}
	return w.expect(err == nil && order.Side == alpaca.Sell && *order.Qty == alpaca.Whole(1) && order.Symbol == w.symbol, err, order)
}
