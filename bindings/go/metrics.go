package sentinel

// #include "shim.h"
import "C"

import (
	"crypto/tls"
	"net/netip"
	"time"
	"unsafe"
)

// HTTPVersion is a version of HTTP: as a wish in options, as a fact in metrics.
type HTTPVersion uint32

// Versions of HTTP.
const (
	HTTPDefault         HTTPVersion = C.HS_HTTP_DEFAULT           // HTTP/2 where TLS negotiates it, else HTTP/1.1; as a fact: unknown
	HTTP10              HTTPVersion = C.HS_HTTP_1_0               // HTTP/1.0
	HTTP11              HTTPVersion = C.HS_HTTP_1_1               // HTTP/1.1
	HTTP2               HTTPVersion = C.HS_HTTP_2                 // HTTP/2, as a wish where TLS negotiates it
	HTTP2PriorKnowledge HTTPVersion = C.HS_HTTP_2_PRIOR_KNOWLEDGE // a wish only: HTTP/2 without negotiation, also in clear
	HTTP3               HTTPVersion = C.HS_HTTP_3                 // a fact only
)

// String is what net/http calls it: "HTTP/1.1", "HTTP/2.0".
func (v HTTPVersion) String() string {
	switch v {
	case HTTP10:
		return "HTTP/1.0"
	case HTTP11:
		return "HTTP/1.1"
	case HTTP2, HTTP2PriorKnowledge:
		return "HTTP/2.0"
	case HTTP3:
		return "HTTP/3.0"
	}
	return ""
}

// Metrics are the facts of a call. Durations from Queue to Body are the phases of the exchange that gave the response, one
// after the other, in whole microseconds.
type Metrics struct {
	Attempts        int // how many attempts the call made
	Redirects       int // how many redirects were followed
	InternalResends int // how often it was put on another connection within one attempt

	Total     time.Duration // the whole call
	Queue     time.Duration // waiting for a connection
	DNS       time.Duration // resolving the host name; 0 on a reused connection, as are the next two
	Connect   time.Duration // connecting
	TLS       time.Duration // the TLS handshake
	Send      time.Duration // sending the request
	FirstByte time.Duration // from the request sent to the first byte of the response
	Body      time.Duration // from the first byte of the response to its end
	PoolQueue time.Duration // waiting in the queue of a pool

	RequestHeaderBytes  uint64 // of the request's head
	RequestBodyBytes    uint64 // of the request's body that were sent
	ResponseHeaderBytes uint64 // of the response's heads and trailers
	ResponseBodyBytes   uint64 // of the response's body as received

	ConnectionID     uint64      // unique within its worker
	ConnectionReused bool        // the connection had served a request before
	HTTPVersion      HTTPVersion // what was spoken
	TLSVersion       uint16      // tls.VersionTLS12 and the like; 0 in clear text and where it is not known
	Encrypted        bool        // the connection was in TLS
	TLSVerified      bool        // the server's certificate was checked in full, its name included
	TLSResumed       bool        // the TLS session of an earlier connection was resumed
	Peer, Local      netip.AddrPort
	Decoded          int           // how many codings were taken off the body
	Proxied          bool          // it went through a proxy
	AuthExchanges    int           // how many exchanges were answered with a challenge
	RetryAfter       time.Duration // when the server wants to see the request again; 0 where it did not say
	StopReason       StopReason    // why there was no further attempt
}

// Attempt is one attempt of a call: its redirects and answers to challenges included, the waits between attempts not.
type Attempt struct {
	Number          int           // from 1; a hedge has that of the attempt that it was sent beside
	Hedge           int           // 0 for the attempt itself, else which of its hedges
	Status          Status        // what it failed with; OK where there was a response
	HTTPStatus      int           // of its response; 0 where there was none
	RequestSent     Sent          // whether the server may have seen it
	InternalResends int           // how often it was put on another connection within the attempt
	WaitReason      WaitReason    // what most of Wait was for
	Started         time.Duration // after the beginning of the call
	Duration        time.Duration // how long it took from then on
	Wait            time.Duration // how long it was held up before that
}

// WaitReason says what the time before an attempt was spent on.
type WaitReason uint32

// What the time before an attempt was spent on.
const (
	WaitNone       WaitReason = C.HS_WAIT_NONE        // nothing
	WaitBackoff    WaitReason = C.HS_WAIT_BACKOFF     // the back-off between two attempts
	WaitRetryAfter WaitReason = C.HS_WAIT_RETRY_AFTER // the server asked for it
	WaitLimiter    WaitReason = C.HS_WAIT_LIMITER     // a rate limiter
	WaitBulkhead   WaitReason = C.HS_WAIT_BULKHEAD    // a bulkhead
	WaitHedge      WaitReason = C.HS_WAIT_HEDGE       // the delay before a hedge
)

func metricsOf(m *C.hs_metrics) Metrics {
	ns := func(n C.uint64_t) time.Duration { return time.Duration(n) }
	return Metrics{
		Attempts: int(m.attempts), Redirects: int(m.redirects), InternalResends: int(m.internal_resends),
		Total: ns(m.total_ns), Queue: ns(m.queue_ns), DNS: ns(m.dns_ns), Connect: ns(m.connect_ns), TLS: ns(m.tls_ns),
		Send: ns(m.send_ns), FirstByte: ns(m.first_byte_ns), Body: ns(m.body_ns), PoolQueue: ns(m.pool_queue_ns),
		RequestHeaderBytes: uint64(m.request_header_bytes), RequestBodyBytes: uint64(m.request_body_bytes),
		ResponseHeaderBytes: uint64(m.response_header_bytes), ResponseBodyBytes: uint64(m.response_body_bytes),
		ConnectionID: uint64(m.connection_id), ConnectionReused: m.connection_reused != 0,
		HTTPVersion: HTTPVersion(m.http_version), TLSVersion: tlsVersion(m.tls_version), Encrypted: m.tls_version != C.HS_TLS_NONE,
		TLSVerified: m.tls_verified != 0, TLSResumed: m.tls_resumed != 0,
		Peer: addressOf(&m.peer), Local: addressOf(&m.local),
		Decoded: int(m.decoded), Proxied: m.proxied != 0, AuthExchanges: int(m.auth_exchanges),
		RetryAfter: fromMillis(m.retry_after_ms), StopReason: StopReason(m.stop_reason),
	}
}

func tlsVersion(v C.uint32_t) uint16 {
	switch v {
	case C.HS_TLS_1_0:
		return tls.VersionTLS10
	case C.HS_TLS_1_1:
		return tls.VersionTLS11
	case C.HS_TLS_1_2:
		return tls.VersionTLS12
	case C.HS_TLS_1_3:
		return tls.VersionTLS13
	}
	return 0
}

func addressOf(a *C.hs_address) netip.AddrPort {
	ip := *(*[16]byte)(unsafe.Pointer(&a.ip))
	switch a.family {
	case 4:
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(ip[:4])), uint16(a.port))
	case 6:
		return netip.AddrPortFrom(netip.AddrFrom16(ip), uint16(a.port))
	}
	return netip.AddrPort{}
}

func attemptsOf(response *C.hs_response, failure *C.hs_error, count C.size_t) []Attempt {
	if count == 0 {
		return nil
	}
	given := make([]C.hs_attempt, count)
	given = given[:C.hsgo_attempts(response, failure, &given[0], count)]
	all := make([]Attempt, len(given))
	for i := range given {
		one := &given[i]
		all[i] = Attempt{
			Number: int(one.number), Hedge: int(one.hedge), Status: Status(one.status), HTTPStatus: int(one.http_status),
			RequestSent: Sent(one.request_sent), InternalResends: int(one.internal_resends),
			WaitReason: WaitReason(one.wait_reason), Started: time.Duration(one.started_ns),
			Duration: time.Duration(one.duration_ns), Wait: time.Duration(one.wait_ns),
		}
	}
	return all
}
