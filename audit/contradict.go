package audit

import (
	"context"
	"fmt"
	"net/netip"
	"slices"

	"mailworthy/resolver"
)

// contradicted returns what answers as the session did, but for answers that are false by
// what else the network said: denials of names that are there by the answer for another type, as
// NXDOMAIN says that nothing is there (RFC 8020), and a cache may hold what was so before; those
// of a type that was denied so and answered otherwise for no name; addresses that are given to
// names that cannot exist. It is nil if there are none.
func (a *run) contradicted(ctx context.Context) *contradict {
	c := &contradict{next: a.session, invented: a.inventedAddrs()}
	if a.deny(ctx, c); c.names == nil && c.invented == nil {
		return nil
	}
	return c
}

// inventedAddrs are the addresses that the resolver gave to a name that cannot exist.
func (a *run) inventedAddrs() (addrs []netip.Addr) {
	if a.result.RBL == nil || !a.result.RBL.Resolver.Rewrites {
		return nil
	}
	for i := range a.result.RBL.Resolver.Evidence {
		for _, text := range a.result.RBL.Resolver.Evidence[i].Answer {
			if addr, err := netip.ParseAddr(text); err == nil {
				addrs = append(addrs, addr)
			}
		}
	}
	return addrs
}

// deny adds to c the names and types that are denied and yet there.
func (a *run) deny(ctx context.Context, c *contradict) {
	var denied []string
	a.session.Answers(func(answer *resolver.Answer) {
		if answer.Status == resolver.NXDomain && !answer.OfZone() {
			denied = append(denied, answer.LastName())
		}
	})
	if denied == nil {
		return
	}
	shown := func(name string) {
		if slices.Contains(denied, name) && !slices.Contains(c.names, name) {
			c.names = append(c.names, name)
		}
	}
	var answered []resolver.Type
	empty := make(map[resolver.Type][]string)
	a.session.Answers(func(answer *resolver.Answer) {
		if answer.OfZone() {
			return
		}
		if answer.Status != resolver.NXDomain && !slices.Contains(answered, answer.Type) {
			answered = append(answered, answer.Type)
		}
		switch name := answer.LastName(); {
		case answer.Status == resolver.Found:
			shown(name)
		case answer.Status == resolver.NoData && slices.Contains(denied, name):
			empty[answer.Type] = append(empty[answer.Type], name)
		}
		// A name with an alias is there, whatever is at the end of it.
		if n := len(answer.CNAMEs); n > 0 {
			shown(answer.Name)
			for _, alias := range answer.CNAMEs[:n-1] {
				shown(alias)
			}
		}
	})
	for _, t := range [...]resolver.Type{resolver.TypeA, resolver.TypeAAAA} {
		if names := empty[t]; names != nil && a.tells(ctx, t) {
			for _, name := range names {
				shown(name)
			}
		}
	}
	if c.names == nil {
		return
	}
	a.session.Answers(func(answer *resolver.Answer) {
		if c.denies(answer) && !slices.Contains(answered, answer.Type) {
			c.types = append(c.types, answer.Type)
		}
	})
}

// tells reports whether that a name has no addresses of a type shows that it is there: not
// of a resolver that says so of every name, as those do that keep IPv6 from their clients.
func (a *run) tells(ctx context.Context, t resolver.Type) bool {
	absent, err := resolver.NewSession(a.resolver, 0).Lookup(ctx, resolver.NeverThere, t)
	return err == nil && absent.Status == resolver.NXDomain
}

// contradict answers as the next does, but for denials of names that are there, or of all
// names for some types, and for addresses that are given to any name.
type contradict struct {
	next     resolver.Resolver
	names    []string
	types    []resolver.Type
	invented []netip.Addr
}

// denies reports whether an answer of the network denies something that is not to be denied.
func (c *contradict) denies(a *resolver.Answer) bool {
	return a.Status == resolver.NXDomain && !a.OfZone() && (slices.Contains(c.names, a.LastName()) || slices.Contains(c.types, a.Type))
}

// invents reports whether an answer of the network is nothing but invented addresses. Names
// that cannot exist are apart: of them it is the evidence.
func (c *contradict) invents(a *resolver.Answer) bool {
	return len(a.Records) > 0 && !a.OfZone() && resolver.TopLevel(a.Name) != "invalid" &&
		!slices.ContainsFunc(a.Records, func(r resolver.Record) bool { return !slices.Contains(c.invented, r.Addr) })
}

// Lookup implements resolver.Resolver.
func (c *contradict) Lookup(ctx context.Context, name string, t resolver.Type) (*resolver.Answer, error) {
	a, err := c.next.Lookup(ctx, name, t)
	if err != nil {
		return nil, err
	}
	why := ""
	switch {
	case c.invents(a):
		why = "the address that the resolver gives to names that cannot exist"
	case !c.denies(a):
		return a, nil
	case slices.Contains(c.names, a.LastName()):
		why = "NXDOMAIN, and yet the name is there by the answer for another type"
	default:
		why = fmt.Sprintf("NXDOMAIN, as for every name that was asked for %s, also for one that has records of another type", t)
	}
	return nil, &resolver.Error{Name: a.Name, Type: t, Reason: resolver.Malformed, Server: a.Server, Rcode: a.Rcode, Detail: why}
}
