package sentinel

// #include "shim.h"
import "C"

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"
	"time"
)

// Phase says in what a call was when it failed.
type Phase int32

// What a call may be in.
const (
	PhaseNone      Phase = C.HS_PHASE_NONE       // there was no failure
	PhaseArgument  Phase = C.HS_PHASE_ARGUMENT   // the arguments were checked; nothing was started
	PhaseQueue     Phase = C.HS_PHASE_QUEUE      // waiting for a place in a queue or for a connection
	PhaseDNS       Phase = C.HS_PHASE_DNS        // resolving the host name
	PhaseConnect   Phase = C.HS_PHASE_CONNECT    // connecting
	PhaseProxy     Phase = C.HS_PHASE_PROXY      // talking to a proxy
	PhaseTLS       Phase = C.HS_PHASE_TLS        // TLS handshake
	PhaseSend      Phase = C.HS_PHASE_SEND       // sending the request
	PhaseFirstByte Phase = C.HS_PHASE_FIRST_BYTE // waiting for the response head
	PhaseBody      Phase = C.HS_PHASE_BODY       // receiving the body
	PhaseDecode    Phase = C.HS_PHASE_DECODE     // decoding the body
	PhaseLimit     Phase = C.HS_PHASE_LIMIT      // a limit of the library was reached
	PhasePolicy    Phase = C.HS_PHASE_POLICY     // a retry, breaker, limiter or bulkhead decided
	PhaseProtocol  Phase = C.HS_PHASE_PROTOCOL   // the server broke the protocol
	PhaseCancel    Phase = C.HS_PHASE_CANCEL     // the caller cancelled
	PhaseInternal  Phase = C.HS_PHASE_INTERNAL   // the library itself
)

var phases = [...]string{"none", "argument", "queue", "dns", "connect", "proxy", "tls", "send", "first byte", "body", "decode",
	"limit", "policy", "protocol", "cancel", "internal"}

// String is the name of a phase: "dns", "first byte".
func (p Phase) String() string {
	if p >= 0 && int(p) < len(phases) {
		return phases[p]
	}
	return fmt.Sprintf("phase %d", int32(p))
}

// Sent says whether the server may have seen a request.
type Sent uint32

// Whether the server may have seen a request.
const (
	SentNo    Sent = C.HS_SENT_NO    // not one byte of it was put on a connection
	SentMaybe Sent = C.HS_SENT_MAYBE // it may have arrived: ask the server before repeating what must not happen twice
	SentYes   Sent = C.HS_SENT_YES   // the server answered it
)

// String is "no", "maybe" or "yes".
func (s Sent) String() string {
	switch s {
	case SentNo:
		return "no"
	case SentYes:
		return "yes"
	}
	return "maybe"
}

// Retryable says whether the same request may be sent again.
type Retryable uint32

// Whether the same request may be sent again.
const (
	RetryableNo      Retryable = C.HS_RETRYABLE_NO      // it would fail the same way, or the caller asked to stop
	RetryableSafe    Retryable = C.HS_RETRYABLE_SAFE    // it was not sent, or may be carried out twice
	RetryableUnknown Retryable = C.HS_RETRYABLE_UNKNOWN // it may have been carried out, and must not be twice
)

// String is "no", "safe" or "unknown".
func (r Retryable) String() string {
	switch r {
	case RetryableNo:
		return "no"
	case RetryableSafe:
		return "safe"
	}
	return "unknown"
}

// StopReason says why there was no further attempt.
type StopReason uint32

// Why there was no further attempt.
const (
	StopOK                StopReason = C.HS_STOP_OK                   // none was wanted
	StopTerminal          StopReason = C.HS_STOP_TERMINAL             // another one would fail the same way
	StopAttempts          StopReason = C.HS_STOP_ATTEMPTS             // as many as allowed were made
	StopDeadline          StopReason = C.HS_STOP_DEADLINE             // there was no time for another one
	StopCancelled         StopReason = C.HS_STOP_CANCELLED            // it was cancelled
	StopBudget            StopReason = C.HS_STOP_BUDGET               // the retry budget is spent
	StopRetryAfterTooLong StopReason = C.HS_STOP_RETRY_AFTER_TOO_LONG // the server asks to wait for too long
	StopNotIdempotent     StopReason = C.HS_STOP_NOT_IDEMPOTENT       // it may have been carried out, and must not be twice
	StopNotReplayable     StopReason = C.HS_STOP_NOT_REPLAYABLE       // the body cannot be sent again
	StopCommitted         StopReason = C.HS_STOP_COMMITTED            // the caller has seen a part of the body
	StopBreakerOpen       StopReason = C.HS_STOP_BREAKER_OPEN         // the circuit breaker is open
	StopLimited           StopReason = C.HS_STOP_LIMITED              // the rate limiter refused
	StopBulkheadFull      StopReason = C.HS_STOP_BULKHEAD_FULL        // the bulkhead refused
)

// Error is a failed operation. An HTTP status is never one. It may be read by any number of goroutines, and holds no
// secrets: neither values of sensitive header fields, nor passwords, nor what is known to be one in URLs.
//
// It is found with errors.As; errors.Is compares it with a [Status] such as [ErrTimeout], with the error number of the
// system where there is one (syscall.ECONNREFUSED), with io.ErrUnexpectedEOF where a body broke off, and, where a context ended the call, with context.Canceled or
// context.DeadlineExceeded and with the context's cause.
type Error struct {
	Status      Status        // what it came to, never OK
	Phase       Phase         // in what the call was
	RequestSent Sent          // whether the server may have seen the request
	Retryable   Retryable     // whether the same request may be sent again
	Attempts    int           // how many were made
	Message     string        // one line of English
	Elapsed     time.Duration // how long the call took
	RetryAfter  time.Duration // when the next try may be let through, as far as server or breaker said; else 0
	StopReason  StopReason    // why there was no further attempt
	CurlCode    int           // libcurl's own code (CURLcode), 0 where it had no part in it
	OSError     syscall.Errno // the system's error number, 0 where there is none
	AttemptLog  []Attempt     // each attempt, hedges included
	TraceID     string        // the trace-id that servers were told, or ""
	Trace       string        // what happened, line by line, where a trace was asked for

	causes []error // why it was made to end: the context's error and cause, or what the request's body said
}

// Error says what went wrong, with the status, the phase, and whether the request was sent.
func (e *Error) Error() string {
	cause := ""
	for _, one := range e.causes {
		if one != context.Canceled && one != context.DeadlineExceeded {
			cause = ": " + one.Error()
		}
	}
	return fmt.Sprintf("sentinel: %s%s [%s, phase %s, sent: %s]", e.Message, cause, e.Status, e.Phase, e.RequestSent)
}

// Is reports whether target is the status of this error, or io.ErrUnexpectedEOF of a body that broke off.
func (e *Error) Is(target error) bool {
	status, is := target.(Status)
	if is {
		return status == e.Status
	}
	return target == io.ErrUnexpectedEOF && e.Status == ErrBodyTruncated
}

// Unwrap gives what is behind it.
func (e *Error) Unwrap() []error {
	behind := e.causes
	if e.OSError != 0 {
		behind = append(behind[:len(behind):len(behind)], e.OSError)
	}
	return behind
}

// Timeout reports whether time ran out, for net.Error.
func (e *Error) Timeout() bool {
	switch e.Status {
	case ErrTimeout, ErrAttemptTimeout, ErrIdleTimeout, ErrConnectTimeout, ErrReadTimeout, ErrWriteTimeout:
		return true
	}
	for _, cause := range e.causes {
		if errors.Is(cause, context.DeadlineExceeded) {
			return true
		}
	}
	return false
}

// Temporary reports whether the same request may be sent again, for net.Error.
func (e *Error) Temporary() bool { return e.Retryable == RetryableSafe }

// errorOf takes an error object over and frees it. Where there is none the status says it all.
func errorOf(status C.hs_status, failure *C.hs_error) *Error {
	if failure == nil {
		return plainError(Status(status), "the library refused")
	}
	fault := new(C.hsgo_fault)
	C.hsgo_fault_of(failure, fault)
	info := &fault.info
	e := &Error{
		Status: Status(status), Phase: Phase(info.phase), RequestSent: Sent(info.request_sent),
		Retryable: Retryable(info.retryable), Attempts: int(info.attempts), Message: text(fault.message),
		Elapsed: time.Duration(info.elapsed_ns), RetryAfter: fromMillis(info.retry_after_ms),
		StopReason: StopReason(info.stop_reason), CurlCode: int(info.curl_code), OSError: syscall.Errno(info.os_error),
		TraceID: text(fault.trace_id), Trace: text(fault.trace),
		AttemptLog: attemptsOf(nil, failure, fault.attempts),
	}
	C.hs_error_free(failure)
	return e
}

// plainError is one that the library says no more of than its status: nothing was sent.
func plainError(status Status, message string) *Error {
	return &Error{Status: status, Phase: PhaseArgument, Message: message}
}

// check makes an error of a status that comes without an error object.
func check(status C.hs_status, what string) error {
	if status == C.HS_OK {
		return nil
	}
	return plainError(Status(status), what+" failed")
}

// because notes that a context has ended, if it has.
func (e *Error) because(ctx context.Context) *Error {
	err := ctx.Err()
	if err == nil && e.Status == ErrTimeout {
		// The library's clock was a moment ahead.
		if deadline, there := ctx.Deadline(); there && time.Until(deadline) < 2*time.Millisecond {
			err = context.DeadlineExceeded
		}
	}
	if err == nil {
		return e
	}
	e.causes = append(e.causes, err)
	if cause := context.Cause(ctx); cause != nil && cause != err {
		e.causes = append(e.causes, cause)
	}
	return e
}
