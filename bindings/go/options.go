package sentinel

import (
	"net/netip"
	"time"
	"unsafe"
)

// NoLimit as a duration is no limit. A zero duration is the default everywhere.
const NoLimit time.Duration = -1

// Options are those of a [Client], a [Transport] or a [Worker]. The zero value is the default everywhere; a [Transport] has
// other defaults for some, which it tells. Durations are rounded up to milliseconds; [NoLimit], or any negative one, is no
// limit. Nothing of them is changed or kept, but for the policies, which stay as long as they are needed.
type Options struct {
	// Timeout is for a whole call: queue, DNS, connect, TLS, sending, receiving, and every retry and redirect. Default 30
	// seconds; none for a streamed one. A context's deadline counts besides.
	Timeout time.Duration
	// AttemptTimeout is for one attempt, to the end of the response head. Default 10 seconds.
	AttemptTimeout time.Duration
	// ConnectTimeout is for DNS, TCP and TLS of a new connection together. Default 5 seconds.
	ConnectTimeout time.Duration
	// IdleTimeout is the longest time without progress while the body is received. Default 10 seconds.
	IdleTimeout time.Duration

	// MaxBodyBytes is the largest body that is accepted. Default 64 MiB; none for a streamed one. Negative: no limit.
	MaxBodyBytes int64
	// MaxHeaderBytes is the longest response head that is accepted. Default 65,536; at most 307,200.
	MaxHeaderBytes int
	// MaxHeaderCount is the most fields of a response head that are accepted. Default 200; at most 5,000.
	MaxHeaderCount int

	// IdleConnTimeout is how long a connection may idle and still be used again. Default 55 seconds.
	IdleConnTimeout time.Duration
	// ConnLifetime is how long after it was made a connection may be used again. Default 5 minutes.
	ConnLifetime time.Duration
	// MaxIdleConns is how many idle connections are kept. Default 100; at most 65,536.
	MaxIdleConns int

	// HTTPVersion is the version to speak. Default: HTTP/2 where TLS negotiates it, else HTTP/1.1.
	HTTPVersion HTTPVersion
	// MinHTTPVersion is the oldest one that will do: HTTP11 or HTTP2.
	MinHTTPVersion HTTPVersion
	// UserAgent is the value of the User-Agent field. Default "http-sentinel/VERSION". A request's own one is sent in its place,
	// and none where that is empty.
	UserAgent string
	// RawBody leaves bodies as they were sent. Off, gzip, deflate, br and zstd are asked for and taken off, unless the
	// request has an Accept-Encoding or Range field of its own.
	RawBody bool

	// Redirects says whether they are followed. A [Transport] never follows any.
	Redirects RedirectPolicy
	// MaxRedirects is how many one call follows. Default 10; at most 1,000.
	MaxRedirects int
	// AllowDowngrade lets redirects lead from https to http.
	AllowDowngrade bool

	TLS       TLSOptions
	Proxy     ProxyOptions
	Network   NetworkOptions
	DNS       DNSOptions
	Addresses AddressRule

	// Auth is sent to its origin, with requests that have no credentials of their own.
	Auth *Auth
	// Cookies makes a jar of its own. A [Transport] has none: its http.Client may.
	Cookies bool
	// Jar is one that others may have, too.
	Jar *CookieJar
	// Policies are retries, hedging, budget, breaker, limiters and bulkhead. nil: three attempts and nothing else; of a
	// [Transport] one attempt.
	Policies *Policies
	// Pool is about the threads and queues of a [Client] or a [Transport]; a [Worker] has none.
	Pool PoolOptions
	// Mock answers instead of the network; nil for the network.
	Mock *Mock
	// Trace keeps what happened in each call, line by line, for responses and errors. It costs time and memory.
	Trace bool

	// Raw is for what has no field here: it gets the finished struct, a *hs_worker_options, before it is used, and may
	// change it. It must not keep it, and what it lets it point to must be C's memory.
	Raw func(options unsafe.Pointer)
}

// RedirectPolicy says what becomes of redirects.
type RedirectPolicy uint32

// What becomes of redirects.
const (
	RedirectDefault    RedirectPolicy = iota // they are followed; in a request: as the options say
	RedirectFollow                           // they are followed, and what is secret is dropped on the way to another origin
	RedirectReturn                           // a redirect is the response
	RedirectSameOrigin                       // followed within one origin; elsewhere ErrRedirectRefused
)

// TLSOptions say whom to trust, what to show and what to accept. The zero value trusts the system's authorities, checks
// everything, and takes TLS 1.2 or later. Files are read when the client is made.
type TLSOptions struct {
	CAFile string // a PEM file with the CA certificates to trust, in place of the system's
	CAPEM  string // the same as text
	CADir  string // a folder of such files; at most one of the three
	AddCA  bool   // these are trusted besides the system's

	CertFile, CertPEM string // the client certificate and those between it and its authority, in PEM
	KeyFile, KeyPEM   string // its key; default: with the certificate
	KeyPassword       string // never in an error

	Pins       []string // the server's key must be one of these: "sha256//" and the base64 of the hash of its SPKI
	MinVersion uint16   // tls.VersionTLS12 or the like
	MaxVersion uint16   // the same
	ServerName string   // what is sent (SNI) and verified in place of the URL's host
	CRLFile    string   // revocation lists, in PEM

	KeepCertificates bool // responses have the certificates that the server showed
	NoResumption     bool // each connection makes a full handshake
	RequireStapling  bool // the server must staple a good OCSP answer

	InsecureSkipVerify   bool // DANGEROUS: anybody on the way can pretend to be the server
	InsecureSkipHostname bool // DANGEROUS: the certificate may be for any host
}

// ProxyOptions name proxies: URLs with http, https, socks4, socks4a, socks5 or socks5h. The zero value uses none, and does
// not look into the environment.
type ProxyOptions struct {
	All, HTTP, HTTPS string // for all targets; for http and https ones
	NoProxy          string // targets that are asked directly, separated by commas
	User, Password   string // for proxies whose URL has none
	Tunnel           bool   // http targets go through a tunnel, too
	FromEnvironment  bool   // what is left open is taken from the environment when the client is made
}

// NetworkOptions say where and how connections are made.
type NetworkOptions struct {
	UnixSocket        string // the path of a Unix socket that every connection goes to
	AbstractSocket    string // the same by a name in Linux's abstract namespace
	LocalInterface    string // that connections leave through
	LocalAddress      string // that connections leave from
	ConnectTo         []ConnectTo
	IPv4Only          bool
	IPv6Only          bool
	KeepAliveIdle     time.Duration // how long a connection is silent before the first probe; NoLimit: no probes
	KeepAliveInterval time.Duration // the time between probes
	SendDelay         bool          // small pieces wait for more before they are sent (Nagle's algorithm)
}

// ConnectTo sends connections for one host and port elsewhere; what is sent and verified stays.
type ConnectTo struct {
	Host   string // empty: every host
	Port   uint16 // 0: every port
	ToHost string // empty: the same
	ToPort uint16 // 0: the same
}

// DNSOptions say how names become addresses. All clients of a process share one resolver and its cache.
type DNSOptions struct {
	CacheFor time.Duration // how old an answer may be. Default 60 seconds
	NoCache  bool
	Pins     []DNSPin // names that are not looked up
}

// DNSPin is a name whose addresses are known.
type DNSPin struct {
	Host      string
	Port      uint16 // 0: every port
	Addresses []netip.Addr
}

// AddressRule says to which addresses connections may be made: against requests that are forged through URLs, names or
// redirects of others (SSRF). It is checked with the very address of every connection. Deny beats Allow, Allow beats the
// rest. Networks are CIDRs ("10.0.0.0/8") or single addresses.
type AddressRule struct {
	PublicOnly bool // what is not named must be of the public internet
	ListedOnly bool // what is not named is refused
	Allow      []string
	Deny       []string
}

// AuthScheme is how credentials are shown.
type AuthScheme uint32

// How credentials are shown.
const (
	AuthNone   AuthScheme = iota // none, in a request not those of the options either
	AuthBasic                    // user and password (RFC 7617)
	AuthBearer                   // a token (RFC 6750)
	AuthDigest                   // user and password, proved but not told (RFC 7616)
)

// Auth is credentials. They go to one origin alone, and no error shows them.
type Auth struct {
	Scheme         AuthScheme
	User, Password string
	Token          string
	Origin         string // in Options, where they go: "https://api.example:8443"; in a request empty
}

// PoolOptions are about the threads of the library that carry out requests, and what waits for them.
type PoolOptions struct {
	MaxThreads           int           // default: as many as the machine runs at once; at most 256
	MinThreads           int           // how many are kept when there is nothing to do. Default 1
	MaxInFlight          int           // requests that are under way at most; others wait. Default 1,024; at most 1,000,000
	MaxInFlightPerOrigin int           // the same for one origin. Default 256
	MaxQueued            int           // requests that may wait. Default 10,000; beyond it ErrPoolFull
	MaxIdleConns         int           // idle connections that are kept, on all threads together
	SubmitTimeout        time.Duration // how long a request waits for room in a full queue. Default: not at all
	IdleThread           time.Duration // after how long a thread without work ends. Default 30 seconds
	// Raw is as Options.Raw for a *hs_pool_options.
	Raw func(options unsafe.Pointer)
}
