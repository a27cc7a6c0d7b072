package mailhost

import (
	"context"
	"net/netip"
	"slices"

	"mailworthy/finding"
	"mailworthy/resolver"
)

// forwardType is the type of the records that lead from a name to the address.
func forwardType(addr netip.Addr) resolver.Type {
	if addr.Is4() {
		return resolver.TypeA
	}
	return resolver.TypeAAAA
}

// ExamineAddresses is BeginAddresses for a caller that waits.
func ExamineAddresses(ctx context.Context, r resolver.Resolver, addrs []netip.Addr) []Address {
	var out []Address
	b := alone(ctx, r)
	BeginAddresses(b, addrs, func(all []Address) { out = all })
	b.Run()
	return out
}

// BeginAddresses asks for the PTR names of each address and where they lead: two
// rounds.
// Addresses that are not public are not asked about.
func BeginAddresses(b *resolver.Batch, addrs []netip.Addr, done func([]Address)) {
	out := make([]Address, len(addrs))
	b.Part(func(b *resolver.Batch) {
		for i, addr := range addrs {
			a := &out[i]
			a.Addr, a.Names = addr.Unmap(), []ReverseName{}
			if a.NotPublic = notPublic(a.Addr); a.NotPublic != "" {
				a.PTR = Absent
				continue
			}
			b.Ask(resolver.ReverseName(a.Addr), resolver.TypePTR, func(answer *resolver.Answer, err error) {
				a.reverse(b, &outcome{answer, err})
			})
		}
	}, func() { done(out) })
}

// reverse reads the PTR records and asks where their names lead.
func (a *Address) reverse(b *resolver.Batch, ptr *outcome) {
	a.PTR, a.Evidence = ptr.presence(), []finding.Evidence{ptr.evidence()}
	if a.PTR != Present {
		return
	}
	records := ptr.answer.Records
	a.Names = make([]ReverseName, 0, min(len(records), maxPTRNames))
	for i := range records {
		name := records[i].Host
		switch {
		case slices.ContainsFunc(a.Names, func(n ReverseName) bool { return n.Name == name }):
		case len(a.Names) == maxPTRNames:
			a.NamesLeftOut++
		default:
			a.Names = append(a.Names, ReverseName{Name: name, Generic: generic(name, a.Addr)})
			n := &a.Names[len(a.Names)-1]
			b.Ask(name, forwardType(a.Addr), func(answer *resolver.Answer, err error) {
				n.forward(a.Addr, &outcome{answer, err})
			})
		}
	}
}

// forward reads where the name leads.
func (n *ReverseName) forward(addr netip.Addr, o *outcome) {
	n.Resolved, n.Evidence = o.addTo(make([]netip.Addr, 0, o.found())), []finding.Evidence{o.evidence()}
	switch {
	case slices.Contains(n.Resolved, addr):
		n.Confirmed = Present
	case o.presence() == Unknown:
		n.Confirmed = Unknown
	default:
		n.Confirmed = Absent
	}
}
