package rbl

import (
	"context"
	"fmt"
	"net/netip"
	"slices"

	"golang.org/x/sync/errgroup"

	"mailworthy/finding"
	"mailworthy/resolver"
)

// Verdict is what a list says about a subject.
type Verdict string

const (
	// Listed: the list passed its test and has an entry.
	Listed Verdict = "listed"
	// Clean: the list passed its test and has no entry.
	Clean Verdict = "clean"
	// Unknown: no answer, or none to be believed.
	Unknown Verdict = "unknown"
	// Blocked: the list says that it does not answer us.
	Blocked Verdict = "blocked"
	// Dead: the list was closed.
	Dead Verdict = "dead"
)

// Bounds on what one examination does.
const (
	// maxInFlight is high enough for 32 addresses on 25 lists to be one round.
	maxInFlight  = 1024
	maxReasons   = 4
	maxReasonLen = 500
)

// Subject is a domain to ask about, and what the domain is for.
type Subject struct {
	Name string `json:"name"`
	// Role is a phrase: "author domain", "envelope domain", "DKIM domain".
	Role string `json:"role"`
}

// Options say what to ask.
type Options struct {
	// Catalogue; nil: the default one.
	Catalogue *Catalogue
	// Lists restricts the survey to these zones, dead ones included; empty: the
	// lists asked by default. Zones that the catalogue does not have are left
	// out: Catalogue.Select says which.
	Lists   []string
	Domains []Subject
	// Addresses returns the addresses to ask about and may block until they are
	// known; nil: none. It is called once.
	Addresses func(context.Context) []netip.Addr
	// Health is shared by the examinations of a run; nil: its own.
	Health *Health
	// AbsentName is a name that does not exist; empty: a random one.
	AbsentName string
}

func (o *Options) lists() []*List {
	c := o.Catalogue
	if c == nil {
		c = builtIn()
	}
	if lists, err := c.Select(o.Lists); err == nil {
		return lists
	}
	var out []*List
	for _, zone := range o.Lists {
		lists, _ := c.Select([]string{zone})
		for _, l := range lists {
			if !slices.ContainsFunc(out, func(have *List) bool { return have.Zone == l.Zone }) {
				out = append(out, l)
			}
		}
	}
	return out
}

// Survey is what the lists said.
type Survey struct {
	Addresses []netip.Addr `json:"addresses"`
	// NotPublic are addresses that were not asked about: they mean another host in
	// every network, so that no list can hold them.
	NotPublic []netip.Addr `json:"not_public,omitempty"`
	// AddressesAsked: there was a source of addresses, even if it had none.
	AddressesAsked bool      `json:"-"`
	Domains        []Subject `json:"domains"`
	// Lists are the lists asked, by kind of subject, with their health.
	Lists []ListHealth `json:"lists"`
	// Listings are the verdicts: of each subject, list by list.
	Listings []Listing `json:"listings"`
	// Resolver says whether the resolver invents answers for absent names.
	Resolver Rewriting `json:"resolver"`
}

// Listing is the verdict of one list about one subject.
type Listing struct {
	// Subject is the address or the domain; Name is the domain that was asked
	// about, where that is the registrable domain of the subject.
	Subject string `json:"subject"`
	Name    string `json:"name,omitempty"`
	Kind    Kind   `json:"kind"`
	// Zone is that of the list.
	Zone    string  `json:"list"`
	Verdict Verdict `json:"verdict"`
	// Allow: the list is an allow list, an entry speaks for the subject.
	Allow bool `json:"allow,omitempty"`
	// Answers are the addresses returned.
	Answers []string `json:"answers,omitempty"`
	// Codes explain them: one an answer, of a mask list one a bit.
	Codes []Code `json:"codes,omitempty"`
	// Weight is the worst of the codes.
	Weight finding.Severity `json:"weight,omitempty"`
	// Reasons are the texts that the list publishes for the entry.
	Reasons []string `json:"reasons,omitempty"`
	// Why says why the verdict is unknown, blocked or dead, as a sentence about
	// "it", the list; Advice what to do about that.
	Why      string             `json:"why,omitempty"`
	Advice   string             `json:"advice,omitempty"`
	Evidence []finding.Evidence `json:"evidence,omitempty"`

	list *List
}

// Examine asks each list about each subject. It returns when all answers are in
// or the context ends; what was not answered by then is unknown.
//
// The test entries of the lists, the listings and the name that does not exist
// are one round; the reasons of what is listed are a second one.
func Examine(ctx context.Context, r resolver.Resolver, o Options) *Survey {
	e := &examination{ctx: ctx, r: r, health: o.Health, lists: o.lists(), named: len(o.Lists) > 0}
	if e.health == nil {
		e.health = &Health{}
	}
	e.group.SetLimit(maxInFlight)
	s := &Survey{Addresses: []netip.Addr{}, AddressesAsked: o.Addresses != nil, Domains: subjects(o.Domains)}
	e.group.Go(func() error { s.Resolver = e.health.rewriting(ctx, r, o.AbsentName); return nil })
	if o.Addresses != nil {
		// Most domains have IPv4 senders: the lists can be tested while the
		// addresses are being found out.
		e.test(IPv4)
	}
	if len(s.Domains) > 0 {
		e.test(Domain)
		e.askDomains(s.Domains)
	}
	if o.Addresses != nil {
		s.Addresses, s.NotPublic = addresses(o.Addresses(ctx))
		e.askAddresses(s.Addresses)
	}
	e.group.Wait()
	s.Listings = e.gather(s)
	s.Lists = e.tested()
	s.Resolver = inferRewriting(s.Resolver, s.Lists)
	return s
}

// examination is the work of one Examine.
type examination struct {
	ctx    context.Context
	r      resolver.Resolver
	health *Health
	lists  []*List
	// named: the user named the lists.
	named bool
	group errgroup.Group
	tests []*listTest
	index map[questionKey]*question
}

// listTest is the test of one list for one kind of subject.
type listTest struct {
	list   *List
	kind   Kind
	done   chan struct{}
	health ListHealth
}

type questionKey struct {
	list *List
	name string
}

// question is one subject put to one list; subjects that share a registrable
// domain share it.
type question struct {
	list    *List
	kind    Kind
	about   string
	test    *listTest
	listing Listing
}

// test starts the tests of all lists that take the kind.
func (e *examination) test(kind Kind) {
	if slices.ContainsFunc(e.tests, func(t *listTest) bool { return t.kind == kind }) {
		return
	}
	for _, l := range e.lists {
		if l.takes(kind) {
			t := &listTest{list: l, kind: kind, done: make(chan struct{})}
			e.tests = append(e.tests, t)
			e.group.Go(func() error {
				defer close(t.done)
				t.health = e.health.of(e.ctx, e.r, l, kind)
				return nil
			})
		}
	}
}

func (e *examination) askDomains(domains []Subject) {
	for _, d := range domains {
		for _, l := range e.lists {
			if l.speaksOf(Domain) {
				e.ask(l, Domain, l.nameOf(d.Name))
			}
		}
	}
}

func (e *examination) askAddresses(addrs []netip.Addr) {
	for _, a := range addrs {
		e.test(kindOf(a))
	}
	for _, a := range addrs {
		for _, l := range e.lists {
			if l.speaksOf(kindOf(a)) {
				e.ask(l, kindOf(a), a.String())
			}
		}
	}
}

// ask starts a question, unless it was put already.
func (e *examination) ask(l *List, kind Kind, about string) {
	key := questionKey{l, about}
	if e.index == nil {
		e.index = make(map[questionKey]*question)
	}
	if e.index[key] != nil {
		return
	}
	q := &question{list: l, kind: kind, about: about}
	if l.Dead != "" {
		e.index[key] = q
		q.listing = q.verdict().unusable(closedByCatalogue(l))
		return
	}
	q.test = e.tests[slices.IndexFunc(e.tests, func(t *listTest) bool { return t.list == l && t.kind == kind })]
	e.index[key] = q
	e.group.Go(func() error { q.listing = e.answer(q); return nil })
}

// verdict is the listing without its verdict.
func (q *question) verdict() Listing {
	return Listing{Subject: q.about, Kind: q.kind, Zone: q.list.Zone, Allow: q.list.allows(), list: q.list}
}

// answer finds the verdict of one question. The test of the list was started
// before, so waiting for it cannot wait for a place in the group.
func (e *examination) answer(q *question) Listing {
	l, listing := q.list, q.verdict()
	if h, ok := e.health.known(l, q.kind); ok && h.State != Usable {
		return listing.unusable(h)
	}
	name, err := entryName(q.about)
	if err != nil {
		listing.Verdict, listing.Why = Unknown, "the name cannot be asked for"
		return listing
	}
	name += "." + l.zone()
	a, err := e.r.Lookup(e.ctx, name, resolver.TypeA)
	evidence := l.evidence(resolver.Outcome(a, err))
	<-q.test.done
	if h := q.test.health; h.State != Usable {
		listing.Evidence = append(listing.Evidence, evidence)
		return listing.unusable(h)
	}
	if err != nil {
		listing.Verdict, listing.Evidence = Unknown, []finding.Evidence{evidence}
		listing.Why = "the question was not answered: " + reasonText(resolver.AsError(err))
		return listing
	}
	reading := l.read(a)
	listing.Verdict, listing.Answers, listing.Codes = reading.verdict, reading.answers, reading.codes
	listing.Why, listing.Advice = reading.why, reading.advice
	if a.Absent() {
		return listing
	}
	listing.Evidence = []finding.Evidence{evidence}
	if listing.Verdict == Listed {
		for _, c := range listing.Codes {
			if c.Weight.Rank() > listing.Weight.Rank() || listing.Weight == "" {
				listing.Weight = c.Weight
			}
		}
		listing.reasons(e, name)
	}
	return listing
}

// unusable is the verdict about any subject of a list that failed its test.
func (listing Listing) unusable(h ListHealth) Listing {
	listing.Verdict = Unknown
	switch h.State {
	case Refused:
		listing.Verdict = Blocked
	case Closed:
		listing.Verdict = Dead
	}
	listing.Why, listing.Advice = h.Why, h.Advice
	return listing
}

// reasons fetches the texts of an entry (RFC 5782, 2.1). Without them the entry
// stands all the same.
func (listing *Listing) reasons(e *examination, name string) {
	l := listing.list
	a, err := e.r.Lookup(e.ctx, name, resolver.TypeTXT)
	if err != nil || a.Absent() {
		return
	}
	for i := range a.Records {
		if len(listing.Reasons) == maxReasons {
			break
		}
		text := l.redact(a.Records[i].Text())
		if len(text) > maxReasonLen {
			text = text[:maxReasonLen] + "…"
		}
		listing.Reasons = append(listing.Reasons, text)
	}
	slices.Sort(listing.Reasons)
}

// gather puts the verdicts in the order of subjects and lists.
func (e *examination) gather(s *Survey) []Listing {
	out := []Listing{}
	add := func(l *List, about, subject string) {
		q := e.index[questionKey{l, about}]
		listing := q.listing
		if subject != about {
			listing.Subject, listing.Name = subject, about
		}
		out = append(out, listing)
	}
	for _, a := range s.Addresses {
		for _, l := range e.lists {
			if l.speaksOf(kindOf(a)) {
				add(l, a.String(), a.String())
			}
		}
	}
	for _, d := range s.Domains {
		for _, l := range e.lists {
			if l.speaksOf(Domain) {
				add(l, l.nameOf(d.Name), d.Name)
			}
		}
	}
	return out
}

// tested is the health of the lists that were needed.
func (e *examination) tested() []ListHealth {
	out := []ListHealth{}
	for _, l := range e.lists {
		if l.Dead != "" {
			out = append(out, closedByCatalogue(l))
		}
		for _, t := range e.tests {
			if t.list == l {
				out = append(out, t.health)
			}
		}
	}
	for i := range out {
		out[i].Asked = e.named || out[i].List.Stated
	}
	return out
}

// speaksOf: there is a verdict of the list about subjects of the kind. What a
// dead list held does not matter any more.
func (l *List) speaksOf(kind Kind) bool { return l.Dead != "" || l.takes(kind) }

// nameOf is the name to ask about a domain.
func (l *List) nameOf(domain string) string {
	if l.Registrable {
		return registrable(domain)
	}
	return domain
}

// subjects are the domains, each once, with their roles joined.
func subjects(domains []Subject) []Subject {
	out := []Subject{}
	for _, d := range domains {
		d.Name = canonical(d.Name)
		i := slices.IndexFunc(out, func(o Subject) bool { return o.Name == d.Name })
		switch {
		case d.Name == "":
		case i < 0:
			out = append(out, d)
		case d.Role != "" && out[i].Role == "":
			out[i].Role = d.Role
		case d.Role != "" && out[i].Role != d.Role:
			out[i].Role = fmt.Sprintf("%s, %s", out[i].Role, d.Role)
		}
	}
	return out
}

// addresses are the addresses, each once, and apart from them those that are not
// public.
func addresses(in []netip.Addr) (out, notPublic []netip.Addr) {
	out = []netip.Addr{}
	seen := make(map[netip.Addr]bool)
	for _, a := range in {
		a = a.Unmap().WithZone("")
		switch {
		case !a.IsValid() || seen[a]:
			continue
		case isPublic(a):
			out = append(out, a)
		default:
			notPublic = append(notPublic, a)
		}
		seen[a] = true
	}
	return out, notPublic
}

var (
	thisNetwork = netip.MustParsePrefix("0.0.0.0/8")
	sharedSpace = netip.MustParsePrefix("100.64.0.0/10")
	reserved    = netip.MustParsePrefix("240.0.0.0/4")
)

// isPublic reports whether an address means the same host everywhere (RFC 6890).
// Documentation ranges are left alone: examples use them.
func isPublic(a netip.Addr) bool {
	return !(a.IsPrivate() || a.IsLoopback() || a.IsUnspecified() || a.IsLinkLocalUnicast() || a.IsMulticast() ||
		thisNetwork.Contains(a) || sharedSpace.Contains(a) || reserved.Contains(a))
}
