package sentinel

// #include "shim.h"
import "C"

import "time"

// Policies decide over the attempts of a call. The zero value is what a client has without any: three attempts, a retry
// budget of its own, and none of the others. In a request nil, empty and false mean the client's, and each
// field that is given replaces the client's as a whole.
//
// The order is: deadline and cancel; retries; hedging; then for each exchange, redirects included, the circuit breaker's
// leave to ask, the rate limiters, the bulkhead, and the breaker's permit last.
type Policies struct {
	Retry *RetryOptions // when an attempt is followed by another
	Hedge *HedgeOptions // a second request beside one that takes long; nil: none

	Budget      *Budget         // how many retries and hedges there may be; nil: one of its own
	Breaker     *CircuitBreaker // refuses requests to what has failed too often; nil: none
	BreakerKey  string          // what its circuit goes by; empty: the origin
	Limits      []Limit         // each exchange waits until all of them let it through
	Bulkhead    *Bulkhead       // lets so many requests at once be under way; nil: any number
	BulkheadKey string          // what they are counted by; empty: the origin

	// IdempotencyKey gives a request whose method is not idempotent an Idempotency-Key, the same for all attempts, so that
	// it may be repeated. Only for servers that honour such keys.
	IdempotencyKey bool
	// BareIdempotencyKey writes it without the quotes that the draft demands.
	BareIdempotencyKey bool

	// Of a request alone:

	Idempotent    bool // doing it twice does no harm, whatever its method
	NotIdempotent bool // doing it twice does harm, whatever its method
	NoHedge       bool // without the client's hedging
	NoBreaker     bool // without the client's breaker
	NoLimiter     bool // without the client's limiters
	NoBulkhead    bool // without the client's bulkhead
}

// Limit is a bucket of a rate limiter, and what a request takes from it.
type Limit struct {
	Limiter *RateLimiter
	Key     string // empty: the origin of the exchange
	Cost    int    // 0: one
}

// RetryOptions say when an attempt is followed by another. The n-th wait is anything from 10 ms to
// min(MaxDelay, base * 2^(n-1)), each as likely. Where the server names a time (Retry-After), it is never shorter.
//
// Sent again are failures to connect and 429 (any method), and, where the request may be repeated, what broke or took too
// long after it was sent, 408, 425, 500, 502, 503 and 504.
type RetryOptions struct {
	MaxAttempts   int           // the first one included; 1 is no retries. Default 3; at most 100
	BaseDelay     time.Duration // after a passing failure. Default 100 ms
	ThrottleDelay time.Duration // where the server says that it is asked too much. Default 1 s
	MaxDelay      time.Duration // no wait is longer, unless the server asks for it. Default 20 s
	RetryAfterMax time.Duration // the longest wait that a server may ask for. Default 60 s
	Statuses      []int         // from 400 to 599: retried in place of those above

	ClampRetryAfter   bool // where a server asks for longer than RetryAfterMax, that long is waited; off, the call ends
	Treat429Processed bool // what got a 429 may have been carried out, so that only what may be repeated is sent again
	RetryOnOpen       bool // where the breaker is open its next probe is waited for
	Retry520To524     bool // these are retried, too
}

// HedgeOptions send a second request beside one whose response head does not come, and take whichever comes first. Only
// requests that may be repeated are hedged.
type HedgeOptions struct {
	MaxHedges int           // beside the first, one after the other. Default 1; at most 3
	Delay     time.Duration // after how long each is sent. 0: what 95 of 100 requests to the origin take
}

func (p *Policies) encode(a *arena) *C.hs_policies {
	if p == nil {
		return nil
	}
	c := sized[C.hs_policies](a)
	c.flags = flag(p.Idempotent, C.HS_IDEMPOTENT) | flag(p.NotIdempotent, C.HS_NOT_IDEMPOTENT) | flag(p.IdempotencyKey, C.HS_IDEMPOTENCY_KEY) |
		flag(p.BareIdempotencyKey, C.HS_IDEMPOTENCY_KEY_BARE) | flag(p.NoHedge, C.HS_NO_HEDGE) |
		flag(p.NoBreaker, C.HS_NO_BREAKER) | flag(p.NoLimiter, C.HS_NO_LIMITER) | flag(p.NoBulkhead, C.HS_NO_BULKHEAD)
	c.retry, c.hedge = p.Retry.encode(a), p.Hedge.encode(a)
	c.budget, c.breaker, c.bulkhead = p.Budget.handle(), p.Breaker.handle(), p.Bulkhead.handle()
	c.breaker_key, c.bulkhead_key = a.text(p.BreakerKey), a.text(p.BulkheadKey)
	c.buckets, c.bucket_count = buckets(a, p.Limits)
	return c
}

func buckets(a *arena, limits []Limit) (*C.hs_bucket, C.size_t) {
	made := put[C.hs_bucket](a, len(limits))
	if made == nil {
		return nil, 0
	}
	for i, one := range limits {
		made[i] = C.hs_bucket{limiter: one.Limiter.handle(), key: a.text(one.Key), cost: count(one.Cost)}
	}
	return &made[0], C.size_t(len(made))
}

func (o *RetryOptions) encode(a *arena) *C.hs_retry_options {
	if o == nil {
		return nil
	}
	c := sized[C.hs_retry_options](a)
	c.flags = flag(o.ClampRetryAfter, C.HS_RETRY_CLAMP_RETRY_AFTER) | flag(o.Treat429Processed, C.HS_RETRY_429_PROCESSED) |
		flag(o.RetryOnOpen, C.HS_RETRY_ON_OPEN) | flag(o.Retry520To524, C.HS_RETRY_520_TO_524)
	c.max_attempts = count(o.MaxAttempts)
	c.base_delay_ms, c.throttle_delay_ms = millis(o.BaseDelay), millis(o.ThrottleDelay)
	c.max_delay_ms, c.retry_after_max_ms = millis(o.MaxDelay), millis(o.RetryAfterMax)
	if statuses := put[C.uint16_t](a, len(o.Statuses)); statuses != nil {
		for i, one := range o.Statuses {
			if one >= 0 && one < 1<<16 {
				statuses[i] = C.uint16_t(one) // What is no status stays 0, which is refused.
			}
		}
		c.statuses, c.status_count = &statuses[0], C.size_t(len(statuses))
	}
	return c
}

func (o *HedgeOptions) encode(a *arena) *C.hs_hedge_options {
	if o == nil {
		return nil
	}
	c := sized[C.hs_hedge_options](a)
	c.max_hedges, c.delay_ms = count(o.MaxHedges), millis(o.Delay)
	return c
}
