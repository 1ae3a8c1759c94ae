// Package sentinel is HTTP Sentinel for Go: an HTTP client with timeouts, retries, circuit breakers, rate limiters and
// hedging, whose behaviour is the same in every language, since it is that of one library underneath.
//
// There are three ways to it.
//
//   - [Transport] is an http.RoundTripper: it goes into any http.Client, and into whatever takes one.
//   - [Client] has methods of its own, takes policies, and gives whole responses. Like a Transport it may be used by any
//     number of goroutines.
//   - [Worker] is bound to the goroutine that made it, and the fastest where one request follows the other.
//
// Every failure is an [*Error], which says in what phase it happened and, above all, whether the request was sent: no, maybe
// or yes. What must not happen twice is not to be repeated after a maybe before the server was asked.
//
// [RetryEngine], [CircuitBreaker], [RateLimiter], [Budget] and [Bulkhead] are for work of any kind; in [Policies] the same
// objects serve requests.
//
// # Building
//
// The package needs cgo and the library. Without a build tag that is the one in target/release of the repository; with
// hs_system it is an installed one, found by pkg-config; with hs_static it becomes part of the program. Go 1.22 or later.
//
// # Goroutines and threads
//
// A Client or a Transport has one goroutine, and one thread of Go's, that takes all completions, besides the library's own
// threads (PoolOptions). Waiting for a response takes none. A request body that is not at hand is written by a goroutine of
// its own. What waits in C keeps its thread meanwhile: the methods of a Worker, RetryEngine.Execute, and Acquire of
// RateLimiter and Bulkhead.
//
// # Lifetimes
//
// Whatever has a Close is closed by it, or when nobody has it any more. Clients keep the policies' objects that they were
// given for as long as they need them.
package sentinel
