package policy

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"mailworthy/resolver"
	"mailworthy/spf"
)

// The bounds of an examination.
const (
	maxRecords  = 100
	maxExamined = 300
	// longRecord is the length in octets from which a proposal may spread the record over
	// several: what stands at the names of the first splitNames of them is asked.
	longRecord = 400
	splitNames = 8
)

// Examine finds everything that a domain publishes for SPF, whatever client it is
// for. A target is asked for as soon as the record that names it is known, so
// that a tree three includes deep takes four rounds to its last record, however
// broad it is. It goes on beyond every limit of an evaluation, up to 100 records
// and 300 questions in all; what lies beyond is marked.
//
// Type 99 is never asked for (RFC 7208, 3.1).
func Examine(ctx context.Context, r resolver.Resolver, domain string) *Policy {
	b := resolver.NewBatch(ctx, r)
	var p *Policy
	Begin(b, domain, nil, func(found *Policy) { p = found })
	b.Run()
	return p
}

// Begin is Examine on a batch: done is told the policy. Those who wait for the
// domain's own senders alone need not wait for the whole tree: own, if it is
// not nil, is told these before, as soon as the domain's own record and the
// addresses of its a and mx terms are known.
func Begin(b *resolver.Batch, domain string, own func(*Own), done func(*Policy)) {
	name, ok := spf.ASCIIDomain(domain)
	if !ok || !spf.Checkable(name) {
		if own != nil {
			own(&Own{Status: StatusInvalid})
		}
		done(&Policy{Domain: domain, Status: StatusInvalid, Record: &Record{Domain: domain, Status: StatusInvalid, LookupsExact: true, facts: &recordFacts{}},
			LookupsExact: true, Addresses: Accounting{IPv4: "0", IPv6: "0", Exact: true}})
		return
	}
	x := &examiner{tell: own, answers: newAnswers(name)}
	b.Part(func(b *resolver.Batch) {
		x.put = b.Ask
		x.ask(name, resolver.TypeTXT, asRecord|asOwn)
	}, func() { done(assemble(x.answers)) })
}

// examiner asks, and asks on when an answer comes.
type examiner struct {
	put     func(name string, t resolver.Type, then func(*resolver.Answer, error))
	tell    func(*Own)
	open    int // questions asOwn without an answer
	records int
	*answers
}

// ask sends a question once; a later call with a new purpose only does that purpose's
// work on the answer.
func (x *examiner) ask(name string, t resolver.Type, p purpose) {
	q := question{name, t}
	o, put := x.asked[q]
	if p&asRecord != 0 && (!put || o.purpose&asRecord == 0) {
		if x.records == maxRecords {
			x.cut = true
			return
		}
		x.records++
	}
	if !put {
		if len(x.asked) >= maxExamined {
			x.cut = true
			return
		}
		o = new(outcome)
		x.asked[q] = o
	}
	p &^= o.purpose
	o.purpose |= p
	switch {
	case o.over && p != 0:
		x.follow(q, o, p)
		return
	case p&asOwn != 0:
		x.open++
	}
	if !put {
		x.put(name, t, func(a *resolver.Answer, err error) {
			o.answer, o.err, o.over = a, err, true
			own := o.purpose&asOwn != 0
			x.follow(q, o, o.purpose)
			if own {
				x.settle()
			}
		})
	}
}

// askSplitNames asks for the names that a record would be spread over.
func (x *examiner) askSplitNames() {
	for i := 1; i <= splitNames; i++ {
		x.ask(splitName(i, x.root), resolver.TypeTXT, 0)
	}
}

// splitName is the i-th name that a record may be spread over.
func splitName(i int, domain string) string { return "_spf" + strconv.Itoa(i) + "." + domain }

// settle tells the domain's own senders with the last answer that they depend on.
func (x *examiner) settle() {
	if x.open--; x.open == 0 && x.tell != nil {
		x.tell(x.own())
	}
}

// follow asks what an answer leads to, for the given purposes.
func (x *examiner) follow(q question, o *outcome, p purpose) {
	own := o.purpose & asOwn
	switch q.t {
	case resolver.TypeTXT:
		if p&(asRecord|asOwn) != 0 {
			f := o.record()
			x.visit(q.name, f, own)
			if q.name == x.root && len(f.text) > longRecord {
				x.askSplitNames()
			}
			meant := f.repaired()
			if meant == nil && q.name == x.root {
				_, meant = o.near()
			}
			if meant != nil && meant.text != "" {
				x.meant(q.name, meant.text, own)
				for i := range meant.parts {
					if or := meant.parts[i].or; or != "" {
						x.meant(q.name, spf.Version+" "+or, 0)
					}
				}
				if other := f.otherwise(); other != nil {
					x.meant(q.name, other.text, own)
				}
			}
			if q.name == x.root {
				if _, both := o.both(); both != nil {
					x.meant(q.name, both.text, own)
				}
				if _, both := o.nearHalf(); both != nil {
					x.meant(q.name, both.text, own)
				}
			}
			mine := sameOwner(q.name, x.root)
			if mine && f.count > 1 {
				merged, _, _ := Merge(o.spfTexts())
				x.meant(q.name, withoutSlips(merged), 0)
			}
			if mine && q.name != x.root && f.count == 0 {
				if _, m := o.unmarked(); m != nil && m.text != "" {
					x.meant(q.name, m.text, 0)
				}
			}
			if text := o.ofType99(); q.name == x.root && meant == nil && text != "" {
				x.meant(q.name, text, 0)
			}
			if target, at := undotted(q.name, x.root, o); target != "" {
				if own := resolver.OwnParent(aliasEnd(o), target); own != "" {
					x.ask(own, resolver.TypeTXT, 0)
				}
				if at == q.name {
					x.ask(target, resolver.TypeTXT, asRecord)
				}
			}
			if mine && q.name != x.root && p&asTarget != 0 && o.status() == StatusFound && leadsTo(f.terms, q.name, x.root) {
				x.ask(q.name+"."+x.root, resolver.TypeTXT, 0) // it may be that of another name
			}
			if mine && q.name != x.root && p&asTarget != 0 && o.status() == StatusNXDomain {
				x.ask(q.name+"."+x.root, resolver.TypeTXT, asRecord)
				if name, ok := strings.CutSuffix(q.name, "."+x.root); ok && hostLike(name) && plausible(name) {
					x.ask(name, resolver.TypeTXT, asRecord) // "_spf.esp.example.acme.example"
				}
			}
			if q.name == x.root && own != 0 && (f.count == 1 && f.endless() || f.count > 1 || meant != nil) {
				names := doubles(x.root) // what it lacks, or what is right, may stand there
				if f.count > 1 || meant != nil {
					names = append(names, guards(x.root)...)
				}
				for _, name := range names {
					x.ask(name, resolver.TypeTXT, 0)
				}
			}
			if q.name == x.root && own != 0 && meant == nil && f.count == 0 && o.err == nil && o.status() != StatusNXDomain {
				for _, name := range misplaced(x.root) {
					x.ask(name, resolver.TypeTXT, asMisplaced)
				}
				for _, name := range guards(x.root) {
					x.ask(name, resolver.TypeTXT, 0)
				}
			}
		}
		if f := o.record(); p&asMisplaced != 0 && f.count == 1 {
			x.meant(x.root, f.text, 0)
		}
	case resolver.TypeMX:
		if own != 0 && q.name != x.root && o.status() == StatusNone {
			// It may be a host, which a names.
			x.ask(q.name, resolver.TypeA, 0)
			x.ask(q.name, resolver.TypeAAAA, 0)
		}
		for host := range exchangers(o) {
			x.ask(host, resolver.TypeA, own)
			x.ask(host, resolver.TypeAAAA, own)
		}
	}
	if p&asTarget != 0 {
		x.absent(q.name, o)
	}
}

// leadsTo reports whether one of the terms of a record includes the record itself, or the one
// where all begins.
func leadsTo(terms []spf.Term, domain, root string) bool {
	return slices.ContainsFunc(terms, func(t spf.Term) bool {
		return (t.Kind == spf.KindInclude || t.Kind == spf.KindRedirect) && (strings.EqualFold(t.Spec, domain) || strings.EqualFold(t.Spec, root))
	})
}

// undotted is the target that an alias of the domain's own was meant to have, if it leads nowhere
// because the zone added its name to one without a final dot, and where that alias stands: it may be the
// last of several. Else both are empty.
func undotted(name, root string, o *outcome) (target, at string) {
	if o.status() != StatusNXDomain || len(o.answer.CNAMEs) == 0 {
		return "", ""
	}
	at = resolver.LastOwner(name, o.answer.CNAMEs)
	if sameOwner(at, root) {
		target = resolver.Undotted(aliasEnd(o), root, registrable(root))
	}
	if target == "" {
		return "", ""
	}
	return target, at
}

// aliasEnd is the name that the aliases of an answer lead to.
func aliasEnd(o *outcome) string { return o.answer.CNAMEs[len(o.answer.CNAMEs)-1] }

// meant asks what a record would lead to if it were what it was meant to be, so that
// a proposal can be tried.
func (x *examiner) meant(domain, text string, own purpose) {
	f := &recordFacts{text: text, count: 1}
	f.terms, f.layout = spf.Parse(text)
	x.visit(domain, f, own)
}

// withoutSlips is a record with what was probably meant in place of names that the
// grammar allows and nobody means.
func withoutSlips(text string) string {
	terms, _ := spf.Parse(text)
	out := []string{spf.Version}
	for i := range terms {
		if fixed, _ := fix(terms[i], 3); len(fixed) > 0 && terms[i].Kind != spf.KindModifier {
			out = append(out, fixed...)
		} else {
			out = append(out, terms[i].Text)
		}
	}
	return strings.Join(out, " ")
}

// visit asks what a record leads to.
func (x *examiner) visit(domain string, f *recordFacts, own purpose) {
	weight, mine := 0, own != 0 || sameOwner(domain, x.root)
	for i := range f.terms {
		t := &f.terms[i]
		if weight += weightOf(t); weight > maxWeight {
			break // the tree shows no more of it
		}
		switch ignored := f.layout.Ignored(i, t); {
		case f.layout.ErrorAt < 0 && mine && ignored != "redirect_with_all" && suspicious(t):
			if fixed, _ := fix(*t, 3); fixed != nil {
				x.meant(domain, spf.Version+" "+strings.Join(fixed, " "), 0)
			} else if own := dotForMark(t, x.root); own != "" {
				x.ask(own, resolver.TypeTXT, asRecord)
				x.ask(guardBeside(own), resolver.TypeTXT, 0)
			}
		case ignored == "after_all" && mine && f.layout.ErrorAt < 0:
			// Whether it can be moved before all, its target says.
			x.meant(domain, spf.Version+" "+t.Text, 0)
			continue
		case ignored == "redirect_with_all" && mine && f.layout.ErrorAt < 0:
			// Whether it names anybody, too.
			x.meant(domain, spf.Version+" "+t.Text, 0)
			continue
		case t.Error != "" || ignored != "":
			continue
		}
		name, _, ok := t.Target(domain, x.root)
		if end := ""; !ok && (t.Kind == spf.KindInclude || t.Kind == spf.KindRedirect) {
			if end = knownEnd(t, domain, x.root); end != "" {
				x.ask(end, resolver.TypeTXT, 0)
			}
		}
		if !ok || !spf.Askable(name) {
			continue
		}
		switch t.Kind {
		case spf.KindInclude, spf.KindRedirect:
			if !spf.Checkable(name) {
				continue
			}
			p := asRecord | asTarget
			if t.Kind == spf.KindRedirect && own != 0 && registrable(name) == registrable(x.root) {
				p |= asOwn
			}
			x.ask(name, resolver.TypeTXT, p)
		case spf.KindA:
			x.ask(name, resolver.TypeA, asTarget|own)
			x.ask(name, resolver.TypeAAAA, asTarget|own)
		case spf.KindMX:
			x.ask(name, resolver.TypeMX, asTarget|own)
		case spf.KindExists:
			x.ask(name, resolver.TypeA, asTarget)
		case spf.KindExp:
			x.ask(name, resolver.TypeTXT, 0)
		}
	}
}

// absent asks whether the registrable domain of a target that does not exist has
// an owner. Only what was absent is asked about.
func (x *examiner) absent(name string, o *outcome) {
	if o.status() != StatusNXDomain {
		return
	}
	end := resolver.Denied(name, o.answer.CNAMEs)
	d, top := acquirable(end, x.root)
	if d != "" && d != end && d != registrable(x.root) {
		x.ask(d, resolver.TypeSOA, 0)
	}
	if top != "" {
		x.ask(top, resolver.TypeSOA, 0)
	}
}
