package policy

import (
	"slices"
	"strings"

	"mailworthy/internal/ascii"
	"mailworthy/provider"
	"mailworthy/resolver"
	"mailworthy/spf"
)

// otherReading is what a bare name may be beside the term that it was read as: "mx.acme.example"
// is the MX of acme.example or a host called mx, "esp.example" a host or the record of a
// service, and the underscore of "redirect_:spf.esp.example" belongs to the name or is one too many.
// It is empty if the name is that of a host by its first label.
func otherReading(tok string, t *spf.Term) string {
	sign, name, sep, value := split(tok)
	if t.Kind == spf.KindRedirect && ascii.EqualFold(name, "redirect_") && t.Spec == "_"+value {
		return "redirect=" + value
	}
	if sep != "" || t.Spec == "" || !hostLike(name) {
		return ""
	}
	switch first, rest, _ := strings.Cut(ascii.ToLower(name), "."); {
	case ascii.EqualFold(rest, t.Spec) && first == string(t.Kind) && (t.Kind == spf.KindA || t.Kind == spf.KindMX || t.Kind == spf.KindPTR):
		return sign + "a:" + name
	case t.Kind == spf.KindA && ascii.EqualFold(name, t.Spec) && (provider.Builtin().OfSPF(ascii.ToLower(name)) != nil || !slices.ContainsFunc(hostWords, func(w string) bool { return strings.HasPrefix(first, w) })):
		return sign + "include:" + name
	}
	return ""
}

// hostWords begin the first label of the name of a host, senderWords that of one that may well
// send mail.
var (
	senderWords = []string{"mail", "mx", "smtp", "mta", "out", "relay", "server", "srv", "host", "vps"}
	hostWords   = append([]string{"web", "www", "ns", "gw", "gate"}, senderWords...)
)

// chosen is a repaired record of a domain with the readings that the DNS bears out, or the
// catalogue of services, where there are two. Others stay open.
func (k *checker) chosen(domain string, m *repaired) *repaired {
	if !slices.ContainsFunc(m.parts, func(x reading) bool { return x.or != "" }) {
		return m
	}
	c := *m
	c.parts, c.changes, c.text = slices.Clone(m.parts), slices.Clone(m.changes), spf.Version
	for i := range c.parts {
		x := &c.parts[i]
		if x.or != "" {
			if winner := k.borneOut(domain, x); winner != "" {
				why := "it may be " + x.text + " or " + x.or
				for j := range c.changes {
					if ch := &c.changes[j]; ch.asked && ch.why == why {
						ch.asked, ch.to, ch.why = false, winner, "that is what it names"
					}
				}
				x.text, x.or = winner, ""
			}
		}
		if !x.unread {
			c.text += " " + x.text
		}
	}
	return &c
}

// borneOut is the one of two readings that is borne out; empty if none is, or both.
func (k *checker) borneOut(domain string, x *reading) string {
	first, second := spf.ParseTerm(x.text), spf.ParseTerm(x.or)
	if second.Kind == spf.KindInclude {
		if k.p.Domain != anyDomain && sameOwner(ascii.ToLower(second.Spec), k.p.Domain) {
			return x.text // a host of the domain's own
		}
		if provider.Builtin().OfSPF(ascii.ToLower(second.Spec)) != nil {
			return x.or
		}
	}
	if k.p.Domain == anyDomain && first.Kind == spf.KindA && second.Kind == spf.KindA {
		return x.text // hardly a host is called a
	}
	switch a, b := k.stands(domain, &first), k.stands(domain, &second); {
	case a == StatusFound && b.absent():
		return x.text
	case b == StatusFound && a.absent():
		return x.or
	}
	return ""
}

// stands is what the DNS holds at what a term names.
func (k *checker) stands(domain string, t *spf.Term) Status {
	name, _, ok := t.Target(domain, k.p.Domain)
	if !ok {
		return StatusInvalid
	}
	switch t.Kind {
	case spf.KindInclude, spf.KindRedirect:
		return k.p.answers.get(name, resolver.TypeTXT).recordStatus()
	case spf.KindMX:
		return k.p.answers.get(name, resolver.TypeMX).status()
	case spf.KindPTR:
		return StatusNone // nobody is to publish it
	case spf.KindExists:
		return k.p.answers.get(name, resolver.TypeA).status()
	}
	if s := k.p.answers.get(name, resolver.TypeAAAA).status(); s == StatusFound || s.unknown() {
		return s
	}
	return k.p.answers.get(name, resolver.TypeA).status()
}
