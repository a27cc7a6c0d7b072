package inspect

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"mailworthy/audit"
	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/provider/setup"
	"mailworthy/resolver"
	"mailworthy/spf"
)

// NotNewError is the error of a proposal for a domain that sends mail already: its records,
// published beside what is there, would make two of each.
type NotNewError struct {
	Domain, Record string
}

func (e *NotNewError) Error() string {
	return fmt.Sprintf("%s is not new: its SPF record names senders (%s)", e.Domain, e.Record)
}

// occupied looks for what stands where the proposal puts its records. What nobody answers
// stands in the way of nothing; a record that names no sender is to be removed first.
func (i *Inspector) occupied(ctx context.Context, p *setup.Proposal) error {
	texts := func(name string, is func(string) bool) (out []string) {
		a, err := i.Resolver.Lookup(ctx, name, resolver.TypeTXT)
		if err != nil {
			return nil
		}
		for k := range a.Records {
			if text := a.Records[k].Text(); is(text) {
				out = append(out, text)
			}
		}
		return out
	}
	say := func(name, text string) {
		p.Notes = append(p.Notes, fmt.Sprintf("Remove the record that stands at %s first, or there are two: %s", name, text))
	}
	for _, text := range texts(p.Domain, spf.IsRecord) {
		if namesSender(text) {
			return &NotNewError{p.Domain, text}
		}
		say(p.Domain, text)
	}
	for _, text := range texts("_dmarc."+p.Domain, func(text string) bool {
		return strings.HasPrefix(strings.ToUpper(text), "V=DMARC1")
	}) {
		say("_dmarc."+p.Domain, text)
	}
	for k := range p.Records {
		r := &p.Records[k]
		if r.Later != "" || r.Whose != "" || strings.Contains(r.Name, "<") {
			continue
		}
		if stands := i.stands(ctx, p, r); len(stands) > 0 {
			r.Wait("what stands at " + r.Name + " is removed, if nothing needs it: " + show.Listed(stands, 3))
		}
	}
	// What names a host that is another one yet, or is published at it, waits with its address.
	for k := range p.Records {
		host := &p.Records[k]
		if (host.Type != "A" && host.Type != "AAAA") || host.Later == "" {
			continue
		}
		for l := range p.Records {
			r := &p.Records[l]
			_, to, _ := strings.Cut(r.Value, " ")
			if r.Later == "" && r.Whose == "" && (r.Name == host.Name || r.Type == "MX" && to == host.Name) {
				r.Wait(host.Later)
			}
		}
	}
	return i.mislaid(ctx, p)
}

// stands lists what is published at the name of a proposed record and cannot stay beside it: an
// alias beside anything, another record of the kind, another host or address.
func (i *Inspector) stands(ctx context.Context, p *setup.Proposal, r *setup.Proposed) (out []string) {
	for _, t := range []resolver.Type{resolver.TypeCNAME, resolver.TypeTXT, resolver.TypeMX, resolver.TypeA, resolver.TypeAAAA} {
		if t != resolver.TypeCNAME && r.Type != "CNAME" && r.Type != t.String() {
			continue
		}
		a, err := i.Resolver.Lookup(ctx, r.Name, t)
		if err != nil || len(a.CNAMEs) > 0 && t != resolver.TypeCNAME {
			continue
		}
		for k := range a.Records {
			value := a.Records[k].String()
			same := func(o *setup.Proposed) bool { return o.Name == r.Name && o.Type == t.String() && o.Value == value }
			if slices.ContainsFunc(p.Records, func(o setup.Proposed) bool { return same(&o) }) {
				continue
			}
			if t == resolver.TypeTXT && r.Type == "TXT" && !strings.HasPrefix(r.Name, "_") && !strings.Contains(r.Name, "._domainkey.") && !(spf.IsRecord(value) && spf.IsRecord(r.Value)) {
				continue // other texts stay
			}
			out = append(out, t.String()+" "+show.Cut(value, 200))
		}
	}
	return out
}

// mislaid looks for records of SPF, DMARC and MX that were meant for the domain, and are mistyped or at
// another name: nobody reads them, and they say what the domain is for.
func (i *Inspector) mislaid(ctx context.Context, p *setup.Proposal) error {
	r := i.Through(ctx, i.Resolver, audit.Target{Domain: p.Domain, Profile: finding.Sender, Sections: []finding.Section{finding.SPF, finding.DMARC, finding.Hosts}})
	for _, f := range r.Findings {
		if f.Fix == nil || !f.Severity.AtLeast(finding.Warning) || len(f.Fix.Remove) == 0 && f.Fix.HasPlaceholder() {
			continue
		}
		for _, meant := range f.Fix.Records() {
			if meant.Type == "TXT" && meant.Name == p.Domain && spf.IsRecord(meant.Value) && namesSender(meant.Value) {
				known := &NotNewError{p.Domain, meant.Value}
				if meant.HasPlaceholder() && len(f.Fix.Remove) > 0 {
					known.Record = f.Fix.Remove[0].Value
				}
				return known
			}
			for k := range p.Records {
				o := &p.Records[k]
				if o.Name == meant.Name && o.Type == meant.Type && o.Later == "" && (o.Type == "MX" || o.Name != p.Domain || spf.IsRecord(o.Value) && spf.IsRecord(meant.Value)) {
					o.Wait(fmt.Sprintf("the record that was meant for %s is put right or removed (%s): mailworthy audit %s says how", o.Name, f.Title, p.Domain))
				}
			}
		}
	}
	return nil
}

// namesSender reports whether an SPF record has another term than all.
func namesSender(text string) bool {
	for _, term := range strings.Fields(text)[1:] {
		if !strings.EqualFold(strings.TrimLeft(term, "+-~?"), "all") {
			return true
		}
	}
	return false
}
