package sentinel

// #include "shim.h"
import "C"

import "runtime"

// PoolStats is what the threads of a client do now and have done so far.
type PoolStats struct {
	Queued, InFlight, Unreaped   uint64 // requests that wait, are under way, have ended and were not taken yet
	Threads                      uint64 // that run now
	Accepted, Refused            uint64 // requests that were; those that were refused had nothing wrong with them
	Completed, Reaped            uint64 // completions that there were, and that were taken
	MostInFlight                 uint64
	ThreadsStarted               uint64 // after the first ones
	ThreadsFailed                uint64
	Connections, IdleConnections uint64 // that are open now
}

// Stats is what the client's threads do now and have done so far.
func (c *Client) Stats() (PoolStats, error) {
	defer runtime.KeepAlive(c)
	return c.p.stats()
}

// Stats is what the transport's threads do now and have done so far.
func (t *Transport) Stats() (PoolStats, error) {
	t.once.Do(func() { t.start(Options{}) })
	if t.err != nil {
		return PoolStats{}, t.err
	}
	defer runtime.KeepAlive(t)
	p, err := t.core.open()
	if err != nil {
		return PoolStats{}, err
	}
	return p.stats()
}

func (p *pool) stats() (PoolStats, error) {
	a := newArena()
	defer a.free()
	c := sized[C.hs_pool_counters](a)
	status := C.hs_pool_stats(p.c, c)
	return PoolStats{
		Queued: uint64(c.queued), InFlight: uint64(c.in_flight), Unreaped: uint64(c.unreaped), Threads: uint64(c.threads),
		Accepted: uint64(c.accepted), Refused: uint64(c.refused), Completed: uint64(c.completed), Reaped: uint64(c.reaped),
		MostInFlight: uint64(c.most_in_flight), ThreadsStarted: uint64(c.threads_started),
		ThreadsFailed: uint64(c.threads_failed), Connections: uint64(c.connections),
		IdleConnections: uint64(c.idle_connections),
	}, check(status, "hs_pool_stats")
}
