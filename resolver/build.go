package resolver

import "sync"

// Options say what a Stack is made of.
type Options struct {
	Config
	// Zones answer before the network does.
	Zones []*ZoneSet
	// Offline: the network is never touched.
	Offline bool
	Cache   CacheOptions
}

// Stack is the resolver of a whole run, which its audits share: the zones first,
// then the cache, then the servers. What a server with DNS64 makes up is left out. Zones stand before the cache, so that nothing
// kept from the network can hide them.
type Stack struct {
	Resolver
	// Cache and Client are nil offline.
	Cache  *Cache
	Client *Client

	// unchecked asks the same servers not to validate, once that is wanted.
	unchecked func() (*Client, error)
	begun     *Client
}

// Build puts a stack together. An audit asks through a Session of its own:
// NewSession(stack, max).
func Build(o Options) (*Stack, error) {
	s := new(Stack)
	var next Resolver
	if !o.Offline {
		var err error
		if s.Client, err = New(o.Config); err != nil {
			return nil, err
		}
		s.unchecked = sync.OnceValues(func() (c *Client, err error) {
			c, err = New(Config{Servers: o.Servers, Timeout: o.Timeout, Retries: o.Retries, CheckingDisabled: true})
			s.begun = c
			return c, err
		})
		s.Cache = NewCache(s.Client, o.Cache)
		next = withoutDNS64(s.Cache)
	}
	s.Resolver = next
	if o.Offline || len(o.Zones) > 0 {
		s.Resolver = NewOverlay(next, o.Zones...)
	}
	return s, nil
}

// Holds reports whether a zone of the files has the authority over the name: it is at
// or below the origin of one, and not delegated away. The name is as records show
// it.
func (s *Stack) Holds(name string) bool {
	o, ok := s.Resolver.(*overlay)
	return ok && o.holds(fromPresentation(name), TypeTXT)
}

// Unchecked returns a resolver that asks the same servers not to validate (RFC 4035, 3.2.2)
// and keeps no answer; nil offline. It ends with the stack.
func (s *Stack) Unchecked() (Resolver, error) {
	if s.unchecked == nil {
		return nil, nil
	}
	c, err := s.unchecked()
	if err != nil {
		return nil, err
	}
	return c, nil
}

// start implements starter.
func (s *Stack) start(q question, to taker) stopper {
	return starterOf(s.Resolver).start(q, to)
}

func (s *Stack) flush() { starterOf(s.Resolver).flush() }

// Close ends the connections of the servers.
func (s *Stack) Close() {
	if s.Client != nil {
		s.Client.Close()
	}
	if s.begun != nil {
		s.begun.Close()
	}
}
