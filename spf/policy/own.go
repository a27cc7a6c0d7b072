package policy

import (
	"net/netip"
	"slices"
	"strings"

	"mailworthy/resolver"
	"mailworthy/spf"
)

// Own is what the domain's own record says of who sends: that record and what it
// redirects to below the same registrable domain. Includes are not followed.
type Own struct {
	// Status is that of the record.
	Status Status
	// Addresses are the single ones that it authorises directly: hosts of ip4,
	// ip6, a and mx, and ranges of up to eight addresses. What a provider's record
	// holds is not the domain's.
	Addresses []Source
	// Targets are the names that its includes and redirects lead to, each once.
	Targets []string
	// Open: the DNS did not say which hosts or addresses stand behind an a or mx of it.
	Open bool
}

// Source is an address that the domain's own record authorises directly.
type Source struct {
	Addr netip.Addr `json:"addr"`
	// From is the term that names it.
	From string `json:"from"`
}

// own puts together what is known of the domain's own record.
func (k *answers) own() *Own {
	out := &Own{Status: k.get(k.root, resolver.TypeTXT).recordStatus(), Targets: k.targets(asOwn)}
	seen := make(map[netip.Addr]bool)
	add := func(t *spf.Term, x netip.Prefix) {
		each(x, func(a netip.Addr) {
			if !seen[a] {
				seen[a] = true
				if out.Addresses == nil {
					out.Addresses = make([]Source, 0, 8)
				}
				out.Addresses = append(out.Addresses, Source{Addr: a, From: t.Text})
			}
		})
	}
	hosts := func(t *spf.Term, name string) {
		for _, typ := range [...]resolver.Type{resolver.TypeA, resolver.TypeAAAA} {
			o := k.get(name, typ)
			out.Open = out.Open || o.status() == StatusUnresolved
			for _, r := range o.records() {
				add(t, t.Around(r.Addr))
			}
		}
	}
	k.walk(asOwn, func(domain string, o *outcome, own bool) {
		if !own {
			return
		}
		misread := o.record().misread()
		for t := range o.terms() {
			if t.Sign != '+' || misread(t) {
				continue
			}
			switch t.Kind {
			case spf.KindIP4, spf.KindIP6:
				add(t, t.Prefix.Masked())
			case spf.KindA, spf.KindMX:
				name, _, ok := t.Target(domain, k.root)
				switch {
				case !ok || o.record().count != 1:
				case t.Kind == spf.KindA:
					hosts(t, name)
				default:
					mx := k.get(name, resolver.TypeMX)
					out.Open = out.Open || mx.status() == StatusUnresolved
					for host := range exchangers(mx) {
						hosts(t, host)
					}
				}
			}
		}
	})
	return out
}

// misread tells of a record in error which of its terms were meant to be others: those that
// the repair changes, and those that a piece without a mechanism behind them was probably a
// part of ("a mail.acme.example", "ip4:192.0.2.1 0"). What they name as they stand is nobody's
// sender.
func (f *recordFacts) misread() func(*spf.Term) bool {
	if f.layout.ErrorAt < 0 {
		return func(*spf.Term) bool { return false }
	}
	var kept []string
	if meant := f.repaired(); meant != nil && meant.text != "" {
		kept = strings.Fields(meant.text)
	}
	torn := make(map[*spf.Term]bool)
	for i := range f.terms[:max(len(f.terms)-1, 0)] {
		t, piece := &f.terms[i], f.terms[i+1]
		if piece.Error == "" || piece.Text == "" || strings.ContainsAny(piece.Text, ":=") {
			continue
		}
		switch t.Kind {
		case spf.KindIP4, spf.KindIP6:
			torn[t] = strings.IndexByte("0123456789.:/", piece.Text[0]) >= 0
		case spf.KindA, spf.KindMX:
			torn[t] = !strings.ContainsAny(t.Text, ":/") && strings.Contains(piece.Text, ".")
		}
	}
	return func(t *spf.Term) bool { return torn[t] || kept != nil && !slices.Contains(kept, t.Text) }
}

// each visits the single addresses of a range, and reports whether it has such: up to eight.
func each(x netip.Prefix, visit func(netip.Addr)) bool {
	if x.Addr().BitLen()-x.Bits() > 3 {
		return false
	}
	for a := x.Masked().Addr(); x.Contains(a); a = a.Next() {
		visit(a)
	}
	return true
}

// targets are the names that includes and redirects lead to in the records of a
// purpose, each once.
func (k *answers) targets(p purpose) []string {
	var out []string
	k.walk(p, func(domain string, o *outcome, _ bool) {
		for t := range o.terms() {
			if t.Kind != spf.KindInclude && t.Kind != spf.KindRedirect {
				continue
			}
			if name, _, ok := t.Target(domain, k.root); ok && name != "" && !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	})
	return out
}

// walk visits every record of the tree that was asked for with the purpose, once,
// the root first. own says that the domain's own administration writes the record:
// the root, and what it redirects to below the same registrable domain.
func (k *answers) walk(p purpose, visit func(domain string, o *outcome, own bool)) {
	var shown []string
	var down func(domain string, own bool)
	down = func(domain string, own bool) {
		o := k.get(domain, resolver.TypeTXT)
		if o.purpose&p == 0 || slices.Contains(shown, domain) {
			return
		}
		shown = append(shown, domain)
		visit(domain, o, own)
		if o.record().count != 1 {
			return
		}
		for t := range o.terms() {
			if t.Kind != spf.KindInclude && t.Kind != spf.KindRedirect {
				continue
			}
			if name, _, ok := t.Target(domain, k.root); ok && spf.Checkable(name) {
				down(name, own && t.Kind == spf.KindRedirect && registrable(name) == registrable(k.root))
			}
		}
	}
	down(k.root, true)
}

// Singles returns the single addresses that the record of a target below the domain's own
// registrable domain authorises, with what it includes there, as Own does for the
// domain's record. It is whole if that is all that the target authorises.
func (p *Policy) Singles(target string) (addresses []Source, whole bool) {
	records := make(map[string]*Record)
	p.walk(func(r *Record, _ bool) {
		if !r.Loop && !r.Repeated {
			records[r.Domain] = r
		}
	})
	whole = true
	seen := make(map[string]bool)
	var down func(name string)
	down = func(name string) {
		r := records[name]
		switch {
		case seen[name]:
			return
		case r == nil || r.Status != StatusFound || registrable(name) != registrable(p.Domain):
			whole = false
			return
		}
		seen[name] = true
		for i := range r.Terms {
			t := &r.Terms[i]
			switch {
			case t.Ignored != "" || t.Error != "" || t.Qualifier != "+":
			case t.Kind == spf.KindIP4, t.Kind == spf.KindIP6, t.Kind == spf.KindA, t.Kind == spf.KindMX:
				whole = whole && t.exact
				for _, x := range t.Prefixes {
					whole = each(x, func(a netip.Addr) { addresses = append(addresses, Source{Addr: a, From: t.Text}) }) && whole
				}
			case t.Kind == spf.KindInclude:
				down(t.Target)
			default:
				whole = false // exists, ptr, +all
			}
		}
		for i := range r.Terms {
			if t := &r.Terms[i]; t.Kind == spf.KindRedirect && t.Ignored == "" {
				down(t.Target)
			}
		}
	}
	down(target)
	return addresses, whole
}

// StandsOnMX reports whether the domain's own record names the hosts of its MX records.
func (p *Policy) StandsOnMX() bool {
	return p != nil && p.Record != nil && slices.ContainsFunc(p.Record.Terms, func(t Term) bool { return t.Kind == spf.KindMX && t.Target == p.Domain && t.authorises() })
}
