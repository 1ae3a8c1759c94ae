// HTTP Sentinel: one HTTP client for each worker thread, with one behaviour in C, C++, Go and Zig.
// Licence: MIT OR Apache-2.0. Made from src/ffi by cbindgen; do not edit, run `make header`.
//
// Conventions
//
//   Status     Functions that can fail return hs_status: HS_OK (0) or a negative HS_ERR_… number. Out-parameters come
//              last and are written on success only; `hs_error **error` is the exception: where it is not NULL it is
//              set to an error object on failure, which the caller frees, and to NULL on success.
//   Handles    hs_worker, hs_response, hs_error and hs_cancel are tokens that the library never follows as pointers.
//              A freed, forged or foreign handle gives HS_ERR_INVALID_HANDLE, never undefined behaviour. NULL gives
//              HS_ERR_NULL_ARGUMENT, except that freeing NULL is HS_OK.
//   Threads    A worker belongs to the thread that made it; elsewhere it gives HS_ERR_WRONG_THREAD. Everything else
//              may be used on any thread.
//   Text       hs_str is a pointer and a length. What the library returns is borrowed from the object that it was
//              read from, until that is freed. Embedded NULs in URLs, methods and header fields are errors.
//   Structs    Set struct_size to sizeof the struct and the rest to zero: zero means the default everywhere.
//   Time       Durations are milliseconds in options and nanoseconds in metrics. HS_INFINITE is no limit.
//   fork()     Handles from before a fork give HS_ERR_FORKED in the child, which may make new ones.


#ifndef HTTP_SENTINEL_H
#define HTTP_SENTINEL_H

#include <stddef.h>
#include <stdint.h>

// As a length: "up to the NUL". For C string literals.
#define HS_NTS 18446744073709551615ull

// The value of this header is a secret: it never appears in an error, and it is never sent to another origin than
// the one that was asked for. `Authorization`, `Cookie` and `Proxy-Authorization` are secrets without the flag.
#define HS_HEADER_SENSITIVE 1

// The ABI's major version: the number in the soname. It changes when a program must be compiled again.
#define HS_ABI_MAJOR 1

// The ABI's minor version: it grows when something is added.
#define HS_ABI_MINOR 0

// As a duration: no limit.
#define HS_INFINITE 18446744073709551615ull

// As a wish: HTTP/2 where TLS negotiates it (ALPN), else HTTP/1.1. As a fact: unknown.
#define HS_HTTP_DEFAULT 0

// HTTP/1.0 (RFC 1945). As a wish: nothing else.
#define HS_HTTP_1_0 10

// HTTP/1.1 (RFC 9112). As a wish: nothing else.
#define HS_HTTP_1_1 11

// HTTP/2 (RFC 9113). As a wish: where TLS negotiates it (ALPN), else HTTP/1.1.
#define HS_HTTP_2 20

// As a wish: HTTP/2 without negotiation (RFC 9113, section 3.3), also in clear.
#define HS_HTTP_2_PRIOR_KNOWLEDGE 21

// HTTP/3 (RFC 9114). A fact only.
#define HS_HTTP_3 30

// As a wish for redirects: the worker's setting; of a worker: `HS_REDIRECT_FOLLOW`.
#define HS_REDIRECT_DEFAULT 0

// Redirects are followed (RFC 9110, section 15.4): 301 and 302 turn POST into GET, 303 turns all but HEAD into GET,
// 307 and 308 repeat the request. What is secret is dropped on the way to another origin (scheme, host and port) and
// stays dropped.
#define HS_REDIRECT_FOLLOW 1

// A redirect is the response.
#define HS_REDIRECT_RETURN 2

// As `HS_REDIRECT_FOLLOW` within one origin; `HS_ERR_REDIRECT_REFUSED` where it leads elsewhere.
#define HS_REDIRECT_SAME_ORIGIN 3

// In the flags of a worker or a request: redirects from https to http are followed too. Off, they give
// `HS_ERR_REDIRECT_REFUSED`.
#define HS_ALLOW_DOWNGRADE 1

// In the flags of a worker or a request: the body comes as it was sent. Off, gzip, deflate, br and zstd are asked for
// and taken off the body, unless the request has an `Accept-Encoding` or `Range` header of its own.
#define HS_RAW_BODY 2

// In the flags of a request: the call ends with the response head, and the body is read with `hs_response_read`.
#define HS_STREAM 4

// In the flags of a worker: it has a cookie jar of its own.
#define HS_COOKIES 16

// In the flags of `hs_network_options`: the system does not probe silent connections.
#define HS_NO_KEEP_ALIVE 1

// In the flags of `hs_network_options`: small pieces wait for more before they are sent (Nagle's algorithm), which costs
// latency. Off, `TCP_NODELAY` is set.
#define HS_SEND_DELAY 2

// In the flags of a worker or a request: the trace of each call is kept, for `hs_response_trace` and `hs_error_trace`.
// For looking into things: it costs time and memory.
#define HS_TRACE 256

// Not encrypted.
#define HS_TLS_NONE 0

// Encrypted; the TLS library underneath does not tell the version.
#define HS_TLS_UNKNOWN 1

// TLS 1.0 (RFC 2246).
#define HS_TLS_1_0 10

// TLS 1.1 (RFC 4346).
#define HS_TLS_1_1 11

// TLS 1.2 (RFC 5246).
#define HS_TLS_1_2 12

// TLS 1.3 (RFC 8446).
#define HS_TLS_1_3 13

// Capability: HTTP/2.
#define HS_CAPABILITY_HTTP2 1

// Capability: libcurl and its TLS library are linked in, not the distribution's.
#define HS_CAPABILITY_BUNDLED_CURL 2

// Not one byte of the request was put on a connection.
#define HS_SENT_NO 0

// The request may have arrived, in part or as a whole: ask the server before you repeat what must not happen twice.
#define HS_SENT_MAYBE 1

// The server answered the request: a complete response head came.
#define HS_SENT_YES 2

// The same request would fail the same way, or the caller asked to stop.
#define HS_RETRYABLE_NO 0

// The request was not sent, or its method is idempotent (RFC 9110, section 9.2.2): it may be sent again.
#define HS_RETRYABLE_SAFE 1

// The request may have been carried out, and its method is not idempotent.
#define HS_RETRYABLE_UNKNOWN 2

// No credentials; of a request: not the worker's either.
#define HS_AUTH_NONE 0

// User and password with each request (RFC 7617), in UTF-8. The user has no colon.
#define HS_AUTH_BASIC 1

// A token with each request (RFC 6750): letters, digits and `-._~+/`, with `=` at its end.
#define HS_AUTH_BEARER 2

// User and password, proved but not told (RFC 7616): the request goes out without credentials and is sent again when a
// 401 asks for them; later ones prove themselves at once. MD5, SHA-256 and SHA-512-256, each also as `-sess`, of which
// the strongest is chosen; `qop=auth` or none; hashed users. The 401 is the response where nothing of that is offered,
// where the proof is refused, or where the body cannot be sent again. Bodies are not proved (`auth-int`).
#define HS_AUTH_DIGEST 3

// What the lists do not name is allowed.
#define HS_ADDRESS_ANY 0

// What the lists do not name is allowed if it is of the public internet. Refused are loopback, private, link-local
// (cloud metadata among them), carrier-grade NAT, multicast, documentation, benchmarking and all else that the IANA
// keeps for special purposes; IPv6 addresses that carry such an IPv4 address, too.
#define HS_ADDRESS_PUBLIC 1

// What the lists do not name is refused.
#define HS_ADDRESS_LISTED 2

// In `hs_dns_options.flags`: answers that were got before are not used. A look-up that is under way is still shared.
#define HS_DNS_NO_CACHE 1

// Addresses of either family, whichever connects first. The default.
#define HS_FAMILY_ANY 0

// IPv4 addresses alone.
#define HS_FAMILY_IPV4 4

// IPv6 addresses alone.
#define HS_FAMILY_IPV6 6

// A call begins. Its arguments were found to be right: what was refused before has no events.
#define HS_EVENT_CALL_START 1

// A new connection is wanted and its host name is resolved. Not told of hosts that are addresses.
#define HS_EVENT_RESOLVED 2

// A new connection is made.
#define HS_EVENT_CONNECTED 4

// The TLS handshake of a new connection is done.
#define HS_EVENT_TLS_DONE 8

// A connection that is open already is used again.
#define HS_EVENT_REUSED 16

// The request is about to be put on a connection. Twice in one exchange where a reused one turned out to be dead.
#define HS_EVENT_SENDING 32

// A response head has come; interim ones (1xx) are not told.
#define HS_EVENT_HEAD 64

// A redirect is followed; `message` is where it leads.
#define HS_EVENT_REDIRECT 128

// The same is tried again; `status`, `phase` and `message` say why.
#define HS_EVENT_RETRY 256

// The body has come whole.
#define HS_EVENT_BODY_END 512

// The call is over; the last event of every call that began.
#define HS_EVENT_CALL_END 1024

// An attempt begins; `wait_ns` and `wait_reason` say what it waited for.
#define HS_EVENT_ATTEMPT_START (1 << 11)

// An attempt is over: `status` or `http_status`, and `request_sent`.
#define HS_EVENT_ATTEMPT_END (1 << 12)

// There is no further attempt, although the outcome asked for one: `stop_reason`.
#define HS_EVENT_RETRY_ABANDONED (1 << 13)

// A hedge is sent beside a request that takes long.
#define HS_EVENT_HEDGE_STARTED (1 << 14)

// Of several requests at once this one (`hedge`; 0 is the first) gave the response.
#define HS_EVENT_HEDGE_WON (1 << 15)

// This one was stopped, since another one came first.
#define HS_EVENT_HEDGE_LOST (1 << 16)

// A hedge was due and is not sent; `message` says what spoke against it: "breaker", "limiter", "bulkhead", "budget".
#define HS_EVENT_HEDGE_SKIPPED (1 << 17)

// A circuit breaker went from one state to another because of this call: `from_state`, `to_state`.
#define HS_EVENT_BREAKER_TRANSITION (1 << 18)

// A circuit breaker refused the request; `wait_ns` is how long it stays open.
#define HS_EVENT_BREAKER_REJECTED (1 << 19)

// The request was held up by a rate limiter, for `wait_ns`.
#define HS_EVENT_LIMITER_WAIT (1 << 20)

// A rate limiter refused the request.
#define HS_EVENT_LIMITER_REJECTED (1 << 21)

// A rate limiter holds its bucket for `wait_ns` because of what the server said of its own limit.
#define HS_EVENT_LIMITER_LEARNED (1 << 22)

// The request was held up by a bulkhead, for `wait_ns`.
#define HS_EVENT_BULKHEAD_WAIT (1 << 23)

// A bulkhead refused the request.
#define HS_EVENT_BULKHEAD_REJECTED (1 << 24)

// The retry budget of the origin is used up.
#define HS_EVENT_BUDGET_EXHAUSTED (1 << 25)

// The time of the whole call is up.
#define HS_EVENT_DEADLINE_EXCEEDED (1 << 26)

// A reused connection died, and the request was not sent a second time, since it might be done twice.
#define HS_EVENT_RESEND_BLOCKED (1 << 27)

// Nothing is added to requests.
#define HS_TRACE_CONTEXT_OFF 0

// A request without a `traceparent` header gets one (W3C Trace Context, version 00) with a random trace-id and the flag
// "sampled", so that servers record their part. Redirects and further attempts of a call stay in its trace, each with a
// parent-id of its own, on whatever origin. A header of the caller's is sent as it is.
#define HS_TRACE_CONTEXT_SAMPLED 1

// The same without the flag "sampled": ids to find a request by, which servers need not record.
#define HS_TRACE_CONTEXT_UNSAMPLED 2

// In the flags of `hs_observe_options`: histograms of latencies are kept, for `hs_worker_histogram`. Each takes 7 KiB
// from its first value on, which is 56 KiB for a worker that has measured everything.
#define HS_OBSERVE_HISTOGRAMS 1

// In `hs_proxy_options.flags`: HTTP proxies open a tunnel (CONNECT) for http targets too, in place of being given the
// request to pass on.
#define HS_PROXY_TUNNEL 1

// In `hs_proxy_options.flags`: what the fields leave open is taken from the environment, once, by `hs_worker_new`:
// `http_proxy` (small letters only: in a CGI program a client sets the other), `https_proxy`, `all_proxy` and `no_proxy`,
// the last three also in capitals. Entries of `no_proxy` that cannot be read are left out.
#define HS_PROXY_FROM_ENVIRONMENT 2

// HTTP proxies are told user and password at once (RFC 7617).
#define HS_PROXY_AUTH_BASIC 0

// HTTP proxies are asked for a challenge first, and the password is not sent (RFC 7616).
#define HS_PROXY_AUTH_DIGEST 1

// In `hs_tls_options.flags`: the certificates of `ca_file`, `ca_pem` or `ca_dir` are trusted besides the system's, not
// in their place.
#define HS_TLS_ADD_CA 1

// In `hs_tls_options.flags`: DANGEROUS. Nothing of the server's certificate is checked. Anybody on the way can pretend
// to be the server, read the request with its secrets, and answer it. `hs_metrics.tls_verified` is 0.
#define HS_TLS_INSECURE_SKIP_VERIFY 2

// In `hs_tls_options.flags`: DANGEROUS. The server's certificate may be for any host: whoever has one from any trusted
// authority can pretend to be the server. `hs_metrics.tls_verified` is 0.
#define HS_TLS_INSECURE_SKIP_HOSTNAME 4

// In `hs_tls_options.flags`: each connection makes a full handshake; TLS sessions are not resumed.
#define HS_TLS_NO_RESUMPTION 8

// In `hs_tls_options.flags`: ALPN is not offered, and so HTTP/2 is not negotiated.
#define HS_TLS_NO_ALPN 16

// In `hs_tls_options.flags`: the server must staple a good OCSP answer for its certificate.
#define HS_TLS_REQUIRE_STAPLING 32

// In `hs_tls_options.flags`: responses have the certificates that the server showed, see `hs_response_certificate`.
#define HS_TLS_KEEP_CERTIFICATES 64

// In `hs_policies.flags`: doing the request twice does no harm, whatever its method (RFC 9110, section 9.2.2).
#define HS_IDEMPOTENT 1

// In `hs_policies.flags`: a request whose method is not idempotent and that has no `Idempotency-Key` gets one: a random
// UUID, the same for all attempts and hedges of the call (draft-ietf-httpapi-idempotency-key-header). It may then be
// repeated, and a 409, which says that its first sending is still being carried out, is retried. Only for servers that
// honour such keys.
#define HS_IDEMPOTENCY_KEY 2

// In `hs_policies.flags`, together with `HS_IDEMPOTENCY_KEY`: the key that is made is written bare, not in the quotes that the draft demands.
#define HS_IDEMPOTENCY_KEY_BARE 4

// In `hs_policies.flags` of a request: doing it twice does harm, whatever its method. For servers that do more for each DELETE
// or PUT, as a broker who sells a part of a position for it. Not together with `HS_IDEMPOTENT` and `HS_IDEMPOTENCY_KEY`.
#define HS_NOT_IDEMPOTENT 8

// In `hs_policies.flags` of a request: without the worker's hedging.
#define HS_NO_HEDGE 16

// In `hs_policies.flags` of a request: without the worker's circuit breaker, which is neither asked nor told.
#define HS_NO_BREAKER 32

// In `hs_policies.flags` of a request: without the worker's rate limiters.
#define HS_NO_LIMITER 64

// In `hs_policies.flags` of a request: without the worker's bulkhead.
#define HS_NO_BULKHEAD 128

// Everything gets through.
#define HS_BREAKER_CLOSED 0

// Nothing gets through.
#define HS_BREAKER_OPEN 1

// A few probes get through.
#define HS_BREAKER_HALF_OPEN 2

// Opened by `hs_breaker_force_open`.
#define HS_BREAKER_FORCED_OPEN 3

// Closed by `hs_breaker_force_closed`: results are counted and never open it.
#define HS_BREAKER_FORCED_CLOSED 4

// By `hs_breaker_metrics_only`: everything gets through, and what would open it is only told.
#define HS_BREAKER_METRICS_ONLY 5

// Failures reached their share: of the window, or of the probes.
#define HS_BREAKER_REASON_FAILURES 1

// Slow calls reached theirs.
#define HS_BREAKER_REASON_SLOW_CALLS 2

// A probe did not come back within `probe_lease_ms`.
#define HS_BREAKER_REASON_LEASE_ENDED 3

// It was open for long enough.
#define HS_BREAKER_REASON_TIME_PASSED 4

// The probes came back and were good enough.
#define HS_BREAKER_REASON_RECOVERED 5

// `hs_breaker_force_open`, `hs_breaker_force_closed`, `hs_breaker_metrics_only` or `hs_breaker_reset`.
#define HS_BREAKER_REASON_MANUAL 6

// No transition: there are `max_keys` circuits that cannot go, and this key has none. Told once, until there is room again.
#define HS_BREAKER_REASON_TABLE_FULL 7

// What was asked for works, whatever it answered.
#define HS_OUTCOME_SUCCESS 1

// It does not work.
#define HS_OUTCOME_FAILURE 2

// It says nothing: it was cancelled, or never got so far.
#define HS_OUTCOME_NEUTRAL 3

// As a number of times: none.
#define HS_NEVER 4294967295

// A request has ended, or its response head has come where it has `HS_STREAM`.
#define HS_COMPLETION_DONE 0

// Not the end of a request: a stream has something to read, for which `hs_response_try_read` found nothing before. `tag`
// is that of its request; there is neither a response nor an error.
#define HS_COMPLETION_READABLE 1

// Not the end of a request: the pipe of its body has room again, for which `hs_pipe_try_write` found too little before, or
// nobody will read it any more. `tag` is that of the request; there is neither a response nor an error.
#define HS_COMPLETION_WRITABLE 2

// The latency of whole calls (OpenTelemetry: `http.client.request.duration`).
#define HS_LATENCY_CALL 0

// Waiting for a connection, of each exchange.
#define HS_LATENCY_QUEUE 1

// Resolving the host name, of each new connection (OpenTelemetry: `dns.lookup.duration`).
#define HS_LATENCY_DNS 2

// Connecting, of each new connection.
#define HS_LATENCY_CONNECT 3

// The TLS handshake, of each new connection that has one.
#define HS_LATENCY_TLS 4

// Sending the request, of each exchange.
#define HS_LATENCY_SEND 5

// From the request sent to the first byte of the response, of each exchange.
#define HS_LATENCY_FIRST_BYTE 6

// From the first byte of the response to its end, of each exchange.
#define HS_LATENCY_BODY 7

// Waiting in the queue of a pool, of each request that began.
#define HS_LATENCY_POOL_QUEUE 8

// How many buckets a histogram has. They are the same for all, so that those of several workers can be added up.
#define HS_HISTOGRAM_BUCKETS 866

// In the flags of a `hs_mock_rule`: `url` is how the URL begins.
#define HS_MOCK_PREFIX 1

// In the flags of a `hs_mock_rule`: the body must be `body`, also where that is empty.
#define HS_MOCK_BODY 2

// In the flags of a `hs_mock_rule`: nothing more ever comes. Without a `status` not even a head; with one, nothing after
// the first `after_bytes` of the body.
#define HS_MOCK_STALL 4

// Why there was no further attempt: there is an answer that no other attempt would better, whatever its status.
#define HS_STOP_OK 0

// It failed, and another attempt would fail the same way.
#define HS_STOP_TERMINAL 1

// `max_attempts` were made.
#define HS_STOP_ATTEMPTS 2

// The deadline passed, or the next attempt could not have begun 10 ms before it.
#define HS_STOP_DEADLINE 3

// It was cancelled.
#define HS_STOP_CANCELLED 4

// The retry budget is spent.
#define HS_STOP_BUDGET 5

// The server asks to wait longer than `retry_after_max_ms`, or than there is time.
#define HS_STOP_RETRY_AFTER_TOO_LONG 6

// It may have been carried out, and repeating it is not known to be safe.
#define HS_STOP_NOT_IDEMPOTENT 7

// The body cannot be sent again.
#define HS_STOP_NOT_REPLAYABLE 8

// The caller has seen a part of the response's body.
#define HS_STOP_COMMITTED 9

// The circuit breaker is open.
#define HS_STOP_BREAKER_OPEN 10

// The rate limiter refused.
#define HS_STOP_LIMITED 11

// The bulkhead refused.
#define HS_STOP_BULKHEAD_FULL 12

// What the time before an attempt was spent on: nothing.
#define HS_WAIT_NONE 0

// The back-off between two attempts.
#define HS_WAIT_BACKOFF 1

// The server asked for it.
#define HS_WAIT_RETRY_AFTER 2

// The rate limiter.
#define HS_WAIT_LIMITER 3

// The bulkhead.
#define HS_WAIT_BULKHEAD 4

// The delay before a hedge.
#define HS_WAIT_HEDGE 5

// In `hs_retry_options.flags`: where a server asks to wait longer than `retry_after_max_ms`, that long is waited. Off, the
// call ends at once with the response that asks for it.
#define HS_RETRY_CLAMP_RETRY_AFTER 1

// In `hs_retry_options.flags`: a request that got a 429 may have been carried out, so only what may be repeated is sent
// again. Off, a 429 is sent again whatever its method.
#define HS_RETRY_429_PROCESSED 2

// In `hs_retry_options.flags`: where the circuit breaker is open, its next probe is waited for, which is an attempt. Off,
// the call ends.
#define HS_RETRY_ON_OPEN 4

// In `hs_retry_options.flags`: 520 to 524, by which some networks of proxies say that the server behind them does not
// answer, are retried too.
#define HS_RETRY_520_TO_524 8

// In `hs_attempt_context.flags`: this is the same attempt once more, since the work said 421.
#define HS_ATTEMPT_REPLAY 1

// In `hs_attempt_context.flags`, set by the work: what it did cannot be done again, so this attempt is the last one.
#define HS_ATTEMPT_COMMITTED 2

// In `hs_budget_options.flags`: no retries beyond `percent`, however few requests there are.
#define HS_BUDGET_NO_MINIMUM 1

// In `hs_bulkhead_options.flags`: nobody waits; who comes when all slots are taken is refused.
#define HS_BULKHEAD_NO_QUEUE 1

// All slots are taken: it waits.
#define HS_BULKHEAD_WAITS 1

// All slots are taken, and so many wait already: it was refused.
#define HS_BULKHEAD_REJECTED 2

// No slot became free in its time.
#define HS_BULKHEAD_TIMED_OUT 3

// Somebody begins to wait; `wait_ns` is how long, as far as can be seen.
#define HS_LIMITER_EVENT_WAIT 1

// Somebody was refused; `wait_ns` is how long it would have taken.
#define HS_LIMITER_EVENT_REJECTED 2

// A response said something new: a window that was not known, or a hold, which lasts `wait_ns`.
#define HS_LIMITER_EVENT_LEARNED 3

// A sliding log up to a limit of 10,000 and without `burst`, else `HS_LIMITER_WINDOW_SAFE`.
#define HS_LIMITER_DEFAULT 0

// Tokens that come evenly (generic cell rate algorithm): `burst` at once after a rest, and then one each `period` /
// `limit`. Smooth, but in its first period it sends `burst` - 1 more than `limit`, which a server that counts by the
// minute refuses.
#define HS_LIMITER_GCRA 1

// The same at a rate that is lower by so much that no period of that length has more than `limit`.
#define HS_LIMITER_WINDOW_SAFE 2

// When each of the last `limit` was sent is remembered, 8 bytes each: the whole limit in any period of that length, and
// never more. At most 100,000.
#define HS_LIMITER_SLIDING_LOG 3

// In the flags of `hs_limiter_options`: what servers say changes nothing.
#define HS_LIMITER_DEAF 1

// A reset beyond 10^12 is milliseconds since 1970, one beyond 10^9 seconds since 1970, and any other seconds from now.
#define HS_RESET_AUTO 0

// Seconds since 1970 (GitHub, Alpaca).
#define HS_RESET_EPOCH_SECONDS 1

// Milliseconds since 1970.
#define HS_RESET_EPOCH_MILLISECONDS 2

// Seconds from now (Envoy).
#define HS_RESET_DELTA_SECONDS 3

// Milliseconds from now.
#define HS_RESET_DELTA_MILLISECONDS 4

// A timestamp (RFC 3339), such as "2018-03-13T00:00:00Z".
#define HS_RESET_TIMESTAMP 5

// The `limit` for Alpaca's trading API: 200 requests a minute for an account, counted by the minute and told in
// `X-RateLimit-…` with seconds since 1970. All other fields are right as zero; the key is the account.
#define HS_LIMIT_ALPACA 200

// A circuit breaker for any number of keys: origins, or whatever the caller calls what may fail together. Each key has a
// circuit of its own, which begins closed.
//
// A circuit is judged with each result, by the results of the last `window_ms` (or the last `window_calls`). Once there
// are `min_calls` of them and `failure_percent` of them have failed (or `slow_percent` of them were slow), it opens: for
// `open_ms` nothing gets through, the second time in a row twice as long, up to `open_max_ms`, each time and up to a fifth
// of it longer, by chance. Then it is half-open: the next `half_open_permits` calls are probes. When enough of them fail
// that the share can be reached it opens again at once; when all have come back and the share was not reached it closes,
// with an empty window. A neutral result of a probe gives its permit to another one; a probe that takes longer than
// `probe_lease_ms` has failed. Each change begins a new generation, and results of calls from an older one change nothing.
//
// It may be used on any thread and by any number of workers; asking a closed circuit and telling it takes no lock. It
// stays with those that have it when it is freed.
typedef struct hs_breaker hs_breaker;

// A retry budget for any number of keys: origins, or whatever the caller calls what may fail together. In any ten seconds
// each key gets as many retries and hedges as `percent` of the requests that are neither, and `min_retries` in any case.
// So in an outage three attempts are not three times the load, but a fifth more.
//
// It may be used on any thread and by any number of workers, which then share it; it takes no lock. Every worker has one
// of its own where it is given none. It stays with the workers that have it when it is freed.
typedef struct hs_budget hs_budget;

// Slots for any number of keys: origins, or whatever the caller calls what may hang together. Each key has `capacity` of
// them; who comes when all are taken waits, in the order of arrival, so that what hangs in one place does not take up all
// there is.
//
// It may be used on any thread and by any number of workers. Taking and giving back a slot takes no lock while nobody
// waits. It stays with the workers that have it when it is freed.
typedef struct hs_bulkhead hs_bulkhead;

// A switch that ends the calls that were given it. It may be used on any thread, by any number of calls at once, and
// be freed while calls still have it.
typedef struct hs_cancel hs_cancel;

// Cookies (RFC 6265bis). Workers that are given the same jar share its cookies, on whatever threads they are; it has a
// lock of its own. It may be freed while workers still have it: they keep its cookies for as long as they live.
//
// Each hop of a call sends the cookies that are for its URL, and what its response sets is stored before the next one,
// redirects and errors (4xx, 5xx) included. A `Cookie` header of the request's own is sent as it is, to the origin that
// was asked for; the jar's cookies are put behind it, without those whose names it has.
//
// A jar holds 180 cookies of one site (registrable domain) and 3,000 in all, none longer than 400 days; those that were
// not sent for the longest time make room. Cookies for public suffixes such as "co.uk" are refused by a list that is
// part of the library. `Secure` cookies need https, on loopback too. `SameSite` is kept and has no effect: without pages
// there is no other site.
typedef struct hs_cookie_jar hs_cookie_jar;

// An error object. It belongs to the caller, holds no secret, may be used on any thread, and is freed with
// `hs_error_free`.
typedef struct hs_error hs_error;

// A form (RFC 7578): fields and files, in order. Filled once, it may be the body of any number of requests, also at the
// same time and on different threads.
typedef struct hs_form hs_form;

// Keeps what is sent within limits: a table of buckets, each with a key of the caller's (an account, an origin), tokens
// that come with time, a queue, and what its server has said of its own limit. Any number of threads and workers may have
// it at once; it stays with its workers when it is freed.
//
// While nobody waits, a token is taken without a lock. Who has to wait does so in the order of arrival, over all threads,
// and is refused at once where that would take too long. Nothing is reserved for who waits: giving up costs nobody
// anything.
typedef struct hs_limiter hs_limiter;

// A double for all servers: a worker that has it in its options (`hs_worker_options.mock`) opens no socket and starts no
// thread. What it would send goes to the mock, and the mock answers by its rules. All that is above the network is as
// ever: redirects, cookies, credentials, codings, limits, timeouts, cancelling, streams, uploads, downloads. Options that
// are about connections (CA certificates, proxies, addresses, names, sockets) have no effect.
//
// Any number of workers on any threads may have it at once, and it may be changed meanwhile. It stays with its workers when
// it is freed.
typedef struct hs_mock hs_mock;

// A request body that other threads write while it is sent: name it in `hs_upload.pipe`, write to it, close it. It holds
// so many bytes and no more: who writes faster than the server reads waits. It serves one request, and nothing of what
// that has taken is kept: where the body would have to be sent again (a redirect, a retry, credentials), the call ends with
// `HS_ERR_NOT_REPLAYABLE` or with what made it necessary, unless nothing was taken yet.
//
// It may be used on any thread, by several at once. What is written before the request begins waits for it, and a pipe
// that is closed by then is a body like any other.
typedef struct hs_pipe hs_pipe;

// Carries out requests from any thread on threads of its own. Each of these has a worker: its connections are its own, and
// it drives as many requests at once as there are. A pool may be used on any thread, at the same time.
//
// In a child that is forked its handle is refused (`HS_ERR_FORKED`), and the child can make a pool of its own. A
// fork first waits until the pools' threads have nothing half done, which takes no longer than one turn of theirs; up to
// 200 ms where one is in a callback, and then what OpenSSL or the C library had locked for it stays locked in the child.
typedef struct hs_pool hs_pool;

// A response. It belongs to the caller, outlives its worker, may be read on any thread, and is freed with
// `hs_response_free`. What is read from it is borrowed until then: free it when nobody reads it any more.
typedef struct hs_response hs_response;

// How to retry work of the caller's own: attempts, waits and all who are asked before each, by the rules that requests are
// retried by. It does not change, and any number of threads may run it at once.
typedef struct hs_retry hs_retry;

// A clock that only moves when it is told to, or when a worker that has it could do nothing but wait, and chance that
// comes from a seed or a script. What is given it (`hs_worker_options.simulation`, and the field of that name in the
// options of shared objects) goes by it alone, so that the same program gives the same events at the same times, in any
// language and on any machine.
//
// It may be used on any thread, and stays with those that have it when it is freed.
typedef struct hs_simulation hs_simulation;

// Text that belongs to the caller. It may be read on any thread; free it with `hs_text_free` when nobody reads it any
// more.
typedef struct hs_text hs_text;

// An HTTP client that owns its connections and stays on the thread that made it. On another thread every use is
// refused with `HS_ERR_WRONG_THREAD` and does nothing. A worker that is open when its thread exits is closed then.
typedef struct hs_worker hs_worker;

// Text or bytes: a pointer and a length, never NUL-terminated by assumption.
//
// Given by the caller: `data == NULL` with `len == 0` is empty; `len == HS_NTS` means "up to the NUL". The library
// reads it during the call only.
//
// Returned by the library: borrowed from the object that it was read from and valid until that object is freed. What
// does not exist is `data == NULL`; what is empty has a pointer and `len == 0`. Do not expect a NUL at the end.
typedef struct hs_str {
    const char *data;
    size_t len;
} hs_str;

// What every fallible function returns: `HS_OK` or a negative `HS_ERR_…` number. Errors are grouped by class in
// ranges; a number never changes its meaning.
typedef int32_t hs_status;

// The class of an error: in what the call was when it failed.
typedef int32_t hs_phase;

// Facts of an error. Set `struct_size` before the call.
typedef struct hs_error_info {
    // `sizeof(hs_error_info)`.
    uint32_t struct_size;
    // What the call returned.
    hs_status status;
    // In what the call was when it failed: `HS_PHASE_…`.
    hs_phase phase;
    // Whether the server may have seen the request: `HS_SENT_…`.
    uint32_t request_sent;
    // Whether the same request may be sent again: `HS_RETRYABLE_…`.
    uint32_t retryable;
    // How many attempts were made.
    uint32_t attempts;
    // libcurl's own code (`CURLcode`), 0 where it had no part in it.
    int32_t curl_code;
    // The operating system's error number (`errno`), 0 where there is none.
    int32_t os_error;
    // How long the call took, in nanoseconds.
    uint64_t elapsed_ns;
    // Of `hs_download`: how many bytes of the file are written, those that were there before included.
    uint64_t file_bytes;
    // When the next try may be let through, in milliseconds from the error: what the server asked for, or how long the
    // circuit breaker stays open; 0 where it is not known.
    uint64_t retry_after_ms;
    // Why there was no further attempt: `HS_STOP_…`.
    uint32_t stop_reason;
    // 0.
    uint32_t reserved;
} hs_error_info;

// A certificate that the server showed. Set `struct_size` before the call. Its texts are borrowed from the response
// until it is freed; they are what the certificate says, with control characters escaped.
typedef struct hs_certificate {
    // `sizeof(hs_certificate)`.
    uint32_t struct_size;
    // Always 0.
    uint32_t reserved;
    // "C=DE, O=Example, CN=example.com".
    struct hs_str subject;
    // The same of who signed it.
    struct hs_str issuer;
    // The serial number in hexadecimal.
    struct hs_str serial;
    // The names that it is for: "DNS:example.com, DNS:*.example.com, IP:192.0.2.1".
    struct hs_str names;
    // Its key, as `hs_tls_options.pins` wants it.
    struct hs_str pin;
    // The certificate itself (X.509, DER).
    struct hs_str der;
    // Since when it is valid, in seconds since 1970.
    int64_t not_before;
    // Until when it is valid, in seconds since 1970.
    int64_t not_after;
} hs_certificate;

// What has happened to a circuit.
typedef struct hs_breaker_event {
    // `sizeof(hs_breaker_event)` as the library knows it: fields behind it are not there.
    uint32_t struct_size;
    // `HS_BREAKER_REASON_…`
    uint32_t reason;
    // `HS_BREAKER_…`: what it was.
    uint32_t from;
    // What it is now. In `HS_BREAKER_METRICS_ONLY` the same as before: it would have opened.
    uint32_t to;
    // Valid during the callback.
    struct hs_str key;
    // The generation that begins.
    uint64_t generation;
    // The number of this event among those of its key, from 1, so that they can be put in order when they come on several
    // threads. 0 for `HS_BREAKER_REASON_TABLE_FULL`.
    uint64_t sequence;
    // How many results it was judged by, and how many percent of them were failures and slow, rounded down.
    uint64_t calls;
    // See `calls`.
    uint32_t failure_pct;
    // See `calls`.
    uint32_t slow_pct;
    // For how long it is open now; `HS_INFINITE` for good, 0 if it is not open.
    uint64_t open_ms;
    // 1 if it was done by hand.
    uint32_t manual;
} hs_breaker_event;

// Is told of transitions, on the thread that caused them, inside its call; no lock is held, and it may use the breaker,
// free it too. It must return: no longjmp, no C++ exception.
typedef void (*hs_breaker_callback)(void *user_data, const struct hs_breaker_event *event);

// Options of a breaker. All zero but `struct_size` is the default everywhere.
typedef struct hs_breaker_options {
    // `sizeof(hs_breaker_options)`.
    uint32_t struct_size;
    // Must be 0.
    uint32_t flags;
    // By how old results a circuit is judged, in tenths: at least 100, at most 3,600,000. Default 30,000.
    uint64_t window_ms;
    // Instead: by how many, however old; at most 10,000.
    uint32_t window_calls;
    // Fewer results are no reason to open; at most 1,000,000. Default 20. No more than `window_calls` are waited for.
    uint32_t min_calls;
    // The share of failures that opens it, 1 to 100. Default 50.
    uint32_t failure_percent;
    // The share of slow calls that opens it, 1 to 100; only with `slow_ms`. Default 50.
    uint32_t slow_percent;
    // What takes longer is slow: it counts as such at that moment, while it is under way. Default: nothing is slow.
    uint64_t slow_ms;
    // How long it is open the first time. Default 5,000.
    uint64_t open_ms;
    // How long it is open at most, chance aside; not less than `open_ms`. Default 60,000, or `open_ms` if that is more.
    uint64_t open_max_ms;
    // How many probes it has when it is half-open, at most 10. Default 3.
    uint32_t half_open_permits;
    // How many keys it has at most, up to 65,536. Default 1,024. For a further one a circuit goes that is closed and has
    // nothing under way, else one that has been open for long enough; if there is none, the key goes without a breaker.
    uint32_t max_keys;
    // How long a probe may take. Default 60,000. A worker's attempts have at least their own timeout.
    uint64_t probe_lease_ms;
    // Is told of transitions; may be NULL.
    hs_breaker_callback on_transition;
    // Handed to `on_transition`; must be valid, and usable on any thread, until the breaker is freed and the last worker
    // that has it is closed.
    void *user_data;
    // The clock and the chance that it goes by. NULL: the machine's.
    struct hs_simulation *simulation;
} hs_breaker_options;

// A permit: which breaker gave it for which circuit and generation, and when. It is the caller's own and owns nothing; what
// is in it is the library's affair. Do not copy it: whoever records two copies counts a call twice.
typedef struct hs_permit {
    // All zero: no permit.
    uint64_t opaque[8];
} hs_permit;

// A circuit as it is. Set `struct_size` before the call.
typedef struct hs_breaker_info {
    // `sizeof(hs_breaker_info)`.
    uint32_t struct_size;
    // `HS_BREAKER_…`
    uint32_t state;
    // How many transitions there were.
    uint64_t generation;
    // How many results are in its window; those of the probes when it is half-open.
    uint64_t calls;
    // How many of them are failures.
    uint64_t failures;
    // How many of them were slow.
    uint64_t slow;
    // In percent of `calls`, rounded down.
    uint32_t failure_pct;
    // In percent of `calls`, rounded down.
    uint32_t slow_pct;
    // If it is open: when the next call may try. `HS_INFINITE`: never, unless it is closed by hand.
    uint64_t retry_after_ms;
    // Probes that are under way.
    uint32_t probes_out;
    // How often it has opened since it was closed.
    uint32_t opens_in_a_row;
    // 1 if its state was set by hand.
    uint32_t manual;
    // Not used.
    uint32_t reserved;
    // Since the circuit is there: successes.
    uint64_t total_successes;
    // Failures.
    uint64_t total_failures;
    // Neutral results.
    uint64_t total_neutral;
    // Slow calls.
    uint64_t total_slow;
    // Results of calls from an older generation, which changed nothing.
    uint64_t stale_results;
    // Calls that did not get through.
    uint64_t rejected;
    // How often it opened.
    uint64_t opened;
} hs_breaker_info;

// To which addresses a worker may connect: against requests that are forged through URLs, names or redirects of
// others (SSRF). The rule judges the very address of every attempt to connect, on every hop, so that a name that
// changes its address (DNS rebinding) does not get past it. A proxy's own address is judged too, and an address that
// stands in the URL also where a proxy would connect to it; a name that a proxy resolves is for the proxy to judge.
// `deny` beats `allow`, `allow` beats `mode`. Of several addresses of one host those that are allowed are tried.
typedef struct hs_address_rule {
    // `sizeof(hs_address_rule)`.
    uint32_t struct_size;
    // `HS_ADDRESS_…`
    uint32_t mode;
    // Ranges, for instance "10.0.0.0/8" or "fd00::/8", or single addresses. IPv4 ranges hold for the same addresses in
    // IPv6 notation (::ffff:0:0/96), too. Not together with `HS_ADDRESS_ANY`, which they could not limit.
    const struct hs_str *allow;
    // At most 65,536.
    size_t allow_count;
    // The same; IPv4 ranges hold for all IPv6 addresses that lead to them (NAT64, 6to4, Teredo), too.
    const struct hs_str *deny;
    // At most 65,536.
    size_t deny_count;
} hs_address_rule;

// Connections for one host and port go to another. The `Host` header and the name that the server's certificate must
// have stay those of the URL.
typedef struct hs_connect_to {
    // The host of the URL; empty: every host.
    struct hs_str host;
    // Where to connect instead: a name or an address; empty: the same host.
    struct hs_str connect_host;
    // The port of the URL; 0: every port.
    uint32_t port;
    // The port to connect to; 0: the same.
    uint32_t connect_port;
} hs_connect_to;

// Where and how connections are made. All zero but `struct_size` means defaults, and 0 or empty the default at each
// field. Nothing of it is needed after `hs_worker_new`, which refuses what is malformed or contradicts itself with
// `HS_ERR_INVALID_ARGUMENT`, and with `HS_ERR_LIBCURL` what the libcurl underneath is too old for.
typedef struct hs_network_options {
    // `sizeof(hs_network_options)`.
    uint32_t struct_size;
    // `HS_NO_KEEP_ALIVE` and `HS_SEND_DELAY`, or 0.
    uint32_t flags;
    // The path of a Unix socket that every connection goes to; at most 107 bytes. The URL gives path and `Host` as
    // ever, and with https the name to verify. The addresses in `hs_metrics` are then all zero.
    struct hs_str unix_socket;
    // The same by a name in the abstract namespace of Linux, without the leading NUL. At most one of the two.
    struct hs_str abstract_socket;
    // Hosts whose connections go elsewhere; the first entry that fits counts.
    const struct hs_connect_to *connect_to;
    // How many there are; at most 1,000.
    size_t connect_to_count;
    // The interface that connections leave through, for instance "eth0". Not there: `HS_ERR_LOCAL_ADDRESS`.
    struct hs_str local_interface;
    // The address that connections leave from, never a name. At most one of the two.
    struct hs_str local_address;
    // The first local port to use. Default: the system chooses.
    uint32_t local_port;
    // How many ports from there on are tried. Default 1. Where all are taken: `HS_ERR_LOCAL_ADDRESS`.
    uint32_t local_port_count;
    // `HS_FAMILY_…`: which addresses of host names are used. An address in the URL is used as it stands.
    uint32_t family;
    // How many unanswered keep-alive probes end a connection. Default 9; needs libcurl 8.9.
    uint32_t keep_alive_count;
    // How long a connection is silent before the first probe; rounded up to seconds. Default 60,000.
    uint64_t keep_alive_idle_ms;
    // The time between probes; rounded up to seconds. Default 60,000.
    uint64_t keep_alive_interval_ms;
    // How long IPv6 is tried before IPv4 is tried too. Default 200.
    uint64_t happy_eyeballs_ms;
    // The most bytes that are read at once, 1,024 to 1,048,576. Default 16,384. A worker keeps one such buffer.
    uint32_t receive_buffer_bytes;
    // The most bytes of a body that are sent at once, 16,384 to 1,048,576. Default 65,536.
    uint32_t send_buffer_bytes;
} hs_network_options;

// A header field: of a request, as the caller wants it sent, or of a response, as it was received.
typedef struct hs_header {
    // A token (RFC 9110, section 5.6.2). Sent as written over HTTP/1.1; HTTP/2 makes it lower case.
    struct hs_str name;
    // Any bytes but control characters (tabs are fine); blanks around it are not part of it.
    struct hs_str value;
    // `HS_HEADER_…` or 0. Always 0 in responses.
    uint32_t flags;
} hs_header;

// Proxies of a worker. All zero but `struct_size` means none. A proxy is a URL without a path: `http://`, `https://`
// (TLS to the proxy), `socks4://`, `socks4a://`, `socks5://` or `socks5h://`, host, and port where it is not 80, 443 or
// 1080; without a scheme it is http. `socks4` and `socks5` are given the target's address, the other kinds its name.
// User and password in the URL are percent-encoded.
//
// HTTP proxies open a tunnel (CONNECT) for https targets, and are given requests for http targets to pass on.
//
// A `Proxy-Authorization` header of a request goes to the HTTP proxy in place of user and password, and never to a
// server. What is chosen here is chosen again for each hop of a redirect. The worker's address rule judges the proxy's
// address, and addresses in URLs; what a proxy connects to for a name is up to the proxy.
typedef struct hs_proxy_options {
    // `sizeof(hs_proxy_options)`.
    uint32_t struct_size;
    // `HS_PROXY_TUNNEL` and `HS_PROXY_FROM_ENVIRONMENT`, or 0.
    uint32_t flags;
    // For all targets that the next two say nothing about.
    struct hs_str all;
    // For http targets.
    struct hs_str http_proxy;
    // For https targets.
    struct hs_str https_proxy;
    // Targets that are asked directly, separated by commas or blanks: `example.com` (that and all names below it),
    // `.example.com` (only those below it), `10.0.0.1`, `[::1]`, `10.0.0.0/8`, `fd00::/8`, each but the networks also
    // with a port (`example.com:8080`), or `*`. Names are not resolved to be compared with addresses.
    struct hs_str no_proxy;
    // For proxies whose URL has none.
    struct hs_str user;
    struct hs_str password;
    // Fields for HTTP proxies alone: sent with CONNECT, never to a server. With requests that are passed on only
    // `Proxy-Authorization` goes along.
    const struct hs_header *headers;
    // How many there are; at most 100.
    size_t header_count;
    // A PEM file with the CA certificates to trust for `https://` proxies. Default: those for servers.
    struct hs_str ca_file;
    // The same as text in memory; at most one of the two.
    struct hs_str ca_pem;
    // `HS_PROXY_AUTH_…`
    uint32_t auth;
    // Must be 0.
    uint32_t reserved;
} hs_proxy_options;

// Credentials. They go to one origin (scheme, host and port) and are dropped for the rest of a call that a redirect
// leads to another, also where it leads back. They are not for proxies, and no error shows them.
//
// Of a request, they go to the origin of its URL, and nothing else may name credentials: an `Authorization` header, or
// user and password in the URL, give `HS_ERR_INVALID_ARGUMENT`. Of a worker, they go with requests whose URL is of
// `origin` and that have none of their own.
typedef struct hs_auth {
    // `sizeof(hs_auth)`.
    uint32_t struct_size;
    // `HS_AUTH_…`
    uint32_t scheme;
    // For Basic and Digest; UTF-8 without control characters.
    struct hs_str user;
    // The same.
    struct hs_str password;
    // For Bearer.
    struct hs_str token;
    // Of a worker: where they go, for instance "https://api.example:8443"; required. Of a request: empty.
    struct hs_str origin;
} hs_auth;

// A name whose addresses the caller knows: it is not looked up. What is sent and what a certificate must say stays.
typedef struct hs_dns_pin {
    // The host as it is in URLs; not an address.
    struct hs_str host;
    // IPv4 or IPv6 addresses, without brackets, in the order in which they are to be tried. At least one.
    const struct hs_str *addresses;
    // At most 64.
    size_t address_count;
    // For this port only; 0 for every port.
    uint32_t port;
} hs_dns_pin;

// How a worker gets from names to addresses. All workers of the process share one resolver: however many of them ask
// for a name at once, the system's resolver is asked once, on a thread of the library's (at most 8, which take no
// signals); its answers are kept for a while. A slow name server keeps neither a deadline nor a cancel nor
// `hs_worker_free` waiting. "localhost" and names that end in ".localhost" are this machine, and nobody is asked.
typedef struct hs_dns_options {
    // `sizeof(hs_dns_options)`.
    uint32_t struct_size;
    // `HS_DNS_…` or 0.
    uint32_t flags;
    // How old an answer may be that is used again for a new connection, whatever its name server says: the system does
    // not tell. Default 60,000; `HS_INFINITE` for as long as the process lives. Failures are not kept.
    uint64_t cache_ms;
    // The first one that fits counts.
    const struct hs_dns_pin *pins;
    // At most 65,536.
    size_t pin_count;
} hs_dns_options;

// One end of a connection. All zero where it is not known.
typedef struct hs_address {
    // The address in network byte order: the first 4 bytes for IPv4, all 16 for IPv6.
    uint8_t ip[16];
    // 4, 6, or 0 where the address is not known.
    uint16_t family;
    uint16_t port;
} hs_address;

// What has happened. Texts are without secrets and valid during the callback.
typedef struct hs_event {
    // `sizeof(hs_event)` as the library knows it: fields behind it are not there.
    uint32_t struct_size;
    // `HS_EVENT_…`
    uint32_t kind;
    // When it happened, in nanoseconds of the clock that deadlines go by: CLOCK_BOOTTIME on Linux. The callback may
    // come a little later.
    uint64_t time_ns;
    // How long after the beginning of the call that was.
    uint64_t elapsed_ns;
    // The call's number; unique within its worker, or its pool.
    uint64_t call;
    // The attempt, from 1; 0 before the first.
    uint32_t attempt;
    // How many redirects were followed by then.
    uint32_t hop;
    // Of `HS_EVENT_CALL_END`: what the call has come to. Of `HS_EVENT_RETRY`: what is tried again.
    hs_status status;
    // In what the call was when it failed: `HS_PHASE_…`.
    hs_phase phase;
    // The HTTP status, of a head, a redirect and the end of a call; else 0.
    uint32_t http_status;
    // `HS_HTTP_…`, of a head.
    uint32_t http_version;
    // `HS_TLS_…`, from the connection on.
    uint32_t tls_version;
    // The server's end of the connection, from the connection on.
    struct hs_address peer;
    // The connection's number; unique within its worker, of a pool within the thread.
    uint64_t connection_id;
    // Bytes of head and body that were sent: at the end of a body by its exchange, at the end of a call by all.
    uint64_t request_bytes;
    // Bytes of head and body that were received.
    uint64_t response_bytes;
    // The method of the exchange.
    struct hs_str method;
    // The URL of the exchange, secrets blanked.
    struct hs_str url;
    // What there is to say; empty for most kinds.
    struct hs_str message;
    // The trace-id that the call belongs to, 32 hexadecimal digits; `data == NULL` where there is none.
    struct hs_str trace_id;
    // 0 for the attempt itself, else which of its hedges.
    uint32_t hedge;
    // `HS_SENT_…`, at the end of an attempt.
    uint32_t request_sent;
    // `HS_STOP_…`, where a retry is abandoned.
    uint32_t stop_reason;
    // `HS_WAIT_…`: what `wait_ns` is for.
    uint32_t wait_reason;
    // Of a transition: `HS_BREAKER_…`, before.
    uint32_t from_state;
    // Of a transition: `HS_BREAKER_…`, after.
    uint32_t to_state;
    // In nanoseconds; what for is said at each kind.
    uint64_t wait_ns;
    // Of the kinds that a policy decides: what it goes by, an origin or the caller's own key; else empty.
    struct hs_str key;
    // The number of the event among those of its key, from 1; of a breaker's transition among all that the breaker had
    // for the key. 0 where there is no key. A worker remembers 1,024 keys, and begins anew with all of them beyond that.
    uint64_t sequence;
    // Of a pool's request: the tag that it was submitted with.
    uint64_t tag;
} hs_event;

// Is told what happens. Called on the worker's thread, inside a call of the library; the worker is busy meanwhile
// (`HS_ERR_BUSY`), other workers of the thread are not. What it does changes nothing of the call but its time. It must
// return: no longjmp, no C++ exception.
typedef void (*hs_event_callback)(void *user_data, const struct hs_event *event);

// What of a worker can be seen. All zero but `struct_size` is what a worker has without it: counters, and nothing else.
typedef struct hs_observe_options {
    // `sizeof(hs_observe_options)`.
    uint32_t struct_size;
    // `HS_OBSERVE_HISTOGRAMS`, or 0.
    uint32_t flags;
    // Is told events; may be NULL, and then they cost nothing.
    hs_event_callback on_event;
    // Handed to `on_event`; must be valid until the worker is closed.
    void *user_data;
    // Which kinds are told: `HS_EVENT_…` bits. 0: all. Those that are not cost nothing.
    uint32_t event_mask;
    // `HS_TRACE_CONTEXT_…`
    uint32_t trace_context;
    // Query keys whose values are secrets, besides the known ones: `token`, `key`, `code`, `auth`, `session`, `sid`, `pwd`
    // and the like, and all names with a word like `password`, `secret`, `token`, `signature`, `sig`, `credential` or
    // `api_key` in them. Compared without case, `-` and `_`. In errors, events and traces their values are `***`;
    // `hs_response_url` and `hs_redirect` tell the truth, since a program goes by them.
    const struct hs_str *redact_query_keys;
    // How many there are; at most 1,000.
    size_t redact_query_key_count;
} hs_observe_options;

// TLS of a worker. All zero but `struct_size` means defaults: the system's authorities, everything checked, TLS 1.2 or
// later, no client certificate. Files are read by `hs_worker_new`, and all that can be judged then is judged then.
typedef struct hs_tls_options {
    // `sizeof(hs_tls_options)`.
    uint32_t struct_size;
    // `HS_TLS_…` flags or 0.
    uint32_t flags;
    // A folder whose PEM files have the CA certificates to trust; at most one of this, `ca_file` and `ca_pem` of
    // `hs_worker_options`.
    struct hs_str ca_dir;
    // A PEM file with the client certificate, followed by those between it and its authority.
    struct hs_str certificate_file;
    // The same as text in memory; at most one of the two.
    struct hs_str certificate_pem;
    // A PEM file with the client certificate's private key. Default: it is with the certificate.
    struct hs_str key_file;
    // The same as text in memory; at most one of the two.
    struct hs_str key_pem;
    // The key's password; empty where it has none. Never appears in an error.
    struct hs_str key_password;
    // The server's key must be one of these: "sha256//" and the base64 of the SHA-256 of its SubjectPublicKeyInfo. A
    // pin is checked besides the certificate, also where the `HS_TLS_INSECURE_…` flags leave that out.
    const struct hs_str *pins;
    // How many there are; at most 100. 0: any key.
    size_t pin_count;
    // The oldest version that is accepted, `HS_TLS_1_…`. Default `HS_TLS_1_2`; older ones need `ciphers` with
    // "@SECLEVEL=0" as well.
    uint32_t min_version;
    // The newest version that is accepted, `HS_TLS_1_…`. Default: the newest that there is.
    uint32_t max_version;
    // The ciphers up to TLS 1.2, as OpenSSL writes them: "ECDHE+AESGCM:!RSA".
    struct hs_str ciphers;
    // The cipher suites of TLS 1.3: "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256".
    struct hs_str ciphersuites;
    // The groups (curves) of the key exchange: "X25519:P-256".
    struct hs_str groups;
    // A host name that is sent (SNI) and that the certificate must be for, in place of the URL's host. The connection
    // still goes to the URL's host.
    struct hs_str server_name;
    // DANGEROUS. A file to which the secrets of every connection are appended (NSS key log format): who has it can
    // read the traffic. The environment variable SSLKEYLOGFILE is never heeded.
    struct hs_str key_log_file;
    // A PEM file with revocation lists. Where there are any, the issuer of each certificate must have a current one.
    struct hs_str crl_file;
    // The same as text in memory; at most one of the two.
    struct hs_str crl_pem;
} hs_tls_options;

// When an attempt is followed by another. All zero but `struct_size` is three attempts with the waits below; 0 means the
// default at each field. The `n`-th wait is anything from 10 ms to `min(max_delay_ms, base * 2^(n-1))`, each as likely
// (full jitter). Where the server names a time (`Retry-After`), it is never shorter than that, and begins the series anew.
//
// Sent again are failures to connect and 429 (any method), and, where the request may be repeated, what broke or took too
// long after it was sent, 408, 425, 500, 502, 503 and 504, and 409 where the request had an `Idempotency-Key`.
typedef struct hs_retry_options {
    // `sizeof(hs_retry_options)`.
    uint32_t struct_size;
    // `HS_RETRY_…` or 0.
    uint32_t flags;
    // The first one included; 1 is no retries. Default 3; at most 100.
    uint32_t max_attempts;
    // Must be 0.
    uint32_t reserved;
    // The base after a passing failure. Default 100, or `max_delay_ms` where that is less.
    uint64_t base_delay_ms;
    // The base where the server says that it is asked too much: 429, or any retried status with a `Retry-After`.
    // Default 1,000, or `max_delay_ms` where that is less.
    uint64_t throttle_delay_ms;
    // No wait is longer, unless the server asks for it. Default 20,000.
    uint64_t max_delay_ms;
    // The longest wait that a server may ask for. Default 60,000; `HS_INFINITE` for any that the deadline allows.
    uint64_t retry_after_max_ms;
    // Statuses from 400 to 599 that are retried instead of those above. 421, which is sent again once at once, and 409
    // with a key stay. NULL for those above.
    const uint16_t *statuses;
    // At most 200.
    size_t status_count;
} hs_retry_options;

// A second request is sent beside one whose response head does not come, and whichever head comes first is taken; the
// other is stopped, which over HTTP/1.1 costs its connection ("The Tail at Scale", Dean and Barroso, CACM 56/2, 2013).
// Only for requests that may be repeated: idempotent methods, `HS_IDEMPOTENT`, an `Idempotency-Key`. A request that fails
// in a passing way is hedged at once. A hedge is taken from the retry budget, and is skipped, never waited with, where
// that is empty, the breaker is not closed, or limiter or bulkhead have nothing free. All zero but `struct_size` is one
// hedge after what 95 of 100 requests to the origin take.
typedef struct hs_hedge_options {
    // `sizeof(hs_hedge_options)`.
    uint32_t struct_size;
    // How many beside the first, one after the other. Default 1; at most 3.
    uint32_t max_hedges;
    // After how long each is sent. 0: what 95 of the last 100 to 256 successful requests of this worker to the origin did
    // not exceed, at least 1; with fewer than 100 known there is no hedge.
    uint64_t delay_ms;
} hs_hedge_options;

// A bucket of a limiter, and what a request takes from it.
typedef struct hs_bucket {
    struct hs_limiter *limiter;
    // UTF-8, at most 1,024 bytes.
    struct hs_str key;
    // How many tokens. 0: one.
    uint32_t cost;
    // Must be 0.
    uint32_t reserved;
} hs_bucket;

// What decides over the attempts of a call. All zero but `struct_size` is what a worker has without it: three attempts,
// a retry budget of its own, and none of the others. Of a request: NULL and 0 mean the worker's, and what is given
// replaces the worker's as a whole.
//
// The order is: deadline and cancel; retries; hedging; then for each exchange, redirects included, the circuit breaker's
// leave to ask, the rate limiter, the bulkhead, and the breaker's permit last. Nothing is held during a back-off.
typedef struct hs_policies {
    // `sizeof(hs_policies)`.
    uint32_t struct_size;
    // `HS_IDEMPOTENCY_KEY` and `HS_IDEMPOTENCY_KEY_BARE`; of a request alone `HS_IDEMPOTENT`,
    // `HS_NOT_IDEMPOTENT` and `HS_NO_…`; or 0.
    uint32_t flags;
    // When an attempt is followed by another.
    const struct hs_retry_options *retry;
    // A second request beside one that takes long; NULL: none.
    const struct hs_hedge_options *hedge;
    // How many retries and hedges there may be for the requests that are neither; NULL: the worker has one of its own.
    struct hs_budget *budget;
    // Refuses requests to what has failed too often; NULL: none. It is kept for as long as it is needed, as are the
    // following.
    struct hs_breaker *breaker;
    // What its circuit goes by; empty: the origin of each exchange.
    struct hs_str breaker_key;
    // Rate limiters: each exchange waits until all of them let it through. An empty key is the origin of each exchange.
    const struct hs_bucket *buckets;
    // How many there are; at most 16.
    size_t bucket_count;
    // Lets so many requests at once be under way, from their sending until their bodies are read; NULL: any number.
    struct hs_bulkhead *bulkhead;
    // What they are counted by; empty: the origin of each exchange.
    struct hs_str bulkhead_key;
} hs_policies;

// Options of a worker. All zero but `struct_size` means defaults, and 0 means the default at each field. Durations
// are milliseconds; `HS_INFINITE` is no limit.
typedef struct hs_worker_options {
    // `sizeof(hs_worker_options)`.
    uint32_t struct_size;
    // `HS_ALLOW_DOWNGRADE`, `HS_RAW_BODY`, `HS_COOKIES` and `HS_TRACE`, or 0.
    uint32_t flags;
    // A whole call: queue, DNS, connect, TLS, sending, receiving, and every retry and redirect. Default 30,000; none
    // for a call whose body goes to a callback.
    uint64_t timeout_ms;
    // One attempt, to the end of the response head. Default 10,000.
    uint64_t attempt_timeout_ms;
    // DNS, TCP and TLS of a new connection together. Default 5,000.
    uint64_t connect_timeout_ms;
    // The longest time without progress while the body is received. Default 10,000.
    uint64_t idle_timeout_ms;
    // The largest body that is accepted, in bytes. Default 64 MiB; unlimited for a call whose body goes to a callback.
    uint64_t max_body_bytes;
    // The longest response head that is accepted, in bytes, interim responses and trailers included. Default 65,536;
    // at most 307,200.
    uint32_t max_header_bytes;
    // The most fields of a response head that are accepted. Default 200; at most 5,000.
    uint32_t max_header_count;
    // How long a connection may idle and still be used again; rounded up to seconds. Default 55,000.
    uint64_t idle_connection_ms;
    // How long after it was made a connection may be used again; rounded up to seconds. Default 300,000.
    uint64_t connection_life_ms;
    // How many idle connections are kept. Default 100; at most 65,536.
    uint32_t max_idle_connections;
    // `HS_HTTP_DEFAULT`, `HS_HTTP_1_0`, `HS_HTTP_1_1`, `HS_HTTP_2` or `HS_HTTP_2_PRIOR_KNOWLEDGE`.
    uint32_t http_version;
    // Value of the `User-Agent` header. Default "http-sentinel/VERSION". A request's own one is sent in its place, and none
    // where that is empty.
    struct hs_str user_agent;
    // A PEM file with the CA certificates to trust instead of the system's.
    struct hs_str ca_file;
    // The same as text in memory; at most one of the two.
    struct hs_str ca_pem;
    // `HS_REDIRECT_…`
    uint32_t redirects;
    // How many redirects one call follows. Default 10; at most 1,000.
    uint32_t max_redirects;
    // To which addresses connections may be made; NULL for any.
    const struct hs_address_rule *addresses;
    // Where and how connections are made; NULL for defaults.
    const struct hs_network_options *network;
    // A jar whose cookies are sent and which gets those that responses set; NULL for none, unless `HS_COOKIES` is set.
    struct hs_cookie_jar *cookies;
    // Proxies; NULL is none, and then the environment is not read either.
    const struct hs_proxy_options *proxy;
    // The oldest version of HTTP that will do: `HS_HTTP_1_1` or `HS_HTTP_2`; 0 or `HS_HTTP_1_0`: any. A server that speaks
    // less gives `HS_ERR_HTTP_VERSION`, before the request is sent where the TLS handshake tells.
    uint32_t min_http_version;
    // How many attempts a call makes at most, the first one included: 1 is no retries. The same as
    // `hs_retry_options.max_attempts`, and more than that where both are set. 0: that, or 3; at most 100.
    uint32_t max_attempts;
    // Credentials for one origin; NULL for none.
    const struct hs_auth *auth;
    // How names become addresses; NULL for the defaults.
    const struct hs_dns_options *dns;
    // What can be seen: events, histograms, trace context, redaction. NULL: the counters alone.
    const struct hs_observe_options *observe;
    // Answers instead of the network; NULL for the network.
    struct hs_mock *mock;
    // A file in which every exchange is written down, for `hs_mock_load`; empty is none. It is made anew, for its owner
    // alone. Secrets in fields and URLs are blanked; bodies are not, and more than 1 MiB of one is cut off. Two workers
    // need two files.
    struct hs_str record;
    // Whom to trust, what to show and what to accept in TLS; NULL: all defaults.
    const struct hs_tls_options *tls;
    // Virtual time and scripted chance, only together with `mock`; NULL for the machine's. Whenever all that the worker
    // could do is wait, the simulation's clock is moved on to what comes next: timeouts and the mock's delays take no
    // time. A call with nothing left to wait for ends with `HS_ERR_MOCK`. Workers that share a simulation are to be on one
    // thread, else what happens depends on which is faster.
    struct hs_simulation *simulation;
    // Retries, hedging, circuit breaker, rate limiter, bulkhead; NULL: three attempts and nothing else.
    const struct hs_policies *policies;
} hs_worker_options;

// Receives the body of a response piece by piece. Returns 0 to go on; anything else ends the call with
// `HS_ERR_CALLBACK`. Called on the worker's thread, inside `hs_request`; `data` is valid during the callback. The
// worker is busy meanwhile; other workers of the thread are not. It must return: no longjmp, no C++ exception.
typedef int32_t (*hs_body_callback)(void *user_data, const void *data, size_t len);

// Gives the next bytes of a request body: writes at most `capacity` of them to `buffer` and their number to `*count`;
// 0 is the end of the body. Returns 0 to go on; anything else ends the call with `HS_ERR_CALLBACK`. Called on the
// worker's thread, inside `hs_request` (or `hs_response_read`, where the server answers before the body's end); the
// worker is busy meanwhile. It may wait for its data, but then the whole worker waits: a body that another thread makes
// goes through an `hs_pipe`. It must return: no longjmp, no C++ exception.
typedef int32_t (*hs_read_callback)(void *user_data, void *buffer, size_t capacity, size_t *count);

// Makes `hs_read_callback` begin again with the first byte. Returns 0, or anything else where it cannot, which ends
// the call with `HS_ERR_CALLBACK`. The rules of `hs_read_callback` hold.
typedef int32_t (*hs_rewind_callback)(void *user_data);

// A request body that is read while it is sent: from `read`, or from `pipe`. It and what it points to must live until
// the call has ended, which for a request with `HS_STREAM` is when the response was freed. A pipe is a handle: it may be
// freed as soon as it is closed.
typedef struct hs_upload {
    // `sizeof(hs_upload)`.
    uint32_t struct_size;
    // Must be 0.
    uint32_t flags;
    // How many bytes there are, which is kept to: what is missing ends the call with `HS_ERR_INVALID_BODY`, what is
    // too much is not read. 0: not known; the body ends where `read` says so or the pipe is closed, and HTTP/1.1 sends it
    // in chunks. (A body that is known to be empty needs no upload.)
    uint64_t length;
    // Gives the bytes; NULL where `pipe` does.
    hs_read_callback read;
    // Begins again, for a redirect that repeats the request or a connection that died unused; may be NULL, and the call
    // then ends with `HS_ERR_NOT_REPLAYABLE` where it would be needed. NULL with a pipe, which cannot.
    hs_rewind_callback rewind;
    // Handed to both.
    void *user_data;
    // What other threads write the body to; NULL where `read` gives it. It serves this request alone. Not for a part of a
    // form.
    struct hs_pipe *pipe;
} hs_upload;

// Is told that a body is not needed any more; see `hs_request_options.body_release`.
typedef void (*hs_release_callback)(void *user_data);

// A request. All zero but `struct_size` and `url` is a GET with the worker's defaults; 0 means the worker's setting
// at each number. Durations are milliseconds; `HS_INFINITE` is no limit. The library reads what it points to during
// the call only.
typedef struct hs_request_options {
    // `sizeof(hs_request_options)`.
    uint32_t struct_size;
    // `HS_ALLOW_DOWNGRADE`, `HS_RAW_BODY`, `HS_STREAM` and `HS_TRACE`, or 0.
    uint32_t flags;
    // Any token (RFC 9110, section 9.1) but CONNECT. Empty: GET, or POST where there is a body.
    struct hs_str method;
    // Absolute, http or https. Read as browsers do (WHATWG URL); a fragment is not sent; user and password become
    // Basic authorization unless there is an `Authorization` header.
    struct hs_str url;
    // Header fields in the order in which they are sent; repeated ones are kept. `Content-Length` may only say the
    // truth; `Transfer-Encoding` is the library's. A `User-Agent` with an empty value sends none at all.
    const struct hs_header *headers;
    // How many there are; at most 1,000.
    size_t header_count;
    // The body; borrowed, not copied, unless `HS_STREAM` is set.
    struct hs_str body;
    // The whole call. 0: the worker's setting, and none where `on_body`, `upload`, `form` or `HS_STREAM` is
    // set and the worker
    // has none of its own.
    uint64_t timeout_ms;
    // Ends the call from another thread; may be NULL.
    struct hs_cancel *cancel;
    // One attempt, to the end of the response head; begins when an `upload` has been sent.
    uint64_t attempt_timeout_ms;
    // DNS, TCP and TLS of a new connection together.
    uint64_t connect_timeout_ms;
    // The longest time without progress while the body is received, or an `upload` is sent; waiting for those who write
    // to its pipe counts.
    uint64_t idle_timeout_ms;
    // The largest body that is accepted, in bytes. 0: the worker's setting, and unlimited where `on_body` or
    // `HS_STREAM` is set.
    uint64_t max_body_bytes;
    // Receives the body instead of the response, which then has none; may be NULL. Called for the body of every
    // status, but not for those of redirects that are followed and challenges that are answered.
    hs_body_callback on_body;
    // Handed to `on_body`.
    void *user_data;
    // `HS_HTTP_DEFAULT` (the worker's setting), `HS_HTTP_1_0`, `HS_HTTP_1_1`, `HS_HTTP_2` or `HS_HTTP_2_PRIOR_KNOWLEDGE`.
    uint32_t http_version;
    // `HS_REDIRECT_…`
    uint32_t redirects;
    // How many redirects are followed; at most 1,000.
    uint32_t max_redirects;
    // The oldest version of HTTP that will do: `HS_HTTP_1_1`, `HS_HTTP_2`, or `HS_HTTP_1_0` for any; 0: the worker's
    // setting. A server that speaks less gives `HS_ERR_HTTP_VERSION`, before the request is sent where the TLS handshake
    // tells.
    uint32_t min_http_version;
    // A body that is read while it is sent, instead of `body`; may be NULL.
    const struct hs_upload *upload;
    // A form to send as the body, instead of `body` and `upload`; may be NULL. It brings the `Content-Type`.
    const struct hs_form *form;
    // Credentials for the origin of the URL; NULL for the worker's, where they are for that origin.
    const struct hs_auth *auth;
    // How many attempts are made at most, the first one included: 1 is no retries. The same as
    // `hs_retry_options.max_attempts`, and more than that where both are set. 0: that, or 1 in an attempt of
    // `hs_retry_run`, or the worker's; at most 100.
    uint32_t max_attempts;
    // Must be 0.
    uint32_t reserved;
    // Retries, hedging, circuit breaker, rate limiter, bulkhead; NULL: the worker's.
    const struct hs_policies *policies;
    // How long it is waited before the call begins: its times count from then, and until then only its `cancel` ends it.
    // For requests at a fixed rate from one thread, with `hs_request_many`. At most a day. 0: it begins at once.
    uint64_t start_after_ms;
    // Of `hs_pool_submit` alone: `body` is not copied. It must stay where it is, unchanged, until this is called, which
    // is once, on any thread, soon after nobody needs it any more; never where the request was refused. NULL: the body
    // is copied.
    hs_release_callback body_release;
    // Handed to `body_release`.
    void *release_data;
} hs_request_options;

// A field or a file of a form: exactly one of `data`, `file` and `upload` is its content.
typedef struct hs_part {
    // `sizeof(hs_part)`.
    uint32_t struct_size;
    // Must be 0.
    uint32_t flags;
    // The field's name; required. Quotes and line ends in it and in `filename` are escaped as browsers do.
    struct hs_str name;
    // The content, copied. An empty one where neither `file` nor `upload` is set.
    struct hs_str data;
    // The path of a file whose content is sent; it is opened anew, and its length taken, for each request.
    struct hs_str file;
    // Gives the content while it is sent; the struct is copied. What it points to must live as long as the form and the
    // requests that use it; without `rewind` the form can be sent once.
    const struct hs_upload *upload;
    // The file name that the server is told; `data == NULL`: none, and of a `file` the last part of its path.
    struct hs_str filename;
    // The media type. Empty: none for a field, "application/octet-stream" where there is a file name.
    struct hs_str content_type;
} hs_part;

// Where a download goes, and where it goes on.
typedef struct hs_download_options {
    // `sizeof(hs_download_options)`.
    uint32_t struct_size;
    // The descriptor that is written to, from where it stands; it stays open and the caller's. Blocking.
    int32_t fd;
    // How many bytes of the file are there already, before where the descriptor stands; with `validator`. Default 0.
    uint64_t offset;
    // The version of which those bytes are: the entity tag, quotes included, or the Last-Modified date that came with
    // them (`hs_error_validator`).
    struct hs_str validator;
    // How often in a row it is tried to go on where the connection broke off, without getting a byte. Default 3;
    // `HS_NEVER` is not at all; at most 1,000.
    uint32_t max_resumes;
    // Must be 0.
    uint32_t flags;
} hs_download_options;

// A redirect that was followed on the way to a response. Set `struct_size` before the call.
typedef struct hs_redirect {
    // `sizeof(hs_redirect)`.
    uint32_t struct_size;
    // Its HTTP status: 301, 302, 303, 307 or 308.
    uint32_t status;
    // The URL that gave it. Borrowed from the response until it is freed.
    struct hs_str url;
    // How long it took, in nanoseconds.
    uint64_t elapsed_ns;
} hs_redirect;

// One attempt of a call: its redirects and answers to challenges included, the waits between attempts not. Set
// `struct_size` before the call. Durations are nanoseconds.
typedef struct hs_attempt {
    // `sizeof(hs_attempt)`.
    uint32_t struct_size;
    // From 1. A hedge has the number of the attempt that it was sent beside.
    uint32_t number;
    // 0 for the attempt itself, else which of its hedges, from 1.
    uint32_t hedge;
    // What it failed with; `HS_OK` where there was a response. `HS_ERR_CANCELLED` of a hedge, or of what was hedged: the
    // other one came first.
    hs_status status;
    // Of its response; 0 where there was none.
    uint32_t http_status;
    // Whether the server may have seen it: `HS_SENT_…`. A server that says "not processed" (429, 421) has not.
    uint32_t request_sent;
    // How often it was put on another connection within the attempt.
    uint32_t internal_resends;
    // What most of `wait_ns` was for: `HS_WAIT_…`.
    uint32_t wait_reason;
    // When its first exchange began, after the beginning of the call.
    uint64_t started_ns;
    // How long it took from then on; for a buffered body to its end, else to the end of the head.
    uint64_t duration_ns;
    // How long it was held up before that: back-off, rate limiter, bulkhead.
    uint64_t wait_ns;
} hs_attempt;

// What has become of a request. Of `response` and `error` one is there: the response where `status` is `HS_OK`, else the
// error. It is the caller's, who frees it.
typedef struct hs_completion {
    // Which request it is: of `hs_request_many` its place in the array, counted from 0; of a pool what it was submitted
    // with.
    uint64_t tag;
    // What `hs_request` would have returned.
    hs_status status;
    // `HS_COMPLETION_…`; always `HS_COMPLETION_DONE` of `hs_request_many`.
    uint32_t kind;
    struct hs_response *response;
    struct hs_error *error;
    // Zero; for what may be told one day.
    uint64_t more[3];
} hs_completion;

// Facts of a call. Set `struct_size` before the call. Durations are nanoseconds; the phases come one after the other,
// are those of the exchange that gave the response, and are measured in whole microseconds.
typedef struct hs_metrics {
    // `sizeof(hs_metrics)`.
    uint32_t struct_size;
    // How many attempts the call made; 1 where the first gave the response.
    uint32_t attempts;
    // How many redirects were followed.
    uint32_t redirects;
    // How often the request was put on another connection within one attempt: of an idempotent method because a reused
    // one turned out to be dead, of any method because the server provably did not process it (HTTP/2).
    uint32_t internal_resends;
    // The whole call.
    uint64_t total_ns;
    // Waiting for a connection.
    uint64_t queue_ns;
    // Resolving the host name; 0 on a reused connection, as are the next two.
    uint64_t dns_ns;
    // Connecting.
    uint64_t connect_ns;
    // The TLS handshake.
    uint64_t tls_ns;
    // Sending the request.
    uint64_t send_ns;
    // From the request sent to the first byte of the response.
    uint64_t first_byte_ns;
    // From the first byte of the response to its end.
    uint64_t body_ns;
    // Bytes of the request's head, as libcurl counts them.
    uint64_t request_header_bytes;
    // Bytes of the request's body that were sent.
    uint64_t request_body_bytes;
    // Bytes of the response's heads and trailers.
    uint64_t response_header_bytes;
    // Bytes of the response's body as received.
    uint64_t response_body_bytes;
    // The connection's number; unique within its worker.
    uint64_t connection_id;
    // 1 where the connection had served a request before, else 0.
    uint32_t connection_reused;
    // `HS_HTTP_…`
    uint32_t http_version;
    // `HS_TLS_…`
    uint32_t tls_version;
    // The server's end of the connection, or the proxy's.
    struct hs_address peer;
    // This end.
    struct hs_address local;
    // How many codings (gzip, deflate, br, zstd) were taken off the body.
    uint32_t decoded;
    // 1 where the exchange went through a proxy, else 0.
    uint32_t proxied;
    // How many exchanges were answered with a challenge (401) and followed by another with the answer. They are neither
    // redirects nor attempts.
    uint32_t auth_exchanges;
    // Of `hs_download`: how many bytes the file has now.
    uint64_t file_bytes;
    // 1 where the server's certificate was checked in full, its name included; 0 in clear text, and where an
    // `HS_TLS_INSECURE_…` flag left a check out: the peer may then be anybody.
    uint32_t tls_verified;
    // 1 where the TLS session of an earlier connection was resumed, else 0.
    uint32_t tls_resumed;
    // When the server wants to see the request again, in milliseconds, where it said so with the response that is
    // returned; 0 where it did not.
    uint64_t retry_after_ms;
    // Why there was no further attempt: `HS_STOP_…`; `HS_STOP_OK` where none was wanted.
    uint32_t stop_reason;
    // 0.
    uint32_t reserved;
    // Of the whole call: waiting in the queue of a pool.
    uint64_t pool_queue_ns;
} hs_metrics;

// What a worker has done since it was made. Set `struct_size` before the call.
typedef struct hs_counters {
    // `sizeof(hs_counters)`.
    uint32_t struct_size;
    // Must be 0.
    uint32_t reserved;
    // Calls that began: their arguments were found to be right.
    uint64_t calls_started;
    // Calls that gave a response, whatever its status.
    uint64_t calls_succeeded;
    // Calls that gave an error.
    uint64_t calls_failed;
    // Calls that are running (OpenTelemetry: `http.client.active_requests`).
    uint64_t calls_in_flight;
    // Calls that failed, by `HS_PHASE_…` (OpenTelemetry: attribute `error.type`).
    uint64_t errors_by_phase[16];
    // Responses by the first digit of their status; [0] for others.
    uint64_t responses_by_class[6];
    // Exchanges: one request on the wire and what came of it; redirects and attempts are one each.
    uint64_t exchanges;
    // Redirects that were followed.
    uint64_t redirects;
    // Attempts beyond the first.
    uint64_t retries;
    // Requests that were put on another connection within one attempt because a reused one turned out to be dead.
    uint64_t internal_resends;
    // Exchanges that made a connection for themselves.
    uint64_t connections_made;
    // Exchanges on a connection that had served before.
    uint64_t connections_reused;
    // Bytes of request heads.
    uint64_t request_header_bytes;
    // Bytes of request bodies (OpenTelemetry: `http.client.request.body.size`, its sum).
    uint64_t request_body_bytes;
    // Bytes of response heads and trailers.
    uint64_t response_header_bytes;
    // Bytes of response bodies as received (OpenTelemetry: `http.client.response.body.size`, its sum).
    uint64_t response_body_bytes;
    // Attempts of calls, hedges not counted.
    uint64_t attempts;
    // Calls whose outcome asked for another attempt, and which made none.
    uint64_t retries_abandoned;
    // Requests that were sent beside others which took long.
    uint64_t hedges;
    // Hedges that came first.
    uint64_t hedges_won;
    // Requests that a circuit breaker refused.
    uint64_t breaker_rejected;
    // Requests that a rate limiter held up.
    uint64_t limiter_waits;
    // Requests that a rate limiter refused.
    uint64_t limiter_rejected;
    // Requests that a bulkhead held up.
    uint64_t bulkhead_waits;
    // Requests that a bulkhead refused.
    uint64_t bulkhead_rejected;
    // Retries that the budget did not allow.
    uint64_t budget_exhausted;
} hs_counters;

// A latency, in nanoseconds. Set `struct_size` before the call. Percentiles are at most 1.6 % off between 1 µs and 137 s.
typedef struct hs_histogram {
    // `sizeof(hs_histogram)`.
    uint32_t struct_size;
    // Must be 0.
    uint32_t reserved;
    // How many values there are; where there is none, all else is 0.
    uint64_t count;
    uint64_t sum_ns;
    uint64_t min_ns;
    uint64_t max_ns;
    uint64_t p50_ns;
    uint64_t p90_ns;
    uint64_t p99_ns;
    uint64_t p999_ns;
} hs_histogram;

// Options of a pool. All zero but `struct_size` means defaults, and 0 means the default at each field. Durations are
// milliseconds.
typedef struct hs_pool_options {
    // `sizeof(hs_pool_options)`.
    uint32_t struct_size;
    // Must be 0.
    uint32_t flags;
    // What the workers of its threads are like; NULL: all defaults. Policies, cookies and counts of events are one for
    // all of them; an event callback is called on each of the threads, also on several at once. `record` and
    // `simulation` cannot be set.
    const struct hs_worker_options *worker;
    // How many threads there are at most. Default: as many as the machine runs at once; at most 256.
    uint32_t max_threads;
    // How many are kept when there is nothing to do. Default 1.
    uint32_t min_threads;
    // How many requests are under way at most; the others wait in the queue. Over HTTP/1.1 each has a connection, and each
    // connection a descriptor. Default 1,024; at most 1,000,000.
    uint32_t max_in_flight;
    // The same for requests to one origin, by their URLs: what a slow one cannot take from the others. Default 256, or
    // `max_in_flight` where that is less.
    uint32_t max_in_flight_per_origin;
    // How many requests may wait, for their turn or for their `start_after_ms`. Together with those under way and with
    // completions that nobody has taken there are never more than this and `max_in_flight`. Default 10,000; at most
    // 10,000,000.
    uint32_t max_queued;
    // How many idle connections are kept, on all threads together, each of which has its part; that of `worker` is not
    // looked at. Default: `max_in_flight_per_origin`, or 100 where that is less.
    uint32_t max_idle_connections;
    // How long `hs_pool_submit` waits for room where the pool is full. 0: not at all; `HS_INFINITE`: without limit. Of
    // several that wait, who came first gets in first.
    uint64_t submit_timeout_ms;
    // After how long without a request a thread ends, as long as more than `min_threads` are left. Default 30,000;
    // `HS_INFINITE`: never.
    uint64_t idle_thread_ms;
} hs_pool_options;

// What a pool does now and has done so far. Set `struct_size` before the call.
typedef struct hs_pool_counters {
    // `sizeof(hs_pool_counters)`.
    uint32_t struct_size;
    // Must be 0.
    uint32_t reserved;
    // Requests that wait now, for their turn or their time.
    uint64_t queued;
    // Requests that are under way now.
    uint64_t in_flight;
    // Completions that nobody has taken yet.
    uint64_t unreaped;
    // Threads that run now.
    uint64_t threads;
    // Requests that were accepted; each has a completion by now, or is among `queued` or `in_flight`.
    uint64_t accepted;
    // Requests that were refused although nothing was wrong with them: no room, no thread, or after `hs_pool_drain`.
    uint64_t refused;
    // Completions that there were.
    uint64_t completed;
    // Completions that were taken, those of the kind `HS_COMPLETION_READABLE` included, which `completed` does not count.
    uint64_t reaped;
    // The most requests that were under way at once.
    uint64_t most_in_flight;
    // Threads that were started after the first ones.
    uint64_t threads_started;
    // Threads that could not be started, or were of no use.
    uint64_t threads_failed;
    // Connections that are open now; 0 with a mock.
    uint64_t connections;
    // Those of them that nobody uses.
    uint64_t idle_connections;
} hs_pool_counters;

// A response with a status of 1xx that comes before the answer.
typedef struct hs_mock_interim {
    // 100 to 199, but not 101.
    uint32_t status;
    // Must be 0.
    uint32_t reserved;
    const struct hs_header *headers;
    size_t header_count;
} hs_mock_interim;

// A rule of a mock: first which requests it is for, then what they get. All zero but `struct_size` is for every request,
// and answers 200 with an empty body. Durations are milliseconds. Nothing of it is needed after `hs_mock_add`.
typedef struct hs_mock_rule {
    // `sizeof(hs_mock_rule)`.
    uint32_t struct_size;
    // `HS_MOCK_…` or 0.
    uint32_t flags;
    // Empty is any.
    struct hs_str method;
    // A whole URL, query included; or path and query, at any origin, where it begins with "/". Empty is any. A user, a
    // password and a fragment in it count for nothing.
    struct hs_str url;
    // Fields that the request must have, name and value; it may have others.
    const struct hs_header *headers;
    size_t header_count;
    // The body that the request must have; empty is any, unless `HS_MOCK_BODY` is set.
    struct hs_str body;
    // How many requests it is for. The next ones go to later rules; 0 is any number.
    uint32_t times;
    // The status of the answer: 101, or 200 to 999. 0: 200, but nothing at all where there is a `failure` or
    // `HS_MOCK_STALL`.
    uint32_t status;
    // `HS_HTTP_1_0`, `HS_HTTP_1_1`, `HS_HTTP_2` or `HS_HTTP_3`; 0 is `HS_HTTP_1_1`.
    uint32_t http_version;
    // How the exchange fails. Without a `status`, before there is a head: `HS_ERR_DNS`, `HS_ERR_CONNECT`,
    // `HS_ERR_CONNECT_TIMEOUT`, `HS_ERR_LOCAL_ADDRESS`, `HS_ERR_PROXY`, `HS_ERR_PROXY_CONNECT`, `HS_ERR_PROXY_AUTH`,
    // `HS_ERR_PROXY_REFUSED`, `HS_ERR_PROXY_HANDSHAKE`, `HS_ERR_TLS_HANDSHAKE` and all the other `HS_ERR_TLS_…` (the request
    // was not sent); `HS_ERR_SEND`, `HS_ERR_CONNECTION_CLOSED`, `HS_ERR_RECEIVE`, `HS_ERR_HTTP2` and `HS_ERR_PROTOCOL` (it
    // may have been). With a `status`, after the first `after_bytes` of the body: `HS_ERR_BODY_TRUNCATED`,
    // `HS_ERR_RECEIVE`, `HS_ERR_HTTP2` and `HS_ERR_PROTOCOL`. 0: it does not fail.
    hs_status failure;
    // The fields of the answer. None is added: a body without `Content-Length` ends where it ends, and one that is shorter
    // than its `Content-Length` is truncated.
    const struct hs_header *answer_headers;
    size_t answer_header_count;
    // The body of the answer, as it is sent. HEAD, 204 and 304 get none.
    struct hs_str answer_body;
    // The fields after the body.
    const struct hs_header *trailers;
    size_t trailer_count;
    // The interim responses before the answer, first to last.
    const struct hs_mock_interim *interim;
    size_t interim_count;
    // How long the head, or the failure that comes instead of it, is waited for.
    uint64_t delay_ms;
    // How long each piece of the body but the first is waited for.
    uint64_t piece_delay_ms;
    // How long a piece of the body is; the last one may be shorter. 0 is 65,536.
    uint64_t piece_bytes;
    // How much of the body comes before `failure` or `HS_MOCK_STALL`.
    uint64_t after_bytes;
} hs_mock_rule;

// A request that a mock got. What it points to is borrowed from the mock until `hs_mock_clear` or `hs_mock_free`.
typedef struct hs_mock_call {
    // `sizeof(hs_mock_call)`.
    uint32_t struct_size;
    // The rule that was for it, counted from 1 in the order in which they were added; 0: none was.
    uint32_t rule;
    struct hs_str method;
    // As it would be requested: without user, password and fragment.
    struct hs_str url;
    // Its first 64 MiB at most. Empty where the rule is a failure before the request is sent.
    struct hs_str body;
    // How long the body was.
    uint64_t body_bytes;
    // How many header fields it had.
    size_t header_count;
} hs_mock_call;

// Options of a simulation. All zero but `struct_size` is the seed 0, and a wall clock that shows 1970 at the moment 0.
typedef struct hs_simulation_options {
    // `sizeof(hs_simulation_options)`.
    uint32_t struct_size;
    // Must be 0.
    uint32_t flags;
    // What chance comes from when its script (`hs_simulation_random`) is used up. The same seed gives the same numbers
    // with the same version of the library.
    uint64_t seed;
    // What the wall clock shows at the moment 0, in nanoseconds since 1970.
    int64_t wall_ns;
} hs_simulation_options;

// Is called when the moment of a plan has come. It may do what it likes but with the worker that waits, which is busy,
// and must return: no longjmp, no C++ exception.
typedef void (*hs_simulation_callback)(void *user_data);

// Who is asked before each attempt of `hs_retry_run`, and how long it may take. All zero but `struct_size`: 30 seconds, a
// retry budget of its own, and nobody else. In this order: the time and the cancel; the breaker's leave to ask; the rate
// limiters, whose tokens are given back if nothing comes of it; a slot of the bulkhead; the breaker's permit. Nothing is held
// in the waits between attempts.
typedef struct hs_retry_policies {
    // `sizeof(hs_retry_policies)`.
    uint32_t struct_size;
    // `HS_IDEMPOTENT`: doing the work twice does no harm, so that what may have been done is tried again.
    // `HS_IDEMPOTENCY_KEY`: the same, because the work sends a key of its own, the same each time; a 409 is tried again too.
    uint32_t flags;
    // What budget, breaker and bulkhead are asked by: UTF-8, at most 1,024 bytes. Empty: "*".
    struct hs_str key;
    // All attempts and waits together. Default 30,000; `HS_INFINITE` is no limit. It ends waits and begins no attempt, and
    // is told to the work, which it cannot interrupt.
    uint64_t timeout_ms;
    // NULL: a budget of its own, with its defaults.
    struct hs_budget *budget;
    // NULL: none.
    struct hs_breaker *breaker;
    // What each attempt takes from rate limiters, all or nothing; NULL: none.
    const struct hs_bucket *buckets;
    // How many there are.
    size_t bucket_count;
    // NULL: none.
    struct hs_bulkhead *bulkhead;
    // The clock and the chance that it goes by; waits let virtual time pass. NULL: the machine's. All that is named above
    // must have been made with the same one.
    struct hs_simulation *simulation;
} hs_retry_policies;

// What an attempt is told, and what it may tell. The library makes it for each attempt; it is valid during the callback.
typedef struct hs_attempt_context {
    // `sizeof(hs_attempt_context)` as the library knows it: fields behind it are not there.
    uint32_t struct_size;
    // From 1.
    uint32_t number;
    // How long after the beginning this attempt begins, in nanoseconds.
    uint64_t started_ns;
    // How long it may take; `HS_INFINITE`: no limit. To be handed on to what the work waits for.
    uint64_t left_ms;
    // How long was waited before it, in nanoseconds.
    uint64_t waited_ns;
    // What most of that was for: `HS_WAIT_…`.
    uint32_t wait_reason;
    // `HS_ATTEMPT_REPLAY` or 0; the work may add `HS_ATTEMPT_COMMITTED`.
    uint32_t flags;
    // To be set where there is one: the HTTP status of an answer, 100 to 599. 0: none.
    uint32_t http_status;
    // May be set: whether the other side may have seen it, `HS_SENT_…`. `HS_SENT_MAYBE` to begin with.
    uint32_t request_sent;
    // May be set: how long the other side asks to wait; 0: for a time of the library's choice, but a longer one.
    // `HS_INFINITE` to begin with: it asks for nothing.
    uint64_t retry_after_ms;
} hs_attempt_context;

// The work: 0 is success, an `hs_status` what it says there, any other number a failure that another attempt may mend.
// Called on the thread of `hs_retry_run`, while no lock is held; it may use whatever it likes, `hs_retry_run` too. It must
// return: no longjmp, no C++ exception. What it asks of a worker or a pool is one attempt each, since it is repeated as a
// whole, unless the request has `max_attempts` or `hs_policies.retry`.
typedef int32_t (*hs_retry_function)(void *context, struct hs_attempt_context *attempt);

// Whether to try again after an attempt that is no success, which is when `result` is not 0 or `attempt->http_status` is
// 400 or more: 0 is no, anything else yes, as far as attempts, time and budget go. Called like `hs_retry_function`.
typedef int32_t (*hs_retry_predicate)(void *context, int32_t result, const struct hs_attempt_context *attempt);

// What became of a run. Set `struct_size` before the call.
typedef struct hs_retry_report {
    // `sizeof(hs_retry_report)`.
    uint32_t struct_size;
    // Why there was no further attempt: `HS_STOP_…`.
    uint32_t stop_reason;
    // How many attempts there were; one that was not let through is one, too.
    uint32_t attempts;
    // What `hs_retry_run` returned.
    int32_t result;
    // Of the answer that the last attempt came to; 0: none.
    uint32_t http_status;
    // Not used.
    uint32_t reserved;
    // How long it took, in nanoseconds.
    uint64_t elapsed_ns;
    // How much of that was waits: between attempts and in queues.
    uint64_t waited_ns;
    // What the other side, or the breaker, asked for last; `HS_INFINITE`: nothing.
    uint64_t retry_after_ms;
} hs_retry_report;

// Options of a retry budget. All zero but `struct_size` is the default everywhere.
typedef struct hs_budget_options {
    // `sizeof(hs_budget_options)`.
    uint32_t struct_size;
    // `HS_BUDGET_NO_MINIMUM` or 0.
    uint32_t flags;
    // Retries and hedges for a hundred requests, rounded down. Default 20; at most 100.
    uint32_t percent;
    // So many in ten seconds in any case. Default 10.
    uint32_t min_retries;
    // How many keys have a budget of their own. Default 1,024; at most 1,048,576. A further one takes the place of one of
    // which nothing was heard for ten seconds; if there is none, it shares one budget with the others beyond.
    uint32_t max_keys;
    // Must be 0.
    uint32_t reserved;
    // The clock that it goes by. NULL: the machine's.
    struct hs_simulation *simulation;
} hs_budget_options;

// How a key stands: what there was in the last ten seconds. Set `struct_size` before the call.
typedef struct hs_budget_info {
    // `sizeof(hs_budget_info)`.
    uint32_t struct_size;
    // Not used.
    uint32_t reserved;
    // Requests that are no retries and no hedges.
    uint64_t originals;
    // Retries and hedges.
    uint64_t withdrawn;
    // How many retries and hedges there may be.
    uint64_t allowed;
} hs_budget_info;

// What has happened to a key.
typedef struct hs_bulkhead_event {
    // `sizeof(hs_bulkhead_event)` as the library knows it: fields behind it are not there.
    uint32_t struct_size;
    // `HS_BULKHEAD_…`
    uint32_t kind;
    // When it happened, in nanoseconds of the clock that it goes by.
    uint64_t time_ns;
    // The number of this event among those of its key, from 1, so that they can be put in order when they come on several
    // threads.
    uint64_t sequence;
    // Valid during the callback; "*" for the slots that keys beyond `max_keys` share.
    struct hs_str key;
    // How many slots are taken, about.
    uint32_t in_use;
    // How many wait, about.
    uint32_t waiting;
} hs_bulkhead_event;

// Is told what happens, on the thread to which it happens; no lock is held, and it may use the bulkhead, free it too. It
// must return: no longjmp, no C++ exception.
typedef void (*hs_bulkhead_callback)(void *user_data, const struct hs_bulkhead_event *event);

// Options of a bulkhead. All zero but `struct_size` is the default everywhere.
typedef struct hs_bulkhead_options {
    // `sizeof(hs_bulkhead_options)`.
    uint32_t struct_size;
    // `HS_BULKHEAD_NO_QUEUE` or 0.
    uint32_t flags;
    // How many slots each key has. Default 100; at most 1,000,000.
    uint32_t capacity;
    // How many may wait for one. Default 1,000; at most 65,536.
    uint32_t queue;
    // How many keys have slots of their own. Default 1,024; at most 1,048,576. A further one takes the place of one that has
    // no slot taken and nobody waiting; if there is none, it shares the slots of one key with the others beyond.
    uint32_t max_keys;
    // Must be 0.
    uint32_t reserved;
    // Is told what happens; may be NULL.
    hs_bulkhead_callback on_event;
    // Handed to `on_event`; must be valid, and usable on any thread, until the bulkhead is freed and the last worker that
    // has it is closed.
    void *user_data;
    // The clock that it goes by. NULL: the machine's.
    struct hs_simulation *simulation;
} hs_bulkhead_options;

// A slot that is taken, as numbers that the caller keeps. It may be copied and given back on any thread; it is given back
// once.
typedef struct hs_bulkhead_permit {
    // All zero: no slot.
    uint64_t opaque[2];
} hs_bulkhead_permit;

// How a key stands. Set `struct_size` before the call.
typedef struct hs_bulkhead_info {
    // `sizeof(hs_bulkhead_info)`.
    uint32_t struct_size;
    // How many slots it has.
    uint32_t capacity;
    // How many of them are taken.
    uint32_t in_use;
    // How many wait.
    uint32_t waiting;
    // How many were refused because so many waited.
    uint64_t rejected;
    // How many waited in vain.
    uint64_t timed_out;
} hs_bulkhead_info;

// What has happened to a bucket.
typedef struct hs_limiter_event {
    // `sizeof(hs_limiter_event)` as the library knows it: fields behind it are not there.
    uint32_t struct_size;
    // `HS_LIMITER_EVENT_…`
    uint32_t kind;
    // Counts the events of the key, from 1, and anew where its bucket had made room for others. They may come on several
    // threads at once, and so in another order.
    uint64_t sequence;
    // When it happened, by the limiter's clock.
    uint64_t time_ns;
    uint64_t wait_ns;
    // How many waited then.
    uint64_t waiting;
    // Of `HS_LIMITER_EVENT_LEARNED`: what is left in the server's eyes; else, and where it does not say, `HS_INFINITE`.
    uint64_t remaining;
    // What was asked for; 0 where nothing was.
    uint32_t cost;
    uint32_t reserved;
    // Valid during the callback; empty for the bucket that keys share for which there is no room.
    struct hs_str key;
} hs_limiter_event;

// Is told what happens, on the thread where it happens and with no lock held: it may use the limiter. It must return: no
// longjmp, no C++ exception.
typedef void (*hs_limiter_callback)(void *user_data, const struct hs_limiter_event *event);

// Options of a limiter: what each of its buckets begins with. All zero but `struct_size` and `limit` is a sliding log a
// minute long.
//
// Unless `HS_LIMITER_DEAF` is set, buckets learn from responses. What counts is the first of these that says something:
// `Retry-After`, where the status is one after which the same may be sent again; `RateLimit` (draft -11 of the IETF,
// quotas of requests alone); `RateLimit-Remaining` and `RateLimit-Reset`; `X-RateLimit-Remaining` and
// `X-RateLimit-Reset`. Moments are taken relative to the response's `Date`. Of one window the smallest remainder
// counts and of two the later one; requests that were sent after the one that was answered are taken off. Where nothing
// is left, the bucket is held until the reset. None of it raises `limit`, what is malformed changes nothing, and what was
// learned is forgotten at the reset. A 429 that says nothing holds the bucket for `throttle_ms`.
typedef struct hs_limiter_options {
    // `sizeof(hs_limiter_options)`.
    uint32_t struct_size;
    // `HS_LIMITER_DEAF` or 0.
    uint32_t flags;
    // How many tokens come in a period. At least 1.
    uint32_t limit;
    // `HS_LIMITER_…`
    uint32_t mode;
    // Default 60,000.
    uint64_t period_ms;
    // How much longer than the period a sliding log remembers, because requests do not all take the same time on their
    // way. Default 50; only for a sliding log.
    uint64_t window_margin_ms;
    // How many tokens there are after a rest, at most `limit`. Default 10, and a hundredth of `limit` where that is more;
    // not for a sliding log, which begins with all.
    uint32_t burst;
    // How many may wait for one bucket. Default 1,000.
    uint32_t max_waiting;
    // How many buckets there may be. Default 1,024. To make room, those go that nobody has and that are as good as new;
    // where there is none, all further keys share one bucket.
    uint32_t max_keys;
    // `HS_RESET_…`: how `reset_header` is written.
    uint32_t reset_format;
    // A reset further away is not believed. Default 300,000.
    uint64_t learn_max_ms;
    // Up to so much more, by chance, is waited after a reset, so that not everybody comes back at once. Default 250.
    uint64_t learn_jitter_ms;
    // For how long a 429 holds a bucket that does not say for how long. Default 1,000.
    uint64_t throttle_ms;
    // In place of `X-RateLimit-Limit`.
    struct hs_str limit_header;
    // In place of `X-RateLimit-Remaining`.
    struct hs_str remaining_header;
    // In place of `X-RateLimit-Reset`.
    struct hs_str reset_header;
    // Is told what happens; may be NULL.
    hs_limiter_callback on_event;
    // Handed to `on_event`; must be valid until the limiter and all that have it are gone.
    void *user_data;
    // Its clock and its chance; NULL for the machine's.
    struct hs_simulation *simulation;
} hs_limiter_options;

// What was let through, for `hs_limiter_refund` and `hs_limiter_learn`. A plain value: nothing is to be freed.
typedef struct hs_ticket {
    // Counts what the bucket has let through, by cost.
    uint64_t number;
    // When that was, by the limiter's clock.
    uint64_t time_ns;
    uint32_t cost;
    uint32_t reserved;
} hs_ticket;

// A bucket at a moment.
typedef struct hs_limiter_info {
    // `sizeof(hs_limiter_info)`, set by the caller.
    uint32_t struct_size;
    // Its quota's limit.
    uint32_t limit;
    // How many tokens could be taken now; 0 while somebody waits or it is held.
    uint64_t remaining;
    // How many wait.
    uint64_t waiting;
    // How long one more would wait, rounded up.
    uint64_t next_ms;
    // How long nothing may be sent at all, because of `hs_limiter_hold` or of what the server has said; rounded up, and
    // `HS_INFINITE` for a hold without end.
    uint64_t hold_ms;
    // In how much time the quota that the server told of is whole again, rounded up; 0 where it told of none.
    uint64_t learned_reset_ms;
    // What is left of that, without what was sent since; `HS_INFINITE` where it told of none.
    uint64_t learned_remaining;
    // What was let through by now, by cost; what was given back stays counted.
    uint64_t admitted;
} hs_limiter_info;

// Success.
#define HS_OK 0

// The handle was freed, retired or forged, or belongs to an object of another kind.
#define HS_ERR_INVALID_HANDLE -1

// The worker is alive but belongs to another thread; nothing was done.
#define HS_ERR_WRONG_THREAD -2

// The worker is inside a call already: a callback of that call tried to use it.
#define HS_ERR_BUSY -3

// The handle was made before `fork()` and is used in the child.
#define HS_ERR_FORKED -4

// A required pointer was NULL.
#define HS_ERR_NULL_ARGUMENT -5

// `struct_size` is zero, too small, or a larger struct has non-zero bytes that this library does not know.
#define HS_ERR_STRUCT_SIZE -6

// A flag, number or length is out of its range, or options contradict each other.
#define HS_ERR_INVALID_ARGUMENT -7

// There is no item at that index.
#define HS_ERR_NOT_FOUND -8

// The thread is exiting and has closed its workers already.
#define HS_ERR_THREAD_EXITING -9

// More objects are open than handles can name (about one million for each thread).
#define HS_ERR_TOO_MANY_HANDLES -10

// The URL is malformed, empty, or has a NUL or control byte.
#define HS_ERR_INVALID_URL -30

// The URL's scheme is not `http` or `https`.
#define HS_ERR_UNSUPPORTED_SCHEME -31

// The method is not a token (RFC 9110, section 5.6.2), or cannot be sent by a client library (`CONNECT`).
#define HS_ERR_INVALID_METHOD -32

// A header name is not a token, a value has a control byte, or the field contradicts the request's framing.
#define HS_ERR_INVALID_HEADER -33

// The body cannot go with this method.
#define HS_ERR_INVALID_BODY -34

// The CA certificates could not be read, or hold no certificate.
#define HS_ERR_CA_STORE -35

// The client certificate or its key could not be read or do not fit each other, or the key's password is wrong.
#define HS_ERR_CLIENT_CERTIFICATE -36

// A cookie, or a line of a text with cookies, is malformed, or not its origin's to set.
#define HS_ERR_INVALID_COOKIE -37

// User, password or token cannot be sent in the scheme that was chosen.
#define HS_ERR_INVALID_CREDENTIALS -38

// The host name could not be resolved.
#define HS_ERR_DNS -100

// No connection could be made: refused, unreachable, or reset while connecting.
#define HS_ERR_CONNECT -110

// No connection (DNS, TCP and TLS together) within the connect timeout.
#define HS_ERR_CONNECT_TIMEOUT -111

// This end's address cannot be used: the interface is not there, or the local ports are taken.
#define HS_ERR_LOCAL_ADDRESS -112

// The proxy broke the connection or the protocol before the request was sent.
#define HS_ERR_PROXY -120

// The proxy could not be resolved or connected to, or its certificate was refused.
#define HS_ERR_PROXY_CONNECT -121

// The proxy wants credentials, or other ones (status 407, or the same in SOCKS); the server has not seen the request.
#define HS_ERR_PROXY_AUTH -122

// The proxy answered CONNECT with a status that is not 2xx or 407; the message has it.
#define HS_ERR_PROXY_REFUSED -123

// The SOCKS proxy refused, or did not speak SOCKS.
#define HS_ERR_PROXY_HANDSHAKE -124

// The TLS handshake failed.
#define HS_ERR_TLS_HANDSHAKE -130

// The server's certificate was refused for a reason that has no status of its own.
#define HS_ERR_TLS_CERTIFICATE -131

// A certificate of the server's has expired.
#define HS_ERR_TLS_EXPIRED -132

// A certificate of the server's is not valid yet; perhaps this machine's clock is wrong.
#define HS_ERR_TLS_NOT_YET_VALID -133

// The server's certificate is for another host.
#define HS_ERR_TLS_HOSTNAME -134

// The server's certificate comes from no authority that is trusted, or the server left out one in between.
#define HS_ERR_TLS_UNTRUSTED -135

// The server's certificate is signed by itself.
#define HS_ERR_TLS_SELF_SIGNED -136

// A certificate of the server's was revoked.
#define HS_ERR_TLS_REVOKED -137

// The server speaks no version of TLS that is allowed.
#define HS_ERR_TLS_VERSION -138

// The server's key is none of the pinned ones.
#define HS_ERR_TLS_PIN -139

// The server demands a client certificate, or refused the one that it got.
#define HS_ERR_TLS_CLIENT_CERTIFICATE_REQUIRED -140

// A key or signature of the server's is too weak.
#define HS_ERR_TLS_WEAK_KEY -141

// The request could not be sent completely.
#define HS_ERR_SEND -150

// The connection closed before a complete response head arrived.
#define HS_ERR_CONNECTION_CLOSED -160

// The connection failed while receiving.
#define HS_ERR_RECEIVE -161

// The connection closed before the announced end of the body.
#define HS_ERR_BODY_TRUNCATED -170

// A callback of the caller's asked to stop.
#define HS_ERR_CALLBACK -171

// The body would have to be sent again, for a redirect or on another connection, and cannot be rewound.
#define HS_ERR_NOT_REPLAYABLE -172

// A file could not be read or written.
#define HS_ERR_FILE -173

// A download cannot go on where it stopped: the server has another version of the file, or sent another part.
#define HS_ERR_RESUME -174

// The `hs_pipe` that the body comes from was aborted, or freed before it was closed.
#define HS_ERR_PIPE_ABORTED -175

// Nothing more can be written: the `hs_pipe` was closed, or the request that it was for has ended.
#define HS_ERR_PIPE_CLOSED -176

// The body's coding is broken.
#define HS_ERR_DECODE -180

// The body is larger than the limit for this call.
#define HS_ERR_BODY_TOO_LARGE -190

// The response head is larger, or has more fields, than the limit for this call.
#define HS_ERR_HEADERS_TOO_LARGE -191

// A redirect leads where it must not be followed: from https to http, to another origin where only the same is
// allowed, or to something that is not http.
#define HS_ERR_REDIRECT_REFUSED -200

// More redirects than the limit for this call.
#define HS_ERR_TOO_MANY_REDIRECTS -201

// The address rule of the worker forbids every address that the host has, or the one in the URL.
#define HS_ERR_ADDRESS_REFUSED -202

// No rule of the mock is for the request; the message names the one that comes nearest.
#define HS_ERR_MOCK -210

// A recording cannot be read, or is broken; the message names the line.
#define HS_ERR_MOCK_FILE -211

// The server broke the rules of HTTP.
#define HS_ERR_PROTOCOL -230

// HTTP/2 framing or stream error.
#define HS_ERR_HTTP2 -231

// The connection speaks an older version of HTTP than `min_http_version` asks for.
#define HS_ERR_HTTP_VERSION -232

// The call was cancelled by its `hs_cancel`.
#define HS_ERR_CANCELLED -250

// The whole call took longer than `timeout_ms`; the error names the phase.
#define HS_ERR_TIMEOUT -260

// One attempt did not get a complete response head within `attempt_timeout_ms`.
#define HS_ERR_ATTEMPT_TIMEOUT -261

// The body made no progress for `idle_timeout_ms`.
#define HS_ERR_IDLE_TIMEOUT -262

// Nothing came within the `timeout_ms` of this read. The stream goes on: read again.
#define HS_ERR_READ_TIMEOUT -263

// Not all of it went into the `hs_pipe` within the `timeout_ms` of this write; what did is not lost.
#define HS_ERR_WRITE_TIMEOUT -264

// The circuit breaker is open: the request was not sent. The error says when the next one may try.
#define HS_ERR_BREAKER_OPEN -270

// The rate limiter would let it through too late for the deadline, or has too many waiting already; it was not sent.
#define HS_ERR_RATE_LIMITED -271

// It costs more than the rate limiter ever lets through at once.
#define HS_ERR_RATE_NEVER_FITS -272

// The bulkhead has too many waiting already; it was not sent.
#define HS_ERR_BULKHEAD_FULL -273

// The pool has as many requests as it takes; this one was not accepted. The message says what it has.
#define HS_ERR_POOL_FULL -280

// The pool was drained and accepts nothing any more.
#define HS_ERR_POOL_CLOSED -281

// The pool has no thread, and none could be started.
#define HS_ERR_THREAD -282

// There is nothing now, and it would have to be waited for.
#define HS_ERR_WOULD_BLOCK -283

// A fault inside the library; please report it.
#define HS_ERR_INTERNAL -300

// A panic was caught at the ABI; the call did nothing more. Please report it.
#define HS_ERR_PANIC -301

// Memory could not be allocated.
#define HS_ERR_OUT_OF_MEMORY -302

// The libcurl underneath is too old or was built without what the library needs.
#define HS_ERR_LIBCURL -303

// No phase: there was no failure.
#define HS_PHASE_NONE 0

// The arguments were checked; nothing was started.
#define HS_PHASE_ARGUMENT 1

// Waiting for a place in a queue or for a connection to become free.
#define HS_PHASE_QUEUE 2

// Resolving the host name.
#define HS_PHASE_DNS 3

// Connecting.
#define HS_PHASE_CONNECT 4

// Talking to a proxy.
#define HS_PHASE_PROXY 5

// TLS handshake.
#define HS_PHASE_TLS 6

// Sending the request.
#define HS_PHASE_SEND 7

// The request was sent; waiting for the response head.
#define HS_PHASE_FIRST_BYTE 8

// Receiving the body.
#define HS_PHASE_BODY 9

// Decoding the body.
#define HS_PHASE_DECODE 10

// A limit of this library was reached.
#define HS_PHASE_LIMIT 11

// A policy (retry, breaker, limiter) decided.
#define HS_PHASE_POLICY 12

// The server broke the protocol.
#define HS_PHASE_PROTOCOL 13

// The caller cancelled.
#define HS_PHASE_CANCEL 14

// The library itself.
#define HS_PHASE_INTERNAL 15

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// The version of the ABI that the loaded library has: `HS_ABI_MAJOR << 16 | HS_ABI_MINOR`.
//
// Thread: any. Errors: none. Since 1.0.
uint32_t hs_abi_version(void);

// The version of the library, as text: "MAJOR.MINOR.PATCH". Valid for good.
//
// Thread: any. Errors: none. Since 1.0.
struct hs_str hs_library_version(void);

// What this build can do: `HS_CAPABILITY_…` bits. 0 when the libcurl underneath is unsuitable; `hs_worker_new` then
// says why.
//
// Thread: any. Errors: none. Since 1.0.
uint64_t hs_capabilities(void);

// The name of a status as it is written in this header, for instance "HS_ERR_WRONG_THREAD"; `data == NULL` for a
// number that the library never returns. Valid for good.
//
// Thread: any. Errors: none. Since 1.0.
struct hs_str hs_status_name(hs_status status);

// The name of a phase as it is written in this header, for instance "HS_PHASE_TLS"; `data == NULL` for any other
// number. Valid for good.
//
// Thread: any. Errors: none. Since 1.0.
struct hs_str hs_phase_name(hs_phase phase);

// What the call that made this error returned.
//
// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`. Since 1.0.
hs_status hs_error_status(const struct hs_error *error);

// What went wrong, in one line of English without secrets. Borrowed from the error until it is freed; empty
// (`data == NULL`) for anything that is not a live error.
//
// Thread: any. Since 1.0.
struct hs_str hs_error_message(const struct hs_error *error);

// The version of the file whose first bytes a failed `hs_download` has written: what its next call needs as `validator`.
// Borrowed from the error until it is freed; `data == NULL` where there is none, and the file cannot be gone on with.
//
// Thread: any. Since 1.0.
struct hs_str hs_error_validator(const struct hs_error *error);

// The facts of an error. `info->struct_size` must be set; on failure nothing is written.
//
// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_STRUCT_SIZE`. Since 1.0.
//
// Memory: `info` is NULL or valid for as many bytes as its `struct_size` says.
hs_status hs_error_details(const struct hs_error *error, struct hs_error_info *info);

// Frees an error, and with it the texts that were read from it. NULL is fine.
//
// Thread: any. Errors: `HS_ERR_INVALID_HANDLE` (also for a second free). Since 1.0.
hs_status hs_error_free(struct hs_error *error);

// What it says; `len == 0` where it says nothing. Borrowed from the text until it is freed; `data == NULL` for anything
// that is not a live text.
//
// Thread: any. Since 1.0.
struct hs_str hs_text_value(const struct hs_text *text);

// Frees a text; what was read from it is gone. NULL is fine.
//
// Thread: any. Errors: `HS_ERR_INVALID_HANDLE` (also for a second free), `HS_ERR_FORKED`. Since 1.0.
hs_status hs_text_free(struct hs_text *text);

// Makes a switch. `*cancel` is written on success only; free it with `hs_cancel_free`.
//
// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_TOO_MANY_HANDLES`. Since 1.0.
//
// Memory: `cancel` is NULL or valid for a write.
hs_status hs_cancel_new(struct hs_cancel **cancel);

// Throws the switch, for good: calls that have it end with `HS_ERR_CANCELLED` within milliseconds, whatever they wait
// for, and later ones do not begin. A call that has its whole response by then still succeeds. Doing it again is fine.
//
// Thread: any; also from a callback. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`.
// Since 1.0.
hs_status hs_cancel_trigger(struct hs_cancel *cancel);

// Frees a switch; calls that have it go on and can no longer be cancelled. NULL is fine.
//
// Thread: any. Errors: `HS_ERR_INVALID_HANDLE` (also for a second free), `HS_ERR_FORKED`. Since 1.0.
hs_status hs_cancel_free(struct hs_cancel *cancel);

// Makes an empty jar. `*jar` is written on success only; free it with `hs_cookie_jar_free`.
//
// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_TOO_MANY_HANDLES`. Since 1.0.
//
// Memory: `jar` is NULL or valid for a write.
hs_status hs_cookie_jar_new(struct hs_cookie_jar **jar);

// Frees a jar; workers that have it keep its cookies. NULL is fine.
//
// Thread: any. Errors: `HS_ERR_INVALID_HANDLE` (also for a second free), `HS_ERR_FORKED`. Since 1.0.
hs_status hs_cookie_jar_free(struct hs_cookie_jar *jar);

// How many cookies it holds that have not expired; 0 for anything that is not a live jar.
//
// Thread: any. Since 1.0.
size_t hs_cookie_jar_count(const struct hs_cookie_jar *jar);

// Puts a cookie in: `line` is the value of a `Set-Cookie` header, for instance "sid=31d4; Path=/; Secure", as the server
// at `url` would send it. One that has expired takes its older self out. The error shows no value.
//
// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`, `HS_ERR_INVALID_ARGUMENT`,
// `HS_ERR_INVALID_URL`, `HS_ERR_UNSUPPORTED_SCHEME`, `HS_ERR_INVALID_COOKIE` (malformed, or not for that URL to set).
// Since 1.0.
//
// Memory: `url` and `line` are valid as `hs_str` says; `error` is NULL or valid for a write.
hs_status hs_cookie_jar_set(struct hs_cookie_jar *jar,
                            struct hs_str url,
                            struct hs_str line,
                            struct hs_error **error);

// The value of the `Cookie` header that a request for `url` would have; empty where it would have none. `*header` is
// written on success only; free it with `hs_text_free`.
//
// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`, `HS_ERR_INVALID_ARGUMENT`,
// `HS_ERR_INVALID_URL`, `HS_ERR_UNSUPPORTED_SCHEME`, `HS_ERR_TOO_MANY_HANDLES`. Since 1.0.
//
// Memory: `url` is valid as `hs_str` says; `header` and `error` are NULL or valid for a write.
hs_status hs_cookie_jar_get(struct hs_cookie_jar *jar,
                            struct hs_str url,
                            struct hs_text **header,
                            struct hs_error **error);

// Takes all cookies out.
//
// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`. Since 1.0.
hs_status hs_cookie_jar_clear(struct hs_cookie_jar *jar);

// All cookies as a text in the format of Netscape's cookies.txt, which curl and others read, those without an expiry
// included. The format does not know `SameSite`, and cookies with a tab in them are left out. The text is as secret as
// the cookies. `*text` is written on success only; free it with `hs_text_free`.
//
// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`, `HS_ERR_TOO_MANY_HANDLES`.
// Since 1.0.
//
// Memory: `text` and `error` are NULL or valid for a write.
hs_status hs_cookie_jar_export(struct hs_cookie_jar *jar, struct hs_text **text, struct hs_error **error);

// Puts the cookies of such a text in beside those that are there: all of them, or none where a line is not in the
// format. Lines that are empty or begin with "#" are skipped, but "#HttpOnly_" begins a cookie.
//
// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`, `HS_ERR_INVALID_ARGUMENT`,
// `HS_ERR_INVALID_COOKIE` (names the line). Since 1.0.
//
// Memory: `text` is valid as `hs_str` says; `error` is NULL or valid for a write.
hs_status hs_cookie_jar_import(struct hs_cookie_jar *jar, struct hs_str text, struct hs_error **error);

// Forgets the addresses of all names, for all workers: the next connection to a name asks the system's resolver, also
// where a look-up of it is under way. Open connections and pins stay as they are.
//
// Thread: any. Errors: none but `HS_ERR_PANIC`. Since 1.0.
hs_status hs_dns_flush(void);

// The certificate at an index, the server's own at 0, then those between it and its authority as the server sent them.
// There are some where the worker has `HS_TLS_KEEP_CERTIFICATES` and the response came over TLS; a resumed session has
// the server's own alone. `certificate->struct_size` must be set; on failure nothing is written.
//
// Thread: any. Errors: `HS_ERR_NOT_FOUND`, `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`,
// `HS_ERR_STRUCT_SIZE`. Since 1.0.
//
// Memory: `certificate` is NULL or valid for as many bytes as its `struct_size` says.
hs_status hs_response_certificate(const struct hs_response *response, size_t index, struct hs_certificate *certificate);

// Makes a breaker. `options` may be NULL. `*breaker` is written on success only; free it with `hs_breaker_free`.
//
// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_STRUCT_SIZE`, `HS_ERR_INVALID_ARGUMENT`, `HS_ERR_INVALID_HANDLE` and
// `HS_ERR_FORKED` (the simulation), `HS_ERR_TOO_MANY_HANDLES`. Since 1.0.
//
// Memory: `options` is NULL or valid for as many bytes as its `struct_size` says; `breaker` and `error` are NULL or valid for a
// write.
hs_status hs_breaker_new(const struct hs_breaker_options *options,
                         struct hs_breaker **breaker,
                         struct hs_error **error);

// Frees a breaker; workers that have it keep it. Permits of it that are out need not be recorded. NULL is fine.
//
// Thread: any. Errors: `HS_ERR_INVALID_HANDLE` (also for a second free), `HS_ERR_FORKED`. Since 1.0.
hs_status hs_breaker_free(struct hs_breaker *breaker);

// Asks whether a piece of work for a key may begin: UTF-8, 1 to 1,024 bytes. On success `*permit` is written, and what came
// of the work must be told once, with `hs_breaker_record`. A probe of which that is not told has failed after
// `probe_lease_ms`; for other permits nothing waits.
//
// Thread: any. Errors: `HS_ERR_BREAKER_OPEN` (`hs_error_info.retry_after_ms` says when the next try may be made,
// 0 where that is not known: while the probes are under way, and where it was opened by hand for good),
// `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`, `HS_ERR_INVALID_ARGUMENT` (the key). Since 1.0.
//
// Memory: `key` is valid as `hs_str` says; `permit` and `error` are NULL or valid for a write.
hs_status hs_breaker_acquire(struct hs_breaker *breaker,
                             struct hs_str key,
                             struct hs_permit *permit,
                             struct hs_error **error);

// Tells what came of the work that a permit was for: `HS_OUTCOME_…`. How long it took counts from `hs_breaker_acquire` on.
// `*permit` is all zero afterwards, whatever this returns but for errors of the other arguments.
//
// Thread: any, but one at a time for one permit. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`,
// `HS_ERR_INVALID_ARGUMENT` (the outcome is none; the permit was recorded already, or is not this breaker's). Since 1.0.
//
// Memory: `permit` is NULL or valid for reads and writes; `error` is NULL or valid for a write.
hs_status hs_breaker_record(struct hs_breaker *breaker,
                            struct hs_permit *permit,
                            uint32_t outcome,
                            struct hs_error **error);

// Says that the work which a permit is for is still under way: if it has passed `slow_ms` by now it counts as a slow call,
// once, and its result will only say whether it has failed. For those who watch over work that may hang; workers do it
// by themselves. Without this a call is found to be slow when it is recorded.
//
// Thread: any, but one at a time for one permit. Errors: as `hs_breaker_record`. Since 1.0.
//
// Memory: `permit` is NULL or valid for reads and writes; `error` is NULL or valid for a write.
hs_status hs_breaker_mark_slow(struct hs_breaker *breaker,
                               struct hs_permit *permit,
                               struct hs_error **error);

// What the circuit of a key is like. `info->struct_size` must be set; `*info` is written on success only.
//
// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`, `HS_ERR_STRUCT_SIZE`,
// `HS_ERR_INVALID_ARGUMENT` (the key), `HS_ERR_NOT_FOUND` (the key has no circuit: it was not used, or not for long).
// Since 1.0.
//
// Memory: `key` is valid as `hs_str` says; `info` is NULL or valid for reads and writes of as many bytes as its `struct_size` says.
hs_status hs_breaker_state(struct hs_breaker *breaker,
                           struct hs_str key,
                           struct hs_breaker_info *info);

// Opens the circuit of a key by hand, whatever its state is and whether the key was used before: for `ms`, after which it is
// half-open, or for good with `HS_INFINITE`. No result and no time changes what was set by hand.
//
// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`, `HS_ERR_INVALID_ARGUMENT` (the key,
// or `ms` is 0), `HS_ERR_NOT_FOUND` (there is no room for a new key). Since 1.0.
//
// Memory: `key` is valid as `hs_str` says.
hs_status hs_breaker_force_open(struct hs_breaker *breaker,
                                struct hs_str key,
                                uint64_t ms);

// Closes the circuit of a key by hand: results are counted, and open it no more.
//
// Thread: any. Errors: as `hs_breaker_force_open`. Since 1.0.
//
// Memory: `key` is valid as `hs_str` says.
hs_status hs_breaker_force_closed(struct hs_breaker *breaker, struct hs_str key);

// Lets everything through for a key, and tells `on_transition` each time when it would have opened; the window begins anew
// then. For trying options out.
//
// Thread: any. Errors: as `hs_breaker_force_open`. Since 1.0.
//
// Memory: `key` is valid as `hs_str` says.
hs_status hs_breaker_metrics_only(struct hs_breaker *breaker,
                                  struct hs_str key);

// Ends what was done by hand: the circuit of a key is closed, its window empty, and it has never been open.
//
// Thread: any. Errors: as `hs_breaker_force_open`. Since 1.0.
//
// Memory: `key` is valid as `hs_str` says.
hs_status hs_breaker_reset(struct hs_breaker *breaker, struct hs_str key);

// How many keys have a circuit; 0 for anything that is not a live breaker.
//
// Thread: any. Since 1.0.
size_t hs_breaker_count(const struct hs_breaker *breaker);

// Makes a worker that belongs to the calling thread. `options` may be NULL: all defaults. Nothing of it is needed
// after the call. `*worker` is written on success only; close it with `hs_worker_free`.
//
// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_STRUCT_SIZE`, `HS_ERR_INVALID_ARGUMENT`,
// `HS_ERR_INVALID_HANDLE` (cookies, mock, simulation), `HS_ERR_FORKED` (the same), `HS_ERR_INVALID_HEADER` (user agent, headers for
// proxies), `HS_ERR_INVALID_CREDENTIALS`, `HS_ERR_INVALID_URL` (proxies, origin of credentials),
// `HS_ERR_UNSUPPORTED_SCHEME` (the same), `HS_ERR_CA_STORE`, `HS_ERR_CLIENT_CERTIFICATE`, `HS_ERR_FILE` (record),
// `HS_ERR_LIBCURL`, `HS_ERR_TOO_MANY_HANDLES`, `HS_ERR_THREAD_EXITING`, `HS_ERR_OUT_OF_MEMORY`. Since 1.0.
//
// Memory: `options` and the structs that it points to are NULL or valid for as many bytes as their `struct_size` says;
// `worker` and `error` are NULL or valid for a write.
hs_status hs_worker_new(const struct hs_worker_options *options,
                        struct hs_worker **worker,
                        struct hs_error **error);

// Closes the connections of a worker that nothing uses now, before it returns. Streams that are open go on undisturbed.
//
// Thread: the worker's own. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_WRONG_THREAD`, `HS_ERR_BUSY`
// (from a callback of its own call), `HS_ERR_FORKED`, `HS_ERR_OUT_OF_MEMORY`, `HS_ERR_INTERNAL` (libcurl refuses). Since 1.0.
hs_status hs_worker_close_idle(struct hs_worker *worker);

// Closes a worker and its connections. NULL is fine.
//
// Thread: the worker's own. Errors: `HS_ERR_WRONG_THREAD` (the worker lives on), `HS_ERR_BUSY` (from a callback of
// its own call; the worker lives on), `HS_ERR_INVALID_HANDLE` (also for a second free), `HS_ERR_FORKED`. Since 1.0.
hs_status hs_worker_free(struct hs_worker *worker);

// Gives a worker up from any thread, for finalizers: the handle is invalid from now on, and its owner closes the
// worker at the next call of the library that it makes, or when it exits. A call that is running ends undisturbed.
// NULL is fine.
//
// Thread: any. Errors: `HS_ERR_INVALID_HANDLE` (also where it was retired or freed before), `HS_ERR_FORKED`. Since 1.0.
hs_status hs_worker_retire(struct hs_worker *worker);

// Sends a request and receives its response; returns when the call has ended. `*response` is written on success
// only; free it with `hs_response_free`. An HTTP status is never an error: a 503 is `HS_OK` with a response.
//
// What is not idempotent (by its method, an `Idempotency-Key`, `HS_IDEMPOTENT`) and may have been carried out is not sent
// again, also where libcurl would do so by itself on a dead connection; the error then says `HS_SENT_MAYBE`. A server that
// answers 429 or 421 says that it has not been: then there is another attempt, or for 421 another connection, whatever the
// method; `max_attempts` of 1 or `HS_RETRY_429_PROCESSED` prevent the first. What an HTTP/2 server says it has not
// processed (RFC 9113, section 8.7) is sent again: once, and up to 3 times where the method is idempotent. Where that
// does not help the error says `HS_SENT_MAYBE`, since a server in the middle may say so without knowing, and
// `HS_SENT_NO` of an idempotent method. What it wants over HTTP/1.1 instead is sent so, once.
//
// Thread: the worker's own. Errors: any `HS_ERR_…`; the ones before anything is sent are `HS_ERR_NULL_ARGUMENT`,
// `HS_ERR_INVALID_HANDLE`, `HS_ERR_WRONG_THREAD`, `HS_ERR_BUSY`, `HS_ERR_FORKED`, `HS_ERR_STRUCT_SIZE`,
// `HS_ERR_INVALID_ARGUMENT`, `HS_ERR_INVALID_URL`, `HS_ERR_UNSUPPORTED_SCHEME`, `HS_ERR_INVALID_METHOD`,
// `HS_ERR_INVALID_HEADER`, `HS_ERR_INVALID_BODY`, `HS_ERR_INVALID_CREDENTIALS`, `HS_ERR_TOO_MANY_HANDLES`. Since 1.0.
//
// Memory: `request` is NULL or valid for as many bytes as its `struct_size` says, and so is all that it points to;
// `response` and `error` are NULL or valid for a write.
hs_status hs_request(struct hs_worker *worker,
                     const struct hs_request_options *request,
                     struct hs_response **response,
                     struct hs_error **error);

// Makes a pipe that holds at most `capacity` bytes; 0: 256 KiB, at most 64 MiB. `*pipe` is written on success only; free
// it with `hs_pipe_free`.
//
// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_ARGUMENT`, `HS_ERR_OUT_OF_MEMORY`,
// `HS_ERR_TOO_MANY_HANDLES`. Since 1.0.
//
// Memory: `pipe` and `error` are NULL or valid for a write.
hs_status hs_pipe_new(size_t capacity,
                      struct hs_pipe **pipe,
                      struct hs_error **error);

// Copies `len` bytes into the pipe, and waits for room where there is too little. `HS_OK` says that all of them are in.
// Whatever else it says, the first `*written` of them are in and the others are not: to go on, write from `data + *written`.
// `written` may be NULL; it is written unless the arguments were refused.
//
// `timeout_ms` is how long it waits, by the machine's clock: afterwards `HS_ERR_WRITE_TIMEOUT`. 0 puts in what fits and
// does not wait: `HS_ERR_WOULD_BLOCK` where that was not all. `HS_INFINITE` waits as long as it takes. Each wait also ends
// with the request: `HS_ERR_PIPE_CLOSED` says that nobody will read this any more, and the request says why (it failed, or
// the server answered without reading all of it). The same comes of a write after `hs_pipe_close`; `HS_ERR_PIPE_ABORTED`
// of one that meets `hs_pipe_abort` or `hs_pipe_free`. That bytes are in does not say that they were sent.
//
// What several threads write at once goes in one write after the other. In a callback of the library's only a
// `timeout_ms` of 0 is allowed (`HS_ERR_BUSY`): the wait could be for the very worker that calls.
//
// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`, `HS_ERR_INVALID_ARGUMENT` (`len`
// is larger than any object), `HS_ERR_BUSY`, `HS_ERR_WRITE_TIMEOUT`, `HS_ERR_WOULD_BLOCK`, `HS_ERR_PIPE_CLOSED`,
// `HS_ERR_PIPE_ABORTED`. Since 1.0.
//
// Memory: `data` is valid for `len` bytes, or NULL where `len` is 0; `written` and `error` are NULL or valid for a write.
hs_status hs_pipe_write(struct hs_pipe *pipe,
                        const void *data,
                        size_t len,
                        size_t *written,
                        uint64_t timeout_ms,
                        struct hs_error **error);

// The same, and never waits: `HS_ERR_WOULD_BLOCK` where not all of it fits now. Of a request that goes through a pool the
// caller is told then when there is room again, or when nobody will read this any more: by one completion with
// `HS_COMPLETION_WRITABLE` and the tag of the request, however many such writes there were. It also comes for what was tried
// before the request was submitted, but not where that was refused, and it may come after the request's own completion and
// after the pipe was freed. Of a worker's request there is no such word.
//
// Thread: any; also from a callback. Errors: `HS_ERR_WOULD_BLOCK`, `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`,
// `HS_ERR_FORKED`, `HS_ERR_INVALID_ARGUMENT` (`len` is larger than any object), `HS_ERR_PIPE_CLOSED`, `HS_ERR_PIPE_ABORTED`.
// Since 1.0.
//
// Memory: As for `hs_pipe_write`.
hs_status hs_pipe_try_write(struct hs_pipe *pipe,
                            const void *data,
                            size_t len,
                            size_t *written,
                            struct hs_error **error);

// Says that the body is complete; what is in the pipe is still sent. The pipe may be freed then. Of this and
// `hs_pipe_abort` the first counts; the second, and doing it again, does nothing.
//
// Thread: any; also from a callback. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`. Since 1.0.
hs_status hs_pipe_close(struct hs_pipe *pipe);

// Says that the body will never be complete: the request ends with `HS_ERR_PIPE_ABORTED` and is not made again, and so
// does every write that waits. The server sees a request that breaks off.
//
// Thread: any; also from a callback. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`. Since 1.0.
hs_status hs_pipe_abort(struct hs_pipe *pipe);

// Frees a pipe. One that was not closed is aborted; a request goes on with what one that was closed still holds. Writes
// that wait are ended. NULL is fine.
//
// Thread: any; also from a callback. Errors: `HS_ERR_INVALID_HANDLE` (also for a second free), `HS_ERR_FORKED`. Since 1.0.
hs_status hs_pipe_free(struct hs_pipe *pipe);

// Makes an empty form. `boundary` is the line between its parts; empty: a random one. `*form` is written on success
// only; free it with `hs_form_free`.
//
// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_ARGUMENT` (boundary), `HS_ERR_TOO_MANY_HANDLES`.
// Since 1.0.
//
// Memory: `boundary` is valid as `hs_str` says; `form` and `error` are NULL or valid for a write.
hs_status hs_form_new(struct hs_str boundary, struct hs_form **form, struct hs_error **error);

// Adds a part to the end of a form. Requests that were begun before do not have it.
//
// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_STRUCT_SIZE`, `HS_ERR_INVALID_ARGUMENT` (no name, more than one
// content, more than 10,000 parts), `HS_ERR_INVALID_HEADER` (content type), `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`.
// Since 1.0.
//
// Memory: `part` is NULL or valid for as many bytes as its `struct_size` says, and so is all that it points to; `error` is NULL
// or valid for a write.
hs_status hs_form_add(struct hs_form *form, const struct hs_part *part, struct hs_error **error);

// Frees a form; requests that use it go on. NULL is fine.
//
// Thread: any. Errors: `HS_ERR_INVALID_HANDLE` (also for a second free), `HS_ERR_FORKED`. Since 1.0.
hs_status hs_form_free(struct hs_form *form);

// Sends a request and writes the body of a response with status 200 or 206 straight to a file descriptor, in constant
// memory. The response has the head and no body; any other status has its body in the response as with `hs_request`,
// and nothing is written. Bytes are written as they were sent: codings are not asked for.
//
// When the connection breaks off in the body and the server gave a strong validator, what is missing is asked for with
// `Range` and `If-Range`, within the same deadline. If the file has changed meanwhile, the server sends it from its
// start: what was written is then taken back (`ftruncate`), or the call ends with `HS_ERR_RESUME` where the descriptor
// cannot do that. After a failure `hs_error_details` tells with `file_bytes` how much is written and
// `hs_error_validator` of which version: with these as `offset` and `validator` a later call goes on. Then status 416
// means that the file has no such byte; with `file_bytes` equal to the length that its Content-Range names, it was
// complete.
//
// Only for GET without a body; a `Range` or `If-Range` header, `on_body` and `HS_STREAM` are refused. The limits are those of a
// stream: no `timeout_ms` and no `max_body_bytes` unless they are set.
//
// Thread: the worker's own. Errors: those of `hs_request`, `HS_ERR_FILE` (with `errno`), `HS_ERR_RESUME`. Since 1.0.
//
// Memory: As for `hs_request`; `download` is NULL or valid for as many bytes as its `struct_size` says.
hs_status hs_download(struct hs_worker *worker,
                      const struct hs_request_options *request,
                      const struct hs_download_options *download,
                      struct hs_response **response,
                      struct hs_error **error);

// The HTTP status, for instance 200; 0 for anything that is not a live response.
//
// Thread: any. Since 1.0.
uint16_t hs_response_status(const struct hs_response *response);

// The body, decoded unless `HS_RAW_BODY` says otherwise; `len == 0` where there is none. The header fields are those
// that came: `Content-Encoding` and `Content-Length` speak of the coded body. Borrowed from the response until it is freed; `data == NULL` for anything
// that is not a live response.
//
// Thread: any. Since 1.0.
struct hs_str hs_response_body(const struct hs_response *response);

// The value of the nth header field of that name (0 is the first), names compared without case; `data == NULL` where
// there is none. Borrowed from the response until it is freed.
//
// Thread: any. Since 1.0.
//
// Memory: `name` is valid as `hs_str` says.
struct hs_str hs_response_header(const struct hs_response *response, struct hs_str name, size_t nth);

// How many header fields the response has; 0 for anything that is not a live response.
//
// Thread: any. Since 1.0.
size_t hs_response_header_count(const struct hs_response *response);

// The header field at an index below `hs_response_header_count`, in the order received. `*header` is written on
// success only; its texts are borrowed from the response until it is freed.
//
// Thread: any. Errors: `HS_ERR_NOT_FOUND`, `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`.
// Since 1.0.
//
// Memory: `header` is NULL or valid for a write.
hs_status hs_response_header_at(const struct hs_response *response, size_t index, struct hs_header *header);

// How many trailer fields (RFC 9110, section 6.5) came after the body; of a response with `HS_STREAM` known at the end
// of the body, 0 before. 0 for anything that is not a live response. Never believe a trailer what a header must say.
//
// Thread: any. Since 1.0.
size_t hs_response_trailer_count(const struct hs_response *response);

// The trailer field at an index below `hs_response_trailer_count`, in the order received. `*trailer` is written on
// success only; its texts are borrowed from the response until it is freed.
//
// Thread: any. Errors: `HS_ERR_NOT_FOUND`, `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`.
// Since 1.0.
//
// Memory: `trailer` is NULL or valid for a write.
hs_status hs_response_trailer_at(const struct hs_response *response, size_t index, struct hs_header *trailer);

// The status of the nth interim response (1xx: RFC 9110, section 15.2) that came before this one, for instance 103; 0
// where there are not so many.
//
// Thread: any. Since 1.0.
uint16_t hs_response_interim_status(const struct hs_response *response, size_t nth);

// The header field at an index, from 0, of the nth interim response. `*header` is written on success only; its texts
// are borrowed from the response until it is freed.
//
// Thread: any. Errors: `HS_ERR_NOT_FOUND`, `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`.
// Since 1.0.
//
// Memory: `header` is NULL or valid for a write.
hs_status hs_response_interim_header_at(const struct hs_response *response,
                                        size_t nth,
                                        size_t index,
                                        struct hs_header *header);

// The URL that gave this response, without user, password and fragment. Borrowed from the response until it is freed;
// `data == NULL` for anything that is not a live response.
//
// Thread: any. Since 1.0.
struct hs_str hs_response_url(const struct hs_response *response);

// The redirect at an index below `redirects` of `hs_metrics`, first to last. `redirect->struct_size` must be set; on
// failure nothing is written.
//
// Thread: any. Errors: `HS_ERR_NOT_FOUND`, `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`,
// `HS_ERR_STRUCT_SIZE`. Since 1.0.
//
// Memory: `redirect` is NULL or valid for as many bytes as its `struct_size` says.
hs_status hs_response_redirect_at(const struct hs_response *response, size_t index, struct hs_redirect *redirect);

// Frees a response, and with it all that was read from it. NULL is fine. One whose body was not read to its end is
// aborted: its connection is closed, at once on the worker's own thread, else at the worker's next call; by a pool's thread
// as soon as it gets to it.
//
// Thread: any. Errors: `HS_ERR_INVALID_HANDLE` (also for a second free), `HS_ERR_FORKED`. Since 1.0.
hs_status hs_response_free(struct hs_response *response);

// How many attempts gave this response, hedges included; 0 for anything that is not a live response. Of one with
// `HS_STREAM`: as of its head.
//
// Thread: any. Since 1.0.
size_t hs_response_attempt_count(const struct hs_response *response);

// The attempt at an index below `hs_response_attempt_count`, first to last. `attempt->struct_size` must be set; on
// failure nothing is written.
//
// Thread: any. Errors: `HS_ERR_NOT_FOUND`, `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`,
// `HS_ERR_STRUCT_SIZE`. Since 1.0.
//
// Memory: `attempt` is NULL or valid for as many bytes as its `struct_size` says.
hs_status hs_response_attempt_at(const struct hs_response *response, size_t index, struct hs_attempt *attempt);

// How many attempts ended in this error, hedges included; 0 for anything that is not a live error, and where nothing was
// attempted.
//
// Thread: any. Since 1.0.
size_t hs_error_attempt_count(const struct hs_error *error);

// The attempt at an index below `hs_error_attempt_count`, first to last. `attempt->struct_size` must be set; on failure
// nothing is written.
//
// Thread: any. Errors: `HS_ERR_NOT_FOUND`, `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_STRUCT_SIZE`.
// Since 1.0.
//
// Memory: `attempt` is NULL or valid for as many bytes as its `struct_size` says.
hs_status hs_error_attempt_at(const struct hs_error *error, size_t index, struct hs_attempt *attempt);

// Sends many requests at once and receives their responses; returns when the last of them has ended. Each is a call of its
// own, with its own options, deadline and cancel, just as with `hs_request`; one that is refused or fails does nothing to
// the others. They begin in their order, at the same time or as
// their `start_after_ms` says, and share the worker's connections: over HTTP/2 up to 100 to
// one origin go over one, over HTTP/1.1 each has one for itself.
//
// `requests` are `count` pointers, `completions` has room for as many results, and request i has its result in
// completion i. What completions held before counts for nothing. `HS_OK` says that each request has its result, whatever
// it is; otherwise nothing was sent and nothing is written. `on_body` is called inside of this, for one request after the
// other as pieces come. `HS_STREAM` is refused (`HS_ERR_INVALID_ARGUMENT` in its result).
//
// Thread: the worker's own. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_WRONG_THREAD`, `HS_ERR_BUSY`,
// `HS_ERR_FORKED`, `HS_ERR_INVALID_ARGUMENT` (more than 65,536), `HS_ERR_TOO_MANY_HANDLES`; in a result any that
// `hs_request` has, `HS_ERR_NULL_ARGUMENT` for a request that is NULL. Since 1.0.
//
// Memory: `requests` points to `count` pointers, each NULL or valid for as many bytes as its `struct_size` says, and so is all that
// they point to; `completions` is valid for `count` writes; `error` is NULL or valid for a write.
hs_status hs_request_many(struct hs_worker *worker,
                          const struct hs_request_options *const *requests,
                          size_t count,
                          struct hs_completion *completions,
                          struct hs_error **error);

// Reads the next bytes of the body into `buffer`: at least one unless the body has ended, which is `*count == 0`. Of a
// response that was asked for with `HS_STREAM` they are received now; of any other, what is in `hs_response_body` is
// handed out bit by bit. Decoded unless `HS_RAW_BODY` says otherwise. Nothing is read ahead but what libcurl holds (at
// most some 300 KiB and what that decodes to): a server that sends faster than this is called is made to wait.
//
// `timeout_ms` is how long to wait for the first byte: afterwards `HS_ERR_READ_TIMEOUT`, and the stream goes on. 0 or
// `HS_INFINITE`: until the call's own limits (`idle_timeout_ms`, `timeout_ms`) end it. After any other error the stream
// is over and each further read gives that error again.
//
// The worker is free between two reads: other requests and streams may use it.
//
// A body that comes through a pool is read the same way; some 256 KiB of it wait in between, and while nobody reads it
// `idle_timeout_ms` does not count.
//
// Thread: the worker's own for a response that was asked for with `HS_STREAM`, any for others, and for those that came
// through a pool, one at a time (`HS_ERR_BUSY`). Errors: those of
// `hs_request` while a body is received (`HS_ERR_BODY_TRUNCATED`, `HS_ERR_RECEIVE`, `HS_ERR_IDLE_TIMEOUT`,
// `HS_ERR_TIMEOUT`, `HS_ERR_CANCELLED`, `HS_ERR_DECODE`, `HS_ERR_BODY_TOO_LARGE`, …), `HS_ERR_READ_TIMEOUT`,
// `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_ARGUMENT` (capacity 0), `HS_ERR_WRONG_THREAD`, `HS_ERR_BUSY`,
// `HS_ERR_INVALID_HANDLE` (also where the worker was freed before the end of the body), `HS_ERR_FORKED`. Since 1.0.
//
// Memory: `buffer` is NULL or valid for `capacity` bytes; `count` and `error` are NULL or valid for a write.
hs_status hs_response_read(struct hs_response *response,
                           void *buffer,
                           size_t capacity,
                           size_t *count,
                           uint64_t timeout_ms,
                           struct hs_error **error);

// The same, and never waits: `HS_ERR_WOULD_BLOCK` where nothing is there now. Of a response that came through a pool the
// caller is told then when there is something: by one completion with `HS_COMPLETION_READABLE` and the tag of its
// request, which may also come when the body has ended or failed, and after this response was freed. Of a worker's there
// is no such word.
//
// Thread: as for `hs_response_read`. Errors: `HS_ERR_WOULD_BLOCK`, and those of `hs_response_read`. Since 1.0.
//
// Memory: `buffer` is NULL or valid for `capacity` bytes; `count` and `error` are NULL or valid for a write.
hs_status hs_response_try_read(struct hs_response *response,
                               void *buffer,
                               size_t capacity,
                               size_t *count,
                               struct hs_error **error);

// The facts of the call that gave this response; of one with `HS_STREAM` as of its head, until its body was read to the
// end. `metrics->struct_size` must be set; on failure nothing is written.
//
// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`, `HS_ERR_STRUCT_SIZE`.
// Since 1.0.
//
// Memory: `metrics` is NULL or valid for as many bytes as its `struct_size` says.
hs_status hs_response_metrics(const struct hs_response *response, struct hs_metrics *metrics);

// What a worker has done so far. It waits for nobody and disturbs nobody; each number is exact, but a call that ends
// meanwhile may be in some of them only. `counters->struct_size` must be set; on failure nothing is written.
//
// Thread: any, also while the worker is in a call. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`,
// `HS_ERR_FORKED`, `HS_ERR_STRUCT_SIZE`. Since 1.0.
//
// Memory: `counters` is NULL or valid for as many bytes as its `struct_size` says.
hs_status hs_worker_counters(const struct hs_worker *worker, struct hs_counters *counters);

// A latency (`HS_LATENCY_…`) of a worker that keeps histograms. `histogram->struct_size` must be set; on failure nothing
// is written.
//
// Thread: any, also while the worker is in a call. Errors: `HS_ERR_NOT_FOUND` (made without `HS_OBSERVE_HISTOGRAMS`),
// `HS_ERR_INVALID_ARGUMENT`, `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`, `HS_ERR_STRUCT_SIZE`.
// Since 1.0.
//
// Memory: `histogram` is NULL or valid for as many bytes as its `struct_size` says.
hs_status hs_worker_histogram(const struct hs_worker *worker,
                              uint32_t latency,
                              struct hs_histogram *histogram);

// How many values each bucket of a latency has. `counts` has room for `capacity` numbers, at least
// `HS_HISTOGRAM_BUCKETS`; so many are written, on success only.
//
// Thread: any, also while the worker is in a call. Errors: those of `hs_worker_histogram`;
// `HS_ERR_INVALID_ARGUMENT` also where there is too little room. Since 1.0.
//
// Memory: `counts` is NULL or valid for `capacity` writes.
hs_status hs_worker_histogram_counts(const struct hs_worker *worker,
                                     uint32_t latency,
                                     uint64_t *counts,
                                     size_t capacity);

// The first nanosecond that is no longer in a bucket; the largest number of all for the last one and any beyond. A
// bucket begins where the one before it ends, the first at 0.
//
// Thread: any. Errors: none. Since 1.0.
uint64_t hs_histogram_bound_ns(size_t bucket);

// Makes a pool and starts its first thread. `options` may be NULL: all defaults. Nothing of it is needed after the call.
// `*pool` is written on success only; end it with `hs_pool_free`.
//
// Thread: any. Errors: those of `hs_worker_new`, for the worker that each of its threads has; `HS_ERR_THREAD` (no thread
// could be started), `HS_ERR_NULL_ARGUMENT`, `HS_ERR_STRUCT_SIZE`, `HS_ERR_INVALID_ARGUMENT`. Since 1.0.
//
// Memory: `options` and the structs that it points to are NULL or valid for as many bytes as their `struct_size` says; `pool` and
// `error` are NULL or valid for a write.
hs_status hs_pool_new(const struct hs_pool_options *options,
                      struct hs_pool **pool,
                      struct hs_error **error);

// Hands a request over to the pool and returns at once, or when there is room for it (`submit_timeout_ms`). All that it
// needs of it is copied, its body too; what `upload` points to, the parts of a `form` and what `user_data` points to
// must live until the request has ended, and their callbacks and `on_body` are called on a thread of the pool, which
// drives other requests as well: they are not to wait.
//
// What was accepted (`HS_OK`) gives exactly one completion with this `tag`, whatever becomes of it; what was refused gives
// none. The time of a request counts from here, its wait in the queue included. A tag may be any number, also one that
// is in use.
//
// Thread: any. Errors: `HS_ERR_POOL_FULL` (after `submit_timeout_ms`), `HS_ERR_POOL_CLOSED` (after `hs_pool_drain`),
// `HS_ERR_THREAD`, `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`, and those of `hs_request` for what is
// wrong with the request itself. Since 1.0.
//
// Memory: `request` is NULL or valid for as many bytes as its `struct_size` says, and so is all that it points to; `error` is NULL
// or valid for a write.
hs_status hs_pool_submit(struct hs_pool *pool,
                         const struct hs_request_options *request,
                         uint64_t tag,
                         struct hs_error **error);

// Takes the completions of requests that have ended, in the order in which they did, at most `capacity` at once. Waits
// until there is one, for `timeout_ms` at most: 0 does not wait, `HS_INFINITE` waits without limit. `HS_OK` with `*count
// == 0` says that the time is over, or that `hs_pool_wake` was called.
//
// Each completion comes once, to one of the threads that take them. Its response or its error is the caller's from then
// on, who frees it.
//
// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_ARGUMENT` (capacity 0), `HS_ERR_INVALID_HANDLE` (also
// where the pool is freed meanwhile), `HS_ERR_FORKED`, `HS_ERR_BUSY` (a wait inside a callback of the pool's own),
// `HS_ERR_TOO_MANY_HANDLES` and `HS_ERR_THREAD_EXITING` (in a handler of `exit`, on a thread that ends: nothing was taken).
// Since 1.0.
//
// Memory: `events` is NULL or valid for `capacity` writes, `count` NULL or valid for a write.
hs_status hs_pool_next(struct hs_pool *pool,
                       struct hs_completion *events,
                       size_t capacity,
                       size_t *count,
                       uint64_t timeout_ms);

// Cancels the requests with that tag: those that wait end at once, those under way within moments, each with its
// completion (`HS_ERR_CANCELLED`, or what it has come to before). Returns before they have.
//
// Thread: any. Errors: `HS_ERR_NOT_FOUND` (none with that tag is open: it may just have ended), `HS_ERR_INVALID_HANDLE`,
// `HS_ERR_NULL_ARGUMENT`, `HS_ERR_FORKED`. Since 1.0.
hs_status hs_pool_cancel(struct hs_pool *pool,
                         uint64_t tag);

// Ends the wait of all who are in `hs_pool_next`; if nobody is, the next wait ends before it begins. Several calls that
// nobody noticed are one. The descriptor stays as it is.
//
// Thread: any. Errors: `HS_ERR_INVALID_HANDLE`, `HS_ERR_NULL_ARGUMENT`, `HS_ERR_FORKED`. Since 1.0.
hs_status hs_pool_wake(struct hs_pool *pool);

// Closes the connections that no request uses now, and returns before they are closed: each thread of the pool is woken
// to do it, and has done it before it begins what is submitted afterwards. Requests and streams that are open go on
// undisturbed, and their connections are kept afterwards as always.
//
// Thread: any; also from a callback. Errors: `HS_ERR_INVALID_HANDLE`, `HS_ERR_NULL_ARGUMENT`, `HS_ERR_FORKED`. Since 1.0.
hs_status hs_pool_close_idle(struct hs_pool *pool);

// A descriptor that is readable exactly while there are completions to take: for `poll`, `epoll`, `kqueue` and the loops
// that are made of them. It is level-triggered; do not read from it, write to it or close it: it is the pool's, and
// closed with it. -1 for anything that is not a live pool, where the process has no descriptors left, and on systems
// without (Windows).
//
// Thread: any. Since 1.0.
int32_t hs_pool_fd(struct hs_pool *pool);

// Accepts nothing any more, for good, and waits until all that was accepted has ended: `timeout_ms` at most (0: not at
// all, `HS_INFINITE`: without limit), then what is left is cancelled, which takes moments. The completions are there
// afterwards and can be taken; streams have ended too.
//
// Thread: any. Errors: `HS_ERR_TIMEOUT` (the rest was cancelled), `HS_ERR_BUSY` (inside a callback of the pool's own),
// `HS_ERR_INVALID_HANDLE`, `HS_ERR_NULL_ARGUMENT`, `HS_ERR_FORKED`. Since 1.0.
hs_status hs_pool_drain(struct hs_pool *pool, uint64_t timeout_ms);

// Ends a pool: cancels what is open, ends its threads, closes its connections and frees the completions that nobody took.
// Whoever waits in one of its functions on another thread returns. NULL is fine. Take what is of interest before, with
// `hs_pool_drain` and `hs_pool_next`.
//
// Thread: any. Errors: `HS_ERR_BUSY` (inside a callback of the pool's own; it lives on), `HS_ERR_INVALID_HANDLE` (also
// for a second free), `HS_ERR_FORKED`. Since 1.0.
hs_status hs_pool_free(struct hs_pool *pool);

// Changes how much a running pool does: of `options` the numbers count (threads, requests in flight, queue); what is 0
// stays as it is, and `worker` must be NULL and times 0. Threads beyond the new number end what they have, and then
// themselves.
//
// Thread: any. Errors: `HS_ERR_INVALID_ARGUMENT`, `HS_ERR_STRUCT_SIZE`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_NULL_ARGUMENT`,
// `HS_ERR_FORKED`. Since 1.0.
//
// Memory: `options` is NULL or valid for as many bytes as its `struct_size` says; `error` is NULL or valid for a write.
hs_status hs_pool_resize(struct hs_pool *pool,
                         const struct hs_pool_options *options,
                         struct hs_error **error);

// What a pool does now and has done so far. Each number is exact, but they are not all of the same moment.
// `counters->struct_size` must be set; on failure nothing is written.
//
// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`, `HS_ERR_STRUCT_SIZE`. Since 1.0.
//
// Memory: `counters` is NULL or valid for as many bytes as its `struct_size` says.
hs_status hs_pool_stats(struct hs_pool *pool,
                        struct hs_pool_counters *counters);

// What the workers of a pool have done so far, all together and those that are gone included: as `hs_worker_counters`.
// `counters->struct_size` must be set; on failure nothing is written.
//
// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`, `HS_ERR_STRUCT_SIZE`. Since 1.0.
//
// Memory: `counters` is NULL or valid for as many bytes as its `struct_size` says.
hs_status hs_pool_worker_counters(struct hs_pool *pool,
                                  struct hs_counters *counters);

// A latency (`HS_LATENCY_…`) of a pool whose workers keep histograms (`HS_OBSERVE_HISTOGRAMS`), of all of them together: as
// `hs_worker_histogram`, whose errors it has.
//
// Thread: any. Errors: those of `hs_worker_histogram`. Since 1.0.
//
// Memory: `histogram` is NULL or valid for as many bytes as its `struct_size` says.
hs_status hs_pool_histogram(struct hs_pool *pool,
                            uint32_t latency,
                            struct hs_histogram *histogram);

// How many values each bucket of such a latency has: as `hs_worker_histogram_counts`, whose errors it has.
//
// Thread: any. Errors: those of `hs_worker_histogram_counts`. Since 1.0.
//
// Memory: `counts` is NULL or valid for `capacity` writes.
hs_status hs_pool_histogram_counts(struct hs_pool *pool, uint32_t latency, uint64_t *counts, size_t capacity);

// The trace of the call that gave this response, where `HS_TRACE` asked for one: what happened, a line each, with
// milliseconds since its beginning. Lines of the request's head are behind `>`, those of the response's behind `<`,
// libcurl's words behind `*` and the library's own behind `=`. For people: its form may change. Without bodies and
// secrets; at most 256 KiB. Borrowed from the response until it is freed; `data == NULL` where there is none. Of a
// stream it ends with the head, until the body was read to its end.
//
// Thread: any. Since 1.0.
struct hs_str hs_response_trace(const struct hs_response *response);

// The trace of the call that gave this error, as `hs_response_trace` has it. Borrowed from the error until it is freed;
// `data == NULL` where there is none.
//
// Thread: any. Since 1.0.
struct hs_str hs_error_trace(const struct hs_error *error);

// The trace-id (W3C Trace Context) under which servers were told of the call, 32 hexadecimal digits: one that was made
// for it or that of the caller's own `traceparent` header. Borrowed from the response until it is freed; `data == NULL`
// where there is none, and always with `HS_TRACE_CONTEXT_OFF`.
//
// Thread: any. Since 1.0.
struct hs_str hs_response_trace_id(const struct hs_response *response);

// The same of a call that failed. Borrowed from the error until it is freed.
//
// Thread: any. Since 1.0.
struct hs_str hs_error_trace_id(const struct hs_error *error);

// Makes a mock without rules. `*mock` is written on success only; free it with `hs_mock_free`.
//
// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_TOO_MANY_HANDLES`. Since 1.0.
//
// Memory: `mock` is NULL or valid for a write.
hs_status hs_mock_new(struct hs_mock **mock);

// Frees a mock; workers that have it keep its rules. NULL is fine.
//
// Thread: any. Errors: `HS_ERR_INVALID_HANDLE` (also for a second free), `HS_ERR_FORKED`. Since 1.0.
hs_status hs_mock_free(struct hs_mock *mock);

// Adds a rule. A request goes to the first rule that is for it and has not answered all of its `times`; one that no rule is
// for fails with `HS_ERR_MOCK`, and its message says why the nearest one is not. Each exchange of a call is a request here:
// redirects that are followed and challenges that are answered too.
//
// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`, `HS_ERR_STRUCT_SIZE`,
// `HS_ERR_INVALID_ARGUMENT`, `HS_ERR_INVALID_METHOD`, `HS_ERR_INVALID_URL`, `HS_ERR_UNSUPPORTED_SCHEME`,
// `HS_ERR_INVALID_HEADER`. Since 1.0.
//
// Memory: `rule` is NULL or valid for as many bytes as its `struct_size` says, and so is all that it points to; `error` is NULL or
// valid for a write.
hs_status hs_mock_add(struct hs_mock *mock,
                      const struct hs_mock_rule *rule,
                      struct hs_error **error);

// Adds the rules of a recording (`hs_worker_options.record`): one for each exchange, for one request with its method and URL,
// in their order. All of them, or none where the file is broken. An exchange that cannot be given again, because its body
// was cut off or nobody waited for it to its end, ends in `HS_ERR_MOCK`. Fields that were blanked are left out.
//
// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`, `HS_ERR_INVALID_ARGUMENT`,
// `HS_ERR_MOCK_FILE`. Since 1.0.
//
// Memory: `file` is valid as `hs_str` says; `error` is NULL or valid for a write.
hs_status hs_mock_load(struct hs_mock *mock,
                       struct hs_str file,
                       struct hs_error **error);

// Takes all rules and calls out; what was read of calls is gone.
//
// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`. Since 1.0.
hs_status hs_mock_clear(struct hs_mock *mock);

// How many requests it got, those that no rule was for included; 0 for anything that is not a live mock.
//
// Thread: any. Since 1.0.
size_t hs_mock_calls(const struct hs_mock *mock);

// How many rules have answered fewer requests to the end of the answer than their `times` says, or none where that is 0;
// a failure and a stall are ends. For the end of a test; 0 for anything that is not a live mock.
//
// Thread: any. Since 1.0.
size_t hs_mock_unused(const struct hs_mock *mock);

// The request with that index, in the order in which they came, counted from 0. `call->struct_size` must be set; `*call`
// is written on success only.
//
// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`, `HS_ERR_STRUCT_SIZE`,
// `HS_ERR_NOT_FOUND`. Since 1.0.
//
// Memory: `call` is NULL or valid for reads and writes of as many bytes as its `struct_size` says.
hs_status hs_mock_call_at(const struct hs_mock *mock,
                          size_t index,
                          struct hs_mock_call *call);

// The value of the nth header field of that name in the request with that index, names compared without case; `data ==
// NULL` where there is none. Values are as they would be sent, secrets included. Borrowed from the mock until
// `hs_mock_clear` or `hs_mock_free`.
//
// Thread: any. Since 1.0.
//
// Memory: `name` is valid as `hs_str` says.
struct hs_str hs_mock_call_header(const struct hs_mock *mock, size_t index, struct hs_str name, size_t nth);

// The header field with that place in the request with that index, both counted from 0. `*header` is written on success
// only, and borrowed from the mock until `hs_mock_clear` or `hs_mock_free`.
//
// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`, `HS_ERR_NOT_FOUND`. Since 1.0.
//
// Memory: `header` is NULL or valid for a write.
hs_status hs_mock_call_header_at(const struct hs_mock *mock, size_t index, size_t place, struct hs_header *header);

// Makes a simulation whose clock shows 0. `options` may be NULL. `*simulation` is written on success only; free it with
// `hs_simulation_free`.
//
// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_STRUCT_SIZE`, `HS_ERR_INVALID_ARGUMENT`,
// `HS_ERR_TOO_MANY_HANDLES`. Since 1.0.
//
// Memory: `options` is NULL or valid for as many bytes as its `struct_size` says; `simulation` and `error` are NULL or valid for
// a write.
hs_status hs_simulation_new(const struct hs_simulation_options *options,
                            struct hs_simulation **simulation,
                            struct hs_error **error);

// Frees a simulation; what was given it keeps its clock. What was planned with `hs_simulation_at` is forgotten. NULL is
// fine.
//
// Thread: any. Errors: `HS_ERR_INVALID_HANDLE` (also for a second free), `HS_ERR_FORKED`. Since 1.0.
hs_status hs_simulation_free(struct hs_simulation *simulation);

// Lets time pass, with all that was planned for it. Workers notice at their next call; one that is inside a call, when
// that has next to wait.
//
// Thread: any; also from a callback. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`.
// Since 1.0.
hs_status hs_simulation_advance(struct hs_simulation *simulation, uint64_t nanoseconds);

// What the clock shows, in nanoseconds; 0 for anything that is not a live simulation.
//
// Thread: any. Since 1.0.
uint64_t hs_simulation_now(const struct hs_simulation *simulation);

// Sets the wall clock, by which only HTTP dates are read; it goes along with the clock from there. Nothing else changes.
//
// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`. Since 1.0.
hs_status hs_simulation_set_wall(struct hs_simulation *simulation,
                                 int64_t unix_nanoseconds);

// Adds to the script of chance: what is drawn next, each number once, as millionths of the range that is drawn from. 0 is
// its lower end and 1,000,000 its upper one. When the script is used up the seed goes on.
//
// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`, `HS_ERR_INVALID_ARGUMENT` (a
// number above 1,000,000, or more than a million of them; none is added then). Since 1.0.
//
// Memory: `millionths` is NULL or points to `count` numbers.
hs_status hs_simulation_random(struct hs_simulation *simulation,
                               const uint32_t *millionths,
                               size_t count);

// Plans something: `callback` is called once, when the clock reaches `nanoseconds`, and before anything else that is due
// then. Whoever moves the clock calls it, on his thread: `hs_simulation_advance`, or a worker that waits. Plans for the same moment
// are carried out in their order, and one for a moment that has passed at the next occasion. `hs_simulation_free`
// forgets those that are left.
//
// Thread: any; also from a callback. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`. Since 1.0.
//
// Memory: `callback` may be called with `user_data`, on any thread that moves the clock, until the simulation is freed.
hs_status hs_simulation_at(struct hs_simulation *simulation,
                           uint64_t nanoseconds,
                           hs_simulation_callback callback,
                           void *user_data);

// Makes an object by which work is retried. `options` and `policies` may be NULL: all defaults. What the policies name may
// be freed after it. `*retry` is written on success only; free it with `hs_retry_free`.
//
// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_STRUCT_SIZE`, `HS_ERR_INVALID_ARGUMENT`, `HS_ERR_INVALID_HANDLE` and
// `HS_ERR_FORKED` (what the policies name), `HS_ERR_TOO_MANY_HANDLES`. Since 1.0.
//
// Memory: `options` and `policies` are NULL or valid for as many bytes as their `struct_size` says, and so is what they point to;
// `retry` and `error` are NULL or valid for a write.
hs_status hs_retry_new(const struct hs_retry_options *options,
                       const struct hs_retry_policies *policies,
                       struct hs_retry **retry,
                       struct hs_error **error);

// Frees it; runs that are under way go on. NULL is fine.
//
// Thread: any; also from a callback. Errors: `HS_ERR_INVALID_HANDLE` (also for a second free), `HS_ERR_FORKED`. Since 1.0.
hs_status hs_retry_free(struct hs_retry *retry);

// Calls `function` with `context` until it succeeds or nothing more is to be done, with waits in between, and returns what
// it returned last. `predicate` decides after each attempt; NULL: the rules for requests decide about `http_status` and each
// `hs_status`, and other numbers are tried again. `cancel` (may be NULL) ends a wait within 5 ms; it does not interrupt the
// work, and does not mask what that has done. `report` may be NULL; it is filled whatever comes of it, unless the arguments
// are refused.
//
// Thread: any; the calling one waits. Errors: what `function` returned; `HS_ERR_CANCELLED` (in a wait), `HS_ERR_TIMEOUT`
// (in a queue, or too late for any attempt), `HS_ERR_BREAKER_OPEN`, `HS_ERR_RATE_LIMITED`,
// `HS_ERR_RATE_NEVER_FITS`, `HS_ERR_BULKHEAD_FULL`; `HS_ERR_NULL_ARGUMENT`,
// `HS_ERR_STRUCT_SIZE` (report), `HS_ERR_INVALID_ARGUMENT` (what the work put into its context), `HS_ERR_INVALID_HANDLE`,
// `HS_ERR_FORKED`. Since 1.0.
//
// Memory: `function` and `predicate` may be called with `context`; `report` is NULL or valid for as many bytes as its
// `struct_size` says; `error` is NULL or valid for a write.
hs_status hs_retry_run(struct hs_retry *retry,
                       hs_retry_function function,
                       void *context,
                       hs_retry_predicate predicate,
                       struct hs_cancel *cancel,
                       struct hs_retry_report *report,
                       struct hs_error **error);

// Makes a retry budget. `options` may be NULL. `*budget` is written on success only; free it with `hs_budget_free`.
//
// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_STRUCT_SIZE`, `HS_ERR_INVALID_ARGUMENT`, `HS_ERR_INVALID_HANDLE` and
// `HS_ERR_FORKED` (the simulation), `HS_ERR_TOO_MANY_HANDLES`. Since 1.0.
//
// Memory: `options` is NULL or valid for as many bytes as its `struct_size` says; `budget` and `error` are NULL or valid for a
// write.
hs_status hs_budget_new(const struct hs_budget_options *options,
                        struct hs_budget **budget,
                        struct hs_error **error);

// Frees a retry budget; workers that have it keep it. NULL is fine.
//
// Thread: any. Errors: `HS_ERR_INVALID_HANDLE` (also for a second free), `HS_ERR_FORKED`. Since 1.0.
hs_status hs_budget_free(struct hs_budget *budget);

// Says that a request is made for a key (UTF-8, 1 to 1,024 bytes) that is no retry and no hedge. Workers say it by
// themselves; this is for work of the caller's own.
//
// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_ARGUMENT` (key), `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`.
// Since 1.0.
//
// Memory: `key` is valid as `hs_str` says.
hs_status hs_budget_original(struct hs_budget *budget,
                             struct hs_str key);

// Takes one retry for a key: `*granted` is 1 where there may be one now, else 0, and then nothing is taken.
//
// Thread: any. Errors: as `hs_budget_original`. Since 1.0.
//
// Memory: `key` is valid as `hs_str` says; `granted` is NULL or valid for a write.
hs_status hs_budget_withdraw(struct hs_budget *budget, struct hs_str key, uint32_t *granted);

// How a key stands; one that was never asked for is like a new one.
//
// Thread: any. Errors: as `hs_budget_original`, and `HS_ERR_STRUCT_SIZE`. Since 1.0.
//
// Memory: `key` is valid as `hs_str` says; `info` is NULL or valid for as many bytes as its `struct_size` says.
hs_status hs_budget_state(struct hs_budget *budget, struct hs_str key, struct hs_budget_info *info);

// Makes a bulkhead. `options` may be NULL. `*bulkhead` is written on success only; free it with `hs_bulkhead_free`.
//
// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_STRUCT_SIZE`, `HS_ERR_INVALID_ARGUMENT`, `HS_ERR_INVALID_HANDLE` and
// `HS_ERR_FORKED` (the simulation), `HS_ERR_TOO_MANY_HANDLES`. Since 1.0.
//
// Memory: `options` is NULL or valid for as many bytes as its `struct_size` says, and its callback may be called with its
// `user_data` as it says there; `bulkhead` and `error` are NULL or valid for a write.
hs_status hs_bulkhead_new(const struct hs_bulkhead_options *options,
                          struct hs_bulkhead **bulkhead,
                          struct hs_error **error);

// Frees a bulkhead; workers that have it keep it. Slots that were taken with `hs_bulkhead_acquire` are given back. NULL is
// fine.
//
// Thread: any. Errors: `HS_ERR_INVALID_HANDLE` (also for a second free), `HS_ERR_FORKED`. Since 1.0.
hs_status hs_bulkhead_free(struct hs_bulkhead *bulkhead);

// Takes a slot of a key (UTF-8, 1 to 1,024 bytes), and waits for one where all are taken: in the order of arrival, at most
// `timeout_ms` (0: 30,000; `HS_INFINITE`: for as long as it takes), and until `cancel` (may be NULL) is triggered. `*permit`
// is written on success only; give it back with `hs_bulkhead_release`. With a simulation the wait is virtual, too.
//
// Thread: any; the calling one waits. Errors: `HS_ERR_BULKHEAD_FULL` (so many wait already), `HS_ERR_TIMEOUT`,
// `HS_ERR_CANCELLED`, `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_ARGUMENT` (key), `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`.
// Since 1.0.
//
// Memory: `key` is valid as `hs_str` says; `permit` and `error` are NULL or valid for a write.
hs_status hs_bulkhead_acquire(struct hs_bulkhead *bulkhead,
                              struct hs_str key,
                              uint64_t timeout_ms,
                              struct hs_cancel *cancel,
                              struct hs_bulkhead_permit *permit,
                              struct hs_error **error);

// Takes a slot of a key if one is free and nobody waits for it. `*permit` is written on success only; give it back with
// `hs_bulkhead_release`.
//
// Thread: any. Errors: `HS_ERR_BULKHEAD_FULL`, `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_ARGUMENT` (key),
// `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`. Since 1.0.
//
// Memory: `key` is valid as `hs_str` says; `permit` is NULL or valid for a write.
hs_status hs_bulkhead_try_acquire(struct hs_bulkhead *bulkhead, struct hs_str key, struct hs_bulkhead_permit *permit);

// Gives a slot back: the first who waits has it now. `*permit` is all zero then.
//
// Thread: any. Errors: `HS_ERR_INVALID_ARGUMENT` (given back already, none of this bulkhead's, or no permit; nothing
// happens), `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`. Since 1.0.
//
// Memory: `permit` is NULL or valid for reads and writes.
hs_status hs_bulkhead_release(struct hs_bulkhead *bulkhead, struct hs_bulkhead_permit *permit);

// How a key stands; one that was never asked for has nothing taken.
//
// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_STRUCT_SIZE`, `HS_ERR_INVALID_ARGUMENT` (key),
// `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`. Since 1.0.
//
// Memory: `key` is valid as `hs_str` says; `info` is NULL or valid for as many bytes as its `struct_size` says.
hs_status hs_bulkhead_state(struct hs_bulkhead *bulkhead, struct hs_str key, struct hs_bulkhead_info *info);

// Makes a limiter. `*limiter` is written on success only; free it with `hs_limiter_free`.
//
// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT` (also for `options`: a limiter needs a limit), `HS_ERR_STRUCT_SIZE`,
// `HS_ERR_INVALID_ARGUMENT`, `HS_ERR_INVALID_HEADER` (a name of a field), `HS_ERR_INVALID_HANDLE` (its simulation),
// `HS_ERR_TOO_MANY_HANDLES`. Since 1.0.
//
// Memory: `options` is NULL or valid for as many bytes as its `struct_size` says, and so is what it points to; `limiter` and
// `error` are NULL or valid for a write. `on_event` may be called with `user_data`, on any thread, until the limiter and
// all that have it are gone.
hs_status hs_limiter_new(const struct hs_limiter_options *options,
                         struct hs_limiter **limiter,
                         struct hs_error **error);

// Frees a limiter; who waits goes on waiting, and workers keep what they have of it. NULL is fine.
//
// Thread: any. Errors: `HS_ERR_INVALID_HANDLE` (also for a second free), `HS_ERR_FORKED`. Since 1.0.
hs_status hs_limiter_free(struct hs_limiter *limiter);

// Takes `cost` tokens (0: one) from the bucket `key`, waiting for them in its queue for at most `timeout_ms`. 0 is 30
// seconds, `HS_INFINITE` as long as it takes. Refused at once where it is clear that it would take longer, or where
// too many wait. With a simulation the wait lets its time pass.
//
// `ticket` may be NULL; it is written on success only.
//
// Thread: any; it blocks the calling one. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`,
// `HS_ERR_INVALID_ARGUMENT` (the key), `HS_ERR_RATE_LIMITED` (not within that time, and the message says how long it
// would be), `HS_ERR_RATE_NEVER_FITS` (more than the bucket ever has), `HS_ERR_CANCELLED`. Since 1.0.
//
// Memory: `key` is valid; `ticket` and `error` are NULL or valid for a write.
hs_status hs_limiter_acquire(struct hs_limiter *limiter,
                             struct hs_str key,
                             uint32_t cost,
                             uint64_t timeout_ms,
                             struct hs_cancel *cancel,
                             struct hs_ticket *ticket,
                             struct hs_error **error);

// Takes from each of up to 16 buckets, of whatever limiters, or from none; each bucket at most once. `tickets` is NULL or
// has room for one each. While it waits for one bucket it takes nothing from the others and keeps nobody from them, unless
// that would keep it waiting for ever. Time is that of the first one's limiter.
//
// Thread: any; it blocks the calling one. Errors: as `hs_limiter_acquire`. Since 1.0.
//
// Memory: `buckets` is NULL or points to `count` valid ones; `tickets` is NULL or valid for `count` writes, `error` is NULL or
// valid for a write.
hs_status hs_limiter_acquire_all(const struct hs_bucket *buckets,
                                 size_t count,
                                 uint64_t timeout_ms,
                                 struct hs_cancel *cancel,
                                 struct hs_ticket *tickets,
                                 struct hs_error **error);

// The same without waiting: the tokens are there and nobody waits for them, or it is refused.
//
// Thread: any. Errors: as `hs_limiter_acquire`, but for `HS_ERR_CANCELLED`. Since 1.0.
//
// Memory: `key` is valid; `ticket` and `error` are NULL or valid for a write.
hs_status hs_limiter_try_acquire(struct hs_limiter *limiter,
                                 struct hs_str key,
                                 uint32_t cost,
                                 struct hs_ticket *ticket,
                                 struct hs_error **error);

// Gives back what was taken for a request that was not sent. The ticket is zero afterwards, so that doing it again does
// nothing.
//
// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`, `HS_ERR_INVALID_ARGUMENT` (the
// key, or a ticket from the future). Since 1.0.
//
// Memory: `key` is valid; `ticket` is NULL or valid for reads and writes, `error` is NULL or valid for a write.
hs_status hs_limiter_refund(struct hs_limiter *limiter,
                            struct hs_str key,
                            struct hs_ticket *ticket,
                            struct hs_error **error);

// Changes the quota of one bucket; what was sent goes on counting, and who waits waits no longer than needed. 0 is
// the default at `period_ms` and `burst`, as in `hs_limiter_options`. The mode and the margin stay.
//
// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`, `HS_ERR_INVALID_ARGUMENT`.
// Since 1.0.
//
// Memory: `key` is valid; `error` is NULL or valid for a write.
hs_status hs_limiter_set_quota(struct hs_limiter *limiter,
                               struct hs_str key,
                               uint32_t limit,
                               uint64_t period_ms,
                               uint32_t burst,
                               struct hs_error **error);

// Lets nothing through for so long, or longer where a hold is there already; `HS_INFINITE`: until it is released. 0
// releases every hold, also those that a `Retry-After` has set.
//
// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`, `HS_ERR_INVALID_ARGUMENT` (the
// key). Since 1.0.
//
// Memory: `key` is valid.
hs_status hs_limiter_hold(struct hs_limiter *limiter, struct hs_str key, uint64_t milliseconds);

// Tells a bucket of a response that came on another way than through a worker that has it: `status` and all header
// fields. `ticket` is that of its request, so that those that were sent since are counted; NULL: none were.
//
// What it says can only make the bucket stricter, and only until the quota is whole again (see `hs_limiter_options`).
//
// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`, `HS_ERR_INVALID_ARGUMENT` (the
// key, more than 10,000 fields, a status beyond 999, a ticket from the future). Since 1.0.
//
// Memory: `key` is valid; `ticket` is NULL or valid; `headers` is NULL or points to `header_count` valid fields; `error` is NULL
// or valid for a write.
hs_status hs_limiter_learn(struct hs_limiter *limiter,
                           struct hs_str key,
                           const struct hs_ticket *ticket,
                           uint32_t status,
                           const struct hs_header *headers,
                           size_t header_count,
                           struct hs_error **error);

// What a bucket is like at this moment, which may be another one when the call returns.
//
// Thread: any. Errors: `HS_ERR_NULL_ARGUMENT`, `HS_ERR_INVALID_HANDLE`, `HS_ERR_FORKED`, `HS_ERR_STRUCT_SIZE`,
// `HS_ERR_INVALID_ARGUMENT` (the key). Since 1.0.
//
// Memory: `key` is valid; `info` is NULL or valid for as many bytes as its `struct_size` says.
hs_status hs_limiter_state(struct hs_limiter *limiter, struct hs_str key, struct hs_limiter_info *info);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* HTTP_SENTINEL_H */
