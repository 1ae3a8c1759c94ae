package sentinel

import (
	"context"
	"errors"
	"net"
	"os"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// TestEveryStatusHasAName reads the header: a status that is new there has to be here, too.
func TestEveryStatusHasAName(t *testing.T) {
	header, err := os.ReadFile("../../include/http_sentinel.h")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile(`(?m)^#define (HS_OK|HS_ERR_\w+) (-?\d+)$`).FindAllStringSubmatch(string(header), -1)
	if len(rows) < 50 {
		t.Fatal("found only", len(rows))
	}
	for _, row := range rows {
		number, _ := strconv.Atoi(row[2])
		if name := statusNames[Status(number)]; name != row[1] || name != nameInLibrary(Status(number)) {
			t.Errorf("%s is %d: here %q, in the library %q", row[1], number, name, nameInLibrary(Status(number)))
		}
	}
	if len(rows) != len(statusNames) {
		t.Errorf("%d statuses in the header, %d here", len(rows), len(statusNames))
	}
	for n := range phases {
		want := strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(phaseInLibrary(Phase(n)), "HS_PHASE_"), "_", " "))
		if Phase(n).String() != want {
			t.Errorf("phase %d is %q here and %q in the library", n, Phase(n), want)
		}
	}
	if phaseInLibrary(Phase(len(phases))) != "" {
		t.Error("the library has more phases")
	}
}

func TestErrorsAreFoundByWhatIsBehindThem(t *testing.T) {
	ctx, cancel := context.WithCancelCause(context.Background())
	why := errors.New("why")
	cancel(why)
	var err error = (&Error{Status: ErrCancelled, OSError: syscall.ECONNRESET, Message: "m"}).because(ctx)
	for _, target := range []error{ErrCancelled, context.Canceled, why, syscall.ECONNRESET} {
		if !errors.Is(err, target) {
			t.Errorf("%v is not %v", err, target)
		}
	}
	for _, target := range []error{ErrTimeout, OK, context.DeadlineExceeded, syscall.EPIPE} {
		if errors.Is(err, target) {
			t.Errorf("%v is %v", err, target)
		}
	}
	var timeout net.Error
	if !errors.As(err, &timeout) || timeout.Timeout() {
		t.Error(err)
	}
	if !errors.As(error(&Error{Status: ErrIdleTimeout}), &timeout) || !timeout.Timeout() {
		t.Error("a timeout is none")
	}
	if text := err.Error(); !strings.Contains(text, "why") || !strings.Contains(text, "HS_ERR_CANCELLED") {
		t.Error(text)
	}
	if Status(-9999).String() != "HS_STATUS(-9999)" || Phase(99).String() != "phase 99" {
		t.Error("unknown numbers have no text")
	}
}
