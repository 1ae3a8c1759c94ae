package sentinel

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"
)

func newEngine(t testing.TB, o RetryEngineOptions) *RetryEngine {
	t.Helper()
	if o.Retry.BaseDelay == 0 {
		o.Retry.BaseDelay = 10 * time.Millisecond
	}
	engine, err := NewRetryEngine(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { engine.Close() })
	return engine
}

func TestExecuteTriesAgainUntilItSucceeds(t *testing.T) {
	engine := newEngine(t, RetryEngineOptions{Idempotent: true})
	numbers := []int{}
	report, err := engine.Run(context.Background(), func(ctx context.Context, a *RetryAttempt) error {
		if _, there := ctx.Deadline(); !there || a.Left <= 0 || a.Left > 30*time.Second {
			t.Error("no deadline", a.Left)
		}
		if numbers = append(numbers, a.Number); a.Number < 3 {
			return errors.New("not yet")
		}
		return nil
	}, nil)
	if err != nil || fmt.Sprint(numbers) != "[1 2 3]" || report.Attempts != 3 || report.StopReason != StopOK || report.Waited <= 0 {
		t.Error(err, numbers, report)
	}
}

func TestExecuteGivesTheLastError(t *testing.T) {
	engine := newEngine(t, RetryEngineOptions{Idempotent: true})
	own := errors.New("mine")
	tries := 0
	work := func(fail func() error) func(context.Context, *RetryAttempt) error {
		return func(context.Context, *RetryAttempt) error { tries++; return fail() }
	}
	for _, c := range []struct {
		name  string
		fail  func() error
		tries int
	}{
		{"of its own", func() error { return own }, 3},
		{"permanent", func() error { return Permanent(own) }, 1},
		{"a status", func() error {
			return fmt.Errorf("%w: %w", own, &Error{Status: ErrConnectionClosed, RequestSent: SentMaybe})
		}, 3},
		{"a terminal status", func() error { return fmt.Errorf("%w: %w", own, &Error{Status: ErrInvalidURL}) }, 1},
		{"a context's", func() error { return fmt.Errorf("%w: %w", own, context.Canceled) }, 1},
	} {
		tries = 0
		if err := engine.Execute(context.Background(), work(c.fail)); !errors.Is(err, own) || tries != c.tries {
			t.Errorf("%s: %v after %d", c.name, err, tries)
		}
	}
}

func TestWhatMayHaveBeenDoneIsNotRepeated(t *testing.T) {
	engine := newEngine(t, RetryEngineOptions{})
	tries := 0
	report, err := engine.Run(context.Background(), func(context.Context, *RetryAttempt) error {
		tries++
		return &Error{Status: ErrConnectionClosed, RequestSent: SentMaybe}
	}, nil)
	if !errors.Is(err, ErrConnectionClosed) || tries != 1 || report.StopReason != StopNotIdempotent {
		t.Error(err, tries, report)
	}
	tries = 0
	err = engine.Execute(context.Background(), func(context.Context, *RetryAttempt) error {
		tries++
		return &Error{Status: ErrConnect, RequestSent: SentNo}
	})
	if !errors.Is(err, ErrConnect) || tries != 3 {
		t.Error(err, tries)
	}
}

func TestAContextEndsAWait(t *testing.T) {
	engine := newEngine(t, RetryEngineOptions{
		Idempotent: true, Timeout: NoLimit, Retry: RetryOptions{BaseDelay: time.Hour, MaxDelay: time.Hour},
	})
	ctx, cancel := context.WithCancelCause(context.Background())
	own, why := errors.New("mine"), errors.New("why")
	err := engine.Execute(ctx, func(context.Context, *RetryAttempt) error {
		time.AfterFunc(20*time.Millisecond, func() { cancel(why) })
		return own
	})
	for _, target := range []error{ErrCancelled, context.Canceled, own, why} {
		if !errors.Is(err, target) {
			t.Errorf("%v is not %v", err, target)
		}
	}
}

func TestARuleOfItsOwn(t *testing.T) {
	engine := newEngine(t, RetryEngineOptions{})
	tries := 0
	err := engine.Execute(context.Background(), func(_ context.Context, a *RetryAttempt) error {
		tries, a.HTTPStatus = a.Number, 404
		return nil
	})
	if err != nil || tries != 1 {
		t.Error(err, tries)
	}
	report, err := engine.Run(context.Background(), func(_ context.Context, a *RetryAttempt) error {
		tries, a.HTTPStatus = a.Number, 404
		return nil
	}, func(err error, a *RetryAttempt) bool { return err == nil && a.HTTPStatus == 404 && a.Number < 3 })
	if err != nil || tries != 3 || report.HTTPStatus != 404 {
		t.Error(err, tries, report)
	}
}

func TestAPanicGoesThrough(t *testing.T) {
	engine := newEngine(t, RetryEngineOptions{Idempotent: true})
	tries := 0
	defer func() {
		if said := recover(); said != "help" || tries != 1 {
			t.Error(said, tries)
		}
	}()
	engine.Execute(context.Background(), func(context.Context, *RetryAttempt) error { tries++; panic("help") })
}

func TestRunsWithinRunsAndClientsWithin(t *testing.T) {
	outer, inner := newEngine(t, RetryEngineOptions{Idempotent: true}), newEngine(t, RetryEngineOptions{Idempotent: true})
	client := newClient(t, Options{})
	attempts := 0
	err := outer.Execute(context.Background(), func(ctx context.Context, _ *RetryAttempt) error {
		return inner.Execute(ctx, func(ctx context.Context, _ *RetryAttempt) error {
			_, err := client.Get(ctx, "http://127.0.0.1:1/")
			attempts += err.(*Error).Attempts
			return err
		})
	})
	if !errors.Is(err, ErrConnect) || attempts != 9 {
		t.Error(err, attempts)
	}
}
