package policy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"mailworthy/finding"
	"mailworthy/resolver"
	"mailworthy/spf"
)

// Flattening is a proposal of records that need fewer lookups than the current
// one: addresses in place of the names that lead to them.
type Flattening struct {
	Domain  string `json:"domain"`
	Current string `json:"current"`
	// Records are those to publish, the domain's own first. Empty if there is
	// nothing to propose; then Withheld says why.
	Records  []finding.Record `json:"records"`
	Withheld string           `json:"withheld" empty:"null"`
	// Unresolved: it is withheld for want of an answer of the DNS.
	Unresolved bool `json:"unresolved"`
	// Ranges are the addresses that stand in for names, with their sources.
	Ranges []FlatRange `json:"ranges"`
	// Kept are the terms that were not flattened and why, Dropped those that are
	// not needed any more.
	Kept    []Place `json:"kept"`
	Dropped []Place `json:"dropped"`
	// LookupsBefore and LookupsAfter are the static worst cases.
	LookupsBefore int `json:"lookups_before"`
	LookupsAfter  int `json:"lookups_after"`
	// ExactBefore and ExactAfter: see Policy.LookupsExact.
	ExactBefore bool `json:"lookups_before_exact"`
	ExactAfter  bool `json:"lookups_after_exact"`
	// VoidsAfter are the void lookups of the proposal.
	VoidsAfter int `json:"voids_after"`
	// Octets is the size of the largest record with its name and what else stands
	// there.
	Octets int `json:"octets"`
	// Date is when the addresses were looked up.
	Date         time.Time    `json:"date"`
	Verification Verification `json:"verification"`
	// Upkeep says what the proposal costs to keep current.
	Upkeep string `json:"upkeep"`
}

// FlatRange is one range of a proposal.
type FlatRange struct {
	// Record is the name of the record that holds it.
	Record string       `json:"record"`
	Prefix netip.Prefix `json:"prefix"`
	// Sources are the terms that it stands for, with the domains of their records.
	Sources []Place `json:"sources"`
	// Comment is the date and the sources, for a zone file.
	Comment string `json:"comment"`
}

// Verification is the comparison of the current record and the proposal.
type Verification struct {
	// Addresses is how many were evaluated by both: both ends of every range of
	// the current policy, the middle, and what lies next to it.
	Addresses int `json:"addresses"`
	// Disagreements are those with different results: none in a proposal that is
	// offered.
	Disagreements []Disagreement `json:"disagreements"`
}

// Disagreement is an address with two results.
type Disagreement struct {
	Addr   netip.Addr `json:"addr"`
	Before spf.Result `json:"before"`
	After  spf.Result `json:"after"`
}

// maxOctets is what the name and all TXT records there should stay under (RFC
// 7208, 3.4).
const maxOctets = 450

// changesOften is the time to live below which a publisher says that a record
// may change within minutes, in seconds.
const changesOften = 300

// rotating are the records of providers who say that their ranges change and that
// the include is to be kept.
var rotating = []string{"_spf.google.com", "spf.protection.outlook.com", "amazonses.com"}

// Flatten proposes records that need fewer lookups (RFC 7208, 4.6.4) and
// authorise the same addresses. Names whose addresses depend on the client or
// change often stay names. The proposal is compared with the current record
// before it is returned, on the same answers; if it fails, it is withheld.
//
// An error means that there is no such domain to look at.
func Flatten(ctx context.Context, r resolver.Resolver, domain string, now time.Time) (*Flattening, error) {
	p := Examine(ctx, r, domain)
	if p.Status == StatusInvalid {
		return nil, errors.New("spf: " + quote(domain) + " is not a domain to check")
	}
	seen, unseen := p.withoutUnseen()
	f := seen.flatten(ctx, now, maxSamples, unseen)
	if len(unseen) > 0 && len(f.Records) == 0 {
		return p.flatten(ctx, now, maxSamples, nil), nil // what is missing is named
	}
	f.ExactBefore = p.LookupsExact
	f.ExactAfter = f.ExactAfter && len(unseen) == 0
	return f, nil
}

// flatten makes a proposal out of facts alone, comparing as many addresses as
// samples says. The terms in unseen stay names (see withoutUnseen).
func (p *Policy) flatten(ctx context.Context, now time.Time, samples int, unseen map[string]string) *Flattening {
	f := &Flattening{Domain: p.Domain, Current: p.Record.Text, LookupsBefore: p.Lookups, ExactBefore: p.LookupsExact, Date: now,
		Records: []finding.Record{}, Ranges: []FlatRange{}, Kept: []Place{}, Dropped: []Place{}, Verification: Verification{Disagreements: []Disagreement{}}}
	if f.Withheld = p.unfit(); f.Withheld != "" {
		f.Unresolved = strings.HasPrefix(f.Withheld, unsaid)
		return f
	}
	full := make(map[string]*Record)
	p.walk(func(r *Record, _ bool) {
		if !r.Loop && !r.Repeated {
			full[r.Domain] = r
		}
	})
	best := p.draft(full, nil, unseen)
	// A name whose addresses take as many records as the name takes lookups is
	// better left alone: nothing to keep current.
	keep := make(map[string]bool)
	candidates := slices.Clone(best.flattened)
	slices.SortStableFunc(candidates, func(a, b candidate) int { return b.ranges - a.ranges })
	for _, c := range candidates {
		keep[c.key] = true
		d := p.draft(full, keep, unseen)
		switch {
		case best.wrong != "", d.wrong == "" && d.lookups <= best.lookups:
			best = d
		default:
			delete(keep, c.key)
		}
	}
	f.Kept, f.Dropped = append(f.Kept, best.kept...), append(f.Dropped, best.dropped...)
	if f.Withheld = best.wrong; f.Withheld != "" {
		return f
	}
	p.verify(ctx, f, best, samples)
	return f
}

// unsaid begins the reasons that another try may remove.
const unsaid = "the DNS did not say"

// unfit says why a policy cannot be flattened: first it must be repaired, and
// all of it must be known.
func (p *Policy) unfit() string {
	switch {
	case p.Status == StatusUnresolved:
		return unsaid + " what the record is"
	case p.Status == StatusMultiple:
		return "there is more than one record: merge them first"
	case p.Status != StatusFound:
		return "there is no record"
	case p.Cut:
		return "the tree is larger than the bound of the examination"
	}
	why := ""
	say := func(format string, args ...any) {
		if why == "" {
			why = fmt.Sprintf(format, args...)
		}
	}
	p.walk(func(r *Record, _ bool) {
		switch {
		case r.Loop:
			say("%s is in a loop: repair that first", r.Domain)
		case r.Status.unknown():
			say(unsaid+" what the record of %s is", r.Domain)
		case r.Status != StatusFound && r.Domain != p.Domain:
			say("%s has no usable record: remove what leads there first", r.Domain)
		case r.Error != "":
			say("the record of %s is in error (%s): repair that first", r.Domain, r.Error)
		}
		for i := range r.Terms {
			t := &r.Terms[i]
			switch {
			case t.Kind == spf.KindExp:
			case t.Status.unknown():
				say(unsaid+" what %s in %s holds", quote(t.Text), r.Domain)
			case t.Kind == spf.KindMX && len(t.Hosts) > spf.MaxHosts:
				say("%s has more than ten hosts: repair that first", quote(t.Text))
			}
			for _, h := range t.Hosts {
				if h.Status.unknown() {
					say(unsaid+" what the addresses of %s are", h.Name)
				}
			}
		}
	})
	return why
}

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
	sign    spf.Qualifier
	set     addresses
	kept    []string
	lookups int
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
	// unseen are terms that stay names, with the reasons.
	unseen map[string]string
	asIs   bool // nothing is flattened
}

// draft writes the record, with the terms in keep and unseen left as they are.
func (p *Policy) draft(full map[string]*Record, keep map[string]bool, unseen map[string]string) *draft {
	d := &draft{p: p, full: full, keep: keep, unseen: unseen}
	d.record(p.Record, 0)
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
		if !d.asIs && d.unseen[key(r, redirect)] == "" && redirect.Unknown == "" && target != nil && depth < 10 && d.inline(target, false) == "" {
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
		d.name(t, sign, t.Text)
		return
	}
	if t.Unknown != "" {
		d.keepTerm(t, r, t.Unknown)
		d.name(t, sign, t.Text)
		return
	}
	k := key(r, t)
	why := d.unseen[k]
	if why != "" {
		// It is not known what it holds.
	} else if d.asIs {
		why = "nothing is flattened"
	} else if t.Kind == spf.KindInclude {
		target := d.full[t.Target]
		if target == nil {
			return
		}
		if why = rotates(target, d.full); why == "" && t.match.covers(everything) {
			why = "it authorises everyone"
		}
		if why == "" && (!target.facts.passExact || d.holdsUnseen(target, make(map[string]bool))) {
			// Not all of it can be flattened. Its parts may.
			if why = d.inline(target, true); why == "" && !d.keep[k] {
				for i := range target.Terms {
					if n := &target.Terms[i]; n.Ignored == "" && n.Kind.Directive() && n.Kind != spf.KindAll {
						d.term(n, target, sign, false)
					}
				}
				return
			}
		}
	} else {
		why = shortLived(t)
	}
	if why == "" && d.keep[k] {
		why = "its addresses would take as many records as it takes lookups"
	}
	if why == "" {
		if t.Void {
			d.dropped = append(d.dropped, Place{In: r.Domain, Term: t.Text, Why: "it finds nothing"})
			return
		}
		d.flattened = append(d.flattened, candidate{k, len(t.match)})
		d.flat(t, r, sign, own)
		return
	}
	d.keepTerm(t, r, why)
	text := t.Text
	if !own {
		text = string(t.Kind) + ":" + t.Target + lengths(t.parsed)
	}
	d.name(t, sign, text)
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

// name adds a term that asks the DNS.
func (d *draft) name(t *Term, sign spf.Qualifier, text string) {
	text = strings.TrimLeft(text, "+-~?")
	if sign != '+' {
		text = string(rune(sign)) + text
	}
	to := d.to(sign)
	if !slices.Contains(to.kept, text) {
		to.kept = append(to.kept, text)
		to.lookups += max(1, t.Cost)
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
