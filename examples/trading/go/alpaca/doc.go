// Package alpaca is a trading client for Alpaca's Trading API v2 and Market Data API v2 over HTTP Sentinel. It is an example:
// its rules, which are the same in every language, are in examples/trading/README.md.
//
// What changes something is sent once. Each order has a client_order_id, and where its answer was lost the broker is asked by
// it, so that an operation ends in one of four ways:
//
//   - the answer, which an [Order] with Reconciled got by asking;
//   - a refusal ([ErrRejected], [ErrDuplicate], [ErrRateLimited], …): nothing was done;
//   - [ErrNotPlaced]: the broker does not have the order. Who submits again does so with the same ClientOrderID;
//   - [ErrUnknown]: it may have been done. Ask later, and do not submit anew.
//
// A context that ends does not undo an order: where it may have been sent the error is ErrUnknown with the order's
// ClientOrderID, where it was not, RequestSent is no.
//
// # Goroutines
//
// A [Client] may be used by any number of goroutines at once: it is over the library's pool. A client of an
// [AlpacaClientPool] that was made with [Bound] has a worker of its own instead, and belongs to the goroutine that made it.
package alpaca
