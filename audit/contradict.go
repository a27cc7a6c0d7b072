package audit

import (
	"context"
	"fmt"
	"net/netip"
	"slices"

	"mailworthy/resolver"
)

// contradicted returns what answers as the session did, but for answers that are false by
// what else the network said: denials of names that have records of another type, as
// NXDOMAIN says that nothing is there (RFC 8020); those of a type that was denied so and
// answered otherwise for no name; addresses that are given to names that cannot exist. It is
// nil if there are none.
func (a *run) contradicted() *contradict {
	c := &contradict{next: a.session, invented: a.inventedAddrs()}
	if a.deny(c); c.names == nil && c.invented == nil {
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
func (a *run) deny(c *contradict) {
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
	a.session.Answers(func(answer *resolver.Answer) {
		if answer.OfZone() {
			return
		}
		if answer.Status != resolver.NXDomain && !slices.Contains(answered, answer.Type) {
			answered = append(answered, answer.Type)
		}
		if answer.Status == resolver.Found {
			shown(answer.LastName())
		}
		// A name with an alias is there, whatever is at the end of it.
		if n := len(answer.CNAMEs); n > 0 {
			shown(answer.Name)
			for _, alias := range answer.CNAMEs[:n-1] {
				shown(alias)
			}
		}
	})
	if c.names == nil {
		return
	}
	a.session.Answers(func(answer *resolver.Answer) {
		if c.denies(answer) && !slices.Contains(answered, answer.Type) {
			c.types = append(c.types, answer.Type)
		}
	})
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
		why = "NXDOMAIN, and yet the name has records of another type"
	default:
		why = fmt.Sprintf("NXDOMAIN, as for every name that was asked for %s, also for one that has records of another type", t)
	}
	return nil, &resolver.Error{Name: a.Name, Type: t, Reason: resolver.Malformed, Server: a.Server, Rcode: a.Rcode, Detail: why}
}
