package alpaca

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	sentinel "http-sentinel/bindings/go"
)

// ledger is a broker that writes down which orders come, and does with their answers as it is told.
type ledger struct {
	sync.Mutex
	came   []string // client_order_ids
	asked  int      // how often somebody asked for one
	hidden int      // so often there is none yet, when somebody asks
	answer func(w http.ResponseWriter, r *http.Request, id string)
}

func (l *ledger) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != "GET" {
		id := clientIDOf(r)
		l.Lock()
		l.came = append(l.came, id)
		l.Unlock()
		l.answer(w, r, id)
		return
	}
	l.Lock()
	defer l.Unlock()
	l.asked++
	if id := r.URL.Query().Get("client_order_id"); l.asked > l.hidden && len(l.came) > 0 && l.came[0] == id {
		say(w, 200, orderNamed(id))
		return
	}
	say(w, 404, `{"code":40410000,"message":"order not found"}`)
}

func (l *ledger) hasOrders() bool {
	l.Lock()
	defer l.Unlock()
	return len(l.came) > 0
}

func (l *ledger) check(t *testing.T, came, asked int) {
	t.Helper()
	l.Lock()
	defer l.Unlock()
	if len(l.came) != came || l.asked != asked {
		t.Errorf("%d orders came and not %d, and %d questions and not %d", len(l.came), came, l.asked, asked)
	}
}

func TestAnswersThatCannotBeReadAreAskedAbout(t *testing.T) {
	for name, answer := range map[string]string{
		"no JSON": "<html>", "nothing": "", "another order": orderNamed("another"), "half of it": sampleOrder[:200], "null": "null",
	} {
		t.Run(name, func(t *testing.T) {
			l := &ledger{hidden: 2, answer: func(w http.ResponseWriter, _ *http.Request, _ string) { say(w, 200, answer) }}
			c := serve(t, l.ServeHTTP)
			order, err := c.SubmitOrder(background, one)
			if err != nil || !order.Reconciled || len(order.ClientOrderID) != 32 {
				t.Errorf("%v, %+v", err, order)
			}
			l.check(t, 1, 3) // which finds it by the name that came
		})
	}
}

func TestAnOrderThatTheBrokerDoesNotHave(t *testing.T) {
	l := &ledger{hidden: 100, answer: func(w http.ResponseWriter, _ *http.Request, _ string) { say(w, 502, "") }}
	c := serve(t, l.ServeHTTP)
	start := time.Now()
	_, err := c.SubmitOrder(background, OrderRequest{Symbol: "F", Qty: Whole(1), Side: Buy, ClientOrderID: "mine"})
	e := failure(t, err, ErrNotPlaced, sentinel.SentYes)
	if e.HTTPStatus != 502 || e.ClientOrderID != "mine" || e.Op != "submit order" || time.Since(start) < 600*time.Millisecond {
		t.Errorf("%v after %v", e, time.Since(start))
	}
	l.check(t, 1, 3)
}

func TestADuplicate(t *testing.T) {
	l := &ledger{answer: func(w http.ResponseWriter, _ *http.Request, _ string) {
		say(w, 422, `{"code":40010001,"message":"client_order_id must be unique"}`)
	}}
	c := serve(t, l.ServeHTTP)
	_, err := c.SubmitOrder(background, one)
	failure(t, err, ErrDuplicate, sentinel.SentYes)
	l.check(t, 1, 0)
}

// stalled is a broker that takes an order and says nothing until its client has gone.
func stalled(began chan<- struct{}) *ledger {
	return &ledger{answer: func(_ http.ResponseWriter, r *http.Request, _ string) {
		close(began)
		<-r.Context().Done()
	}}
}

func TestAContextThatEndsWhenTheOrderMayHaveArrived(t *testing.T) {
	began, why := make(chan struct{}), errors.New("the user pressed a key")
	l := stalled(began)
	c := serve(t, l.ServeHTTP)
	ctx, cancel := context.WithCancelCause(background)
	go func() {
		<-began
		cancel(why)
	}()
	_, err := c.SubmitOrder(ctx, one)
	e := failure(t, err, ErrUnknown, sentinel.SentMaybe)
	if !errors.Is(err, context.Canceled) || !errors.Is(err, why) || !errors.Is(err, sentinel.ErrCancelled) || e.ClientOrderID == "" {
		t.Errorf("%v", err)
	}
	l.check(t, 1, 0)
	// With another context there is an answer.
	if order, err := c.GetOrderByClientOrderID(background, e.ClientOrderID); err != nil || order.ClientOrderID != e.ClientOrderID {
		t.Errorf("%v, %+v", err, order)
	}
}

func TestADeadlineThatEndsWhenTheOrderMayHaveArrived(t *testing.T) {
	for limit := 100 * time.Millisecond; ; limit *= 2 {
		l := stalled(make(chan struct{}))
		c := serve(t, l.ServeHTTP)
		ctx, cancel := context.WithTimeout(background, limit)
		_, err := c.SubmitOrder(ctx, one)
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("%v", err)
		}
		if !l.hasOrders() && limit < time.Minute {
			continue // which was too short
		}
		failure(t, err, ErrUnknown, sentinel.SentMaybe)
		l.check(t, 1, 0)
		return
	}
}

func TestAContextThatEndsWhileItIsAsked(t *testing.T) {
	l := &ledger{hidden: 100, answer: func(w http.ResponseWriter, _ *http.Request, _ string) { say(w, 500, "{}") }}
	ctx, cancel := context.WithCancel(background)
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		l.ServeHTTP(w, r)
		if r.Method == "GET" {
			cancel()
		}
	})
	_, err := c.SubmitOrder(ctx, one)
	failure(t, err, ErrUnknown, sentinel.SentYes)
	l.check(t, 1, 1)
	if sleep(ctx, time.Hour) || !sleep(background, 1) {
		t.Error("a wait ends with its context, and with its time")
	}
}

func TestAContextThatHadEndedBefore(t *testing.T) {
	l := new(ledger)
	c := serve(t, l.ServeHTTP)
	ctx, cancel := context.WithCancel(background)
	cancel()
	_, err := c.SubmitOrder(ctx, one)
	failure(t, err, ErrNetwork, sentinel.SentNo)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	l.check(t, 0, 0)
}

func TestAnOrderThatWaitsForTheLimiterWasNotSent(t *testing.T) {
	l := &ledger{answer: func(w http.ResponseWriter, _ *http.Request, id string) { say(w, 200, orderNamed(id)) }}
	waits := serve(t, l.ServeHTTP, WithQuota(Quota{Limit: 1, Period: 25 * time.Second}))
	// It would have to wait for longer than it may: that is known at once.
	cannot := serve(t, l.ServeHTTP, WithQuota(Quota{Limit: 1, Period: time.Hour}))
	for _, c := range []*Client{waits, cannot} {
		if _, err := c.SubmitOrder(background, one); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(background)
	time.AfterFunc(100*time.Millisecond, cancel)
	_, err := waits.SubmitOrder(ctx, one)
	failure(t, err, ErrNetwork, sentinel.SentNo)
	ctx, cancel = context.WithTimeout(background, time.Minute)
	defer cancel()
	_, err = cannot.SubmitOrder(ctx, one)
	e := failure(t, err, ErrRateLimited, sentinel.SentNo)
	if !errors.Is(err, sentinel.ErrRateLimited) || e.RetryAfter < time.Minute {
		t.Errorf("%v, in %v", e, e.RetryAfter)
	}
	l.check(t, 2, 0)
}

func TestReadsAreTriedAgainAndOrdersAreNot(t *testing.T) {
	var methods []string
	var mutex sync.Mutex
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		mutex.Lock()
		defer mutex.Unlock()
		methods = append(methods, r.Method)
		if r.Method == "GET" {
			say(w, 503, "")
		} else {
			w.Header().Set("Retry-After", "0")
			say(w, 429, `{"code":42910000,"message":"rate limit exceeded"}`)
		}
	}, WithoutLimiter())
	_, err := c.GetAccount(background)
	if e := failure(t, err, ErrBroker, sentinel.SentYes); e.Attempts != 3 {
		t.Errorf("%v: %d attempts", e, e.Attempts)
	}
	_, err = c.SubmitOrder(background, one)
	failure(t, err, ErrRateLimited, sentinel.SentYes)
	_, err = c.ReplaceOrder(background, "id", Replacement{Qty: Whole(1).Ptr()})
	failure(t, err, ErrRateLimited, sentinel.SentYes)
	_, err = c.ClosePosition(background, "F", All())
	failure(t, err, ErrRateLimited, sentinel.SentYes)
	_, err = c.CloseAllPositions(background, true)
	failure(t, err, ErrRateLimited, sentinel.SentYes)
	mutex.Lock()
	defer mutex.Unlock()
	if got := strings.Join(methods, " "); got != "GET GET GET POST PATCH DELETE DELETE" {
		t.Error(got)
	}
}

// A 422 to a second attempt may come of the first one, whose answer was lost: without a look at the order nobody knows.
func TestCancellingTwiceWithNobodyToAsk(t *testing.T) {
	for lost, want := range map[int64]Kind{0: ErrRejected, 1: ErrUnknown} {
		var came atomic.Int64
		c := serve(t, func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.Method == "GET":
				say(w, 503, "")
			case came.Add(1) <= lost:
				panic(http.ErrAbortHandler)
			default:
				say(w, 422, `{"code":42210000,"message":"order is already in \"canceled\" state"}`)
			}
		})
		failure(t, c.CancelOrder(background, "id"), want, sentinel.SentYes)
		if n := came.Load(); n != lost+1 {
			t.Errorf("%d came", n)
		}
	}
}

// Nor is a connection that dies under the first one an attempt: what was sent on it is sent again, and counts.
func TestCancellingTwiceWithinAnAttempt(t *testing.T) {
	var came atomic.Int64
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/v2/account":
			say(w, 404, "{}")
		case r.Method == "GET":
			say(w, 503, "")
		case came.Add(1) == 1:
			panic(http.ErrAbortHandler)
		default:
			say(w, 422, `{"code":42210000,"message":"order is already in \"canceled\" state"}`)
		}
	})
	_, err := c.GetAccount(background)
	failure(t, err, ErrNotFound, sentinel.SentYes)
	e := failure(t, c.CancelOrder(background, "id"), ErrUnknown, sentinel.SentYes)
	if e.Attempts != 1 || e.Resends != 1 {
		t.Errorf("%d attempts, %d resends", e.Attempts, e.Resends)
	}
}
