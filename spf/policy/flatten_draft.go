package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"mailworthy/finding"
	"mailworthy/resolver"
	"mailworthy/spf"
)

// candidate is a term that could be flattened.
type candidate struct {
	key    string
	ranges int
}

// source is where addresses come from.
type source struct {
	set   addresses
	place Place
}

// run is a part of a record whose terms have one sign: their order makes no
// difference to the result.
type run struct {
	sign spf.Qualifier
	set  addresses
	kept []named
}

// named is a term that stays one that asks the DNS.
type named struct {
	text string
	cost int
	// include is the name of the record that it includes, in the domain in whose record
	// it stands.
	include, in string
}

// lookups is what the terms of a run cost that stay names.
func (r *run) lookups() int {
	n := 0
	for i := range r.kept {
		n += r.kept[i].cost
	}
	return n
}

// names are the texts of the terms of a run that stay names.
func (r *run) names() []string {
	out := make([]string, len(r.kept))
	for i := range r.kept {
		out[i] = r.kept[i].text
	}
	return out
}

// draft is one way to write the record.
type draft struct {
	runs      []run
	sources   []source
	tail      []string // all or redirect, exp, modifiers
	lookups   int
	records   []finding.Record
	ranges    []FlatRange
	flattened []candidate
	kept      []Place
	dropped   []Place
	wrong     string

	p    *Policy
	full map[string]*Record
	keep map[string]bool
	flattening
	asIs bool // nothing is flattened
	// inlined are the records whose terms stand in the draft already.
	inlined map[string]bool
}

// draft writes the record, with the terms in keep left as they are.
func (p *Policy) draft(full map[string]*Record, keep map[string]bool, which flattening) *draft {
	d := &draft{p: p, full: full, keep: keep, flattening: which, inlined: make(map[string]bool)}
	d.record(p.Record, 0)
	if which.own {
		d.spareInner()
	}
	d.layout()
	return d
}

// draftAsIs writes the record without flattening anything, so that it is only
// spread over several names.
func (p *Policy) draftAsIs(full map[string]*Record) *draft {
	d := &draft{p: p, full: full, asIs: true}
	d.record(p.Record, 0)
	d.layout()
	return d
}

// record adds the terms of a record that stands for itself: the domain's own, or
// one that it redirects to.
func (d *draft) record(r *Record, depth int) {
	var redirect, exp *Term
	all := ""
	for i := range r.Terms {
		t := &r.Terms[i]
		switch {
		case t.Ignored != "":
			d.dropped = append(d.dropped, Place{In: r.Domain, Term: t.Text, Why: "no receiver reads it"})
		case t.Kind == spf.KindAll:
			all = t.Text
		case t.Kind == spf.KindRedirect:
			redirect = t
		case t.Kind == spf.KindExp:
			exp = t
		case t.Kind == spf.KindModifier:
			d.tail = append(d.tail, t.Text)
		default:
			d.term(t, r, t.parsed.Sign, depth == 0)
		}
	}
	if redirect != nil {
		target := d.full[redirect.Target]
		why := cmp.Or(d.unseen[key(r, redirect)], "it is kept as it is")
		if !d.asIs && d.unseen[key(r, redirect)] == "" && redirect.Unknown == "" && target != nil && depth < 10 && !d.foreign(redirect) && d.inline(target, false) == "" {
			d.record(target, depth+1)
			return
		}
		d.tail = append([]string{"redirect=" + redirect.Value}, d.tail...)
		d.keepTerm(redirect, r, why)
		d.lookups += redirect.Cost
	}
	if exp != nil {
		d.tail = append(d.tail, exp.Text)
	}
	if all != "" {
		d.tail = append([]string{all}, d.tail...)
	}
}

func (d *draft) keepTerm(t *Term, r *Record, why string) {
	d.kept = append(d.kept, Place{In: r.Domain, Term: t.Text, Why: why})
}

// to is the run that terms of a sign go to.
func (d *draft) to(sign spf.Qualifier) *run {
	if n := len(d.runs); n == 0 || d.runs[n-1].sign != sign {
		d.runs = append(d.runs, run{sign: sign})
	}
	return &d.runs[len(d.runs)-1]
}

// key names a term over drafts.
func key(r *Record, t *Term) string { return r.Domain + " " + strconv.Itoa(t.Offset) }

// term adds one mechanism of a record, under a sign that may be that of an
// include around it. own says that the term stands in the domain's own record,
// if it can be written as it is.
func (d *draft) term(t *Term, r *Record, sign spf.Qualifier, own bool) {
	switch t.Kind {
	case spf.KindIP4, spf.KindIP6:
		d.flat(t, r, sign, own)
		return
	case spf.KindExists, spf.KindPTR:
		why := "it depends on the client"
		if t.Kind == spf.KindExists && t.Unknown == "" {
			why = "exists can only be asked"
		}
		d.keepTerm(t, r, why)
		d.name(t, r, sign, t.Text)
		return
	}
	if t.Unknown != "" {
		d.keepTerm(t, r, t.Unknown)
		d.name(t, r, sign, t.Text)
		return
	}
	k := key(r, t)
	why := d.stays(t, k)
	switch {
	case why == "" && t.Kind == spf.KindInclude && d.full[t.Target] == nil:
		return
	case why == "" && t.Kind == spf.KindInclude && d.inParts(d.full[t.Target]):
		// Not all of it can be flattened. Its parts may.
		if d.own {
			d.flattened = append(d.flattened, candidate{key: k})
		}
		d.include(d.full[t.Target], sign)
		return
	case why == "" && t.Void:
		d.dropped = append(d.dropped, Place{In: r.Domain, Term: t.Text, Why: "it finds nothing"})
		return
	case why == "":
		d.flattened = append(d.flattened, candidate{k, len(t.match)})
		d.flat(t, r, sign, own)
		return
	case why == nobodys:
		d.dropped = append(d.dropped, Place{In: r.Domain, Term: t.Text, Why: why})
		return
	}
	d.keepTerm(t, r, why)
	text := t.Text
	if !own {
		text = string(t.Kind) + ":" + t.Target + lengths(t.parsed)
	}
	d.name(t, r, sign, text)
}

// nobodys is why an include of somebody else's record is not needed.
const nobodys = "its record authorises nobody"

// stays says why an a, mx or include, whose key is k, stays a name; empty if it can be
// flattened, as a whole or in parts.
func (d *draft) stays(t *Term, k string) string {
	target := d.full[t.Target]
	why := d.unseen[k]
	switch {
	case why != "":
		return why // it is not known what it holds
	case d.asIs:
		return "nothing is flattened"
	case t.Kind == spf.KindInclude && target == nil:
		return ""
	case d.foreign(t) && t.Kind == spf.KindInclude && len(t.match) == 0 && target.facts.passExact:
		return nobodys
	case d.foreign(t):
		return "it is not the domain's own"
	case t.Kind == spf.KindInclude && d.own:
		why = d.inline(target, true)
	case t.Kind == spf.KindInclude:
		if why = rotates(target, d.full); why == "" && t.match.covers(everything) {
			why = "it authorises everyone"
		}
		if why == "" && d.inParts(target) {
			why = d.inline(target, true)
		}
	default:
		why = shortLived(t)
	}
	if why == "" && d.keep[k] {
		why = "its addresses would take as many records as it takes lookups"
	}
	return why
}

// foreign reports whether only what is the domain's own is flattened, and a term leads
// elsewhere: to a record of another domain, or to hosts of one.
func (d *draft) foreign(t *Term) bool { return d.own && !t.within(d.p.Domain) }

// within reports whether a term leads to names of a domain's own administration alone:
// those below the same registrable domain, its aliases and hosts included.
func (t *Term) within(domain string) bool {
	if !sameOwner(t.Target, domain) {
		return false
	}
	for i := range t.Evidence {
		e := &t.Evidence[i]
		if !sameOwner(e.Name, domain) || slices.ContainsFunc(e.CNAMEs, func(s string) bool { return !sameOwner(s, domain) }) {
			return false
		}
	}
	return t.Record == nil || !slices.ContainsFunc(t.Record.Evidence.CNAMEs, func(s string) bool { return !sameOwner(s, domain) })
}

// inParts reports whether the terms of an included record are flattened one by one.
func (d *draft) inParts(target *Record) bool {
	return target != nil && (d.own || !target.facts.passExact || d.holdsUnseen(target, make(map[string]bool)))
}

// include adds the terms of an included record. A client that they match comes to no
// second copy of them, whatever its sign.
func (d *draft) include(r *Record, sign spf.Qualifier) {
	if d.inlined[r.Domain] {
		return
	}
	d.inlined[r.Domain] = true
	for i := range r.Terms {
		if n := &r.Terms[i]; n.Ignored == "" && n.Kind.Directive() && n.Kind != spf.KindAll {
			d.term(n, r, sign, false)
		}
	}
}

// spareInner leaves out includes of records that another include has within it (see reaches).
func (d *draft) spareInner() {
	for i := range d.runs {
		r := &d.runs[i]
		for j := 0; j < len(r.kept); j++ {
			n := r.kept[j]
			outer := slices.IndexFunc(r.kept, func(o named) bool {
				return n.include != "" && o.include != "" && o.include != n.include && reaches(d.full, d.p.Domain, o.include, n.include)
			})
			if outer >= 0 {
				d.dropped = append(d.dropped, Place{In: n.in, Term: n.text, Why: r.kept[outer].text + " has it within"})
				r.kept = slices.Delete(r.kept, j, j+1)
				j--
			}
		}
	}
}

// reaches reports whether the record at a name includes another one, by records of that
// one's owner or of the domain's own alone, with nothing before that takes away what it
// authorises. If others led there, they could cease to.
func reaches(full map[string]*Record, domain, from, to string) bool {
	seen := make(map[string]bool)
	var down func(name string) bool
	down = func(name string) bool {
		r := full[name]
		if r == nil || seen[name] || !sameOwner(name, to) && !sameOwner(name, domain) {
			return false
		}
		seen[name] = true
		for i := range r.Terms {
			t := &r.Terms[i]
			switch {
			case t.Ignored != "":
			case t.Kind.Directive() && t.Qualifier != "+":
				return false
			case (t.Kind == spf.KindInclude || t.Kind == spf.KindRedirect) && (t.Target == to || down(t.Target)):
				return true
			}
		}
		return false
	}
	return down(from)
}

// lengths writes the prefix lengths of "a" and "mx".
func lengths(t *spf.Term) string {
	s := ""
	if t.Bits4 != 32 {
		s = "/" + strconv.Itoa(int(t.Bits4))
	}
	if t.Bits6 != 128 {
		s += "//" + strconv.Itoa(int(t.Bits6))
	}
	return s
}

// name adds a term that asks the DNS, of the record r.
func (d *draft) name(t *Term, r *Record, sign spf.Qualifier, text string) {
	text = strings.TrimLeft(text, "+-~?")
	if sign != '+' {
		text = string(rune(sign)) + text
	}
	n := named{text: text, cost: max(1, t.Cost), in: r.Domain}
	if t.Kind == spf.KindInclude {
		n.include = t.Target
	}
	to := d.to(sign)
	if !slices.ContainsFunc(to.kept, func(o named) bool { return o.text == text }) {
		to.kept = append(to.kept, n)
	}
}

// flat adds what a term matches.
func (d *draft) flat(t *Term, r *Record, sign spf.Qualifier, own bool) {
	to := d.to(sign)
	to.set = union(to.set, t.match)
	if t.Kind != spf.KindInclude {
		d.sources = append(d.sources, source{t.match, Place{In: r.Domain, Term: t.Text}})
		return
	}
	d.includeSources(t, 0, make(map[string]bool))
}

// includeSources notes which terms below an include authorise what.
func (d *draft) includeSources(t *Term, depth int, seen map[string]bool) {
	target := d.full[t.Target]
	if target == nil || seen[t.Target] || depth > maxRecords {
		return
	}
	seen[t.Target] = true
	for i := range target.Terms {
		n := &target.Terms[i]
		switch {
		case n.Ignored != "" || n.Error != "":
		case n.Kind == spf.KindInclude || n.Kind == spf.KindRedirect:
			d.includeSources(n, depth+1, seen)
		case n.Qualifier == "+" && len(n.match) > 0:
			d.sources = append(d.sources, source{n.match, Place{In: target.Domain, Term: n.Text}})
		}
	}
}

// inline says why the terms of a record cannot be written into another one; empty
// if they can. included: as those of an include, whose result counts only when
// it is pass.
func (d *draft) inline(r *Record, included bool) string {
	for i := range r.Terms {
		t := &r.Terms[i]
		switch {
		case t.Ignored != "":
		case t.parsed.Macros || t.Kind == spf.KindPTR:
			return "its record depends on the client, by " + quotable(t.Text)
		case t.Kind == spf.KindExists:
			return "its record has " + quotable(t.Text)
		case !included:
		case t.Kind == spf.KindAll && t.Qualifier == "+":
			return "its record authorises everyone"
		case t.Kind == spf.KindRedirect:
			return "its record has a redirect"
		case t.Kind.Directive() && t.Kind != spf.KindAll && t.Qualifier != "+":
			return "its record has " + quotable(t.Text)
		}
	}
	return ""
}

// rotates says why what a record authorises changes often; empty if it does
// not, as far as the DNS says.
func rotates(r *Record, full map[string]*Record) string {
	return rotatesBelow(r, full, make(map[string]bool))
}

func rotatesBelow(r *Record, full map[string]*Record, seen map[string]bool) string {
	if seen[r.Domain] {
		return ""
	}
	seen[r.Domain] = true
	if slices.Contains(rotating, r.Domain) {
		return "its ranges change often: the provider of " + r.Domain + " asks to keep the include"
	}
	if r.Evidence.TTL < changesOften {
		return fmt.Sprintf("it changes often: the record of %s may be kept for %d seconds only", r.Domain, r.Evidence.TTL)
	}
	for i := range r.Terms {
		t := &r.Terms[i]
		if t.Ignored != "" || t.Unknown != "" {
			continue
		}
		switch t.Kind {
		case spf.KindA, spf.KindMX:
			if why := shortLived(t); why != "" {
				return why
			}
		case spf.KindInclude, spf.KindRedirect:
			if n := full[t.Target]; n != nil {
				if why := rotatesBelow(n, full, seen); why != "" {
					return why
				}
			}
		}
	}
	return ""
}

// shortLived says whether the addresses of a term change often.
func shortLived(t *Term) string {
	for _, e := range t.Evidence {
		if e.Status == string(resolver.Found) && e.TTL < changesOften {
			return fmt.Sprintf("it changes often: %s %s may be kept for %d seconds only", e.Name, e.Type, e.TTL)
		}
	}
	return ""
}
