package main

import (
	"time"

	"http-sentinel/examples/trading/go/alpaca"
)

// What workers only ask for.

func (w *worker) account() error {
	account, err := w.GetAccount(background)
	return w.expect(err == nil && account.Equity == alpaca.Whole(rich) && account.Status == "ACTIVE", err, account)
}

func (w *worker) positions() error {
	all, err := w.GetPositions(background)
	for i := range all {
		w.isOwn(&all[i], all[i].Symbol, 1)
	}
	return err
}

func (w *worker) isOwn(p *alpaca.Position, symbol string, held int) {
	if p.Symbol != symbol || p.Side != "long" || p.Qty.Rat().Cmp(alpaca.Whole(held).Rat()) < 0 || p.UnrealizedPL.Sign() != 0 {
		w.wrong("%s: %+v", w.name, p)
	}
}

func (w *worker) position() error {
	if w.held == 0 {
		return w.positions()
	}
	position, err := w.GetPosition(background, w.symbol)
	if err == nil {
		w.isOwn(position, w.symbol, w.held)
	}
	return err
}

func same(a, b *alpaca.Order) bool {
	return a.ID == b.ID && a.ClientOrderID == b.ClientOrderID && a.Symbol == b.Symbol && a.Side == b.Side && *a.Qty == *b.Qty &&
		a.SubmittedAt.Equal(b.SubmittedAt)
}

func (w *worker) order() error {
	if w.last == nil {
		return w.clock()
	}
	order, err := w.GetOrder(background, w.last.ID)
	return w.expect(err == nil && same(order, w.last), err, order)
}

func (w *worker) byClientOrderID() error {
	if w.last == nil {
		return w.clock()
	}
	order, err := w.GetOrderByClientOrderID(background, w.last.ClientOrderID)
	return w.expect(err == nil && same(order, w.last), err, order)
}

func (w *worker) orders() error {
	all, err := w.ListOrders(background, alpaca.OrderFilter{Status: "all", Limit: 20, Symbols: []string{w.symbol}})
	for i := range all {
		w.expect(all[i].Symbol == w.symbol && (i == 0 || all[i].SubmittedAt.Before(all[i-1].SubmittedAt)), nil, all[i])
	}
	return err
}

func (w *worker) quote() error {
	quote, err := w.LatestQuote(background, w.symbol)
	return w.expect(err == nil && quote.AskPrice > quote.BidPrice && quote.AskSize == 3, err, quote)
}

func (w *worker) trade() error {
	trade, err := w.LatestTrade(background, w.symbol)
	return w.expect(err == nil && trade.Price > 0 && trade.ID == 55340, err, trade)
}

func (w *worker) bars() error {
	start := time.Date(2026, 2, 2, 0, 0, 0, 0, time.UTC)
	count := 0
	for bar, err := range w.Bars(background, w.symbol, alpaca.BarRequest{Timeframe: "1Day", Start: start, End: start.AddDate(0, 0, 10), Limit: 5}) {
		if err != nil {
			return err
		}
		w.expect(bar.Low <= bar.High && bar.Time.After(start), nil, bar)
		count++
	}
	return w.expect(count == 8, nil, count)
}

func (w *worker) clock() error {
	clock, err := w.GetClock(background)
	return w.expect(err == nil && clock.IsOpen && clock.NextClose.Before(clock.NextOpen), err, clock)
}

func (w *worker) asset() error {
	asset, err := w.GetAsset(background, w.symbol)
	return w.expect(err == nil && asset.Symbol == w.symbol && asset.Tradable, err, asset)
}

func (w *worker) assets() error {
	all, err := w.ListAssets(background, alpaca.AssetFilter{})
	return w.expect(len(all) == 12, err, all)
}

func (w *worker) history() error {
	h, err := w.GetPortfolioHistory(background, "1D", "")
	return w.expect(err == nil && len(h.Equity) == 1 && *h.Equity[0] == rich, err, h)
}

func (w *worker) calendar() error {
	day := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	days, err := w.GetCalendar(background, day, day)
	return w.expect(len(days) == 1 && days[0].Date == "2026-03-02", err, days)
}
