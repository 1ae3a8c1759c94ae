package alpaca

import (
	"context"
	"errors"
	"fmt"
	"strings"

	sentinel "http-sentinel/bindings/go"
)

// account is what all clients of an account share. Nothing of it changes but its limiter.
type account struct {
	settings
	environment Environment
	keys        func() []sentinel.Field // a function, since no format shows what is in one
	ownLimiter  bool
}

// Client does what an account may do. It may be used by any number of goroutines at once, unless it was made with [Bound].
type Client struct {
	account *account
	http    doer
	name    string
	alone   bool // the account and what sends are its own
}

// doer is a sentinel.Client or a sentinel.Worker.
type doer interface {
	Do(context.Context, *sentinel.Request) (*sentinel.Response, error)
	Close() error
}

// NewClient makes a client with an account of its own. It is to be closed.
func NewClient(key, secret string, environment Environment, options ...Option) (*Client, error) {
	a, err := newAccount(key, secret, environment, options)
	if err != nil {
		return nil, err
	}
	http, err := a.newDoer()
	if err != nil {
		a.close()
		return nil, err
	}
	return &Client{account: a, http: http, name: "client", alone: true}, nil
}

func newAccount(key, secret string, environment Environment, options []Option) (*account, error) {
	const op = "new client"
	if key == "" || secret == "" {
		return nil, refuse(op, "key and secret are needed")
	}
	if environment != Paper && environment != Live {
		return nil, refuse(op, "the environment is neither paper nor live")
	}
	a := &account{environment: environment}
	a.base, a.data = baseURLs[environment], dataURL
	for _, option := range options {
		option(&a.settings)
	}
	a.base, a.data = strings.TrimSuffix(a.base, "/"), strings.TrimSuffix(a.data, "/")
	keys := []sentinel.Field{
		{Name: "APCA-API-KEY-ID", Value: key, Sensitive: true},
		{Name: "APCA-API-SECRET-KEY", Value: secret, Sensitive: true},
		{Name: "Accept", Value: "application/json"},
	}
	a.keys = func() []sentinel.Field { return keys }
	if a.limiter == nil && !a.unlimited {
		limiter, err := a.newLimiter()
		if err != nil {
			return nil, libraryError(op, err)
		}
		a.limiter, a.ownLimiter = limiter, true
	}
	return a, nil
}

func (a *account) newDoer() (doer, error) {
	if a.bound {
		worker, err := sentinel.NewWorker(a.options())
		if err != nil {
			return nil, libraryError("new client", err)
		}
		return worker, nil
	}
	client, err := sentinel.NewClient(a.options())
	if err != nil {
		return nil, libraryError("new client", err)
	}
	return client, nil
}

func (a *account) close() error {
	if a.ownLimiter {
		return a.limiter.Close()
	}
	return nil
}

// Close ends what is under way and closes the connections. A client of a pool is given back with DestroyClient instead, which
// this does not do.
func (c *Client) Close() error {
	if !c.alone {
		return refuse("close", "a pool's client is given back with DestroyClient")
	}
	if err := c.http.Close(); err != nil {
		return libraryError("close", err)
	}
	return c.account.close()
}

// Name is that of a pool's client, else "client".
func (c *Client) Name() string { return c.name }

// BaseURL is where the trading API is.
func (c *Client) BaseURL() string { return c.account.base }

// DataURL is where the market data API is.
func (c *Client) DataURL() string { return c.account.data }

// Limiter is what holds requests up, to look at; nil where there is none.
func (c *Client) Limiter() *sentinel.RateLimiter { return c.account.limiter }

// String names the client.
func (c *Client) String() string {
	return fmt.Sprintf("alpaca.Client(%s, %s)", c.name, c.account.environment)
}

// libraryError is a failure before there is a request, or after the last one.
func libraryError(op string, err error) error {
	e := refuse(op, err.Error())
	e.Err = err
	var cause *sentinel.Error
	if errors.As(err, &cause) {
		e.Message = cause.Status.String() + ": " + cause.Message
	}
	return e
}
