package main

// #include <http_sentinel.h>
import "C"

import (
	"time"

	sentinel "http-sentinel/bindings/go"
)

// What the package tells of a call, as the structs that it was read from: logs go by their fields.

func ns(d time.Duration) C.uint64_t { return C.uint64_t(d) }

func ms(d time.Duration) C.uint64_t {
	if d < 0 {
		return C.HS_INFINITE
	}
	return C.uint64_t(d / time.Millisecond)
}

func metricsFacts(m *sentinel.Metrics) *C.hs_metrics {
	return &C.hs_metrics{
		attempts: C.uint32_t(m.Attempts), redirects: C.uint32_t(m.Redirects), internal_resends: C.uint32_t(m.InternalResends),
		total_ns: ns(m.Total), queue_ns: ns(m.Queue), dns_ns: ns(m.DNS), connect_ns: ns(m.Connect), tls_ns: ns(m.TLS),
		send_ns: ns(m.Send), first_byte_ns: ns(m.FirstByte), body_ns: ns(m.Body), pool_queue_ns: ns(m.PoolQueue),
		request_header_bytes: C.uint64_t(m.RequestHeaderBytes), request_body_bytes: C.uint64_t(m.RequestBodyBytes),
		response_header_bytes: C.uint64_t(m.ResponseHeaderBytes), response_body_bytes: C.uint64_t(m.ResponseBodyBytes),
		connection_id: C.uint64_t(m.ConnectionID), connection_reused: truth(m.ConnectionReused),
		http_version: C.uint32_t(m.HTTPVersion), tls_version: tlsNumber(m),
		tls_verified: truth(m.TLSVerified), tls_resumed: truth(m.TLSResumed),
		decoded: C.uint32_t(m.Decoded), proxied: truth(m.Proxied), auth_exchanges: C.uint32_t(m.AuthExchanges),
		retry_after_ms: ms(m.RetryAfter), stop_reason: C.uint32_t(m.StopReason),
	}
}

// errorFacts leaves the status out, which is told by its name.
func errorFacts(e *sentinel.Error) *C.hs_error_info {
	return &C.hs_error_info{
		phase: C.hs_phase(e.Phase), request_sent: C.uint32_t(e.RequestSent), retryable: C.uint32_t(e.Retryable),
		attempts: C.uint32_t(e.Attempts), curl_code: C.int32_t(e.CurlCode), os_error: C.int32_t(e.OSError),
		elapsed_ns: ns(e.Elapsed), retry_after_ms: ms(e.RetryAfter), stop_reason: C.uint32_t(e.StopReason),
	}
}

func attemptFacts(a *sentinel.Attempt) *C.hs_attempt {
	return &C.hs_attempt{
		number: C.uint32_t(a.Number), hedge: C.uint32_t(a.Hedge), status: C.hs_status(a.Status),
		http_status: C.uint32_t(a.HTTPStatus), request_sent: C.uint32_t(a.RequestSent),
		internal_resends: C.uint32_t(a.InternalResends), wait_reason: C.uint32_t(a.WaitReason),
		started_ns: ns(a.Started), duration_ns: ns(a.Duration), wait_ns: ns(a.Wait),
	}
}
