package sentinel

import "strconv"

// Status is what an operation of the library came to. Those that are not OK are errors, made to be compared with
// errors.Is; a failed operation gives an [*Error], which says more.
type Status int32

// Every status that the library has. A number never changes its meaning.
const (
	// Success.
	OK Status = 0
	// The handle was freed, retired or forged, or belongs to an object of another kind.
	ErrInvalidHandle Status = -1
	// The worker is alive but belongs to another thread; nothing was done.
	ErrWrongThread Status = -2
	// The worker is inside a call already: a callback of that call tried to use it.
	ErrBusy Status = -3
	// The handle was made before fork() and is used in the child.
	ErrForked Status = -4
	// A required pointer was NULL.
	ErrNullArgument Status = -5
	// struct_size is zero, too small, or a larger struct has non-zero bytes that this library does not know.
	ErrStructSize Status = -6
	// A flag, number or length is out of its range, or options contradict each other.
	ErrInvalidArgument Status = -7
	// There is no item at that index.
	ErrNotFound Status = -8
	// The thread is exiting and has closed its workers already.
	ErrThreadExiting Status = -9
	// More objects are open than handles can name (about one million for each thread).
	ErrTooManyHandles Status = -10
	// The URL is malformed, empty, or has a NUL or control byte.
	ErrInvalidURL Status = -30
	// The URL's scheme is not http or https.
	ErrUnsupportedScheme Status = -31
	// The method is not a token (RFC 9110, section 5.6.2), or cannot be sent by a client library (CONNECT).
	ErrInvalidMethod Status = -32
	// A header name is not a token, a value has a control byte, or the field contradicts the request's framing.
	ErrInvalidHeader Status = -33
	// The body cannot go with this method.
	ErrInvalidBody Status = -34
	// The CA certificates could not be read, or hold no certificate.
	ErrCAStore Status = -35
	// The client certificate or its key could not be read or do not fit each other, or the key's password is wrong.
	ErrClientCertificate Status = -36
	// A cookie, or a line of a text with cookies, is malformed, or not its origin's to set.
	ErrInvalidCookie Status = -37
	// User, password or token cannot be sent in the scheme that was chosen.
	ErrInvalidCredentials Status = -38
	// The host name could not be resolved.
	ErrDNS Status = -100
	// No connection could be made: refused, unreachable, or reset while connecting.
	ErrConnect Status = -110
	// No connection (DNS, TCP and TLS together) within the connect timeout.
	ErrConnectTimeout Status = -111
	// This end's address cannot be used: the interface is not there, or the local ports are taken.
	ErrLocalAddress Status = -112
	// The proxy broke the connection or the protocol before the request was sent.
	ErrProxy Status = -120
	// The proxy could not be resolved or connected to, or its certificate was refused.
	ErrProxyConnect Status = -121
	// The proxy wants credentials, or other ones (status 407, or the same in SOCKS); the server has not seen the
	// request.
	ErrProxyAuth Status = -122
	// The proxy answered CONNECT with a status that is not 2xx or 407; the message has it.
	ErrProxyRefused Status = -123
	// The SOCKS proxy refused, or did not speak SOCKS.
	ErrProxyHandshake Status = -124
	// The TLS handshake failed.
	ErrTLSHandshake Status = -130
	// The server's certificate was refused for a reason that has no status of its own.
	ErrTLSCertificate Status = -131
	// A certificate of the server's has expired.
	ErrTLSExpired Status = -132
	// A certificate of the server's is not valid yet; perhaps this machine's clock is wrong.
	ErrTLSNotYetValid Status = -133
	// The server's certificate is for another host.
	ErrTLSHostname Status = -134
	// The server's certificate comes from no authority that is trusted, or the server left out one in between.
	ErrTLSUntrusted Status = -135
	// The server's certificate is signed by itself.
	ErrTLSSelfSigned Status = -136
	// A certificate of the server's was revoked.
	ErrTLSRevoked Status = -137
	// The server speaks no version of TLS that is allowed.
	ErrTLSVersion Status = -138
	// The server's key is none of the pinned ones.
	ErrTLSPin Status = -139
	// The server demands a client certificate, or refused the one that it got.
	ErrTLSClientCertificateRequired Status = -140
	// A key or signature of the server's is too weak.
	ErrTLSWeakKey Status = -141
	// The request could not be sent completely.
	ErrSend Status = -150
	// The connection closed before a complete response head arrived.
	ErrConnectionClosed Status = -160
	// The connection failed while receiving.
	ErrReceive Status = -161
	// The connection closed before the announced end of the body.
	ErrBodyTruncated Status = -170
	// A callback of the caller's asked to stop.
	ErrCallback Status = -171
	// The body would have to be sent again, for a redirect or on another connection, and cannot be rewound.
	ErrNotReplayable Status = -172
	// A file could not be read or written.
	ErrFile Status = -173
	// A download cannot go on where it stopped: the server has another version of the file, or sent another part.
	ErrResume Status = -174
	// The hs_pipe that the body comes from was aborted, or freed before it was closed.
	ErrPipeAborted Status = -175
	// Nothing more can be written: the hs_pipe was closed, or the request that it was for has ended.
	ErrPipeClosed Status = -176
	// The body's coding is broken.
	ErrDecode Status = -180
	// The body is larger than the limit for this call.
	ErrBodyTooLarge Status = -190
	// The response head is larger, or has more fields, than the limit for this call.
	ErrHeadersTooLarge Status = -191
	// A redirect leads where it must not be followed: from https to http, to another origin where only the same is
	// allowed, or to something that is not http.
	ErrRedirectRefused Status = -200
	// More redirects than the limit for this call.
	ErrTooManyRedirects Status = -201
	// The address rule of the worker forbids every address that the host has, or the one in the URL.
	ErrAddressRefused Status = -202
	// No rule of the mock is for the request; the message names the one that comes nearest.
	ErrMock Status = -210
	// A recording cannot be read, or is broken; the message names the line.
	ErrMockFile Status = -211
	// The server broke the rules of HTTP.
	ErrProtocol Status = -230
	// HTTP/2 framing or stream error.
	ErrHTTP2 Status = -231
	// The connection speaks an older version of HTTP than min_http_version asks for.
	ErrHTTPVersion Status = -232
	// The call was cancelled by its hs_cancel.
	ErrCancelled Status = -250
	// The whole call took longer than timeout_ms; the error names the phase.
	ErrTimeout Status = -260
	// One attempt did not get a complete response head within attempt_timeout_ms.
	ErrAttemptTimeout Status = -261
	// The body made no progress for idle_timeout_ms.
	ErrIdleTimeout Status = -262
	// Nothing came within the timeout_ms of this read. The stream goes on: read again.
	ErrReadTimeout Status = -263
	// Not all of it went into the hs_pipe within the timeout_ms of this write; what did is not lost.
	ErrWriteTimeout Status = -264
	// The circuit breaker is open: the request was not sent. The error says when the next one may try.
	ErrBreakerOpen Status = -270
	// The rate limiter would let it through too late for the deadline, or has too many waiting already; it was not
	// sent.
	ErrRateLimited Status = -271
	// It costs more than the rate limiter ever lets through at once.
	ErrRateNeverFits Status = -272
	// The bulkhead has too many waiting already; it was not sent.
	ErrBulkheadFull Status = -273
	// The pool has as many requests as it takes; this one was not accepted. The message says what it has.
	ErrPoolFull Status = -280
	// The pool was drained and accepts nothing any more.
	ErrPoolClosed Status = -281
	// The pool has no thread, and none could be started.
	ErrThread Status = -282
	// There is nothing now, and it would have to be waited for.
	ErrWouldBlock Status = -283
	// A fault inside the library; please report it.
	ErrInternal Status = -300
	// A panic was caught at the ABI; the call did nothing more. Please report it.
	ErrPanic Status = -301
	// Memory could not be allocated.
	ErrOutOfMemory Status = -302
	// The libcurl underneath is too old or was built without what the library needs.
	ErrLibcurl Status = -303
)

// String is the name of a status as C has it, for instance "HS_ERR_TIMEOUT".
func (s Status) String() string {
	if name, known := statusNames[s]; known {
		return name
	}
	return "HS_STATUS(" + strconv.Itoa(int(s)) + ")"
}

// Error is the name of a status, which makes it an error.
func (s Status) Error() string { return s.String() }

var statusNames = map[Status]string{
	OK:                              "HS_OK",
	ErrInvalidHandle:                "HS_ERR_INVALID_HANDLE",
	ErrWrongThread:                  "HS_ERR_WRONG_THREAD",
	ErrBusy:                         "HS_ERR_BUSY",
	ErrForked:                       "HS_ERR_FORKED",
	ErrNullArgument:                 "HS_ERR_NULL_ARGUMENT",
	ErrStructSize:                   "HS_ERR_STRUCT_SIZE",
	ErrInvalidArgument:              "HS_ERR_INVALID_ARGUMENT",
	ErrNotFound:                     "HS_ERR_NOT_FOUND",
	ErrThreadExiting:                "HS_ERR_THREAD_EXITING",
	ErrTooManyHandles:               "HS_ERR_TOO_MANY_HANDLES",
	ErrInvalidURL:                   "HS_ERR_INVALID_URL",
	ErrUnsupportedScheme:            "HS_ERR_UNSUPPORTED_SCHEME",
	ErrInvalidMethod:                "HS_ERR_INVALID_METHOD",
	ErrInvalidHeader:                "HS_ERR_INVALID_HEADER",
	ErrInvalidBody:                  "HS_ERR_INVALID_BODY",
	ErrCAStore:                      "HS_ERR_CA_STORE",
	ErrClientCertificate:            "HS_ERR_CLIENT_CERTIFICATE",
	ErrInvalidCookie:                "HS_ERR_INVALID_COOKIE",
	ErrInvalidCredentials:           "HS_ERR_INVALID_CREDENTIALS",
	ErrDNS:                          "HS_ERR_DNS",
	ErrConnect:                      "HS_ERR_CONNECT",
	ErrConnectTimeout:               "HS_ERR_CONNECT_TIMEOUT",
	ErrLocalAddress:                 "HS_ERR_LOCAL_ADDRESS",
	ErrProxy:                        "HS_ERR_PROXY",
	ErrProxyConnect:                 "HS_ERR_PROXY_CONNECT",
	ErrProxyAuth:                    "HS_ERR_PROXY_AUTH",
	ErrProxyRefused:                 "HS_ERR_PROXY_REFUSED",
	ErrProxyHandshake:               "HS_ERR_PROXY_HANDSHAKE",
	ErrTLSHandshake:                 "HS_ERR_TLS_HANDSHAKE",
	ErrTLSCertificate:               "HS_ERR_TLS_CERTIFICATE",
	ErrTLSExpired:                   "HS_ERR_TLS_EXPIRED",
	ErrTLSNotYetValid:               "HS_ERR_TLS_NOT_YET_VALID",
	ErrTLSHostname:                  "HS_ERR_TLS_HOSTNAME",
	ErrTLSUntrusted:                 "HS_ERR_TLS_UNTRUSTED",
	ErrTLSSelfSigned:                "HS_ERR_TLS_SELF_SIGNED",
	ErrTLSRevoked:                   "HS_ERR_TLS_REVOKED",
	ErrTLSVersion:                   "HS_ERR_TLS_VERSION",
	ErrTLSPin:                       "HS_ERR_TLS_PIN",
	ErrTLSClientCertificateRequired: "HS_ERR_TLS_CLIENT_CERTIFICATE_REQUIRED",
	ErrTLSWeakKey:                   "HS_ERR_TLS_WEAK_KEY",
	ErrSend:                         "HS_ERR_SEND",
	ErrConnectionClosed:             "HS_ERR_CONNECTION_CLOSED",
	ErrReceive:                      "HS_ERR_RECEIVE",
	ErrBodyTruncated:                "HS_ERR_BODY_TRUNCATED",
	ErrCallback:                     "HS_ERR_CALLBACK",
	ErrNotReplayable:                "HS_ERR_NOT_REPLAYABLE",
	ErrFile:                         "HS_ERR_FILE",
	ErrResume:                       "HS_ERR_RESUME",
	ErrPipeAborted:                  "HS_ERR_PIPE_ABORTED",
	ErrPipeClosed:                   "HS_ERR_PIPE_CLOSED",
	ErrDecode:                       "HS_ERR_DECODE",
	ErrBodyTooLarge:                 "HS_ERR_BODY_TOO_LARGE",
	ErrHeadersTooLarge:              "HS_ERR_HEADERS_TOO_LARGE",
	ErrRedirectRefused:              "HS_ERR_REDIRECT_REFUSED",
	ErrTooManyRedirects:             "HS_ERR_TOO_MANY_REDIRECTS",
	ErrAddressRefused:               "HS_ERR_ADDRESS_REFUSED",
	ErrMock:                         "HS_ERR_MOCK",
	ErrMockFile:                     "HS_ERR_MOCK_FILE",
	ErrProtocol:                     "HS_ERR_PROTOCOL",
	ErrHTTP2:                        "HS_ERR_HTTP2",
	ErrHTTPVersion:                  "HS_ERR_HTTP_VERSION",
	ErrCancelled:                    "HS_ERR_CANCELLED",
	ErrTimeout:                      "HS_ERR_TIMEOUT",
	ErrAttemptTimeout:               "HS_ERR_ATTEMPT_TIMEOUT",
	ErrIdleTimeout:                  "HS_ERR_IDLE_TIMEOUT",
	ErrReadTimeout:                  "HS_ERR_READ_TIMEOUT",
	ErrWriteTimeout:                 "HS_ERR_WRITE_TIMEOUT",
	ErrBreakerOpen:                  "HS_ERR_BREAKER_OPEN",
	ErrRateLimited:                  "HS_ERR_RATE_LIMITED",
	ErrRateNeverFits:                "HS_ERR_RATE_NEVER_FITS",
	ErrBulkheadFull:                 "HS_ERR_BULKHEAD_FULL",
	ErrPoolFull:                     "HS_ERR_POOL_FULL",
	ErrPoolClosed:                   "HS_ERR_POOL_CLOSED",
	ErrThread:                       "HS_ERR_THREAD",
	ErrWouldBlock:                   "HS_ERR_WOULD_BLOCK",
	ErrInternal:                     "HS_ERR_INTERNAL",
	ErrPanic:                        "HS_ERR_PANIC",
	ErrOutOfMemory:                  "HS_ERR_OUT_OF_MEMORY",
	ErrLibcurl:                      "HS_ERR_LIBCURL",
}
