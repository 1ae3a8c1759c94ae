package alpaca

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
)

// GetAccount tells what the account has and may do.
func (c *Client) GetAccount(ctx context.Context) (*Account, error) {
	account, failed := get[Account](ctx, c, &call{op: "get account", path: "/v2/account"})
	return account, orNil(failed)
}

// GetPositions tells what is held.
func (c *Client) GetPositions(ctx context.Context) ([]Position, error) {
	return list[Position](ctx, c, &call{op: "get positions", path: "/v2/positions"})
}

// GetPosition tells what is held of one asset; ErrNotFound where that is nothing.
func (c *Client) GetPosition(ctx context.Context, symbol string) (*Position, error) {
	const op = "get position"
	path, refused := named(op, "/v2/positions", symbol, "")
	if refused != nil {
		return nil, refused
	}
	position, failed := get[Position](ctx, c, &call{op: op, path: path})
	return position, orNil(failed)
}

// Part is how much of a position: [All], [Shares] or [Percent]. The zero value is none of it, and is refused.
type Part struct {
	all             bool
	qty, percentage Decimal
}

// All is the whole position.
func All() Part { return Part{all: true} }

// Shares is so many of it.
func Shares(n Decimal) Part { return Part{qty: n} }

// Percent is so many hundredths of it.
func Percent(n Decimal) Part { return Part{percentage: n} }

// ClosePosition sells a part of what is held of an asset. Each time that it is done it sells so much.
//
// After a lost answer to [All] it looks at the position: where that is gone, it has succeeded, and the order is empty but for
// Reconciled. Else the error is ErrUnknown: look at the orders. Who needs certainty sells with SubmitOrder.
func (c *Client) ClosePosition(ctx context.Context, symbol string, part Part) (*Order, error) {
	const op = "close position"
	path, refused := named(op, "/v2/positions", symbol, "")
	if refused != nil {
		return nil, refused
	}
	what := &call{op: op, method: "DELETE", path: path, effect: changes}
	switch {
	case part.all:
	case part.qty.Sign() > 0:
		what.query = with(nil, "qty", part.qty.String())
	case part.percentage.Sign() > 0:
		what.query = with(nil, "percentage", part.percentage.String())
	default:
		return nil, refuse(op, "how much of it is to be sold?")
	}
	order, failed := get[Order](ctx, c, what)
	if failed == nil || !failed.lost() {
		return order, orNil(failed)
	}
	if part.all {
		if _, err := c.GetPosition(ctx, symbol); errors.Is(err, ErrNotFound) {
			return &Order{Reconciled: true}, nil
		}
	}
	return nil, failed.as(ErrUnknown, "it may have been done: "+failed.Message)
}

// CloseAllPositions sells all that is held, where cancelOrders says so after cancelling all orders. It tells what became of
// each position. Where the answer was lost and nothing is held any more, it has succeeded and can tell of none.
func (c *Client) CloseAllPositions(ctx context.Context, cancelOrders bool) ([]ClosedPosition, error) {
	what := &call{op: "close all positions", method: "DELETE", path: "/v2/positions", effect: changes}
	what.query = with(nil, "cancel_orders", strconv.FormatBool(cancelOrders))
	parts, failed := get[[]closed](ctx, c, what)
	if failed == nil {
		return told(*parts), nil
	}
	if !failed.lost() {
		return nil, failed
	}
	if left, err := c.GetPositions(ctx); err == nil && len(left) == 0 {
		return nil, nil
	}
	return nil, failed.as(ErrUnknown, "it may have been done: "+failed.Message)
}

// closed is a part of that answer.
type closed struct {
	Symbol string          `json:"symbol"`
	Status int             `json:"status"`
	Body   json.RawMessage `json:"body"`
}

// told reads what became of each. Where an order cannot be read it was placed nonetheless: its status says so.
func told(parts []closed) []ClosedPosition {
	all := make([]ClosedPosition, len(parts))
	for i, part := range parts {
		all[i] = ClosedPosition{Symbol: part.Symbol, Status: part.Status}
		order := new(Order)
		if part.Status/100 == 2 {
			if decode(part.Body, order) == nil {
				all[i].Order = order
			}
			continue
		}
		why := refusal(&Error{HTTPStatus: part.Status}, part.Body)
		all[i].Code, all[i].Reason = why.Code, why.Message
	}
	return all
}

// GetPortfolioHistory tells what the account was worth: over "1D", "1W", "1M" (the default), "3M" or "1A", each "1D" or what
// else the broker has.
func (c *Client) GetPortfolioHistory(ctx context.Context, period, timeframe string) (*PortfolioHistory, error) {
	what := &call{op: "get portfolio history", path: "/v2/account/portfolio/history"}
	what.query = with(with(nil, "period", period), "timeframe", timeframe)
	came, failed := c.ask(ctx, what)
	if failed != nil {
		return nil, failed
	}
	h := new(PortfolioHistory)
	if err := decode(came.body, h); err != nil {
		return nil, came.bad(err)
	}
	if n := len(h.Timestamp); len(h.Equity) != n || len(h.ProfitLoss) != n || len(h.ProfitLossPct) != n {
		return nil, came.bad(errors.New("columns of different lengths"))
	}
	return h, nil
}
