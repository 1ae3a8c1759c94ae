package main

import (
	"os"
	"testing"
)

// TestSafety is the check under go test, so that it runs under the race detector as well.
func TestSafety(t *testing.T) {
	for name, c := range map[string]config{
		"pool":  {threads: 50, requests: 30, faults: 3},
		"bound": {threads: 50, requests: 30, faults: 4, bound: true},
	} {
		t.Run(name, func(t *testing.T) {
			c.broker, c.data = os.Getenv("HS_TEST_BROKER"), os.Getenv("HS_TEST_BROKER_DATA")
			if c.broker == "" || c.data == "" {
				t.Fatal("HS_TEST_BROKER and HS_TEST_BROKER_DATA are to name the stand-in for a broker: .ci/with-server.sh does")
			}
			if !run(c) {
				t.Fatal("see above")
			}
		})
	}
}
