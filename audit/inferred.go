package audit

import (
	"fmt"
	"slices"
	"strings"

	"mailworthy/dkim"
	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/provider"
	"mailworthy/spf"
	spfpolicy "mailworthy/spf/policy"
)

// inferred finds what services that nobody stated, but that something else than an SPF
// term points to, lack: the SPF term that they need at the domain, and keys at selectors
// that are the same for all their customers. It asks nothing, and judges only what the
// audit knows already: an inference is a hint, so all of it are warnings. What a fix of the
// other sheets puts there is not missing but misread, and is said there. Nil: nothing is amiss.
func (a *run) inferred(profile finding.Profile, others []*finding.Sheet) *finding.Sheet {
	if profile != finding.Sender {
		return nil
	}
	var sheet *finding.Sheet
	add := func(f finding.Finding) {
		if sheet == nil {
			sheet = finding.NewSheet(serviceChecks, a.result.Domain)
		}
		f.Severity = finding.Warning
		sheet.Add("provider-record-missing", f)
	}
	for _, u := range a.result.Services {
		s, _ := provider.Builtin().Find(u.ID)
		if s == nil || !s.NeedsRecords() || s.Confidence == provider.Memory || slices.Contains(u.By, "stated") || !sends(s, u.By) {
			continue
		}
		a.inferredSPF(s, u.By, others, add)
		a.inferredKeys(s, u.By, others, add)
	}
	return sheet
}

// proposed reports whether a fix of the sheets publishes such a record.
func proposed(sheets []*finding.Sheet, such func(finding.Record) bool) bool {
	for _, sheet := range sheets {
		for _, f := range sheet.Found() {
			if f.Fix != nil && slices.ContainsFunc(f.Fix.Records(), such) {
				return true
			}
		}
	}
	return false
}

// sends reports whether what points to a service says that mail leaves through it: a key
// or an envelope host does, and an MX host of a service whose mailboxes people send from.
func sends(s *provider.Service, by []string) bool {
	return slices.Contains(by, "dkim") || slices.Contains(by, "envelope") || s.Mailboxes && slices.Contains(by, "mx")
}

// inferredSPF: the record of the domain has no term of a service that needs one there.
func (a *run) inferredSPF(s *provider.Service, by []string, others []*finding.Sheet, add func(finding.Finding)) {
	p := a.result.SPF
	if !a.wants(finding.SPF) || p == nil || p.Status != spfpolicy.StatusFound || p.Record == nil || p.Record.Error != "" || !p.LookupsExact || mayBeFlattened(p) {
		return
	}
	want := neededInclude(s)
	if want == "" {
		return
	}
	for _, name := range p.Targets() {
		if provider.Builtin().OfSPF(name) == s || asksFor(s, name) {
			return
		}
	}
	if proposed(others, func(r finding.Record) bool {
		return r.Type == "TXT" && r.Name == a.result.Domain && slices.Contains(strings.Fields(r.Value), want)
	}) {
		return
	}
	add(finding.Finding{Subject: a.result.Domain, Evidence: []finding.Evidence{p.Record.Evidence},
		Detail: fmt.Sprintf("The SPF record of %s has no %s, and %s points to %s. If mail leaves through %[4]s, SPF does not pass for it (mailworthy setup %s %[1]s).",
			a.result.Domain, want, pointsBy(by), s.Name, s.ID),
		Fix: &finding.Fix{Summary: fmt.Sprintf("If mail leaves through %s, add %s to the SPF record.", s.Name, want)}})
}

// neededInclude is the term that every way of the service needs in the record of the
// domain itself; empty: there is none.
func neededInclude(s *provider.Service) string {
	want := ""
	for _, w := range s.Ways {
		has := ""
		for _, r := range w.Records {
			if r.Purpose == provider.SPF && r.Need == provider.Needed && r.Name == "{domain}" && strings.HasPrefix(r.Value, "include:") && !strings.ContainsAny(r.Value, "<{") {
				has = r.Value
			}
		}
		if has == "" {
			return ""
		}
		want = has
	}
	return want
}

// mayBeFlattened reports whether the record holds ranges that could be those of a
// service: then it is not known whether the service may send.
func mayBeFlattened(p *spfpolicy.Policy) bool {
	for i := range p.Record.Terms {
		t := &p.Record.Terms[i]
		if t.Kind == spf.KindExists || (t.Kind == spf.KindIP4 || t.Kind == spf.KindIP6) && strings.Contains(t.Value, "/") {
			return true
		}
	}
	return false
}

// inferredKeys: selectors that are the same for all customers of the service, each of
// which was asked for, have nothing at them.
func (a *run) inferredKeys(s *provider.Service, by []string, others []*finding.Sheet, add func(finding.Finding)) {
	d := a.result.DKIM
	if !a.wants(finding.DKIM) || d == nil || d.Proof == dkim.ProofAbsent || len(s.Ways) != 1 {
		return
	}
	var missing, there []string
	for _, r := range s.Ways[0].Records {
		if r.Purpose != provider.DKIM || r.Need != provider.Needed {
			continue
		}
		switch at := a.commonKey(&r); {
		case at == nil || at.Wildcard:
			return
		case isThere(at), proposed(others, func(r finding.Record) bool {
			return r.Name == at.Name+"._domainkey."+a.result.Domain && !r.HasPlaceholder()
		}):
			there = append(there, at.Name)
		default:
			missing = append(missing, at.Name)
		}
	}
	if len(missing) == 0 || slices.Contains(by, "dkim") && len(there) == 0 {
		// Keys at other names than the catalogue has: nothing is known of these.
		return
	}
	what := "Nothing is at the selectors " + show.Listed(missing, 4)
	if len(missing) == 1 {
		what = "Nothing is at the selector " + missing[0]
	}
	consequence := "Without them its mail is not signed in the name of the domain"
	if len(there) > 0 {
		consequence = "Beside " + show.Listed(there, 4) + " it needs all of them, so that it can change keys"
	}
	add(finding.Finding{Subject: missing[0] + "._domainkey." + a.result.Domain,
		Detail: fmt.Sprintf("%s, which %s asks its customers to publish; %s points to it. %s (mailworthy setup %s %s).",
			what, s.Name, pointsBy(by), consequence, s.ID, a.result.Domain),
		Fix: &finding.Fix{Summary: "If mail leaves through " + s.Name + ", publish the DKIM records that its page shows."}})
}

// pointsBy says what points to a service.
func pointsBy(by []string) string {
	words := map[string]string{"mx": "the MX", "spf": "the SPF record", "dkim": "a DKIM key", "envelope": "an envelope host"}
	var out []string
	for _, b := range by {
		if w := words[b]; w != "" {
			out = append(out, w)
		}
	}
	return show.Listed(out, 4)
}
