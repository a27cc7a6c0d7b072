package main

import (
	"errors"
	"net/netip"
	"sync"

	"mailworthy/resolver"
)

// authorities asks authoritative servers, each by its own client.
type authorities struct {
	flags *dnsFlags

	mu      sync.Mutex
	clients map[netip.Addr]*resolver.Client
}

// authorities checks that authoritative servers may be asked at all.
func (f *dnsFlags) authorities() (*authorities, error) {
	if f.offline {
		return nil, errors.New("--offline and --authoritative exclude each other")
	}
	return &authorities{flags: f, clients: make(map[netip.Addr]*resolver.Client)}, nil
}

// At returns what asks the server at that address.
func (a *authorities) At(server netip.Addr) resolver.Resolver {
	a.mu.Lock()
	defer a.mu.Unlock()
	if c := a.clients[server]; c != nil {
		return c
	}
	c, err := resolver.New(resolver.Config{Servers: []string{netip.AddrPortFrom(server, 53).String()},
		Timeout: a.flags.timeout, Retries: a.flags.tries()})
	if err != nil {
		// An address is always a server: this is a mistake of the program.
		panic("mailworthy: " + err.Error())
	}
	a.clients[server] = c
	return c
}

// Close ends the clients.
func (a *authorities) Close() {
	for _, c := range a.clients {
		c.Close()
	}
}
