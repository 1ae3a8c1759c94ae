package alpaca

import (
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// OrderRequest is an order to be placed. Numbers that are 0 and texts that are empty are left out.
type OrderRequest struct {
	Symbol        string
	Qty           Decimal // shares, or
	Notional      Decimal // an amount of money
	Side          Side
	Type          OrderType   // empty: Market
	TimeInForce   TimeInForce // empty: Day
	LimitPrice    Decimal
	StopPrice     Decimal
	ExtendedHours bool
	// ClientOrderID is the caller's name for it, of up to 128 characters; of each the broker takes one. Empty: a new one. Who
	// wants to find the order after a crash of his own makes it with NewClientOrderID and writes it down before.
	ClientOrderID string
}

// Replacement is what is to be different of an open order. nil is as it was.
type Replacement struct {
	Qty           *Decimal
	LimitPrice    *Decimal
	StopPrice     *Decimal
	TimeInForce   TimeInForce // empty: as it was
	ClientOrderID string      // of the new order; empty: a new one
}

// OrderFilter says which orders. The zero value is the 50 newest open ones.
type OrderFilter struct {
	Status    string // "open", "closed" or "all"
	Limit     int    // at most 500
	After     time.Time
	Until     time.Time
	Direction string // "desc" or "asc"
	Symbols   []string
	Side      Side
}

func text(d Decimal) *string {
	if d == (Decimal{}) {
		return nil
	}
	s := d.String()
	return &s
}

type placed struct {
	Symbol        string      `json:"symbol,omitempty"`
	Qty           *string     `json:"qty,omitempty"`
	Notional      *string     `json:"notional,omitempty"`
	Side          Side        `json:"side,omitempty"`
	Type          OrderType   `json:"type,omitempty"`
	TimeInForce   TimeInForce `json:"time_in_force,omitempty"`
	LimitPrice    *string     `json:"limit_price,omitempty"`
	StopPrice     *string     `json:"stop_price,omitempty"`
	ExtendedHours bool        `json:"extended_hours,omitempty"`
	ClientOrderID string      `json:"client_order_id"`
}

// SubmitOrder places an order. It is sent once. See the package for what comes of a lost answer.
func (c *Client) SubmitOrder(ctx context.Context, r OrderRequest) (*Order, error) {
	const op = "submit order"
	id, refused := clientOrderID(op, r.ClientOrderID)
	if refused != nil {
		return nil, refused
	}
	if r.Symbol == "" || r.Side == "" || r.Qty == (Decimal{}) == (r.Notional == Decimal{}) {
		return nil, refuse(op, "an order has a symbol, a side, and either a quantity or an amount")
	}
	body := &placed{
		Symbol: r.Symbol, Qty: text(r.Qty), Notional: text(r.Notional), Side: r.Side, Type: r.Type, TimeInForce: r.TimeInForce,
		LimitPrice: text(r.LimitPrice), StopPrice: text(r.StopPrice), ExtendedHours: r.ExtendedHours, ClientOrderID: id,
	}
	if body.Type == "" {
		body.Type = Market
	}
	if body.TimeInForce == "" {
		body.TimeInForce = Day
	}
	return c.place(ctx, &call{op: op, method: "POST", path: "/v2/orders", body: body, effect: changes, order: id})
}

// ReplaceOrder puts a new order, which it gives, in place of an open one. It is sent once, and what was lost is asked about.
func (c *Client) ReplaceOrder(ctx context.Context, id string, r Replacement) (*Order, error) {
	const op = "replace order"
	path, refused := named(op, "/v2/orders", id, "")
	if refused != nil {
		return nil, refused
	}
	own, refused := clientOrderID(op, r.ClientOrderID)
	if refused != nil {
		return nil, refused
	}
	body := &placed{TimeInForce: r.TimeInForce, ClientOrderID: own}
	for _, one := range []struct {
		from *Decimal
		to   **string
	}{{r.Qty, &body.Qty}, {r.LimitPrice, &body.LimitPrice}, {r.StopPrice, &body.StopPrice}} {
		if one.from != nil {
			number := one.from.String() // 0 too: the broker refuses it, where leaving it out would change nothing
			*one.to = &number
		}
	}
	return c.place(ctx, &call{op: op, method: "PATCH", path: path, body: body, effect: changes, order: own})
}

// GetOrder tells of an order.
func (c *Client) GetOrder(ctx context.Context, id string) (*Order, error) {
	const op = "get order"
	path, refused := named(op, "/v2/orders", id, "")
	if refused != nil {
		return nil, refused
	}
	order, failed := get[Order](ctx, c, &call{op: op, path: path})
	return order, orNil(failed)
}

// GetOrderByClientOrderID tells of an order; ErrNotFound where the broker has none of that name.
func (c *Client) GetOrderByClientOrderID(ctx context.Context, id string) (*Order, error) {
	const op = "get order by client order id"
	if id == "" {
		return nil, refuse(op, "which order?")
	}
	order, failed := c.byClientOrderID(ctx, op, id)
	return order, orNil(failed)
}

func (c *Client) byClientOrderID(ctx context.Context, op, id string) (*Order, *Error) {
	what := &call{op: op, path: "/v2/orders:by_client_order_id", order: id}
	what.query = url.Values{"client_order_id": {id}}
	return get[Order](ctx, c, what)
}

// ListOrders tells of many orders.
func (c *Client) ListOrders(ctx context.Context, f OrderFilter) ([]Order, error) {
	query := with(with(nil, "status", f.Status), "direction", f.Direction)
	query = with(with(query, "after", moment(f.After)), "until", moment(f.Until))
	query = with(with(query, "symbols", strings.Join(f.Symbols, ",")), "side", string(f.Side))
	if f.Limit != 0 {
		query = with(query, "limit", strconv.Itoa(f.Limit))
	}
	return list[Order](ctx, c, &call{op: "list orders", path: "/v2/orders", query: query})
}

func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}
