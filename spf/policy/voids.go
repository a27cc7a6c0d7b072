package policy

import (
	"fmt"
	"strings"

	"mailworthy/finding"
	"mailworthy/spf"
)

// families says which clients something is about.
type families struct{ v4, v6 bool }

// crowd finds out for which family of clients void lookups end evaluations in
// permerror that would have passed, although the names have addresses of the other
// family. Every IPv4 client counts, since that is what receivers are reached from;
// of IPv6 only those that are authorised, as many domains send by IPv4 alone.
func (p *Policy) crowd() {
	p.crowded.v4 = p.VoidsIPv4 > spf.MaxVoidLookups
	if p.VoidsIPv6 > spf.MaxVoidLookups {
		// IPv6 stands last.
		for i, n := len(p.pass)-1, 0; i >= 0 && n < maxTries && !p.pass[i].from.Is4() && !p.crowded.v6; i, n = i-1, n+1 {
			p.crowded.v6 = voided(p.try("", "", p.pass[i].from))
		}
	}
	if p.crowded == (families{}) {
		return
	}
	p.walk(func(r *Record, own bool) {
		if own {
			r.crowded = p.crowded
		}
	})
}

// voided reports whether an evaluation ended because of void lookups.
func voided(e spf.Evaluation) bool {
	return e.Result == spf.PermError && e.VoidLookups > spf.MaxVoidLookups
}

// spelt is a term with addresses in place of its name, for a name that has none of
// the family f; "" if it stays as it is. So do hosts that are not the domain's own: their
// addresses change without its owner's doing.
func (t *Term) spelt(f families, domain string) string {
	if t == nil || !t.within(domain) || t.Kind != spf.KindA || !(f.v4 && t.VoidFor == "ipv4" || f.v6 && t.VoidFor == "ipv6") {
		return ""
	}
	prefixes := t.match.prefixes()
	if len(prefixes) > spf.MaxHosts {
		return ""
	}
	var out []string
	for _, p := range prefixes {
		text := prefixTerm(p)
		if t.Qualifier != "+" {
			text = t.Qualifier + text
		}
		out = append(out, text)
	}
	return strings.Join(out, " ")
}

// voidList names terms that find nothing.
type voidList struct {
	names    []string
	evidence []finding.Evidence
}

func (v *voidList) add(t *Term, r *Record) {
	v.names = append(v.names, fmt.Sprintf("%s for %s in %s", quotable(t.Target), quotable(t.Text), r.Domain))
	if len(v.evidence) < 20 {
		v.evidence = append(v.evidence, t.Evidence...)
		if t.Record != nil {
			v.evidence = append(v.evidence, t.Record.Evidence)
		}
	}
}

func (v *voidList) String() string { return strings.Join(v.names[:min(len(v.names), 10)], ", ") }

// voids judges the lookups that find nothing (RFC 7208, 4.6.4).
func (k *checker) voids() {
	n := k.p.Voids
	void := 0
	var any, v4, v6 voidList // for any client, and for those of one family
	var alone voidList       // those that no other finding names
	var ptr *Term
	pointers := 0
	k.p.walk(func(r *Record, own bool) {
		for i := range r.Terms {
			t := &r.Terms[i]
			if t.Kind == spf.KindPTR && t.Error == "" && t.Ignored == "" {
				ptr = t
				pointers++
			}
			if t.Void {
				any.add(t, r)
				if said := k.slipped[t.Text] && k.mine(r) || t.Kind == spf.KindMX && own; t.Kind != spf.KindInclude && t.Kind != spf.KindRedirect && !said {
					void++ // the others are findings already
					alone.add(t, r)
				}
			}
			if t.Void || t.VoidFor == "ipv4" {
				v4.add(t, r)
			}
			if t.Void || t.VoidFor == "ipv6" {
				v6.add(t, r)
			}
		}
	})
	stopped := k.p.crowded
	for _, e := range k.c.Evaluations {
		stopped.v6 = stopped.v6 || k.p.VoidsIPv6 > spf.MaxVoidLookups && e.IP.Is6() && e.Domain == k.p.Domain && voided(e)
	}
	tooMany := n > spf.MaxVoidLookups || stopped.v4 || stopped.v6
	if tooMany || !k.unknownRecords && !k.unknownNames {
		k.Decided("spf-too-many-void-lookups")
		if !tooMany && (n == 0 || void > 0) {
			k.Decided("spf-void-lookup")
		}
	}
	switch {
	case n > spf.MaxVoidLookups:
		k.Add("spf-too-many-void-lookups", finding.Finding{
			Detail:   fmt.Sprintf("%d terms ask for names without an answer: %s. A receiver answers permerror at the third.", n, any.String()),
			Evidence: any.evidence, Fix: k.voidFix(families{k.p.VoidsIPv4 > spf.MaxVoidLookups, k.p.VoidsIPv6 > spf.MaxVoidLookups}),
		})
		return
	case tooMany:
		f := finding.Finding{Title: "SPF exceeds 2 void lookups for " + stopped.String() + " senders (permerror)", Fix: k.voidFix(stopped)}
		if stopped.v4 {
			f.Detail = fmt.Sprintf("For a client with an IPv4 address %d terms find no address: %s. A receiver answers permerror at the third, whatever stands behind it.", k.p.VoidsIPv4, v4.String())
			f.Evidence = v4.evidence
		}
		if stopped.v6 {
			f.Detail = strings.TrimSpace(f.Detail + fmt.Sprintf(" For a client with an IPv6 address %d terms find no address: %s. A receiver answers permerror at the third, also for IPv6 addresses that send for the domain.", k.p.VoidsIPv6, v6.String()))
			f.Evidence = append(f.Evidence, v6.evidence...)
		}
		k.Add("spf-too-many-void-lookups", f)
	case void > 0:
		k.Add("spf-void-lookup", finding.Finding{
			Detail:   fmt.Sprintf("%s for a name without an answer: %s. Two such lookups are allowed; the third is a permerror.%s", asks(void), alone.String(), k.pointerVoid(ptr, pointers)),
			Evidence: alone.evidence, Fix: k.voidFix(families{}),
		})
	case pointers > 0 && k.pointerVoid(ptr, pointers) != "":
		k.Add("spf-void-lookup", finding.Finding{
			Title:    "SPF exceeds 2 void lookups for some senders (permerror)",
			Detail:   strings.TrimSpace(k.pointerVoid(ptr, pointers)),
			Evidence: k.treeEvidence(),
			Fix:      advice("Name addresses in place of %s.", quotable(ptr.Text)),
		})
	}
	if k.p.VoidsIPv6 > spf.MaxVoidLookups && !stopped.v6 {
		k.Add("spf-void-lookup", finding.Finding{
			Title: "SPF exceeds 2 void lookups for IPv6 senders (permerror)",
			Detail: fmt.Sprintf("For a client with an IPv6 address %d terms of %s find no address: %s. A receiver answers permerror at the third: IPv6 clients get permerror, not what the record ends in. No IPv6 address that is authorised comes behind them.",
				k.p.VoidsIPv6, k.p.Domain, v6.String()),
			Evidence: v6.evidence,
			Fix:      k.voidFix(families{v6: true}),
		})
	}
}

func (f families) String() string {
	switch {
	case !f.v6:
		return "IPv4"
	case !f.v4:
		return "IPv6"
	}
	return "all"
}

// pointerVoid says what a client without a reverse name adds: each ptr term that
// finds no PTR record is a void lookup. It is empty if that is still allowed.
func (k *checker) pointerVoid(ptr *Term, pointers int) string {
	n := max(k.p.Voids, k.p.VoidsIPv4, k.p.VoidsIPv6)
	if n > spf.MaxVoidLookups {
		n = k.p.Voids
	}
	if pointers == 0 || n+pointers <= spf.MaxVoidLookups {
		return ""
	}
	return fmt.Sprintf(" For a client without a reverse name (PTR) %s finds nothing either: that makes %s, and a permerror.", quote(ptr.Text), written(n+pointers))
}

// written is a small number in words.
func written(n int) string {
	if n < 1 || n > 5 {
		return fmt.Sprint(n)
	}
	return [...]string{"one", "two", "three", "four", "five"}[n-1]
}

// maxMended bounds the records of the domain's own that a fix is looked for in.
const maxMended = 3

// voidFix proposes records that find something: addresses in place of names that have
// none of a family, and a place for the right name if a name has none at all. What
// the owner of such a name meant, the DNS does not say.
func (k *checker) voidFix(f families) *finding.Fix {
	var fix *finding.Fix
	if fix := k.once(); fix != nil {
		return fix
	}
	for _, o := range k.own[:min(len(k.own), maxMended)] {
		p := k.proposal(o)
		p.spell = families{p.spell.v4 || f.v4, p.spell.v6 || f.v6}
		spelt, void := false, false
		for i := range o.Terms {
			t := &o.Terms[i]
			spelt = spelt || t.spelt(p.spell, o.Domain) != ""
			if t.Void && t.Meant == "" && t.Kind != spf.KindInclude && t.Kind != spf.KindRedirect {
				void = true
				if t.Kind == spf.KindMX {
					p.wrong(t, anySender)
				} else {
					p.wrong(t, rightName(t))
				}
			}
		}
		switch {
		case fix != nil:
		case void:
			fix = p.share(true, "Correct the names that find nothing; if a host is gone, publish the record without its term.")
		case spelt && k.p.works(o.Domain, p.text(false)):
			fix = p.share(false, "Publish the record with addresses in place of the names that have none of one family.")
		}
	}
	if fix == nil {
		return advice("Remove the terms that find nothing, or name their addresses with ip4 and ip6. Terms in included records are their owners' to remove.")
	}
	return fix
}

// once is the fix for a record whose terms ask for one name more than once, if that alone makes the
// void lookups too many; nil if it does not.
func (k *checker) once() *finding.Fix {
	r := k.p.Record
	if k.trial || r.Error != "" {
		return nil
	}
	seen := make(map[string]bool)
	text := []string{spf.Version}
	var again []*Term
	for i := range r.Terms {
		t := &r.Terms[i]
		key := t.Qualifier + string(t.Kind) + ":" + strings.ToLower(t.Target) + lengths(t.parsed)
		if named := t.Kind == spf.KindA || t.Kind == spf.KindMX; named && t.Ignored == "" && t.Target != "" && !t.parsed.Macros {
			if seen[key] {
				again = append(again, t)
				continue
			}
			seen[key] = true
		}
		text = append(text, t.Text)
	}
	if len(again) == 0 {
		return nil
	}
	q := k.p.with(map[string]string{r.Domain: strings.Join(text, " ")})
	if max(q.Voids, q.VoidsIPv4, q.VoidsIPv6) > spf.MaxVoidLookups {
		return nil
	}
	p := k.proposal(r)
	p.spell = families{}
	for _, t := range again {
		p.replace(t, false)
	}
	return p.share(false, "Publish the record with each name once.")
}

// asks is "1 term asks" and "2 terms ask".
func asks(n int) string {
	if n == 1 {
		return "1 term asks"
	}
	return fmt.Sprintf("%d terms ask", n)
}
