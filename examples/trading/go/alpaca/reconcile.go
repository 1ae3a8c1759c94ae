package alpaca

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"strings"
	"time"
)

const (
	askedAgain = 3
	firstWait  = 200 * time.Millisecond
)

// NewClientOrderID is a name for an order that no other has.
func NewClientOrderID() string {
	random := make([]byte, 16)
	if _, err := rand.Read(random); err != nil {
		panic(err) // there is no chance in this world
	}
	return hex.EncodeToString(random)
}

func clientOrderID(op, given string) (string, *Error) {
	if len(given) > 128 {
		return "", refuse(op, "a client_order_id has at most 128 characters")
	}
	if given == "" {
		return NewClientOrderID(), nil
	}
	return given, nil
}

// place sends an order that has its client_order_id, once, and finds out what became of it.
func (c *Client) place(ctx context.Context, what *call) (*Order, error) {
	came, failed := c.ask(ctx, what)
	if failed == nil {
		order := new(Order)
		err := decode(came.body, order)
		if err == nil && order.ClientOrderID != what.order {
			err = errors.New("the answer is of another order")
		}
		if err == nil {
			return order, nil
		}
		failed = came.bad(err)
	}
	switch {
	case failed.lost():
		return c.reconcile(ctx, failed)
	case failed.HTTPStatus == 422 && strings.Contains(failed.Message, "client_order_id must be unique"):
		failed.Kind = ErrDuplicate
	}
	return nil, failed
}

// reconcile asks what became of an order whose answer was lost (rule 3). Where the context has ended it cannot.
func (c *Client) reconcile(ctx context.Context, lost *Error) (*Order, error) {
	wait := firstWait
	for asked := 1; ; asked++ {
		order, failed := c.byClientOrderID(ctx, lost.Op, lost.ClientOrderID)
		switch {
		case failed == nil:
			order.Reconciled = true
			return order, nil
		case failed.Kind != ErrNotFound:
			return nil, lost.as(ErrUnknown, "it may have been done: "+lost.Message+"; asking failed: "+failed.Message)
		case asked == askedAgain:
			return nil, lost.as(ErrNotPlaced, "the broker does not have the order; its answer was lost: "+lost.Message)
		}
		if !sleep(ctx, wait) {
			return nil, lost.as(ErrUnknown, "it may have been done: "+lost.Message+"; there was no time to ask again")
		}
		wait *= 2
	}
}

func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// CancelOrder cancels an order. That it is cancelled already is success; ErrRejected is one that has ended otherwise;
// ErrUnknown one that is still open after a lost answer.
func (c *Client) CancelOrder(ctx context.Context, id string) error {
	const op = "cancel order"
	path, refused := named(op, "/v2/orders", id, "")
	if refused != nil {
		return refused
	}
	_, failed := c.ask(ctx, &call{op: op, method: "DELETE", path: path, effect: cancels})
	if failed == nil || !failed.lost() && failed.HTTPStatus != 422 {
		return orNil(failed)
	}
	// Rule 5. A refusal of what was sent twice may come of the first time, whose answer was lost.
	lost := failed.lost() || failed.Attempts > 1 || failed.Resends > 0
	if order, err := c.GetOrder(ctx, id); err == nil {
		switch order.Status {
		case StatusCanceled, StatusPendingCancel:
			return nil
		case StatusFilled, StatusReplaced, StatusExpired, StatusRejected:
			if lost {
				return failed.as(ErrRejected, "order is already in \""+string(order.Status)+"\" state")
			}
		}
	}
	if lost {
		return failed.as(ErrUnknown, "it may have been done: "+failed.Message)
	}
	return failed
}

// CancelAllOrders cancels all open orders, and tells what became of each. It may be done again after any error.
func (c *Client) CancelAllOrders(ctx context.Context) ([]CancelledOrder, error) {
	what := &call{op: "cancel all orders", method: "DELETE", path: "/v2/orders", effect: cancels}
	parts, failed := get[[]CancelledOrder](ctx, c, what)
	if failed == nil {
		return *parts, nil
	}
	if failed.lost() {
		failed.as(ErrUnknown, "it may have been done: "+failed.Message)
	}
	return nil, failed
}
