package mailhost

import (
	"context"
	"fmt"
	"net/netip"
	"slices"

	"mailworthy/finding"
	"mailworthy/resolver"
)

// reverseName is where the PTR records of an address are (RFC 1035, 3.5; RFC
// 3596, 2.5).
func reverseName(addr netip.Addr) string {
	if addr.Is4() {
		o := addr.As4()
		return fmt.Sprintf("%d.%d.%d.%d.in-addr.arpa", o[3], o[2], o[1], o[0])
	}
	const hexDigits = "0123456789abcdef"
	o := addr.As16()
	b := make([]byte, 0, 72)
	for i := len(o) - 1; i >= 0; i-- {
		b = append(b, hexDigits[o[i]&15], '.', hexDigits[o[i]>>4], '.')
	}
	return string(append(b, "ip6.arpa"...))
}

// forwardType is the type of the records that lead from a name to the address.
func forwardType(addr netip.Addr) resolver.Type {
	if addr.Is4() {
		return resolver.TypeA
	}
	return resolver.TypeAAAA
}

// ExamineAddresses asks for the PTR names of each address and where they lead:
// two rounds.
// Addresses that are not public are not asked about.
func ExamineAddresses(ctx context.Context, r resolver.Resolver, addrs []netip.Addr) []Address {
	out := make([]Address, len(addrs))
	ptrs := make([]*outcome, len(addrs))
	first := newQuestions(ctx, r)
	for i, a := range addrs {
		out[i].Addr = a.Unmap()
		if out[i].NotPublic = notPublic(out[i].Addr); out[i].NotPublic != "" {
			continue
		}
		ptrs[i] = first.ask(reverseName(out[i].Addr), resolver.TypePTR)
	}
	first.wait()
	second := newQuestions(ctx, r)
	type forward struct {
		name string
		t    resolver.Type
	}
	asked := make(map[forward]*outcome)
	for i := range out {
		a := &out[i]
		if a.NotPublic != "" {
			a.PTR, a.Names = Absent, []ReverseName{}
			continue
		}
		a.PTR, a.Evidence = ptrs[i].presence(), []finding.Evidence{ptrs[i].evidence()}
		a.Names = []ReverseName{}
		if a.PTR != Present {
			continue
		}
		for j := range ptrs[i].answer.Records {
			name := ptrs[i].answer.Records[j].Host
			switch {
			case slices.ContainsFunc(a.Names, func(n ReverseName) bool { return n.Name == name }):
			case len(a.Names) == maxPTRNames:
				a.NamesLeftOut++
			default:
				a.Names = append(a.Names, ReverseName{Name: name, Generic: generic(name, a.Addr)})
				if f := (forward{name, forwardType(a.Addr)}); asked[f] == nil {
					asked[f] = second.ask(f.name, f.t)
				}
			}
		}
	}
	second.wait()
	for i := range out {
		for j := range out[i].Names {
			n := &out[i].Names[j]
			o := asked[forward{n.Name, forwardType(out[i].Addr)}]
			n.Resolved, n.Evidence = o.addrs(), []finding.Evidence{o.evidence()}
			switch {
			case slices.Contains(n.Resolved, out[i].Addr):
				n.Confirmed = Present
			case o.presence() == Unknown:
				n.Confirmed = Unknown
			default:
				n.Confirmed = Absent
			}
		}
	}
	return out
}
