package dmarc

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"mailworthy/internal/hint"
	"mailworthy/internal/show"
	"mailworthy/resolver"
)

// Discover asks everything about the policy of domain.
func Discover(ctx context.Context, r resolver.Resolver, domain string) *Discovery {
	d, _ := DiscoverAligned(ctx, r, domain, nil, nil)
	return d
}

// DiscoverAligned is Discover and Align in one.
func DiscoverAligned(ctx context.Context, r resolver.Resolver, domain string, envelope, signing []string) (d *Discovery, alignments []Alignment) {
	b := resolver.NewBatch(ctx, r)
	Begin(b, domain, nil, envelope, signing, func(found *Discovery, judged []Alignment) { d, alignments = found, judged })
	b.Run()
	return d, alignments
}

// Begin asks everything about the policy of domain and the alignment of the envelope
// and signing domains, and calls done with what there is. The walks of all of them
// are one round with all that does not depend on them; the report destinations are
// the second. names lists names below one, as far as loaded zones hold them; nil: none can
// be listed.
func Begin(b *resolver.Batch, domain string, names func(name string, most int) []string, envelope, signing []string, done func(*Discovery, []Alignment)) {
	domain, err := canonical(domain)
	s := &search{d: &Discovery{Domain: domain, Queries: []string{}, Walk: []Step{}}, names: names, envelope: envelope, signing: signing, done: done}
	if err != nil {
		s.d.Error = err.Error()
	}
	b.Part(s.firstRound, func() {
		s.conclude()
		b.Part(s.askMeant, s.finish)
	})
}

// search is a discovery under way.
type search struct {
	asker
	batch             *resolver.Batch // of all but the policy
	d                 *Discovery
	names             func(name string, most int) []string
	envelope, signing []string
	done              func(*Discovery, []Alignment)

	policy       policyQuestions
	classic      suffixQuestions
	probe        *question
	strays       []*question
	alias        *question // the CNAME at the name of the record
	undotted     []undotted
	destinations []destinationQuestions
	hoped        []destinationQuestions // of the hosts that are hoped for
	identifiers  []identifier
}

func (s *search) firstRound(b *resolver.Batch) {
	s.batch = b
	if domain := s.d.Domain; s.d.Error == "" {
		// What is slow among the rest does not hold up the destinations.
		b.Part(func(b *resolver.Batch) { s.policy = s.askPolicy(b, domain) }, s.secondRound)
		s.classic = s.askPublicSuffix(b, domain, s.policy.walk)
		s.probe = s.ask(b, recordPrefix+nobody(domain)+"."+domain, resolver.TypeTXT)
		own := s.policy.walk[0].name
		s.strays = []*question{s.policy.exists, s.ask(b, misplaced(own), resolver.TypeTXT), s.ask(b, own+"."+domain, resolver.TypeTXT)}
		if origin := resolver.Registrable(domain); origin != domain {
			s.strays = append(s.strays, s.ask(b, own+"."+origin, resolver.TypeTXT))
		}
		s.askListed(b)
	}
	s.identifiers = append(s.askIdentifiers(b, s.d, "spf", s.envelope), s.askIdentifiers(b, s.d, "dkim", s.signing)...)
}

// secondRound decides the policy and asks about its destinations.
func (s *search) secondRound() {
	s.policy.read(s.d)
	s.destinations = s.askDestinations(s.batch, s.d)
	s.askUndotted()
	switch own := &s.d.Walk[0]; {
	case (own.Outcome == HasRecord || own.Outcome == Multiple) && own.alias() == "":
		// Some servers answer for each type what stands there, a CNAME beside a TXT.
		s.alias = s.ask(s.batch, own.Name, resolver.TypeCNAME)
	case own.Outcome == NoRecord && own.Evidence.Status == string(resolver.NoData):
		// There are names below that of the record.
		s.strays = append(s.strays, s.ask(s.batch, recordName(own.Name), resolver.TypeTXT))
	}
}

// conclude reads what the policy does not depend on.
func (s *search) conclude() {
	if d := s.d; d.Error == "" {
		d.RFC7489 = s.classic.read(d)
		d.Wildcard = readProbe(s.probe)
		d.readStrays(s.strays)
		if s.alias != nil && s.alias.err == nil {
			e := s.alias.evidence()
			d.Beside = &e
		}
		for _, u := range s.undotted {
			u.step.readUndotted(u.question)
		}
		for i := range s.destinations {
			s.destinations[i].read(d, &d.Destinations[i])
		}
	}
}

// finish reads what hangs on what was meant.
func (s *search) finish() {
	for i := range s.hoped {
		s.hoped[i].read(s.d, s.d.hoped[i])
	}
	s.done(s.d, judgeAll(s.d, s.identifiers))
}

func readProbe(q *question) *Probe {
	p := &Probe{Evidence: q.evidence()}
	p.Name, p.Texts = p.Evidence.Name, p.Evidence.Answer
	if q.err == nil {
		answers := q.answer.Status == resolver.Found
		p.Answers = &answers
	} else if q.err.Reason == resolver.BadName {
		// Too long to be asked, by a receiver or by us.
		p.Answers = new(bool)
	}
	return p
}

// policyQuestions are those that decide what applies to an Author Domain.
type policyQuestions struct {
	walk []*question
	// exists asks whether the domain does: any type will do (RFC 9989, A.4).
	exists *question
}

func (a *asker) askPolicy(b *resolver.Batch, domain string) policyQuestions {
	return policyQuestions{a.askWalk(b, domain), a.ask(b, domain, resolver.TypeTXT)}
}

// read fills in what the walk and the existence of the domain decide.
func (q *policyQuestions) read(d *Discovery) {
	d.Walk = readWalk(q.walk)
	d.Queries = queries(d.Walk)
	d.Existence = q.exists.evidence()
	if answer := q.exists.answer; answer != nil {
		// Behind an alias it is the alias's target that is denied (RFC 6604, 3).
		exists := answer.Status != resolver.NXDomain || len(answer.CNAMEs) > 0
		d.Exists = &exists
	}
	d.decide()
}

// decide draws the conclusions of the walk that hold whatever the unanswered
// steps may have held.
func (d *Discovery) decide() {
	var c conclusion
	ways, sameOrg, samePolicy := 0, true, true
	possible := everyWay(func(supposed map[string]held) bool {
		way := conclude(d.Walk, supposed)
		if ways++; ways == 1 {
			c = way
		}
		sameOrg, samePolicy = sameOrg && way.org == c.org, samePolicy && way.policy == c.policy
		return true
	}, d.Walk)
	if possible && sameOrg {
		d.OrganizationalDomain = c.org
	} else {
		d.Undecided.OrganizationalDomain = fmt.Sprintf("%s; a record there could change which domain %s belongs to",
			silence(d.Walk), d.Domain)
	}
	if d.Walk[0].Outcome == HasRecord {
		c.policy, samePolicy, possible = 0, true, true
	}
	if !possible || !samePolicy {
		d.Undecided.Policy = silence(d.Walk) + "; a record there could be the one that applies"
		return
	}
	if c.policy < 0 {
		return
	}
	d.PolicyDomain, d.Record = d.Walk[c.policy].Domain, d.Walk[c.policy].Record
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

// unplaced: the record is the domain's own, and whether one above it makes sp and np
// ignored is not known. A record of a public suffix could only confirm that the
// domain is an organization's.
func (d *Discovery) unplaced() bool {
	return d.PolicyDomain == d.Domain && d.OrganizationalDomain == "" &&
		slices.ContainsFunc(d.Walk[1:], func(s Step) bool { return s.Outcome == Unanswered && !s.Suffix })
}

// silence names the steps that the DNS did not answer, or that no zone holds.
func silence(steps []Step) string {
	var names, unheld []string
	for i := range steps {
		switch s := &steps[i]; {
		case s.Outcome != Unanswered:
		case s.Evidence.Status == string(resolver.Offline):
			unheld = append(unheld, s.Name)
		default:
			names = append(names, s.Name+" ("+s.Evidence.Status+")")
		}
	}
	if names == nil {
		return unsaid(strings.Join(unheld, ", "), string(resolver.Offline))
	}
	return "the DNS did not answer for " + strings.Join(names, ", ")
}

// unsaid says that the DNS did not answer for something, and why; or that nobody was asked.
func unsaid(what string, why ...string) string {
	if slices.Contains(why, string(resolver.Offline)) {
		return "no zone holds " + what + ", and an offline run asks nobody"
	}
	return "the DNS did not answer for " + what + " (" + strings.Join(why, ", ") + ")"
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

// misplaced is the name where a record ends up whose underscore is left out.
// Others are the record's own name before the domain or the one above it, a whole name
// entered where the zone adds its own, and _dmarc twice.
func misplaced(recordName string) string { return recordName[len("_"):] }

// The bounds on the names of a zone that are searched for records, and that are asked.
const (
	mostNames  = 5000
	mostListed = 40
)

// askListed asks for what stands at names of a loaded zone that were meant as that of the
// record: "__dmarc", "_dmrc", "_domainkey", "s1._domainkey", "_report._dmarc". A policy at
// _dmarc.acme.acme.example is that of acme.acme.example.
func (s *search) askListed(b *resolver.Batch) {
	if s.names == nil {
		return
	}
	asked := 0
	if origin := resolver.Registrable(s.d.Domain); origin != s.d.Domain {
		below := strings.TrimSuffix(s.d.Domain, "."+origin)
		if name := below + "." + recordName(origin); slices.Contains(s.names(recordName(origin), mostNames), name) { // "news._dmarc"
			s.strays = append(s.strays, s.ask(b, name, resolver.TypeTXT))
		}
	}
	for _, name := range s.names(s.d.Domain, mostNames) {
		relative := strings.TrimSuffix(name, "."+s.d.Domain)
		if asked == mostListed {
			return
		}
		switch meant := strings.Trim(relative, "_-"); {
		case relative == "_dmarc" || relative == "dmarc" || relative == "_dmarc."+s.d.Domain || strings.HasPrefix(relative, "*"):
		case relative == "_domainkey", strings.HasSuffix(relative, "._domainkey"), relative == "_report._dmarc", relative == "_dmarc._tcp", relative == "_dkim",
			!strings.Contains(relative, ".") && (strings.HasPrefix(relative, "_") || meant == "dmarc") && hint.Distance(meant, "dmarc") <= 1:
			asked++
			s.strays = append(s.strays, s.ask(b, name, resolver.TypeTXT))
		}
	}
}

// readStrays keeps what looks like a policy record, and what was not answered.
// What a wildcard answers for every name is not misplaced.
func (d *Discovery) readStrays(qs []*question) {
	for i, q := range qs {
		if q.err != nil {
			if q.err.Reason != resolver.BadName {
				d.Strays = append(d.Strays, Stray{Name: q.err.Name, Evidence: q.evidence()})
			}
			continue
		}
		if q.answer.Absent() {
			continue
		}
		e := &d.Existence
		if i > 0 {
			evidence := q.evidence()
			e = &evidence
		}
		texts := q.texts(e)
		for _, text := range texts {
			if slices.ContainsFunc(d.Strays, func(s Stray) bool { return s.Name == e.Name && s.Text == text }) {
				continue
			}
			if i > 0 && slices.Contains(d.Wildcard.Texts, text) || !meantAsPolicy(text) && (i == 0 || strings.Contains(q.name, "_domainkey.") || !repaired(text, d.Domain).plausible(true)) {
				continue
			}
			if i > 0 && strings.HasPrefix(belongsTo(text, ""), "<selector>") && strings.Contains(q.name, "._domainkey.") {
				continue // a key, with another record behind it
			}
			stray := Stray{Name: e.Name, Text: show.Cut(text, maxRepair), Evidence: *e}
			if at := slices.IndexFunc(texts, func(other string) bool { return other != stray.Text && isPiece(other) }); at >= 0 {
				stray.piece = texts[at]
			}
			d.Strays = append(d.Strays, stray)
		}
	}
}

// meantAsPolicy reports that text is a policy record or was meant as one.
func meantAsPolicy(text string) bool {
	if !mayMeanPolicy(text) {
		return false
	}
	err := checkVersion(text)
	if err == nil {
		return true
	}
	not, ok := err.(*NotPolicyError)
	return ok && not.Intended
}
