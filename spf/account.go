package spf

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// maxListed bounds the lists of an Accounting.
const maxListed = 100

// account fills in p.Addresses.
func (p *Policy) account() {
	a := &p.Addresses
	v4, v6 := p.pass.count()
	a.v4, a.v6 = v4, v6.upTo64()
	a.IPv4, a.IPv6 = strconv.FormatUint(v4, 10), v6.String()
	a.Exact = p.Record.facts.passExact && !p.Cut && p.Status != StatusUnresolved
	for i := range p.Record.Terms {
		t := &p.Record.Terms[i]
		if t.Error != "" || t.Ignored != "" || t.Kind == KindExp || t.Kind == KindModifier || t.Kind == KindAll || t.Qualifier != "+" && t.Kind != KindRedirect {
			continue
		}
		v4, v6 := t.match.count()
		if a.ByTerm == nil {
			a.ByTerm = make([]Share, 0, len(p.Record.Terms)-i)
		}
		a.ByTerm = append(a.ByTerm, Share{Term: t.Text, IPv4: strconv.FormatUint(v4, 10), IPv6: v6.String(), Exact: t.exact, v4: v4})
	}
	ranges := p.ranges()
	for _, r := range ranges {
		if isBroad(r.Prefix) && len(a.Broad) < maxListed {
			a.Broad = append(a.Broad, r)
		}
		if r.Kind = special(r.Prefix); r.Kind != "" && len(a.Special) < maxListed {
			a.Special = append(a.Special, r)
		}
	}
	a.Overlaps = overlaps(ranges)
}

// isBroad: IPv4 wider than /16, IPv6 wider than /32.
func isBroad(p netip.Prefix) bool {
	if p.Addr().Is4() {
		return p.Bits() < 16
	}
	return p.Bits() < 32
}

// walk visits every record of the tree that shows its terms, the root first. own
// says that the domain's own administration writes the record: the root, and what
// it redirects to below the same registrable domain.
func (p *Policy) walk(visit func(r *Record, own bool)) { p.walkFrom(p.Record, true, visit) }

func (p *Policy) walkFrom(r *Record, own bool, visit func(r *Record, own bool)) {
	if r == nil {
		return
	}
	visit(r, own)
	for i := range r.Terms {
		if t := &r.Terms[i]; t.Record != nil {
			p.walkFrom(t.Record, own && t.Kind == KindRedirect && registrable(t.Record.Domain) == registrable(p.Domain), visit)
		}
	}
}

// ranges lists every range that a term authorises, in the order of the tree.
func (p *Policy) ranges() []Range {
	n := 0
	p.walk(func(r *Record, _ bool) {
		for i := range r.Terms {
			if t := &r.Terms[i]; t.authorises() {
				n += len(t.Prefixes)
			}
		}
	})
	out := make([]Range, 0, n)
	p.walk(func(r *Record, own bool) {
		for i := range r.Terms {
			t := &r.Terms[i]
			if !t.authorises() {
				continue
			}
			for _, x := range t.Prefixes {
				out = append(out, Range{Prefix: x, In: r.Domain, Term: t.Text, Own: own, at: i})
			}
		}
	})
	return out
}

func (t *Term) authorises() bool { return t.Ignored == "" && t.Qualifier == "+" }

// overlaps finds the ranges that lie inside another one. Of equal ranges the one
// that comes first in the tree is the outer one.
func overlaps(ranges []Range) []Overlap {
	if len(ranges) < 2 {
		return nil
	}
	order := make([]int, len(ranges))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		x, y := ranges[a].Prefix, ranges[b].Prefix
		if c := x.Addr().Compare(y.Addr()); c != 0 {
			return c
		}
		return x.Bits() - y.Bits()
	})
	// Of prefixes, any two are apart or one inside the other: the last outermost
	// one holds all that overlap.
	var out []Overlap
	outer := -1
	for _, i := range order {
		if outer >= 0 && ranges[outer].Prefix.Bits() <= ranges[i].Prefix.Bits() && ranges[outer].Prefix.Contains(ranges[i].Prefix.Addr()) {
			if len(out) < maxListed {
				out = append(out, Overlap{Range: ranges[i], Within: ranges[outer]})
			}
			continue
		}
		outer = i
	}
	slices.SortStableFunc(out, func(a, b Overlap) int { return strings.Compare(a.In+a.Term, b.In+b.Term) })
	return out
}

// reserved are the ranges that no mail comes from over the internet (RFC 6890).
var reserved = []struct {
	prefix netip.Prefix
	kind   string
}{
	{netip.MustParsePrefix("0.0.0.0/8"), "reserved"},
	{netip.MustParsePrefix("10.0.0.0/8"), "private"},
	{netip.MustParsePrefix("100.64.0.0/10"), "shared"},
	{netip.MustParsePrefix("127.0.0.0/8"), "loopback"},
	{netip.MustParsePrefix("169.254.0.0/16"), "link-local"},
	{netip.MustParsePrefix("172.16.0.0/12"), "private"},
	{netip.MustParsePrefix("192.0.2.0/24"), documentation},
	{netip.MustParsePrefix("192.168.0.0/16"), "private"},
	{netip.MustParsePrefix("198.18.0.0/15"), "benchmarking"},
	{netip.MustParsePrefix("198.51.100.0/24"), documentation},
	{netip.MustParsePrefix("203.0.113.0/24"), documentation},
	{netip.MustParsePrefix("224.0.0.0/4"), "multicast"},
	{netip.MustParsePrefix("240.0.0.0/4"), "reserved"},
	{netip.MustParsePrefix("::/127"), "loopback"},
	{netip.MustParsePrefix("::ffff:0:0/96"), "mapped IPv4"},
	{netip.MustParsePrefix("100::/64"), "discard-only"},
	{netip.MustParsePrefix("2001:db8::/32"), documentation},
	{netip.MustParsePrefix("fc00::/7"), "private"},
	{netip.MustParsePrefix("fe80::/10"), "link-local"},
	{netip.MustParsePrefix("ff00::/8"), "multicast"},
}

// documentation is the kind of the ranges of RFC 5737 and RFC 3849.
const documentation = "documentation"

// special says which reserved range holds a prefix, or "".
func special(p netip.Prefix) string {
	for i := range reserved {
		if r := &reserved[i]; r.prefix.Bits() <= p.Bits() && r.prefix.Contains(p.Addr()) {
			return r.kind
		}
	}
	return ""
}

// SendingAddresses are the single addresses that the domain's own record
// authorises directly: hosts of ip4, ip6, a and mx, and ranges of up to eight
// addresses. What a provider's record holds is not the domain's.
func (p *Policy) SendingAddresses() []Source {
	var out []Source
	seen := make(map[netip.Addr]bool)
	add := func(t *Term) {
		if t.Error != "" || t.Ignored != "" || t.Qualifier != "+" {
			return
		}
		for _, x := range t.Prefixes {
			if x.Addr().BitLen()-x.Bits() > 3 {
				continue
			}
			for a := x.Addr(); x.Contains(a); a = a.Next() {
				if !seen[a] {
					seen[a] = true
					out = append(out, Source{Addr: a, From: t.Text})
				}
			}
		}
	}
	p.walk(func(r *Record, own bool) {
		if !own {
			return
		}
		for i := range r.Terms {
			add(&r.Terms[i])
		}
		if r.Status != StatusMultiple {
			return
		}
		// Nobody evaluates two records, but both say whence mail comes.
		for i := range r.Published {
			if !r.Published[i].SPF {
				continue
			}
			terms, _ := parse(r.Published[i].Text(), nil)
			for _, parsed := range terms {
				if parsed.wrong == "" && parsed.prefix.IsValid() {
					add(&Term{Text: parsed.text, Qualifier: string(rune(parsed.sign)), Prefixes: []netip.Prefix{parsed.prefix.Masked()}})
				}
			}
		}
	})
	return out
}

// Targets are the names that includes and redirects lead to, at any depth, each
// once.
func (p *Policy) Targets() []string {
	var out []string
	add := func(name string) {
		if name != "" && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	p.walk(func(r *Record, _ bool) {
		for i := range r.Terms {
			if t := &r.Terms[i]; t.Kind == KindInclude || t.Kind == KindRedirect {
				add(t.Target)
			}
		}
		if r.Status != StatusMultiple {
			return
		}
		for i := range r.Published {
			if r.Published[i].SPF {
				terms, _ := parse(r.Published[i].Text(), nil)
				for _, parsed := range terms {
					if parsed.wrong == "" && (parsed.kind == KindInclude || parsed.kind == KindRedirect) {
						if name, _, ok := parsed.target(r.Domain, p.Domain); ok {
							add(name)
						}
					}
				}
			}
		}
	})
	return out
}

// SendsNothing reports whether the record is "v=spf1 -all": the domain sends no
// mail.
func (p *Policy) SendsNothing() bool {
	return p.Status == StatusFound && p.Record != nil && len(p.Record.Terms) == 1 && foldEqual(p.Record.Terms[0].Text, "-all")
}
