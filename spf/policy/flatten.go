package policy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
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
	f := seen.flatten(ctx, now, maxSamples, flattening{unseen: unseen})
	if at := p.standsAt(); at != "" && f.Withheld == "" {
		return p.flatten(ctx, now, maxSamples, flattening{elsewhere: at}), nil
	}
	if len(unseen) > 0 && len(f.Records) == 0 {
		return p.flatten(ctx, now, maxSamples, flattening{}), nil // what is missing is named
	}
	f.ExactBefore = p.LookupsExact
	f.ExactAfter = f.ExactAfter && len(unseen) == 0
	return f, nil
}

// standsAt says where the record of the domain stands, if that is not at the domain itself: what is
// published there takes the place of an alias, or of all that a wildcard answers.
func (p *Policy) standsAt() string {
	if aliases := p.Record.Evidence.CNAMEs; len(aliases) > 0 {
		end := aliases[len(aliases)-1]
		if !sameOwner(end, p.Domain) {
			return fmt.Sprintf("it is an alias, and the record stands at %s, which is its operator's", end)
		}
		return fmt.Sprintf("it is an alias, and the record stands at %s: flatten that (mailworthy spf flatten %s)", end, end)
	}
	if p.answers == nil {
		return ""
	}
	if a := p.answers.get(p.Domain, resolver.TypeTXT).answer; a != nil && a.Wildcard != "" {
		return fmt.Sprintf("the record is the one of %s: one at %s itself would end what else the wildcard answers for it", a.Wildcard, p.Domain)
	}
	return ""
}

// flattening says what may be flattened.
type flattening struct {
	// elsewhere says why the record is flattened at another name; empty: it is not.
	elsewhere string
	// own: only what is the domain's own, and no more of that than ten lookups ask for.
	// The addresses of others grow stale as copies, and their senders are lost then.
	own bool
	// unseen are the terms that stay names, with the reasons (see withoutUnseen).
	unseen map[string]string
}

// enough reports whether a draft is as good as another one that flattens more.
func (w flattening) enough(d, best *draft) bool {
	return d.wrong == "" && (d.lookups <= best.lookups || w.own && d.lookups <= spf.MaxLookups)
}

// flatten makes a proposal out of facts alone, comparing as many addresses as
// samples says.
func (p *Policy) flatten(ctx context.Context, now time.Time, samples int, which flattening) *Flattening {
	f := &Flattening{Domain: p.Domain, Current: p.Record.Text, LookupsBefore: p.Lookups, ExactBefore: p.LookupsExact, Date: now,
		Records: []finding.Record{}, Ranges: []FlatRange{}, Kept: []Place{}, Dropped: []Place{}, Verification: Verification{Disagreements: []Disagreement{}}}
	if f.Withheld = cmp.Or(p.unfit(), which.elsewhere); f.Withheld != "" {
		f.Unresolved = strings.HasPrefix(f.Withheld, unsaid)
		return f
	}
	full := make(map[string]*Record)
	p.walk(func(r *Record, _ bool) {
		if !r.Loop && !r.Repeated {
			full[r.Domain] = r
		}
	})
	best := p.draft(full, nil, which)
	// A name whose addresses take as many records as the name takes lookups is
	// better left alone: nothing to keep current.
	keep := make(map[string]bool)
	candidates := slices.Clone(best.flattened)
	slices.SortStableFunc(candidates, func(a, b candidate) int { return b.ranges - a.ranges })
	for _, c := range candidates {
		keep[c.key] = true
		d := p.draft(full, keep, which)
		switch {
		case best.wrong != "", which.enough(d, best):
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
			case (t.Kind == spf.KindInclude || t.Kind == spf.KindRedirect) && t.Record == nil && t.Status.absent():
				say("no record stands where %s leads: repair that first", quote(t.Text))
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
