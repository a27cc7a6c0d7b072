package policy

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/spf"
)

// lookups judges the static worst case (RFC 7208, 4.6.4).
func (k *checker) lookups() {
	n := k.p.Lookups
	if n > spf.MaxLookups || !k.unknownRecords {
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
	if n > spf.MaxLookups {
		f.Detail = fmt.Sprintf("%s needs %s%d lookups in the worst case; 10 are allowed. %s.", k.p.Domain, atLeast, n, costs)
		if eleventh != "" {
			f.Detail += " The eleventh is " + eleventh + ": a receiver answers permerror there and reads no further."
		}
		f.Fix = k.fewer()
		k.Add("spf-too-many-lookups", f)
		return
	}
	f.Detail = fmt.Sprintf("%s needs %s%d of 10 DNS lookups. %s.", k.p.Domain, atLeast, n, costs)
	f.Fix = advice("Remove includes of services that no longer send for you, before the next one is one too many.")
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
				if t.Cost == 0 || (t.Kind == spf.KindRedirect) != (pass == 1) {
					continue
				}
				own = append(own, fmt.Sprintf("%s %d", quotable(t.Text), t.Cost))
				if n++; n == spf.MaxLookups+1 {
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

// fewer is what to do about too many lookups: the record with what is the domain's own
// in another form, or else without what is of no use.
func (k *checker) fewer() *finding.Fix {
	less := "Remove includes of services that no longer send for you, until ten lookups are left."
	if k.p.Domain == anyDomain || k.trial {
		return advice("%s", less)
	}
	if costly := k.costly(); costly != "" {
		less += " Most is taken by " + costly + "."
	}
	less += " A service whose mail has a subdomain of yours in the envelope needs no include here, but in the record of that subdomain."
	k.flatten = true
	k.flattened = k.proposal(k.p.Record).share(false, "%s", less)
	return k.flattened
}

// costly names the includes of others that take the most lookups, with their costs.
func (k *checker) costly() string {
	var terms []*Term
	for _, r := range k.own {
		for i := range r.Terms {
			if t := &r.Terms[i]; t.Kind == spf.KindInclude && t.Cost > 1 && !sameOwner(t.Target, k.p.Domain) {
				terms = append(terms, t)
			}
		}
	}
	slices.SortStableFunc(terms, func(a, b *Term) int { return b.Cost - a.Cost })
	var out []string
	for _, t := range terms[:min(len(terms), 3)] {
		out = append(out, fmt.Sprintf("%s (%d)", quotable(t.Text), t.Cost))
	}
	return strings.Join(out, ", ")
}

// flat is what is proposed for the domain's record in a form with fewer lookups, or the
// proposal as it is if there is none. Of the addresses of others no copy is proposed: it
// grows stale, and their senders are lost.
func (k *checker) flat(text string) (string, []finding.Record) {
	q := k.p
	if text != k.p.Record.Text {
		q = k.p.with(map[string]string{k.p.Domain: text})
	}
	if q.Lookups <= spf.MaxLookups {
		if text != k.p.Record.Text {
			k.flattened.Summary = fmt.Sprintf("Publish the record in this form, which needs %s in place of %d; or remove what no longer sends for you.", show.Counted(q.Lookups, "lookup"), k.p.Lookups)
		}
		return text, nil
	}
	// Of a record with a mistake nobody knows what it holds, and a name that finds nothing may be
	// a mistyped one.
	if k.unclear || q.doubtful(q.Record, 0) {
		return text, nil
	}
	f := q.flatten(context.Background(), time.Time{}, checkedSamples, flattening{own: true})
	fix := f.AsFix()
	if fix == nil {
		return text, nil
	}
	k.flattened.Summary = fmt.Sprintf("Remove what no longer sends for you, or publish the record in this form: %s in place of %d.%s", show.Counted(f.LookupsAfter, "lookup"), f.LookupsBefore, f.changes())
	return fix.Value, fix.More
}

// doubtful reports whether a record of the domain's own, or one that it leads to, has a term
// that finds nothing.
func (p *Policy) doubtful(r *Record, depth int) bool {
	return depth > spf.MaxLookups || slices.ContainsFunc(r.Terms, func(t Term) bool {
		return t.Void || t.Record != nil && sameOwner(t.Target, p.Domain) && p.doubtful(t.Record, depth+1)
	})
}

// stillOver reports whether the domain's record needs too many lookups with another text:
// then that is no fix for it.
func (k *checker) stillOver(text string) bool {
	return k.p.with(map[string]string{k.p.Domain: text}).Lookups > spf.MaxLookups
}

// changes says what a flattened record does without, and what it copies.
func (f *Flattening) changes() string {
	s := ""
	for i, d := range f.Dropped {
		if i < maxNamed && d.Why != "no receiver reads it" {
			s += fmt.Sprintf(" %s is left out: %s.", quotable(d.Term), d.Why)
		}
	}
	var names []string
	for _, r := range f.Ranges {
		for _, x := range r.Sources {
			if t := spf.ParseTerm(x.Term); (t.Kind == spf.KindA || t.Kind == spf.KindMX) && !slices.Contains(names, quotable(x.Term)) {
				names = append(names, quotable(x.Term))
			}
		}
	}
	if len(names) > 0 {
		s += fmt.Sprintf(" It has the addresses of your own hosts in place of %s: change it with them.", strings.Join(names[:min(len(names), maxNamed)], ", "))
	}
	return s
}
