package policy

import (
	"net/netip"
	"slices"

	"mailworthy/finding"
	"mailworthy/resolver"
	"mailworthy/spf"
)

// literal is what an ip4 or ip6 matches. Those of a record are made together.
type literal struct {
	prefix [1]netip.Prefix
	span   [1]span
}

// literal takes in l what an ip4 or ip6 matches.
func (t *Term) literal(l *literal) {
	l.prefix[0], l.span[0] = t.parsed.Prefix.Masked(), spanOf(t.parsed.Prefix)
	t.Prefixes, t.match = l.prefix[:], l.span[:]
}

// addressTerm builds an "a".
func (b *builder) addressTerm(t *Term) {
	t.Evidence = make([]finding.Evidence, 0, 2)
	v4 := b.ask(t, t.Target, resolver.TypeA)
	s4 := t.Status
	v6 := b.ask(t, t.Target, resolver.TypeAAAA)
	t.Status = both(s4, t.Status, t)
	t.addAddresses(v4, v6)
	t.match = setOf(t.Prefixes...)
}

// both puts the outcomes for the two families together.
func both(s4, s6 Status, t *Term) Status {
	t.exact = !s4.unknown() && !s6.unknown()
	switch {
	case s4.unknown():
		return s4
	case s6.unknown():
		return s6
	case s4.absent() && s6.absent():
		t.Void = true
		if s4 == StatusNXDomain && s6 == StatusNXDomain {
			return StatusNXDomain
		}
		return StatusNone
	case s4.absent():
		t.VoidFor = "ipv4"
	case s6.absent():
		t.VoidFor = "ipv6"
	case s4 == StatusInvalid:
		return StatusInvalid
	}
	return StatusFound
}

// addAddresses adds what the addresses of "a" or "mx" match, with their lengths.
func (t *Term) addAddresses(v4, v6 []resolver.Record) {
	t.Prefixes = slices.Grow(t.Prefixes, len(v4)+len(v6))
	for i := range v4 {
		t.Prefixes = append(t.Prefixes, t.parsed.Around(v4[i].Addr))
	}
	for i := range v6 {
		t.Prefixes = append(t.Prefixes, t.parsed.Around(v6[i].Addr))
	}
}

// mxTerm builds an "mx".
func (b *builder) mxTerm(t *Term) {
	hosts := min(len(b.get(t.Target, resolver.TypeMX).records()), 2*spf.MaxHosts)
	t.Evidence = make([]finding.Evidence, 0, 1+2*hosts)
	mx := b.ask(t, t.Target, resolver.TypeMX)
	if hosts > 0 {
		t.Hosts = make([]Host, 0, hosts)
	}
	t.Void = t.Status.absent()
	t.exact = !t.Status.unknown()
	for i, r := range mx {
		name := spf.TargetName(r.Host)
		if len(mx) == 1 && (name == "" || r.Host == ".") {
			t.NullMX = true
			continue
		}
		if i >= 2*spf.MaxHosts {
			break
		}
		h := Host{Name: name, Status: StatusInvalid}
		if spf.Askable(name) {
			var scratch Term
			s4 := b.get(name, resolver.TypeA)
			s6 := b.get(name, resolver.TypeAAAA)
			h.Status = both(s4.status(), s6.status(), &scratch)
			t.exact = t.exact && scratch.exact
			v4, v6 := s4.records(), s6.records()
			h.Addresses = make([]netip.Addr, 0, len(v4)+len(v6))
			for _, list := range [...][]resolver.Record{v4, v6} {
				for i := range list {
					h.Addresses = append(h.Addresses, list[i].Addr)
				}
			}
			t.addAddresses(v4, v6)
			t.Evidence = append(t.Evidence, b.evidence(name, resolver.TypeA), b.evidence(name, resolver.TypeAAAA))
		}
		t.Hosts = append(t.Hosts, h)
	}
	t.match = setOf(t.Prefixes...)
	if len(mx) > spf.MaxHosts {
		t.match, t.exact = nil, false
	}
}

// maxRuns bounds the changes of sign that authorised follows.
const maxRuns = 200

// authorised adds up what the terms of a record authorise: of each address the
// first term that matches counts (RFC 7208, 4.6.2). It is exact if every term is
// and nothing is in error.
func authorised(terms []Term, exact bool) (addresses, bool) {
	var pass, decided addresses
	var room [16]addresses
	run := room[:0]
	sign := spf.Qualifier('+')
	runs := 0
	var redirect *Term
	flush := func(last bool) {
		if len(run) == 0 {
			return
		}
		if runs++; runs > maxRuns {
			exact = false
		}
		if last && sign != '+' {
			return
		}
		set := union(run...)
		run = run[:0]
		switch {
		case sign == '+' && runs > maxRuns:
			pass = union(pass, set)
		case sign == '+':
			pass = union(pass, set.minus(decided))
		}
		if !last && runs <= maxRuns {
			decided = union(decided, set)
		}
	}
	for i := range terms {
		t := &terms[i]
		if t.Error != "" || t.Ignored != "" {
			continue
		}
		if t.Kind == spf.KindRedirect {
			redirect = t
			continue
		}
		if !t.Kind.Directive() {
			continue
		}
		exact = exact && t.exact
		if t.parsed.Sign != sign {
			flush(false)
			sign = t.parsed.Sign
		}
		run = append(run, t.match)
	}
	flush(redirect == nil)
	if redirect != nil {
		pass = union(pass, redirect.match.minus(decided))
		exact = exact && redirect.exact
	}
	return pass, exact
}
