// Package broker opens accounts at the stand-in for a broker (tests/server), makes it fail, and looks at its books.
package broker

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"time"

	sentinel "http-sentinel/bindings/go"
)

// Broker is the stand-in.
type Broker struct {
	URL, DataURL string
	client       *sentinel.Client
}

// Secret is that of every account.
const Secret = "secret of the account"

// New is the stand-in at these addresses. ca is a file with the authorities to trust; empty: the system's.
func New(trading, data, ca string) (*Broker, error) {
	client, err := sentinel.NewClient(sentinel.Options{TLS: sentinel.TLSOptions{CAFile: ca}})
	return &Broker{trading, data, client}, err
}

// Close closes what talks to it.
func (b *Broker) Close() error { return b.client.Close() }

// Opening is what an account begins with. Limits are as they stand: 0 lets nothing through.
type Opening struct {
	Secret    string `json:"secret"`
	Cash      string `json:"cash,omitempty"`
	Limit     int    `json:"limit"`
	DataLimit int    `json:"data_limit"`
	WindowMS  int    `json:"window_ms,omitempty"`
}

// Faults are what goes wrong with an account's requests.
type Faults struct {
	Seed        uint64   `json:"seed"`
	ResetBefore float64  `json:"reset_before"`
	ResetAfter  float64  `json:"reset_after"`
	ResetMidway float64  `json:"reset_midway"`
	ErrorBefore float64  `json:"error_before"`
	ErrorAfter  float64  `json:"error_after"`
	Delay       float64  `json:"delay"`
	DelayMS     int      `json:"delay_ms"`
	Statuses    []int    `json:"statuses,omitempty"`
	Methods     []string `json:"methods,omitempty"`
	Next        []string `json:"next,omitempty"`
}

// Seen is what the stand-in has seen of an account.
type Seen struct {
	Requests          int            `json:"requests"`
	Throttled         int            `json:"throttled"`
	Orders            int            `json:"orders"`
	OrdersReceived    int            `json:"orders_received"`
	ClientOrderIDs    int            `json:"client_order_ids"`
	MostOfOne         int            `json:"most_of_one"`
	DuplicatesRefused int            `json:"duplicates_refused"`
	Closes            int            `json:"closes"`
	Faults            map[string]int `json:"faults"`
	Cash              string         `json:"cash"`
	Equity            string         `json:"equity"`
	Contradictions    []string       `json:"contradictions"`
}

// Open opens an account, in place of an older one of that key.
func (b *Broker) Open(key string, o Opening) error {
	o.Secret = Secret
	return b.administer("PUT", key, "", o, nil)
}

// SetFaults has requests fail from now on; the zero value none.
func (b *Broker) SetFaults(key string, f Faults) error {
	return b.administer("PUT", key, "/faults", f, nil)
}

// Look is what it has seen by now.
func (b *Broker) Look(key string) (Seen, error) {
	var seen Seen
	err := b.administer("GET", key, "", nil, &seen)
	return seen, err
}

// Received is how often an order of that client_order_id has come.
func (b *Broker) Received(key, clientOrderID string) (int, error) {
	var times int
	err := b.administer("GET", key, "/received/"+url.PathEscape(clientOrderID), nil, &times)
	return times, err
}

func (b *Broker) administer(method, key, what string, body, answer any) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	r := &sentinel.Request{Method: method, URL: b.URL + "/admin/accounts/" + url.PathEscape(key) + what}
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		r.Body = text
	}
	response, err := b.client.Do(ctx, r)
	if err != nil {
		return err
	}
	if response.Status/100 != 2 {
		return fmt.Errorf("%s %s: %d %s", method, r.URL, response.Status, response.Body)
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(response.Body, answer)
}
