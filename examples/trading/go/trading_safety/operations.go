package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	sentinel "http-sentinel/bindings/go"
	"http-sentinel/examples/trading/go/alpaca"
	"http-sentinel/examples/trading/go/internal/broker"
)

// operations is each operation, on one client, and every field that is known.
func (k *check) operations() error {
	key, err := k.account("operations", plenty)
	if err != nil {
		return err
	}
	client, err := k.client(key)
	if err != nil {
		return err
	}
	o := &operations{check: k, Client: client, start: time.Date(2026, 3, 2, 15, 0, 0, 0, time.UTC)}
	for _, step := range []func() error{
		o.markets, o.assets, o.account, o.buy, o.position, o.prices, o.bars, o.limit, o.cancel, o.refusals, o.close, o.closeAll, o.history, o.end,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	if err := k.keys(key); err != nil {
		return err
	}
	return client.Close()
}

type operations struct {
	*check
	*alpaca.Client
	start  time.Time // of the account's clock, which moves on a millisecond with each thing that happens to an order
	ticks  int
	apple  alpaca.Asset
	bought *alpaca.Order
}

// tick is the next moment of the account's clock.
func (o *operations) tick() time.Time {
	o.ticks++
	return o.start.Add(time.Duration(o.ticks) * time.Millisecond)
}

func money(text string) alpaca.Decimal { return alpaca.MustDecimal(text) }

func (o *operations) markets() error {
	newYork := time.FixedZone("", -5*3600)
	clock, err := o.GetClock(background)
	if err != nil {
		return err
	}
	o.same("clock", clock, alpaca.Clock{
		Timestamp: o.start.In(newYork), IsOpen: true,
		NextOpen:  time.Date(2026, 3, 3, 9, 30, 0, 0, newYork),
		NextClose: time.Date(2026, 3, 2, 16, 0, 0, 0, newYork),
	})
	days, err := o.GetCalendar(background, time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 7, 7, 0, 0, 0, 0, time.UTC))
	var want []alpaca.CalendarDay
	for _, date := range []string{"2026-07-01", "2026-07-02", "2026-07-06", "2026-07-07"} {
		want = append(want, alpaca.CalendarDay{Date: date, Open: "09:30", Close: "16:00"})
	}
	o.same("calendar", days, want)
	return err
}

func (o *operations) assets() error {
	all, err := o.ListAssets(background, alpaca.AssetFilter{Status: "active", Class: "us_equity"})
	if err != nil {
		return err
	}
	apple, err := o.GetAsset(background, "AAPL")
	if err != nil {
		return err
	}
	if len(all) != 12 || all[0] != *apple || len(apple.ID) != 36 {
		o.wrong("assets: %+v", all)
	}
	o.apple = *apple
	o.same("asset", apple, alpaca.Asset{
		ID: apple.ID, Symbol: "AAPL", Name: "Apple Inc. Common Stock", Class: "us_equity", Exchange: "NASDAQ", Status: "active",
		Tradable: true, Marginable: true, Fractionable: true,
	})
	_, err = o.GetAsset(background, "NOSUCH")
	e := o.fails("no such asset", err, alpaca.ErrNotFound)
	o.same("no such asset", []any{e.HTTPStatus, e.Code, e.RequestSent, e.Attempts}, []any{404, 40410000, sentinel.SentYes, 1})
	return nil
}

func (o *operations) account() error { return o.worth("account", "100000", "100000", "0") }

// worth looks at the account.
func (o *operations) worth(what, cash, power, shares string) error {
	account, err := o.GetAccount(background)
	if err != nil {
		return err
	}
	if len(account.ID) != 36 || len(account.AccountNumber) != 12 {
		o.wrong("%s: %+v", what, account)
	}
	hundred := money("100000")
	o.same(what, account, alpaca.Account{
		ID: account.ID, AccountNumber: account.AccountNumber, Status: "ACTIVE", Currency: "USD", Cash: money(cash),
		BuyingPower: money(power), Equity: hundred, LastEquity: hundred, PortfolioValue: hundred, LongMarketValue: money(shares),
		InitialMargin: money(shares), Multiplier: "1",
	})
	return nil
}

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

func (o *operations) position() error {
	position, err := o.GetPosition(background, "AAPL")
	o.same("position", position, alpaca.Position{
		AssetID: o.apple.ID, Symbol: "AAPL", Exchange: "NASDAQ", AssetClass: "us_equity", Side: "long", Qty: money("10.5"),
		QtyAvailable: money("10.5"), AvgEntryPrice: money("190.5"), MarketValue: money("2000.25"), CostBasis: money("2000.25"),
		CurrentPrice: money("190.5"), LastdayPrice: money("190.5"),
	})
	all, err2 := o.GetPositions(background)
	o.same("positions", all, []*alpaca.Position{position})
	_, err3 := o.GetPosition(background, "MSFT")
	o.fails("no position", err3, alpaca.ErrNotFound)
	return errors.Join(err, err2)
}

func (o *operations) prices() error {
	now := o.start.Add(time.Duration(o.ticks) * time.Millisecond)
	quote, err := o.LatestQuote(background, "AAPL")
	o.same("quote", quote, alpaca.Quote{Time: now, AskExchange: "Q", AskPrice: 190.51, AskSize: 3, BidExchange: "Q", BidPrice: 190.49, BidSize: 2})
	trade, err2 := o.LatestTrade(background, "BRK.B")
	o.same("trade", trade, alpaca.Trade{Time: now, Exchange: "Q", Price: 412.1, Size: 100, ID: 55340})
	_, err3 := o.LatestTrade(background, "NOSUCH")
	o.fails("no such symbol", err3, alpaca.ErrNotFound)
	return errors.Join(err, err2)
}

func (o *operations) bars() error {
	r := alpaca.BarRequest{Timeframe: "1Min", Start: time.Date(2026, 2, 27, 0, 0, 0, 0, time.UTC), End: o.start.Add(-time.Hour), Limit: 150}
	var all []alpaca.Bar
	for bar, err := range o.Bars(background, "AAPL", r) {
		if err != nil {
			return err
		}
		if n := len(all); n > 0 && !bar.Time.After(all[n-1].Time) || bar.Low > bar.Open || bar.High < bar.Close || bar.Close != 190.5 ||
			bar.Volume < 1 || bar.Trades < 1 || bar.VWAP < bar.Low {
			o.wrong("bar %d: %+v", n, bar)
		}
		all = append(all, bar)
	}
	if len(all) != 390 || !all[0].Time.Equal(time.Date(2026, 2, 27, 14, 30, 0, 0, time.UTC)) {
		o.wrong("%d bars", len(all))
	}
	r.Limit = 10_000
	page, err := o.GetBars(background, "AAPL", r)
	if err != nil {
		return err
	}
	o.same("bars in one page", page, alpaca.BarPage{Symbol: "AAPL", Bars: all})
	r.Start, r.End = time.Date(2026, 2, 28, 0, 0, 0, 0, time.UTC), time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	page, err = o.GetBars(background, "AAPL", r)
	o.same("no bars", page, alpaca.BarPage{Symbol: "AAPL"})
	return err
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

func (o *operations) history() error {
	h, err := o.GetPortfolioHistory(background, "1W", "1D")
	if err != nil {
		return err
	}
	hundred, none := 100_000.0, 0.0
	want := alpaca.PortfolioHistory{Timestamp: h.Timestamp, BaseValue: hundred, Timeframe: "1D"}
	for range 5 {
		want.Equity, want.ProfitLoss = append(want.Equity, &hundred), append(want.ProfitLoss, &none)
		want.ProfitLossPct = append(want.ProfitLossPct, &none)
	}
	o.same("portfolio history", h, want)
	if len(h.Timestamp) == 5 && h.Timestamp[4] != o.start.Unix() {
		o.wrong("portfolio history: %v", h.Timestamp)
	}
	return nil
}

func (o *operations) end() error {
	if _, err := o.CancelAllOrders(background); err != nil {
		return err
	}
	return o.worth("in the end", "99975", "99975", "25")
}

// keys that are wrong are refused, and in no error.
func (k *check) keys(key string) error {
	const secret = "not the secret"
	client, err := alpaca.NewClient(key, secret, alpaca.Paper, k.options()...)
	if err != nil {
		return err
	}
	_, err = client.GetAccount(background)
	k.fails("wrong secret", err, alpaca.ErrUnauthorized)
	for _, text := range []string{fmt.Sprintf("%v %+v", err, client), fmt.Sprintf("%#v", client)} {
		if strings.Contains(text, secret) || strings.Contains(text, key) {
			k.wrong("a key is told: %s", text)
		}
	}
	if k.bound {
		done := make(chan error)
		go func() {
			_, err := client.GetAccount(background)
			done <- err
		}()
		if err := <-done; !errors.Is(err, sentinel.ErrWrongThread) {
			k.wrong("on another thread: %v", err)
		}
	}
	_, err = alpaca.NewClient("", broker.Secret, alpaca.Paper)
	k.fails("no key", err, alpaca.ErrArgument)
	return client.Close()
}
