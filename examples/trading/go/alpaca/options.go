package alpaca

import (
	"time"

	sentinel "http-sentinel/bindings/go"
)

// Environment says whose money it is.
type Environment int

// Environments.
const (
	Paper Environment = iota // nobody's
	Live                     // yours
)

var baseURLs = [...]string{Paper: "https://paper-api.alpaca.markets", Live: "https://api.alpaca.markets"}

const dataURL = "https://data.alpaca.markets"

// String is "paper" or "live".
func (e Environment) String() string {
	if e == Live {
		return "live"
	}
	return "paper"
}

// Option changes what is right for most.
type Option func(*settings)

type settings struct {
	base, data     string
	caFile         string
	attemptTimeout time.Duration
	limit          Quota
	dataLimit      Quota
	limiter        *sentinel.RateLimiter
	unlimited      bool
	bound          bool
}

// Quota is how many requests there may be in a period.
type Quota struct {
	Limit  int
	Period time.Duration // 0: a minute
	// Margin is how much longer than Period requests count. A server that counts by the clock's minutes and whose period is
	// short wants as much again. 0: 50 ms.
	Margin time.Duration
}

// WithBaseURL has the trading API elsewhere.
func WithBaseURL(url string) Option { return func(s *settings) { s.base = url } }

// WithDataURL has the market data API elsewhere.
func WithDataURL(url string) Option { return func(s *settings) { s.data = url } }

// WithCAFile trusts the authorities of a PEM file in place of the system's.
func WithCAFile(path string) Option { return func(s *settings) { s.caFile = path } }

// WithAttemptTimeout is how long one attempt may take to the head of its answer. Default 10 seconds.
func WithAttemptTimeout(d time.Duration) Option { return func(s *settings) { s.attemptTimeout = d } }

// WithQuota is the quota of the trading API, and of market data where WithDataQuota says nothing else. Default: Alpaca's 200
// a minute. What the broker tells of its own quota counts besides.
func WithQuota(q Quota) Option { return func(s *settings) { s.limit = q } }

// WithDataQuota is the quota of the market data API.
func WithDataQuota(q Quota) Option { return func(s *settings) { s.dataLimit = q } }

// WithLimiter takes a limiter that others of the same account have, too. Its buckets are "trading" and "data".
func WithLimiter(l *sentinel.RateLimiter) Option { return func(s *settings) { s.limiter = l } }

// WithoutLimiter asks as fast as it can, and gets ErrRateLimited.
func WithoutLimiter() Option { return func(s *settings) { s.unlimited = true } }

// Bound gives each client a worker of its own, which is faster where one request follows the other. It belongs to the
// goroutine that makes the client, which is locked to its thread until the client is closed; on any other one every
// operation gives sentinel.ErrWrongThread and does nothing.
func Bound() Option { return func(s *settings) { s.bound = true } }

func (s *settings) options() sentinel.Options {
	return sentinel.Options{
		AttemptTimeout: s.attemptTimeout,
		Redirects:      sentinel.RedirectReturn, // keys go where they were meant to, and nowhere else
		TLS:            sentinel.TLSOptions{CAFile: s.caFile},
		UserAgent:      "http-sentinel-trading-example",
	}
}

const (
	tradingBucket = "trading"
	dataBucket    = "data"
)

func (s *settings) newLimiter() (*sentinel.RateLimiter, error) {
	if s.limit.Limit == 0 {
		s.limit.Limit = sentinel.LimitAlpaca
	}
	l, err := sentinel.NewRateLimiter(sentinel.RateLimiterOptions{
		Limit: s.limit.Limit, Period: s.limit.Period, WindowMargin: max(s.limit.Margin, s.dataLimit.Margin),
	})
	if err != nil || s.dataLimit.Limit == 0 {
		return l, err
	}
	if err := l.SetQuota(dataBucket, s.dataLimit.Limit, s.dataLimit.Period, 0); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}
