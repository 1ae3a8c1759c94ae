// One_order places one order, and says what came of it:
//
//	APCA_API_KEY_ID=… APCA_API_SECRET_KEY=… one_order SYMBOL QTY LIMIT [BASE_URL [CA_FILE]]
//
// Without BASE_URL it goes to the paper account. A key of an account with real money needs no other program: be careful.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"http-sentinel/examples/trading/go/alpaca"
)

func main() {
	os.Exit(run(os.Args[1:], os.Getenv("APCA_API_KEY_ID"), os.Getenv("APCA_API_SECRET_KEY"), os.Stdout))
}

func run(args []string, key, secret string, out io.Writer) int {
	if len(args) < 3 || len(args) > 5 {
		fmt.Fprintln(out, "usage: one_order SYMBOL QTY LIMIT [BASE_URL [CA_FILE]]")
		return 2
	}
	qty, err := alpaca.ParseDecimal(args[1])
	limit, err2 := alpaca.ParseDecimal(args[2])
	var options []alpaca.Option
	if len(args) > 3 {
		options = append(options, alpaca.WithBaseURL(args[3]))
	}
	if len(args) > 4 {
		options = append(options, alpaca.WithCAFile(args[4]))
	}
	client, err3 := alpaca.NewClient(key, secret, alpaca.Paper, options...)
	if err := errors.Join(err, err2, err3); err != nil {
		fmt.Fprintln(out, err)
		return 2
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()

	order, err := client.SubmitOrder(ctx, alpaca.OrderRequest{
		Symbol: args[0], Qty: qty, Side: alpaca.Buy, Type: alpaca.Limit, LimitPrice: limit, TimeInForce: alpaca.GTC,
	})
	var failed *alpaca.Error
	errors.As(err, &failed)
	switch {
	case err == nil: // it is there, also where its own answer was lost
		fmt.Fprintf(out, "%s %s %s of %s at most %s: %s\n", order.ID, order.Side, order.Qty, order.Symbol, order.LimitPrice, order.Status)
		return 0
	case errors.Is(err, alpaca.ErrUnknown): // it may be there: ask later, by this id, and do not send another one
		fmt.Fprintf(out, "nobody knows; ask for %s: %v\n", failed.ClientOrderID, err)
	case errors.Is(err, alpaca.ErrNotPlaced): // it is not there; to try again, take the same id
		fmt.Fprintf(out, "not placed; again with %s: %v\n", failed.ClientOrderID, err)
	default: // refused, or never sent
		fmt.Fprintln(out, err)
	}
	return 1
}
