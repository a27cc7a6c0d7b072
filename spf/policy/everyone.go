package policy

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/spf"
)

// world is the part of the addresses of one family that hosts on the internet
// have, with some of them.
type world struct {
	name    string
	all     addresses
	samples []netip.Addr
}

// worlds are all unicast addresses of IPv4 and all that are given out of IPv6
// (RFC 4291, 2.4).
var worlds = []world{
	{"IPv4", addresses{{netip.MustParseAddr("0.0.0.0"), netip.MustParseAddr("223.255.255.255")}},
		[]netip.Addr{netip.MustParseAddr("192.0.2.123"), netip.MustParseAddr("198.51.100.67"), netip.MustParseAddr("203.0.113.45")}},
	{"IPv6", setOf(netip.MustParsePrefix("2000::/3")),
		[]netip.Addr{netip.MustParseAddr("2001:db8:1234::1"), netip.MustParseAddr("2001:db8:abcd:ef01::2")}},
}

// missing is how much of the world is not in a set, as a share of 65536: 0 is
// nothing, and what is left over is rounded up.
func (w *world) missing(s addresses) uint64 {
	var v4 uint64
	var v6 amount
	w.all.without(s, func(x span) { x.count(&v4, &v6) })
	switch {
	case v4 > 0:
		all, _ := w.all.count()
		return v4<<16/all + 1
	case v6 != (amount{}):
		// The world has 2^125 addresses, and so a share of 65536 2^109.
		return v6.high>>(109-64) + 1
	}
	return 0
}

// nearly: a set that lacks at most 1/16 of the addresses counts as everyone.
const nearly = 1 << 12

// everyone judges policies that let all of IPv4 or all of IPv6 pass, by other
// terms than the all that ends them.
func (k *checker) everyone() {
	if k.Has("spf-all-pass") || k.p.Record.Error != "" || k.published.Record.Error != "" || k.published.Status != StatusFound {
		return
	}
	var open, causes []string
	var at *Record
	var one netip.Addr
	var openers []*Term
	for i := range worlds {
		w := &worlds[i]
		missing := w.missing(k.p.pass)
		if missing > nearly || !k.passes(w) {
			continue
		}
		what := "every " + w.name + " address"
		if missing > 0 {
			what = "nearly " + what
		}
		open = append(open, what)
		r, terms := w.openers(k, k.p.Record)
		if cause := w.cause(k, r, terms, 0); !slices.Contains(causes, cause) {
			causes = append(causes, cause)
		}
		if at == nil {
			at, one = r, w.samples[0]
		}
		for _, t := range terms {
			if r == at && !slices.Contains(openers, t) {
				openers = append(openers, t)
			}
		}
	}
	if len(open) == 0 {
		return
	}
	who := open[0]
	switch {
	case len(open) == 2 && open[0] == "every IPv4 address" && open[1] == "every IPv6 address":
		who = "every address"
	case len(open) == 2:
		who += " and " + open[1]
	}
	p := k.proposal(at)
	for _, t := range openers {
		p.replace(t, true, sendersOf(t))
	}
	p.allAsk = '~'
	if p.all != 0 {
		p.allAsk = p.all
	} else if _, l := spf.Parse(at.Text); l.All >= 0 && at.facts.terms[l.All].Sign == '-' {
		p.allAsk = '-'
	}
	k.add("spf-all-pass", at, finding.Finding{
		Detail:   fmt.Sprintf("%s authorises %s in the world, %s: they may send in its name and pass SPF.", k.p.Domain, who, strings.Join(causes, "; ")) + k.unlessInError(at, one),
		Evidence: k.treeEvidence(),
		Fix:      p.share(true, "Name your senders in place of what authorises everyone, and publish the record."),
	})
}

// passesWorld reports whether the policy lets all of IPv4 or all of IPv6 pass, or nearly.
func (p *Policy) passesWorld() bool {
	return slices.ContainsFunc(worlds, func(w world) bool {
		return w.missing(p.pass) <= nearly && p.try("", "", w.samples[0]).Result == spf.Pass
	})
}

// passes reports whether clients from the world really pass: what is authorised
// behind an error is not. A record that stands for itself can only be counted, and
// behind an include that depends on the client it is counted too.
func (k *checker) passes(w *world) bool {
	return k.p.Domain == anyDomain || slices.ContainsFunc(w.samples, func(a netip.Addr) bool {
		r := k.p.try("", "", a).Result
		return r == spf.Pass || r == spf.TempError && !k.unknownRecords && !k.unknownNames
	})
}

// openers are the terms of a record that open it to the world: one that does so
// alone, else all that authorise a part. If that is the redirect to a further
// record of the domain's own, they are those of that record.
func (w *world) openers(k *checker, r *Record) (*Record, []*Term) {
	var some []*Term
	for i := range r.Terms {
		t := &r.Terms[i]
		if t.Error != "" || t.Ignored != "" || t.Qualifier != "+" && t.Kind != spf.KindRedirect || len(t.match.overlap(w.all)) == 0 {
			continue
		}
		if w.missing(t.match) <= nearly {
			if n := k.full()[t.Target]; t.Kind == spf.KindRedirect && n != nil && n != r && slices.Contains(k.own, n) {
				return w.openers(k, n)
			}
			return r, []*Term{t}
		}
		some = append(some, t)
	}
	return r, some
}

// cause names the terms, and what lies behind an include.
func (w *world) cause(k *checker, r *Record, terms []*Term, depth int) string {
	var names []string
	for _, t := range terms {
		names = append(names, t.Text)
	}
	out := "by " + enumerate(names, 8)
	if len(terms) != 1 {
		return out + " together"
	}
	t := terms[0]
	if t.Kind == spf.KindExists {
		return out + ", which holds for every client, because its name is the same for all and has an address"
	}
	if n := k.full()[t.Target]; n != nil && n != r && t.Record != nil && depth < spf.MaxHosts {
		if in, inner := w.openers(k, n); len(inner) > 0 {
			return out + ", there " + w.cause(k, in, inner, depth+1)
		}
	}
	return out
}
