package dkim

import (
	"fmt"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/internal/show"
	"mailworthy/resolver"
)

// stated judges the selectors that the user says are in use.
func (j *judge) stated() {
	found, all := map[string]bool{}, map[string][]*Selector{}
	var order []string
	for i := range j.d.Selectors {
		s := &j.d.Selectors[i]
		if !s.Stated {
			break // stated ones come first
		}
		if all[s.Name] == nil {
			order = append(order, s.Name)
		}
		all[s.Name] = append(all[s.Name], s)
		elsewhere, _ := j.c.Kin.stated(s.Name)
		found[s.Name] = found[s.Name] || elsewhere || j.d.answered(s)
	}
	decided := len(order) > 0
	for _, name := range order {
		if found[name] {
			continue
		}
		if j.d.mislaid(name) || slices.ContainsFunc(all[name], func(s *Selector) bool { return s.undotted() != "" || s.hyphened() != "" }) {
			decided = false // one cause, one finding
			continue
		}
		var where, open, dangling []string
		wildcard := ""
		var evidence []finding.Evidence
		for _, s := range all[name] {
			where = append(where, s.Domain)
			evidence = append(evidence, *s.Evidence)
			if s.Status == SelectorUnresolved {
				open = append(open, fmt.Sprintf("%s (%s)", s.QueryName(), s.Reason))
			}
			if s.Wildcard {
				wildcard = " A wildcard answers it with a record that is no key."
			} else if s.Dangling() {
				dangling = append(dangling, s.CNAMEs[len(s.CNAMEs)-1])
			}
		}
		if j.c.Kin != nil {
			where = append(where, j.c.Kin.names())
		}
		if _, unknown := j.c.Kin.stated(name); unknown {
			open = append(open, "at "+j.c.Kin.names())
		}
		first := all[name][0]
		if _, live := j.live(); len(open) > 0 {
			decided = false
			j.Add("dkim-unresolved", finding.Finding{Subject: first.QueryName(), Evidence: bounded(evidence), CouldBe: finding.Critical,
				Undecides: live == 0,
				Detail:    fmt.Sprintf("The key of the stated selector %s could not be looked up: %s.", name, list(open))})
			continue
		}
		detail := fmt.Sprintf("The stated selector %s has no key at %s.", name, list(where)) + wildcard
		if len(dangling) > 0 {
			detail += fmt.Sprintf(" It is an alias of %s, which has no TXT record.", list(dangling))
		}
		j.Add("dkim-selector-missing", finding.Finding{Subject: first.QueryName(), Detail: detail, Evidence: bounded(evidence),
			Fix: j.fixSelector(first)})
	}
	if decided {
		j.Decided("dkim-selector-missing")
		j.Decided("dkim-wrong-name")
	}
}

// dangling judges aliases whose target is absent.
func (j *judge) dangling() {
	seen := false
	undotted := map[string]*finding.Finding{} // by the name of the alias that lost its dot
	for i := range j.d.Selectors {
		s := &j.d.Selectors[i]
		seen = seen || s.exists()
		if s.Wildcard || !s.Dangling() {
			continue
		}
		if s.loop {
			j.Add("dkim-cname-dangling", finding.Finding{Subject: s.QueryName(), Evidence: []finding.Evidence{*s.Evidence}, Title: "DKIM selector CNAME is an alias of itself (loop)",
				Detail: fmt.Sprintf("%s is an alias in a loop, or at the end of too long a chain: nobody finds a key there (%s).", s.QueryName(), s.Evidence.Note),
				Fix:    &finding.Fix{Summary: "Publish the alias with the target that the service shows, or remove it if the service is no longer used."}})
			continue
		}
		target := s.CNAMEs[len(s.CNAMEs)-1]
		detail := fmt.Sprintf("%s is an alias of %s, which has no TXT record (%s).", s.QueryName(), target, s.Status)
		if right := s.hyphened(); right != "" {
			f := s.meantFor(right, fmt.Sprintf("the target has no dot before _domainkey, as that of Microsoft 365 has: %s", right))
			if !j.ofTenant(s, right) {
				f.Fix = &finding.Fix{Summary: fmt.Sprintf("Publish the alias with the target that the Defender portal shows (%s, if it is that one).", right)}
			}
			j.Add("dkim-cname-dangling", f)
			continue
		}
		if another := s.ofAnother(); another != "" && s.undotted() == "" {
			j.Add("dkim-cname-dangling", finding.Finding{Subject: s.QueryName(), Detail: another, Evidence: []finding.Evidence{*s.Evidence},
				Fix: &finding.Fix{Summary: "Publish the alias with the target that the Defender portal shows for " + s.Domain + "."}})
			continue
		}
		if p := loaded().byName[s.Provider]; p != nil && p.Standby {
			if other := j.pair(p, s); other == SelectorFound || other == SelectorUnresolved {
				continue // the other of the pair is alive and this one in reserve, or that is reported as unresolved
			}
			detail += fmt.Sprintf(" %s keeps one of its two selectors alive, but the other has no key here either: signing is not turned on.", p.Name)
		}
		if j.labelAlone(s) {
			continue
		}
		// To remove it is not for a plan to do: the service may be the one that signs.
		if right := s.undotted(); right != "" {
			f := s.withoutDot(right)
			if cause := undotted[s.lastOwner()]; cause != nil {
				c, _ := checkList.Find("dkim-cname-dangling")
				if len(cause.Evidence) < mostEvidence {
					cause.Detail += fmt.Sprintf(" %s leads there as well.", s.QueryName())
					cause.Evidence = append(cause.Evidence, *s.Evidence)
				}
				cause.Follows = append(cause.Follows, c.Consequence(f.Subject, f.Detail))
				continue
			}
			j.Add("dkim-cname-dangling", f)
			undotted[s.lastOwner()] = j.Found()[len(j.Found())-1]
			continue
		}
		fix := &finding.Fix{Summary: "Have the key published at " + target + ", or remove the alias."}
		switch {
		case resolver.Within(target, resolver.Registrable(s.Domain)):
			fix.Summary = "Publish the key at " + target + ", or remove the alias."
		case s.Provider != "":
			fix.Summary = fmt.Sprintf("Turn on DKIM for %s at %s, or remove the alias if the service is no longer used.", s.Domain, s.Provider)
		}
		j.Add("dkim-cname-dangling", finding.Finding{Subject: s.QueryName(), Detail: detail, Evidence: []finding.Evidence{*s.Evidence}, Fix: fix})
	}
	if seen {
		j.Decided("dkim-cname-dangling")
	}
}

// withoutDot is said of an alias whose target lost its final dot.
func (s *Selector) withoutDot(right string) finding.Finding {
	return s.meantFor(right, "the domain was added to the target, because the final dot is missing in the zone")
}

// meantFor is said of an alias that was meant to lead to another name than it does, and why.
// That the name was meant is certain if it is one of a service, or has a key.
func (s *Selector) meantFor(right, why string) finding.Finding {
	owner, leads := s.lastOwner(), s.CNAMEs[len(s.CNAMEs)-1]
	f := finding.Finding{Subject: s.QueryName(), Evidence: []finding.Evidence{*s.Evidence},
		Detail: fmt.Sprintf("%s is an alias of %s, which does not exist: %s.", owner, leads, why)}
	if owner != s.QueryName() {
		f.Detail = fmt.Sprintf("%s is an alias of %s, and ", s.QueryName(), s.CNAMEs[0]) + f.Detail
	}
	key, known := s.hasKey(right)
	if !known {
		f.Fix = &finding.Fix{Summary: fmt.Sprintf("Publish the alias with the final dot of its target (%s.), if that is the one that the service shows.", right)}
		if a := s.right.answer; a != nil && a.Absent() {
			f.Detail += fmt.Sprintf(" At %s there is no key either.", right)
			f.Evidence = append(f.Evidence, s.right.evidence())
		}
		return f
	}
	if key {
		f.Detail += fmt.Sprintf(" At %s there is a key.", right)
		f.Evidence = append(f.Evidence, s.right.evidence())
	}
	f.Fix = &finding.Fix{Summary: fmt.Sprintf("Publish the alias with the target %s.", right), Name: owner, Type: "CNAME", Value: right,
		Remove: []finding.Record{{Name: owner, Type: "CNAME", Value: leads}}}
	return f
}

// pair returns the best status of the provider's other selectors at the domain of s.
func (j *judge) pair(p *Provider, s *Selector) SelectorStatus {
	best := SelectorNXDomain
	for i := range j.d.Selectors {
		other := &j.d.Selectors[i]
		if other.Domain != s.Domain || other.Name == s.Name || !slices.Contains(p.Selectors, other.Name) {
			continue
		}
		switch other.Status {
		case SelectorFound:
			return SelectorFound
		case SelectorUnresolved:
			best = SelectorUnresolved
		}
	}
	return best
}

// denied judges a _domainkey that is denied although selectors exist below it.
func (j *judge) denied() {
	d := j.d
	for i := range d.Selectors {
		s := &d.Selectors[i]
		if s.Domain != d.Domain || s.Status != SelectorFound && len(s.CNAMEs) == 0 {
			continue
		}
		if d.Proof == ProofAbsent {
			name := "_domainkey." + d.Domain
			j.Add("dkim-ent-broken", finding.Finding{Subject: name,
				Detail: fmt.Sprintf("The DNS answers NXDOMAIN for %s and yet has records at %s. NXDOMAIN says that nothing exists below a name; "+
					"the right answer is NOERROR without data.", name, s.QueryName()),
				Evidence: append(bounded(d.Evidence), evidenceOf(s)...),
				Fix: &finding.Fix{Summary: "Have the name servers answer NOERROR for " + name + "; until then publish any TXT record there.",
					Name: name, Type: "TXT", Value: "DKIM selectors are below this name"}})
		}
		if d.Proof != ProofUnknown {
			j.Decided("dkim-ent-broken")
		}
		return
	}
}

// wildcard judges an answer to selectors that nobody publishes.
func (j *judge) wildcard() {
	w := &j.d.Wildcard
	if w.Status == WildcardUnknown {
		return
	}
	j.Decided("dkim-wildcard")
	if w.Status == WildcardNone {
		return
	}
	f := finding.Finding{Subject: "*._domainkey." + j.d.Domain, Evidence: w.Evidence}
	shown := show.Quote(strings.Join(w.Records, "\n"), 120)
	switch {
	case w.Status == WildcardKey:
		f.Detail = "Selectors that nobody publishes are answered with a live key: " + shown
		f.Fix = &finding.Fix{Summary: "Remove the wildcard, and publish the key at the selectors in use."}
		if !j.sends {
			f.Fix = j.fixLock("replace the wildcard by one that revokes every selector")
		}
		j.Add("dkim-wildcard", f)
	case w.Status == WildcardOther && j.sends:
		f.Detail = "Selectors that nobody publishes are answered with a record that is no key: " + shown
		f.Fix = &finding.Fix{Summary: "Remove the wildcard TXT record, or publish any record at _domainkey." + j.d.Domain + " so that it does not reach below."}
		j.Add("dkim-wildcard", f)
	case w.Status == WildcardRevoked && j.sends:
		f.Severity = finding.Notice
		f.Detail = "Selectors that nobody publishes are answered with a revoked key. On a domain that sends, this hides a selector that is missing."
		j.Add("dkim-wildcard", f)
	}
}
