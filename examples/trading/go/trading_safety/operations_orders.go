package main

import (
	"errors"
	"fmt"
	"time"

	sentinel "http-sentinel/bindings/go"
	"http-sentinel/examples/trading/go/alpaca"
)

// order is what the broker says of a new one.
func (o *operations) order(r alpaca.OrderRequest, got *alpaca.Order) *alpaca.Order {
	at := o.tick()
	order := &alpaca.Order{
		ID: got.ID, ClientOrderID: r.ClientOrderID, Symbol: r.Symbol, AssetID: got.AssetID, AssetClass: "us_equity", Side: r.Side,
		Type: r.Type, TimeInForce: r.TimeInForce, Status: alpaca.StatusPendingNew, CreatedAt: at, UpdatedAt: at, SubmittedAt: at,
	}
	for _, one := range []struct {
		from alpaca.Decimal
		to   **alpaca.Decimal
	}{{r.Qty, &order.Qty}, {r.Notional, &order.Notional}, {r.LimitPrice, &order.LimitPrice}, {r.StopPrice, &order.StopPrice}} {
		if one.from.Sign() != 0 {
			*one.to = one.from.Ptr()
		}
	}
	return order
}

// filled is what becomes of it at once.
func (o *operations) filled(order *alpaca.Order, qty, price string) {
	at := o.tick()
	order.Status, order.UpdatedAt, order.FilledAt = alpaca.StatusFilled, at, &at
	order.FilledQty, order.FilledAvgPrice = money(qty), money(price).Ptr()
}

func (o *operations) buy() error {
	r := alpaca.OrderRequest{Symbol: "AAPL", Qty: alpaca.Whole(10), Side: alpaca.Buy, Type: alpaca.Market, TimeInForce: alpaca.Day,
		ClientOrderID: "the first one"}
	got, err := o.SubmitOrder(background, r)
	if err != nil {
		return err
	}
	order := o.order(r, got)
	order.AssetID = o.apple.ID
	o.same("submit order", got, order)
	o.filled(order, "10", "190.5")
	o.bought = order
	got, err = o.GetOrder(background, order.ID)
	o.same("get order", got, order)
	again, err2 := o.GetOrderByClientOrderID(background, r.ClientOrderID)
	o.same("get order by client order id", again, order)
	all, err3 := o.ListOrders(background, alpaca.OrderFilter{Status: "closed", Limit: 500, Direction: "asc", Symbols: []string{"AAPL", "F"},
		After: o.start, Until: o.start.Add(time.Second), Side: alpaca.Buy})
	o.same("list orders", all, []*alpaca.Order{order})
	none, err4 := o.ListOrders(background, alpaca.OrderFilter{Status: "all", After: order.SubmittedAt})
	o.same("list no orders", none, []*alpaca.Order{})

	half, err5 := o.SubmitOrder(background, alpaca.OrderRequest{Symbol: "AAPL", Notional: money("95.25"), Side: alpaca.Buy})
	if err5 == nil {
		o.ticks += 2
		half, err5 = o.GetOrder(background, half.ID)
	}
	if err5 == nil && (half.FilledQty != money("0.5") || *half.Notional != money("95.25") || half.Qty != nil || len(half.ClientOrderID) != 32) {
		o.wrong("order by amount: %+v", half)
	}
	return errors.Join(err, err2, err3, err4, err5)
}

func (o *operations) limit() error {
	r := alpaca.OrderRequest{Symbol: "F", Qty: alpaca.Whole(5), Side: alpaca.Buy, Type: alpaca.Limit, TimeInForce: alpaca.GTC,
		LimitPrice: money("10.00"), ClientOrderID: "a/b?c=d&e ü"}
	got, err := o.SubmitOrder(background, r)
	if err != nil {
		return err
	}
	old := o.order(r, got)
	o.same("limit order", got, old)
	old.Status = alpaca.StatusNew
	open, err := o.ListOrders(background, alpaca.OrderFilter{})
	o.same("open orders", open, []*alpaca.Order{old})
	if err := o.worth("with an open order", "97999.75", "97949.75", "2000.25"); err != nil {
		return err
	}
	got, err2 := o.ReplaceOrder(background, old.ID, alpaca.Replacement{Qty: alpaca.Whole(6).Ptr(), LimitPrice: money("10.5").Ptr(), ClientOrderID: "in its place"})
	if err := errors.Join(err, err2); err != nil {
		return err
	}
	r.Qty, r.LimitPrice, r.ClientOrderID = alpaca.Whole(6), money("10.5"), "in its place"
	order := o.order(r, got)
	order.Replaces = &old.ID
	o.same("replace order", got, order)
	old.Status, old.ReplacedBy, old.UpdatedAt, old.ReplacedAt = alpaca.StatusReplaced, &order.ID, order.SubmittedAt, &order.SubmittedAt
	got, err = o.GetOrderByClientOrderID(background, old.ClientOrderID)
	o.same("replaced order", got, old)
	_, err2 = o.ReplaceOrder(background, old.ID, alpaca.Replacement{Qty: alpaca.Whole(7).Ptr()})
	o.fails("replace what is replaced", err2, alpaca.ErrRejected)
	return err
}

func (o *operations) cancel() error {
	order, err := o.GetOrderByClientOrderID(background, "in its place")
	if err != nil {
		return err
	}
	err = o.CancelOrder(background, order.ID)
	at := o.tick()
	order.Status, order.UpdatedAt, order.CanceledAt = alpaca.StatusCanceled, at, &at
	got, err2 := o.GetOrder(background, order.ID)
	o.same("cancelled order", got, order)
	err3 := o.CancelOrder(background, order.ID) // it is
	e := o.fails("cancel what is filled", o.CancelOrder(background, o.bought.ID), alpaca.ErrRejected)
	o.same("cancel what is filled", []any{e.HTTPStatus, e.Code, e.Message}, []any{422, 42210000, `order is already in "filled" state`})
	o.fails("cancel nothing", o.CancelOrder(background, "no-such-order"), alpaca.ErrNotFound)

	var ids []alpaca.CancelledOrder
	for range 2 {
		one, err := o.SubmitOrder(background, alpaca.OrderRequest{Symbol: "F", Qty: alpaca.Whole(1), Side: alpaca.Buy, Type: alpaca.StopLimit,
			TimeInForce: alpaca.Day, LimitPrice: money("14"), StopPrice: money("13.5")})
		if err != nil {
			return err
		}
		ids = append(ids, alpaca.CancelledOrder{ID: one.ID, Status: 200})
		o.ticks += 2 // accepted, and then cancelled
	}
	gone, err4 := o.CancelAllOrders(background)
	o.same("cancel all orders", gone, ids)
	return errors.Join(err, err2, err3, err4)
}

func (o *operations) refusals() error {
	_, err := o.SubmitOrder(background, alpaca.OrderRequest{Symbol: "AAPL", Qty: alpaca.Whole(1_000_000), Side: alpaca.Buy})
	e := o.fails("too many", err, alpaca.ErrRejected)
	o.same("too many", []any{e.HTTPStatus, e.Code, e.Message, len(e.ClientOrderID)}, []any{403, 40310000, "insufficient buying power", 32})
	_, err = o.SubmitOrder(background, alpaca.OrderRequest{Symbol: "MSFT", Qty: alpaca.Whole(1), Side: alpaca.Sell})
	o.fails("sell what there is not", err, alpaca.ErrRejected)
	_, err = o.SubmitOrder(background, alpaca.OrderRequest{Symbol: "NOSUCH", Qty: alpaca.Whole(1), Side: alpaca.Buy})
	o.fails("no such symbol", err, alpaca.ErrRejected)
	_, err = o.SubmitOrder(background, alpaca.OrderRequest{Symbol: "AAPL", Side: alpaca.Buy})
	e = o.fails("neither quantity nor amount", err, alpaca.ErrArgument)
	o.same("neither quantity nor amount", []any{e.HTTPStatus, e.RequestSent}, []any{0, sentinel.SentNo})
	_, err = o.ClosePosition(background, "..", alpaca.All())
	o.fails("close what leads to all", err, alpaca.ErrArgument)
	_, err = o.ClosePosition(background, "AAPL", alpaca.Shares(alpaca.Whole(0)))
	o.fails("close none", err, alpaca.ErrArgument)
	o.ticks += 2 // orders are numbered before they are refused
	return nil
}

func (o *operations) close() error {
	for _, one := range []struct {
		part alpaca.Part
		sold string
	}{{alpaca.Shares(money("4.5")), "4.5"}, {alpaca.Percent(money("50")), "3"}, {alpaca.All(), "3"}} {
		order, err := o.ClosePosition(background, "AAPL", one.part)
		if err != nil {
			return fmt.Errorf("close position: %w", err)
		}
		o.same("close position", []any{order.Side, order.Qty, order.Symbol, order.Type}, []any{alpaca.Sell, money(one.sold), "AAPL", alpaca.Market})
	}
	_, err := o.ClosePosition(background, "AAPL", alpaca.All())
	o.fails("close what is closed", err, alpaca.ErrNotFound)
	return nil
}

func (o *operations) closeAll() error {
	for _, symbol := range []string{"AAPL", "THIN"} {
		if _, err := o.SubmitOrder(background, alpaca.OrderRequest{Symbol: symbol, Qty: alpaca.Whole(4), Side: alpaca.Buy}); err != nil {
			return err
		}
	}
	parts, err := o.CloseAllPositions(background, true)
	if err != nil {
		return err
	}
	for i, want := range []struct {
		symbol string
		qty    int
	}{{"AAPL", 4}, {"THIN", 2}} { // of THIN the half was bought, and the rest cancelled
		if len(parts) != 2 || parts[i].Symbol != want.symbol || parts[i].Status != 200 || *parts[i].Order.Qty != alpaca.Whole(want.qty) {
			o.wrong("close all positions: %+v", parts)
			break
		}
	}
	if parts, err = o.CloseAllPositions(background, false); len(parts) != 1 { // THIN sells half of it, too
		o.wrong("close all positions again: %+v", parts)
	} else {
		o.same("refused part", parts[0], alpaca.ClosedPosition{Symbol: "THIN", Status: 403, Code: 40310000,
			Reason: "insufficient qty available for order (requested: 1, available: 0)"})
	}
	return err
}
