package alpaca

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	sentinel "http-sentinel/bindings/go"
)

var background = context.Background()

const testKey, testSecret = "the key of the test", "the secret of the test"

// serve is a client whose broker is a function.
func serve(t *testing.T, handler http.HandlerFunc, options ...Option) *Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	c, err := NewClient(testKey, testSecret, Paper, append([]Option{WithBaseURL(server.URL + "/"), WithDataURL(server.URL + "/data")}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func say(w http.ResponseWriter, status int, text string) {
	w.WriteHeader(status)
	io.WriteString(w, text)
}

// orderNamed is what the broker says of an order.
func orderNamed(id string) string {
	return strings.Replace(sampleOrder, "eb9e2aaa-f71a-4f51-b5b4-52a6c565dad4", id, 1)
}

// clientIDOf is that of an order that comes.
func clientIDOf(r *http.Request) string {
	var body struct {
		ID string `json:"client_order_id"`
	}
	json.NewDecoder(r.Body).Decode(&body)
	return body.ID
}

func failure(t *testing.T, err error, kind Kind, sent sentinel.Sent) *Error {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || !errors.Is(err, kind) || e.RequestSent != sent {
		t.Fatalf("%v, and has to be %s, sent: %s", err, kind, sent)
	}
	return e
}

var one = OrderRequest{Symbol: "AAPL", Qty: Whole(1), Side: Buy}

func TestWhatIsSent(t *testing.T) {
	type sent struct {
		*http.Request
		body string
	}
	all := make(chan sent, 1)
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		all <- sent{r, string(text)}
		say(w, 200, orderNamed("mine"))
	})
	r := OrderRequest{Symbol: "BRK.B", Qty: MustDecimal("0.5"), Side: Sell, Type: StopLimit, TimeInForce: GTC, LimitPrice: MustDecimal("410.10"),
		StopPrice: Whole(411), ExtendedHours: true, ClientOrderID: "mine"}
	if _, err := c.SubmitOrder(background, r); err != nil {
		t.Fatal(err)
	}
	came := <-all
	want := `{"symbol":"BRK.B","qty":"0.5","side":"sell","type":"stop_limit","time_in_force":"gtc","limit_price":"410.1","stop_price":"411",` +
		`"extended_hours":true,"client_order_id":"mine"}`
	if came.body != want || came.Method != "POST" || came.URL.Path != "/v2/orders" || came.Header.Get("Content-Type") != "application/json" ||
		came.Header.Get("Apca-Api-Key-Id") != testKey || came.Header.Get("Apca-Api-Secret-Key") != testSecret {
		t.Errorf("%s %s %v\n%s", came.Method, came.URL, came.Header, came.body)
	}
	r = OrderRequest{Symbol: "F", Notional: MustDecimal("99.99"), Side: Buy, ClientOrderID: "mine"}
	want = `{"symbol":"F","notional":"99.99","side":"buy","type":"market","time_in_force":"day","client_order_id":"mine"}`
	if _, err := c.SubmitOrder(background, r); err != nil {
		t.Fatal(err)
	}
	if came = <-all; came.body != want {
		t.Error(came.body)
	}
	replacement := Replacement{Qty: new(Decimal), LimitPrice: Whole(3).Ptr(), ClientOrderID: "mine"}
	if _, err := c.ReplaceOrder(background, "an id", replacement); err != nil {
		t.Fatal(err)
	}
	came, want = <-all, `{"qty":"0","limit_price":"3","client_order_id":"mine"}`
	if came.body != want || came.Method != "PATCH" || came.URL.EscapedPath() != "/v2/orders/an%20id" {
		t.Errorf("%s %s: %s", came.Method, came.URL, came.body)
	}
}

func TestPathsAreEscaped(t *testing.T) {
	var uri atomic.Value
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		uri.Store(r.Method + " " + r.RequestURI)
		say(w, 404, `{}`)
	})
	at := time.Date(2026, 3, 2, 10, 0, 0, 500_000, time.FixedZone("", -5*3600))
	for want, do := range map[string]func() error{
		"GET /v2/positions/BTC%2FUSD":         func() error { _, err := c.GetPosition(background, "BTC/USD"); return err },
		"GET /v2/assets/a%3Fb%23c%25d":        func() error { _, err := c.GetAsset(background, "a?b#c%d"); return err },
		"GET /v2/orders/..%2Faccount":         func() error { _, err := c.GetOrder(background, "../account"); return err },
		"GET /data/v2/stocks/F/quotes/latest": func() error { _, err := c.LatestQuote(background, "F"); return err },
		"GET /v2/orders:by_client_order_id?client_order_id=a%26b%3Dc+%C3%BC": func() error {
			_, err := c.GetOrderByClientOrderID(background, "a&b=c ü")
			return err
		},
		"DELETE /v2/positions/F?percentage=12.5": func() error {
			_, err := c.ClosePosition(background, "F", Percent(MustDecimal("12.5")))
			return err
		},
		"GET /v2/orders?after=2026-03-02T15%3A00%3A00.0005Z&direction=asc&limit=7&status=all&symbols=A%2CB": func() error {
			_, err := c.ListOrders(background, OrderFilter{Status: "all", Limit: 7, After: at, Direction: "asc", Symbols: []string{"A", "B"}})
			return err
		},
	} {
		if err := do(); !errors.Is(err, ErrNotFound) || uri.Load() != want {
			t.Errorf("%v, %v, and has to be %s", err, uri.Load(), want)
		}
	}
}

// What would lead from one thing to all of its kind never leaves.
func TestNamesThatLeadElsewhereAreRefused(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) { t.Errorf("%s %s came", r.Method, r.RequestURI) })
	for _, name := range []string{"", ".", "..", "..."} {
		_, err := c.ClosePosition(background, name, All())
		failure(t, err, ErrArgument, sentinel.SentNo)
		failure(t, c.CancelOrder(background, name), ErrArgument, sentinel.SentNo)
		_, err = c.ReplaceOrder(background, name, Replacement{})
		failure(t, err, ErrArgument, sentinel.SentNo)
		_, err = c.GetBars(background, name, BarRequest{Timeframe: "1Day"})
		failure(t, err, ErrArgument, sentinel.SentNo)
	}
	for _, part := range []Part{{}, Shares(Decimal{}), Shares(Whole(-1)), Percent(Decimal{})} {
		_, err := c.ClosePosition(background, "F", part)
		failure(t, err, ErrArgument, sentinel.SentNo)
	}
	for _, r := range []OrderRequest{{}, {Symbol: "F", Side: Buy}, {Symbol: "F", Qty: Whole(1)}, {Side: Buy, Qty: Whole(1)},
		{Symbol: "F", Side: Buy, Qty: Whole(1), Notional: Whole(1)}, {Symbol: "F", Side: Buy, Qty: Whole(1), ClientOrderID: strings.Repeat("x", 129)}} {
		_, err := c.SubmitOrder(background, r)
		failure(t, err, ErrArgument, sentinel.SentNo)
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { t.Errorf("%v came", r.Header) }))
	defer elsewhere.Close()
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
	})
	_, err := c.GetAccount(background)
	failure(t, err, ErrRejected, sentinel.SentYes)
	_, err = c.SubmitOrder(background, one)
	failure(t, err, ErrRejected, sentinel.SentYes)
}

func TestNothingShowsTheKeys(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) })
	pool, err := NewAlpacaClientPool(testKey, testSecret, Live)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	worker, err := pool.CreateClient("worker_1")
	if err != nil {
		t.Fatal(err)
	}
	_, failed := c.SubmitOrder(background, one)
	var e *Error
	errors.As(failed, &e)
	var texts []string
	for _, value := range []any{c, worker, *worker, pool, failed, e.Err, *e} {
		texts = append(texts, fmt.Sprintf("%v|%+v|%#v|%s", value, value, value, value))
	}
	if all := strings.Join(texts, "\n"); strings.Contains(all, testKey) || strings.Contains(all, testSecret) {
		t.Error(all)
	}
	if worker.String() != "alpaca.Client(worker_1, live)" || worker.BaseURL() != "https://api.alpaca.markets" {
		t.Error(worker.String(), worker.BaseURL())
	}
}

func TestBarsPageAfterPage(t *testing.T) {
	pages := map[string]string{"": `"bars":[@,@],"next_page_token":"two"`, "two": `"bars":null,"next_page_token":"three"`,
		"three": `"bars":[@],"next_page_token":null`, "same": `"bars":[@],"next_page_token":"same"`, "bad": `"bars":[{}],"next_page_token":null`}
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		page := strings.ReplaceAll(pages[r.URL.Query().Get("page_token")], "@", sampleBar)
		say(w, 200, `{"symbol":"F",`+page+`}`)
	})
	read := func(token string, most int) (count int, last error) {
		for bar, err := range c.Bars(background, "F", BarRequest{Timeframe: "1Min", PageToken: token}) {
			if last = err; err == nil {
				count++
			}
			if err == nil && bar.VWAP != 133.5 || count == most {
				break
			}
		}
		return count, last
	}
	if count, err := read("", 10); count != 3 || err != nil {
		t.Error(count, err)
	}
	if count, err := read("", 1); count != 1 || err != nil {
		t.Error(count, err)
	}
	if count, err := read("same", 10); count != 0 || !errors.Is(err, ErrBadAnswer) {
		t.Error(count, err)
	}
	if count, err := read("bad", 10); count != 0 || !errors.Is(err, ErrBadAnswer) {
		t.Error(count, err)
	}
	page, err := c.GetBars(background, "F", BarRequest{Timeframe: "1Min"})
	if err != nil || !reflect.DeepEqual([]any{page.Symbol, len(page.Bars), page.NextPageToken}, []any{"F", 2, "two"}) {
		t.Errorf("%+v, %v", page, err)
	}
}
