package alpaca

import "sync"

// ThreadSafeAlpacaClient is a client of an [AlpacaClientPool], with a name. It shares the account's limiter with all clients of
// the pool, and their connections, too, unless the pool was made with [Bound]. Like every [Client] it may be used by any
// number of goroutines, bound ones by their own alone.
type ThreadSafeAlpacaClient struct {
	*Client
}

// AlpacaClientPool is an account and its clients. It may be used by any number of goroutines.
type AlpacaClientPool struct {
	account *account
	shared  doer // nil where each client is bound to its goroutine

	mutex   sync.Mutex
	clients map[string]*ThreadSafeAlpacaClient // by name
	closed  bool
}

// NewAlpacaClientPool makes a pool without clients. It is to be closed.
func NewAlpacaClientPool(key, secret string, environment Environment, options ...Option) (*AlpacaClientPool, error) {
	a, err := newAccount(key, secret, environment, options)
	if err != nil {
		return nil, err
	}
	p := &AlpacaClientPool{account: a, clients: map[string]*ThreadSafeAlpacaClient{}}
	if !a.bound {
		if p.shared, err = a.newDoer(); err != nil {
			a.close()
			return nil, err
		}
	}
	return p, nil
}

// CreateClient makes a client, "worker_1". Of each name there is one at a time.
func (p *AlpacaClientPool) CreateClient(name string) (*ThreadSafeAlpacaClient, error) {
	const op = "create client"
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.closed {
		return nil, refuse(op, "the pool is closed")
	}
	if name == "" || p.clients[name] != nil {
		return nil, refuse(op, "a client needs a name that no other has: "+name)
	}
	http := p.shared
	if http == nil {
		own, err := p.account.newDoer()
		if err != nil {
			return nil, err
		}
		http = own
	}
	c := &ThreadSafeAlpacaClient{&Client{account: p.account, http: http, name: name}}
	p.clients[name] = c
	return c, nil
}

// DestroyClient takes a client back: a bound one on the goroutine that made it.
func (p *AlpacaClientPool) DestroyClient(c *ThreadSafeAlpacaClient) error {
	const op = "destroy client"
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if c == nil || p.clients[c.name] != c {
		return refuse(op, "it is not this pool's, or not any more")
	}
	if p.shared == nil {
		if err := c.http.Close(); err != nil {
			return libraryError(op, err)
		}
	}
	delete(p.clients, c.name)
	return nil
}

// Close ends the pool. What its clients have under way ends; bound ones end with their goroutines.
func (p *AlpacaClientPool) Close() error {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.closed {
		return refuse("close", "the pool is closed already")
	}
	p.closed = true
	if p.shared != nil {
		if err := p.shared.Close(); err != nil {
			return libraryError("close", err)
		}
	}
	return p.account.close()
}
