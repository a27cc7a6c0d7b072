package rbl

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"mailworthy/finding"
	"mailworthy/resolver"
)

// examination is the work of one Begin.
type examination struct {
	batch  *resolver.Batch
	health *Health
	lists  []*List
	// named: the user named the lists.
	named  bool
	survey *Survey
	done   func(*Survey)
	// open counts what the survey waits for.
	open  int
	tests []kindTests
	// domains are the listings of domains until the survey has all; some are copies.
	domains []Listing
	copies  []copied
}

// kindTests are the tests for one kind of subject, in the order of the lists; those
// of lists that do not take the kind are empty.
type kindTests struct {
	kind Kind
	of   []listTest
}

// listTest is the test of one list.
type listTest struct {
	// health is shared with other examinations; nil before it is known.
	health *ListHealth
	// waiting is what has its answer and not the health of the list.
	waiting []func()
	// own: this examination tested the list, and no other one of the run.
	own bool
}

// copied says that a listing has the verdict of another one: subjects that share a
// registrable domain share the question.
type copied struct{ to, from int }

// end ends one of the things that are open. The last one completes the survey, with
// the verdicts in the order of subjects and lists.
func (e *examination) end() {
	if e.open--; e.open > 0 {
		return
	}
	for _, c := range e.copies {
		to := &e.domains[c.to]
		subject, name := to.Subject, to.Name
		*to = e.domains[c.from]
		to.Subject, to.Name = subject, name
	}
	s := e.survey
	s.Listings = append(s.Listings, e.domains...)
	s.Lists = e.tested()
	s.OthersAsked += e.othersAsked()
	if confirmClosed(s.Lists) {
		for i := range s.Listings {
			if l := &s.Listings[i]; l.Verdict == Dead && l.list.Dead == "" {
				l.Verdict, l.Why, l.Advice = Unknown, notConfirmed, "Ask through another resolver (--resolver)."
			}
		}
	}
	s.Resolver = inferRewriting(s.Resolver, s.Lists)
	e.done(s)
}

// test starts the tests of all lists that take the kind.
func (e *examination) test(kind Kind) {
	if e.testsOf(kind) != nil || e.count((*List).takes, kind) == 0 {
		return
	}
	tests := make([]listTest, len(e.lists))
	e.tests = append(e.tests, kindTests{kind, tests})
	for i, l := range e.lists {
		if !l.takes(kind) {
			continue
		}
		t := &tests[i]
		if t.health = e.health.known(l, kind); t.health != nil {
			continue
		}
		e.open++
		e.health.of(e.batch, l, kind, func(h *ListHealth, own bool) {
			t.health, t.own = h, own
			for _, judge := range t.waiting {
				judge()
			}
			t.waiting = nil
			e.end()
		})
	}
}

func (e *examination) testsOf(kind Kind) []listTest {
	for i := range e.tests {
		if e.tests[i].kind == kind {
			return e.tests[i].of
		}
	}
	return nil
}

// count is how many lists are for subjects of the kind.
func (e *examination) count(are func(*List, Kind) bool, kind Kind) int {
	n := 0
	for _, l := range e.lists {
		if are(l, kind) {
			n++
		}
	}
	return n
}

func (e *examination) askDomains(domains []Subject) {
	each := e.count((*List).speaksOf, Domain)
	if each == 0 {
		for _, d := range domains {
			e.notAsked(d.Name, Domain)
		}
		return
	}
	e.domains = make([]Listing, 0, each*len(domains))
	for i, d := range domains {
		whole, own := d.Name, ""
		for at, l := range e.lists {
			if !l.speaksOf(Domain) {
				continue
			}
			about := whole
			if l.Registrable {
				if own == "" {
					own = resolver.Registrable(whole)
				}
				about = own
			}
			e.domains = append(e.domains, l.unasked(Domain, whole))
			here := len(e.domains) - 1
			listing := &e.domains[here]
			if about != whole {
				listing.Name = about
			}
			if first := e.sharing(here, i, each); first >= 0 {
				e.copies = append(e.copies, copied{here, first})
				continue
			}
			e.ask(listing, at, l.entryOf(about))
		}
	}
}

// notAsked notes a subject that none of the lists takes.
func (e *examination) notAsked(subject string, kind Kind) {
	var kinds []string
	for _, k := range [...]Kind{IPv4, IPv6, Domain} {
		if e.count((*List).takes, k) > 0 {
			kinds = append(kinds, k.plural())
		}
	}
	why := "no list was left to ask"
	switch names := strings.Join(kinds, " and "); {
	case len(kinds) > 0 && len(e.lists) == 1:
		why = fmt.Sprintf("%s lists %s only, and %s is %s", e.lists[0].Zone, names, subject, kind.one())
	case len(kinds) > 0:
		why = fmt.Sprintf("the lists chosen hold %s only, and %s is %s", names, subject, kind.one())
	}
	e.survey.NotAsked = append(e.survey.NotAsked, NotAsked{Subject: subject, Kind: kind, Why: why})
}

// plural names subjects of the kind.
func (k Kind) plural() string {
	switch k {
	case IPv4:
		return "IPv4 addresses"
	case IPv6:
		return "IPv6 addresses"
	}
	return "domains"
}

// one names a subject of the kind.
func (k Kind) one() string {
	switch k {
	case IPv4:
		return "an IPv4 address"
	case IPv6:
		return "an IPv6 address"
	}
	return "a domain"
}

// sharing is the first listing of the same list that is about the same name as the
// one here, which is of the domain i; it is negative if there is none.
func (e *examination) sharing(here, i, each int) int {
	for j := range i {
		other := here - (i-j)*each
		if e.domains[other].about() == e.domains[here].about() {
			return other
		}
	}
	return -1
}

func (e *examination) askAddresses(addrs []netip.Addr) {
	n := len(e.domains)
	for _, a := range addrs {
		e.test(kindOf(a))
		each := e.count((*List).speaksOf, kindOf(a))
		if n += each; each == 0 {
			e.notAsked(a.String(), kindOf(a))
		}
	}
	// It is not to move while answers come in.
	listings := make([]Listing, 0, n)
	for _, a := range addrs {
		kind, subject, entry := kindOf(a), a.String(), reversed(a)
		octets := 0
		for _, l := range e.lists {
			octets += len(entry) + len(".") + len(l.zone())
		}
		// The names of one address are made in one piece.
		var names strings.Builder
		names.Grow(octets)
		for at, l := range e.lists {
			if l.speaksOf(kind) {
				listings = append(listings, l.unasked(kind, subject))
				start := names.Len()
				names.WriteString(entry)
				names.WriteByte('.')
				names.WriteString(l.zone())
				e.ask(&listings[len(listings)-1], at, names.String()[start:])
			}
		}
	}
	e.survey.Listings = listings
}

// unasked is a listing without its verdict.
func (l *List) unasked(kind Kind, subject string) Listing {
	return Listing{Subject: subject, Kind: kind, Zone: l.Zone, Allow: l.allows(), list: l}
}

// ask puts the question of a listing to its list, which is the one at that place.
// The name is empty if it cannot be asked for.
func (e *examination) ask(listing *Listing, at int, name string) {
	l := listing.list
	if l.Dead != "" {
		closed := closedByCatalogue(l)
		listing.unusable(&closed)
		return
	}
	t := &e.testsOf(listing.Kind)[at]
	switch {
	case t.health != nil && t.health.State != Usable:
		listing.unusable(t.health)
		return
	case name == "":
		listing.Verdict, listing.Why = Unknown, "the name cannot be asked for"
		return
	}
	e.open++
	e.batch.Ask(name, resolver.TypeA, func(a *resolver.Answer, err error) { e.answered(listing, t, a, err) })
}

// answered finds the verdict of a listing, once its list has been tested. The
// reasons of an entry are asked for.
func (e *examination) answered(listing *Listing, t *listTest, a *resolver.Answer, err error) {
	l, h := listing.list, t.health
	switch {
	case h == nil:
		t.waiting = append(t.waiting, func() { e.answered(listing, t, a, err) })
		return
	case h.State != Usable:
		listing.Evidence = []finding.Evidence{l.evidence(resolver.Outcome(a, err))}
		listing.unusable(h)
	case err != nil:
		listing.Verdict, listing.Evidence = Unknown, []finding.Evidence{l.evidence(resolver.Outcome(nil, err))}
		listing.Why = "the question was not answered: " + reasonText(resolver.AsError(err))
		if resolver.AsError(err).Reason == resolver.Offline {
			listing.Why = notAsked
		}
	case !h.through(a):
		e.health.at(e.batch, l, listing.Kind, a.Server, func(there *ListHealth) {
			if there.State == Usable {
				e.read(listing, a)
				return
			}
			listing.Verdict, listing.Evidence = Unknown, []finding.Evidence{l.evidence(a.Evidence())}
			listing.Why = "only " + l.redact(a.Server) + " answered, and through that " + there.Why
			e.end()
		})
		return
	default:
		e.read(listing, a)
		return
	}
	e.end()
}

// read finds the verdict of a listing in an answer of a list that has passed its test there.
func (e *examination) read(listing *Listing, a *resolver.Answer) {
	l := listing.list
	if a.Absent() {
		listing.Verdict = Clean
	} else {
		listing.Evidence = []finding.Evidence{l.evidence(a.Evidence())}
		reading := l.read(a)
		listing.Verdict, listing.Answers, listing.Codes = reading.verdict, reading.answers, reading.codes
		listing.Why, listing.Advice = reading.why, reading.advice
		if listing.Verdict == Listed {
			for _, c := range listing.Codes {
				if c.Weight.Rank() > listing.Weight.Rank() || listing.Weight == "" {
					listing.Weight = c.Weight
				}
			}
			e.batch.Ask(l.entryOf(listing.about()), resolver.TypeTXT, func(a *resolver.Answer, err error) {
				listing.reasons(a, err)
				e.end()
			})
			return
		}
	}
	e.end()
}

// unusable is the verdict about any subject of a list that failed its test.
func (listing *Listing) unusable(h *ListHealth) {
	listing.Verdict = Unknown
	switch h.State {
	case Refused:
		listing.Verdict = Blocked
	case Closed:
		listing.Verdict = Dead
	}
	listing.Why, listing.Advice = h.Why, h.Advice
}

// reasons are the texts of an entry (RFC 5782, 2.1). Without them the entry stands
// all the same.
func (listing *Listing) reasons(a *resolver.Answer, err error) {
	if err != nil || a.Absent() {
		return
	}
	for i := range a.Records {
		if len(listing.Reasons) == maxReasons {
			break
		}
		text := listing.list.redact(a.Records[i].Text())
		if len(text) > maxReasonLen {
			text = text[:maxReasonLen] + "…"
		}
		listing.Reasons = append(listing.Reasons, text)
	}
	slices.Sort(listing.Reasons)
}

// othersAsked counts the questions of the tests that other examinations of the run made.
func (e *examination) othersAsked() int {
	n := 0
	var tops, ownTops []string
	for _, tests := range e.tests {
		for i := range tests.of {
			t := &tests.of[i]
			switch {
			case t.health == nil:
				continue
			case t.own:
				ownTops = append(ownTops, t.health.top)
				continue
			}
			n += t.health.questions
			if t.health.top != "" && !slices.Contains(tops, t.health.top) {
				tops = append(tops, t.health.top)
			}
		}
	}
	for _, top := range tops {
		if !slices.Contains(ownTops, top) {
			n++
		}
	}
	return n
}

// tested is the health of the lists that were needed.
func (e *examination) tested() []ListHealth {
	n := 0
	for _, l := range e.lists {
		if l.Dead != "" {
			n++
		}
		for _, tests := range e.tests {
			if l.takes(tests.kind) {
				n++
			}
		}
	}
	out := make([]ListHealth, 0, n)
	for i, l := range e.lists {
		if l.Dead != "" {
			out = append(out, closedByCatalogue(l))
		}
		for _, tests := range e.tests {
			if l.takes(tests.kind) {
				out = append(out, *tests.of[i].health)
			}
		}
	}
	for i := range out {
		out[i].Asked = e.named || out[i].List.Stated
	}
	return out
}
