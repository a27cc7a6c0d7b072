package resolver

import (
	"net/netip"
	"sync"
)

// Authorities asks authoritative servers by their addresses, each by a client of its own.
// Several goroutines may use it.
type Authorities struct {
	config Config

	mu      sync.Mutex
	clients map[netip.Addr]*Client
}

// NewAuthorities asks as the configuration says, but for its Servers. Whoever makes one
// closes it.
func NewAuthorities(c Config) *Authorities {
	return &Authorities{config: c, clients: make(map[netip.Addr]*Client)}
}

// At returns what asks the server at that address, at port 53.
func (a *Authorities) At(server netip.Addr) Resolver {
	a.mu.Lock()
	defer a.mu.Unlock()
	if c := a.clients[server]; c != nil {
		return c
	}
	one := a.config
	one.Servers = []string{netip.AddrPortFrom(server, 53).String()}
	c, err := New(one)
	if err != nil {
		// An address is always a server: this is a mistake of the program.
		panic("mailworthy: " + err.Error())
	}
	a.clients[server] = c
	return c
}

// Close ends the clients. Nobody may ask from then on.
func (a *Authorities) Close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, c := range a.clients {
		c.Close()
	}
}
