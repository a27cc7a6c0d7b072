package audit

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"mailworthy/dkim"
	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/provider"
	"mailworthy/provider/setup"
	"mailworthy/spf"
	spfpolicy "mailworthy/spf/policy"
)

// Service is a service that the domain's records point to.
type Service struct {
	// ID is what mailworthy setup calls it.
	ID   string `json:"id"`
	Name string `json:"name"`
	// By says what points to it: "stated", "mx", "spf", "dkim", "envelope".
	By []string `json:"by"`
}

// maxServices bounds the services that are named.
const maxServices = 20

// noteServices names the services that the MX hosts, the domain's own SPF terms, the
// targets of its selectors and its envelope hosts belong to.
func (a *run) noteServices() {
	note := func(s *provider.Service, by string) {
		if s == nil || s.Software {
			return
		}
		list := &a.result.Services
		i := slices.IndexFunc(*list, func(have Service) bool { return have.ID == s.ID })
		switch {
		case i < 0 && len(*list) < maxServices:
			*list = append(*list, Service{s.ID, s.Name, []string{by}})
		case i >= 0 && !slices.Contains((*list)[i].By, by):
			(*list)[i].By = append((*list)[i].By, by)
		}
	}
	c := provider.Builtin()
	for _, id := range a.target.Providers {
		s, _ := c.Find(id)
		note(s, "stated")
	}
	if a.domain != nil {
		for _, host := range a.domain.MXHosts() {
			s := c.OfInbound(host)
			if s == nil {
				s = c.OfMX(host)
			}
			note(s, "mx")
		}
	}
	for _, t := range a.ownIncludes() {
		note(c.OfSPF(t.Value), "spf")
	}
	if d := a.result.DKIM; d != nil {
		for i := range d.Selectors {
			if s := &d.Selectors[i]; s.Status == dkim.SelectorFound && !s.Wildcard && s.ProviderBy == "cname" {
				note(c.Named(s.Provider), "dkim")
			}
		}
	}
	for _, e := range a.result.Examined.Envelopes {
		note(c.Named(e.Service), "envelope")
	}
}

// checkProviders compares what the stated services need with what is there.
func (a *run) checkProviders(ctx context.Context) {
	for _, id := range a.target.Providers {
		s, _ := provider.Builtin().Find(id)
		if s == nil {
			continue
		}
		l := setup.Check(ctx, a.session, s, a.target.Domain, setup.Options{Selectors: a.target.Selectors})
		a.needed = append(a.needed, slices.DeleteFunc(l.Findings, func(f finding.Finding) bool { return f.Check == "provider-left-behind" })...)
	}
}

// ownIncludes are the includes of the domain's own SPF record that receivers read.
func (a *run) ownIncludes() []*spfpolicy.Term {
	p := a.result.SPF
	if p == nil || p.Status != spfpolicy.StatusFound || p.Record == nil {
		return nil
	}
	var out []*spfpolicy.Term
	for i := range p.Record.Terms {
		if t := &p.Record.Terms[i]; t.Kind == spf.KindInclude && t.Error == "" && t.Ignored == "" {
			out = append(out, t)
		}
	}
	return out
}

var serviceChecks = finding.NewList(setup.Checks)

// leftBehind finds SPF terms of services that no longer ask for them, and of services
// whose keys are at none of the names where they must be. Nil: there are none.
func (a *run) leftBehind(profile finding.Profile) *finding.Sheet {
	if profile != finding.Sender || !a.wants(finding.SPF) {
		return nil
	}
	var sheet *finding.Sheet
	for _, t := range a.ownIncludes() {
		s := provider.Builtin().OfSPF(t.Value)
		if s == nil || s.Confidence == provider.Memory {
			continue
		}
		why, unwanted := s.NoLongerWants(t.Value)
		if (!unwanted && (a.inUse(s) || !a.keysNowhere(s))) || a.sharedBy(t.Value, s) {
			continue
		}
		f := finding.Finding{Subject: t.Text, Evidence: t.Evidence, Fix: &finding.Fix{
			Summary: fmt.Sprintf("Remove %s from the SPF record once it is certain that no mail of %s has %s in the envelope.", t.Text, s.Name, a.result.Domain)}}
		cost := show.Counted(max(t.Cost, 1), "lookup")
		if unwanted {
			f.Detail = fmt.Sprintf("%s is in the SPF record and costs %s of the ten. %s does not need it: %s.", t.Text, cost, s.Name, why)
		} else {
			f.Detail = fmt.Sprintf("%s is in the SPF record and costs %s of the ten, and no DKIM key of %s is at %s: the DNS does not say whether the service is in use. It may be left behind, not set up to the end (mailworthy setup %s %s), or sign with a domain of its own.",
				t.Text, cost, s.Name, a.result.Domain, s.ID, a.result.Domain)
		}
		if sheet == nil {
			sheet = finding.NewSheet(serviceChecks, a.result.Domain)
		}
		sheet.Add("provider-left-behind", f)
	}
	return sheet
}

// sharedBy: another service that is in use asks its customers for the same term.
func (a *run) sharedBy(include string, s *provider.Service) bool {
	return slices.ContainsFunc(a.result.Services, func(u Service) bool {
		other, _ := provider.Builtin().Find(u.ID)
		return other != nil && other != s && a.inUse(other) && asksFor(other, include)
	})
}

// asksFor reports whether a service asks its customers for an include of the name.
func asksFor(s *provider.Service, include string) bool {
	for r := range s.Records() {
		if r.Need != provider.Unwanted && r.Includes(include) {
			return true
		}
	}
	return false
}

// inUse: something else than the SPF record points to the service.
func (a *run) inUse(s *provider.Service) bool {
	return slices.ContainsFunc(a.result.Services, func(u Service) bool {
		return u.ID == s.ID && slices.ContainsFunc(u.By, func(by string) bool { return by != "spf" })
	})
}

// keysNowhere: the service signs under names that are the same for all customers, each
// was asked for, and none is there.
func (a *run) keysNowhere(s *provider.Service) bool {
	d := a.result.DKIM
	if d == nil || len(s.Ways) == 0 || !s.AlignsBy("dkim") {
		return false
	}
	if d.Proof == dkim.ProofAbsent {
		return true
	}
	for r := range s.Records() {
		if r.Purpose != provider.DKIM {
			continue
		}
		if at := a.commonKey(r); at == nil || isThere(at) {
			return false
		}
	}
	return true
}

// commonKey returns what is at the selector of a record whose name is the same for all
// customers of a service; nil if that is not known: the name is the customer's own, or it
// was not asked or not answered.
func (a *run) commonKey(r *provider.Record) *dkim.Selector {
	selector, rest, _ := strings.Cut(r.Name, "._domainkey.")
	if rest != "{domain}" || strings.ContainsAny(selector, "<{") {
		return nil
	}
	for i := range a.result.DKIM.Selectors {
		if s := &a.result.DKIM.Selectors[i]; s.Name == selector && s.Domain == a.result.Domain {
			if s.Status == dkim.SelectorUnresolved {
				return nil
			}
			return s
		}
	}
	return nil
}

// isThere reports whether a key is at the selector, or an alias that should lead to one.
func isThere(s *dkim.Selector) bool {
	return s.Status == dkim.SelectorFound || len(s.CNAMEs) > 0
}

// ownAddresses says of a domain without a known sending address that its services send
// from addresses of their own.
func (a *run) ownAddresses(findings []finding.Finding) []finding.Finding {
	var names []string
	for _, s := range a.result.Services {
		if slices.ContainsFunc(s.By, func(by string) bool { return by != "mx" }) {
			names = append(names, s.Name)
		}
	}
	if len(names) == 0 {
		return findings
	}
	for i := range findings {
		if f := &findings[i]; f.Check == "rbl-no-addresses" && f.Severity != finding.Pass {
			f.Detail += " Mail through " + show.Listed(names, 4) + " leaves from addresses of the service, which looks after them itself: state only addresses of your own."
		}
	}
	return findings
}
