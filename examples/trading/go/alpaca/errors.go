package alpaca

import (
	"fmt"
	"strings"
	"time"

	sentinel "http-sentinel/bindings/go"
)

// Kind is what a failure means for the caller. It is compared with errors.Is.
type Kind string

// What a failure means.
const (
	ErrArgument     Kind = "argument"     // refused before anything was sent
	ErrUnauthorized Kind = "unauthorized" // the keys, or what they may do
	ErrRejected     Kind = "rejected"     // the broker refused: buying power, quantity, malformed, not in this state
	ErrDuplicate    Kind = "duplicate"    // it has an order of this client_order_id already: ask for that one
	ErrNotFound     Kind = "not_found"    // there is no such thing
	ErrRateLimited  Kind = "rate_limited" // nothing was done; see RetryAfter
	ErrBroker       Kind = "broker"       // 5xx to what changes nothing
	ErrNetwork      Kind = "network"      // no answer to what changes nothing, or provably never sent
	ErrNotPlaced    Kind = "not_placed"   // the answer was lost, and the broker was asked: it does not have the order
	ErrUnknown      Kind = "unknown"      // the answer was lost, and so it may have been done
	ErrBadAnswer    Kind = "bad_answer"   // what came cannot be read
)

// Error is the name of a kind, which makes it an error.
func (k Kind) Error() string { return "alpaca: " + string(k) }

// Error is a failed operation: every error of this package is one. It is found with errors.As; errors.Is compares it with a
// [Kind], with a sentinel.Status such as sentinel.ErrTimeout, and, where a context ended it, with context.Canceled or
// context.DeadlineExceeded. It holds no secrets.
type Error struct {
	Op            string // "submit order"
	Kind          Kind
	HTTPStatus    int           // 0: no answer came
	Code          int64         // the broker's, such as 40310000; 0: it gave none
	Message       string        // the broker's or the library's
	RequestSent   sentinel.Sent // whether the broker may have seen what was asked
	Attempts      int
	Resends       int           // how often it was sent again within an attempt, its connection having been dead
	RetryAfter    time.Duration // when to come again, as far as somebody said
	ClientOrderID string        // of an order, also where it was generated
	Err           error         // the library's own, a *sentinel.Error; nil where an answer came
}

// Error says what failed, how, and whether it was sent.
func (e *Error) Error() string {
	var text strings.Builder
	text.WriteString("alpaca: " + e.Op + ": " + string(e.Kind))
	if e.Message != "" {
		text.WriteString(": " + e.Message)
	}
	text.WriteString(" [")
	if e.HTTPStatus != 0 {
		fmt.Fprintf(&text, "HTTP %d, ", e.HTTPStatus)
	}
	if e.Code != 0 {
		fmt.Fprintf(&text, "code %d, ", e.Code)
	}
	fmt.Fprintf(&text, "sent: %s", e.RequestSent)
	if e.ClientOrderID != "" {
		text.WriteString(", client_order_id " + e.ClientOrderID)
	}
	text.WriteString("]")
	return text.String()
}

// Is reports whether target is the kind of this error.
func (e *Error) Is(target error) bool {
	kind, is := target.(Kind)
	return is && kind == e.Kind
}

// Unwrap gives the library's error.
func (e *Error) Unwrap() error { return e.Err }

// as is the same failure, with what it has turned out to mean.
func (e *Error) as(kind Kind, message string) *Error {
	e.Kind, e.Message = kind, message
	return e
}

// lost says that nobody knows what became of a request that changes something (rule 3).
func (e *Error) lost() bool {
	switch e.Kind {
	case ErrNetwork:
		return e.RequestSent != sentinel.SentNo
	case ErrBroker, ErrBadAnswer:
		return true
	}
	return false
}

func refuse(op, why string) *Error { return &Error{Op: op, Kind: ErrArgument, Message: why} }

// orNil keeps a nil *Error from becoming an error that is not nil.
func orNil(e *Error) error {
	if e == nil {
		return nil
	}
	return e
}
