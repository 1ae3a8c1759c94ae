package alpaca_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"strings"
	"testing"
	"time"

	"http-sentinel/examples/trading/go/alpaca"
)

func Example() {
	pool, err := alpaca.NewAlpacaClientPool(os.Getenv("APCA_API_KEY_ID"), os.Getenv("APCA_API_SECRET_KEY"), alpaca.Paper)
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()
	client, err := pool.CreateClient("worker_1")
	if err != nil {
		log.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()

	order, err := client.SubmitOrder(ctx, alpaca.OrderRequest{
		Symbol: "AAPL", Qty: alpaca.MustDecimal("10"), Side: alpaca.Buy,
		Type: alpaca.Limit, LimitPrice: alpaca.MustDecimal("150.25"), TimeInForce: alpaca.GTC,
	})
	var failure *alpaca.Error
	switch {
	case err == nil:
		fmt.Println("placed", order.ID, "asked for again:", order.Reconciled)
	case errors.Is(err, alpaca.ErrUnknown) && errors.As(err, &failure):
		fmt.Println("it may be there: ask later for", failure.ClientOrderID) // GetOrderByClientOrderID
	default:
		fmt.Println("there is no such order:", err)
	}

	for bar, err := range client.Bars(ctx, "AAPL", alpaca.BarRequest{Timeframe: "1Day", Start: time.Now().AddDate(-1, 0, 0)}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(bar.Time, bar.Close)
	}
}

// TestReadme holds the program in the README against one_order, which it is from.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	own, err2 := os.ReadFile("../one_order/main.go")
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	_, block, there := strings.Cut(string(readme), "```go\n")
	block, _, closed := strings.Cut(block, "```")
	if !there || !closed || !strings.Contains(strings.ReplaceAll(string(own), "\n\t", "\n"), block) {
		t.Errorf("README.md has another program:\n%s", block)
	}
}
