package spf

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"mailworthy/finding"
)

// tree judges what the records lead to.
func (k *checker) tree() {
	k.targets()
	k.lookups()
	k.voids()
	k.exchangers()
	k.unregistered()
	k.uncountable()
}

// targets judges every include and redirect.
func (k *checker) targets() {
	if !k.unknownRecords {
		k.Decided("spf-include-missing", "spf-include-permerror", "spf-loop")
	}
	if k.p.Cut {
		k.Add("spf-unresolved", finding.Finding{
			Detail:    fmt.Sprintf("The tree of %s is larger than what is examined, %d records and %d questions. What lies beyond is not known.", k.p.Domain, maxRecords, maxExamined),
			Evidence:  []finding.Evidence{k.p.Record.Evidence},
			CouldBe:   finding.Critical,
			Undecides: true,
		})
	}
	k.p.walk(func(r *Record, own bool) {
		for i := range r.Terms {
			t := &r.Terms[i]
			if t.Error != "" || t.Ignored != "" || t.Kind != KindInclude && t.Kind != KindRedirect {
				continue
			}
			k.target(r, t)
		}
	})
}

// chain says how the own record leads to a term of another one.
func (k *checker) chain(r *Record) string {
	if t := k.leads(r.Domain); t != nil && r != k.p.Record {
		return fmt.Sprintf(" %s leads there by %s.", k.p.Domain, quote(t.Text))
	}
	return ""
}

// without is the fix that removes the term of the own record that leads to r's
// term t.
func (k *checker) without(r *Record, t *Term, own string) *finding.Fix {
	for _, o := range k.own {
		if o == r {
			return (&editor{record: r, drop: []string{t.Text}}).fix("%s", own)
		}
	}
	via := k.leads(r.Domain)
	for _, o := range k.own {
		for i := range o.Terms {
			if &o.Terms[i] == via {
				return (&editor{record: o, drop: []string{via.Text}}).fix("Tell the owner of %s; until it is repaired, publish the record without %s, if you can do without that sender.", r.Domain, quotable(via.Text))
			}
		}
	}
	return nil
}

// target judges one include or redirect.
func (k *checker) target(r *Record, t *Term) {
	if t.Unknown != "" {
		return
	}
	switch {
	case t.Record != nil && t.Record.Loop:
		k.Add("spf-loop", finding.Finding{
			Subject:  t.Target,
			Detail:   fmt.Sprintf("%s in the record of %s leads back to %s, which led there. A receiver goes round until the limit of ten lookups, and answers permerror.%s", quote(t.Text), r.Domain, t.Target, k.chain(r)),
			Evidence: answersOf(r, t),
			Fix:      k.without(r, t, "Publish the record without the term that closes the circle."),
		})
	case t.Status == StatusUnresolved:
		k.Add("spf-unresolved", finding.Finding{
			Subject: t.Target,
			Detail: fmt.Sprintf("The DNS did not say what %s in the record of %s leads to (%s). A receiver that meets the same answers temperror, and what the record costs and authorises is not known.%s",
				quote(t.Text), r.Domain, why(t.Record.Evidence), k.chain(r)),
			Evidence: answersOf(r, t), CouldBe: finding.Critical, Undecides: true,
		})
	case t.Status == StatusNone, t.Status == StatusNXDomain, t.Status == StatusInvalid:
		what := t.Target + " has no SPF record"
		switch t.Status {
		case StatusNXDomain:
			what = absence(t.Target, t.Record.Evidence.CNAMEs)
		case StatusInvalid:
			what = quote(t.Target) + " is not a name that can have one"
		}
		detail := fmt.Sprintf("%s in the record of %s leads to no SPF record: %s. A receiver that comes to the term answers permerror.%s", quote(t.Text), r.Domain, what, k.chain(r))
		fix := k.without(r, t, "Publish the record without the term, or correct its name.")
		if t.Meant != "" {
			detail += fmt.Sprintf(" It was probably meant to be %s.", quote(t.Meant))
			for _, o := range k.own {
				if o == r {
					fixed := *r
					fixed.Text = strings.Replace(r.Text, t.Text, t.Meant, 1)
					fixed.Terms = nil
					fix = (&editor{record: &fixed}).fix("Publish the corrected record.")
					fix.Remove = []finding.Record{{Name: r.Domain, Type: "TXT", Value: r.Text}}
				}
			}
		}
		k.Add("spf-include-missing", finding.Finding{Subject: t.Target, Detail: detail, Evidence: answersOf(r, t), Fix: fix})
	case t.Record != nil && t.Record.Error != "" && !t.Record.Repeated:
		fix := k.without(r, t, "Publish the record without the term until its target is repaired.")
		for _, o := range k.own {
			if o == t.Record && o.Text != "" {
				fix = (&editor{record: o}).fix("Publish the corrected record at %s.", o.Domain)
			}
		}
		k.Add("spf-include-permerror", finding.Finding{
			Subject:  t.Target,
			Detail:   fmt.Sprintf("%s in the record of %s leads to a record in error (%s). A receiver that comes to the term answers permerror.%s", quote(t.Text), r.Domain, quotable(t.Record.Error), k.chain(r)),
			Evidence: answersOf(r, t), Fix: fix,
		})
	}
}

// answersOf are the answers for a record and for what a term of it leads to.
func answersOf(r *Record, t *Term) []finding.Evidence {
	if t.Record == nil {
		return []finding.Evidence{r.Evidence}
	}
	return []finding.Evidence{r.Evidence, t.Record.Evidence}
}

// lookups judges the static worst case (RFC 7208, 4.6.4).
func (k *checker) lookups() {
	n := k.p.Lookups
	if n > maxLookups || !k.unknownRecords {
		k.Decided("spf-too-many-lookups", "spf-lookups-near-limit")
	}
	if n < 9 {
		return
	}
	costs, eleventh := k.costs()
	atLeast := ""
	if !k.p.LookupsExact {
		atLeast = "at least "
	}
	f := finding.Finding{Evidence: k.treeEvidence()}
	if n > maxLookups {
		f.Detail = fmt.Sprintf("%s needs %s%d lookups in the worst case; 10 are allowed. %s.", k.p.Domain, atLeast, n, costs)
		if eleventh != "" {
			f.Detail += " The eleventh is " + eleventh + ": a receiver answers permerror there and reads no further."
		}
		f.Fix = k.fewer()
		k.Add("spf-too-many-lookups", f)
		return
	}
	f.Detail = fmt.Sprintf("%s needs %s%d of 10 lookups in the worst case. %s.", k.p.Domain, atLeast, n, costs)
	if spare := (&editor{record: k.p.Record}).text(); costOf(spare) < costOf(k.p.Record.Text) {
		f.Fix = (&editor{record: k.p.Record}).fix("Publish the record without the terms that are of no use.")
	} else {
		f.Fix = advice("Remove includes of providers that no longer send for you; see what flattening would give.")
	}
	k.Add("spf-lookups-near-limit", f)
}

// costs names each term that counts, record by record, and the one that is over
// the limit.
func (k *checker) costs() (list, eleventh string) {
	var parts []string
	n := 0
	var down func(r *Record)
	down = func(r *Record) {
		at := len(parts)
		parts = append(parts, "")
		var own []string
		// In the order of an evaluation: a redirect comes last.
		for pass := range 2 {
			for i := range r.Terms {
				t := &r.Terms[i]
				if t.Cost == 0 || (t.Kind == KindRedirect) != (pass == 1) {
					continue
				}
				own = append(own, fmt.Sprintf("%s %d", quotable(t.Text), t.Cost))
				if n++; n == maxLookups+1 {
					eleventh = fmt.Sprintf("%s in the record of %s", quote(t.Text), r.Domain)
				}
				if t.Record != nil {
					down(t.Record)
					if t.Record.Repeated {
						n += t.Cost - 1
					}
				}
			}
		}
		if len(own) > 0 {
			parts[at] = "in " + r.Domain + " " + strings.Join(own[:min(len(own), 20)], ", ")
		}
	}
	down(k.p.Record)
	parts = slices.DeleteFunc(parts, func(s string) bool { return s == "" })
	more := ""
	if len(parts) > 12 {
		parts, more = parts[:12], "; and more below"
	}
	return "With what is below each, the terms cost: " + strings.Join(parts, "; ") + more, eleventh
}

// fewer is what to do about too many lookups: what flattening gives, or else the
// record without what is of no use.
func (k *checker) fewer() *finding.Fix {
	if k.p.Domain == anyDomain {
		return advice("Remove terms until ten lookups are left.")
	}
	f := k.p.flatten(context.Background(), time.Time{}, checkedSamples)
	if fix := f.AsFix(); fix != nil {
		fix.Summary = fmt.Sprintf("Remove what no longer sends for you, or publish the flattened record: %d lookups in place of %d. Its addresses are copies, which must be kept current.", f.LookupsAfter, f.LookupsBefore)
		return fix
	}
	fix := (&editor{record: k.p.Record}).fix("Remove includes of providers that no longer send for you, until ten lookups are left.")
	if f.Withheld != "" {
		fix.Summary += " No flattened record can be offered: " + f.Withheld + "."
	}
	if fix.Value == k.p.Record.Text {
		return &finding.Fix{Summary: fix.Summary}
	}
	return fix
}

// treeEvidence is the question for every record of the tree.
func (k *checker) treeEvidence() []finding.Evidence {
	var out []finding.Evidence
	k.p.walk(func(r *Record, _ bool) {
		if !r.Loop && !r.Repeated && len(out) < 30 {
			out = append(out, r.Evidence)
		}
	})
	return out
}

// exchangers judges mx terms, and reports names whose answer is not known.
func (k *checker) exchangers() {
	if !k.unknownRecords && !k.unknownNames {
		k.Decided("spf-too-many-mx")
	}
	unknownMX := false
	left := 0 // void lookups that unknown names could add
	k.p.walk(func(r *Record, _ bool) {
		for i := range r.Terms {
			if t := &r.Terms[i]; t.Status.unknown() && (t.Kind == KindA || t.Kind == KindMX || t.Kind == KindExists) {
				left++
			}
		}
	})
	k.p.walk(func(r *Record, own bool) {
		for i := range r.Terms {
			t := &r.Terms[i]
			switch {
			case t.Kind != KindMX && t.Kind != KindA && t.Kind != KindExists:
				continue
			case t.Status == StatusNotAsked:
				// Said once, for the whole tree.
			case t.Status.unknown() || unknownHost(t):
				unknownMX = unknownMX || own && t.Kind == KindMX
				couldBe := finding.Warning
				if k.p.Voids+left > maxVoid && t.Status.unknown() {
					couldBe = finding.Critical
				}
				k.Add("spf-unresolved", finding.Finding{
					Subject:  t.Target,
					Detail:   fmt.Sprintf("The DNS did not say what addresses %s in the record of %s stands for. A receiver that meets the same answers temperror, or permerror if the name is gone.%s", quote(t.Text), r.Domain, k.chain(r)),
					Evidence: t.Evidence, CouldBe: couldBe,
				})
			}
			if t.Kind != KindMX {
				continue
			}
			if mx := len(t.Hosts); mx > maxHosts {
				k.tooManyHosts(r, t)
			}
			if own && (t.NullMX || t.Void) {
				k.mxVoid(r, t)
			}
		}
	})
	if !unknownMX {
		k.Decided("spf-mx-void")
	}
}

func unknownHost(t *Term) bool {
	for _, h := range t.Hosts {
		if h.Status.unknown() {
			return true
		}
	}
	return false
}

func (k *checker) tooManyHosts(r *Record, t *Term) {
	f := finding.Finding{
		Subject:  t.Target,
		Detail:   fmt.Sprintf("%s in the record of %s has more than ten hosts. A receiver that comes to the term answers permerror.%s", quote(t.Text), r.Domain, k.chain(r)),
		Evidence: t.Evidence[:1],
	}
	for _, o := range k.own {
		if o != r {
			continue
		}
		var terms []string
		for _, p := range setOf(t.Prefixes...).prefixes() {
			terms = append(terms, prefixTerm(p))
		}
		e := &editor{record: r, replace: map[string]string{t.Text: strings.Join(terms, " ")}}
		if t.Qualifier != "+" || len(terms) > 16 {
			e = &editor{record: r, drop: []string{t.Text}}
		}
		f.Fix = e.fix("Publish the record with the addresses of the hosts; keep those that send mail.")
	}
	if f.Fix == nil {
		f.Fix = k.without(r, t, "")
	}
	k.Add("spf-too-many-mx", f)
}

func (k *checker) mxVoid(r *Record, t *Term) {
	what := "has no MX record"
	if t.NullMX {
		what = "has a null MX: it takes no mail"
	}
	k.add("spf-mx-void", r, finding.Finding{
		Detail:   fmt.Sprintf("%s in the record of %s authorises the mail exchangers of %s, which %s.", quote(t.Text), r.Domain, t.Target, what),
		Evidence: t.Evidence,
		Fix:      (&editor{record: r, drop: []string{t.Text}}).fix("Publish the record without the term."),
	})
}

// uncountable reports includes and redirects that depend on the client.
func (k *checker) uncountable() {
	if !k.unknownRecords {
		k.Decided("spf-macro-uncountable")
	}
	var terms []string
	for _, u := range k.p.Uncountable {
		if strings.HasPrefix(u.Why, "%{") {
			terms = append(terms, fmt.Sprintf("%s in %s (%s)", quotable(u.Term), u.In, u.Why))
		}
	}
	if len(terms) == 0 {
		return
	}
	k.Add("spf-macro-uncountable", finding.Finding{
		Detail: fmt.Sprintf("The record behind %s cannot be known in advance, so %s needs at least %d lookups, and for some clients more.",
			strings.Join(terms[:min(len(terms), 10)], ", "), k.p.Domain, k.p.Lookups),
		Evidence: k.treeEvidence(),
	})
}
