package main

import (
	"errors"
	"fmt"
	"strings"

	sentinel "http-sentinel/bindings/go"
	"http-sentinel/examples/trading/go/alpaca"
	"http-sentinel/examples/trading/go/internal/broker"
)

// lost is an account, faults, and what has to come of them.
type lost struct {
	*check
	key, name string
	client    *alpaca.Client
}

func times(n int, fault string) []string { return strings.Fields(strings.Repeat(fault+" ", n)) }

// lostAnswers is one fault at a time.
func (k *check) lostAnswers() error {
	for i, row := range []struct {
		name   string
		method string   // the faults are for it alone; empty: for all
		before []string // faults that are set before anything is done
		do     func(*lost)
	}{
		{"submit, reset after", "POST", times(1, "reset_after"), found},
		{"submit, reset midway", "POST", times(1, "reset_midway"), found},
		{"submit, error after", "POST", times(1, "error_after"), found},
		{"submit, late", "POST", times(1, "late"), found},
		{"submit, reset before", "POST", times(1, "reset_before"), notPlaced},
		{"submit, error before", "POST", times(1, "error_before"), notPlaced},
		{"submit, reset unread", "POST", times(1, "reset_unread"), notEvenRead},
		{"submit, and nobody answers", "", append(times(1, "reset_after"), times(3, "error_before")...), unknown},
		{"submit the same twice", "", nil, twice},
		{"replace, reset after", "", nil, replaced},
		{"replace, reset before", "", nil, notReplaced},
		{"cancel, reset after", "", nil, cancelled},
		{"cancel, error before", "", nil, notCancelled},
		{"close a part, reset after", "", nil, closedPart},
		{"close the whole, reset after", "", nil, closedWhole},
		{"get account, reset after and midway", "GET", []string{"reset_after", "reset_midway"}, read},
		{"get account, error before", "GET", times(3, "error_before"), notRead},
	} {
		key, err := k.account(fmt.Sprintf("lost-%d", i), plenty)
		if err != nil {
			return err
		}
		client, err := k.client(key)
		if err != nil {
			return err
		}
		l := &lost{k, key, row.name, client}
		if row.method == "" {
			l.faults(broker.Faults{Next: row.before})
		} else {
			l.fault(row.method, row.before...)
		}
		row.do(l)
		if err := client.Close(); err != nil {
			return err
		}
	}
	return errors.Join(k.none(), k.nobody())
}

func (l *lost) faults(f broker.Faults) {
	if err := l.broker.SetFaults(l.key, f); err != nil {
		l.wrong("%s: %v", l.name, err)
	}
}

// fault is one of a method.
func (l *lost) fault(method string, next ...string) {
	l.faults(broker.Faults{Methods: []string{method}, Next: next})
}

// received looks how often an order has come, and how many there are at the broker.
func (l *lost) received(id string, wanted, orders int) {
	times, err := l.broker.Received(l.key, id)
	seen, err2 := l.broker.Look(l.key)
	if err := errors.Join(err, err2); err != nil || times != wanted || seen.Orders != orders {
		l.wrong("%s: came %d times and not %d, %d orders and not %d: %v", l.name, times, wanted, seen.Orders, orders, err)
	}
	if len(seen.Contradictions) > 0 {
		l.wrong("%s: %q", l.name, seen.Contradictions)
	}
}

var ten = alpaca.OrderRequest{Symbol: "AAPL", Qty: alpaca.Whole(10), Side: alpaca.Buy}

func named(r alpaca.OrderRequest, id string) alpaca.OrderRequest {
	r.ClientOrderID = id
	return r
}

// isTen looks whether an order is the one that was asked for.
func (l *lost) isTen(order *alpaca.Order, err error, id string, reconciled bool) {
	if err != nil {
		l.wrong("%s: %v", l.name, err)
		return
	}
	l.same(l.name, []any{order.ClientOrderID, order.Symbol, order.Side, order.Qty, order.Reconciled},
		[]any{id, ten.Symbol, ten.Side, ten.Qty, reconciled})
}

func found(l *lost) {
	order, err := l.client.SubmitOrder(background, named(ten, "found"))
	l.isTen(order, err, "found", true)
	l.received("found", 1, 1)
}

func notPlaced(l *lost) { l.placedAgain(1) }

// notEvenRead is not counted by the broker, which knows of orders by their bodies.
func notEvenRead(l *lost) { l.placedAgain(0) }

func (l *lost) placedAgain(counted int) {
	_, err := l.client.SubmitOrder(background, named(ten, "again"))
	e := l.fails(l.name, err, alpaca.ErrNotPlaced)
	if e.ClientOrderID != "again" || e.RequestSent == sentinel.SentNo {
		l.wrong("%s: %v", l.name, e)
	}
	l.received("again", counted, 0)
	order, err := l.client.SubmitOrder(background, named(ten, e.ClientOrderID))
	l.isTen(order, err, "again", false)
	l.received("again", counted+1, 1)
}

func unknown(l *lost) {
	_, err := l.client.SubmitOrder(background, ten) // its client_order_id is generated
	e := l.fails(l.name, err, alpaca.ErrUnknown)
	if e.ClientOrderID == "" || e.RequestSent != sentinel.SentMaybe {
		l.wrong("%s: %v", l.name, e)
	}
	l.faults(broker.Faults{})
	order, err := l.client.GetOrderByClientOrderID(background, e.ClientOrderID)
	l.isTen(order, err, e.ClientOrderID, false)
	l.received(e.ClientOrderID, 1, 1)
}

func twice(l *lost) {
	order, err := l.client.SubmitOrder(background, named(ten, "twice"))
	l.isTen(order, err, "twice", false)
	_, err = l.client.SubmitOrder(background, named(ten, "twice"))
	l.fails(l.name, err, alpaca.ErrDuplicate)
	l.received("twice", 2, 1)
}

// open is an order that stays open.
func (l *lost) open() *alpaca.Order {
	low := alpaca.OrderRequest{Symbol: "AAPL", Qty: alpaca.Whole(1), Side: alpaca.Buy, Type: alpaca.Limit, LimitPrice: alpaca.Whole(1)}
	order, err := l.client.SubmitOrder(background, low)
	if err != nil {
		l.wrong("%s: %v", l.name, err)
		return &alpaca.Order{ID: "none"}
	}
	return order
}

// is looks what an order is like by now.
func (l *lost) is(id string, status alpaca.OrderStatus) {
	if order, err := l.client.GetOrder(background, id); err != nil || order.Status != status {
		l.wrong("%s: %v, %+v, which has to be %s", l.name, err, order, status)
	}
}

var two = alpaca.Replacement{Qty: alpaca.Whole(2).Ptr(), ClientOrderID: "new"}

func replaced(l *lost) {
	old := l.open()
	l.fault("PATCH", "reset_after")
	order, err := l.client.ReplaceOrder(background, old.ID, two)
	if err != nil || !order.Reconciled || order.Replaces == nil || *order.Replaces != old.ID || *order.Qty != *two.Qty {
		l.wrong("%s: %v, %+v", l.name, err, order)
	}
	l.is(old.ID, alpaca.StatusReplaced)
	l.received("new", 1, 2)
}

func notReplaced(l *lost) {
	old := l.open()
	l.fault("PATCH", "reset_before")
	_, err := l.client.ReplaceOrder(background, old.ID, two)
	l.fails(l.name, err, alpaca.ErrNotPlaced)
	l.is(old.ID, alpaca.StatusNew)
	l.received("new", 1, 1)
}

func cancelled(l *lost) {
	order := l.open()
	l.fault("DELETE", "reset_after")
	if err := l.client.CancelOrder(background, order.ID); err != nil {
		l.wrong("%s: %v", l.name, err)
	}
	l.is(order.ID, alpaca.StatusCanceled)
}

func notCancelled(l *lost) {
	order := l.open()
	l.fault("DELETE", times(3, "error_before")...)
	l.fails(l.name, l.client.CancelOrder(background, order.ID), alpaca.ErrUnknown)
	l.is(order.ID, alpaca.StatusNew)
}

func (l *lost) close(part alpaca.Part) (*alpaca.Order, error) {
	order, err := l.client.SubmitOrder(background, named(ten, "held"))
	l.isTen(order, err, "held", false)
	l.fault("DELETE", "reset_after")
	return l.client.ClosePosition(background, "AAPL", part)
}

func closedPart(l *lost) {
	_, err := l.close(alpaca.Shares(alpaca.Whole(4)))
	l.fails(l.name, err, alpaca.ErrUnknown)
	if position, err := l.client.GetPosition(background, "AAPL"); err != nil || position.Qty != alpaca.Whole(6) {
		l.wrong("%s: %v, %+v", l.name, err, position)
	}
	l.received("held", 1, 2)
}

func closedWhole(l *lost) {
	if order, err := l.close(alpaca.All()); err != nil || !order.Reconciled || order.ID != "" {
		l.wrong("%s: %v, %+v", l.name, err, order)
	}
	l.received("held", 1, 2)
}

func read(l *lost) {
	account, err := l.client.GetAccount(background)
	if err != nil || account.Cash != alpaca.Whole(100_000) {
		l.wrong("%s: %v, %+v", l.name, err, account)
	}
}

func notRead(l *lost) {
	_, err := l.client.GetAccount(background)
	e := l.fails(l.name, err, alpaca.ErrBroker)
	l.same(l.name, []any{e.HTTPStatus / 100, e.Code, e.Attempts}, []any{5, 50010000, 3})
}

// none is let through: nothing was done, and it is not tried again.
func (k *check) none() error {
	key, err := k.account("none", broker.Opening{})
	if err != nil {
		return err
	}
	client, err := k.client(key)
	if err != nil {
		return err
	}
	_, err = client.SubmitOrder(background, ten)
	e := k.fails("throttled", err, alpaca.ErrRateLimited)
	k.same("throttled", []any{e.HTTPStatus, e.Code, e.Attempts}, []any{429, 42910000, 1})
	return client.Close()
}

// nobody is at the address: it was not sent, and the error says so.
func (k *check) nobody() error {
	client, err := alpaca.NewClient("key", broker.Secret, alpaca.Paper, k.options(alpaca.WithBaseURL("http://127.0.0.1:1"))...)
	if err != nil {
		return err
	}
	_, err = client.SubmitOrder(background, ten)
	if e := k.fails("nobody there", err, alpaca.ErrNetwork); e.RequestSent != sentinel.SentNo || e.ClientOrderID == "" || e.Attempts != 3 {
		k.wrong("nobody there: %v", e)
	}
	_, err = client.GetAccount(background)
	k.fails("nobody there", err, alpaca.ErrNetwork)
	return client.Close()
}
