package policy

import (
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

	"mailworthy/finding"
	"mailworthy/internal/ascii"
	"mailworthy/resolver"
	"mailworthy/spf"
)

// reservedName reports whether a domain is of a world of examples or tests.
func reservedName(domain string) bool {
	return resolver.Documented(domain) || resolver.Within(domain, "invalid") || resolver.Within(domain, "localhost")
}

// registrable is the domain that one registers to own a name, or "".
func registrable(name string) string {
	d, err := publicsuffix.EffectiveTLDPlusOne(name)
	if err != nil {
		return ""
	}
	return d
}

// sameOwner reports whether two names are of one administration: equal, or below the same
// registrable domain.
func sameOwner(a, b string) bool {
	if a == b {
		return true
	}
	// Most names that are compared end in another label, and the list of suffixes costs something.
	if a == anyDomain || a[strings.LastIndexByte(a, '.')+1:] != b[strings.LastIndexByte(b, '.')+1:] {
		return false
	}
	d := registrable(a)
	return d != "" && d == registrable(b)
}

// acquirable is the domain that anyone might register to own a name below it that
// does not exist, or "". If top is not empty, it is so only if that top-level
// domain exists: the public suffix list does not know it. In a world of examples,
// which is that of a root with such a name, their names stand for real ones.
func acquirable(name, root string) (d, top string) {
	d = registrable(name)
	switch {
	case d == "" || resolver.Unregistrable(d) || strings.ContainsFunc(d, func(c rune) bool {
		return c >= 0x80 || !ascii.IsLetter(byte(c)) && !ascii.IsDigit(byte(c)) && c != '-' && c != '.'
	}):
		return "", "" // no registry has a name like "info@acme.example"
	case resolver.Documented(d):
		if !reservedName(root) {
			return "", ""
		}
		return d, ""
	}
	top, listed := publicsuffix.PublicSuffix(d)
	if listed || strings.Contains(top, ".") || resolver.Within(root, top) {
		return d, ""
	}
	return d, top
}

// unregistered judges targets that do not exist.
func (k *checker) unregistered() {
	unknown := k.unknownRecords || k.unknownNames
	for _, a := range k.p.Absent {
		r := k.full()[a.In]
		if r == nil {
			continue
		}
		var t *Term
		for i := range r.Terms {
			if r.Terms[i].Text == a.Term {
				t = &r.Terms[i]
			}
		}
		if t == nil {
			continue
		}
		evidence := []finding.Evidence{a.asked}
		if a.Name != "" || a.Registrable != a.Target {
			evidence = append(evidence, a.Evidence)
		}
		switch a.Status {
		case StatusNXDomain:
			names := a.Target
			if a.Name != "" {
				names += ", an alias of " + a.Name
			}
			k.Add("spf-target-unregistered", finding.Finding{
				Subject:  a.Registrable,
				Detail:   quote(a.Term) + " in the record of " + a.In + " names " + names + ", but the domain " + a.Registrable + " does not exist. Whoever registers it decides who may send in the name of " + k.p.Domain + "." + k.chain(r),
				Evidence: evidence,
				Fix:      k.right(r, t),
			})
		case StatusUnresolved:
			unknown = true
			k.Add("spf-unresolved", finding.Finding{
				Subject:  a.Registrable,
				Detail:   resolver.Absence(a.Target, a.asked.CNAMEs) + ", and the DNS did not say whether its domain " + a.Registrable + " is registered (" + why(a.Evidence) + ").",
				Evidence: evidence, CouldBe: finding.Critical,
			})
		case StatusNotAsked:
			unknown = true
		}
	}
	k.examples()
	if !unknown {
		k.Decided("spf-target-unregistered")
	}
}

// examples reports names of a how-to that stand in the domain's own records where one of its own
// belongs: nobody can register them (RFC 2606, 3).
func (k *checker) examples() {
	if k.trial || k.p.Domain == anyDomain || reservedName(k.p.Domain) {
		return
	}
	for _, r := range k.own {
		for i := range r.Terms {
			t := &r.Terms[i]
			named := t.Kind == spf.KindInclude || t.Kind == spf.KindRedirect || t.Kind == spf.KindA || t.Kind == spf.KindMX || t.Kind == spf.KindExists
			if t.Error != "" || t.Ignored != "" || !named || !slices.ContainsFunc([]string{"example.com", "example.net", "example.org"}, func(d string) bool { return resolver.Within(t.Target, d) }) {
				continue
			}
			k.add("spf-target-unregistered", r, finding.Finding{
				Severity: finding.Warning, Title: "SPF names a domain of examples", Reference: "RFC 2606, 3",
				Detail: quote(t.Text) + " in the record of " + r.Domain + " names " + t.Target + ", which stands in instructions in place of a name of one's own. No sender of yours passes by it.",
				Fix:    k.right(r, t),
			})
		}
	}
}
