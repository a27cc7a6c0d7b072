package rbl

import (
	"context"
	"fmt"
	"net/netip"
	"slices"

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

// Bounds on what one examination keeps.
const (
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
	// Addresses says which addresses to ask about: it calls then once, at once or
	// when they are known, in the goroutine of the batch; nil: none.
	Addresses func(then func([]netip.Addr))
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
	NotPublic []netip.Addr `json:"not_public"`
	// AddressesAsked: there was a source of addresses, even if it had none.
	AddressesAsked bool      `json:"-"`
	Domains        []Subject `json:"domains"`
	// NotAsked are subjects that none of the lists takes: nothing is known of them.
	NotAsked []NotAsked `json:"not_asked"`
	// Lists are the lists asked, by kind of subject, with their health.
	Lists []ListHealth `json:"lists"`
	// Listings are the verdicts: of each subject, list by list.
	Listings []Listing `json:"listings"`
	// Resolver says whether the resolver invents answers for absent names.
	Resolver Rewriting `json:"resolver"`
	// OthersAsked is how many questions of what a run finds out once, the tests of the
	// lists, other examinations asked.
	OthersAsked int `json:"-"`
}

// NotAsked is a subject about which no list was asked.
type NotAsked struct {
	Subject string `json:"subject"`
	Kind    Kind   `json:"kind"`
	// Why is a clause: which list takes what.
	Why string `json:"why"`
}

// Asked reports whether a list that is not closed was asked about any subject.
func (s *Survey) Asked() bool {
	return slices.ContainsFunc(s.Listings, func(l Listing) bool { return l.Verdict != Dead })
}

// Silent reports whether the lists that were asked about some subject said nothing about it.
func (s *Survey) Silent() bool {
	said, asked := make(map[string]bool), make(map[string]bool)
	for i := range s.Listings {
		l := &s.Listings[i]
		if l.Verdict == Dead || l.NotAsked() {
			continue
		}
		asked[l.Subject] = true
		said[l.Subject] = said[l.Subject] || l.Verdict == Listed || l.Verdict == Clean
	}
	for subject := range asked {
		if !said[subject] {
			return true
		}
	}
	return false
}

// Listing is the verdict of one list about one subject.
type Listing struct {
	// Subject is the address or the domain; Name is the domain that was asked
	// about, if that is the registrable domain of the subject.
	Subject string `json:"subject"`
	Name    string `json:"name" empty:"null"`
	Kind    Kind   `json:"kind"`
	// Zone is that of the list.
	Zone    string  `json:"list"`
	Verdict Verdict `json:"verdict"`
	// Allow: the list is an allow list, an entry speaks for the subject.
	Allow bool `json:"allow"`
	// Answers are the addresses returned.
	Answers []string `json:"answers"`
	// Codes explain them: one an answer, of a mask list one a bit.
	Codes []Code `json:"codes"`
	// Weight is the worst of the codes.
	Weight finding.Severity `json:"weight" empty:"null"`
	// Reasons are the texts that the list publishes for the entry.
	Reasons []string `json:"reasons"`
	// Why says why the verdict is unknown, blocked or dead, as a sentence about
	// "it", the list; Advice what to do about that.
	Why      string             `json:"why" empty:"null"`
	Advice   string             `json:"advice" empty:"null"`
	Evidence []finding.Evidence `json:"evidence"`

	list *List
}

// NotAsked reports that the list was not asked, because no loaded zone holds it and the
// run is offline.
func (l *Listing) NotAsked() bool { return l.Verdict == Unknown && l.Why == notAsked }

// Examine asks each list about each subject. It returns when all answers are in
// or the context ends; what was not answered by then is unknown.
func Examine(ctx context.Context, r resolver.Resolver, o Options) *Survey {
	var out *Survey
	b := resolver.NewBatch(ctx, r)
	Begin(b, o, func(s *Survey) { out = s })
	b.Run()
	return out
}

// Begin begins an examination on a batch and hands on what it found.
//
// The test entries of the lists, the listings and the name that does not exist
// are one round; the reasons of what is listed are a second one.
func Begin(b *resolver.Batch, o Options, done func(*Survey)) {
	s := &Survey{Addresses: []netip.Addr{}, AddressesAsked: o.Addresses != nil, Domains: subjects(o.Domains), Listings: []Listing{}}
	e := &examination{batch: b, health: o.Health, lists: o.lists(), named: len(o.Lists) > 0, survey: s, done: done, open: 1}
	if e.health == nil {
		e.health = &Health{}
	}
	if r, ok := e.health.probe.peek(struct{}{}); ok {
		s.Resolver = r
		s.OthersAsked++
	} else {
		e.open++
		e.health.rewriting(b, o.AbsentName, func(r Rewriting, own bool) {
			s.Resolver = r
			if !own {
				s.OthersAsked++
			}
			e.end()
		})
	}
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
		e.open++
		o.Addresses(func(addrs []netip.Addr) {
			s.Addresses, s.NotPublic = addresses(addrs)
			e.askAddresses(s.Addresses)
			e.end()
		})
	}
	e.end()
}

// speaksOf: there is a verdict of the list about subjects of the kind. What a
// dead list held does not matter any more.
func (l *List) speaksOf(kind Kind) bool { return l.Dead != "" || l.takes(kind) }

// subjects are the domains, each once, with their roles joined.
func subjects(domains []Subject) []Subject {
	out := make([]Subject, 0, len(domains))
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
	out = make([]netip.Addr, 0, len(in))
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
	nat64       = netip.MustParsePrefix("64:ff9b::/96")   // RFC 6052
	nat64Local  = netip.MustParsePrefix("64:ff9b:1::/48") // RFC 8215
)

// isPublic reports whether an address means the same host everywhere (RFC 6890).
// Documentation ranges are left alone: examples use them.
func isPublic(a netip.Addr) bool {
	return !(a.IsPrivate() || a.IsLoopback() || a.IsUnspecified() || a.IsLinkLocalUnicast() || a.IsMulticast() ||
		thisNetwork.Contains(a) || sharedSpace.Contains(a) || reserved.Contains(a) || nat64.Contains(a) || nat64Local.Contains(a))
}

// Unasked says of each subject that no list was asked about why that is, so that
// nobody takes silence for a clean bill.
func (s *Survey) Unasked() []string {
	var out []string
	for _, n := range s.NotAsked {
		out = append(out, n.Subject+": "+n.Why)
	}
	if s.Asked() || len(out) > 0 {
		return out
	}
	for _, a := range s.NotPublic {
		out = append(out, a.String()+": it is not a public address, so no list can hold it")
	}
	if len(s.Listings) > 0 && len(out) == 0 {
		out = append(out, "any subject: every list chosen was closed")
	}
	return out
}
