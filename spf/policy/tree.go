package policy

import (
	"cmp"
	"strconv"
	"strings"

	"mailworthy/internal/ascii"
	"mailworthy/resolver"
	"mailworthy/spf"
)

// maxCost is where counting stops: includes of includes multiply.
const maxCost = 1_000_000

// recordFacts are those of one name, wherever it stands in the tree.
type recordFacts struct {
	// text is the SPF record if count, how many there are, is one.
	text   string
	count  int
	terms  []spf.Term
	layout spf.Layout
	// meant is what it was meant to be, if it is in error. nearText is what was meant
	// to be a record if there is none, once sought.
	meant    *repaired
	nearText string
	sought   bool

	begun, done bool // the tree shows it
	cost        int
	costExact   bool
	voids       [3]int // for any client, for IPv4, for IPv6
	// pass are the addresses that the record authorises; passExact says that
	// there are no others.
	pass      addresses
	passExact bool
	// error is why the record is a permerror by itself.
	error string
}

// builder makes the tree out of answers. It asks nothing.
type builder struct {
	*answers
	p *Policy
	// ranges is how many the tree has, weight how much its terms say.
	ranges, weight int
}

// The bounds of a tree: how much the terms of one record, and of all, may say, by
// weight. A record has 500 terms that ask nothing or 100 that ask, and 1,000 addresses
// of hosts: ten times what the largest honest records hold. The first term is shown
// whatever its addresses are.
const (
	maxWeight     = 4000
	maxTreeWeight = 5 * maxWeight

	maxTerms      = maxWeight / weightOfTerm
	weightOfTerm  = 8
	weightOfAsked = 40
	weightOfHost  = 20
)

// weight is how much a term says that leads nowhere yet.
func weightOf(t *spf.Term) int {
	if t.Error == "" && t.Kind.Costs() {
		return weightOfAsked
	}
	return weightOfTerm
}

// weight is how much a term says with what it leads to, but for a record: each address
// stands in Prefixes, in the evidence, and with its host.
func (t *Term) weight() int {
	w := weightOf(t.parsed)
	if t.parsed.Kind.Costs() {
		w += 2 * len(t.Prefixes)
	}
	for i := range t.Hosts {
		w += weightOfHost + len(t.Hosts[i].Addresses)
	}
	return w
}

// assemble makes the facts of a policy.
func assemble(k *answers) *Policy {
	p := &Policy{Domain: k.root, Questions: len(k.asked), Cut: k.cut, answers: k}
	b := &builder{answers: k, p: p}
	p.Record = b.record(k.root)
	p.Status = p.Record.Status
	p.Lookups, p.LookupsExact = p.Record.Lookups, p.Record.LookupsExact
	f := p.Record.facts
	p.Voids, p.VoidsIPv4, p.VoidsIPv6 = f.voids[0], f.voids[1], f.voids[2]
	p.pass = f.pass
	p.account(b.ranges)
	p.crowd()
	return p
}

// record builds the node of a domain.
func (b *builder) record(domain string) *Record {
	o := b.get(domain, resolver.TypeTXT)
	if o.cut {
		b.asked[question{domain, resolver.TypeTXT}] = o // to know it again
	}
	f := o.record()
	r := &Record{Domain: domain, Status: o.recordStatus(), Text: f.text, Evidence: b.evidence(domain, resolver.TypeTXT), facts: f}
	if o.status() == StatusFound {
		r.Octets = len(domain)
		for i := range o.answer.Records {
			r.Octets += octets(&o.answer.Records[i])
		}
	}
	if f.begun {
		r.Loop, r.Repeated = !f.done, f.done
		r.Lookups, r.LookupsExact, r.Error = f.cost, f.costExact && f.done, f.error
		if r.Loop {
			// What a loop costs has no end; what led here counts the rest.
			r.facts = &recordFacts{}
		}
		return r
	}
	r.Published = o.published()
	f.begun, f.costExact, f.passExact = true, true, true
	switch r.Status {
	case StatusFound:
		b.terms(r, f)
	case StatusMultiple:
		r.Error = strconv.Itoa(f.count) + " SPF records"
		f.passExact = false
	case StatusUnresolved, StatusNotAsked:
		f.costExact, f.passExact = false, false
	}
	f.error = r.Error
	f.done = true
	r.Lookups, r.LookupsExact = f.cost, f.costExact
	return r
}

// published are the TXT records of an answer.
func (o *outcome) published() []Published {
	records := o.records()
	if len(records) == 0 {
		return nil
	}
	out := make([]Published, len(records))
	for i := range records {
		r := &records[i]
		out[i] = Published{Strings: r.TXT, Octets: octets(r), SPF: spf.IsRecord(r.Text())}
	}
	return out
}

// octets is the length of the text of a TXT record.
func octets(r *resolver.Record) int {
	n := 0
	for _, s := range r.TXT {
		n += len(s)
	}
	return n
}

// terms builds the terms of a record and adds up what they cost and authorise.
func (b *builder) terms(r *Record, f *recordFacts) {
	if l := &f.layout; l.ErrorAt >= 0 {
		r.Error = quote(f.terms[l.ErrorAt].Text) + ": " + l.Error
		f.passExact = false
	}
	networks := 0
	for i := range f.terms {
		if f.terms[i].Prefix.IsValid() {
			networks++
		}
	}
	room := make([]literal, networks)
	r.Terms = make([]Term, 0, min(len(f.terms), maxTerms))
	weight := 0
	for i := range f.terms {
		if w := weightOf(&f.terms[i]); weight+w > maxWeight || b.weight+w > maxTreeWeight {
			r.LeftOut = len(f.terms) - i
			b.p.Cut, f.passExact, f.costExact = true, false, false
			break
		}
		r.Terms = r.Terms[:i+1]
		t := &r.Terms[i]
		b.term(t, &f.terms[i], f.layout.Ignored(i, &f.terms[i]), r)
		if t.parsed.Prefix.IsValid() && t.Ignored == "" {
			t.literal(&room[0])
			room = room[1:]
		}
		weight += t.weight()
		b.weight += t.weight()
		if t.Qualifier == "+" {
			b.ranges += len(t.Prefixes)
		}
		f.cost = min(f.cost+t.Cost, maxCost)
		f.costExact = f.costExact && t.CostExact
		if t.Record != nil && t.Ignored == "" {
			for j := range f.voids {
				f.voids[j] = min(f.voids[j]+t.Record.facts.voids[j], maxCost)
			}
		}
		if t.Void || t.VoidFor == "ipv4" {
			f.voids[1]++
		}
		if t.Void || t.VoidFor == "ipv6" {
			f.voids[2]++
		}
		if t.Void {
			f.voids[0]++
			if len(b.p.VoidLookups) < maxListed {
				b.p.VoidLookups = append(b.p.VoidLookups, Void{In: r.Domain, Term: t.Text, Name: t.Target, Status: t.Status})
			}
		}
	}
	if r.Error != "" {
		return // nobody passes by a record in error (RFC 7208, 4.6)
	}
	f.pass, f.passExact = authorised(r.Terms, f.passExact)
}

// term builds one term.
func (b *builder) term(t *Term, parsed *spf.Term, ignored string, r *Record) {
	t.Text, t.Offset, t.Kind, t.Error, t.Ignored = parsed.Text, parsed.Offset, parsed.Kind, parsed.Error, ignored
	t.CostExact, t.parsed, t.exact = true, parsed, true
	t.Value = valueOf(parsed.Text)
	if parsed.Kind.Directive() {
		t.Qualifier = parsed.Sign.String()
	}
	if len(r.Text) <= maxRepaired {
		t.Meant = cmp.Or(meant(*parsed), b.markForDot(parsed))
	}
	if t.Error != "" {
		t.exact = false
		return
	}
	if t.Ignored != "" {
		return
	}
	switch parsed.Kind {
	case spf.KindAll:
		t.match = everything
		return
	case spf.KindIP4, spf.KindIP6, spf.KindModifier:
		return
	}
	if parsed.Kind.Costs() {
		t.Cost = 1
	}
	if parsed.Kind == spf.KindPTR {
		t.Unknown, t.exact = "it depends on the names of the client", false
	}
	name, bad, ok := parsed.Target(r.Domain, b.root)
	if !ok {
		if parsed.Kind == spf.KindInclude || parsed.Kind == spf.KindRedirect {
			if end := knownEnd(parsed, r.Domain, b.root); b.barren(end) {
				// Whoever the client is, there is no record.
				t.Target, t.Status, t.Cost = end, StatusNXDomain, 1
				t.Evidence = append(t.Evidence, b.evidence(end, resolver.TypeTXT))
				return
			}
		}
		t.Unknown, t.exact = "%{"+string(bad)+"} depends on the client"+stateIt(bad), false
		if parsed.Kind == spf.KindInclude || parsed.Kind == spf.KindRedirect {
			t.CostExact = false
			b.p.Uncountable = append(b.p.Uncountable, Place{In: r.Domain, Term: t.Text, Why: t.Unknown})
		}
		return
	}
	t.Target = name
	if !spf.Askable(name) {
		t.Status = StatusInvalid
		return
	}
	switch parsed.Kind {
	case spf.KindInclude, spf.KindRedirect:
		b.nested(t, r)
	case spf.KindA:
		b.addressTerm(t)
	case spf.KindMX:
		b.mxTerm(t)
	case spf.KindExists:
		b.ask(t, name, resolver.TypeA)
		t.Void = t.Status.absent()
		t.exact = false
		if t.Status == StatusFound {
			t.match, t.exact = everything, true
		} else if t.Void {
			t.exact = true
		}
	case spf.KindExp:
		b.explanation(t)
	}
	b.absent(t, r)
}

// knownEnd is the domain that every name lies below which a term stands for, whatever the
// address of the client: what follows the last macro that depends on it. It is empty if
// that is no name, or more than the address is to be stated first.
func knownEnd(t *spf.Term, domain, root string) string {
	for _, piece := range strings.Split(t.Spec, "%{")[1:] {
		if strings.IndexByte("divDIV", (piece + " ")[0]) < 0 {
			return ""
		}
	}
	at := strings.IndexByte(t.Spec, '.')
	for at >= 0 {
		end := spf.ParseTerm("include:" + t.Spec[at+1:])
		if name, _, ok := end.Target(domain, root); ok && end.Error == "" && spf.Checkable(name) {
			return name
		}
		next := strings.IndexByte(t.Spec[at+1:], '.')
		if next < 0 {
			break
		}
		at += 1 + next
	}
	return ""
}

// barren reports whether a loaded zone holds no name at or below another one. A server
// that says so may still have names below it: many that make names up do.
func (k *answers) barren(name string) bool {
	if name == "" {
		return false
	}
	o := k.get(name, resolver.TypeTXT)
	return o.status() == StatusNXDomain && len(o.answer.CNAMEs) == 0 && o.answer.OfZone()
}

// stateIt names the flag that states what a macro letter stands for, behind a colon.
func stateIt(letter byte) string {
	switch ascii.Lower(letter) {
	case 'h':
		return ": --helo states it"
	case 'l', 's':
		return ": --mail-from states it"
	case 'i', 'c', 'p', 'v':
		return ": --ip states it"
	}
	return ""
}

// valueOf is what stands behind the first colon or equals sign.
func valueOf(text string) string {
	for i := range len(text) {
		if text[i] == ':' || text[i] == '=' {
			return text[i+1:]
		}
	}
	return ""
}

// ask adds a question to a term's evidence and takes its status.
func (b *builder) ask(t *Term, name string, typ resolver.Type) []resolver.Record {
	o := b.get(name, typ)
	t.Status = o.status()
	t.Evidence = append(t.Evidence, b.evidence(name, typ))
	return o.records()
}

// nested builds the record of an include or redirect.
func (b *builder) nested(t *Term, r *Record) {
	if !spf.Checkable(t.Target) {
		t.Status = StatusInvalid
		return
	}
	t.Record = b.record(t.Target)
	f := t.Record.facts
	t.Status = t.Record.Status
	t.Cost = min(1+f.cost, maxCost)
	t.CostExact = t.Record.LookupsExact
	switch {
	case t.Record.Loop:
		b.p.Uncountable = append(b.p.Uncountable, Place{In: r.Domain, Term: t.Text, Why: "a loop has no end"})
	case t.Status.unknown():
		b.p.Uncountable = append(b.p.Uncountable, Place{In: r.Domain, Term: t.Text, Why: "the record is not known"})
	}
	// A name with other TXT records is an answer, and no void lookup.
	t.Void = b.get(t.Target, resolver.TypeTXT).status().absent()
	t.match, t.exact = f.pass, f.passExact && !t.Record.Loop
}

// explanation reads the target of an exp (RFC 7208, 6.2).
func (b *builder) explanation(t *Term) {
	records := b.ask(t, t.Target, resolver.TypeTXT)
	switch {
	case t.Status.unknown():
	case len(records) == 0:
		t.ExplanationError = "there is no TXT record at " + t.Target
	case len(records) > 1:
		t.ExplanationError = strconv.Itoa(len(records)) + " TXT records at " + t.Target + ", and only one is used"
	default:
		t.Explanation = records[0].Text()
		if wrong := spf.ExplanationError(t.Explanation); wrong != "" {
			t.ExplanationError = "the text has " + wrong
		}
	}
}

// absent notes a target that does not exist, with what is known of the domain
// that one would register to own it.
func (b *builder) absent(t *Term, r *Record) {
	var typ resolver.Type
	switch t.Kind {
	case spf.KindInclude, spf.KindRedirect:
		typ = resolver.TypeTXT
	case spf.KindA, spf.KindExists:
		typ = resolver.TypeA
	case spf.KindMX:
		typ = resolver.TypeMX
	default:
		return
	}
	o := b.get(t.Target, typ)
	if t.Target == b.root || o.status() != StatusNXDomain {
		return
	}
	end := resolver.Denied(t.Target, o.answer.CNAMEs)
	d, top := acquirable(end, b.root)
	if d == "" {
		return
	}
	a := AbsentTarget{In: r.Domain, Term: t.Text, Target: t.Target, Registrable: d, asked: b.evidence(t.Target, typ)}
	if end != t.Target {
		a.Name = end
	}
	switch {
	case d == end:
		a.Status, a.Evidence = StatusNXDomain, a.asked
	case d == registrable(b.root):
		a.Status, a.Evidence = StatusFound, b.evidence(b.root, resolver.TypeTXT)
		if len(b.p.Absent) > 0 {
			a.Evidence.Answer = nil // the record of the domain stands in the report, and may be long
		}
	default:
		a.Status, a.Evidence = b.get(d, resolver.TypeSOA).status(), b.evidence(d, resolver.TypeSOA)
		if a.Status == StatusNone { // it exists, without an SOA of its own
			a.Status = StatusFound
		}
	}
	if top != "" && a.Status == StatusNXDomain {
		switch s := b.get(top, resolver.TypeSOA).status(); {
		case s == StatusNXDomain:
			return // nobody sells names below it
		case s.unknown():
			a.Status, a.Evidence = s, b.evidence(top, resolver.TypeSOA)
		}
	}
	if len(b.p.Absent) < maxListed {
		b.p.Absent = append(b.p.Absent, a)
	}
}
