package policy

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"mailworthy/internal/ascii"
	"mailworthy/resolver"
	"mailworthy/spf"
)

// maxListed bounds the lists of an Accounting.
const maxListed = 100

// account fills in p.Addresses; ranges is how many ranges the tree has.
func (p *Policy) account(ranges int) {
	a := &p.Addresses
	v4, v6 := p.pass.count()
	a.v4, a.IPv4, a.IPv6 = v4, strconv.FormatUint(v4, 10), v6.String()
	a.Exact = p.Record.facts.passExact && !p.Cut && p.Status != StatusUnresolved
	if p.Record.Error != "" {
		a.Exact = true // nobody passes by a record in error (RFC 7208, 4.6)
		return
	}
	for i := range p.Record.Terms {
		t := &p.Record.Terms[i]
		if t.Error != "" || t.Ignored != "" || t.Kind == spf.KindExp || t.Kind == spf.KindModifier || t.Kind == spf.KindAll || t.Qualifier != "+" && t.Kind != spf.KindRedirect {
			continue
		}
		if a.ByTerm == nil {
			a.ByTerm = make([]Share, 0, len(p.Record.Terms)-i)
		}
		v4, v6 := t.match.count()
		a.ByTerm = append(a.ByTerm, Share{Term: t.Text, IPv4: strconv.FormatUint(v4, 10), IPv6: v6.String(), Exact: t.exact, v4: v4})
	}
	if ranges == 0 {
		return
	}
	places := p.places(ranges)
	for i := range places {
		x := &places[i]
		if isBroad(x.prefix) && len(a.Broad) < maxListed {
			a.Broad = append(a.Broad, x.full())
		}
		if kind := special(x.prefix); kind != "" && len(a.Special) < maxListed {
			if a.Special == nil {
				a.Special = make([]Range, 0, min(len(places)-i, maxListed))
			}
			r := x.full()
			r.Kind = kind
			a.Special = append(a.Special, r)
		}
	}
	a.Overlaps = overlaps(places)
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
			p.walkFrom(t.Record, own && t.Kind == spf.KindRedirect && registrable(t.Record.Domain) == registrable(p.Domain), visit)
		}
	}
}

// place is a range and where it stands.
type place struct {
	prefix netip.Prefix
	record *Record
	at     int // index of the term
	own    bool
}

// full is the place as a Range.
func (x *place) full() Range {
	return Range{Prefix: x.prefix, In: x.record.Domain, Term: x.record.Terms[x.at].Text, Own: x.own, at: x.at}
}

// places lists the n ranges that terms authorise, in the order of the tree.
func (p *Policy) places(n int) []place {
	out := make([]place, 0, n)
	p.walk(func(r *Record, own bool) {
		for i := range r.Terms {
			t := &r.Terms[i]
			if !t.authorises() {
				continue
			}
			for _, x := range t.Prefixes {
				out = append(out, place{x, r, i, own})
			}
		}
	})
	return out
}

func (t *Term) authorises() bool { return t.Ignored == "" && t.Qualifier == "+" }

// overlaps finds the ranges that lie inside another one. Of equal ranges the one
// that comes first in the tree is the outer one.
func overlaps(places []place) []Overlap {
	if len(places) < 2 {
		return nil
	}
	order := make([]*place, len(places))
	for i := range order {
		order[i] = &places[i]
	}
	slices.SortStableFunc(order, func(x, y *place) int {
		if c := x.prefix.Addr().Compare(y.prefix.Addr()); c != 0 {
			return c
		}
		return x.prefix.Bits() - y.prefix.Bits()
	})
	// Of prefixes, any two are apart or one inside the other: the last outermost
	// one holds all that overlap.
	var out []Overlap
	var outer *place
	for _, x := range order {
		if outer != nil && outer.prefix.Bits() <= x.prefix.Bits() && outer.prefix.Contains(x.prefix.Addr()) {
			if len(out) < maxListed {
				out = append(out, Overlap{Range: x.full(), Within: outer.full()})
			}
			continue
		}
		outer = x
	}
	slices.SortStableFunc(out, func(a, b Overlap) int {
		if a.In == b.In {
			return strings.Compare(a.Term, b.Term)
		}
		return strings.Compare(a.In+a.Term, b.In+b.Term)
	})
	return out
}

// reserved are the ranges that no mail comes from over the internet (RFC 6890).
var reserved = []struct {
	prefix netip.Prefix
	kind   string
}{
	{netip.MustParsePrefix("0.0.0.0/8"), "reserved"},
	{netip.MustParsePrefix("10.0.0.0/8"), private},
	{netip.MustParsePrefix("100.64.0.0/10"), "shared"},
	{netip.MustParsePrefix("127.0.0.0/8"), "loopback"},
	{netip.MustParsePrefix("169.254.0.0/16"), "link-local"},
	{netip.MustParsePrefix("172.16.0.0/12"), private},
	{netip.MustParsePrefix("192.0.2.0/24"), documentation},
	{netip.MustParsePrefix("192.168.0.0/16"), private},
	{netip.MustParsePrefix("198.18.0.0/15"), "benchmarking"},
	{netip.MustParsePrefix("198.51.100.0/24"), documentation},
	{netip.MustParsePrefix("203.0.113.0/24"), documentation},
	{netip.MustParsePrefix("224.0.0.0/4"), "multicast"},
	{netip.MustParsePrefix("240.0.0.0/4"), "reserved"},
	{netip.MustParsePrefix("::/127"), "loopback"},
	{netip.MustParsePrefix("::ffff:0:0/96"), "mapped IPv4"},
	{netip.MustParsePrefix("100::/64"), "discard-only"},
	{netip.MustParsePrefix("2001:db8::/32"), documentation},
	{netip.MustParsePrefix("fc00::/7"), private},
	{netip.MustParsePrefix("fe80::/10"), "link-local"},
	{netip.MustParsePrefix("ff00::/8"), "multicast"},
}

// documentation is the kind of the ranges of RFC 5737 and RFC 3849, private that of RFC
// 1918 and RFC 4193, whose hosts send by another address.
const (
	documentation = "documentation"
	private       = "private"
)

// special says which reserved range holds a prefix, or "".
func special(p netip.Prefix) string {
	for i := range reserved {
		if r := &reserved[i]; r.prefix.Bits() <= p.Bits() && r.prefix.Contains(p.Addr()) {
			return r.kind
		}
	}
	return ""
}

// routable reports whether mail may come from an address over the internet; one for examples
// stands for such a one.
func routable(a netip.Addr) bool {
	kind := special(netip.PrefixFrom(a, a.BitLen()))
	return kind == "" || kind == documentation
}

// Targets are the names that includes and redirects lead to, at any depth, each
// once.
func (p *Policy) Targets() []string {
	if p.answers == nil {
		return nil
	}
	return p.answers.targets(asRecord)
}

// NamesNobody reports whether the record that was published, or that was meant by a text
// with mistakes in it, lets no address pass: each of its terms ends in fail or softfail,
// as in "v=spf1 ~all", which a domain that sends by its own name would not say.
func (p *Policy) NamesNobody() bool {
	nobody, _ := p.outcomes()
	return nobody
}

// MeansNothingSent is SendsNothing of what was probably meant: of "v=spf1 - all", which
// is no valid record, and of "v=spf1 -mx -all".
func (p *Policy) MeansNothingSent() bool {
	_, fail := p.outcomes()
	return fail
}

// NamesNoSender is NamesNobody, also of a record that leaves all others open: of "v=spf1" and of
// "v=spf1 ?all", by which no address passes either.
func (p *Policy) NamesNoSender() bool {
	if p.Status != StatusFound && p.Status != StatusMultiple {
		return false
	}
	text := p.meant()
	terms, l := spf.Parse(text)
	return text != "" && l.ErrorAt < 0 && !slices.ContainsFunc(terms, func(t spf.Term) bool {
		return t.Kind == spf.KindRedirect || t.Kind == spf.KindModifier && reported(&t) == "" && !ownsDomain(t.Text) ||
			t.Kind.Directive() && t.Sign != '-' && t.Sign != '~' && !(t.Kind == spf.KindAll && t.Sign == '?')
	})
}

// outcomes says of the record that was meant whether no address passes, and whether each
// fails. A repair that leaves something open is no record that anybody meant.
func (p *Policy) outcomes() (nobody, fail bool) {
	terms, l := spf.Parse(p.meant())
	if l.ErrorAt >= 0 {
		return false, false
	}
	fail = true
	for i := range terms {
		switch t := &terms[i]; {
		case t.Kind == spf.KindRedirect:
			return false, false
		case t.Kind == spf.KindModifier && reported(t) == "" && !ownsDomain(t.Text):
			return false, false // "include=esp.example", which names a sender
		case !t.Kind.Directive():
		case t.Sign != '-' && t.Sign != '~':
			return false, false
		default:
			nobody = nobody || t.Kind == spf.KindAll
			fail = fail && t.Sign == '-'
		}
	}
	return nobody, nobody && fail
}

// meant is the record of the domain, with what was probably meant in place of mistakes;
// empty if there is none or if that is not certain.
func (p *Policy) meant() string {
	var r *repaired
	switch {
	case p.Status == StatusFound && p.Record != nil && p.Record.Error == "":
		return p.Record.Text
	case p.Status == StatusFound && p.Record != nil:
		of := repair(p.Record.Text)
		r = &of
	case p.Status == StatusMultiple && p.answers != nil:
		if texts := p.answers.get(p.Domain, resolver.TypeTXT).spfTexts(); len(texts) <= maxMerged {
			if merged, _, _ := Merge(texts); !strings.Contains(merged, "<") {
				return merged
			}
		}
		return ""
	case p.Status == StatusNone && p.answers != nil:
		if _, r = p.answers.get(p.Domain, resolver.TypeTXT).near(); r == nil {
			return p.strayed()
		}
	}
	if r == nil || !r.complete() {
		return ""
	}
	return r.text
}

// strayed is the record of a domain without one that stands as type SPF, or as a TXT record at the
// domain's doubled name; empty if there is none, or if there are several.
func (p *Policy) strayed() string {
	text := p.answers.get(p.Domain, resolver.TypeTXT).ofType99()
	for _, name := range doubles(p.Domain) {
		o := p.answers.get(name, resolver.TypeTXT)
		if o.cut || o.answer == nil || len(o.answer.CNAMEs) > 0 || o.record().count == 0 {
			continue
		}
		if is, open := (&checker{p: p}).ofWildcard(name); is || open {
			continue
		}
		if o.record().count > 1 || text != "" && text != o.record().text {
			return ""
		}
		text = o.record().text
	}
	return text
}

// IsAbsent reports whether there is no SPF record, nor a text that was meant to be one.
func (p *Policy) IsAbsent() bool {
	if !p.Status.absent() {
		return false
	}
	if p.answers == nil {
		return true
	}
	_, near := p.answers.get(p.Domain, resolver.TypeTXT).near()
	return near == nil
}

// Contradicted reports whether another text at the domain was meant to be an SPF record
// and names senders: the record in force need not say what the domain is for.
func (p *Policy) Contradicted() bool {
	_, more := p.besideRecord()
	return len(more) > 0
}

// besideRecord finds a text that was meant to be an SPF record beside the one in
// force, or holds terms of one, and what it authorises beyond that.
func (p *Policy) besideRecord() (text string, more []string) {
	if p.Status != StatusFound || p.Record == nil {
		return "", nil
	}
	for i := range p.Record.Published {
		s := p.Record.Published[i].Text()
		if p.Record.Published[i].SPF {
			continue
		}
		if looksLikeRecord(s) {
			text, more = s, p.lacks(s)
		} else if list := termsBeside(s); list != "" && p.Record.Error == "" && slices.ContainsFunc(p.Record.Terms, func(t Term) bool { return ends(*t.parsed) }) {
			if lacks := p.lacks(spf.Version + " " + list); len(lacks) > 0 {
				text, more = s, lacks
			}
		}
		if len(more) > 0 {
			break
		}
	}
	return text, more
}

// lacks are the terms by which a text, as it was meant, lets others pass than the record does.
func (p *Policy) lacks(text string) (more []string) {
	meant := repair(text)
	for _, part := range meant.parts {
		t := spf.ParseTerm(part.text)
		switch {
		case !part.unread && (!t.Kind.Directive() || t.Kind == spf.KindAll), strings.HasPrefix(part.text, "<-all or"):
			continue
		case !part.unread && t.Prefix.IsValid() && len(setOf(t.Prefix).minus(p.pass)) == 0:
			continue
		case !part.unread && t.Kind == spf.KindInclude && slices.Contains(p.Targets(), ascii.ToLower(t.Spec)):
			continue
		}
		if !slices.ContainsFunc(p.Record.Terms, func(have Term) bool {
			return ascii.EqualFold(strings.TrimPrefix(have.Text, "+"), strings.TrimPrefix(part.text, "+"))
		}) {
			more = append(more, part.text)
		}
	}
	return more
}

// termsBeside are the terms of a text that is nothing else but terms which name hosts, perhaps behind
// the word SPF: the owner may have added them as a record of their own. Empty: it is another text.
func termsBeside(text string) string {
	if first, rest, ok := strings.Cut(strings.TrimSpace(text), " "); ok && ascii.EqualFold(strings.Trim(first, ":="), "spf") {
		text = rest
	}
	if !termsAlone(text) {
		return ""
	}
	terms, _ := spf.Parse(spf.Version + " " + text)
	if !slices.ContainsFunc(terms, func(t spf.Term) bool { return t.Prefix.IsValid() || strings.Contains(t.Spec, ".") }) {
		return ""
	}
	return text
}

// SendsNothing reports whether the record is "v=spf1 -all": the domain sends no
// mail.
func (p *Policy) SendsNothing() bool {
	return p.Status == StatusFound && p.Record != nil && len(p.Record.Terms) == 1 && ascii.EqualFold(p.Record.Terms[0].Text, "-all")
}
