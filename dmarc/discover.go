package dmarc

import (
	"context"
	"fmt"
	"strings"

	"mailworthy/resolver"
)

// Discover asks everything about the policy of domain: the walk in one round
// with all that does not depend on it, then the report destinations, all at once.
func Discover(ctx context.Context, r resolver.Resolver, domain string) *Discovery {
	d, _ := DiscoverAligned(ctx, r, domain, nil, nil)
	return d
}

// DiscoverAligned is Discover and Align in one: the walks of the envelope and
// signing domains start in the first round too.
func DiscoverAligned(ctx context.Context, r resolver.Resolver, domain string, envelope, signing []string) (*Discovery, []Alignment) {
	domain, err := canonical(domain)
	d := &Discovery{Domain: domain, Queries: []string{}, Walk: []Step{}}
	if err != nil {
		d.Error = err.Error()
	}
	a := newAsker(ctx, r)
	defer a.finish()

	identifiers := append(a.askIdentifiers(d, "spf", envelope), a.askIdentifiers(d, "dkim", signing)...)
	if d.Error == "" {
		d.discover(a)
	}
	return d, judgeAll(d, identifiers)
}

// discover fills d in.
func (d *Discovery) discover(a *asker) {
	domain := d.Domain
	policy := a.askPolicy(domain)
	classic := a.askPublicSuffix(domain)
	probe := a.ask(recordName(nobody(domain)+"."+domain), resolver.TypeTXT)
	strays := []*question{policy.exists}
	for _, name := range strayNames(domain) {
		strays = append(strays, a.ask(name, resolver.TypeTXT))
	}

	// What is slow among the rest does not hold up the destinations.
	policy.read(d)
	destinations := a.askDestinations(d)

	d.RFC7489 = classic.read(d)
	d.Wildcard = readProbe(probe)
	d.readStrays(strays)
	for _, q := range destinations {
		d.Destinations = append(d.Destinations, q.read(d))
	}
}

func readProbe(q *question) *Probe {
	p := &Probe{Texts: q.texts(), Evidence: q.evidence()}
	p.Name = p.Evidence.Name
	if answer, err := q.wait(); err == nil {
		answers := answer.Status == resolver.Found
		p.Answers = &answers
	} else if err.Reason == resolver.BadName {
		// Too long to be asked, by a receiver or by us.
		p.Answers = new(bool)
	}
	return p
}

// policyQuestions are those that decide what applies to an Author Domain.
type policyQuestions struct {
	domain string
	walk   []*question
	// exists asks whether the domain does: any type will do (RFC 9989, A.4).
	exists *question
}

func (a *asker) askPolicy(domain string) *policyQuestions {
	return &policyQuestions{domain, a.askWalk(domain), a.ask(domain, resolver.TypeTXT)}
}

// read fills in what the walk and the existence of the domain decide.
func (q *policyQuestions) read(d *Discovery) {
	d.Walk = readWalk(q.domain, q.walk)
	d.Queries = queries(d.Walk)
	d.Existence = q.exists.evidence()
	if answer, err := q.exists.wait(); err == nil {
		// Behind an alias it is the alias's target that is denied (RFC 6604, 3).
		exists := answer.Status != resolver.NXDomain || len(answer.CNAMEs) > 0
		d.Exists = &exists
	}
	d.decide()
}

// decide draws the conclusions of the walk that hold whatever the unanswered
// steps may have held.
func (d *Discovery) decide() {
	orgs, policies := map[string]bool{}, map[int]bool{}
	possible := everyWay(d.Walk, func(supposed map[string]held) bool {
		c := conclude(d.Walk, supposed)
		orgs[c.org], policies[c.policy] = true, true
		return true
	})
	if possible && len(orgs) == 1 {
		for org := range orgs {
			d.OrganizationalDomain = org
		}
	} else {
		d.Undecided.OrganizationalDomain = fmt.Sprintf("%s; a record there could change which domain %s belongs to",
			silence(d.Walk), d.Domain)
	}
	if d.Walk[0].Outcome == HasRecord {
		policies, possible = map[int]bool{0: true}, true
	}
	if !possible || len(policies) != 1 {
		d.Undecided.Policy = silence(d.Walk) + "; a record there could be the one that applies"
		return
	}
	for i := range policies {
		if i < 0 {
			return
		}
		d.PolicyDomain, d.Record = d.Walk[i].Domain, d.Walk[i].Record
	}
	d.applyRecord()
}

// applyRecord takes the policy from the tag that applies (RFC 9989, 4.10.1).
func (d *Discovery) applyRecord() {
	p, sp, np, usable := d.Record.Effective()
	if !usable {
		return
	}
	switch {
	case d.PolicyDomain == d.Domain:
		d.Policy, d.Tag = p, "p"
	case d.Exists == nil && sp != np:
		d.Undecided.Policy = fmt.Sprintf("whether %s exists is not known (%s), and with it whether sp or np of the record at %s applies",
			d.Domain, d.Existence.Status, d.PolicyDomain)
		return
	case d.Exists != nil && !*d.Exists:
		d.Policy, d.Tag = np, d.Record.source("np")
	default:
		d.Policy, d.Tag = sp, d.Record.source("sp")
	}
	d.EffectivePolicy = d.Policy
	if d.Record.Testing {
		d.EffectivePolicy = d.Policy.Lowered()
	}
}

// source is the tag that the policy of tag really comes from: np falls back to
// sp, sp to p.
func (r *Record) source(tag string) string {
	switch {
	case r.Broken():
		return "p"
	case tag == "np" && r.NP != "":
		return "np"
	case tag != "p" && r.SP != "":
		return "sp"
	}
	return "p"
}

// ignoresSubdomains: the record is the domain's own and stands below the
// organizational domain, where sp and np have no effect.
func (d *Discovery) ignoresSubdomains() bool {
	return d.PolicyDomain == d.Domain && d.OrganizationalDomain != "" && d.OrganizationalDomain != d.Domain
}

// silence names the steps that the DNS did not answer.
func silence(steps []Step) string {
	var names []string
	for i := range steps {
		if s := &steps[i]; s.Outcome == Unanswered {
			names = append(names, s.Name+" ("+s.Evidence.Status+")")
		}
	}
	return "the DNS did not answer for " + strings.Join(names, ", ")
}

// beyondReach: a public suffix that was not asked because the audit is offline.
func (s *Step) beyondReach() bool { return s.Suffix && s.Evidence.Status == string(resolver.Offline) }

// missingInReach reports that no step has a record and only public suffixes
// were beyond an offline audit's reach. That the owner publishes none is then
// sure, though a policy of the suffix's operator could stand in for it.
func (d *Discovery) missingInReach() bool {
	for i := range d.Walk {
		s := &d.Walk[i]
		if s.Outcome == HasRecord || s.Outcome == Unanswered && (i == 0 || !s.beyondReach()) {
			return false
		}
	}
	return true
}

func (d *Discovery) onlySuffixesSilent() bool {
	for i := range d.Walk {
		if s := &d.Walk[i]; s.Outcome == Unanswered && (i == 0 || !s.Suffix) {
			return false
		}
	}
	return true
}

// Enforces reports whether failing mail of the domain is to be quarantined or
// rejected; nil when that is not known.
func (d *Discovery) Enforces() *bool {
	if len(d.Walk) == 0 || d.Undecided.Policy != "" {
		return nil
	}
	enforces := d.EffectivePolicy.rank() > 0
	return &enforces
}

// RejectsAll reports whether failing mail of the domain and of all its
// subdomains is to be rejected.
func (d *Discovery) RejectsAll() bool {
	if d.Record == nil || d.EffectivePolicy != Reject {
		return false
	}
	_, sp, np, usable := d.Record.Effective()
	return usable && sp == Reject && np == Reject
}

// strayNames are where records end up that were meant for _dmarc: the
// underscore left out, and a whole name entered where the zone adds its own.
func strayNames(domain string) []string {
	return []string{"dmarc." + domain, recordName(domain) + "." + domain}
}

// readStrays keeps what looks like a policy record, and what was not answered.
// What a wildcard answers for every name is not misplaced.
func (d *Discovery) readStrays(qs []*question) {
	everywhere := map[string]bool{}
	for _, text := range d.Wildcard.Texts {
		everywhere[text] = true
	}
	for i, q := range qs {
		if _, err := q.wait(); err != nil {
			if err.Reason != resolver.BadName {
				d.Strays = append(d.Strays, Stray{Name: err.Name, Evidence: q.evidence()})
			}
			continue
		}
		for _, text := range q.texts() {
			if i > 0 && everywhere[text] || !meantAsPolicy(text) {
				continue
			}
			d.Strays = append(d.Strays, Stray{Name: q.evidence().Name, Text: text, Evidence: q.evidence()})
		}
	}
}

// meantAsPolicy reports that text is a policy record or was meant as one.
func meantAsPolicy(text string) bool {
	err := checkVersion(text)
	if err == nil {
		return true
	}
	not, ok := err.(*NotPolicyError)
	return ok && not.Intended
}
