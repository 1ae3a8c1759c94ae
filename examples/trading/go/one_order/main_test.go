package main

import (
	"os"
	"strings"
	"testing"

	"http-sentinel/examples/trading/go/internal/broker"
)

func TestOneOrder(t *testing.T) {
	url, ca, key := os.Getenv("HS_TEST_BROKER_TLS"), os.Getenv("HS_TEST_CA"), "go-one-order"
	if url == "" || ca == "" {
		t.Fatal("HS_TEST_BROKER_TLS and HS_TEST_CA are not set: .ci/with-server.sh does that")
	}
	b, err := broker.New(url, url, ca)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if err := b.Open(key, broker.Opening{Limit: 200}); err != nil {
		t.Fatal(err)
	}
	for _, one := range []struct {
		args   string
		faults broker.Faults
		status int
		says   string
	}{
		{"AAPL 2 150.25", broker.Faults{}, 0, " buy 2 of AAPL at most 150.25: pending_new\n"},
		{"AAPL 2 150.25", broker.Faults{Next: []string{"reset_after"}}, 0, " buy 2 of AAPL at most 150.25: new\n"},
		{"AAPL 2 150.25", broker.Faults{Next: []string{"reset_before"}}, 1, "not placed; again with "},
		{"AAPL 2 150.25", broker.Faults{Next: []string{"reset_after", "error_before", "error_before", "error_before"}}, 1, "nobody knows; ask for "},
		{"AAPL 20000 150.25", broker.Faults{}, 1, "rejected: insufficient buying power [HTTP 403, code 40310000, sent: yes"},
		{"AAPL two 150.25", broker.Faults{}, 2, `"two" is no decimal`},
		{"AAPL", broker.Faults{}, 2, "usage: "},
	} {
		if err := b.SetFaults(key, one.faults); err != nil {
			t.Fatal(err)
		}
		args := strings.Fields(one.args)
		if len(args) == 3 {
			args = append(args, url, ca)
		}
		var out strings.Builder
		if status := run(args, key, broker.Secret, &out); status != one.status || !strings.Contains(out.String(), one.says) {
			t.Errorf("%s: %d %s", one.args, status, out.String())
		}
	}
}
