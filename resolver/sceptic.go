package resolver

import (
	"context"
	"strings"
	"sync"
)

// Sceptic is a resolver in front of another one whose denials it believes only if the other
// sees the public DNS. One that says NXDOMAIN to everything, one that has nothing but addresses
// and one that lets a few names through do not: they deny a top-level domain that the root has,
// or the hosts that serve it by their own account. Before the first denial in such a domain is
// passed on these are asked about; from then on nothing is answered but by loaded zones, with
// an *Error of reason NotPublic. An audit doubts by itself, and sooner.
type Sceptic struct {
	next Resolver

	mu sync.Mutex
	// seen are the top-level domains that were asked about; blind: one was denied.
	seen  map[string]bool
	blind bool
}

// NewSceptic puts a Sceptic in front of a resolver.
func NewSceptic(next Resolver) *Sceptic {
	return &Sceptic{next: next, seen: make(map[string]bool)}
}

// Lookup implements Resolver.
func (s *Sceptic) Lookup(ctx context.Context, name string, t Type) (*Answer, error) {
	a, err := s.next.Lookup(ctx, name, t)
	if err != nil || a.OfZone() {
		return a, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.blind && a.Absent() {
		s.doubt(ctx, Witness(lastOf(a)))
	}
	if !s.blind {
		return a, nil
	}
	return nil, &Error{Name: a.Name, Type: t, Reason: NotPublic, Server: a.Server, Rcode: a.Rcode, Detail: "the resolver does not see the public DNS"}
}

// doubt asks about a top-level domain, once. What is not answered shows nothing, and is asked
// again. The lock is held: who was denied something meanwhile waits.
func (s *Sceptic) doubt(ctx context.Context, tld string) {
	if tld == "" || s.seen[tld] {
		return
	}
	servers, err := s.next.Lookup(ctx, tld, TypeNS)
	switch {
	case err != nil:
		return
	case servers.OfZone():
	case servers.Absent():
		s.blind = true
		return
	default:
		denied := 0
		for _, r := range servers.Records[:min(len(servers.Records), 2)] {
			a, err := s.next.Lookup(ctx, r.Host, TypeA)
			if err != nil || a.OfZone() || !a.Absent() {
				break
			}
			denied++
		}
		if s.blind = denied > 0 && denied == min(len(servers.Records), 2); s.blind {
			return
		}
	}
	s.seen[tld] = true
}

// OfZone reports that a loaded zone has answered.
func (a *Answer) OfZone() bool { return strings.HasPrefix(a.Server, "zone ") }

func (s *Sceptic) below(domain string, types []Type) []Record { return Below(s.next, domain, types...) }
