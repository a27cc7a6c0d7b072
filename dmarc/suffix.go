package dmarc

import (
	"fmt"
	"strings"

	"mailworthy/finding"
	"mailworthy/resolver"
)

// suffixQuestions are those of a receiver by RFC 7489: at the Author Domain,
// then at its Organizational Domain by the public suffix list (6.6.3).
type suffixQuestions struct {
	org         string
	own, parent *question
}

// askPublicSuffix asks what the walk from the domain does not.
func (a *asker) askPublicSuffix(b *resolver.Batch, domain string, walk []*question) suffixQuestions {
	q := suffixQuestions{org: resolver.Registrable(domain), own: walk[0]}
	for _, step := range walk {
		if strings.TrimPrefix(step.name, recordPrefix) == q.org {
			q.parent = step
			return q
		}
	}
	q.parent = a.ask(b, recordName(q.org), resolver.TypeTXT)
	return q
}

// read gives that receiver's answer and how it differs from the walk's.
func (q *suffixQuestions) read(d *Discovery) *PublicSuffix {
	out := &PublicSuffix{OrganizationalDomain: q.org}
	step := d.step(q.own)
	if step.Outcome == NoRecord && q.parent != q.own {
		parent := d.step(q.parent)
		out.Evidence = []finding.Evidence{step.Evidence, parent.Evidence}
		step = parent
	} else {
		out.Evidence = []finding.Evidence{step.Evidence}
	}
	switch step.Outcome {
	case Unanswered:
		out.Undecided = silence([]Step{*step})
		return out
	case HasRecord:
		out.apply(step, d.Domain)
	}
	out.compare(d)
	return out
}

// step is what a question comes to, of the walk if it is part of that.
func (d *Discovery) step(q *question) *Step {
	for i := range d.Walk {
		if d.Walk[i].Name == q.name {
			return &d.Walk[i]
		}
	}
	s := new(Step)
	s.read(q)
	return s
}

// apply takes p for the domain itself and sp below it; np is not known there.
// Without a valid p, or with an invalid sp, a valid rua makes it p=none
// (RFC 7489, 6.6.3, step 6).
func (s *PublicSuffix) apply(step *Step, domain string) {
	r := step.Record
	p, sp, _, usable := r.effective(r.P == "" || r.invalid("sp"))
	s.PolicyDomain = step.Domain
	if !usable {
		return
	}
	s.Policy, s.Tag = p, "p"
	if step.Domain != domain {
		s.Policy = sp
		if r.SP != "" && r.P != "" {
			s.Tag = "sp"
		}
	}
}

// compare notes where the two algorithms lead to different answers. Without a
// policy on either side nothing depends on them.
func (s *PublicSuffix) compare(d *Discovery) {
	if d.Undecided.Policy != "" || d.PolicyDomain == "" && s.PolicyDomain == "" {
		return
	}
	switch {
	case d.PolicyDomain == "":
		s.Differences = append(s.Differences, fmt.Sprintf("The tree walk finds no policy; by the public suffix list the record at %s applies.", s.PolicyDomain))
	case s.PolicyDomain == "":
		s.Differences = append(s.Differences, fmt.Sprintf("The tree walk finds the record at %s; by the public suffix list there is no policy.", d.PolicyDomain))
	case d.PolicyDomain != s.PolicyDomain:
		s.Differences = append(s.Differences, fmt.Sprintf("The record at %s applies by the tree walk, the one at %s by the public suffix list.",
			d.PolicyDomain, s.PolicyDomain))
	}
	if d.Policy != s.Policy && d.PolicyDomain != "" && s.PolicyDomain != "" {
		s.Differences = append(s.Differences, fmt.Sprintf("The policy is %s by the tree walk and %s by the public suffix list.",
			orNothing(d.Policy), orNothing(s.Policy)))
	}
	if d.OrganizationalDomain != "" && d.OrganizationalDomain != s.OrganizationalDomain {
		s.Differences = append(s.Differences, fmt.Sprintf(
			"The organizational domain is %s by the tree walk and %s by the public suffix list, so that an envelope or signing domain can be aligned for some receivers and not for others.",
			d.OrganizationalDomain, s.OrganizationalDomain))
	}
}

func orNothing(p Policy) string {
	if p == "" {
		return "not applied"
	}
	return string(p)
}
