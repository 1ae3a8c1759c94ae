package alpaca

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"strings"

	sentinel "http-sentinel/bindings/go"
)

// call is one request to the broker.
type call struct {
	op     string
	method string // empty: GET
	path   string
	query  url.Values
	data   bool // of the market data API
	body   any
	effect effect
	order  string // the client_order_id that it is about
}

// effect is what happens where it is done twice.
type effect int

const (
	reads   effect = iota // nothing
	cancels               // no harm
	changes               // harm
)

// answer is what came, with the facts that an error about it begins with.
type answer struct {
	body  []byte
	facts Error
}

// bad is the error of an answer that cannot be read.
func (a *answer) bad(why error) *Error {
	e := a.facts
	return e.as(ErrBadAnswer, why.Error())
}

var (
	once      = &sentinel.RetryOptions{Treat429Processed: true}
	mayRepeat = (*sentinel.RetryOptions)(nil)
)

func (a *account) request(c *call) (*sentinel.Request, *Error) {
	r := &sentinel.Request{Method: c.method, URL: a.base + c.path, Fields: a.keys()}
	bucket := tradingBucket
	if c.data {
		r.URL, bucket = a.data+c.path, dataBucket
	}
	if len(c.query) > 0 {
		r.URL += "?" + c.query.Encode()
	}
	if c.body != nil {
		body, err := json.Marshal(c.body)
		if err != nil {
			return nil, refuse(c.op, err.Error())
		}
		r.Body = body
		r.Header = map[string][]string{"Content-Type": {"application/json"}}
	}
	r.Policies = &sentinel.Policies{Retry: mayRepeat}
	if c.effect == changes { // rule 1
		r.Policies.Retry, r.Policies.NotIdempotent = once, true
	}
	if a.limiter != nil {
		r.Policies.Limits = []sentinel.Limit{{Limiter: a.limiter, Key: bucket}}
	}
	return r, nil
}

// ask sends a request: an answer is a 2xx, all else an error.
func (c *Client) ask(ctx context.Context, what *call) (*answer, *Error) {
	request, refused := c.account.request(what)
	if refused != nil {
		return nil, refused
	}
	response, err := c.http.Do(ctx, request)
	if err != nil {
		return nil, noResponse(what, err)
	}
	facts := Error{
		Op: what.op, HTTPStatus: response.Status, RequestSent: sentinel.SentYes, Attempts: response.Metrics.Attempts,
		Resends: response.Metrics.InternalResends, RetryAfter: response.Metrics.RetryAfter, ClientOrderID: what.order,
	}
	if response.Status >= 200 && response.Status < 300 {
		return &answer{response.Body, facts}, nil
	}
	return nil, refusal(&facts, response.Body)
}

func noResponse(what *call, err error) *Error {
	e := &Error{Op: what.op, Kind: ErrNetwork, Err: err, Message: err.Error(), RequestSent: sentinel.SentMaybe, ClientOrderID: what.order}
	var cause *sentinel.Error
	if !errors.As(err, &cause) {
		return e
	}
	e.Message = cause.Status.String() + ": " + cause.Message
	e.RequestSent, e.Attempts, e.RetryAfter = cause.RequestSent, cause.Attempts, cause.RetryAfter
	switch {
	case cause.Phase == sentinel.PhaseArgument:
		e.Kind = ErrArgument
	case cause.Status == sentinel.ErrRateLimited:
		e.Kind = ErrRateLimited
	}
	return e
}

func refusal(e *Error, body []byte) *Error {
	var said struct {
		Code    int64
		Message string
	}
	if json.Unmarshal(body, &said) != nil || said.Message == "" {
		said.Message = "no reason was given"
	}
	e.Code, e.Message = said.Code, said.Message
	switch {
	case e.HTTPStatus == 401, e.HTTPStatus == 403 && e.Code != 40310000:
		e.Kind = ErrUnauthorized
	case e.HTTPStatus == 404:
		e.Kind = ErrNotFound
	case e.HTTPStatus == 429:
		e.Kind = ErrRateLimited
	case e.HTTPStatus >= 500:
		e.Kind = ErrBroker
	default:
		e.Kind = ErrRejected
	}
	return e
}

// get asks for something and reads it.
func get[T any](ctx context.Context, c *Client, what *call) (*T, *Error) {
	came, failed := c.ask(ctx, what)
	if failed != nil {
		return nil, failed
	}
	value := new(T)
	if err := decode(came.body, value); err != nil {
		return nil, came.bad(err)
	}
	return value, nil
}

// list is get for what is many.
func list[T any](ctx context.Context, c *Client, what *call) ([]T, error) {
	all, failed := get[[]T](ctx, c, what)
	if failed != nil {
		return nil, failed
	}
	return *all, nil
}

// named is the path of one thing. A name that would lead to another path, "" or ".." for instance, is refused: it could do
// to all what is meant for one.
func named(op, under, name, after string) (string, *Error) {
	if name == "" || strings.Trim(name, ".") == "" {
		return "", refuse(op, "no such name: \""+name+"\"")
	}
	return under + "/" + url.PathEscape(name) + after, nil
}

// with adds what is given to a query.
func with(query url.Values, name, value string) url.Values {
	if value == "" {
		return query
	}
	if query == nil {
		query = url.Values{}
	}
	query.Set(name, value)
	return query
}
