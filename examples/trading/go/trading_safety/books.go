package main

import (
	"fmt"
	"math/big"

	"http-sentinel/examples/trading/go/alpaca"
)

// books compares what the broker has in the end with what the workers were told.
func (k *check) books(key string, workers []*worker) error {
	client, err := k.client(key)
	if err != nil {
		return err
	}
	defer client.Close()
	orders, err := k.all(client)
	if err != nil {
		return err
	}
	k.each(orders, workers)
	if err := k.sums(client, orders); err != nil {
		return err
	}
	seen, err := k.broker.Look(key)
	if err != nil {
		return err
	}
	for _, text := range seen.Contradictions {
		k.wrong("books: %s", text)
	}
	k.duplicates += seen.DuplicatesRefused + max(seen.MostOfOne-1, 0)
	k.throttled += seen.Throttled
	closes, perhaps := 0, 0
	for _, w := range workers {
		closes, perhaps = closes+w.closes, perhaps+w.perhaps
	}
	if seen.Closes < closes || seen.Closes > closes+perhaps {
		k.wrong("books: %d closes at the broker, %d for certain and %d perhaps", seen.Closes, closes, perhaps)
	}
	fmt.Printf("threads: %d orders at the broker, %d requests\n", seen.Orders, seen.Requests)
	return nil
}

// all lists all orders, page after page.
func (k *check) all(client *alpaca.Client) (map[string]*alpaca.Order, error) {
	orders := map[string]*alpaca.Order{} // by client_order_id
	filter := alpaca.OrderFilter{Status: "all", Limit: 500, Direction: "asc"}
	for {
		page, err := client.ListOrders(background, filter)
		if err != nil {
			return nil, err
		}
		for i := range page {
			if orders[page[i].ClientOrderID] != nil {
				k.wrong("books: %s is there twice", page[i].ClientOrderID)
			}
			orders[page[i].ClientOrderID] = &page[i]
			filter.After = page[i].SubmittedAt
		}
		if len(page) < filter.Limit {
			return orders, nil
		}
	}
}

// each looks for every order that a worker was told of, and for what nobody knows of.
func (k *check) each(orders map[string]*alpaca.Order, workers []*worker) {
	explained := map[string]bool{}
	perhaps := map[string]int{} // shares of a symbol that may have been closed
	for _, w := range workers {
		for _, told := range w.placed {
			explained[told.ClientOrderID] = true
			if there := orders[told.ClientOrderID]; there == nil || !same(there, told) {
				k.wrong("books: %s was told of %+v, and there is %+v", w.name, told, there)
			}
		}
		for _, id := range w.notPlaced {
			if orders[id] != nil {
				k.wrong("books: %s was told that there is no %s, and there is %+v", w.name, id, orders[id])
			}
		}
		for _, id := range w.unknown {
			explained[id] = true
		}
		perhaps[w.symbol] += w.perhaps
	}
	for id, order := range orders {
		if explained[id] {
			continue
		}
		if perhaps[order.Symbol]--; perhaps[order.Symbol] < 0 || order.Side != alpaca.Sell || *order.Qty != alpaca.Whole(1) {
			k.wrong("books: nobody wanted %+v", order)
		}
	}
}

// sums is what the orders make of the money.
func (k *check) sums(client *alpaca.Client, orders map[string]*alpaca.Order) error {
	cash := new(big.Rat).SetInt64(rich)
	shares := map[string]*big.Rat{}
	for _, order := range orders {
		if order.FilledAvgPrice == nil {
			continue
		}
		qty := order.FilledQty.Rat()
		if order.Side == alpaca.Sell {
			qty.Neg(qty)
		}
		if shares[order.Symbol] == nil {
			shares[order.Symbol] = new(big.Rat)
		}
		shares[order.Symbol].Add(shares[order.Symbol], qty)
		cash.Sub(cash, qty.Mul(qty, order.FilledAvgPrice.Rat()))
	}
	account, err := client.GetAccount(background)
	if err != nil {
		return err
	}
	if account.Cash.Rat().Cmp(cash) != 0 || account.Equity != alpaca.Whole(rich) {
		k.wrong("books: cash %s, and by the orders %s; equity %s", account.Cash, cash.FloatString(9), account.Equity)
	}
	positions, err := client.GetPositions(background)
	if err != nil {
		return err
	}
	for _, position := range positions {
		if sum := shares[position.Symbol]; sum == nil || position.Qty.Rat().Cmp(sum) != 0 {
			k.wrong("books: %s of %s, and by the orders %v", position.Qty, position.Symbol, sum)
		}
		delete(shares, position.Symbol)
	}
	for symbol, sum := range shares {
		if sum.Sign() != 0 {
			k.wrong("books: nothing of %s, and by the orders %v", symbol, sum)
		}
	}
	return nil
}
