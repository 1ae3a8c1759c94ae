package alpaca

import (
	"errors"
	"os"
	"testing"

	sentinel "http-sentinel/bindings/go"
	"http-sentinel/examples/trading/go/internal/broker"
)

func env(t *testing.T, name string) string {
	t.Helper()
	value := os.Getenv(name)
	if value == "" {
		t.Fatalf("%s is not set: .ci/with-server.sh does that", name)
	}
	return value
}

// Over TLS and HTTP/2, where what is lost is a stream and not a connection.
func TestOverTLS(t *testing.T) {
	url, ca := env(t, "HS_TEST_BROKER_TLS"), env(t, "HS_TEST_CA")
	b, err := broker.New(url, url, ca)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	const key = "go-tls"
	if err := b.Open(key, broker.Opening{Limit: 200, DataLimit: 200}); err != nil {
		t.Fatal(err)
	}
	for name, options := range map[string][]Option{"pool": nil, "bound": {Bound()}} {
		t.Run(name, func(t *testing.T) {
			c, err := NewClient(key, broker.Secret, Paper, append(options, WithBaseURL(url), WithDataURL(url), WithCAFile(ca))...)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			for _, fault := range []string{"reset_after", "reset_midway", "error_after"} {
				if err := b.SetFaults(key, broker.Faults{Methods: []string{"POST"}, Next: []string{fault}}); err != nil {
					t.Fatal(err)
				}
				order, err := c.SubmitOrder(background, OrderRequest{Symbol: "F", Qty: Whole(1), Side: Buy})
				if err != nil || !order.Reconciled || order.Status != StatusFilled {
					t.Errorf("%s: %v, %+v", fault, err, order)
				}
			}
			if quote, err := c.LatestQuote(background, "F"); err != nil || quote.AskPrice != 12.06 {
				t.Errorf("%v, %+v", err, quote)
			}
		})
	}
	if seen, err := b.Look(key); err != nil || seen.Orders != 6 || seen.MostOfOne != 1 || len(seen.Contradictions) != 0 {
		t.Errorf("%v, %+v", err, seen)
	}
}

func TestAStrangersCertificate(t *testing.T) {
	c, err := NewClient(testKey, testSecret, Paper, WithBaseURL(env(t, "HS_TEST_BROKER_TLS")))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, err = c.SubmitOrder(background, one)
	if failure(t, err, ErrNetwork, sentinel.SentNo); !errors.Is(err, sentinel.ErrTLSUntrusted) {
		t.Error(err)
	}
	if _, err := NewClient(testKey, testSecret, Paper, WithCAFile("no such file")); !errors.Is(err, ErrArgument) || !errors.Is(err, sentinel.ErrCAStore) {
		t.Error(err)
	}
}
