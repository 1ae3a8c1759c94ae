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
