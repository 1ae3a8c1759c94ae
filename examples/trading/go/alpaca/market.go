package alpaca

import (
	"context"
	"errors"
	"iter"
	"net/url"
	"strconv"
	"time"
)

// AssetFilter says which assets. Empty is any.
type AssetFilter struct {
	Status   string // "active", "inactive"
	Class    string // "us_equity", "crypto"
	Exchange string
}

// ListAssets tells what can be traded.
func (c *Client) ListAssets(ctx context.Context, f AssetFilter) ([]Asset, error) {
	query := with(with(with(nil, "status", f.Status), "asset_class", f.Class), "exchange", f.Exchange)
	return list[Asset](ctx, c, &call{op: "list assets", path: "/v2/assets", query: query})
}

// GetAsset tells of one asset.
func (c *Client) GetAsset(ctx context.Context, symbol string) (*Asset, error) {
	const op = "get asset"
	path, refused := named(op, "/v2/assets", symbol, "")
	if refused != nil {
		return nil, refused
	}
	asset, failed := get[Asset](ctx, c, &call{op: op, path: path})
	return asset, orNil(failed)
}

// GetClock tells whether the market is open.
func (c *Client) GetClock(ctx context.Context) (*Clock, error) {
	clock, failed := get[Clock](ctx, c, &call{op: "get clock", path: "/v2/clock"})
	return clock, orNil(failed)
}

// GetCalendar tells on which days there is trading, from the date of start to that of end. Zero is as far as the broker knows.
func (c *Client) GetCalendar(ctx context.Context, start, end time.Time) ([]CalendarDay, error) {
	var query url.Values
	if !start.IsZero() {
		query = with(query, "start", start.Format(time.DateOnly))
	}
	if !end.IsZero() {
		query = with(query, "end", end.Format(time.DateOnly))
	}
	return list[CalendarDay](ctx, c, &call{op: "get calendar", path: "/v2/calendar", query: query})
}

// LatestQuote is the newest quote.
func (c *Client) LatestQuote(ctx context.Context, symbol string) (*Quote, error) {
	answer, err := latest[struct {
		Symbol string `json:"symbol"`
		Quote  Quote  `json:"quote"`
	}](ctx, c, "latest quote", symbol, "/quotes/latest")
	if err != nil {
		return nil, err
	}
	return &answer.Quote, nil
}

// LatestTrade is the newest trade.
func (c *Client) LatestTrade(ctx context.Context, symbol string) (*Trade, error) {
	answer, err := latest[struct {
		Symbol string `json:"symbol"`
		Trade  Trade  `json:"trade"`
	}](ctx, c, "latest trade", symbol, "/trades/latest")
	if err != nil {
		return nil, err
	}
	return &answer.Trade, nil
}

func latest[T any](ctx context.Context, c *Client, op, symbol, what string) (*T, error) {
	path, refused := named(op, "/v2/stocks", symbol, what)
	if refused != nil {
		return nil, refused
	}
	answer, failed := get[T](ctx, c, &call{op: op, path: path, data: true})
	return answer, orNil(failed)
}

// BarRequest says which bars.
type BarRequest struct {
	Timeframe  string // "1Min", "1Hour", "1Day"
	Start, End time.Time
	Limit      int    // of a page; 0: the broker's
	PageToken  string // where the last page ended; empty: the first
}

// BarPage is some bars, and where it goes on.
type BarPage struct {
	Symbol        string
	Bars          []Bar
	NextPageToken string // empty at the end
}

// GetBars is one page of bars.
func (c *Client) GetBars(ctx context.Context, symbol string, r BarRequest) (*BarPage, error) {
	page, _, err := c.page(ctx, symbol, r)
	return page, err
}

func (c *Client) page(ctx context.Context, symbol string, r BarRequest) (*BarPage, *answer, error) {
	const op = "get bars"
	path, refused := named(op, "/v2/stocks", symbol, "/bars")
	if refused != nil {
		return nil, nil, refused
	}
	if r.Timeframe == "" {
		return nil, nil, refuse(op, "of which time frame?")
	}
	what := &call{op: op, path: path, data: true, query: url.Values{"timeframe": {r.Timeframe}}}
	with(with(with(what.query, "start", moment(r.Start)), "end", moment(r.End)), "page_token", r.PageToken)
	if r.Limit != 0 {
		what.query.Set("limit", strconv.Itoa(r.Limit))
	}
	came, failed := c.ask(ctx, what)
	if failed != nil {
		return nil, nil, failed
	}
	var read struct {
		Symbol string  `json:"symbol"`
		Bars   []Bar   `json:"bars,omitempty"`
		Next   *string `json:"next_page_token"`
	}
	if err := decode(came.body, &read); err != nil {
		return nil, nil, came.bad(err)
	}
	page := &BarPage{Symbol: read.Symbol, Bars: read.Bars}
	if read.Next != nil {
		page.NextPageToken = *read.Next
	}
	return page, came, nil
}

// Bars is all bars, page after page:
//
//	for bar, err := range client.Bars(ctx, "AAPL", alpaca.BarRequest{Timeframe: "1Day", Start: start}) {
//
// An error is the last that comes.
func (c *Client) Bars(ctx context.Context, symbol string, r BarRequest) iter.Seq2[Bar, error] {
	return func(yield func(Bar, error) bool) {
		for {
			page, came, err := c.page(ctx, symbol, r)
			if err == nil && page.NextPageToken != "" && page.NextPageToken == r.PageToken {
				err = came.bad(errors.New("the next page is this one"))
			}
			if err != nil {
				yield(Bar{}, err)
				return
			}
			for _, bar := range page.Bars {
				if !yield(bar, nil) {
					return
				}
			}
			if page.NextPageToken == "" {
				return
			}
			r.PageToken = page.NextPageToken
		}
	}
}
